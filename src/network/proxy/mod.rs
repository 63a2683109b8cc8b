//! A proxy between this computer and the servers: SOCKS5 (RFC 1928) or HTTP CONNECT (RFC 9110, section 9.3.6).
//!
//! The proxy looks up names, so that it reaches servers whose names only it knows. Traffic through the tunnel is encrypted and verified as
//! on any other connection. No text and no error shows the proxy's password. `exceptions` decides which hosts are reached without it.

mod exceptions;
mod http;
mod socks;

use super::{NetworkError, direct};
use crate::domain::{ProxyFault, Secret, ServerAddress};
use exceptions::Exceptions;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

/// A proxy, and the user to sign in with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proxy {
    kind: Kind,
    host: String,
    port: u16,
    user: String,
    password: Secret,
    exceptions: Exceptions,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum Kind {
    Socks5,
    Http,
}

impl Proxy {
    /// Reads `socks5://[user[:password]@]host:port` or `http://…`; user and password may be percent-encoded. The error is a sentence
    /// that shows nothing of the address, because a mistyped one may hold the password anywhere.
    pub fn parse(url: &str) -> Result<Self, String> {
        const FORM: &str = "A proxy is written socks5://HOST:PORT or http://HOST:PORT.";
        let (scheme, rest) = url.trim().split_once("://").unwrap_or(("http", url.trim()));
        let kind = match scheme.to_ascii_lowercase().as_str() {
            "socks5" | "socks5h" => Kind::Socks5,
            "http" => Kind::Http,
            _ => return Err(FORM.to_owned()),
        };
        let authority = rest.strip_suffix('/').unwrap_or(rest);
        let (identity, address) = authority.rsplit_once('@').unwrap_or(("", authority));
        let (user, password) = identity.split_once(':').unwrap_or((identity, ""));
        let address = ServerAddress::parse(address).map_err(|_| FORM.to_owned())?;
        let plain = |text| percent_decoded(text).ok_or("The proxy's user and password cannot be read.");
        Ok(Self {
            kind,
            host: address.host,
            port: address.port.ok_or(FORM)?,
            user: plain(user)?,
            password: Secret::new(plain(password)?),
            exceptions: Exceptions::default(),
        })
    }

    /// The proxy from ALL_PROXY or HTTPS_PROXY, with the exceptions from NO_PROXY; the names may also be in lower case. The error is a
    /// sentence that names the variable and shows no password.
    pub fn from_environment() -> Result<Option<Self>, String> {
        Self::from_variables(|name| std::env::var(name).ok())
    }

    fn from_variables(variable: impl Fn(&str) -> Option<String>) -> Result<Option<Self>, String> {
        let value = |name: &str| {
            let value = variable(name).or_else(|| variable(&name.to_ascii_lowercase()));
            value.filter(|value| !value.trim().is_empty())
        };
        let exceptions = Exceptions::parse(&value("NO_PROXY").unwrap_or_default());
        for name in ["ALL_PROXY", "HTTPS_PROXY"] {
            if let Some(url) = value(name) {
                let proxy = Self::parse(&url).map_err(|error| format!("{name}: {error}"))?;
                return Ok(Some(Self { exceptions, ..proxy }));
            }
        }
        Ok(None)
    }

    /// The same with another password.
    pub fn with_password(self, password: Secret) -> Self {
        Self { password, ..self }
    }

    /// The user at the proxy; empty if there is none.
    pub fn user(&self) -> &str {
        &self.user
    }

    /// The password; empty if there is none.
    pub fn password(&self) -> &Secret {
        &self.password
    }

    /// Whether a host is reached through it. This computer never is.
    pub(super) fn serves(&self, host: &str) -> bool {
        let address = ServerAddress { host: host.to_owned(), port: None };
        !address.is_loopback() && !self.exceptions.hold(host)
    }

    /// Connects to the host through the proxy; ends before `end`.
    pub(super) fn tunnel(&self, host: &str, port: u16, end: Instant) -> Result<TcpStream, NetworkError> {
        let failed = |fault| NetworkError::Proxy { proxy: self.to_string(), fault };
        let tcp = direct::connect(&self.host, self.port, end)
            .map(|connected| connected.tcp)
            .map_err(|error| failed(ProxyFault::Unreachable { cause: Box::new(error.cause()) }))?;
        tcp.set_nodelay(true)?;
        let mut stream = Hurried { tcp: &tcp, end };
        let host = direct::ascii_name(host);
        let identity = Some((self.user.as_str(), &self.password)).filter(|(user, _)| !user.is_empty());
        let destination = Destination { host: &host, port, identity };
        match self.kind {
            Kind::Socks5 => socks::connect(&mut stream, &destination),
            Kind::Http => http::connect(&mut stream, &destination),
        }
        .map_err(|refusal| failed(refusal.0))?;
        Ok(tcp)
    }
}

impl fmt::Display for Proxy {
    /// Without user and password.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = match self.kind {
            Kind::Socks5 => "socks5",
            Kind::Http => "http",
        };
        write!(formatter, "{scheme}://{}", ServerAddress { host: self.host.clone(), port: Some(self.port) })
    }
}

/// Where a tunnel leads, and who asks for it.
struct Destination<'a> {
    host: &'a str,
    port: u16,
    /// The user and the password at the proxy.
    identity: Option<(&'a str, &'a Secret)>,
}

