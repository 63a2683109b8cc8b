//! One HTTPS request over a line of `network`, so that trust, pinning, the TLS version and the time limits are the same as for mail.
//!
//! ureq speaks HTTP; [`Connector`] and [`Transport`] are its way to let somebody else make the connection. Each request has its own
//! connection: there are a few for each mailbox, minutes apart, and a server that closes an idle connection just as the next request
//! goes out would leave us not knowing whether that request was carried out.

use super::AdministrationEndpoint;
use super::error::KerioError;
use crate::network::{self, Interrupter, Limits, NetworkError, Stream};
use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{Buffers, ConnectionDetails, Connector, LazyBuffers, NextTimeout, Transport};

/// Octets of an answer that are read; the longest honest one is a list of some thousand users.
const LONGEST_ANSWER: u64 = 8 << 20;

/// What came back.
#[derive(Debug)]
pub(super) struct Response {
    pub(super) status: u16,
    /// Where a redirection points to.
    pub(super) location: Option<String>,
    /// The `Set-Cookie` lines.
    pub(super) cookies: Vec<String>,
    pub(super) body: Vec<u8>,
}

/// Posts `body` and reads the answer; over after `limit` whatever the server does. Follows no redirection.
pub(super) fn post(
    endpoint: &AdministrationEndpoint,
    path: &str,
    headers: &[(&str, &str)],
    body: &[u8],
    limit: Duration,
) -> Result<Response, KerioError> {
    let config = Config::builder()
        .https_only(true)
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        // A proxy is the line's matter.
        .proxy(None)
        .max_idle_connections(0)
        .user_agent(concat!("KIMT/", env!("CARGO_PKG_VERSION")))
        .timeout_global(Some(limit))
        .build();
    let deadline = Deadline::start(limit).map_err(|error| KerioError::Network(error.into()))?;
    let dialer = Dialer { endpoint: endpoint.clone(), lines: deadline.lines.clone() };
    let agent = ureq::Agent::with_parts(config, dialer, NoLookup);
    let exchange = || -> Result<Response, ureq::Error> {
        let mut request = agent.post(format!("https://{}:{}{path}", authority(&endpoint.host), endpoint.port));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut answer = request.send(body)?;
        let text = |value: &ureq::http::HeaderValue| value.to_str().ok().map(str::to_owned);
        Ok(Response {
            status: answer.status().as_u16(),
            location: answer.headers().get("location").and_then(text),
            cookies: answer.headers().get_all("set-cookie").iter().filter_map(text).collect(),
            body: answer.body_mut().with_config().limit(LONGEST_ANSWER).read_to_vec()?,
        })
    };
    exchange().map_err(|error| if deadline.is_over() { KerioError::TooSlow(limit) } else { fault(error, limit) })
}

/// The host as it stands in a URL: international names in ASCII, IPv6 in brackets and without its zone.
fn authority(host: &str) -> String {
    if host.contains(':') {
        return format!("[{}]", host.split('%').next().unwrap_or(host));
    }
    idna::domain_to_ascii(host).unwrap_or_else(|_| host.to_owned())
}

fn fault(error: ureq::Error, limit: Duration) -> KerioError {
    match error {
        ureq::Error::Other(inner) => match inner.downcast::<NetworkError>() {
            Ok(error) => KerioError::Network(*error),
            Err(other) => KerioError::NotTheApi(other.to_string()),
        },
        ureq::Error::Timeout(_) => KerioError::TooSlow(limit),
        ureq::Error::Io(error) => KerioError::Network(error.into()),
        ureq::Error::BodyExceedsLimit(_) => {
            KerioError::NotTheApi(format!("its answer is larger than {} MB", LONGEST_ANSWER >> 20))
        }
        other => KerioError::NotTheApi(format!("it does not speak HTTP as it should ({other})")),
    }
}

/// Ends a call at its time limit by cutting its lines. The limits of single reads do not suffice: a server that sends an octet now
/// and then, even within one TLS record, would never exceed them.
struct Deadline {
    lines: Arc<Lines>,
    /// Dropped with the call; then the watching thread ends.
    _finished: mpsc::Sender<()>,
}

#[derive(Debug, Default)]
struct Lines {
    over: AtomicBool,
    open: Mutex<Vec<Interrupter>>,
}

impl Deadline {
    fn start(limit: Duration) -> io::Result<Self> {
        let lines = Arc::new(Lines::default());
        let (finished, waiting) = mpsc::channel::<()>();
        let watched = lines.clone();
        std::thread::Builder::new().name("deadline".to_owned()).spawn(move || {
            if waiting.recv_timeout(limit) == Err(RecvTimeoutError::Timeout) {
                watched.cut();
            }
        })?;
        Ok(Self { lines, _finished: finished })
    }

    fn is_over(&self) -> bool {
        self.lines.over.load(Ordering::SeqCst)
    }
}

impl Lines {
    fn add(&self, tcp: &TcpStream) -> io::Result<()> {
        let line = Stream::plain(tcp.try_clone()?).interrupter();
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if self.over.load(Ordering::SeqCst) {
            line.interrupt();
        }
        open.push(line);
        Ok(())
    }

    fn cut(&self) {
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        self.over.store(true, Ordering::SeqCst);
        open.iter().for_each(Interrupter::interrupt);
    }
}

/// Connects to the endpoint, whatever address ureq has.
#[derive(Debug)]
struct Dialer {
    endpoint: AdministrationEndpoint,
    lines: Arc<Lines>,
}

impl Connector for Dialer {
    type Out = Line;

    fn connect(&self, details: &ConnectionDetails<'_>, _chained: Option<()>) -> Result<Option<Line>, ureq::Error> {
        let AdministrationEndpoint { host, port, trust, proxy, limits } = &self.endpoint;
        let dial = || -> Result<TcpStream, NetworkError> {
            let tcp = network::dial(host, *port, proxy.as_ref(), limits)?;
            self.lines.add(&tcp)?;
            Ok(tcp)
        };
        let secured = dial().and_then(|tcp| Stream::secure(tcp, host, trust, &mut || dial()));
        let stream = secured.map_err(|error| ureq::Error::Other(Box::new(error)))?;
        let buffers = LazyBuffers::new(details.config.input_buffer_size(), details.config.output_buffer_size());
        Ok(Some(Line { stream: Mutex::new(stream), buffers }))
    }
}

/// The line to the server under ureq. ureq wants to share it between threads, which not every system's TLS allows without a lock.
struct Line {
    stream: Mutex<Stream>,
    buffers: LazyBuffers,
}

impl Line {
    /// Carries out `io` within what is left of the time limit.
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

impl Transport for Line {
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
        // Never used again: each request has its own connection.
        false
    }

    fn is_tls(&self) -> bool {
        true
    }
}

impl std::fmt::Debug for Line {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Line")
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
    use super::authority;

    #[test]
    fn a_host_stands_in_a_url_as_urls_want_it() {
        assert_eq!(authority("mail.example.com"), "mail.example.com");
        assert_eq!(authority("fe80::1%eth0"), "[fe80::1]");
        assert_eq!(authority("bücher.example"), "xn--bcher-kva.example");
    }
}
