//! Later runs: everything is listed, whatever a server says of its state, in a few requests; and what is gone from the target.

use crate::embedded::stage::kinds;
use crate::standin::{ALL, Pair};
use crate::support::cyrus::Cyrus;
use crate::support::dav::{DavClient, DavServer};
use crate::support::relay::Relay;
use crate::{Office, account, outcome, said, sample};
use kimt::domain::ProblemKind;
use kimt::progress::{RunKind, Verdict};
use kimt::rehearsal::dav::DavStandIn;
use std::collections::BTreeSet;

/// Items of a large calendar, beside those of the sample.
const MORE: u64 = 210;

fn numbered(number: u64) -> (String, String) {
    let lines = format!("DTSTART:20240101T100000Z\r\nDTEND:20240101T110000Z\r\nSUMMARY:Number {number}\r\n");
    let text = sample::calendar(&sample::event(&format!("more-{number:04}@example.com"), &lines));
    (format!("more-{number:04}.ics"), text)
}

fn add(server: &DavStandIn, number: u64) {
    let (name, text) = numbered(number);
    server.add(account().0, "Calendar", &name, &text);
}

#[test]
fn a_source_whose_token_stays_as_it_is_hides_no_change() {
    let pair = Pair::start();
    (0..MORE).for_each(|number| add(&pair.source, number));
    pair.source.change(|it| it.gives_tokens = true);
    let run = || outcome(&pair.office.run(RunKind::Migrate));
    assert_eq!(run(), [ALL + MORE, 0, 0, 0, 0, 0]);
    // It moves once, and lies then.
    add(&pair.source, 1000);
    assert_eq!(run(), [1, ALL + MORE, 0, 0, 0, 0]);
    pair.source.change(|it| it.tokens_lie = true);
    add(&pair.source, 1001);
    assert!(pair.source.delete(account().0, "UID:more-0007@"));
    assert_eq!(run(), [1, ALL + MORE, 0, 0, 0, 0]);
    let before = pair.source.requests().len();
    assert_eq!(run(), [0, ALL + MORE + 1, 0, 0, 0, 0]);
    let asked = pair.source.requests().split_off(before);
    let of_calendar = asked.iter().filter(|(_, path)| path.ends_with("/calendar/")).count();
    assert_eq!(of_calendar, 1, "a calendar that did not change is one request: {asked:?}");
    pair.assert_safe();
}

#[test]
fn a_later_run_takes_a_few_requests_a_collection_from_radicale_and_misses_no_change() {
    let (user, password) = account();
    let radicale = DavServer::radicale(&[user], password);
    let client = DavClient::new(radicale.port, user, password);
    client.make_calendar(&format!("/{user}/default/"), "Calendar", "VEVENT");
    misses_nothing(radicale.port, &format!("/{user}/default/"));
}

#[test]
fn a_later_run_takes_a_few_requests_a_collection_from_xandikos_and_misses_no_change() {
    let user = account().0;
    let xandikos = DavServer::xandikos(user);
    misses_nothing(xandikos.port, &format!("/{user}/calendars/calendar/"));
}

#[test]
fn a_later_run_takes_a_few_requests_a_collection_from_cyrus_and_misses_no_change() {
    let (user, password) = account();
    let cyrus = Cyrus::start();
    cyrus.add_user_with_mailbox(user, password);
    let home = format!("/dav/calendars/user/{user}/");
    DavClient::new(cyrus.dav_port, user, password).send("PROPFIND", &home, &[("Depth", "0")], "");
    misses_nothing(cyrus.dav_port, &format!("{home}Default/"));
}

fn misses_nothing(port: u16, calendar: &str) {
    let (user, password) = account();
    let client = DavClient::new(port, user, password);
    let put = |number: u64| {
        let (name, text) = numbered(number);
        client.put(&format!("{calendar}{name}"), "text/calendar; charset=utf-8", &text);
    };
    let delete = |number: u64| {
        let (name, _) = numbered(number);
        let (status, answer) = client.send("DELETE", &format!("{calendar}{name}"), &[], "");
        assert!((200..300).contains(&status), "{status} {answer}");
    };
    (0..MORE).for_each(put);
    let relay = Relay::before(port);
    let target = DavStandIn::start(0, None).unwrap();
    target.create_user(user, &kimt::domain::Secret::new(password));
    let url = |port: u16| format!("http://127.0.0.1:{port}/");
    let office = Office::between(&url(relay.port()), &url(target.port()));
    // What was copied and was there, and how many requests the source got.
    let run = || {
        relay.take();
        let run = office.run(RunKind::Migrate);
        assert_eq!(run.verdict(), Verdict::AllComplete, "{:#?}", said(&run));
        let [copied, there, ..] = outcome(&run);
        ((copied, there), relay.take().matches(" HTTP/1.1\r\n").count())
    };
    assert_eq!(run().0, (MORE, 0));
    put(1000);
    delete(3);
    let (settled, requests) = run();
    assert_eq!(settled, (1, MORE - 1));
    assert!(requests <= 16, "{requests}");
    let (settled, requests) = run();
    assert_eq!(settled, (0, MORE));
    assert!(requests <= 14, "an unchanged source took {requests} requests");
}

