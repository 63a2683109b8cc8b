//! A strip that says how many there are of something, and lists them when it is asked to.

use super::super::theme::{self, palette};
use super::super::widgets::sign::Mark;
use super::super::widgets::strip;
use egui::{Label, ScrollArea, Ui};

/// So many lines are listed; the report has all.
const LISTED: usize = 100;

/// Whether the list is open.
#[derive(Debug, Default)]
pub struct Folded {
    /// What she chose, if she did.
    chosen: Option<bool>,
}

impl Folded {
    /// Draws the strip with its sign, by a name that is its own on the page. `open` is how it stands until she chooses; `other` is a link
    /// to what else can be done. Returns whether that was pressed.
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
            ui.label(theme::small("The report names the others.").color(colours.soft));
        }
    });
}
