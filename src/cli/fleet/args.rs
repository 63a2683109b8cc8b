//! The options of the fleet's commands.

use crate::cli::copying::CopyingArguments;
use crate::cli::groupware::GroupwareArguments;
use crate::cli::selection::SelectionArguments;
use crate::cli::servers::ServersArguments;
use crate::domain::list::Layout;
use crate::settings::Settings;
use clap::{Args, Subcommand};
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
  Once, on any machine:
    kimt fleet create --ledger postgres://kimt@db.example.com/kimt --name uni --key-file uni.key \\
      --source old.example --target new.example --admin-user admin --accounts all.csv
    kimt fleet migrate --ledger postgres://kimt@db.example.com/kimt

  On each machine that is to work, with a copy of uni.key:
    kimt fleet work --ledger postgres://kimt@db.example.com/kimt --key-file uni.key --jobs 8

  At any time, anywhere:
    kimt fleet watch  --ledger postgres://kimt@db.example.com/kimt
    kimt fleet report --ledger postgres://kimt@db.example.com/kimt --key-file uni.key

docs/fleet.md describes fleets.";

/// The commands of a fleet.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::cli) struct FleetArguments {
    #[command(subcommand)]
    pub(super) command: FleetCommand,
}

#[derive(Debug, Subcommand)]
pub(super) enum FleetCommand {
    /// Create a fleet: its servers, its accounts, and the key file that its machines need
    ///
    /// Connects to both servers once, so that their certificates are trusted before any machine works, and changes nothing there. The key
    /// file is created if it does not exist. Passwords, addresses and servers are sealed with it before they reach the database.
    Create(Box<CreateArguments>),
    /// Add accounts to a fleet, in a wave of their own if you like
    Add(AddArguments),
    /// Let the machines sign in on both sides and count; nothing is changed
    Check(OrderArguments),
    /// Let the machines copy the mailboxes, once or on a schedule until the cut-over
    Migrate(MigrateOrderArguments),
    /// Let the machines compare source and target
    Verify(OrderArguments),
    /// Work on a fleet's mailboxes on this machine; ends when nothing is left
    ///
    /// Start it on as many machines as you like, and more than once on each. Every mailbox belongs to one process at a time. When a
    /// process vanishes, another one continues its work.
    Work(WorkArguments),
    /// Show how far a fleet is, and who works on it; with --window in the window, account by account
    Watch(WatchArguments),
    /// Write the report of the whole fleet: report.txt, report.html, report.json, report.csv
    Report(ReportArguments),
    /// Hold all machines between batches
    Pause(PlaceArguments),
    /// Let the machines continue, also after 'stop'
    Continue(PlaceArguments),
    /// End all machines when the messages in flight are settled
    Stop(StopArguments),
    /// End the processes of one machine after the mailboxes that they are working on
    Drain(DrainArguments),
    /// Wipe passwords, accounts, servers and reports from the database; write the report first
    Finish(PlaceArguments),
    /// Bring the database's tables up to date after a new version of kimt
    Upgrade(DatabaseArguments),
}

/// Which database.
#[derive(Debug, Args)]
#[command(next_help_heading = "Fleet")]
pub(super) struct DatabaseArguments {
    /// The PostgreSQL database that the machines share
    ///
    /// The password comes from the environment variable PGPASSWORD or from a password file (PGPASSFILE), never from the address.
    #[arg(long, value_name = "postgres://USER@HOST/DATABASE")]
    pub(super) ledger: String,
}

/// Which fleet.
#[derive(Debug, Args)]
#[command(next_help_heading = "Fleet")]
pub(super) struct PlaceArguments {
    #[command(flatten)]
    pub(super) database: DatabaseArguments,
    /// The fleet's name (default: the only one in the database)
    #[arg(long, value_name = "NAME")]
    pub(super) name: Option<String>,
}

/// Which fleet, and its key.
#[derive(Debug, Args)]
#[command(next_help_heading = "Fleet")]
pub(super) struct KeyedArguments {
    #[command(flatten)]
    pub(super) place: PlaceArguments,
    /// The fleet's key file
    #[arg(long, value_name = "FILE")]
    pub(super) key_file: PathBuf,
}

