//! From an address to a greeted session: TCP, TLS or STARTTLS, greeting, capabilities. No secret is sent here.

use super::capabilities::Capabilities;
use super::command::{Command, ReadOnly};
use super::error::ImapError;
use super::imap_crate;
use super::kerio_master;
use super::quirks::Known;
use super::response::{Condition, Status, printable};
use super::token::Tokens;
use super::transport::{LineHandle, Transport};
use super::wire::{Learned, Wire};
use crate::domain::{MailServerFault, Note, Security, Side, foreign_without_secrets};
use crate::network::{Interrupter, Limits, NetworkError, Proxy, RateLimit, Stream, Trust, Watch, dial, dial_measuring};
use std::net::TcpStream;
use std::time::Instant;

/// Where a mail server is, and which certificate to trust there.
#[derive(Debug, Clone)]
pub struct Endpoint {
    /// Which of the run's servers.
    pub side: Side,
    /// DNS name or IP address.
    pub host: String,
    /// The port.
    pub port: u16,
    /// How the connection is protected.
    pub security: Security,
    /// The certificates to trust.
    pub trust: Trust,
    /// The proxy to go through, if there is one.
    pub proxy: Option<Proxy>,
    /// The speed limit of all connections together.
    pub rate: Option<RateLimit>,
    /// What was learned about the server so far.
    pub learned: Learned,
    /// Time limits.
    pub limits: Limits,
    /// Whether the user agreed to passwords in clear text.
    pub cleartext_allowed: bool,
    /// Watches the connections, and may cut them.
    pub watch: Option<Watch>,
}

/// A session before its sign-in.
pub struct Greeted {
    pub(super) wire: Wire,
    product: String,
    cleartext_refused: bool,
    /// Where the server is, which OAUTHBEARER sends.
    pub(super) host: String,
    pub(super) port: u16,
}

/// Connects, encrypts, and reads the capabilities.
pub fn connect(endpoint: &Endpoint) -> Result<Greeted, ImapError> {
    let Endpoint { host, port, proxy, limits, trust, rate, .. } = endpoint;
    let (tcp, round_trip) = dial_measuring(host, *port, proxy.as_ref(), limits)?;
    let handle = Interrupter::setting_up(&tcp);
    let mut watched: Vec<_> = endpoint.watch.iter().map(|watch| (watch.0)(handle.clone())).collect();
    let mut dial = || {
        let tcp = dial(host, *port, proxy.as_ref(), limits)?;
        watched.extend(endpoint.watch.iter().map(|watch| (watch.0)(handle.in_place(&tcp))));
        Ok(tcp)
    };
    let (mut wire, product) = match endpoint.security {
        Security::Plain => greet(Stream::plain(tcp).limited(rate.clone()).watched_by(&handle))?,
        Security::Tls => greet(Stream::secure(tcp, host, trust, &mut dial)?.limited(rate.clone()).watched_by(&handle))?,
        Security::StartTls => {
            let (tcp, product) = before_encryption(tcp)?;
            let mut again = || {
                let fresh = dial()?;
                before_encryption(fresh).map(|(tcp, _)| tcp).map_err(|error| NetworkError::TlsFailed(error.to_string()))
            };
            let stream = Stream::secure(tcp, host, trust, &mut again)?.limited(rate.clone()).watched_by(&handle);
            // Nothing that was said before the encryption counts (RFC 9051, section 6.2.1).
            (Wire::new(Transport::new(stream)), product)
        }
    };
    round_trip.into_iter().for_each(|took| endpoint.learned.note_round_trip(took));
    handle.is_set_up();
    wire.learned = endpoint.learned.clone();
    wire.hold(watched);
    let cleartext_refused = endpoint.security == Security::Plain && !endpoint.cleartext_allowed && !is_loopback(host);
    let mut greeted = Greeted { wire, product, cleartext_refused, host: host.clone(), port: *port };
    if greeted.wire.capabilities.is_empty() {
        ask_capabilities(&mut greeted.wire)?;
    }
    Ok(greeted)
}

impl Greeted {
    /// What the server calls itself, made printable.
    pub fn product(&self) -> &str {
        &self.product
    }

    /// The capabilities before the sign-in.
    pub fn capabilities(&self) -> &Capabilities {
        &self.wire.capabilities
    }

    /// What a known server does with passwords, whatever it offers.
    pub fn known_about_passwords(&self) -> Option<Note> {
        Known::at(&self.host, &self.wire.capabilities).map(Known::about_passwords)
    }

    /// Whether Kerio Connect's master authentication is switched on. No capability shows it, so this asks for a challenge and ends the
    /// connection without answering it.
    pub fn offers_kerio_master(self) -> Result<bool, ImapError> {
        kerio_master::is_offered(self.wire)
    }

    /// Whether a password may be sent over this connection.
    pub(super) fn check_cleartext(&self) -> Result<(), ImapError> {
        if self.cleartext_refused { Err(ImapError::CleartextPassword) } else { Ok(()) }
    }
}

fn is_loopback(host: &str) -> bool {
    crate::domain::ServerAddress { host: host.to_owned(), port: None }.is_loopback()
}

