//! Nobody is invited. A target accepts only one kind of calendar object, an [`Uninvited`], and there are two ways to make one:
//!
//! 1. *Listed*: organizer and attendees become lines of the description; the originals stay in properties of our own, which no server acts
//!    on. Foreign properties with a mail address, which some server may take for a participant, become properties of our own, too.
//! 2. *Kept*: only with a [`DoesNotSchedule`], the proof that the target sends nothing by itself.
//!
//! Either way, alarms that would send mail or start a program show a message instead, and the outer lines of the object are our own, so
//! that it has no METHOD. Only lines with a plain name are written; when participants are listed, none that RFC 6638 acts on.

use super::component::Component;
use super::line::{Line, escape};
use super::{CalendarItem, Differences, meaning};
use crate::domain::ItemKind;

/// The proof that a server does not send invitations by itself.
#[derive(Debug, Clone, Copy)]
pub struct DoesNotSchedule(());

impl DoesNotSchedule {
    /// Derives the proof from the classes of the server's `DAV` header and whether the account has a scheduling inbox (RFC 6638, section
    /// 2). A server that does not say counts as one that schedules.
    pub fn shown_by(classes: &[String], has_inbox: bool) -> Option<Self> {
        let speaks = classes.iter().any(|class| class.eq_ignore_ascii_case("calendar-access"));
        let schedules = classes.iter().any(|class| class.to_ascii_lowercase().contains("schedul"));
        (speaks && !schedules && !has_inbox).then_some(Self(()))
    }
}

/// What happens to participants.
#[derive(Debug, Clone, Copy)]
pub enum Attendees {
    /// They are listed in the description.
    Listed,
    /// They stay: the target sends nothing.
    Keep(DoesNotSchedule),
}

/// A calendar object that invites nobody.
#[derive(Debug, Clone)]
pub struct Uninvited(CalendarItem);

/// Lines that make a server or a mail program send something.
const INVITING: [&str; 4] = ["ATTENDEE", "ORGANIZER", "METHOD", "REQUEST-STATUS"];

impl Uninvited {
    /// Makes one from an item of the source.
    pub fn from(mut item: CalendarItem, attendees: Attendees) -> Self {
        for component in &mut item.components {
            // Drops everything nested that is no alarm, such as participants as components (RFC 9073).
            component.parts.retain(|part| part.name == "VALARM");
            component.parts.iter_mut().for_each(silent);
            if matches!(attendees, Attendees::Listed) {
                component.parts.iter_mut().flat_map(|alarm| &mut alarm.lines).for_each(harmless);
                listed(component);
            }
        }
        for zone in &mut item.zones {
            zone.lines.retain(|line| !INVITING.contains(&line.name.as_str()));
            zone.parts.retain(|part| matches!(part.name.as_str(), "STANDARD" | "DAYLIGHT"));
            for observance in &mut zone.parts {
                observance.lines.retain(|line| !INVITING.contains(&line.name.as_str()));
                observance.parts.clear();
            }
        }
        Self(item)
    }

    /// The text to store.
    pub fn text(&self) -> String {
        let mut text = String::new();
        self.0.write(&mut text);
        text
    }

    /// Its approximate size in bytes.
    pub fn size(&self) -> usize {
        self.0.components.iter().map(Component::size).sum()
    }

    /// Reduces attachments to what a comparison needs. The result can be compared, but not stored.
    pub fn condensed(mut self) -> Condensed {
        self.0.components.iter_mut().flat_map(|it| &mut it.lines).for_each(meaning::condense);
        Condensed(self.0)
    }

    /// What identifies it.
    pub fn uid(&self) -> &str {
        self.0.uid()
    }

    /// Event or task.
    pub fn kind(&self) -> ItemKind {
        self.0.kind()
    }
}

/// A stored calendar object, reduced to what is needed to compare it with the target's.
#[derive(Debug, Clone)]
pub struct Condensed(CalendarItem);

impl Condensed {
    /// Whether it has participants.
    pub fn has_participants(&self) -> bool {
        self.0.has_participants()
    }

    /// How the server's object differs; empty if both mean the same.
    pub fn differences(&self, other: &CalendarItem) -> Differences {
        meaning::differences(&self.0, other)
    }
}

