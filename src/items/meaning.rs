//! Whether two calendar objects mean the same.
//!
//! Each component is reduced to its properties in one form: moments as instants through their time zones, texts without escapes, rules
//! written differently by their occurrences, attachments by their bytes. PRODID, DTSTAMP, SEQUENCE, CREATED, LAST-MODIFIED,
//! REQUEST-STATUS, X-properties and values that equal the standard's default do not count.

use super::component::Component;
use super::line::{Line, split_escaped, unescape};
use super::zone::{self, Zone};
use super::{CalendarItem, Differences, recurrence};
use crate::domain::Difference;
use base64::engine::general_purpose::STANDARD;
use base64::read::DecoderReader;
use chrono::Duration;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;

/// Properties that a server may change, add or leave out without changing the meaning. UIDs are compared separately.
const UNCOUNTED: [&str; 7] = ["PRODID", "DTSTAMP", "SEQUENCE", "CREATED", "LAST-MODIFIED", "UID", "REQUEST-STATUS"];
/// Values that mean the same as an absent property (RFC 5545, section 3.8).
const DEFAULTS: [(&str, &str); 5] =
    [("CLASS", "PUBLIC"), ("PRIORITY", "0"), ("TRANSP", "OPAQUE"), ("PERCENT-COMPLETE", "0"), ("SEQUENCE", "0")];

/// The differences between two objects; empty if both mean the same.
pub(super) fn differences(sent: &CalendarItem, stored: &CalendarItem) -> Differences {
    let mut found = BTreeSet::new();
    if sent.uid != stored.uid {
        found.insert("UID".to_owned());
    }
    let (left, right) = (by_recurrence(sent), by_recurrence(stored));
    let mut is_other_series = false;
    for (id, one) in &left {
        match right.get(id) {
            Some(other) => found.extend(differ((one, &sent.zones), (other, &stored.zones))),
            None => is_other_series = true,
        }
    }
    is_other_series |= right.keys().any(|id| !left.contains_key(id));
    let mut differences: Differences = found.into_iter().map(|name| Difference::Property { name }).collect();
    differences.extend(is_other_series.then_some(Difference::Exception));
    differences.extend((sent.kind != stored.kind).then_some(Difference::Kind));
    differences
}

fn by_recurrence(item: &CalendarItem) -> BTreeMap<Option<Vec<String>>, &Component> {
    let key = |component: &Component| component.line("RECURRENCE-ID").map(|line| moments(line, &item.zones));
    item.components.iter().map(|component| (key(component), component)).collect()
}

fn differ(one: (&Component, &[Component]), other: (&Component, &[Component])) -> BTreeSet<String> {
    let (left, right) = (properties(one.0, one.1), properties(other.0, other.1));
    let names: BTreeSet<&String> = left.keys().chain(right.keys()).collect();
    let mut found: BTreeSet<String> =
        names.into_iter().filter(|name| left.get(*name) != right.get(*name)).cloned().collect();
    // Rules in different words or zones are the same if their occurrences are.
    if left.contains_key("RRULE") && right.contains_key("RRULE") {
        let same_text = !found.contains("RRULE") && zone_of(one.0, one.1) == zone_of(other.0, other.1);
        if !same_text {
            match (series(one.0, one.1), series(other.0, other.1)) {
                (Some(left), Some(right)) if left == right => found.remove("RRULE"),
                _ => found.insert("RRULE".to_owned()),
            };
        }
    }
    found
}

/// The text of a component's own zone; if two are equal, so are their instants.
fn zone_of(component: &Component, zones: &[Component]) -> Option<String> {
    let id = component.line("DTSTART").or_else(|| component.line("DUE"))?.parameter("TZID")?.to_owned();
    let mut text = String::new();
    zones.iter().filter(|zone| zone.text("TZID").as_deref() == Some(&id)).for_each(|zone| zone.write(&mut text));
    Some(format!("{id}\n{text}"))
}

