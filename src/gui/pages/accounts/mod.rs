//! Page 2, *Choose Accounts For Migration*: the accounts of a file, which of them to migrate, and what a check found.

mod bar;
mod columns;
mod corrections;
mod derived;
mod empty;
mod expected;
mod listing;
mod over_runs;
mod planned;
mod showing;
mod strips;
mod table;

use super::super::action::{Action, Purpose, RunCommand};
use super::super::theme::{self, palette};
use super::super::widgets::button;
use super::account_list;
use super::bad_lines::BadLines;
use super::check::Check;
use super::folded::Folded;
use crate::accounts::AccountsFile;
use crate::domain::list::{self, Warning};
use crate::domain::{Account, AccountNames, BadLine, Secret};
use crate::migrate::AccountList;
use crate::progress::{AccountStage, AccountState, Counts, Stamped};
use crate::report::words;
use columns::ColumnsStrip;
use derived::Derived;
use egui::{Align, Id, Key, KeyboardShortcut, Label, Layout, Modifiers, Ui};
pub use over_runs::OverRuns;
pub use planned::{Planned, TIME_FIELD, next_moment};
pub use showing::Showing;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

/// Ctrl+O, or Cmd+O on macOS.
pub const LOAD: KeyboardShortcut = KeyboardShortcut::new(Modifiers::COMMAND, Key::O);
/// F5, as on page 1.
pub const CHECK: KeyboardShortcut = KeyboardShortcut::new(Modifiers::NONE, Key::F5);

/// Below this height, the strip about bad lines is folded, because the table matters more.
const LOW: f32 = 440.0;

/// The rate in bytes per second that estimates assume before any run: a typical connection between two offices.
const USUAL_PACE: u64 = 4_000_000;

/// The state of the page.
#[derive(Default)]
pub struct AccountsPage {
    /// The file the accounts are from.
    pub file: Option<PathBuf>,
    /// A file is being chosen or read.
    pub loading: bool,
    /// The target is not Kerio Connect.
    pub other_imap: bool,
    /// The file name as typed, if the system has no file dialog.
    pub typed: Option<String>,
    /// The text of the filter.
    pub filter: String,
    /// The rate of an earlier run, in bytes per second.
    pub pace: Option<u64>,
    /// The result of a check no longer holds, because servers or rules were changed after it.
    pub void: bool,
    /// What the chosen accounts are for.
    pub purpose: Purpose,
    /// Where the list of the continued migration was, until a list is loaded.
    pub expected_file: Option<PathBuf>,
    /// A planned start.
    pub planned: Option<Planned>,
    /// The lower of both sides' speed limits, in bytes per second.
    pub most_pace: Option<u64>,
    /// The free seats of Kerio Connect's licence, as the connection test found them; none without a limit.
    pub free_seats: Option<u64>,
    /// A sentence, if the rules are not those of the last run.
    pub changed_rules: Option<String>,
    /// A sentence, if a migration between other servers has at least half of the accounts.
    pub known_elsewhere: Option<String>,
    /// What was corrected in this window: for each key, the password in the list and the corrected account.
    corrections: BTreeMap<String, (Secret, Account)>,
    /// The accounts over all runs of their migration.
    pub over_runs: OverRuns,
    /// Which of them are shown.
    pub showing: Showing,
    accounts: Vec<Account>,
    /// The address of each, as it is shown.
    addresses: Vec<String>,
    /// The columns that the user chose for this file, instead of what its header says.
    pub layout: Option<list::Layout>,
    columns: ColumnsStrip,
    bad_lines: BadLines,
    warnings: Vec<String>,
    warnings_folded: Folded,
    expected_folded: Folded,
    notes: Vec<String>,
    /// Whether the accounts that are not in the list are shown.
    elsewhere_open: bool,
    chosen: Vec<bool>,
    keys: Vec<String>,
    /// The check, if one was started.
    check: Option<Check>,
    /// A number that changes whenever what is known of the accounts, or which are chosen, changes.
    revision: u64,
    derived: Derived,
    list: account_list::AccountList,
    domains: usize,
    /// How many rows the last frame drew.
    pub rows_drawn: usize,
}

impl AccountsPage {
    /// Takes the accounts of a file, all of them chosen.
    pub fn take(&mut self, path: PathBuf, file: AccountsFile) {
        self.take_list(Some(path), file);
    }

    /// Takes the accounts of a migration's record, all of them chosen: if nobody signs in with their own password, no file is needed.
    /// The page shows the `reason`, if there is one.
    pub fn take_recorded(&mut self, accounts: Vec<Account>, reason: Option<String>) {
        self.take_list(None, AccountsFile::of(accounts));
        let record = "The accounts come from the migration's record, because nobody needs their own password.";
        self.notes.extend(reason.map(|reason| format!("{reason} {record}")));
    }

