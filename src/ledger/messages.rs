//! The known messages of one folder, in memory, and the blocks that store them.
//!
//! - A block is a list of operations, each of which states how something is *now*: applying a folder's blocks in order gives its messages,
//!   and applying one twice does no harm.
//! - The checksum of a block covers the checksum of the block before it, so a block that is missing, duplicated, altered or from another
//!   folder is noticed. The folder's head knows the number of blocks and the last one's checksum.
//! - Once a folder has many blocks, it is rewritten in whole blocks of at most 1,000 messages.

use super::checksum::checksum;
use super::head::Sums;
use super::message::{Departure, Done, Intent, Message, State, Stored};
use super::store::BlockRow;
use crate::domain::{RecordDamage, Uid};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// At most this many messages are in a whole block.
const MESSAGES_IN_BLOCK: usize = 1000;

/// One change to a folder's messages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Operation {
    /// These messages have this state.
    Put(Vec<Message>),
    /// These are not intended any more.
    Withdrawn(Vec<Uid>),
    /// These are on the target at these UIDs, in this state.
    Found(State, Vec<(Uid, Uid)>),
    /// A set of flags, numbered from 0 in their order.
    FlagSet(Vec<String>),
    /// Which set of flags these messages got.
    Flagged(Vec<(Uid, u32)>),
    /// The sizes that the source announces for these.
    Claimed(Vec<(Uid, u64)>),
    /// Nothing is known about these any more.
    Forgotten(Vec<Uid>),
    /// Which set of flags is about to be set for these messages, which are on the target.
    Flagging(Vec<(Uid, u32)>),
    /// These are about to be moved on the target.
    Departing(Vec<(Uid, Departure)>),
    /// These stay where they are, after all.
    Staying(Vec<Uid>),
    /// What the target holds of these, where that is not what was sent.
    Stored(Vec<(Uid, Option<Stored>)>),
}

impl Operation {
    pub fn is_empty(&self) -> bool {
        match self {
            Operation::Put(messages) => messages.is_empty(),
            Operation::Withdrawn(uids) | Operation::Forgotten(uids) | Operation::Staying(uids) => uids.is_empty(),
            Operation::Departing(messages) => messages.is_empty(),
            Operation::Found(_, places) => places.is_empty(),
            Operation::FlagSet(_) => false,
            Operation::Flagged(messages) | Operation::Flagging(messages) => messages.is_empty(),
            Operation::Claimed(sizes) => sizes.is_empty(),
            Operation::Stored(messages) => messages.is_empty(),
        }
    }
}

/// The messages of a folder, ascending by their UIDs on the source.
#[derive(Debug, Default)]
pub(super) struct Messages {
    all: Vec<Message>,
    flag_sets: Vec<Vec<String>>,
    /// The set of flags about to be set, for messages of which nobody knows whether it was.
    flagging: BTreeMap<Uid, u32>,
    /// Where messages are about to be moved, as long as nobody knows whether they were.
    departing: BTreeMap<Uid, Departure>,
}

impl Messages {
    /// Reads a folder's messages from its blocks; the error says why these cannot be believed.
    pub fn read(folder: i64, blocks: &[BlockRow], sums: &Sums) -> Result<Self, RecordDamage> {
        check_chain(folder, blocks, sums)?;
        let (mut messages, mut counted) = (Self::default(), Sums::default());
        for block in blocks {
            let operations: Vec<Operation> = postcard::from_bytes(&block.content)
                .map_err(|error| RecordDamage::Unreadable { why: error.to_string() })?;
            operations.into_iter().for_each(|operation| messages.apply(operation, &mut counted));
        }
        Ok(messages)
    }

    pub fn all(&self) -> &[Message] {
        &self.all
    }

    pub fn get(&self, uid: Uid) -> Option<&Message> {
        self.place(uid).ok().map(|at| &self.all[at])
    }

    pub fn flags(&self, message: &Message) -> Option<&[String]> {
        self.flag_sets.get(message.flags? as usize).map(Vec::as_slice)
    }

    /// The flags whose setting was intended but not settled.
    pub fn intended_flags(&self, uid: Uid) -> Option<&[String]> {
        self.flag_sets.get(*self.flagging.get(&uid)? as usize).map(Vec::as_slice)
    }

    /// The messages with an unsettled intent to set flags.
    pub fn flag_intents(&self) -> Vec<Uid> {
        self.flagging.keys().copied().collect()
    }

