//! Items in mail messages: calendar objects and cards as parts, in any media type and encoding, and Kolab's.
//!
//! - Mail with an invitation is never an event: any method other than PUBLISH makes it such mail.
//! - A message with more than its item, such as further words or files, is marked: it is worth keeping as mail.
//! - A card may be uuencoded, as Kerio Connect has stored some.
//! - The parser promises not to panic. If it does, the message counts as empty.

use super::calendar::{invited_uids, uids};
use super::encoding::decoded_text;
use super::kolab;
use super::line::unescape;
use super::part::{Attachment, ItemPart};
use crate::domain::ItemFault;
use mail_parser::decoders::html::html_to_text;
use mail_parser::{MessageParser, MimeHeaders};

/// The parts of a message that matter for items.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ItemMessage {
    parts: Vec<ItemPart>,
    attachments: Vec<Attachment>,
    /// The text beside the parts, for people without a calendar.
    words: Vec<String>,
    /// Its subject.
    pub subject: String,
    /// Its own date, in seconds since 1970.
    pub date: Option<i64>,
}

/// An item of a message as iCalendar or vCard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ItemText {
    /// Whether it is a contact rather than an event or a task.
    pub is_contact: bool,
    /// iCalendar or vCard.
    pub text: String,
    /// Whether the message has more: another item, a file, or words that the item lacks.
    pub has_more: bool,
}

impl ItemMessage {
    /// Reads a message; an unreadable one has no parts.
    pub fn read(message: &[u8]) -> Self {
        std::panic::catch_unwind(|| Self::parse(message)).unwrap_or_default()
    }

    fn parse(message: &[u8]) -> Self {
        let Some(message) = MessageParser::default().parse(message) else { return Self::default() };
        let mut read = Self {
            subject: message.subject().unwrap_or_default().to_owned(),
            date: message.date().map(mail_parser::DateTime::to_timestamp),
            ..Self::default()
        };
        for part in &message.parts {
            let Some(kind) = part.content_type() else { continue };
            let media_type = format!("{}/{}", kind.ctype(), kind.subtype().unwrap_or_default()).to_ascii_lowercase();
            let (content_id, name) =
                (part.content_id().unwrap_or_default(), part.attachment_name().unwrap_or_default());
            if is_about_items(&media_type) {
                let text = match part.text_contents() {
                    Some(text) => text.to_owned(),
                    None => decoded_text(part.contents().to_vec()),
                };
                read.parts.push(ItemPart { media_type, text });
            } else if let ("text/plain" | "text/html", true, Some(words)) =
                (media_type.as_str(), name.is_empty() && content_id.is_empty(), part.text_contents())
            {
                let is_html = media_type == "text/html";
                read.words.push(if is_html { html_to_text(words) } else { words.to_owned() });
            } else if !content_id.is_empty() || !name.is_empty() {
                let bytes = part.contents().to_vec();
                let content_id = content_id.trim_matches(['<', '>']).to_owned();
                read.attachments.push(Attachment { content_id, name: name.to_owned(), media_type, bytes });
            }
        }
        read
    }

    /// The UIDs of the items in it, as in an invitation or an answer to one.
    pub fn announced_uids(&self) -> Vec<String> {
        self.parts.iter().flat_map(|part| uids(&part.text)).map(|(_, uid)| uid).collect()
    }

    /// The UIDs of the events that it invites to.
    pub fn invited_uids(&self) -> Vec<String> {
        self.parts.iter().flat_map(|part| invited_uids(&part.text)).collect()
    }

    /// Takes the item out of the message. The error says why it has none.
    pub fn take_item(&mut self) -> Result<ItemText, ItemFault> {
        for index in 0..self.parts.len() {
            let Some(item) = self.item_of(index) else { continue };
            let (is_contact, text) = item?;
            let others =
                self.parts.iter().skip(index + 1).any(|part| kolab::is_of_kolab(part) || kind_of(&part.text).is_some());
            let has_more = others || self.has_more_than(&text);
            return Ok(ItemText { is_contact, text, has_more });
        }
        Err(ItemFault::Nothing)
    }

