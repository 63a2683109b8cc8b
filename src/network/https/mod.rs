//! HTTP over a connection of this module, so that trust, pinning, the TLS version, proxies and time limits are the same as for mail.
//!
//! ureq speaks HTTP over connections that are made here, through its traits [`Connector`] and [`Transport`].
//!
//! - No redirect is followed: the caller decides where a password may go.
//! - A request ends at its time limit whatever the server does. The limits of single reads do not suffice: a server that sends a byte
//!   now and then, even within one TLS record, would never exceed them.
//! - An answer is read up to a bound.
//! - A connection is kept for the next request only where the caller asks for that. A server may close a kept connection just as the
//!   next request goes out, which leaves unknown whether that request was carried out.

mod connections;

use super::{Interrupter, Limits, NetworkError, Proxy, RateLimit, Stream, Trust, Watch};
use connections::{Connections, Deadline, Registered};
use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{Buffers, ConnectionDetails, Connector, LazyBuffers, NextTimeout, Transport};

/// A server that speaks HTTP, and how it is reached.
#[derive(Debug, Clone)]
pub struct HttpServer {
    /// DNS name or IP address.
    pub host: String,
    /// The port.
    pub port: u16,
    /// Whether the connection is encrypted.
    pub encrypted: bool,
    /// The certificates to trust.
    pub trust: Trust,
    /// The proxy to go through, if there is one.
    pub proxy: Option<Proxy>,
    /// How long to wait for a connection and for each byte.
    pub limits: Limits,
    /// The speed limit, which several clients may share.
    pub rate: Option<RateLimit>,
    /// Watches its connections, and may cut them.
    pub watch: Option<Watch>,
}

/// A request.
#[derive(Debug, Clone, Copy)]
pub struct HttpRequest<'a> {
    /// The method.
    pub method: &'a str,
    /// Path and query, percent-encoded, beginning with a slash.
    pub path: &'a str,
    /// Further headers.
    pub headers: &'a [(&'a str, &'a str)],
    /// The body.
    pub body: &'a [u8],
    /// The longest body of an answer that is read, in bytes; a longer one is an error.
    pub longest_answer: u64,
}

