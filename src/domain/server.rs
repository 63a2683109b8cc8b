//! A server as the user names it, how the connection to it is protected, and the certificate it shows.

use super::Distrust;
use serde::{Deserialize, Serialize};
use std::fmt;

/// The role of a server in a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// The IMAP server the mail is read from.
    Source,
    /// The IMAP service the mail is written to.
    Target,
    /// Kerio Connect's administration API.
    Administration,
}

impl fmt::Display for Side {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Side::Source => "source server",
            Side::Target => "target server",
            Side::Administration => "Kerio Connect administration",
        })
    }
}

/// How the connection to an IMAP server is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Security {
    /// TLS from the first byte, port 993.
    #[default]
    Tls,
    /// Clear greeting on port 143, then STARTTLS; refused when the server does not offer it.
    StartTls,
    /// No encryption at all, port 143. Needs the user's explicit consent unless the host is this computer.
    Plain,
}

impl Security {
    /// The port where a service with this protection usually listens (RFC 9051, section 11.1).
    pub fn default_port(self) -> u16 {
        match self {
            Security::Tls => 993,
            Security::StartTls | Security::Plain => 143,
        }
    }
}

/// `host` or `host:port` as typed. An IPv6 address followed by a port is in brackets.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct ServerAddress {
    /// DNS name or IP address, without brackets.
    pub host: String,
    /// The port, if one was typed.
    pub port: Option<u16>,
}

impl ServerAddress {
    /// Reads `host`, `host:port`, `[v6]`, `[v6]:port` or a bare IPv6 address. The error is a sentence for the user.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if text.is_empty() {
            return Err("Type the server's IP address or DNS name.".to_owned());
        }
        let (host, port) = if let Some(rest) = text.strip_prefix('[') {
            let (host, after) = rest.split_once(']').ok_or_else(|| format!("'{text}' has no closing bracket."))?;
            (host, after.strip_prefix(':'))
        } else if text.matches(':').count() > 1 {
            (text, None)
        } else {
            match text.split_once(':') {
                Some((host, port)) => (host, Some(port)),
                None => (text, None),
            }
        };
        let port = match port {
            None => None,
            Some(digits) => match digits.parse::<u16>() {
                Ok(port) if port > 0 => Some(port),
                _ => return Err(format!("'{digits}' is not a port number (1 to 65535).")),
            },
        };
        let plausible = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | ':' | '%');
        if host.is_empty() || !host.chars().all(plausible) {
            return Err(format!("'{host}' is not an IP address or DNS name."));
        }
        Ok(Self { host: host.to_owned(), port })
    }

    /// Whether the host is this computer, so that nothing crosses a network.
    pub fn is_loopback(&self) -> bool {
        self.host.eq_ignore_ascii_case("localhost")
            || self.host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
    }
}

impl fmt::Display for ServerAddress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.port {
            Some(port) if self.host.contains(':') => write!(formatter, "[{}]:{port}", self.host),
            Some(port) => write!(formatter, "{}:{port}", self.host),
            None => formatter.write_str(&self.host),
        }
    }
}

/// SHA-256 of a certificate's DER form.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Fingerprint(pub [u8; 32]);

impl Fingerprint {
    /// Reads 64 hexadecimal digits; colons, spaces and case do not matter.
    pub fn parse(text: &str) -> Result<Self, String> {
        let digits: Vec<u32> = text
            .chars()
            .filter(|c| !matches!(c, ':' | ' '))
            .map(|c| c.to_digit(16))
            .collect::<Option<_>>()
            .filter(|digits: &Vec<u32>| digits.len() == 64)
            .ok_or("A SHA-256 fingerprint has 64 hexadecimal digits.")?;
        let mut bytes = [0; 32];
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks(2)) {
            *byte = (pair[0] * 16 + pair[1]) as u8;
        }
        Ok(Self(bytes))
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, byte) in self.0.iter().enumerate() {
            write!(formatter, "{}{byte:02X}", if index == 0 { "" } else { ":" })?;
        }
        Ok(())
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Fingerprint({self})")
    }
}

impl From<Fingerprint> for String {
    fn from(fingerprint: Fingerprint) -> Self {
        fingerprint.to_string()
    }
}

impl TryFrom<String> for Fingerprint {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Self::parse(&text)
    }
}

/// What a person needs to see of a certificate before trusting it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CertificateDetails {
    /// The name it is for: the common name, or the first alternative name.
    pub subject: String,
    /// Who signed it.
    pub issuer: String,
    /// First day, `YYYY-MM-DD`.
    pub valid_from: String,
    /// Last day, `YYYY-MM-DD`.
    pub valid_until: String,
    /// SHA-256 of the whole certificate.
    pub fingerprint: Fingerprint,
    /// Why the usual check failed.
    pub distrust: Distrust,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_in_every_usual_form() {
        let of = |text: &str| ServerAddress::parse(text).map(|a| (a.host, a.port));
        assert_eq!(of(" mail.example.com "), Ok(("mail.example.com".into(), None)));
        assert_eq!(of("10.1.0.5:8143"), Ok(("10.1.0.5".into(), Some(8143))));
        assert_eq!(of("[::1]:143"), Ok(("::1".into(), Some(143))));
        assert_eq!(of("fe80::1"), Ok(("fe80::1".into(), None)));
        for bad in ["", "host:0", "host:99999", "ho st", "[::1", "https://host/x"] {
            assert!(of(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_fingerprint_survives_colons_and_case() {
        let text = "ab".repeat(32);
        let fingerprint = Fingerprint::parse(&text).unwrap();
        assert_eq!(Fingerprint::parse(&fingerprint.to_string()), Ok(fingerprint));
        assert!(Fingerprint::parse("abcd").is_err());
        assert!(Fingerprint::parse(&"ü".repeat(64)).is_err());
    }
}
