//! Changes to a folder's messages: intended, done, checked, forgotten. Each is in the store before its method returns.

use super::FolderRecord;
use crate::domain::Uid;
use crate::ledger::message::{Done, Message, State, Stored};
use crate::ledger::messages::{Operation, stored_of};
use crate::ledger::store::Durable;
use crate::ledger::{Ledger, LedgerError};

/// A change to a folder's messages, taken in one step.
#[derive(Debug)]
pub struct Change<'a> {
    /// The folder's record.
    pub folder: &'a FolderRecord,
    /// Messages that are on the target from now on.
    pub done: Vec<Done>,
    /// Messages that are not intended any more.
    pub withdrawn: Vec<Uid>,
    /// Messages about to be sent, each with its size in bytes as the source announces it.
    pub intend: Vec<(Uid, u64)>,
    /// The flags set on the target, sorted, for messages that are done or intended.
    pub flags: Vec<(Uid, Vec<String>)>,
    /// The target folder's UIDNEXT before the intended messages are sent.
    pub floor: u32,
}

impl Change<'_> {
    fn is_empty(&self) -> bool {
        self.done.is_empty() && self.withdrawn.is_empty() && self.intend.is_empty() && self.flags.is_empty()
    }
}

impl Ledger {
    /// [`Ledger::record_all`] for one folder.
    pub fn record(
        &mut self,
        folder: &FolderRecord,
        done: &[Done],
        withdrawn: &[Uid],
        intend: &[(Uid, u64)],
        floor: u32,
    ) -> Result<(), LedgerError> {
        let (done, withdrawn, intend) = (done.to_vec(), withdrawn.to_vec(), intend.to_vec());
        self.record_all(&[Change { folder, done, withdrawn, intend, flags: Vec::new(), floor }])
    }

