//! Calendar objects: an event or task with all exceptions of its series, and the time zones that it names.

use super::component::{self, Component};
use super::line::{Line, unfold};
use super::{Changes, Unusable, zone};
use crate::domain::{ItemChange, ItemFault, ItemForm, ItemKind, ItemName, TextFault};
use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// An event or a task as the source has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CalendarItem {
    pub(super) kind: ItemKind,
    pub(super) uid: String,
    /// The series and its exceptions, or the single event.
    pub(super) components: Vec<Component>,
    pub(super) zones: Vec<Component>,
}

impl CalendarItem {
    /// Event or task.
    pub fn kind(&self) -> ItemKind {
        self.kind
    }

    /// What identifies it (RFC 7986, section 5.3).
    pub fn uid(&self) -> &str {
        &self.uid
    }

    /// Its name for a person: summary and day.
    pub fn name(&self) -> ItemName {
        let first = self.components.iter().find(|it| it.line("RECURRENCE-ID").is_none()).or(self.components.first());
        first.map(described).unwrap_or_default()
    }

    /// What a person should know about its conversion.
    pub fn changes(&self) -> Changes {
        let is_alone = self.components.iter().all(|component| component.line("RECURRENCE-ID").is_some());
        let mut changes = if is_alone { vec![ItemChange::ExceptionAlone] } else { Changes::new() };
        // Participants and places as components (RFC 9073), and anything else nested beside or inside alarms.
        let of_alarms = self.components.iter().flat_map(|it| &it.parts).flat_map(|it| &it.parts);
        let others = self.components.iter().flat_map(|it| &it.parts).filter(|it| it.name != "VALARM").chain(of_alarms);
        let names: BTreeSet<&str> = others.map(|part| part.name.as_str()).collect();
        changes.extend(names.into_iter().map(ItemChange::part));
        changes
    }

    /// Adds a category to the series and each of its exceptions.
    pub fn in_category(mut self, category: &str) -> Self {
        self.components.iter_mut().for_each(|component| component.add_category(category));
        self
    }

    /// The addresses of its organizer and participants, in lower case.
    pub fn participants(&self) -> Vec<String> {
        let lines = self.components.iter().flat_map(|component| &component.lines);
        let people = lines.filter(|line| matches!(line.name.as_str(), "ATTENDEE" | "ORGANIZER"));
        let address = |value: &str| {
            let value = value.trim().to_lowercase();
            value.strip_prefix("mailto:").map(str::to_owned).unwrap_or(value)
        };
        let addresses: BTreeSet<String> = people.map(|line| address(&line.value)).collect();
        addresses.into_iter().collect()
    }

    /// Whether it has participants.
    pub fn has_participants(&self) -> bool {
        self.components
            .iter()
            .any(|component| component.lines.iter().any(|line| matches!(line.name.as_str(), "ATTENDEE" | "ORGANIZER")))
    }

    /// Writes it as one calendar object, including participants. Not for a server: see [`super::Uninvited`].
    pub(super) fn write(&self, text: &mut String) {
        text.push_str(
            "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//KIMT//Kerio IMAP Migration Tool//EN\r\nCALSCALE:GREGORIAN\r\n",
        );
        self.zones.iter().chain(&self.components).for_each(|part| part.write(text));
        text.push_str("END:VCALENDAR\r\n");
    }
}

fn described(component: &Component) -> ItemName {
    let day = component.line("DTSTART").or_else(|| component.line("DUE")).map(|line| line.value.as_str());
    ItemName::titled(&component.text("SUMMARY").unwrap_or_default()).on_day(day)
}

