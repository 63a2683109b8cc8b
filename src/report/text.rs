//! report.txt, for the administrator: the verdict, then what needs her, then everything else account by account.

use super::{group_problems, words};
use crate::domain::{Problem, Reach, Severity, Side, printable};
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
        // Last line of defence: text from outside is printable here even if its way in forgot to make it so.
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
    page.fact("Program", format!("Kerio IMAP Migration Tool {}", env!("CARGO_PKG_VERSION")));
    if let Some(info) = &state.info {
        let product = |side| state.products.get(&side).map(|product| format!(" ({product})")).unwrap_or_default();
        page.fact("Source", format!("{}{}", info.source, product(Side::Source)));
        page.fact("Target", format!("{}{}", info.target, product(Side::Target)));
        if let Some(administration) = state.products.get(&Side::Administration) {
            page.fact("Administration", administration);
        }
        page.fact("Started", &info.started);
        if let Some(migration) = &info.migration {
            page.fact("Migration", &migration.name);
        }
    }
    match state.finished {
        true => page.fact("Took", words::took(state.now)),
        false => page.fact("Running for", words::duration(state.now)),
    }
    let tally = &state.tally;
    page.fact(
        "On the source",
        format!("{}, {}", words::counted(tally.expected.messages, "message"), words::size(tally.expected.bytes)),
    );
    if kind(state) == RunKind::Migrate {
        page.fact(
            "Copied",
            format!("{}, {}", words::counted(tally.copied.messages, "message"), words::size(tally.copied.bytes)),
        );
        page.fact(
            "Already there",
            format!("{}, {}", words::counted(tally.found.messages, "message"), words::size(tally.found.bytes)),
        );
    }
    if tally.failed > 0 {
        page.fact("Failed", words::counted(tally.failed, "message"));
    }
    if tally.left_out > 0 {
        page.fact("Left out", format!("{}, by your rules", words::counted(tally.left_out, "message")));
    }
    if tally.vanished > 0 {
        page.fact(
            "Gone meanwhile",
            format!("{}, deleted on the source during the run", words::counted(tally.vanished, "message")),
        );
    }
    if !state.items.is_empty() {
        page.fact("Calendars", format!("{} on the source", words::items(&state.items)));
        if kind(state) != RunKind::Check {
            page.fact("Items", words::items_settled(&state.items));
        }
    }
    page.fact("Compared", words::comparison(state));
    for (service, before, meanwhile) in &state.ports_restored {
        page.fact("Port", format!("{service} was set to {meanwhile} and is set to {before} again"));
    }
    if let Some((service, before, now)) = &state.port_changed {
        page.fact("Port", format!("{service} is still set to {now}; the old port {before} is NOT restored yet"));
    }
    if !state.domains_created.is_empty() {
        page.fact("Domains created", state.domains_created.join(", "));
    }
    let created = state.accounts.iter().filter(|account| account.created).count() as u64;
    if created > 0 {
        page.fact("Users created", words::count(created));
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
    for account in in_need {
        page.gap();
        page.line(format!("{}: {}", name(account), words::account_status(state, account, state.now)));
        page.problems("  ", problems_of(account).filter(is_error).filter(|problem| problem.reach() < Reach::Mailbox));
        if account.problems_not_kept > 0 {
            page.line(format!("  and {}", words::counted(account.problems_not_kept, "further problem")));
        }
        if account.end == Some(AccountEnd::Stopped) {
            page.line("  What was copied stays. Migrate this mailbox again; it continues where it stopped.");
        }
    }
}

/// Whether an account ended without being complete, or has met an error on its way there.
fn needs_a_person(account: &AccountState) -> bool {
    match account.end {
        Some(AccountEnd::Complete) => false,
        Some(_) => true,
        None => problems_of(account).any(|problem| problem.severity() == Severity::Error),
    }
}

fn problems_of(account: &AccountState) -> impl Iterator<Item = &Problem> {
    account.problems.iter().map(|(_, problem)| problem)
}

fn bad_lines(page: &mut Page, state: &RunState) {
    let Some(info) = state.info.as_ref().filter(|info| !info.bad_lines.is_empty()) else { return };
    page.heading("Lines of the CSV file that could not be used");
    for bad in &info.bad_lines {
        page.line(format!("Line {:<6} {}", bad.line, bad.what));
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
        page.line(format!("- {}", name(account)));
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
        page.line(format!("{}: {}", name(account), words::account_status(state, account, state.now)));
        if let Some(standing) = account.standing.filter(|_| kind(state) == RunKind::Check) {
            page.line(format!("  On the target: {}.", words::standing(standing)));
        }
        if account.created {
            page.line("  The user was created in Kerio Connect.");
        }
        if !account.folders.is_empty() {
            folders(page, kind(state), account);
        }
        if !account.items.is_empty() {
            let settled = match kind(state) {
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
        // The others are listed above, under what needs her.
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

fn name(account: &AccountState) -> String {
    let info = &account.info;
    let full_name = if info.full_name.is_empty() { String::new() } else { format!("{}, ", info.full_name) };
    let target = info.target_address.as_ref().map(|target| format!(" to {target}")).unwrap_or_default();
    format!("{}{target} ({full_name}line {})", info.address, info.line)
}

fn kind(state: &RunState) -> RunKind {
    state.info.as_ref().map_or(RunKind::Migrate, |info| info.kind)
}
