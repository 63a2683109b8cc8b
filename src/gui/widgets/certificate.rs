//! The panel about a certificate: an unknown one to inspect and trust, or a changed one as an alarm, with old and new side by side.

use super::sign::Mark;
use super::{button, check, strip};
use crate::domain::Doubt;
use crate::domain::Fingerprint;
use crate::gui::theme::{palette, small};
use egui::{Grid, Label, RichText, Ui};

/// Where the administrator of Kerio Connect finds the fingerprint.
const KERIO_SHOWS: &str = "Kerio Connect shows it like this: on the server itself, open its administration in a browser and look at the \
                           certificate of that page (the lock beside the address). Configuration > SSL Certificates lists all its certificates.";

/// Draws the panel. `others` counts the certificates still to decide on; `is_kerio` says that this one is Kerio Connect's; `compared` says
/// that the user has compared a changed fingerprint. Returns whether the user trusts it.
pub fn panel(ui: &mut Ui, doubt: &Doubt, others: usize, is_kerio: bool, compared: &mut bool) -> bool {
    match doubt.changed_from {
        Some(old) => changed(ui, doubt, old, (others, is_kerio), compared),
        None => unknown(ui, doubt, others, is_kerio),
    }
}

fn unknown(ui: &mut Ui, doubt: &Doubt, others: usize, is_kerio: bool) -> bool {
    let details = &doubt.details;
    let head = format!("The certificate of {} ({}) is not known.", doubt.host, place(doubt));
    let rest = format!(
        "It is not trusted because {}. Trust it only if the server itself has this fingerprint. It is then trusted on all ports of {}.",
        details.distrust, doubt.host
    );
    strip::strip(ui, Mark::Warning, &head, &rest, |ui| {
        facts(ui, doubt, "SHA-256");
        where_shown(ui, is_kerio);
        answer(ui, "Trust this certificate", true, others)
    })
}

fn changed(
    ui: &mut Ui,
    doubt: &Doubt,
    old: Fingerprint,
    (others, is_kerio): (usize, bool),
    compared: &mut bool,
) -> bool {
    let head = format!(
        "The certificate of {} ({}) has changed. Somebody may be intercepting the connection.",
        doubt.host,
        place(doubt)
    );
    let rest = "A server gets a new certificate when it is renewed or reinstalled. If you do not know of such a change, stop here \
                and ask the person who runs the server.";
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
        where_shown(ui, is_kerio);
        check::check(ui, compared, "I have compared the new fingerprint with the one on the server itself.");
        answer(ui, "Trust the new certificate", *compared, others)
    })
}

fn where_shown(ui: &mut Ui, is_kerio: bool) {
    if is_kerio {
        ui.add(Label::new(small(KERIO_SHOWS).color(palette(ui).ink)).wrap());
    }
}

fn answer(ui: &mut Ui, label: &str, enabled: bool, others: usize) -> bool {
    ui.add_space(4.0);
    ui.horizontal(|ui| {
        let pressed = button::quiet(ui, label, enabled).clicked();
        if others > 0 {
            ui.label(small("Another certificate follows.").color(palette(ui).ink));
        }
        pressed
    })
    .inner
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

/// The fingerprint in rows of `bytes` bytes, for comparing by eye.
fn print(ui: &Ui, fingerprint: Fingerprint, bytes: usize) -> RichText {
    let text = fingerprint.to_string();
    let parts: Vec<&str> = text.split(':').collect();
    let rows: Vec<String> = parts.chunks(bytes).map(|row| row.join(":")).collect();
    RichText::new(rows.join("\n")).monospace().size(12.0).color(palette(ui).ink)
}

fn place(doubt: &Doubt) -> String {
    format!("{}, port {}", doubt.side, doubt.port)
}
