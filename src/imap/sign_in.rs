//! Signing in, through the `imap` crate's LOGIN and AUTHENTICATE, and the session that comes of it.
//!
//! LOGIN is preferred, because it takes one round trip; AUTHENTICATE PLAIN takes the names and passwords that no quoted string can
//! hold; CRAM-MD5 is never used, because servers offer it and then refuse users whose password they keep only as a hash.

use super::capabilities::Capabilities;
use super::command::Command;
use super::connect::{Greeted, ask_capabilities};
use super::error::ImapError;
use super::reader::Reader;
use super::response::{Condition, Status};
use super::transport::LineHandle;
use super::wire::Wire;
use crate::domain::Secret;
use crate::network::Interrupter;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// How to sign in.
#[derive(Debug, Clone)]
pub enum SignIn {
    /// With a name and a password.
    Password {
        /// The name.
        user: String,
        /// The password.
        password: Secret,
    },
}

/// A signed-in session, not yet given to a side.
pub struct Session {
    wire: Wire,
}

impl Greeted {
    /// Signs in. Capabilities are learned anew, because many servers have others afterwards.
    pub fn sign_in(self, sign_in: &SignIn) -> Result<Session, ImapError> {
        self.check_cleartext()?;
        let SignIn::Password { user, password } = sign_in;
        let plain = self.wire.capabilities.has("AUTH=PLAIN");
        let login = !self.wire.capabilities.has("LOGINDISABLED");
        let quotable = super::command::quoted(password.reveal().as_bytes()).is_some()
            && super::command::quoted(user.as_bytes()).is_some();
        let mut wire = if login && quotable {
            through_crate(self.wire, |client| client.login(user, password.reveal()).is_ok())?
        } else if plain {
            through_crate(self.wire, |client| authenticate(client, user, password))?
        } else if login {
            login_with_literals(self.wire, user, password)?
        } else {
            return Err(ImapError::NoSignIn);
        };
        if wire.capabilities.is_empty() {
            ask_capabilities(&mut wire)?;
        }
        Ok(Session { wire })
    }
}

impl Session {
    /// Cuts the line from another thread.
    pub fn interrupter(&self) -> Interrupter {
        self.wire.interrupter()
    }

    /// The session as one that can only read.
    pub fn into_reader(self) -> Reader {
        Reader::new(self.wire)
    }
}

/// SASL PLAIN (RFC 4616).
struct Plain<'a>(&'a str, &'a Secret);

impl imap::Authenticator for Plain<'_> {
    type Response = zeroize::Zeroizing<Vec<u8>>;

    fn process(&self, _challenge: &[u8]) -> Self::Response {
        zeroize::Zeroizing::new([b"\0", self.0.as_bytes(), b"\0", self.1.reveal().as_bytes()].concat())
    }
}

fn authenticate(client: imap::Client<LineHandle>, user: &str, password: &Secret) -> bool {
    client.authenticate("PLAIN", &Plain(user, password)).is_ok()
}

/// Lends the line to the `imap` crate for one sign-in. What counts is the server's last line, not the crate's opinion of it.
fn through_crate(wire: Wire, talk: impl FnOnce(imap::Client<LineHandle>) -> bool) -> Result<Wire, ImapError> {
    let handle = LineHandle::lend(wire.into_transport());
    // The handle hands out the greeting unfiltered; there is none any more.
    handle.after_greeting();
    let lent = handle.clone();
    log::debug!(target: "imap", "signing in");
    // The crate unwraps in places that a server can reach.
    let _ = catch_unwind(AssertUnwindSafe(move || talk(imap::Client::new(lent))));
    let line = handle.last_line();
    let transport = handle.take_back().ok_or(ImapError::Closed)?;
    let Some(words) = line.iter().position(|&octet| octet == b' ').map(|space| &line[space + 1..]) else {
        return Err(ImapError::Closed);
    };
    match Status::parse(words) {
        Some(status) if line.starts_with(b"* ") => Err(ImapError::Bye(status)),
        Some(status) if status.condition == Condition::Ok => {
            let mut wire = Wire::new(transport);
            wire.capabilities = Capabilities::told(&status).unwrap_or_default();
            Ok(wire)
        }
        Some(status) => Err(ImapError::SignInRefused { status }),
        None => Err(ImapError::Closed),
    }
}

/// LOGIN for names and passwords that no quoted string can hold.
fn login_with_literals(mut wire: Wire, user: &str, password: &Secret) -> Result<Wire, ImapError> {
    let command = Command::new("LOGIN").string(user.as_bytes()).string(password.reveal().as_bytes()).secret();
    match wire.run(&command, &mut |_| {}) {
        Ok(status) if status.condition == Condition::Ok => {
            wire.capabilities = Capabilities::told(&status).unwrap_or_default();
            Ok(wire)
        }
        Ok(status) | Err(ImapError::Refused { status, .. }) => Err(ImapError::SignInRefused { status }),
        Err(error) => Err(error),
    }
}
