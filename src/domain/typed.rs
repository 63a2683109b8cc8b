//! Days, sizes and rates as a person types them.

use chrono::NaiveDate;
use std::fmt;

/// What was typed is not what was asked for. Its `Display` is a clause.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mistyped {
    /// It is no day.
    Day(String),
    /// It is no size.
    Size(String),
    /// It is no rate.
    Rate(String),
}

/// Reads a day as `2024-02-29`.
pub fn read_date(text: &str) -> Result<NaiveDate, Mistyped> {
    NaiveDate::parse_from_str(text, "%Y-%m-%d").map_err(|_| Mistyped::Day(text.to_owned()))
}

/// Reads a size as `50 MB`, `700k`, `2 GB` or a number of bytes; K, M and G are powers of 1024.
pub fn read_size(text: &str) -> Result<u64, Mistyped> {
    let wrong = || Mistyped::Size(text.to_owned());
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (digits, unit) = text.split_at(end);
    let number: u64 = digits.parse().map_err(|_| wrong())?;
    let factor = match unit.trim().to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "k" | "kb" => 1 << 10,
        "m" | "mb" => 1 << 20,
        "g" | "gb" => 1 << 30,
        _ => return Err(wrong()),
    };
    number.checked_mul(factor).ok_or_else(wrong)
}

/// Reads `5 MB/s`, `500 kB/s`, `1.5 MiB`, `20 Mbit/s` as bytes a second.
pub fn read_rate(text: &str) -> Result<u64, Mistyped> {
    let wrong = || Mistyped::Rate(text.to_owned());
    let trimmed = text.trim();
    let unit_at = trimmed.find(|c: char| !c.is_ascii_digit() && c != '.').ok_or_else(wrong)?;
    let (number, unit) = trimmed.split_at(unit_at);
    let unit = unit.trim().to_ascii_lowercase();
    let bytes = match unit.strip_suffix("/s").unwrap_or(&unit) {
        "kb" => 1e3,
        "mb" => 1e6,
        "gb" => 1e9,
        "kib" => 1024.0,
        "mib" => 1024.0 * 1024.0,
        "gib" => 1024.0 * 1024.0 * 1024.0,
        "kbit" => 1e3 / 8.0,
        "mbit" => 1e6 / 8.0,
        "gbit" => 1e9 / 8.0,
        _ => return Err(wrong()),
    };
    let rate = number.parse::<f64>().map_err(|_| wrong())? * bytes;
    if (1e3..=1e12).contains(&rate) { Ok(rate as u64) } else { Err(wrong()) }
}

impl fmt::Display for Mistyped {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Day(text) => write!(formatter, "'{text}' is not a day like 2024-02-29"),
            Self::Size(text) => write!(formatter, "'{text}' is not a size like 50 MB"),
            Self::Rate(text) => {
                write!(formatter, "'{text}' is not a rate like '5 MB/s' or '20 Mbit/s', at least 1 kB/s")
            }
        }
    }
}

impl std::error::Error for Mistyped {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_read_in_every_usual_unit() {
        for (text, bytes) in [
            ("5 MB/s", 5_000_000),
            ("500kb", 500_000),
            ("1.5 MiB/s", 1_572_864),
            ("20 Mbit/s", 2_500_000),
            (" 1 kB/s ", 1000),
        ] {
            assert_eq!(read_rate(text), Ok(bytes), "{text}");
        }
        for wrong in ["", "5", "MB/s", "-1 MB/s", "5 mails", "0.1 kB/s", "1.2.3 MB/s", "99999999 GB/s"] {
            assert!(read_rate(wrong).is_err(), "{wrong}");
        }
    }
}
