//! Folders of a mailbox as a source: calendar objects, cards and Kolab's items as messages.

use crate::embedded::between::{Fate, Tamper};
use crate::embedded::stage::{ANN, kinds, message};
use crate::standin::Pair;
use crate::{outcome, said, said as said_of, sample};
use kimt::domain::ProblemKind;
use kimt::migrate::{Groupware, GroupwareMode};
use kimt::progress::{RunKind, RunState, Verdict};
use kimt::rehearsal::dav::DavFault;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

fn mail(kind: &str, body: &str) -> String {
    format!("From: ann@example.com\r\nSubject: An item\r\nMIME-Version: 1.0\r\nContent-Type: {kind}\r\n\r\n{body}")
}

const KOLAB_2: &str = "<?xml version=\"1.0\"?><task><uid>kolab-2@example.com</uid><summary>Tax</summary><due-date>2024-07-31</due-date></task>";
const KOLAB_3: &str = "<?xml version=\"1.0\"?><icalendar xmlns=\"urn:ietf:params:xml:ns:icalendar-2.0\"><vcalendar><components><vevent><properties><uid><text>kolab-3@example.com</text></uid><dtstart><parameters><tzid><text>/kolab.org/Europe/Berlin</text></tzid></parameters><date-time>2024-07-01T09:00:00</date-time></dtstart><summary><text>Of Kolab</text></summary><attendee><cal-address>mailto:%3Cben%40example.com%3E</cal-address></attendee></properties></vevent></components></vcalendar></icalendar>";

/// A message of Ann's folders, and the UID of the item that it should become.
struct Letter {
    text: String,
    item: Option<String>,
}

/// Ann's source has no calendars but folders of items; in two of them is something else as well.
struct Mailbox {
    pair: Pair,
    letters: Vec<Letter>,
}

impl Mailbox {
    fn add(&mut self, folder: &str, text: &str, item: Option<&str>) {
        self.letters.push(Letter { text: text.to_owned(), item: item.map(str::to_owned) });
        self.pair.office.stage.source.store().add(ANN, folder, message(text)).unwrap();
    }

    /// Every message is on the target, as mail or as an item, and none as both but those `as_both`, by words in them.
    fn assert_each_is_mail_or_item(&self, as_both: &[&str]) {
        let mail = self.pair.office.stage.target.mail();
        let mail: Vec<String> =
            mail.folders.values().flat_map(|it| &it.messages).map(|it| format!("{:?}", it.digest)).collect();
        let uids = self.pair.uids();
        for letter in &self.letters {
            let digest = format!("{:?}", kimt::domain::Digest(*blake3::hash(letter.text.as_bytes()).as_bytes()));
            let text = &letter.text;
            let as_mail = mail.iter().filter(|own| **own == digest).count();
            let as_item = uids.iter().filter(|uid| letter.item.as_ref() == Some(*uid)).count();
            let expected =
                if as_both.iter().any(|words| text.contains(words)) { (1, 1) } else { (1 - as_item, as_item) };
            assert_eq!((as_mail, as_item), expected, "{text}");
        }
        assert!(mail.len() <= self.letters.len() + 3, "there is more mail than there was");
    }
}

fn mailbox(mode: GroupwareMode) -> Mailbox {
    let mut pair = Pair::start();
    pair.office.groupware = Groupware { mode, source_dav: None, ..pair.office.groupware.clone() };
    let store = pair.office.stage.source.store();
    for folder in ["Calendar", "Kalender", "Kalender/Team", "Kontakte", "Tasks", "Project"] {
        store.create_folder(ANN, folder).unwrap();
    }
    let mut mailbox = Mailbox { pair, letters: Vec::new() };
    for (name, text) in sample::events() {
        mailbox.add("Calendar", &mail("text/calendar; charset=utf-8", &text), Some(&format!("{name}@example.com")));
    }
    let invitation =
        sample::events()[1].1.replace("VERSION:2.0", "VERSION:2.0\r\nMETHOD:REQUEST").replace("meeting@", "other@");
    mailbox.add("Calendar", &mail("text/calendar; method=REQUEST", &invitation), None);
    mailbox.add("Calendar", "Subject: Notes\r\n\r\nNo event.\r\n", None);
    mailbox.add("INBOX", &mail("text/calendar; method=REQUEST", &invitation).replace("An item", "Invitation"), None);
    mailbox.add("Project", &mail("text/calendar", &sample::events()[1].1.replace("meeting@", "project@")), None);
    let typed = mail("multipart/mixed; boundary=x", "")
        .replace("Subject", "X-Kolab-Type: application/x-vnd.kolab.event\r\nSubject");
    let kolab = format!(
        "{typed}--x\r\nContent-Type: text/plain\r\n\r\nA Kolab object.\r\n--x\r\nContent-Type: application/calendar+xml; charset=utf-8\r\n\r\n{KOLAB_3}\r\n--x--\r\n"
    );
    mailbox.add("Kalender/Team", &kolab, Some("kolab-3@example.com"));
    for (name, text) in sample::cards() {
        mailbox.add("Kontakte", &mail("text/x-vcard; charset=utf-8", &text), Some(&format!("{name}@example.com")));
    }
    mailbox.add("Tasks", &mail("application/x-vnd.kolab.task", KOLAB_2), Some("kolab-2@example.com"));
    mailbox
}

