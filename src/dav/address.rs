//! Places on a DAV server: the address a person types, and the hrefs in a server's answers.
//!
//! Servers write the same href in several ways: relative or with scheme and host, `@` and spaces encoded or not. [`Href`] has one
//! canonical form, so that listed hrefs can be compared with requested ones.

use crate::domain::DavAddressFault;
use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};
use serde::{Deserialize, Serialize};
use std::fmt;

/// The characters that are encoded in a path (RFC 3986, section 3.3).
const ENCODED: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'[')
    .add(b'\\')
    .add(b']')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// The longest href that is accepted, in bytes.
const LONGEST: usize = 4096;

/// A DAV server's address as a person types it: `dav.example.com`, `https://cloud.example.com:8443/remote.php/dav/`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DavAddress {
    /// DNS name or IP address.
    pub host: String,
    /// The port.
    pub port: u16,
    /// Whether the connection is encrypted.
    pub encrypted: bool,
    /// The path, if one was typed.
    pub path: Option<Href>,
}

impl DavAddress {
    /// The default address of a host: HTTPS on port 443.
    pub fn at_host(host: &str) -> Self {
        Self { host: host.to_owned(), port: 443, encrypted: true, path: None }
    }

    /// Parses an address as typed. Without a scheme it is HTTPS. A user name in it is an error.
    pub fn parse(text: &str) -> Result<Self, DavAddressFault> {
        let text = text.trim();
        let (encrypted, rest) = match text.split_once("://") {
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("https") => (true, rest),
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("http") => (false, rest),
            Some((scheme, _)) => return Err(DavAddressFault::Scheme(scheme.to_owned())),
            None => (true, text),
        };
        let (authority, path) = rest.find('/').map_or((rest, ""), |at| rest.split_at(at));
        if authority.contains('@') {
            return Err(DavAddressFault::UserName);
        }
        let (host, port) = split_port(authority)?;
        if host.is_empty() || host.contains(char::is_whitespace) {
            return Err(DavAddressFault::NoServer(text.to_owned()));
        }
        let path = if path.trim_matches('/').is_empty() { None } else { Some(Href::of_path(path)) };
        Ok(Self { host: host.to_owned(), port: port.unwrap_or(if encrypted { 443 } else { 80 }), encrypted, path })
    }

    /// Resolves an href in an answer to a request for `base`; none if it leads to another server.
    pub fn resolve(&self, base: &Href, answered: &str) -> Option<Href> {
        let answered = answered.trim();
        if answered.len() > LONGEST {
            return None;
        }
        if let Some((scheme, rest)) = answered.split_once("://")
            && !scheme.contains('/')
        {
            let (authority, path) = rest.find('/').map_or((rest, "/"), |at| rest.split_at(at));
            let (host, port) = split_port(authority).ok()?;
            let encrypted = scheme.eq_ignore_ascii_case("https");
            let default = if encrypted { 443 } else { 80 };
            let here = host.eq_ignore_ascii_case(&self.host) && encrypted == self.encrypted;
            return (here && port.unwrap_or(default) == self.port).then(|| Href::of_path(path));
        }
        if answered.starts_with("//") {
            return self.resolve(base, &format!("{}:{answered}", if self.encrypted { "https" } else { "http" }));
        }
        if answered.starts_with('/') {
            return Some(Href::of_path(answered));
        }
        let folder = base.path.rfind('/').map_or("/", |at| &base.path[..=at]);
        Some(Href::of_path(&format!("{folder}{answered}")))
    }

    /// Resolves an href in a listing. A server behind a proxy may write its own name, port or scheme: only the path counts, and it is
    /// requested from this server alone. None if there is no path.
    pub fn place(&self, base: &Href, answered: &str) -> Option<Href> {
        let of_another = || {
            let rest = answered.trim().split_once("//").map(|(_, rest)| rest).filter(|_| answered.len() <= LONGEST)?;
            rest.find('/').map(|at| Href::of_path(&rest[at..]))
        };
        self.resolve(base, answered).or_else(of_another)
    }
}

impl fmt::Display for DavAddress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let default = if self.encrypted { 443 } else { 80 };
        let scheme = if self.encrypted { "https" } else { "http" };
        let host = if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() };
        write!(formatter, "{scheme}://{host}")?;
        if self.port != default {
            write!(formatter, ":{}", self.port)?;
        }
        write!(formatter, "{}", self.path.as_ref().map_or("/", Href::as_str))
    }
}

fn split_port(authority: &str) -> Result<(&str, Option<u16>), DavAddressFault> {
    let (host, port) = match authority.strip_prefix('[') {
        Some(rest) => match rest.split_once(']') {
            Some((host, after)) => (host, after.strip_prefix(':')),
            None => return Err(DavAddressFault::NoClosingBracket(authority.to_owned())),
        },
        None => authority.split_once(':').map_or((authority, None), |(host, port)| (host, Some(port))),
    };
    match port.filter(|port| !port.is_empty()) {
        None => Ok((host, None)),
        Some(port) => match port.parse() {
            Ok(0) | Err(_) => Err(DavAddressFault::Port(port.to_owned())),
            Ok(port) => Ok((host, Some(port))),
        },
    }
}

/// A path on the server. Compared in canonical form, percent-encoded only where it must be; sent as the server wrote it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Href {
    path: String,
    written: Option<String>,
}

impl PartialEq for Href {
    fn eq(&self, other: &Self) -> bool {
        self.path == other.path
    }
}

