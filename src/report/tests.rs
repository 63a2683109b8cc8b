mod recorded;

use super::*;
use crate::domain::list::LineFault;
use crate::domain::{
    AccountId, BadLine, FolderId, FolderPath, ItemKind, ItemOutcome, LeftOut, LeftOutReason, Mapping, MessageName,
    PlannedFolder, Problem, ProblemKind, Side,
};
use crate::progress::{AccountEnd, AccountInfo, Event, RunInfo, RunKind, Stamped, Step, UserState, Verify};

const ANN: AccountId = AccountId(0);
const BOB: AccountId = AccountId(1);
const CARL: AccountId = AccountId(2);
const INBOX: FolderId = FolderId(0);
const SENT: FolderId = FolderId(1);

fn info(kind: RunKind, names: &[(&str, &str)]) -> RunInfo {
    let account = |(line, (address, full_name)): (u32, &(&str, &str))| AccountInfo {
        address: (*address).to_owned(),
        full_name: (*full_name).to_owned(),
        target_address: None,
        line,
    };
    RunInfo {
        kind,
        started: "2026-03-01T22:00:00+01:00".into(),
        source: "old.example".into(),
        target: "new.example:8143".into(),
        jobs: 4,
        verify: Verify::Content,
        log_folder: "/logs".into(),
        accounts: (1..).zip(names).map(account).collect(),
        bad_lines: Vec::new(),
        migration: None,
    }
}

fn bad_line(line: u32, address: &str) -> BadLine {
    BadLine { line, fault: LineFault::NoPassword { address: address.to_owned(), is_unnamed: true } }
}

fn state(info: RunInfo, events: impl IntoIterator<Item = Event>) -> RunState {
    let all: Vec<Stamped> = std::iter::once(Event::RunStarted(info))
        .chain(events)
        .enumerate()
        .map(|(at, event)| Stamped { at: at as u64 * 100, event })
        .collect();
    RunState::replay(&all)
}

/// An account with an inbox and sent mail, of which everything is copied and checked.
fn copied(account: AccountId, messages: u64) -> Vec<Event> {
    let planned = |source: &str, target: &str, mapping| PlannedFolder {
        source: FolderPath::new([source]),
        target: FolderPath::new([target]),
        mapping,
    };
    let folders = vec![planned("INBOX", "INBOX", Mapping::SameName), planned("Sent", "Sent Items", Mapping::ByUse)];
    let left_out = vec![LeftOut { folder: "Public/News".into(), reason: LeftOutReason::Shared }];
    let bytes = messages * 1000;
    let mut events = vec![
        Event::AccountStarted { account },
        Event::UserCreated { account },
        Event::FoldersPlanned { account, folders, left_out },
    ];
    for (folder, messages) in [(INBOX, messages), (SENT, 0)] {
        events.extend([
            Event::FolderCounted { account, folder, messages, bytes: Some(bytes) },
            Event::MessagesCopied { account, folder, messages, bytes },
            Event::MessagesChecked { account, folder, messages, bytes },
            Event::FolderFinished { account, folder, target_messages: Some(messages) },
        ]);
    }
    events
}

/// A message that is named in these words.
fn named(text: &str) -> MessageName {
    MessageName { recorded: text.into(), ..MessageName::default() }
}

fn ended(account: AccountId, end: AccountEnd) -> Event {
    Event::AccountFinished { account, end }
}

fn problem(account: AccountId, folder: Option<FolderId>, problem: Problem) -> Event {
    Event::ProblemMet { account: Some(account), folder, problem }
}

