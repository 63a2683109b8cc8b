//! Signing in with Digest (RFC 7616): the password itself does not cross the network. Some servers accept nothing else.
//!
//! - Supports MD5 and SHA-256, with or without `qop=auth`, and picks the strongest supported offer.
//! - A nonce is reused until the server calls it stale.

use crate::domain::Secret;
use crate::network::HttpResponse;
use md5::{Digest as _, Md5};
use sha2::Sha256;

/// A hash that servers ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Algorithm {
    Md5,
    Sha256,
}

/// A server's challenge.
#[derive(Debug, Clone)]
pub(super) struct Challenge {
    realm: String,
    nonce: String,
    opaque: Option<String>,
    algorithm: Algorithm,
    /// Whether the challenge names the algorithm; the answer then names it, too.
    is_named: bool,
    /// Whether the algorithm is a session variant (`-sess`).
    is_session: bool,
    /// Whether `qop=auth` is offered.
    has_quality: bool,
    /// Whether only the nonce was too old, and the password not refused.
    pub(super) is_stale: bool,
    /// How often the nonce has been used.
    count: u32,
}

impl Challenge {
    /// The strongest supported challenge in a refusal.
    pub(super) fn of(response: &HttpResponse) -> Option<Self> {
        let offers = response.headers_named("www-authenticate").filter_map(Self::parse);
        offers.max_by_key(|offer| offer.algorithm)
    }

    fn parse(header: &str) -> Option<Self> {
        let (scheme, rest) = header.trim().split_once(char::is_whitespace)?;
        if !scheme.eq_ignore_ascii_case("Digest") {
            return None;
        }
        let parameters = parameters(rest);
        let of = |name: &str| parameters.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str());
        let named = of("algorithm").map(str::to_ascii_uppercase);
        let (name, is_session) = match named.as_deref() {
            Some(name) => name.strip_suffix("-SESS").map_or((name, false), |name| (name, true)),
            None => ("MD5", false),
        };
        let algorithm = match name {
            "MD5" => Algorithm::Md5,
            "SHA-256" => Algorithm::Sha256,
            _ => return None,
        };
        let has_quality = match of("qop") {
            Some(offered) if offered.split(',').any(|quality| quality.trim().eq_ignore_ascii_case("auth")) => true,
            // `auth-int`, which covers the body, is not supported.
            Some(_) => return None,
            None => false,
        };
        Some(Self {
            realm: of("realm")?.to_owned(),
            nonce: of("nonce")?.to_owned(),
            opaque: of("opaque").map(str::to_owned),
            algorithm,
            is_named: named.is_some(),
            is_session,
            has_quality,
            is_stale: of("stale").is_some_and(|stale| stale.eq_ignore_ascii_case("true")),
            count: 0,
        })
    }

    /// The Authorization header for the next request.
    pub(super) fn answer(&mut self, user: &str, password: &Secret, method: &str, path: &str) -> Secret {
        let fresh = format!("{:016x}{:016x}", fastrand::u64(..), fastrand::u64(..));
        self.count += 1;
        self.answer_with(user, password, method, path, &fresh)
    }

    fn answer_with(&self, user: &str, password: &Secret, method: &str, path: &str, fresh: &str) -> Secret {
        let hash = |text: &str| match self.algorithm {
            Algorithm::Md5 => hex(&Md5::digest(text)),
            Algorithm::Sha256 => hex(&Sha256::digest(text)),
        };
        let Self { realm, nonce, .. } = self;
        let mut known = hash(Secret::new(format!("{user}:{realm}:{}", password.reveal())).reveal());
        if self.is_session {
            known = hash(&format!("{known}:{nonce}:{fresh}"));
        }
        let asked = hash(&format!("{method}:{path}"));
        let count = format!("{:08x}", self.count);
        let proof = match self.has_quality {
            true => hash(&format!("{known}:{nonce}:{count}:{fresh}:auth:{asked}")),
            false => hash(&format!("{known}:{nonce}:{asked}")),
        };
        let mut header = format!(
            "Digest username=\"{}\", realm=\"{}\", nonce=\"{}\", uri=\"{path}\", response=\"{proof}\"",
            quoted(user),
            quoted(realm),
            quoted(nonce)
        );
        if self.is_named {
            let name = if self.algorithm == Algorithm::Md5 { "MD5" } else { "SHA-256" };
            header.push_str(&format!(", algorithm={name}{}", if self.is_session { "-sess" } else { "" }));
        }
        if self.has_quality || self.is_session {
            header.push_str(&format!(", cnonce=\"{fresh}\""));
        }
        if self.has_quality {
            header.push_str(&format!(", qop=auth, nc={count}"));
        }
        if let Some(opaque) = &self.opaque {
            header.push_str(&format!(", opaque=\"{}\"", quoted(opaque)));
        }
        Secret::new(header)
    }
}

