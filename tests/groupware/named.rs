//! Each bad input and each refusal has its sentence, and the rest arrives.

use crate::embedded::stage::kinds;
use crate::standin::{ALL, Pair};
use crate::{account, outcome, said, sample};
use kimt::domain::{ProblemKind, Side, Sign};
use kimt::migrate::{Groupware, GroupwareMode, test_calendars};
use kimt::progress::{RunKind, RunState, Verdict};
use kimt::rehearsal::dav::DavFault;
use kimt::report::words;
use std::time::{Duration, Instant};

fn assert_said(run: &RunState, words: &[&str]) {
    let said = said(run).join("\n");
    for words in words {
        assert!(said.contains(words), "{words:?} is not said: {said}");
    }
}

#[test]
fn a_uid_that_is_refused_and_an_item_that_is_too_large_are_named_and_the_rest_arrives() {
    let pair = Pair::start();
    let large = format!("DTSTART:20240101T100000Z\r\nSUMMARY:Large\r\nDESCRIPTION:{}\r\n", "x".repeat(40_000));
    pair.source.add(
        account().0,
        "Calendar",
        "large.ics",
        &sample::calendar(&sample::event("large@example.com", &large)),
    );
    pair.target.change(|it| (it.refuses_uids, it.stores_at_most) = (vec!["day@example.com"], 30_000));
    let run = pair.office.run(RunKind::Migrate);
    assert_eq!(outcome(&run), [ALL - 1, 0, 0, 0, 0, 2], "{:#?}", said(&run));
    assert_said(
        &run,
        &[
            "'Betriebsausflug' of 2024-05-04",
            "the same identity (UID)",
            "'Large' of 2024-01-01",
            "larger than the target accepts",
        ],
    );
    assert_eq!(run.verdict(), Verdict::SomeIncomplete);
    // What was refused is not taken for stored: it is tried again.
    pair.target.change(|it| (it.refuses_uids, it.stores_at_most) = (Vec::new(), usize::MAX));
    let again = pair.office.run(RunKind::Migrate);
    assert_eq!(outcome(&again), [2, ALL - 1, 0, 0, 0, 0], "{:#?}", said(&again));
    pair.assert_safe();
}

#[test]
fn a_password_that_is_refused_is_said_to_need_an_app_password_on_either_side() {
    for at_source in [true, false] {
        let pair = Pair::start();
        let server = if at_source { &pair.source } else { &pair.target };
        server.change(|it| it.wants_app_passwords = true);
        let run = pair.office.run(RunKind::Migrate);
        assert_eq!((run.tally.copied.messages, run.tally.failed), (3, 0));
        assert_eq!(kinds(&run), [ProblemKind::ItemsRefused].into());
        let problem = &run.accounts[0].problems[0].1;
        assert!(problem.advice().contains("app password"), "{}", problem.advice());
        let tried = server.requests().len();
        assert!(tried <= 3, "a refused password was shown {tried} times");
    }
}

#[test]
fn a_server_that_takes_digest_only_gets_that_on_either_side_and_a_wrong_password_is_not_shown_twice() {
    for algorithm in ["MD5", "SHA-256"] {
        let pair = Pair::start();
        for server in [&pair.source, &pair.target] {
            server.change(|it| it.wants_digest = Some(algorithm));
        }
        let run = pair.office.run(RunKind::Migrate);
        assert_eq!((outcome(&run), run.verdict()), ([ALL, 0, 0, 0, 0, 0], Verdict::AllComplete), "{:#?}", said(&run));
        pair.assert_safe();
    }
    for (algorithm, words) in
        [("MD5", "app password"), ("SHA-512-256", "a form of Digest that this program does not know")]
    {
        let pair = Pair::start();
        pair.source.change(|it| (it.wants_digest, it.wants_app_passwords) = (Some(algorithm), true));
        let run = pair.office.run(RunKind::Migrate);
        assert_eq!(kinds(&run), [ProblemKind::ItemsRefused].into());
        let problem = &run.accounts[0].problems[0].1;
        assert!(format!("{} {}", problem.sentence(), problem.advice()).contains(words), "{}", problem.sentence());
        assert!(pair.source.requests().len() <= 4, "{:?}", pair.source.requests());
    }
}

