//! Standard output and standard error, the only places where the program prints.
//!
//! Promises that a reader who went away (a closed pipe, a closed terminal) never ends a migration: what cannot be written is dropped.

use std::fmt::Display;
use std::io::{self, IsTerminal, Write};

/// A line for whoever reads the result.
pub(super) fn say(line: impl Display) {
    let mut output = io::stdout().lock();
    let _ = writeln!(output, "{line}").and_then(|()| output.flush());
}

/// A line for whoever has to know: errors, and what a stop is doing.
pub(super) fn complain(line: impl Display) {
    let _ = writeln!(io::stderr().lock(), "{line}");
}

/// Whether lines on standard output can be drawn over.
pub(super) fn output_is_live() -> bool {
    io::stdout().is_terminal() && std::env::var_os("TERM").is_none_or(|terminal| terminal != "dumb")
}

/// Whether there is somebody to ask.
pub(super) fn somebody_is_there() -> bool {
    io::stderr().is_terminal() || io::stdin().is_terminal()
}
