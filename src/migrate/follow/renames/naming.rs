//! Gives target folders their new names: each is intended in the record, renamed, and noted. Also settles what an interruption left open.

use super::order::{self, Names, Pending, Step};
use super::{current, is_its, report_kept};
use crate::domain::{Folder, FolderPath, Side};
use crate::ledger::{FolderRecord, Ledger, Renaming};
use crate::migrate::attempt::Mailbox;
use crate::migrate::follow::report;
use crate::migrate::halt::{Halt, OnSide};
use crate::migrate::plan::one_name;
use crate::migrate::scan::ready::make_parents;
use crate::migrate::sessions::Sessions;
use crate::progress::Followed;
use std::collections::{BTreeMap, BTreeSet};

/// Finds out the names of folders that an earlier attempt or run was about to rename. Returns whether there were any.
///
/// 1. A folder that exists under its new name and not under its old one was renamed.
/// 2. If both exist, their content decides.
pub fn settle(mailbox: &mut Mailbox<'_>, sessions: &mut Sessions, ledger: &mut Ledger) -> Result<bool, Halt> {
    let mut open = ledger.renamings();
    if open.is_empty() {
        return Ok(false);
    }
    // A server that lost our connection may still be renaming.
    mailbox.control().wait_whole(mailbox.context.options.patience.quiet);
    if mailbox.control().stopping() {
        return Err(Halt::Held);
    }
    let listed = list(sessions)?;
    open.sort_by_key(|(record, _)| record.target_path.as_ref().map_or(0, |path| path.parts().len()));
    for (record, renaming) in open {
        // It may have been renamed along with its parent.
        let Some(record) = ledger.folder_numbered(record.number()) else { continue };
        let Some(at) = record.target_path.clone() else { continue };
        let others: BTreeSet<FolderPath> = ledger
            .folders()
            .into_iter()
            .filter(|other| other.number() != record.number())
            .filter_map(|other| other.target_path)
            .collect();
        let is_there = |path: &FolderPath| listed.iter().any(|folder| folder.selectable && folder.path == *path);
        let candidates = [renaming.aside.clone(), Some(renaming.to.clone()), Some(renaming.from.clone())];
        for path in candidates.into_iter().flatten().filter(|path| *path != at && is_there(path)) {
            let is_it = !others.contains(&path)
                && (!is_there(&at)
                    || (!is_its(sessions, ledger, &record, &at)? && is_its(sessions, ledger, &record, &path)?));
            if is_it {
                note(sessions, ledger, &at, &path)?;
                break;
            }
        }
    }
    Ok(true)
}

/// Gives folders the names that their records intend. Returns whether any was renamed.
pub fn name_folders(mailbox: &mut Mailbox<'_>, sessions: &mut Sessions, ledger: &mut Ledger) -> Result<bool, Halt> {
    if ledger.renamings().is_empty() {
        return Ok(false);
    }
    let mut listed = listed_paths(&list(sessions)?);
    let (mut refused, mut has_renamed) = (BTreeSet::new(), false);
    loop {
        if mailbox.control().holding() {
            return Err(Halt::Held);
        }
        let open: BTreeMap<i64, (FolderRecord, Renaming)> =
            ledger.renamings().into_iter().map(|it| (it.0.number(), it)).collect();
        let pending: Vec<Pending> = open.values().filter_map(pending).collect();
        let at = |record: &FolderRecord| record.target_path.clone();
        let finals = current(ledger).into_iter().filter_map(|record| {
            let to = open.get(&record.number()).map(|(_, renaming)| renaming.to.clone());
            Some((at(&record)?, to.or_else(|| at(&record))?))
        });
        let (finals, profile) = (finals.collect(), mailbox.context.profile);
        let step = order::next(&pending, &Names { listed: &listed, finals: &finals, refused: &refused, profile });
        let (number, path) = match step {
            Step::Done => return Ok(has_renamed),
            Step::Arrived(number) => {
                let Some((record, renaming)) = open.get(&number) else { return Ok(has_renamed) };
                arrive(mailbox, sessions, ledger, &listed, record, renaming)?;
                continue;
            }
            Step::Keep(number) => {
                let Some((record, renaming)) = open.get(&number) else { return Ok(has_renamed) };
                keep(mailbox, ledger, record, renaming)?;
                continue;
            }
            Step::Rename(number, path) | Step::PutAside(number, path) => (number, path),
        };
        let Some((record, renaming)) = open.get(&number) else { return Ok(has_renamed) };
        let Some(at) = at(record) else { return Ok(has_renamed) };
        if path != renaming.to {
            ledger.intend_renaming(record, Some(&Renaming { aside: Some(path.clone()), ..renaming.clone() }))?;
        }
        if rename(sessions, &at, &path)? {
            note(sessions, ledger, &at, &path)?;
            listed = listed.iter().map(|it| order::moved(it, &at, &path).unwrap_or_else(|| it.clone())).collect();
            refused.retain(|(other, _)| *other != number);
            has_renamed = true;
        } else {
            refused.insert((number, path));
        }
    }
}

