//! The accounts as one table with filters: those that need attention first, each with its problems and folders to open.

use super::super::problems::{group_problems, needs_a_person, problems_of};
use super::super::words;
use super::name;
use crate::progress::{AccountEnd, AccountState, RunState};
use maud::{Markup, html};

/// At most this many accounts are listed.
pub(super) const LISTED: usize = 5000;
/// At most this many folders are listed over all accounts.
pub(super) const FOLDERS: usize = 10_000;

/// The name of an account's group for the filter and the style.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Group {
    Need,
    Running,
    Waiting,
    Done,
}

impl Group {
    const ALL: [Group; 4] = [Group::Need, Group::Running, Group::Waiting, Group::Done];

    fn of(account: &AccountState) -> Self {
        match account.end {
            Some(AccountEnd::Complete) => Group::Done,
            _ if needs_a_person(account) => Group::Need,
            _ if account.is_running() => Group::Running,
            _ => Group::Waiting,
        }
    }

    fn class(self) -> &'static str {
        match self {
            Group::Need => "need",
            Group::Running => "running",
            Group::Waiting => "waiting",
            Group::Done => "done",
        }
    }

    fn title(self) -> &'static str {
        match self {
            Group::Need => "Need attention",
            Group::Running => "Under way",
            Group::Waiting => "Not started",
            Group::Done => "Complete",
        }
    }

    fn sign(self) -> &'static str {
        match self {
            Group::Need => "!",
            Group::Running => "…",
            Group::Waiting => "·",
            Group::Done => "✓",
        }
    }
}

/// The section.
pub(super) fn section(state: &RunState) -> Markup {
    let groups: Vec<Group> = state.accounts.iter().map(Group::of).collect();
    let mut order: Vec<usize> = (0..groups.len()).collect();
    order.sort_by_key(|index| groups[*index]);
    let listed = &order[..order.len().min(LISTED)];
    let mut folders_left = FOLDERS;
    let count = |group: Group| groups.iter().filter(|it| **it == group).count();
    let filters = Group::ALL.map(|group| (group, count(group)));
    let filters: Vec<_> = filters.into_iter().filter(|(_, number)| *number > 0).collect();
    html! {
        @if !groups.is_empty() {
            section.accounts {
                h2 { "Accounts" }
                input type="radio" name="filter" id="show-all" checked;
                label for="show-all" { "All " (words::count(groups.len() as u64)) }
                @for (group, number) in filters {
                    @let id = format!("show-{}", group.class());
                    input type="radio" name="filter" id=(id);
                    label for=(id) { (group.title()) " " (words::count(number as u64)) }
                }
                @if order.len() > listed.len() {
                    p.note {
                        (words::count(listed.len() as u64)) " of " (words::counted(order.len() as u64, "account"))
                        " are listed, those that need attention first; report.csv has all."
                    }
                }
                div.scroll {
                    table {
                        thead { tr {
                            th { "Account" } th { "Result" }
                            th.number { "Source" } th.number { "Target" } th.number { "Size" } th.number { "Took" }
                        } }
                        tbody { @for index in listed { (row(state, *index, groups[*index], &mut folders_left)) } }
                    }
                }
            }
        }
    }
}

fn row(state: &RunState, index: usize, group: Group, folders_left: &mut usize) -> Markup {
    let Some(account) = state.accounts.get(index) else { return html! {} };
    let tally = &account.tally;
    let arrived = (tally.found.messages + tally.copied.messages).max(tally.checked.messages);
    let took = account.started_at.map(|since| account.ended_at.unwrap_or(state.now).saturating_sub(since));
    html! {
        tr class=(group.class()) {
            td {
                (name(&account.info.address))
                @if let Some(target) = &account.info.target_address { br; "to " (name(target)) }
                @if !account.info.full_name.is_empty() { br; span.note { (name(&account.info.full_name)) } }
            }
            td {
                span.sign aria-hidden="true" { (group.sign()) } " "
                (name(&words::account_status(state, account, state.now)))
                (problems(account))
                (folders(account, folders_left))
            }
            @if account.folders.is_empty() {
                td.number { "–" } td.number { "–" } td.number { "–" }
            } @else {
                td.number { (words::count(tally.expected.messages)) }
                td.number { (words::count(arrived)) }
                td.number { (words::size(tally.expected.bytes)) }
            }
            td.number { @if let Some(took) = took { (words::took(took)) } }
        }
    }
}

fn problems(account: &AccountState) -> Markup {
    let groups = group_problems(problems_of(account));
    let all = account.problems.len() as u64 + account.problems_not_kept;
    let noun = if needs_a_person(account) { "problem" } else { "remark" };
    html! {
        @if !groups.is_empty() {
            details {
                summary { (words::counted(all, noun)) }
                ul {
                    @for group in groups {
                        @for sentence in &group.sentences { li { (name(sentence)) } }
                        @if group.more > 0 { li { "and " (words::count(group.more)) " more of this kind" } }
                    }
                }
            }
        }
    }
}

fn folders(account: &AccountState, left: &mut usize) -> Markup {
    let shown = account.folders.len().min(*left);
    *left -= shown;
    html! {
        @if shown > 0 {
            details {
                summary { (words::counted(account.folders.len() as u64, "folder")) }
                ul {
                    @for folder in &account.folders[..shown] {
                        li {
                            (name(&folder.source.to_string())) ": " (words::counted(folder.tally.expected.messages, "message"))
                            @if folder.source != folder.target { ", to " (name(&folder.target.to_string())) }
                        }
                    }
                    @if shown < account.folders.len() { li { "and more; report.txt has all" } }
                }
            }
        }
    }
}
