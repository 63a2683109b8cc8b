//! The `imap` crate, which only this file names: it reads the greeting, and speaks LOGIN and AUTHENTICATE.
//!
//! - It asserts and unwraps in places that a server can reach: a panic of the crate is [`caught`].
//! - It gets a handle that gives it one line at a time, so that nothing is left in its buffer; see `transport`.

use super::transport::LineHandle;
use crate::domain::Secret;
use std::panic::{AssertUnwindSafe, catch_unwind};
use zeroize::Zeroizing;

/// What a client says in a SASL exchange (RFC 4422).
pub(super) trait Exchange {
    /// The mechanism's name.
    fn mechanism(&self) -> &'static str;
    /// The client's answer to the next challenge.
    fn answer(&self, challenge: &[u8]) -> Zeroizing<Vec<u8>>;
}

/// What the crate does, or none if it panicked.
pub(super) fn caught<T>(talk: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(talk)).ok()
}

/// Reads the greeting; the error is the crate's words.
pub(super) fn greeting(handle: LineHandle) -> Result<Vec<u8>, String> {
    imap::Client::new(handle).read_greeting().map_err(|error| error.to_string())
}

/// LOGIN. What the server answered is the handle's last line.
pub(super) fn login(handle: LineHandle, user: &str, password: &Secret) {
    let _ = imap::Client::new(handle).login(user, password.reveal());
}

/// AUTHENTICATE. What the server answered is the handle's last line.
pub(super) fn authenticate(handle: LineHandle, exchange: &dyn Exchange) {
    let _ = imap::Client::new(handle).authenticate(exchange.mechanism(), &Authenticator(exchange));
}

struct Authenticator<'a>(&'a dyn Exchange);

impl imap::Authenticator for Authenticator<'_> {
    type Response = Zeroizing<Vec<u8>>;

    fn process(&self, challenge: &[u8]) -> Self::Response {
        self.0.answer(challenge)
    }
}
