//! One round of copying: batches of messages flow from one UID FETCH each into appends, read on one thread and sent on another.
//!
//! The safety of the program is the order kept here: a batch is intended in the ledger, durably, before the first octet of it goes
//! out, and it is done only when the target has said so. Whatever happens between, the intent stays and the target is asked later.

use super::content::{Measure, SizeAndDigest};
use super::control::Control;
use super::halt::{Halt, OnSide};
use super::heads::Heads;
use crate::domain::{Digest, Side, Uid};
use crate::imap::{AppendWay, Appender, Begun, BodySink, ImapError, Reader, Refusal, SinkClosed, Stored, Writer};
use crate::ledger::{Done, FolderRecord, Ledger};
use crossbeam_channel::{Receiver, Sender};
use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};

/// Messages of a batch, at most.
const BATCH_MESSAGES: usize = 200;
/// Octets of a batch, unless a single message is larger.
const BATCH_OCTETS: u64 = 1 << 20;
/// Chunks of at most 64 KiB between the two threads.
const CHUNKS_BETWEEN: usize = 16;
/// Commands that may be unanswered when the next batch begins.
const BATCHES_IN_FLIGHT: usize = 2;
const SINGLES_IN_FLIGHT: usize = 64;

/// How dates are written, tried in this order where a target calls one malformed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum DateStyle {
    /// `02-Jan-2006 …`
    TwoDigits,
    /// ` 2-Jan-2006 …`
    Padded,
    /// No date; the target takes the time of arrival.
    None,
}

/// What one round is to do.
pub(super) struct Round<'a> {
    /// The target folder's wire name.
    pub(super) wire_name: &'a [u8],
    /// Which messages, in order.
    pub(super) uids: &'a [Uid],
    /// Further messages, at which the line was lost before: after all others, each for itself.
    pub(super) suspects: &'a [Uid],
    /// Batches or one by one.
    pub(super) way: AppendWay,
    /// How dates are written.
    pub(super) dates: DateStyle,
    /// The target folder's UIDNEXT when the round begins.
    pub(super) floor: u32,
}

/// Is told of messages that are durably done.
pub(super) type TellDone<'a> = dyn FnMut(&mut Ledger, &[Done]) -> Result<(), Halt> + 'a;

/// What a round needs to know of the messages, and whom it tells.
pub(super) struct Desk<'a> {
    /// The heads of the source folder.
    pub(super) heads: &'a Heads,
    /// The flags to send for a message.
    pub(super) flags: &'a dyn Fn(Uid) -> Vec<String>,
    /// The record of the folder.
    pub(super) ledger: &'a mut Ledger,
    /// Its row.
    pub(super) record: &'a FolderRecord,
    /// Told of what is durably done; may take its time.
    pub(super) done: &'a mut TellDone<'a>,
    /// The message that was read, or was next, when the round ended with an error.
    pub(super) lost_at: Option<Uid>,
}

/// A message that the target refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RefusedMessage {
    /// Its UID on the source.
    pub(super) uid: Uid,
    /// Why.
    pub(super) why: Refusal,
    /// The target's words.
    pub(super) words: String,
    /// Whether it was refused together with others, so that any of them may be the cause.
    pub(super) together: bool,
}

impl RefusedMessage {
    /// Whether it may stand on the target all the same: not every server keeps to it that a batch is stored as a whole or not at all
    /// (RFC 3502). Such a message stays intended until the target was asked.
    pub(super) fn may_be_stored(&self) -> bool {
        self.together && self.why != Refusal::NoSuchFolder
    }
}

/// What became of the messages of a round that were not copied.
#[derive(Debug, Default)]
pub(super) struct RoundEnd {
    /// Refused by the target.
    pub(super) refused: Vec<RefusedMessage>,
    /// Not delivered by the source, with its words.
    pub(super) unreadable: Vec<(Uid, String)>,
    /// Deleted on the source meanwhile.
    pub(super) absent: Vec<Uid>,
    /// Not begun, because the run is held.
    pub(super) left: Vec<Uid>,
}

