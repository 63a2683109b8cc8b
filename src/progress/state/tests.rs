//! The state of a run after some events.

use super::*;
use crate::domain::{FolderPath, PlannedFolder, ProblemKind};
use crate::progress::{AccountInfo, Step};

const ANN: AccountId = AccountId(0);
const INBOX: FolderId = FolderId(0);

fn run(events: impl IntoIterator<Item = Event>) -> RunState {
    let info = RunInfo {
        kind: RunKind::Migrate,
        started: String::new(),
        source: "old".into(),
        target: "new".into(),
        jobs: 4,
        verify: Default::default(),
        log_folder: "/logs".into(),
        accounts: vec![AccountInfo {
            address: "ann@example.com".into(),
            full_name: String::new(),
            line: 1,
            target_address: None,
        }],
        bad_lines: Vec::new(),
        migration: None,
    };
    let inbox = FolderPath::new(["INBOX"]);
    let planned = PlannedFolder { source: inbox.clone(), target: inbox, mapping: Mapping::SameName };
    let start = [
        Event::RunStarted(info),
        Event::AccountStarted { account: ANN },
        Event::FoldersPlanned { account: ANN, folders: vec![planned], left_out: Vec::new() },
    ];
    let all: Vec<Stamped> =
        start.into_iter().chain(events).enumerate().map(|(at, event)| Stamped { at: at as u64, event }).collect();
    RunState::replay(&all)
}

#[test]
fn a_later_count_replaces_an_earlier_one() {
    let counted = |messages, bytes| Event::FolderCounted { account: ANN, folder: INBOX, messages, bytes };
    let state = run([counted(10, Some(100)), counted(12, None)]);
    assert_eq!(state.tally.expected, Counts { messages: 12, bytes: 100 });
    assert_eq!(state.accounts[0].tally, state.tally);
}

#[test]
fn a_message_that_failed_is_settled_and_keeps_the_account_from_being_complete() {
    let problem = Problem::new(ProblemKind::MessageRefused).in_folder("INBOX");
    let state = run([
        Event::FolderCounted { account: ANN, folder: INBOX, messages: 2, bytes: Some(20) },
        Event::MessagesCopied { account: ANN, folder: INBOX, messages: 1, bytes: 10 },
        Event::ProblemMet { account: Some(ANN), folder: Some(INBOX), problem },
        Event::AccountFinished { account: ANN, end: AccountEnd::Incomplete },
        Event::RunFinished,
    ]);
    assert_eq!((state.tally.settled(), state.tally.failed), (2, 1));
    assert_eq!(state.tally.fraction(), 1.0);
    assert_eq!(state.verdict(), Verdict::SomeIncomplete);
}

#[test]
fn a_run_stopped_before_its_end_is_not_complete() {
    assert_eq!(run([Event::StopRequested, Event::RunFinished]).verdict(), Verdict::Stopped);
    assert_eq!(run([]).verdict(), Verdict::Running);
}

#[test]
fn events_of_unknown_accounts_change_nothing() {
    let stray = Event::MessagesCopied { account: AccountId(9), folder: INBOX, messages: 1, bytes: 1 };
    assert_eq!(run([stray]).tally, Tally::default());
}

#[test]
fn an_event_survives_its_way_through_json() {
    let event = Stamped { at: 5, event: Event::Stepped { account: ANN, step: Step::Copying(INBOX) } };
    let line = serde_json::to_string(&event).unwrap();
    assert_eq!(serde_json::from_str::<Stamped>(&line).unwrap(), event);
}
