//! The bar below page 2: what the chosen accounts are for, how many there are, and a start later.

use super::super::super::action::{Action, Purpose};
use super::super::super::page::Page;
use super::super::super::widgets::bar::{Bar, Choice};
use super::super::servers::{LAST_PASS, VERIFY};
use super::{AccountsPage, LOAD};
use crate::report::words;
use egui::Ui;
use std::path::PathBuf;

impl AccountsPage {
    /// The bar below the page.
    pub fn bar(&self) -> Bar {
        let chosen = self.positions().count() as u64;
        let (label, does) = self.what_starts(chosen);
        let tip = if chosen == 0 { "Choose at least one account first." } else { does };
        let primary = if self.is_loaded() {
            Choice::new(label, Action::Start).enabled(chosen > 0 && !self.checking() && !self.loading).tip(tip)
        } else {
            let typed = self.typed.as_deref().map(str::trim).filter(|typed| !typed.is_empty());
            match typed {
                Some(name) => Choice::new("Load", Action::LoadFile(PathBuf::from(name))).enabled(!self.loading),
                None => Choice::new("Load…", Action::Load).enabled(!self.loading).key(LOAD),
            }
        };
        Bar {
            left: vec![Choice::new("Back", Action::Go(Page::Servers))],
            note: if self.is_loaded() { self.summary(chosen) } else { String::new() },
            right: self.later(chosen),
            primary: Some(primary),
        }
    }

    /// The button that plans a start for later.
    fn later(&self, chosen: u64) -> Vec<Choice> {
        if !self.is_loaded() || self.planned.is_some() {
            return Vec::new();
        }
        let free = chosen > 0 && !self.checking() && !self.loading;
        vec![Choice::new("Start later…", Action::PlanStart).enabled(free).tip("At a set time, such as 22:00")]
    }

    /// What the primary button starts, and what that does.
    fn what_starts(&self, chosen: u64) -> (String, &'static str) {
        let accounts = words::counted(chosen, "account");
        match self.purpose {
            Purpose::Migrate => (format!("Start migration of {accounts}"), "Copies the mail; only reads the source"),
            Purpose::LastPass => (format!("Start last pass of {accounts}"), LAST_PASS),
            Purpose::Verify => (format!("Verify {accounts}"), VERIFY),
        }
    }

    pub(super) fn show_planned(&mut self, ui: &mut Ui, actions: &mut Vec<Action>) {
        let (does, _) = self.what_starts(self.positions().count() as u64);
        if self.planned.as_mut().is_some_and(|planned| planned.show(ui, &does, actions)) {
            self.planned = None;
        }
    }

    fn summary(&self, chosen: u64) -> String {
        format!("{} of {} chosen", words::count(chosen), words::count(self.accounts.len() as u64))
    }
}
