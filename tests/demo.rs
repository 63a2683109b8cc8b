//! The whole job on the demo's servers: the engine, the administration, both stores compared by code that the engine knows nothing of.

#![allow(clippy::unwrap_used, clippy::expect_used)] // A failed step of a test ends the test.

#[path = "support/embedded/mod.rs"]
mod embedded;

use embedded::stage::{problems, start};
use kimt::migrate::{
    AdministrationServer, DavAddress, Groupware, GroupwareMode, MailServer, Options, Request, Servers, TargetKind,
};
use kimt::progress::{AccountEnd, RunKind, RunState};
use kimt::rehearsal::demo::{Demo, DemoOptions};
use std::path::Path;
use std::time::Duration;

fn demo(folder: &Path, change: impl FnOnce(&mut DemoOptions)) -> Demo {
    let mut options = DemoOptions { messages: 400, ..DemoOptions::new(folder) };
    change(&mut options);
    Demo::start(&options).unwrap()
}

fn groupware(demo: &Demo) -> Groupware {
    let (source, target) = demo.calendars();
    Groupware {
        mode: GroupwareMode::Dav,
        source_dav: Some(DavAddress::parse(&source).unwrap()),
        target_dav: Some(DavAddress::parse(&target).unwrap()),
        ..Groupware::default()
    }
}

fn run(demo: &Demo, folder: &Path) -> RunState {
    let file = kimt::accounts::load(demo.accounts_file()).unwrap();
    assert!(file.bad_lines.is_empty(), "{:?}", file.bad_lines);
    let (security, fingerprint) = (demo.security(), Some(demo.fingerprint()));
    let administration = AdministrationServer {
        address: demo.administration_address(),
        user: demo.administrator().to_owned(),
        password: demo.administrator_password(),
        fingerprint,
    };
    let kind = TargetKind::Kerio(administration);
    let request = Request {
        bad_lines: file.bad_lines,
        ..Request::of(
            RunKind::Migrate,
            Servers::between(
                MailServer { fingerprint, ..MailServer::at(demo.source_address(), security) },
                MailServer { fingerprint, ..MailServer::at(demo.target_address(), security) },
                kind,
            ),
            file.accounts,
            Options { groupware: groupware(demo), ..Options::in_folder(folder.join("state")) },
        )
    };
    start(request, Box::new(|_: &_, _: &_| {})).wait()
}

#[test]
fn the_demo_arrives_whole_and_a_second_run_copies_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let demo = demo(folder.path(), |_| {});
    let users_before = demo.administration().users();
    assert_eq!(users_before.len(), 1);

    let first = run(&demo, folder.path());
    assert_eq!(first.count_ended(AccountEnd::Complete), 5, "{:?}", problems(&first));
    let compared = demo.compare();
    assert!(compared.is_perfect(), "{compared:?}\n{:?}", problems(&first));
    assert_eq!((compared.expected, first.tally.copied.messages), (400, 400));
    let items = demo.compare_items();
    assert!(items.is_perfect(), "{items:?}\n{:?}", problems(&first));
    // Of each of five people: four events, a task, and the four others as contacts.
    assert_eq!((items.expected as u64, first.items.copied), (45, 45));
    assert_eq!(first.domains_created, ["nordwind.example"]);
    assert_eq!(demo.administration().users()[..1], users_before[..]);
    assert_eq!(demo.administration().users().len(), 5);
    assert_eq!(demo.administration().open_sessions(), 0);

    let second = run(&demo, folder.path());
    assert_eq!(second.tally.copied.messages, 0, "{:?}", problems(&second));
    assert!(demo.compare().is_perfect(), "{:?}", demo.compare());
}

#[test]
fn a_demo_with_faults_loses_nothing_but_what_it_reports() {
    let folder = tempfile::tempdir().unwrap();
    let demo = demo(folder.path(), |options| options.faults = true);
    let state = run(&demo, folder.path());
    let compared = demo.compare();
    assert!(compared.is_perfect(), "{compared:?}\n{:?}", problems(&state));
    assert_eq!(state.count_ended(AccountEnd::Failed), 1);
    let refused = state.accounts.iter().find(|account| Some(account.info.address.as_str()) == demo.refused_account());
    assert_eq!(refused.unwrap().end, Some(AccountEnd::Failed));
    assert_eq!(state.tally.failed, 1, "{:?}", problems(&state));
    assert!(demo.faults_met() > 1);
}

#[test]
fn a_demo_with_far_servers_arrives_whole() {
    let folder = tempfile::tempdir().unwrap();
    let demo = demo(folder.path(), |options| {
        options.rtt = Duration::from_millis(20);
        options.accounts = 2;
        options.messages = 60;
    });
    let state = run(&demo, folder.path());
    assert!(demo.compare().is_perfect(), "{:?}\n{:?}", demo.compare(), problems(&state));
    assert!(demo.source_link().unwrap().bytes_passed() > 10_000_000);
}

#[test]
fn the_usual_demo_has_three_thousand_messages_from_one_kilobyte_to_twenty_megabytes() {
    let folder = tempfile::tempdir().unwrap();
    let demo = Demo::start(&DemoOptions::new(folder.path())).unwrap();
    let snapshot = |address: &str| demo.source().store().snapshot(address).unwrap();
    let folders = demo.people().iter().flat_map(|person| snapshot(&person.address).folders.into_values());
    let sizes: Vec<u64> = folders.flat_map(|folder| folder.messages).map(|message| message.size).collect();
    assert_eq!(sizes.len(), 3000);
    let between = |smallest: u64, largest: u64| sizes.iter().filter(|size| (smallest..=largest).contains(size)).count();
    assert!(between(500, 10_000) > 2000 && between(100_000, 1_000_000) > 50 && between(1_000_000, 5_000_000) > 5);
    assert_eq!(between(19_000_000, 21_000_000), 1);
}
