//! The first occurrences of a series: rules in different words are the same if they name the same days.

use calcard::common::timezone::Tz;
use calcard::icalendar::ICalendar;
use chrono::NaiveDateTime;

/// At most this many occurrences are compared.
const MOST: usize = 400;

/// The first occurrences in local time, and whether there are no more. None if the rule is not understood.
pub(super) fn occurrences(start: NaiveDateTime, rule: &str) -> Option<(Vec<NaiveDateTime>, bool)> {
    // Nobody's calendar repeats by the minute or second, and such rules could take very long to expand.
    let upper = rule.to_ascii_uppercase();
    if upper.contains("SECONDLY") || upper.contains("MINUTELY") || rule.contains(['\r', '\n']) || rule.len() > 2000 {
        return None;
    }
    let text = format!(
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nUID:a\r\nDTSTART:{}\r\nRRULE:{rule}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n",
        start.format("%Y%m%dT%H%M%S")
    );
    // If the crate panics on an odd rule, the rule counts as not understood.
    let expanded = std::panic::catch_unwind(|| {
        let calendar = ICalendar::parse(&text).ok()?;
        let expanded = calendar.expand_dates(Tz::Floating, MOST);
        let mut starts: Vec<NaiveDateTime> = expanded.events.iter().map(|event| event.start.naive_local()).collect();
        starts.sort();
        (expanded.errors.is_empty() && !starts.is_empty()).then_some(starts)
    });
    let starts = expanded.ok().flatten()?;
    let ended = starts.len() < MOST;
    Some((starts, ended))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn days(rule: &str) -> Option<(usize, bool, String)> {
        let start = NaiveDateTime::parse_from_str("20240101T090000", "%Y%m%dT%H%M%S").unwrap();
        let (all, ended) = occurrences(start, rule)?;
        Some((all.len(), ended, all.last()?.format("%Y%m%d").to_string()))
    }

    #[test]
    fn rules_are_expanded_to_a_bound() {
        assert_eq!(days("FREQ=DAILY;COUNT=3"), Some((3, true, "20240103".to_owned())));
        assert_eq!(days("FREQ=WEEKLY;BYDAY=MO,WE;UNTIL=20240110T235959"), Some((4, true, "20240110".to_owned())));
        let (count, ended, _) = days("FREQ=DAILY").unwrap();
        assert_eq!((count, ended), (MOST, false));
    }

    #[test]
    fn a_rule_that_names_no_day_ends() {
        let begun = std::time::Instant::now();
        for rule in [
            "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30",
            "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=31",
            "FREQ=SECONDLY;BYMONTH=2;BYMONTHDAY=30",
            "FREQ=HOURLY;BYMONTH=2;BYMONTHDAY=30",
            "FREQ=NEVER",
            "",
        ] {
            let _ = days(rule);
        }
        assert!(begun.elapsed() < std::time::Duration::from_secs(20), "{:?}", begun.elapsed());
    }
}
