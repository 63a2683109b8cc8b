//! report.html: the run as one page for whoever asked for the migration, who has neither the window nor a terminal.
//!
//! - Self-contained: it loads nothing, and its content security policy allows only the one style and the one script inside it.
//! - Readable without the script, which only adds a search field. Filters are radio buttons and CSS.
//! - Every text from outside is escaped by the template library, and printable as in report.txt, even if the code that took it in forgot.
//! - Bounded: of tens of thousands of accounts it names those that need attention first, and says how many it leaves out.

mod accounts;
mod figures;
mod plots;
mod problems;

use super::{facts, words};
use crate::domain::printable;
use crate::progress::{RunState, Verdict};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use maud::{DOCTYPE, Markup, PreEscaped, Render, html};
use sha2::{Digest, Sha256};

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

/// The file's content.
pub(super) fn report(state: &RunState) -> String {
    let body = printable(&body(state).into_string());
    let policy = format!(
        "default-src 'none'; style-src '{}'; script-src '{}'; base-uri 'none'; form-action 'none'",
        hash(STYLE),
        hash(SCRIPT)
    );
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(policy);
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="referrer" content="no-referrer";
                title { "Migration report" }
                style { (PreEscaped(STYLE)) }
            }
            (PreEscaped(body))
            script { (PreEscaped(SCRIPT)) }
        }
    };
    page.into_string()
}

/// The source expression for a text in a content security policy (CSP 3, section 2.3.1).
fn hash(text: &str) -> String {
    format!("sha256-{}", BASE64_STANDARD.encode(Sha256::digest(text)))
}

fn body(state: &RunState) -> Markup {
    html! {
        body {
            main {
                (head(state))
                (figures::whole(state))
                (figures::run(state))
                (plots::of(state))
                (problems::section(state))
                (accounts::section(state))
                (details(state))
            }
        }
    }
}

fn head(state: &RunState) -> Markup {
    let (class, sign) = match state.verdict() {
        Verdict::AllComplete => ("good", "✓"),
        Verdict::Running => ("busy", "…"),
        Verdict::SomeIncomplete | Verdict::Stopped => ("warning", "!"),
        Verdict::CouldNotStart => ("bad", "✕"),
    };
    html! {
        header class=(class) {
            p.kind { "Report of the " (words::kind(words::kind_of(state))) }
            h1 { span.sign aria-hidden="true" { (sign) } " " (words::verdict(state)) }
            @if let Some(info) = &state.info {
                p { "From " (name(&info.source)) " to " (name(&info.target)) ", started " (moment(&info.started)) }
            }
        }
    }
}

/// A moment as a person reads it: `2026-03-01 22:00` of `2026-03-01T22:00:00+01:00`.
fn moment(rfc3339: &str) -> String {
    rfc3339.chars().take(16).map(|letter| if letter == 'T' { ' ' } else { letter }).collect()
}

/// All facts as in report.txt, and the lines that could not be used.
fn details(state: &RunState) -> Markup {
    let bad_lines = state.info.as_ref().map(|info| info.bad_lines.as_slice()).unwrap_or_default();
    html! {
        @if !bad_lines.is_empty() {
            section {
                h2 { "Lines of the CSV file that could not be used" }
                ul {
                    @for bad in bad_lines.iter().take(problems::NAMED) { li { "Line " (bad.line) ": " (name(&bad.what())) } }
                    @if bad_lines.len() > problems::NAMED {
                        li { "and " (words::count((bad_lines.len() - problems::NAMED) as u64)) " more; report.txt has all" }
                    }
                }
            }
        }
        section {
            h2 { "Details" }
            dl { @for (fact, value) in facts::of(state) { dt { (fact) } dd { (name(&value)) } } }
            p.note { "In the same folder: report.txt with every detail, report.csv with one line for each account." }
        }
    }
}

/// A text from outside, in its own direction and without touching the text around it.
fn name(text: &str) -> impl Render {
    html! { bdi { (text) } }
}

#[cfg(test)]
mod tests;
