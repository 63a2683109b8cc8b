//! Forms in which servers, exports and old programs write what they mean: each arrives as that, or is named; none gets lost in silence.

use crate::embedded::stage::kinds;
use crate::standin::{ALL, Pair};
use crate::support::dav::DavClient;
use crate::{account, outcome, said, sample};
use kimt::domain::ProblemKind;
use kimt::progress::{RunKind, Verdict};
use kimt::rehearsal::dav::DavFault;
use std::collections::BTreeSet;

/// The text of the item on the target that has these words.
fn on_target(pair: &Pair, words: &str) -> String {
    let found = pair.target.items(account().0).into_iter().find(|(_, text)| text.replace("\r\n ", "").contains(words));
    found.unwrap_or_else(|| panic!("{words} is not on the target")).1.replace("\r\n ", "")
}

#[test]
fn a_server_that_writes_another_address_before_its_places_is_read_and_written_all_the_same() {
    for address in ["http://inside.example:8080", "//inside.example", "https://127.0.0.1"] {
        let pair = Pair::start();
        for server in [&pair.source, &pair.target] {
            server.change(|it| it.names_itself = address);
        }
        let run = pair.office.run(RunKind::Migrate);
        assert_eq!((outcome(&run), run.verdict()), ([ALL, 0, 0, 0, 0, 0], Verdict::AllComplete), "{:#?}", said(&run));
        let again = pair.office.run(RunKind::Migrate);
        assert_eq!(outcome(&again), [0, ALL, 0, 0, 0, 0], "{:#?}", said(&again));
        pair.assert_safe();
    }
}

#[test]
fn a_list_of_calendars_that_is_cut_short_is_never_complete_and_never_stored_into() {
    let pair = Pair::start();
    pair.source.change(|it| it.lists_all_collections = false);
    let run = pair.office.run(RunKind::Migrate);
    assert_eq!((run.items.copied, run.verdict()), (5, Verdict::SomeIncomplete), "{:#?}", said(&run));
    assert!(said(&run).join("\n").contains("does not list everything"), "{:#?}", said(&run));
    let pair = Pair::start();
    pair.target.change(|it| it.lists_all_collections = false);
    let run = pair.office.run(RunKind::Migrate);
    assert_eq!((run.items.copied, run.verdict(), pair.puts()), (0, Verdict::SomeIncomplete, 0), "{:#?}", said(&run));
    assert_eq!(kinds(&run), [ProblemKind::ItemsNotReached].into());
    pair.assert_safe();
}

#[test]
fn events_of_outlook_and_exchange_and_of_careless_programs_arrive_as_what_they_mean() {
    let pair = Pair::start();
    let zone = "BEGIN:VTIMEZONE\r\nTZID:(UTC+01:00) Amsterdam\\, Berlin\r\nBEGIN:STANDARD\r\nDTSTART:16010101T030000\r\nTZOFFSETFROM:+0200\r\nTZOFFSETTO:+0100\r\nRRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=-1SU;BYMONTH=10\r\nEND:STANDARD\r\nBEGIN:DAYLIGHT\r\nDTSTART:16010101T020000\r\nTZOFFSETFROM:+0100\r\nTZOFFSETTO:+0200\r\nRRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=-1SU;BYMONTH=3\r\nEND:DAYLIGHT\r\nEND:VTIMEZONE\r\n";
    let exchange = "DTSTART;TZID=\"(UTC+01:00) Amsterdam, Berlin\":20240701T090000\r\nDTEND;TZID=\"(UTC+01:00) Amsterdam, Berlin\":20240701T100000\r\nSUMMARY:Exchange\r\nORGANIZER;SCHEDULE-AGENT=SERVER;SENT-BY=\"mailto:eve@example.com\":mailto:ann@example.com\r\nATTENDEE;SCHEDULE-AGENT=SERVER;SCHEDULE-FORCE-SEND=REQUEST;CN=^'Ben^':mailto:ben@example.com\r\n";
    let with_zone = sample::calendar(&format!("{zone}{}", sample::event("exchange@x", exchange)));
    let lines = |uid: &str, lines: &str| sample::calendar(&sample::event(uid, lines));
    let items = [
        ("exchange.ics", with_zone.replace("VERSION:2.0\r\n", "VERSION:2.0\r\nMETHOD:REQUEST\r\n")),
        (
            "windows.ics",
            lines("windows@x", "DTSTART;TZID=W. Europe Standard Time:20240701T090000\r\nSUMMARY:Windows\r\n"),
        ),
        ("floating.ics", lines("float@x", "DTSTART:20240701T090000\r\nDURATION:PT90M\r\nSUMMARY:Floating\r\n")),
        (
            "alarm.ics",
            lines(
                "alarm@x",
                "DTSTART:20240701T090000Z\r\nSUMMARY:Mails\r\nBEGIN:VALARM\r\nACTION:EMAIL\r\nTRIGGER;VALUE=DATE-TIME:20240701T080000Z\r\nATTENDEE:mailto:ben@example.com\r\nSUMMARY:x\r\nDESCRIPTION:y\r\nEND:VALARM\r\n",
            ),
        ),
    ];
    for (name, text) in &items {
        pair.source.add(account().0, "Calendar", name, text);
    }
    let run = pair.office.run(RunKind::Migrate);
    assert_eq!(outcome(&run), [ALL + items.len() as u64, 0, 0, 0, 0, 0], "{:#?}", said(&run));
    assert_eq!(run.verdict(), Verdict::AllComplete);
    let exchange = on_target(&pair, "SUMMARY:Exchange");
    assert!(exchange.contains("Participant: \"Ben\" <ben@example.com>"), "{exchange}");
    assert!(!exchange.contains("METHOD") && exchange.contains("DTSTART:16010101T030000"), "{exchange}");
    assert!(on_target(&pair, "SUMMARY:Windows").contains("BEGIN:VTIMEZONE"));
    assert!(on_target(&pair, "SUMMARY:Mails").contains("ACTION:DISPLAY"));
    pair.assert_safe();
    // Where the target writes the same moments in another zone, they are the same.
    let run = pair.office.run(RunKind::Verify);
    assert_eq!(run.verdict(), Verdict::AllComplete, "{:#?}", said(&run));
}

