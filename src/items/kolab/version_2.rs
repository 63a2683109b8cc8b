//! Kolab's own XML of version 2: events, tasks and contacts.
//!
//! - An all-day event ends on its last day, in iCalendar on the day after.
//! - Details of a contact without a vCard property become lines of its note.

use super::{attached, other, with_parameter};
use crate::domain::{ItemFault, ItemForm};
use crate::items::component::Component;
use crate::items::line::{Line, escape};
use crate::items::part::Attachment;
use crate::xml::Element;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{Days, NaiveDate};

/// An event or a task as a calendar object.
pub(super) fn calendar(root: &Element, attachments: &[Attachment]) -> Result<String, ItemFault> {
    let is_task = match root.name.as_str() {
        "event" => false,
        "task" => true,
        _ => return Err(other(root, ItemForm::EventXml)),
    };
    let mut item = Component::new(if is_task { "VTODO" } else { "VEVENT" });
    let mut put = |name: &str, value: Option<String>| {
        item.lines.extend(value.filter(|value| !value.is_empty()).map(|value| Line::new(name, value)));
    };
    put("UID", text(root, "uid"));
    put("SUMMARY", text(root, "summary").or_else(|| text(root, "name")).map(|it| escape(&it)));
    put("DESCRIPTION", text(root, "body").map(|it| escape(&it)));
    put("LOCATION", text(root, "location").map(|it| escape(&it)));
    put("CATEGORIES", categories(root));
    put("CREATED", text(root, "creation-date").map(|it| moment(&it)));
    put("LAST-MODIFIED", text(root, "last-modification-date").map(|it| moment(&it)));
    put("CLASS", text(root, "sensitivity").map(|it| it.to_ascii_uppercase()));
    let busy = text(root, "show-time-as").filter(|it| it == "free").map(|_| "TRANSPARENT".to_owned());
    put("TRANSP", busy);
    if is_task {
        put(
            "PRIORITY",
            text(root, "priority").and_then(|it| Some((it.parse::<u8>().ok()?.clamp(1, 5) * 2 - 1).to_string())),
        );
        put("PERCENT-COMPLETE", text(root, "completed").filter(|it| it.parse::<u8>().is_ok()));
        put("STATUS", text(root, "status").and_then(|it| status(&it)));
    }
    let start = text(root, "start-date");
    let is_day = start.as_deref().is_some_and(|start| !start.contains('T'));
    item.lines.extend(start.as_deref().map(|start| dated("DTSTART", start)));
    if is_task {
        item.lines.extend(text(root, "due-date").map(|due| dated("DUE", &due)));
    } else if let Some(end) = text(root, "end-date") {
        let end = if is_day { day_after(&end).ok_or(ItemFault::NoDay { written: end })? } else { end };
        item.lines.push(dated("DTEND", &end));
    }
    if let Some(repeated) = root.named("recurrence") {
        item.lines.push(Line::new("RRULE", rule(repeated, is_day)));
        for day in repeated.children.iter().filter(|child| child.name == "exclusion") {
            let day = day.text.trim();
            let time = start.as_deref().and_then(|start| start.split_once('T')).map_or("", |(_, time)| time);
            item.lines.push(dated("EXDATE", &if is_day { day.to_owned() } else { format!("{day}T{time}") }));
        }
    }
    item.lines.extend(root.named("organizer").and_then(|it| person("ORGANIZER", it)));
    item.lines.extend(root.children.iter().filter(|it| it.name == "attendee").filter_map(|it| person("ATTENDEE", it)));
    for name in root.children.iter().filter(|child| child.name == "inline-attachment") {
        if let Some(file) = attached(attachments, &name.text) {
            let line = with_parameter(Line::new("ATTACH", STANDARD.encode(&file.bytes)), "FMTTYPE", &file.media_type);
            item.lines.push(with_parameter(with_parameter(line, "ENCODING", "BASE64"), "VALUE", "BINARY"));
        }
    }
    if let Some(minutes) = text(root, "alarm").and_then(|it| it.parse::<u32>().ok()) {
        let mut alarm = Component::new("VALARM");
        alarm.lines.push(Line::new("ACTION", "DISPLAY"));
        alarm.lines.push(Line::new("DESCRIPTION", "Reminder"));
        alarm.lines.push(Line::new("TRIGGER", format!("-PT{minutes}M")));
        item.parts.push(alarm);
    }
    let mut calendar = Component::new("VCALENDAR");
    calendar.lines.push(Line::new("VERSION", "2.0"));
    calendar.parts.push(item);
    let mut text = String::new();
    calendar.write(&mut text);
    Ok(text)
}

