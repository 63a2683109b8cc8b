//! Decides what happens to messages that one of the servers does not deliver or accept: the next way, the next date, or naming them as
//! failed.

use crate::domain::{MessageHead, Note, Problem, ProblemKind, Side, Uid};
use crate::imap::{AppendWay, ImapError, Refusal};
use crate::ledger::FolderRecord;
use crate::migrate::attempt::FolderRun;
use crate::migrate::attempt::failures::Failure;
use crate::migrate::copy::flags::SentFlags;
use crate::migrate::copy::round::{DateStyle, RefusedMessage, RoundEnd};
use crate::migrate::halt::{Halt, OnSide};
use crate::migrate::reconcile::{Connection, settle_intents};
use crate::progress::{Event, Step};
use std::collections::{BTreeMap, BTreeSet};

/// What is left to try before messages are named as failed.
pub struct Retries {
    /// Whether the folder, once gone, was created again.
    pub folder_made_again: bool,
    /// The flags they are sent with.
    pub flags: SentFlags,
}

/// Names messages that the source did not deliver. Those that it silently passed over are requested once more: only messages that are
/// really gone count as deleted meanwhile.
pub fn take_lost(run: &mut FolderRun<'_, '_>, end: &RoundEnd) -> Result<(), Halt> {
    let unreadable = end.unreadable.iter();
    let unreadable = unreadable.map(|(uid, words)| match words.as_str() {
        "" => Failure::noted(*uid, ProblemKind::MessageUnreadable, Note::ListedNotDelivered),
        words => Failure::new(*uid, ProblemKind::MessageUnreadable, words),
    });
    run.fail_all(unreadable.collect())?;
    if end.absent.is_empty() {
        return Ok(());
    }
    let mut still_there = BTreeSet::new();
    let (first, last) = (end.absent.iter().min(), end.absent.iter().max());
    if let Some((first, last)) = first.zip(last) {
        run.open_source()?;
        let mut note = |head: MessageHead| {
            still_there.insert(head.uid);
        };
        run.sessions.source.heads(*first, Some(*last), &mut note).on(Side::Source)?;
    }
    let (there, gone): (Vec<Uid>, Vec<Uid>) = end.absent.iter().partition(|uid| still_there.contains(uid));
    let unreadable = |uid| Failure::noted(uid, ProblemKind::MessageUnreadable, Note::ListedNotDelivered);
    let there = there.into_iter().map(unreadable);
    let named = run.fail_all(there.collect());
    if !gone.is_empty() {
        let (account, folder) = (run.mailbox.reporter.account, run.job.id);
        run.mailbox.reporter.report(Event::MessagesVanished { account, folder, messages: gone.len() as u64 });
        run.job.progress.vanished.extend(gone);
    }
    named
}

/// Leaves out messages that are on the target although they were refused.
pub fn without_stored(
    run: &mut FolderRun<'_, '_>,
    record: &FolderRecord,
    refused: Vec<RefusedMessage>,
) -> Result<Vec<RefusedMessage>, Halt> {
    if !refused.iter().any(RefusedMessage::may_be_stored) {
        return Ok(refused);
    }
    settle_intents(run, record, Connection::Same)?;
    run.mailbox.reporter.step(Step::Copying(run.job.id));
    run.report_found(record)?;
    let stored: BTreeSet<Uid> = run.ledger.done(record)?.into_iter().map(|(uid, _)| uid).collect();
    Ok(refused.into_iter().filter(|message| !stored.contains(&message.uid)).collect())
}

/// Puts off messages that the target refused in words that ask to wait, and returns those to send once more, alone and last. The words may
/// concern a message or the whole server:
///
/// 1. A message that is refused again, although others were accepted in between, is named.
/// 2. A message that is refused again, with no others accepted in between, is a reason to wait: this is the error.
/// 3. If few are left after long waiting, nothing else can be tried, and they are named.
pub fn put_off(run: &mut FolderRun<'_, '_>, refused: Vec<RefusedMessage>) -> Result<Vec<Uid>, Halt> {
    const FEW: usize = 3;
    const LONG: u32 = 5;
    let taken = run.mailbox.taken;
    let (mut again, mut failures, mut wait) = (Vec::new(), Vec::new(), None);
    for message in refused {
        let RefusedMessage { uid, words, .. } = message;
        let is_one_of_few = run.job.progress.put_off.len() <= FEW;
        let (tries, before) = run.job.progress.put_off.entry(uid).or_insert((0, taken));
        *tries += 1;
        if *tries == 1 {
            again.push(uid);
        } else if taken > *before || (*tries > LONG && is_one_of_few) {
            failures.push(Failure::new(uid, ProblemKind::MessageRefused, words));
        } else {
            wait = Some(words);
        }
    }
    run.fail_all(failures)?;
    match wait {
        Some(words) => Err(Halt::Server { side: Side::Target, error: ImapError::throttled(&words) }),
        None => Ok(again),
    }
}