/// The first instants of a series, and its COUNT or UNTIL if it has more. None if the rule is not understood.
fn series(component: &Component, zones: &[Component]) -> Option<(Vec<i64>, Vec<String>)> {
    let start = component.line("DTSTART").or_else(|| component.line("DUE"))?;
    let (first, zone) = (zone::local(&start.value)?, start.parameter("TZID").and_then(|id| Zone::of(id, zones)));
    let rule = component.line("RRULE")?.value.to_ascii_uppercase();
    let rule: Vec<String> = rule.split(';').map(|part| local_until(part, zone.as_ref())).collect();
    let (all, ended) = recurrence::occurrences(first, &rule.join(";"))?;
    let instant = |local: &chrono::NaiveDateTime| match &zone {
        Some(zone) => zone.instant(*local),
        None => Some(local.and_utc().timestamp()),
    };
    let is_end = |part: &&String| !ended && (part.starts_with("COUNT") || part.starts_with("UNTIL"));
    Some((all.iter().map(instant).collect::<Option<_>>()?, rule.iter().filter(is_end).cloned().collect()))
}

/// Converts a rule's UNTIL from UTC to the series' own time.
fn local_until(part: &str, zone: Option<&Zone>) -> String {
    let Some(until) = part.strip_prefix("UNTIL=").filter(|until| until.ends_with('Z')) else { return part.to_owned() };
    let local = zone::local(until).and_then(|utc| match zone {
        Some(zone) => zone.local(utc.and_utc().timestamp()),
        None => Some(utc),
    });
    local.map_or_else(|| part.to_owned(), |local| format!("UNTIL={}", local.format("%Y%m%dT%H%M%S")))
}

/// The properties of a component, with normalized and sorted values.
fn properties(component: &Component, zones: &[Component]) -> BTreeMap<String, Vec<String>> {
    let mut all: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for line in &component.lines {
        let name = line.name.as_str();
        let is_default =
            DEFAULTS.iter().any(|(own, value)| *own == name && line.value.trim().eq_ignore_ascii_case(value));
        if UNCOUNTED.contains(&name) || name.starts_with("X-") || is_default || line.value.trim().is_empty() {
            continue;
        }
        let values = match name {
            "DTSTART" | "DTEND" | "DUE" | "RECURRENCE-ID" | "COMPLETED" | "EXDATE" | "RDATE" => moments(line, zones),
            "RRULE" | "EXRULE" => vec![rule(&line.value)],
            "DURATION" => continue,
            "CATEGORIES" | "RESOURCES" => split_escaped(&line.value, ',').iter().map(|part| plain(part)).collect(),
            "ATTACH" | "IMAGE" => vec![content(line)],
            "ATTENDEE" | "ORGANIZER" => vec![person(line)],
            "SUMMARY" | "DESCRIPTION" | "LOCATION" | "COMMENT" | "CONTACT" => vec![plain(&line.value)],
            _ => vec![plain(&line.value).to_lowercase()],
        };
        all.entry(name.to_owned()).or_default().extend(values.into_iter().filter(|value| !value.is_empty()));
    }
    if let Some(end) = end(component, zones) {
        all.insert(if component.name == "VTODO" { "DUE" } else { "DTEND" }.to_owned(), vec![end]);
    }
    let alarms: Vec<String> =
        component.parts.iter().filter(|part| part.name == "VALARM").map(|part| alarm(part, zones)).collect();
    if !alarms.is_empty() {
        all.insert("VALARM".to_owned(), alarms);
    }
    for (name, values) in &mut all {
        values.sort();
        if matches!(name.as_str(), "CATEGORIES" | "EXDATE" | "RDATE" | "VALARM") {
            values.dedup();
        }
    }
    all.retain(|_, values| !values.is_empty());
    all
}

/// The moments in a line, in one form. Days, floating times and instants stay distinct.
fn moments(line: &Line, zones: &[Component]) -> Vec<String> {
    let zone = line.parameter("TZID").map(|id| Zone::of(id, zones));
    line.value.split(',').map(|value| moment(value.trim(), zone.as_ref())).collect()
}

