//! The strips above the table of page 2: how the list was understood, what a check found impossible, and what has changed since.

use super::super::super::action::Action;
use super::super::super::widgets::sign::Mark;
use super::super::super::widgets::{button, strip};
use super::AccountsPage;
use super::showing::Showing;
use crate::report::words;
use egui::Ui;

impl AccountsPage {
    /// Draws what the user has to know about the list, the check and the start.
    pub(super) fn strips(&mut self, ui: &mut Ui, low: bool, actions: &mut Vec<Action>) {
        // Once a check or a run has used the list, there is nothing left to choose.
        let used = self.over_runs.has_known();
        if self.check.is_none() && !self.void && !used {
            self.columns.show(ui, !self.loading, actions);
        }
        for note in &self.notes {
            strip::strip(ui, Mark::Note, note, "", |_| ());
        }
        self.show_warnings(ui, actions);
        let known = self.check.is_some() || self.over_runs.is_known() || low && !self.accounts.is_empty();
        self.bad_lines.show(ui, known, actions);
        for note in self.known_elsewhere.iter().chain(&self.changed_rules) {
            strip::strip(ui, Mark::Note, note, "", |_| ());
        }
        self.show_expected(ui);
        if self.void {
            let head = "Servers or rules have changed since the check, so its results no longer hold.";
            let again = strip::line(ui, Mark::Note, head, &["Check again"], |_| ()).is_some();
            if again && self.chosen.contains(&true) {
                actions.push(Action::Check);
            }
        }
        let target = self.target_words();
        let Some(check) = &mut self.check else { return };
        if let Some(problem) = check.state.problems.first() {
            strip::strip(ui, Mark::Bad, &problem.sentence(), problem.advice(), |_| ());
        }
        if let Some(seats) = words::missing_seats(&check.state) {
            let advice =
                "Extend the licence, remove users, or leave accounts out. Otherwise the last accounts will fail.";
            if strip::strip(ui, Mark::Warning, &seats, advice, |ui| button::link(ui, "Show them").clicked()) {
                self.showing = Showing::ToCreate;
            }
        }
        if check.running {
            return;
        }
        check.show_names(ui, target);
        check.show_last_pass(ui);
        let check = &*check;
        let chosen = self.chosen.iter().enumerate().filter(|(_, chosen)| **chosen);
        let failed: Vec<usize> =
            chosen.map(|(position, _)| position).filter(|&position| check.has_failed(position)).collect();
        if failed.is_empty() {
            return;
        }
        let head = match failed.len() {
            1 => "1 chosen account cannot be migrated yet.".to_owned(),
            many => {
                format!("{} chosen accounts cannot be migrated yet.", words::count(many as u64))
            }
        };
        let links = if failed.len() == 1 { ["Leave it out", "Show it"] } else { ["Leave them out", "Show them"] };
        match strip::line(ui, Mark::Warning, &head, &links, |_| ()) {
            Some(0) => {
                failed.iter().for_each(|&position| self.chosen[position] = false);
                self.changed();
            }
            Some(_) => self.showing = Showing::Problems,
            None => {}
        }
    }

    /// What may be wrong on usable lines.
    fn show_warnings(&mut self, ui: &mut Ui, actions: &mut Vec<Action>) {
        if self.warnings.is_empty() {
            return;
        }
        let head = match self.warnings.len() {
            1 => "Something in the list may be wrong.".to_owned(),
            many => format!("{} things in the list may be wrong.", words::count(many as u64)),
        };
        let open = self.warnings.len() == 1 && self.check.is_none();
        let said = self.warnings.iter().cloned();
        if self.warnings_folded.show(ui, (Mark::Warning, "warnings"), &head, said, open, Some("Open the file")) {
            actions.push(Action::ShowFile);
        }
    }

    fn target_words(&self) -> &'static str {
        if self.other_imap { "on the target" } else { "in Kerio Connect" }
    }
}