/// Decides what to do about refused messages: the next way, the next date, no keywords, or naming them.
pub fn sort_refused(
    run: &mut FolderRun<'_, '_>,
    way: AppendWay,
    dates: DateStyle,
    refused: Vec<RefusedMessage>,
    retries: &mut Retries,
) -> Result<Vec<(AppendWay, DateStyle, Vec<Uid>)>, Halt> {
    let is_meant: BTreeSet<Uid> =
        refused.iter().filter(|message| message.taken_later).map(|message| message.uid).collect();
    let mut failures = Vec::new();
    let again = sort(run, way, dates, refused, retries, &mut failures);
    // Whatever else is wrong, failed messages must be named.
    let is_open = |failure: &mut Failure| failure.refusal().is_some() && !is_meant.contains(&failure.uid());
    let open: Vec<Failure> = failures.extract_if(.., is_open).collect();
    let named = run.fail_all(failures);
    let kept_back = run.keep_back(open);
    let again = again?;
    named.and(kept_back).map(|()| again)
}

fn sort(
    run: &mut FolderRun<'_, '_>,
    way: AppendWay,
    dates: DateStyle,
    refused: Vec<RefusedMessage>,
    retries: &mut Retries,
    failures: &mut Vec<Failure>,
) -> Result<Vec<(AppendWay, DateStyle, Vec<Uid>)>, Halt> {
    let mut again: BTreeMap<(bool, DateStyle), Vec<Uid>> = BTreeMap::new();
    for message in refused {
        let next_dates = match dates {
            DateStyle::TwoDigits => Some(DateStyle::Padded),
            DateStyle::Padded => Some(DateStyle::None),
            DateStyle::None => None,
        };
        match (&message.why, next_dates) {
            (Refusal::Throttled, _) => {
                let error = ImapError::throttled(&message.words);
                return Err(Halt::Server { side: Side::Target, error });
            }
            // A batch is accepted or refused as a whole (RFC 3502); one by one, only the culprit is refused.
            _ if message.together => again.entry((true, dates)).or_default().push(message.uid),
            (Refusal::MalformedDate, Some(next)) => {
                again.entry((way == AppendWay::Single, next)).or_default().push(message.uid);
            }
            (Refusal::NoSuchFolder, _) if !retries.folder_made_again => {
                retries.folder_made_again = true;
                let wire_name = run.sessions.target.wire_name(&run.job.planned.target);
                if let Ok(wire_name) = wire_name {
                    run.sessions.target.create(&wire_name).on(Side::Target)?;
                }
                again.entry((true, dates)).or_default().push(message.uid);
            }
            (Refusal::NoSuchFolder, _)
                if retries.folder_made_again && !run.job.progress.failed.contains(&message.uid) =>
            {
                failures.push(Failure::new(message.uid, ProblemKind::MessageRefused, message.words));
            }
            (Refusal::OverQuota, _) => {
                let problem = Problem::new(ProblemKind::OverQuota)
                    .on(Side::Target)
                    .for_account(&run.mailbox.account.address)
                    .saying(&message.words);
                return Err(problem.into());
            }
            (Refusal::TooLarge, _) if !took_larger(run, message.uid) => {
                failures.push(Failure::new(message.uid, ProblemKind::MessageTooLarge, message.words));
            }
            (why, _) if retries.flags.spare(&run.scan.heads, message.uid, &message.words, *why == Refusal::Flags) => {
                again.entry((true, dates)).or_default().push(message.uid);
            }
            // Courier 5.0 refuses whole messages because of a date before 1970, without saying so.
            (_, Some(_)) if is_before_1970(run, message.uid) => {
                again.entry((true, DateStyle::None)).or_default().push(message.uid);
            }
            _ => failures.push(Failure::new(message.uid, ProblemKind::MessageRefused, message.words)),
        }
    }
    let again = again
        .into_iter()
        .map(|((single, dates), uids)| (if single { AppendWay::Single } else { AppendWay::Batches }, dates, uids));
    Ok(again.collect())
}

/// Names messages larger than the target's announced limit (APPENDLIMIT, RFC 7889) and returns the others.
pub fn without_too_large(run: &mut FolderRun<'_, '_>, uids: Vec<Uid>) -> Result<Vec<Uid>, Halt> {
    let Some(limit) = run.sessions.target.append_limit() else { return Ok(uids) };
    let heads = &run.scan.heads;
    let too_large = |uid: &Uid| heads.get(*uid).is_some_and(|head| head.size > limit);
    let (large, others): (Vec<Uid>, Vec<Uid>) = uids.into_iter().partition(too_large);
    let note = Note::SizeLimit { bytes: limit };
    let large = large.into_iter().map(|uid| Failure::noted(uid, ProblemKind::MessageTooLarge, note.clone()));
    run.fail_all(large.collect())?;
    Ok(others)
}

/// Whether the target has accepted a message of at least this size in this run: then size is not the reason.
fn took_larger(run: &FolderRun<'_, '_>, uid: Uid) -> bool {
    let size = run.scan.heads.get(uid).map_or(0, |head| head.size);
    size > 0 && size <= run.mailbox.largest_taken
}

fn is_before_1970(run: &FolderRun<'_, '_>, uid: Uid) -> bool {
    run.scan.heads.get(uid).and_then(|head| head.date).is_some_and(|date| date.timestamp() < 0)
}
