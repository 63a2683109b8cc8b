//! What can go wrong with a mail server, and what kind of problem it is for a person.

use super::quirks::Known;
use super::response::Status;
use super::wording::{self, Pause};
use crate::domain::{Cause, CertificateDetails, Fingerprint, MailServerFault, Note, Problem, ProblemKind};
use crate::network::NetworkError;

/// A failure of a mail server.
#[derive(Debug, thiserror::Error)]
pub enum ImapError {
    /// The connection could not be made, or was lost.
    #[error("{0}")]
    Network(#[from] NetworkError),
    /// The server refused a command with NO or BAD.
    #[error("{command} was refused: {status}")]
    Refused {
        /// The command.
        command: &'static str,
        /// The server's answer.
        status: Status,
    },
    /// The server did not create a folder under the requested name; with what it did instead.
    #[error("{0}")]
    NameNotKept(MailServerFault),
    /// The server refuses everything of a kind for now, in the same words.
    #[error("the server refuses everything for now: {status}")]
    Unwilling {
        /// Its answer to one of these commands.
        status: Status,
    },
    /// The server refuses everything of a kind on purpose, in the same words.
    #[error("the server refuses everything: {status}")]
    RefusesAll {
        /// Its answer to one of these commands.
        status: Status,
    },
    /// The server complained without naming the command, and then stopped answering.
    #[error("the server stopped answering after: {status}")]
    Unanswered {
        /// Its complaint.
        status: Status,
    },
    /// The server refused a sign-in.
    #[error("the sign-in was refused: {status}")]
    SignInRefused {
        /// The server's answer.
        status: Status,
        /// What was shown to it.
        whose: Whose,
    },
    /// A refused sign-in on a server whose reason is known.
    #[error("{error}; {why}")]
    Explained {
        /// How it was refused.
        error: Box<ImapError>,
        /// What kind of problem that is there.
        kind: ProblemKind,
        /// Why, and what to do.
        why: Note,
    },
    /// The server does not know Kerio Connect's master authentication.
    #[error("{}: {status}", MailServerFault::NoMasterAuthentication)]
    MasterNotEnabled {
        /// The server's answer.
        status: Status,
    },
    /// The server does not offer the chosen way to sign in.
    #[error("{0}")]
    WayNotOffered(MailServerFault),
    /// The server says goodbye.
    #[error("the server ended the session: {0}")]
    Bye(Status),
    /// The server closed the connection silently.
    #[error("{}", MailServerFault::Closed)]
    Closed,
    /// The server broke the rules of IMAP.
    #[error("the server broke the protocol: {0}")]
    Protocol(MailServerFault),
    /// STARTTLS is not offered, or something was injected before it.
    #[error("{0}")]
    EncryptionRefused(MailServerFault),
    /// A password would cross the network in clear.
    #[error("the connection is not encrypted")]
    CleartextPassword,
    /// The server offers no way to sign in with a password.
    #[error("{}", MailServerFault::NoPasswords)]
    NoSignIn,
    /// The consumer wants no more; the connection can no longer be used.
    #[error("{}", MailServerFault::Abandoned)]
    Abandoned,
}

/// What a server was shown at a sign-in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whose {
    /// The person's own password.
    Person,
    /// The password of someone who may sign in for others.
    Master,
    /// A token.
    Token,
}

impl ImapError {
    /// A refusal of APPEND that asks to wait.
    pub fn throttled(words: &str) -> Self {
        ImapError::Refused { command: "APPEND", status: Status::throttled(words) }
    }

    /// A target that accepts no message at all, in these words.
    pub fn takes_nothing(words: &str) -> Self {
        ImapError::RefusesAll { status: Status::refusal(words) }
    }

    /// A refusal as one of everything; any other error unchanged.
    pub fn of_everything(self) -> Self {
        match self {
            ImapError::Refused { status, .. } => ImapError::RefusesAll { status },
            error => error,
        }
    }

    /// A complaint that no answer follows.
    pub(super) fn unanswered(status: Status) -> Self {
        ImapError::Unanswered { status }
    }

    /// Whether a server refused to make a folder, and another name may help: neither busy nor full nor forbidden.
    pub fn refuses_name(&self) -> bool {
        let others = ["OVERQUOTA", "NOPERM", "LIMIT", "INUSE", "SERVERBUG"];
        match self {
            ImapError::Refused { command: "CREATE", status } => {
                status.pause(false).is_none() && !others.iter().any(|code| status.has_code(code))
            }
            ImapError::NameNotKept(_) => true,
            _ => false,
        }
    }

