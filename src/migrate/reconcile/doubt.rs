//! Whether a folder's record still tells the truth about both sides, or a server was restored, replaced or used since.

use super::locate::{locate, on_target};
use crate::domain::Uid;
use crate::ledger::{Done, FolderRecord, Message, State};
use crate::migrate::attempt::FolderRun;
use crate::migrate::content::matching::Match;
use crate::migrate::folder::witnesses::{Testimony, are_enough, credible_next, sample};
use crate::migrate::halt::Halt;
use crate::migrate::scan::unchanged::is_as_recorded;
use std::collections::{BTreeSet, HashSet};

/// Whether the record is about the two current folders and can be trusted, as far as that shows without asking the target.
pub fn holds(run: &FolderRun<'_, '_>, record: &FolderRecord) -> Result<bool, Halt> {
    let goes_there = match &record.target_path {
        Some(path) => *path == run.job.planned.target,
        None => record.target_name == run.target.wire_name,
    };
    let same_folders = record.source_uid_validity == run.scan.status.uid_validity
        && goes_there
        && (!run.mailbox.context.options.repair || run.job.progress.begun_anew);
    Ok(same_folders
        && is_as_recorded(run.ledger, record, &run.target.open.status)?
        && source_is_as_recorded(run, record)?)
}

/// Whether the source's UIDs still name the recorded messages: each has its recorded size as announced, the last ones have their noted
/// dates, and UIDNEXT did not go back.
pub fn source_is_as_recorded(run: &FolderRun<'_, '_>, record: &FolderRecord) -> Result<bool, Halt> {
    let (messages, heads) = (run.ledger.messages_of(record)?, &run.scan.heads);
    let is_another = |message: &Message| {
        let announced = message.claimed.zip(heads.get(message.uid));
        announced.is_some_and(|(then, head)| head.size != then)
    };
    let next = credible_next(&run.scan.status, heads.all().last().map(|head| head.uid));
    let highest = messages.last().map(|message| message.uid);
    let before = record.source_end.and_then(|end| end.uid_next);
    let went_back =
        next.is_some_and(|next| highest.is_some_and(|uid| uid >= next) || before.is_some_and(|uid| uid > next));
    let has_dates = record.has_dates(|uid| Some(heads.get(uid)?.date?.timestamp()));
    Ok(!went_back && has_dates && !messages.iter().any(is_another))
}

/// Whether the target's places still hold the recorded messages. If a place holds a message of another size, it is read.
pub fn target_is_as_recorded(run: &mut FolderRun<'_, '_>, record: &FolderRecord) -> Result<bool, Halt> {
    let Some(witnesses) = &run.job.progress.witnesses else { return Ok(true) };
    let status = &run.target.open.status;
    match witnesses.target() {
        Testimony::Holds => Ok(are_enough(run.ledger.messages_of(record)?, status)),
        Testimony::Empty | Testimony::SomeEmpty => places_hold(run, record),
        Testimony::Differs => {
            let sampled: BTreeSet<Uid> = witnesses.sampled.iter().map(|message| message.uid).collect();
            let done = run.ledger.messages_of(record)?.iter().filter(|message| sampled.contains(&message.uid));
            // A message that differed when it was read back still differs: that is no reason for doubt.
            let done = done.filter(|message| message.state != State::Altered);
            let done: Vec<Done> = done.filter_map(Message::as_done).filter(|done| done.target_uid.is_some()).collect();
            match hold_what_was_sent(run, record, &done)? {
                Some(holds) => Ok(holds),
                // The source has none of them any more. Nothing can be lost of a folder of which it has nothing at all.
                None => {
                    let on_source = run.ledger.messages_of(record)?.iter();
                    let on_source = on_source.filter(|message| run.scan.heads.get(message.uid).is_some());
                    let on_source: Vec<Message> = on_source.filter(|it| it.target_uid.is_some()).copied().collect();
                    let done: Vec<Done> = sample(&on_source).iter().filter_map(Message::as_done).collect();
                    Ok(hold_what_was_sent(run, record, &done)?.unwrap_or(true))
                }
            }
        }
    }
}

