//! The strip of lines that cannot be used: each with its number and what is wrong with it, never with a password.

use super::super::action::Action;
use super::super::theme::{self, palette};
use super::super::widgets::sign::Mark;
use super::super::widgets::{button, strip};
use crate::domain::BadLine;
use crate::report::words;
use egui::{Label, Ui};

/// So many are shown; the report names all.
const SHOWN: usize = 100;

/// The bad lines of a file.
#[derive(Default)]
pub struct BadLines {
    /// In the order of the file.
    pub lines: Vec<BadLine>,
    open: bool,
}

impl BadLines {
    /// None of them shown yet but a few.
    pub fn new(lines: Vec<BadLine>) -> Self {
        Self { lines, open: false }
    }

    /// Draws the strip, if there is a bad line.
    pub fn show(&mut self, ui: &mut Ui, actions: &mut Vec<Action>) {
        if self.lines.is_empty() {
            return;
        }
        let head = match self.lines.len() {
            1 => "1 line cannot be used.".to_owned(),
            many => format!("{} lines cannot be used.", words::count(many as u64)),
        };
        let said = |line: &BadLine| format!("Line {}: {}", line.line, line.what);
        let few = self.lines.len() <= 2;
        strip::strip(ui, Mark::Bad, &head, "", |ui| {
            if few || self.open {
                let lines = egui::ScrollArea::vertical().max_height(140.0).auto_shrink([false, true]);
                lines.id_salt("bad lines").show(ui, |ui| {
                    for line in self.lines.iter().take(SHOWN) {
                        ui.add(Label::new(theme::small(said(line)).color(palette(ui).ink)).wrap());
                    }
                    if self.lines.len() > SHOWN {
                        ui.label(theme::small("The report of the migration names the others.").color(palette(ui).soft));
                    }
                });
            }
            ui.horizontal(|ui| {
                ui.spacing_mut().interact_size.y = 17.0;
                if !few && button::link(ui, if self.open { "Hide them" } else { "Show them" }).clicked() {
                    self.open = !self.open;
                }
                if button::link(ui, "Open the file").clicked() {
                    actions.push(Action::ShowFile);
                }
            });
        });
    }
}