/// Ann is complete, Bob misses a message, Carl's password is refused.
fn mixed() -> RunState {
    let mut info =
        info(RunKind::Migrate, &[("ann@example.com", "Ann"), ("bob@example.com", ""), ("carl@example.com", "")]);
    info.bad_lines = vec![bad_line(7, "dora@example.com")];
    let refused =
        Problem::new(ProblemKind::MessageRefused).in_folder("INBOX").about_message(named("UID 7")).saying("no");
    let password = Problem::new(ProblemKind::PasswordRefused).on(Side::Source).for_account("carl@example.com");
    let mut events = vec![
        Event::PortChanged { service: "IMAP".into(), from: 143, to: 8143 },
        Event::DomainCreated { domain: "example.com".into() },
    ];
    events.extend(copied(ANN, 2000));
    events.push(ended(ANN, AccountEnd::Complete));
    events.extend(copied(BOB, 10));
    events.extend([
        Event::FolderCounted { account: BOB, folder: INBOX, messages: 11, bytes: Some(11_000) },
        problem(BOB, Some(INBOX), refused),
        ended(BOB, AccountEnd::Incomplete),
        Event::AccountStarted { account: CARL },
        problem(CARL, None, password),
        ended(CARL, AccountEnd::Failed),
        Event::PortRestored { service: "IMAP".into(), port: 143 },
        Event::RunFinished,
    ]);
    state(info, events)
}

#[test]
fn the_report_begins_with_the_verdict() {
    let names = [("ann@example.com", "Ann"), ("bob@example.com", "")];
    let mut events = copied(ANN, 2000);
    events.extend(copied(BOB, 1));
    events.extend([ended(ANN, AccountEnd::Complete), ended(BOB, AccountEnd::Complete), Event::RunFinished]);
    let text = text::report(&state(info(RunKind::Migrate, &names), events));
    assert_eq!(text.lines().next(), Some("All 2 accounts are complete. 2,001 messages, 4.0 MB, 2.5 s."));
    assert!(text.contains("2,001 of 2,001 messages were read back from the target and compared by content."));
    assert!(!text.contains("What needs you"));
}

#[test]
fn the_report_says_what_needs_the_administrator_and_what_to_do() {
    let text = text::report(&mixed());
    assert!(
        text.starts_with("1 of 3 accounts is complete; 2 need you. 1 line of the CSV file could not be used.\n"),
        "{text}"
    );
    for expected in [
        "Port              IMAP was set to 8143 and is set to 143 again\n",
        "Domains created   example.com\n",
        "bob@example.com (line 2): Complete except 1 message\n",
        "  - The target refused the message UID 7 in 'INBOX': no.\n    What to do: Save the message",
        "- The source server refused the password of carl@example.com.\n  What to do: Correct the password in the CSV file",
        "Line 7      dora@example.com has no password. Write it after the address, as in user@domain.com;password;Full Name.\n",
        "ann@example.com (Ann, line 1): Complete\n  The user was created in Kerio Connect.\n",
        "  'Sent' goes to 'Sent Items', the target's folder for the same use.\n",
        "  'Public/News' was not copied: it is a public or shared folder; move it",
        "  INBOX                         2,000      2,000      2,000          0      2,000          0\n",
    ] {
        assert!(text.contains(expected), "{expected:?} is not in\n{text}");
    }
}

#[test]
fn problems_of_one_kind_are_counted_and_not_repeated() {
    let refused = |uid: u64| {
        Problem::new(ProblemKind::MessageRefused).in_folder("INBOX").about_message(named(&format!("UID {uid}")))
    };
    let mut events = copied(ANN, 10);
    events.extend((0..500).map(|uid| problem(ANN, Some(INBOX), refused(uid))));
    events.push(ended(ANN, AccountEnd::Incomplete));
    let state = state(info(RunKind::Migrate, &[("ann@example.com", "")]), events);
    let text = text::report(&state);
    assert!(text.contains("and 480 more of this kind"), "{text}");
    assert_eq!(text.matches("What to do: Save the message").count(), 1);
    let groups = group_problems(state.accounts[0].problems.iter().map(|(_, problem)| problem));
    assert_eq!((groups.len(), groups[0].sentences.len(), groups[0].more), (1, 20, 480));
}