    /// Records changes to several folders in one step.
    ///
    /// When this returns, a power cut cannot undo an intent; so call it before the first byte of an intended message goes out.
    pub fn record_all(&mut self, changes: &[Change<'_>]) -> Result<(), LedgerError> {
        let mut steps = Vec::new();
        for change in changes.iter().filter(|change| !change.is_empty()) {
            steps.push((change.folder.id, self.operations(change)?));
        }
        let intends = changes.iter().any(|change| !change.intend.is_empty());
        self.take(steps, if intends { Durable::AtOnce } else { Durable::Soon })
    }

    /// Notes the flags, sorted, that are about to be set on messages on the target. When this returns, a power cut cannot undo it.
    pub fn intend_flags(&mut self, folder: &FolderRecord, flags: &[(Uid, Vec<String>)]) -> Result<(), LedgerError> {
        self.take_flags(folder, flags, Operation::Flagging, Durable::AtOnce)
    }

    /// Notes the flags, sorted, that the program has set on messages on the target.
    pub fn set_flags(&mut self, folder: &FolderRecord, flags: &[(Uid, Vec<String>)]) -> Result<(), LedgerError> {
        self.take_flags(folder, flags, Operation::Flagged, Durable::Soon)
    }

    fn take_flags(
        &mut self,
        folder: &FolderRecord,
        flags: &[(Uid, Vec<String>)],
        note: fn(Vec<(Uid, u32)>) -> Operation,
        durable: Durable,
    ) -> Result<(), LedgerError> {
        if flags.is_empty() {
            return Ok(());
        }
        let operations = self.messages(folder.id)?.flagged(flags, note);
        self.take(vec![(folder.id, operations)], durable)
    }

    /// Notes the target UIDs of messages that were seen there with the right size, without comparing their content.
    pub fn seen(&mut self, folder: &FolderRecord, messages: &[(Uid, Uid)]) -> Result<(), LedgerError> {
        self.found(folder, State::Seen, messages)
    }

    /// Notes the target UIDs of messages that were read back and differ from what was sent.
    pub fn altered(&mut self, folder: &FolderRecord, messages: &[(Uid, Uid)]) -> Result<(), LedgerError> {
        self.found(folder, State::Altered, messages)
    }

    /// Notes the sizes that the source announces for known messages, such as those found by content.
    pub fn claim(&mut self, folder: &FolderRecord, sizes: &[(Uid, u64)]) -> Result<(), LedgerError> {
        self.take_some(folder, Operation::Claimed(sizes.to_vec()), Durable::Soon)
    }

    /// Forgets messages, whatever their state; each is new to the next run. For messages that the target confirmed but does not have, and
    /// for those that were moved to another folder.
    pub fn forget_messages(&mut self, folder: &FolderRecord, uids: &[Uid]) -> Result<(), LedgerError> {
        self.take_some(folder, Operation::Forgotten(uids.to_vec()), Durable::AtOnce)
    }

    /// Notes the target UIDs of messages that were compared there and are correct.
    pub fn checked(&mut self, folder: &FolderRecord, messages: &[(Uid, Uid)]) -> Result<(), LedgerError> {
        self.found(folder, State::Checked, messages)
    }

    /// Notes what the target holds of messages where that is, or was, not byte for byte what was sent.
    pub fn stored(&mut self, folder: &FolderRecord, messages: &[(Uid, Option<Stored>)]) -> Result<(), LedgerError> {
        let known = self.messages(folder.id)?;
        let is_news = |(uid, stored): &&(Uid, Option<Stored>)| known.get(*uid).is_some_and(|it| it.stored != *stored);
        let news: Vec<(Uid, Option<Stored>)> = messages.iter().filter(is_news).copied().collect();
        self.take_some(folder, Operation::Stored(news), Durable::Soon)
    }

    /// Notes the target UIDs of messages that were found there in this state.
    fn found(&mut self, folder: &FolderRecord, state: State, messages: &[(Uid, Uid)]) -> Result<(), LedgerError> {
        self.take_some(folder, Operation::Found(state, messages.to_vec()), Durable::Soon)
    }

    pub(in crate::ledger) fn take_some(
        &mut self,
        folder: &FolderRecord,
        step: Operation,
        durable: Durable,
    ) -> Result<(), LedgerError> {
        if step.is_empty() { Ok(()) } else { self.take(vec![(folder.id, vec![step])], durable) }
    }

    fn operations(&self, change: &Change<'_>) -> Result<Vec<Operation>, LedgerError> {
        let known = self.messages(change.folder.id)?;
        let done: Vec<Message> = change
            .done
            .iter()
            .map(|done| {
                let before = known.get(done.uid);
                Message {
                    uid: done.uid,
                    state: if done.checked { State::Checked } else { State::Done },
                    size: done.size,
                    claimed: before.and_then(|before| before.claimed),
                    floor: done.floor,
                    digest: Some(done.digest),
                    target_uid: done.target_uid,
                    stored: done.stored,
                    flags: before.and_then(|before| before.flags),
                }
            })
            .collect();
        let intended = change.intend.iter().map(|(uid, size)| {
            let flags = known.get(*uid).and_then(|before| before.flags);
            Message { flags, ..Message::intended(*uid, *size, change.floor) }
        });
        let stored = Operation::Stored(stored_of(&done));
        let mut operations = vec![Operation::Put(done), stored, Operation::Put(intended.collect())];
        operations.push(Operation::Withdrawn(change.withdrawn.clone()));
        // The flags of most messages were noted with the intent.
        let is_news = |(uid, flags): &&(Uid, Vec<String>)| {
            let noted = known.get(*uid).and_then(|message| known.flags(message));
            noted != Some(flags) || known.intended_flags(*uid).is_some()
        };
        let news: Vec<(Uid, Vec<String>)> = change.flags.iter().filter(is_news).cloned().collect();
        operations.extend(known.flagged(&news, Operation::Flagged));
        operations.retain(|operation| !operation.is_empty());
        Ok(operations)
    }
}
