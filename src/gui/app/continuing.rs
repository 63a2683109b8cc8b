//! Earlier migrations: what page 1 offers, how one continues, and which accounts are chosen for which purpose.
//!
//! 1. The records are read at the start and after every run. They decide what page 1 offers and what page 2 says of each account.
//! 2. *Continue* fills in the servers, how the last run reached them, and its rules; page 2 says if these change afterwards. It loads the
//!    list and goes to page 2 as *Next* does: no password is filled in, so it has to be typed first.
//! 3. If the file is unknown or cannot be read, the accounts come from the migration's record, unless people need their own passwords.
//! 4. Once the list is loaded, the accounts are chosen by stage. If it cannot be read, the page asks for it, and the choice waits.

use super::super::action::{Action, Purpose};
use super::super::page::Page;
use super::super::pages::servers::MigrationOffer;
use super::App;
use crate::migration::Migration;
use crate::progress::{AccountEnd, RunKind};
use crate::report::words;
use std::collections::BTreeSet;

/// Which accounts to choose once a list is loaded.
pub(super) enum Choosing {
    /// Those with these keys; then the migration starts.
    AndStart(BTreeSet<String>),
    /// Those for this purpose.
    For(Purpose),
}

impl App {
    /// Takes the records of all migrations, most recent first.
    pub(super) fn take_migrations(&mut self, migrations: Vec<Migration>) {
        self.migrations = migrations;
        self.offer_migrations();
        self.know_accounts();
    }

    fn offer_migrations(&mut self) {
        let offered = self.migrations.iter().filter(|it| !self.hidden.contains(&it.name));
        self.wizard.servers.migrations = offered.filter_map(MigrationOffer::of).collect();
    }

    /// The migration between the servers on page 1: the one that is being continued, otherwise the most recent.
    pub(super) fn migration(&self) -> Option<&Migration> {
        let page = &self.wizard.servers;
        let (source, target) = (page.source.typed()?, page.target.typed()?);
        let continued = |it: &&Migration| self.continued.as_ref() == Some(&it.name) && it.is_between(&source, &target);
        let last = || Migration::last_between(&self.migrations, (&source, &target));
        self.migrations.iter().find(continued).or_else(last)
    }

    /// The migration that is being continued, as long as page 1 names its servers.
    pub(super) fn continued_migration(&self) -> Option<&Migration> {
        self.migration().filter(|it| self.continued.as_ref() == Some(&it.name))
    }

    /// A sentence, if a migration between other servers has at least half of the accounts in the list.
    fn known_elsewhere(&self) -> Option<String> {
        let accounts = self.wizard.accounts.accounts();
        let keys: Vec<String> = accounts.iter().map(|account| account.address.key()).collect();
        let shared = |it: &Migration| keys.iter().filter(|key| it.accounts.contains_key(*key)).count();
        let most = self.migrations.iter().filter(|it| !it.runs.is_empty()).map(|it| (shared(it), it));
        // On a tie, the most recent migration wins.
        let (shared, migration) = most.rev().max_by_key(|(shared, _)| *shared)?;
        if shared == 0 || shared * 2 < keys.len() {
            return None;
        }
        Some(format!(
            "The migration {} has {} of these accounts. With other servers, or servers typed differently, this counts as a new migration. \
             Messages already on the target are recognised by their content, and nothing is copied twice.",
            migration.name,
            words::count(shared as u64)
        ))
    }

    /// Shows on page 2 what is known of each account over all runs.
    pub(super) fn know_accounts(&mut self) {
        let migration = self.migration().cloned();
        self.wizard.accounts.know(migration.as_ref());
        self.wizard.accounts.known_elsewhere = if migration.is_none() { self.known_elsewhere() } else { None };
        let rules = self.wizard.servers.selection().ok().map(|selection| selection.rules());
        self.wizard.accounts.changed_rules =
            migration.as_ref().and_then(|migration| migration.changed_rules(rules.as_deref()?));
    }

    pub(super) fn hide_migration(&mut self, name: String) {
        if self.continued.as_ref() == Some(&name) {
            self.choose = None;
        }
        self.hidden.insert(name);
        self.offer_migrations();
    }

