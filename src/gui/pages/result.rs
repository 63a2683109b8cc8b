//! Page 4, *Migration Result*: the verdict, what was checked, the accounts that need attention and why, and what to do next.

use super::super::action::{Action, Purpose, RunCommand};
use super::super::theme::{self, palette};
use super::super::widgets::bar::{Bar, Choice};
use super::super::widgets::sign::{self, Mark};
use super::super::widgets::{button, strip};
use super::result_table::ResultTable;
use super::servers::{LAST_PASS, VERIFY};
use crate::progress::{AccountEnd, AccountStage, RunKind, RunState, Verdict};
use crate::report::words;
use egui::{Align, Label, Layout, Rect, Sense, Ui, vec2};

/// What to do next. People move to the new server only after a complete migration.
fn next(state: &RunState) -> &'static str {
    let compares = state.info.as_ref().is_some_and(|info| info.kind == RunKind::Verify);
    if state.is_fleet {
        return next_of_fleet(state.verdict(), compares);
    }
    match state.verdict() {
        Verdict::AllComplete if compares && open(state) == 0 => {
            "Ask people to set up new accounts in their mail programs, and keep the old server for some weeks."
        }
        Verdict::SomeIncomplete | Verdict::Stopped if compares => {
            "Choose Migrate incomplete accounts to copy what is missing, then Verify again. Nothing is copied twice."
        }
        Verdict::AllComplete if open(state) > 0 => {
            "Continue with the accounts that are not complete. Until all are complete, have new mail delivered to the old server."
        }
        Verdict::AllComplete => {
            "Have new mail delivered to the new server, then choose Last pass: it copies only what has changed meanwhile. Then Verify, \
             and ask people to set up new accounts in their mail programs."
        }
        Verdict::SomeIncomplete => {
            "Fix what is listed above, then choose Migrate incomplete accounts again. Nothing is copied twice. \
             Until then, have new mail delivered to the old server."
        }
        Verdict::Stopped => {
            "Choose Migrate incomplete accounts when it suits you. Each mailbox continues where it stopped, and nothing is copied \
             twice. Until then, have new mail delivered to the old server."
        }
        Verdict::CouldNotStart => {
            "Fix the problem above, then migrate again. No mailbox was started. Until then, people keep using the old server."
        }
        Verdict::Running => "",
    }
}

/// The same for a fleet.
fn next_of_fleet(verdict: Verdict, compares: bool) -> &'static str {
    match verdict {
        Verdict::AllComplete if compares => {
            "Ask people to set up new accounts in their mail programs, and keep the old server for some weeks. Then 'kimt fleet finish' \
             wipes the passwords from the database."
        }
        Verdict::AllComplete => {
            "Have new mail delivered to the new server, then begin the last pass with 'kimt fleet migrate': it copies only what has \
             changed meanwhile. Then 'kimt fleet verify'."
        }
        Verdict::SomeIncomplete | Verdict::CouldNotStart => {
            "Fix what is listed above, then start again with 'kimt fleet migrate'. Nothing is copied twice."
        }
        Verdict::Stopped => "Choose Continue when it suits you, and start the machines. Nothing is copied twice.",
        Verdict::Running => "",
    }
}

/// The accounts of the whole migration that are not complete.
fn open(state: &RunState) -> u64 {
    let whole = state.whole().map(|whole| whole.stages);
    whole.map_or(0, |stages| u64::from(stages.all() - stages.complete))
}

/// The state of the page; the status page has the run itself.
#[derive(Default)]
pub struct ResultPage {
    /// Its accounts.
    pub accounts: ResultTable,
}

impl ResultPage {
    /// The line below the title.
    pub fn subtitle(state: &RunState) -> String {
        match &state.info {
            Some(info) if state.finished => {
                format!("From {} to {}, in {}", info.source, info.target, words::duration(state.now))
            }
            _ => String::new(),
        }
    }

    /// The bar below the page.
    pub fn bar(state: &RunState) -> Bar {
        if state.is_fleet {
            return fleet_bar(state);
        }
        let incomplete = state.count_ended(AccountEnd::Complete) as usize != state.accounts.len();
        let again = Choice::new("Migrate incomplete accounts", Action::MigrateIncomplete)
            .tip("Complete accounts stay as they are; nothing is copied twice");
        let close = Choice::new("Close", Action::Close);
        let open = open(state);
        let rest = format!("Continue with {}", words::counted(open, "account"));
        let rest = Choice::new(rest, Action::ChooseOpen).tip("The accounts of the migration that are not complete");
        let (right, primary) = match (incomplete, open) {
            (true, _) => (vec![close], again),
            (false, 1..) => (vec![close], rest),
            (false, 0) => (Vec::new(), close),
        };
        Bar {
            left: vec![
                Choice::new("Migrate further accounts", Action::MigrateFurther).tip("The servers stay filled in"),
            ],
            note: String::new(),
            right,
            primary: Some(primary),
        }
    }

    /// The open accounts.
    pub fn opened(&self) -> impl Iterator<Item = usize> {
        self.accounts.opened()
    }

    /// What Esc does here. Returns whether it did something.
    pub fn escape(&mut self) -> bool {
        self.accounts.close_all()
    }

    /// Draws the page.
    pub fn show(&mut self, ui: &mut Ui, state: &RunState, actions: &mut Vec<Action>) {
        verdict(ui, state, actions);
        // The verdict shows the first one.
        for problem in state.problems.iter().skip(1) {
            strip::strip(ui, Mark::Bad, &problem.sentence(), problem.advice(), |_| ());
        }
        if let Some((service, from, to)) = &state.port_changed {
            let head = format!("Kerio Connect's {service} service still uses port {to} instead of {from}.");
            let rest = "Mail programs cannot reach it until the port is back.";
            strip::strip(ui, Mark::Bad, &head, rest, |ui| {
                if button::quiet(ui, "Put it back now", true).clicked() {
                    actions.push(Action::RestorePort);
                }
            });
        }
        const FOOT: f32 = 60.0;
        let height = (ui.available_height() - FOOT - 12.0).max(0.0);
        self.accounts.show(ui, state, height, actions);
        foot(ui, state, actions);
    }
}

