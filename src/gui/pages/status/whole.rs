//! How far the whole run is: the sums over all accounts, and the figures above the table.

use super::super::super::theme::{self, palette};
use super::super::super::widgets::plot;
use super::super::lines::{self, Group};
use super::StatusPage;
use crate::progress::{AccountEnd, Counts};
use crate::report::words;
use egui::{Align, Label, Layout, Ui, vec2};

/// The plot shows so many seconds.
const PLOTTED: usize = 180;

/// What the whole run is expected to move, as far as that is known.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Whole {
    pub(super) expected: Counts,
    /// Whether every account is counted, by this run or by the check before it.
    pub(super) known: bool,
    pub(super) fraction: f32,
    pub(super) groups: [u64; 4],
    /// Seconds until the next try of whoever waits longest for a server, and which server that is.
    pub(super) waiting: Option<(crate::domain::Side, u64)>,
}

impl StatusPage {
    pub(super) fn survey(&self) -> Whole {
        let mut whole = Whole { known: !self.state.accounts.is_empty(), ..Whole::default() };
        let (mut fractions, mut arrived) = (0.0_f64, 0_u64);
        for (index, account) in self.state.accounts.iter().enumerate() {
            whole.groups[Group::of(account) as usize] += 1;
            let counted = account.end.is_some()
                || (!account.folders.is_empty() && account.folders.iter().all(|folder| folder.counted));
            let expected =
                if counted { Some(account.tally.expected) } else { self.sizes.get(index).copied().flatten() };
            whole.known &= expected.is_some();
            let expected = expected.unwrap_or(account.tally.expected);
            whole.expected.messages += expected.messages;
            whole.expected.bytes += expected.bytes;
            arrived += account.tally.settled_bytes();
            fractions += f64::from(if account.end.is_some() { 1.0 } else { account.tally.fraction() });
            if let Some((side, until)) = account.waiting {
                let left = until.saturating_sub(self.now).div_ceil(1000);
                whole.waiting = Some(whole.waiting.filter(|(_, longest)| *longest > left).unwrap_or((side, left)));
            }
        }
        let all = self.state.accounts.len().max(1) as f64;
        // An account that failed leaves octets that will never come: then the accounts are the better measure.
        let by_bytes = whole.known && whole.expected.bytes > 0 && self.state.count_ended(AccountEnd::Failed) == 0;
        let fraction = if by_bytes { arrived as f64 / whole.expected.bytes as f64 } else { fractions / all };
        let done = if self.state.finished && whole.groups[Group::Done as usize] == all as u64 { 1.0 } else { 0.999 };
        whole.fraction = fraction.clamp(0.0, done) as f32;
        whole
    }

    pub(super) fn figures(&self, ui: &mut Ui) {
        let state = &self.state;
        let tally = &state.tally;
        let there = lines::arrived(tally);
        let bytes = words::size(tally.settled_bytes());
        let known = self.whole.known;
        let of_size = if known { format!("{bytes} of {}", words::size(self.whole.expected.bytes)) } else { bytes };
        let of_messages = if known {
            format!("of {}", words::counted(self.whole.expected.messages, "message"))
        } else {
            "messages so far".to_owned()
        };
        let elapsed = format!("{} so far", words::duration(self.now));
        let pace = state.rate.bytes_per_second(self.now);
        let (left, left_note) = match self.seconds_left(pace) {
            _ if state.finished => ("ended".to_owned(), elapsed),
            Some(seconds) => (words::time_left(seconds), format!("left · {elapsed}")),
            None if known => ("–".to_owned(), format!("left · {elapsed}")),
            None => ("still counting".to_owned(), elapsed),
        };
        let rate = words::rate(pace);
        let messages = format!("{} messages/s", words::count(state.rate.messages_per_second(self.now).round() as u64));
        ui.horizontal_top(|ui| {
            ui.spacing_mut().item_spacing.x = 0.0;
            let room = ui.available_width();
            let widths = if room > 660.0 { [150.0, 172.0, 196.0, 130.0] } else { [124.0, 142.0, 168.0, 104.0] };
            let percent = format!("{} %", self.percent());
            let count = words::count(there);
            let all = [(&percent, &of_size), (&count, &of_messages), (&left, &left_note), (&rate, &messages)];
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

    fn seconds_left(&self, pace: f64) -> Option<u64> {
        let left = self.whole.expected.bytes.saturating_sub(self.state.tally.settled_bytes());
        (self.whole.known && !self.state.paused && pace >= 1.0).then(|| (left as f64 / pace).ceil() as u64)
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
