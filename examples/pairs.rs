//! Moves the hostile mailbox between every two of the real servers that the tests know, in both directions and from each to another
//! of its kind, compares independently of the engine, and prints what became of it as Markdown:
//!
//! ```text
//! cargo run --example pairs
//! cargo run --example pairs -- full          # with a message of 50 MB
//! cargo run --example pairs -- pymap cyrus   # only the pairs between these
//! ```
//!
//! Ends with 1 when anything is missing or another than it was and the report does not say so, or is there twice. The servers are found as the tests find them.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout, clippy::print_stderr, dead_code)]

#[path = "../tests/support/mod.rs"]
mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::process::ExitCode;
use support::corpus::Largest;
use support::pair::{Kind, Moved, move_hostile, naming};

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).map(|word| word.to_lowercase()).collect();
    let full = words.iter().any(|it| it == "full");
    let named: Vec<Kind> =
        Kind::ALL.into_iter().filter(|kind| words.contains(&kind.to_string().to_lowercase())).collect();
    let kinds = if named.is_empty() { &Kind::ALL[..] } else { &named };
    let pairs = kinds.iter().flat_map(|source| kinds.iter().map(|target| (*source, *target)));
    let moved: Vec<Moved> = pairs.map(|(source, target)| announced(source, target, full)).collect();
    print_pairs(&moved);
    print_refused(&moved);
    print_altered(&moved);
    print_marks(&moved);
    print_folders(&moved);
    print_not_taken(&moved);
    let faults = moved.iter().map(|it| it.unreported() + it.differences.doubled.len()).sum::<usize>();
    if faults == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// On the error line, because some pairs take minutes.
fn announced(source: Kind, target: Kind, full: bool) -> Moved {
    eprintln!("{source} to {target}");
    let largest = if full { Largest::Full } else { source.largest().min(target.largest()) };
    move_hostile(source, target, largest)
}

fn unnamed(moved: &Moved) -> usize {
    moved.missing.iter().filter(|(_, named)| named.is_none()).count()
}

fn print_pairs(all: &[Moved]) {
    println!(
        "| From | To | Messages | Equal | Changed by the target | Refused, named | Lost | Doubled | Other flags | Other date | Other subscription | Not in the report |"
    );
    println!("|---|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|");
    for moved in all {
        let it = &moved.differences;
        let numbers = [
            moved.messages,
            moved.messages - it.altered.len() - it.lost.len(),
            it.altered.len(),
            moved.missing.len() - unnamed(moved),
            unnamed(moved),
            it.doubled.len(),
            it.flags.len(),
            it.dates.len(),
            it.subscriptions.len(),
            moved.unreported(),
        ];
        println!("| {} | {} | {} |", moved.source, moved.target, numbers.map(|it| it.to_string()).join(" | "));
    }
}

/// Rows that are the same whatever the source was are listed once.
fn print_rows(title: &str, heads: &str, rows: BTreeSet<Vec<String>>) {
    println!("\n### {title}\n");
    if rows.is_empty() {
        println!("None.");
        return;
    }
    println!("| {heads} |\n|{}", "---|".repeat(heads.split('|').count()));
    for row in rows {
        let cells: Vec<String> =
            row.iter().map(|cell| cell.replace('|', "\\|").replace(['\r', '\n', '\t'], " ")).collect();
        println!("| {} |", cells.join(" | "));
    }
}

fn print_refused(all: &[Moved]) {
    let rows = all.iter().flat_map(|moved| {
        moved.missing.iter().map(|(lost, problem)| {
            let words = problem.as_ref().map_or("NOT NAMED", |problem| &problem.words);
            vec![moved.target.to_string(), moved.special(&lost.message()).to_owned(), words.to_owned()]
        })
    });
    print_rows("Messages the target refuses", "Target | Message | The server's words in the report", rows.collect());
}

fn print_altered(all: &[Moved]) {
    let mut rows: BTreeMap<(Kind, &str, &str), BTreeSet<&str>> = BTreeMap::new();
    for moved in all {
        for altered in &moved.differences.altered {
            let named = naming(&altered.folder, altered.sent, &moved.problems);
            let reported = named.map_or("counted, as equal but for line ends", |_| "named, as altered");
            rows.entry((moved.target, altered.how, reported)).or_default().insert(moved.special(&altered.message));
        }
    }
    let row = |((target, how, reported), messages): ((Kind, &str, &str), BTreeSet<&str>)| {
        let messages = messages.into_iter().collect::<Vec<_>>().join(", ");
        vec![target.to_string(), how.to_owned(), messages, reported.to_owned()]
    };
    let rows = rows.into_iter().map(row).collect();
    print_rows("Messages the target changes", "Target | What it changes | Messages | In the report", rows);
}

