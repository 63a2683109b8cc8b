//! What the administration stand-in needs from the mail store behind it: the embedded IMAP server, or a real Dovecot in tests.

use std::io;

/// The two services of Kerio Connect that speak IMAP (docs/kerio-connect.md, B24).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ImapService {
    /// `IMAP`, default port 143: clear greeting, STARTTLS.
    Imap,
    /// `Secure IMAP`, default port 993: TLS from the first byte.
    SecureImap,
}

/// How much mail an account has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Used {
    /// The number of messages.
    pub messages: u64,
    /// Their size in bytes.
    pub bytes: u64,
}

/// A mail store whose accounts and listeners can be changed while it runs.
pub trait MailService: Send + Sync {
    /// Creates an account that can sign in at once. `names` are all its sign-in names, the full address first.
    fn create_user(&self, names: &[String], password: &str) -> io::Result<()>;

    /// How much mail the account with this name has; none if the store cannot say.
    fn used(&self, _name: &str) -> Option<Used> {
        None
    }

    /// Starts listening on a loopback port, 0 for a free one. Returns the port.
    fn listen(&self, service: ImapService, port: u16) -> io::Result<u16>;

    /// Stops listening on a port; open connections continue.
    fn stop_listening(&self, service: ImapService, port: u16);
}