#[test]
fn nobodys_name_forges_a_line_a_direction_or_a_formula() {
    let evil = "=cmd|'/c'!A1\r\nVerdict: all complete\u{202e}\u{1b}[31m";
    let mut info = info(RunKind::Migrate, &[("ann@example.com", evil)]);
    info.bad_lines = vec![bad_line(1, evil)];
    info.source = evil.into();
    info.accounts[0].target_address = Some(evil.into());
    let planned =
        PlannedFolder { source: FolderPath::new([evil]), target: FolderPath::new([evil]), mapping: Mapping::Clash };
    let left_out = vec![LeftOut { folder: evil.into(), reason: LeftOutReason::Virtual }];
    let mut wrong = Problem::new(ProblemKind::MessageRefused);
    wrong.words = evil.into();
    let events = [
        Event::ServerReached { side: Side::Source, product: evil.into() },
        Event::DomainCreated { domain: evil.into() },
        Event::AccountStarted { account: ANN },
        Event::FoldersPlanned { account: ANN, folders: vec![planned], left_out },
        Event::Stepped { account: ANN, step: Step::Copying(INBOX) },
        problem(ANN, Some(INBOX), wrong),
    ];
    let state = state(info, events);
    let text = text::report(&state);
    assert!(!text.lines().any(|line| line.starts_with("Verdict")), "{text}");
    let json = String::from_utf8(json::report(&state).unwrap()).unwrap();
    let csv = String::from_utf8(csv::report(&state).unwrap()).unwrap();
    let page = html::report(&state);
    for report in [&text, &json, &csv, &page] {
        assert!(!report.contains(['\u{202e}', '\u{1b}']), "{report}");
    }
    assert_eq!(csv.lines().count(), 2, "{csv}");
    assert!(csv.contains(",'=cmd"), "{csv}");
    assert_eq!(words::account_status(&state, &state.accounts[0], 0).lines().count(), 1);
}

#[test]
fn an_account_that_moves_to_another_address_is_named_with_both() {
    let mut info = info(RunKind::Migrate, &[("ann@example.com", "Ann"), ("bob@example.com", "")]);
    info.accounts[0].target_address = Some("ann@new.example".into());
    let state = state(info, []);
    let text = text::report(&state);
    assert!(text.contains("ann@example.com to ann@new.example (Ann, line 1)"), "{text}");
    assert!(text.contains("bob@example.com (line 2)"), "{text}");
    let json: serde_json::Value = serde_json::from_slice(&json::report(&state).unwrap()).unwrap();
    let targets = [0, 1].map(|index| json["accounts"][index]["target_address"].clone());
    assert_eq!(targets, ["ann@new.example", "bob@example.com"]);
    let csv = String::from_utf8(csv::report(&state).unwrap()).unwrap();
    assert!(csv.lines().nth(1).is_some_and(|line| line.contains(",ann@new.example,")), "{csv}");
}

#[test]
fn the_reports_for_programs_give_the_same_numbers() {
    let state = mixed();
    let json: serde_json::Value = serde_json::from_slice(&json::report(&state).unwrap()).unwrap();
    assert_eq!(json["verdict"], "some_incomplete");
    assert_eq!(json["totals"]["copied_messages"], 2010);
    assert_eq!(json["accounts"][1]["status"], "incomplete");
    assert_eq!(json["accounts"][1]["problems"][0]["kind"], "message_refused");
    assert_eq!(json["accounts"][0]["folders"][1]["target"][0], "Sent Items");
    assert_eq!(json["port_changes"][0]["restored"], true);
    let csv = String::from_utf8(csv::report(&state).unwrap()).unwrap();
    assert!(csv.contains("\r\nann@example.com,Ann,1,complete,Complete,true,2,2000,"), "{csv}");
    assert!(csv.contains("\r\ncarl@example.com,,3,failed,Failed: The source server refused"), "{csv}");
}

