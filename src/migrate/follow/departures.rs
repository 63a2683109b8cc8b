//! Moves our messages to another folder of the target: intends, does and notes each move, and finds out what became of moves that an
//! interruption left open.
//!
//! After an interruption, for each message:
//!
//! 1. If its place holds it, and no equal message has come to the other folder since, it was not moved, and stays.
//! 2. If its place holds it and the other folder has it too, it was copied there; removing it here completes the move.
//! 3. If its place is empty and the other folder has it, it was moved.
//! 4. If it is in neither, somebody removed it meanwhile, or the server lost it: the record forgets both places, and the message is copied
//!    like a new one.

use super::copies::{CopyState, look};
use crate::domain::{Digest, MessageHead, Side, Uid};
use crate::ledger::{Arrival, Departure, FolderRecord, Ledger, Message};
use crate::migrate::attempt::Mailbox;
use crate::migrate::content::reading::{Readings, SizeAndDigest};
use crate::migrate::context::losses::Losses;
use crate::migrate::halt::{Halt, OnSide};
use crate::migrate::heads::Heads;
use crate::migrate::sessions::{Sessions, target_name};
use std::collections::{BTreeMap, BTreeSet};

/// At most this many messages go with one command.
const AT_ONCE: usize = 200;

/// Messages about to leave a folder. Their places have been read back.
pub struct Leaving<'a> {
    /// The record of the folder.
    pub from: &'a FolderRecord,
    /// The messages, all with the same destination.
    pub messages: Vec<(Message, Departure)>,
    /// The destination's wire name.
    pub to: &'a [u8],
}

/// Moves messages to another folder. Returns how many were moved.
pub fn depart(
    mailbox: &mut Mailbox<'_>,
    sessions: &mut Sessions,
    ledger: &mut Ledger,
    leaving: Leaving<'_>,
) -> Result<u64, Halt> {
    let Leaving { from, messages, to } = leaving;
    let mut taken = 0;
    for part in messages.chunks(AT_ONCE) {
        // The last check: another folder may have been selected meanwhile, and somebody may have flagged a message since it was read back.
        let asked: Vec<Message> = part.iter().map(|(message, _)| *message).collect();
        let Some(copies) = look(sessions, ledger, from, &asked, false)? else { break };
        let is_untouched = |(message, _): &&(Message, Departure)| {
            copies.get(&message.uid).is_some_and(|(state, _)| *state == CopyState::Untouched)
        };
        let part: Vec<(Message, Departure)> = part.iter().filter(is_untouched).copied().collect();
        if part.is_empty() {
            continue;
        }
        let intents: Vec<(Uid, Departure)> =
            part.iter().map(|(message, departure)| (message.uid, *departure)).collect();
        ledger.intend_departures(from, &intents)?;
        let places: Vec<Uid> = part.iter().filter_map(|(message, _)| message.target_uid).collect();
        match sessions.target.move_messages(&places, to) {
            Ok(removed) => {
                for (message, departure) in &part {
                    let place = message.target_uid.and_then(|place| removed.places.get(&place)).copied();
                    note(ledger, from, message.uid, *departure, place)?;
                    taken += 1;
                }
            }
            Err(error) if error.is_connection() => return Err(Halt::Server { side: Side::Target, error }),
            Err(error) => {
                log::debug!("messages could not be moved: {error}");
                let trash = matches!(part[0].1, Departure::Deleted { .. }).then_some(to);
                taken += settle_folder(mailbox, sessions, ledger, from, trash)?;
                // The folder is selected again for what follows.
                break;
            }
        }
    }
    Ok(taken)
}

/// Notes that a message was moved to its destination.
fn note(
    ledger: &mut Ledger,
    from: &FolderRecord,
    before: Uid,
    departure: Departure,
    place: Option<Uid>,
) -> Result<(), Halt> {
    let to = match departure {
        Departure::Moved { folder, .. } => ledger.folder_numbered(folder),
        Departure::Deleted { .. } => None,
    };
    match (departure, to) {
        (Departure::Moved { uid, claimed, floor, .. }, Some(to)) => {
            let arrival = Arrival { before, uid, claimed, place, floor, is_settled: false };
            ledger.arrived(from, &to, &[arrival])?;
        }
        // It was deleted, or its folder no longer has a record: then that folder is compared by content.
        _ => ledger.forget_messages(from, &[before])?,
    }
    Ok(())
}

/// Asks the target what became of messages that earlier attempts and runs were about to move.
pub fn settle(
    mailbox: &mut Mailbox<'_>,
    sessions: &mut Sessions,
    ledger: &mut Ledger,
    trash: Option<&[u8]>,
) -> Result<(), Halt> {
    for record in ledger.folders() {
        settle_folder(mailbox, sessions, ledger, &record, trash)?;
    }
    Ok(())
}