/// The events and tasks of a text that may hold any number, grouped by UID. An item without a UID gets a stable one, derived from `seed`
/// and its text.
pub fn split_calendar(text: &str, seed: &str) -> Vec<Result<CalendarItem, Unusable>> {
    let unusable = |name: ItemName, why: ItemFault| Err(Unusable { name, why, left_out: false });
    let of_text = |why: TextFault| unusable(ItemName::default(), ItemFault::Text { form: ItemForm::Calendar, why });
    let calendars = match component::read(text) {
        Ok(calendars) if calendars.is_empty() => return vec![of_text(TextFault::Empty)],
        Ok(calendars) => calendars,
        Err(why) => return vec![of_text(why)],
    };
    let mut items: BTreeMap<(ItemKind, String), CalendarItem> = BTreeMap::new();
    let mut order = Vec::new();
    let mut results = Vec::new();
    for calendar in calendars {
        // Version 1.0 is another format: its rules, alarms and encodings mean nothing in 2.0.
        if calendar.text("VERSION").is_some_and(|version| version == "1.0") {
            let why = ItemFault::Other { found: "vCalendar 1.0".to_owned(), form: ItemForm::Calendar };
            results.push(unusable(ItemName::default(), why));
            continue;
        }
        if calendar.name != "VCALENDAR" {
            let why = ItemFault::Other { found: calendar.name, form: ItemForm::Calendar };
            results.push(unusable(ItemName::default(), why));
            continue;
        }
        if let Some(why) = calendar.fault {
            results.push(of_text(why));
        }
        let (mut zones, others): (Vec<_>, Vec<_>) =
            calendar.parts.into_iter().partition(|part| part.name == "VTIMEZONE");
        zones.retain(|zone| !zone.is_broken());
        for mut component in others {
            let kind = match component.name.as_str() {
                "VEVENT" => ItemKind::Event,
                "VTODO" => ItemKind::Task,
                // Free/busy times are computed and journals are not migrated; neither is reported.
                _ => continue,
            };
            if let Some(why) = component.broken() {
                let why = ItemFault::Text { form: ItemForm::Calendar, why: why.clone() };
                results.push(unusable(described(&component), why));
                continue;
            }
            if component.unreadable > 0 {
                let why = ItemFault::Lines { unreadable: component.unreadable };
                results.push(unusable(described(&component), why));
                continue;
            }
            if kind == ItemKind::Event && component.line("DTSTART").is_none() {
                results.push(unusable(described(&component), ItemFault::NoBeginning));
                continue;
            }
            let uid = match component.text("UID") {
                Some(uid) => uid,
                None => {
                    let mut written = String::new();
                    component.write(&mut written);
                    let uid = stable_uid(seed, &written);
                    component.lines.retain(|line| line.name != "UID");
                    component.lines.insert(0, Line::new("UID", uid.clone()));
                    uid
                }
            };
            let key = (kind, uid.clone());
            if !items.contains_key(&key) {
                order.push(key.clone());
            }
            let item = items.entry(key).or_insert_with(|| CalendarItem {
                kind,
                uid,
                components: Vec::new(),
                zones: Vec::new(),
            });
            item.components.push(component);
            for zone in &zones {
                if !item.zones.contains(zone) {
                    item.zones.push(zone.clone());
                }
            }
        }
    }
    for key in order {
        if let Some(item) = items.remove(&key) {
            results.push(finished(item));
        }
    }
    results
}

/// The UIDs of all events, tasks and contacts in a text, as far as it can be read.
pub fn uids(text: &str) -> Vec<(ItemKind, String)> {
    let Ok(all) = component::read(text) else { return uids_of_lines(text) };
    let mut found = Vec::new();
    for outer in &all {
        for (component, kind) in
            std::iter::once(outer).chain(&outer.parts).filter_map(|it| Some((it, kind_of(&it.name)?)))
        {
            found.extend(component.text("UID").map(|uid| (kind, uid)));
        }
    }
    found.dedup();
    found
}

/// The UIDs of a calendar object with participants or a method: one that invites, or that a server made from an invitation. What this
/// program stores has neither.
pub fn invited_uids(text: &str) -> Vec<String> {
    let invites = |line: &Line| match line.name.as_str() {
        "ATTENDEE" | "ORGANIZER" => true,
        "METHOD" => !line.value.trim().eq_ignore_ascii_case("PUBLISH"),
        _ => false,
    };
    let is_invitation = unfold(text).filter_map(Line::parse).any(|line| invites(&line));
    if is_invitation { uids(text).into_iter().map(|(_, uid)| uid).collect() } else { Vec::new() }
}

/// The UIDs of a text whose components do not match, read line by line, so that its items are not stored twice.
fn uids_of_lines(text: &str) -> Vec<(ItemKind, String)> {
    let (mut kind, mut found) = (None, Vec::new());
    for line in unfold(text).filter_map(Line::parse) {
        match line.name.as_str() {
            "BEGIN" => kind = kind_of(&line.value.trim().to_ascii_uppercase()).or(kind),
            "UID" => found.extend(kind.map(|kind| (kind, line.text().trim().to_owned()))),
            _ => {}
        }
    }
    found
}

