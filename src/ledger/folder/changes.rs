//! Changes to what is known about the messages of a folder: intended, done, checked, forgotten. Each is in the store before its method returns.

use super::FolderRecord;
use crate::domain::Uid;
use crate::ledger::message::{Done, Message, State};
use crate::ledger::messages::Operation;
use crate::ledger::store::Durable;
use crate::ledger::{Ledger, LedgerError};

/// What becomes known about a folder's messages in one step.
#[derive(Debug)]
pub struct Change<'a> {
    /// The folder.
    pub folder: &'a FolderRecord,
    /// Messages that are on the target from now on.
    pub done: Vec<Done>,
    /// Messages that are no longer intended.
    pub withdrawn: Vec<Uid>,
    /// Messages that are about to be sent, each with its size in bytes as the source announces it.
    pub intend: Vec<(Uid, u64)>,
    /// Which flags were set on the target, sorted, for messages that are done or intended.
    pub flags: Vec<(Uid, Vec<String>)>,
    /// The target folder's UIDNEXT before they are sent.
    pub floor: u32,
}

impl Change<'_> {
    fn is_empty(&self) -> bool {
        self.done.is_empty() && self.withdrawn.is_empty() && self.intend.is_empty() && self.flags.is_empty()
    }
}

impl Ledger {
    /// The same as [`Ledger::record_all`] for one folder.
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

    /// Takes in changes of several folders in one step.
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

    /// Notes which flags, sorted, are about to be set for messages that are on the target. When this returns, a power cut cannot undo it.
    pub fn intend_flags(&mut self, folder: &FolderRecord, flags: &[(Uid, Vec<String>)]) -> Result<(), LedgerError> {
        self.take_flags(folder, flags, Operation::Flagging, Durable::AtOnce)
    }

    /// Notes which flags, sorted, the program has set for messages on the target.
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

    /// Notes that these messages were seen on the target with their sizes, at which UIDs, and that their content was not compared.
    pub fn seen(&mut self, folder: &FolderRecord, messages: &[(Uid, Uid)]) -> Result<(), LedgerError> {
        self.found(folder, State::Seen, messages)
    }

    /// Notes that these messages were read back from the target, at which UIDs, and differ from what was sent.
    pub fn altered(&mut self, folder: &FolderRecord, messages: &[(Uid, Uid)]) -> Result<(), LedgerError> {
        self.found(folder, State::Altered, messages)
    }

    /// Notes the sizes that the source announces for messages that the record knows, such as those that were found by content.
    pub fn claim(&mut self, folder: &FolderRecord, sizes: &[(Uid, u64)]) -> Result<(), LedgerError> {
        self.take_some(folder, Operation::Claimed(sizes.to_vec()), Durable::Soon)
    }

    /// Forgets messages, whatever their state; each is new to the next run. For messages that the target confirmed but does not have, and
    /// for those that were moved to another folder.
    pub fn forget_messages(&mut self, folder: &FolderRecord, uids: &[Uid]) -> Result<(), LedgerError> {
        self.take_some(folder, Operation::Forgotten(uids.to_vec()), Durable::AtOnce)
    }

    /// Notes that these messages were compared on the target and are correct, with the UIDs at which they were found.
    pub fn checked(&mut self, folder: &FolderRecord, messages: &[(Uid, Uid)]) -> Result<(), LedgerError> {
        self.found(folder, State::Checked, messages)
    }

    /// Notes that these messages were found on the target, in this state and at these UIDs.
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
        let done = change.done.iter().map(|done| {
            let before = known.get(done.uid);
            Message {
                uid: done.uid,
                state: if done.checked { State::Checked } else { State::Done },
                size: done.size,
                claimed: before.and_then(|before| before.claimed),
                floor: done.floor,
                digest: Some(done.digest),
                target_uid: done.target_uid,
                flags: before.and_then(|before| before.flags),
            }
        });
        let intended = change.intend.iter().map(|(uid, size)| Message::intended(*uid, *size, change.floor));
        let mut operations = vec![Operation::Put(done.collect()), Operation::Put(intended.collect())];
        operations.push(Operation::Withdrawn(change.withdrawn.clone()));
        operations.extend(known.flagged(&change.flags, Operation::Flagged));
        operations.retain(|operation| !operation.is_empty());
        Ok(operations)
    }
}
