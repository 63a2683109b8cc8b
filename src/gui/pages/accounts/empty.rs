//! Page 2 before a file is loaded: what the file is, and the ways to load it.

use super::super::super::action::Action;
use super::super::super::theme::{self, palette};
use super::super::super::widgets::field::Field;
use super::super::super::widgets::{button, card};
use super::AccountsPage;
use egui::{Label, RichText, Ui};

impl AccountsPage {
    pub(super) fn empty(&mut self, ui: &mut Ui, actions: &mut Vec<Action>) {
        card::frame(ui).show(ui, |ui| {
            ui.set_width(ui.available_width());
            ui.set_height((ui.available_height() - 48.0).max(220.0));
            ui.vertical_centered(|ui| {
                ui.add_space((ui.available_height() * 0.5 - 110.0).max(8.0));
                let colours = palette(ui);
                ui.label(theme::strong("Load the file that names the accounts").color(colours.ink));
                let what = "A text file (CSV) with one account per line: the address, its password on the source, and the person's name.";
                ui.add(Label::new(theme::body(what).color(colours.soft)).wrap());
                if let Some(expected) = &self.expected_file {
                    let was = format!("The list of this migration was {}. Load it from where it is now.", expected.display());
                    ui.add(Label::new(theme::body(was).color(colours.ink)).wrap());
                }
                ui.label(RichText::new("user@domain.com;password;Full Name").monospace().size(13.0).color(colours.ink));
                ui.add_space(8.0);
                let label = if self.loading { "Loading…" } else { "Load…" };
                if button::quiet(ui, label, !self.loading).clicked() {
                    actions.push(Action::Load);
                }
                ui.label(theme::small("or drop the file here").color(colours.soft));
                ui.add_space(4.0);
                if button::link(ui, "Save a sample file to fill in").clicked() {
                    actions.push(Action::SaveSample);
                }
                self.typed_name(ui);
            });
        });
    }

    /// The field for the file name if the system has no file dialog; the primary button loads the file.
    fn typed_name(&mut self, ui: &mut Ui) {
        let Some(typed) = &mut self.typed else { return };
        ui.set_max_width(420.0);
        let field = Field::new("file name", "File name, with its folder")
            .note(Some("This system has no dialog to choose a file. Type the name and press Enter."));
        field.show(ui, typed);
    }
}
