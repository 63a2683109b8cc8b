//! Questions about a folder's messages: which of them are on the target, where, and with which flags.
//!
//! The first question about a message reads all messages of its folder from the store.

use super::FolderRecord;
use crate::domain::Uid;
use crate::ledger::message::{Done, Intent, Message, State};
use crate::ledger::{Ledger, LedgerError};
use std::collections::BTreeSet;

impl Ledger {
    /// The UIDs on the source of messages that are on the target, ascending, each with its size in bytes as sent.
    pub fn done(&self, folder: &FolderRecord) -> Result<Vec<(Uid, u64)>, LedgerError> {
        Ok(self.messages(folder.id)?.settled().map(|message| (message.uid, message.size)).collect())
    }

    /// How many messages are on the target, and their size in bytes.
    pub fn done_counts(&self, folder: &FolderRecord) -> Result<(u64, u64), LedgerError> {
        self.head(folder.id).map(|head| (head.sums.done, head.sums.done_bytes))
    }

    /// The messages that may or may not be on the target, ascending.
    pub fn intents(&self, folder: &FolderRecord) -> Result<Vec<Intent>, LedgerError> {
        match self.head(folder.id)?.sums.intended {
            0 => Ok(Vec::new()),
            _ => Ok(self.messages(folder.id)?.intents()),
        }
    }

    /// The done messages whose content has not been compared yet, ascending.
    pub fn unchecked(&self, folder: &FolderRecord) -> Result<Vec<Done>, LedgerError> {
        Ok(self.messages(folder.id)?.unchecked())
    }

    /// The done messages of which neither content nor size has been compared yet, ascending.
    pub fn unseen(&self, folder: &FolderRecord) -> Result<Vec<Done>, LedgerError> {
        let messages = self.messages(folder.id)?.all().iter();
        Ok(messages.filter(|message| message.state == State::Done).filter_map(Message::as_done).collect())
    }

    /// The messages that were read back and differed from what was sent, ascending.
    pub fn found_altered(&self, folder: &FolderRecord) -> Result<Vec<Done>, LedgerError> {
        let messages = self.messages(folder.id)?.all().iter();
        Ok(messages.filter(|message| message.state == State::Altered).filter_map(Message::as_done).collect())
    }

    /// The UIDs on the source and on the target of the messages on the target, where the latter are known.
    pub fn uid_pairs(&self, folder: &FolderRecord) -> Result<Vec<(Uid, Uid)>, LedgerError> {
        let settled = self.messages(folder.id)?.settled();
        Ok(settled.filter_map(|message| Some((message.uid, message.target_uid?))).collect())
    }

    /// The target UIDs of this record's messages, ascending.
    pub fn target_uids(&self, folder: &FolderRecord) -> Result<Vec<Uid>, LedgerError> {
        let messages = self.messages(folder.id)?.all().iter();
        let mut uids: Vec<Uid> = messages.filter_map(|message| message.target_uid).collect();
        uids.sort_unstable();
        Ok(uids)
    }

    /// The target UIDs of the messages of every record that is about the same target folder.
    pub fn places_in_folder_of(&self, folder: &FolderRecord) -> Result<BTreeSet<Uid>, LedgerError> {
        let mut places = BTreeSet::new();
        for other in self.folders().into_iter().filter(|other| other.is_in_the_folder_of(folder)) {
            places.extend(self.target_uids(&other)?);
        }
        Ok(places)
    }

    /// The messages of a record that are on the target, except those whose target UID belongs to a message of another record.
    pub fn left_of(&self, folder: &FolderRecord) -> Result<Vec<Message>, LedgerError> {
        let mut taken = BTreeSet::new();
        let others = self.folders().into_iter().filter(|other| other.id != folder.id);
        for other in others.filter(|other| other.is_in_the_folder_of(folder)) {
            taken.extend(self.target_uids(&other)?);
        }
        let messages = self.messages_of(folder)?.iter();
        let is_free = |message: &&Message| message.target_uid.is_none_or(|place| !taken.contains(&place));
        Ok(messages.filter(|message| !message.is_intent()).filter(is_free).copied().collect())
    }

    /// The highest target UID of this record's messages.
    pub fn highest_target_uid(&self, folder: &FolderRecord) -> Result<Option<Uid>, LedgerError> {
        self.head(folder.id).map(|head| head.sums.highest_target_uid)
    }

    /// All known messages of a folder, ascending by their UIDs on the source.
    pub fn messages_of(&self, folder: &FolderRecord) -> Result<&[Message], LedgerError> {
        self.messages(folder.id).map(|messages| messages.all())
    }

    /// What is known about a message.
    pub fn message(&self, folder: &FolderRecord, uid: Uid) -> Result<Option<Message>, LedgerError> {
        self.messages(folder.id).map(|messages| messages.get(uid).copied())
    }

    /// The flags set on a message on the target; none if nobody noted them.
    pub fn flags(&self, folder: &FolderRecord, uid: Uid) -> Result<Option<&[String]>, LedgerError> {
        let messages = self.messages(folder.id)?;
        Ok(messages.get(uid).and_then(|message| messages.flags(message)))
    }

    /// The flags whose setting was intended but not settled; none if there was no such intent.
    pub fn intended_flags(&self, folder: &FolderRecord, uid: Uid) -> Result<Option<&[String]>, LedgerError> {
        self.messages(folder.id).map(|messages| messages.intended_flags(uid))
    }

    /// The messages with an unsettled intent to set flags, ascending.
    pub fn flag_intents(&self, folder: &FolderRecord) -> Result<Vec<Uid>, LedgerError> {
        self.messages(folder.id).map(|messages| messages.flag_intents())
    }
}
