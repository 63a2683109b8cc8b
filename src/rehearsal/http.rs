//! The part of HTTP/1.1 (RFC 9112) that the stand-ins need: one request, one answer, and a connection that stays open or closes.
//!
//! Never reads more than its limits, whatever a client sends. The stand-ins interpret the requests.

use std::io::{self, BufRead, Read, Write};
use std::time::Duration;

/// The longest head of a request, in bytes, with all header lines.
const LONGEST_HEAD: u64 = 64 * 1024;
/// The longest body of a request in bytes.
const LONGEST_BODY: usize = 96 * 1024 * 1024;

/// A request.
pub(super) struct Request {
    /// Usually `POST`.
    pub(super) method: String,
    /// The path without scheme, host and query.
    pub(super) path: String,
    headers: Vec<(String, String)>,
    /// The body, as long as `Content-Length` says.
    pub(super) body: Vec<u8>,
    /// Whether the client wants the connection closed after the answer.
    pub(super) close: bool,
}

impl Request {
    /// Reads the next request; none if the client has closed the connection before it.
    pub(super) fn read(reader: &mut impl BufRead) -> io::Result<Option<Self>> {
        let mut head = reader.by_ref().take(LONGEST_HEAD);
        let Some(first) = line(&mut head)? else { return Ok(None) };
        let mut words = first.split_ascii_whitespace();
        let (Some(method), Some(target), Some(version)) = (words.next(), words.next(), words.next()) else {
            return Err(malformed("the request line has not three words"));
        };
        let mut headers = Vec::new();
        loop {
            let text = line(&mut head)?.ok_or(io::ErrorKind::UnexpectedEof)?;
            if text.is_empty() {
                break;
            }
            let (name, value) = text.split_once(':').ok_or_else(|| malformed("a header line has no colon"))?;
            headers.push((name.trim().to_owned(), value.trim().to_owned()));
        }
        let path = target.split('?').next().unwrap_or_default().to_owned();
        let mut request = Self { method: method.to_owned(), path, headers, body: Vec::new(), close: false };
        let wish = request.header("Connection").map(str::to_ascii_lowercase);
        request.close = match wish.as_deref() {
            Some("close") => true,
            Some("keep-alive") => false,
            _ => version == "HTTP/1.0",
        };
        if request.header("Transfer-Encoding").is_some() {
            return Err(malformed("a chunked request is not understood"));
        }
        let length = match request.header("Content-Length") {
            None => 0,
            Some(digits) => digits.parse().map_err(|_| malformed("Content-Length is no number"))?,
        };
        if length > LONGEST_BODY {
            return Err(malformed("the request is too large"));
        }
        if request.header("Expect").is_some() {
            return Err(malformed("an expectation is not understood"));
        }
        request.body = vec![0; length];
        reader.read_exact(&mut request.body)?;
        Ok(Some(request))
    }

    /// The first header with this name, in any case.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// A cookie's value.
    pub(super) fn cookie(&self, name: &str) -> Option<&str> {
        let cookies = self.headers.iter().filter(|(own, _)| own.eq_ignore_ascii_case("Cookie"));
        cookies
            .flat_map(|(_, value)| value.split(';'))
            .filter_map(|pair| pair.trim().split_once('='))
            .find(|(own, _)| *own == name)
            .map(|(_, value)| value)
    }
}

fn line(reader: &mut impl BufRead) -> io::Result<Option<String>> {
    let mut bytes = Vec::new();
    reader.read_until(b'\n', &mut bytes)?;
    if bytes.is_empty() {
        return Ok(None);
    }
    if bytes.pop() != Some(b'\n') {
        return Err(malformed("a line has no end"));
    }
    if bytes.last() == Some(&b'\r') {
        bytes.pop();
    }
    String::from_utf8(bytes).map(Some).map_err(|_| malformed("a header line is no text"))
}

fn malformed(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

/// An answer to send.
#[derive(Debug, Clone)]
pub(super) struct Answer {
    /// The status code.
    pub(super) status: u16,
    /// Headers beyond `Content-Length` and `Connection`.
    pub(super) headers: Vec<(&'static str, String)>,
    /// The body.
    pub(super) body: Vec<u8>,
    /// If given, the answer goes out byte by byte, with this wait before each.
    pub(super) drip: Option<Duration>,
}

impl Answer {
    /// An answer with a body of this type.
    pub(super) fn new(status: u16, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        Self { status, headers: vec![("Content-Type", content_type.to_owned())], body: body.into(), drip: None }
    }

    /// A page for a browser, such as a web server or proxy shows instead of an API's answer.
    pub(super) fn page(status: u16, title: &str) -> Self {
        let body = format!("<html><head><title>{title}</title></head><body><h1>{title}</h1></body></html>");
        Self::new(status, "text/html; charset=UTF-8", body)
    }

    /// Adds a header.
    pub(super) fn with_header(mut self, name: &'static str, value: String) -> Self {
        self.headers.push((name, value));
        self
    }

    /// Changes the body.
    pub(super) fn with_changed_body(mut self, change: impl FnOnce(&str) -> String) -> Self {
        self.body = change(&String::from_utf8_lossy(&self.body)).into_bytes();
        self
    }

    /// Writes the whole answer.
    pub(super) fn write(&self, writer: &mut impl Write, close: bool) -> io::Result<()> {
        let mut head = format!("HTTP/1.1 {} {}\r\n", self.status, reason(self.status));
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        let connection = if close { "close" } else { "keep-alive" };
        head.push_str(&format!("Content-Length: {}\r\nConnection: {connection}\r\n\r\n", self.body.len()));
        match self.drip {
            None => {
                let mut whole = head.into_bytes();
                whole.extend_from_slice(&self.body);
                writer.write_all(&whole)?;
            }
            Some(wait) => {
                writer.write_all(head.as_bytes())?;
                for byte in &self.body {
                    std::thread::sleep(wait);
                    writer.write_all(std::slice::from_ref(byte))?;
                    writer.flush()?;
                }
            }
        }
        writer.flush()
    }
}

fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        201 => "Created",
        204 => "No Content",
        207 => "Multi-Status",
        301 | 302 | 307 | 308 => "Moved",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        412 => "Precondition Failed",
        429 => "Too Many Requests",
        500 => "Internal Server Error",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        507 => "Insufficient Storage",
        _ => "Answer",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> io::Result<Option<Request>> {
        Request::read(&mut text.as_bytes())
    }

    #[test]
    fn a_request_is_read_with_its_cookies_and_its_body() {
        let text =
            "POST /admin/api/jsonrpc/?x=1 HTTP/1.1\r\nhost: a\r\nCookie: A=1; B=2\r\ncontent-length: 2\r\n\r\n{}rest";
        let request = read(text).unwrap().unwrap();
        assert_eq!((request.method.as_str(), request.path.as_str()), ("POST", "/admin/api/jsonrpc/"));
        assert_eq!((request.cookie("B"), request.cookie("C")), (Some("2"), None));
        assert_eq!(request.body, b"{}");
        assert!(!request.close);
    }

    #[test]
    fn the_connection_is_closed_when_the_client_wants_it_or_speaks_http_1_0() {
        assert!(read("GET / HTTP/1.1\r\nConnection: Close\r\n\r\n").unwrap().unwrap().close);
        assert!(read("GET / HTTP/1.0\r\n\r\n").unwrap().unwrap().close);
        assert!(read("").unwrap().is_none());
    }

    #[test]
    fn what_is_no_request_is_an_error() {
        for bad in [
            "GET\r\n\r\n",
            "GET / HTTP/1.1\r\nno colon\r\n\r\n",
            "GET / HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n",
        ] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }
}