    /// The messages with an unsettled intent to move, ascending.
    pub fn departures(&self) -> Vec<(Uid, Departure)> {
        self.departing.iter().map(|(uid, departure)| (*uid, *departure)).collect()
    }

    /// The operations that note flags as set, or as about to be; `note` chooses which. Sets that are new to the folder are added; most
    /// messages share a few.
    pub fn flagged(&self, flags: &[(Uid, Vec<String>)], note: fn(Vec<(Uid, u32)>) -> Operation) -> Vec<Operation> {
        let mut numbers: BTreeMap<&[String], u32> = self.flag_sets.iter().map(Vec::as_slice).zip(0..).collect();
        let (mut operations, mut flagged) = (Vec::new(), Vec::with_capacity(flags.len()));
        for (uid, set) in flags {
            let next = numbers.len() as u32;
            let number = *numbers.entry(set).or_insert(next);
            if number == next {
                operations.push(Operation::FlagSet(set.clone()));
            }
            flagged.push((*uid, number));
        }
        operations.push(note(flagged));
        operations
    }

    pub fn intents(&self) -> Vec<Intent> {
        self.all.iter().filter(|message| message.is_intent()).map(Message::as_intent).collect()
    }

    /// The messages on the target.
    pub fn settled(&self) -> impl Iterator<Item = &Message> {
        self.all.iter().filter(|message| !message.is_intent())
    }

    /// The messages whose content can be compared and was not yet.
    pub fn unchecked(&self) -> Vec<Done> {
        let open = self.all.iter().filter(|message| matches!(message.state, State::Done | State::Seen));
        open.filter_map(Message::as_done).collect()
    }

    /// Takes in one step, and keeps the folder's sums correct.
    pub fn apply(&mut self, operation: Operation, sums: &mut Sums) {
        self.take_in(operation, sums);
        sums.departing = self.departing.len() as u64;
    }

    fn take_in(&mut self, operation: Operation, sums: &mut Sums) {
        match operation {
            Operation::Put(messages) => self.put(messages, sums),
            Operation::Withdrawn(uids) => self.take_out(uids, Message::is_intent, sums),
            Operation::Forgotten(uids) => self.take_out(uids, |_| true, sums),
            Operation::Found(state, places) => self.find(state, &places, sums),
            Operation::FlagSet(flags) => self.flag_sets.push(flags),
            Operation::Flagged(messages) => {
                for (uid, set) in messages {
                    if let Ok(at) = self.place(uid) {
                        self.all[at].flags = Some(set);
                    }
                    self.flagging.remove(&uid);
                }
            }
            Operation::Flagging(messages) => {
                let known = messages.into_iter().filter(|(uid, _)| self.place(*uid).is_ok());
                let known: Vec<(Uid, u32)> = known.collect();
                self.flagging.extend(known);
            }
            Operation::Departing(messages) => {
                let known = messages.into_iter().filter(|(uid, _)| self.place(*uid).is_ok());
                let known: Vec<(Uid, Departure)> = known.collect();
                self.departing.extend(known);
            }
            Operation::Staying(uids) => self.departing.retain(|uid, _| !uids.contains(uid)),
            Operation::Stored(messages) => {
                for (uid, stored) in messages {
                    if let Ok(at) = self.place(uid) {
                        self.all[at].stored = stored;
                    }
                }
            }
            Operation::Claimed(sizes) => {
                for (uid, size) in sizes {
                    if let Ok(at) = self.place(uid) {
                        self.all[at].claimed = Some(size);
                    }
                }
            }
        }
    }

    fn place(&self, uid: Uid) -> Result<usize, usize> {
        self.all.binary_search_by_key(&uid, |message| message.uid)
    }

    fn put(&mut self, mut messages: Vec<Message>, sums: &mut Sums) {
        // If a step has a UID twice, the last one counts.
        messages.reverse();
        messages.sort_by_key(|message| message.uid);
        messages.dedup_by_key(|message| message.uid);
        let known = self.all.len();
        for message in messages {
            sums.add(&message);
            match self.all[..known].binary_search_by_key(&message.uid, |message| message.uid) {
                Ok(at) => sums.remove(&std::mem::replace(&mut self.all[at], message)),
                Err(_) => self.all.push(message),
            }
        }
        if known > 0 && self.all.get(known).is_some_and(|first| first.uid < self.all[known - 1].uid) {
            // Two ascending runs: the sort merges them.
            self.all.sort_by_key(|message| message.uid);
        }
    }

