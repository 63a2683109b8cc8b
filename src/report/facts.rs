//! The facts of a run, as pairs of a name and a value; report.txt and report.html begin with them.

use super::words;
use crate::domain::Side;
use crate::progress::{RunKind, RunState};

/// The facts in reading order. A name may come more than once.
pub(super) fn of(state: &RunState) -> Vec<(&'static str, String)> {
    let mut facts = Vec::new();
    add_servers(&mut facts, state);
    add_messages(&mut facts, state);
    add_changes(&mut facts, state);
    facts
}

type Facts = Vec<(&'static str, String)>;

fn add_servers(facts: &mut Facts, state: &RunState) {
    facts.push(("Program", format!("Kerio IMAP Migration Tool {}", env!("CARGO_PKG_VERSION"))));
    if let Some(info) = &state.info {
        let product = |side| state.products.get(&side).map(|product| format!(" ({product})")).unwrap_or_default();
        facts.push(("Source", format!("{}{}", info.source, product(Side::Source))));
        facts.push(("Target", format!("{}{}", info.target, product(Side::Target))));
        if let Some(administration) = state.products.get(&Side::Administration) {
            facts.push(("Administration", administration.clone()));
        }
        facts.push(("Started", info.started.clone()));
        if let Some(migration) = &info.migration {
            facts.push(("Migration", migration.name.clone()));
        }
    }
    facts.push(match state.finished {
        true => ("Took", words::took(state.now)),
        false => ("Running for", words::duration(state.now)),
    });
}

fn add_messages(facts: &mut Facts, state: &RunState) {
    let kind = words::kind_of(state);
    let tally = &state.tally;
    let messages = |counts: crate::progress::Counts| {
        format!("{}, {}", words::counted(counts.messages, "message"), words::size(counts.bytes))
    };
    facts.push(("On the source", messages(tally.expected)));
    if kind == RunKind::Migrate {
        facts.push(("Copied", messages(tally.copied)));
        facts.push(("Already there", messages(tally.found)));
    }
    let counted = [
        ("Failed", tally.failed, ""),
        ("Left out", tally.left_out, ", by your rules"),
        ("Gone meanwhile", tally.vanished, ", deleted on the source during the run"),
    ];
    for (name, number, why) in counted.into_iter().filter(|(_, number, _)| *number > 0) {
        facts.push((name, format!("{}{why}", words::counted(number, "message"))));
    }
    if !state.items.is_empty() {
        facts.push(("Calendars", format!("{} on the source", words::items(&state.items))));
        if kind != RunKind::Check {
            facts.push(("Items", words::items_settled(&state.items)));
        }
    }
    facts.extend(words::last_pass(kind, &tally.followed).map(|followed| ("Last pass", followed)));
    facts.push(("Compared", words::comparison(state)));
    if let Some(seats) = words::missing_seats(state) {
        facts.push(("Licence", seats));
    }
}

/// What the run changed in Kerio Connect besides the mail.
fn add_changes(facts: &mut Facts, state: &RunState) {
    for (service, before, meanwhile) in &state.ports_restored {
        facts.push(("Port", format!("{service} was set to {meanwhile} and is set to {before} again")));
    }
    if let Some((service, before, now)) = &state.port_changed {
        facts.push(("Port", format!("{service} is still set to {now}; the old port {before} is NOT restored yet")));
    }
    if !state.domains_created.is_empty() {
        facts.push(("Domains created", state.domains_created.join(", ")));
    }
    let created = state.accounts.iter().filter(|account| account.created).count() as u64;
    if created > 0 {
        facts.push(("Users created", words::count(created)));
    }
}
