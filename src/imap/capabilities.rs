//! What a server announces that it can do (CAPABILITY, RFC 9051, section 7.2.2), and the ways to sign in that this offers.
//!
//! Never kept over STARTTLS or a sign-in: afterwards the server announces it again, or is asked.

use super::response::Status;
use std::collections::BTreeSet;

/// A way to sign in that shows among a server's capabilities.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Offer {
    /// A name and a password: LOGIN, or PLAIN (RFC 4616).
    Password,
    /// Signing in for others: PLAIN with an authorization identity (RFC 4616).
    ForOthers,
    /// A token: OAUTHBEARER (RFC 7628) or XOAUTH2.
    Token,
}

/// The capabilities of one session, in upper case.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Capabilities(BTreeSet<String>);

impl Capabilities {
    /// Reads the words after `CAPABILITY`.
    pub(super) fn parse(words: &str) -> Self {
        Self(words.split_ascii_whitespace().take(500).map(str::to_ascii_uppercase).collect())
    }

    /// The capabilities in the response code of a status answer, which spare a round trip for asking (RFC 9051, section 7.1).
    pub(super) fn in_code(status: &Status) -> Option<Self> {
        status.code_argument("CAPABILITY").map(Self::parse).filter(|announced| !announced.is_empty())
    }

    /// Whether no capability is known.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Forgets one that the server announces but does not have.
    pub(super) fn remove(&mut self, capability: &str) {
        self.0.remove(capability);
    }

    /// Whether the server has it, in any case of letters.
    pub fn has(&self, capability: &str) -> bool {
        self.0.contains(&capability.to_ascii_uppercase())
    }

    /// The largest message the server takes, if announced (RFC 7889).
    pub fn append_limit(&self) -> Option<u64> {
        self.0.iter().find_map(|word| word.strip_prefix("APPENDLIMIT=")?.parse().ok())
    }

    /// The largest literal that may be sent without waiting (RFC 7888).
    pub(super) fn longest_free_literal(&self) -> Option<u64> {
        if self.has("LITERAL+") {
            Some(u64::MAX)
        } else if self.has("LITERAL-") {
            Some(4096)
        } else {
            None
        }
    }

    /// Whether the way is offered.
    pub fn offers(&self, offer: Offer) -> bool {
        match offer {
            Offer::Password => !self.has("LOGINDISABLED") || self.has("AUTH=PLAIN"),
            Offer::ForOthers => self.has("AUTH=PLAIN"),
            Offer::Token => self.has("AUTH=OAUTHBEARER") || self.has("AUTH=XOAUTH2"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_offered_is_read_from_the_capabilities() {
        let offered = |words: &str| {
            let capabilities = Capabilities::parse(words);
            [Offer::Password, Offer::ForOthers, Offer::Token].map(|offer| capabilities.offers(offer))
        };
        assert_eq!(offered("IMAP4rev1"), [true, false, false]);
        assert_eq!(offered("IMAP4rev1 LOGINDISABLED STARTTLS"), [false, false, false]);
        assert_eq!(offered("IMAP4rev1 LOGINDISABLED AUTH=PLAIN"), [true, true, false]);
        assert_eq!(offered("IMAP4rev1 LOGINDISABLED AUTH=XOAUTH2"), [false, false, true]);
        assert_eq!(offered("IMAP4rev1 AUTH=OAUTHBEARER"), [true, false, true]);
    }
}
