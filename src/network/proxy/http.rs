//! A tunnel through an HTTP proxy: CONNECT (RFC 9110, section 9.3.6), with Basic authentication (RFC 7617).

use super::{Destination, Refusal};
use crate::domain::ProxyFault;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use std::io::{Read, Write};
use zeroize::Zeroizing;

/// At most this many bytes of an answer's head are read.
const LONGEST_HEAD: usize = 16 * 1024;

/// Asks for a connection to the destination. Afterwards `stream` leads there.
pub(super) fn connect(stream: &mut (impl Read + Write), destination: &Destination<'_>) -> Result<(), Refusal> {
    let Destination { host, port, identity } = *destination;
    if !host.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(ProxyFault::NameNotSendable.into());
    }
    let authority = if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") };
    let mut request = Zeroizing::new(format!("CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n"));
    if let Some((user, password)) = identity {
        let pair = Zeroizing::new(format!("{user}:{}", password.reveal()));
        request.push_str("Proxy-Authorization: Basic ");
        request.push_str(&Zeroizing::new(BASE64_STANDARD.encode(pair.as_bytes())));
        request.push_str("\r\n");
    }
    request.push_str("\r\n");
    stream.write_all(request.as_bytes())?;
    match status(&head(stream)?) {
        Some(200..=299) => Ok(()),
        Some(407) if identity.is_some() => Err(ProxyFault::UserRefused.into()),
        Some(407) => Err(ProxyFault::WantsUser.into()),
        Some(403) => Err(ProxyFault::Forbidden.into()),
        Some(502..=504) => Err(ProxyFault::NoServer.into()),
        Some(status) => Err(ProxyFault::Status { status }.into()),
        None => Err(ProxyFault::NotHttp.into()),
    }
}

/// The answer up to its empty line and not a byte more: the next byte is the server's.
fn head(stream: &mut impl Read) -> Result<Vec<u8>, Refusal> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") && !head.ends_with(b"\n\n") {
        if head.len() == LONGEST_HEAD {
            return Err(ProxyFault::Endless.into());
        }
        stream.read_exact(&mut byte)?;
        head.push(byte[0]);
    }
    Ok(head)
}

fn status(head: &[u8]) -> Option<u16> {
    let mut words = head.split(|byte| byte.is_ascii_whitespace());
    let version = words.next()?;
    let number = std::str::from_utf8(words.next()?).ok()?;
    version.starts_with(b"HTTP/1.").then_some(())?;
    number.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_byte_of_the_server_is_taken_with_the_answer() {
        let mut answer: &[u8] = b"HTTP/1.1 200 OK\r\nVia: x\r\n\r\n* OK ready\r\n";
        assert_eq!(status(&head(&mut answer).unwrap()), Some(200));
        assert_eq!(answer, b"* OK ready\r\n");
    }

    #[test]
    fn an_answer_that_is_not_from_a_proxy_is_refused() {
        assert_eq!(status(b"* OK IMAP4rev1 ready\r\n\r\n"), None);
        assert_eq!(status(b"HTTP/1.1\r\n\r\n"), None);
        assert!(head(&mut std::io::repeat(b'a')).unwrap_err().0 == ProxyFault::Endless);
        let mut stream = std::io::Cursor::new(Vec::new());
        assert!(connect(&mut stream, &Destination { host: "a\r\nProxy-Evil: b", port: 1, identity: None }).is_err());
        assert!(stream.into_inner().is_empty(), "a name with a line end is sent to no proxy");
    }
}