/// Reads the greeting through the `imap` crate.
fn greet(stream: Stream) -> Result<(Wire, String), ImapError> {
    let handle = LineHandle::lend(Transport::new(stream));
    let crate_handle = handle.clone();
    let line = match imap_crate::caught(move || imap_crate::greeting(crate_handle)) {
        Some(Ok(line)) => line,
        Some(Err(words)) if handle.last_line().is_empty() => {
            return Err(ImapError::Protocol(MailServerFault::NoGreeting { why: words }));
        }
        Some(Err(_)) | None => handle.last_line(),
    };
    let transport = handle.take_back().ok_or(ImapError::Closed)?;
    let status = check_greeting(&line)?;
    let mut wire = Wire::new(transport);
    wire.capabilities = Capabilities::in_code(&status).unwrap_or_default();
    Ok((wire, product(&status.text)))
}

fn check_greeting(line: &[u8]) -> Result<Status, ImapError> {
    let status = line.strip_prefix(b"* ").and_then(Status::parse).ok_or_else(|| {
        let words = printable(&String::from_utf8_lossy(line)).chars().take(80).collect();
        ImapError::Protocol(MailServerFault::FirstWords { words })
    })?;
    match status.condition {
        Condition::Ok => Ok(status),
        Condition::Bye => Err(ImapError::Bye(status)),
        // Signed in as whom? Mail could be read from, or written to, another person's mailbox.
        _ => Err(ImapError::Protocol(MailServerFault::SignsInUnasked)),
    }
}

/// The greeting without the words every server says.
fn product(text: &str) -> String {
    let words: Vec<&str> = text
        .split_whitespace()
        .take_while(|word| !word.to_ascii_lowercase().starts_with("imap4"))
        .filter(|word| !matches!(word.to_ascii_lowercase().trim_end_matches(['.', ',']), "ready" | "server"))
        .collect();
    let name = words.join(" ");
    // Secrets go before the name is shortened, which could leave half of one.
    let name: String = foreign_without_secrets(&name).chars().take(60).collect();
    if name.is_empty() { "IMAP server".to_owned() } else { name.trim_end_matches('.').to_owned() }
}

/// Talks in clear up to the point where TLS starts. Never continues without encryption.
fn before_encryption(tcp: TcpStream) -> Result<(TcpStream, String), ImapError> {
    let (mut wire, product) = greet(Stream::plain(tcp))?;
    if wire.capabilities.is_empty() {
        ask_capabilities(&mut wire)?;
    }
    if !wire.capabilities.has("STARTTLS") {
        return Err(ImapError::EncryptionRefused(MailServerFault::StarttlsNotOffered));
    }
    let status = wire.run(&Command::new("STARTTLS"), &mut |_| {})?;
    if status.condition != Condition::Ok {
        return Err(ImapError::EncryptionRefused(MailServerFault::StarttlsRefused { words: status.text }));
    }
    let transport = wire.into_transport();
    if transport.has_unread() {
        // Somebody on the way injected commands before the encryption (RFC 9051, section 11.1; CVE-2011-0411).
        return Err(ImapError::EncryptionRefused(MailServerFault::DataBeforeEncryption));
    }
    let encrypted = || ImapError::EncryptionRefused(MailServerFault::EncryptedAlready);
    transport.into_stream().into_plain().map(|tcp| (tcp, product)).ok_or_else(encrypted)
}

/// Asks for the capabilities. Known ones stay if the server refuses: Interia refuses CAPABILITY until IMAP is switched on.
pub(super) fn ask_capabilities(wire: &mut Wire) -> Result<(), ImapError> {
    let mut words = String::new();
    let asked = Instant::now();
    let answered = wire.run_ok(&ReadOnly::Capability.command(), &mut |pieces| {
        let mut tokens = Tokens::new(pieces);
        if tokens.next().is_some_and(|token| token.is("CAPABILITY")) {
            words = String::from_utf8_lossy(tokens.rest_of_line()).into_owned();
        }
    });
    match answered {
        Ok(_) => wire.capabilities = Capabilities::parse(&words),
        Err(error @ ImapError::Refused { .. }) if !error.is_connection() => log::debug!(target: "imap", "{error}"),
        Err(error) => return Err(error),
    }
    wire.learned.note_round_trip(asked.elapsed());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_greeting_becomes_a_products_name() {
        let name = |line: &str| product(&check_greeting(line.as_bytes()).unwrap().text);
        assert_eq!(name("* OK Kerio Connect 8.5.1 IMAP4rev1 server ready"), "Kerio Connect 8.5.1");
        assert_eq!(name("* OK [CAPABILITY IMAP4rev1] Dovecot ready."), "Dovecot");
        assert_eq!(name("* OK IMAP4rev1 server ready"), "IMAP server");
        assert!(check_greeting(b"* PREAUTH hello").is_err() && check_greeting(b"SSH-2.0-x").is_err());
        assert!(matches!(check_greeting(b"* BYE too many"), Err(ImapError::Bye(_))));
    }
}