/// The bar when a fleet is watched. New tasks for its machines start on the command line.
fn fleet_bar(state: &RunState) -> Bar {
    let leave = Choice::new("Leave the fleet", Action::LeaveFleet);
    let close = Choice::new("Close", Action::Close);
    let goes_on = Choice::new("Continue", Action::Run(RunCommand::Continue))
        .tip("Restart machines that have ended: kimt fleet work");
    match state.stop_requested {
        true => Bar { left: vec![leave], right: vec![close], primary: Some(goes_on), ..Bar::default() },
        false => Bar { left: vec![leave], primary: Some(close), ..Bar::default() },
    }
}

/// What to do next. The buttons, for the last pass and the comparison, concern the complete accounts.
fn foot(ui: &mut Ui, state: &RunState, actions: &mut Vec<Action>) {
    let next = next(state);
    if next.is_empty() {
        return;
    }
    let complete = state.whole().map_or_else(|| state.count_ended(AccountEnd::Complete), |whole| whole.stages.complete);
    let buttons = [("Last pass", LAST_PASS, Purpose::LastPass), ("Verify", VERIFY, Purpose::Verify)];
    let buttons = &buttons[..if complete > 0 && !state.is_fleet { 2 } else { 0 }];
    ui.horizontal_top(|ui| {
        ui.spacing_mut().item_spacing.x = 8.0;
        let colours = palette(ui);
        ui.label(theme::small("Next:").family(theme::semibold()).color(colours.ink));
        let taken: f32 = buttons.iter().map(|(label, _, _)| button::width(ui, label, false) + 8.0).sum();
        let room = vec2((ui.available_width() - taken).max(120.0), 0.0);
        ui.allocate_ui_with_layout(room, Layout::top_down(Align::Min), |ui| {
            ui.set_width(room.x);
            ui.add(Label::new(theme::small(next).color(colours.soft)).wrap());
        });
        for (label, tip, purpose) in buttons {
            if button::quiet(ui, label, true).on_hover_text(*tip).clicked() {
                actions.push(Action::StartAll(*purpose));
            }
        }
    });
}

/// The link to all accounts that need attention, if the verdict counts more of them than this run lists.
fn show_all_problems(ui: &mut Ui, state: &RunState, actions: &mut Vec<Action>) {
    let Some(whole) = words::whole_of(state).map(|whole| whole.stages.need_attention) else { return };
    let is_here = |index: &usize| state.stage(*index) == Some(AccountStage::NeedsAttention);
    if whole as usize == (0..state.accounts.len()).filter(is_here).count() {
        return;
    }
    let label = match whole {
        1 => "Show the account that needs attention".to_owned(),
        whole => format!("Show all {} that need attention", words::count(u64::from(whole))),
    };
    if button::link_in_text(ui, &label).on_hover_text("Shows them among all accounts of the migration").clicked() {
        actions.push(Action::ShowAllProblems);
    }
}

/// Whether an account of the whole migration needs attention.
fn needs_attention(state: &RunState) -> bool {
    state.whole().is_some_and(|whole| whole.stages.need_attention > 0)
}

fn verdict(ui: &mut Ui, state: &RunState, actions: &mut Vec<Action>) {
    let colours = palette(ui);
    let (mark, ground) = match state.verdict() {
        Verdict::AllComplete if needs_attention(state) => (Mark::Warning, colours.warning_ground),
        Verdict::AllComplete => (Mark::Good, colours.good_ground),
        Verdict::Running => (Mark::Busy, colours.accent_ground),
        Verdict::Stopped => (Mark::Stopped, colours.warning_ground),
        Verdict::SomeIncomplete => (Mark::Warning, colours.warning_ground),
        Verdict::CouldNotStart => (Mark::Bad, colours.error_ground),
    };
    ui.horizontal_top(|ui| {
        ui.spacing_mut().item_spacing.x = 16.0;
        let (rect, _) = ui.allocate_exact_size(vec2(44.0, 44.0), Sense::hover());
        ui.painter().circle_filled(rect.center(), 22.0, ground);
        let square = Rect::from_center_size(rect.center(), vec2(22.0, 22.0));
        sign::paint(ui.painter(), square, mark, mark.colour(colours), ui);
        ui.vertical(|ui| {
            ui.spacing_mut().item_spacing.y = 3.0;
            ui.add(Label::new(theme::figure(words::verdict(state)).color(colours.ink)).wrap());
            if let Some(problem) = state.problems.first() {
                ui.add(Label::new(theme::body(problem.advice()).color(colours.ink)).wrap());
            }
            if state.verdict() != Verdict::CouldNotStart {
                ui.add(Label::new(theme::body(words::comparison(state)).color(colours.soft)).wrap());
            }
            ui.with_layout(Layout::left_to_right(Align::Min), |ui| {
                ui.spacing_mut().interact_size.y = 20.0;
                show_all_problems(ui, state, actions);
                if button::link_in_text(ui, "Report").on_hover_text("Opens report.txt").clicked() {
                    actions.push(Action::OpenReport);
                }
                let page = button::link_in_text(ui, "Report as a web page");
                if page.on_hover_text("Opens report.html, to print or to pass on").clicked() {
                    actions.push(Action::OpenReportPage);
                }
                if button::link_in_text(ui, "Open log folder").clicked() {
                    actions.push(Action::OpenLogFolder);
                }
            });
        });
    });
}
