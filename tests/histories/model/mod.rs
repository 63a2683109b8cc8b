//! What must be where: an account of a mailbox's history that knows nothing of UIDs, records and protocols.
//!
//! Messages are distinguished by their content. For each folder of the target and each content it knows
//! - how many messages of the source could ever have come there;
//! - how many its owner put there herself;
//! - how many its owner took away, which need not come back.
//!
//! What a run left behind is held against that (`judge`):
//! 1. nothing on the source is other than before, and nothing that was on the target before is gone or changed, but that a folder has another
//!    name because the source's has;
//! 2. what is new there equals a message of the source's folder, with its flags and date;
//! 3. nothing is there more often than it ever was on the source, apart from what its owner put there;
//! 4. a run that calls itself complete has left nothing out but what its owner took away;
//! 5. a run that nothing disturbed is complete, and the next copies nothing;
//! 6. after that, only what is new on the source comes, so that what the owner deletes stays deleted;
//! 7. what is counted as copied was copied;
//! 8. as long as the record is whole, what was flagged on the source is flagged on the target at the end, unless its owner did something to
//!    it there.

mod judge;

use kimt::domain::{Digest, FolderPath};
use kimt::progress::RunState;
use kimt::rehearsal::{FolderSnapshot, Snapshot, wire_name};
use std::collections::{BTreeMap, BTreeSet};

/// A folder's name on a server's wire.
pub type Name = Vec<u8>;
type Tally = BTreeMap<(Name, Digest), usize>;
/// A message of the source: its folder, UIDVALIDITY and UID.
type Identity = (Name, u32, u32);

/// What is known about the mail of both sides.
#[derive(Debug, Default, Clone)]
pub struct Model {
    /// Messages that ever were in a folder of the source.
    ever: Tally,
    /// Messages that the owner put into a folder of the target.
    own: Tally,
    /// Messages that the owner took out of a folder of the target, or that it spoilt.
    taken: Tally,
    /// Those of them that it spoilt.
    damaged: Tally,
    /// Where folders of the source went, as far as was reported.
    ways: BTreeMap<Name, Name>,
    /// Where folders of the source may go beside that, because they had other names before.
    former_ways: BTreeMap<Name, BTreeSet<Name>>,
    /// Whether a folder of the source ever got another name.
    renamed_ever: bool,
    /// Messages of the target that the owner flagged, by folder and UID.
    touched: BTreeSet<(Name, u32)>,
    /// Whether a run ever left a message as its owner had left it on the target.
    left_ever: bool,
}

/// What a computer that migrates knows for certain: the messages of the source when its last run was complete, as long as nothing but
/// ordinary changes by their owner has happened since.
#[derive(Debug, Default, Clone)]
pub struct Known {
    messages: Option<BTreeSet<Identity>>,
    /// Some of what is new may have been copied since.
    interrupted: bool,
}

impl Known {
    /// A run came to no complete end.
    pub fn interrupted(&mut self) {
        self.interrupted = true;
    }
}

/// Both mailboxes at one moment.
pub struct Moment {
    pub source: Snapshot,
    pub target: Snapshot,
}

/// A migration that is to be judged.
pub struct Migrated<'a> {
    pub state: &'a RunState,
    pub before: &'a Moment,
    pub after: &'a Moment,
    pub source_separator: u8,
    pub target_separator: u8,
    /// Nothing was in its way.
    pub smooth: bool,
    pub repair: bool,
    /// The target keeps the dates of messages.
    pub keeps_dates: bool,
}

impl Model {
    pub fn arrived(&mut self, on_target: bool, folder: &[u8], digest: Digest) {
        let tally = if on_target { &mut self.own } else { &mut self.ever };
        *tally.entry((folder.to_vec(), digest)).or_default() += 1;
    }

    /// The owner took a message away; only what happens on the target matters.
    pub fn left(&mut self, folder: &[u8], digest: Digest) {
        *self.taken.entry((folder.to_vec(), digest)).or_default() += 1;
    }

    /// The owner flagged a message of the target.
    pub fn touched(&mut self, folder: &[u8], uid: u32) {
        self.touched.insert((folder.to_vec(), uid));
    }

    /// A folder of the source got another name.
    pub fn renamed(&mut self, before: &Name, now: &Name) {
        let former = self.former_ways.get(before).cloned().unwrap_or_default();
        let way = self.ways.get(before).unwrap_or(before).clone();
        self.former_ways.entry(now.clone()).or_default().extend(former.into_iter().chain([way]));
        self.renamed_ever = true;
    }

    /// The owner gave a folder of the target another name: what she had done in it, she has done in it under that name, and what goes into it
    /// may go there.
    pub fn renamed_by_owner(&mut self, before: &Name, now: &Name) {
        let goes_there = self.ways.iter().filter(|(_, way)| *way == before).map(|(from, _)| from.clone());
        for from in goes_there.collect::<Vec<_>>() {
            self.former_ways.entry(from).or_default().insert(now.clone());
        }
        for ways in self.former_ways.values_mut().filter(|ways| ways.contains(before)) {
            ways.insert(now.clone());
        }
        for tally in [&mut self.own, &mut self.taken, &mut self.damaged] {
            let known: Vec<(Digest, usize)> =
                tally.iter().filter(|((name, _), _)| name == before).map(|((_, digest), it)| (*digest, *it)).collect();
            for (digest, count) in known {
                *tally.entry((now.clone(), digest)).or_default() += count;
            }
        }
        let touched = self.touched.iter().filter(|(name, _)| name == before).map(|(_, uid)| (now.clone(), *uid));
        self.touched.extend(touched.collect::<Vec<_>>());
    }

