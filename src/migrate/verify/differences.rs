//! How two folders differ: messages of the source that are missing, altered, have other marks, or have too many copies.
//!
//! 1. Messages with the same content are interchangeable: among them, those with the same date and flags are paired first.
//! 2. If the target has more messages of a content than the source, these are extra copies. Other mail belongs to the target.
//! 3. A missing message was removed by somebody if, according to the record, a run read it back or saw it in this very folder. But if its
//!    place still holds a message of the same date, that is the message, altered, whatever copies there are elsewhere.
//! 4. Somebody has changed flags if they differ from those that a run set. If they are the same but the source has others, the source was
//!    changed since and no last pass has brought the change; but a target need not keep keywords, and that run has reported them.

use super::reading::Current;
use crate::domain::{Digest, Uid, UidValidity};
use crate::ledger::{FolderRecord, Ledger, Message, State};
use crate::migrate::content::comparison::{Comparison, Likeness};
use crate::migrate::content::matching::{Match, Matching, Scope};
use crate::migrate::folder::noted_flags::{stored, to_be};
use crate::migrate::folder::progress::is_far_off;
use crate::migrate::heads::{Head, Heads};
use chrono::{DateTime, FixedOffset};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// How the two folders compare.
#[derive(Default)]
pub struct Differences {
    /// Messages of the source that are on the target with the same content: their number and their bytes.
    pub right: (u64, u64),
    /// Of these, those with a change beyond the final line ending.
    pub changed: Vec<(Uid, Comparison)>,
    /// Of these, how many have a different final line ending.
    pub final_line_ends: u64,
    /// Of these, those with another date: the date as sent and the target's.
    pub dates: Vec<(Uid, DateTime<FixedOffset>, Option<DateTime<FixedOffset>>)>,
    /// Of these, those with other flags: the source's and the target's.
    pub flags: Vec<(Uid, String, String)>,
    /// Of these, those whose flags were changed on the target since a run set them.
    pub marked: Vec<Uid>,
    /// Messages whose delivered size differs widely from the announced one: the announced and the delivered size, in bytes.
    pub unlike_announced: Vec<(Uid, u64, u64)>,
    /// Messages whose copy has different content.
    pub altered: Vec<(Uid, Comparison)>,
    /// Messages that are missing on the target, and what a record knows about them.
    pub missing: Vec<(Uid, Past)>,
    /// Other messages in the target folder, with their sizes in bytes.
    pub left_there: Vec<(Uid, u64)>,
    /// The target UIDs of the messages that were paired.
    pub paired_there: BTreeSet<Uid>,
    /// Messages with more copies on the target than on the source, and how many more.
    pub extra: Vec<(Uid, u64)>,
    /// Messages that the source does not deliver.
    pub unreadable: Vec<Uid>,
    /// Messages that may be among those that the target lists but does not deliver.
    pub unproved: Vec<Uid>,
    /// How many further messages the target does not deliver; missing ones may be among them.
    pub unreadable_there: u64,
}

/// What the record of earlier runs knows about a missing message.
#[derive(Debug, Clone, Copy, Default)]
pub struct Past {
    /// The target confirmed it.
    pub was_copied: bool,
    /// It was read back or seen there.
    pub was_checked: bool,
}

impl Past {
    /// What the record says about a message.
    pub fn of(message: &Message) -> Self {
        Self {
            was_copied: message.state != State::Intended,
            was_checked: matches!(message.state, State::Checked | State::Seen),
        }
    }
}

/// Earlier knowledge about a folder: from the record of earlier runs, as long as the folder is the same on both sides, and about the
/// target.
pub struct Known {
    messages: BTreeMap<Uid, KnownMessage>,
    /// Whether the target keeps a message that is \Deleted; otherwise none arrives with that flag.
    keeps_deleted: bool,
}

struct KnownMessage {
    target_uid: Option<Uid>,
    past: Past,
    /// The note of the flags that were set.
    flags: Option<Vec<String>>,
}

impl Known {
    /// Only whether the target keeps \Deleted is known.
    pub fn nothing(keeps_deleted: bool) -> Self {
        Self { messages: BTreeMap::new(), keeps_deleted }
    }

    /// The target UID that a run noted for a message of the source.
    fn place(&self, uid: Uid) -> Option<Uid> {
        self.messages.get(&uid)?.target_uid
    }

    /// Takes in the record's knowledge: nothing if it is about other folders or cannot be read.
    pub fn by_record(self, ledger: &Ledger, record: &FolderRecord, here: UidValidity, there: UidValidity) -> Self {
        let mut known = self;
        if (record.source_uid_validity, record.target_uid_validity) != (here, there) {
            return known;
        }
        let Ok(messages) = ledger.messages_of(record) else { return known };
        for message in messages {
            let flags = ledger.flags(record, message.uid).ok().flatten().map(<[String]>::to_vec);
            let past = Past::of(message);
            known.messages.insert(message.uid, KnownMessage { target_uid: message.target_uid, past, flags });
        }
        known
    }
}

