//! report.txt, for the administrator: the verdict, then what needs attention, then everything else account by account.

use super::problems::{needs_a_person, problems_of};
use super::{facts, group_problems, words};
use crate::domain::{Problem, Reach, Severity, printable};
use crate::progress::{AccountEnd, AccountState, FolderState, RunKind, RunState};
use std::fmt::Display;

/// The file's content.
pub(super) fn report(state: &RunState) -> String {
    let mut page = Page::default();
    page.line(words::verdict(state));
    page.gap();
    overview(&mut page, state);
    needs_you(&mut page, state);
    bad_lines(&mut page, state);
    not_started(&mut page, state);
    accounts(&mut page, state);
    page.0
}

/// The text so far; every line of the report goes through it.
#[derive(Default)]
struct Page(String);

impl Page {
    fn line(&mut self, text: impl AsRef<str>) {
        // Last line of defence: text from outside is printable here even if the code that took it in forgot.
        self.0.push_str(printable(text.as_ref()).trim_end());
        self.0.push('\n');
    }

    fn gap(&mut self) {
        self.0.push('\n');
    }

    fn heading(&mut self, text: &str) {
        self.gap();
        self.line(text);
        self.line("=".repeat(text.chars().count()));
    }

    fn fact(&mut self, name: &str, value: impl Display) {
        self.line(format!("{name:<18}{value}"));
    }

    /// Problems of one kind together, each kind with its advice.
    fn problems<'a>(&mut self, indent: &str, problems: impl IntoIterator<Item = &'a Problem>) {
        for group in group_problems(problems) {
            for sentence in &group.sentences {
                self.line(format!("{indent}- {sentence}"));
            }
            if group.more > 0 {
                self.line(format!(
                    "{indent}- and {} more of this kind (report.json has all)",
                    words::count(group.more)
                ));
            }
            if !group.advice.is_empty() {
                self.line(format!("{indent}  What to do: {}", group.advice));
            }
        }
    }
}

fn overview(page: &mut Page, state: &RunState) {
    for (name, value) in facts::of(state) {
        page.fact(name, value);
    }
    let notices: Vec<&Problem> = state.problems.iter().filter(|it| it.severity() == Severity::Notice).collect();
    if !notices.is_empty() {
        page.heading("Worth knowing");
        page.problems("", notices);
    }
}

/// The problems of the run, then those that ended whole mailboxes, by kind, then account by account what is missing.
fn needs_you(page: &mut Page, state: &RunState) {
    let is_error = |problem: &&Problem| problem.severity() == Severity::Error;
    let in_need: Vec<&AccountState> = state.accounts.iter().filter(|account| needs_a_person(account)).collect();
    let of_the_run: Vec<&Problem> = state.problems.iter().filter(is_error).collect();
    if in_need.is_empty() && of_the_run.is_empty() {
        return;
    }
    page.heading("What needs you");
    page.problems("", of_the_run);
    let mailboxes = in_need.iter().flat_map(|account| problems_of(account));
    page.problems("", mailboxes.filter(is_error).filter(|problem| problem.reach() >= Reach::Mailbox));
    let is_conditions = |account: &&AccountState| {
        let mut errors = problems_of(account).filter(is_error).peekable();
        account.end == Some(AccountEnd::Failed) && errors.peek().is_some() && errors.all(Problem::is_of_every_account)
    };
    let (by_condition, in_need): (Vec<&AccountState>, Vec<&AccountState>) =
        in_need.into_iter().partition(is_conditions);
    if !by_condition.is_empty() {
        page.line(format!("  That ended {}.", words::counted(by_condition.len() as u64, "account")));
    }
    for account in in_need {
        page.gap();
        page.line(format!("{}: {}", words::account_name(account), words::account_status(state, account, state.now)));
        page.problems("  ", problems_of(account).filter(is_error).filter(|problem| problem.reach() < Reach::Mailbox));
        if account.problems_not_kept > 0 {
            page.line(format!("  and {}", words::counted(account.problems_not_kept, "further problem")));
        }
        if account.end == Some(AccountEnd::Stopped) {
            page.line("  What was copied stays. Migrate this mailbox again; it continues where it stopped.");
        }
    }
}

fn bad_lines(page: &mut Page, state: &RunState) {
    let Some(info) = state.info.as_ref().filter(|info| !info.bad_lines.is_empty()) else { return };
    page.heading("Lines of the CSV file that could not be used");
    for bad in &info.bad_lines {
        page.line(format!("Line {:<6} {}", bad.line, bad.what()));
    }
}

fn not_started(page: &mut Page, state: &RunState) {
    let waiting: Vec<&AccountState> =
        state.accounts.iter().filter(|it| it.started_at.is_none() && it.end.is_none()).collect();
    if waiting.is_empty() {
        return;
    }
    page.heading("Not started");
    page.line("Nothing was done for these accounts.");
    for account in waiting {
        page.line(format!("- {}", words::account_name(account)));
    }
}