/// The same for one folder. Returns the number of its messages that were moved.
fn settle_folder(
    mailbox: &Mailbox<'_>,
    sessions: &mut Sessions,
    ledger: &mut Ledger,
    record: &FolderRecord,
    trash: Option<&[u8]>,
) -> Result<u64, Halt> {
    let open = ledger.departures(record)?;
    if open.is_empty() {
        return Ok(0);
    }
    if mailbox.control().holding() {
        return Err(Halt::Held);
    }
    let mut messages = Vec::new();
    for (uid, _) in &open {
        messages.extend(ledger.message(record, *uid)?);
    }
    // A server that lost our connection may still be moving.
    mailbox.control().wait_whole(mailbox.context.options.patience.quiet);
    if mailbox.control().stopping() {
        return Err(Halt::Held);
    }
    let copies = look(sessions, ledger, record, &messages, true)?.unwrap_or_default();
    let (mut taken, mut claimed) = (0, BTreeSet::new());
    for (uid, departure) in open {
        let Some(message) = messages.iter().find(|message| message.uid == uid) else { continue };
        let state = copies.get(&uid).map(|(state, _)| *state);
        let is_here = matches!(state, Some(CopyState::Untouched | CopyState::Touched));
        let to_name = |to: &FolderRecord| target_name(&sessions.target, to);
        let to = match departure {
            Departure::Moved { folder, floor, .. } => ledger.folder_numbered(folder).map(|to| (to_name(&to), floor)),
            Departure::Deleted { floor } => trash.map(|trash| (trash.to_vec(), floor)),
        };
        let found = match to {
            Some((wire_name, floor)) => {
                let found = find(sessions, ledger, &wire_name, floor, message, &claimed)?;
                claimed.extend(found.map(|place| (wire_name, place)));
                found
            }
            None => None,
        };
        match (is_here, found) {
            (true, None) => ledger.stay(record, &[uid])?,
            (true, Some(place)) => {
                let old = message.target_uid.filter(|_| !sessions.target.moves_at_once());
                if let (Some(old), Some(_)) = (old, look(sessions, ledger, record, &[], false)?) {
                    sessions.target.remove_messages(&[old]).on(Side::Target)?;
                    note(ledger, record, uid, departure, Some(place))?;
                    taken += 1;
                } else {
                    ledger.stay(record, &[uid])?;
                }
            }
            (false, Some(place)) => {
                note(ledger, record, uid, departure, Some(place))?;
                taken += 1;
            }
            (false, None) => {
                taken += u64::from(matches!(departure, Departure::Deleted { .. }));
                ledger.forget_messages(record, &[uid])?;
            }
        }
    }
    Ok(taken)
}

/// Finds a message in another target folder, among messages that came since and belong to no record.
fn find(
    sessions: &mut Sessions,
    ledger: &Ledger,
    wire_name: &[u8],
    floor: u32,
    message: &Message,
    claimed: &BTreeSet<(Vec<u8>, Uid)>,
) -> Result<Option<Uid>, Halt> {
    let mut taken: BTreeSet<Uid> =
        claimed.iter().filter(|(name, _)| name == wire_name).map(|(_, place)| *place).collect();
    for record in ledger.folders() {
        if target_name(&sessions.target, &record) == wire_name {
            taken.extend(ledger.target_uids(&record)?);
        }
    }
    let reader = sessions.target.reader();
    match reader.examine(wire_name) {
        Err(error) if !error.is_connection() => return Ok(None),
        outcome => outcome.on(Side::Target)?,
    };
    let heads = Heads::read_from(reader, Uid(floor.max(1))).on(Side::Target)?;
    let is_free = |uid: &Uid| !taken.contains(uid);
    let alike =
        heads.all().iter().filter(|head| head.size == message.size_there()).map(|head| head.uid).filter(is_free);
    let alike: Vec<Uid> = alike.collect();
    let mut readings: Readings<(u64, Digest)> = Readings::default();
    readings.read::<SizeAndDigest>(reader, &alike, &mut Losses::default()).on(Side::Target)?;
    let is_it = |uid: &Uid| readings.get(*uid).is_some_and(|(_, digest)| Some(*digest) == message.digest_there());
    Ok(alike.into_iter().find(is_it))
}

/// The sizes of messages in source folders that are not copied, each folder scanned once.
pub fn sizes_in(sessions: &mut Sessions, wire_names: &[&[u8]]) -> Result<(BTreeMap<u64, u64>, bool), Halt> {
    let (mut sizes, mut all) = (BTreeMap::new(), true);
    let mut head = |_, head: MessageHead| *sizes.entry(head.size).or_insert(0) += 1;
    sessions
        .source
        .scan(wire_names, &|_| Uid(1), &mut head, &mut |_, status| all &= status.is_ok())
        .on(Side::Source)?;
    Ok((sizes, all))
}