/// Makes an alarm that sends mail or starts a program show a message instead.
fn silent(alarm: &mut Component) {
    alarm.parts.clear();
    alarm.lines.retain(|line| !INVITING.contains(&line.name.as_str()));
    let shows =
        alarm.text("ACTION").is_some_and(|action| matches!(action.to_ascii_uppercase().as_str(), "DISPLAY" | "AUDIO"));
    if !shows {
        alarm.lines.retain(|line| !matches!(line.name.as_str(), "ACTION" | "ATTACH" | "SUMMARY"));
        alarm.lines.insert(0, Line::new("ACTION", "DISPLAY"));
        if alarm.line("DESCRIPTION").is_none() {
            alarm.lines.push(Line::new("DESCRIPTION", "Reminder"));
        }
    }
}

/// Moves the participants of a component into its description.
fn listed(component: &mut Component) {
    let (people, rest): (Vec<Line>, Vec<Line>) =
        component.lines.drain(..).partition(|line| INVITING.contains(&line.name.as_str()));
    component.lines = rest;
    component.lines.iter_mut().for_each(harmless);
    if people.is_empty() {
        return;
    }
    let mut words = Vec::new();
    for person in &people {
        match person.name.as_str() {
            "ORGANIZER" => words.push(format!("Organizer: {}", called(person))),
            "ATTENDEE" => words.push(format!("Participant: {}{}", called(person), answer(person))),
            _ => continue,
        }
        let mut written = String::new();
        person.write(&mut written);
        let original = written.replace("\r\n ", "").trim_end().to_owned();
        component.lines.push(Line::new(&format!("X-KIMT-{}", person.name), escape(&original)));
    }
    // The description names only the first; all stay in the properties.
    const MOST: usize = 200;
    let more = words.len().saturating_sub(MOST);
    words.truncate(MOST);
    if more > 0 {
        words.push(format!("and {more} more"));
    }
    let list = escape(&words.join("\n"));
    match component.lines.iter_mut().find(|line| line.name == "DESCRIPTION") {
        Some(line) if line.value.trim().is_empty() => line.value = list,
        Some(line) => line.value = format!("{}\\n\\n{list}", line.value),
        None => component.lines.push(Line::new("DESCRIPTION", list)),
    }
}

/// Renames a foreign property that contains a mail address, such as `X-MS-OLK-SENDER`.
fn harmless(line: &mut Line) {
    let names = |text: &str| text.to_ascii_lowercase().contains("mailto:");
    let is_foreign = line.name.starts_with("X-") && !line.name.starts_with("X-KIMT-");
    if is_foreign && (names(&line.value) || line.parameters.iter().flat_map(|(_, values)| values).any(|it| names(it))) {
        line.name = format!("X-KIMT-{}", &line.name[2..]);
    }
}

fn called(person: &Line) -> String {
    let address = person.value.trim();
    let address =
        address.get(..7).filter(|head| head.eq_ignore_ascii_case("mailto:")).map_or(address, |_| &address[7..]);
    match person.parameter("CN").filter(|name| !name.is_empty() && *name != address) {
        // Parameters have their own escapes (RFC 6868).
        Some(name) => format!("{} <{address}>", name.replace("^'", "\"").replace("^n", " ").replace("^^", "^")),
        None => address.to_owned(),
    }
}

