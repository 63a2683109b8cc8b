//! The picture on a terminal: one line for the whole run and one for each running mailbox, redrawn at the bottom.
//!
//! The terminal's width and height bound it (indicatif cuts what does not fit); [`MOST_ROWS`] bounds it on tall ones.

use super::lines::{self, Total};
use super::terminal::shown;
use crate::progress::RunState;
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

/// At most this many running mailboxes are shown; the last line counts the others.
const MOST_ROWS: usize = 16;

/// The length of a bar, in steps.
const WHOLE: u64 = 1000;

/// A line of the picture.
const TEMPLATE: &str = "{prefix:30!} [{bar:20}] {wide_msg}";

/// At most this many frames per second.
const FRAMES: u8 = 10;

/// One running mailbox.
pub(super) struct Row {
    name: String,
    fraction: f32,
    words: String,
}

/// The rows of the running mailboxes, in the order of the file.
pub(super) fn rows(state: &RunState, now: u64) -> Vec<Row> {
    let running = state.accounts.iter().filter(|account| account.is_running());
    let mut rows: Vec<Row> = running
        .clone()
        .take(MOST_ROWS)
        .map(|account| Row {
            name: account.info.address.clone(),
            fraction: account.tally.fraction(),
            words: lines::activity(account, state, now),
        })
        .collect();
    let hidden = running.count() - rows.len();
    if hidden > 0 {
        rows.push(Row { name: format!("… and {hidden} more"), fraction: 0.0, words: String::new() });
    }
    rows
}

/// The picture.
pub(super) struct Picture {
    area: MultiProgress,
    total: ProgressBar,
    rows: Vec<ProgressBar>,
}

impl Picture {
    /// An empty picture on standard output.
    pub(super) fn new() -> Self {
        let area = MultiProgress::with_draw_target(ProgressDrawTarget::stdout_with_hz(FRAMES));
        let total = area.add(bar());
        Self { area, total, rows: Vec::new() }
    }

    /// Draws the current state.
    pub(super) fn draw(&mut self, total: &Total, rows: &[Row]) {
        set(&self.total, &total.accounts, total.fraction, &total.messages);
        while self.rows.len() < rows.len() {
            self.rows.push(self.area.add(bar()));
        }
        for gone in self.rows.drain(rows.len()..) {
            self.area.remove(&gone);
        }
        for (bar, row) in self.rows.iter().zip(rows) {
            set(bar, &row.name, row.fraction, &row.words);
        }
    }

    /// Prints a line that stays, above the picture.
    pub(super) fn print_above(&self, line: &str) {
        // A run does not end because its terminal is gone.
        let _ = self.area.println(shown(line));
    }

    /// Removes the picture.
    pub(super) fn clear(self) {
        let _ = self.area.clear();
    }
}

fn bar() -> ProgressBar {
    let style = ProgressStyle::with_template(TEMPLATE);
    let bar = ProgressBar::new(WHOLE);
    // A test checks the template; without it the bar would appear in its default style.
    if let Ok(style) = style {
        bar.set_style(style.progress_chars("=> "));
    }
    bar
}

fn set(bar: &ProgressBar, name: &str, fraction: f32, words: &str) {
    bar.set_prefix(shown(name));
    bar.set_position((f64::from(fraction) * WHOLE as f64) as u64);
    bar.set_message(shown(words));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::AccountId;
    use crate::progress::{AccountInfo, Event, RunInfo, RunKind, Stamped};

    fn state(running: u32) -> RunState {
        let accounts = (0..running).map(|number| AccountInfo {
            address: format!("user{number}@example.com"),
            full_name: String::new(),
            target_address: None,
            line: number + 1,
        });
        let info = RunInfo {
            kind: RunKind::Migrate,
            started: String::new(),
            source: String::new(),
            target: String::new(),
            jobs: running,
            verify: Default::default(),
            log_folder: Default::default(),
            accounts: accounts.collect(),
            bad_lines: Vec::new(),
            migration: None,
        };
        let started = (0..running).map(|number| Event::AccountStarted { account: AccountId(number) });
        let events = [Event::RunStarted(info)].into_iter().chain(started);
        let events: Vec<_> = events.map(|event| Stamped { at: 0, event }).collect();
        RunState::replay(&events)
    }

    #[test]
    fn a_row_is_shown_for_each_running_mailbox_and_the_many_are_counted() {
        assert_eq!(rows(&state(3), 0).len(), 3);
        let rows = rows(&state(20), 0);
        assert_eq!(rows.len(), MOST_ROWS + 1);
        assert_eq!(rows[MOST_ROWS].name, "… and 4 more");
    }

    #[test]
    fn the_template_of_a_row_is_one_that_can_be_drawn() {
        assert!(ProgressStyle::with_template(TEMPLATE).is_ok());
    }
}
