//! Reading bodies: batches of UIDs out, messages in, streamed to a sink in chunks however large they are.
//!
//! Batches may be of several folders: each folder is opened on the way, the next one's EXAMINE and FETCH going out while the server still
//! answers for the last. What arrives belongs to the folder whose EXAMINE was answered last, and to no other. `taker` finds which octets of
//! an answer belong to which message.

mod beside;
mod feed;
mod part;
mod refusals;
mod taker;
#[cfg(test)]
mod tests;

use super::command::{Command, ReadOnly, uid_set};
use super::error::ImapError;
use super::opened::Opened;
use super::response::{Condition, Status};
use super::wire::{Answer, Tag, Wire};
use super::wording::Pause;
use crate::domain::{MailServerFault, Uid};
pub use feed::{BodyBatch, BodyFeed, BodySink, FolderToRead, NotOpened, SinkClosed};
use part::Nameless;
use refusals::{Next, Refusals, unwilling};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use taker::{Taker, Way};

/// At least this many batches are requested before the answer to the first has been read.
const PIPELINED: usize = 2;
/// Small batches are requested further ahead: as a rule up to this many octets, and at most this many batches.
pub(super) const OCTETS_AHEAD: u64 = 2 << 20;
const BATCHES_AHEAD: usize = 20;
/// The longest set of UIDs, in characters; servers take commands of at least 8,000 octets.
const LONGEST_SET: usize = 7000;

/// Reads everything that the feed wants. `open_folder` is the folder that is open at the beginning and at the end.
pub(super) fn read(
    wire: &mut Wire,
    open_folder: &mut Option<Arc<FolderToRead>>,
    feed: &mut dyn BodyFeed,
    sink: &mut dyn BodySink,
) -> Result<(), ImapError> {
    let will_be_open = open_folder.clone();
    let mut reading = Reading {
        wire,
        sink,
        asked: VecDeque::new(),
        again: VecDeque::new(),
        refusals: Refusals::default(),
        sizes: BTreeMap::new(),
        early: BTreeMap::new(),
        open_folder,
        will_be_open,
    };
    loop {
        while reading.has_room(feed.bytes_ahead()) {
            match feed.next(reading.asked.is_empty() && reading.again.is_empty()) {
                Some(batch) => reading.ask(batch, true)?,
                None => break,
            }
        }
        if reading.asked.is_empty() {
            // What a command did not deliver is requested again in halves, until unreadable messages are alone.
            let Some(batch) = reading.again.pop_front() else {
                if reading.put_off()? {
                    continue;
                }
                return reading.end();
            };
            reading.ask(batch, false)?;
        }
        reading.read_one()?;
    }
}

fn closed(result: Result<(), SinkClosed>) -> Result<(), ImapError> {
    result.map_err(|SinkClosed| ImapError::Abandoned)
}

/// A command whose answer has not been read to its end.
struct Asked {
    tag: Tag,
    /// Its tagged answer, if that came before the answer to an older command.
    status: Option<Status>,
    folder: Arc<FolderToRead>,
    what: What,
}

enum What {
    /// EXAMINE, with what the server has said so far.
    Open(Opened),
    Bodies(Bodies),
    /// The sizes of the messages that are requested next.
    Sizes,
    /// A message that was delivered before, to see whether the server delivers anything; with the doubtful refusal.
    Probe(Status),
}

/// What a FETCH is to deliver.
struct Bodies {
    uids: BTreeSet<Uid>,
    octets: u64,
    /// What it has not delivered yet.
    pending: BTreeSet<Uid>,
    /// Messages to request again alone, because the body came before its UID.
    alone: BTreeSet<Uid>,
    /// Whether it is a batch of the feed.
    fed: bool,
    /// Whether the sizes were requested before it.
    sized: bool,
    /// What came without a UID.
    nameless: Nameless,
}

struct Reading<'a> {
    wire: &'a mut Wire,
    sink: &'a mut dyn BodySink,
    asked: VecDeque<Asked>,
    again: VecDeque<BodyBatch>,
    refusals: Refusals,
    /// The sizes of owed messages, if they must be known.
    sizes: BTreeMap<Uid, u64>,
    /// How long bodies were that came before their UIDs, by the folder's number and UID.
    early: BTreeMap<(usize, Uid), u64>,
    /// The folder to which arriving data belongs.
    open_folder: &'a mut Option<Arc<FolderToRead>>,
    /// The folder that is open once everything sent is answered.
    will_be_open: Option<Arc<FolderToRead>>,
}

