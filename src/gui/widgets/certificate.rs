//! The panel about a certificate: an unknown one to look at and trust, a changed one as an alarm with old and new beside each other.

use super::sign::Mark;
use super::{button, check, strip};
use crate::domain::Fingerprint;
use crate::gui::theme::{palette, small};
use crate::migrate::Doubt;
use egui::{Grid, Label, RichText, Ui};

/// Draws the panel. `compared` is whether she says that she has compared a changed fingerprint. Returns whether she trusts it.
pub fn panel(ui: &mut Ui, doubt: &Doubt, compared: &mut bool) -> bool {
    match doubt.changed_from {
        Some(old) => changed(ui, doubt, old, compared),
        None => unknown(ui, doubt),
    }
}

fn unknown(ui: &mut Ui, doubt: &Doubt) -> bool {
    let details = &doubt.details;
    let head = format!("The certificate of {} ({}) is not known.", doubt.host, place(doubt));
    let rest = format!("It is not trusted because {}. Trust it only if this is your server.", details.why_untrusted);
    strip::strip(ui, Mark::Warning, &head, &rest, |ui| {
        facts(ui, doubt, "SHA-256");
        button::quiet(ui, "Trust this certificate", true).clicked()
    })
}

fn changed(ui: &mut Ui, doubt: &Doubt, old: Fingerprint, compared: &mut bool) -> bool {
    let head =
        format!("The certificate of {} ({}) has changed. Somebody may be reading along.", doubt.host, place(doubt));
    let rest = "A server gets a new certificate when it is renewed or reinstalled. If you do not know of that, stop here \
                and ask whoever runs the server.";
    strip::strip(ui, Mark::Bad, &head, rest, |ui| {
        ui.horizontal_wrapped(|ui| {
            for (title, fingerprint) in [("Trusted before", old), ("Shown now", doubt.details.fingerprint)] {
                ui.vertical(|ui| {
                    ui.set_width(200.0);
                    ui.label(small(title).color(palette(ui).soft));
                    ui.add(Label::new(print(ui, fingerprint, 8)).wrap());
                });
            }
        });
        facts(ui, doubt, "");
        check::check(ui, compared, "I have compared the new fingerprint with the one on the server itself.");
        button::quiet(ui, "Trust the new certificate", *compared).clicked()
    })
}

fn facts(ui: &mut Ui, doubt: &Doubt, fingerprint: &str) {
    let details = &doubt.details;
    let soft = palette(ui).soft;
    let valid = format!("{} to {}", details.valid_from, details.valid_until);
    Grid::new(("certificate", &doubt.host, doubt.port)).num_columns(2).spacing([16.0, 2.0]).min_row_height(17.0).show(
        ui,
        |ui| {
            for (name, value) in [("Name", &details.subject), ("Issued by", &details.issuer), ("Valid", &valid)] {
                ui.label(small(name).color(soft));
                ui.add(Label::new(small(value).color(palette(ui).ink)).truncate());
                ui.end_row();
            }
            if !fingerprint.is_empty() {
                ui.label(small(fingerprint).color(soft));
                ui.add(Label::new(print(ui, details.fingerprint, 16)).wrap());
                ui.end_row();
            }
        },
    );
}

/// The fingerprint in rows of so many octets, so that it can be compared by eye.
fn print(ui: &Ui, fingerprint: Fingerprint, octets: usize) -> RichText {
    let text = fingerprint.to_string();
    let octet: Vec<&str> = text.split(':').collect();
    let rows: Vec<String> = octet.chunks(octets).map(|row| row.join(":")).collect();
    RichText::new(rows.join("\n")).monospace().size(12.0).color(palette(ui).ink)
}

fn place(doubt: &Doubt) -> String {
    format!("{}, port {}", doubt.side, doubt.port)
}
