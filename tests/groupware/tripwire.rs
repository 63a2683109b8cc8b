//! A target that sends invitations all the same: it is seen after the first event, and all work on items ends. Mail continues.

use crate::embedded::stage::{BEN, PASSWORD, kinds, message};
use crate::standin::{ALL, Pair};
use crate::{account, outcome, said, sample};
use kimt::domain::{ProblemKind, Secret};
use kimt::progress::{RunKind, Verdict};
use kimt::rehearsal::dav::DavFault;
use std::sync::Arc;

const MEETINGS: u64 = 14;

fn meeting(number: u64) -> String {
    let people = "ORGANIZER:mailto:ann@example.com\r\nATTENDEE;PARTSTAT=ACCEPTED:mailto:Ben@Example.com\r\n";
    let lines = format!("DTSTART:20200101T090000Z\r\nSUMMARY:Meeting {number}\r\n{people}");
    sample::calendar(&sample::event(&format!("meeting-{number}@example.com"), &lines))
}

/// What a server writes to a participant.
fn invitation(number: u64, date: &str) -> String {
    format!(
        "From: ann@example.com\r\nTo: ben@example.com\r\nDate: {date}\r\nSubject: Meeting\r\nMIME-Version: 1.0\r\nContent-Type: text/calendar; method=REQUEST\r\n\r\n{}",
        meeting(number).replace("VERSION:2.0", "VERSION:2.0\r\nMETHOD:REQUEST")
    )
}

/// Ann has meetings with Ben; both are migrated, and Ben has no calendar.
fn pair() -> Pair {
    let mut pair = Pair::start();
    pair.office.stage.users = vec![account().0, BEN];
    for server in [&pair.source, &pair.target] {
        server.create_user(BEN, &Secret::new(PASSWORD));
    }
    for number in 0..MEETINGS {
        pair.source.add(account().0, "Calendar", &format!("meeting-{number}.ics"), &meeting(number));
    }
    pair
}

fn now() -> String {
    chrono::Utc::now().to_rfc2822()
}

#[test]
fn an_invitation_ends_all_work_on_items_after_the_first_event_and_mail_goes_on() {
    let pair = pair();
    pair.office.stage.source.store().add_generated(BEN, "INBOX", 5, 600, 77).unwrap();
    let mail = pair.office.stage.target.server.clone();
    pair.target.on_request(move |method, path, _| {
        if method == "PUT" && path.contains("/calendar/") {
            // Whichever it is: the server reads who took part out of the properties that keep them.
            for number in 0..MEETINGS {
                mail.store().add(BEN, "INBOX", message(&invitation(number, &now()))).unwrap();
            }
        }
        DavFault::None
    });
    let run = pair.office.run(RunKind::Migrate);
    let meetings = pair.target.items(account().0).iter().filter(|(_, text)| text.contains("SUMMARY:Meeting")).count();
    assert_eq!(meetings, 1, "{:#?}", said(&run));
    assert!(kinds(&run).contains(&ProblemKind::InvitationSeen), "{:#?}", said(&run));
    assert!(said(&run).iter().any(|said| said.contains("ben@example.com got an invitation")), "{:#?}", said(&run));
    assert_eq!((run.verdict(), run.tally.copied.messages, run.tally.failed), (Verdict::SomeIncomplete, 8, 0));
}

#[test]
fn an_invitation_that_comes_with_the_tenth_event_is_seen_then() {
    let pair = pair();
    let mail = pair.office.stage.target.server.clone();
    let stored = Arc::new(std::sync::atomic::AtomicU64::new(0));
    pair.target.on_request(move |method, path, _| {
        if method == "PUT"
            && path.contains("/calendar/")
            && stored.fetch_add(1, std::sync::atomic::Ordering::SeqCst) > 3
        {
            for number in 0..MEETINGS {
                mail.store().add(BEN, "INBOX", message(&invitation(number, &now()))).unwrap();
            }
        }
        DavFault::None
    });
    let run = pair.office.run(RunKind::Migrate);
    let meetings = pair.target.items(account().0).iter().filter(|(_, text)| text.contains("SUMMARY:Meeting")).count();
    assert_eq!(meetings, 10, "{:#?}", said(&run));
    assert!(kinds(&run).contains(&ProblemKind::InvitationSeen), "{:#?}", said(&run));
}