#[test]
fn what_folders_of_a_mailbox_hold_arrives_as_an_item_or_as_mail_and_never_as_neither() {
    for mode in [GroupwareMode::Auto, GroupwareMode::Imap] {
        let mailbox = mailbox(mode);
        let pair = &mailbox.pair;
        let first = pair.office.run(RunKind::Migrate);
        // Five events, one of Kolab, a task, two contacts; the invitation and the note are not items.
        assert_eq!(outcome(&first), [9, 0, 0, 0, 2, 0], "{:#?}", said(&first));
        assert_eq!(first.verdict(), Verdict::AllComplete, "{:#?}", said(&first));
        let uids: BTreeSet<String> = pair.uids().into_iter().collect();
        assert_eq!((uids.len(), pair.uids().len()), (9, 9));
        assert!(!uids.contains("other@example.com"), "an invitation is no event");
        assert!(!uids.contains("project@example.com"), "one sign is not enough");
        let places: BTreeSet<String> = pair.target.items(ANN).into_iter().map(|(folder, _)| folder).collect();
        assert_eq!(places, ["Calendar", "Contacts", "Tasks", "Team"].map(str::to_owned).into());
        mailbox.assert_each_is_mail_or_item(&[]);
        let (puts, there) = (pair.puts(), pair.office.stage.target.mail());
        assert_eq!(there.messages(), pair.office.stage.source.mail().messages() - 9);
        let second = pair.office.run(RunKind::Migrate);
        assert_eq!((outcome(&second), pair.puts()), ([0, 9, 0, 0, 2, 0], puts), "{:#?}", said(&second));
        assert_eq!((second.verdict(), second.tally.copied.messages), (Verdict::AllComplete, 0));
        assert_eq!(pair.office.stage.target.mail().messages(), there.messages());
        let verified = pair.office.run(RunKind::Verify);
        assert_eq!(outcome(&verified), [0, 9, 0, 0, 2, 0], "{:#?}", said(&verified));
        assert_eq!(verified.verdict(), Verdict::AllComplete, "{:#?}", said(&verified));
        assert_eq!(pair.office.stage.source.store().changes_seen(ANN).unwrap(), [""; 0]);
        pair.assert_safe();
        // An item that is gone is not mail either, and missed as both.
        assert!(pair.target.delete(ANN, "UID:kolab-2@example.com"));
        let verified = pair.office.run(RunKind::Verify);
        assert_eq!(verified.verdict(), Verdict::SomeIncomplete);
        let missed = [ProblemKind::ItemMissing, ProblemKind::MessageMissing, ProblemKind::ItemLeftOut];
        assert_eq!(kinds(&verified), missed.into());
    }
}

