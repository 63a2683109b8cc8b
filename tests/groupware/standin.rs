//! What Kerio Connect may do one way or another, and what no server should do: each switch of the stand-in, as a target.

use crate::embedded::stage::kinds;
use crate::{Office, account, outcome, said, sample};
use kimt::domain::{ProblemKind, Secret};
use kimt::progress::{RunKind, Verdict};
use kimt::rehearsal::dav::{DavFault, DavStandIn};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Two stand-ins; Ann has five events, two tasks and two contacts on the source.
pub(crate) struct Pair {
    pub(crate) source: Arc<DavStandIn>,
    pub(crate) target: Arc<DavStandIn>,
    pub(crate) office: Office,
}

pub(crate) const ALL: u64 = 9;

impl Pair {
    pub(crate) fn start() -> Self {
        let (user, password) = account();
        let start = || Arc::new(DavStandIn::start(0, None).unwrap());
        let (source, target) = (start(), start());
        for server in [&source, &target] {
            server.create_user(user, &Secret::new(password));
        }
        for (collection, items) in
            [("Calendar", sample::events()), ("Tasks", sample::tasks()), ("Contacts", sample::cards())]
        {
            for (name, text) in items {
                source.add(user, collection, &format!("{name}.eml"), &text);
            }
        }
        let url = |server: &DavStandIn| format!("http://127.0.0.1:{}", server.port());
        let office = Office::between(&url(&source), &url(&target));
        Self { source, target, office }
    }

    /// From now on the target is Kerio Connect, with its administration. Ann has her mail and nothing on the target yet.
    pub(crate) fn become_kerio(&mut self) {
        self.office.stage = crate::embedded::stage::Stage::kerio(&[account().0]);
    }

    /// Nothing but reading reached the source, and nobody was invited or overwritten on the target.
    pub(crate) fn assert_safe(&self) {
        let reads: BTreeSet<String> = self.source.requests().into_iter().map(|(method, _)| method).collect();
        assert!(reads.iter().all(|it| ["OPTIONS", "PROPFIND", "REPORT", "GET"].contains(&it.as_str())), "{reads:?}");
        assert_eq!(self.target.outbox(), []);
        let writes: Vec<_> = self.target.requests().into_iter().map(|(method, _)| method).collect();
        assert!(!writes.iter().any(|method| method == "DELETE" || method == "POST"), "{writes:?}");
    }

    pub(crate) fn puts(&self) -> usize {
        self.target.requests().iter().filter(|(method, _)| method == "PUT").count()
    }

    /// The UIDs on the target, each as often as it is there.
    pub(crate) fn uids(&self) -> Vec<String> {
        let uids =
            |(_, text): (String, String)| text.lines().find_map(|line| line.strip_prefix("UID:").map(str::to_owned));
        let mut uids: Vec<String> = self.target.items(account().0).into_iter().filter_map(uids).collect();
        uids.sort();
        uids
    }
}

#[test]
fn everything_arrives_once_in_its_place_and_a_second_run_stores_nothing() {
    let pair = Pair::start();
    let first = pair.office.run(RunKind::Migrate);
    assert_eq!(outcome(&first), [ALL, 0, 0, 0, 0, 0], "{:#?}", said(&first));
    assert_eq!(first.verdict(), Verdict::AllComplete);
    let mut folders: Vec<String> = pair.target.items(account().0).into_iter().map(|(folder, _)| folder).collect();
    folders.sort();
    assert_eq!(folders, [vec!["Calendar"; 5], vec!["Contacts"; 2], vec!["Tasks"; 2]].concat());
    let puts = pair.puts();
    let requests = pair.target.requests().len() + pair.source.requests().len();
    let second = pair.office.run(RunKind::Migrate);
    assert_eq!(outcome(&second), [0, ALL, 0, 0, 0, 0], "{:#?}", said(&second));
    assert_eq!(pair.puts(), puts);
    let more = pair.target.requests().len() + pair.source.requests().len() - requests;
    assert!(more < 30, "a second run took {more} requests");
    pair.assert_safe();
}

