//! Accounts that were corrected in this window: the corrections stay in memory, and apply again when the list is read again.

use super::super::correction::Correction;
use super::AccountsPage;
use crate::domain::Account;
use std::path::PathBuf;

impl AccountsPage {
    /// Applies the corrections to a list that was read again. If the list has a new password since, that one holds.
    pub(super) fn correct_again(&mut self) {
        for account in &mut self.accounts {
            let Some((before, corrected)) = self.corrections.get(&account.address.key()) else { continue };
            if account.password == *before {
                account.password = corrected.password.clone();
            }
            account.source_login.clone_from(&corrected.source_login);
        }
    }

    /// Applies a correction to its account, in memory only.
    pub fn correct(&mut self, correction: &Correction) {
        let found = self.accounts.iter_mut().find(|account| account.address.key() == correction.key);
        let Some(account) = found else { return };
        let before = account.clone();
        correction.apply(account);
        if *account == before {
            return;
        }
        let listed = self.corrections.get(&correction.key).map_or(before.password, |(listed, _)| listed.clone());
        self.corrections.insert(correction.key.clone(), (listed, account.clone()));
        self.changed();
    }

    /// How many accounts are corrected in this window only.
    pub fn corrected(&self) -> u64 {
        self.corrections.len() as u64
    }

    /// The accounts of the list, with corrections.
    pub fn accounts(&self) -> &[Account] {
        &self.accounts
    }

    /// Uses this file, in which the corrected list was saved, from now on.
    pub fn saved(&mut self, path: PathBuf) {
        self.corrections.clear();
        self.changed();
        self.file = Some(path);
    }

    /// The account with this key.
    pub fn account(&self, key: &str) -> Option<&Account> {
        self.accounts.iter().find(|account| account.address.key() == key)
    }
}