/// Copies the messages of a round. Both folders are open; `source` has examined its own.
pub(super) fn copy_round(
    source: &mut Reader,
    target: &mut Writer,
    control: &Control,
    round: &Round<'_>,
    desk: &mut Desk<'_>,
) -> Result<RoundEnd, Halt> {
    let mut batches = batches(round.uids, desk.heads);
    batches.extend(round.suspects.iter().map(|uid| vec![*uid]));
    let queue = Mutex::new(batches.iter().cloned().collect::<VecDeque<_>>());
    let line = source.interrupter();
    let appender = target.appender(round.wire_name, round.way).on(Side::Target)?;
    let (sender, receiver) = crossbeam_channel::bounded(CHUNKS_BETWEEN);
    let outcome = std::thread::scope(|scope| {
        let reading = scope.spawn(|| {
            let mut feed = std::iter::from_fn(|| if control.holding() { None } else { lock(&queue).pop_front() });
            source.bodies(&mut feed, &mut ChannelSink { sender, measure: None })
        });
        let mut sending = Sending {
            appender,
            round,
            desk,
            batches: &batches,
            batch: 0,
            intended: 0,
            measured: HashMap::new(),
            awaited: VecDeque::new(),
            current: None,
            done: Vec::new(),
            withdrawn: Vec::new(),
            end: RoundEnd::default(),
        };
        let sent = sending.run(&receiver);
        // Whoever still reads for a dead line must not be waited for until the server's time limit.
        drop(receiver);
        if sent.is_err() {
            line.interrupt();
        }
        let read = reading.join().unwrap_or(Err(ImapError::Abandoned));
        sending.desk.lost_at = sending.awaited.front().copied();
        match (sent, read) {
            (Err(Halt::Server { side: Side::Source, .. }) | Ok(()), Err(error)) => {
                Err(Halt::Server { side: Side::Source, error })
            }
            (Err(halt), _) => Err(halt),
            (Ok(()), Ok(())) => Ok(sending.end),
        }
    });
    outcome.map(|mut end| {
        end.left = lock(&queue).drain(..).flatten().collect();
        end
    })
}

/// Splits messages into batches by number and size; a large message stands alone, and so does an empty one: a literal of no octets
/// takes the whole MULTIAPPEND back (RFC 3502, section 6.3.11).
fn batches(uids: &[Uid], heads: &Heads) -> Vec<Vec<Uid>> {
    let mut batches: Vec<Vec<Uid>> = Vec::new();
    let mut octets = 0;
    for uid in uids {
        let size = heads.get(*uid).map_or(0, |head| head.size);
        match batches.last_mut() {
            Some(batch) if size > 0 && batch.len() < BATCH_MESSAGES && octets + size <= BATCH_OCTETS => {
                octets += size;
                batch.push(*uid);
            }
            _ => {
                octets = if size > 0 { size } else { BATCH_OCTETS };
                batches.push(vec![*uid]);
            }
        }
    }
    batches
}

/// What the reading thread hands to the sending one.
enum Item {
    Begin { uid: Uid, octets: u64 },
    Chunk(Vec<u8>),
    End { octets: u64, digest: Digest },
    Unreadable { uid: Uid, words: String },
    Absent { uid: Uid },
    BatchEnd,
}

/// Measures what it reads and passes it on. Blocks while the sending thread is behind.
struct ChannelSink {
    sender: Sender<Item>,
    measure: Option<SizeAndDigest>,
}

impl ChannelSink {
    fn pass(&self, item: Item) -> Result<(), SinkClosed> {
        self.sender.send(item).map_err(|_| SinkClosed)
    }
}

impl BodySink for ChannelSink {
    fn begin(&mut self, uid: Uid, octets: u64) -> Result<(), SinkClosed> {
        self.measure = Some(SizeAndDigest::default());
        self.pass(Item::Begin { uid, octets })
    }