/// Why a proxy makes no tunnel.
#[derive(Debug)]
struct Refusal(ProxyFault);

impl From<io::Error> for Refusal {
    fn from(error: io::Error) -> Self {
        Self(ProxyFault::Failed { cause: Box::new(NetworkError::from(error).cause()) })
    }
}

impl From<ProxyFault> for Refusal {
    fn from(fault: ProxyFault) -> Self {
        Self(fault)
    }
}

/// A connection whose reads and writes all end at one moment, even if the proxy sends a byte now and then.
struct Hurried<'a> {
    tcp: &'a TcpStream,
    end: Instant,
}

impl Hurried<'_> {
    fn left(&self) -> io::Result<Option<Duration>> {
        let left = direct::left(self.end);
        if left.is_zero() { Err(io::ErrorKind::TimedOut.into()) } else { Ok(Some(left)) }
    }
}

impl Read for Hurried<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.tcp.set_read_timeout(self.left()?)?;
        self.tcp.read(buffer)
    }
}

impl Write for Hurried<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.tcp.set_write_timeout(self.left()?)?;
        self.tcp.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Reads percent-encoding (RFC 3986, section 2.1); none if it is malformed.
fn percent_decoded(text: &str) -> Option<String> {
    let mut escapes = text.split('%').skip(1);
    let well_formed = escapes
        .all(|rest| matches!(rest.as_bytes(), [high, low, ..] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit()));
    let decoded = percent_encoding::percent_decode_str(text).decode_utf8().ok()?;
    well_formed.then(|| decoded.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    #[test]
    fn a_proxy_is_read_with_its_user_and_password() {
        let proxy = Proxy::parse("socks5h://ann%40x:p%3Aw@proxy.example:1080/").unwrap();
        assert_eq!((proxy.user(), proxy.password().reveal()), ("ann@x", "p:w"));
        assert_eq!(proxy.to_string(), "socks5://proxy.example:1080");
        assert_eq!(Proxy::parse("[::1]:3128").unwrap().to_string(), "http://[::1]:3128");
        for wrong in ["https://p:1", "socks4://p:1", "http://p", "socks5://u:geheim/x@@:1:2", "http://%zz@p:1"] {
            assert!(!Proxy::parse(wrong).unwrap_err().contains("geheim"), "{wrong}");
        }
    }

    #[test]
    fn the_password_of_a_proxy_does_not_show() {
        let proxy = Proxy::parse("socks5://ann:geheim@127.0.0.1:1").unwrap();
        let error = proxy.tunnel("host.example", 993, Instant::now() + Duration::from_secs(5)).unwrap_err();
        assert!(!format!("{proxy} {proxy:?} {error} {error:?}").contains("geheim"));
        assert!(error.to_string().contains("socks5://127.0.0.1:1"), "{error}");
    }

    #[test]
    fn the_environment_names_a_proxy_and_what_is_reached_without_it() {
        let of = |variables: &[(&str, &str)]| {
            Proxy::from_variables(|name| {
                variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
            })
        };
        assert_eq!(of(&[("ALL_PROXY", " ")]), Ok(None));
        let proxy = of(&[("https_proxy", "http://p:3128"), ("no_proxy", "inside.example")]).unwrap().unwrap();
        assert!(proxy.serves("outside.example") && !proxy.serves("mail.inside.example"));
        let proxy = of(&[("ALL_PROXY", "socks5://s:1"), ("HTTPS_PROXY", "http://p:3128")]).unwrap().unwrap();
        assert_eq!(proxy.to_string(), "socks5://s:1");
        let error = of(&[("ALL_PROXY", "socks4://u:geheim@s:1")]).unwrap_err();
        assert!(error.starts_with("ALL_PROXY: ") && !error.contains("geheim"));
    }

    #[test]
    fn this_computer_is_never_reached_through_a_proxy() {
        let proxy = Proxy::parse("socks5://p:1").unwrap();
        assert!(!proxy.serves("localhost") && !proxy.serves("127.0.0.1") && !proxy.serves("::1"));
        assert!(proxy.serves("10.0.0.1"));
    }

    #[test]
    fn a_proxy_that_says_nothing_is_given_up() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        for scheme in ["socks5", "http"] {
            let proxy = Proxy::parse(&format!("{scheme}://{}", listener.local_addr().unwrap())).unwrap();
            let error = proxy.tunnel("host.example", 993, Instant::now() + Duration::from_millis(50)).unwrap_err();
            assert!(error.to_string().contains("no answer in time"), "{error}");
        }
    }

    #[test]
    fn a_proxy_that_dribbles_is_given_up_in_time() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let proxy = Proxy::parse(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
        let dribbling = std::thread::spawn(move || {
            let mut tcp = listener.accept().unwrap().0;
            // Each byte comes soon enough; the answer as a whole does not.
            for _ in 0..100 {
                std::thread::sleep(Duration::from_millis(20));
                if tcp.write_all(b"a").is_err() {
                    break;
                }
            }
        });
        let error = proxy.tunnel("host.example", 993, Instant::now() + Duration::from_millis(500)).unwrap_err();
        assert!(error.to_string().contains("no answer in time"), "{error}");
        dribbling.join().unwrap();
    }
}