#[test]
fn a_target_that_ignores_conditions_renames_and_answers_oddly_still_gets_everything_once() {
    let pair = Pair::start();
    pair.target.change(|it| (it.heeds_conditions, it.renames, it.complains) = (false, true, true));
    pair.source.add(
        account().0,
        "Team Büro",
        "t.ics",
        &sample::calendar(&sample::event("t@example.com", "DTSTART:20240101T100000Z\r\nSUMMARY:T\r\n")),
    );
    let first = pair.office.run(RunKind::Migrate);
    assert_eq!(outcome(&first), [ALL + 1, 0, 0, 0, 0, 0], "{:#?}", said(&first));
    let second = pair.office.run(RunKind::Migrate);
    assert_eq!(outcome(&second), [0, ALL + 1, 0, 0, 0, 0], "{:#?}", said(&second));
    assert_eq!(pair.uids().len() as u64, ALL + 1, "{:?}", pair.uids());
    assert!(pair.target.items(account().0).iter().any(|(folder, _)| folder == "Team Büro"));
    pair.assert_safe();
}

#[test]
fn what_the_target_loses_or_has_with_other_content_is_named_and_left_alone() {
    let pair = Pair::start();
    let other =
        sample::calendar(&sample::event("day@example.com", "DTSTART;VALUE=DATE:20240504\r\nSUMMARY:My own\r\n"));
    pair.target.add(account().0, "Calendar", "mine.ics", &other);
    pair.target.change(|it| it.drops = vec!["LOCATION", "NOTE"]);
    let run = pair.office.run(RunKind::Migrate);
    assert_eq!(outcome(&run), [ALL - 3, 0, 1, 2, 0, 0], "{:#?}", said(&run));
    assert_eq!(run.verdict(), Verdict::SomeIncomplete);
    let said = said(&run).join("\n");
    assert!(
        said.contains("LOCATION") && said.contains("NOTE") && said.contains("'Betriebsausflug' of 2024-05-04"),
        "{said}"
    );
    assert!(pair.target.items(account().0).iter().any(|(_, text)| *text == other), "it was overwritten");
    let puts = pair.puts();
    let again = pair.office.run(RunKind::Migrate);
    assert_eq!(outcome(&again), [0, ALL - 3, 1, 2, 0, 0]);
    assert_eq!(pair.puts(), puts, "what is altered is not stored again");
    pair.assert_safe();
}

#[test]
fn a_connection_cut_before_or_after_any_store_neither_loses_nor_doubles() {
    for after in [false, true] {
        for heeds in [true, false] {
            for number in [1, 4, 9] {
                let pair = Pair::start();
                pair.target.change(|it| it.heeds_conditions = heeds);
                pair.target.on_request(move |method, _, count| match (method, count == number) {
                    ("PUT", true) if after => DavFault::CutAfter,
                    ("PUT", true) => DavFault::CutBefore,
                    _ => DavFault::None,
                });
                let run = pair.office.run(RunKind::Migrate);
                assert_eq!(run.verdict(), Verdict::AllComplete, "{after} {number}: {:#?}", said(&run));
                let uids = pair.uids();
                let unique: BTreeSet<&String> = uids.iter().collect();
                assert_eq!((uids.len() as u64, unique.len() as u64), (ALL, ALL), "{after} {number}");
                pair.assert_safe();
            }
        }
    }
}

#[test]
fn a_busy_target_is_waited_for_and_a_refusal_is_named() {
    let pair = Pair::start();
    pair.target.on_request(|method, path, count| match (method, count) {
        ("PUT", 2) => DavFault::Status(503, Some(1)),
        ("PUT", 4) => DavFault::Status(429, None),
        ("PUT", _) if path.contains("/contacts/") => DavFault::Status(507, None),
        _ => DavFault::None,
    });
    let run = pair.office.run(RunKind::Migrate);
    assert_eq!(outcome(&run), [ALL - 2, 0, 0, 0, 0, 2], "{:#?}", said(&run));
    assert!(said(&run).iter().any(|said| said.contains("no space")), "{:#?}", said(&run));
    pair.assert_safe();
}

#[test]
fn mail_is_complete_whatever_happens_to_calendars() {
    for refused in [true, false] {
        let pair = Pair::start();
        pair.target.change(|it| (it.wants_app_passwords, it.offers_dav) = (refused, refused));
        let run = pair.office.run(RunKind::Migrate);
        assert_eq!(run.tally.copied.messages, 3);
        assert_eq!((run.tally.failed, run.verdict()), (0, Verdict::SomeIncomplete));
        let expected = if refused { ProblemKind::ItemsRefused } else { ProblemKind::ItemsNotReached };
        assert_eq!(kinds(&run), BTreeSet::from([expected]), "{:#?}", said(&run));
        pair.assert_safe();
    }
}