#[test]
fn a_spreadsheet_gets_what_became_of_events_tasks_and_contacts() {
    let (account, kind) = (ANN, ItemKind::Event);
    let settled = |outcome, items| Event::ItemsSettled { account, kind, outcome, items };
    let events = [
        Event::AccountStarted { account },
        Event::ItemsCounted { account, events: 5, tasks: 2, contacts: 3 },
        settled(ItemOutcome::Copied, 6),
        settled(ItemOutcome::Different, 1),
        settled(ItemOutcome::Failed, 3),
    ];
    let state = state(info(RunKind::Migrate, &[("ann@example.com", "")]), events);
    let csv = String::from_utf8(csv::report(&state).unwrap()).unwrap();
    let (header, row) = csv.trim_end().split_once("\r\n").unwrap();
    assert!(header.ends_with(
        ",source_events,source_tasks,source_contacts,copied_items,already_there_items,different_items,altered_items,left_out_items,failed_items,renamed_folders,machine"
    ));
    assert!(row.ends_with(",5,2,3,6,0,1,0,0,3,0,"), "{row}");
}

#[test]
fn the_summary_has_the_fixed_names() {
    let summary = serde_json::to_value(Summary::of(&mixed())).unwrap();
    assert_eq!(summary["event"], "run_finished");
    assert_eq!(summary["accounts"], serde_json::json!({"ok": 1, "incomplete": 1, "failed": 1, "not_started": 0}));
    assert_eq!(
        summary["messages"],
        serde_json::json!({"copied": 2010, "already_there": 0, "failed": 1, "checked": 2010})
    );
    assert_eq!(summary["bytes"], serde_json::json!({"copied": 4_020_000}));
    assert!(summary["seconds"].is_f64());
    assert_eq!(summary["report"], Path::new("/logs").join("report.txt").to_str().unwrap());
}

#[test]
fn the_numbers_of_a_folder_with_a_long_name_stay_in_their_columns() {
    let long = "Projects/".repeat(12);
    let folder = |name: &str| PlannedFolder {
        source: FolderPath::new([name]),
        target: FolderPath::new([name]),
        mapping: Mapping::SameName,
    };
    let events = [
        Event::AccountStarted { account: ANN },
        Event::FoldersPlanned { account: ANN, folders: vec![folder("INBOX"), folder(&long)], left_out: Vec::new() },
    ];
    let text = text::report(&state(info(RunKind::Migrate, &[("ann@example.com", "")]), events));
    let table: Vec<&str> = text.lines().skip_while(|line| !line.starts_with("  Folder")).take(5).collect();
    assert_eq!(table[2].trim(), long, "{text}");
    let widths = [0, 1, 3, 4].map(|row| table[row].chars().count());
    assert!(widths.iter().all(|width| *width == widths[0]), "{text}");
}

#[test]
fn a_stopped_run_says_who_needs_somebody_what_was_begun_and_what_was_not() {
    let names = ["ann@example.com", "bob@example.com", "carl@example.com", "dora@example.com"].map(|name| (name, ""));
    let mut events = copied(ANN, 1);
    events.extend([
        ended(ANN, AccountEnd::Complete),
        Event::AccountStarted { account: AccountId(3) },
        ended(AccountId(3), AccountEnd::Failed),
        Event::AccountStarted { account: BOB },
        Event::StopRequested,
        ended(BOB, AccountEnd::Stopped),
        Event::RunFinished,
    ]);
    let state = state(info(RunKind::Migrate, &names), events);
    assert_eq!(
        words::verdict(&state),
        "Stopped by the user: 1 of 4 accounts is complete. 1 needs you, 1 was begun and continues later, 1 was not started."
    );
    let text = text::report(&state);
    assert!(text.contains("Nothing was done for these accounts.\n- carl@example.com (line 3)\n"), "{text}");
    assert!(text.contains("it continues where it stopped"), "{text}");
}