#[test]
fn what_the_target_has_in_another_zone_is_the_same_event_and_what_is_an_hour_off_is_not() {
    let exchange = "BEGIN:VTIMEZONE\r\nTZID:Own\r\nBEGIN:STANDARD\r\nDTSTART:16010101T030000\r\nTZOFFSETFROM:+0200\r\nTZOFFSETTO:+0100\r\nRRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10\r\nEND:STANDARD\r\nBEGIN:DAYLIGHT\r\nDTSTART:16010101T020000\r\nTZOFFSETFROM:+0100\r\nTZOFFSETTO:+0200\r\nRRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3\r\nEND:DAYLIGHT\r\nEND:VTIMEZONE\r\n";
    let event = |uid: &str, start: &str| sample::event(uid, &format!("DTSTART{start}\r\nSUMMARY:{uid}\r\n"));
    let pair = Pair::start();
    for uid in ["same", "off"] {
        let text = sample::calendar(&format!("{exchange}{}", event(uid, ";TZID=Own:20240701T090000")));
        pair.source.add(account().0, "Calendar", &format!("{uid}.ics"), &text);
    }
    pair.target.add(account().0, "Calendar", "s.ics", &sample::calendar(&event("same", ":20240701T070000Z")));
    pair.target.add(account().0, "Calendar", "o.ics", &sample::calendar(&event("off", ":20240701T080000Z")));
    let run = pair.office.run(RunKind::Migrate);
    assert_eq!(outcome(&run), [ALL, 1, 1, 0, 0, 0], "{:#?}", said(&run));
    let said = said(&run).join("\n");
    assert!(said.contains("'off' of 2024-07-01") && said.contains("DTSTART"), "{said}");
    pair.assert_safe();
}

#[test]
fn what_no_form_of_the_target_holds_is_named() {
    let pair = Pair::start();
    let lines = "DTSTART:20240101T100000Z\r\nSUMMARY:Rich\r\nBEGIN:VLOCATION\r\nNAME:Hall\r\nEND:VLOCATION\r\nBEGIN:PARTICIPANT\r\nCALENDAR-ADDRESS:mailto:ben@example.com\r\nEND:PARTICIPANT\r\n";
    pair.source.add(account().0, "Calendar", "rich.ics", &sample::calendar(&sample::event("rich@x", lines)));
    let old = "BEGIN:VCALENDAR\r\nVERSION:1.0\r\nBEGIN:VEVENT\r\nUID:old@x\r\nDTSTART:20240101T100000Z\r\nRRULE:W1 MO #0\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";
    pair.source.add(account().0, "Calendar", "old.ics", old);
    let card = "BEGIN:VCARD\r\nVERSION:2.1\r\nUID:boss@x\r\nFN:Boss\r\nAGENT:\r\nBEGIN:VCARD\r\nVERSION:2.1\r\nFN:Help\r\nEND:VCARD\r\nEND:VCARD\r\n";
    pair.source.add(account().0, "Contacts", "boss.vcf", card);
    let run = pair.office.run(RunKind::Migrate);
    assert_eq!(outcome(&run), [ALL + 2, 0, 0, 0, 0, 1], "{:#?}", said(&run));
    let said = said(&run).join("\n");
    for words in ["its part VLOCATION was left out", "its part PARTICIPANT", "its part VCARD", "vCalendar 1.0"] {
        assert!(said.contains(words), "{words}: {said}");
    }
    pair.assert_safe();
}