fn answer(person: &Line) -> &'static str {
    match person.parameter("PARTSTAT").unwrap_or_default().to_ascii_uppercase().as_str() {
        "ACCEPTED" => " (accepted)",
        "DECLINED" => " (declined)",
        "TENTATIVE" => " (tentative)",
        "DELEGATED" => " (delegated)",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::items::split_calendar;

    const MEETING: &str = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nMETHOD:REQUEST\r\nBEGIN:VEVENT\r\nUID:m\r\nDTSTART:20200101T090000Z\r\nSUMMARY:Plan\r\nDESCRIPTION:Bring cake.\r\nORGANIZER;CN=Ann Keller:mailto:ann@example.com\r\nATTENDEE;CN=\"Bob; B.\";PARTSTAT=ACCEPTED:MAILTO:bob@example.com\r\nATTENDEE;SCHEDULE-AGENT=CLIENT:mailto:eve@example.com\r\nREQUEST-STATUS:2.0\r\nX-MS-OLK-SENDER;CN=Bob:MAILTO:bob@example.com\r\nX-OTHER;SENT-BY=\"mailto:bob@example.com\":x\r\nX-COLOR:red\r\nBEGIN:VALARM\r\nACTION:EMAIL\r\nTRIGGER:-PT5M\r\nATTENDEE:mailto:bob@example.com\r\nX-TO:mailto:bob@example.com\r\nEND:VALARM\r\nBEGIN:PARTICIPANT\r\nCALENDAR-ADDRESS:mailto:bob@example.com\r\nEND:PARTICIPANT\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";

    /// The names of all properties in a text, read as leniently as any server does.
    fn names(text: &str) -> Vec<String> {
        let unfolded = text.replace("\r\n ", "");
        unfolded
            .split(['\r', '\n', '\u{2028}', '\u{2029}', '\u{85}', '\u{b}', '\u{c}'])
            .map(|line| line.split([':', ';']).next().unwrap().trim().to_ascii_uppercase())
            .collect()
    }

    #[test]
    fn participants_are_listed_and_nothing_that_invites_is_left() {
        let item = split_calendar(MEETING, "").remove(0).unwrap();
        assert!(item.has_participants());
        let text = Uninvited::from(item.clone(), Attendees::Listed).text();
        for name in names(&text) {
            assert!(!INVITING.contains(&name.as_str()) && name != "CALENDAR-ADDRESS", "{text}");
        }
        assert!(!text.contains("EMAIL") && text.contains("ACTION:DISPLAY"), "{text}");
        let named = names(&text);
        assert!(["X-KIMT-MS-OLK-SENDER", "X-KIMT-OTHER", "X-COLOR"].iter().all(|it| named.iter().any(|own| own == it)));
        assert!(!named.iter().any(|own| ["X-MS-OLK-SENDER", "X-OTHER", "X-TO"].contains(&own.as_str())), "{text}");
        let again = split_calendar(&text, "").remove(0).unwrap();
        let described = again.components[0].text("DESCRIPTION").unwrap();
        assert_eq!(
            described,
            "Bring cake.\n\nOrganizer: Ann Keller <ann@example.com>\nParticipant: Bob; B. <bob@example.com> (accepted)\nParticipant: eve@example.com"
        );
        assert_eq!(again.components[0].lines.iter().filter(|line| line.name == "X-KIMT-ATTENDEE").count(), 2);
    }

    #[test]
    fn no_writing_of_a_participant_gets_through() {
        let written = [
            "attendee:mailto:bob@example.com",
            "Attendee;CN=x:mailto:bob@example.com",
            "a.ATTENDEE:mailto:bob@example.com",
            "ATT\r\n ENDEE:mailto:bob@example.com",
            "SUMMARY:x\u{2028}ATTENDEE:mailto:bob@example.com",
            "SUMMARY:x\u{85}ATTENDEE:mailto:bob@example.com",
            "SUMMARY:x\rATTENDEE:mailto:bob@example.com",
            "X-A;B=\"c\u{c}ATTENDEE:mailto:bob@example.com\":d",
            "X-A;B=\"c^nATTENDEE:mailto:bob@example.com\":d",
            "organizer:mailto:bob@example.com",
            "ATTENDEE :mailto:bob@example.com",
            "ATTENDEE\u{a0}:mailto:bob@example.com",
        ];
        for line in written {
            let text = format!(
                "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:a\r\nDTSTART:20200101T090000Z\r\n{line}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
            );
            for item in split_calendar(&text, "").into_iter().flatten() {
                let text = Uninvited::from(item.clone(), Attendees::Listed).text();
                assert!(
                    names(&text).iter().all(|name| !INVITING.contains(&name.rsplit('.').next().unwrap())),
                    "{line:?}: {text}"
                );
            }
        }
        // An invalid property name makes the item unusable: it is named, not sent.
        let odd = "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:a\r\nDTSTART:20200101T090000Z\r\nATTENDEE\u{200b}:mailto:b@c.d\r\nEND:VEVENT\r\nEND:VCALENDAR";
        assert!(split_calendar(odd, "")[0].is_err());
    }
}
