//! Comparing one folder of the source with one of the target, without a record: both are read, and matched one to one by content.
//!
//! What was read stays known when a line is lost; the comparison is then asked for again on new lines and goes on where it was.

use crate::domain::{Digest, Side, Uid, UidValidity};
use crate::imap::{ImapError, Reader};
use crate::migrate::content::reading::Gathered;
use crate::migrate::content::{Comparison, SizeAndDigest, Summariser, Summary};
use crate::migrate::halt::{Halt, OnSide};
use crate::migrate::heads::Heads;
use std::collections::{BTreeSet, HashMap};

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
    /// Those that stand there with a change that does not touch their content.
    pub normalised: Vec<Uid>,
    /// Those that do not.
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

/// Compares what is left for changes that servers make without touching the content.
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
    // What is alike has the same body. Otherwise two long lists would be compared one by one.
    let mut bodies: HashMap<Digest, Vec<&Summary>> = HashMap::new();
    for summary in strangers.iter().filter_map(|uid| there.summaries.get(*uid)) {
        bodies.entry(summary.body).or_default().push(summary);
    }
    for uid in left {
        let Some(sent) = here.summaries.get(*uid) else {
            outcome.unreadable.push(*uid);
            continue;
        };
        let candidates = bodies.get_mut(&sent.body);
        let found = candidates.and_then(|candidates| {
            let found = candidates.iter().position(|stored| sent.compare(stored) != Comparison::Different)?;
            Some(candidates.swap_remove(found))
        });
        if found.is_some() { &mut outcome.normalised } else { &mut outcome.missing }.push(*uid);
    }
    Ok(())
}