#[test]
fn what_the_target_does_not_take_as_an_item_or_has_otherwise_arrives_as_mail() {
    let mailbox = mailbox(GroupwareMode::Imap);
    let pair = &mailbox.pair;
    let own =
        sample::calendar(&sample::event("floating@example.com", "DTSTART:20240101T100000Z\r\nSUMMARY:My own\r\n"));
    pair.target.add(ANN, "Calendar", "mine.ics", &own);
    pair.target.change(|it| it.refuses_uids = vec!["day@example.com"]);
    let run = pair.office.run(RunKind::Migrate);
    assert_eq!(outcome(&run), [7, 0, 1, 0, 2, 1], "{:#?}", said(&run));
    assert_eq!(run.verdict(), Verdict::SomeIncomplete);
    // What is different is on the target as its owner has it, and comes as mail as the source has it.
    mailbox.assert_each_is_mail_or_item(&["UID:floating@example.com"]);
    // Once it is taken it is an item; the mail of the first run is not taken back.
    pair.target.change(|it| it.refuses_uids = Vec::new());
    let again = pair.office.run(RunKind::Migrate);
    assert_eq!((outcome(&again), again.tally.copied.messages), ([1, 7, 1, 0, 2, 0], 0), "{:#?}", said(&again));
    assert_eq!(named_as_mail(&again), [ONE]);
    assert_eq!(named_as_mail(&pair.office.run(RunKind::Migrate)), [""; 0], "it is named once");
    mailbox.assert_each_is_mail_or_item(&["UID:floating@example.com", "UID:day@example.com"]);
    pair.assert_safe();
}

const ONE: &str = "ItemsMailedBefore: 1 item of 'Calendar' is also on the target as mail, from an earlier run.";

/// What is said of items that are on the target as mail too.
fn named_as_mail(run: &RunState) -> Vec<String> {
    said(run).into_iter().filter(|said| said.contains("also on the target as mail")).collect()
}

#[test]
fn what_was_mailed_before_or_comes_while_items_are_copied_becomes_an_item_and_its_mail_is_named_once() {
    let mut mailbox = mailbox(GroupwareMode::Imap);
    // An earlier run had no look at items.
    let mut without = mailbox.pair.office.request(RunKind::Migrate);
    without.options.groupware = Groupware::default();
    let run = mailbox.pair.office.stage.finish(without);
    assert_eq!((run.verdict(), outcome(&run)), (Verdict::AllComplete, [0; 6]), "{:#?}", said(&run));
    // And one more comes when the folders have been listed.
    let late = mail("text/calendar", &sample::events()[1].1.replace("meeting@", "late@"));
    mailbox.letters.push(Letter { text: late.clone(), item: Some("late@example.com".to_owned()) });
    let (store, is_there) = (mailbox.pair.office.stage.source.server.store().clone(), AtomicBool::new(false));
    mailbox.pair.target.on_request(move |method, _, _| {
        if method == "PUT" && !is_there.swap(true, Ordering::SeqCst) {
            store.add(ANN, "Calendar", message(&late)).unwrap();
        }
        DavFault::None
    });
    let items = mailbox.letters.iter().filter(|letter| letter.item.is_some()).count();
    let first = mailbox.pair.office.run(RunKind::Migrate);
    assert_eq!(outcome(&first), [items as u64 - 1, 0, 0, 0, 2, 0], "{:#?}", said(&first));
    assert_eq!(first.tally.copied.messages, 1, "the late one came as mail");
    let named = named_as_mail(&first);
    assert_eq!(named.len(), 4, "each folder: {named:#?}");
    let second = mailbox.pair.office.run(RunKind::Migrate);
    assert_eq!(outcome(&second), [1, items as u64 - 1, 0, 0, 2, 0], "{:#?}", said(&second));
    assert_eq!(named_as_mail(&second), [ONE]);
    let third = mailbox.pair.office.run(RunKind::Migrate);
    assert_eq!((named_as_mail(&third), third.verdict()), (Vec::new(), Verdict::AllComplete), "{:#?}", said(&third));
    let words: Vec<String> = mailbox.letters.iter().filter_map(|letter| letter.item.clone()).collect();
    let there = mailbox.pair.uids();
    assert!(words.iter().all(|uid| there.iter().filter(|there| *there == uid).count() == 1), "{there:?}");
    assert_eq!(mailbox.pair.office.stage.target.mail().messages(), mailbox.pair.office.stage.source.mail().messages());
    mailbox.pair.assert_safe();
}

#[test]
fn that_the_source_has_no_items_is_said_once_and_where_a_server_had_them_its_silence_is_a_failure() {
    let mut pair = Pair::start();
    let server = pair.office.groupware.source_dav.take();
    let run = pair.office.run(RunKind::Migrate);
    assert_eq!((run.verdict(), kinds(&run)), (Verdict::AllComplete, [ProblemKind::ItemsNotOffered].into()));
    let run = pair.office.run(RunKind::Migrate);
    assert_eq!((run.verdict(), kinds(&run)), (Verdict::AllComplete, [].into()), "{:#?}", said(&run));
    pair.office.groupware.source_dav = server;
    assert_eq!(outcome(&pair.office.run(RunKind::Migrate))[0], crate::standin::ALL);
    pair.office.groupware.source_dav = None;
    let run = pair.office.run(RunKind::Migrate);
    assert_eq!((run.verdict(), kinds(&run)), (Verdict::SomeIncomplete, [ProblemKind::ItemsNotReached].into()));
    assert!(said(&run).iter().any(|said| said.contains("on the source server cannot be reached")), "{:#?}", said(&run));
}

