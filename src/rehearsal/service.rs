//! What the administration stand-in needs of the mail store behind it: the embedded IMAP server has it, and in tests a real Dovecot.

use std::io;

/// The two services of Kerio Connect that speak IMAP (docs/kerio-connect.md, B24).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ImapService {
    /// `IMAP`, default port 143: clear greeting, STARTTLS.
    Imap,
    /// `Secure IMAP`, default port 993: TLS from the first byte.
    SecureImap,
}

/// The mail that an account has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Used {
    /// The number of messages.
    pub messages: u64,
    /// Their size in bytes.
    pub bytes: u64,
}

/// A mail store with accounts and listeners that can be changed while it runs.
pub trait MailService: Send + Sync {
    /// Makes an account that can sign in from now on. `names` are all its sign-in names; the first is the full address.
    fn create_user(&self, names: &[String], password: &str) -> io::Result<()>;

    /// The mail that the account of this name has; none where the store does not say.
    fn used(&self, _name: &str) -> Option<Used> {
        None
    }

    /// Begins to listen on a loopback port; port 0 takes a free one. Returns the port.
    fn listen(&self, service: ImapService, port: u16) -> io::Result<u16>;

    /// Ends listening on a port; open connections continue.
    fn stop_listening(&self, service: ImapService, port: u16);
}
