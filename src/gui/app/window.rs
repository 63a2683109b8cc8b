//! The application as a system window: title, size, and closing.

use super::super::memory;
use super::super::page::Page;
use super::super::pages::status::Question;
use super::{App, save};
use crate::progress::RunKind;
use egui::{Context, ViewportCommand};
use std::time::Duration;

/// The window's name while it shows the demo.
const DEMO_NAME: &str = "Demo of the Kerio IMAP Migration Tool";

/// How long a run that ends with the program may settle messages in flight, write the report and put the port back.
const FAREWELL: Duration = Duration::from_secs(20);

impl App {
    /// Closing the window asks first during a migration; a check just stops.
    pub(super) fn answer_close(&mut self) {
        if !self.context.input(|input| input.viewport().close_requested()) {
            return;
        }
        match &mut self.running {
            Some(running) if running.kind != RunKind::Check => {
                self.context.send_viewport_cmd(ViewportCommand::CancelClose);
                self.wizard.page = Page::Status;
                if !self.closing {
                    self.wizard.status.question = Some(Question::Close);
                }
            }
            Some(running) => running.stop(),
            None => self.ask_about_plan(),
        }
    }

    /// Fits a new window to its screen once the screen is known, leaving room for the title and the system's bars.
    pub(super) fn fit_screen(&mut self) {
        const AROUND: egui::Vec2 = egui::vec2(8.0, 72.0);
        if self.fitted {
            return;
        }
        let (screen, inner) = self.context.input(|input| (input.viewport().monitor_size, input.viewport().inner_rect));
        let (Some(screen), Some(inner)) = (screen, inner) else { return };
        self.fitted = true;
        let fitting = inner.size().min(screen - AROUND).max(super::super::SMALLEST.into());
        if fitting != inner.size() {
            self.context.send_viewport_cmd(ViewportCommand::InnerSize(fitting));
            let left = ((screen.x - fitting.x) / 2.0).max(0.0);
            self.context.send_viewport_cmd(ViewportCommand::OuterPosition(egui::pos2(left, 0.0)));
        }
    }

    pub(super) fn show_title(&mut self) {
        let name = if self.wizard.demo { DEMO_NAME } else { super::super::NAME };
        let title = match self.wizard.status.in_title() {
            Some(state) => format!("{state} – {name}"),
            None => name.to_owned(),
        };
        if self.title != title {
            self.context.send_viewport_cmd(ViewportCommand::Title(title.clone()));
            self.title = title;
        }
    }
}

impl eframe::App for App {
    fn logic(&mut self, context: &Context, _frame: &mut eframe::Frame) {
        // A minimised window must still take its run's news, or it would pile up.
        if context.input(|input| input.viewport().minimized == Some(true)) {
            self.take_news();
            self.show_title();
        }
    }

    fn raw_input_hook(&mut self, _context: &Context, input: &mut egui::RawInput) {
        self.pacing.pace(&mut input.events);
    }

    fn ui(&mut self, ui: &mut egui::Ui, _frame: &mut eframe::Frame) {
        self.frame(ui);
        // Not requested in the hook, because the frame itself would satisfy that request.
        if self.pacing.waits() {
            self.context.request_repaint();
        }
    }

    fn on_exit(&mut self, _gl: Option<&eframe::glow::Context>) {
        // The system may close the program without asking (macOS: Quit in the Dock, logging out).
        if let Some(running) = &mut self.running {
            running.stop_and_wait(FAREWELL);
        }
        memory::remember(&mut self.settings, &self.wizard.servers, &self.context);
        if let Some(folder) = &self.settings_folder {
            save(&self.settings, folder);
        }
    }
}
