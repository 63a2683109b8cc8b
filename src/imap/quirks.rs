//! Facts about certain servers beyond the protocol that change what the program does or reports. One row each, and only what is used.
//!
//! A server is recognised by a capability where there is one, otherwise by its host name: anyone can copy a greeting.

use super::capabilities::Capabilities;
use crate::domain::{Note, ProblemKind};

/// A known server.
struct Quirk {
    /// The capability that identifies it; empty if there is none.
    capability: &'static str,
    /// The domains that identify it.
    domains: &'static [&'static str],
    /// What a refused password means there, if it is another problem.
    refusal: Option<ProblemKind>,
    /// What to do about a refused password.
    password: Note,
    /// What is known about its limit of connections.
    connections: Option<Note>,
    /// Whether it wants to know the client's program (ID, RFC 2971), although it may not announce that.
    wants_name: bool,
}

const QUIRKS: [Quirk; 6] = [
    // support.google.com/mail/answer/7126229 (15 connections), answer/185833 (app passwords).
    Quirk {
        capability: "X-GM-EXT-1",
        domains: &["gmail.com", "googlemail.com"],
        refusal: None,
        password: Note::GmailPasswords,
        connections: Some(Note::GmailConnections),
        wants_name: false,
    },
    // Basic authentication ended in 2022: learn.microsoft.com, "Deprecation of Basic authentication in Exchange Online".
    Quirk {
        capability: "",
        domains: &["office365.com", "outlook.com", "office.com"],
        refusal: Some(ProblemKind::SignInNotOffered),
        password: Note::MicrosoftPasswords,
        connections: None,
        wants_name: false,
    },
    Quirk {
        capability: "",
        domains: &["yahoo.com", "yahoo.co.jp", "aol.com"],
        refusal: None,
        password: Note::YahooPasswords,
        connections: Some(Note::YahooConnections),
        wants_name: false,
    },
    Quirk {
        capability: "",
        domains: &["mail.me.com", "icloud.com"],
        refusal: None,
        password: Note::IcloudPasswords,
        connections: None,
        wants_name: false,
    },
    Quirk {
        capability: "",
        domains: &["gmx.net", "gmx.com", "gmx.de", "web.de", "t-online.de"],
        refusal: None,
        password: Note::ImapSwitchedOff,
        connections: None,
        wants_name: false,
    },
    // NetEase: "NO EXAMINE Unsafe Login. Please contact the provider for help" on every connection that has not sent ID.
    Quirk {
        capability: "X-CM-EXT-1",
        domains: &["163.com", "126.com", "yeah.net", "188.com"],
        refusal: None,
        password: Note::NeteasePasswords,
        connections: None,
        wants_name: true,
    },
];

/// A known server.
#[derive(Clone, Copy)]
pub(super) struct Known(&'static Quirk);

impl Known {
    /// The known server at this host, if it is one.
    pub(super) fn at(host: &str, capabilities: &Capabilities) -> Option<Self> {
        let host = host.trim_end_matches('.').to_ascii_lowercase();
        let below =
            |domain: &&str| host.strip_suffix(*domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
        let known = |quirk: &&Quirk| {
            quirk.domains.iter().any(below) || (!quirk.capability.is_empty() && capabilities.has(quirk.capability))
        };
        QUIRKS.iter().find(known).map(Self)
    }

    /// What it does with passwords.
    pub(super) fn about_passwords(self) -> Note {
        self.0.password.clone()
    }

    /// Whether it wants to know the client's program.
    pub(super) fn wants_name(self) -> bool {
        self.0.wants_name
    }

    /// What a refused sign-in of this kind means there, and what is known about it; none if nothing is.
    pub(super) fn meaning_of_refusal(self, kind: ProblemKind) -> Option<(ProblemKind, Note)> {
        let quirk = self.0;
        match kind {
            ProblemKind::PasswordRefused => Some((quirk.refusal.unwrap_or(kind), quirk.password.clone())),
            ProblemKind::SignInNotOffered => Some((kind, quirk.password.clone())),
            ProblemKind::TooManyConnections => Some((kind, quirk.connections.clone()?)),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::error::{ImapError, Whose};
    use super::super::response::Status;
    use super::*;

    fn refused(host: &str, capabilities: &str, answer: &str) -> ImapError {
        let status = Status::parse(answer.as_bytes()).unwrap();
        let error = ImapError::SignInRefused { status, whose: Whose::Person };
        error.explained_by(Known::at(host, &Capabilities::parse(capabilities)))
    }

    #[test]
    fn a_refused_password_is_explained_where_the_server_is_known() {
        let gmail = refused("127.0.0.1", "IMAP4rev1 X-GM-EXT-1", "NO [AUTHENTICATIONFAILED] Invalid credentials");
        assert_eq!(gmail.kind(), ProblemKind::PasswordRefused);
        assert_eq!((gmail.words().as_str(), gmail.note()), ("Invalid credentials", Some(Note::GmailPasswords)));
        let microsoft = refused("Outlook.Office365.com", "IMAP4rev1", "NO LOGIN failed.");
        assert_eq!(microsoft.kind(), ProblemKind::SignInNotOffered);
        assert_eq!(refused("imap.gmx.net", "", "NO failed").note(), Some(Note::ImapSwitchedOff));
        for (host, note) in [("imap.mail.yahoo.com", Note::YahooPasswords), ("imap.mail.me.com", Note::IcloudPasswords)]
        {
            assert_eq!(refused(host, "IMAP4rev1", "NO [AUTHENTICATIONFAILED] no").note(), Some(note), "{host}");
        }
        for unknown in ["mail.example.com", "notgmx.net", "gmx.net.example.com"] {
            assert_eq!(refused(unknown, "IMAP4rev1", "NO failed").note(), None, "{unknown}");
        }
    }

    #[test]
    fn a_limit_of_connections_is_named_where_it_is_known() {
        let answer = "NO [LIMIT] Too many simultaneous connections. (Failure)";
        let gmail = refused("imap.gmail.com", "", answer);
        assert_eq!((gmail.kind(), gmail.note()), (ProblemKind::TooManyConnections, Some(Note::GmailConnections)));
        assert_eq!(refused("imap.gmx.net", "", answer).note(), None);
    }
}
