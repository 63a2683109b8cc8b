//! Pauses and moments as typed.

use chrono::{DateTime, Local, NaiveDateTime, TimeZone};

/// A pause such as `30m`, `6h` or `1d`, in seconds. The error is a sentence.
pub(super) fn read_pause(text: &str) -> Result<u32, String> {
    let wrong = || format!("'{text}' is not a pause such as 30m, 6h or 1d.");
    let unit = text.chars().next_back().ok_or_else(wrong)?;
    let seconds = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3600,
        'd' => 86_400,
        _ => return Err(wrong()),
    };
    let number: u32 = text[..text.len() - 1].trim().parse().map_err(|_| wrong())?;
    number.checked_mul(seconds).filter(|seconds| *seconds > 0).ok_or_else(wrong)
}

/// A moment such as `2026-12-24T18:00`, in this computer's time or with an offset, as seconds since 1970. The error is a sentence.
pub(super) fn read_moment(text: &str) -> Result<i64, String> {
    if let Ok(moment) = DateTime::parse_from_rfc3339(text) {
        return Ok(moment.timestamp());
    }
    let forms = ["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M"];
    let naive = forms.iter().find_map(|form| NaiveDateTime::parse_from_str(text, form).ok());
    let naive = naive.ok_or_else(|| format!("'{text}' is not a moment such as 2026-12-24T18:00."))?;
    let local = Local.from_local_datetime(&naive).earliest();
    local.map(|moment| moment.timestamp()).ok_or_else(|| format!("There is no {text} in this computer's time zone."))
}

/// A moment in milliseconds since 1970 as local time, RFC 3339.
pub(super) fn show_moment(milliseconds: i64) -> String {
    let moment = DateTime::from_timestamp_millis(milliseconds).map(|moment| moment.with_timezone(&Local));
    moment.map_or_else(String::new, |moment| moment.to_rfc3339_opts(chrono::SecondsFormat::Secs, false))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_and_moments_are_read_as_people_write_them() {
        assert_eq!(["90s", "30m", "6h", "1d"].map(|text| read_pause(text).unwrap()), [90, 1800, 21_600, 86_400]);
        for wrong in ["", "6", "h", "-1h", "0h", "1w", "99999999d", "6\u{fc}"] {
            assert!(read_pause(wrong).is_err(), "{wrong}");
        }
        assert_eq!(read_moment("1970-01-01T01:00:00+01:00"), Ok(0));
        let local = read_moment("2026-12-24T18:00").unwrap();
        assert!(show_moment(local * 1000).starts_with("2026-12-24T18:00:00"));
        assert!(read_moment("Christmas").is_err());
    }
}
