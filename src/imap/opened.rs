//! The status of a folder, as EXAMINE, SELECT and STATUS give it (RFC 9051, sections 6.3.2 and 6.3.11).
//!
//! Promises: what makes no sense is skipped; a folder without UIDVALIDITY gets one for this run only, because its UIDs may mean other
//! messages next time.

use super::response::Status;
use super::token::{Piece, Token, Tokens};
use super::written_name::name_and_items;
use crate::domain::{Uid, UidValidity};
use std::collections::BTreeSet;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The status of a folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FolderStatus {
    /// Its UIDs hold as long as this stays the same.
    pub uid_validity: UidValidity,
    /// The lowest UID that the next message can get, if the server says.
    pub uid_next: Option<Uid>,
    /// How many messages it holds.
    pub messages: u64,
    /// Its HIGHESTMODSEQ, which grows with each change of a flag (RFC 7162); none where the server does not say, or counts nothing yet.
    pub highest_modseq: Option<u64>,
}

/// A server that has not begun to count says 1, as Dovecot does.
fn counted_modseq(modseq: Option<u64>) -> Option<u64> {
    modseq.filter(|modseq| *modseq > 1)
}

/// What SELECT and EXAMINE say.
#[derive(Default)]
pub(super) struct Opened {
    uid_validity: Option<UidValidity>,
    uid_next: Option<u32>,
    messages: u64,
    highest_modseq: Option<u64>,
    pub(super) permanent_flags: Option<Vec<String>>,
}

impl Opened {
    pub(super) fn take(&mut self, pieces: &[Piece]) {
        let mut tokens = Tokens::new(pieces);
        if let Some(Piece::Text(text)) = pieces.first()
            && let Some(status) = Status::parse(text)
        {
            self.take_code(&status);
            return;
        }
        let number = tokens.next().and_then(|token| token.number());
        if let (Some(number), Some(word)) = (number, tokens.next())
            && word.is("EXISTS")
        {
            self.messages = number;
        }
    }

    /// Takes in the deletion of a message while all heads are read. A message that comes meanwhile is not waited for.
    pub(super) fn take_expunge(&mut self, pieces: &[Piece]) {
        let mut tokens = Tokens::new(pieces);
        let number: Option<u64> = tokens.next().and_then(|token| token.number());
        if number.is_some() && tokens.next().is_some_and(|word| word.is("EXPUNGE")) {
            self.messages = self.messages.saturating_sub(1);
        }
    }

    /// Notes how many messages are not listed, beside so many heads: what came or went meanwhile may hide it.
    pub(super) fn note_unlisted(&mut self, heads: u64, unlisted: u64) {
        if unlisted > self.messages.saturating_sub(heads) {
            self.messages = heads + unlisted;
        }
    }

    fn take_code(&mut self, status: &Status) {
        let number = |code| status.code_argument(code).and_then(|argument| argument.trim().parse().ok());
        self.uid_validity = status.code_argument("UIDVALIDITY").and_then(validity).or(self.uid_validity);
        self.uid_next = number("UIDNEXT").or(self.uid_next);
        let modseq = status.code_argument("HIGHESTMODSEQ").and_then(|argument| argument.trim().parse().ok());
        self.highest_modseq = modseq.or(self.highest_modseq);
        if status.has_code("NOMODSEQ") {
            self.highest_modseq = None;
        }
        if let Some(argument) = status.code_argument("PERMANENTFLAGS") {
            let argument = argument.trim();
            let words = argument.strip_prefix('(').unwrap_or(argument);
            let words = words.strip_suffix(')').unwrap_or(words);
            self.permanent_flags = Some(words.split_ascii_whitespace().take(1000).map(str::to_owned).collect());
        }
    }

    /// Its UIDVALIDITY, if the server gave one.
    pub(super) fn uid_validity(&self) -> Option<UidValidity> {
        self.uid_validity
    }

    pub(super) fn messages(&self) -> u64 {
        self.messages
    }

    /// Its status; `otherwise` is its UIDVALIDITY if the server gave none.
    pub(super) fn status(&self, otherwise: UidValidity) -> FolderStatus {
        FolderStatus {
            uid_validity: self.uid_validity.unwrap_or(otherwise),
            uid_next: self.uid_next.map(Uid),
            messages: self.messages,
            highest_modseq: counted_modseq(self.highest_modseq),
        }
    }
}

impl FolderStatus {
    /// Whether its UIDs hold beyond this run: some servers give a folder no UIDVALIDITY.
    pub fn has_uid_validity(&self) -> bool {
        !passing().contains(&self.uid_validity)
    }
}

/// The UIDVALIDITYs made up for folders that have none, one for each server in a run.
fn passing() -> MutexGuard<'static, BTreeSet<UidValidity>> {
    static PASSING: Mutex<BTreeSet<UidValidity>> = Mutex::new(BTreeSet::new());
    PASSING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Makes up a UIDVALIDITY that no record knows.
pub(super) fn new_passing_validity() -> UidValidity {
    let validity = UidValidity((RandomState::new().build_hasher().finish() >> 33) as u32 | 1 << 31);
    passing().insert(validity);
    validity
}

