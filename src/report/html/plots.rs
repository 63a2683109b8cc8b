//! The plots: the rate over the time of the run, and the sizes of the mailboxes. Inline SVG that takes its colours from the page's style.

use super::super::words;
use crate::progress::{AccountState, RunState};
use maud::{Markup, html};
use std::fmt::Write;

/// The rate is drawn in at most this many parts.
const PARTS: usize = 180;
/// At most this many mailboxes have a bar of their own.
const BARS: usize = 12;

const WIDTH: f64 = 640.0;
const HEIGHT: f64 = 150.0;
const BAR: f64 = 22.0;
/// Where the bars begin, right of the names.
const NAMES: f64 = 270.0;
/// Where the longest bar ends, left of its size.
const SIZES: f64 = 550.0;

/// Both plots; each is left out where it would say nothing.
pub(super) fn of(state: &RunState) -> Markup {
    let (rate, sizes) = (rate(state), sizes(state));
    html! {
        @if rate.is_some() || sizes.is_some() {
            section.plots {
                @for figure in rate.into_iter().chain(sizes) { (figure) }
            }
        }
    }
}

fn rate(state: &RunState) -> Option<Markup> {
    let (means, _) = state.rate.over_time(state.now, PARTS);
    let peak = means.iter().copied().fold(0.0, f64::max);
    if means.len() < 2 || peak <= 0.0 {
        return None;
    }
    let step = WIDTH / (means.len() - 1) as f64;
    let mut line = String::new();
    for (index, mean) in means.iter().enumerate() {
        let separator = if index == 0 { "" } else { " " };
        // Writing to a String cannot fail.
        let _ = write!(line, "{separator}{:.1},{:.1}", step * index as f64, HEIGHT - mean / peak * (HEIGHT - 4.0));
    }
    let area = format!("0,{HEIGHT} {line} {WIDTH},{HEIGHT}");
    let mean = state.tally.copied.bytes as f64 / (state.now.max(1) as f64 / 1000.0);
    let name = format!("Up to {}, {} on average", words::rate(peak), words::rate(mean));
    Some(html! {
        figure {
            figcaption { strong { "Rate of copying" } " " (name) }
            svg viewBox=(format!("0 0 {WIDTH} {}", HEIGHT + 20.0)) role="img" aria-label=(name) {
                line.axis x1="0" x2=(WIDTH) y1=(HEIGHT) y2=(HEIGHT) {}
                polygon.area points=(area) {}
                polyline.rate points=(line) {}
                text x="0" y=(HEIGHT + 15.0) { "start" }
                text x=(WIDTH) y=(HEIGHT + 15.0) text-anchor="end" { (words::duration(state.now)) }
            }
        }
    })
}

/// The largest mailboxes as bars: the part on the target within the whole on the source.
fn sizes(state: &RunState) -> Option<Markup> {
    let mut accounts: Vec<&AccountState> = state.accounts.iter().filter(|it| it.tally.expected.bytes > 0).collect();
    accounts.sort_by_key(|account| std::cmp::Reverse(account.tally.expected.bytes));
    let largest = accounts.first()?.tally.expected.bytes as f64;
    let shown = &accounts[..accounts.len().min(BARS)];
    let more = accounts.len() - shown.len();
    let length = |bytes: u64| ((bytes as f64 / largest).min(1.0) * (SIZES - NAMES)).max(1.0);
    let remark = match more {
        0 => String::new(),
        more => format!("The {} largest; {} are smaller.", shown.len(), words::count(more as u64)),
    };
    let height = BAR * shown.len() as f64;
    Some(html! {
        figure {
            figcaption { strong { "Sizes of mailboxes" } " " (remark) }
            svg viewBox=(format!("0 0 {WIDTH} {height}")) role="img" aria-label="Sizes of mailboxes" {
                @for (index, account) in shown.iter().enumerate() {
                    @let (tally, top) = (&account.tally, BAR * index as f64);
                    text x="0" y=(top + 15.0) { (shortened(&account.info.address)) }
                    rect.track x=(NAMES) y=(top + 4.0) width=(length(tally.expected.bytes)) height="14" rx="3" {}
                    @if tally.settled_bytes() > 0 {
                        rect.done x=(NAMES) y=(top + 4.0) width=(length(tally.settled_bytes().min(tally.expected.bytes))) height="14" rx="3" {}
                    }
                    text x=(NAMES + length(tally.expected.bytes) + 8.0) y=(top + 15.0) { (words::size(tally.expected.bytes)) }
                }
            }
            p.note { span.key.done {} " on the target " span.key.track {} " on the source" }
        }
    })
}

/// An address as long as the room left of the bars.
fn shortened(address: &str) -> String {
    const LETTERS: usize = 32;
    match address.char_indices().nth(LETTERS) {
        Some((end, _)) => format!("{}…", &address[..end]),
        None => address.to_owned(),
    }
}
