//! What a server's answer to APPEND means: where the messages are (UIDPLUS, RFC 4315), or why they were refused, by response code
//! (RFC 5530) or, from servers without codes, by words.

use super::super::command::read_uid_set;
use super::super::response::{Condition, Status};
use super::super::wording::Pause;
use crate::domain::{Uid, UidValidity};

/// The outcome of a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stored {
    /// The server stored all of its messages.
    Kept {
        /// The folder's UIDVALIDITY, if the server says (UIDPLUS, RFC 4315).
        uid_validity: Option<UidValidity>,
        /// The messages' UIDs on the target, in order, as far as the server says.
        uids: Vec<Option<Uid>>,
    },
    /// The server stored none of its messages.
    Refused {
        /// Why.
        why: Refusal,
        /// The server's words.
        words: String,
    },
}

/// Why a message was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// It is larger than the server accepts.
    TooLarge,
    /// The mailbox is full.
    OverQuota,
    /// The server cannot read its date.
    MalformedDate,
    /// The folder does not exist (TRYCREATE).
    NoSuchFolder,
    /// The server does not accept a flag, or the list of flags; the words may name it.
    Flags,
    /// The server asks to wait; no message is at fault.
    Throttled,
    /// The server asks to wait, in words that some servers also use about a single message.
    Passing,
    /// Something else; see the words.
    Other,
}

impl Stored {
    /// Reads the tagged answer to a command with this many messages.
    pub(super) fn read(status: &Status, messages: usize) -> Self {
        if status.condition == Condition::Ok { kept(status, messages) } else { refused(status) }
    }

    /// Reads an answer that came before the command was complete: whatever it says, nothing can be stored.
    pub(super) fn read_refusal(status: &Status) -> Self {
        refused(status)
    }
}

fn kept(status: &Status, messages: usize) -> Stored {
    let (uid_validity, uids) = status.code_argument("APPENDUID").and_then(append_uid).unzip();
    // A list of another length does not tell which message is where.
    let uids = uids.filter(|uids: &Vec<Uid>| uids.len() == messages);
    Stored::Kept {
        uid_validity,
        uids: uids.map_or_else(|| vec![None; messages], |uids| uids.into_iter().map(Some).collect()),
    }
}

/// Parses `38505 304,319:320`: the folder's UIDVALIDITY and the messages' UIDs.
fn append_uid(argument: &str) -> Option<(UidValidity, Vec<Uid>)> {
    let (validity, set) = argument.trim().split_once(' ')?;
    Some((UidValidity(validity.parse().ok()?), read_uid_set(set)?))
}

fn refused(status: &Status) -> Stored {
    let text = status.text.to_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| text.contains(word));
    let pause = status.pause(false);
    let why = if matches!(pause, Some(Pause::Rate | Pause::Connections)) {
        // Gmail says so with OVERQUOTA, and no mailbox is full.
        Refusal::Throttled
    } else if status.has_code("TRYCREATE") {
        Refusal::NoSuchFolder
    } else if status.has_code("OVERQUOTA")
        || says(&["quota exceeded", "over quota", "mailbox is full", "quota is full"])
    {
        Refusal::OverQuota
    } else if status.has_code("TOOBIG")
        || says(&["too large", "too big", "exceeds the maximum", "maximum message size", "size limit"])
    {
        Refusal::TooLarge
    } else if says(&["malformed date", "invalid date", "bad date", "internal date", "internaldate", "date-time"]) {
        Refusal::MalformedDate
    } else if says(&["flag", "keyword"]) {
        Refusal::Flags
    } else if pause.is_some() {
        Refusal::Passing
    } else {
        Refusal::Other
    };
    Stored::Refused { why, words: status.words() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uids_of_a_batch_are_read_in_order() {
        let uids = |set: &str| {
            append_uid(&format!("7 {set}")).map(|(_, uids)| uids.iter().map(|uid| uid.0).collect::<Vec<_>>())
        };
        assert_eq!(uids("304,319:321"), Some(vec![304, 319, 320, 321]));
        assert_eq!(uids("5:3"), None);
        assert_eq!(uids("0"), None);
        assert_eq!(uids("1:4294967295"), None);
        assert_eq!(uids(&["1:60000"; 100].join(",")), None);
    }

    #[test]
    fn a_list_of_uids_that_does_not_fit_is_not_believed() {
        let status = Status::parse(b"OK [APPENDUID 7 1:3] done").unwrap();
        assert_eq!(kept(&status, 2), Stored::Kept { uid_validity: Some(UidValidity(7)), uids: vec![None, None] });
    }

    #[test]
    fn a_refusal_is_understood_by_code_or_by_words() {
        let why = |line: &str| match refused(&Status::parse(line.as_bytes()).unwrap()) {
            Stored::Refused { why, .. } => why,
            Stored::Kept { .. } => panic!(),
        };
        assert_eq!(why("NO [TRYCREATE] no such folder"), Refusal::NoSuchFolder);
        assert_eq!(why("NO [OVERQUOTA] x"), Refusal::OverQuota);
        assert_eq!(why("BAD Malformed date parameter"), Refusal::MalformedDate);
        assert_eq!(why("NO [TOOBIG] x"), Refusal::TooLarge);
        assert_eq!(why("NO Message contains NUL characters"), Refusal::Other);
        assert_eq!(why("NO [CANNOT] APPEND Contains Deleted flag"), Refusal::Flags);
        assert_eq!(why("NO [LIMIT] Too many user flags in mailbox"), Refusal::Flags);
        assert_eq!(why("NO [OVERQUOTA] Account exceeded command or bandwidth limits. (Failure)"), Refusal::Throttled);
        assert_eq!(why("NO [UNAVAILABLE] Please try again later"), Refusal::Passing);
    }
}
