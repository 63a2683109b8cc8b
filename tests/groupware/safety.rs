//! Each rule by which nothing is overwritten, nobody is invited and no password goes astray, against a server that makes it necessary.

use crate::standin::{ALL, Pair};
use crate::{account, outcome, said, sample};
use kimt::progress::{RunKind, Verdict};
use kimt::rehearsal::dav::{DavFault, DavStandIn};
use std::sync::{Arc, Mutex};

/// Another item than ours, as somebody may store it at any moment.
fn another() -> String {
    sample::calendar(&sample::event("another@example.com", "DTSTART:20240101T100000Z\r\nSUMMARY:Not ours\r\n"))
}

/// Puts another item in the way of the first event, at the moment of a request of that method for its place.
fn get_in_the_way(pair: &Pair, when: &'static str) -> Arc<Mutex<bool>> {
    let (done, target) = (Arc::new(Mutex::new(false)), Arc::downgrade(&pair.target));
    let is_done = done.clone();
    pair.target.on_request(move |method, path, _| {
        let mut done = is_done.lock().unwrap();
        if method == when && path.contains("/calendar/kimt-") && !*done {
            *done = true;
            let name = path.rsplit('/').next().unwrap();
            target.upgrade().unwrap().add(account().0, "Calendar", name, &another());
        }
        DavFault::None
    });
    done
}

fn has_another(server: &DavStandIn) -> bool {
    server.items(account().0).iter().any(|(_, text)| *text == another())
}

#[test]
fn what_somebody_stores_between_the_listing_and_our_look_is_not_overwritten_though_conditions_are_ignored() {
    // An item has the same name in every run.
    let rehearsal = Pair::start();
    rehearsal.office.run(RunKind::Migrate);
    let puts =
        rehearsal.target.requests().into_iter().filter(|(method, path)| method == "PUT" && path.contains("/calendar/"));
    let name = puts.map(|(_, path)| path.rsplit('/').next().unwrap().to_owned()).next().unwrap();
    // Whether the server answers for a whole batch at once, or each place has to be asked about.
    for answers_for_many in [true, false] {
        let pair = Pair::start();
        pair.target.change(|it| it.heeds_conditions = false);
        let (done, target, name) = (Arc::new(Mutex::new(false)), Arc::downgrade(&pair.target), name.clone());
        let is_done = done.clone();
        pair.target.on_request(move |method, path, _| {
            let mut done = is_done.lock().unwrap();
            let looks = path.contains("/calendar/") && method == if answers_for_many { "REPORT" } else { "GET" };
            if looks && !*done {
                *done = true;
                target.upgrade().unwrap().add(account().0, "Calendar", &name, &another());
            }
            let refuses = method == "REPORT" && !answers_for_many;
            if refuses { DavFault::Status(501, None) } else { DavFault::None }
        });
        let run = pair.office.run(RunKind::Migrate);
        assert!(*done.lock().unwrap() && has_another(&pair.target));
        assert_eq!(outcome(&run), [ALL - 1, 0, 1, 0, 0, 0], "{:#?}", said(&run));
        pair.assert_safe();
    }
}

#[test]
fn what_somebody_stores_between_our_look_and_our_store_is_not_overwritten_where_conditions_are_heeded() {
    let pair = Pair::start();
    let done = get_in_the_way(&pair, "PUT");
    let run = pair.office.run(RunKind::Migrate);
    assert!(*done.lock().unwrap() && has_another(&pair.target));
    assert_eq!(outcome(&run), [ALL - 1, 0, 1, 0, 0, 0], "{:#?}", said(&run));
    pair.assert_safe();
}

#[test]
fn the_same_identity_under_another_name_is_not_doubled() {
    let pair = Pair::start();
    for (name, text) in sample::events() {
        pair.target.add(
            account().0,
            "Private",
            &format!("{name}-of-ann.ics"),
            &text.replace("PRODID:-//test", "PRODID:-//other"),
        );
    }
    let run = pair.office.run(RunKind::Migrate);
    // The meeting is there with its participants, which is not what would be stored.
    assert_eq!(outcome(&run), [ALL - 5, 4, 1, 0, 0, 0], "{:#?}", said(&run));
    assert_eq!(pair.uids().len() as u64, ALL);
    pair.assert_safe();
}

#[test]
fn an_event_that_the_source_has_in_two_calendars_arrives_once() {
    let pair = Pair::start();
    let (_, day) = sample::events().remove(2);
    pair.source.add(account().0, "Team", "again.ics", &day);
    let run = pair.office.run(RunKind::Migrate);
    assert_eq!(outcome(&run), [ALL, 1, 0, 0, 0, 0], "{:#?}", said(&run));
    assert_eq!(pair.uids().len() as u64, ALL);
    let again = pair.office.run(RunKind::Migrate);
    assert_eq!(outcome(&again), [0, ALL + 1, 0, 0, 0, 0], "{:#?}", said(&again));
}