impl Eq for Href {}

impl PartialOrd for Href {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Href {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.path.cmp(&other.path)
    }
}

impl std::hash::Hash for Href {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.path.hash(state);
    }
}

impl Href {
    /// From a path in any encoding. Drops query and fragment, and resolves `.` and `..`.
    pub fn of_path(path: &str) -> Self {
        let given = path.split(['?', '#']).next().unwrap_or_default();
        let (path, plain) =
            (given, given.bytes().all(|byte| (0x21..0x7f).contains(&byte) && !b"\"<>\\^`{|}".contains(&byte)));
        let mut parts: Vec<String> = Vec::new();
        let folder = path.ends_with('/') || path.ends_with("/.") || path.ends_with("/..");
        for part in path.split('/').filter(|part| !part.is_empty() && *part != ".") {
            if part == ".." {
                parts.pop();
                continue;
            }
            let decoded = percent_decode_str(part).collect::<Vec<u8>>();
            // A decoded slash would split the name in two.
            let encoded = match String::from_utf8(decoded) {
                Ok(text) => utf8_percent_encode(&text, ENCODED).to_string().replace("%2F", "%252F"),
                Err(_) => part.to_owned(),
            };
            parts.push(if part.to_ascii_lowercase().contains("%2f") { part.to_owned() } else { encoded });
        }
        let mut path = format!("/{}", parts.join("/"));
        if folder && !path.ends_with('/') {
            path.push('/');
        }
        let written =
            (plain && given != path && !given.contains("..") && given.starts_with('/')).then(|| given.to_owned());
        Self { path, written }
    }

    /// The form to send.
    pub fn as_str(&self) -> &str {
        self.written.as_deref().unwrap_or(&self.path)
    }

    /// The form to compare and record.
    pub fn canonical(&self) -> &str {
        &self.path
    }

    /// The same with a final slash.
    pub fn folder(&self) -> Self {
        if self.path.ends_with('/') { self.clone() } else { Self::of_path(&format!("{}/", self.as_str())) }
    }

    /// A resource directly in this folder. `name` must be plain ASCII without a slash.
    pub fn child(&self, name: &str) -> Self {
        Self::of_path(&format!("{}{name}", self.folder().as_str()))
    }

    /// Whether both are the same, apart from a final slash.
    pub fn is_same_folder(&self, other: &Href) -> bool {
        self.path.trim_end_matches('/') == other.path.trim_end_matches('/')
    }

    /// The last segment, decoded.
    pub fn name(&self) -> String {
        let last = self.path.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
        percent_decode_str(last).decode_utf8_lossy().into_owned()
    }
}

impl fmt::Display for Href {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_href_in_all_its_writings_is_one() {
        let server = DavAddress::parse("https://dav.example.com/caldav").unwrap();
        let base = Href::of_path("/caldav/users/example.com/ann/");
        let same = [
            "/caldav/users/example.com/ann/a%20b/",
            "/caldav/users/example.com/ann/a b/",
            "https://dav.example.com/caldav/users/example.com/ann/a%20b/",
            "HTTPS://DAV.example.com:443/caldav/users/example.com/ann/a%20b/",
            "//dav.example.com/caldav/users/example.com/ann/a b/",
            "a%20b/",
            "./a b/",
            "../ann/a b/",
        ];
        for written in same {
            assert_eq!(
                server.resolve(&base, written).unwrap().canonical(),
                "/caldav/users/example.com/ann/a%20b/",
                "{written}"
            );
        }
        assert_eq!(server.resolve(&base, "/ann%40example.com").unwrap().canonical(), "/ann@example.com");
        assert_eq!(server.resolve(&base, "/100%25").unwrap().as_str(), "/100%25");
        assert_eq!(server.resolve(&base, "/a%2Fb").unwrap().as_str(), "/a%2Fb");
        assert_eq!(server.resolve(&base, "/../../etc").unwrap().as_str(), "/etc");
    }

    #[test]
    fn another_server_is_not_this_one() {
        let server = DavAddress::parse("dav.example.com").unwrap();
        let base = Href::of_path("/");
        for other in
            ["https://evil.example/x", "http://dav.example.com/x", "https://dav.example.com:444/", "//evil.example/"]
        {
            assert_eq!(server.resolve(&base, other), None, "{other}");
        }
        for other in ["https://inside.example/x/a%20b", "http://dav.example.com/x/a b", "//inside.example:8080/x/a%20b"]
        {
            assert_eq!(server.place(&base, other).unwrap().canonical(), "/x/a%20b", "{other}");
        }
        assert_eq!(server.place(&base, "https://inside.example"), None);
    }

    #[test]
    fn an_address_is_read_as_people_type_it() {
        let shown = |text: &str| DavAddress::parse(text).map(|address| address.to_string());
        assert_eq!(shown("dav.example.com").unwrap(), "https://dav.example.com/");
        assert_eq!(shown("http://127.0.0.1:5232/").unwrap(), "http://127.0.0.1:5232/");
        assert_eq!(shown("https://[::1]:8443/dav/").unwrap(), "https://[::1]:8443/dav/");
        for wrong in ["", "ftp://x", "https://ann:geheim@host/", "host:99999", "https://", "[::1"] {
            assert!(DavAddress::parse(wrong).is_err(), "{wrong}");
        }
        assert!(!shown("https://ann:geheim@host/").unwrap_err().to_string().contains("geheim"));
    }
}
