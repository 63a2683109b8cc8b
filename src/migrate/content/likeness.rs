//! Comparing one folder of the source with one of the target, without a record: both are read, and matched one to one by content.
//!
//! What was read stays known when a line is lost; the comparison is then asked for again on new lines and goes on where it was.

use crate::domain::{Digest, Side, Uid, UidValidity};
use crate::imap::{ImapError, Reader};
use crate::migrate::content::reading::Gathered;
use crate::migrate::content::{Alteration, Comparison, SizeAndDigest, Summariser, Summary};
use crate::migrate::halt::{Halt, OnSide};
use crate::migrate::heads::Heads;
use std::collections::{BTreeSet, HashMap};

/// Messages that one is compared with, of those that it could be.
const MOST_CANDIDATES: usize = 100;

/// What identifies a message when only sizes are compared, or contents.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Likeness {
    Size(u64),
    Content(Digest),
}

/// One side's folder.
pub struct Shelf {
    /// Its UIDVALIDITY; none where there is no such folder.
    pub uid_validity: Option<UidValidity>,
    /// Its messages.
    pub heads: Heads,
    contents: Gathered<(u64, Digest)>,
    summaries: Gathered<Summary>,
}

impl Shelf {
    pub fn new(uid_validity: Option<UidValidity>, heads: Heads) -> Self {
        Self { uid_validity, heads, contents: Gathered::default(), summaries: Gathered::default() }
    }

    /// How many messages were read so far.
    pub fn read(&self) -> usize {
        self.contents.len() + self.summaries.len()
    }

    fn read_contents(&mut self, reader: &mut Reader) -> Result<(), ImapError> {
        let uids: Vec<Uid> = self.heads.all().iter().map(|head| head.uid).collect();
        self.contents.read::<SizeAndDigest>(reader, uids)
    }

    /// By what each message is known, in the order of UIDs; none where it cannot be read.
    fn likenesses(&self, by_size: bool) -> impl Iterator<Item = (Uid, Option<Likeness>)> {
        self.heads.all().iter().map(move |head| {
            let content = || self.contents.get(head.uid).map(|(_, digest)| Likeness::Content(*digest));
            (head.uid, if by_size { Some(Likeness::Size(head.size)) } else { content() })
        })
    }
}

/// How the folders compare.
#[derive(Debug, Default)]
pub struct Outcome {
    /// Messages of the source that stand on the target octet for octet (or with the same size, where sizes are compared).
    pub right: Vec<Uid>,
    /// Those that are there with a change that does not touch their content, and which.
    pub normalised: Vec<(Uid, Comparison)>,
    /// Those that are there damaged, and how.
    pub altered: Vec<(Uid, Alteration)>,
    /// Those that are not.
    pub missing: Vec<Uid>,
    /// Those that the source does not give.
    pub unreadable: Vec<Uid>,
    /// How many messages the target does not give; what is missing may be among them.
    pub unread_there: u64,
}

/// Compares the two folders, which are open.
pub fn compare(
    here: &mut Shelf,
    there: &mut Shelf,
    by_size: bool,
    source: &mut Reader,
    target: &mut Reader,
) -> Result<Outcome, Halt> {
    if !by_size {
        // Both servers are read at once: each is idle while the other answers.
        let (read_here, read_there) = std::thread::scope(|scope| {
            let reading = scope.spawn(|| there.read_contents(target));
            (here.read_contents(source), reading.join())
        });
        read_there.unwrap_or(Err(ImapError::Abandoned)).on(Side::Target)?;
        read_here.on(Side::Source)?;
    }
    let mut outcome = Outcome::default();
    let mut free: BTreeSet<Uid> = BTreeSet::new();
    let mut alike: HashMap<Likeness, Vec<Uid>> = HashMap::new();
    for (uid, likeness) in there.likenesses(by_size) {
        free.insert(uid);
        match likeness {
            Some(likeness) => alike.entry(likeness).or_default().push(uid),
            None => outcome.unread_there += 1,
        }
    }
    let mut left = Vec::new();
    for (uid, likeness) in here.likenesses(by_size) {
        let Some(likeness) = likeness else {
            outcome.unreadable.push(uid);
            continue;
        };
        match alike.get_mut(&likeness).and_then(Vec::pop) {
            Some(target_uid) => {
                free.remove(&target_uid);
                outcome.right.push(uid);
            }
            None => left.push(uid),
        }
    }
    look_closer(&mut outcome, here, there, &left, free.into_iter().collect(), source, target)?;
    Ok(outcome)
}

/// Compares what is left for changes that servers make, the best likeness first, over the whole folder.
fn look_closer(
    outcome: &mut Outcome,
    here: &mut Shelf,
    there: &mut Shelf,
    left: &[Uid],
    strangers: Vec<Uid>,
    source: &mut Reader,
    target: &mut Reader,
) -> Result<(), Halt> {
    if left.is_empty() {
        return Ok(());
    }
    here.summaries.read::<Summariser>(source, left.iter().copied()).on(Side::Source)?;
    there.summaries.read::<Summariser>(target, strangers.iter().copied()).on(Side::Target)?;
    let (read, unread): (Vec<Uid>, Vec<Uid>) = left.iter().partition(|uid| here.summaries.get(**uid).is_some());
    outcome.unreadable.extend(unread);
    let mut left = read;
    let mut free: BTreeSet<Uid> = strangers.into_iter().collect();
    for likeness in Summary::LIKENESSES {
        let mut alike: HashMap<_, Vec<(Uid, &Summary)>> = HashMap::new();
        for (uid, summary) in free.iter().filter_map(|uid| Some((*uid, there.summaries.get(*uid)?))) {
            alike.entry(likeness(summary)).or_default().push((uid, summary));
        }
        left.retain(|uid| {
            let Some(sent) = here.summaries.get(*uid) else { return true };
            let Some(candidates) = alike.get_mut(&likeness(sent)) else { return true };
            let compared = candidates.iter().take(MOST_CANDIDATES).map(|(_, stored)| sent.compare(stored)).enumerate();
            let Some((place, comparison)) = compared.min_by_key(|(_, comparison)| *comparison) else { return true };
            match comparison {
                Comparison::Different => return true,
                Comparison::Altered(alteration) => outcome.altered.push((*uid, alteration)),
                harmless => outcome.normalised.push((*uid, harmless)),
            }
            free.remove(&candidates.swap_remove(place).0);
            false
        });
    }
    outcome.missing = left;
    Ok(())
}