/// The accounts of a fleet.
#[derive(Debug, Args)]
#[command(next_help_heading = "Accounts")]
pub(super) struct ListArguments {
    /// The CSV, one account per line: user@domain.com;password;Full Name. '-' is standard input
    #[arg(long, value_name = "FILE")]
    pub(super) accounts: PathBuf,
    /// What the columns of the CSV hold, whatever its header says, such as: address,login,password,name,-
    #[arg(long, value_name = "LIST", value_parser = Layout::parse)]
    pub(super) columns: Option<Layout>,
    /// The wave that these accounts belong to
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(super) wave: u16,
    /// The folder with the certificates that you trust (default: the user's data folder)
    #[arg(long, value_name = "DIR")]
    pub(super) state_dir: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct CreateArguments {
    #[command(flatten)]
    pub(super) database: DatabaseArguments,
    /// The name of the new fleet
    #[arg(long, value_name = "NAME", help_heading = "Fleet")]
    pub(super) name: String,
    /// The fleet's key file; created if it does not exist
    #[arg(long, value_name = "FILE", help_heading = "Fleet")]
    pub(super) key_file: PathBuf,
    #[command(flatten)]
    pub(super) servers: ServersArguments,
    #[command(flatten)]
    pub(super) groupware: GroupwareArguments,
    #[command(flatten)]
    pub(super) selection: SelectionArguments,
    #[command(flatten)]
    pub(super) list: ListArguments,
    /// Agree that two lines of the CSV lead to one mailbox, on the source or on the target
    #[arg(long, help_heading = "Accounts")]
    pub(super) allow_shared_mailboxes: bool,
    #[command(flatten)]
    pub(super) copying: CopyingArguments,
}

#[derive(Debug, Args)]
pub(super) struct AddArguments {
    #[command(flatten)]
    pub(super) keyed: KeyedArguments,
    #[command(flatten)]
    pub(super) list: ListArguments,
}

#[derive(Debug, Args)]
pub(super) struct OrderArguments {
    #[command(flatten)]
    pub(super) place: PlaceArguments,
    /// Only the accounts of this wave; may be repeated
    #[arg(long, value_name = "N", help_heading = "Fleet")]
    pub(super) wave: Vec<u16>,
}

#[derive(Debug, Args)]
pub(super) struct MigrateOrderArguments {
    #[command(flatten)]
    pub(super) order: OrderArguments,
    /// Visit each mailbox again this long after its previous pass, such as 6h, 30m or 1d; needs --until
    #[arg(long, value_name = "TIME", value_parser = super::times::read_pause, requires = "until", help_heading = "Schedule")]
    pub(super) every: Option<u32>,
    /// The cut-over, such as 2026-12-24T18:00 (local time): the first pass that begins after it is each mailbox's last
    #[arg(long, value_name = "DATE", value_parser = super::times::read_moment, requires = "every", help_heading = "Schedule")]
    pub(super) until: Option<i64>,
}

#[derive(Debug, Args)]
pub(super) struct WorkArguments {
    #[command(flatten)]
    pub(super) keyed: KeyedArguments,
    /// Mailboxes at a time
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=i64::from(Settings::MOST_JOBS)))]
    pub(super) jobs: u32,
    /// Wait for the next task instead of ending when nothing is left
    #[arg(long)]
    pub(super) stay: bool,
    /// The name of this machine, for 'watch' and 'drain' (default: its host name)
    #[arg(long, value_name = "NAME")]
    pub(super) machine: Option<String>,
    /// A name for the network address of this machine: machines that give the same name count refused sign-ins together
    #[arg(long, value_name = "WORD", default_value = "shared")]
    pub(super) egress: String,
    /// The folder below which the folders with this machine's reports and logs are made (default: KimtLogs)
    #[arg(long, value_name = "DIR")]
    pub(super) log_dir: Option<PathBuf>,
    /// Print one JSON object per line, each with "event"; the last one sums up what this machine did
    #[arg(long)]
    pub(super) json: bool,
    /// Print only errors (to standard error) and the result; with --json only the last line
    #[arg(long)]
    pub(super) quiet: bool,
    /// How long a lease holds, in milliseconds: for tests
    #[arg(long, hide = true, value_parser = clap::value_parser!(u64).range(100..))]
    pub(super) lease: Option<u64>,
}

#[derive(Debug, Args)]
pub(super) struct WatchArguments {
    #[command(flatten)]
    pub(super) place: PlaceArguments,
    /// Print one JSON object per line
    #[arg(long)]
    pub(super) json: bool,
    /// Print once and end
    #[arg(long)]
    pub(super) once: bool,
    /// Show it in the window, account by account; needs the key file
    #[arg(long, requires = "key_file", conflicts_with_all = ["json", "once"])]
    pub(super) window: bool,
    /// The fleet's key file, for the window
    #[arg(long, value_name = "FILE", requires = "window", help_heading = "Fleet")]
    pub(super) key_file: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct ReportArguments {
    #[command(flatten)]
    pub(super) keyed: KeyedArguments,
    /// The folder below which the folder with the report is made (default: KimtLogs)
    #[arg(long, value_name = "DIR")]
    pub(super) log_dir: Option<PathBuf>,
    /// Print the summary as one JSON object
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Debug, Args)]
pub(super) struct StopArguments {
    #[command(flatten)]
    pub(super) place: PlaceArguments,
    /// Cut the connections; the next pass asks the target what became of the messages in flight
    #[arg(long)]
    pub(super) now: bool,
}

#[derive(Debug, Args)]
pub(super) struct DrainArguments {
    #[command(flatten)]
    pub(super) place: PlaceArguments,
    /// The machine, as 'kimt fleet watch' names it
    #[arg(value_name = "MACHINE")]
    pub(super) machine: String,
}