    pub(super) fn continue_migration(&mut self, name: &str, purpose: Purpose) {
        let Some(migration) = self.migrations.iter().find(|it| it.name == name) else { return };
        let Migration { accounts_file: file, source, target, rules, settings, .. } = migration.clone();
        self.wizard.servers.fill_in(&source, &target);
        if let Some(settings) = &settings {
            self.wizard.servers.fill_in_settings(settings);
        }
        let typed = self.wizard.servers.selection().ok().map(|selection| selection.rules());
        if let Some(rules) = rules.filter(|rules| typed.as_ref() != Some(rules)) {
            self.wizard.servers.rules = rules;
        }
        self.continued = Some(name.to_owned());
        self.choose = Some(Choosing::For(purpose));
        let accounts = &mut self.wizard.accounts;
        accounts.purpose = purpose;
        if accounts.file != file {
            accounts.unload(file.clone());
        }
        match file {
            Some(file) => self.carry_out(Action::LoadFile(file)),
            None => _ = self.take_record(None),
        }
        self.carry_out(Action::Next);
    }

    /// Takes the accounts from the record of the continued migration, if nobody needs their own password and no list is loaded.
    /// Page 2 shows the `reason`. Returns whether accounts were taken.
    pub(super) fn take_record(&mut self, reason: Option<String>) -> bool {
        let may = self.needs_no_passwords() && !self.wizard.accounts.is_loaded();
        let Some(recorded) = self.continued_migration().filter(|_| may).and_then(Migration::recorded_accounts) else {
            return false;
        };
        self.wizard.accounts.take_recorded(recorded, reason);
        self.choose_loaded();
        true
    }

    /// Called when no list was chosen, or it cannot be read. If the page asks where the migration's list is now, the choice keeps waiting.
    pub(super) fn list_not_taken(&mut self, reason: Option<String>) {
        self.wizard.accounts.loading = false;
        let asks = self.wizard.accounts.expected_file.is_some();
        if asks && reason.is_some() && self.take_record(reason.clone()) {
            return;
        }
        if !asks {
            self.choose = None;
        }
        if reason.is_some() {
            self.wizard.notice = reason;
        }
    }

    /// Whether nobody signs in with their own password on either side.
    pub(super) fn needs_no_passwords(&self) -> bool {
        let page = &self.wizard.servers;
        [&page.source_more, &page.target_more].iter().all(|side| !side.sign_in().needs_own_passwords())
    }

    /// Chooses the accounts of a list that was just loaded: as requested, otherwise for the page's purpose if the migration is known.
    pub(super) fn choose_loaded(&mut self) {
        self.know_accounts();
        let accounts = &mut self.wizard.accounts;
        match self.choose.take() {
            Some(Choosing::AndStart(wanted)) => {
                accounts.purpose = Purpose::Migrate;
                accounts.choose(|account| wanted.contains(&account.address.key()));
                if !accounts.chosen().is_empty() {
                    self.start(RunKind::Migrate);
                }
            }
            Some(Choosing::For(purpose)) => accounts.choose_for(purpose),
            None if accounts.over_runs.is_known() => accounts.choose_for(accounts.purpose),
            None => {}
        }
    }

    /// Migrates what this run did not complete. Reads the file again first, because refused passwords are corrected there.
    pub(super) fn migrate_incomplete(&mut self) {
        let ends = self.wizard.status.state.accounts.iter().map(|account| account.end);
        let incomplete = self.migrated.iter().zip(ends).filter(|(_, end)| *end != Some(AccountEnd::Complete));
        let wanted = incomplete.map(|(account, _)| account.address.key()).collect();
        self.choose = Some(Choosing::AndStart(wanted));
        match self.wizard.accounts.file.clone() {
            Some(path) => self.carry_out(Action::LoadFile(path)),
            None => self.choose_loaded(),
        }
    }

    /// Starts this with every account of the loaded list that qualifies.
    pub(super) fn start_all(&mut self, purpose: Purpose) {
        self.know_accounts();
        self.wizard.accounts.choose_for(purpose);
        if self.wizard.accounts.chosen().is_empty() {
            self.wizard.page = Page::Accounts;
        } else {
            self.start_purpose();
        }
    }

    /// Starts what page 2 is for.
    pub(super) fn start_purpose(&mut self) {
        self.start(match self.wizard.accounts.purpose {
            Purpose::Migrate | Purpose::LastPass => RunKind::Migrate,
            Purpose::Verify => RunKind::Verify,
        });
    }
}