/// An answer.
#[derive(Debug, Clone, Default)]
pub struct HttpResponse {
    /// The status code.
    pub status: u16,
    /// The headers in their order, names in lower case; those that are not ASCII text are missing.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl HttpResponse {
    /// The first header of that name, which is given in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// All headers of that name.
    pub fn headers_named<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.headers.iter().filter(move |(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum HttpError {
    /// The connection was not made, or was lost.
    #[error("{0}")]
    Network(NetworkError),
    /// The request did not end within its time limit.
    #[error("a request was not answered within {} seconds", .0.as_secs_f32().ceil())]
    TooSlow(Duration),
    /// The answer is longer than the bound, in bytes.
    #[error("its answer is larger than {} MB", .0 >> 20)]
    TooLong(u64),
    /// The server does not speak HTTP; with the library's words.
    #[error("it does not speak HTTP as it should ({0})")]
    NotHttp(String),
}

/// Makes requests to one server, one at a time.
pub struct HttpClient {
    server: HttpServer,
    agent: ureq::Agent,
    connections: Arc<Connections>,
    limit: Duration,
}

impl HttpClient {
    /// A client whose requests each end after `limit`. With `keeps`, it uses the connection again.
    pub fn new(server: HttpServer, limit: Duration, keeps: bool) -> Self {
        let config = Config::builder()
            .https_only(server.encrypted)
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .allow_non_standard_methods(true)
            // The connection itself goes through the proxy.
            .proxy(None)
            .max_idle_connections(usize::from(keeps))
            .user_agent(concat!("KIMT/", env!("CARGO_PKG_VERSION")))
            .timeout_global(Some(limit))
            .build();
        let connections = Arc::new(Connections::new(keeps));
        let dialer = Dialer { server: server.clone(), connections: connections.clone() };
        let agent = ureq::Agent::with_parts(config, dialer, NoLookup);
        Self { server, agent, connections, limit }
    }

    /// The server.
    pub fn server(&self) -> &HttpServer {
        &self.server
    }

    /// Sends a request and reads the answer. Follows no redirect; any status is an answer.
    pub fn send(&mut self, request: HttpRequest<'_>) -> Result<HttpResponse, HttpError> {
        let deadline = Deadline::start(&self.connections, self.limit)
            .map_err(|error: io::Error| HttpError::Network(error.into()))?;
        self.exchange(request).map_err(|error| match error {
            _ if deadline.is_over() => HttpError::TooSlow(self.limit),
            ureq::Error::BodyExceedsLimit(_) => HttpError::TooLong(request.longest_answer),
            error => self.fault(error),
        })
    }

    fn exchange(&self, request: HttpRequest<'_>) -> Result<HttpResponse, ureq::Error> {
        let HttpServer { host, port, encrypted, .. } = &self.server;
        let scheme = if *encrypted { "https" } else { "http" };
        let mut built = ureq::http::Request::builder().method(request.method).uri(format!(
            "{scheme}://{}:{port}{}",
            authority(host),
            request.path
        ));
        for (name, value) in request.headers {
            built = built.header(*name, *value);
        }
        let mut answer = if request.body.is_empty() {
            self.agent.run(built.body(())?)?
        } else {
            self.agent.run(built.body(request.body)?)?
        };
        let text = |(name, value): (&ureq::http::HeaderName, &ureq::http::HeaderValue)| {
            Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned()))
        };
        Ok(HttpResponse {
            status: answer.status().as_u16(),
            headers: answer.headers().iter().filter_map(text).collect(),
            body: answer.body_mut().with_config().limit(request.longest_answer).read_to_vec()?,
        })
    }

    fn fault(&self, error: ureq::Error) -> HttpError {
        match error {
            ureq::Error::Other(inner) => match inner.downcast::<NetworkError>() {
                Ok(error) => HttpError::Network(*error),
                Err(other) => HttpError::NotHttp(other.to_string()),
            },
            ureq::Error::Timeout(_) => HttpError::TooSlow(self.limit),
            ureq::Error::Io(error) => HttpError::Network(error.into()),
            other => HttpError::NotHttp(other.to_string()),
        }
    }
}

/// The host as in a URL: international names in ASCII, IPv6 in brackets and without its zone.
fn authority(host: &str) -> String {
    if host.contains(':') {
        return format!("[{}]", host.split('%').next().unwrap_or(host));
    }
    idna::domain_to_ascii(host).unwrap_or_else(|_| host.to_owned())
}

/// Connects to the server, whatever address ureq has.
#[derive(Debug)]
struct Dialer {
    server: HttpServer,
    connections: Arc<Connections>,
}

impl Connector for Dialer {
    type Out = Connection;

    fn connect(&self, details: &ConnectionDetails<'_>, _: Option<()>) -> Result<Option<Connection>, ureq::Error> {
        let HttpServer { host, port, encrypted, trust, proxy, limits, rate, watch } = &self.server;
        let failed = |error| ureq::Error::Other(Box::new(error));
        let tcp = super::dial(host, *port, proxy.as_ref(), limits).map_err(failed)?;
        let handle = Interrupter::setting_up(&tcp);
        let mut registered = vec![self.connections.add(handle.clone(), watch.as_ref())];
        let mut again = || -> Result<TcpStream, NetworkError> {
            let tcp = super::dial(host, *port, proxy.as_ref(), limits)?;
            registered.push(self.connections.add(handle.in_place(&tcp), watch.as_ref()));
            Ok(tcp)
        };
        let stream = match encrypted {
            true => Stream::secure(tcp, host, trust, &mut again).map_err(failed)?,
            false => Stream::plain(tcp),
        };
        let stream = stream.limited(rate.clone()).watched_by(&handle);
        handle.is_set_up();
        let buffers = LazyBuffers::new(details.config.input_buffer_size(), details.config.output_buffer_size());
        let keeps = self.connections.keeps;
        Ok(Some(Connection {
            stream: Mutex::new(stream),
            buffers,
            encrypted: *encrypted,
            keeps,
            _registered: registered,
        }))
    }
}

/// The connection under ureq. ureq wants to share it between threads, which not every system's TLS allows without a lock.
struct Connection {
    stream: Mutex<Stream>,
    buffers: LazyBuffers,
    encrypted: bool,
    keeps: bool,
    _registered: Vec<Registered>,
}

impl Connection {
    /// Carries out `io` within the rest of the time limit.
    fn within(
        &mut self,
        timeout: NextTimeout,
        io: impl FnOnce(&mut Stream, &mut LazyBuffers) -> io::Result<usize>,
    ) -> Result<usize, ureq::Error> {
        let stream = self.stream.get_mut().unwrap_or_else(PoisonError::into_inner);
        if let Some(left) = timeout.not_zero() {
            stream.set_limits(&Limits { connect: *left, read: *left, write: *left })?;
        }
        io(stream, &mut self.buffers).map_err(|error| match error.kind() {
            io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => ureq::Error::Timeout(timeout.reason),
            _ => ureq::Error::Io(error),
        })
    }
}

impl Transport for Connection {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), ureq::Error> {
        self.within(timeout, |stream, buffers| {
            stream.write_all(buffers.output().get(..amount).unwrap_or_default())?;
            stream.flush().map(|()| amount)
        })?;
        Ok(())
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, ureq::Error> {
        let amount = self.within(timeout, |stream, buffers| {
            let amount = stream.read(buffers.input_append_buf())?;
            buffers.input_appended(amount);
            Ok(amount)
        })?;
        Ok(amount > 0)
    }

