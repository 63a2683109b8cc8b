//! The heads of a folder's messages in little memory: a million take about 32 MB.

use crate::domain::{MessageHead, Uid};
use crate::imap::{ImapError, Reader};
use crate::progress::Counts;
use chrono::{DateTime, FixedOffset};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};

/// A message without its content.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Head {
    /// Its UID.
    pub uid: Uid,
    /// Its size in bytes as the server announces it.
    pub size: u64,
    /// Its internal date.
    pub date: Option<DateTime<FixedOffset>>,
    /// The number of its set of flags in this folder. All but the last eight bits identify the meaning of the set across folders.
    flags: u32,
}

impl Head {
    /// Whether another message, of this folder or another, has the same flags, however they are spelt.
    pub fn has_flags_of(&self, other: &Head) -> bool {
        self.flags_meaning() == other.flags_meaning()
    }

    /// The same message with another size.
    pub fn sized(self, size: u64) -> Self {
        Self { size, ..self }
    }

    /// A number that is equal for equal flags, however they are spelt.
    pub fn flags_meaning(&self) -> u32 {
        self.flags >> SPELLINGS
    }
}

/// The number of bits that distinguish spellings of the same set of flags.
const SPELLINGS: u32 = 8;

/// The number for the flags of a message of which the server gave none; it means other flags than any set.
const UNKNOWN: u32 = u32::MAX;
/// Stands for them where one lost flag is named.
const ALL_FLAGS: &str = "(all flags, which the source does not give)";

/// The first number for a set of flags.
fn number_of(flags: &[String]) -> u32 {
    let mut flags: Vec<String> = flags.iter().map(|flag| flag.to_ascii_lowercase()).collect();
    flags.retain(|flag| flag != "\\recent");
    flags.sort_unstable();
    flags.dedup();
    let mut hasher = DefaultHasher::new();
    flags.hash(&mut hasher);
    (hasher.finish() as u32) << SPELLINGS
}

/// The heads of a folder, ascending by UID, each UID once.
#[derive(Debug, Default)]
pub struct Heads {
    heads: Vec<Head>,
    /// The sets of flags that occur, by number; most folders have a handful.
    flag_sets: HashMap<u32, Vec<String>>,
    known: HashMap<Vec<String>, u32>,
    read: u64,
    permanent_ids: HashMap<Uid, u64>,
    /// Flags that cannot be sent, one for each message that has any.
    unused_flags: HashMap<Uid, String>,
    /// An example of a date from the server that cannot be parsed.
    unread_date: Option<String>,
}

impl Heads {
    /// The heads of the open folder from a UID on.
    pub fn read_from(reader: &mut Reader, first: Uid) -> Result<Self, ImapError> {
        let mut heads = Self::default();
        reader.heads(first, None, &mut |head| heads.push(head))?;
        heads.finish();
        Ok(heads)
    }

    /// Adds a head.
    pub fn push(&mut self, head: MessageHead) {
        let flags = match self.known.get(&head.flags) {
            _ if head.unused.as_ref().is_some_and(|unused| unused.no_flags) => UNKNOWN,
            Some(flags) => *flags,
            None => {
                let mut number = number_of(&head.flags);
                while self.flag_sets.contains_key(&number) {
                    number = number.wrapping_add(1);
                }
                self.flag_sets.insert(number, head.flags.clone());
                self.known.insert(head.flags, number);
                number
            }
        };
        if let Some(unused) = head.unused {
            self.unused_flags.extend(unused.flag.map(|flag| (head.uid, flag)));
            self.unread_date = self.unread_date.take().or(unused.date);
        }
        self.permanent_ids.extend(head.permanent_id.map(|id| (head.uid, id)));
        self.heads.push(Head { uid: head.uid, size: head.size, date: head.date, flags });
    }

    /// Sorts by UID and keeps the later of two heads with the same UID; servers answer in any order and sometimes twice.
    pub fn finish(&mut self) {
        self.heads.reverse();
        self.heads.sort_by_key(|head| head.uid);
        self.heads.dedup_by_key(|head| head.uid);
        self.heads.shrink_to_fit();
        self.read = self.heads.len() as u64;
    }

    /// The dates that one message has and no other.
    pub fn dates_of_one(&self) -> HashSet<DateTime<FixedOffset>> {
        let (mut once, mut more) = (HashSet::new(), HashSet::new());
        for date in self.heads.iter().filter_map(|head| head.date) {
            if !once.insert(date) {
                more.insert(date);
            }
        }
        once.retain(|date| !more.contains(date));
        once
    }

    /// How many heads were read, including those that were not kept.
    pub fn read(&self) -> u64 {
        self.read
    }

    /// Takes the ids that a message has in every folder of the server; empty from then on.
    pub fn take_permanent_ids(&mut self) -> HashMap<Uid, u64> {
        std::mem::take(&mut self.permanent_ids)
    }

