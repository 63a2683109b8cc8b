//! Calendars, tasks and contacts of the demo's people, on one stand-in per side, and the comparison of both.

use crate::rehearsal::dav::DavStandIn;
use crate::rehearsal::sample::Person;
use std::collections::BTreeMap;
use std::io;

/// The state of calendars and contacts after a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DemoItems {
    /// Events, tasks and contacts that the target should have.
    pub expected: usize,
    /// Those that are missing on the target.
    pub lost: usize,
    /// Surplus copies on the target.
    pub doubled: usize,
    /// Invitations that the target sent.
    pub invitations: usize,
}

impl DemoItems {
    /// Whether everything arrived exactly once, and nobody was invited.
    pub fn is_perfect(&self) -> bool {
        self.lost == 0 && self.doubled == 0 && self.invitations == 0
    }
}

/// The calendar servers of both sides.
pub(super) struct Calendars {
    source: DavStandIn,
    target: DavStandIn,
}

impl Calendars {
    /// Starts both, and fills the source with typical items. The target starts without any.
    pub(super) fn start(people: &[Person]) -> io::Result<Self> {
        let calendars = Self { source: DavStandIn::start(0, None)?, target: DavStandIn::start(0, None)? };
        for person in people {
            calendars.source.create_user(&person.address, &person.password);
            calendars.target.create_user(&person.address, &person.password);
        }
        for (number, person) in people.iter().enumerate() {
            let colleague = &people[(number + 1) % people.len()];
            calendars.fill(number, person, colleague, people);
        }
        Ok(calendars)
    }

    fn fill(&self, number: usize, person: &Person, colleague: &Person, people: &[Person]) {
        let add = |collection: &str, name: &str, kind: &str, lines: String| {
            let text = format!(
                "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//demo//EN\r\nBEGIN:{kind}\r\nUID:{name}-{number}@demo.example\r\nDTSTAMP:20240101T000000Z\r\n{lines}END:{kind}\r\nEND:VCALENDAR\r\n"
            );
            self.source.add(&person.address, collection, &format!("{name}.ics"), &text);
        };
        let (hour, month) = (8 + number % 8, 1 + number % 8);
        add(
            "Calendar",
            "weekly",
            "VEVENT",
            format!(
                "DTSTART:20240108T{hour:02}0000Z\r\nDURATION:PT45M\r\nRRULE:FREQ=WEEKLY;COUNT=40\r\nEXDATE:20240115T{hour:02}0000Z\r\nSUMMARY:Team meeting\r\nBEGIN:VALARM\r\nACTION:DISPLAY\r\nTRIGGER:-PT10M\r\nDESCRIPTION:Reminder\r\nEND:VALARM\r\n"
            ),
        );
        add(
            "Calendar",
            "review",
            "VEVENT",
            format!(
                "DTSTART:20240{month}04T140000Z\r\nDTEND:20240{month}04T150000Z\r\nSUMMARY:Review\r\nORGANIZER;CN={}:mailto:{}\r\nATTENDEE;CN={};PARTSTAT=ACCEPTED:mailto:{}\r\n",
                person.full_name, person.address, colleague.full_name, colleague.address
            ),
        );
        add(
            "Calendar",
            "holiday",
            "VEVENT",
            "DTSTART;VALUE=DATE:20240805\r\nDTEND;VALUE=DATE:20240817\r\nSUMMARY:Holiday\r\nTRANSP:TRANSPARENT\r\n"
                .to_owned(),
        );
        add(
            "Private",
            "dentist",
            "VEVENT",
            "DTSTART:20240220T073000Z\r\nDTEND:20240220T081500Z\r\nSUMMARY:Dentist\r\nCLASS:PRIVATE\r\n".to_owned(),
        );
        add(
            "Tasks",
            "report",
            "VTODO",
            "SUMMARY:Write the report\r\nDUE;VALUE=DATE:20240930\r\nPRIORITY:3\r\n".to_owned(),
        );
        for (index, contact) in people.iter().enumerate().filter(|(index, _)| *index != number) {
            let card = format!(
                "BEGIN:VCARD\r\nVERSION:3.0\r\nUID:contact-{number}-{index}@demo.example\r\nFN:{0}\r\nN:{0};;;;\r\nEMAIL;TYPE=WORK:{1}\r\nTEL;TYPE=CELL:+49 170 {index}{number}\r\nEND:VCARD\r\n",
                contact.full_name, contact.address
            );
            self.source.add(&person.address, "Contacts", &format!("{index}.vcf"), &card);
        }
    }

    /// The addresses of both.
    pub(super) fn addresses(&self) -> (String, String) {
        let at = |server: &DavStandIn| format!("http://127.0.0.1:{}/", server.port());
        (at(&self.source), at(&self.target))
    }

    /// Compares people's items on both sides, except for the person whose password is wrong.
    pub(super) fn compare(&self, people: &[Person], refused: Option<&str>) -> DemoItems {
        let mut all = DemoItems { invitations: self.target.outbox().len(), ..DemoItems::default() };
        for person in people.iter().filter(|person| Some(person.address.as_str()) != refused) {
            let there = uids(&self.target, &person.address);
            for uid in uids(&self.source, &person.address).into_keys() {
                all.expected += 1;
                match there.get(&uid) {
                    None => all.lost += 1,
                    Some(times) => all.doubled += times - 1,
                }
            }
        }
        all
    }
}

/// The UIDs of an account, each with the number of its items.
fn uids(server: &DavStandIn, address: &str) -> BTreeMap<String, usize> {
    let mut found = BTreeMap::new();
    for (_, text) in server.items(address) {
        let uid = text.lines().find_map(|line| line.strip_prefix("UID:")).unwrap_or_default();
        *found.entry(uid.to_owned()).or_default() += 1;
    }
    found
}
