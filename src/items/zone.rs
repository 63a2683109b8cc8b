//! Time zones: converts local times to instants, through an object's own VTIMEZONE (RFC 5545, section 3.6.5) or a zone known by name, and
//! writes the VTIMEZONE of a known zone for an object without one.

use super::component::Component;
use super::line::Line;
use calcard::common::timezone::Tz;
use chrono::{Datelike, Duration, NaiveDate, NaiveDateTime, Offset, TimeZone, Weekday};
use std::str::FromStr;

/// The years that a written VTIMEZONE covers.
const YEARS: std::ops::RangeInclusive<i32> = 1970..=2037;
/// The years for which a rule's onsets are computed. Rules of Exchange and Outlook begin in 1601.
const RULED_YEARS: std::ops::RangeInclusive<i32> = 1900..=2100;
/// At most this many onsets of one observance are computed.
const MOST_ONSETS: usize = 300;

/// A time zone. Offsets are in seconds east of UTC.
pub(super) enum Zone {
    /// The onsets of a VTIMEZONE in local time, each with the offsets before and after.
    Rules(Vec<(NaiveDateTime, i32, i32)>),
    /// A zone known by name.
    Named(chrono_tz::Tz),
}

impl Zone {
    /// The local time of an instant; not exact in the hours around a change.
    pub(super) fn local(&self, instant: i64) -> Option<NaiveDateTime> {
        let guess = chrono::DateTime::from_timestamp(instant, 0)?.naive_utc();
        let offset = guess.and_utc().timestamp() - self.instant(guess)?;
        guess.checked_add_signed(Duration::seconds(offset))
    }

    /// The zone that an object means by a TZID: its own VTIMEZONE, or a known name.
    pub(super) fn of(id: &str, zones: &[Component]) -> Option<Self> {
        let own = zones.iter().find(|zone| zone.text("TZID").as_deref() == Some(id));
        own.and_then(rules).map(Zone::Rules).or_else(|| named(id).map(Zone::Named))
    }

    /// The instant of a local time; in a repeated hour, the first.
    pub(super) fn instant(&self, local: NaiveDateTime) -> Option<i64> {
        let offset = match self {
            Zone::Named(zone) => {
                let offset = zone.offset_from_local_datetime(&local);
                match offset.earliest() {
                    Some(offset) => offset.fix().local_minus_utc(),
                    // In a skipped hour, the offset from before holds.
                    None => zone
                        .offset_from_local_datetime(&(local - Duration::hours(3)))
                        .earliest()?
                        .fix()
                        .local_minus_utc(),
                }
            }
            Zone::Rules(onsets) => {
                // An onset is in the local time before it. A skipped hour has the offset from before; of a repeated hour, the first counts.
                let is_past = |(onset, before, after): &&(NaiveDateTime, i32, i32)| {
                    local >= *onset + Duration::seconds(i64::from((after - before).max(0)))
                };
                match onsets.iter().rev().find(is_past) {
                    Some((_, _, after)) => *after,
                    None => onsets.first()?.1,
                }
            }
        };
        Some(local.and_utc().timestamp() - i64::from(offset))
    }
}

/// A zone by its IANA name, or as Windows and Exchange call it.
fn named(id: &str) -> Option<chrono_tz::Tz> {
    let id = id.trim().trim_start_matches('/');
    let tail = || id.match_indices('/').find_map(|(at, _)| Tz::from_str(&id[at + 1..]).ok());
    match Tz::from_str(id).ok().or_else(tail)? {
        Tz::Tz(zone) => Some(zone),
        Tz::Fixed(_) | Tz::Floating => None,
    }
}

