//! SASL exchanges (RFC 4422): PLAIN, XOAUTH2 and OAUTHBEARER.
//!
//! Promises that whatever holds a secret is wiped, and that a server which explains in a challenge why it refuses a token is heard out.

use super::imap_crate::Exchange;
use super::response::whole;
use crate::domain::Secret;
use std::cell::RefCell;
use zeroize::Zeroizing;

/// SASL PLAIN (RFC 4616).
pub(super) struct Plain<'a> {
    /// Whose mailbox; empty for the owner of the password.
    pub(super) authorization: &'a str,
    /// Whose password it is.
    pub(super) authentication: &'a str,
    pub(super) password: &'a Secret,
}

impl Exchange for Plain<'_> {
    fn mechanism(&self) -> &'static str {
        "PLAIN"
    }

    fn answer(&self, _challenge: &[u8]) -> Zeroizing<Vec<u8>> {
        let fields = [self.authorization, self.authentication, self.password.reveal()].map(str::as_bytes);
        Zeroizing::new(fields.join(&b'\0'))
    }
}

/// A bearer token, in one of its two mechanisms.
pub(super) struct Bearer {
    mechanism: &'static str,
    message: Zeroizing<Vec<u8>>,
    /// The client's answer to the challenge that explains a refusal.
    acknowledgement: &'static [u8],
    challenges: RefCell<Vec<Vec<u8>>>,
}

impl Bearer {
    /// XOAUTH2, as Google and Microsoft describe it.
    pub(super) fn xoauth2(user: &str, token: &Secret) -> Self {
        let message = format!("user={user}\x01auth=Bearer {}\x01\x01", token.reveal());
        Self::new("XOAUTH2", message, b"")
    }

    /// OAUTHBEARER (RFC 7628).
    pub(super) fn oauthbearer(user: &str, token: &Secret, host: &str, port: u16) -> Self {
        // A name in the GS2 header has no comma and no equals sign (RFC 5801, section 4).
        let user = user.replace('=', "=3D").replace(',', "=2C");
        let token = token.reveal();
        let message = format!("n,a={user},\x01host={host}\x01port={port}\x01auth=Bearer {token}\x01\x01");
        Self::new("OAUTHBEARER", message, b"\x01")
    }

    fn new(mechanism: &'static str, message: String, acknowledgement: &'static [u8]) -> Self {
        let message = Zeroizing::new(message.into_bytes());
        Self { mechanism, message, acknowledgement, challenges: RefCell::default() }
    }

    /// Why the server refused the token, if it said so.
    pub(super) fn refusal(&self) -> Option<String> {
        self.challenges.borrow().get(1).filter(|challenge| !challenge.is_empty()).map(|challenge| explain(challenge))
    }
}

impl Exchange for Bearer {
    fn mechanism(&self) -> &'static str {
        self.mechanism
    }

    fn answer(&self, challenge: &[u8]) -> Zeroizing<Vec<u8>> {
        let mut challenges = self.challenges.borrow_mut();
        challenges.push(challenge.to_vec());
        match challenges.len() {
            1 => self.message.clone(),
            // The refusal is complete only after this answer (RFC 7628, section 3.2.3).
            _ => Zeroizing::new(self.acknowledgement.to_vec()),
        }
    }
}

/// The words of `{"status":"invalid_token","scope":"…"}` (RFC 7628, section 3.2.2); Google puts an HTTP status there.
fn explain(challenge: &[u8]) -> String {
    let explained: serde_json::Value = serde_json::from_slice(challenge).unwrap_or_default();
    let field = |name: &str| match explained.get(name) {
        Some(serde_json::Value::String(text)) => text.clone(),
        Some(serde_json::Value::Number(number)) => number.to_string(),
        _ => String::new(),
    };
    let (status, scope) = (field("status"), field("scope"));
    let meaning = match status.as_str() {
        "invalid_token" | "401" => "the token has expired, was withdrawn or is not for this server",
        "insufficient_scope" | "403" => "the token does not allow IMAP",
        "invalid_request" | "400" => "the token does not fit this person or this server",
        "" => return whole(&String::from_utf8_lossy(challenge)),
        _ => "the token is not accepted",
    };
    let needed = if scope.is_empty() { String::new() } else { format!(", scope {scope}") };
    whole(&format!("{meaning} (status {status}{needed})"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Problem, ProblemKind};

    #[test]
    fn plain_names_whose_mailbox_and_whose_password() {
        let password = Secret::new("geheim");
        let plain = Plain { authorization: "ann@example.com", authentication: "admin", password: &password };
        assert_eq!(plain.answer(b"").as_slice(), b"ann@example.com\0admin\0geheim");
        let own = Plain { authorization: "", authentication: "ann", password: &password };
        assert_eq!(own.answer(b"").as_slice(), b"\0ann\0geheim");
    }

    #[test]
    fn a_token_is_sent_as_both_mechanisms_have_it() {
        let token = Secret::new("ya29.vF9");
        let xoauth2 = Bearer::xoauth2("ann@example.com", &token);
        assert_eq!(xoauth2.answer(b"").as_slice(), b"user=ann@example.com\x01auth=Bearer ya29.vF9\x01\x01");
        assert_eq!(xoauth2.answer(b"{}").as_slice(), b"");
        let bearer = Bearer::oauthbearer("a=b,c@example.com", &token, "imap.example.com", 993);
        assert_eq!(
            bearer.answer(b"").as_slice(),
            b"n,a=a=3Db=2Cc@example.com,\x01host=imap.example.com\x01port=993\x01auth=Bearer ya29.vF9\x01\x01"
        );
        assert_eq!(bearer.answer(b"{}").as_slice(), b"\x01");
    }

    #[test]
    fn a_refusal_is_explained_in_words() {
        let refusal = |challenge: &[u8]| {
            let bearer = Bearer::xoauth2("ann", &Secret::new("t"));
            bearer.answer(b"");
            bearer.answer(challenge);
            bearer.refusal()
        };
        let google = refusal(br#"{"status":"401","schemes":"bearer","scope":"https://mail.google.com/"}"#).unwrap();
        assert!(google.contains("has expired") && google.contains("scope https://mail.google.com/"), "{google}");
        assert!(refusal(br#"{"status":"insufficient_scope"}"#).unwrap().contains("does not allow IMAP"));
        assert!(refusal(br#"{"status":400}"#).unwrap().contains("does not fit"));
        // Whoever shows it makes it printable, once the secrets are out.
        assert_eq!(refusal(b"no\r\nJSON").unwrap(), "no\r\nJSON");
        let forged = refusal(br#"{"status":"\u001b[2J","scope":"a\r\nb"}"#).unwrap();
        let problem = Problem::new(ProblemKind::TokenRefused).saying(forged).to_string();
        assert!(!problem.contains(char::is_control), "{problem:?}");
        assert_eq!(refusal(b""), None);
    }
}