#[test]
fn what_somebody_else_shares_is_named_on_the_source_and_nothing_goes_there_on_the_target() {
    let pair = Pair::start();
    let team = sample::event("team@example.com", "DTSTART:20240101T100000Z\r\nSUMMARY:T\r\n");
    let shared = sample::event("shared@example.com", "DTSTART:20240101T100000Z\r\nSUMMARY:S\r\n");
    pair.source.add(account().0, "Team", "t.ics", &sample::calendar(&team));
    pair.source.add(account().0, "Of Ben", "s.ics", &sample::calendar(&shared));
    pair.source.share(account().0, "Of Ben", "ben@example.com");
    pair.target.add(account().0, "Team", "s.ics", &sample::calendar(&shared));
    pair.target.share(account().0, "Team", "ben@example.com");
    let run = pair.office.run(RunKind::Migrate);
    assert_eq!((outcome(&run), run.verdict()), ([ALL + 1, 0, 0, 0, 0, 0], Verdict::AllComplete), "{:#?}", said(&run));
    assert!(said(&run).iter().any(|said| said.contains("'Of Ben' was not copied")), "{:#?}", said(&run));
    let teams = pair.target.items(account().0);
    let of_others = teams.iter().filter(|(_, text)| text.contains("UID:shared@")).count();
    assert_eq!((of_others, teams.len() as u64), (1, ALL + 2), "{teams:#?}");
    let put: Vec<_> = pair.target.requests().into_iter().filter(|(method, _)| method == "PUT").collect();
    assert!(put.iter().all(|(_, path)| !path.contains("/team/")), "{put:?}");
    pair.assert_safe();
}

#[test]
fn what_was_deleted_on_the_target_stays_deleted_unless_it_is_to_be_repaired() {
    let mut pair = Pair::start();
    assert_eq!(outcome(&pair.office.run(RunKind::Migrate)), [ALL, 0, 0, 0, 0, 0]);
    assert!(pair.target.delete(account().0, "UID:floating@example.com"));
    let puts = pair.puts();
    let second = pair.office.run(RunKind::Migrate);
    assert_eq!((outcome(&second), pair.puts()), ([0, ALL, 0, 0, 0, 0], puts), "{:#?}", said(&second));
    // Nor does a change on the source bring it back.
    assert!(pair.source.delete(account().0, "UID:floating@example.com"));
    pair.source.add(account().0, "Calendar", "floating.eml", &sample::events()[3].1);
    let third = pair.office.run(RunKind::Migrate);
    assert_eq!((outcome(&third), pair.puts()), ([0, ALL, 0, 0, 0, 0], puts), "{:#?}", said(&third));
    pair.office.stage.repair = true;
    let repaired = pair.office.run(RunKind::Migrate);
    assert_eq!(outcome(&repaired), [1, ALL - 1, 0, 0, 0, 0], "{:#?}", said(&repaired));
    assert_eq!(pair.uids().len() as u64, ALL);
}

#[test]
fn a_password_follows_no_redirect_to_another_server() {
    for (at_source, place) in [(true, "calendar"), (false, "calendar"), (true, "elsewhere"), (false, "elsewhere")] {
        let pair = Pair::start();
        let other = DavStandIn::start(0, None).unwrap();
        other.create_user(account().0, &kimt::domain::Secret::new(account().1));
        let place = match place {
            "calendar" => format!("http://127.0.0.1:{}/caldav/", other.port()),
            _ => format!("//localhost:{}/", other.port()),
        };
        let server = if at_source { &pair.source } else { &pair.target };
        server.change(|it| it.redirects_to = Some(place.clone()));
        let run = pair.office.run(RunKind::Migrate);
        assert_eq!(other.requests(), [], "the other server was asked");
        assert_eq!((run.tally.copied.messages, run.verdict()), (3, Verdict::SomeIncomplete));
        assert!(said(&run).iter().any(|said| said.contains("another server")), "{:#?}", said(&run));
        assert_eq!(pair.target.items(account().0).len(), 0);
    }
}

#[test]
fn the_scheduling_inbox_is_never_written_to_though_it_looks_like_a_calendar_of_that_name() {
    let pair = Pair::start();
    let event = sample::event("inbox@example.com", "DTSTART:20240101T100000Z\r\nSUMMARY:I\r\n");
    pair.source.add(account().0, "Inbox", "i.ics", &sample::calendar(&event));
    let run = pair.office.run(RunKind::Migrate);
    assert_eq!(outcome(&run), [ALL + 1, 0, 0, 0, 0, 0], "{:#?}", said(&run));
    let written: Vec<_> = pair.target.requests().into_iter().filter(|(method, _)| method == "PUT").collect();
    assert!(!written.is_empty() && written.iter().all(|(_, path)| !path.contains("schedule")), "{written:?}");
    pair.assert_safe();
}