#[test]
fn a_picture_that_kerio_connect_does_not_take_is_named_and_the_contact_arrives() {
    use base64::Engine as _;
    let large = base64::engine::general_purpose::STANDARD.encode([&[0xff, 0xd8, 0xff][..], &[0; 256 * 1024]].concat());
    let card = format!(
        "BEGIN:VCARD\r\nVERSION:3.0\r\nUID:large@x\r\nFN:Large\r\nPHOTO;ENCODING=b;TYPE=JPEG:{large}\r\nEND:VCARD\r\n"
    );
    for kerio in [true, false] {
        let mut pair = Pair::start();
        pair.source.add(account().0, "Contacts", "large.vcf", &card);
        if kerio {
            pair.become_kerio();
        }
        let run = pair.office.run(RunKind::Migrate);
        assert_eq!(outcome(&run), [ALL + 1, 0, 0, 0, 0, 0], "{:#?}", said(&run));
        assert_eq!(run.verdict(), Verdict::AllComplete, "{:#?}", said(&run));
        let there = pair.target.items(account().0).into_iter().find(|(_, text)| text.contains("FN:Large")).unwrap().1;
        assert_eq!(there.contains("PHOTO"), !kerio);
        assert_eq!(said(&run).iter().any(|said| said.contains("larger than 256 kB")), kerio, "{:#?}", said(&run));
        // The small JPEG of the sample arrives everywhere.
        assert!(pair.target.items(account().0).iter().any(|(_, text)| text.contains("PHOTO")), "{kerio}");
        pair.assert_safe();
    }
}

#[test]
fn groups_of_contacts_are_categories_of_their_members_wherever_they_are_in_the_book() {
    for searches in [true, false] {
        let pair = Pair::start();
        pair.source.change(|it| it.searches_cards = searches);
        // The members come before one group and after the other.
        for (place, name) in [("a.vcf", "Board"), ("z.vcf", "Choir")] {
            let group = format!(
                "BEGIN:VCARD\r\nVERSION:4.0\r\nKIND:group\r\nUID:{name}\r\nFN:{name}\r\nMEMBER:urn:uuid:keller@example.com\r\nEND:VCARD\r\n"
            );
            pair.source.add(account().0, "Contacts", place, &group);
        }
        let run = pair.office.run(RunKind::Migrate);
        assert_eq!(outcome(&run), [ALL, 0, 0, 0, 2, 0], "{:#?}", said(&run));
        assert_said(&run, &["'Board'", "'Choir'", "with its name as a category"]);
        let cards = pair.target.items(account().0);
        let of = |name: &str| cards.iter().find(|(_, text)| text.contains(name)).unwrap().1.clone();
        assert!(of("FN:J\u{f6}rg Keller").contains("CATEGORIES:Board,Choir") && !of("FN:Short").contains("CATEGORIES"));
        let puts = pair.puts();
        let again = pair.office.run(RunKind::Migrate);
        assert_eq!((outcome(&again), pair.puts()), ([0, ALL, 0, 0, 2, 0], puts), "{:#?}", said(&again));
        let verified = pair.office.run(RunKind::Verify);
        assert_eq!(outcome(&verified), [0, ALL, 0, 0, 2, 0], "{:#?}", said(&verified));
    }
}

#[test]
fn an_alarm_that_would_send_mail_or_start_a_program_shows_a_message() {
    let pair = Pair::start();
    let alarm =
        |action: &str, more: &str| format!("BEGIN:VALARM\r\nACTION:{action}\r\nTRIGGER:-PT15M\r\n{more}END:VALARM\r\n");
    let lines = format!(
        "DTSTART:20300101T100000Z\r\nSUMMARY:Alarms\r\n{}{}",
        alarm("EMAIL", "SUMMARY:Come\r\nDESCRIPTION:Now\r\nATTENDEE:mailto:eve@elsewhere.example\r\n"),
        alarm("PROCEDURE", "ATTACH:file:///bin/sh\r\n")
    );
    pair.source.add(account().0, "Calendar", "alarms.ics", &sample::calendar(&sample::event("alarms@x", &lines)));
    let run = pair.office.run(RunKind::Migrate);
    assert_eq!(outcome(&run), [ALL + 1, 0, 0, 0, 0, 0], "{:#?}", said(&run));
    let text = pair.target.items(account().0).into_iter().find(|(_, text)| text.contains("SUMMARY:Alarms")).unwrap().1;
    assert_eq!(text.matches("ACTION:DISPLAY").count(), 2, "{text}");
    assert!(!text.contains("eve@") && !text.contains("/bin/sh"), "{text}");
    pair.assert_safe();
}

