//! INTERNALDATE as it travels: `02-Jan-2006 15:04:05 +0000`, the day with two digits or a space (RFC 9051, `date-time`).

use chrono::{DateTime, FixedOffset, NaiveDateTime, TimeZone};

/// A date in the form that APPEND requires, without quotes, the day with two digits.
pub fn date_text(date: &DateTime<FixedOffset>) -> String {
    // The names of the months are English in IMAP; chrono's are too, in every locale.
    date.format("%d-%b-%Y %H:%M:%S %z").to_string()
}

/// The forms of a date that servers are known to send, without the day of the week, the zone and what follows it. asimap sends dates as in
/// a header, others as asctime does.
const FORMS: [&str; 4] = ["%d-%b-%Y %H:%M:%S", "%d %b %Y %H:%M:%S", "%b %d %H:%M:%S %Y", "%Y-%m-%d %H:%M:%S"];

/// Reads a server's INTERNALDATE, in the standard form or another unambiguous one; a date without a zone is in UTC. None if it makes no
/// sense, such as NIL, the year 0, or an unknown month.
pub(super) fn parse_date(text: &str) -> Option<DateTime<FixedOffset>> {
    let text = text.trim();
    let date = DateTime::parse_from_str(text, "%d-%b-%Y %H:%M:%S %z").ok().or_else(|| parse_other_form(text))?;
    let year = chrono::Datelike::year(&date);
    (1..=9999).contains(&year).then_some(date)
}

fn parse_other_form(text: &str) -> Option<DateTime<FixedOffset>> {
    // `Tue, 07 Jan 2020 …`, `Tue Jan  7 … 2020`, `… +0300 (MSK)`
    let mut words: Vec<&str> =
        text.split(|c: char| c.is_whitespace() || c == ',').filter(|word| !word.is_empty()).collect();
    words.retain(|word| !word.starts_with('('));
    const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
    if words.first().is_some_and(|word| DAYS.iter().any(|day| word.to_ascii_lowercase().starts_with(day))) {
        words.remove(0);
    }
    // `2020-01-07T01:02:03Z`
    let iso = DateTime::parse_from_rfc3339(text).ok();
    let with_zone_name = |word: &&str| word.chars().all(char::is_alphabetic);
    let numeric = words.iter().rposition(|word| zone_offset(word).is_some());
    let named = words.iter().rposition(|word| named_zone(word).is_some());
    // `+0300 MSK`: the number is more precise than the name.
    let zone = numeric.or(named);
    let offset = match zone {
        Some(at) => zone_offset(words[at]).or_else(|| named_zone(words[at]))?,
        // An unknown zone is ignored: some hours wrong, but the right day.
        None => 0,
    };
    if let Some(at) = zone {
        words.remove(at);
        // What follows the offset is the zone's name. A month has three letters, and is never the last word.
        if words.len() > 2 && words.get(at).is_some_and(with_zone_name) {
            words.remove(at);
        }
    }
    let rest = words.join(" ");
    let local = FORMS.iter().find_map(|form| NaiveDateTime::parse_from_str(&rest, form).ok());
    let read = local.and_then(|local| FixedOffset::east_opt(offset)?.from_local_datetime(&local).single());
    iso.or(read)
}

/// `+0100`, `-08:00`, in seconds.
fn zone_offset(word: &str) -> Option<i32> {
    let (sign, digits) = match word.split_at_checked(1)? {
        ("+", digits) => (1, digits),
        ("-", digits) => (-1, digits),
        _ => return None,
    };
    let digits = digits.replace(':', "");
    let number: i32 = Some(&digits).filter(|digits| digits.len() == 4)?.parse().ok()?;
    let (hours, minutes) = (number / 100, number % 100);
    (hours < 24 && minutes < 60).then_some(sign * (hours * 3600 + minutes * 60))
}

/// The zones that RFC 5322 (section 4.3) names, and those of Europe that servers send, in seconds.
fn named_zone(word: &str) -> Option<i32> {
    let hours = match word.to_ascii_uppercase().as_str() {
        "UT" | "UTC" | "GMT" | "Z" | "WET" => 0,
        "BST" | "CET" | "MET" | "WEST" => 1,
        "CEST" | "MEST" | "EET" => 2,
        "EEST" | "MSK" => 3,
        "EDT" => -4,
        "EST" | "CDT" => -5,
        "CST" | "MDT" => -6,
        "MST" | "PDT" => -7,
        "PST" => -8,
        "JST" | "KST" => 9,
        _ => return None,
    };
    Some(hours * 3600)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_comes_back_as_it_was() {
        for text in [
            "17-Jul-1996 02:44:25 -0700",
            "01-Jan-1970 00:00:00 +0000",
            "19-Jan-2038 03:14:08 +1400",
            "13-Dec-1901 20:45:52 -1200",
            "30-Jun-2015 23:59:60 +0000",
        ] {
            assert_eq!(date_text(&parse_date(text).unwrap()), text);
        }
        assert_eq!(date_text(&parse_date(" 7-Feb-2020 01:02:03 +0530").unwrap()), "07-Feb-2020 01:02:03 +0530");
    }

    #[test]
    fn a_date_in_another_form_is_read_as_what_it_plainly_says() {
        for (text, meant) in [
            ("Tue, 07 Jan 2020 12:13:14 +0100", "2020-01-07T12:13:14+01:00"),
            ("Tue, 7 Jan 2020 12:13:14 +0100 (CET)", "2020-01-07T12:13:14+01:00"),
            ("7 Jan 2020 12:13:14 EST", "2020-01-07T12:13:14-05:00"),
            ("12-Feb-2018 19:50:00 +0300 MSK", "2018-02-12T19:50:00+03:00"),
            ("12-Feb-2018 19:50:00 MSK", "2018-02-12T19:50:00+03:00"),
            ("7-Jan-2020 01:02:03 +0000", "2020-01-07T01:02:03+00:00"),
            ("07-JAN-2020 01:02:03 +0000", "2020-01-07T01:02:03+00:00"),
            ("07-Jan-2020 01:02:03 GMT", "2020-01-07T01:02:03+00:00"),
            ("07-Jan-2020 01:02:03", "2020-01-07T01:02:03+00:00"),
            ("07-Jan-2020 01:02:03 +00:00", "2020-01-07T01:02:03+00:00"),
            ("07-Jan-2020  01:02:03 -08:00", "2020-01-07T01:02:03-08:00"),
            ("Tue Jan  7 01:02:03 2020", "2020-01-07T01:02:03+00:00"),
            ("Tue Jan  7 01:02:03 2020 +0200", "2020-01-07T01:02:03+02:00"),
            ("Tue Jan  7 01:02:03 PST 2020", "2020-01-07T01:02:03-08:00"),
            ("2020-01-07 01:02:03", "2020-01-07T01:02:03+00:00"),
            ("2020-01-07T01:02:03Z", "2020-01-07T01:02:03+00:00"),
        ] {
            assert_eq!(parse_date(text).map(|date| date.to_rfc3339()).as_deref(), Some(meant), "{text}");
        }
    }

    #[test]
    fn a_date_without_sense_is_none() {
        for text in ["", "NIL", "00-Jan-0000 00:00:00 +0000", "31-Feb-2020 00:00:00 +0000", "1-Foo-2020 00:00:00 +0000"]
        {
            assert_eq!(parse_date(text), None, "{text}");
        }
    }
}
