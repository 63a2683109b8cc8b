//! Copied messages that move on the target: each move is intended first, then noted in both folders in one step.

use super::folder::FolderRecord;
use super::message::{Arrival, Departure, Message, State};
use super::messages::{Operation, stored_of};
use super::store::Durable;
use super::{Ledger, LedgerError};
use crate::domain::Uid;

impl Ledger {
    /// Notes that messages are about to be moved on the target. When this returns, a power cut cannot undo the intent.
    pub fn intend_departures(
        &mut self,
        folder: &FolderRecord,
        messages: &[(Uid, Departure)],
    ) -> Result<(), LedgerError> {
        self.take_some(folder, Operation::Departing(messages.to_vec()), Durable::AtOnce)
    }

    /// The messages whose move was intended but not settled, ascending.
    pub fn departures(&self, folder: &FolderRecord) -> Result<Vec<(Uid, Departure)>, LedgerError> {
        match self.head(folder.id)?.sums.departing {
            0 => Ok(Vec::new()),
            _ => self.messages(folder.id).map(|messages| messages.departures()),
        }
    }

    /// Notes that messages stay where they are after all.
    pub fn stay(&mut self, folder: &FolderRecord, uids: &[Uid]) -> Result<(), LedgerError> {
        self.take_some(folder, Operation::Staying(uids.to_vec()), Durable::Soon)
    }

    /// The record with this number.
    pub fn folder_numbered(&self, id: i64) -> Option<FolderRecord> {
        self.folders().into_iter().find(|folder| folder.id == id)
    }

    /// Notes that messages of the folder `from` are in the folder `to` now, on both sides.
    pub fn arrived(&mut self, from: &FolderRecord, to: &FolderRecord, arrivals: &[Arrival]) -> Result<(), LedgerError> {
        let (mut put, mut gone, mut flags) = (Vec::new(), Vec::new(), Vec::new());
        let known = self.messages(from.id)?;
        for arrival in arrivals {
            let Some(message) = known.get(arrival.before) else { continue };
            put.push(Message {
                uid: arrival.uid,
                state: if arrival.is_settled { State::Checked } else { State::Done },
                claimed: Some(arrival.claimed),
                floor: arrival.floor,
                target_uid: arrival.place,
                flags: None,
                ..*message
            });
            flags.extend(known.flags(message).map(|flags| (arrival.uid, flags.to_vec())));
            gone.push(arrival.before);
        }
        if put.is_empty() {
            return Ok(());
        }
        let stored = Operation::Stored(stored_of(&put));
        let mut arriving = vec![Operation::Put(put), stored];
        arriving.extend(self.messages(to.id)?.flagged(&flags, Operation::Flagged));
        arriving.retain(|operation| !operation.is_empty());
        let leaving = Operation::Forgotten(gone);
        let steps = if from.id == to.id {
            arriving.insert(0, leaving);
            vec![(to.id, arriving)]
        } else {
            vec![(to.id, arriving), (from.id, vec![leaving])]
        };
        self.take(steps, Durable::AtOnce)
    }
}

impl FolderRecord {
    /// Its number in the mailbox's record.
    pub fn number(&self) -> i64 {
        self.id
    }
}