#[test]
fn a_server_that_asks_to_wait_too_long_is_named_and_not_waited_for() {
    for (method, status) in [("PUT", 503), ("PUT", 429), ("PROPFIND", 503)] {
        let pair = Pair::start();
        pair.target.on_request(move |asked, _, _| match asked == method {
            true => DavFault::Status(status, Some(86_400)),
            false => DavFault::None,
        });
        let begun = Instant::now();
        let run = pair.office.run(RunKind::Migrate);
        assert!(begun.elapsed() < Duration::from_secs(30), "{:?}", begun.elapsed());
        assert_eq!((run.tally.copied.messages, run.verdict()), (3, Verdict::SomeIncomplete));
        assert_said(&run, &["asked to wait"]);
    }
}

#[test]
fn a_listing_in_pages_is_read_to_its_end_on_both_sides() {
    let pair = Pair::start();
    for server in [&pair.source, &pair.target] {
        server.change(|it| (it.lists_at_most, it.gives_pages) = (2, true));
    }
    let run = pair.office.run(RunKind::Migrate);
    assert_eq!(outcome(&run), [ALL, 0, 0, 0, 0, 0], "{:#?}", said(&run));
    assert_eq!(run.verdict(), Verdict::AllComplete);
    let again = pair.office.run(RunKind::Migrate);
    assert_eq!(outcome(&again), [0, ALL, 0, 0, 0, 0], "{:#?}", said(&again));
}

#[test]
fn an_answer_that_is_not_in_the_encoding_it_says_changes_no_text() {
    let pair = Pair::start();
    pair.source.change(|it| it.mixes_encodings = true);
    let run = pair.office.run(RunKind::Migrate);
    assert_eq!(outcome(&run), [ALL, 0, 0, 0, 0, 0], "{:#?}", said(&run));
    let all: String = pair.target.items(account().0).into_iter().map(|(_, text)| text.replace("\r\n ", "")).collect();
    assert!(all.contains("Jörg Keller") && !all.contains('\u{fffd}'), "{all}");
}

#[test]
fn what_is_left_out_of_an_answer_is_asked_for_alone() {
    let pair = Pair::start();
    for server in [&pair.source, &pair.target] {
        server.change(|it| it.delivers_at_most = 1);
    }
    let run = pair.office.run(RunKind::Migrate);
    assert_eq!(outcome(&run), [ALL, 0, 0, 0, 0, 0], "{:#?}", said(&run));
    assert_eq!(run.verdict(), Verdict::AllComplete);
}

#[test]
fn an_answer_that_declares_entities_is_not_read_and_mail_is_complete() {
    for at_source in [true, false] {
        let pair = Pair::start();
        let server = if at_source { &pair.source } else { &pair.target };
        server.change(|it| it.declares_entities = true);
        let run = pair.office.run(RunKind::Migrate);
        assert_eq!((run.tally.copied.messages, run.verdict()), (3, Verdict::SomeIncomplete));
        assert!(kinds(&run).contains(&ProblemKind::ItemsNotReached), "{:#?}", said(&run));
    }
}

#[test]
fn an_exception_without_its_series_is_named_and_arrives() {
    let pair = Pair::start();
    let alone = sample::event(
        "alone@example.com",
        "RECURRENCE-ID:20240101T100000Z\r\nDTSTART:20240101T110000Z\r\nSUMMARY:Alone\r\n",
    );
    pair.source.add(account().0, "Calendar", "alone.ics", &sample::calendar(&alone));
    let run = pair.office.run(RunKind::Migrate);
    assert_eq!(outcome(&run), [ALL + 1, 0, 0, 0, 0, 0], "{:#?}", said(&run));
    assert_said(&run, &["exception of a series that the source does not have"]);
}

#[test]
fn an_item_that_is_listed_and_not_given_is_named_and_one_that_was_deleted_meanwhile_is_not() {
    let pair = Pair::start();
    let source = std::sync::Arc::downgrade(&pair.source);
    pair.source.change(|it| it.delivers_at_most = 0);
    pair.source.on_request(move |method, path, _| match (method, path) {
        ("GET", path) if path.ends_with("day.eml") => DavFault::Status(404, None),
        ("GET", path) if path.ends_with("floating.eml") => {
            source.upgrade().unwrap().delete(account().0, "UID:floating@example.com");
            DavFault::None
        }
        _ => DavFault::None,
    });
    let run = pair.office.run(RunKind::Migrate);
    assert_eq!(outcome(&run), [ALL - 2, 0, 0, 0, 0, 1], "{:#?}", said(&run));
    assert_said(&run, &["day.eml", "does not deliver it"]);
    assert_eq!(run.verdict(), Verdict::SomeIncomplete);
}

