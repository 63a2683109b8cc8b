//! `kimt fleet create` and `add`: the accounts file is read, the servers are reached once, and everything is sealed into the database.

use super::args::{AddArguments, CreateArguments, ListArguments};
use super::place;
use super::setup::{self, JobContent, Setup};
use super::together;
use crate::cli::exit_code::ExitStatus;
use crate::cli::{Refusal, Ways, groupware, request, selection, sentence, state_folder, terminal};
use crate::domain::{Account, BadLine, FleetFault, RecordFault, Side};
use crate::fleet::{Fleet, FleetKey, NewJob};
use crate::migrate::{self, AccountList, Ahead, Options, Request, TargetKind};
use crate::progress::RunKind;
use crate::report::words;
use std::collections::BTreeSet;

/// Creates a fleet and adds its first accounts.
pub(super) fn create(typed: CreateArguments) -> Result<ExitStatus, Refusal> {
    if typed.name.trim().is_empty() {
        return Err(Refusal::usage("--name: the fleet needs a name."));
    }
    let needs_passwords = typed.servers.source_sign_in.needs_own_passwords();
    let (accounts, bad_lines) = accounts(&typed.list, needs_passwords)?;
    let selection = selection::read(&typed.selection).map_err(Refusal::usage)?;
    let groupware =
        groupware::read(typed.groupware, typed.servers.allow_cleartext_passwords).map_err(Refusal::usage)?;
    let servers = request::servers(typed.servers).map_err(Refusal::usage)?;
    if matches!(servers.target_kind, TargetKind::Kerio(_)) && servers.target.address.port.is_some() {
        let host = &servers.target.address.host;
        let port = servers.target.address.port.unwrap_or_default();
        return Err(Refusal::usage(format!(
            "A fleet does not move the port of Kerio Connect's IMAP service to {port}: a machine that vanished could not put it back, and \
             one that ends would put it back under the others. Set the port in Kerio Connect's administration until the migration is over, \
             and give --target {host} without one; every machine then uses the port that the service has."
        )));
    }
    let ways = Ways::from(typed.copying);
    let setup = Setup {
        servers,
        selection,
        groupware,
        verify: ways.verify,
        repair: ways.repair,
        follow_deletions: ways.follow_deletions,
        shared_mailboxes: typed.allow_shared_mailboxes,
        authorities: Vec::new(),
        certificates: Default::default(),
        bad_lines,
    };
    let database = place::database(&typed.database, Default::default())?;
    let ahead = look_ahead(&setup, &accounts, &typed.list)?;
    let certificates = ahead.certificates.clone();
    let setup = Setup { certificates, ..setup };
    let bad = setup.bad_lines.len();
    let setup = setup.pack().map_err(|error| Refusal::usage(format!("--ca-file: {error}.")))?;
    let text = setup::write(&setup).map_err(place::refused)?;
    // Only now: a fleet that cannot be created leaves no key behind.
    let is_new = matches!(typed.key_file.try_exists(), Ok(false));
    let key = if is_new { FleetKey::create(&typed.key_file) } else { FleetKey::read(&typed.key_file) };
    let key = key.map_err(|fault| Refusal::usage(sentence(&fault)))?;
    let fleet = Fleet::create(database, &key, typed.name.trim(), &text).map_err(|error| {
        // After any other error the fleet may exist anyway, and only this key opens it.
        if is_new && matches!(error.fault(), RecordFault::Fleet { why: FleetFault::NameTaken { .. } }) {
            let _ = std::fs::remove_file(&typed.key_file);
        }
        place::refused(error)
    })?;
    for (side, server) in [(Side::Source, &setup.servers.source), (Side::Target, &setup.servers.target)] {
        if let Some(most) = server.connections.max_connections {
            fleet.set_slots(together::name(side), most).map_err(place::refused)?;
        }
    }
    let added = fleet.add(typed.list.wave, &jobs(&accounts, ahead)?).map_err(place::refused)?;
    terminal::say(format!(
        "Created the fleet '{}' with {} in wave {}. Its machines need the key file {}: keep it safe, and out of the database's backup.",
        fleet.name(),
        words::counted(added, "account"),
        typed.list.wave,
        typed.key_file.display()
    ));
    Ok(if bad == 0 { ExitStatus::Complete } else { ExitStatus::Incomplete })
}

