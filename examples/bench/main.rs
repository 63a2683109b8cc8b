//! How fast the program is, beside what the servers can do at most (the floor) and beside its rivals, all measured in one run.
//!
//! Starts two real Dovecots on loopback, fills the source with generated mail, and lets every tool that is installed copy it into an
//! empty target, in turn, several times. What arrived is counted after every copy. Times of different machines do not compare; the
//! ratios of one table do.
//!
//! `cargo build --release && cargo run --release --example bench -- --help`

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program for developers, that ends at a fault"
)]

mod floor;
mod measure;
mod stage;
mod support;
mod table;
mod tools;

use clap::{Parser, ValueEnum};
use measure::Measurement;
use stage::{Shape, Stage};
use std::path::PathBuf;
use std::time::Duration;
use tools::Tool;

/// Measures this program, the floor and the rivals side by side.
#[derive(Parser)]
struct Arguments {
    /// What to measure.
    #[arg(long, value_enum, default_value = "near")]
    case: Case,
    /// Counted runs of each tool.
    #[arg(long, default_value_t = 3)]
    runs: usize,
    /// Messages of each mailbox, in place of the case's own number.
    #[arg(long)]
    messages: Option<usize>,
    /// Bytes of a message on average, in place of the case's own.
    #[arg(long)]
    bytes: Option<usize>,
    /// Mailboxes, in place of the case's own number.
    #[arg(long)]
    mailboxes: Option<usize>,
    /// Added round trip on both sides in milliseconds, in place of the case's own.
    #[arg(long)]
    round_trip_ms: Option<u64>,
    /// Rate of each link in megabits a second, in place of the case's own.
    #[arg(long)]
    megabits: Option<u64>,
    /// The tools, in place of all that are installed.
    #[arg(long, value_delimiter = ',')]
    tools: Vec<String>,
    /// The imapsync script, if there is one.
    #[arg(long)]
    imapsync: Option<PathBuf>,
    /// The program to measure.
    #[arg(long, default_value = "target/release/kimt")]
    kimt: PathBuf,
}

/// A case with sizes of its own.
#[derive(Clone, Copy, ValueEnum)]
enum Case {
    /// One mailbox of 5,000 messages and 95 MB on loopback.
    Near,
    /// One mailbox of 500 messages and 10 MB over a round trip of 50 ms.
    Far,
    /// One mailbox of 2,000 messages and 40 MB over a round trip of 50 ms and 20 Mbit/s.
    Slow,
    /// 20 mailboxes of 500 messages, 4 at a time.
    Many,
    /// A second run over a mailbox of 5,000 messages to which nothing came.
    Again,
    /// A second run over 40 folders and a round trip of 50 ms.
    AgainFar,
    /// A second run over a mailbox of 5,000 messages of which 100 were flagged otherwise since.
    Flags,
    /// Everything small: shows that the program works, and says nothing about speed.
    Quick,
}

impl Case {
    fn shape(self) -> Shape {
        let near = Shape {
            mailboxes: 1,
            folders: 5,
            messages: 5000,
            bytes: 19_000,
            second_run: false,
            flagged: 0,
            round_trip: Duration::ZERO,
            megabits: None,
        };
        let far = Duration::from_millis(50);
        match self {
            Case::Near => near,
            Case::Far => Shape { messages: 500, bytes: 20_000, round_trip: far, ..near },
            Case::Slow => Shape { messages: 2000, bytes: 20_000, round_trip: far, megabits: Some(20), ..near },
            Case::Many => Shape { mailboxes: 20, messages: 500, ..near },
            Case::Again => Shape { second_run: true, ..near },
            Case::AgainFar => Shape { folders: 40, messages: 400, round_trip: far, second_run: true, ..near },
            Case::Flags => Shape { second_run: true, flagged: 100, ..near },
            Case::Quick => Shape { mailboxes: 2, messages: 20, bytes: 2000, ..near },
        }
    }
}

fn main() {
    let arguments = Arguments::parse();
    let mut shape = arguments.case.shape();
    shape.messages = arguments.messages.unwrap_or(shape.messages);
    shape.bytes = arguments.bytes.unwrap_or(shape.bytes);
    shape.mailboxes = arguments.mailboxes.unwrap_or(shape.mailboxes);
    shape.round_trip = arguments.round_trip_ms.map_or(shape.round_trip, Duration::from_millis);
    shape.megabits = arguments.megabits.or(shape.megabits);
    let stage = Stage::build(shape);
    let tools = Tool::installed(&arguments.kimt, arguments.imapsync.as_deref(), &arguments.tools);
    println!("{}", stage.describe());
    let mut rows: Vec<(String, Vec<Measurement>)> = tools.iter().map(|tool| (tool.name(), Vec::new())).collect();
    // What one measurement flags, the next takes away, so that each has something to bring.
    let mut sets = false;
    // In turn, so that a machine whose speed drifts is the same to all.
    for run in 0..arguments.runs {
        for (tool, (name, measurements)) in tools.iter().zip(&mut rows) {
            stage.empty_target();
            if shape.second_run {
                stage.copy_first_time(tool);
            }
            sets = !sets;
            stage.flag(sets);
            let turns = stage.turns();
            let measurement = tool.copy(&stage);
            let turns =
                stage.turns().zip(turns).map_or(String::new(), |(now, before)| format!(", {} turns", now - before));
            eprintln!("run {}: {name} {:.2} s{turns}", run + 1, measurement.seconds);
            let flagged = stage.flagged();
            let expected = if sets { shape.flagged * shape.mailboxes } else { 0 };
            assert!(flagged == expected || !tool.is_ours(), "{name} left {flagged} flagged instead of {expected}");
            if flagged != expected {
                eprintln!("  {name} left {flagged} flagged instead of {expected}");
            }
            let missing = stage.missing();
            assert!(missing == 0 || !tool.is_ours(), "{name} left {missing} messages behind");
            if missing > 0 {
                eprintln!("  {name} left {missing} messages behind");
            }
            measurements.push(measurement);
        }
    }
    println!("{}", table::table(&rows, stage.messages(), stage.bytes()));
}
