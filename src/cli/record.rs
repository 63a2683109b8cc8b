//! What the record of a named migration gives a run, so that it need not be typed again: the file of accounts and the rules.
//!
//! - Only `--migration NAME` asks for it; what is typed always counts instead, and what was taken from the record is said.
//! - The record holds no password, and nothing of where an account signs in or goes: a file that is not where it was has to be given.

use super::args::RunArguments;
use super::{request, selection};
use crate::accounts::AccountsFile;
use crate::domain::Selection;
use crate::migration::{Files, Migration, Migrations};
use std::path::{Path, PathBuf};

/// The record of the migration that `--migration` names, if there is one.
pub(super) fn named(name: Option<&str>, state_folder: &Path) -> Option<Migration> {
    let name = name?;
    let all = Files::in_folder(state_folder).all();
    let all = all.inspect_err(|error| log::warn!("the records of migrations cannot be read: {error}")).ok()?;
    all.into_iter().find(|migration| migration.name == name)
}

/// The accounts of a run, the file that they are from, and what to say of where they come from.
pub(super) struct Listed {
    pub(super) file: AccountsFile,
    pub(super) path: Option<PathBuf>,
    pub(super) said: Vec<String>,
}

/// The accounts: of `--accounts`, else of the file that the migration remembers. The error is a sentence.
pub(super) fn accounts(typed: &RunArguments, record: Option<&Migration>) -> Result<Listed, String> {
    if let Some(path) = &typed.accounts {
        let file = request::accounts_file(path, typed.columns.clone())?;
        let path = std::path::absolute(path).ok().filter(|_| path.as_os_str() != "-");
        return Ok(Listed { file, path, said: Vec::new() });
    }
    let Some(name) = &typed.migration else {
        return Err(
            "--accounts is missing: the file of accounts. With --migration NAME the file of that migration is used."
                .to_owned(),
        );
    };
    let Some(record) = record else {
        return Err(format!(
            "--accounts is missing, and there is no migration '{name}'. 'kimt migrations' lists them."
        ));
    };
    let Some(path) = &record.accounts_file else {
        return Err(format!("--accounts is missing: the accounts of '{name}' came through standard input."));
    };
    let file = request::accounts_file(path, typed.columns.clone())
        .map_err(|why| format!("{why} Give the file of accounts with --accounts."))?;
    let mut said = vec![format!("The accounts are those of {}, the file of the migration.", path.display())];
    said.extend(changed(record, &file));
    Ok(Listed { file, path: Some(path.clone()), said })
}

/// How the file differs from the accounts of the record.
fn changed(record: &Migration, file: &AccountsFile) -> Option<String> {
    let listed: Vec<String> = file.accounts.iter().map(|account| account.address.key()).collect();
    let new = listed.iter().filter(|key| !record.accounts.contains_key(*key)).count();
    let gone = record.accounts.keys().filter(|key| !listed.contains(key)).count();
    (new + gone > 0).then(|| {
        format!("The file has changed since the last run: {new} of its accounts are new, and {gone} of the migration are not in it.")
    })
}

/// The rules: as typed; without any, those of the migration's last run. Returns what to say of them, too.
pub(super) fn rules(
    typed: &selection::SelectionArguments,
    record: Option<&Migration>,
) -> Result<(Selection, Option<String>), String> {
    let read = selection::read(typed)?;
    let Some(record) = record else { return Ok((read, None)) };
    if selection::is_typed(typed) {
        let said = record.changed_rules(&read.rules());
        return Ok((read, said));
    }
    let Some(rules) = record.rules.as_deref().filter(|rules| !rules.is_empty()) else { return Ok((read, None)) };
    let mut kept = Selection::default();
    kept.read_rules(rules).map_err(|what| format!("The rules of the migration's record cannot be used: {what}"))?;
    let said = format!("The rules are those of the migration's last run: {}.", rules.replace('\n', "; "));
    Ok((kept, Some(said)))
}