    fn take_list(&mut self, file_path: Option<PathBuf>, file: AccountsFile) {
        let (pace, other_imap, purpose, most_pace) = (self.pace, self.other_imap, self.purpose, self.most_pace);
        let (corrections, planned) = (std::mem::take(&mut self.corrections), self.planned.take());
        let free_seats = self.free_seats;
        let domains: BTreeSet<&str> = file.accounts.iter().map(|account| account.address.domain()).collect();
        *self = Self {
            domains: domains.len(),
            file: file_path,
            chosen: vec![true; file.accounts.len()],
            keys: file
                .accounts
                .iter()
                .map(|account| format!("{} {}", account.address.key(), account.full_name.to_lowercase()))
                .collect(),
            addresses: file.accounts.iter().map(|account| account.address.to_string()).collect(),
            columns: ColumnsStrip::new(file.columns, file.preview, file.accounts.is_empty()),
            accounts: file.accounts,
            bad_lines: BadLines::new(file.bad_lines),
            warnings: file.warnings.iter().map(Warning::to_string).collect(),
            notes: file.notes.iter().map(ToString::to_string).collect(),
            pace,
            other_imap,
            purpose,
            most_pace,
            free_seats,
            planned,
            corrections,
            ..Self::default()
        };
        self.correct_again();
    }

    /// Whether the time of a planned start is being typed.
    pub fn is_planning(&self) -> bool {
        self.planned.as_ref().is_some_and(|planned| planned.at.is_none())
    }

    /// Forgets the list, because another one is wanted, last known to be in this file.
    pub fn unload(&mut self, expected_file: Option<PathBuf>) {
        let Self { pace, other_imap, purpose, typed, .. } = std::mem::take(self);
        *self = Self { pace, other_imap, purpose, typed, expected_file, ..Self::default() };
    }

    /// Whether a list is loaded, from a file or from a record.
    pub fn is_loaded(&self) -> bool {
        self.file.is_some() || self.is_recorded()
    }

    /// Whether the accounts come from a migration's record, not from a file.
    pub fn is_recorded(&self) -> bool {
        self.file.is_none() && !self.accounts.is_empty()
    }

    /// The key that identifies the header of the list, if it has one.
    pub fn header_key(&self) -> Option<String> {
        self.columns.header_key()
    }

    /// The lines that cannot be used.
    pub fn bad_lines(&self) -> &[BadLine] {
        &self.bad_lines.lines
    }

    /// The whole list, for the record of the migration.
    pub fn list(&self) -> AccountList {
        let people = self.accounts.iter().map(AccountNames::from).collect();
        AccountList { file: self.file.clone(), people, migration: None }
    }

    /// The chosen accounts, in the order of the file.
    pub fn chosen(&self) -> Vec<Account> {
        self.positions().map(|position| self.accounts[position].clone()).collect()
    }

    /// The others.
    pub fn not_chosen(&self) -> Vec<Account> {
        let others = self.accounts.iter().zip(&self.chosen).filter(|(_, chosen)| !**chosen);
        others.map(|(account, _)| account.clone()).collect()
    }

    /// Chooses exactly the accounts for which `wanted` holds.
    pub fn choose(&mut self, wanted: impl Fn(&Account) -> bool) {
        for (chosen, account) in self.chosen.iter_mut().zip(&self.accounts) {
            *chosen = wanted(account);
        }
        self.changed();
    }

    /// How often the rows of the table were arranged.
    pub fn arrangements(&self) -> u64 {
        self.list.arrangements()
    }

    /// Shows only the accounts that need attention.
    pub fn show_problems(&mut self) {
        self.showing = Showing::Problems;
        self.filter.clear();
    }

    /// Unticks the complete accounts, and leaves the others as they are.
    pub fn untick_complete(&mut self) {
        for (position, chosen) in self.chosen.iter_mut().enumerate() {
            *chosen &= self.over_runs.stage(position) != AccountStage::Complete;
        }
        self.changed();
    }

    /// The size of each chosen account as the check found it, in the order of [`AccountsPage::chosen`].
    pub fn known_sizes(&self) -> Vec<Option<Counts>> {
        self.positions()
            .map(|position| self.found(position).filter(|it| it.end.is_some()).map(|it| it.tally.expected))
            .collect()
    }

