//! What a few recorded messages of a folder show: whether the UIDs in its record still name the same messages.

use crate::domain::Uid;
use crate::imap::FolderStatus;
use crate::ledger::{Message, State};
use std::collections::BTreeMap;

/// How many of a record's last messages are looked at, and how many more, spread over the record.
const LAST: usize = 3;
const SPREAD: usize = 3;

/// What a few recorded messages and their places hold now.
#[derive(Debug, Default)]
pub struct Witnesses {
    /// The messages, ascending by their UIDs on the source.
    pub sampled: Vec<Message>,
    /// The size in bytes that the source announces at each of their UIDs.
    pub here: BTreeMap<Uid, u64>,
    /// Whether the source has messages with other dates at UIDs whose dates are noted.
    pub dates_differ: bool,
    /// The size in bytes at each of their places on the target.
    pub there: BTreeMap<Uid, u64>,
    /// The status of the source folder when it was opened for this.
    pub opened: Option<FolderStatus>,
}

/// What the witnesses show about a target folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Testimony {
    /// The places hold what was put there, or have been emptied since.
    Holds,
    /// Some places hold a message of another size.
    Differs,
    /// All places are empty.
    Empty,
}

impl Witnesses {
    /// Whether the source still has these messages: it announces the recorded size for each of them, and the noted date.
    pub fn source_holds(&self) -> bool {
        let is_another = |message: &Message| {
            let announced = self.here.get(&message.uid).zip(message.claimed);
            announced.is_some_and(|(now, then)| *now != then)
        };
        !self.dates_differ && !self.sampled.iter().any(is_another)
    }

    /// Whether STATUS of the source folder says the same as opening it did. Some servers count late for STATUS.
    pub fn agrees_with(&self, status: &FolderStatus) -> bool {
        self.opened.is_none_or(|opened| {
            let next = opened.uid_next.zip(status.uid_next);
            opened.messages == status.messages && next.is_none_or(|(opened, told)| opened == told)
        })
    }

    /// What the places on the target show.
    pub fn target(&self) -> Testimony {
        let placed = self.sampled.iter().filter_map(|message| Some((message, message.target_uid?)));
        let (mut places, mut empty) = (0, 0);
        for (message, place) in placed {
            places += 1;
            match self.there.get(&place) {
                None => empty += 1,
                Some(size) if *size != message.size && message.state != State::Altered => return Testimony::Differs,
                Some(_) => {}
            }
        }
        if places > 0 && empty == places { Testimony::Empty } else { Testimony::Holds }
    }
}

/// The messages of a record to look at.
pub fn sample(messages: &[Message]) -> Vec<Message> {
    let settled: Vec<&Message> = messages.iter().filter(|message| message.state != State::Intended).collect();
    let mut by_place = settled.clone();
    by_place.sort_by_key(|message| message.target_uid);
    let spread = (0..SPREAD).filter_map(|part| settled.get(part * settled.len() / SPREAD));
    let last = settled.iter().rev().take(LAST).chain(by_place.iter().rev().take(LAST));
    let sampled: BTreeMap<Uid, Message> = spread.chain(last).map(|message| (message.uid, **message)).collect();
    sampled.into_values().collect()
}

/// A credible UIDNEXT is above all existing UIDs, of which `highest` is known to be one.
pub fn credible_next(status: &FolderStatus, highest: Option<Uid>) -> Option<Uid> {
    let next = status.uid_next?;
    let is_above = highest.is_none_or(|highest| next > highest) && u64::from(next.0) > status.messages;
    is_above.then_some(next)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::UidValidity;

    #[test]
    fn a_constant_or_impossible_uidnext_is_no_evidence() {
        let status = |next, messages| FolderStatus {
            uid_validity: UidValidity(1),
            uid_next: Some(Uid(next)),
            messages,
            highest_modseq: None,
        };
        assert_eq!(credible_next(&status(11, 3), Some(Uid(10))), Some(Uid(11)));
        assert_eq!(credible_next(&status(10, 3), Some(Uid(10))), None);
        assert_eq!(credible_next(&status(1, 3), None), None);
        assert_eq!(credible_next(&status(0, 0), None), None);
    }
}