/// A contact as vCard 3.0.
pub(super) fn card(root: &Element, attachments: &[Attachment]) -> Result<String, ItemFault> {
    if root.name != "contact" {
        return Err(other(root, ItemForm::CardXml));
    }
    let name =
        |part: &str| root.named("name").and_then(|name| text(name, part)).map(|it| escape(&it)).unwrap_or_default();
    let mut card = Component::new("VCARD");
    let mut put = |property: &str, types: &str, value: Option<String>| {
        let Some(value) = value.filter(|value| !value.replace(';', "").is_empty()) else { return };
        let line = Line::new(property, value);
        card.lines.push(if types.is_empty() { line } else { with_types(line, types) });
    };
    put("VERSION", "", Some("3.0".to_owned()));
    put("UID", "", text(root, "uid"));
    put("FN", "", Some(name("full-name")));
    let parts = ["last-name", "given-name", "middle-names", "prefix", "suffix"].map(name);
    put("N", "", Some(parts.join(";")));
    let plain = |part: &str| text(root, part).map(|it| escape(&it));
    let department = plain("department").map(|it| format!(";{it}")).unwrap_or_default();
    put("ORG", "", Some(format!("{}{department}", plain("organization").unwrap_or_default())));
    put("TITLE", "", plain("job-title"));
    put("ROLE", "", plain("profession"));
    put("NICKNAME", "", plain("nick-name"));
    put("CATEGORIES", "", categories(root));
    put("URL", "", text(root, "web-page"));
    put("IMPP", "", text(root, "im-address").map(|it| if it.contains(':') { it } else { format!("im:{it}") }));
    put("BDAY", "", text(root, "birthday"));
    put("X-ANNIVERSARY", "", text(root, "anniversary"));
    for element in &root.children {
        match element.name.as_str() {
            "phone" => {
                let kind = text(element, "type").unwrap_or_default();
                put("TEL", phone(&kind), text(element, "number").map(|it| escape(&it)));
            }
            "email" => put("EMAIL", "INTERNET", text(element, "smtp-address")),
            "address" => {
                let kind = text(element, "type").unwrap_or_default();
                let part = |name: &str| text(element, name).map(|it| escape(&it)).unwrap_or_default();
                let parts = ["street", "locality", "region", "postal-code", "country"].map(part);
                let types = match kind.as_str() {
                    "business" => "WORK",
                    "home" => "HOME",
                    _ => "",
                };
                put("ADR", types, Some(format!(";;{}", parts.join(";"))));
            }
            _ => {}
        }
    }
    let further = [
        ("spouse-name", "Spouse"),
        ("children", "Children"),
        ("manager-name", "Manager"),
        ("assistant", "Assistant"),
        ("office-location", "Office"),
        ("gender", "Gender"),
        ("language", "Language"),
    ];
    let mut note: Vec<String> = text(root, "body").into_iter().collect();
    note.extend(further.iter().filter_map(|(part, word)| Some(format!("{word}: {}", text(root, part)?))));
    put("NOTE", "", Some(escape(&note.join("\n"))));
    if let Some(picture) = text(root, "picture").and_then(|name| attached(attachments, &name)) {
        let line = Line::new("PHOTO", STANDARD.encode(&picture.bytes));
        let kind = picture.media_type.rsplit('/').next().unwrap_or_default().to_ascii_uppercase();
        card.lines.push(with_types(with_parameter(line, "ENCODING", "b"), &kind));
    }
    let mut text = String::new();
    card.write(&mut text);
    Ok(text)
}

fn text(element: &Element, name: &str) -> Option<String> {
    element.named(name).map(|child| child.text.trim().to_owned()).filter(|text| !text.is_empty())
}

fn categories(root: &Element) -> Option<String> {
    let list = text(root, "categories")?;
    Some(list.split(',').map(|name| escape(name.trim())).collect::<Vec<_>>().join(","))
}

fn moment(text: &str) -> String {
    text.trim().replace(['-', ':'], "")
}

/// A line with a date or a date-time.
fn dated(name: &str, written: &str) -> Line {
    let line = Line::new(name, moment(written));
    if written.contains('T') { line } else { with_parameter(line, "VALUE", "DATE") }
}