#[test]
fn old_invitations_that_the_migration_brings_along_are_no_sign() {
    let pair = pair();
    let mail = pair.office.stage.target.server.clone();
    let old = |number| message(&invitation(number, "Wed, 01 Jan 2020 08:00:00 +0000"));
    for number in 0..MEETINGS {
        pair.office.stage.source.store().add(BEN, "INBOX", old(number)).unwrap();
    }
    pair.target.on_request(move |method, path, _| {
        if method == "PUT" && path.contains("/calendar/") {
            for number in 0..MEETINGS {
                mail.store().add(BEN, "INBOX", old(number)).unwrap();
            }
        }
        DavFault::None
    });
    let run = pair.office.run(RunKind::Migrate);
    assert_eq!(outcome(&run), [ALL + MEETINGS, 0, 0, 0, 0, 0], "{:#?}", said(&run));
    assert!(!kinds(&run).contains(&ProblemKind::InvitationSeen), "{:#?}", said(&run));
    pair.assert_safe();
}

#[test]
fn a_participant_who_cannot_be_signed_in_holds_nothing_up() {
    let pair = pair();
    pair.office.stage.target.store().set_password(BEN, "another").unwrap();
    let run = pair.office.run(RunKind::Migrate);
    assert_eq!(outcome(&run), [ALL + MEETINGS, 0, 0, 0, 0, 0], "{:#?}", said(&run));
    assert_eq!(run.accounts[0].end.map(|end| format!("{end:?}")), Some("Complete".to_owned()), "{:#?}", said(&run));
}

/// Stores meetings with something that happens to Ben at each, and expects that nothing more is stored after the first.
fn assert_seen_after_the_first(what: &str, happen: impl Fn(&Pair) -> Box<dyn Fn(u64) + Send + Sync>) {
    let pair = pair();
    let happen = happen(&pair);
    pair.target.on_request(move |method, path, _| {
        if method == "PUT" && path.contains("/ann/calendar/") {
            (0..MEETINGS).for_each(&happen);
        }
        DavFault::None
    });
    let run = pair.office.run(RunKind::Migrate);
    let meetings = pair.target.items(account().0).iter().filter(|(_, text)| text.contains("SUMMARY:Meeting")).count();
    assert_eq!(meetings, 1, "{what}: {:#?}", said(&run));
    assert!(
        said(&run).iter().any(|said| said.contains("ben@example.com got an invitation")),
        "{what}: {:#?}",
        said(&run)
    );
    assert_eq!(run.tally.failed, 0);
}

#[test]
fn an_invitation_that_comes_as_spam_or_into_a_folder_of_a_calendar_is_seen() {
    for folder in ["Spam", "Calendar"] {
        assert_seen_after_the_first(folder, |pair| {
            let server = pair.office.stage.target.server.clone();
            let _ = server.store().create_folder(BEN, folder);
            if folder == "Spam" {
                server.store().set_special_use(BEN, folder, Some(kimt::domain::SpecialUse::Junk)).unwrap();
            }
            Box::new(move |number| {
                server.store().add(BEN, folder, message(&invitation(number, &now()))).unwrap();
            })
        });
    }
}

#[test]
fn an_invitation_that_a_server_puts_into_a_participants_calendar_or_scheduling_inbox_is_seen() {
    for collection in ["Calendar", "Inbox"] {
        assert_seen_after_the_first(collection, |pair| {
            let target = Arc::downgrade(&pair.target);
            Box::new(move |number| {
                let name = format!("invitation-{number}.ics");
                target.upgrade().unwrap().deliver(BEN, collection, &name, &meeting(number));
            })
        });
    }
}

#[test]
fn what_the_migration_stores_in_a_participants_own_calendar_is_no_sign() {
    let pair = pair();
    for number in 0..MEETINGS {
        pair.source.add(BEN, "Calendar", &format!("own-{number}.ics"), &meeting(number));
    }
    let run = pair.office.run(RunKind::Migrate);
    assert_eq!(outcome(&run), [ALL + 2 * MEETINGS, 0, 0, 0, 0, 0], "{:#?}", said(&run));
    pair.assert_safe();
}

#[test]
fn a_target_that_puts_participants_back_into_an_event_gets_no_further_item() {
    let pair = Pair::start();
    pair.target.change(|it| it.puts_back = true);
    for number in 0..60 {
        let lines = format!("DTSTART:20240101T100000Z\r\nSUMMARY:Later {number}\r\n");
        let text = sample::calendar(&sample::event(&format!("z-{number}@example.com"), &lines));
        pair.source.add(account().0, "Calendar", &format!("z-{number}.ics"), &text);
    }
    let run = pair.office.run(RunKind::Migrate);
    assert!(kinds(&run).contains(&ProblemKind::InvitationSeen), "{:#?}", said(&run));
    assert!(
        said(&run).iter().any(|said| said.contains("it put ben@example.com back into the event 'Old meeting'")),
        "{:#?}",
        said(&run)
    );
    assert!(pair.puts() <= 50, "a batch was sent after it was seen: {}", pair.puts());
    assert_eq!((run.verdict(), run.tally.copied.messages), (Verdict::SomeIncomplete, 3));
}