fn kind_of(component: &str) -> Option<ItemKind> {
    match component {
        "VEVENT" => Some(ItemKind::Event),
        "VTODO" => Some(ItemKind::Task),
        "VCARD" => Some(ItemKind::Contact),
        _ => None,
    }
}

/// Of several versions of the same series or exception, as in exports, keeps the one changed last (RFC 5545, section 3.8.7.4). Versions
/// that cannot be ordered all stay.
fn last_revisions(components: Vec<Component>) -> Vec<Component> {
    let place = |it: &Component| it.line("RECURRENCE-ID").map(|line| (line.value.clone(), line.parameters.clone()));
    let revision = |it: &Component| {
        let sequence = it.text("SEQUENCE").and_then(|text| text.parse::<u64>().ok()).unwrap_or_default();
        let changed = it.text("LAST-MODIFIED").or_else(|| it.text("DTSTAMP")).unwrap_or_default();
        (sequence, changed)
    };
    let (mut last, mut places): (Vec<Component>, _) = (Vec::new(), HashMap::new());
    for component in components {
        let earlier = places.entry(place(&component)).or_insert(last.len());
        match last.get_mut(*earlier).map(|earlier| (revision(&component).cmp(&revision(earlier)), earlier)) {
            Some((Ordering::Greater, earlier)) => *earlier = component,
            Some((Ordering::Less, _)) => {}
            Some((Ordering::Equal, earlier)) if *earlier == component => {}
            _ => last.push(component),
        }
    }
    last
}

/// Checks the whole object: exceptions need their series, and the zones are exactly those that it names.
fn finished(mut item: CalendarItem) -> Result<CalendarItem, Unusable> {
    item.components = last_revisions(item.components);
    let masters = item.components.iter().filter(|component| component.line("RECURRENCE-ID").is_none()).count();
    let refused = |item: &CalendarItem, why: ItemFault| Err(Unusable { name: item.name(), why, left_out: false });
    if masters > 1 {
        return refused(&item, ItemFault::Twice);
    }
    if masters == 0 && item.components.len() > 1 {
        return refused(&item, ItemFault::ExceptionsAlone);
    }
    let mut named = BTreeSet::new();
    for component in &item.components {
        for line in component.lines.iter().chain(component.parts.iter().flat_map(|part| &part.lines)) {
            named.extend(line.parameter("TZID").map(str::to_owned));
        }
    }
    item.zones.retain(|zone| zone.text("TZID").is_some_and(|id| named.contains(&id)));
    item.zones.dedup_by_key(|zone| zone.text("TZID"));
    for id in named {
        if item.zones.iter().all(|zone| zone.text("TZID").as_deref() != Some(&id)) {
            match zone::known(&id) {
                Some(zone) => item.zones.push(zone),
                None => return refused(&item, ItemFault::UnknownZone { id }),
            }
        }
    }
    Ok(item)
}