#[test]
fn an_item_that_is_not_given_is_named_where_the_list_that_could_tell_why_is_cut_short() {
    let pair = Pair::start();
    let source = std::sync::Arc::downgrade(&pair.source);
    pair.source.change(|it| it.delivers_at_most = 0);
    pair.source.on_request(move |method, path, _| match (method, path) {
        ("GET", path) if path.ends_with("floating.eml") => {
            source.upgrade().unwrap().change(|it| it.lists_at_most = 0);
            DavFault::Status(404, None)
        }
        _ => DavFault::None,
    });
    let run = pair.office.run(RunKind::Migrate);
    assert_said(&run, &["floating.eml", "does not deliver it"]);
    assert_eq!((run.items.failed, run.verdict()), (1, Verdict::SomeIncomplete), "{:#?}", said(&run));
}

#[test]
fn odd_names_of_places_and_odd_text_arrive() {
    let pair = Pair::start();
    let user = account().0;
    let event = |uid: &str, summary: &str| {
        sample::calendar(&sample::event(
            uid,
            &format!("DTSTART:20240101T100000Z\r\nSUMMARY:{summary}\r\nCLASS:PRIVATE\r\n"),
        ))
    };
    for name in ["with space.ics", "with@at.ics", "with%percent.ics", "\u{fc}ml\u{e4}ut.ics", "a&b.ics", "a+b;c.ics"] {
        pair.source.add(user, "Calendar", name, &event(name, "Odd"));
    }
    let windows = "DTSTART;TZID=W. Europe Standard Time:20240701T090000\r\nSUMMARY:Windows\r\n";
    pair.source.add(user, "Calendar", "windows.ics", &sample::calendar(&sample::event("windows", windows)));
    let card = "BEGIN:VCARD\r\nVERSION:4.0\r\nUID:four\r\nFN:Four\r\nBDAY:--0412\r\nEND:VCARD\r\n";
    pair.source.add(user, "Contacts", "four.vcf", card);
    let run = pair.office.run(RunKind::Migrate);
    assert_eq!(outcome(&run), [ALL + 8, 0, 0, 0, 0, 0], "{:#?}", said(&run));
    let again = pair.office.run(RunKind::Migrate);
    assert_eq!(outcome(&again), [0, ALL + 8, 0, 0, 0, 0], "{:#?}", said(&again));
    pair.assert_safe();
}

#[test]
fn a_test_of_the_connection_says_where_calendars_answer_and_shows_no_password() {
    let pair = Pair::start();
    let request = pair.office.request(RunKind::Check);
    let (servers, groupware) = (request.servers, request.options.groupware);
    let state = pair.office.stage.folder.path();
    let said = |side: Side, groupware: &Groupware| -> Vec<(Sign, String)> {
        let findings = test_calendars(side, &servers, groupware, state);
        findings.iter().map(|finding| (finding.sign(), words::finding(finding))).collect()
    };
    let (good, port) = (said(Side::Source, &groupware), pair.source.port());
    let place = format!("Calendars and contacts answer at http://127.0.0.1:{port}/caldav/");
    assert_eq!(good, [(Sign::Good, place)]);
    pair.target.change(|it| it.offers_dav = false);
    let missing = said(Side::Target, &groupware);
    assert_eq!((missing.len(), missing[0].0), (1, Sign::Warning));
    assert!(missing[0].1.starts_with("No calendar server answers at http://127.0.0.1:"), "{missing:?}");
    assert!(
        missing[0]
            .1
            .ends_with("give the address of the calendar server under More, or leave calendars and contacts out")
    );
    // Nothing listens at the usual place of this machine.
    let usual = said(Side::Source, &Groupware { source_dav: None, ..groupware.clone() });
    assert_eq!((usual.len(), usual[0].0), (1, Sign::Warning));
    assert!(usual[0].1.ends_with("the mailboxes' folders will be searched for them"), "{usual:?}");
    assert_eq!(said(Side::Source, &Groupware::default()), []);
    assert_eq!(said(Side::Source, &Groupware { mode: GroupwareMode::Imap, ..groupware.clone() }), []);
}
