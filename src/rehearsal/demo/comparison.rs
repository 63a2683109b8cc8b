//! Compares two mailboxes by content, folder by folder: which messages are lost, doubled or altered. Folder names do not matter.

use crate::domain::Digest;
use crate::rehearsal::{FolderSnapshot, MessageSnapshot, Snapshot};
use chrono::{DateTime, FixedOffset};
use std::collections::{BTreeMap, BTreeSet};

/// The state of the mail after a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DemoComparison {
    /// Messages that the target should have.
    pub expected: usize,
    /// Those that are missing on the target, or not in the same folder as their neighbours.
    pub lost: usize,
    /// Surplus copies on the target.
    pub doubled: usize,
    /// Those with other bytes, date or flags, including mail that was on the target before.
    pub altered: usize,
    /// Whether anything on the source has changed.
    pub source_changed: bool,
}

impl DemoComparison {
    /// Whether everything arrived exactly once and unaltered, and the source is unchanged.
    pub fn is_perfect(&self) -> bool {
        self.lost == 0 && self.doubled == 0 && self.altered == 0 && !self.source_changed
    }

    pub(super) fn add(&mut self, other: Self) {
        self.expected += other.expected;
        self.lost += other.lost;
        self.doubled += other.doubled;
        self.altered += other.altered;
        self.source_changed |= other.source_changed;
    }
}

/// The flags and keywords that Kerio Connect keeps (docs/kerio-connect.md, D4), except \Deleted, which would make mail vanish (D5).
const KEPT: [&str; 10] = [
    "\\seen",
    "\\answered",
    "\\draft",
    "\\flagged",
    "$mdnsent",
    "$forwarded",
    "$autojunk",
    "$autonotjunk",
    "$junk",
    "$notjunk",
];

/// What two copies of a message must have in common.
type Marks = (BTreeSet<String>, DateTime<FixedOffset>);
/// A folder's messages by their content.
type Contents = BTreeMap<Digest, Vec<Marks>>;

/// Compares a mailbox with its copy. Messages above `limit` bytes are not expected; what the target had before does not count.
pub(super) fn compare(source: &Snapshot, limit: u64, before: &Snapshot, target: &Snapshot) -> DemoComparison {
    let wanted: Vec<Contents> = source
        .folders
        .values()
        .map(|folder| contents(folder.messages.iter().filter(|message| message.size <= limit)))
        .filter(|contents| !contents.is_empty())
        .collect();
    let mut result = DemoComparison { expected: wanted.iter().map(count).sum(), ..DemoComparison::default() };
    let mut found = Vec::new();
    for (name, folder) in &target.folders {
        let old = before.folders.get(name);
        result.altered += old.map_or(0, |old| changed(old, folder));
        let is_old = |message: &&MessageSnapshot| old.is_some_and(|old| message.uid < old.uid_next);
        found.push(contents(folder.messages.iter().filter(|message| !is_old(message))));
    }
    let gone = before.folders.iter().filter(|(name, _)| !target.folders.contains_key(*name));
    result.altered += gone.map(|(_, folder)| folder.messages.len()).sum::<usize>();

    let nothing = Contents::new();
    let pairs = pairs(&wanted, &found);
    for (place, contents) in wanted.iter().enumerate() {
        let copy = pairs.get(&place).map_or(&nothing, |&place| &found[place]);
        result.add(compare_folder(contents, copy));
    }
    let paired: BTreeSet<usize> = pairs.into_values().collect();
    result.doubled +=
        found.iter().enumerate().filter(|(place, _)| !paired.contains(place)).map(|(_, c)| count(c)).sum::<usize>();
    result
}

fn contents<'a>(messages: impl Iterator<Item = &'a MessageSnapshot>) -> Contents {
    let mut contents = Contents::new();
    for message in messages {
        let flags = message.flags.iter().map(|flag| flag.to_lowercase()).filter(|flag| KEPT.contains(&flag.as_str()));
        contents.entry(message.digest).or_default().push((flags.collect(), message.date));
    }
    contents
}

fn count(contents: &Contents) -> usize {
    contents.values().map(Vec::len).sum()
}

/// Pairs folders of source and target, those with most in common first.
fn pairs(wanted: &[Contents], found: &[Contents]) -> BTreeMap<usize, usize> {
    let mut common = Vec::new();
    for (left, wanted) in wanted.iter().enumerate() {
        for (right, found) in found.iter().enumerate() {
            let shared = wanted.keys().filter(|digest| found.contains_key(digest)).count();
            if shared > 0 {
                common.push((shared, left, right));
            }
        }
    }
    common.sort_by(|one, other| other.cmp(one));
    let (mut pairs, mut taken) = (BTreeMap::new(), BTreeSet::new());
    for (_, left, right) in common {
        if !pairs.contains_key(&left) && taken.insert(right) {
            pairs.insert(left, right);
        }
    }
    pairs
}

