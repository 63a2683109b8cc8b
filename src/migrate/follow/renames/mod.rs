//! Renames: a renamed folder is still the same folder, on both sides. This comes before the plan decides which folder goes where.
//!
//! 1. What an interruption left open is settled (`naming`).
//! 2. Each record's folder is found on both servers, whatever its name is there (`recognition`).
//! 3. A target folder that somebody has renamed keeps that name, and new mail goes into it.
//! 4. A source folder that was renamed continues in the folder that holds its mail. The target's folder gets the name that the plan would
//!    give it now, if we created it, it holds only what we put there, it is not one of the server's own, and the name is free; chains and
//!    exchanges of names included (`order`). Otherwise it keeps its name, and the report gives both.
//!
//! Each name is intended in the record before it is given. If a server fails at this, only the names are lost: after two lost connections
//! the mailbox is copied without renaming, and the messages of a renamed folder are moved one by one (`moves`).

mod naming;
mod order;
mod recognition;

use crate::domain::{Folder, FolderPath, Mapping, Note, Problem, ProblemKind, Selection, Side, Uid};
use crate::imap::{Listing, Reader};
use crate::ledger::{FolderRecord, Ledger, Renamed, Renaming};
use crate::migrate::attempt::Mailbox;
use crate::migrate::halt::{Halt, OnSide, both};
use crate::migrate::heads::Heads;
use crate::migrate::plan::{self, TargetNames, Way, Wishes, one_name};
use crate::migrate::sessions::{Sessions, target_name};
use crate::migrate::target::profile::Profile;
use recognition::{Recognised, Recognition, open_names};
use std::collections::{BTreeMap, BTreeSet};

/// After this many lost connections in a row, the run no longer looks for renamed folders.
const MOST_LOSSES: u32 = 2;

/// How often the connection was lost while folders were recognised or renamed.
#[derive(Debug, Default)]
pub struct Losses(u32);

/// Follows the renames of both sides, and lists the target's folders again if any was renamed.
pub fn follow(
    mailbox: &mut Mailbox<'_>,
    sessions: &mut Sessions,
    ledger: &mut Ledger,
    losses: &mut Losses,
    source: &Listing,
    target: &mut Listing,
) -> Result<(), Halt> {
    let mut has_renamed = naming::settle(mailbox, sessions, ledger)?;
    if losses.0 < MOST_LOSSES && !current(ledger).is_empty() {
        losses.0 += 1;
        if has_renamed {
            target.folders = naming::list(sessions)?;
        }
        look(mailbox, sessions, ledger, source, target)?;
        has_renamed |= naming::name_folders(mailbox, sessions, ledger)?;
        losses.0 = 0;
    }
    if has_renamed {
        target.folders = naming::list(sessions)?;
        let listed = target.folders.iter();
        sessions.existing = listed.clone().map(|folder| folder.wire_name.clone()).collect();
        sessions.selectable = listed.filter(|it| it.selectable).map(|folder| folder.wire_name.clone()).collect();
    }
    Ok(())
}

/// All records except former ones.
fn current(ledger: &Ledger) -> Vec<FolderRecord> {
    ledger.folders().into_iter().filter(|record| !record.is_former).collect()
}

/// Finds the folders of all records on both sides, and notes the renamed ones.
fn look(
    mailbox: &mut Mailbox<'_>,
    sessions: &mut Sessions,
    ledger: &mut Ledger,
    source: &Listing,
    target: &Listing,
) -> Result<(), Halt> {
    let records = current(ledger);
    let (here, there) = recognise(sessions, ledger, &records, &source.folders, &target.folders)?;
    for (record, folder) in &there.renamed {
        let (record, folder) = (&records[*record], &target.folders[*folder]);
        ledger.named_by_owner(record, (&folder.wire_name, &folder.path))?;
        if let Some(name) = &record.source_path {
            report_kept(mailbox, name, &folder.path);
        }
    }
    if here.renamed.is_empty() {
        return Ok(());
    }
    let records = current(ledger);
    let names = TargetNames { folders: &target.folders, separator: target.separator, profile: mailbox.context.profile };
    let permanent_ids = sessions.source.has_permanent_ids();
    let selection = &mailbox.context.selection;
    let wishes = wishes(&records, &here, &source.folders, &names, (selection, permanent_ids));
    let mut renamings = BTreeMap::new();
    for (index, wish) in wishes {
        let record = &records[index];
        let Some(from) = record.target_path.clone().filter(|from| wish.as_ref() != Some(from)) else { continue };
        let listed = target.folders.iter().find(|folder| folder.path == from);
        let is_ours = record.is_made && !there.renamed.contains_key(&index) && !belongs_to_server(&from, &names);
        let wish = wish.filter(|wish| is_ours && !belongs_to_server(wish, &names));
        match listed.zip(wish) {
            Some((listed, wish)) if holds_only_ours(sessions, ledger, record)? => {
                renamings.insert(index, Renaming { from, to: wish, aside: None, subscribed: listed.subscribed });
            }
            _ => {
                let name = &source.folders[here.renamed[&index]].path;
                report_kept(mailbox, name, &from);
            }
        }
    }
    let renamed = here.renamed.iter().map(|(index, folder)| Renamed {
        record: &records[*index],
        now: &source.folders[*folder],
        renaming: renamings.get(index),
    });
    Ok(ledger.rename_sources(&renamed.collect::<Vec<_>>())?)
}

