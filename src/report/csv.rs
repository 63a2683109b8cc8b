//! report.csv: one line per account, for a spreadsheet (RFC 4180).
//!
//! A spreadsheet reads a cell that begins with `=`, `+`, `-` or `@` as a formula, and anybody can choose a full name or a folder's
//! name. Such a cell gets an apostrophe in front.

use super::words;
use crate::domain::printable;
use crate::progress::{AccountState, RunState};
use std::io;

/// The columns.
const HEADER: [&str; 36] = [
    "address",
    "full_name",
    "line",
    "status",
    "status_text",
    "user_created",
    "folders",
    "source_messages",
    "source_bytes",
    "copied_messages",
    "copied_bytes",
    "already_there_messages",
    "checked_messages",
    "vanished_messages",
    "failed_messages",
    "problems",
    "seconds",
    "target_address",
    "compared_before_messages",
    "stage",
    "flags_followed_messages",
    "moved_messages",
    "deleted_on_source_messages",
    "deletions_followed_messages",
    "left_as_changed_messages",
    "source_events",
    "source_tasks",
    "source_contacts",
    "copied_items",
    "already_there_items",
    "different_items",
    "altered_items",
    "left_out_items",
    "failed_items",
    "renamed_folders",
    "machine",
];

/// The file's content.
pub(super) fn report(state: &RunState) -> io::Result<Vec<u8>> {
    of(state, 0..state.accounts.len())
}

/// The lines of these accounts, below the names of the columns.
pub(super) fn of(state: &RunState, accounts: impl Iterator<Item = usize>) -> io::Result<Vec<u8>> {
    written(&HEADER, accounts.filter_map(|index| Some(row(state, index, state.accounts.get(index)?))))
}

/// Any table, below the names of its columns.
pub(super) fn table(head: &[&str], rows: impl Iterator<Item = Vec<String>>) -> io::Result<Vec<u8>> {
    written(head, rows.map(|row| row.into_iter().map(|text| cell(&text)).collect::<Vec<_>>()))
}

fn written<R: IntoIterator<Item = String>>(head: &[&str], rows: impl Iterator<Item = R>) -> io::Result<Vec<u8>> {
    let mut writer = ::csv::WriterBuilder::new().terminator(::csv::Terminator::CRLF).from_writer(Vec::new());
    writer.write_record(head)?;
    for row in rows {
        writer.write_record(row)?;
    }
    writer.into_inner().map_err(|error| io::Error::other(error.to_string()))
}

fn row(state: &RunState, index: usize, account: &AccountState) -> [String; HEADER.len()] {
    let (tally, items) = (&account.tally, &account.items);
    let until = account.ended_at.unwrap_or(state.now);
    let seconds = account.started_at.map(|since| format!("{:.1}", until.saturating_sub(since) as f64 / 1000.0));
    let problems = account.problems.len() as u64 + account.problems_not_kept;
    [
        cell(&account.info.address),
        cell(&account.info.full_name),
        account.info.line.to_string(),
        words::account_status_code(account).to_owned(),
        cell(&words::account_status(state, account, state.now)),
        account.created.to_string(),
        account.folders.len().to_string(),
        tally.expected.messages.to_string(),
        tally.expected.bytes.to_string(),
        tally.copied.messages.to_string(),
        tally.copied.bytes.to_string(),
        tally.found.messages.to_string(),
        tally.checked.messages.to_string(),
        tally.vanished.to_string(),
        tally.failed.to_string(),
        problems.to_string(),
        seconds.unwrap_or_default(),
        cell(account.info.target_address.as_ref().unwrap_or(&account.info.address)),
        tally.compared_before.to_string(),
        words::stage_code(state.stage(index)).to_owned(),
        tally.followed.flags.to_string(),
        tally.followed.moved.to_string(),
        tally.followed.deleted.to_string(),
        tally.followed.taken_away.to_string(),
        tally.followed.left.to_string(),
        items.events.to_string(),
        items.tasks.to_string(),
        items.contacts.to_string(),
        items.copied.to_string(),
        items.already_there.to_string(),
        items.different.to_string(),
        items.altered.to_string(),
        items.left_out.to_string(),
        items.failed.to_string(),
        tally.followed.renamed.to_string(),
        cell(&account.machine),
    ]
}

/// The text as a cell that no spreadsheet reads as a formula.
fn cell(text: &str) -> String {
    // A leading tab or line break would hide a formula's sign; both are control characters, so they are replaced here.
    let text = printable(text);
    // Some programs accept the full-width signs too.
    let formula = ['=', '+', '-', '@', '＝', '＋', '－', '＠', char::REPLACEMENT_CHARACTER];
    if text.trim_start().starts_with(formula) { format!("'{text}") } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_a_formula() {
        for bad in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", " =1", "＝1"] {
            assert!(cell(bad).starts_with('\''), "{bad:?}");
        }
        assert_eq!(cell("Ann = Bob"), "Ann = Bob");
    }
}