fn compare_folder(wanted: &Contents, found: &Contents) -> DemoComparison {
    let (mut missing, mut result) = (0, DemoComparison::default());
    for (digest, originals) in wanted {
        let copies = found.get(digest).map_or(&[][..], Vec::as_slice);
        missing += originals.len().saturating_sub(copies.len());
        result.doubled += copies.len().saturating_sub(originals.len());
        let mut left = copies.to_vec();
        let mut other = 0;
        for original in originals {
            match left.iter().position(|copy| copy == original) {
                Some(place) => drop(left.swap_remove(place)),
                None => other += 1,
            }
        }
        result.altered += other.min(left.len());
    }
    let foreign: usize = found.iter().filter(|(digest, _)| !wanted.contains_key(digest)).map(|(_, c)| c.len()).sum();
    let altered = missing.min(foreign);
    result.altered += altered;
    result.lost = missing - altered;
    result.doubled += foreign - altered;
    result
}

/// How many messages of a folder have changed.
fn changed(before: &FolderSnapshot, now: &FolderSnapshot) -> usize {
    let kept: BTreeSet<&MessageSnapshot> = now.messages.iter().collect();
    before.messages.iter().filter(|message| !kept.contains(message)).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rehearsal::{Content, Layout, MailStore, NewMessage};
    use std::sync::Arc;

    const USER: &str = "ann@example.com";

    fn store(layout: Layout, folder: &str, seeds: &[u64]) -> Arc<MailStore> {
        let store = MailStore::new(layout);
        store.create_user(&[USER], "x").unwrap();
        let _ = store.create_folder(USER, folder);
        for &seed in seeds {
            let flags = vec!["\\Seen".to_owned(), "$Label1".to_owned()];
            let message = NewMessage { flags, ..NewMessage::new(Content::generated(seed, 600)) };
            store.add(USER, folder, message).unwrap();
        }
        store
    }

    fn result(source: &MailStore, target: &MailStore) -> [usize; 4] {
        let of = |store: &MailStore| store.snapshot(USER).unwrap();
        let result = compare(&of(source), 1 << 20, &Snapshot::default(), &of(target));
        [result.expected, result.lost, result.doubled, result.altered]
    }

    #[test]
    fn a_copy_in_a_folder_of_another_name_is_perfect() {
        let source = store(Layout::DOT, "a.b", &[1, 2, 2, 3]);
        assert_eq!(result(&source, &store(Layout::KERIO, "c/d", &[3, 2, 1, 2])), [4, 0, 0, 0]);
    }

    #[test]
    fn each_kind_of_harm_is_counted() {
        let source = store(Layout::DOT, "a", &[1, 2, 2, 3]);
        let kerio = |seeds: &[u64]| store(Layout::KERIO, "a", seeds);
        assert_eq!(result(&source, &kerio(&[1, 2, 2])), [4, 1, 0, 0]);
        assert_eq!(result(&source, &kerio(&[1, 2, 2, 2, 3])), [4, 0, 1, 0]);
        assert_eq!(result(&source, &kerio(&[1, 2, 2, 9])), [4, 0, 0, 1]);
        assert_eq!(result(&source, &kerio(&[])), [4, 4, 0, 0]);
        let flagged = kerio(&[1, 2, 2, 3]);
        flagged.set_flags(USER, "a", 1, &["\\Flagged"]).unwrap();
        assert_eq!(result(&source, &flagged), [4, 0, 0, 1]);
        let strayed = kerio(&[1, 2, 2]);
        strayed.add(USER, "INBOX", NewMessage::new(Content::generated(3, 600))).unwrap();
        assert_eq!(result(&source, &strayed), [4, 1, 1, 0]);
    }

    #[test]
    fn mail_that_was_there_before_counts_only_when_it_changed() {
        let source = store(Layout::DOT, "INBOX", &[1, 2]);
        let target = store(Layout::KERIO, "INBOX", &[7, 8]);
        let before = target.snapshot(USER).unwrap();
        for seed in [1, 2] {
            let flags = vec!["\\seen".to_owned()];
            target.add(USER, "INBOX", NewMessage { flags, ..NewMessage::new(Content::generated(seed, 600)) }).unwrap();
        }
        let compared = |target: &MailStore| {
            compare(&source.snapshot(USER).unwrap(), 1 << 20, &before, &target.snapshot(USER).unwrap())
        };
        assert!(compared(&target).is_perfect());
        target.set_flags(USER, "INBOX", 1, &[]).unwrap();
        assert_eq!(compared(&target).altered, 1);
    }
}
