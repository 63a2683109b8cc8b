//! What the words of a refusal mean, on whichever server: a pause, a password that is blamed, a mailbox that does not exist.
//!
//! Only if no response code says so (RFC 5530): words are for people, in any language, and servers change them.

use crate::domain::{Note, ProblemKind};

/// A refusal that no message, folder or password is to blame for: it passes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pause {
    /// No more connections.
    Connections,
    /// The account has used up what the server gives for now. No request is at fault.
    Rate,
    /// Busy, failing, or under maintenance. Some servers say the same of a single message or folder.
    Passing,
}

impl Pause {
    /// The kind of problem.
    pub fn kind(self) -> ProblemKind {
        match self {
            Pause::Connections => ProblemKind::TooManyConnections,
            Pause::Rate | Pause::Passing => ProblemKind::Throttled,
        }
    }
}

/// Words by which servers ask for a pause, in lower case; the first that fits counts.
const PAUSES: [(Pause, &[&str]); 3] = [
    (
        Pause::Connections,
        &[
            "too many simultaneous",
            "too many concurrent",
            "too many connections",
            "too many open connections",
            "too many sessions",
            "maximum number of connections",
            "connection limit",
        ],
    ),
    (
        Pause::Rate,
        &[
            // Gmail: "Account exceeded command or bandwidth limits."
            "bandwidth",
            "exceeded command",
            "rate limit",
            "rate-limit",
            "ratelimit",
            "download limit",
            "daily limit",
            "transfer limit",
            // Microsoft 365: "Request is throttled. Suggested Backoff Time: 4500 milliseconds."
            "throttled",
            "backoff time",
            "too many requests",
            "too many commands",
            "too many operations",
            "too many login",
            "too many auth",
            "too many attempts",
            "too many failed",
            "too many bad",
        ],
    ),
    (
        Pause::Passing,
        &[
            // Yahoo: "[UNAVAILABLE] UID FETCH Server error - Please try again later", also of a single message.
            "try again",
            "try later",
            "again later",
            "retry later",
            "temporar",
            "busy",
            "maintenance",
            "overloaded",
            "service unavailable",
            "service is unavailable",
            "server unavailable",
            "server is unavailable",
            "currently unavailable",
            "service not available",
            // A disk that is full for everybody; servers report a full mailbox as a quota.
            "no space left",
            "disk full",
            "disk is full",
            "read-only file system",
            "input/output error",
        ],
    ),
];

/// The pause that a server's words ask for.
pub(super) fn pause_in_words(words: &str) -> Option<Pause> {
    let words = words.to_lowercase();
    let says = |(_, known): &&(Pause, &[&str])| known.iter().any(|known| words.contains(known));
    PAUSES.iter().find(says).map(|(pause, _)| *pause)
}

/// Whether words that ask to try again are about what was typed: "Invalid password, please try again."
pub(super) fn blames_the_password(words: &str) -> bool {
    let words = words.to_lowercase();
    let known = ["invalid", "incorrect", "wrong", "bad user", "bad password", "credentials", "mismatch"];
    pause_in_words(&words) == Some(Pause::Passing)
        && !["later", "temporar", "busy", "maintenance"].iter().any(|passing| words.contains(passing))
        && known.iter().any(|known| words.contains(known))
}

/// Words with a meaning of their own, on whichever server: how they are recognised, what they mean, and whether that may pass by itself.
struct Wording {
    words: &'static str,
    kind: ProblemKind,
    why: Note,
    passes: bool,
}

const WORDINGS: [Wording; 2] = [
    // Exchange and Outlook.com sign in people without a mailbox, and then refuse every command. For some minutes Outlook.com says so of
    // others, too.
    Wording {
        words: "user is authenticated but not connected",
        kind: ProblemKind::AccountDisabled,
        why: Note::NoMailbox,
        passes: true,
    },
    // NetEase (163.com, 126.com, yeah.net) opens no folder for a client that has not named its program, or for an account that it
    // distrusts.
    Wording { words: "unsafe login", kind: ProblemKind::AccessRefused, why: Note::ProgramNotAllowed, passes: false },
];

fn wording(words: &str) -> Option<&'static Wording> {
    let words = words.to_lowercase();
    WORDINGS.iter().find(|wording| words.contains(wording.words))
}

/// What certain words mean.
pub(super) fn meaning(words: &str) -> Option<(ProblemKind, Note)> {
    wording(words).map(|wording| (wording.kind, wording.why.clone()))
}

/// Whether a refusal in these words may be gone after some minutes.
pub(super) fn may_pass(words: &str) -> bool {
    wording(words).is_some_and(|wording| wording.passes)
}

#[cfg(test)]
mod tests {
    use super::super::error::ImapError;
    use super::super::response::Status;
    use super::*;

    #[test]
    fn who_has_no_mailbox_does_not_hear_of_a_broken_server() {
        let status = Status::parse(b"BAD User is authenticated but not connected.").unwrap();
        let error = ImapError::Refused { command: "LIST", status };
        assert_eq!(error.kind(), ProblemKind::AccountDisabled);
        assert_eq!(error.note(), Some(Note::NoMailbox));
    }
}
