//! Signing in with LOGIN and AUTHENTICATE, as the `imap` crate speaks them (`imap_crate`), and the session that results.
//!
//! With a password, LOGIN is preferred because it takes one round trip. AUTHENTICATE PLAIN carries the names and passwords that no quoted
//! string can hold. CRAM-MD5 is never used: servers offer it, and then refuse users whose password they keep only as a hash. A mechanism is
//! used only if the server offers it. `sasl` holds the exchanges. Kerio Connect's master authentication is not a mechanism and has its own
//! file.

use super::capabilities::{Capabilities, Offer};
use super::command::{Command, ReadOnly};
use super::connect::{Greeted, ask_capabilities};
use super::error::{ImapError, Whose};
use super::imap_crate;
use super::kerio_master::{self, MasterPassword};
use super::quirks::Known;
use super::reader::Reader;
use super::response::{Condition, Status};
use super::sasl::{Bearer, Plain};
use super::transport::LineHandle;
use super::wire::Wire;
use crate::domain::{MailServerFault, Secret};
use crate::network::Interrupter;
use std::sync::Arc;
use std::time::Instant;

/// How to sign in.
#[derive(Debug, Clone)]
pub enum SignIn {
    /// With the person's name and password.
    Password {
        /// The name.
        user: String,
        /// The password.
        password: Secret,
    },
    /// With the password of a master user, under one name that holds both: Dovecot's `ann@example.com*master`.
    MasterUser {
        /// The composed name.
        name: String,
        /// The master user's password.
        password: Secret,
    },
    /// As an administrator who asks for another's mailbox: PLAIN with an authorization identity (RFC 4616).
    Authorization {
        /// Whose mailbox.
        user: String,
        /// Whose password.
        administrator: String,
        /// The administrator's password.
        password: Secret,
    },
    /// With Kerio Connect's master password (X-MASTERAUTH, X-SETUSER).
    KerioMaster {
        /// Whose mailbox.
        user: String,
        /// The master password.
        password: Arc<MasterPassword>,
    },
    /// With a bearer token: OAUTHBEARER (RFC 7628) or XOAUTH2, whichever the server offers.
    Token {
        /// Whose mailbox.
        user: String,
        /// The token.
        token: Secret,
    },
}

/// A signed-in session, before it becomes a reader or a writer.
pub struct Session {
    wire: Wire,
}

impl Greeted {
    /// Signs in, and learns the capabilities again, because many servers announce others afterwards.
    pub fn sign_in(self, sign_in: &SignIn) -> Result<Session, ImapError> {
        self.check_cleartext()?;
        let known = Known::at(&self.host, &self.wire.capabilities);
        self.talk(sign_in).map_err(|error| error.explained_by(known))
    }

    fn talk(self, sign_in: &SignIn) -> Result<Session, ImapError> {
        let learned = self.wire.learned.clone();
        let announced = self.wire.capabilities.clone();
        let wants_name = Known::at(&self.host, &announced).is_some_and(Known::wants_name);
        let begun = Instant::now();
        let mut wire = match sign_in {
            SignIn::Password { user, password } => with_password(self.wire, user, password, Whose::Person)?,
            SignIn::MasterUser { name, password } => with_password(self.wire, name, password, Whose::Master)?,
            SignIn::Authorization { user, administrator, password } => {
                if !self.wire.capabilities.offers(Offer::ForOthers) {
                    return Err(ImapError::WayNotOffered(MailServerFault::NotForOthers));
                }
                let plain = Plain { authorization: user, authentication: administrator, password };
                through_crate(self.wire, Whose::Master, |handle| imap_crate::authenticate(handle, &plain))?
            }
            SignIn::KerioMaster { user, password } => kerio_master::sign_in(self.wire, user, password)?,
            SignIn::Token { user, token } => with_token(self, user, token)?,
        };
        let took = begun.elapsed();
        wire.learned = learned;
        if wire.capabilities.is_empty() {
            ask_capabilities(&mut wire)?;
        }
        if wire.capabilities.is_empty() {
            wire.capabilities = announced;
        }
        // Such a server refuses everything else before this (RFC 6855, section 6). All others understand us without it.
        if wire.capabilities.has("UTF8=ONLY") {
            wire.run_ok(&ReadOnly::EnableUtf8.command(), &mut |_| {})?;
            wire.utf8 = true;
        }
        wire.signed_in_within = Some(took);
        // NetEase opens no folder on a connection whose client has not named its program. It costs no round trip: nobody waits for the
        // answer.
        if wants_name || wire.capabilities.has("ID") {
            wire.send(&ReadOnly::Id.command())?;
        }
        Ok(Session { wire })
    }
}

impl Session {
    /// A handle that cuts the connection from another thread.
    pub fn interrupter(&self) -> Interrupter {
        self.wire.interrupter()
    }

    /// The session as one that can only read.
    pub fn into_reader(self) -> Reader {
        Reader::new(self.wire)
    }
}

