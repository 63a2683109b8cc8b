//! What saves the listing of a large calendar, and what is gone from the target: nothing is lost on a server's word.

use crate::embedded::stage::kinds;
use crate::standin::{ALL, Pair};
use crate::support::cyrus::Cyrus;
use crate::support::dav::{DavClient, DavServer};
use crate::support::relay::Relay;
use crate::{Office, account, outcome, said, sample};
use kimt::domain::ProblemKind;
use kimt::progress::{RunKind, RunState, Verdict};
use kimt::rehearsal::dav::{DavStandIn, DavTokens};
use std::collections::BTreeSet;

/// Enough for a calendar whose listing is worth saving.
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

/// Two stand-ins, of which the source has a large calendar and such tokens.
fn pair(tokens: DavTokens) -> Pair {
    let pair = Pair::start();
    (0..MORE).for_each(|number| add(&pair.source, number));
    pair.source.change(|it| it.tokens = tokens);
    pair
}

/// A run, and how often it listed the source's calendar and how often it asked something else there.
fn run(pair: &Pair) -> (RunState, usize, usize) {
    let before = pair.source.requests().len();
    let run = pair.office.run(RunKind::Migrate);
    let asked = pair.source.requests().split_off(before);
    let of =
        |wanted: &str| asked.iter().filter(|(method, path)| method == wanted && path.ends_with("/calendar/")).count();
    (run, of("PROPFIND"), of("REPORT"))
}

fn assert_outcome((run, listed, _): &(RunState, usize, usize), copied: u64, there: u64, is_listed: bool) {
    assert_eq!(outcome(run), [copied, there, 0, 0, 0, 0], "{:#?}", said(run));
    assert_eq!((run.verdict(), *listed), (Verdict::AllComplete, usize::from(is_listed)), "{:#?}", said(run));
}

#[test]
fn a_token_that_was_seen_to_change_saves_every_other_listing_of_a_large_calendar_and_no_change_is_missed() {
    for tokens in [DavTokens::Sync, DavTokens::CTag] {
        let pair = pair(tokens);
        let mut all = ALL + MORE;
        assert_outcome(&run(&pair), all, 0, true);
        // Nobody has seen it change yet.
        assert_outcome(&run(&pair), 0, all, true);
        add(&pair.source, 1000);
        assert_outcome(&run(&pair), 1, all, true);
        all += 1;
        let unchanged = run(&pair);
        assert_outcome(&unchanged, 0, all, false);
        assert_eq!(unchanged.2, 1, "only the witnesses were asked about");
        // What a token says is not believed twice in a row.
        assert_outcome(&run(&pair), 0, all, true);
        // One that is new, one with another version, and one that is gone.
        add(&pair.source, 1001);
        let (name, text) = numbered(5);
        pair.source.add(account().0, "Calendar", &name, &text.replace("PRODID:-//test", "PRODID:-//other"));
        assert!(pair.source.delete(account().0, "UID:more-0007@"));
        assert_outcome(&run(&pair), 1, all - 1, tokens == DavTokens::CTag);
        let small = pair.source.requests().into_iter().filter(|(_, path)| path.ends_with("/tasks/")).count();
        assert!(small >= 6, "a small collection is listed each time");
        // The last pass lists whatever a token says.
        let mut request = pair.office.request(RunKind::Migrate);
        request.options.follow_deletions = true;
        let before = pair.source.requests().len();
        let last = pair.office.stage.finish(request);
        assert_eq!(outcome(&last), [0, all, 0, 0, 0, 0], "{:#?}", said(&last));
        assert!(
            pair.source.requests()[before..]
                .iter()
                .any(|(method, path)| method == "PROPFIND" && path.ends_with("/calendar/"))
        );
        pair.assert_safe();
    }
}

