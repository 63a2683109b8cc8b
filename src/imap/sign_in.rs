//! Signing in, through the `imap` crate's LOGIN and AUTHENTICATE, and the session that comes of it.
//!
//! AUTHENTICATE PLAIN is preferred, because it takes any password; LOGIN follows; CRAM-MD5 never, because servers offer it and then
//! refuse users whose password they keep only as a hash.

use super::command::{Command, ReadOnly};
use super::connect::{Greeted, ask_capabilities};
use super::error::ImapError;
use super::reader::Reader;
use super::response::{Condition, Status};
use super::token::Tokens;
use super::transport::LineHandle;
use super::wire::Wire;
use super::writer::Writer;
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
    product: String,
}

impl Greeted {
    /// Signs in. Capabilities are asked anew afterwards, because many servers have others then.
    pub fn sign_in(self, sign_in: &SignIn) -> Result<Session, ImapError> {
        self.check_cleartext()?;
        let SignIn::Password { user, password } = sign_in;
        let mut product = self.product().to_owned();
        let plain = self.wire.capabilities.has("AUTH=PLAIN");
        let login = !self.wire.capabilities.has("LOGINDISABLED");
        let quotable = super::command::quoted(password.reveal().as_bytes()).is_some()
            && super::command::quoted(user.as_bytes()).is_some();
        let mut wire = if plain {
            through_crate(self.wire, |client| authenticate(client, user, password))?
        } else if login && quotable {
            through_crate(self.wire, |client| client.login(user, password.reveal()).is_ok())?
        } else if login {
            login_with_literals(self.wire, user, password)?
        } else {
            return Err(ImapError::NoSignIn);
        };
        ask_capabilities(&mut wire)?;
        if wire.capabilities.has("ID") {
            product = ask_name(&mut wire)?.unwrap_or(product);
        }
        Ok(Session { wire, product })
    }
}

impl Session {
    /// What the server calls itself.
    pub fn product(&self) -> &str {
        &self.product
    }

    /// Cuts the line from another thread.
    pub fn interrupter(&self) -> Interrupter {
        self.wire.interrupter()
    }

    /// The session as one that can only read.
    pub fn into_reader(self) -> Reader {
        Reader::new(self.wire)
    }

    /// The session as one that can write, for a target.
    pub fn into_writer(self) -> Writer {
        Writer::new(Reader::new(self.wire))
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
    let capabilities = wire.capabilities.clone();
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
            wire.capabilities = capabilities;
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
        Ok(status) if status.condition == Condition::Ok => Ok(wire),
        Ok(status) | Err(ImapError::Refused { status, .. }) => Err(ImapError::SignInRefused { status }),
        Err(error) => Err(error),
    }
}

/// ID (RFC 2971): what the server calls itself, and in what version.
fn ask_name(wire: &mut Wire) -> Result<Option<String>, ImapError> {
    let mut found = None;
    let status = wire.run(&ReadOnly::Id.command(), &mut |pieces| {
        let mut tokens = Tokens::new(pieces);
        if !tokens.next().is_some_and(|token| token.is("ID")) {
            return;
        }
        let texts: Vec<String> = tokens
            .take(60)
            .filter_map(|token| token.text().map(|text| String::from_utf8_lossy(text).trim().to_owned()))
            .collect();
        let value = |key: &str| {
            texts.chunks(2).find(|pair| pair[0].eq_ignore_ascii_case(key)).and_then(|pair| pair.get(1)).cloned()
        };
        found = value("name").map(|name| match value("version") {
            Some(version) => format!("{name} {version}"),
            None => name,
        });
    })?;
    log::debug!(target: "imap", "ID: {status}");
    Ok(found.map(|name| super::response::printable(&name).chars().take(60).collect()))
}
