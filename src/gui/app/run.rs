//! The run behind the window: takes its news, shows its end, and alerts a person who looks elsewhere.

use super::super::awake::Awake;
use super::super::notification::{self, Reason};
use super::super::page::Page;
use super::super::pages::status::StatusPage;
use super::super::running::FRAME;
use super::App;
use crate::progress::RunKind;
use crate::report::words;
use egui::{UserAttentionType, ViewportCommand};
use std::time::Duration;

/// A server's silence is shown after this time.
const SILENCE: Duration = Duration::from_secs(15);

impl App {
    pub(super) fn take_run(&mut self) {
        let Some(running) = &mut self.running else { return };
        let kind = running.kind;
        let (accounts, status) = (&mut self.wizard.accounts, &mut self.wizard.status);
        let begun = running.news(|event| match kind {
            RunKind::Check => accounts.apply(event),
            _ => status.apply(event),
        });
        if let Err(problem) = begun {
            self.forget_run();
            self.could_not_begin(kind, problem.to_string());
            return;
        }
        if kind != RunKind::Check {
            status.now = running.now().max(status.state.now);
            status.silence = running.longest_silence().filter(|silence| silence.silent >= SILENCE);
            status.awake = self.awake.as_ref().is_some_and(Awake::is_held);
        }
        if let Some(folder) = running.log_folder() {
            self.wizard.log_folder = folder.to_owned();
        }
        if running.has_more() {
            self.context.request_repaint();
        } else {
            // Clocks and waits count down even when nothing happens.
            self.context.request_repaint_after(if kind != RunKind::Check { FRAME * 5 } else { FRAME * 2 });
        }
        let is_over = running.is_over();
        self.ask_for_attention();
        let Some(running) = &self.running else { return };
        if is_over {
            self.end(kind);
        } else if running.is_overdue() && kind != RunKind::Check && self.wizard.status.is_running() {
            self.wizard.status.give_up_waiting();
            self.show_end();
        }
    }

    /// Notifies a person who is not looking at the window that the run needs attention.
    fn ask_for_attention(&mut self) {
        if let Some((reason, text)) = self.wizard.status.needs_a_person() {
            self.notify(reason, || text);
        }
    }

    fn notify(&mut self, reason: Reason, text: impl FnOnce() -> String) {
        let in_front = self.context.input(|input| {
            let viewport = input.viewport();
            viewport.focused != Some(false) && viewport.minimized != Some(true)
        });
        if self.notifications.is_due(reason, in_front) {
            notification::show(text());
        }
    }

    pub(super) fn could_not_begin(&mut self, kind: RunKind, sentence: String) {
        self.awake = None;
        self.wizard.notice = Some(sentence);
        if kind == RunKind::Check {
            self.wizard.accounts.drop_check();
        } else {
            self.wizard.status = StatusPage::default();
            self.wizard.page = Page::Accounts;
        }
    }

    pub(super) fn forget_run(&mut self) {
        let had_log = self.running.take().is_some_and(|running| running.log_folder().is_some());
        self.tasks.log.run_ended(had_log);
        let reading = self.tasks.read_migrations();
        self.report(reading);
    }

    fn end(&mut self, kind: RunKind) {
        self.forget_run();
        if kind == RunKind::Check {
            if let Some(next) = self.next.take() {
                self.start(next);
            }
            return;
        }
        self.awake = None;
        self.wizard.status.question = None;
        self.wizard.status.silence = None;
        self.show_end();
        match self.next.take() {
            Some(next) => self.start(next),
            None if self.wizard.status.state.stop_requested => self.again.clear(),
            None => self.try_again_now(),
        }
    }

    /// Shows the result of a run that has ended or is no longer waited for.
    pub(super) fn show_end(&mut self) {
        // The users to create exist now.
        self.wizard.accounts.drop_check();
        self.wizard.accounts.pace = self.wizard.status.mean_pace().or(self.wizard.accounts.pace);
        if self.wizard.page == Page::Status {
            self.wizard.page = Page::Result;
        }
        self.context.send_viewport_cmd(ViewportCommand::RequestUserAttention(UserAttentionType::Informational));
        let verdict = words::verdict(&self.wizard.status.state);
        self.notify(Reason::Ended, || verdict);
        if self.closing {
            self.context.send_viewport_cmd(ViewportCommand::Close);
        }
    }
}
