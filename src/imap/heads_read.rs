//! The heads in the answer to one command: what a server says of a message in several answers is one head.
//!
//! A head is passed on as soon as nothing is missing. What is incomplete is held until the end of the command, in the order of the UIDs.

use super::fetch::Fetched;
use super::token::Piece;
use crate::domain::{MessageHead, Uid};
use std::collections::BTreeMap;

/// Heads as they come.
#[derive(Debug, Default)]
pub(super) struct HeadsRead {
    held: BTreeMap<Uid, Box<Fetched>>,
}

impl HeadsRead {
    /// Takes an answer in; returns a head that is complete now.
    pub(super) fn take(&mut self, pieces: &[Piece]) -> Option<MessageHead> {
        let found = Fetched::parse(pieces)?;
        let uid = found.uid?;
        let joined = match self.held.remove(&uid) {
            Some(before) => before.joined(found),
            None => found,
        };
        if joined.is_whole_head() {
            return joined.head();
        }
        self.held.insert(uid, Box::new(joined));
        None
    }

    /// The heads that stayed incomplete. An unrequested change of flags is none.
    pub(super) fn end(&mut self) -> impl Iterator<Item = MessageHead> + use<> {
        std::mem::take(&mut self.held).into_values().filter_map(|held| held.head())
    }
}

/// Whether nobody knows the flags of a message.
pub(super) fn lacks_flags(head: &MessageHead) -> bool {
    head.unused.as_ref().is_some_and(|unused| unused.no_flags)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(lines: &[&str]) -> (Vec<MessageHead>, Vec<MessageHead>) {
        let mut read = HeadsRead::default();
        let heads = lines.iter().filter_map(|line| read.take(&[Piece::Text(line.as_bytes().to_vec())])).collect();
        (heads, read.end().collect())
    }

    #[test]
    fn what_is_said_of_a_message_in_several_answers_is_one_head() {
        let (heads, rest) = read(&[
            r"3 FETCH (UID 7 FLAGS (\Seen))",
            r#"4 FETCH (UID 8 RFC822.SIZE 43 FLAGS (x) INTERNALDATE " 7-Feb-2020 01:02:03 +0530")"#,
            "9 EXISTS",
            "3 FETCH (UID 7 RFC822.SIZE 42)",
            r"4 FETCH (UID 8 FLAGS (y))",
            r#"3 FETCH (UID 7 INTERNALDATE " 7-Feb-2020 01:02:03 +0530")"#,
            r"5 FETCH (UID 9 RFC822.SIZE 44 INTERNALDATE NIL FLAGS ())",
            r"6 FETCH (UID 10 RFC822.SIZE 45 INTERNALDATE NIL)",
            r"4 FETCH (FLAGS (z))",
        ]);
        let all: Vec<_> =
            heads.iter().map(|head| (head.uid.0, head.size, head.flags.join(" "), lacks_flags(head))).collect();
        let expected = [(8, 43, "x"), (7, 42, "\\Seen"), (9, 44, "")];
        assert_eq!(all, expected.map(|(uid, size, flags)| (uid, size, flags.to_owned(), false)));
        assert!(heads[1].date.is_some());
        assert_eq!(rest.iter().map(|head| (head.uid.0, lacks_flags(head))).collect::<Vec<_>>(), [(10, true)]);
    }
}