fn moment(value: &str, zone: Option<&Option<Zone>>) -> String {
    if let Some((start, rest)) = value.split_once('/') {
        let end = match seconds(rest) {
            Some(seconds) => {
                zone::local(start).map(|start| (start + Duration::seconds(seconds)).format("%Y%m%dT%H%M%S").to_string())
            }
            None => Some(rest.to_owned()),
        };
        let end = end.map(|end| if start.ends_with('Z') && !end.ends_with('Z') { format!("{end}Z") } else { end });
        return format!("{} to {}", moment(start, zone), moment(&end.unwrap_or_default(), zone));
    }
    let Some(local) = zone::local(value) else { return value.to_owned() };
    if !value.contains(['T', 't']) {
        return format!("day {value}");
    }
    let instant = match zone {
        _ if value.ends_with(['Z', 'z']) => Some(local.and_utc().timestamp()),
        Some(Some(zone)) => zone.instant(local),
        Some(None) => None,
        None => return format!("floating {}", local.format("%Y%m%dT%H%M%S")),
    };
    instant.map_or_else(|| value.to_owned(), |instant| format!("instant {instant}"))
}

/// The end, whether given as an end, as a duration, or implied by the beginning.
fn end(component: &Component, zones: &[Component]) -> Option<String> {
    let end = component.line("DTEND").or_else(|| component.line("DUE")).filter(|line| !line.value.trim().is_empty());
    if let Some(line) = end {
        return moments(line, zones).into_iter().next();
    }
    let start = component.line("DTSTART")?;
    let local = zone::local(&start.value)?;
    let is_day = !start.value.contains(['T', 't']);
    let duration = component.line("DURATION").and_then(|line| seconds(&line.value));
    let zone = start.parameter("TZID").map(|id| Zone::of(id, zones));
    let seconds = match duration {
        Some(seconds) => seconds,
        None if component.name == "VTODO" => return None,
        None if is_day => 86_400,
        None => 0,
    };
    if is_day {
        return Some(format!("day {}", (local + Duration::seconds(seconds)).format("%Y%m%d")));
    }
    let is_utc = start.value.trim().ends_with(['Z', 'z']);
    match (is_utc, &zone) {
        (false, Some(Some(zone))) => {
            // Days of a duration are days of the calendar, hours are hours of the clock (RFC 5545, section 3.3.6).
            let whole_days = seconds - seconds % 86_400;
            let day = zone.instant(local + Duration::seconds(whole_days))?;
            Some(format!("instant {}", day + seconds % 86_400))
        }
        (true, _) => Some(format!("instant {}", local.and_utc().timestamp() + seconds)),
        _ => Some(format!("floating {}", (local + Duration::seconds(seconds)).format("%Y%m%dT%H%M%S"))),
    }
}

/// A duration such as `-P1DT2H` in seconds.
fn seconds(text: &str) -> Option<i64> {
    let text = text.trim().to_ascii_uppercase();
    let (sign, rest) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+').unwrap_or(&text)),
    };
    let (mut total, mut number) = (0_i64, String::new());
    for character in rest.strip_prefix('P')?.chars() {
        let unit = match character {
            '0'..='9' if number.len() < 9 => {
                number.push(character);
                continue;
            }
            'T' if number.is_empty() => continue,
            'W' => 604_800,
            'D' => 86_400,
            'H' => 3_600,
            'M' => 60,
            'S' => 1,
            _ => return None,
        };
        total += number.parse::<i64>().ok()? * unit;
        number.clear();
    }
    number.is_empty().then_some(sign * total)
}

/// A rule with sorted parts, without defaults.
fn rule(value: &str) -> String {
    let mut parts: Vec<String> = value
        .to_ascii_uppercase()
        .split(';')
        .map(str::trim)
        .filter(|part| !part.is_empty() && *part != "INTERVAL=1" && *part != "WKST=MO")
        .map(|part| match part.split_once('=') {
            Some((name, list)) if name.starts_with("BY") => {
                let mut list: Vec<&str> = list.split(',').collect();
                list.sort_unstable();
                format!("{name}={}", list.join(","))
            }
            _ => part.to_owned(),
        })
        .collect();
    parts.sort();
    parts.join(";")
}

