//! The report: a run's state, said to a person (report.txt) and to programs (report.json, report.csv).
//!
//! What it says is a pure function of [`RunState`], also while the run goes on; the same state gives the same report. Only
//! [`write_all`] touches the disk. What came from outside (names, servers' words) is made printable on its way in, so that nothing
//! forges a line or a formula.
//! [`words`] are the program's sentences and numbers, the same in report, window and on the command line.

mod csv;
mod json;
mod problems;
mod summary;
mod text;
pub mod words;

pub use problems::{ProblemGroup, group_problems};
pub use summary::{AccountTotals, ByteTotals, MessageTotals, Summary};

use crate::private_file;
use crate::progress::RunState;
use std::io;
use std::path::Path;

/// The report for the administrator.
pub const REPORT_TEXT: &str = "report.txt";
/// The same facts for programs; the names in it stay.
pub const REPORT_JSON: &str = "report.json";
/// A line an account, for a spreadsheet.
pub const REPORT_CSV: &str = "report.csv";

/// Writes all three files into a run's log folder, each at once and for this user only.
pub fn write_all(log_folder: &Path, state: &RunState) -> io::Result<()> {
    private_file::replace(&log_folder.join(REPORT_TEXT), text::report(state).as_bytes())?;
    private_file::replace(&log_folder.join(REPORT_JSON), &json::report(state)?)?;
    private_file::replace(&log_folder.join(REPORT_CSV), &csv::report(state)?)
}

#[cfg(test)]
mod tests;
