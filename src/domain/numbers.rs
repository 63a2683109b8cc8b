//! Counts, sizes, rates and durations as a person reads them.

/// A count with separators: `212,430`.
pub fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A count with its noun: `1 message`, `212,430 messages`.
pub fn counted(number: u64, noun: &str) -> String {
    format!("{} {noun}{}", count(number), if number == 1 { "" } else { "s" })
}

/// A size in units of a thousand, as for disks and quotas: `812 bytes`, `31.4 GB`.
pub fn size(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["KB", "MB", "GB", "TB", "PB"];
    if bytes < 1000 {
        return counted(bytes, "byte");
    }
    let mut value = bytes as f64 / 1000.0;
    let mut unit = 0;
    // 999.95 would be shown as 1000.0.
    while value >= 999.95 && unit + 1 < UNITS.len() {
        value /= 1000.0;
        unit += 1;
    }
    format!("{value:.1} {}", UNITS[unit])
}

/// A rate: `4.2 MB/s`.
pub fn rate(bytes_per_second: f64) -> String {
    // A float turned into an integer saturates; what is not a number becomes 0.
    format!("{}/s", size(bytes_per_second.round() as u64).replace("bytes", "B").replace("byte", "B"))
}

/// A duration in milliseconds as text: `0.8 s`, `45 s`, `3 min 20 s`, `2 h 12 min`, `3 d 4 h`.
pub fn duration(milliseconds: u64) -> String {
    let seconds = milliseconds / 1000;
    match seconds {
        0..10 => format!("{}.{} s", seconds, milliseconds % 1000 / 100),
        10..60 => format!("{seconds} s"),
        60..3600 => format!("{} min {} s", seconds / 60, seconds % 60),
        3600..86_400 => format!("{} h {} min", seconds / 3600, seconds % 3600 / 60),
        _ => format!("{} d {} h", seconds / 86_400, seconds % 86_400 / 3600),
    }
}

/// How long something took, in milliseconds; never `0.0 s`.
pub fn took(milliseconds: u64) -> String {
    if milliseconds < 100 { "less than 0.1 s".to_owned() } else { duration(milliseconds) }
}

/// The time left, in seconds, as a person would say it: `about 40 minutes`.
pub fn time_left(seconds: u64) -> String {
    let rounded = |value: u64, step: u64| value.div_ceil(step) * step;
    let minutes = seconds.div_ceil(60);
    match minutes {
        _ if seconds < 60 => "less than a minute".to_owned(),
        1 => "about a minute".to_owned(),
        2..=10 => format!("about {minutes} minutes"),
        11..=55 => format!("about {} minutes", rounded(minutes, 5)),
        56..=75 => "about an hour".to_owned(),
        76..=180 => {
            let halves = minutes.div_ceil(30);
            format!("about {}{} hours", halves / 2, if halves % 2 == 1 { "½" } else { "" })
        }
        181..=2160 => format!("about {} hours", minutes.div_ceil(60)),
        _ => format!("about {} days", minutes.div_ceil(1440)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_said_as_a_person_reads_them() {
        assert_eq!([0, 999, 1000, 212_430, 1_000_000].map(count), ["0", "999", "1,000", "212,430", "1,000,000"]);
        assert_eq!([1, 2].map(|number| counted(number, "message")), ["1 message", "2 messages"]);
        assert_eq!(
            [0, 1, 999, 1000, 999_949, 999_950, 31_400_000_000].map(size),
            ["0 bytes", "1 byte", "999 bytes", "1.0 KB", "999.9 KB", "1.0 MB", "31.4 GB"]
        );
        assert_eq!(size(u64::MAX), "18446.7 PB");
        assert_eq!([0.4, 4_200_000.0, f64::NAN].map(rate), ["0 B/s", "4.2 MB/s", "0 B/s"]);
    }

    #[test]
    fn durations_are_said_in_two_units() {
        assert_eq!(
            [0, 820, 45_000, 200_000, 7_920_000, 273_600_000].map(duration),
            ["0.0 s", "0.8 s", "45 s", "3 min 20 s", "2 h 12 min", "3 d 4 h"]
        );
        assert_eq!([0, 99, 100].map(took), ["less than 0.1 s", "less than 0.1 s", "0.1 s"]);
    }

    #[test]
    fn the_time_left_is_no_more_exact_than_it_can_be() {
        let said = [5, 60, 61, 600, 2290, 3300, 3900, 4600, 9000, 40_000, 200_000].map(time_left);
        assert_eq!(
            said,
            [
                "less than a minute",
                "about a minute",
                "about 2 minutes",
                "about 10 minutes",
                "about 40 minutes",
                "about 55 minutes",
                "about an hour",
                "about 1½ hours",
                "about 2½ hours",
                "about 12 hours",
                "about 3 days"
            ]
        );
    }
}