/// LOGIN if the server allows it and a quoted string can hold name and password; otherwise whatever else is offered.
fn with_password(wire: Wire, user: &str, password: &Secret, whose: Whose) -> Result<Wire, ImapError> {
    let plain = wire.capabilities.has("AUTH=PLAIN");
    let login = !wire.capabilities.has("LOGINDISABLED");
    let quotable = super::command::quoted(password.reveal().as_bytes()).is_some()
        && super::command::quoted(user.as_bytes()).is_some();
    if login && quotable {
        through_crate(wire, whose, |handle| imap_crate::login(handle, user, password))
    } else if plain {
        let plain = Plain { authorization: "", authentication: user, password };
        through_crate(wire, whose, |handle| imap_crate::authenticate(handle, &plain))
    } else if login {
        login_with_literals(wire, user, password, whose)
    } else {
        Err(ImapError::NoSignIn)
    }
}

/// OAUTHBEARER, which is the standard, if it is offered; else XOAUTH2.
fn with_token(greeted: Greeted, user: &str, token: &Secret) -> Result<Wire, ImapError> {
    let capabilities = &greeted.wire.capabilities;
    let bearer = if capabilities.has("AUTH=OAUTHBEARER") {
        Bearer::oauthbearer(user, token, &greeted.host, greeted.port)
    } else if capabilities.has("AUTH=XOAUTH2") {
        Bearer::xoauth2(user, token)
    } else {
        return Err(ImapError::WayNotOffered(MailServerFault::NoTokens));
    };
    let answered = through_crate(greeted.wire, Whose::Token, |handle| imap_crate::authenticate(handle, &bearer));
    answered.map_err(|error| match (error, bearer.refusal()) {
        (ImapError::SignInRefused { status, whose }, Some(why)) => {
            let text = if status.text.is_empty() { why } else { format!("{why}; {}", status.text) };
            ImapError::SignInRefused { status: Status { text, ..status }, whose }
        }
        (error, _) => error,
    })
}

/// Lends the connection to the `imap` crate for one sign-in. The server's last line counts, not what the crate makes of it.
fn through_crate(wire: Wire, whose: Whose, talk: impl FnOnce(LineHandle)) -> Result<Wire, ImapError> {
    let handle = LineHandle::lend(wire.into_transport());
    // The first line of a handle is a greeting and passes unfiltered; this connection has had its greeting.
    handle.after_greeting();
    let lent = handle.clone();
    log::debug!(target: "imap", "signing in");
    // A panic counts as an unfinished exchange.
    let _ = imap_crate::caught(move || talk(lent));
    let (line, complaint) = (handle.last_line(), handle.complaint());
    let transport = handle.take_back().ok_or(ImapError::Closed)?;
    let Some(words) = line.iter().position(|&octet| octet == b' ').map(|space| &line[space + 1..]) else {
        return Err(ImapError::Closed);
    };
    match Status::parse(words) {
        Some(status) if line.starts_with(b"* ") => Err(ImapError::Bye(Wire::new(transport).rest_after_bye(status))),
        Some(status) if status.condition == Condition::Ok => {
            let mut wire = Wire::new(transport);
            wire.capabilities = Capabilities::in_code(&status).unwrap_or_default();
            Ok(wire)
        }
        Some(status) => {
            // Gmail gives the address of a page to open in an untagged answer before the refusal.
            let status = complaint.map_or(status.clone(), |complaint| complaint.and(&status));
            Err(ImapError::SignInRefused { status, whose })
        }
        None => Err(ImapError::Closed),
    }
}

/// LOGIN for names and passwords that no quoted string can hold.
fn login_with_literals(mut wire: Wire, user: &str, password: &Secret, whose: Whose) -> Result<Wire, ImapError> {
    match wire.run(&login(user, password), &mut |_| {}) {
        Ok(status) if status.condition == Condition::Ok => {
            wire.capabilities = Capabilities::in_code(&status).unwrap_or_default();
            Ok(wire)
        }
        Ok(status) | Err(ImapError::Refused { status, .. }) => Err(ImapError::SignInRefused { status, whose }),
        Err(error) => Err(error),
    }
}

fn login(user: &str, password: &Secret) -> Command {
    Command::new("LOGIN").string(user.as_bytes()).string(password.reveal().as_bytes()).secret()
}

#[cfg(test)]
mod tests {
    use super::super::scripted::scripted;
    use super::*;

    #[test]
    fn a_panic_of_the_crate_is_a_lost_connection() {
        let answered = through_crate(scripted(b"").unwrap(), Whose::Person, |_| panic!("as the crate may do"));
        assert!(matches!(answered, Err(ImapError::Closed)));
    }

    #[test]
    fn what_is_sent_to_sign_in_is_not_in_the_log() {
        let said = login("f\u{fc}r@example.com", &Secret::new("open sesame")).log_text();
        assert!(said.contains("LOGIN") && !said.contains("sesame") && !said.contains("example"), "{said}");
    }
}
