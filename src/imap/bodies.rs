//! Reading bodies: batches of UIDs out, messages in, streamed to a sink in chunks however large they are.

use super::command::{ReadOnly, uid_set};
use super::error::ImapError;
use super::fetch::{Body, Fetched, before_literal};
use super::response::{Condition, Status};
use super::token::Piece;
use super::wire::{Answer, LiteralTaker, Tag, Wire};
use crate::domain::Uid;
use std::collections::{BTreeSet, VecDeque};

/// The consumer wants no more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SinkClosed;

/// Is told of every message that was asked for, exactly once: `begin`, `chunk` …, `end`, or `unreadable`, or `absent`.
///
/// An error from any method ends the reading; the connection is then in the middle of an answer and not usable any more.
pub trait BodySink {
    /// A message of so many octets follows.
    fn begin(&mut self, uid: Uid, octets: u64) -> Result<(), SinkClosed>;
    /// A part of it.
    fn chunk(&mut self, octets: &[u8]) -> Result<(), SinkClosed>;
    /// It is complete.
    fn end(&mut self) -> Result<(), SinkClosed>;
    /// The server could not deliver it, and said these words.
    fn unreadable(&mut self, uid: Uid, words: &str) -> Result<(), SinkClosed>;
    /// The server delivered nothing for it: it is not there any more.
    fn absent(&mut self, uid: Uid) -> Result<(), SinkClosed>;
    /// A batch is through, but for messages that have to be asked for again; those come at the end.
    fn batch_end(&mut self) -> Result<(), SinkClosed>;
}

/// Commands that are sent before the answer to the first has been read.
const PIPELINED: usize = 2;
/// A body that comes before its UID is kept in memory up to here; a larger one is asked for again by itself.
const KEPT: u64 = 1 << 20;
/// Characters of a set of UIDs; servers take lines of 8,000 octets at least.
const LONGEST_SET: usize = 7000;

/// Reads all batches. See [`super::Reader::bodies`].
pub(super) fn read(
    wire: &mut Wire,
    batches: &mut dyn Iterator<Item = Vec<Uid>>,
    sink: &mut dyn BodySink,
) -> Result<(), ImapError> {
    let mut reading = Reading { wire, sink, asked: VecDeque::new(), again: VecDeque::new() };
    let mut more = true;
    loop {
        while more && reading.asked.len() < PIPELINED {
            match batches.next() {
                Some(batch) => reading.ask(batch)?,
                None => more = false,
            }
        }
        if reading.asked.is_empty() {
            break;
        }
        reading.read_one()?;
        closed(reading.sink.batch_end())?;
    }
    if reading.again.is_empty() {
        return Ok(());
    }
    // What a command did not deliver is asked for again in halves, until what cannot be read stands alone.
    while let Some(uids) = reading.again.pop_front() {
        reading.ask(uids)?;
        reading.read_one()?;
    }
    closed(reading.sink.batch_end())
}

fn closed(result: Result<(), SinkClosed>) -> Result<(), ImapError> {
    result.map_err(|SinkClosed| ImapError::Abandoned)
}

/// A command whose answer has not been read to its end.
struct Asked {
    tag: Tag,
    /// Its tagged answer, when that came before the answer to an older command.
    status: Option<Status>,
    uids: BTreeSet<Uid>,
    /// What it has not delivered yet.
    pending: BTreeSet<Uid>,
    /// What has to be asked for again alone, because the body came before its UID.
    alone: BTreeSet<Uid>,
}

struct Reading<'a> {
    wire: &'a mut Wire,
    sink: &'a mut dyn BodySink,
    asked: VecDeque<Asked>,
    again: VecDeque<Vec<Uid>>,
}