#[test]
fn a_listing_that_is_cut_short_is_never_complete() {
    let pair = Pair::start();
    pair.source.change(|it| it.lists_at_most = 3);
    let run = pair.office.run(RunKind::Migrate);
    assert!(kinds(&run).contains(&ProblemKind::CollectionNotWhole), "{:#?}", said(&run));
    assert_eq!(run.verdict(), Verdict::SomeIncomplete);
    let pair = Pair::start();
    pair.target.add(
        account().0,
        "Calendar",
        "a.ics",
        &sample::calendar(&sample::event("a", "DTSTART:20240101T100000Z\r\n")),
    );
    pair.target.add(
        account().0,
        "Calendar",
        "b.ics",
        &sample::calendar(&sample::event("b", "DTSTART:20240101T100000Z\r\n")),
    );
    pair.target.change(|it| it.lists_at_most = 1);
    let run = pair.office.run(RunKind::Migrate);
    assert_eq!(run.items.copied, 0, "nothing is stored where nobody knows what is there");
    assert_eq!(run.verdict(), Verdict::SomeIncomplete);
    pair.assert_safe();
}

#[test]
fn what_cannot_be_used_is_named_and_the_rest_arrives() {
    let pair = Pair::start();
    let user = account().0;
    for (name, text) in [
        ("broken.ics", "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\n".to_owned()),
        ("zone.ics", sample::calendar(&sample::event("z", "DTSTART;TZID=Nowhere:20240101T100000\r\nSUMMARY:Lost\r\n"))),
        (
            "orphan.ics",
            sample::calendar(
                &(sample::event("o", "RECURRENCE-ID:20240101T100000Z\r\nDTSTART:20240101T110000Z\r\n")
                    + &sample::event("o", "RECURRENCE-ID:20240102T100000Z\r\nDTSTART:20240101T110000Z\r\n")),
            ),
        ),
    ] {
        pair.source.add(user, "Calendar", name, &text);
    }
    pair.source.add(user, "Contacts", "nameless.vcf", "BEGIN:VCARD\r\nVERSION:3.0\r\nORG:Nordwind\r\nEND:VCARD\r\n");
    pair.source.add(
        user,
        "Contacts",
        "group.vcf",
        "BEGIN:VCARD\r\nVERSION:4.0\r\nKIND:group\r\nFN:All\r\nEND:VCARD\r\n",
    );
    let run = pair.office.run(RunKind::Migrate);
    assert_eq!(outcome(&run), [ALL + 1, 0, 0, 0, 1, 3], "{:#?}", said(&run));
    let said = said(&run).join("\n");
    for words in ["has no end", "'Nowhere'", "without their series", "named after the company", "group of contacts"] {
        assert!(said.contains(words), "{words}: {said}");
    }
    pair.assert_safe();
}

#[test]
fn participants_are_kept_only_where_the_target_shows_that_it_sends_nothing() {
    for schedules in [true, false] {
        let mut pair = Pair::start();
        pair.target.change(|it| it.schedules = schedules);
        pair.office.groupware.keep_attendees = true;
        let run = pair.office.run(RunKind::Migrate);
        assert_eq!(outcome(&run), [ALL, 0, 0, 0, 0, 0], "{:#?}", said(&run));
        let kept = pair.target.items(account().0).iter().any(|(_, text)| text.contains("\r\nATTENDEE"));
        assert_eq!(kept, !schedules);
        assert_eq!(kinds(&run).contains(&ProblemKind::AttendeesListed), schedules);
        pair.assert_safe();
    }
}

#[test]
fn a_source_without_calendars_is_a_notice_unless_they_were_demanded() {
    let pair = Pair::start();
    pair.source.change(|it| it.offers_dav = false);
    let run = pair.office.run(RunKind::Check);
    assert_eq!(run.verdict(), Verdict::SomeIncomplete, "its address was given");
    assert_eq!(kinds(&run), BTreeSet::from([ProblemKind::ItemsNotReached]), "{:#?}", said(&run));
}
