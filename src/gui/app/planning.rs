//! A planned start: the window waits for it, keeps the computer awake meanwhile, and asks before it closes.

use super::super::awake::Awake;
use super::super::page::Page;
use super::super::pages::accounts::{Planned, TIME_FIELD};
use super::super::widgets::field::Field;
use super::App;
use chrono::Local;
use egui::ViewportCommand;
use std::time::Duration;

/// The time left is shown to the second.
const LOOK_EVERY: Duration = Duration::from_secs(1);

impl App {
    pub(super) fn plan_start(&mut self) {
        self.wizard.accounts.planned = Some(Planned::default());
        self.context.memory_mut(|memory| memory.request_focus(Field::focus_id(TIME_FIELD)));
    }

    /// Starts what is planned once its time has come.
    pub(super) fn start_planned(&mut self) {
        let Some(at) = self.wizard.accounts.planned.as_ref().and_then(|planned| planned.at) else {
            if self.running.is_none() {
                self.awake = None;
            }
            return;
        };
        if self.awake.is_none() {
            let wake = self.context.clone();
            self.awake = Awake::ask(move || wake.request_repaint());
        }
        if self.running.is_none() && Local::now() >= at && !self.wizard.accounts.chosen().is_empty() {
            self.wizard.correction = None;
            self.start_purpose();
        } else {
            self.context.request_repaint_after(LOOK_EVERY);
        }
    }

    /// Asks before the window closes while a start is planned.
    pub(super) fn ask_about_plan(&mut self) {
        let Some(planned) = self.wizard.accounts.planned.as_mut().filter(|planned| planned.at.is_some()) else {
            return;
        };
        planned.closing = true;
        self.wizard.page = Page::Accounts;
        self.context.send_viewport_cmd(ViewportCommand::CancelClose);
    }
}