    fn chunk(&mut self, octets: &[u8]) -> Result<(), SinkClosed> {
        if let Some(measure) = &mut self.measure {
            measure.update(octets);
        }
        self.pass(Item::Chunk(octets.to_vec()))
    }

    fn end(&mut self) -> Result<(), SinkClosed> {
        let (octets, digest) = self.measure.take().unwrap_or_default().finish();
        self.pass(Item::End { octets, digest })
    }

    fn unreadable(&mut self, uid: Uid, words: &str) -> Result<(), SinkClosed> {
        self.pass(Item::Unreadable { uid, words: words.to_owned() })
    }

    fn absent(&mut self, uid: Uid) -> Result<(), SinkClosed> {
        self.pass(Item::Absent { uid })
    }

    fn batch_end(&mut self) -> Result<(), SinkClosed> {
        self.pass(Item::BatchEnd)
    }
}

/// The sending side of a round.
struct Sending<'a, 'd> {
    appender: Appender<'a>,
    round: &'a Round<'a>,
    desk: &'a mut Desk<'d>,
    batches: &'a [Vec<Uid>],
    /// The batch that arrives now.
    batch: usize,
    /// So many batches are intended, durably.
    intended: usize,
    /// Size and digest of what was sent and is not settled.
    measured: HashMap<Uid, (u64, Digest)>,
    /// Intended and not delivered by the source, the one that arrives now first.
    awaited: VecDeque<Uid>,
    /// The message that arrives now, and whether it is passed on.
    current: Option<(Uid, bool)>,
    /// Settled, not yet recorded.
    done: Vec<Done>,
    withdrawn: Vec<Uid>,
    end: RoundEnd,
}

impl Sending<'_, '_> {
    fn run(&mut self, items: &Receiver<Item>) -> Result<(), Halt> {
        self.record(1)?;
        while let Ok(item) = items.recv() {
            self.take(item)?;
        }
        if self.current.is_some() {
            // The source fell silent in the middle of a message: the target waits for octets that will not come. What it has whole, it
            // answers nevertheless.
            self.settle(0)?;
            self.record(self.intended)?;
            return Err(Halt::Server { side: Side::Source, error: ImapError::Abandoned });
        }
        self.appender.end_batch().on(Side::Target)?;
        self.settle(0)?;
        self.withdrawn.extend(self.batches.iter().skip(self.batch).flatten().copied());
        self.record(self.intended)
    }

    fn take(&mut self, item: Item) -> Result<(), Halt> {
        match item {
            Item::Begin { uid, octets } => {
                // The source may deliver from the next batch before it says that this one is through.
                if self.batches.get(self.intended).is_some_and(|next| next.contains(&uid)) {
                    self.record(self.intended + 1)?;
                }
                let head = self.desk.heads.get(uid);
                let date = head.and_then(|head| date_text(head.date?, self.round.dates));
                let flags = (self.desk.flags)(uid);
                self.delivered(uid);
                self.awaited.push_front(uid);
                let begun = self.appender.begin(uid, &flags, date.as_deref(), octets).on(Side::Target)?;
                self.current = Some((uid, matches!(begun, Begun::Ready)));
            }
            Item::Chunk(octets) => {
                if let Some((_, true)) = self.current {
                    self.appender.write(&octets).on(Side::Target)?;
                }
            }
            Item::End { octets, digest } => {
                if let Some((uid, passed_on)) = self.current.take() {
                    self.delivered(uid);
                    self.measured.insert(uid, (octets, digest));
                    if passed_on {
                        self.appender.end().on(Side::Target)?;
                    }
                }
            }
            Item::Unreadable { uid, words } => {
                self.delivered(uid);
                self.withdrawn.push(uid);
                self.end.unreadable.push((uid, words));
            }
            Item::Absent { uid } => {
                self.delivered(uid);
                self.withdrawn.push(uid);
                self.end.absent.push(uid);
            }
            Item::BatchEnd => {
                self.appender.end_batch().on(Side::Target)?;
                self.batch += 1;
                self.settle(match self.round.way {
                    AppendWay::Batches => BATCHES_IN_FLIGHT,
                    AppendWay::Single => SINGLES_IN_FLIGHT,
                })?;
                self.record(self.batch + 1)?;
            }
        }
        Ok(())
    }