#[test]
fn a_token_that_lies_hides_nothing_for_longer_than_one_run() {
    for tokens in [DavTokens::Sync, DavTokens::CTag] {
        // One that never moved is not believed.
        let still = pair(tokens);
        still.source.change(|it| it.tokens_lie = true);
        let all = ALL + MORE;
        assert_outcome(&run(&still), all, 0, true);
        add(&still.source, 1000);
        assert_outcome(&run(&still), 1, all, true);
        // And never again after it was seen to stay.
        still.source.change(|it| it.tokens_lie = false);
        add(&still.source, 1001);
        assert_outcome(&run(&still), 1, all + 1, true);
        assert_outcome(&run(&still), 0, all + 2, true);

        // One that moved once, and stays then.
        let pair = pair(tokens);
        assert_outcome(&run(&pair), all, 0, true);
        add(&pair.source, 1000);
        assert_outcome(&run(&pair), 1, all, true);
        pair.source.change(|it| it.tokens_lie = true);
        add(&pair.source, 1001);
        assert_outcome(&run(&pair), 0, all + 1, false);
        assert_outcome(&run(&pair), 1, all + 1, true);
        assert_outcome(&run(&pair), 0, all + 2, true);
        assert_outcome(&run(&pair), 0, all + 2, true);
        pair.assert_safe();
    }
}

#[test]
fn what_the_witnesses_of_a_token_have_in_another_version_is_seen_at_once() {
    let pair = pair(DavTokens::CTag);
    let all = ALL + MORE;
    assert_outcome(&run(&pair), all, 0, true);
    add(&pair.source, 1000);
    assert_outcome(&run(&pair), 1, all, true);
    pair.source.change(|it| it.tokens_lie = true);
    // The last of the calendar is always looked at.
    let (_, text) = numbered(1001);
    pair.source.delete(account().0, "UID:series@example.com");
    pair.source.add(account().0, "Calendar", "series.eml", &text);
    assert_outcome(&run(&pair), 1, all, true);
}

#[test]
fn a_source_that_went_back_to_an_earlier_state_refuses_its_token_and_is_listed() {
    let pair = pair(DavTokens::Sync);
    let all = ALL + MORE;
    assert_outcome(&run(&pair), all, 0, true);
    let before = pair.source.snapshot();
    add(&pair.source, 1000);
    assert_outcome(&run(&pair), 1, all, true);
    pair.source.restore(before);
    let refused = run(&pair);
    assert_outcome(&refused, 0, all, true);
    assert_eq!(refused.2, 1, "it was asked what changed");
}

#[test]
fn a_source_that_went_back_and_came_to_the_same_token_by_another_change_hides_that_for_one_run_at_most() {
    let pair = pair(DavTokens::Sync);
    let all = ALL + MORE;
    assert_outcome(&run(&pair), all, 0, true);
    let before = pair.source.snapshot();
    add(&pair.source, 1000);
    assert_outcome(&run(&pair), 1, all, true);
    pair.source.restore(before);
    add(&pair.source, 1001);
    let _ = run(&pair);
    let _ = run(&pair);
    assert!(pair.uids().contains(&"more-1001@example.com".to_owned()));
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
    // What was copied and was there, whether the calendar was listed, and how many requests the source got.
    let run = || {
        relay.take();
        let run = office.run(RunKind::Migrate);
        assert_eq!(run.verdict(), Verdict::AllComplete, "{:#?}", said(&run));
        let heard = relay.take().replace("%40", "@");
        let requests = heard.matches(" HTTP/1.1\r\n").count();
        let asks = heard.contains("sync-collection");
        let lists = heard.contains(&format!("PROPFIND {calendar} HTTP/1.1"));
        let [copied, there, ..] = outcome(&run);
        ((copied, there), asks, lists, requests)
    };
    assert_eq!(run().0, (MORE, 0));
    put(1000);
    assert_eq!(run().0, (1, MORE));
    put(1001);
    delete(3);
    let (settled, asks, lists, requests) = run();
    assert_eq!((settled, asks, lists), ((1, MORE), true, false), "by its token: {requests} requests");
    assert!(requests <= 16, "{requests}");
    let (settled, _, lists, requests) = run();
    assert_eq!((settled, lists), ((0, MORE + 1), true), "listed again: {requests} requests");
    let (settled, _, lists, requests) = run();
    assert_eq!((settled, lists), ((0, MORE + 1), false));
    assert!(requests <= 14, "an unchanged source took {requests} requests");
}

#[test]
fn what_a_restored_target_has_lost_is_stored_again_and_what_was_deleted_there_is_not() {
    let pair = Pair::start();
    pair.target.change(|it| it.tokens = DavTokens::Sync);
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