#[test]
fn a_message_with_more_than_its_item_is_an_item_and_mail() {
    let mut mailbox = mailbox(GroupwareMode::Imap);
    let event = |uid: &str| {
        sample::calendar(&sample::event(uid, "DTSTART:20240101T100000Z\r\nDESCRIPTION:Bring the plans\r\n"))
    };
    let with = |uid: &str, head: &str, body: &str| {
        let item = event(uid);
        mail(
            "multipart/mixed; boundary=x",
            &format!("--x\r\nContent-Type: text/calendar\r\n\r\n{item}\r\n--x\r\n{head}\r\n\r\n{body}\r\n--x--\r\n"),
        )
    };
    let file = "Content-Type: application/pdf; name=plan.pdf";
    mailbox.add("Calendar", &with("file@x", file, "%PDF"), Some("file@x"));
    mailbox.add("Calendar", &with("words@x", "Content-Type: text/plain", "What is said here only"), Some("words@x"));
    mailbox.add("Calendar", &with("same@x", "Content-Type: text/plain", "Bring the plans"), Some("same@x"));
    let two = with("one@x", "Content-Type: text/calendar", &event("two@x"));
    mailbox.add("Calendar", &two, Some("one@x"));
    for _ in 0..2 {
        let run = mailbox.pair.office.run(RunKind::Migrate);
        assert_eq!(run.verdict(), Verdict::AllComplete, "{:#?}", said(&run));
        mailbox.assert_each_is_mail_or_item(&["plan.pdf", "said here only", "UID:two@x"]);
    }
}

#[test]
fn a_run_that_is_cut_between_items_and_their_mail_loses_and_doubles_nothing() {
    let mut mailbox = mailbox(GroupwareMode::Imap);
    let file = "--x\r\nContent-Type: text/plain; name=a.txt\r\n\r\nHello\r\n--x--\r\n";
    let event = sample::calendar(&sample::event("file@x", "DTSTART:20240101T100000Z\r\n"));
    let text =
        mail("multipart/mixed; boundary=x", &format!("--x\r\nContent-Type: text/calendar\r\n\r\n{event}\r\n{file}"));
    mailbox.add("Calendar", &text, Some("file@x"));
    // The first run stores items and never opens a folder of them for mail.
    let (opened, is_mended) = (AtomicUsize::new(0), Arc::new(AtomicBool::new(false)));
    let mended = is_mended.clone();
    mailbox.pair.office.stage.source.tamper(Tamper::commands(move |command| {
        let opens = command.name == "EXAMINE" && command.text.contains("Calendar") && !mended.load(Ordering::SeqCst);
        if opens && opened.fetch_add(1, Ordering::SeqCst) > 1 { Fate::Close } else { Fate::Pass }
    }));
    let cut = mailbox.pair.office.run(RunKind::Migrate);
    assert_eq!(outcome(&cut), [10, 0, 0, 0, 2, 0], "{:#?}", said(&cut));
    assert_eq!(cut.verdict(), Verdict::SomeIncomplete, "{:#?}", said(&cut));
    is_mended.store(true, Ordering::SeqCst);
    let run = mailbox.pair.office.run(RunKind::Migrate);
    assert_eq!((outcome(&run), run.verdict()), ([0, 10, 0, 0, 2, 0], Verdict::AllComplete), "{:#?}", said(&run));
    mailbox.assert_each_is_mail_or_item(&["a.txt"]);
}

#[test]
fn the_rules_for_folders_hold_for_items_as_well() {
    let mailbox = mailbox(GroupwareMode::Imap);
    let mut request = mailbox.pair.office.request(RunKind::Migrate);
    request.selection.read_rules("exclude Calendar\nexclude Kontakte").unwrap();
    let run = mailbox.pair.office.stage.finish(request);
    assert_eq!(outcome(&run), [2, 0, 0, 0, 0, 0], "{:#?}", said(&run));
    assert_eq!(run.verdict(), Verdict::AllComplete, "{:#?}", said(&run));
}