    /// Adds to a refused sign-in what is known about this server.
    pub(super) fn explained_by(self, known: Option<Known>) -> Self {
        match known.and_then(|known| known.meaning_of_refusal(self.kind())) {
            Some((kind, why)) => ImapError::Explained { error: Box::new(self), kind, why },
            None => self,
        }
    }

    /// What kind of problem it is.
    pub fn kind(&self) -> ProblemKind {
        match self {
            ImapError::Network(error) => error.kind(),
            ImapError::Refused { command, status } => match status.pause(is_reading(command)) {
                Some(pause) => pause.kind(),
                None if status.has_code("OVERQUOTA") => ProblemKind::OverQuota,
                None => wording::meaning(&status.text).map_or_else(|| refusal_of(command), |(kind, _)| kind),
            },
            ImapError::Unwilling { .. } => ProblemKind::Throttled,
            ImapError::NameNotKept(_) => ProblemKind::FolderNotCreated,
            ImapError::Unanswered { status } | ImapError::RefusesAll { status } => match status.pause(true) {
                Some(pause) => pause.kind(),
                None => wording::meaning(&status.text).map_or(ProblemKind::AccessRefused, |(kind, _)| kind),
            },
            ImapError::SignInRefused { status, whose } => sign_in_kind(status, *whose),
            ImapError::Explained { kind, .. } => *kind,
            ImapError::MasterNotEnabled { status } => {
                status.pause(true).map_or(ProblemKind::SignInWayNotOffered, Pause::kind)
            }
            ImapError::WayNotOffered(_) => ProblemKind::SignInWayNotOffered,
            ImapError::Bye(status) => match status.pause(true) {
                Some(pause) => pause.kind(),
                None => wording::meaning(&status.text).map_or(ProblemKind::ConnectionLost, |(kind, _)| kind),
            },
            ImapError::Closed | ImapError::Abandoned => ProblemKind::ConnectionLost,
            ImapError::Protocol(_) => ProblemKind::ServerMisbehaved,
            ImapError::EncryptionRefused(_) => ProblemKind::EncryptionRefused,
            ImapError::CleartextPassword => ProblemKind::CleartextPassword,
            ImapError::NoSignIn => ProblemKind::SignInNotOffered,
        }
    }

    /// The server's own words; empty where [`ImapError::cause`] says why.
    pub fn words(&self) -> String {
        match self {
            ImapError::Refused { status, .. }
            | ImapError::Unanswered { status }
            | ImapError::SignInRefused { status, .. }
            | ImapError::Unwilling { status }
            | ImapError::RefusesAll { status }
            | ImapError::MasterNotEnabled { status }
            | ImapError::Bye(status) => status.words(),
            ImapError::Explained { error, .. } => error.words(),
            _ => String::new(),
        }
    }

    /// Whether another error says the same, whichever command met it.
    pub fn says_the_same_as(&self, other: &Self) -> bool {
        self.words() == other.words() && self.fault() == other.fault()
    }

    /// Why the connection failed, or what the server did, where that is what happened.
    pub fn cause(&self) -> Option<Cause> {
        match self {
            ImapError::Network(error) => Some(error.cause()),
            error => error.fault().map(|fault| Cause::MailServer { fault }),
        }
    }

    /// What the server did, where that is neither a refusal nor the connection's failure.
    fn fault(&self) -> Option<MailServerFault> {
        match self {
            ImapError::NameNotKept(fault)
            | ImapError::WayNotOffered(fault)
            | ImapError::Protocol(fault)
            | ImapError::EncryptionRefused(fault) => Some(fault.clone()),
            ImapError::MasterNotEnabled { .. } => Some(MailServerFault::NoMasterAuthentication),
            ImapError::Closed => Some(MailServerFault::Closed),
            ImapError::NoSignIn => Some(MailServerFault::NoPasswords),
            ImapError::Abandoned => Some(MailServerFault::Abandoned),
            ImapError::Explained { error, .. } => error.fault(),
            _ => None,
        }
    }

    /// What is known about why it refuses.
    pub fn note(&self) -> Option<Note> {
        match self {
            ImapError::Refused { status, .. }
            | ImapError::Unanswered { status }
            | ImapError::RefusesAll { status }
            | ImapError::SignInRefused { status, .. }
            | ImapError::Bye(status) => wording::meaning(&status.text).map(|(_, why)| why),
            ImapError::Explained { why, .. } => Some(why.clone()),
            _ => None,
        }
    }

    /// The problem with this error's words, cause and note.
    pub fn quoted_in(&self, problem: Problem) -> Problem {
        problem.saying(self.words()).caused_by(self.cause()).noting(self.note())
    }

    /// Whether the connection can no longer be used, so that only a new one can help.
    pub fn is_connection(&self) -> bool {
        match self {
            ImapError::Refused { command, status } => status.pause(is_reading(command)).is_some(),
            ImapError::NameNotKept(_) => false,
            _ => true,
        }
    }