    /// Whether a part is a contact, and its text; none if it holds no item.
    fn item_of(&mut self, index: usize) -> Option<Result<(bool, String), ItemFault>> {
        let part = self.parts.get(index)?;
        let is_contact = part.media_type.contains("card") || part.media_type.ends_with(".contact");
        if let Some(converted) = kolab::converted(part, &self.attachments) {
            // The item includes the attachments it refers to.
            self.attachments.retain(|it| !it.is_named_in(&part.text));
            self.words.clear();
            return Some(converted.map(|text| (is_contact, text)));
        }
        let text = match uudecoded(&part.text) {
            Some(text) => text,
            None => std::mem::take(&mut self.parts.get_mut(index)?.text),
        };
        let is_contact = kind_of(&text)?;
        if let Some(method) = method(&text).filter(|_| !is_contact) {
            return Some(Err(ItemFault::InvitationMail { method }));
        }
        Some(Ok((is_contact, text)))
    }

    /// Whether the message has files, or words that the item lacks.
    fn has_more_than(&self, text: &str) -> bool {
        let letters = |text: &str| {
            text.chars().filter(|it| it.is_alphanumeric()).flat_map(char::to_lowercase).collect::<String>()
        };
        let is_told = |words: &String| {
            let words = letters(words);
            words.is_empty() || (text.len() <= MOST_COMPARED && letters(&unescape(&unfolded(text))).contains(&words))
        };
        !self.attachments.is_empty() || !self.words.iter().all(is_told)
    }
}

/// The largest item in which words are looked for, in bytes.
const MOST_COMPARED: usize = 1 << 20;

fn unfolded(text: &str) -> String {
    text.replace("\r\n ", "").replace("\n ", "")
}

/// Whether a text holds a contact rather than an event or a task; none if neither.
fn kind_of(text: &str) -> Option<bool> {
    text.lines().find_map(|line| {
        let begins =
            |with: &str| line.trim_start().get(..with.len()).is_some_and(|head| head.eq_ignore_ascii_case(with));
        if begins("BEGIN:VCARD") { Some(true) } else { begins("BEGIN:VCALENDAR").then_some(false) }
    })
}

/// The method of a calendar object, other than PUBLISH.
fn method(text: &str) -> Option<String> {
    let line = text.lines().find(|line| line.get(..7).is_some_and(|head| head.eq_ignore_ascii_case("METHOD:")))?;
    let method = line[7..].trim().to_ascii_uppercase();
    (!method.is_empty() && method != "PUBLISH").then_some(method)
}

fn is_about_items(media_type: &str) -> bool {
    matches!(
        media_type,
        "text/calendar"
            | "application/ics"
            | "text/vcard"
            | "text/x-vcard"
            | "text/directory"
            | "application/calendar+xml"
            | "application/vcard+xml"
    ) || media_type.starts_with("application/x-vnd.kolab.")
}