/// Whether all places of the record hold what was put there or are empty, and the folder continued from there. Some places are empty: their
/// messages were removed by somebody, or the target was restored and has put others at some of the places since.
fn places_hold(run: &mut FolderRun<'_, '_>, record: &FolderRecord) -> Result<bool, Halt> {
    let there = on_target(run, Uid(1))?;
    let highest = run.ledger.highest_target_uid(record)?;
    if credible_next(&run.target.open.status, there.all().last().map(|head| head.uid)).is_none()
        && highest.is_some_and(|highest| there.get(highest).is_none())
    {
        return Ok(false);
    }
    let heads = &run.scan.heads;
    let is_another = |message: &&Message| {
        let Some(at) = message.target_uid.and_then(|place| there.get(place)) else { return false };
        let sent = heads.get(message.uid).and_then(|head| head.date).filter(|_| !record.has_other_dates);
        let has_date = sent.zip(at.date).is_none_or(|(sent, at)| sent == at);
        message.state != State::Altered && (at.size != message.size_there() || !has_date)
    };
    let others: Vec<Message> = run.ledger.messages_of(record)?.iter().filter(is_another).copied().collect();
    let others: Vec<Done> = sample(&others).iter().filter_map(Message::as_done).collect();
    Ok(others.is_empty() || hold_what_was_sent(run, record, &others)?.unwrap_or(true))
}

/// Whether the places of these messages hold them, as they were sent or changed by the target; none if nobody can tell, because the source
/// has none of them any more. If a message was never compared, a place with its date holds it, whatever the target made of its content:
/// another message that took the place after the target was restored would have another date. A date that several messages have proves
/// nothing.
fn hold_what_was_sent(
    run: &mut FolderRun<'_, '_>,
    record: &FolderRecord,
    messages: &[Done],
) -> Result<Option<bool>, Halt> {
    let (located, outcome) = locate(run, record, messages);
    outcome?;
    let compared: BTreeSet<Uid> = messages.iter().filter(|done| done.checked).map(|done| done.uid).collect();
    let dates = if located.other.is_empty() { HashSet::new() } else { run.scan.heads.dates_of_one() };
    let (mut others, mut unknown) = (Vec::new(), 0);
    for (uid, place) in &located.other {
        match run.scan.heads.get(*uid) {
            Some(_) if compared.contains(uid) => others.push((None, *place)),
            Some(head) => others.push((head.date.filter(|date| dates.contains(date)), *place)),
            None => unknown += 1,
        }
    }
    if others.is_empty() {
        if !located.found.is_empty() && !record.has_other_dates {
            // They were asked about because of a size or a date; it was not the content.
            note_dates(run, record, &located.found)?;
        }
        return Ok((unknown == 0 || !located.found.is_empty()).then_some(true));
    }
    let there = on_target(run, Uid(1))?;
    let is_ours =
        |(date, place): &(Option<_>, Uid)| date.is_some() && there.get(*place).is_some_and(|head| head.date == *date);
    Ok(Some(others.iter().all(is_ours)))
}

/// Notes that dates prove nothing in this folder, if the target has some of these messages with another date.
fn note_dates(run: &mut FolderRun<'_, '_>, record: &FolderRecord, found: &[Match]) -> Result<(), Halt> {
    let there = on_target(run, Uid(1))?;
    let has_other_date = |found: &Match| {
        let sent = run.scan.heads.get(found.uid).and_then(|head| head.date);
        sent.zip(there.get(found.target_uid).and_then(|head| head.date)).is_some_and(|(sent, at)| sent != at)
    };
    if found.iter().any(has_other_date) {
        run.ledger.redated(record)?;
    }
    Ok(())
}
