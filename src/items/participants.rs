//! Nobody is invited. The only calendar object that a target can be given is an [`Uninvited`], and it is made in two ways:
//!
//! 1. *Listed*: organizer and attendees leave the object and become lines of its description; the originals stay in properties of our
//!    own, which no server acts on. Alarms that would send mail show a message instead.
//! 2. *Kept*: for a target of which a [`DoesNotSchedule`] is the proof that it sends nothing by itself.
//!
//! A foreign property with a mail address in it, which some server may take for a participant, is renamed to one of our own, too.
//!
//! The outer lines of the object are made here, so there is no METHOD; and of each component only lines with a plain name are written,
//! none of them one that RFC 6638 acts on.

use super::component::Component;
use super::line::{Line, escape};
use super::{CalendarItem, Differences, meaning};
use crate::domain::ItemKind;

/// Shows that a server does not send invitations by itself.
#[derive(Debug, Clone, Copy)]
pub struct DoesNotSchedule(());

impl DoesNotSchedule {
    /// From what a server says of itself: the classes of its `DAV` header, and whether the account has a scheduling inbox (RFC 6638,
    /// section 2). A server that does not say is taken for one that schedules.
    pub fn shown_by(classes: &[String], has_inbox: bool) -> Option<Self> {
        let speaks = classes.iter().any(|class| class.eq_ignore_ascii_case("calendar-access"));
        let schedules = classes.iter().any(|class| class.to_ascii_lowercase().contains("schedul"));
        (speaks && !schedules && !has_inbox).then_some(Self(()))
    }
}

/// What is done with participants.
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

/// The lines that make a server or a mail program send something.
const INVITING: [&str; 4] = ["ATTENDEE", "ORGANIZER", "METHOD", "REQUEST-STATUS"];

impl Uninvited {
    /// From an item of the source.
    pub fn from(mut item: CalendarItem, attendees: Attendees) -> Self {
        for component in &mut item.components {
            // Participants as components of their own (RFC 9073) and whatever else is nested are no alarms.
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

    /// As it is stored.
    pub fn text(&self) -> String {
        let mut text = String::new();
        self.0.write(&mut text);
        text
    }

    /// About how many bytes it has.
    pub fn size(&self) -> usize {
        self.0.components.iter().map(Component::size).sum()
    }

    /// Keeps of what is attached no more than a comparison needs. It can be compared as before and cannot be stored any more.
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

/// A calendar object that was stored, as far as it takes to compare what the target gives back.
#[derive(Debug, Clone)]
pub struct Condensed(CalendarItem);

impl Condensed {
    /// Whether it has participants.
    pub fn has_participants(&self) -> bool {
        self.0.has_participants()
    }

    /// What an object of a server differs in; nothing when it means the same.
    pub fn differences(&self, other: &CalendarItem) -> Differences {
        meaning::differences(&self.0, other)
    }
}

/// An alarm that sends mail or starts a program shows a message instead.
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

/// Takes the participants out of a component and writes them into its description.
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
    // Of thousands of participants the description names the first; all stay in the properties.
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

/// Renames a foreign property that names somebody by a mail address, such as `X-MS-OLK-SENDER`.
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
        // A parameter's own escapes (RFC 6868).
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

    /// The names of all properties in a text, by a reader that is as lenient as any server's.
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
        // A name that is none makes the item one that is named and not one that is sent.
        let odd = "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:a\r\nDTSTART:20200101T090000Z\r\nATTENDEE\u{200b}:mailto:b@c.d\r\nEND:VEVENT\r\nEND:VCALENDAR";
        assert!(split_calendar(odd, "")[0].is_err());
    }
}