/// What must be equal in two copies of the same content.
type Marks = (Option<DateTime<FixedOffset>>, BTreeSet<String>);

fn marks(heads: &Heads, uid: Uid) -> Marks {
    let Some(head) = heads.get(uid) else { return Marks::default() };
    let flags = heads.flags(head).iter().map(|flag| flag.to_ascii_lowercase()).filter(|flag| flag != "\\recent");
    (head.date, flags.collect())
}

/// Whether the source's flags are the target's, plus \Deleted at most.
fn is_but_for_deleted(here: &BTreeSet<String>, there: &BTreeSet<String>) -> bool {
    there.is_subset(here) && here.difference(there).all(|flag| flag == "\\deleted")
}

/// Whether every target keeps the flag.
fn is_kept(flag: &str) -> bool {
    ["\\seen", "\\answered", "\\flagged", "\\draft"].contains(&flag)
}

impl Differences {
    /// Compares the two sides; `by_content` says whether contents were compared, not only sizes.
    pub fn new(current: &Current, matching: Matching, by_content: bool, known: &Known) -> Self {
        let heads = &current.here.heads;
        // A message without an equal size or date among the unread ones counts as missing.
        let unproved = matching.unproved(heads.all(), current.there.heads.all(), Scope::Folder);
        let unreadable_there = matching.unreadable_there.len().saturating_sub(unproved.len()) as u64;
        let unproved: BTreeSet<Uid> = unproved.into_iter().collect();
        let undelivered: BTreeSet<Uid> = matching.unreadable_there.iter().copied().collect();
        let mut differences = Self { unreadable_there, ..Self::default() };
        if by_content {
            let sizes = matching.pairs.iter().filter_map(|pair| Some((pair.uid, heads.get(pair.uid)?.size, pair.size)));
            differences.unlike_announced =
                sizes.filter(|(_, announced, given)| is_far_off(*announced, *given)).collect();
        }
        let unreadable: BTreeSet<Uid> = matching.unreadable.into_iter().collect();
        let (equal, others): (Vec<Match>, Vec<Match>) =
            matching.pairs.into_iter().partition(|pair| pair.comparison == Comparison::Equal);
        let mut pairs: BTreeMap<Uid, (Uid, Comparison)> =
            others.iter().map(|pair| (pair.uid, (pair.target_uid, pair.comparison))).collect();
        let spare = differences.pair_equal(current, equal, &others, by_content, &mut pairs);
        differences.extra = spare;
        let paired: BTreeSet<Uid> = pairs.values().map(|(target_uid, _)| *target_uid).collect();
        let is_spoilt = |head: &Head| {
            let place = known.place(head.uid).filter(|place| !paired.contains(place) && !undelivered.contains(place));
            place.and_then(|place| current.there.heads.get(place)).is_some_and(|there| there.date == head.date)
        };
        for head in heads.all() {
            match pairs.get(&head.uid) {
                Some((target_uid, comparison)) => differences.take(current, known, head.uid, *target_uid, *comparison),
                None if unreadable.contains(&head.uid) => differences.unreadable.push(head.uid),
                None if unproved.contains(&head.uid) => differences.unproved.push(head.uid),
                None if is_spoilt(head) => differences.altered.push((head.uid, Comparison::Different)),
                None => {
                    let past = known.messages.get(&head.uid).map(|known| known.past).unwrap_or_default();
                    differences.missing.push((head.uid, past));
                }
            }
        }
        let left = current.there.heads.all().iter().filter(|head| !paired.contains(&head.uid));
        differences.left_there = left.map(|head| (head.uid, head.size)).collect();
        differences.paired_there = paired;
        differences
    }