fn pending((record, renaming): &(FolderRecord, Renaming)) -> Option<Pending> {
    let at = record.target_path.clone()?;
    Some(Pending { number: record.number(), at, to: renaming.to.clone(), was_aside: renaming.aside.is_some() })
}

/// Renames a target folder. False if the target refuses.
fn rename(sessions: &mut Sessions, at: &FolderPath, to: &FolderPath) -> Result<bool, Halt> {
    let (Ok(from), Ok(name)) = (sessions.target.wire_name(at), sessions.target.wire_name(to)) else { return Ok(false) };
    make_parents(sessions, to)?;
    match sessions.target.rename(&from, &name) {
        Err(error) if error.is_connection() => Err(Halt::Server { side: Side::Target, error }),
        Err(error) => {
            log::debug!("the target refused to rename a folder: {error}");
            Ok(false)
        }
        Ok(()) => Ok(true),
    }
}

/// Notes the new name of a folder and of those below it. If a server did not rename one of these along with it, recognition finds it under
/// its actual name.
fn note(sessions: &Sessions, ledger: &mut Ledger, from: &FolderPath, to: &FolderPath) -> Result<(), Halt> {
    let mut renamed = Vec::new();
    for record in ledger.folders() {
        let now = record.target_path.as_ref().and_then(|path| order::moved(path, from, to));
        let Some(now) = now else { continue };
        if let Ok(wire_name) = sessions.target.wire_name(&now) {
            renamed.push((record, wire_name, now));
        }
    }
    Ok(ledger.target_renamed(&renamed)?)
}

/// Ends the rename of a folder that has its new name: the user is subscribed to it as before.
fn arrive(
    mailbox: &Mailbox<'_>,
    sessions: &mut Sessions,
    ledger: &mut Ledger,
    listed: &BTreeSet<FolderPath>,
    record: &FolderRecord,
    renaming: &Renaming,
) -> Result<(), Halt> {
    if renaming.to == renaming.from {
        return Ok(ledger.intend_renaming(record, None)?);
    }
    let profile = mailbox.context.profile;
    let is_there = |path: &FolderPath| listed.iter().any(|it| one_name(it, profile) == one_name(path, profile));
    if let (true, Ok(name)) = (renaming.subscribed, sessions.target.wire_name(&renaming.to)) {
        sessions.target.subscribe(&name).on(Side::Target)?;
        if let (false, Ok(old)) = (is_there(&renaming.from), sessions.target.wire_name(&renaming.from)) {
            sessions.target.unsubscribe(&old).on(Side::Target)?;
        }
    }
    ledger.intend_renaming(record, None)?;
    report(mailbox, None, Followed { renamed: 1, ..Followed::default() });
    Ok(())
}

/// Lets a folder keep its name. One that was set aside gets its old name back.
fn keep(
    mailbox: &mut Mailbox<'_>,
    ledger: &mut Ledger,
    record: &FolderRecord,
    renaming: &Renaming,
) -> Result<(), Halt> {
    if renaming.to == renaming.from {
        return Ok(ledger.intend_renaming(record, None)?);
    }
    if let (Some(name), Some(_)) = (&record.source_path, &record.target_path) {
        report_kept(mailbox, name, &renaming.from);
    }
    let back = Renaming { to: renaming.from.clone(), ..renaming.clone() };
    Ok(ledger.intend_renaming(record, Some(&back))?)
}

/// Lists the target's folders.
pub fn list(sessions: &mut Sessions) -> Result<Vec<Folder>, Halt> {
    Ok(sessions.target.reader().list().on(Side::Target)?.folders)
}

fn listed_paths(folders: &[Folder]) -> BTreeSet<FolderPath> {
    folders.iter().filter(|folder| folder.selectable).map(|folder| folder.path.clone()).collect()
}