    /// The source owes this one no more.
    fn delivered(&mut self, uid: Uid) {
        self.awaited.retain(|awaited| *awaited != uid);
    }

    /// Reads answers until at most so many commands are unanswered.
    fn settle(&mut self, leave: usize) -> Result<(), Halt> {
        for settled in self.appender.settle(leave).on(Side::Target)? {
            match settled.outcome {
                Stored::Kept { uids, .. } => {
                    let target_uids = uids.into_iter().chain(std::iter::repeat(None));
                    for (uid, target_uid) in settled.uids.into_iter().zip(target_uids) {
                        let Some((size, digest)) = self.measured.remove(&uid) else { continue };
                        let floor = self.round.floor;
                        self.done.push(Done { uid, size, digest, target_uid, floor, checked: false });
                    }
                }
                Stored::Refused { why, words } => {
                    let together = settled.uids.len() > 1;
                    for uid in settled.uids {
                        self.measured.remove(&uid);
                        let refused = RefusedMessage { uid, why: why.clone(), words: words.clone(), together };
                        if !refused.may_be_stored() {
                            self.withdrawn.push(uid);
                        }
                        self.end.refused.push(refused);
                    }
                }
            }
        }
        Ok(())
    }

    /// Makes durable what was settled, together with the intent of the batches before `through`: one write for both.
    fn record(&mut self, through: usize) -> Result<(), Halt> {
        let through = through.min(self.batches.len());
        let next = self.batches.get(self.intended..through).unwrap_or_default().iter().flatten();
        let intend: Vec<(Uid, u64)> =
            next.map(|uid| (*uid, self.desk.heads.get(*uid).map_or(0, |head| head.size))).collect();
        self.awaited.extend(intend.iter().map(|(uid, _)| *uid));
        self.intended = self.intended.max(through);
        self.desk.ledger.record(self.desk.record, &self.done, &self.withdrawn, &intend, self.round.floor)?;
        self.withdrawn.clear();
        let done = std::mem::take(&mut self.done);
        if done.is_empty() { Ok(()) } else { (self.desk.done)(self.desk.ledger, &done) }
    }
}

fn date_text(date: chrono::DateTime<chrono::FixedOffset>, style: DateStyle) -> Option<String> {
    match style {
        DateStyle::TwoDigits => Some(crate::imap::date_text(&date)),
        DateStyle::Padded => {
            let text = crate::imap::date_text(&date);
            Some(text.strip_prefix('0').map_or(text.clone(), |rest| format!(" {rest}")))
        }
        DateStyle::None => None,
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::MessageHead;

    #[test]
    fn a_batch_ends_by_number_or_by_size_and_a_large_message_stands_alone() {
        let mut heads = Heads::default();
        let sizes = [10, 20, BATCH_OCTETS * 3, 0, 30].into_iter().chain(std::iter::repeat_n(1, 300));
        for (index, size) in sizes.enumerate() {
            heads.push(MessageHead {
                uid: Uid(index as u32 + 1),
                size,
                flags: Vec::new(),
                date: None,
                permanent_id: None,
            });
        }
        heads.finish();
        let uids: Vec<Uid> = heads.all().iter().map(|head| head.uid).collect();
        let lengths: Vec<usize> = batches(&uids, &heads).iter().map(Vec::len).collect();
        assert_eq!(lengths, vec![2, 1, 1, 200, 101]);
    }
}
