//! The report of a run: for the administrator (report.txt), for whoever asked for the migration (report.html), and for programs
//! (report.json, report.csv).
//!
//! Each file is a pure function of [`RunState`], during the run too: the same state gives the same report. Only [`write_all`] touches
//! the disk. Text from outside (names, servers' words) is made printable, so that it cannot forge a line or a formula.
//! [`words`] holds the sentences and numbers that report, window and command line share.

mod csv;
mod facts;
mod html;
mod json;
mod problems;
mod summary;
mod text;
pub mod words;

pub use problems::{Cause, ProblemGroup, causes, group_problems};
pub use summary::{AccountTotals, ByteTotals, MessageTotals, Summary};

use crate::private_file;
use crate::progress::RunState;
use std::io;
use std::path::Path;

/// The file for the administrator.
pub const REPORT_TEXT: &str = "report.txt";
/// The same as a page for whoever asked for the migration.
pub const REPORT_PAGE: &str = "report.html";
/// The same facts for programs. Its names are stable.
pub const REPORT_JSON: &str = "report.json";
/// One line per account, for a spreadsheet.
pub const REPORT_CSV: &str = "report.csv";

/// Writes the four files into a run's log folder: each whole or not at all, readable by this user only.
pub fn write_all(log_folder: &Path, state: &RunState) -> io::Result<()> {
    private_file::replace(&log_folder.join(REPORT_TEXT), text::report(state).as_bytes())?;
    private_file::replace(&log_folder.join(REPORT_PAGE), html::report(state).as_bytes())?;
    private_file::replace(&log_folder.join(REPORT_JSON), &json::report(state)?)?;
    private_file::replace(&log_folder.join(REPORT_CSV), &csv::report(state)?)
}

/// Some accounts as in report.csv, in this order.
pub fn accounts_csv(state: &RunState, accounts: &[usize]) -> io::Result<String> {
    String::from_utf8(csv::of(state, accounts.iter().copied())?).map_err(io::Error::other)
}

/// A table as CSV; no cell can be read as a formula.
pub fn table_csv(head: &[&str], rows: impl Iterator<Item = Vec<String>>) -> io::Result<String> {
    String::from_utf8(csv::table(head, rows)?).map_err(io::Error::other)
}

#[cfg(test)]
mod tests;
