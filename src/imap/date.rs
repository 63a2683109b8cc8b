//! INTERNALDATE as it travels: `02-Jan-2006 15:04:05 +0000`, the day with two digits or a space (RFC 9051, `date-time`).

use chrono::{DateTime, FixedOffset};

/// A date as APPEND wants it, without quotes, the day with two digits.
pub fn date_text(date: &DateTime<FixedOffset>) -> String {
    // The names of the months are English in IMAP; chrono's are too, in every locale.
    date.format("%d-%b-%Y %H:%M:%S %z").to_string()
}

/// Reads a server's INTERNALDATE; none when it makes no sense, such as NIL, the year 0, or a month nobody knows.
pub(super) fn parse_date(text: &str) -> Option<DateTime<FixedOffset>> {
    let date = DateTime::parse_from_str(text.trim(), "%d-%b-%Y %H:%M:%S %z").ok()?;
    let year = chrono::Datelike::year(&date);
    (1..=9999).contains(&year).then_some(date)
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
    fn a_date_without_sense_is_none() {
        for text in ["", "NIL", "00-Jan-0000 00:00:00 +0000", "31-Feb-2020 00:00:00 +0000", "1-Foo-2020 00:00:00 +0000"]
        {
            assert_eq!(parse_date(text), None, "{text}");
        }
    }
}