/// The uuencoded text between `begin 644 name` and `end`; none without such a begin line.
fn uudecoded(text: &str) -> Option<String> {
    let mut lines = text.lines().skip_while(|line| !line.starts_with("begin "));
    lines.next()?;
    let mut bytes = Vec::new();
    for line in lines.take_while(|line| *line != "end") {
        let values: Vec<u8> = line.bytes().map(|byte| byte.wrapping_sub(b' ') & 0x3f).collect();
        let Some((length, groups)) = values.split_first() else { continue };
        let mut decoded = Vec::new();
        for group in groups.chunks(4) {
            let at = |index: usize| group.get(index).copied().unwrap_or_default();
            decoded.extend([at(0) << 2 | at(1) >> 4, at(1) << 4 | at(2) >> 2, at(2) << 6 | at(3)]);
        }
        decoded.truncate(usize::from(*length));
        bytes.extend(decoded);
    }
    Some(decoded_text(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::items::{Differences, split_calendar, split_cards};

    fn message(head: &str, parts: &[(&str, &str)]) -> ItemMessage {
        let mut text = format!("{head}MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n");
        for (part_head, body) in parts {
            text.push_str(&format!("--x\r\n{part_head}\r\n\r\n{body}\r\n"));
        }
        ItemMessage::read(format!("{text}--x--\r\n").as_bytes())
    }

    #[test]
    fn an_invitation_names_its_event_in_any_encoding_and_is_no_item() {
        let calendar =
            "BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nBEGIN:VEVENT\r\nUID:a@b\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";
        let encoded = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, calendar);
        for (encoding, body) in [("7bit", calendar), ("base64", &encoded)] {
            let head = format!(
                "Content-Type: text/calendar; method=REQUEST; charset=utf-8\r\nContent-Transfer-Encoding: {encoding}"
            );
            let mut message = message(
                "Date: Tue, 7 Jan 2020 01:02:03 +0000\r\n",
                &[("Content-Type: text/plain", "Hello"), (&head, body)],
            );
            assert_eq!(
                (message.announced_uids(), message.date),
                (vec!["a@b".to_owned()], Some(1_578_358_923)),
                "{encoding}"
            );
            assert!(message.take_item().unwrap_err().to_string().contains("REQUEST"));
        }
        assert!(ItemMessage::read(b"Subject: x\r\n\r\ntext").take_item().is_err());
    }

    #[test]
    fn an_event_and_a_contact_are_found_also_uuencoded() {
        let event =
            "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:a\r\nDTSTART:20240101T100000Z\r\nEND:VEVENT\r\nEND:VCALENDAR";
        let item = message("", &[("Content-Type: text/plain", "x"), ("Content-Type: text/calendar", event)])
            .take_item()
            .unwrap();
        assert!(!item.is_contact && split_calendar(&item.text, "").remove(0).is_ok());
        let coded = "begin 644 card.vcf\r\n<0D5'24XZ5D-!4D0-\"D9..D$-\"D5.1#I60T%21 ``\r\n`\r\nend";
        let item = message("", &[("Content-Type: text/x-vcard", coded)]).take_item().unwrap();
        assert!(item.is_contact && item.text.starts_with("BEGIN:VCARD\r\nFN:A\r\nEND:VCARD"), "{:?}", item.text);
    }

    #[test]
    fn kolab_3_events_and_contacts_mean_the_same_as_their_calendar_objects() {
        let xml = "<?xml version=\"1.0\"?><icalendar xmlns=\"urn:ietf:params:xml:ns:icalendar-2.0\"><vcalendar><properties><version><text>2.0</text></version></properties><components><vevent><properties><uid><text>k@x</text></uid><dtstart><parameters><tzid><text>/kolab.org/Europe/Berlin</text></tzid></parameters><date-time>2024-01-02T09:30:00</date-time></dtstart><duration><duration>PT1H</duration></duration><rrule><recur><freq>WEEKLY</freq><count>5</count><byday>TU</byday><byday>TH</byday></recur></rrule><exdate><parameters><tzid><text>/kolab.org/Europe/Berlin</text></tzid></parameters><date-time>2024-01-04T09:30:00</date-time></exdate><summary><text>Jour fixe, weekly</text></summary><categories><text>a</text><text>b,c</text></categories><organizer><parameters><cn><text>Ann</text></cn></parameters><cal-address>mailto:%3Cann%40example.com%3E</cal-address></organizer><attach><parameters><fmttype><text>text/plain</text></fmttype></parameters><uri>cid:file.1</uri></attach></properties><components><valarm><properties><action><text>DISPLAY</text></action><description><text>x</text></description><trigger><parameters><related><text>START</text></related></parameters><duration>-PT15M</duration></trigger></properties></valarm></components></vevent></components></vcalendar></icalendar>";
        let file = ("Content-Type: text/plain; name=a.txt\r\nContent-ID: <file.1>", "Hello");
        let mut kolab = message(
            "X-Kolab-Type: application/x-vnd.kolab.event\r\n",
            &[("Content-Type: application/calendar+xml", xml), file],
        );
        let item = kolab.take_item().unwrap();
        let same = "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:k@x\r\nDTSTART;TZID=Europe/Berlin:20240102T093000\r\nDTEND;TZID=Europe/Berlin:20240102T103000\r\nRRULE:FREQ=WEEKLY;COUNT=5;BYDAY=TU,TH\r\nEXDATE;TZID=Europe/Berlin:20240104T093000\r\nSUMMARY:Jour fixe\\, weekly\r\nCATEGORIES:a,b\\,c\r\nORGANIZER;CN=Ann:mailto:ann@example.com\r\nATTACH;ENCODING=BASE64;VALUE=BINARY:SGVsbG8=\r\nBEGIN:VALARM\r\nACTION:DISPLAY\r\nDESCRIPTION:x\r\nTRIGGER:-PT15M\r\nEND:VALARM\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";
        let (one, other) =
            (split_calendar(&item.text, "").remove(0).unwrap(), split_calendar(same, "").remove(0).unwrap());
        assert_eq!(crate::items::meaning::differences(&one, &other), Differences::new(), "{}", item.text);

        let xml = "<vcards xmlns=\"urn:ietf:params:xml:ns:vcard-4.0\"><vcard><uid><uri>urn:uuid:1</uri></uid><kind><text>individual</text></kind><fn><text>J\u{f6}rg Keller</text></fn><n><surname>Keller</surname><given>J\u{f6}rg</given></n><tel><parameters><type><text>work</text></type></parameters><text>+49 30</text></tel><group name=\"Affiliation\"><org><text>Nordwind; GmbH</text></org></group><adr><parameters><type><text>home</text></type></parameters><pobox/><ext/><street>Str. 1</street><locality>Berlin</locality><region/><code>10115</code><country/></adr><photo><uri>data:image/jpeg;base64,/9j/</uri></photo></vcard></vcards>";
        let item = message("", &[("Content-Type: application/vcard+xml", xml)]).take_item().unwrap();
        let same = "BEGIN:VCARD\r\nVERSION:3.0\r\nUID:urn:uuid:1\r\nFN:J\u{f6}rg Keller\r\nN:Keller;J\u{f6}rg;;;\r\nTEL;TYPE=WORK:+49 30\r\nORG:Nordwind\\; GmbH\r\nADR;TYPE=HOME:;;Str. 1;Berlin;;10115;\r\nPHOTO;ENCODING=b;TYPE=JPEG:/9j/\r\nEND:VCARD\r\n";
        let (one, other) =
            (split_cards(&item.text, "").remove(0).unwrap().0, split_cards(same, "").remove(0).unwrap().0);
        assert!(item.is_contact);
        assert_eq!(one.differences(&other), Differences::new(), "{}", item.text);
    }

    #[test]
    fn kolab_2_events_tasks_and_contacts_mean_the_same_as_their_calendar_objects() {
        let of = |kind: &str, xml: &str| {
            message("", &[(&format!("Content-Type: application/x-vnd.kolab.{kind}; name=kolab.xml"), xml)]).take_item()
        };
        let calendars = [
            (
                "event",
                "<event version=\"1.0\"><uid>a</uid><body>Text</body><summary>Trip</summary><start-date>2024-05-04</start-date><end-date>2024-05-05</end-date><recurrence cycle=\"yearly\" type=\"monthday\"><interval>1</interval><daynumber>4</daynumber><month>may</month><range type=\"number\">3</range></recurrence><alarm>15</alarm><attendee><display-name>Ben</display-name><smtp-address>ben@x.y</smtp-address><status>accepted</status></attendee></event>",
                "BEGIN:VEVENT\r\nUID:a\r\nDESCRIPTION:Text\r\nSUMMARY:Trip\r\nDTSTART;VALUE=DATE:20240504\r\nDTEND;VALUE=DATE:20240506\r\nRRULE:FREQ=YEARLY;COUNT=3\r\nATTENDEE;CN=Ben;PARTSTAT=ACCEPTED:mailto:ben@x.y\r\nBEGIN:VALARM\r\nACTION:DISPLAY\r\nDESCRIPTION:Reminder\r\nTRIGGER:-PT15M\r\nEND:VALARM\r\nEND:VEVENT\r\n",
            ),
            (
                "event",
                "<event><uid>b</uid><summary>Weekly</summary><start-date>2024-01-02T08:30:00Z</start-date><end-date>2024-01-02T09:30:00Z</end-date><recurrence cycle=\"weekly\"><interval>2</interval><day>tuesday</day><day>thursday</day><range type=\"date\">2024-03-01</range><exclusion>2024-01-16</exclusion></recurrence></event>",
                "BEGIN:VEVENT\r\nUID:b\r\nSUMMARY:Weekly\r\nDTSTART:20240102T083000Z\r\nDTEND:20240102T093000Z\r\nRRULE:FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,TH;UNTIL=20240301T235959Z\r\nEXDATE:20240116T083000Z\r\nEND:VEVENT\r\n",
            ),
            (
                "task",
                "<task><uid>c</uid><summary>Tax</summary><due-date>2024-07-31</due-date><priority>1</priority><completed>40</completed><status>in-progress</status></task>",
                "BEGIN:VTODO\r\nUID:c\r\nSUMMARY:Tax\r\nDUE;VALUE=DATE:20240731\r\nPRIORITY:1\r\nPERCENT-COMPLETE:40\r\nSTATUS:IN-PROCESS\r\nEND:VTODO\r\n",
            ),
        ];
        for (kind, xml, same) in calendars {
            let item = of(kind, xml).unwrap();
            let same = format!("BEGIN:VCALENDAR\r\n{same}END:VCALENDAR\r\n");
            let (one, other) =
                (split_calendar(&item.text, "").remove(0).unwrap(), split_calendar(&same, "").remove(0).unwrap());
            assert_eq!(crate::items::meaning::differences(&one, &other), Differences::new(), "{}", item.text);
        }
        let xml = "<contact version=\"1.0\"><uid>d</uid><name><given-name>J\u{f6}rg</given-name><last-name>Keller</last-name><full-name>J\u{f6}rg Keller</full-name></name><organization>Nordwind</organization><phone><type>mobile</type><number>+49 170</number></phone><email><display-name>J</display-name><smtp-address>j@x.y</smtp-address></email><address><type>business</type><street>Str. 1</street><locality>Berlin</locality><postal-code>10115</postal-code></address><spouse-name>Eva</spouse-name><birthday>1970-04-12</birthday></contact>";
        let item = of("contact", xml).unwrap();
        let same = "BEGIN:VCARD\r\nVERSION:3.0\r\nUID:d\r\nFN:J\u{f6}rg Keller\r\nN:Keller;J\u{f6}rg;;;\r\nORG:Nordwind\r\nTEL;TYPE=CELL:+49 170\r\nEMAIL:j@x.y\r\nADR;TYPE=WORK:;;Str. 1;Berlin;;10115;\r\nNOTE:Spouse: Eva\r\nBDAY:1970-04-12\r\nEND:VCARD\r\n";
        let (one, other) =
            (split_cards(&item.text, "").remove(0).unwrap().0, split_cards(same, "").remove(0).unwrap().0);
        assert_eq!(one.differences(&other), Differences::new(), "{}", item.text);
        assert!(of("note", "<note/>").unwrap_err().to_string().contains("note"));
        for broken in
            ["", "<event>", "<!DOCTYPE a [<!ENTITY b 'c'>]><event>&b;</event>", "<contact/>", &"<event>".repeat(1000)]
        {
            assert!(of("event", broken).is_err(), "{broken}");
        }
    }
}
