//! Killed at every state that the record of an item can have, and at every request of a migration: started again, nothing is lost,
//! doubled or overwritten, and once all is there nothing is stored any more.
//!
//! The process that is killed is this test program once more, told by its environment to do nothing but one run.

use crate::standin::{ALL, Pair};
use crate::{Office, outcome, said, sample};
use kimt::domain::{Security, ServerAddress};
use kimt::migrate::{DavAddress, Groupware, GroupwareMode, MailServer, Options, Patience, Servers, TargetKind};
use kimt::progress::{RunKind, RunState, Stamped, Verdict};
use kimt::rehearsal::dav::DavFault;
use std::collections::BTreeSet;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

const PLACES: &str = "KIMT_ITEMS_PLACES";

/// More than one batch.
const MORE: u64 = 60;

/// When the process is killed: at the request of that method and number to the target, before it is carried out or after.
#[derive(Debug, Clone, Copy)]
struct At(&'static str, u64, bool);

fn kill(office: &Office, pair: &Pair, at: At) {
    let child: Arc<Mutex<Option<Child>>> = Arc::default();
    let killed = child.clone();
    let At(wanted, wanted_number, after) = at;
    pair.target.on_request(move |method, _, number| {
        if (method, number) != (wanted, wanted_number) {
            return DavFault::None;
        }
        if let Some(child) = &mut *killed.lock().unwrap() {
            child.kill().unwrap();
        }
        if after { DavFault::CutAfter } else { DavFault::CutBefore }
    });
    let port = |end: &crate::embedded::stage::End| end.port.unwrap();
    let (source, target) = (office.groupware.source_dav.as_ref(), office.groupware.target_dav.as_ref());
    let places = format!(
        "{} {} {} {} {}",
        port(&office.stage.source),
        port(&office.stage.target),
        source.unwrap(),
        target.unwrap(),
        office.stage.folder.path().display()
    );
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "killed::a_run_that_is_killed", "--nocapture"]).env(PLACES, places);
    let mut place = child.lock().unwrap();
    *place = Some(command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap());
    drop(place);
    let status = loop {
        if let Some(status) = child.lock().unwrap().as_mut().unwrap().try_wait().unwrap() {
            break status;
        }
        std::thread::sleep(Duration::from_millis(2));
    };
    assert!(!status.success(), "{at:?}: the run came to its end before it could be killed");
    pair.target.on_request(|_, _, _| DavFault::None);
}

/// The run of that process; nothing in a usual test run.
#[test]
fn a_run_that_is_killed() {
    let Ok(places) = std::env::var(PLACES) else { return };
    let places: Vec<&str> = places.splitn(5, ' ').collect();
    let at = |port: &str| {
        let address = ServerAddress { host: "127.0.0.1".to_owned(), port: Some(port.parse().unwrap()) };
        MailServer::at(address, Security::Plain)
    };
    let groupware = Groupware {
        mode: GroupwareMode::Auto,
        source_dav: Some(DavAddress::parse(places[2]).unwrap()),
        target_dav: Some(DavAddress::parse(places[3]).unwrap()),
        ..Groupware::default()
    };
    let options = Options {
        patience: Patience { quiet: Duration::from_millis(50), ..Patience::default() },
        groupware,
        ..Options::in_folder(std::path::Path::new(places[4]).join("state"))
    };
    let servers = Servers::between(at(places[0]), at(places[1]), TargetKind::Imap);
    let request = crate::embedded::stage::migration(RunKind::Migrate, servers, &[crate::account().0], options);
    let run = crate::embedded::stage::start(request, Box::new(|_: &Stamped, _: &RunState| {}));
    while !run.is_finished() {
        run.try_now();
        std::thread::sleep(Duration::from_millis(2));
    }
}

fn pair() -> Pair {
    let pair = Pair::start();
    for number in 0..MORE {
        let lines = format!("DTSTART:20240101T100000Z\r\nSUMMARY:Number {number}\r\n");
        let text = sample::calendar(&sample::event(&format!("more-{number}@example.com"), &lines));
        pair.source.add(crate::account().0, "Calendar", &format!("more-{number}.ics"), &text);
    }
    pair
}

