//! xCal (RFC 6321) as iCalendar: the same properties in XML.

use super::{attached, empty, other, with_parameter};
use crate::domain::{ItemFault, ItemForm};
use crate::items::line::{Line, escape};
use crate::items::part::Attachment;
use crate::xml::Element;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::percent_decode_str;

/// The calendar objects of a document.
pub(super) fn calendar(root: &Element, attachments: &[Attachment]) -> Result<String, ItemFault> {
    if root.name != "icalendar" {
        return Err(other(root, ItemForm::CalendarXml));
    }
    let mut text = String::new();
    root.children.iter().filter(|it| it.name == "vcalendar").for_each(|it| component(it, attachments, &mut text));
    if text.is_empty() { Err(empty(ItemForm::CalendarXml)) } else { Ok(text) }
}

fn component(element: &Element, attachments: &[Attachment], text: &mut String) {
    let name = element.name.to_ascii_uppercase();
    text.push_str(&format!("BEGIN:{name}\r\n"));
    for child in element.named("properties").iter().flat_map(|it| &it.children) {
        property(child, attachments).write(text);
    }
    element.named("components").iter().flat_map(|it| &it.children).for_each(|it| component(it, attachments, text));
    text.push_str(&format!("END:{name}\r\n"));
}

fn property(element: &Element, attachments: &[Attachment]) -> Line {
    let values: Vec<&Element> = element.children.iter().filter(|child| child.name != "parameters").collect();
    let kind = values.first().map(|value| value.name.clone()).unwrap_or_default();
    let value = values.iter().map(|element| value(element)).collect::<Vec<_>>();
    let separator = if element.name == "geo" || element.name == "request-status" { ";" } else { "," };
    let mut line = Line::new(&element.name.to_ascii_uppercase(), value.join(separator));
    for parameter in element.named("parameters").iter().flat_map(|it| &it.children) {
        let values = parameter.children.iter().map(|value| person(&value.text)).collect();
        line.parameters.push((parameter.name.to_ascii_uppercase(), values));
    }
    for (name, values) in &mut line.parameters {
        if name == "TZID" {
            values.iter_mut().for_each(|id| *id = zone(id));
        }
    }
    match kind.as_str() {
        "date" => with_parameter(line, "VALUE", "DATE"),
        "period" => with_parameter(line, "VALUE", "PERIOD"),
        "date-time" if element.name == "trigger" => with_parameter(line, "VALUE", "DATE-TIME"),
        "binary" => binary(line),
        "uri" if element.name == "attach" => match attached(attachments, &line.value) {
            Some(attachment) => {
                line.value = STANDARD.encode(&attachment.bytes);
                binary(line)
            }
            None => line,
        },
        _ => line,
    }
}

fn binary(line: Line) -> Line {
    with_parameter(with_parameter(line, "ENCODING", "BASE64"), "VALUE", "BINARY")
}

fn value(element: &Element) -> String {
    let text = element.text.trim();
    match element.name.as_str() {
        "text" => escape(&element.text),
        "date" => text.replace('-', ""),
        "date-time" | "time" | "until" => text.replace(['-', ':'], ""),
        "utc-offset" => text.replace(':', ""),
        "binary" => text.split_whitespace().collect(),
        "cal-address" => person(text),
        "period" => element.children.iter().map(value).collect::<Vec<_>>().join("/"),
        "start" | "end" => text.replace(['-', ':'], ""),
        "recur" => recurrence(element),
        _ if element.children.is_empty() => text.to_owned(),
        _ => element.children.iter().map(value).collect::<Vec<_>>().join(","),
    }
}

/// The parts of a rule; repeated ones are joined.
fn recurrence(element: &Element) -> String {
    let mut parts: Vec<(String, Vec<String>)> = Vec::new();
    for child in &element.children {
        let (name, value) = (child.name.to_ascii_uppercase(), value_of_rule(child));
        match parts.iter_mut().find(|(own, _)| *own == name) {
            Some((_, values)) => values.push(value),
            None => parts.push((name, vec![value])),
        }
    }
    let written: Vec<String> = parts.iter().map(|(name, values)| format!("{name}={}", values.join(","))).collect();
    written.join(";")
}

fn value_of_rule(element: &Element) -> String {
    if element.name == "until" && !element.children.is_empty() {
        return element.children.iter().map(value).collect();
    }
    if element.name == "until" { value(element) } else { element.text.trim().to_owned() }
}

/// Decodes an address as Kolab writes it: `mailto:%3Cann%40example.com%3E`.
fn person(text: &str) -> String {
    let text = text.trim();
    match text.strip_prefix("mailto:") {
        Some(address) => {
            let decoded = percent_decode_str(address).decode_utf8_lossy().into_owned();
            format!("mailto:{}", decoded.trim_start_matches('<').trim_end_matches('>'))
        }
        None => text.to_owned(),
    }
}

/// Removes Kolab's prefix, as in `/kolab.org/Europe/Berlin`.
fn zone(id: &str) -> String {
    id.strip_prefix("/kolab.org/").unwrap_or(id).to_owned()
}