    fn take_out(&mut self, mut uids: Vec<Uid>, which: impl Fn(&Message) -> bool, sums: &mut Sums) {
        uids.sort_unstable();
        self.all.retain(|message| {
            let goes = which(message) && uids.binary_search(&message.uid).is_ok();
            if goes {
                sums.remove(message);
            }
            !goes
        });
        let all = &self.all;
        let is_known = |uid: &Uid| all.binary_search_by_key(uid, |message| message.uid).is_ok();
        self.flagging.retain(|uid, _| is_known(uid));
        self.departing.retain(|uid, _| is_known(uid));
    }

    fn find(&mut self, state: State, places: &[(Uid, Uid)], sums: &mut Sums) {
        let mut left_highest = false;
        for (uid, target_uid) in places {
            let Ok(at) = self.place(*uid) else { continue };
            let message = &mut self.all[at];
            if message.is_intent() {
                continue;
            }
            left_highest |= message.target_uid != Some(*target_uid) && message.target_uid == sums.highest_target_uid;
            (message.state, message.target_uid) = (state, Some(*target_uid));
            sums.highest_target_uid = sums.highest_target_uid.max(message.target_uid);
        }
        if left_highest {
            sums.highest_target_uid = self.all.iter().filter_map(|message| message.target_uid).max();
        }
    }

    /// The same messages in whole blocks: one list of operations for each block.
    pub fn whole_blocks(&self) -> Vec<Vec<Operation>> {
        let mut blocks: Vec<Vec<Operation>> =
            self.all.chunks(MESSAGES_IN_BLOCK).map(|part| vec![Operation::Put(part.to_vec())]).collect();
        let sets = self.flag_sets.iter().cloned().map(Operation::FlagSet);
        if let Some(first) = blocks.first_mut() {
            first.splice(0..0, sets);
        }
        if let Some(last) = blocks.last_mut() {
            last.push(Operation::Departing(self.departures()));
            last.push(Operation::Flagging(self.flagging.iter().map(|(uid, set)| (*uid, *set)).collect()));
            last.push(Operation::Stored(stored_of(&self.all)));
        }
        blocks.iter_mut().for_each(|block| block.retain(|operation| !operation.is_empty()));
        blocks
    }

    /// Whether the folder has so many `blocks` that compacting is worthwhile.
    pub fn are_worth_compacting(&self, blocks: i64) -> bool {
        let whole = self.all.len().div_ceil(MESSAGES_IN_BLOCK) as i64;
        blocks > 16 && blocks > whole.saturating_mul(4)
    }
}

/// What the target holds of these messages, as far as it is not what was sent.
pub(super) fn stored_of<'m>(messages: impl IntoIterator<Item = &'m Message>) -> Vec<(Uid, Option<Stored>)> {
    messages.into_iter().filter(|message| message.stored.is_some()).map(|it| (it.uid, it.stored)).collect()
}

/// The next block of a folder, after all that `sums` counts; updates `sums`.
pub(super) fn block(folder: i64, operations: &[Operation], sums: &mut Sums) -> Result<BlockRow, postcard::Error> {
    let content = postcard::to_allocvec(operations)?;
    let number = sums.blocks;
    let checksum = block_checksum(sums.last_checksum, folder, number, &content);
    (sums.blocks, sums.last_checksum) = (number + 1, checksum);
    Ok(BlockRow { folder, number, content, checksum })
}

/// Checks that these are all blocks of a folder, as written; the error says what is wrong.
pub(super) fn check_chain(folder: i64, blocks: &[BlockRow], sums: &Sums) -> Result<(), RecordDamage> {
    let (mut number, mut last) = (0, 0);
    for block in blocks {
        let expected = block_checksum(last, folder, number, &block.content);
        if (block.folder, block.number, block.checksum) != (folder, number, expected) {
            return Err(RecordDamage::Block { block: block.number, folder });
        }
        (number, last) = (number + 1, expected);
    }
    if (number, last) != (sums.blocks, sums.last_checksum) {
        return Err(RecordDamage::Blocks { folder, found: number, written: sums.blocks });
    }
    Ok(())
}

fn block_checksum(before: i64, folder: i64, number: i64, content: &[u8]) -> i64 {
    checksum(&[&before.to_le_bytes(), &folder.to_le_bytes(), &number.to_le_bytes(), content])
}
