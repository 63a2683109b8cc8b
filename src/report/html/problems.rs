//! What needs attention: the problems of the run, then the causes over all accounts with one advice each; and what is worth knowing.

use super::super::problems::{ProblemGroup, causes, group_problems};
use super::super::words;
use super::name;
use crate::domain::Severity;
use crate::progress::RunState;
use maud::{Markup, html};

/// At most this many accounts or lines are named for one cause.
pub(super) const NAMED: usize = 100;

/// The section; nothing where there is nothing to say.
pub(super) fn section(state: &RunState) -> Markup {
    let groups = group_problems(&state.problems);
    let (errors, notices): (Vec<_>, Vec<_>) = groups.iter().partition(|group| group.severity == Severity::Error);
    let causes = causes(state);
    html! {
        @if !errors.is_empty() || !causes.is_empty() {
            section.problems {
                h2 { "What needs attention" }
                @for group in errors { (of_the_run(group, "bad")) }
                @for cause in &causes {
                    article.warning {
                        h3 { (cause.what) }
                        p.note { (counts(cause.accounts.len(), cause.problems)) }
                        @if !cause.advice.is_empty() { p { b { "What to do: " } (cause.advice) } }
                        (accounts(state, &cause.accounts))
                    }
                }
            }
        }
        @if !notices.is_empty() {
            section.problems {
                h2 { "Worth knowing" }
                @for group in notices { (of_the_run(group, "")) }
            }
        }
    }
}

fn counts(accounts: usize, problems: u64) -> String {
    let accounts = accounts as u64;
    let problems =
        if problems > accounts { format!(", {}", words::counted(problems, "problem")) } else { String::new() };
    format!("{}{problems}", words::counted(accounts, "account"))
}

fn of_the_run(group: &ProblemGroup, class: &str) -> Markup {
    html! {
        article class=(class) {
            @for sentence in &group.sentences { p { (name(sentence)) } }
            @if group.more > 0 { p { "and " (words::count(group.more)) " more of this kind" } }
            @if !group.advice.is_empty() { p { b { "What to do: " } (group.advice) } }
        }
    }
}

fn accounts(state: &RunState, indices: &[usize]) -> Markup {
    let named = indices.iter().take(NAMED).filter_map(|index| state.accounts.get(*index));
    html! {
        ul.names {
            @for account in named { li { (name(&account.info.address)) } }
            @if indices.len() > NAMED {
                li { "and " (words::count((indices.len() - NAMED) as u64)) " more; report.csv has all" }
            }
        }
    }
}