    fn is_open(&mut self) -> bool {
        // Between two requests, only the end of the connection or something unrequested can arrive.
        let stream = self.stream.get_mut().unwrap_or_else(PoisonError::into_inner);
        self.keeps && matches!(stream.has_arrived(), Ok(false))
    }

    fn is_tls(&self) -> bool {
        self.encrypted
    }
}

impl std::fmt::Debug for Connection {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Connection")
    }
}

/// Names are looked up by `network::dial`; ureq only insists on an address.
#[derive(Debug)]
struct NoLookup;

impl Resolver for NoLookup {
    fn resolve(&self, uri: &Uri, _: &Config, _: NextTimeout) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let mut addresses = self.empty();
        addresses.push(SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), uri.port_u16().unwrap_or(443)));
        Ok(addresses)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    #[test]
    fn a_host_is_written_in_a_url_as_urls_want_it() {
        assert_eq!(authority("mail.example.com"), "mail.example.com");
        assert_eq!(authority("fe80::1%eth0"), "[fe80::1]");
        assert_eq!(authority("bücher.example"), "xn--bcher-kva.example");
    }

    /// A server that answers each request with the number of its connection.
    fn numbered_connections() -> u16 {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        std::thread::spawn(move || {
            for (number, stream) in listener.incoming().enumerate() {
                let mut stream = stream.unwrap();
                std::thread::spawn(move || {
                    let (mut buffer, mut asked) = ([0; 4096], Vec::new());
                    while let Ok(read @ 1..) = stream.read(&mut buffer) {
                        // Head and body may come in two pieces.
                        asked.extend_from_slice(&buffer[..read]);
                        if !asked.ends_with(b"<a/>") {
                            continue;
                        }
                        asked.clear();
                        let answer =
                            format!("HTTP/1.1 207 Multi-Status\r\nX-Number: {number}\r\nContent-Length: 0\r\n\r\n");
                        stream.write_all(answer.as_bytes()).unwrap();
                    }
                });
            }
        });
        port
    }

    fn client(port: u16, keeps: bool) -> HttpClient {
        let server = HttpServer {
            host: "127.0.0.1".to_owned(),
            port,
            encrypted: false,
            trust: Trust::default(),
            proxy: None,
            limits: Limits::default(),
            rate: None,
            watch: None,
        };
        HttpClient::new(server, Duration::from_secs(20), keeps)
    }

    #[test]
    fn a_connection_is_used_again_only_where_that_is_asked_for() {
        let port = numbered_connections();
        let request = HttpRequest { method: "PROPFIND", path: "/", headers: &[], body: b"<a/>", longest_answer: 10 };
        let numbers = |keeps: bool| {
            let mut client = client(port, keeps);
            [(); 3].map(|()| client.send(request).unwrap().header("x-number").unwrap().to_owned())
        };
        assert_eq!(numbers(true), ["0", "0", "0"]);
        assert_eq!(numbers(false), ["1", "2", "3"]);
    }

    #[test]
    fn a_server_that_sends_a_byte_now_and_then_does_not_outlast_the_limit() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        std::thread::spawn(move || {
            let mut stream = listener.accept().unwrap().0;
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n");
            while stream.write_all(b"x").is_ok() {
                std::thread::sleep(Duration::from_millis(20));
            }
        });
        let mut client = client(port, true);
        client.limit = Duration::from_millis(300);
        let request = HttpRequest { method: "GET", path: "/", headers: &[], body: b"", longest_answer: 1 << 20 };
        let begun = std::time::Instant::now();
        assert!(matches!(client.send(request), Err(HttpError::TooSlow(_))));
        assert!(begun.elapsed() < Duration::from_secs(15));
    }
}