    /// Whether the connection was lost, or unusable, without a word about waiting.
    pub fn is_loss(&self) -> bool {
        matches!(self.kind(), ProblemKind::ConnectionLost | ProblemKind::Unreachable | ProblemKind::ServerMisbehaved)
            && self.is_connection()
    }

    /// Whether the refusal may be over after some minutes, although its words name something that a person has to fix.
    pub fn may_pass(&self) -> bool {
        match self {
            ImapError::Refused { status, .. } | ImapError::Unanswered { status } | ImapError::Bye(status) => {
                wording::may_pass(&status.text)
            }
            _ => false,
        }
    }

    /// Whether the server asks to wait in words that some servers also use of a single message.
    pub fn may_mean_messages(&self) -> bool {
        match self {
            ImapError::Refused { status, .. } => status.pause(true) == Some(Pause::Passing),
            ImapError::Unwilling { .. } => true,
            _ => false,
        }
    }

    /// Whether it may be a condition of the server that others meet as well: it asks to wait, or drops connections.
    pub fn may_be_of_server(&self) -> bool {
        let of_connection = matches!(self.kind(), ProblemKind::ConnectionLost | ProblemKind::Unreachable);
        self.is_pause() || of_connection && !matches!(self, ImapError::Abandoned)
    }

    /// Whether the server asks to wait.
    pub fn is_pause(&self) -> bool {
        matches!(self.kind(), ProblemKind::Throttled | ProblemKind::TooManyConnections)
    }

    /// Whether the server stayed silent for the whole time limit.
    pub fn is_silence(&self) -> bool {
        matches!(self, ImapError::Network(NetworkError::TimedOut))
    }

    /// How long the server asks to wait, if it says so.
    pub fn wait_seconds(&self) -> Option<u64> {
        match self {
            ImapError::Refused { status, .. }
            | ImapError::Unwilling { status }
            | ImapError::Unanswered { status }
            | ImapError::SignInRefused { status, .. }
            | ImapError::Bye(status) => status.wait_seconds(),
            ImapError::Explained { error, .. } => error.wait_seconds(),
            _ => None,
        }
    }

    /// The certificate to decide on, and the fingerprint trusted before, if the certificate is the problem.
    pub fn certificate(&self) -> Option<(&CertificateDetails, Option<Fingerprint>)> {
        match self {
            ImapError::Network(error) => error.certificate(),
            _ => None,
        }
    }
}

/// Whether a command only reads, so that codes about storing concern the server.
fn is_reading(command: &str) -> bool {
    !matches!(command, "APPEND" | "CREATE" | "SUBSCRIBE" | "SELECT")
}

/// What the refusal of a command means if its words do not explain it. Without these commands the mailbox cannot be used at all.
fn refusal_of(command: &str) -> ProblemKind {
    match command {
        "CAPABILITY" | "ENABLE" | "LIST" | "NAMESPACE" => ProblemKind::AccessRefused,
        _ => ProblemKind::ServerMisbehaved,
    }
}

/// What a refused sign-in means: by response code (RFC 5530) first, by usual words second.
fn sign_in_kind(status: &Status, whose: Whose) -> ProblemKind {
    if let Some(pause) = status.pause(true).filter(|_| !wording::blames_the_password(&status.text)) {
        return pause.kind();
    }
    let refused = match whose {
        Whose::Person => ProblemKind::PasswordRefused,
        Whose::Master => ProblemKind::MasterRefused,
        Whose::Token => ProblemKind::TokenRefused,
    };
    let text = status.text.to_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| text.contains(word));
    if status.has_code("REFERRAL") {
        // The mailbox is on another server, which the words name (RFC 2221). No password is sent to a server that the user did not name.
        ProblemKind::AccessRefused
    } else if whose != Whose::Person && ["AUTHORIZATIONFAILED", "EXPIRED"].iter().any(|code| status.has_code(code)) {
        // The master user lacks the right, or the token has expired.
        refused
    } else if ["AUTHORIZATIONFAILED", "EXPIRED", "CONTACTADMIN"].iter().any(|code| status.has_code(code)) {
        ProblemKind::AccountDisabled
    } else if status.has_code("PRIVACYREQUIRED")
        || says(&[
            "basic authentication is disabled",
            "application-specific password",
            "app password",
            "plaintext authentication disallowed",
        ])
    {
        ProblemKind::SignInNotOffered
    } else if !status.has_code("AUTHENTICATIONFAILED") && says(&["locked", "disabled", "suspended"]) {
        ProblemKind::AccountDisabled
    } else {
        refused
    }
}
