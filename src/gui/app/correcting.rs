//! Corrections of single accounts: they hold in this window only, and a corrected account can be tried again without the others.

use super::super::pages::correction::{Correction, FIRST_FIELD};
use super::super::widgets::field::Field;
use super::App;
use crate::accounts;
use crate::progress::RunKind;
use std::collections::BTreeSet;
use std::path::PathBuf;

impl App {
    /// Opens the form that corrects an account.
    pub(super) fn correct(&mut self, key: &str) {
        let Some(account) = self.wizard.accounts.account(key) else { return };
        self.wizard.correction = Some(Correction::of(account));
        self.context.memory_mut(|memory| memory.request_focus(Field::focus_id(FIRST_FIELD)));
    }

    /// Uses what was typed, and tries the account again if the user asked for that.
    pub(super) fn use_correction(&mut self, again: bool) {
        let Some(correction) = self.wizard.correction.take() else { return };
        self.wizard.accounts.correct(&correction);
        if again {
            self.try_again(correction.key);
        }
    }

    /// Migrates one account again: at once, or when the current run has ended.
    pub(super) fn try_again(&mut self, key: String) {
        if self.running.is_some() {
            let address = self.wizard.accounts.account(&key).map(|account| account.address.to_string());
            let address = address.unwrap_or_else(|| key.clone());
            self.wizard.good_news = Some(format!("{address} will be tried again as soon as this run ends."));
        }
        self.again.insert(key);
        if self.running.is_none() {
            self.try_again_now();
        }
    }

    /// Migrates the accounts that wait for another try.
    pub(super) fn try_again_now(&mut self) {
        let wanted: BTreeSet<String> = std::mem::take(&mut self.again);
        if wanted.is_empty() || self.closing {
            return;
        }
        self.wizard.good_news = None;
        self.wizard.accounts.purpose = Default::default();
        self.wizard.accounts.choose(|account| wanted.contains(&account.address.key()));
        if !self.wizard.accounts.chosen().is_empty() {
            self.start(RunKind::Migrate);
        }
    }

    pub(super) fn save_list(&mut self) {
        let page = &self.wizard.accounts;
        let (Some(beside), text) = (page.file.clone(), accounts::write(page.accounts())) else { return };
        let saving = self.tasks.save_list(beside, text);
        self.report(saving);
    }

    /// Uses the saved list from now on.
    pub(super) fn list_saved(&mut self, path: PathBuf) {
        let bad = self.wizard.accounts.bad_lines().len();
        let left_out = match bad {
            0 => String::new(),
            1 => " The line that cannot be used is not in it.".to_owned(),
            _ => format!(" The {bad} lines that cannot be used are not in it."),
        };
        self.wizard.good_news =
            Some(format!("The corrected list was saved as {} and is used from now on.{left_out}", path.display()));
        self.wizard.accounts.saved(path);
    }
}