impl Reading<'_> {
    fn ask(&mut self, mut uids: Vec<Uid>) -> Result<(), ImapError> {
        let set = uid_set(&uids);
        if set.len() > LONGEST_SET {
            // Scattered UIDs make a long set: the rest goes into a command of its own, later.
            let rest = uids.split_off(uids.len() / 2);
            self.again.push_back(rest);
            return self.ask(uids);
        }
        let tag = self.wire.send(&ReadOnly::FetchBodies { set }.command())?;
        let uids: BTreeSet<Uid> = uids.into_iter().collect();
        self.asked.push_back(Asked { tag, status: None, pending: uids.clone(), uids, alone: BTreeSet::new() });
        Ok(())
    }

    /// Reads until the oldest command is answered. A server may work on the next one meanwhile (RFC 9051, section 5.5): Dovecot
    /// delivers its messages before it says that the first command is done.
    fn read_one(&mut self) -> Result<(), ImapError> {
        loop {
            if let Some(status) = self.asked.front_mut().and_then(|oldest| oldest.status.take()) {
                return self.asked.pop_front().map_or(Ok(()), |asked| self.finish(asked, &status));
            }
            let mut taker = Taker { asked: &mut self.asked, sink: self.sink, way: Way::Discard, delivered: false };
            match self.wire.next_answer(&mut taker)? {
                Answer::Untagged(pieces) => {
                    let Taker { way, delivered, .. } = taker;
                    if !delivered {
                        self.take(&pieces, way)?;
                    }
                }
                Answer::Tagged(tag, status) => {
                    if let Some(answered) = self.asked.iter_mut().find(|asked| asked.tag == tag) {
                        answered.status = Some(status);
                    }
                }
                Answer::Continue(_) => {}
            }
        }
    }

    /// Takes what a FETCH answer says beside a streamed body.
    fn take(&mut self, pieces: &[Piece], way: Way) -> Result<(), ImapError> {
        let Some(fetched) = Fetched::parse(pieces) else { return Ok(()) };
        let Some(uid) = fetched.uid else { return Ok(()) };
        let Some(asked) = self.asked.iter_mut().find(|asked| asked.pending.contains(&uid)) else { return Ok(()) };
        let whole = match (fetched.body, way) {
            (Some(Body::Streamed), Way::Keep(octets)) => octets,
            (Some(Body::Streamed), _) => {
                asked.pending.remove(&uid);
                asked.alone.insert(uid);
                return Ok(());
            }
            (Some(Body::Whole(octets)), _) => octets,
            (Some(Body::Nil), _) => {
                asked.pending.remove(&uid);
                return closed(self.sink.unreadable(uid, "the server answered NIL"));
            }
            (None, _) => return Ok(()),
        };
        asked.pending.remove(&uid);
        closed(self.sink.begin(uid, whole.len() as u64))?;
        for chunk in whole.chunks(64 * 1024) {
            closed(self.sink.chunk(chunk))?;
        }
        closed(self.sink.end())
    }

    /// Settles what a command did not deliver.
    fn finish(&mut self, asked: Asked, status: &Status) -> Result<(), ImapError> {
        self.again.extend(asked.alone.into_iter().map(|uid| vec![uid]));
        let left: Vec<Uid> = asked.pending.into_iter().collect();
        match (status.condition, left.as_slice()) {
            (_, []) => Ok(()),
            (Condition::Ok, left) => left.iter().try_for_each(|uid| closed(self.sink.absent(*uid))),
            // A refusal that only says to wait is no fault of a message.
            _ if status.wait_kind().is_some() => {
                Err(ImapError::Refused { command: "UID FETCH", status: status.clone() })
            }
            (_, [uid]) if status.has_code("EXPUNGEISSUED") => closed(self.sink.absent(*uid)),
            (_, [uid]) => closed(self.sink.unreadable(*uid, &status.text)),
            (_, left) => {
                let (first, second) = left.split_at(left.len() / 2);
                self.again.push_back(first.to_vec());
                self.again.push_back(second.to_vec());
                Ok(())
            }
        }
    }
}

/// What happens with the literal that is read now.
enum Way {
    /// It goes to the sink.
    Pass,
    /// It is kept until its UID is known.
    Keep(Vec<u8>),
    /// Nobody asked for it.
    Discard,
}

/// Hands the literals of one answer to the sink.
struct Taker<'a, 's> {
    asked: &'a mut VecDeque<Asked>,
    sink: &'a mut (dyn BodySink + 's),
    way: Way,
    /// Whether a message was passed on.
    delivered: bool,
}

impl Taker<'_, '_> {
    /// A single command for a single message needs no UID to say whose body it is.
    fn only(&self) -> Option<Uid> {
        let only = self.asked.front().filter(|asked| self.asked.len() == 1 && asked.uids.len() == 1)?;
        only.uids.first().copied()
    }

    fn was_pending(&mut self, uid: Uid) -> bool {
        self.asked.iter_mut().any(|asked| asked.pending.remove(&uid))
    }
}

impl LiteralTaker for Taker<'_, '_> {
    fn wants(&mut self, pieces: &[Piece], octets: u64) -> Result<bool, ImapError> {
        let Some(uid) = before_literal(pieces) else { return Ok(false) };
        let uid = uid.or_else(|| self.only());
        self.way = match uid {
            Some(uid) if !self.delivered && self.was_pending(uid) => {
                self.delivered = true;
                closed(self.sink.begin(uid, octets))?;
                Way::Pass
            }
            Some(_) => Way::Discard,
            None if octets <= KEPT => Way::Keep(Vec::new()),
            None => Way::Discard,
        };
        Ok(true)
    }

    fn chunk(&mut self, octets: &[u8]) -> Result<(), ImapError> {
        match &mut self.way {
            Way::Pass => closed(self.sink.chunk(octets)),
            Way::Keep(kept) => {
                kept.extend_from_slice(octets);
                Ok(())
            }
            Way::Discard => Ok(()),
        }
    }

    fn end(&mut self) -> Result<(), ImapError> {
        match self.way {
            Way::Pass => closed(self.sink.end()),
            Way::Keep(_) | Way::Discard => Ok(()),
        }
    }
}
