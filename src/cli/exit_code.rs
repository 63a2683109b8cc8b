//! The exit status of a command, and how the state of a run leads to it.

use crate::domain::{ProblemKind, Severity};
use crate::progress::{RunKind, RunState, Verdict};
use std::process::ExitCode;

/// The exit status. Scripts rely on the numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ExitStatus {
    /// Every account is complete: each message of the source is on the target.
    Complete = 0,
    /// The run ended, but a message, folder or account is not complete, or a line of the CSV was bad.
    Incomplete = 1,
    /// Bad usage, or no line of the CSV can be used.
    Usage = 2,
    /// The run could not start.
    CouldNotStart = 3,
    /// Source and target differ.
    Differs = 4,
    /// This machine could not renew its lease in the shared database, and others may continue its mailboxes.
    LeaseLost = 5,
    /// Stopped by the user: 128 plus the number of SIGINT, as in shells.
    Stopped = 130,
}

impl ExitStatus {
    /// The exit status of a run that has ended.
    pub(super) fn of(state: &RunState) -> Self {
        let Some(info) = &state.info else { return ExitStatus::CouldNotStart };
        match state.verdict() {
            Verdict::CouldNotStart if state.stop_requested => ExitStatus::Stopped,
            Verdict::CouldNotStart => ExitStatus::CouldNotStart,
            Verdict::Stopped => ExitStatus::Stopped,
            Verdict::Running | Verdict::SomeIncomplete => match info.kind {
                RunKind::Verify if differs(state) => ExitStatus::Differs,
                _ => ExitStatus::Incomplete,
            },
            Verdict::AllComplete if info.bad_lines.is_empty() && !something_of_the_run_failed(state) => {
                ExitStatus::Complete
            }
            Verdict::AllComplete => ExitStatus::Incomplete,
        }
    }
}

/// Whether a comparison found a difference. An account that could not be compared is not one.
fn differs(state: &RunState) -> bool {
    let mut problems = state.accounts.iter().flat_map(|account| &account.problems);
    problems.any(|(_, problem)| problem.severity() == Severity::Error && is_difference(problem.kind))
}

/// Whether a kind of problem says that both sides were read and are not the same.
fn is_difference(kind: ProblemKind) -> bool {
    use ProblemKind::*;
    matches!(
        kind,
        MessageMissing
            | MessageAltered
            | MessageMisplaced
            | FolderMissing
            | SubscriptionMissing
            | DateDiffers
            | FlagsDiffer
            | ExtraCopies
            | ItemAltered
            | ItemDifferent
            | ItemMissing
    )
}

/// Whether something besides the accounts went wrong: a port that was not put back needs the administrator, though every message arrived.
fn something_of_the_run_failed(state: &RunState) -> bool {
    state.problems.iter().any(|problem| problem.severity() == Severity::Error)
}

impl From<ExitStatus> for ExitCode {
    fn from(ending: ExitStatus) -> Self {
        ExitCode::from(ending as u8)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::domain::list::LineFault;
    use crate::domain::{AccountId, BadLine, Problem};
    use crate::progress::{AccountEnd, AccountInfo, Event, RunInfo, Stamped};

    /// The beginning of a run of one account.
    pub fn began(kind: RunKind, bad_lines: Vec<BadLine>) -> Event {
        let account = AccountInfo {
            address: "ann@example.com".to_owned(),
            full_name: String::new(),
            line: 1,
            target_address: None,
        };
        Event::RunStarted(RunInfo {
            kind,
            started: String::new(),
            source: String::new(),
            target: String::new(),
            jobs: 1,
            verify: Default::default(),
            log_folder: Default::default(),
            accounts: vec![account],
            bad_lines,
            migration: None,
        })
    }

    fn run(kind: RunKind, bad_lines: Vec<BadLine>, events: Vec<Event>) -> ExitStatus {
        let events = [began(kind, bad_lines)].into_iter().chain(events).chain([Event::RunFinished]);
        let events: Vec<_> = events.map(|event| Stamped { at: 0, event }).collect();
        ExitStatus::of(&RunState::replay(&events))
    }

    fn account(end: AccountEnd) -> Vec<Event> {
        let account = AccountId(0);
        vec![Event::AccountStarted { account }, Event::AccountFinished { account, end }]
    }

    fn met(account: Option<AccountId>, kind: ProblemKind) -> Event {
        Event::ProblemMet { account, folder: None, problem: Problem::new(kind) }
    }

    #[test]
    fn a_complete_run_ends_with_0_and_with_1_when_a_line_of_the_csv_was_bad() {
        assert_eq!(run(RunKind::Migrate, vec![], account(AccountEnd::Complete)), ExitStatus::Complete);
        let bad = vec![BadLine { line: 2, fault: LineFault::NotAnAccount }];
        assert_eq!(run(RunKind::Migrate, bad, account(AccountEnd::Complete)), ExitStatus::Incomplete);
    }

    #[test]
    fn a_run_with_an_incomplete_account_ends_with_1() {
        for end in [AccountEnd::Incomplete, AccountEnd::Failed] {
            assert_eq!(run(RunKind::Migrate, vec![], account(end)), ExitStatus::Incomplete);
        }
    }

    #[test]
    fn a_port_that_was_not_put_back_is_not_a_success() {
        let mut events = account(AccountEnd::Complete);
        events.push(met(None, ProblemKind::PortNotRestored));
        assert_eq!(run(RunKind::Migrate, vec![], events), ExitStatus::Incomplete);
    }

    #[test]
    fn a_run_that_reached_no_account_ends_with_3_unless_the_user_stopped_it() {
        let unreachable = met(None, ProblemKind::Unreachable);
        assert_eq!(run(RunKind::Migrate, vec![], vec![unreachable.clone()]), ExitStatus::CouldNotStart);
        assert_eq!(run(RunKind::Migrate, vec![], vec![Event::StopRequested, unreachable]), ExitStatus::Stopped);
    }

    #[test]
    fn a_stopped_run_ends_with_130_and_with_0_when_it_was_complete_already() {
        let mut events = vec![Event::StopRequested];
        assert_eq!(run(RunKind::Migrate, vec![], events.clone()), ExitStatus::Stopped);
        events.extend(account(AccountEnd::Complete));
        assert_eq!(run(RunKind::Migrate, vec![], events), ExitStatus::Complete);
    }

    #[test]
    fn a_verification_ends_with_4_only_when_it_found_a_difference() {
        use ProblemKind::*;
        let verified = |kind| {
            let mut events = account(AccountEnd::Incomplete);
            events.insert(1, met(Some(AccountId(0)), kind));
            run(RunKind::Verify, vec![], events)
        };
        for kind in [
            MessageMissing,
            MessageAltered,
            MessageMisplaced,
            FolderMissing,
            SubscriptionMissing,
            DateDiffers,
            FlagsDiffer,
            ExtraCopies,
            ItemMissing,
            ItemDifferent,
            ItemAltered,
        ] {
            assert_eq!(verified(kind), ExitStatus::Differs, "{kind:?}");
        }
        for kind in [PasswordRefused, FolderNotRead, MessageUnreadable] {
            assert_eq!(verified(kind), ExitStatus::Incomplete, "{kind:?}");
        }
    }
}
