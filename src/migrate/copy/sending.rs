//! The sending side of a pass.
//!
//! The program's safety depends on the order kept here: a message is durably intended in the ledger before its first byte goes out, and it
//! is done only when the target has confirmed it. Whatever happens in between, the intent stays and the target is asked later.
//!
//! Behind the last batch of a folder, and behind each batch if the target announces no UIDs, the target is asked for the folder's count;
//! now and then also for the count of an earlier folder whose messages are all answered. Once the desk doubts that only we store there,
//! what the source still delivers is not sent.

use crate::domain::{Digest, Side, Uid};
use crate::imap::{Announced, AppendWay, Begun, BodyBatch, Counted, Destination, ImapError, Settled, Stored};
use crate::ledger::{Change, Done, Ledger};
use crate::migrate::copy::copying::Copying;
use crate::migrate::copy::reading::{Item, Queue};
use crate::migrate::copy::round::{Desk, RefusedMessage, Round, RoundEnd};
use crate::migrate::copy::two_connections::Appenders;
use crate::migrate::halt::{Halt, OnSide};
use crossbeam_channel::Receiver;
use std::collections::{HashMap, HashSet, VecDeque};
use std::time::{Duration, Instant};

/// At most this many commands are unanswered when the next batch begins: enough for answers that take long to arrive. A near server answers
/// sooner and never has this many.
const BATCHES_IN_FLIGHT: usize = 8;
const SINGLES_IN_FLIGHT: usize = 64;
/// At most this many bytes are unanswered.
const BYTES_IN_FLIGHT: u64 = 8 << 20;
/// At most this many bytes are intended with one durable write.
const INTENDED_BYTES: u64 = 4 << 20;
const INTENDED_MESSAGES: usize = 1000;

/// After this many folders the target is asked once for the count of an earlier one: if it stores a second copy of everything after it has
/// answered, nothing else shows that before the pass ends.
const FOLDERS_PER_LOOK_BACK: usize = 8;

/// The longest time that one command is written for: over a slow network the target can then answer, and the follower begin to check, long
/// before a whole batch is sent. A batch that is sent sooner is one command, and one wait for the target's disk.
const LONGEST_COMMAND: Duration = Duration::from_millis(250);

/// A message of a pass: its round and its UID on the source.
type Key = (usize, Uid);

/// The sending side of a pass.
pub struct Sending<'a, 'd> {
    appenders: Appenders<'a>,
    folders: &'a [Copying],
    rounds: &'a [Round],
    batches: &'a [BodyBatch],
    queue: &'a Queue,
    ledger: &'a mut Ledger,
    desk: &'a mut (dyn Desk + 'd),
    /// The round of the arriving messages.
    round: usize,
    /// The last round whose beginning was reported.
    began: Option<usize>,
    /// The number of durably intended batches.
    intended: usize,
    /// The last message of each batch.
    last: HashSet<Key>,
    /// When the writing of the current command began.
    command_since: Option<Instant>,
    /// Size and digest of messages that were sent but are not settled.
    measured: HashMap<Key, (u64, Digest)>,
    /// Intended but not delivered by the source yet; the one that is arriving comes first.
    awaited: VecDeque<Key>,
    /// The arriving message, and whether it is passed on.
    current: Option<(Key, bool)>,
    /// Known but not recorded yet, by round.
    news: Vec<News>,
    ends: Vec<RoundEnd>,
    /// The last message, in the order of the pass, that the target has accepted.
    last_taken: Option<Key>,
    /// How many messages of each round were begun.
    begun: Vec<u64>,
    /// The questions to the target, by number: the round, and how many of its messages had been begun.
    questions: Vec<(usize, u64)>,
}

/// Known about a round's messages but not recorded yet.
#[derive(Default)]
struct News {
    done: Vec<Done>,
    withdrawn: Vec<Uid>,
}

