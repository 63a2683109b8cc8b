//! A strip that counts something, and lists it on request.

use super::super::theme::{self, palette};
use super::super::widgets::sign::Mark;
use super::super::widgets::strip;
use egui::{Label, ScrollArea, Ui};

/// At most this many lines are listed.
const LISTED: usize = 100;

/// Whether the list is open.
#[derive(Debug, Default)]
pub struct Folded {
    /// What the user chose, if anything.
    chosen: Option<bool>,
}

impl Folded {
    /// Draws the strip with its sign; `name` is unique on the page. `open` applies until the user chooses; `other` is another link. Returns
    /// whether that link was pressed.
    pub fn show(
        &mut self,
        ui: &mut Ui,
        (mark, name): (Mark, &str),
        head: &str,
        lines: impl ExactSizeIterator<Item = String>,
        open: bool,
        other: Option<&str>,
    ) -> bool {
        let open = self.chosen.unwrap_or(open);
        let turn = if open { "Hide them" } else { "Show them" };
        let links: Vec<&str> = other.into_iter().chain([turn]).collect();
        let below = |ui: &mut Ui| {
            if open {
                list(ui, name, lines);
            }
        };
        let pressed = strip::line(ui, mark, head, &links, below);
        if pressed == Some(links.len() - 1) {
            self.chosen = Some(!open);
            return false;
        }
        pressed.is_some()
    }
}

fn list(ui: &mut Ui, name: &str, lines: impl ExactSizeIterator<Item = String>) {
    let colours = palette(ui);
    let many = lines.len() > LISTED;
    ScrollArea::vertical().max_height(140.0).auto_shrink([false, true]).id_salt(name).show(ui, |ui| {
        for line in lines.take(LISTED) {
            ui.add(Label::new(theme::small(line).color(colours.ink)).wrap());
        }
        if many {
            ui.label(theme::small("Only the first 100 are shown.").color(colours.soft));
        }
    });
}