/// The onsets of all observances in order, each with the offsets before and after. None if a rule is not understood.
fn rules(zone: &Component) -> Option<Vec<(NaiveDateTime, i32, i32)>> {
    let mut onsets = Vec::new();
    for observance in &zone.parts {
        let (before, after) =
            (offset(&observance.line("TZOFFSETFROM")?.value)?, offset(&observance.line("TZOFFSETTO")?.value)?);
        let start = local(&observance.line("DTSTART")?.value)?;
        onsets.push((start, before, after));
        for line in observance.lines.iter().filter(|line| line.name == "RDATE") {
            onsets.extend(line.value.split(',').filter_map(local).take(MOST_ONSETS).map(|at| (at, before, after)));
        }
        if let Some(rule) = observance.line("RRULE") {
            onsets.extend(yearly(&rule.value, start, before)?.into_iter().map(|at| (at, before, after)));
        }
    }
    onsets.sort();
    onsets.dedup();
    (!onsets.is_empty()).then_some(onsets)
}

/// The onsets of a rule such as `FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU`.
fn yearly(rule: &str, start: NaiveDateTime, before: i32) -> Option<Vec<NaiveDateTime>> {
    let (mut months, mut days, mut month_days, mut until, mut count) =
        (Vec::new(), Vec::new(), Vec::new(), None, usize::MAX);
    for part in rule.to_ascii_uppercase().split(';').filter(|part| !part.is_empty()) {
        let (name, value) = part.split_once('=')?;
        match name {
            "FREQ" if value == "YEARLY" => {}
            "INTERVAL" if value == "1" => {}
            "WKST" => {}
            "BYMONTH" => months = value.split(',').map(|month| month.parse::<u32>().ok()).collect::<Option<_>>()?,
            "BYMONTHDAY" => {
                month_days = value.split(',').map(|day| day.parse::<i32>().ok()).collect::<Option<Vec<_>>>()?
            }
            "BYDAY" => days = value.split(',').map(weekday).collect::<Option<Vec<_>>>()?,
            "COUNT" => count = value.parse().ok()?,
            "UNTIL" => {
                let end = local(value.trim_end_matches('Z'))?;
                until = Some(if value.ends_with('Z') { end + Duration::seconds(i64::from(before)) } else { end });
            }
            _ => return None,
        }
    }
    if months.is_empty() {
        months.push(start.month());
    }
    let mut onsets = Vec::new();
    // COUNT counts from the rule's first onset.
    let first = if count < usize::MAX { start.year() } else { start.year().max(*RULED_YEARS.start()) };
    for year in first..=(*RULED_YEARS.end()).min(first + MOST_ONSETS as i32) {
        for month in &months {
            let Some(first) = NaiveDate::from_ymd_opt(year, *month, 1) else { continue };
            let length = (first + chrono::Months::new(1) - first).num_days() as u32;
            let fits = |date: &NaiveDate| {
                let by_day = days.is_empty() || days.iter().any(|(nth, day)| is_nth(*date, *nth, *day, length));
                let by_month_day = month_days
                    .iter()
                    .any(|own| *own == date.day() as i32 || *own == date.day() as i32 - length as i32 - 1);
                let by_start = days.is_empty() && date.day() == start.day();
                by_day && if month_days.is_empty() { !days.is_empty() || by_start } else { by_month_day }
            };
            let dates = (0..length).filter_map(|day| first.checked_add_signed(Duration::days(i64::from(day))));
            onsets.extend(dates.filter(fits).map(|date| date.and_time(start.time())));
        }
    }
    onsets.retain(|onset| *onset >= start && until.is_none_or(|until| *onset <= until));
    onsets.truncate(count.min(MOST_ONSETS));
    Some(onsets)
}

fn is_nth(date: NaiveDate, nth: i32, day: Weekday, length: u32) -> bool {
    let from_start = (date.day() as i32 - 1) / 7 + 1;
    let from_end = -((length as i32 - date.day() as i32) / 7 + 1);
    date.weekday() == day && (nth == 0 || nth == from_start || nth == from_end)
}

