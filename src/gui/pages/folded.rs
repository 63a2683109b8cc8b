//! A strip that says how many there are of something, and lists them when it is asked to.

use super::super::theme::{self, palette};
use super::super::widgets::sign::Mark;
use super::super::widgets::{button, strip};
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
    /// Draws the strip with its sign, by a name that is its own on the page. `open` is how it stands until she chooses; `aside` draws what
    /// else can be done.
    pub fn show(
        &mut self,
        ui: &mut Ui,
        (mark, name): (Mark, &str),
        head: &str,
        lines: impl ExactSizeIterator<Item = String>,
        open: bool,
        aside: impl FnOnce(&mut Ui),
    ) {
        let open = self.chosen.unwrap_or(open);
        let turned = strip::line(
            ui,
            mark,
            head,
            |ui| {
                let turned = button::link(ui, if open { "Hide them" } else { "Show them" }).clicked();
                aside(ui);
                turned
            },
            |ui| {
                if open {
                    list(ui, name, lines);
                }
            },
        );
        if turned {
            self.chosen = Some(!open);
        }
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
