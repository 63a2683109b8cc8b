//! Standard output and standard error, the only places where the program prints.
//!
//! Promises that a closed pipe or terminal never ends a migration: what cannot be written is dropped.

use std::fmt::Display;
use std::io::{self, IsTerminal, Write};

/// Prints a line of the result.
pub(super) fn say(line: impl Display) {
    let mut output = io::stdout().lock();
    let _ = writeln!(output, "{line}").and_then(|()| output.flush());
}

/// Prints a line on standard error: an error, a warning, or what a stop is doing.
pub(super) fn complain(line: impl Display) {
    let _ = writeln!(io::stderr().lock(), "{line}");
}

/// Whether standard output is a terminal that can redraw lines.
pub(super) fn output_is_live() -> bool {
    io::stdout().is_terminal() && std::env::var_os("TERM").is_none_or(|terminal| terminal != "dumb")
}

/// Whether somebody can be asked.
pub(super) fn somebody_is_there() -> bool {
    io::stderr().is_terminal() || io::stdin().is_terminal()
}
