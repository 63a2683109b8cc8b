//! STARTTLS, LOGIN, AUTHENTICATE PLAIN, and Kerio Connect's master authentication.

use super::super::store::User;
use super::parser::Argument;
use super::session::{Done, Reply, Session};
use crate::domain::Secret;
use md5::{Digest, Md5};
use std::sync::Arc;

/// How many characters of a master password count (docs/kerio-connect.md, D6).
const MASTER_CHARACTERS: usize = 24;

impl Session {
    pub(super) fn sign_in(&mut self, name: &str, arguments: &[Argument]) -> Done {
        match (name, arguments) {
            ("STARTTLS", []) => Ok(if self.channel.is_encrypted() {
                Reply::bad("The connection is encrypted already")
            } else if !self.options.starttls {
                Reply::bad("STARTTLS is not offered")
            } else {
                Reply::ok("Begin TLS now")
            }),
            ("STARTTLS", _) => Ok(Reply::bad("STARTTLS has no arguments")),
            _ if self.options.encryption_required && !self.channel.is_encrypted() => {
                Ok(Reply::no("[PRIVACYREQUIRED] Encryption is required to sign in"))
            }
            ("LOGIN", [user, password]) => match (user.text(), password.text()) {
                (Some(user), Some(password)) => Ok(self.check(user, password)),
                _ => Ok(Reply::bad("LOGIN has a name and a password")),
            },
            ("AUTHENTICATE", [mechanism, rest @ ..]) if mechanism.word() == "PLAIN" => self.authenticate_plain(rest),
            ("AUTHENTICATE", _) => Ok(Reply::bad("Unknown authentication method")),
            ("X-MASTERAUTH", []) => self.master(),
            ("X-SETUSER", [user]) if self.is_master => {
                let name = user.text().map(String::from_utf8_lossy).unwrap_or_default();
                let shared = self.channel.presence().shared.clone();
                Ok(match shared.store.user(&name) {
                    Ok(user) => {
                        self.enter(user);
                        Reply::ok("X-SETUSER completed")
                    }
                    Err(_) => Reply::no("X-SETUSER failed"),
                })
            }
            _ => Ok(Reply::bad("Unknown command or wrong arguments")),
        }
    }

    fn authenticate_plain(&mut self, rest: &[Argument]) -> Done {
        let answer = match rest {
            [] => self.ask_line("")?,
            [Argument::Atom(initial)] if self.options.has("SASL-IR") => Some(initial.clone()),
            _ => return Ok(Reply::bad("No initial response is possible here")),
        };
        // `authorization NUL authentication NUL password` (RFC 4616).
        let decoded = answer.as_deref().and_then(base64);
        let fields: Vec<&[u8]> =
            decoded.as_deref().map(|text| text.split(|byte| *byte == 0).collect()).unwrap_or_default();
        match fields.as_slice() {
            [_, user, password] => Ok(self.check(user, password)),
            _ => Ok(Reply::bad("That is no answer to PLAIN")),
        }
    }

    fn check(&mut self, name: &[u8], password: &[u8]) -> Reply {
        let shared = self.channel.presence().shared.clone();
        if shared.is_blocked() {
            return Reply::no("[UNAVAILABLE] Too many failed sign-ins, try again later");
        }
        let password = Secret::new(String::from_utf8_lossy(password));
        let user = std::str::from_utf8(name).ok().and_then(|name| shared.store.user(name).ok());
        match user.filter(|user| user.accepts(&password)) {
            Some(user) if user.created.elapsed() < self.options.sign_in_delay => {
                Reply::no("[AUTHENTICATIONFAILED] The account is not ready yet")
            }
            Some(user) => {
                self.enter(user);
                Reply::ok("Signed in")
            }
            None => {
                shared.note_refusal(&self.options);
                match self.options.kerio {
                    Some(_) => Reply::no("LOGIN failed: Invalid user name or password"),
                    None => Reply::no("[AUTHENTICATIONFAILED] Name or password is wrong"),
                }
            }
        }
    }

    fn enter(&mut self, user: Arc<User>) {
        self.channel.presence().signed_in(&user.name);
        self.user = Some(user);
    }

    fn master(&mut self) -> Done {
        let Some(password) = self.options.kerio.as_ref().and_then(|ways| ways.master_password.clone()) else {
            return Ok(Reply::bad("Unknown command"));
        };
        let challenge = format!("<{:016x}@localhost>", fastrand::u64(..));
        let answer = self.ask_line(&challenge)?.unwrap_or_default();
        let counted: String = password.chars().take(MASTER_CHARACTERS).collect();
        let digest = Md5::digest(format!("{challenge}{counted}"));
        let expected: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        self.is_master = answer == expected.as_bytes();
        if !self.is_master {
            self.channel.presence().shared.note_refusal(&self.options);
        }
        Ok(if self.is_master { Reply::ok("X-MASTERAUTH completed") } else { Reply::no("X-MASTERAUTH failed") })
    }
}

/// Reads base64 (RFC 4648, section 4).
fn base64(text: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    let (mut bits, mut count) = (0_u32, 0);
    for byte in text.strip_suffix(b"==").or(text.strip_suffix(b"=")).unwrap_or(text) {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        bits = (bits << 6) | u32::from(value);
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count) as u8);
            bits &= (1 << count) - 1;
        }
    }
    text.len().is_multiple_of(4).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::base64;

    #[test]
    fn base64_is_read_with_its_padding() {
        assert_eq!(base64(b"AGFubgBzM2NyZXQ=").as_deref(), Some(&b"\0ann\0s3cret"[..]));
        assert_eq!(base64(b"YQ==").as_deref(), Some(&b"a"[..]));
        assert_eq!(base64(b"!!!!"), None);
        assert_eq!(base64(b"YQ"), None);
    }
}