/// Finds the folders of all records on both sides at once.
fn recognise(
    sessions: &mut Sessions,
    ledger: &Ledger,
    records: &[FolderRecord],
    source: &[Folder],
    target: &[Folder],
) -> Result<(Recognised, Recognised), Halt> {
    let numbers = numbers(ledger, source);
    let places: BTreeMap<&[u8], usize> = target
        .iter()
        .enumerate()
        .filter(|(_, it)| it.selectable)
        .map(|(at, it)| (it.wire_name.as_slice(), at))
        .collect();
    let placed: BTreeMap<i64, usize> = records
        .iter()
        .filter_map(|record| Some((record.number(), *places.get(target_name(&sessions.target, record).as_slice())?)))
        .collect();
    let here = Recognition { side: Side::Source, ledger, records, folders: source };
    let there = Recognition { side: Side::Target, ledger, records, folders: target };
    let Sessions { source, target, .. } = sessions;
    let (names_here, names_there) = (open_names(here.folders), open_names(there.folders));
    let (of_here, of_there) = both(|| source.statuses(&names_here), || target.statuses(&names_there))?;
    let here = here.recognise(source, of_here, &|record| numbers.get(&record.number()).copied())?;
    let there = there.recognise(target.reader(), of_there, &|record| placed.get(&record.number()).copied())?;
    Ok((here, there))
}

/// What is known about the source's folders before anything is changed.
pub struct KnownFolders {
    /// The record of each folder, by its index in the source's list.
    pub records: BTreeMap<usize, FolderRecord>,
    /// Records of folders that the source no longer has.
    pub gone: Vec<FolderRecord>,
    /// How many target folders may be renamed.
    pub to_rename: u64,
}

/// The source folders that an earlier run knew, whatever their names are now.
pub fn known_folders(ledger: &Ledger, source: &mut Reader, folders: &[Folder]) -> Result<KnownFolders, Halt> {
    let records = current(ledger);
    let numbers = numbers(ledger, folders);
    let recognition = Recognition { side: Side::Source, ledger, records: &records, folders };
    let statuses = source.statuses(&open_names(folders)).on(Side::Source)?;
    let found = recognition.recognise(source, statuses, &|record| numbers.get(&record.number()).copied())?;
    let (mut known, mut gone, mut to_rename) = (BTreeMap::new(), Vec::new(), 0);
    for (index, record) in records.into_iter().enumerate() {
        let renamed = found.renamed.get(&index);
        to_rename += u64::from(renamed.is_some() && record.is_made);
        match renamed.or(found.at_home.get(&index)) {
            Some(folder) => drop(known.insert(*folder, record)),
            None => gone.push(record),
        }
    }
    // A folder of which only the UIDs have changed is compared by content, and is neither.
    gone.retain(|record| !numbers.contains_key(&record.number()));
    gone.extend(ledger.folders().into_iter().filter(|record| record.is_former));
    Ok(KnownFolders { records: known, gone, to_rename })
}

/// The index of the folder that each record's name leads to, by the record's number.
fn numbers(ledger: &Ledger, folders: &[Folder]) -> BTreeMap<i64, usize> {
    let selectable = folders.iter().enumerate().filter(|(_, folder)| folder.selectable);
    selectable.filter_map(|(index, folder)| Some((ledger.folder(folder)?.number(), index))).collect()
}