#[test]
fn what_a_restored_target_has_lost_is_stored_again_and_what_was_deleted_there_is_not() {
    let pair = Pair::start();
    pair.target.change(|it| it.gives_tokens = true);
    assert_eq!(outcome(&pair.office.run(RunKind::Migrate))[0], ALL);
    let backup = pair.target.snapshot();
    (0..3).for_each(|number| add(&pair.source, number));
    assert_eq!(outcome(&pair.office.run(RunKind::Migrate)), [3, ALL, 0, 0, 0, 0]);
    pair.target.restore(backup);
    let run = pair.office.run(RunKind::Migrate);
    assert_eq!(outcome(&run), [3, ALL, 0, 0, 0, 0], "{:#?}", said(&run));
    assert_eq!(kinds(&run), [ProblemKind::ItemsStoredAgain].into(), "{:#?}", said(&run));
    assert_eq!(pair.uids().iter().collect::<BTreeSet<_>>().len() as u64, ALL + 3);
    assert_eq!(pair.uids().len() as u64, ALL + 3);

    let puts = pair.puts();
    assert!(pair.target.delete(account().0, "UID:more-0001@"));
    let run = pair.office.run(RunKind::Migrate);
    assert_eq!((kinds(&run), pair.puts()), ([ProblemKind::ItemsDeletedThere].into(), puts), "{:#?}", said(&run));
    assert!(said(&run)[0].contains("1 item of 'Calendar' was deleted on the target since an earlier run"));
    assert_eq!(run.verdict(), Verdict::AllComplete);
    let run = pair.office.run(RunKind::Migrate);
    assert_eq!((kinds(&run), pair.puts()), ([].into(), puts), "it is said once: {:#?}", said(&run));
    pair.assert_safe();
}

#[test]
fn a_target_without_tokens_that_has_lost_all_of_ours_gets_it_again() {
    let pair = Pair::start();
    let backup = pair.target.snapshot();
    assert_eq!(outcome(&pair.office.run(RunKind::Migrate))[0], ALL);
    pair.target.restore(backup);
    let run = pair.office.run(RunKind::Migrate);
    assert_eq!(outcome(&run), [ALL, 0, 0, 0, 0, 0], "{:#?}", said(&run));
    assert_eq!(kinds(&run), [ProblemKind::ItemsStoredAgain].into());
    assert_eq!(pair.uids().len() as u64, ALL);
    pair.assert_safe();
}

#[test]
fn what_others_have_on_the_target_is_not_read_where_nothing_is_to_be_stored() {
    let pair = Pair::start();
    (0..60).for_each(|number| add(&pair.target, number));
    assert_eq!(outcome(&pair.office.run(RunKind::Migrate))[0], ALL);
    let before = pair.target.requests().len();
    assert_eq!(outcome(&pair.office.run(RunKind::Migrate)), [0, ALL, 0, 0, 0, 0]);
    let asked = pair.target.requests().split_off(before);
    assert!(asked.iter().all(|(method, _)| method == "PROPFIND" || method == "OPTIONS"), "{asked:?}");
}

#[test]
fn a_comparison_reads_many_items_with_one_request() {
    let pair = Pair::start();
    (0..MORE).for_each(|number| add(&pair.source, number));
    assert_eq!(outcome(&pair.office.run(RunKind::Migrate))[0], ALL + MORE);
    let before = pair.target.requests().len();
    let verified = pair.office.run(RunKind::Verify);
    assert_eq!((outcome(&verified), verified.verdict()), ([0, ALL + MORE, 0, 0, 0, 0], Verdict::AllComplete));
    let asked = pair.target.requests().len() - before;
    assert!(asked < 40, "comparing {} items took {asked} requests", ALL + MORE);
}
