//! The strip of lines that cannot be used: each with its number and its error, but never a password.

use super::super::action::Action;
use super::super::widgets::sign::Mark;
use super::folded::Folded;
use crate::domain::BadLine;
use crate::report::words;
use egui::Ui;

/// Up to this many, the lines are shown from the start.
const FEW: usize = 2;

/// The bad lines of a file.
#[derive(Default)]
pub struct BadLines {
    /// In the order of the file.
    pub lines: Vec<BadLine>,
    folded: Folded,
}

impl BadLines {
    /// The strip for these lines.
    pub fn new(lines: Vec<BadLine>) -> Self {
        Self { lines, folded: Folded::default() }
    }

    /// Draws the strip, if there are bad lines. `old` ones are folded, however few.
    pub fn show(&mut self, ui: &mut Ui, old: bool, actions: &mut Vec<Action>) {
        if self.lines.is_empty() {
            return;
        }
        let head = match self.lines.len() {
            1 => "1 line cannot be used.".to_owned(),
            many => format!("{} lines cannot be used.", words::count(many as u64)),
        };
        let said = self.lines.iter().map(|line| format!("Line {}: {}", line.line, line.what()));
        let open = self.lines.len() <= FEW && !old;
        if self.folded.show(ui, (Mark::Bad, "bad lines"), &head, said, open, Some("Open the file")) {
            actions.push(Action::ShowFile);
        }
    }
}