fn accounts(page: &mut Page, state: &RunState) {
    let begun: Vec<&AccountState> =
        state.accounts.iter().filter(|it| it.started_at.is_some() || it.end.is_some()).collect();
    if begun.is_empty() {
        return;
    }
    page.heading("Accounts");
    for account in begun {
        page.gap();
        page.line(format!("{}: {}", words::account_name(account), words::account_status(state, account, state.now)));
        if let Some(user_state) = account.user_state.filter(|_| words::kind_of(state) == RunKind::Check) {
            page.line(format!("  On the target: {}.", words::user_state(user_state)));
        }
        if account.created {
            page.line("  The user was created in Kerio Connect.");
        }
        if !account.folders.is_empty() {
            folders(page, words::kind_of(state), account);
        }
        let last_pass = |followed| words::last_pass(words::kind_of(state), followed);
        if let Some(followed) = last_pass(&account.tally.followed) {
            page.line(format!("  {followed}"));
            let of_folders = account.folders.iter().filter(|_| account.folders.len() > 1);
            for (folder, followed) in of_folders.filter_map(|it| Some((it, last_pass(&it.tally.followed)?))) {
                page.line(format!("    {}: {followed}", folder.source));
            }
        }
        if !account.items.is_empty() {
            let settled = match words::kind_of(state) {
                RunKind::Check => String::new(),
                RunKind::Migrate | RunKind::Verify => format!(": {}", words::items_settled(&account.items)),
            };
            page.line(format!("  {}{settled}.", words::items(&account.items)));
        }
        for mapping in account.folders.iter().filter_map(words::mapping) {
            page.line(format!("  {mapping}"));
        }
        for left in &account.left_out {
            page.line(format!("  '{}' was not copied: {}.", left.folder, left.reason.sentence()));
        }
        // The others are listed above, under what needs attention.
        let above = |problem: &&Problem| needs_a_person(account) && problem.severity() == Severity::Error;
        page.problems("  ", problems_of(account).filter(|problem| !above(problem)));
    }
}

/// The table of an account's folders, with a sum.
fn folders(page: &mut Page, kind: RunKind, account: &AccountState) {
    const NARROWEST: usize = 24;
    const WIDEST: usize = 48;
    let names: Vec<String> = account.folders.iter().map(|folder| printable(&folder.source.to_string())).collect();
    let width = names.iter().map(|name| name.chars().count()).max().unwrap_or(0).clamp(NARROWEST, WIDEST);
    let titles: &[&str] = match kind {
        RunKind::Check => &["Source"],
        RunKind::Migrate => &["Source", "Target", "Copied", "There", "Checked", "Failed"],
        RunKind::Verify => &["Source", "Target", "Equal", "Failed"],
    };
    let mut row = |name: &str, cells: &[String]| {
        let numbers: String = cells.iter().map(|cell| format!("{cell:>11}")).collect();
        if name.chars().count() > width {
            // A longer name gets its own line, so that the numbers stay in their columns.
            page.line(format!("  {name}"));
            page.line(format!("  {:width$}{numbers}", ""));
        } else {
            page.line(format!("  {name:<width$}{numbers}"));
        }
    };
    row("Folder", &titles.iter().map(|title| (*title).to_owned()).collect::<Vec<_>>());
    for (name, folder) in names.iter().zip(&account.folders) {
        row(name, &cells(kind, folder));
    }
    if account.folders.len() > 1 {
        row("Together", &sum(kind, account));
    }
}

fn cells(kind: RunKind, folder: &FolderState) -> Vec<String> {
    let tally = &folder.tally;
    let source = if folder.counted { words::count(tally.expected.messages) } else { "?".to_owned() };
    let target = folder.target_messages.map_or_else(|| "?".to_owned(), words::count);
    columns(kind, source, target, tally)
}

fn sum(kind: RunKind, account: &AccountState) -> Vec<String> {
    let target: Option<u64> = account.folders.iter().map(|folder| folder.target_messages).sum();
    // Two folders may share a target; its messages must not be added twice.
    let targets: std::collections::BTreeSet<_> = account.folders.iter().map(|folder| &folder.target).collect();
    let target = target.filter(|_| targets.len() == account.folders.len()).map_or_else(String::new, words::count);
    columns(kind, words::count(account.tally.expected.messages), target, &account.tally)
}

fn columns(kind: RunKind, source: String, target: String, tally: &crate::progress::Tally) -> Vec<String> {
    let (checked, failed) = (words::count(tally.checked.messages), words::count(tally.failed));
    match kind {
        RunKind::Check => vec![source],
        RunKind::Migrate => {
            let (copied, found) = (words::count(tally.copied.messages), words::count(tally.found.messages));
            vec![source, target, copied, found, checked, failed]
        }
        RunKind::Verify => vec![source, target, checked, failed],
    }
}
