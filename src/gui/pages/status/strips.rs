//! The strips above the figures: what holds up the run, why, and what to do about it.
//!
//! - They report a silent server, a server that all mailboxes wait for, a pause, and a reason why every account so far has failed.
//! - For a user who is not looking at the window, a silent server or a common failure also becomes a notification.

use super::super::super::action::{Action, RunCommand};
use super::super::super::notification::Reason;
use super::super::super::widgets::sign::Mark;
use super::super::super::widgets::{button, strip};
use super::{Filter, StatusPage};
use crate::domain::Side;
use crate::migrate::Silence;
use crate::progress::{AccountEnd, AccountState, RunKind};
use crate::report::words;
use egui::Ui;
use std::time::Duration;

/// From this many accounts on, a common reason for failure is pointed out.
const SEVERAL: usize = 3;

/// A server that is silent for this long needs attention.
const LONG_SILENCE: Duration = Duration::from_secs(60);

impl StatusPage {
    /// Says which server does not answer, since when, and what happens next.
    pub(super) fn show_silence(&self, ui: &mut Ui) {
        let Some(Silence { side, silent, patience }) = self.silence.filter(|_| self.is_running()) else { return };
        let now = chrono::Local::now();
        let (since, until) = (now - silent, now + patience.saturating_sub(silent));
        let (since, until) = (since.format("%H:%M:%S"), until.format("%H:%M:%S"));
        let server = words::silent_server(side);
        let head = format!("{server} has not answered since {since} ({} s).", silent.as_secs());
        let then = match side {
            Side::Administration => "gives up the request and says why",
            Side::Source | Side::Target => "connects again and continues the mailbox",
        };
        let rest = format!("The program waits until {until}, then {then}. You can stop at any time.");
        strip::strip(ui, Mark::Clock, &head, &rest, |_| ());
    }

    /// Says that nothing continues until a server answers again.
    pub(super) fn show_lost_server(&self, ui: &mut Ui) {
        let held = self.state.paused || self.state.stop_requested || !self.is_running();
        let Some(wait) = self.state.lost_server().filter(|_| !held) else { return };
        let server = words::server(wait.side);
        let head = format!("All mailboxes are waiting for {server}: next try in {} s.", wait.seconds(self.now));
        let rest = "Nothing is copied until it answers. Each mailbox then continues where it was.";
        strip::strip(ui, Mark::Clock, &head, rest, |_| ());
    }

    pub(super) fn show_pause(&self, ui: &mut Ui, actions: &mut Vec<Action>) {
        if !self.state.paused || !self.is_running() || self.state.stop_requested {
            return;
        }
        let head = match self.kind() {
            RunKind::Verify => "Paused: nothing is compared until you continue.",
            RunKind::Check | RunKind::Migrate => "Paused: nothing is copied until you continue.",
        };
        strip::strip(ui, Mark::Paused, head, "", |ui| {
            if button::quiet(ui, &format!("Continue the {}", self.noun()), true).clicked() {
                actions.push(Action::Run(RunCommand::Continue));
            }
        });
    }

    /// The reason why every account so far has failed, in a few words, and how many; only if several have.
    fn common_failure(&self) -> Option<(String, usize)> {
        let mut ended = self.state.accounts.iter().filter(|account| account.end.is_some());
        let reason = ended.next()?.failure()?;
        let same = |account: &AccountState| {
            account.end == Some(AccountEnd::Failed) && account.failure().is_some_and(|other| other.kind == reason.kind)
        };
        // In most runs, the second account shows that there is no common reason.
        let mut number = 1;
        for account in ended {
            if !same(account) {
                return None;
            }
            number += 1;
        }
        (number >= SEVERAL).then(|| (reason.brief(), number))
    }

    /// Why the run needs attention, and a sentence that says so.
    pub fn needs_a_person(&self) -> Option<(Reason, String)> {
        if !self.is_running() || self.state.paused || self.state.stop_requested {
            return None;
        }
        if let Some((reason, accounts)) = self.common_failure() {
            let accounts = words::count(accounts as u64);
            return Some((Reason::AllFail, format!("All {accounts} accounts so far have failed: {reason}.")));
        }
        let Silence { side, silent, .. } = self.silence.filter(|silence| silence.silent >= LONG_SILENCE)?;
        let silent = words::duration(u64::try_from(silent.as_millis()).unwrap_or_default());
        Some((Reason::Silent, format!("{} has not answered for {silent}.", words::silent_server(side))))
    }

    /// Offers to pause when every account so far has failed for one reason.
    pub(super) fn show_common_failure(&mut self, ui: &mut Ui, actions: &mut Vec<Action>) {
        let under_way = self.is_running() && !self.state.paused && !self.state.stop_requested;
        let Some((reason, accounts)) = self.common_failure().filter(|_| under_way) else { return };
        let head = format!("All {} accounts so far have failed: {reason}.", words::count(accounts as u64));
        let rest = "The others will probably fail as well. Pause, fix the cause, then continue.";
        let show = strip::strip(ui, Mark::Bad, &head, rest, |ui| {
            ui.horizontal(|ui| {
                if button::quiet(ui, &format!("Pause the {}", self.noun()), true).clicked() {
                    actions.push(Action::Run(RunCommand::Pause));
                }
                button::quiet(ui, "Show them", true).clicked()
            })
            .inner
        });
        if show {
            self.filter = Filter::Problems;
        }
    }
}