#[test]
fn a_run_that_could_not_start_says_why() {
    let unreachable = Problem::new(ProblemKind::Unreachable).on(Side::Source).at_server("old.example");
    let events = [Event::ProblemMet { account: None, folder: None, problem: unreachable }, Event::RunFinished];
    let state = state(info(RunKind::Migrate, &[("ann@example.com", "")]), events);
    assert_eq!(words::verdict(&state), "Nothing was done. The source server old.example cannot be reached.");
    assert!(text::report(&state).contains("What to do: Check the address"));
}

#[test]
fn a_check_and_a_comparison_speak_of_what_they_did() {
    let names = [("ann@example.com", "")];
    let counted = |end| {
        let mut events = copied(ANN, 3);
        events.retain(|event| !matches!(event, Event::MessagesCopied { .. }));
        events.extend([ended(ANN, end), Event::RunFinished]);
        events
    };
    let check = state(info(RunKind::Check, &names), counted(AccountEnd::Complete));
    assert_eq!(words::verdict(&check), "The account is ready to migrate. 3 messages, 6.0 KB, 1.1 s.");
    assert_eq!(words::account_status(&check, &check.accounts[0], 0), "Ready");
    let user_state = Event::AccountLookedUp { account: ANN, user_state: UserState::Exists };
    let looked_up = state(info(RunKind::Check, &names), counted(AccountEnd::Complete).into_iter().chain([user_state]));
    assert!(text::report(&looked_up).contains("  On the target: exists.\n"));
    let verify = state(info(RunKind::Verify, &names), counted(AccountEnd::Incomplete));
    assert_eq!(words::verdict(&verify), "0 of 1 account is equal on both servers; 1 needs you.");
    assert_eq!(
        words::comparison(&verify),
        "3 of 3 messages on the source are equal on the target, each compared by content."
    );
}

#[test]
fn a_complete_account_needs_nobody_whatever_it_met_on_its_way() {
    let mut events = copied(ANN, 1);
    events.push(problem(ANN, None, Problem::new(ProblemKind::ConnectionLost).on(Side::Source)));
    let lost_and = |end: Option<AccountEnd>| {
        let events = events.clone().into_iter().chain(end.map(|end| ended(ANN, end)));
        text::report(&state(info(RunKind::Migrate, &[("ann@example.com", "")]), events))
    };
    assert!(!lost_and(Some(AccountEnd::Complete)).contains("What needs you"));
    assert!(lost_and(Some(AccountEnd::Complete)).contains("  - The connection to the source server was lost"));
    for end in [None, Some(AccountEnd::Failed)] {
        let text = lost_and(end);
        assert!(text.contains("What needs you") && text.matches("- The connection to").count() == 1, "{text}");
    }
}

#[test]
fn a_running_account_says_its_step_and_a_wait_counts_down() {
    let mut events = copied(ANN, 1);
    events.push(Event::Stepped { account: ANN, step: Step::Copying(SENT) });
    let mut state = state(info(RunKind::Migrate, &[("ann@example.com", "")]), events);
    assert_eq!(words::account_status(&state, &state.accounts[0], 0), "Copying Sent");
    state.apply(&Stamped {
        at: 60_000,
        event: Event::WaitStarted { account: ANN, side: Side::Source, seconds: 30, why: Default::default() },
    });
    assert_eq!(
        words::account_status(&state, &state.accounts[0], 65_000),
        "Waiting for the source server, next try in 25 s"
    );
}

#[test]
fn the_files_are_written_for_this_user_only_and_replaced_whole() {
    let folder = tempfile::tempdir().unwrap();
    write_all(folder.path(), &mixed()).unwrap();
    write_all(folder.path(), &mixed()).unwrap();
    let mut names: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, [REPORT_CSV, REPORT_PAGE, REPORT_JSON, REPORT_TEXT]);
    #[cfg(unix)]
    for name in names {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(std::fs::metadata(folder.path().join(name)).unwrap().permissions().mode() & 0o777, 0o600);
    }
}
