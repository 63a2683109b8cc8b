//! A planned start, such as at 22:00, so that nobody has to wait for the evening.
//!
//! - A time means its next occurrence: today, or tomorrow if it has passed today.
//! - The window has to stay open, because the passwords are only in memory; it keeps the computer awake.

use super::super::super::action::Action;
use super::super::super::widgets::field::Field;
use super::super::super::widgets::sign::Mark;
use super::super::super::widgets::{button, strip};
use crate::report::words;
use chrono::{DateTime, Days, Local, NaiveTime, TimeZone};
use egui::{Key, Ui};

/// The id of the field for the time.
pub const TIME_FIELD: &str = "start at";

/// A start that is being planned, or is planned.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Planned {
    /// The time as typed.
    pub typed: String,
    /// When it starts, once that is decided.
    pub at: Option<DateTime<Local>>,
    /// The user wants to close the window anyway.
    pub closing: bool,
}

/// The next moment when clocks show this time; none if the text is not a time of day.
pub fn next_moment(typed: &str, now: DateTime<Local>) -> Option<DateTime<Local>> {
    let typed = typed.trim().replace(['.', 'h'], ":");
    let typed = if typed.contains(':') { typed } else { format!("{typed}:00") };
    let time = NaiveTime::parse_from_str(&typed, "%H:%M").ok()?;
    let today = now.date_naive();
    // If a clock change skips the time on one day, the next day counts.
    let days = (0..3).filter_map(|day| today.checked_add_days(Days::new(day)));
    days.filter_map(|day| Local.from_local_datetime(&day.and_time(time)).earliest()).find(|at| *at > now)
}

impl Planned {
    /// Draws it; `does` says what starts, such as `Start migration of 38 accounts`. Returns whether the user cancelled it.
    pub fn show(&mut self, ui: &mut Ui, does: &str, actions: &mut Vec<Action>) -> bool {
        match self.at {
            Some(at) => self.show_planned(ui, at, does, actions),
            None => self.ask(ui),
        }
    }

    fn ask(&mut self, ui: &mut Ui) -> bool {
        let now = Local::now();
        let moment = next_moment(&self.typed, now);
        let rest = "Keep the window open: it remembers the passwords only while it runs.";
        strip::strip(ui, Mark::Clock, "Start later", rest, |ui| {
            let wrong = "Type a time of day, such as 22:00.";
            let wrong = Some(wrong).filter(|_| moment.is_none() && self.typed.trim().len() > 1);
            let field = Field::new(TIME_FIELD, "Start at").hint("22:00").width(96.0).wrong(wrong);
            let field = field.show(ui, &mut self.typed);
            let entered = field.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter));
            ui.horizontal(|ui| {
                if button::quiet(ui, "Plan the start", moment.is_some()).clicked() || entered && moment.is_some() {
                    self.at = moment;
                }
                button::quiet(ui, "Cancel", true).clicked()
            })
            .inner
        })
    }

    fn show_planned(&self, ui: &mut Ui, at: DateTime<Local>, does: &str, actions: &mut Vec<Action>) -> bool {
        let left = (at - Local::now()).num_milliseconds().max(0);
        let when = words::moment(&at.to_rfc3339());
        let head =
            format!("{does}: planned for {when}, in {}.", words::duration(u64::try_from(left).unwrap_or_default()));
        let rest = if self.closing {
            "If you close the window, nothing starts."
        } else {
            "Keep the window open. The computer is kept awake where the system allows it."
        };
        strip::strip(ui, if self.closing { Mark::Warning } else { Mark::Clock }, &head, rest, |ui| {
            ui.horizontal(|ui| {
                if self.closing && button::ending(ui, "Close anyway").clicked() {
                    actions.push(Action::CloseAnyway);
                }
                if button::quiet(ui, "Start now", true).clicked() {
                    actions.push(Action::Start);
                }
                button::quiet(ui, "Cancel the planned start", true).clicked()
            })
            .inner
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_such_time_is_meant() {
        let now = Local.with_ymd_and_hms(2026, 11, 24, 18, 30, 0).unwrap();
        let next = |typed| next_moment(typed, now).map(|at| at.format("%d %H:%M").to_string());
        for typed in ["22:00", " 22.00 ", "22", "22h00"] {
            assert_eq!(next(typed).as_deref(), Some("24 22:00"), "{typed}");
        }
        assert_eq!(next("6:05").as_deref(), Some("25 06:05"));
        assert_eq!(next("18:30").as_deref(), Some("25 18:30"));
        for wrong in ["", "25:00", "ten", "22:75", "22:00:10"] {
            assert_eq!(next(wrong), None, "{wrong}");
        }
    }
}