fn day_after(day: &str) -> Option<String> {
    let day = NaiveDate::parse_from_str(day.get(..10)?, "%Y-%m-%d").ok()?;
    Some(day.checked_add_days(Days::new(1))?.format("%Y-%m-%d").to_string())
}

fn status(text: &str) -> Option<String> {
    Some(match text {
        "completed" => "COMPLETED".to_owned(),
        "in-progress" => "IN-PROCESS".to_owned(),
        "not-started" | "waiting-on-someone-else" | "deferred" => "NEEDS-ACTION".to_owned(),
        _ => return None,
    })
}

fn person(property: &str, element: &Element) -> Option<Line> {
    let mut line = Line::new(property, format!("mailto:{}", text(element, "smtp-address")?));
    if let Some(name) = text(element, "display-name") {
        line = with_parameter(line, "CN", &name);
    }
    let answer = match text(element, "status").as_deref() {
        Some("accepted") => "ACCEPTED",
        Some("declined") => "DECLINED",
        Some("tentative") => "TENTATIVE",
        Some("delegated") => "DELEGATED",
        _ => return Some(line),
    };
    Some(with_parameter(line, "PARTSTAT", answer))
}

fn rule(element: &Element, is_day: bool) -> String {
    let all = |name: &'static str| {
        element.children.iter().filter(move |child| child.name == name).map(|child| child.text.trim().to_owned())
    };
    let one = |name: &'static str| all(name).next().unwrap_or_default();
    let weekdays: Vec<String> =
        all("day").map(|day| day.chars().take(2).collect::<String>().to_ascii_uppercase()).collect();
    let month = || {
        let months = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
        let begin: String = one("month").to_ascii_lowercase().chars().take(3).collect();
        months.iter().position(|month| *month == begin).map_or(1, |index| index + 1)
    };
    let nth_days = || weekdays.iter().map(|day| format!("{}{day}", one("daynumber"))).collect::<Vec<_>>().join(",");
    let cycle = element.attribute("cycle").unwrap_or_default();
    let mut parts = vec![format!("FREQ={}", cycle.to_ascii_uppercase())];
    match one("interval").parse::<u32>() {
        Ok(interval) if interval > 1 => parts.push(format!("INTERVAL={interval}")),
        _ => {}
    }
    match (cycle, element.attribute("type").unwrap_or_default()) {
        ("weekly", _) if !weekdays.is_empty() => parts.push(format!("BYDAY={}", weekdays.join(","))),
        ("monthly", "daynumber") => parts.push(format!("BYMONTHDAY={}", one("daynumber"))),
        ("monthly", "weekday") => parts.push(format!("BYDAY={}", nth_days())),
        ("yearly", "monthday") => parts.push(format!("BYMONTH={};BYMONTHDAY={}", month(), one("daynumber"))),
        ("yearly", "yearday") => parts.push(format!("BYYEARDAY={}", one("daynumber"))),
        ("yearly", "weekday") => parts.push(format!("BYMONTH={};BYDAY={}", month(), nth_days())),
        _ => {}
    }
    if let Some(range) = element.named("range") {
        let end = range.text.trim();
        match range.attribute("type") {
            Some("number") if end.parse::<u32>().is_ok_and(|count| count > 0) => parts.push(format!("COUNT={end}")),
            Some("date") if is_day => parts.push(format!("UNTIL={}", moment(end.get(..10).unwrap_or(end)))),
            Some("date") => parts.push(format!("UNTIL={}T235959Z", moment(end.get(..10).unwrap_or(end)))),
            _ => {}
        }
    }
    parts.join(";")
}

fn phone(kind: &str) -> &'static str {
    match kind {
        "business1" | "business2" | "company" | "assistant" => "WORK,VOICE",
        "businessfax" => "WORK,FAX",
        "home1" | "home2" => "HOME,VOICE",
        "homefax" => "HOME,FAX",
        "mobile" => "CELL",
        "pager" => "PAGER",
        "car" => "CAR",
        "isdn" => "ISDN",
        "primary" => "PREF,VOICE",
        _ => "VOICE",
    }
}

fn with_types(mut line: Line, types: &str) -> Line {
    line.parameters.push(("TYPE".to_owned(), types.split(',').map(str::to_owned).collect()));
    line
}