#[test]
fn a_server_with_calendars_is_asked_for_them_and_not_for_its_folders() {
    let mut pair = mailbox(GroupwareMode::Auto).pair;
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

#[test]
fn in_kerio_connect_items_are_in_the_calendar_and_what_is_none_is_in_a_folder_beside_it() {
    let mut pair = Pair::start();
    pair.become_kerio();
    pair.office.groupware = Groupware { mode: GroupwareMode::Imap, source_dav: None, ..pair.office.groupware.clone() };
    let store = pair.office.stage.source.store();
    store.create_folder(ANN, "Calendar").unwrap();
    for (_, text) in sample::events() {
        store.add(ANN, "Calendar", message(&mail("text/calendar", &text))).unwrap();
    }
    store.add(ANN, "Calendar", message("Subject: Notes\r\n\r\nNo event.\r\n")).unwrap();
    for copied in [5, 0] {
        let run = pair.office.run(RunKind::Migrate);
        assert_eq!(outcome(&run), [copied, 5 - copied, 0, 0, 1, 0], "{:#?}", said(&run));
        assert_eq!(run.verdict(), Verdict::AllComplete, "{:#?}", said(&run));
        let mail = pair.office.stage.target.mail();
        assert_eq!(mail.folder("Calendar (migrated)").unwrap().messages.len(), 1);
        assert_eq!(mail.messages(), 21);
        assert_eq!(pair.target.items(ANN).iter().filter(|(folder, _)| folder == "Calendar").count(), 5);
    }
    assert_eq!(pair.target.outbox(), []);
}

#[test]
fn what_kolab_noted_of_a_folder_is_a_sign_and_says_which_is_the_default_one_on_a_real_cyrus() {
    let cyrus = crate::support::cyrus::Cyrus::start();
    cyrus.add_user_with_mailbox(ANN, crate::embedded::stage::PASSWORD);
    let append = |folder: &str, text: &str| format!("b APPEND {folder} {{{}+}}\r\n{text}\r\n", text.len());
    let event =
        |uid: &str| mail("text/calendar", &sample::calendar(&sample::event(uid, "DTSTART:20240101T100000Z\r\n")));
    let commands: String = [
        "b CREATE Termine\r\nb CREATE Chor\r\nb CREATE Leute\r\nb CREATE Projekt\r\n".to_owned(),
        "b SETMETADATA Chor (/shared/vendor/kolab/folder-type \"event\")\r\n".to_owned(),
        "b SETMETADATA Termine (/shared/vendor/kolab/folder-type \"event.default\")\r\n".to_owned(),
        "b SETMETADATA Leute (/shared/vendor/kolab/folder-type \"contact.default\")\r\n".to_owned(),
        append("Chor", &event("choir@x")),
        append("Termine", &event("default@x")),
        append("Leute", &mail("text/vcard", &sample::cards()[0].1)),
        append("Projekt", &event("project@x")),
    ]
    .concat();
    let said = cyrus.say(ANN, crate::embedded::stage::PASSWORD, &commands);
    assert_eq!(said.matches("\nb OK").count(), 11, "{said}");
    let pair = Pair::start();
    let target = pair.office.groupware.target_dav.clone();
    let mut request = pair.office.request(RunKind::Migrate);
    let address = kimt::domain::ServerAddress { host: "127.0.0.1".to_owned(), port: Some(cyrus.port) };
    request.servers.source = kimt::migrate::MailServer::at(address, kimt::domain::Security::Plain);
    request.options.groupware = Groupware { mode: GroupwareMode::Imap, target_dav: target, ..Groupware::default() };
    let run = pair.office.stage.finish(request);
    assert_eq!(outcome(&run), [3, 0, 0, 0, 0, 0], "{:#?}", said_of(&run));
    assert_eq!(run.verdict(), Verdict::AllComplete, "{:#?}", said_of(&run));
    let folder_of = |uid: &str| {
        let items = pair.target.items(ANN);
        items.iter().find(|(_, text)| text.contains(uid)).map(|(folder, _)| folder.clone())
    };
    assert_eq!(folder_of("UID:default@x").as_deref(), Some("Calendar"));
    assert_eq!(folder_of("UID:choir@x").as_deref(), Some("Chor"));
    assert_eq!(folder_of("UID:project@x"), None);
    assert_eq!(pair.office.stage.target.mail().messages(), 1, "what is no item by two signs is mail, and nothing else");
}