fn weekday(text: &str) -> Option<(i32, Weekday)> {
    let at = text.len().checked_sub(2).filter(|at| text.is_char_boundary(*at))?;
    let (nth, day) = text.split_at(at);
    let day = match day {
        "MO" => Weekday::Mon,
        "TU" => Weekday::Tue,
        "WE" => Weekday::Wed,
        "TH" => Weekday::Thu,
        "FR" => Weekday::Fri,
        "SA" => Weekday::Sat,
        "SU" => Weekday::Sun,
        _ => return None,
    };
    Some((if nth.is_empty() { 0 } else { nth.parse().ok()? }, day))
}

/// Parses an offset such as `+0130` into seconds.
fn offset(text: &str) -> Option<i32> {
    let text = text.trim();
    let sign = if text.starts_with('-') { -1 } else { 1 };
    let digits: Vec<i32> = text.bytes().filter(u8::is_ascii_digit).map(|byte| i32::from(byte - b'0')).collect();
    let [h1, h2, m1, m2, rest @ ..] = digits.as_slice() else { return None };
    let seconds = if let [s1, s2] = rest { s1 * 10 + s2 } else { 0 };
    Some(sign * ((h1 * 10 + h2) * 3600 + (m1 * 10 + m2) * 60 + seconds)).filter(|offset| offset.abs() < 86_400)
}

/// Parses a local date-time; a date alone means midnight.
pub(super) fn local(text: &str) -> Option<NaiveDateTime> {
    let text = text.trim().trim_end_matches(['Z', 'z']);
    NaiveDateTime::parse_from_str(text, "%Y%m%dT%H%M%S")
        .or_else(|_| NaiveDateTime::parse_from_str(text, "%Y%m%dt%H%M%S"))
        .ok()
        .or_else(|| NaiveDate::parse_from_str(text, "%Y%m%d").ok()?.and_hms_opt(0, 0, 0))
}

/// The VTIMEZONE of a zone known by name: all changes in [`YEARS`], grouped by kind.
pub(super) fn known(id: &str) -> Option<Component> {
    let zone = named(id)?;
    let offset_at = |instant: i64| {
        let moment = chrono::DateTime::from_timestamp(instant, 0)?;
        Some(zone.offset_from_utc_datetime(&moment.naive_utc()).fix().local_minus_utc())
    };
    let first = NaiveDate::from_ymd_opt(*YEARS.start(), 1, 1)?.and_hms_opt(0, 0, 0)?.and_utc().timestamp();
    let last = NaiveDate::from_ymd_opt(*YEARS.end(), 12, 31)?.and_hms_opt(0, 0, 0)?.and_utc().timestamp();
    let mut changes: Vec<(i64, i32, i32)> = vec![(first, offset_at(first)?, offset_at(first)?)];
    const STEP: i64 = 7 * 86_400;
    let mut at = first;
    while at < last {
        let (before, after) = (offset_at(at)?, offset_at(at + STEP)?);
        if before != after {
            let (mut low, mut high) = (at, at + STEP);
            while high - low > 1 {
                let middle = low + (high - low) / 2;
                if offset_at(middle)? == before { low = middle } else { high = middle }
            }
            changes.push((high, before, after));
        }
        at += STEP;
    }
    let mut described = Component::new("VTIMEZONE");
    described.lines.push(Line::new("TZID", id));
    let mut kinds: Vec<((i32, i32), Vec<i64>)> = Vec::new();
    for (at, before, after) in changes {
        match kinds.iter_mut().find(|(kind, _)| *kind == (before, after)) {
            Some((_, all)) => all.push(at),
            None => kinds.push(((before, after), vec![at])),
        }
    }
    for ((before, after), all) in kinds {
        let mut observance = Component::new(if after > before { "DAYLIGHT" } else { "STANDARD" });
        let local = |at: &i64| {
            chrono::DateTime::from_timestamp(at + i64::from(before), 0).map(|at| at.format("%Y%m%dT%H%M%S").to_string())
        };
        let times: Vec<String> = all.iter().filter_map(local).collect();
        observance.lines.push(Line::new("DTSTART", times.first().cloned().unwrap_or_default()));
        observance.lines.push(Line::new("TZOFFSETFROM", written_offset(before)));
        observance.lines.push(Line::new("TZOFFSETTO", written_offset(after)));
        if times.len() > 1 {
            observance.lines.push(Line::new("RDATE", times.get(1..).unwrap_or_default().join(",")));
        }
        described.parts.push(observance);
    }
    Some(described)
}

