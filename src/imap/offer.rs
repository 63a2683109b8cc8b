//! Which ways to sign in a server offers on a connection, as far as that is told before anybody signs in.
//!
//! Leaves the signing in to `sign_in`, which asks here too.

use super::capabilities::Capabilities;
use super::connect::Greeted;
use super::error::ImapError;
use super::kerio_master;
use super::quirks::Known;

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

impl Capabilities {
    /// Whether the way is offered.
    pub fn offers(&self, offer: Offer) -> bool {
        match offer {
            Offer::Password => !self.has("LOGINDISABLED") || self.has("AUTH=PLAIN"),
            Offer::ForOthers => self.has("AUTH=PLAIN"),
            Offer::Token => self.has("AUTH=OAUTHBEARER") || self.has("AUTH=XOAUTH2"),
        }
    }
}

impl Greeted {
    /// What a server that is known does with passwords, whatever it offers.
    pub fn known_about_passwords(&self) -> Option<&'static str> {
        Known::at(&self.host, &self.wire.capabilities).map(Known::about_passwords)
    }

    /// Whether Kerio Connect's master authentication is switched on. No capability tells, so it is asked for a challenge, which is not
    /// answered; the connection ends with that.
    pub fn offers_kerio_master(self) -> Result<bool, ImapError> {
        kerio_master::is_offered(self.wire)
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