/// A UID for an item without one: the same for the same text and `seed`.
pub(super) fn stable_uid(seed: &str, written: &str) -> String {
    let hash = blake3::hash(format!("{seed}\n{written}").as_bytes()).to_hex();
    format!("kimt-{}", &hash.as_str()[..40])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(lines: &str) -> String {
        format!(
            "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nMETHOD:REQUEST\r\nBEGIN:VEVENT\r\n{lines}END:VEVENT\r\nEND:VCALENDAR\r\n"
        )
    }

    #[test]
    fn a_series_keeps_its_exceptions_and_every_uid_is_an_item_of_its_own() {
        let one = "BEGIN:VEVENT\nUID:a\nDTSTART:20240101T090000Z\nRRULE:FREQ=DAILY\nEND:VEVENT\n";
        let exception = "BEGIN:VEVENT\nUID:a\nRECURRENCE-ID:20240102T090000Z\nDTSTART:20240102T100000Z\nEND:VEVENT\n";
        let other = "BEGIN:VTODO\nUID:b\nSUMMARY:x\nEND:VTODO\n";
        let items = split_calendar(&format!("BEGIN:VCALENDAR\n{one}{other}{exception}END:VCALENDAR"), "");
        let items: Vec<CalendarItem> = items.into_iter().map(Result::unwrap).collect();
        assert_eq!(
            items.iter().map(|item| (item.kind(), item.uid())).collect::<Vec<_>>(),
            [(ItemKind::Event, "a"), (ItemKind::Task, "b")]
        );
        assert_eq!(items[0].components.len(), 2);
    }

    #[test]
    fn of_an_event_that_a_file_holds_twice_the_last_revision_counts() {
        let event = |lines: &str| format!("BEGIN:VEVENT\nUID:a\nDTSTART:20240101T090000Z\n{lines}\nEND:VEVENT\n");
        let of = |one: &str, other: &str| {
            split_calendar(&format!("BEGIN:VCALENDAR\n{}{}END:VCALENDAR", event(one), event(other)), "").remove(0)
        };
        let summary = |item: CalendarItem| (item.components.len(), item.components[0].text("SUMMARY").unwrap());
        let new = (1, "New".to_owned());
        assert_eq!(summary(of("SUMMARY:New", "SUMMARY:New").unwrap()), new);
        assert_eq!(summary(of("SUMMARY:Old", "SUMMARY:New\nSEQUENCE:1").unwrap()), new);
        assert_eq!(
            summary(of("SUMMARY:New\nDTSTAMP:20240102T000000Z", "SUMMARY:Old\nDTSTAMP:20240101T000000Z").unwrap()),
            new
        );
        assert_eq!(of("SUMMARY:One", "SUMMARY:Other").unwrap_err().why, ItemFault::Twice);
    }

    #[test]
    fn what_cannot_be_used_is_named_and_the_rest_continues() {
        let exceptions =
            "BEGIN:VEVENT\nUID:a\nSUMMARY:Lost\nRECURRENCE-ID:20240102T090000Z\nDTSTART:20240102T100000Z\nEND:VEVENT\n";
        let others = exceptions.replace("20240102", "20240103");
        let text = format!(
            "BEGIN:VCALENDAR\n{exceptions}{others}BEGIN:VEVENT\nUID:b\nDTSTART;TZID=Nowhere:20240101T090000\nEND:VEVENT\nBEGIN:VEVENT\nUID:c\nSUMMARY:None\nEND:VEVENT\nBEGIN:VEVENT\nUID:d\nDTSTART:20240101\nEND:VEVENT\nEND:VCALENDAR"
        );
        let results = split_calendar(&text, "");
        let why: Vec<ItemFault> = results.iter().filter_map(|it| it.as_ref().err()).map(|it| it.why.clone()).collect();
        let unknown_zone = ItemFault::UnknownZone { id: "Nowhere".to_owned() };
        for expected in [ItemFault::ExceptionsAlone, unknown_zone, ItemFault::NoBeginning] {
            assert!(why.contains(&expected), "{expected:?}: {why:?}");
        }
        assert_eq!(results.iter().filter(|it| it.is_ok()).count(), 1);
        for broken in ["BEGIN:VCALENDAR", "nonsense", "BEGIN:VCALENDAR\nEND:VEVENT", &"BEGIN:A\n".repeat(100)] {
            assert!(split_calendar(broken, "").iter().all(Result::is_err), "{broken}");
        }
    }

    #[test]
    fn the_uid_of_a_broken_object_on_the_target_is_known_all_the_same() {
        let whole = vec![(ItemKind::Event, "a".to_owned())];
        assert_eq!(uids("BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:a\nEND:VEVENT\nEND:VCALENDAR"), whole);
        assert_eq!(uids("BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:a\nSUMMARY:x"), whole);
    }

    #[test]
    fn a_missing_uid_is_the_same_each_time() {
        let uid = |seed: &str| split_calendar(&event("DTSTART:20240101T090000Z\r\n"), seed)[0].clone().unwrap().uid;
        assert_eq!(uid("a"), uid("a"));
        assert_ne!(uid("a"), uid("b"));
    }

    #[test]
    fn a_zone_that_is_known_is_described_and_one_that_is_described_is_kept() {
        let item =
            split_calendar(&event("UID:a\r\nDTSTART;TZID=Europe/Berlin:20240701T090000\r\n"), "").remove(0).unwrap();
        assert_eq!(item.zones.len(), 1);
        let mut text = String::new();
        item.write(&mut text);
        assert!(text.contains("TZOFFSETTO:+0200") && !text.contains("METHOD"), "{text}");
    }
}
