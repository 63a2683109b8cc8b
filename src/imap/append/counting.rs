//! Asks what a folder holds after the messages appended to it. The question goes out behind them, and its answer is not awaited before the
//! end: so it shows at no cost whether more was stored than was sent.

use super::super::opened::{FolderStatus, Numbers, parse_status, status_key};
use super::super::response::{Condition, Status};
use super::super::token::Piece;
use super::super::wire::Tag;
use std::collections::VecDeque;

/// What a folder held once everything sent before the question was stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counted {
    /// The number given to [`super::Appender::ask`].
    pub question: usize,
    /// The folder's status.
    pub status: FolderStatus,
}

/// The questions on one connection.
#[derive(Default)]
pub(super) struct Counting {
    /// Unanswered questions, in order.
    asked: VecDeque<Asked>,
    counted: Vec<Counted>,
}

struct Asked {
    tag: Tag,
    question: usize,
    key: Vec<u8>,
    numbers: Option<Numbers>,
}

impl Counting {
    /// Notes a question that was sent.
    pub(super) fn ask(&mut self, tag: Tag, question: usize, wire_name: &[u8]) {
        self.asked.push_back(Asked { tag, question, key: status_key(wire_name), numbers: None });
    }

    /// Whether a question is unanswered.
    pub(super) fn is_open(&self) -> bool {
        !self.asked.is_empty()
    }

    /// Takes an untagged answer, if it answers a question.
    pub(super) fn take_numbers(&mut self, pieces: &[Piece]) {
        if let Some((key, numbers)) = parse_status(pieces)
            && let Some(asked) = self.asked.iter_mut().find(|asked| asked.key == key && asked.numbers.is_none())
        {
            asked.numbers = Some(numbers);
        }
    }

    /// Takes a tagged answer; false if it does not belong to a question. A refusal counts as no answer.
    pub(super) fn take_answer(&mut self, tag: Tag, status: &Status) -> bool {
        let Some(position) = self.asked.iter().position(|asked| asked.tag == tag) else { return false };
        let asked = self.asked.remove(position).filter(|_| status.condition == Condition::Ok);
        let numbers = asked.and_then(|asked| Some((asked.question, asked.numbers?.status()?)));
        self.counted.extend(numbers.map(|(question, status)| Counted { question, status }));
        true
    }

    /// The answers since the last call.
    pub(super) fn take(&mut self) -> Vec<Counted> {
        std::mem::take(&mut self.counted)
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::scripted::scripted;
    use super::super::{Announced, Destination};
    use super::super::{AppendWay, Appender, Begun};
    use crate::domain::Uid;

    #[test]
    fn what_a_folder_holds_is_asked_behind_a_batch_and_a_refusal_says_nothing() {
        let answers =
            "K1 OK done\r\n* STATUS \"INBOX\" (MESSAGES 3 UIDNEXT 9 UIDVALIDITY 7)\r\nK2 OK\r\nK3 NO not now\r\n";
        let mut wire = scripted(answers.as_bytes()).unwrap();
        wire.capabilities = super::super::super::capabilities::Capabilities::parse("LITERAL+");
        let mut appender = Appender::new(&mut wire);
        let destination = Destination { number: 0, wire_name: b"INBOX", way: AppendWay::Single, empty_list: false };
        let message = Announced { uid: Uid(1), size: 1, flags: &[], date: None };
        assert_eq!(appender.begin(&destination, &message).unwrap(), Begun::Ready);
        appender.write(b"x").unwrap();
        appender.end().unwrap();
        appender.end_batch().unwrap();
        appender.ask(5, b"inbox").unwrap();
        appender.ask(6, b"INBOX").unwrap();
        assert_eq!(appender.settle(0, 0).unwrap().len(), 1);
        let counted: Vec<(usize, u64)> =
            appender.counted().iter().map(|it| (it.question, it.status.messages)).collect();
        assert_eq!(counted, [(5, 3)]);
    }
}