fn written_offset(seconds: i32) -> String {
    let sign = if seconds < 0 { '-' } else { '+' };
    let all = seconds.abs();
    let rest = if all % 60 == 0 { String::new() } else { format!("{:02}", all % 60) };
    format!("{sign}{:02}{:02}{rest}", all / 3600, all / 60 % 60)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::items::component;

    const BERLIN: &str = "BEGIN:VTIMEZONE\nTZID:Own\nBEGIN:STANDARD\nDTSTART:19701025T030000\nRRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU\nTZOFFSETFROM:+0200\nTZOFFSETTO:+0100\nEND:STANDARD\nBEGIN:DAYLIGHT\nDTSTART:19700329T020000\nRRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU\nTZOFFSETFROM:+0100\nTZOFFSETTO:+0200\nEND:DAYLIGHT\nEND:VTIMEZONE\n";

    #[test]
    fn the_rules_of_an_object_and_a_zone_by_its_name_give_the_same_instants() {
        let own = component::read(BERLIN).unwrap();
        let by_rules = Zone::of("Own", &own).unwrap();
        assert!(matches!(by_rules, Zone::Rules(_)));
        let named = Zone::of("Europe/Berlin", &[]).unwrap();
        let described = Zone::of("Europe/Berlin", &[known("Europe/Berlin").unwrap()]).unwrap();
        for day in 0..1000 {
            let local =
                NaiveDate::from_ymd_opt(2020, 1, 1).unwrap().and_hms_opt(9, 30, 0).unwrap() + Duration::hours(day * 25);
            // The hours of a change are repeated or skipped.
            if matches!(local.format("%H").to_string().as_str(), "02" | "03") {
                continue;
            }
            assert_eq!(by_rules.instant(local), named.instant(local), "{local}");
            assert_eq!(described.instant(local), named.instant(local), "{local}");
        }
    }

    #[test]
    fn the_rules_of_exchange_which_begin_in_1601_hold_today() {
        let own = component::read(
            "BEGIN:VTIMEZONE\nTZID:(UTC+01:00) Amsterdam\\, Berlin\nBEGIN:STANDARD\nDTSTART:16010101T030000\nTZOFFSETFROM:+0200\nTZOFFSETTO:+0100\nRRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=-1SU;BYMONTH=10\nEND:STANDARD\nBEGIN:DAYLIGHT\nDTSTART:16010101T020000\nTZOFFSETFROM:+0100\nTZOFFSETTO:+0200\nRRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=-1SU;BYMONTH=3\nEND:DAYLIGHT\nEND:VTIMEZONE\n",
        );
        let by_rules = Zone::of("(UTC+01:00) Amsterdam, Berlin", &own.unwrap()).unwrap();
        let named = Zone::of("Europe/Berlin", &[]).unwrap();
        for (year, month) in [(1997, 2), (2024, 1), (2024, 7), (2035, 8), (2060, 7)] {
            let local = NaiveDate::from_ymd_opt(year, month, 15).unwrap().and_hms_opt(9, 30, 0).unwrap();
            assert_eq!(by_rules.instant(local), named.instant(local), "{local}");
        }
    }

    #[test]
    fn windows_and_multi_city_names_are_known() {
        for name in
            ["W. Europe Standard Time", "/freeassociation.sourceforge.net/Tzfile/Europe/Berlin", "America/New_York"]
        {
            assert!(named(name).is_some(), "{name}");
        }
        assert!(named("Nowhere").is_none());
        assert!(known("Nowhere").is_none());
    }
}