/// Adds accounts to a fleet.
pub(super) fn add(typed: &AddArguments) -> Result<ExitStatus, Refusal> {
    let fleet = place::keyed_fleet(&typed.keyed)?;
    let setup = place::setup(&fleet)?;
    let (new, bad_lines) = accounts(&typed.list, setup.servers.source.sign_in.needs_own_passwords())?;
    // Existing accounts count, too, where two would share a mailbox.
    let mut all = Vec::new();
    let mut unreadable = None;
    fleet
        .jobs(|job| match job.content.as_deref().map(|text| setup::read::<JobContent>(text)) {
            Some(Ok(content)) => all.push(content.account),
            Some(Err(error)) => unreadable = Some(error),
            None => {}
        })
        .map_err(place::refused)?;
    if let Some(error) = unreadable {
        return Err(place::refused(error));
    }
    let known: BTreeSet<String> = all.iter().map(|account| account.address.key()).collect();
    let (there, new): (Vec<Account>, Vec<Account>) =
        new.into_iter().partition(|account| known.contains(&account.address.key()));
    let before = all.len();
    all.extend(new);
    let folder = place::PrivateFolder::make()?;
    let setup = setup.unpack(folder.path()).map_err(|error| Refusal::no_ledger(sentence(&error)))?;
    let mut ahead = look_ahead(&setup, &all, &typed.list)?;
    ahead.mailboxes.drain(..before.min(ahead.mailboxes.len()));
    ahead.refused = ahead.refused.split_off(&before).into_iter().map(|(at, problem)| (at - before, problem)).collect();
    let added = fleet.add(typed.list.wave, &jobs(&all[before..], ahead)?).map_err(place::refused)?;
    terminal::say(format!(
        "Added {} to wave {} of the fleet '{}'.",
        words::counted(added, "account"),
        typed.list.wave,
        fleet.name()
    ));
    if !there.is_empty() {
        let first: Vec<String> = there.iter().take(5).map(|account| account.address.to_string()).collect();
        terminal::complain(format!(
            "{} {} in the fleet already and {} left as they are: {}{}",
            words::counted(there.len() as u64, "account"),
            if there.len() == 1 { "is" } else { "are" },
            if there.len() == 1 { "was" } else { "were" },
            first.join(", "),
            if there.len() > 5 { ", …" } else { "." }
        ));
    }
    Ok(if bad_lines.is_empty() { ExitStatus::Complete } else { ExitStatus::Incomplete })
}

fn accounts(list: &ListArguments, needs_passwords: bool) -> Result<(Vec<Account>, Vec<BadLine>), Refusal> {
    let mut file = request::accounts_file(&list.accounts, list.columns.clone()).map_err(Refusal::usage)?;
    if needs_passwords {
        file.require_passwords();
    }
    request::understood(&file, RunKind::Migrate, &[]).iter().for_each(terminal::complain);
    let request::Chosen { accounts, bad_lines, .. } = request::chosen(file, &[]).map_err(Refusal::usage)?;
    for line in &bad_lines {
        terminal::complain(format!("Line {} of the accounts file: {}", line.line, line.what()));
    }
    Ok((accounts, bad_lines))
}

fn look_ahead(setup: &Setup, accounts: &[Account], list: &ListArguments) -> Result<Ahead, Refusal> {
    let state_folder = state_folder(list.state_dir.clone())?;
    let options = Options {
        groupware: setup.groupware.clone(),
        shared_mailboxes: setup.shared_mailboxes,
        ..Options::in_folder(state_folder)
    };
    let request = Request {
        list: AccountList::default(),
        ..Request::of(RunKind::Check, setup.servers.clone(), accounts.to_vec(), options)
    };
    let ahead = migrate::look_ahead(&request).map_err(|problem| Refusal::could_not_start(&problem))?;
    for problem in ahead.refused.values().take(20) {
        terminal::complain(problem);
    }
    Ok(ahead)
}

fn jobs(accounts: &[Account], mut ahead: Ahead) -> Result<Vec<NewJob>, Refusal> {
    let job = |(index, account): (usize, &Account)| {
        let content = JobContent {
            account: account.clone(),
            refused: ahead.refused.remove(&index),
            mailbox: ahead.mailboxes.get(index).cloned(),
        };
        let content = setup::write(&content).map_err(place::refused)?;
        Ok(NewJob { account: account.address.key(), size: 0, content })
    };
    accounts.iter().enumerate().map(job).collect()
}
