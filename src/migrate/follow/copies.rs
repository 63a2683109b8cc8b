//! What the places of our messages hold: the messages as we left them, or a change that somebody made.
//!
//! - A target that was rolled back also has empty places. So an empty place counts as a change by a person only if the folder's UIDNEXT is
//!   past it and no other place holds another message.

use crate::domain::{Digest, Side, Uid};
use crate::ledger::{FolderRecord, Ledger, Message};
use crate::migrate::content::reading::{Readings, SizeAndDigest};
use crate::migrate::context::losses::Losses;
use crate::migrate::folder::noted_flags::{folded, stored};
use crate::migrate::folder::witnesses::credible_next;
use crate::migrate::halt::{Halt, OnSide};
use crate::migrate::sessions::{Sessions, target_name};
use chrono::{DateTime, FixedOffset};
use std::collections::BTreeMap;

/// What the place of a message holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CopyState {
    /// The message, with the flags that we set.
    Untouched,
    /// The message, with other flags; or the record does not know which ones we set.
    Touched,
    /// Another message, an unreadable one, or none, without proof of a change by a person.
    Another,
    /// Nothing, in a folder that continued from there: somebody moved or deleted the message.
    Empty,
    /// Its place is unknown.
    Placeless,
}

/// What the place of one message holds, and its date there.
pub type DatedCopy = (CopyState, Option<DateTime<FixedOffset>>);

/// Checks the places of a record's messages, by their UIDs on the source. The target folder is selected afterwards. None if it is missing,
/// or is not the recorded folder. With `by_content` the messages are read back; otherwise their size decides.
pub fn look(
    sessions: &mut Sessions,
    ledger: &Ledger,
    record: &FolderRecord,
    messages: &[Message],
    by_content: bool,
) -> Result<Option<BTreeMap<Uid, DatedCopy>>, Halt> {
    let wire_name = target_name(&sessions.target, record);
    let places: Vec<Uid> = messages.iter().filter_map(|message| message.target_uid).collect();
    let (open, heads) = match sessions.target.select_and_look(&wire_name, &places).on(Side::Target)? {
        Ok(looked) => looked,
        Err(error) => {
            log::debug!("a target folder cannot be opened: {error}");
            return Ok(None);
        }
    };
    if open.status.uid_validity != record.target_uid_validity {
        return Ok(None);
    }
    let mut readings: Readings<(u64, Digest)> = Readings::default();
    if by_content {
        let there: Vec<Uid> = heads.keys().copied().collect();
        let reader = sessions.target.reader();
        readings.read::<SizeAndDigest>(reader, &there, &mut Losses::default()).on(Side::Target)?;
    }
    let mut copies = BTreeMap::new();
    for message in messages {
        let Some(place) = message.target_uid else {
            copies.insert(message.uid, (CopyState::Placeless, None));
            continue;
        };
        let Some(head) = heads.get(&place) else {
            copies.insert(message.uid, (CopyState::Empty, None));
            continue;
        };
        let read = readings.get(place).map(|(_, digest)| *digest);
        let is_ours = if by_content {
            read.is_some() && read == message.digest_there()
        } else {
            head.size == message.size_there()
        };
        let set = ledger.flags(record, message.uid)?;
        let state = match set {
            _ if !is_ours => CopyState::Another,
            Some(set) if stored(set) == folded(&head.flags) => CopyState::Untouched,
            _ => CopyState::Touched,
        };
        copies.insert(message.uid, (state, head.date));
    }
    let is_doubtful = copies.values().any(|(state, _)| *state == CopyState::Another);
    let next = credible_next(&open.status, heads.keys().next_back().copied());
    for message in messages {
        let continued = next.is_some_and(|next| message.target_uid.is_some_and(|place| place < next));
        if let Some((state @ CopyState::Empty, _)) = copies.get_mut(&message.uid)
            && (is_doubtful || !continued)
        {
            *state = CopyState::Another;
        }
    }
    Ok(Some(copies))
}
