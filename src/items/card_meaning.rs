//! Whether two contacts mean the same: names, addresses, numbers with their kinds, texts, and pictures by their bytes.
//!
//! PRODID, REV, X-properties, groups and the order of lines do not count; nor does a kind that a line has by default (INTERNET for an
//! address, VOICE for a number).

use super::line::{Line, split_escaped};
use super::meaning::{bytes, plain};
use super::{Card, Differences};
use crate::domain::Difference;
use std::collections::{BTreeMap, BTreeSet};

impl Card {
    /// The names of the properties that differ; empty if both mean the same.
    pub fn differences(&self, other: &Card) -> Differences {
        let (left, right) = (properties(self), properties(other));
        let names: BTreeSet<&String> = left.keys().chain(right.keys()).collect();
        names
            .into_iter()
            .filter(|name| left.get(*name) != right.get(*name))
            .map(|name| Difference::Property { name: name.clone() })
            .collect()
    }
}

fn properties(card: &Card) -> BTreeMap<String, Vec<String>> {
    let mut all: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for line in &card.lines {
        let name = line.name.as_str();
        if name.starts_with("X-")
            || matches!(name, "REV" | "PRODID" | "VERSION" | "SORT-STRING" | "MAILER" | "NAME" | "SOURCE" | "PROFILE")
        {
            continue;
        }
        let values = match name {
            "N" | "ADR" | "ORG" => vec![structured(line)],
            "CATEGORIES" | "NICKNAME" => split_escaped(&line.value, ',').iter().map(|part| plain(part)).collect(),
            "TEL" | "EMAIL" | "IMPP" | "URL" if plain(&line.value).is_empty() => continue,
            "TEL" | "EMAIL" | "IMPP" | "URL" => vec![format!("{} {:?}", plain(&line.value), kinds(line))],
            "PHOTO" | "LOGO" | "SOUND" | "KEY" if line.parameter("ENCODING").is_some() => vec![bytes(&line.value)],
            "BDAY" => vec![day(&line.value)],
            "UID" => vec![line.text().trim().to_owned()],
            _ => vec![plain(&line.value)],
        };
        all.entry(name.to_owned()).or_default().extend(values.into_iter().filter(|value| !value.is_empty()));
    }
    for values in all.values_mut() {
        values.sort();
        values.dedup();
    }
    all.retain(|_, values| !values.is_empty());
    all
}

/// The parts of a structured value, without empty ones at its end.
fn structured(line: &Line) -> String {
    let mut parts: Vec<String> = split_escaped(&line.value, ';').iter().map(|part| plain(part)).collect();
    while parts.last().is_some_and(String::is_empty) {
        parts.pop();
    }
    if parts.is_empty() {
        return String::new();
    }
    let kinds = if line.name == "ADR" { format!(" {:?}", kinds(line)) } else { String::new() };
    format!("{parts:?}{kinds}")
}

fn kinds(line: &Line) -> BTreeSet<String> {
    let all = line.parameters.iter().filter(|(name, _)| name == "TYPE").flat_map(|(_, values)| values);
    let all = all.flat_map(|value| value.split(',')).map(|value| value.trim().to_ascii_uppercase());
    let usual = ["INTERNET", "VOICE", "OTHER", "POSTAL", "PARCEL", "INTL", "X400", ""];
    all.filter(|value| !usual.contains(&value.as_str())).collect()
}

/// A day in one form, without dashes and time.
fn day(value: &str) -> String {
    let value = value.trim();
    let date = value.split(['T', 't']).next().unwrap_or(value);
    let digits: String = date.chars().filter(char::is_ascii_digit).collect();
    if digits.len() == 8 { digits } else { value.to_owned() }
}

#[cfg(test)]
mod tests {
    use crate::domain::Difference;
    use crate::items::{Card, Differences, split_cards};

    fn card(lines: &str) -> Card {
        split_cards(&format!("BEGIN:VCARD\nVERSION:3.0\nUID:u\nFN:A\n{lines}\nEND:VCARD"), "").remove(0).unwrap().0
    }

    #[test]
    fn what_a_server_may_write_differently_is_no_difference() {
        for (one, other) in [
            ("TEL;TYPE=HOME,VOICE:1", "item1.TEL;TYPE=home:1\nitem1.X-ABLabel:x\nREV:2024"),
            ("N:A;;;;", "N:A"),
            ("EMAIL;TYPE=INTERNET:a@b.c", "EMAIL:a@b.c"),
            ("BDAY:1970-01-02", "BDAY;VALUE=date:19700102"),
            ("ADR;TYPE=WORK:;;Street 1;Town;;123;", "ADR;TYPE=work:;;Street 1;Town;;123"),
        ] {
            assert_eq!(card(one).differences(&card(other)), Differences::new(), "{one} | {other}");
        }
    }

    #[test]
    fn what_means_something_else_is_named() {
        for (one, other, name) in [
            ("TEL;TYPE=HOME:1", "TEL;TYPE=WORK:1", "TEL"),
            ("TEL:1\nTEL:2", "TEL:1", "TEL"),
            ("NOTE:a", "NOTE:b", "NOTE"),
            ("PHOTO;ENCODING=b:AAAA", "PHOTO;ENCODING=b:AAAB", "PHOTO"),
            ("CATEGORIES:a,b", "CATEGORIES:a", "CATEGORIES"),
            ("ADR:;;Street 1;Town;;123;", "ADR:;;Street 2;Town;;123;", "ADR"),
        ] {
            assert_eq!(
                card(one).differences(&card(other)),
                [Difference::Property { name: name.to_owned() }],
                "{one} | {other}"
            );
        }
    }
}
