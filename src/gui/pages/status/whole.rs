//! The figures above the table: progress, rate and time left of the whole run, all from the run's state.
//!
//! Without a check, each mailbox is counted as it begins, and the total is unknown until the last one has begun. Until then, the figures
//! show how many mailboxes have ended instead of a percentage and a time left.

use super::super::super::theme::{self, palette};
use super::super::super::widgets::plot;
use super::super::account_list;
use super::StatusPage;
use crate::report::words;
use egui::{Align, Label, Layout, Ui, vec2};

/// The plot shows this many seconds.
const PLOTTED: usize = 180;

impl StatusPage {
    pub(super) fn figures(&self, ui: &mut Ui) {
        let state = &self.state;
        let tally = &state.tally;
        let there = account_list::arrived(tally);
        let bytes = words::size(tally.settled_bytes());
        let (known, expected) = (state.is_known(), state.expected());
        let (progress, of_progress, of_messages) = if known {
            let of_bytes = format!("{bytes} of {}", words::size(expected.bytes));
            let of_messages = format!("of {}", words::counted(expected.messages, "message"));
            (format!("{} %", state.percent()), of_bytes, of_messages)
        } else {
            (self.of_mailboxes(), "mailboxes ended".to_owned(), format!("messages · {bytes}"))
        };
        let elapsed = format!("{} so far", words::duration(self.now));
        let still = state.paused || state.lost_server().is_some();
        let pace = if still { 0.0 } else { state.rate.bytes_per_second(self.now) };
        let (left, left_note) = match state.seconds_left(self.now) {
            _ if state.finished => ("ended".to_owned(), elapsed),
            Some(seconds) => (words::time_left(seconds), format!("left · {elapsed}")),
            None if known => ("–".to_owned(), elapsed),
            None => (elapsed, "total not counted yet".to_owned()),
        };
        let rate = words::rate(pace);
        let messages = format!(
            "{} messages/s",
            words::count(if still { 0 } else { state.rate.messages_per_second(self.now).round() as u64 })
        );
        ui.horizontal_top(|ui| {
            ui.spacing_mut().item_spacing.x = 0.0;
            let room = ui.available_width();
            let widths = if room > 660.0 { [150.0, 172.0, 196.0, 130.0] } else { [124.0, 142.0, 168.0, 104.0] };
            let count = words::count(there);
            let all = [(&progress, &of_progress), (&count, &of_messages), (&left, &left_note), (&rate, &messages)];
            for (width, (figure, below)) in widths.into_iter().zip(all) {
                figure_cell(ui, width, figure, below);
            }
            let rest = room - widths.iter().sum::<f32>();
            if rest >= 60.0 {
                ui.with_layout(Layout::right_to_left(Align::Min), |ui| {
                    let samples = state.rate.last_seconds(self.now, PLOTTED);
                    let name = format!("Rate over the last three minutes, now {rate}");
                    plot::plot(ui, vec2(rest.min(220.0), 44.0), &samples, &name);
                });
            }
        });
    }

    /// How many of the mailboxes have ended: `3 of 12`.
    pub(super) fn of_mailboxes(&self) -> String {
        let accounts = &self.state.accounts;
        let ended = accounts.iter().filter(|account| account.end.is_some()).count();
        format!("{} of {}", words::count(ended as u64), words::count(accounts.len() as u64))
    }
}

fn figure_cell(ui: &mut Ui, width: f32, figure: &str, below: &str) {
    let colours = palette(ui);
    ui.allocate_ui_with_layout(vec2(width, 44.0), Layout::top_down(Align::Min), |ui| {
        ui.set_min_size(vec2(width, 44.0));
        ui.set_max_width(width - 10.0);
        ui.spacing_mut().item_spacing.y = 1.0;
        ui.add(Label::new(theme::figure(figure).color(colours.ink)).truncate());
        ui.add(Label::new(theme::small(below).color(colours.soft)).truncate());
    });
}
