//! The end of a run in words: the verdict, the accounts that need attention, the place of the report.

use super::exit_code::ExitStatus;
use super::progress::Voice;
use super::terminal;
use crate::domain::{Problem, Severity};
use crate::progress::{AccountEnd, AccountState, RunState};
use crate::report::{REPORT_PAGE, REPORT_TEXT, Summary, words};
use serde::Serialize;

/// At most this many accounts are named; the report names all.
const ACCOUNTS_NAMED: usize = 20;

/// The last line for programs. A run whose accounts are all complete may still end with 1, for example because of a bad line.
#[derive(Serialize)]
struct LastLine {
    #[serde(flatten)]
    summary: Summary,
    exit_status: u8,
}

impl LastLine {
    fn of(state: &RunState, ending: ExitStatus) -> Self {
        let mut summary = Summary::of(state);
        summary.report = summary.report.filter(|report| report.is_file());
        Self { summary, exit_status: ending as u8 }
    }
}

/// Reports how the run ended: one line of JSON, or a few sentences. The reason why it could not start goes to standard error.
pub(super) fn report(state: &RunState, ending: ExitStatus, voice: Voice) {
    state.problems.iter().filter(|problem| problem.severity() == Severity::Error).for_each(terminal::complain);
    if voice.is_json() {
        match serde_json::to_string(&LastLine::of(state, ending)) {
            Ok(line) => terminal::say(terminal::escaped(&line)),
            Err(error) => log::error!("the summary cannot be written as JSON: {error}"),
        }
    } else {
        lines(state).into_iter().for_each(terminal::say);
    }
}

fn lines(state: &RunState) -> Vec<String> {
    let mut lines = vec![String::new(), words::verdict(state)];
    if state.tally.checked.messages > 0 {
        lines.push(words::comparison(state));
    }
    lines.extend(words::missing_seats(state));
    let needy: Vec<&AccountState> = state.accounts.iter().filter(|account| needs_attention(account)).collect();
    if !needy.is_empty() {
        lines.push(String::new());
        lines.push("These accounts need your attention:".to_owned());
    }
    for account in needy.iter().take(ACCOUNTS_NAMED) {
        let problems = words::counted(problem_count(account), "problem");
        lines.push(match first_problem(account) {
            Some(problem) => format!("  {} ({problems}): {problem}", account.info.address),
            None => format!("  {}", account.info.address),
        });
    }
    if needy.len() > ACCOUNTS_NAMED {
        lines.push(format!("  … and {} more; the report names them all.", needy.len() - ACCOUNTS_NAMED));
    }
    if let Some(info) = &state.info {
        for line in info.bad_lines.iter().take(ACCOUNTS_NAMED) {
            lines.push(format!("  Line {} of the accounts file: {}", line.line, line.what()));
        }
        if info.bad_lines.len() > ACCOUNTS_NAMED {
            lines.push(format!("  … and {} more unusable lines.", info.bad_lines.len() - ACCOUNTS_NAMED));
        }
        lines.push(String::new());
        for (what, file) in [("Report", REPORT_TEXT), ("As a web page", REPORT_PAGE)] {
            let path = info.log_folder.join(file);
            lines.extend(path.is_file().then(|| format!("{what}: {}", path.display())));
        }
    }
    lines
}

fn needs_attention(account: &AccountState) -> bool {
    matches!(account.end, Some(AccountEnd::Incomplete | AccountEnd::Failed))
}

/// The problem that stopped the mailbox, else the first of its problems.
fn first_problem(account: &AccountState) -> Option<&Problem> {
    account.failure().or_else(|| errors_of(account).next())
}

fn problem_count(account: &AccountState) -> u64 {
    errors_of(account).count() as u64 + account.problems_not_kept
}

fn errors_of(account: &AccountState) -> impl Iterator<Item = &Problem> {
    account.problems.iter().map(|(_, problem)| problem).filter(|problem| problem.severity() == Severity::Error)
}