/// Parses `name=value, name="value"`; names become lower case.
fn parameters(text: &str) -> Vec<(String, String)> {
    let (mut found, mut rest) = (Vec::new(), text);
    while let Some((name, after)) = rest.split_once('=') {
        let name = name.trim_matches([' ', ',', '\t']).to_ascii_lowercase();
        let after = after.trim_start();
        let mut value = String::new();
        if let Some(quoted) = after.strip_prefix('"') {
            let mut characters = quoted.char_indices();
            let mut end = quoted.len();
            while let Some((at, character)) = characters.next() {
                match character {
                    '\\' => value.extend(characters.next().map(|(_, character)| character)),
                    '"' => {
                        end = at + 1;
                        break;
                    }
                    character => value.push(character),
                }
            }
            rest = &quoted[end..];
        } else {
            let end = after.find([',', ' ']).unwrap_or(after.len());
            value.push_str(&after[..end]);
            rest = &after[end..];
        }
        found.push((name, value));
    }
    found
}

/// The content of a quoted string, without control characters, which a header must not contain.
fn quoted(text: &str) -> String {
    text.chars().filter(|it| !it.is_control()).collect::<String>().replace('\\', "\\\\").replace('"', "\\\"")
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offers(headers: &[&str]) -> HttpResponse {
        let headers = headers.iter().map(|it| ("www-authenticate".to_owned(), (*it).to_owned())).collect();
        HttpResponse { status: 401, headers, body: Vec::new() }
    }

    /// The example of RFC 7616, section 3.9.1.
    #[test]
    fn the_examples_of_the_standard_are_answered_as_it_says() {
        let rest = "realm=\"http-auth@example.org\", qop=\"auth, auth-int\", nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\"";
        let md5 = format!("Digest {rest}, algorithm=MD5");
        let sha256 = format!("Digest {rest}, algorithm=SHA-256");
        let fresh = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ";
        let password = Secret::new("Circle of Life");
        for (headers, proof) in [
            (vec![md5.as_str()], "8ca523f5e9506fed4657c9700eebdbec"),
            (
                vec![md5.as_str(), sha256.as_str(), "Digest realm=\"x\", nonce=\"y\", algorithm=SHA-512-256"],
                "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1",
            ),
        ] {
            let challenge = Challenge { count: 1, ..Challenge::of(&offers(&headers)).unwrap() };
            let answer = challenge.answer_with("Mufasa", &password, "GET", "/dir/index.html", fresh);
            assert!(answer.reveal().contains(&format!("response=\"{proof}\"")), "{}", answer.reveal());
            assert!(answer.reveal().contains("nc=00000001") && !answer.reveal().contains("Circle"));
        }
    }

    #[test]
    fn what_is_not_understood_is_no_offer() {
        for other in [
            "Basic realm=\"x\"",
            "Digest realm=\"x\", nonce=\"y\", algorithm=SHA-512-256",
            "Digest realm=\"x\", nonce=\"y\", qop=\"auth-int\"",
            "Digest realm=\"x\"",
            "Digest",
            "",
        ] {
            assert!(Challenge::of(&offers(&[other])).is_none(), "{other}");
        }
        let stale = Challenge::of(&offers(&["digest nonce=a,Realm=\"a \\\"b\\\"\" , stale=TRUE"])).unwrap();
        assert_eq!((stale.realm.as_str(), stale.is_stale, stale.has_quality), ("a \"b\"", true, false));
    }
}
