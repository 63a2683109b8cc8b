//! Folders of a mailbox as a source: calendar objects, cards and Kolab's items as messages.

use crate::embedded::stage::{ANN, kinds, message};
use crate::standin::Pair;
use crate::{outcome, said, sample};
use kimt::domain::ProblemKind;
use kimt::migrate::{Groupware, GroupwareMode};
use kimt::progress::{RunKind, Verdict};
use std::collections::BTreeSet;

fn mail(kind: &str, body: &str) -> String {
    format!("From: ann@example.com\r\nSubject: An item\r\nMIME-Version: 1.0\r\nContent-Type: {kind}\r\n\r\n{body}")
}

const KOLAB_2: &str = "<?xml version=\"1.0\"?><task><uid>kolab-2@example.com</uid><summary>Tax</summary><due-date>2024-07-31</due-date></task>";
const KOLAB_3: &str = "<?xml version=\"1.0\"?><icalendar xmlns=\"urn:ietf:params:xml:ns:icalendar-2.0\"><vcalendar><components><vevent><properties><uid><text>kolab-3@example.com</text></uid><dtstart><parameters><tzid><text>/kolab.org/Europe/Berlin</text></tzid></parameters><date-time>2024-07-01T09:00:00</date-time></dtstart><summary><text>Of Kolab</text></summary><attendee><cal-address>mailto:%3Cben%40example.com%3E</cal-address></attendee></properties></vevent></components></vcalendar></icalendar>";

/// Ann's source has no calendars but folders of items; in two of them is something else as well.
fn pair(mode: GroupwareMode) -> Pair {
    let mut pair = Pair::start();
    pair.office.groupware = Groupware { mode, source_dav: None, ..pair.office.groupware.clone() };
    let store = pair.office.stage.source.store();
    let add = |folder: &str, text: &str| {
        store.add(ANN, folder, message(text)).unwrap();
    };
    for folder in ["Calendar", "Kalender", "Kalender/Team", "Kontakte", "Tasks", "Project"] {
        store.create_folder(ANN, folder).unwrap();
    }
    for (_, text) in sample::events() {
        add("Calendar", &mail("text/calendar; charset=utf-8", &text));
    }
    let invitation =
        sample::events()[1].1.replace("VERSION:2.0", "VERSION:2.0\r\nMETHOD:REQUEST").replace("meeting@", "other@");
    add("Calendar", &mail("text/calendar; method=REQUEST", &invitation));
    add("Calendar", "Subject: Notes\r\n\r\nNo event.\r\n");
    add("INBOX", &mail("text/calendar; method=REQUEST", &invitation));
    add("Project", &mail("text/calendar", &sample::events()[1].1.replace("meeting@", "project@")));
    let typed = mail("multipart/mixed; boundary=x", "")
        .replace("Subject", "X-Kolab-Type: application/x-vnd.kolab.event\r\nSubject");
    add(
        "Kalender/Team",
        &format!(
            "{typed}--x\r\nContent-Type: text/plain\r\n\r\nA Kolab object.\r\n--x\r\nContent-Type: application/calendar+xml; charset=utf-8\r\n\r\n{KOLAB_3}\r\n--x--\r\n"
        ),
    );
    for (_, text) in sample::cards() {
        add("Kontakte", &mail("text/x-vcard; charset=utf-8", &text));
    }
    add("Tasks", &mail("application/x-vnd.kolab.task", KOLAB_2));
    pair
}

#[test]
fn what_folders_of_a_mailbox_hold_arrives_as_items_once_and_as_mail() {
    for mode in [GroupwareMode::Auto, GroupwareMode::Imap] {
        let pair = pair(mode);
        let first = pair.office.run(RunKind::Migrate);
        // Five events, one of Kolab, a task, two contacts; the invitation and the note are no items.
        assert_eq!(outcome(&first), [9, 0, 0, 0, 2, 0], "{:#?}", said(&first));
        assert_eq!(first.verdict(), Verdict::AllComplete, "{:#?}", said(&first));
        let uids: BTreeSet<String> = pair.uids().into_iter().collect();
        assert_eq!((uids.len(), pair.uids().len()), (9, 9));
        assert!(uids.contains("kolab-2@example.com") && uids.contains("kolab-3@example.com"), "{uids:?}");
        assert!(!uids.contains("other@example.com"), "an invitation is no event");
        assert!(!uids.contains("project@example.com"), "one sign is not enough");
        let places: BTreeSet<String> = pair.target.items(ANN).into_iter().map(|(folder, _)| folder).collect();
        assert_eq!(places, ["Calendar", "Contacts", "Tasks", "Team"].map(str::to_owned).into());
        let puts = pair.puts();
        let second = pair.office.run(RunKind::Migrate);
        assert_eq!((outcome(&second), pair.puts()), ([0, 9, 0, 0, 2, 0], puts), "{:#?}", said(&second));
        let verified = pair.office.run(RunKind::Verify);
        assert_eq!(outcome(&verified), [0, 9, 0, 0, 2, 0], "{:#?}", said(&verified));
        assert_eq!(pair.office.stage.source.store().changes_seen(ANN).unwrap(), [""; 0]);
        let (here, there) = (pair.office.stage.source.mail(), pair.office.stage.target.mail());
        assert_eq!(there.messages(), here.messages(), "what is an item is safe as mail, too");
        pair.assert_safe();
    }
}

#[test]
fn a_server_with_calendars_is_asked_for_them_and_not_for_its_folders() {
    let mut pair = pair(GroupwareMode::Auto);
    let source = format!("http://127.0.0.1:{}", pair.source.port());
    pair.office.groupware.source_dav = Some(kimt::migrate::DavAddress::parse(&source).unwrap());
    let run = pair.office.run(RunKind::Migrate);
    assert_eq!(outcome(&run), [crate::standin::ALL, 0, 0, 0, 0, 0], "{:#?}", said(&run));
    assert!(!pair.uids().contains(&"kolab-2@example.com".to_owned()));
}

#[test]
fn a_mailbox_without_such_folders_is_a_notice() {
    let mut pair = Pair::start();
    pair.office.groupware = Groupware { mode: GroupwareMode::Imap, source_dav: None, ..pair.office.groupware.clone() };
    let run = pair.office.run(RunKind::Migrate);
    assert_eq!(
        (run.verdict(), kinds(&run)),
        (Verdict::AllComplete, [ProblemKind::ItemsNotOffered].into()),
        "{:#?}",
        said(&run)
    );
}
