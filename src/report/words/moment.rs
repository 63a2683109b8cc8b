//! Moments as a person says them: `today 22:04`, `yesterday 23:10`, `24 November, 22:04`.

use chrono::{DateTime, Datelike, Local, NaiveDate};

/// A moment recorded as local time in RFC 3339, as seen from today; any other text comes back unchanged.
pub fn moment(kept: &str) -> String {
    moment_from(kept, Local::now().date_naive())
}

fn moment_from(kept: &str, today: NaiveDate) -> String {
    // It keeps its own offset: the administrator remembers the night that it names.
    let Ok(at) = DateTime::parse_from_rfc3339(kept) else { return kept.to_owned() };
    let time = at.format("%H:%M");
    match (today - at.date_naive()).num_days() {
        -1 => format!("tomorrow {time}"),
        0 => format!("today {time}"),
        1 => format!("yesterday {time}"),
        _ if at.year() == today.year() => format!("{}, {time}", at.format("%-d %B")),
        _ => format!("{}, {time}", at.format("%-d %B %Y")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_said_from_where_today_is() {
        let from = |day| moment_from("2026-11-24T23:10:05+01:00", day);
        let day = |year, month, day| NaiveDate::from_ymd_opt(year, month, day).unwrap();
        assert_eq!(from(day(2026, 11, 24)), "today 23:10");
        assert_eq!(from(day(2026, 11, 25)), "yesterday 23:10");
        assert_eq!(from(day(2026, 12, 3)), "24 November, 23:10");
        assert_eq!(from(day(2027, 1, 1)), "24 November 2026, 23:10");
        assert_eq!(moment_from("long ago", day(2026, 11, 24)), "long ago");
    }
}
