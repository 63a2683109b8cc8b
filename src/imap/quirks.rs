//! What is known of certain servers beyond the protocol, where it changes what the program does or reports. One row each, and only what is
//! used.
//!
//! A server is recognised by a capability where there is one, otherwise by its host name: anyone can copy a greeting.

use super::capabilities::Capabilities;
use crate::domain::ProblemKind;

/// A server that is known.
struct Quirk {
    /// The capability by which it is recognised; empty where there is none.
    capability: &'static str,
    /// The domains below which it is reached.
    domains: &'static [&'static str],
    /// What a refused password means there, where that is another problem.
    refusal: Option<ProblemKind>,
    /// What to do about a refused password.
    password: &'static str,
    /// What is known of its limit of connections; may be empty.
    connections: &'static str,
}

const QUIRKS: [Quirk; 5] = [
    // support.google.com/mail/answer/7126229 (15 connections), answer/185833 (app passwords).
    Quirk {
        capability: "X-GM-EXT-1",
        domains: &["gmail.com", "googlemail.com"],
        refusal: None,
        password: "Gmail takes app passwords and tokens only",
        connections: "Gmail allows 15 connections for an account, those of the person's own programs among them",
    },
    // Basic authentication ended in 2022: learn.microsoft.com, "Deprecation of Basic authentication in Exchange Online".
    Quirk {
        capability: "",
        domains: &["office365.com", "outlook.com", "office.com"],
        refusal: Some(ProblemKind::SignInNotOffered),
        password: "Microsoft 365 takes no passwords: choose the sign-in with a token",
        connections: "",
    },
    Quirk {
        capability: "",
        domains: &["yahoo.com", "yahoo.co.jp", "aol.com"],
        refusal: None,
        password: "Yahoo and AOL take app passwords only",
        connections: "Yahoo and AOL allow few connections",
    },
    Quirk {
        capability: "",
        domains: &["mail.me.com", "icloud.com"],
        refusal: None,
        password: "iCloud takes app passwords only",
        connections: "",
    },
    Quirk {
        capability: "",
        domains: &["gmx.net", "gmx.com", "gmx.de", "web.de", "t-online.de"],
        refusal: None,
        password: "this provider lets programs in only after the person has switched IMAP on in the settings of the web mail",
        connections: "",
    },
];

/// The server that is reached at a host, if it is a known one.
#[derive(Clone, Copy)]
pub(super) struct Known(&'static Quirk);

impl Known {
    /// Recognises it.
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
    pub(super) fn about_passwords(self) -> &'static str {
        self.0.password
    }

    /// What a refused sign-in of this kind means there, and what is known about it. None where nothing is.
    pub(super) fn meaning_of_refusal(self, kind: ProblemKind) -> Option<(ProblemKind, &'static str)> {
        let quirk = self.0;
        match kind {
            ProblemKind::PasswordRefused => Some((quirk.refusal.unwrap_or(kind), quirk.password)),
            ProblemKind::SignInNotOffered => Some((kind, quirk.password)),
            ProblemKind::TooManyConnections if !quirk.connections.is_empty() => Some((kind, quirk.connections)),
            _ => None,
        }
    }
}

/// What certain words mean, on whichever server: Exchange signs in who has no mailbox, and then refuses every command.
pub(super) fn meaning(words: &str) -> Option<(ProblemKind, &'static str)> {
    let no_mailbox = words.to_ascii_lowercase().contains("user is authenticated but not connected");
    no_mailbox.then_some((ProblemKind::AccountDisabled, "the account has no mailbox there, or no licence for one"))
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
        assert_eq!(gmail.words(), "Invalid credentials; Gmail takes app passwords and tokens only");
        let microsoft = refused("Outlook.Office365.com", "IMAP4rev1", "NO LOGIN failed.");
        assert_eq!(microsoft.kind(), ProblemKind::SignInNotOffered);
        assert!(refused("imap.gmx.net", "", "NO failed").words().contains("switched IMAP on"));
        for (host, words) in [("imap.mail.yahoo.com", "Yahoo and AOL take"), ("imap.mail.me.com", "iCloud takes")] {
            assert!(refused(host, "IMAP4rev1", "NO [AUTHENTICATIONFAILED] no").words().contains(words), "{host}");
        }
        for unknown in ["mail.example.com", "notgmx.net", "gmx.net.example.com"] {
            assert_eq!(refused(unknown, "IMAP4rev1", "NO failed").words(), "failed");
        }
    }

    #[test]
    fn a_limit_of_connections_is_told_where_it_is_known() {
        let answer = "NO [LIMIT] Too many simultaneous connections. (Failure)";
        let gmail = refused("imap.gmail.com", "", answer);
        assert!(gmail.kind() == ProblemKind::TooManyConnections && gmail.words().contains("15 connections"));
        assert!(!refused("imap.gmx.net", "", answer).words().contains(';'));
    }

    #[test]
    fn who_has_no_mailbox_is_not_told_of_a_broken_server() {
        let status = Status::parse(b"BAD User is authenticated but not connected.").unwrap();
        let error = ImapError::Refused { command: "LIST", status };
        assert_eq!(error.kind(), ProblemKind::AccountDisabled);
        assert!(error.words().ends_with("no licence for one"), "{}", error.words());
    }
}