#[test]
fn one_broken_event_or_card_spoils_no_other_of_its_file_and_garbage_is_no_omission() {
    let pair = Pair::start();
    let events = |inner: &str| format!("BEGIN:VCALENDAR\r\nVERSION:2.0\r\n{inner}");
    let good = |uid: &str| sample::event(uid, "DTSTART:20240101T100000Z\r\nSUMMARY:Good\r\n");
    let cut = "BEGIN:VEVENT\r\nUID:cut@x\r\nDTSTART:20240101T100000Z\r\nSUMMARY:Cut off\r\n";
    let texts = [
        ("middle.ics", events(&format!("{}{cut}{}END:VCALENDAR\r\n", good("g1@x"), good("g2@x")))),
        (
            "end.ics",
            events(&format!("{}{}", good("g3@x"), cut.replace("cut@x", "cut2@x").replace("Cut off", "Cut short"))),
        ),
        ("garbage.ics", "<html>Not found</html>".to_owned()),
    ];
    for (name, text) in &texts {
        pair.source.add(account().0, "Calendar", name, text);
    }
    let cards = "BEGIN:VCARD\r\nVERSION:3.0\r\nUID:c1@x\r\nFN:No end\r\nBEGIN:VCARD\r\nVERSION:3.0\r\nUID:c2@x\r\nFN:With end\r\nEND:VCARD\r\n";
    pair.source.add(account().0, "Contacts", "cards.vcf", cards);
    let run = pair.office.run(RunKind::Migrate);
    assert_eq!(outcome(&run), [ALL + 4, 0, 0, 0, 0, 4], "{:#?}", said(&run));
    assert_eq!(run.verdict(), Verdict::SomeIncomplete);
    let said = said(&run).join("\n");
    for words in ["'Cut off' of 2024-01-01", "'Cut short'", "garbage.ics", "'No end'"] {
        assert!(said.contains(words), "{words}: {said}");
    }
    pair.assert_safe();
}

#[test]
fn a_calendar_within_a_calendar_is_migrated_too() {
    let pair = Pair::start();
    let text = sample::calendar(&sample::event("nested@x", "DTSTART:20240101T100000Z\r\nSUMMARY:Nested\r\n"));
    for (place, uid) in [("calendar/sub", "nested@x"), ("calendar/sub/below", "below@x")] {
        pair.source.add(account().0, place, "n.ics", &text.replace("nested@x", uid));
    }
    let run = pair.office.run(RunKind::Migrate);
    assert_eq!((outcome(&run), run.verdict()), ([ALL + 2, 0, 0, 0, 0, 0], Verdict::AllComplete), "{:#?}", said(&run));
    let again = pair.office.run(RunKind::Migrate);
    assert_eq!(outcome(&again), [0, ALL + 2, 0, 0, 0, 0], "{:#?}", said(&again));
    pair.assert_safe();
}

#[test]
fn what_the_target_has_and_does_not_give_is_named_and_the_rest_goes_on() {
    let pair = Pair::start();
    let text = sample::calendar(&sample::event("theirs@x", "DTSTART:20240101T100000Z\r\nSUMMARY:Theirs\r\n"));
    pair.target.add(account().0, "Calendar", "theirs.ics", &text);
    pair.target.add(account().0, "Calendar", "more.ics", &text.replace("theirs@x", "more@x"));
    pair.target.change(|it| it.delivers_at_most = 0);
    pair.target.on_request(|method, path, _| match (method, path.ends_with("theirs.ics")) {
        ("GET", true) => DavFault::Status(500, None),
        _ => DavFault::None,
    });
    let run = pair.office.run(RunKind::Migrate);
    assert_eq!(outcome(&run), [ALL, 0, 0, 0, 0, 0], "{:#?}", said(&run));
    assert_eq!(kinds(&run), [ProblemKind::ItemsUnreadThere].into());
    assert!(said(&run)[0].contains("1 item of 'Calendar' on the target cannot be read"), "{:#?}", said(&run));
    pair.assert_safe();
}

#[test]
fn two_calendars_of_one_name_stay_two() {
    let pair = Pair::start();
    let (user, password) = account();
    let client = DavClient::new(pair.source.port(), user, password);
    for number in [1, 2] {
        let place = format!("/full-calendars/example.com/ann/work-{number}/");
        client.make_calendar(&place, "Work", "VEVENT");
        let text = sample::event(&format!("work-{number}@x"), "DTSTART:20240101T100000Z\r\nSUMMARY:Work\r\n");
        client.put(&format!("{place}w.ics"), "text/calendar", &sample::calendar(&text));
    }
    let run = pair.office.run(RunKind::Migrate);
    assert_eq!((outcome(&run), run.verdict()), ([ALL + 2, 0, 0, 0, 0, 0], Verdict::AllComplete), "{:#?}", said(&run));
    let made = || {
        let made = pair.target.requests().into_iter().filter(|(method, _)| method == "MKCALENDAR");
        made.map(|(_, path)| path).collect::<BTreeSet<_>>()
    };
    let places = made();
    assert_eq!(places.len(), 2, "{places:?}");
    for place in &places {
        let puts =
            pair.target.requests().into_iter().filter(|(method, path)| method == "PUT" && path.starts_with(place));
        assert_eq!(puts.count(), 1, "{place}");
    }
    let again = pair.office.run(RunKind::Migrate);
    assert_eq!((outcome(&again), made()), ([0, ALL + 2, 0, 0, 0, 0], places), "{:#?}", said(&again));
}