impl Reading<'_> {
    fn has_room(&self, bytes_ahead: u64) -> bool {
        let batches = self.asked.iter().filter_map(|asked| match &asked.what {
            What::Bodies(bodies) => Some(bodies.octets),
            What::Open(_) | What::Sizes | What::Probe(_) => None,
        });
        let (count, octets) = batches.fold((0, 0_u64), |(count, sum), octets| (count + 1, octets.saturating_add(sum)));
        count < PIPELINED || (count < BATCHES_AHEAD && octets < bytes_ahead)
    }

    fn ask(&mut self, mut batch: BodyBatch, fed: bool) -> Result<(), ImapError> {
        let set = uid_set(&batch.uids);
        if set.len() > LONGEST_SET {
            // Scattered UIDs make a long set: the rest goes into a command of its own, later.
            let rest = batch.uids.split_off(batch.uids.len() / 2);
            self.again.push_back(BodyBatch { uids: rest, ..batch.clone() });
            return self.ask(batch, fed);
        }
        let BodyBatch { folder, uids, bytes: octets, recent } = batch;
        if recent || self.will_be_open.as_ref() != Some(&folder) {
            while !self.wire.sends_at_once(&folder.wire_name) && !self.asked.is_empty() {
                self.read_one()?;
            }
            let command = ReadOnly::Examine { wire_name: folder.wire_name.clone() }.command();
            self.send(&command, &folder, What::Open(Opened::default()))?;
            self.will_be_open = Some(folder.clone());
        }
        let uids: BTreeSet<Uid> = uids.into_iter().collect();
        let sized = self.wire.learned.needs_sizes();
        let (alone, nameless) = (BTreeSet::new(), Nameless::None);
        let bodies = Bodies { pending: uids.clone(), uids, octets, alone, fed, sized, nameless };
        if sized {
            let command = ReadOnly::FetchHeads { set: set.clone(), permanent_ids: false }.command();
            self.send(&command, &folder, What::Sizes)?;
        }
        self.send(&ReadOnly::FetchBodies { set }.command(), &folder, What::Bodies(bodies))
    }

    /// Requests again what was refused in words that ask to wait; false if there is nothing.
    fn put_off(&mut self) -> Result<bool, ImapError> {
        let alone = |(folder, uid)| BodyBatch { folder, uids: vec![uid], bytes: 0, recent: false };
        self.again.extend(self.refusals.take_put_off()?.into_iter().map(alone));
        Ok(!self.again.is_empty())
    }

    /// Reports what stayed refused.
    fn end(self) -> Result<(), ImapError> {
        for (folder, uid, words) in self.refusals.into_rest() {
            closed(self.sink.opened(folder))?;
            closed(self.sink.unreadable(uid, &words))?;
        }
        Ok(())
    }

    fn send(&mut self, command: &Command, folder: &Arc<FolderToRead>, what: What) -> Result<(), ImapError> {
        let tag = self.wire.send(command)?;
        self.asked.push_back(Asked { tag, status: None, folder: folder.clone(), what });
        Ok(())
    }

    /// Reads until the oldest command is answered. A server may work on the next one meanwhile (RFC 9051, section 5.5): Dovecot
    /// delivers its messages before it says that the first command is done.
    fn read_one(&mut self) -> Result<(), ImapError> {
        loop {
            if let Some(status) = self.asked.front_mut().and_then(|oldest| oldest.status.take()) {
                return self.asked.pop_front().map_or(Ok(()), |asked| self.finish(asked, status));
            }
            let open = self.open_folder.as_deref();
            let mut taker = Taker {
                asked: &mut self.asked,
                open,
                sink: self.sink,
                refusals: &mut self.refusals,
                sizes: &mut self.sizes,
                early: &self.early,
                way: Way::Discard,
                octets: 0,
                size: None,
                delivered: false,
            };
            match self.wire.next_answer(&mut taker)? {
                Answer::Untagged(pieces) => {
                    let Taker { way, delivered, octets, size, .. } = taker;
                    if let Some(Asked { what: What::Open(opened), .. }) = self.asked.front_mut() {
                        opened.take(&pieces);
                    } else if !delivered {
                        self.take(&pieces, way, octets, size)?;
                    }
                }
                Answer::Tagged(tag, status) => self.take_status(tag, status)?,
                Answer::Continue(_) => {}
            }
        }
    }

    fn take_status(&mut self, tag: Tag, status: Status) -> Result<(), ImapError> {
        let Some(position) = self.asked.iter().position(|asked| asked.tag == tag) else { return Ok(()) };
        // What follows would belong to another folder than what is still owed.
        if position > 0 && matches!(self.asked[position].what, What::Open(_)) {
            return Err(ImapError::Protocol(MailServerFault::OpenedTooEarly));
        }
        self.asked[position].status = Some(status);
        Ok(())
    }

    fn finish(&mut self, asked: Asked, status: Status) -> Result<(), ImapError> {
        match asked.what {
            What::Open(opened) => self.finish_open(asked.folder, &opened, status),
            What::Bodies(bodies) => {
                let fed = bodies.fed;
                if self.open_folder.as_ref() == Some(&asked.folder) {
                    self.finish_bodies(asked.folder, bodies, &status)?;
                }
                if fed { closed(self.sink.batch_end()) } else { Ok(()) }
            }
            What::Sizes => Ok(()),
            What::Probe(_) if status.condition == Condition::Ok => {
                self.refusals.is_willing(Some(asked.folder.number), self.sink)
            }
            What::Probe(refusal) => Err(unwilling(&refusal)),
        }
    }

    /// From here on everything belongs to this folder, or to none if it is not the expected one.
    fn finish_open(&mut self, folder: Arc<FolderToRead>, opened: &Opened, status: Status) -> Result<(), ImapError> {
        let why = match status.condition {
            // A server that gives no UIDVALIDITY cannot show that it is another folder.
            Condition::Ok if opened.uid_validity().is_none_or(|validity| validity == folder.uid_validity) => {
                let number = folder.number;
                self.sizes.clear();
                *self.open_folder = Some(folder);
                return closed(self.sink.opened(number));
            }
            Condition::Ok => NotOpened::Replaced,
            _ => NotOpened::Refused(ImapError::Refused { command: "EXAMINE", status }),
        };
        *self.open_folder = None;
        // A later batch of this folder opens it again.
        self.will_be_open.take_if(|open| *open == folder);
        match why {
            NotOpened::Refused(error) if error.is_connection() => Err(error),
            why => closed(self.sink.not_opened(folder.number, why)),
        }
    }

    /// Settles what a command did not deliver.
    fn finish_bodies(&mut self, folder: Arc<FolderToRead>, bodies: Bodies, status: &Status) -> Result<(), ImapError> {
        let again = |uids: Vec<Uid>| BodyBatch { folder: folder.clone(), uids, bytes: 0, recent: false };
        self.again.extend(bodies.alone.into_iter().map(|uid| again(vec![uid])));
        let left: Vec<Uid> = bodies.pending.into_iter().collect();
        if let (Condition::Ok, [uid]) = (status.condition, left.as_slice()) {
            match bodies.nameless {
                Nameless::Kept(whole) => return self.deliver(*uid, &whole),
                Nameless::Large(octets) if !self.early.contains_key(&(folder.number, *uid)) => {
                    self.early.insert((folder.number, *uid), octets);
                    self.again.push_back(again(left));
                    return Ok(());
                }
                Nameless::None => {}
                Nameless::Large(_) | Nameless::Several => {
                    let words = "the server does not say which message it gives";
                    return closed(self.sink.unreadable(*uid, words));
                }
            }
        }
        match (status.condition, left.as_slice()) {
            (_, []) => Ok(()),
            (Condition::Ok, left) => left.iter().try_for_each(|uid| closed(self.sink.absent(*uid))),
            // An account or a server has reached a limit, whatever was requested.
            _ if matches!(status.pause(true), Some(Pause::Rate | Pause::Connections)) => Err(unwilling(status)),
            (_, [uid]) if status.has_code("EXPUNGEISSUED") => closed(self.sink.absent(*uid)),
            (_, [uid]) if self.refusals.is_last() => closed(self.sink.unreadable(*uid, &status.words())),
            (_, [uid]) => {
                let next = self.refusals.refused(&folder, *uid, status)?;
                self.doubt(folder, next, status)
            }
            // The first and the last alone soon show whether the server delivers anything at all.
            (_, [first, middle @ .., last]) if status.pause(true).is_some() => {
                let (one, other) = middle.split_at(middle.len() / 2);
                let parts = [other, one, &[*last], &[*first]];
                for part in parts.into_iter().filter(|part| !part.is_empty()) {
                    self.again.push_front(again(part.to_vec()));
                }
                Ok(())
            }
            (_, left) => {
                let (first, second) = left.split_at(left.len() / 2);
                self.again.extend([again(first.to_vec()), again(second.to_vec())]);
                Ok(())
            }
        }
    }

    /// Gathers evidence of whether messages are at fault.
    fn doubt(&mut self, folder: Arc<FolderToRead>, next: Next, status: &Status) -> Result<(), ImapError> {
        match next {
            Next::Continue => Ok(()),
            Next::Probe(uid) => {
                let command = ReadOnly::FetchBodies { set: uid_set(&[uid]) }.command();
                self.send(&command, &folder, What::Probe(status.clone()))
            }
            Next::AskElsewhere => {
                if let Some(mut batch) = self.again.pop_back() {
                    let last = batch.uids.pop();
                    let alone = last.map(|uid| BodyBatch { uids: vec![uid], ..batch.clone() });
                    self.again.extend(Some(batch).filter(|batch| !batch.uids.is_empty()));
                    alone.into_iter().for_each(|batch| self.again.push_front(batch));
                }
                Ok(())
            }
        }
    }
}

/// What the commands for the open folder have not delivered yet.
fn owed<'b>(
    asked: &'b mut VecDeque<Asked>,
    open: Option<&'b FolderToRead>,
) -> impl Iterator<Item = &'b mut Bodies> + use<'b> {
    asked.iter_mut().filter(move |asked| Some(&*asked.folder) == open).filter_map(|asked| match &mut asked.what {
        What::Bodies(bodies) => Some(bodies),
        What::Open(_) | What::Sizes | What::Probe(_) => None,
    })
}