    fn positions(&self) -> impl Iterator<Item = usize> + '_ {
        self.chosen.iter().enumerate().filter(|(_, chosen)| **chosen).map(|(position, _)| position)
    }

    /// Starts a check of the chosen accounts.
    pub fn begin_check(&mut self) {
        self.check = Some(Check::begin(self.accounts.len(), self.positions()));
        self.void = false;
        self.changed();
    }

    /// Whether the accounts were checked, or are being checked.
    pub fn has_check(&self) -> bool {
        self.check.is_some()
    }

    /// Drops a check silently: it could not begin, or a run has changed what it found.
    pub fn drop_check(&mut self) {
        self.check = None;
        self.changed();
    }

    /// Forgets the result of a check, because it no longer holds, and says so.
    pub fn forget_check(&mut self) {
        self.void |= self.has_check();
        self.drop_check();
        self.showing = Showing::All;
    }

    /// Takes in an event of the check.
    pub fn apply(&mut self, event: &Stamped) {
        if let Some(check) = &mut self.check {
            check.apply(event);
            self.changed();
        }
    }

    /// Whether a check is under way.
    pub fn checking(&self) -> bool {
        self.check.as_ref().is_some_and(|check| check.running)
    }

    fn found(&self, position: usize) -> Option<&AccountState> {
        self.check.as_ref()?.found(position)
    }

    /// The line below the title.
    pub fn subtitle(&self) -> String {
        let name = |file: &PathBuf| {
            file.file_name().map_or_else(|| file.display().to_string(), |name| name.to_string_lossy().into_owned())
        };
        let name = self.file.as_ref().map(name);
        let Some(name) = name.or_else(|| self.is_recorded().then(|| "The migration's record".to_owned())) else {
            return "A file names the accounts, one per line. Loading it changes nothing on any server.".to_owned();
        };
        format!(
            "{name} · {} in {}",
            words::counted(self.accounts.len() as u64, "account"),
            words::counted(self.domains as u64, "domain")
        )
    }

    /// The result of the check for the chosen accounts, in two short lines.
    fn findings(&self, check: &Check) -> (String, String) {
        let mut sum = Counts::default();
        let sizes = self.known_sizes();
        for counts in sizes.iter().flatten() {
            sum.messages += counts.messages;
            sum.bytes += counts.bytes;
        }
        let found = format!("{} · {}", words::counted(sum.messages, "message"), words::size(sum.bytes));
        if check.running {
            let (checked, all) = check.progress();
            return (format!("{} of {} checked", words::count(checked), words::count(all)), found);
        }
        let pace = self.pace.unwrap_or(USUAL_PACE).min(self.most_pace.unwrap_or(u64::MAX)).max(1);
        let time = if sizes.iter().all(Option::is_some) && sum.bytes > 0 {
            format!("{} at {}", words::time_left(sum.bytes / pace), words::rate(pace as f64))
        } else {
            String::new()
        };
        (found, time)
    }

    /// Draws the page.
    pub fn show(&mut self, ui: &mut Ui, actions: &mut Vec<Action>) {
        self.take_drop(ui, actions);
        if !self.is_loaded() {
            self.empty(ui, actions);
            return;
        }
        let low = ui.available_height() < LOW;
        self.show_planned(ui, actions);
        self.tools(ui, actions);
        self.show_over_runs(ui, actions);
        self.strips(ui, low, actions);
        self.filters(ui);
        self.table(ui, actions);
    }

    fn take_drop(&self, ui: &mut Ui, actions: &mut Vec<Action>) {
        if self.checking() {
            return;
        }
        let dropped = ui.input(|input| input.raw.dropped_files.first().map(|file| file.path().to_owned()));
        actions.extend(dropped.map(Action::LoadFile));
        if ui.input(|input| !input.raw.hovered_files.is_empty()) {
            let frame = ui.max_rect().shrink(4.0);
            let stroke = egui::Stroke::new(2.0, palette(ui).accent);
            let above = ui.ctx().layer_painter(egui::LayerId::new(egui::Order::Foreground, Id::unique("drop")));
            above.rect_stroke(frame, theme::CARD_RADIUS, stroke, egui::StrokeKind::Inside);
        }
    }

    fn tools(&mut self, ui: &mut Ui, actions: &mut Vec<Action>) {
        ui.horizontal(|ui| {
            let load = button::quiet(ui, "Load…", !self.loading && !self.checking());
            let key = ui.ctx().format_shortcut(&LOAD);
            let by_key = ui.input_mut(|input| input.consume_shortcut(&LOAD)) && !self.checking();
            if load.on_hover_text(format!("Another file ({key})")).clicked() || by_key {
                actions.push(Action::Load);
            }
            let (label, action) = if self.checking() {
                ("Stop checking", Action::Run(RunCommand::Stop))
            } else {
                ("Check accounts", Action::Check)
            };
            let some = self.chosen.contains(&true);
            let pressed = button::quiet(ui, label, some || self.checking()).on_hover_text(
                "Signs in to each chosen account on the source and counts its messages; changes nothing (F5)",
            );
            let by_key = some && !self.checking() && ui.input_mut(|input| input.consume_shortcut(&CHECK));
            if pressed.clicked() || by_key {
                actions.push(action);
            }
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                if let Some(asked) = account_list::save_links(ui) {
                    self.hand_out(ui, asked, actions);
                }
                let Some(check) = &self.check else { return };
                let (above, below) = self.findings(check);
                ui.with_layout(Layout::top_down(Align::Min), |ui| {
                    ui.spacing_mut().item_spacing.y = 0.0;
                    let colours = palette(ui);
                    for (line, colour) in [(above, colours.ink), (below, colours.soft)] {
                        ui.add(Label::new(theme::small(line).line_height(Some(16.0)).color(colour)).truncate());
                    }
                });
            });
        });
    }
}
