//! The forms of page 1: the connection to a server with its protection, and the administrator. Each validates itself.

use crate::domain::{Security, ServerAddress};
use zeroize::Zeroizing;

/// The connection to an IMAP server, as filled in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Connection {
    /// The address as typed, possibly with a port.
    pub address: String,
    /// The port as typed in its own field; one in the address takes precedence.
    pub port: String,
    /// Use SSL.
    pub ssl: bool,
    /// A test found that the server does not offer STARTTLS.
    pub starttls_refused: bool,
    /// The user agreed that passwords cross the network in clear text.
    pub agreed: bool,
}

impl Default for Connection {
    fn default() -> Self {
        Self { address: String::new(), port: String::new(), ssl: true, starttls_refused: false, agreed: false }
    }
}

impl Connection {
    /// The address with its port, if both can be read.
    pub fn parsed(&self) -> Option<ServerAddress> {
        let mut address = ServerAddress::parse(&self.address).ok()?;
        if address.port.is_none() && !self.port.trim().is_empty() {
            address.port = self.port.trim().parse().ok().filter(|&port| port > 0);
        }
        Some(address)
    }

    /// The server as a migration's record names it, if the address can be read.
    pub fn typed(&self) -> Option<String> {
        self.parsed().map(|address| address.to_string())
    }

    /// How the connection is protected. Without SSL it is STARTTLS. It is clear text only if a test found no STARTTLS and either the user
    /// agreed or the server is this computer.
    pub fn security(&self) -> Security {
        let clear = self.starttls_refused && (self.agreed || self.is_loopback());
        match (self.ssl, clear) {
            (true, _) => Security::Tls,
            (false, true) => Security::Plain,
            (false, false) => Security::StartTls,
        }
    }

    /// Whether the connection needs the user's consent to clear text, given or not.
    pub fn must_agree(&self) -> bool {
        self.starttls_refused && !self.ssl && !self.is_loopback()
    }

    /// Whether the user was asked about clear text on this connection, and agreed.
    pub fn clear_agreed(&self) -> bool {
        self.must_agree() && self.agreed
    }

    /// The port on which such a server usually listens.
    pub fn usual_port(&self) -> u16 {
        self.security().default_port()
    }

    /// Forgets what holds only for the previous address.
    pub fn forget(&mut self) {
        self.starttls_refused = false;
        self.agreed = false;
    }

    /// What is wrong with the address; an empty one counts only if `empty_too`.
    pub fn address_wrong(&self, empty_too: bool) -> Option<String> {
        let typed = !self.address.trim().is_empty();
        ServerAddress::parse(&self.address).err().filter(|_| typed || empty_too)
    }

    /// What is wrong with the port in its own field.
    pub fn port_wrong(&self) -> Option<String> {
        port_wrong(&self.port)
    }

    /// Whether anything is wrong.
    pub fn wrong(&self) -> Option<String> {
        self.address_wrong(true).or_else(|| self.port_wrong())
    }

    fn is_loopback(&self) -> bool {
        ServerAddress::parse(&self.address).is_ok_and(|address| address.is_loopback())
    }
}

/// Kerio Connect's administrator, as filled in.
#[derive(Debug, Clone, Default)]
pub struct Administrator {
    /// The name.
    pub name: String,
    /// The password; it is wiped with the page and never saved.
    pub password: Zeroizing<String>,
    /// The administration port as typed.
    pub port: String,
}

impl Administrator {
    /// The usual port of Kerio Connect's administration.
    pub const USUAL_PORT: u16 = 4040;

    /// What is wrong with the name.
    pub fn name_wrong(&self) -> Option<&'static str> {
        self.name.trim().is_empty().then_some("Type the name of Kerio Connect's administrator.")
    }

    /// What is wrong with the password. An empty one is never sent: it would count as a refused sign-in, and Kerio Connect blocks the
    /// account after a few.
    pub fn password_wrong(&self) -> Option<&'static str> {
        self.password.is_empty().then_some("Type the password; it is not remembered.")
    }

    /// What is wrong with the port.
    pub fn port_wrong(&self) -> Option<String> {
        port_wrong(&self.port)
    }

    /// Whether anything is wrong.
    pub fn is_wrong(&self) -> bool {
        self.name_wrong().is_some() || self.password_wrong().is_some() || self.port_wrong().is_some()
    }

    /// The port, if one was typed.
    pub fn port(&self) -> Option<u16> {
        self.port.trim().parse().ok()
    }
}

fn port_wrong(text: &str) -> Option<String> {
    let text = text.trim();
    let fine = text.is_empty() || text.parse::<u16>().is_ok_and(|port| port > 0);
    (!fine).then(|| format!("'{text}' is not a port number (1 to 65535)."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clear_text_needs_a_refusal_and_consent_unless_the_server_is_this_computer() {
        let mut connection = Connection { address: "mail.example.com".into(), ssl: false, ..Connection::default() };
        assert_eq!(connection.security(), Security::StartTls);
        connection.agreed = true;
        assert_eq!(connection.security(), Security::StartTls);
        connection.starttls_refused = true;
        assert_eq!((connection.security(), connection.clear_agreed()), (Security::Plain, true));
        connection.agreed = false;
        assert_eq!((connection.security(), connection.must_agree()), (Security::StartTls, true));
        connection.address = "127.0.0.1:1143".into();
        assert_eq!((connection.security(), connection.must_agree()), (Security::Plain, false));
        connection.ssl = true;
        assert_eq!(connection.security(), Security::Tls);
    }

    #[test]
    fn a_port_in_the_address_comes_before_the_one_in_its_own_field() {
        let connection =
            Connection { address: "mail.example.com".into(), port: " 1993 ".into(), ..Connection::default() };
        assert_eq!(connection.parsed().unwrap().port, Some(1993));
        let connection = Connection { address: "mail.example.com:2993".into(), ..connection };
        assert_eq!(connection.parsed().unwrap().port, Some(2993));
        assert!(Connection { port: "70000".into(), ..connection }.wrong().is_some());
    }
}
