//! The figures at the top: of the whole migration, where it is more than this run, and of this run.

use super::super::words;
use crate::progress::{AccountEnd, RunKind, RunState};
use maud::{Markup, html};

/// A figure: what it counts, its value, a remark, and the class that colours it.
type Figure = (&'static str, String, String, &'static str);

/// The accounts over all runs; nothing where this run is the whole migration.
pub(super) fn whole(state: &RunState) -> Markup {
    let Some(whole) = words::whole_of(state) else { return html! {} };
    let stages = whole.stages;
    let count = |number: u32| words::count(u64::from(number));
    let now = format!("{} in this run", count(whole.complete_now));
    let figures = [
        ("Complete", format!("{} of {}", count(stages.complete), count(stages.all())), now, "good"),
        ("Need attention", count(stages.need_attention), String::new(), coloured(stages.need_attention, "warning")),
        ("Begun", count(stages.begun), "continue later".to_owned(), ""),
        ("Not started", count(stages.not_started), String::new(), ""),
    ];
    section("The whole migration", &figures)
}

/// The accounts and messages of this run.
pub(super) fn run(state: &RunState) -> Markup {
    let kind = words::kind_of(state);
    let tally = &state.tally;
    let messages = |number: u64| words::count(number);
    let complete = state.count_ended(AccountEnd::Complete);
    let good = match kind {
        RunKind::Check => "Ready",
        RunKind::Migrate => "Complete",
        RunKind::Verify => "Equal",
    };
    let all = state.accounts.len() as u64;
    let mut figures: Vec<Figure> = vec![
        (
            good,
            format!("{} of {}", words::count(u64::from(complete)), words::count(all)),
            "accounts".to_owned(),
            "good",
        ),
        ("On the source", messages(tally.expected.messages), words::size(tally.expected.bytes), ""),
    ];
    if kind == RunKind::Migrate {
        figures.push(("Copied", messages(tally.copied.messages), words::size(tally.copied.bytes), ""));
        figures.push(("Already there", messages(tally.found.messages), words::size(tally.found.bytes), ""));
    }
    if kind != RunKind::Check {
        let before = match tally.compared_before {
            0 => String::new(),
            before => format!("{} of them in earlier runs", words::count(before)),
        };
        figures.push(("Compared", messages(tally.checked.messages + tally.compared_before), before, ""));
        let noun = if tally.failed == 1 { "message" } else { "messages" };
        figures.push(("Failed", messages(tally.failed), noun.to_owned(), coloured(tally.failed, "bad")));
    }
    figures.push(("Took", words::took(state.now), String::new(), ""));
    section("This run", &figures)
}

/// The class of a number that should be 0.
fn coloured<N: Default + PartialEq>(number: N, class: &'static str) -> &'static str {
    if number == N::default() { "" } else { class }
}

fn section(title: &str, figures: &[Figure]) -> Markup {
    html! {
        section {
            h2 { (title) }
            div.figures {
                @for (what, value, remark, class) in figures {
                    div.figure class=(class) {
                        span.what { (what) }
                        strong { (value) }
                        span.note { (remark) }
                    }
                }
            }
        }
    }
}
