use super::*;
use crate::domain::list::{BadLine, LineFault};
use crate::domain::{AccountId, FolderId, FolderPath, Mapping, PlannedFolder, Problem, ProblemKind, Side};
use crate::progress::{
    AccountEnd, AccountInfo, AccountStage, Event, MigrationInfo, RunInfo, RunKind, Stages, Stamped, Verify,
};

const HOSTILE: &str = "\"><script>alert(1)</script><img src=x onerror='alert(2)'>&lt;\u{202e}\u{5d0}\u{5d1}";

fn info(accounts: usize, migration: Option<MigrationInfo>) -> RunInfo {
    let account = |number: usize| AccountInfo {
        address: format!("user{number}@example.com"),
        full_name: String::new(),
        line: number as u32 + 1,
        target_address: None,
    };
    RunInfo {
        kind: RunKind::Migrate,
        started: "2026-03-01T22:00:00+01:00".into(),
        source: "old.example".into(),
        target: "new.example".into(),
        jobs: 4,
        verify: Verify::Content,
        log_folder: "/logs".into(),
        accounts: (0..accounts).map(account).collect(),
        bad_lines: Vec::new(),
        migration,
    }
}

fn state(info: RunInfo, events: impl IntoIterator<Item = Event>) -> RunState {
    let all: Vec<Stamped> = std::iter::once(Event::RunStarted(info))
        .chain(events)
        .enumerate()
        .map(|(at, event)| Stamped { at: at as u64 * 1000, event })
        .collect();
    RunState::replay(&all)
}

/// An account with one folder of this name, of which everything arrived but what `problem` says.
fn account(number: u32, folder: &str, problem: Option<Problem>) -> Vec<Event> {
    let (account, inbox) = (AccountId(number), FolderId(0));
    let path = FolderPath::new([folder]);
    let planned = PlannedFolder { source: path.clone(), target: path, mapping: Mapping::SameName };
    let end = if problem.is_some() { AccountEnd::Incomplete } else { AccountEnd::Complete };
    let mut events = vec![
        Event::AccountStarted { account },
        Event::FoldersPlanned { account, folders: vec![planned], left_out: Vec::new() },
        Event::FolderCounted { account, folder: inbox, messages: 9, bytes: Some(9_000_000) },
        Event::MessagesCopied { account, folder: inbox, messages: 9, bytes: 9_000_000 },
    ];
    events.extend(problem.map(|problem| Event::ProblemMet { account: Some(account), folder: Some(inbox), problem }));
    events.push(Event::AccountFinished { account, end });
    events
}

#[test]
fn no_name_from_outside_becomes_a_part_of_the_page() {
    let mut info = info(1, None);
    info.source = HOSTILE.into();
    info.accounts[0].full_name = HOSTILE.into();
    info.bad_lines =
        vec![BadLine { line: 1, fault: LineFault::NoPassword { address: HOSTILE.into(), is_unnamed: true } }];
    let refused = Problem::new(ProblemKind::MessageRefused).in_folder(HOSTILE).saying(HOSTILE);
    let mut events = account(0, HOSTILE, Some(refused));
    events.extend([
        Event::ServerReached { side: Side::Source, product: HOSTILE.into() },
        Event::DomainCreated { domain: HOSTILE.into() },
        Event::RunFinished,
    ]);
    let page = report(&state(info, events));
    assert_eq!(page.matches("<script").count(), 1, "{page}");
    assert!(!page.contains("<img") && !page.contains("\u{202e}"), "{page}");
    assert!(page.contains("&lt;script&gt;alert(1)"), "{page}");
}

#[test]
fn the_page_begins_with_the_whole_and_then_has_this_run() {
    let others = Stages { complete: 7, not_started: 3, ..Stages::default() };
    let before = vec![AccountStage::NotStarted; 2];
    let migration = MigrationInfo { name: "Spring".into(), others, before, ..MigrationInfo::default() };
    let refused = Problem::new(ProblemKind::MessageRefused).in_folder("INBOX");
    let events = [account(0, "INBOX", None), account(1, "INBOX", Some(refused)), vec![Event::RunFinished]].concat();
    let page = report(&state(info(2, Some(migration)), events));
    let whole = page.find("The whole migration").unwrap();
    assert!(page[whole..].contains("8 of 12") && page[whole..].contains("1 in this run"), "{page}");
    assert!(page.find("This run").unwrap() > whole);
    assert!(page.contains("Rate of copying") && page.contains("Sizes of mailboxes"));
}

#[test]
fn accounts_with_one_cause_are_named_below_one_advice() {
    let password = || Problem::new(ProblemKind::PasswordRefused).on(Side::Source);
    let events = (0..300).flat_map(|number| account(number, "INBOX", Some(password())));
    let page = report(&state(info(300, None), events.chain([Event::RunFinished])));
    let advice = "Correct the password in the CSV file and migrate this mailbox again.";
    assert_eq!(page.matches(advice).count(), 1);
    assert!(page.contains("The source refuses this password") && page.contains("300 accounts"));
    assert!(page.contains("and 200 more; report.csv has all"));
}

#[test]
fn of_fifty_thousand_accounts_those_that_need_attention_are_listed_and_the_page_stays_small() {
    let last = 49_999;
    let refused = Problem::new(ProblemKind::MessageRefused).in_folder("INBOX");
    let events =
        (0..last).flat_map(|number| account(number, "INBOX", None)).chain(account(last, "INBOX", Some(refused)));
    let page = report(&state(info(50_000, None), events.chain([Event::RunFinished])));
    assert!(page.len() < 4_000_000, "{}", page.len());
    assert!(page.contains("5,000 of 50,000 accounts are listed"));
    let table = &page[page.find("<tbody>").unwrap()..];
    assert!(table.find("user49999@").unwrap() < table.find("user0@").unwrap());
}

#[test]
fn a_run_that_could_not_start_has_a_page_too() {
    let unreachable = Problem::new(ProblemKind::Unreachable).on(Side::Source).at_server("old.example");
    let problem = Event::ProblemMet { account: None, folder: None, problem: unreachable };
    let page = report(&state(info(1, None), [problem, Event::RunFinished]));
    assert!(page.contains("Nothing was done.") && page.contains("Check the address"), "{page}");
    assert!(!page.contains("<svg"), "{page}");
}