impl<'a, 'd> Sending<'a, 'd> {
    pub fn new(
        appenders: Appenders<'a>,
        (folders, rounds): (&'a [Copying], &'a [Round]),
        (batches, queue): (&'a [BodyBatch], &'a Queue),
        ledger: &'a mut Ledger,
        desk: &'a mut (dyn Desk + 'd),
    ) -> Self {
        Self {
            appenders,
            folders,
            rounds,
            batches,
            queue,
            ledger,
            desk,
            round: 0,
            began: None,
            intended: 0,
            last: batches.iter().filter_map(|batch| Some((batch.folder.number, *batch.uids.last()?))).collect(),
            command_since: None,
            measured: HashMap::new(),
            awaited: VecDeque::new(),
            current: None,
            news: rounds.iter().map(|_| News::default()).collect(),
            ends: rounds.iter().map(|_| RoundEnd::default()).collect(),
            last_taken: None,
            begun: vec![0; rounds.len()],
            questions: Vec::new(),
        }
    }

    fn folder(&self, round: usize) -> &'a Copying {
        &self.folders[self.rounds[round].folder]
    }

    /// The last round whose messages were sent.
    pub fn round(&self) -> usize {
        self.round
    }

    /// The message that was being read, or was next.
    pub fn awaited(&self) -> Option<Key> {
        let not_intended =
            || self.batches.get(self.intended).and_then(|batch| Some((batch.folder.number, *batch.uids.first()?)));
        self.awaited.front().copied().or_else(not_intended)
    }

    /// The messages that were sent, at least in part, and not answered.
    pub fn unanswered(&self) -> Vec<Key> {
        self.measured.keys().copied().chain(self.current.map(|(key, _)| key)).collect()
    }

    /// The outcomes of the rounds.
    pub fn into_ends(mut self) -> Vec<RoundEnd> {
        for (round, end) in self.ends.iter_mut().enumerate() {
            let is_before_taken = |uid| Some((round, uid)) < self.last_taken;
            end.refused.iter_mut().for_each(|message| message.taken_later = is_before_taken(message.uid));
        }
        self.ends
    }

    /// Sends what arrives until the source has nothing more.
    pub fn run(&mut self, items: &Receiver<Item>) -> Result<(), Halt> {
        while let Ok(item) = items.recv() {
            self.take(item)?;
        }
        if self.current.is_some() {
            // The source fell silent in the middle of a message: the target waits for bytes that will not come, but answers for the
            // complete messages.
            self.settle(0, 0)?;
            self.record(self.intended)?;
            return Err(Halt::Server { side: Side::Source, error: ImapError::Abandoned });
        }
        self.appenders.end_batch().on(Side::Target)?;
        self.settle(0, 0)?;
        for (round, uid) in &self.awaited {
            self.news[*round].withdrawn.push(*uid);
        }
        self.record(self.intended)?;
        self.take_counted();
        Ok(())
    }

    fn take(&mut self, item: Item) -> Result<(), Halt> {
        match item {
            Item::Opened { round } => self.round = round,
            Item::NotOpened { round, why } => self.ends[round].not_opened = Some(why),
            Item::Begin { uid, .. } if self.queue.is_closed() => self.leave(uid),
            Item::Begin { uid, bytes: 0 } if self.announces_content(uid) => {
                // Nothing is sent: the source has the message but delivers no content.
                return self.take(Item::Unreadable { uid, words: String::new() });
            }
            Item::Begin { uid, bytes } => self.begin(uid, bytes)?,
            Item::Chunk(bytes) => {
                if let Some((_, true)) = self.current {
                    self.appenders.write(&bytes).on(Side::Target)?;
                }
            }
            Item::End { bytes, digest } => {
                if let Some((key, passed_on)) = self.current.take() {
                    self.delivered(key);
                    self.measured.insert(key, (bytes, digest));
                    if passed_on {
                        self.appenders.end().on(Side::Target)?;
                    }
                    // A server may begin with the next batch before it confirms this one.
                    let is_long = self.command_since.is_some_and(|since| since.elapsed() >= LONGEST_COMMAND);
                    let last = self.last.get(&key).copied();
                    if is_long || last.is_some() {
                        self.end_command(last)?;
                    }
                }
            }
            Item::Unreadable { uid, words } => {
                self.delivered((self.round, uid));
                self.news[self.round].withdrawn.push(uid);
                self.ends[self.round].unreadable.push((uid, words));
            }
            Item::Absent { uid } => {
                self.delivered((self.round, uid));
                self.news[self.round].withdrawn.push(uid);
                self.ends[self.round].absent.push(uid);
            }
            Item::BatchEnd => self.end_command(None)?,
        }
        Ok(())
    }

    /// Whether the source announces a message of some size at this UID.
    fn announces_content(&self, uid: Uid) -> bool {
        self.folder(self.round).heads().get(uid).is_some_and(|head| head.size > 0)
    }

    /// Leaves out a message that is not sent any more; nobody needs to look for it.
    fn leave(&mut self, uid: Uid) {
        let key = (self.round, uid);
        if self.awaited.contains(&key) {
            self.news[self.round].withdrawn.push(uid);
        }
        self.delivered(key);
        self.ends[self.round].left.push(uid);
    }

    /// Ends the current command and takes the answers that have arrived. `last` is set if this message also ended a batch.
    fn end_command(&mut self, last: Option<Key>) -> Result<(), Halt> {
        self.command_since = None;
        self.appenders.end_batch().on(Side::Target)?;
        last.map_or(Ok(()), |last| self.ask(last))?;
        self.settle(self.commands_in_flight(), BYTES_IN_FLIGHT)?;
        let arrived = self.appenders.settle_arrived().on(Side::Target)?;
        self.take_settled(arrived)?;
        self.record(self.intended)?;
        self.take_counted();
        if self.desk.is_in_doubt() {
            self.queue.close();
        }
        Ok(())
    }

    /// Asks for the folder's count behind the batch that has ended, unless UIDs show it.
    fn ask(&mut self, (round, uid): Key) -> Result<(), Halt> {
        let is_last = self.rounds[round].uids.last() == Some(&uid);
        if !self.desk.is_to_count(round, is_last) {
            return Ok(());
        }
        self.ask_about(round)?;
        if is_last && round % FOLDERS_PER_LOOK_BACK == FOLDERS_PER_LOOK_BACK - 1 {
            // The folder before the one that was answered last has all its answers.
            let answered = self.last_taken.and_then(|(round, _)| round.checked_sub(1));
            answered.map_or(Ok(()), |earlier| self.ask_about(earlier))?;
        }
        Ok(())
    }

    fn ask_about(&mut self, round: usize) -> Result<(), Halt> {
        let wire_name = &self.folder(round).target.wire_name;
        self.appenders.ask(self.questions.len(), wire_name).on(Side::Target)?;
        self.questions.push((round, self.begun[round]));
        Ok(())
    }

    fn take_counted(&mut self) {
        for Counted { question, status } in self.appenders.counted() {
            if let Some((round, begun)) = self.questions.get(question) {
                self.desk.counted(*round, *begun, status);
            }
        }
    }

    fn begin(&mut self, uid: Uid, bytes: u64) -> Result<(), Halt> {
        let key = (self.round, uid);
        while !self.awaited.contains(&key) && self.intended < self.batches.len() {
            self.record(self.next_intended())?;
        }
        if self.began != Some(self.round) {
            self.began = Some(self.round);
            self.desk.began(self.round);
        }
        let (round, folder) = (&self.rounds[self.round], self.folder(self.round));
        let date = folder.heads().get(uid).and_then(|head| round.dates.text(head.date?));
        let flags = folder.flags().of(folder.heads(), uid);
        self.delivered(key);
        self.awaited.push_front(key);
        self.command_since.get_or_insert_with(Instant::now);
        self.begun[self.round] += 1;
        let empty_list = folder.flags().has_empty_list(uid);
        let wire_name = &folder.target.wire_name;
        let destination = Destination { number: self.round, wire_name, way: round.way, empty_list };
        let message = Announced { uid, size: bytes, flags: &flags, date: date.as_deref() };
        let begun = self.appenders.begin(&destination, &message).on(Side::Target)?;
        self.current = Some((key, matches!(begun, Begun::Ready)));
        Ok(())
    }

    /// Notes that the source no longer owes this message.
    fn delivered(&mut self, key: Key) {
        if self.awaited.front() == Some(&key) {
            self.awaited.pop_front();
        } else {
            self.awaited.retain(|awaited| *awaited != key);
        }
    }

    fn commands_in_flight(&self) -> usize {
        match self.rounds[self.round].way {
            AppendWay::Single => SINGLES_IN_FLIGHT,
            AppendWay::Batches => BATCHES_IN_FLIGHT,
        }
    }

    /// Reads answers until at most this much is unanswered.
    fn settle(&mut self, commands: usize, bytes: u64) -> Result<(), Halt> {
        let settled = self.appenders.settle(commands, bytes).on(Side::Target)?;
        self.take_settled(settled)
    }

    fn take_settled(&mut self, settled: Vec<Settled>) -> Result<(), Halt> {
        for Settled { folder: round, uids, outcome } in settled {
            let floor = self.folder(round).target.floor;
            match outcome {
                Stored::Kept { uids: target_uids, .. } => {
                    self.last_taken = self.last_taken.max(uids.iter().map(|uid| (round, *uid)).max());
                    let target_uids = target_uids.into_iter().chain(std::iter::repeat(None));
                    for (uid, target_uid) in uids.into_iter().zip(target_uids) {
                        let Some((size, digest)) = self.measured.remove(&(round, uid)) else { continue };
                        let target_uid = self.place(round, target_uid)?;
                        self.news[round].done.push(Done {
                            uid,
                            size,
                            digest,
                            target_uid,
                            floor,
                            checked: false,
                            stored: None,
                        });
                    }
                }
                Stored::Refused { why, words } => {
                    let together = uids.len() > 1;
                    for uid in uids {
                        self.measured.remove(&(round, uid));
                        let refused = RefusedMessage {
                            uid,
                            why: why.clone(),
                            words: words.clone(),
                            together,
                            taken_later: false,
                        };
                        if !refused.may_be_stored() {
                            self.news[round].withdrawn.push(uid);
                        }
                        self.ends[round].refused.push(refused);
                    }
                }
            }
        }
        Ok(())
    }

    /// The UID that the target announced for a message, unless another message has it: a server that keeps only one of two equal messages
    /// may give both the same UID. A message without a UID is looked for by content.
    fn place(&mut self, round: usize, announced: Option<Uid>) -> Result<Option<Uid>, Halt> {
        let Some(place) = announced.filter(|place| self.desk.is_free(round, *place)) else { return Ok(None) };
        let Copying { target, record, .. } = self.folder(round);
        let is_old = place.0 < target.floor && self.ledger.target_uids(record)?.contains(&place);
        Ok(Some(place).filter(|_| !is_old))
    }

    /// The batch up to which to intend next: at least one, and as many as are worth one durable write.
    fn next_intended(&self) -> usize {
        let (mut messages, mut bytes) = (0, 0_u64);
        let more = self.batches[self.intended..].iter().take_while(|batch| {
            let first = messages == 0;
            messages += batch.uids.len();
            bytes = bytes.saturating_add(batch.bytes);
            first || (messages <= INTENDED_MESSAGES && bytes <= INTENDED_BYTES)
        });
        self.intended + more.count()
    }

    /// Makes durable what was settled, together with the intent of the batches before `through`: one write for both.
    fn record(&mut self, through: usize) -> Result<(), Halt> {
        let mut changes: Vec<Change<'_>> = Vec::new();
        for (round, news) in self.rounds.iter().zip(&mut self.news) {
            let News { done, withdrawn } = std::mem::take(news);
            let folder = &self.folders[round.folder];
            let flags = done.iter().map(|done| (done.uid, folder.flags().sorted(folder.heads(), done.uid))).collect();
            changes.push(Change {
                folder: &folder.record,
                done,
                withdrawn,
                intend: Vec::new(),
                flags,
                floor: folder.target.floor,
            });
        }
        for batch in &self.batches[self.intended..through] {
            let round = batch.folder.number;
            let (heads, flags) = (self.folder(round).heads(), self.folder(round).flags());
            let sized = |uid: &Uid| (*uid, heads.get(*uid).map_or(0, |head| head.size));
            changes[round].intend.extend(batch.uids.iter().map(sized));
            // One that is found after an interruption has these flags.
            changes[round].flags.extend(batch.uids.iter().map(|uid| (*uid, flags.sorted(heads, *uid))));
            self.awaited.extend(batch.uids.iter().map(|uid| (round, *uid)));
        }
        self.intended = through;
        self.ledger.record_all(&changes)?;
        for (round, change) in changes.into_iter().enumerate().filter(|(_, change)| !change.done.is_empty()) {
            let last = change.done.iter().map(|done| done.uid).max();
            let is_overtaken = |key: &&Key| key.0 == round && Some(key.1) < last;
            let overtaken = self.measured.keys().filter(is_overtaken).count() as u64;
            self.desk.done(self.ledger, round, &change.done, overtaken)?;
        }
        Ok(())
    }
}