    /// Keeps only the wanted heads; returns how many were left out.
    pub fn keep(&mut self, wanted: impl FnMut(&Head) -> bool) -> u64 {
        let before = self.heads.len();
        self.heads.retain(wanted);
        (before - self.heads.len()) as u64
    }

    /// All heads, ascending by UID.
    pub fn all(&self) -> &[Head] {
        &self.heads
    }

    /// The head with this UID.
    pub fn get(&self, uid: Uid) -> Option<&Head> {
        self.heads.binary_search_by_key(&uid, |head| head.uid).ok().map(|index| &self.heads[index])
    }

    /// The flags of a head of this folder.
    pub fn flags(&self, head: &Head) -> &[String] {
        self.flag_sets.get(&head.flags).map_or(&[], Vec::as_slice)
    }

    /// Whether the server gave the flags of a head of this folder. If not, they may be any.
    pub fn knows_flags(&self, head: &Head) -> bool {
        head.flags != UNKNOWN
    }

    /// A flag of the message that cannot be sent.
    pub fn unused_flag(&self, uid: Uid) -> Option<&str> {
        if self.get(uid).is_some_and(|head| !self.knows_flags(head)) {
            return Some(ALL_FLAGS);
        }
        self.unused_flags.get(&uid).map(String::as_str)
    }

    /// An example of a date from the server that cannot be parsed.
    pub fn unread_date(&self) -> Option<&str> {
        self.unread_date.as_deref()
    }

    /// Messages whose date is missing or cannot be parsed.
    pub fn dateless(&self) -> Vec<Uid> {
        self.heads.iter().filter(|head| head.date.is_none()).map(|head| head.uid).collect()
    }

    /// Gives messages the dates from their headers.
    pub fn take_dates(&mut self, dates: &BTreeMap<Uid, DateTime<FixedOffset>>) {
        for head in &mut self.heads {
            head.date = head.date.or_else(|| dates.get(&head.uid).copied());
        }
    }

    /// Their total size in bytes.
    pub fn bytes(&self) -> u64 {
        self.heads.iter().map(|head| head.size).sum()
    }

    /// Their number and their size in bytes.
    pub fn counts(&self) -> Counts {
        Counts { messages: self.heads.len() as u64, bytes: self.bytes() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Unused;

    #[test]
    fn of_two_heads_with_one_uid_the_later_holds() {
        let head = |uid, size, flag: &str| MessageHead {
            uid: Uid(uid),
            size,
            flags: vec![flag.into()],
            date: None,
            permanent_id: None,
            unused: None,
        };
        let mut heads = Heads::default();
        for (uid, size, flag) in [(3, 30, "a"), (1, 10, "a"), (3, 31, "b")] {
            heads.push(head(uid, size, flag));
        }
        heads.finish();
        assert_eq!(heads.all().iter().map(|head| (head.uid.0, head.size)).collect::<Vec<_>>(), vec![(1, 10), (3, 31)]);
        assert_eq!(heads.flags(heads.get(Uid(3)).unwrap()), ["b"]);
        assert_eq!(heads.bytes(), 41);
    }

    #[test]
    fn of_a_message_without_flags_from_the_server_they_are_unknown_and_not_none() {
        let mut heads = Heads::default();
        for (uid, no_flags) in [(1, true), (2, false)] {
            let unused = Some(Box::new(Unused { no_flags, ..Unused::default() })).filter(|_| no_flags);
            let head =
                MessageHead { uid: Uid(uid), size: 1, flags: Vec::new(), date: None, permanent_id: None, unused };
            heads.push(head);
        }
        heads.finish();
        let [unknown, none] = [heads.all()[0], heads.all()[1]];
        assert_eq!([&unknown, &none].map(|head| heads.knows_flags(head)), [false, true]);
        assert!(!unknown.has_flags_of(&none) && heads.flags(&unknown).is_empty());
        assert_eq!([1, 2].map(|uid| heads.unused_flag(Uid(uid)).is_some()), [true, false]);
    }

    #[test]
    fn messages_of_two_folders_have_the_same_flags_however_they_are_spelt() {
        let heads = |sets: &[&[&str]]| {
            let mut heads = Heads::default();
            for (flags, uid) in sets.iter().zip(1..) {
                let flags = flags.iter().map(|flag| flag.to_string()).collect();
                heads.push(MessageHead { uid: Uid(uid), size: 1, flags, date: None, permanent_id: None, unused: None });
            }
            heads
        };
        let here = heads(&[&["\\Seen", "$A"], &["$a", "\\SEEN", "\\Recent"], &["\\Seen"], &[]]);
        let there = heads(&[&[], &["\\seen", "$A"]]);
        let same: Vec<[bool; 2]> =
            here.all().iter().map(|head| [0, 1].map(|at| head.has_flags_of(&there.all()[at]))).collect();
        assert_eq!(same, [[false, true], [false, true], [false, false], [true, false]]);
        assert_eq!(here.flags(&here.all()[1]), ["$a", "\\SEEN", "\\Recent"]);
    }
}