/// The names that the target's folders would get if the renamed source folders came for the first time; none if the name belongs to another
/// folder.
fn wishes(
    records: &[FolderRecord],
    here: &Recognised,
    source: &[Folder],
    names: &TargetNames<'_>,
    (selection, permanent_ids): (&Selection, bool),
) -> BTreeMap<usize, Option<FolderPath>> {
    let mut earlier = BTreeMap::new();
    for (index, record) in records.iter().enumerate().filter(|(index, _)| !here.renamed.contains_key(index)) {
        let Some(path) = record.target_path.clone() else { continue };
        // A folder that is gone from the source keeps its place.
        let gone = || [&record.source_name[..], &[0], record.number().to_string().as_bytes()].concat();
        let name = here.at_home.get(&index).map_or_else(gone, |folder| source[*folder].wire_name.clone());
        earlier.insert(name, path);
    }
    let (ways, _) = plan::plan(source, names, Wishes { selection, earlier: &earlier, permanent_ids });
    // A name that only avoids a clash with another folder is nobody's wish.
    let is_given = |way: &Way| way.planned.mapping != Mapping::Clash;
    let ways = ways.into_iter().map(|way| (way.index, Some(way).filter(is_given).map(|way| way.planned.target)));
    let places: BTreeMap<usize, Option<FolderPath>> = ways.collect();
    here.renamed.iter().filter_map(|(index, folder)| Some((*index, places.get(folder)?.clone()))).collect()
}

/// Whether a folder is one of the server's own, such as INBOX and those for sent or deleted mail.
fn belongs_to_server(path: &FolderPath, names: &TargetNames<'_>) -> bool {
    let Profile { own_folders, reserved, .. } = names.profile;
    let name = path.name().to_lowercase();
    let is_top = path.parts().len() == 1;
    let is_own = own_folders.iter().any(|(own, _)| own.to_lowercase() == name) || reserved.contains(&name.as_str());
    let is_it = |folder: &&Folder| one_name(&folder.path, names.profile) == one_name(path, names.profile);
    path.is_inbox() || (is_top && is_own) || names.folders.iter().find(is_it).is_some_and(|it| it.special_use.is_some())
}

/// Whether the target's folder is the recorded one, and everything in it is ours.
fn holds_only_ours(sessions: &mut Sessions, ledger: &Ledger, record: &FolderRecord) -> Result<bool, Halt> {
    let ours: BTreeSet<Uid> = ledger.places_in_folder_of(record)?;
    let name = target_name(&sessions.target, record);
    let reader = sessions.target.reader();
    let status = match reader.examine(&name) {
        Err(error) if !error.is_connection() => return Ok(false),
        outcome => outcome.on(Side::Target)?,
    };
    if status.uid_validity != record.target_uid_validity {
        return Ok(false);
    }
    if status.messages == 0 {
        return Ok(true);
    }
    let heads = Heads::read_from(reader, Uid(1)).on(Side::Target)?;
    Ok(heads.read() >= status.messages && heads.all().iter().all(|head| ours.contains(&head.uid)))
}

/// Whether a target folder is the recorded one.
fn is_its(sessions: &mut Sessions, ledger: &Ledger, record: &FolderRecord, path: &FolderPath) -> Result<bool, Halt> {
    let Ok(wire_name) = sessions.target.wire_name(path) else { return Ok(false) };
    let folder = Folder { wire_name, path: path.clone(), special_use: None, selectable: true, subscribed: false };
    let (records, folders) = (std::slice::from_ref(record), std::slice::from_ref(&folder));
    let recognition = Recognition { side: Side::Target, ledger, records, folders };
    let reader = sessions.target.reader();
    let statuses = reader.statuses(&open_names(folders)).on(Side::Target)?;
    let found = recognition.recognise(reader, statuses, &|_| None)?;
    Ok(!found.renamed.is_empty())
}

/// Reports a folder whose name on the target differs from the planned one.
fn report_kept(mailbox: &mut Mailbox<'_>, source: &FolderPath, target: &FolderPath) {
    let problem = Problem::new(ProblemKind::FolderRenamed).in_folder(source);
    let problem = problem.noting(Note::IsCalled { folder: target.to_string() });
    mailbox.context.report_problem(mailbox.reporter.account, None, problem);
}