    /// Pairs messages of the same content by their marks, and returns those with extra copies on the target, and how many.
    fn pair_equal(
        &self,
        current: &Current,
        equal: Vec<Match>,
        others: &[Match],
        by_content: bool,
        pairs: &mut BTreeMap<Uid, (Uid, Comparison)>,
    ) -> Vec<(Uid, u64)> {
        let mut contents: HashMap<(u64, Digest), (Vec<Uid>, Vec<Uid>)> = HashMap::new();
        let size = |uid: Uid| current.here.heads.get(uid).map_or(0, |head| head.size);
        let mut digests: HashMap<Digest, (u64, Digest)> = HashMap::new();
        let mut taken: BTreeSet<Uid> = others.iter().map(|pair| pair.target_uid).collect();
        for pair in equal {
            // If only sizes were compared, the digest proves nothing; if contents were, the size proves nothing.
            let content = (if by_content { 0 } else { size(pair.uid) }, pair.digest);
            digests.insert(pair.digest, content);
            taken.insert(pair.target_uid);
            let (here, there) = contents.entry(content).or_default();
            here.push(pair.uid);
            there.push(pair.target_uid);
        }
        // Copies of messages that the target stores with a header of its own.
        let shelf = &current.there.shelf;
        let changed: HashMap<Likeness, Uid> = others
            .iter()
            .filter(|pair| pair.comparison.is_harmless())
            .filter_map(|pair| Some((shelf.meaning(pair.target_uid)?, pair.uid)))
            .collect();
        let mut further: BTreeMap<Uid, u64> = BTreeMap::new();
        if by_content {
            let free = current.there.heads.all().iter().filter(|head| !taken.contains(&head.uid));
            for (uid, digest) in free.filter_map(|head| Some((head.uid, current.there.shelf.digest(head.uid)?))) {
                if let Some((_, there)) = digests.get(&digest).and_then(|content| contents.get_mut(content)) {
                    there.push(uid);
                } else if let Some(message) = shelf.meaning(uid).and_then(|meaning| changed.get(&meaning)) {
                    *further.entry(*message).or_default() += 1;
                }
            }
        }
        let mut extra: Vec<(Uid, u64)> = further.into_iter().collect();
        for (here, mut there) in contents.into_values() {
            let first = here.iter().min().copied();
            extra
                .extend(first.filter(|_| there.len() > here.len()).map(|uid| (uid, (there.len() - here.len()) as u64)));
            let mut rest = Vec::new();
            let mut by_marks: HashMap<Marks, Vec<Uid>> = HashMap::new();
            if there.len() > 1 {
                there.sort_unstable_by(|one, other| other.cmp(one));
                for uid in &there {
                    by_marks.entry(marks(&current.there.heads, *uid)).or_default().push(*uid);
                }
            }
            let mut used = BTreeSet::new();
            for uid in here {
                match by_marks.get_mut(&marks(&current.here.heads, uid)).and_then(Vec::pop) {
                    Some(target_uid) => {
                        used.insert(target_uid);
                        pairs.insert(uid, (target_uid, Comparison::Equal));
                    }
                    None => rest.push(uid),
                }
            }
            let mut free = there.into_iter().rev().filter(|uid| !used.contains(uid));
            for uid in rest {
                if let Some(target_uid) = free.next() {
                    pairs.insert(uid, (target_uid, Comparison::Equal));
                }
            }
        }
        extra.sort_unstable();
        extra
    }

    /// Takes in a message that is on the target.
    fn take(&mut self, current: &Current, known: &Known, uid: Uid, target_uid: Uid, comparison: Comparison) {
        if !comparison.is_harmless() {
            self.altered.push((uid, comparison));
            return;
        }
        let (messages, bytes) = self.right;
        self.right = (messages + 1, bytes + current.here.heads.get(uid).map_or(0, |head| head.size));
        match comparison {
            Comparison::FinalLineEnd => self.final_line_ends += 1,
            Comparison::LineEnds | Comparison::HeaderAdded => self.changed.push((uid, comparison)),
            _ => {}
        }
        let ((sent, sent_flags), (date, flags)) =
            (marks(&current.here.heads, uid), marks(&current.there.heads, target_uid));
        if let Some(sent) = sent.filter(|sent| Some(*sent) != date) {
            self.dates.push((uid, sent, date));
        }
        if sent_flags == flags {
            return;
        }
        let noted = known.messages.get(&uid).filter(|known| known.target_uid == Some(target_uid));
        let noted = noted.and_then(|known| known.flags.as_ref());
        let sent_list: Vec<String> = sent_flags.iter().cloned().collect();
        match noted {
            Some(noted) if stored(noted) != flags => self.marked.push(uid),
            Some(noted) if to_be(&sent_list, noted) == flags => {}
            // The target does not keep what the source has, which was reported when it was copied. Every server keeps the standard flags
            // but \Deleted: if one of these is missing, the source was changed since, and the last pass brings that.
            Some(_) if flags.is_subset(&sent_flags) && !sent_flags.difference(&flags).any(|flag| is_kept(flag)) => {}
            None if !known.keeps_deleted && is_but_for_deleted(&sent_flags, &flags) => {}
            _ => {
                let text = |flags: BTreeSet<String>| flags.into_iter().collect::<Vec<_>>().join(" ");
                self.flags.push((uid, text(sent_flags), text(flags)));
            }
        }
    }

    /// The messages that a person must be able to recognise.
    pub fn named(&self) -> impl Iterator<Item = Uid> {
        let altered = self.altered.iter().chain(&self.changed).map(|(uid, _)| *uid);
        let dates = self.dates.iter().map(|(uid, ..)| *uid).take(NAMED);
        let flags = self.flags.iter().map(|(uid, ..)| *uid).take(NAMED);
        let extra = self.extra.iter().map(|(uid, _)| *uid).take(NAMED);
        let sizes = self.unlike_announced.iter().map(|(uid, ..)| *uid).take(NAMED);
        let marks = dates.chain(flags).chain(extra).chain(sizes).chain(self.marked.iter().copied().take(NAMED));
        let missing = self.missing.iter().map(|(uid, _)| *uid);
        let unread = self.unproved.iter().chain(&self.unreadable).copied();
        missing.chain(unread).chain(altered).chain(marks)
    }
}

/// At most this many messages of each kind are named one by one in a folder; the rest are counted.
pub const NAMED: usize = 20;