/// Reads a UIDVALIDITY. Any other text is as good as a 32-bit number: it only has to be the same next time.
fn validity(text: &str) -> Option<UidValidity> {
    let text = text.trim();
    let fold = || {
        let digest = blake3::hash(text.as_bytes());
        let [a, b, c, d, ..] = *digest.as_bytes();
        u32::from_be_bytes([a, b, c, d])
    };
    (!text.is_empty()).then(|| UidValidity(text.parse().unwrap_or_else(|_| fold())))
}

/// The numbers in `STATUS name (MESSAGES 3 UIDNEXT 4 UIDVALIDITY 5)`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Numbers {
    pub(super) uid_validity: Option<UidValidity>,
    uid_next: Option<u32>,
    messages: Option<u64>,
    highest_modseq: Option<u64>,
}

impl Numbers {
    /// The status of the folder; none without UIDVALIDITY or MESSAGES.
    pub(super) fn status(&self) -> Option<FolderStatus> {
        let (uid_validity, messages) = (self.uid_validity?, self.messages?);
        let highest_modseq = counted_modseq(self.highest_modseq);
        Some(FolderStatus { uid_validity, uid_next: self.uid_next.map(Uid), messages, highest_modseq })
    }
}

/// Reads an answer to STATUS, with the name as [`status_key`] has it.
pub(super) fn parse_status(pieces: &[Piece]) -> Option<(Vec<u8>, Numbers)> {
    let mut tokens = Tokens::new(pieces);
    if !tokens.next()?.is("STATUS") {
        return None;
    }
    let line = [Piece::Text(tokens.rest_of_line().to_vec())];
    let items;
    let (name, mut tokens) = match (&line[0], pieces) {
        (Piece::Text(line), [_]) => {
            let (name, rest) = name_and_items(line)?;
            items = [Piece::Text(rest.to_vec())];
            (status_key(&name), Tokens::new(&items))
        }
        _ => (status_key(tokens.next()?.text()?), tokens),
    };
    let mut numbers = Numbers::default();
    tokens.next()?;
    while let (Some(name), Some(value)) = (tokens.next(), tokens.next()) {
        if value == Token::Open {
            tokens.skip_list();
            continue;
        }
        if name.is("MESSAGES") {
            numbers.messages = value.number();
        } else if name.is("UIDNEXT") {
            numbers.uid_next = value.number();
        } else if name.is("HIGHESTMODSEQ") {
            numbers.highest_modseq = value.number();
        } else if name.is("UIDVALIDITY") {
            numbers.uid_validity = value.text().and_then(|text| validity(&String::from_utf8_lossy(text)));
        }
    }
    Some((name, numbers))
}

/// The key that matches a STATUS answer to its question: the name, with INBOX in one case.
pub(super) fn status_key(wire_name: &[u8]) -> Vec<u8> {
    if wire_name.eq_ignore_ascii_case(b"INBOX") { b"INBOX".to_vec() } else { wire_name.to_vec() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(line: &str) -> [Piece; 1] {
        [Piece::Text(line.as_bytes().to_vec())]
    }

    #[test]
    fn a_status_is_read_whatever_else_is_beside_it() {
        let expected =
            FolderStatus { messages: 3, uid_next: Some(Uid(4)), uid_validity: UidValidity(5), highest_modseq: None };
        for written in ["\"a b\"", "a b"] {
            let answer = format!("STATUS {written} (UIDNEXT 4 SIZE 99 MESSAGES 3 UIDVALIDITY 5)");
            let (name, numbers) = parse_status(&text(&answer)).unwrap();
            assert_eq!((name.as_slice(), numbers.status()), (&b"a b"[..], Some(expected)));
        }
        let literal =
            [Piece::Text(b"STATUS ".to_vec()), Piece::Literal(b"a b".to_vec()), Piece::Text(b" (MESSAGES 3)".to_vec())];
        assert_eq!(parse_status(&literal).unwrap().0, b"a b");
        assert_eq!(parse_status(&text("STATUS x (MESSAGES 3)")).unwrap().1.status(), None);
        assert_eq!(parse_status(&text("STATUS x")), None);
    }

    #[test]
    fn a_uidvalidity_of_any_form_is_one_and_without_any_the_folder_is_known_in_this_run_only() {
        let read = |code: &str| {
            let mut opened = Opened::default();
            opened.take(&text(&format!("OK [{code}] x")));
            opened.status(new_passing_validity())
        };
        assert_eq!(read("UIDVALIDITY 4294967295").uid_validity, UidValidity(u32::MAX));
        let large = read("UIDVALIDITY 1700000001000000007");
        assert!(large.has_uid_validity() && large == read("UIDVALIDITY 1700000001000000007"));
        assert_ne!(large, read("UIDVALIDITY 1700000001000000008"));
        assert!(!read("UIDNEXT 4").has_uid_validity() && !read("UIDVALIDITY").has_uid_validity());
    }

    #[test]
    fn what_opening_a_folder_says_is_gathered() {
        let mut opened = Opened::default();
        for line in
            ["3 EXISTS", "0 RECENT", "OK [UIDVALIDITY 7] ok", "OK [UIDNEXT 9] ok", "OK [PERMANENTFLAGS (\\Seen \\*)] x"]
        {
            opened.take(&text(line));
        }
        let status = opened.status(new_passing_validity());
        assert_eq!((status.messages, status.uid_validity, status.uid_next), (3, UidValidity(7), Some(Uid(9))));
        assert_eq!(opened.permanent_flags.unwrap(), vec!["\\Seen", "\\*"]);
    }
}
