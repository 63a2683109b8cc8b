//! What a few recorded messages of a folder show: whether the UIDs in its record still name the same messages.

use crate::domain::Uid;
use crate::imap::FolderStatus;
use crate::ledger::{Message, State};
use std::collections::BTreeMap;

/// How many of a record's last messages are looked at, and how many more, spread over the record.
const LAST: usize = 3;
const SPREAD: usize = 3;

/// What a server announces of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Announced {
    /// RFC822.SIZE.
    pub size: u64,
    /// INTERNALDATE in seconds since 1970.
    pub date: Option<i64>,
}

/// What a few recorded messages and their places hold now.
#[derive(Debug, Default)]
pub struct Witnesses {
    /// The messages, ascending by their UIDs on the source.
    pub sampled: Vec<Message>,
    /// What the source announces at each of their UIDs, and of its last message.
    pub here: BTreeMap<Uid, Announced>,
    /// Whether the source has messages with other dates at UIDs whose dates are noted.
    pub dates_differ: bool,
    /// What the target announces at each of their places.
    pub there: BTreeMap<Uid, Announced>,
    /// Whether a message on the target has the date that it has on the source.
    pub keeps_dates: bool,
    /// The status of the source folder when it was opened for this.
    pub opened: Option<FolderStatus>,
}

/// What the witnesses show about a target folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Testimony {
    /// The places hold what was put there.
    Holds,
    /// Some do, and some have been emptied since.
    SomeEmpty,
    /// Some places hold a message of another size or date.
    Differs,
    /// All places are empty.
    Empty,
}

impl Witnesses {
    /// Whether the source still has these messages: it announces the recorded size for each of them, and the noted date.
    pub fn source_holds(&self) -> bool {
        let is_another = |message: &Message| {
            let announced = self.here.get(&message.uid).zip(message.claimed);
            announced.is_some_and(|(now, then)| now.size != then)
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

    /// Whether the source's UIDNEXT can be believed, and its last message is not above the last one that is `known`: it may have the same
    /// number of messages because one is gone and another is new.
    pub fn shows_nothing_new(&self, status: &FolderStatus, known: Option<Uid>) -> bool {
        let last = self.here.keys().next_back().copied();
        credible_next(status, last).is_some() && last <= known
    }

    /// Whether a place may hold this message, by size and by the date that the source announces.
    fn is_message(&self, message: &Message, at: &Announced) -> bool {
        let sent = self.here.get(&message.uid).and_then(|here| here.date).filter(|_| self.keeps_dates);
        at.size == message.size_there() && sent.zip(at.date).is_none_or(|(sent, at)| sent == at)
    }

    /// Whether a message at its place shows that the target keeps dates.
    pub fn shows_kept_dates(&self) -> bool {
        let is_dated = |message: &Message| {
            let here = self.here.get(&message.uid).and_then(|here| here.date);
            let there = message.target_uid.and_then(|place| self.there.get(&place)?.date);
            here.is_some() && here == there
        };
        self.sampled.iter().any(is_dated)
    }

    /// What the places on the target show.
    pub fn target(&self) -> Testimony {
        let placed = self.sampled.iter().filter_map(|message| Some((message, message.target_uid?)));
        let (mut places, mut empty) = (0, 0);
        for (message, place) in placed {
            places += 1;
            match self.there.get(&place) {
                None => empty += 1,
                Some(at) if message.state != State::Altered && !self.is_message(message, at) => {
                    return Testimony::Differs;
                }
                Some(_) => {}
            }
        }
        match empty {
            0 => Testimony::Holds,
            _ if empty == places => Testimony::Empty,
            _ => Testimony::SomeEmpty,
        }
    }
}

/// Whether the target holds, or once held, as many messages as a record has on it without knowing their places: only their number shows
/// anything. Those that nobody has to look for any more do not count.
pub fn are_enough(messages: &[Message], target: &FolderStatus) -> bool {
    let is_placeless = |message: &&Message| {
        message.target_uid.is_none() && matches!(message.state, State::Done | State::Seen | State::Altered)
    };
    let placeless = messages.iter().filter(is_placeless).count() as u64;
    target.messages >= placeless || credible_next(target, None).is_some_and(|next| u64::from(next.0) > placeless)
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