fn alarm(alarm: &Component, zones: &[Component]) -> String {
    let mut parts = Vec::new();
    for line in &alarm.lines {
        parts.push(match line.name.as_str() {
            "TRIGGER" => match seconds(&line.value) {
                Some(seconds) => {
                    let related = line.parameter("RELATED").unwrap_or("START").to_ascii_uppercase();
                    format!("TRIGGER {related} {seconds}")
                }
                None => format!("TRIGGER {:?}", moments(line, zones)),
            },
            "DURATION" => format!("DURATION {:?}", seconds(&line.value)),
            "ACTION" => format!("ACTION {}", line.value.trim().to_ascii_uppercase()),
            "REPEAT" | "DESCRIPTION" | "SUMMARY" => format!("{} {}", line.name, plain(&line.value)),
            "ATTENDEE" => format!("ATTENDEE {}", person(line)),
            _ => continue,
        });
    }
    parts.sort();
    parts.join("; ")
}

/// A text without escapes, with uniform line breaks and without blanks at the ends.
pub(super) fn plain(value: &str) -> String {
    unescape(value).replace("\r\n", "\n").lines().map(str::trim_end).collect::<Vec<_>>().join("\n").trim().to_owned()
}

/// The attachment in one form: its URI, or its size and hash.
fn content(line: &Line) -> String {
    if is_binary(line) { bytes(&line.value) } else { line.value.trim().to_owned() }
}

fn is_binary(line: &Line) -> bool {
    line.parameter("ENCODING").is_some_and(|it| it.eq_ignore_ascii_case("BASE64") || it.eq_ignore_ascii_case("b"))
}

/// Replaces attached bytes by their size and hash.
pub(super) fn condense(line: &mut Line) {
    let is_bytes = match line.name.as_str() {
        "ATTACH" | "IMAGE" => is_binary(line),
        "PHOTO" | "LOGO" | "SOUND" | "KEY" => line.parameter("ENCODING").is_some(),
        _ => false,
    };
    if is_bytes {
        line.value = bytes(&line.value);
        line.parameters.retain(|(name, _)| name != "ENCODING");
    }
}

/// The size and hash of bytes in Base64. They are decoded in pieces, as they may be large.
pub(super) fn bytes(base64: &str) -> String {
    let hash = || -> std::io::Result<String> {
        let mut decoded = DecoderReader::new(WithoutBlanks(base64.bytes()), &STANDARD);
        let (mut hasher, mut length, mut part) = (blake3::Hasher::new(), 0, vec![0; 1 << 16]);
        loop {
            match decoded.read(&mut part)? {
                0 => return Ok(format!("{length} bytes {}", hasher.finalize().to_hex())),
                read => {
                    length += read;
                    hasher.update(part.get(..read).unwrap_or_default());
                }
            }
        }
    };
    hash().unwrap_or_else(|_| base64.chars().filter(|it| !it.is_whitespace()).collect())
}

/// Skips blanks in a text.
struct WithoutBlanks<'a>(std::str::Bytes<'a>);

impl Read for WithoutBlanks<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let bytes = self.0.by_ref().filter(|byte| !byte.is_ascii_whitespace());
        Ok(buffer.iter_mut().zip(bytes).map(|(place, byte)| *place = byte).count())
    }
}

fn person(line: &Line) -> String {
    let of = |name: &str, default: &str| line.parameter(name).unwrap_or(default).to_ascii_uppercase();
    format!("{} {} {}", line.value.trim().to_lowercase(), of("PARTSTAT", "NEEDS-ACTION"), of("ROLE", "REQ-PARTICIPANT"))
}

#[cfg(test)]
mod tests;