    /// The target spoilt a message. A migration that compared it before need not notice, a comparison must.
    pub fn damaged(&mut self, folder: &[u8], digest: Digest) {
        self.left(folder, digest);
        *self.damaged.entry((folder.to_vec(), digest)).or_default() += 1;
    }

    /// Whether the target ever spoilt a message.
    pub fn is_damaged(&self) -> bool {
        !self.damaged.is_empty()
    }

    /// The target is as it was when `then` was right.
    pub fn target_restored(&mut self, then: &Self) {
        for (key, count) in &then.taken {
            let now = self.taken.entry(key.clone()).or_default();
            *now = (*now).max(*count);
        }
        for (key, count) in &then.own {
            let now = self.own.entry(key.clone()).or_default();
            *now = (*now).max(*count);
        }
        self.touched.extend(then.touched.iter().cloned());
    }

    /// The target as it was before a run, with the names that the run has given to folders. What is known about them goes by these from now on.
    fn with_new_names(&mut self, run: &Migrated<'_>) -> Result<Snapshot, String> {
        let (before, after) = (&run.before.target, &run.after.target);
        let is_there =
            |name: &Name, validity: u32| after.folders.get(name).is_some_and(|folder| folder.uid_validity == validity);
        let mut names: BTreeMap<Name, Name> = BTreeMap::new();
        for (name, folder) in before.folders.iter().filter(|(name, it)| !is_there(name, it.uid_validity)) {
            let now = after.folders.iter().find(|(_, now)| now.uid_validity == folder.uid_validity);
            names.extend(now.map(|(now, _)| (name.clone(), now.clone())));
        }
        let renamed = run.state.tally.followed.renamed;
        if !names.is_empty() && (!self.renamed_ever || run.smooth && (names.len() as u64) > renamed) {
            return Err(format!("folders of the target have other names: {names:?}, and {renamed} were reported"));
        }
        let now = |name: &Name| names.get(name).unwrap_or(name).clone();
        for tally in [&mut self.own, &mut self.taken, &mut self.damaged] {
            *tally = std::mem::take(tally).into_iter().map(|((name, digest), it)| ((now(&name), digest), it)).collect();
        }
        self.touched = std::mem::take(&mut self.touched).into_iter().map(|(name, uid)| (now(&name), uid)).collect();
        for way in self.ways.values_mut() {
            *way = now(way);
        }
        for ways in self.former_ways.values_mut() {
            ways.extend(ways.iter().map(&now).collect::<Vec<_>>());
        }
        Ok(Snapshot { folders: before.folders.iter().map(|(name, folder)| (now(name), folder.clone())).collect() })
    }

    fn of(tally: &Tally, folder: &[u8], digest: Digest) -> usize {
        tally.get(&(folder.to_vec(), digest)).copied().unwrap_or(0)
    }

    /// What came back is not missing any more.
    fn forget_taken(&mut self, target: &Snapshot) {
        let (ever, own) = (&self.ever, &self.own);
        self.taken.retain(|(name, digest), taken| {
            let there = target.folders.get(name).map_or(0, |folder| count(folder, *digest));
            let most: usize = ever.iter().filter(|((_, other), _)| other == digest).map(|(_, count)| count).sum();
            *taken = (*taken).min((most + Self::of(own, name, *digest)).saturating_sub(there));
            *taken > 0
        });
    }

    /// Which folder of the source goes to which of the target, as the run reported it; of one that nobody heard, as the last one did, or to
    /// the one of the same name.
    fn ways(&mut self, run: &Migrated<'_>) -> BTreeMap<Name, Name> {
        let name = |path: &FolderPath, separator: u8| wire_name(&path.parts().join(&char::from(separator).to_string()));
        if run.state.info.is_some() {
            let folders = run.state.accounts.iter().flat_map(|account| &account.folders);
            let ways: BTreeMap<Name, Name> = folders
                .map(|it| (name(&it.source, run.source_separator), name(&it.target, run.target_separator)))
                .collect();
            self.ways.extend(ways.clone());
            return ways;
        }
        let there = |name: &Name| self.ways.get(name).cloned().unwrap_or_else(|| same_name(run, name));
        run.before.source.folders.keys().map(|name| (name.clone(), there(name))).collect()
    }
}

fn count(folder: &FolderSnapshot, digest: Digest) -> usize {
    folder.messages.iter().filter(|message| message.digest == digest).count()
}

/// The name of a folder of the source on the target, where nothing is in its way.
fn same_name(run: &Migrated<'_>, name: &Name) -> Name {
    name.iter().map(|&byte| if byte == run.source_separator { run.target_separator } else { byte }).collect()
}

fn total(mail: &Snapshot, digest: Digest) -> usize {
    mail.folders.values().map(|folder| count(folder, digest)).sum()
}
