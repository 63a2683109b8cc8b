//! The status of a folder, as EXAMINE, SELECT and STATUS give it (RFC 9051, sections 6.3.2 and 6.3.11).
//!
//! Promises: what makes no sense is passed over; a folder without UIDVALIDITY is an error, because its UIDs may mean other messages next
//! time.

use super::error::ImapError;
use super::response::Status;
use super::token::{Piece, Token, Tokens};
use crate::domain::{Uid, UidValidity};

/// The status of a folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FolderStatus {
    /// For how long its UIDs hold.
    pub uid_validity: UidValidity,
    /// The UID the next message will get at least, if the server says.
    pub uid_next: Option<Uid>,
    /// How many messages it holds.
    pub messages: u64,
}

/// What SELECT and EXAMINE say.
#[derive(Default)]
pub(super) struct Opened {
    uid_validity: Option<u32>,
    uid_next: Option<u32>,
    messages: u64,
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

    /// A message that was deleted while the heads of all were read. One that comes meanwhile is not waited for.
    pub(super) fn take_expunge(&mut self, pieces: &[Piece]) {
        let mut tokens = Tokens::new(pieces);
        let number: Option<u64> = tokens.next().and_then(|token| token.number());
        if number.is_some() && tokens.next().is_some_and(|word| word.is("EXPUNGE")) {
            self.messages = self.messages.saturating_sub(1);
        }
    }

    fn take_code(&mut self, status: &Status) {
        let number = |code| status.code_argument(code).and_then(|argument| argument.trim().parse().ok());
        self.uid_validity = number("UIDVALIDITY").or(self.uid_validity);
        self.uid_next = number("UIDNEXT").or(self.uid_next);
        if let Some(argument) = status.code_argument("PERMANENTFLAGS") {
            let words = argument.trim().trim_start_matches('(').trim_end_matches(')');
            self.permanent_flags = Some(words.split_ascii_whitespace().take(1000).map(str::to_owned).collect());
        }
    }

    pub(super) fn status(&self) -> Result<FolderStatus, ImapError> {
        let uid_validity = self.uid_validity.ok_or_else(|| {
            ImapError::Protocol("the folder has no UIDVALIDITY; its messages cannot be told apart".to_owned())
        })?;
        Ok(FolderStatus {
            uid_validity: UidValidity(uid_validity),
            uid_next: self.uid_next.map(Uid),
            messages: self.messages,
        })
    }
}

/// `STATUS name (MESSAGES 3 UIDNEXT 4 UIDVALIDITY 5)`, with the name as [`status_key`] has it.
pub(super) fn parse_status(pieces: &[Piece]) -> Option<(Vec<u8>, FolderStatus)> {
    let mut tokens = Tokens::new(pieces);
    if !tokens.next()?.is("STATUS") {
        return None;
    }
    let name = match tokens.next()? {
        Token::Atom(atom) => status_key(atom),
        other => status_key(other.text()?),
    };
    let (mut messages, mut uid_next, mut uid_validity) = (None, None, None);
    tokens.next()?;
    while let (Some(name), Some(value)) = (tokens.next(), tokens.next()) {
        if name.is("MESSAGES") {
            messages = value.number();
        } else if name.is("UIDNEXT") {
            uid_next = value.number();
        } else if name.is("UIDVALIDITY") {
            uid_validity = value.number();
        }
    }
    let status =
        FolderStatus { uid_validity: UidValidity(uid_validity?), uid_next: uid_next.map(Uid), messages: messages? };
    Some((name, status))
}

/// By what a STATUS answer is matched with its question: the name, and INBOX in any case of letters.
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
        let (name, status) =
            parse_status(&text("STATUS \"a b\" (UIDNEXT 4 SIZE 99 MESSAGES 3 UIDVALIDITY 5)")).unwrap();
        assert_eq!(name, b"a b");
        assert_eq!((status.messages, status.uid_next, status.uid_validity), (3, Some(Uid(4)), UidValidity(5)));
        assert_eq!(parse_status(&text("STATUS x (MESSAGES 3)")), None);
        assert_eq!(parse_status(&text("STATUS x")), None);
    }

    #[test]
    fn what_opening_a_folder_says_is_gathered() {
        let mut opened = Opened::default();
        for line in
            ["3 EXISTS", "0 RECENT", "OK [UIDVALIDITY 7] ok", "OK [UIDNEXT 9] ok", "OK [PERMANENTFLAGS (\\Seen \\*)] x"]
        {
            opened.take(&text(line));
        }
        let status = opened.status().unwrap();
        assert_eq!((status.messages, status.uid_validity, status.uid_next), (3, UidValidity(7), Some(Uid(9))));
        assert_eq!(opened.permanent_flags.unwrap(), vec!["\\Seen", "\\*"]);
        assert!(Opened::default().status().is_err());
    }
}
