//! Events and totals as single lines of text: words for people, JSON for programs.

use super::terminal::escaped;
use crate::domain::AccountId;
use crate::progress::{AccountEnd, AccountState, Event, RunInfo, RunKind, RunState, Stamped, Tally};
use crate::report::words;
use serde::Serialize;

/// An event for programs; a problem has its sentence beside its data.
#[derive(Serialize)]
struct Line<'a> {
    #[serde(flatten)]
    event: &'a Stamped,
    #[serde(skip_serializing_if = "Option::is_none")]
    sentence: Option<String>,
}

/// The event as a line of JSON; none for the last event, which the summary replaces.
pub(super) fn json(event: &Stamped) -> Option<String> {
    if event.event == Event::RunFinished {
        return None;
    }
    let sentence = match &event.event {
        Event::ProblemMet { problem, .. } => Some(problem.sentence()),
        _ => None,
    };
    let shown = Stamped { at: event.at, event: event.event.clone().made_printable() };
    let line = serde_json::to_string(&Line { event: &shown, sentence });
    line.inspect_err(|error| log::error!("an event cannot be written as JSON: {error}")).ok().map(|line| escaped(&line))
}

/// Says how many lines a slow reader missed.
pub(super) fn left_out(count: u64, json: bool) -> String {
    if json {
        format!(r#"{{"event":"lines_left_out","count":{count}}}"#)
    } else {
        format!("{} lines are missing here, because they were not read in time.", words::count(count))
    }
}

/// The event in words; none for events that need no line.
pub(super) fn human(event: &Event, state: &RunState) -> Option<String> {
    let address = |account: &AccountId| state.account(*account).map_or("?", |account| account.info.address.as_str());
    Some(match event {
        Event::RunStarted(info) => beginning(info),
        Event::ServerReached { side, product } => format!("Reached the {side}: {product}"),
        Event::PortChanged { service, from, to } => {
            format!(
                "Kerio Connect's {service} service now uses port {to} instead of {from}; it is put back at the end."
            )
        }
        Event::PortRestored { service, port } => format!("Kerio Connect's {service} service is back on port {port}."),
        Event::DomainCreated { domain } => format!("Created the domain {domain} in Kerio Connect."),
        Event::AccountStarted { account } => format!("{}: started", address(account)),
        Event::UserCreated { account } => format!("{}: user created in Kerio Connect", address(account)),
        Event::AccountFinished { account, .. } => {
            format!("{}: {}", address(account), ending(state.account(*account)?, state))
        }
        Event::ProblemMet { account: Some(account), problem, .. } => format!("{}: {problem}", address(account)),
        // Reported on standard error at the end, where people look last.
        Event::ProblemMet { account: None, .. } => return None,
        Event::Paused => "Paused.".to_owned(),
        Event::Continued => "Continued.".to_owned(),
        Event::AccountSkipped { account } => format!("{}: skipped", address(account)),
        Event::SkipEnded { account } => format!("{}: continued", address(account)),
        Event::ItemsCounted { account, .. } => {
            format!("{}: {}", address(account), words::items(&state.account(*account)?.items))
        }
        Event::AccountJoined(_)
        | Event::SkipRequested { .. }
        | Event::AccountLookedUp { .. }
        | Event::SeatsCounted { .. }
        | Event::ItemsSettled { .. }
        | Event::Stepped { .. }
        | Event::FoldersPlanned { .. }
        | Event::FolderRenamed { .. }
        | Event::FolderCounted { .. }
        | Event::MessagesFound { .. }
        | Event::MessagesCopied { .. }
        | Event::MessagesRecounted { .. }
        | Event::MessagesChecked { .. }
        | Event::MessagesVanished { .. }
        | Event::MessagesLeftOut { .. }
        | Event::ChangesFollowed { .. }
        | Event::FolderFinished { .. }
        | Event::WaitStarted { .. }
        | Event::WaitEnded { .. }
        | Event::StopRequested
        | Event::RunFinished => return None,
    })
}

/// Replaces the rest of an account's many problems.
pub(super) fn further_problems(account: AccountId, state: &RunState) -> String {
    let address = state.account(account).map_or("?", |account| account.info.address.as_str());
    format!("{address}: this account has more problems; see the report.")
}

fn beginning(info: &RunInfo) -> String {
    let accounts = words::counted(info.accounts.len() as u64, "account");
    let (source, target) = (&info.source, &info.target);
    match info.kind {
        RunKind::Check => format!("Checking {accounts} on {source} and {target}; nothing is changed."),
        RunKind::Migrate => format!("Migrating {accounts} from {source} to {target}, {} at a time.", info.jobs),
        RunKind::Verify => format!("Comparing {accounts} on {source} and {target}; nothing is changed."),
    }
}

/// How an account ended: the status, and the numbers that fit the kind of run.
fn ending(account: &AccountState, state: &RunState) -> String {
    let tally = &account.tally;
    let status = match account.end {
        // The reason has a line of its own, and appears once more at the end.
        Some(AccountEnd::Failed) if *tally == Tally::default() => return "Failed.".to_owned(),
        Some(AccountEnd::Failed) => "Failed".to_owned(),
        _ => words::account_status(state, account, state.now),
    };
    let numbers = match state.info.as_ref().map(|info| info.kind) {
        Some(RunKind::Check) => {
            let expected = tally.expected;
            format!("{}, {}", words::counted(expected.messages, "message"), words::size(expected.bytes))
        }
        Some(RunKind::Verify) => format!(
            "{} of {} are on the target",
            words::count(tally.checked.messages),
            words::counted(tally.expected.messages, "message")
        ),
        Some(RunKind::Migrate) | None => format!(
            "{} copied ({}), {} {} there already",
            words::counted(tally.copied.messages, "message"),
            words::size(tally.copied.bytes),
            words::count(tally.found.messages),
            if tally.found.messages == 1 { "was" } else { "were" }
        ),
    };
    let items = match state.info.as_ref().map(|info| info.kind) {
        _ if account.items.is_empty() => String::new(),
        Some(RunKind::Check) => format!("; {}", words::items(&account.items)),
        _ => format!("; calendars and contacts: {}", words::items_settled(&account.items)),
    };
    let followed = words::last_pass(words::kind_of(state), &tally.followed)
        .map(|followed| format!(" {followed}"))
        .unwrap_or_default();
    format!("{status}. {numbers}{items}.{followed}")
}

/// The progress of the whole run.
pub(super) struct Total {
    /// `3 of 20 accounts`.
    pub(super) accounts: String,
    /// `12,345 of 50,000 messages, 1.2 GB of 4.5 GB, 12.3 MB/s, about 5 minutes left`.
    pub(super) messages: String,
    /// From 0 to 1.
    pub(super) fraction: f32,
}

impl Total {
    /// All of it in one line.
    pub(super) fn sentence(&self) -> String {
        format!("Total: {}, {}", self.accounts, self.messages)
    }
}

/// The progress of the whole run, `now` milliseconds after the start.
pub(super) fn total(state: &RunState, now: u64) -> Total {
    let ended = state.accounts.iter().filter(|account| account.end.is_some()).count() as u64;
    let (tally, expected) = (&state.tally, state.expected());
    let mut messages = match expected.messages {
        0 => "no messages counted yet".to_owned(),
        expected => format!("{} of {}", words::count(tally.settled()), words::counted(expected, "message")),
    };
    if expected.bytes > 0 {
        messages += &format!(", {} of {}", words::size(tally.settled_bytes()), words::size(expected.bytes));
    }
    if expected.messages > 0 && !state.is_known() {
        messages += " counted so far";
    }
    let pace = state.rate.bytes_per_second(now);
    if pace >= 1.0 {
        messages += &format!(", {}", words::rate(pace));
    }
    if state.stop_requested {
        messages += ", stopping";
    } else if let Some(seconds) = state.seconds_left(now) {
        messages += &format!(", {} left", words::time_left(seconds));
    }
    let all = state.accounts.len() as u64;
    let accounts = format!("{} of {}", words::count(ended), words::counted(all, "account"));
    Total { accounts, messages, fraction: state.fraction() }
}

/// What a running account is doing, and its progress, `now` milliseconds after the start.
pub(super) fn activity(account: &AccountState, state: &RunState, now: u64) -> String {
    let tally = &account.tally;
    let status = words::account_status(state, account, now);
    match tally.expected.messages {
        0 => status,
        expected => format!("{} of {}  {status}", words::count(tally.settled()), words::count(expected)),
    }
}

#[cfg(test)]
mod tests {
    use super::super::exit_code::tests::began;
    use super::*;
    use crate::domain::{FolderId, FolderPath, Mapping, PlannedFolder, Problem, ProblemKind, Side};

    const ANN: AccountId = AccountId(0);

    fn state(events: impl IntoIterator<Item = Event>) -> RunState {
        let events = [began(RunKind::Migrate, Vec::new())].into_iter().chain(events);
        let events: Vec<_> = events.map(|event| Stamped { at: 0, event }).collect();
        RunState::replay(&events)
    }

    #[test]
    fn a_problem_is_data_and_a_sentence_for_programs() {
        let problem = Problem::new(ProblemKind::PasswordRefused).for_account("ann@example.com");
        let event = Event::ProblemMet { account: None, folder: None, problem };
        let line = json(&Stamped { at: 7, event }).unwrap();
        let line: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert_eq!((&line["at"], &line["event"]), (&7.into(), &"problem_met".into()));
        assert_eq!(line["problem"]["kind"], "password_refused");
        assert_eq!(line["sentence"], "The server refused the password of ann@example.com.");
        let paused = json(&Stamped { at: 8, event: Event::Paused }).unwrap();
        assert_eq!(paused, r#"{"at":8,"event":"paused"}"#);
    }

    #[test]
    fn the_reason_of_a_failure_appears_once_and_each_sentence_has_one_full_stop() {
        let problem = Problem::new(ProblemKind::PasswordRefused).for_account("ann@example.com").saying("No.");
        let events = [
            Event::AccountStarted { account: ANN },
            Event::ProblemMet { account: Some(ANN), folder: None, problem },
            Event::AccountFinished { account: ANN, end: AccountEnd::Failed },
        ];
        let state = state(events.clone());
        let said: Vec<String> = events.iter().filter_map(|event| human(event, &state)).collect();
        assert_eq!(said.last().unwrap(), "ann@example.com: Failed.");
        let said = said.join("\n");
        assert!(said.matches("refused the password").count() == 1 && !said.contains(".."), "{said}");
    }

    #[test]
    fn before_anything_is_counted_no_numbers_are_shown() {
        assert_eq!(total(&state([]), 0).sentence(), "Total: 0 of 1 account, no messages counted yet");
        // A state sums its accounts once, so a changed one has to be another.
        let mut counted = state([]);
        counted.accounts[0].tally.expected.messages = 1;
        assert!(total(&counted, 0).sentence().ends_with(", 0 of 1 message counted so far"));
    }

    #[test]
    fn no_time_left_is_shown_before_all_is_counted_nor_while_every_mailbox_waits() {
        let inbox = FolderPath::new(["INBOX"]);
        let planned = PlannedFolder { source: inbox.clone(), target: inbox, mapping: Mapping::SameName };
        let (account, folder) = (ANN, FolderId(0));
        let events = [
            Event::AccountStarted { account },
            Event::FoldersPlanned { account, folders: vec![planned], left_out: Vec::new() },
            Event::FolderCounted { account, folder, messages: 4, bytes: Some(40_000) },
            Event::MessagesCopied { account, folder, messages: 1, bytes: 10_000 },
            Event::WaitStarted { account, side: Side::Source, seconds: 30, why: Default::default() },
        ];
        let said = |upto: usize| total(&state(events[..upto].to_vec()), 1000).messages;
        assert_eq!(said(2), "no messages counted yet");
        assert!(said(4).ends_with(" left"), "{}", said(4));
        assert!(!said(5).contains(" left"), "{}", said(5));
    }
}