fn assert_all_there_once(pair: &Pair, at: At) {
    let run = pair.office.run(RunKind::Migrate);
    let settled = outcome(&run);
    assert_eq!(settled[0] + settled[1], ALL + MORE, "{at:?}: {settled:?} {:#?}", said(&run));
    assert_eq!(run.verdict(), Verdict::AllComplete, "{at:?}: {:#?}", said(&run));
    let uids = pair.uids();
    let unique: BTreeSet<&String> = uids.iter().collect();
    assert_eq!((uids.len() as u64, unique.len() as u64), (ALL + MORE, ALL + MORE), "{at:?}");
    // Of what was stored before, only an item whose answer nobody heard may have been sent twice, and was not stored twice.
    let puts = pair.puts();
    assert!(puts as u64 <= ALL + MORE + 1, "{at:?}: {puts}");
    let again = pair.office.run(RunKind::Migrate);
    assert_eq!((outcome(&again), pair.puts()), ([0, ALL + MORE, 0, 0, 0, 0], puts), "{at:?}: {:#?}", said(&again));
    pair.assert_safe();
}

#[test]
fn killed_at_every_state_of_the_record_nothing_is_lost_or_doubled() {
    // Intended and not stored; intended and stored; the last of a batch; the first of the second batch, when the first is checked.
    let stores = [1, 2, 50, 52].into_iter().flat_map(|number| [At("PUT", number, false), At("PUT", number, true)]);
    // Stored and not checked: what is read back is asked for with one request for many.
    let read_back = [At("REPORT", 1, false), At("REPORT", 1, true)];
    for at in stores.chain(read_back) {
        let pair = pair();
        kill(&pair.office, &pair, at);
        assert_all_there_once(&pair, at);
    }
}

#[test]
fn what_the_target_alters_is_known_as_ours_after_a_kill_and_not_taken_for_somebody_elses() {
    let pair = pair();
    pair.target.change(|it| it.drops = vec!["SUMMARY"]);
    kill(&pair.office, &pair, At("PUT", 1, true));
    let run = pair.office.run(RunKind::Migrate);
    // The two contacts have no summary.
    assert_eq!(outcome(&run), [2, 0, 0, ALL + MORE - 2, 0, 0], "{:#?}", said(&run));
    pair.assert_safe();
}

#[test]
fn killed_on_a_target_that_renames_and_ignores_conditions_nothing_is_lost_or_doubled() {
    for at in [At("PUT", 1, true), At("PUT", 30, true), At("REPORT", 1, true)] {
        let pair = pair();
        pair.target.change(|it| (it.heeds_conditions, it.renames) = (false, true));
        kill(&pair.office, &pair, at);
        assert_all_there_once(&pair, at);
    }
}

#[test]
fn killed_twice_and_while_a_calendar_is_made_nothing_is_lost_or_doubled() {
    for after in [false, true] {
        let pair = pair();
        let team = sample::event("team@example.com", "DTSTART:20240101T100000Z\r\nSUMMARY:T\r\n");
        pair.source.add(crate::account().0, "Team", "t.ics", &sample::calendar(&team));
        kill(&pair.office, &pair, At("MKCALENDAR", 1, after));
        kill(
            &pair.office,
            &pair,
            At("GET", pair.target.requests().iter().filter(|it| it.0 == "GET").count() as u64 + 1, after),
        );
        let run = pair.office.run(RunKind::Migrate);
        assert_eq!(run.verdict(), Verdict::AllComplete, "{:#?}", said(&run));
        assert_eq!(pair.uids().len() as u64, ALL + MORE + 1);
        let teams = pair.target.requests().into_iter().filter(|(method, _)| method == "MKCALENDAR").count();
        assert!(teams <= 2);
        let in_team = pair.target.items(crate::account().0).iter().filter(|(folder, _)| folder == "Team").count();
        assert_eq!(in_team, 1);
        pair.assert_safe();
    }
}
