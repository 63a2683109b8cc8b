//! What the record of a named migration gives a run, so that it need not be typed again: the servers, the accounts and the rules;
//! `remembered` knows how the servers were reached.
//!
//! - Only `--migration NAME` asks for it; what is typed always takes precedence, and what is taken from the record is reported. Typed
//!   servers that are not those of the migration are refused.
//! - The record holds no password. Accounts come from their file. Only if nobody signs in with their own password on either side, and no
//!   file can be read, do they come from the record.

use super::args::RunArguments;
use super::groupware::GroupwareArguments;
use super::remembered::Taken;
use super::servers::ServersArguments;
use super::{request, selection};
use crate::accounts::AccountsFile;
use crate::domain::{Selection, ServerAddress};
use crate::migration::{Files, Migration, Migrations};
use crate::report::words;
use std::path::{Path, PathBuf};

/// The record of the migration that `--migration` names, if there is one. A run that cannot read it must not start: its rules would be
/// others than before. The error is a sentence.
pub(super) fn named(name: Option<&str>, state_folder: &Path) -> Result<Option<Migration>, String> {
    let Some(name) = name else { return Ok(None) };
    let files = Files::in_folder(state_folder);
    let all = files.all().map_err(|error| {
        format!("--migration: the records of migrations in {} cannot be read: {error}.", state_folder.display())
    })?;
    let found = all.into_iter().find(|migration| migration.name == name);
    match files.damaged_of(name).filter(|_| found.is_none()) {
        None => Ok(found),
        Some(path) => Err(format!(
            "--migration: the record of '{name}' is damaged: {}. Its rules are not known, so nothing was started. Put the file back from \
             a backup, as one that ends with .json; or choose another name and type the rules again: nothing is copied twice.",
            path.display()
        )),
    }
}

/// Takes the servers that were not typed from the record. Returns what to report about it. The error is a sentence.
pub(super) fn servers(
    typed: &mut ServersArguments,
    name: Option<&str>,
    record: Option<&Migration>,
) -> Result<Option<String>, String> {
    let missing = match (&typed.source, &typed.target) {
        (Some(_), Some(_)) => return Ok(None),
        (None, _) => "--source is missing: the server to read mail from",
        (_, None) => "--target is missing: the server to write mail to",
    };
    let record = match (name, record) {
        (_, Some(record)) => record,
        (Some(name), None) => {
            return Err(format!("{missing}. There is no migration '{name}'. 'kimt migrations' lists them."));
        }
        (None, None) => {
            return Err(format!("{missing}. With --migration NAME the servers of that migration are used."));
        }
    };
    let read = |address: &str| {
        ServerAddress::parse(address).map_err(|_| format!("{missing}, and the record of '{}' has none.", record.name))
    };
    if typed.source.is_none() {
        typed.source = Some(read(&record.source)?);
    }
    if typed.target.is_none() {
        typed.target = Some(read(&record.target)?);
    }
    Ok(Some(format!("Using the servers of the migration: from {} to {}.", record.source, record.target)))
}

/// The accounts of a run, the file that they are from, and what to report about where they come from.
pub(super) struct Listed {
    pub(super) file: AccountsFile,
    pub(super) path: Option<PathBuf>,
    pub(super) said: Vec<String>,
}

/// The accounts: from `--accounts`, else from the file that the migration remembers, else, if nobody needs their own password, from the
/// record. The error is a sentence.
pub(super) fn accounts(typed: &RunArguments, record: Option<&Migration>, no_passwords: bool) -> Result<Listed, String> {
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
    let recorded = || record.recorded_accounts().filter(|_| no_passwords).map(AccountsFile::of);
    let Some(path) = &record.accounts_file else {
        let file = recorded()
            .ok_or_else(|| format!("--accounts is missing: the accounts of '{name}' came through standard input."))?;
        return Ok(Listed { said: vec![of_record(&file)], file, path: None });
    };
    let file = match request::accounts_file(path, typed.columns.clone()) {
        Ok(file) => file,
        Err(why) => {
            let file = recorded().ok_or_else(|| format!("{why} Give the file of accounts with --accounts."))?;
            return Ok(Listed { said: vec![why, of_record(&file)], file, path: None });
        }
    };
    let mut said = vec![format!("Using the accounts in {}, the file of the migration.", path.display())];
    said.extend(changed(record, &file));
    Ok(Listed { file, path: Some(path.clone()), said })
}

/// A sentence saying that the accounts are from the record, and how many there are.
fn of_record(file: &AccountsFile) -> String {
    let accounts = words::counted(file.accounts.len() as u64, "account");
    format!("Using the accounts in the migration's record: {accounts}. No account needs a password of its own.")
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

/// The rules: as typed; without any, those of the migration's last run. Returns what to report about them, too.
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
    kept.read_rules(rules).map_err(|wrong| format!("The rules of the migration's record cannot be used: {wrong}"))?;
    let said = format!("Using the rules of the migration's last run: {}.", rules.replace('\n', "; "));
    Ok((kept, Some(said)))
}

/// Takes from the last run how the servers are reached, where that was not typed. Returns what to report about it.
pub(super) fn settings(
    servers: &mut ServersArguments,
    groupware: &mut GroupwareArguments,
    record: Option<&Migration>,
) -> Option<String> {
    let settings = record?.settings.as_ref()?;
    let mut taken = Taken::default();
    servers.take_from(settings, &mut taken);
    groupware.take_from(&settings.groupware, &mut taken);
    taken.said()
}