fn print_marks(all: &[Moved]) {
    let mut rows: BTreeMap<Vec<String>, BTreeSet<&str>> = BTreeMap::new();
    for moved in all {
        for difference in &moved.differences.flags {
            let (before, after) = change(difference);
            let row = vec![moved.target.to_string(), lost_flag(before, after), String::new()];
            rows.entry(row).or_default().insert(moved.special(difference));
        }
        for difference in &moved.differences.dates {
            let (before, after) = change(difference);
            let row = [moved.target.to_string(), day(before), day(after)];
            rows.entry(row.to_vec()).or_default().insert(moved.special(difference));
        }
    }
    let row = |(mut row, messages): (Vec<String>, BTreeSet<&str>)| {
        row.push(some_of(messages));
        row
    };
    let rows = rows.into_iter().map(row).collect();
    print_rows("Keywords and dates that differ", "Target | On the source | On the target | Messages", rows);
}

fn change(difference: &str) -> (&str, &str) {
    let change = difference.rsplit_once("\": ").map_or("", |(_, change)| change);
    change.split_once(" became ").unwrap_or_default()
}

/// A flag or keyword that is not there any more.
fn lost_flag(before: &str, after: &str) -> String {
    let gone = before.split(['"', '[', ']', ' ', ',']).find(|flag| !flag.is_empty() && !after.contains(flag));
    match gone {
        Some(flag) if flag.starts_with("keyword") => "keywords beyond a number".to_owned(),
        Some(flag) => format!("keywords such as {}", flag.chars().take(20).collect::<String>()),
        None => "other flags".to_owned(),
    }
}

fn day(dates: &str) -> String {
    let date = dates.trim_matches(['[', ']', '"']);
    let copied = chrono::DateTime::parse_from_rfc3339(date)
        .is_ok_and(|it| (chrono::Utc::now() - it.to_utc()).num_hours().abs() < 2);
    if copied { "the moment of copying".to_owned() } else { date.to_owned() }
}

fn some_of(messages: BTreeSet<&str>) -> String {
    let short = |message: &&str| message.chars().take(50).collect::<String>();
    let some: Vec<String> = messages.iter().take(3).map(short).collect();
    let more = if messages.len() > 3 { format!(" and {} more", messages.len() - 3) } else { String::new() };
    some.join(", ") + &more
}

fn print_folders(all: &[Moved]) {
    let rows = all.iter().flat_map(|moved| {
        let renamed = moved.folders.iter().filter(|folder| folder.source != folder.target);
        let renamed = renamed.map(|it| [it.source.to_string(), it.target.to_string()]);
        let missing = moved.differences.folders.iter().map(|it| [it.clone(), "not made".to_owned()]);
        let not_subscribed = moved.differences.subscriptions.iter();
        let subscriptions = not_subscribed.map(|it| [it.clone(), "another subscription".to_owned()]);
        let folders: Vec<[String; 2]> = renamed.chain(missing).chain(subscriptions).collect();
        folders.into_iter().map(|folder| std::iter::once(moved.target.to_string()).chain(folder).collect())
    });
    print_rows("Folders that go by another name", "Target | Folder | There", rows.collect());
}

fn print_not_taken(all: &[Moved]) {
    let mut rows: BTreeMap<(Kind, String), BTreeSet<&str>> = BTreeMap::new();
    for moved in all {
        for not_taken in &moved.not_taken {
            let words = not_taken.words.split_once(" (0.").map_or(not_taken.words.as_str(), |(words, _)| words);
            let words = words.split_once("NO ").map_or(words, |(_, words)| words);
            let words = words.split_once("BAD ").map_or(words, |(_, words)| words);
            rows.entry((moved.source, words.to_owned())).or_default().insert(&not_taken.what);
        }
    }
    let row =
        |((source, words), what): ((Kind, String), BTreeSet<&str>)| vec![source.to_string(), words, some_of(what)];
    let rows = rows.into_iter().map(row).collect();
    print_rows("What a server did not take when it was filled as a source", "Source | Words | What", rows);
}
