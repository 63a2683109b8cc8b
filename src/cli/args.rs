//! The command line as typed: commands, options and their help, by clap.
//!
//! Promises that no secret can be an argument, and that plain words explain every option. Leaves to `request` whatever takes more than
//! one option, or a file, to judge.

use super::connections::ProxyArguments;
use super::copying::CopyingArguments;
use super::fleet::FleetArguments;
use super::groupware::GroupwareArguments;
use super::selection::SelectionArguments;
use super::servers::{AdministratorArguments, ServersArguments};
use crate::domain::list::Layout;
use crate::migrate::Verify;
use crate::settings::Settings;
use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

/// The version with the commit it was built from, when that is known.
pub const VERSION: &str = concat!(env!("CARGO_PKG_VERSION"), " (commit ", env!("KIMT_COMMIT"), ")");

const EXAMPLES: &str = "\
Examples:
  kimt         opens the window
  kimt demo    shows a whole migration between two servers inside this program
  kimt check   --source old.example --target new.example --admin-user admin --accounts users.csv
  kimt migrate --source old.example --target new.example --admin-user admin --accounts users.csv
  kimt verify  --source old.example --target new.example --admin-user admin --accounts users.csv

Exit status:
    0  every account is complete: each message of the source is on the target
    1  the run ended, but a message, folder or account is not complete,
       or a line of the CSV file could not be used; the report names each
    2  bad usage, or no line of the CSV can be used
    3  the run could not start: a server was not reached, not trusted or refused the administrator,
       or another instance is running
    4  (verify) source and target differ
    5  (--ledger, fleet work) this machine lost its lease in the database and has stopped;
       other machines continue its mailboxes, or the same command does
  130  stopped by the user; messages in flight are settled, the port is back, the report is written

'kimt <command> --help' explains a command and all its options.";

const MIGRATE_EXAMPLES: &str = "\
Examples:
  All accounts of a file into Kerio Connect; kimt asks for the administrator's password:
    kimt migrate --source old.example --target new.example --admin-user admin \\
      --accounts users.csv

  From a script, with STARTTLS and a self-signed certificate, two accounts only:
    export KIMT_ADMIN_PASSWORD
    kimt migrate --source 10.1.0.5 --source-security starttls --source-fingerprint 3A:91:… \\
      --target new.example --admin-user admin --accounts users.csv --json \\
      --only ann@example.com --only bob@example.com

  Into another IMAP server, whose accounts exist already; the CSV comes through a pipe:
    export-users | kimt migrate --source old.example --target new.example \\
      --target-kind imap --accounts -

Run it again at any time: it continues where it stopped, and copies only what is missing.

The usual way:
  1. The first pass: kimt migrate, days before the switch, while people continue to work.
  2. Some days; kimt check says what a last pass would bring.
  3. The switch: have new mail delivered to the new server.
  4. The last pass: the same kimt migrate once more. It brings new mail and what people did on
     the old server since.
  5. kimt verify.

The first Ctrl+C stops gently, the second cuts the connections; both put Kerio Connect's
port back.";

/// The help of the administration's address where there is no target.
const RESTORE_PORT_URL: &str =
    "Kerio Connect's administration (default: the server whose port was changed, at the administration port used then)";

const CHECK_EXAMPLES: &str = "\
Example:
  kimt check --source old.example --target new.example --admin-user admin --accounts users.csv";

const VERIFY_EXAMPLES: &str = "\
Examples:
  kimt verify --source old.example --target new.example --admin-user admin --accounts users.csv
  kimt verify --source old.example --target new.example --target-kind imap \\
    --accounts users.csv --verify size

Copy what is missing with: kimt migrate … --repair";

/// Moves mailboxes from any IMAP server into Kerio Connect.
///
/// Without a command the window opens. The commands do the same with the same engine: they copy messages byte for byte with flags,
/// dates and folders, and only read the source. A second run copies only what is missing, and nothing twice.
#[derive(Debug, Parser)]
#[command(name = "kimt", version = VERSION, after_help = EXAMPLES, max_term_width = 100, disable_help_subcommand = true)]
pub(super) struct Arguments {
    #[command(subcommand)]
    pub(super) command: Command,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Show a whole migration between two servers inside this program
    ///
    /// Starts two servers on this computer (an IMAP server with sample mailboxes, and a stand-in for Kerio Connect), migrates
    /// between them, verifies every message and prints the result. Nothing leaves the computer. The exit status is 0 when every
    /// message has arrived exactly once and unchanged.
    Demo(DemoArguments),
    /// Sign in on both sides and count; change nothing
    ///
    /// Connects to both servers, signs in to every account on the source, reads counts and sizes, and looks each account up on the
    /// target. Changes nothing anywhere.
    #[command(after_help = CHECK_EXAMPLES)]
    Check(TaskArguments),
    /// Copy the mailboxes; run again to continue
    ///
    /// Creates missing domains and users in Kerio Connect and copies every message of every account. A second run continues where the
    /// first ended and copies only what is missing.
    #[command(after_help = MIGRATE_EXAMPLES)]
    Migrate(MigrateArguments),
    /// Compare source and target message by message; change nothing
    ///
    /// Reads every message on both sides and names those that the target lacks. Compares folders, subscriptions, dates and
    /// flags as well. The exit status is 4 when source and target differ.
    /// Changes nothing anywhere.
    #[command(after_help = VERIFY_EXAMPLES)]
    Verify(VerifyArguments),
    /// Put Kerio Connect's IMAP port back after a run that was cut off
    ///
    /// A migration with a port in --target changes the port of Kerio Connect's IMAP service and puts it back at the end. After a run
    /// that was cut off before that (power, crash), this command puts it back; so does the next 'kimt migrate'.
    RestorePort(RestorePortArguments),
    /// List the migrations that were begun, and how far each is
    ///
    /// A migration is all runs between two servers. It remembers how far each account is, and never a password. 'kimt migrate' continues
    /// the one between its two servers.
    Migrations(MigrationsArguments),
    /// Print the completions of commands and options for a shell
    ///
    /// The packages install them. By hand, for bash: kimt completions bash > ~/.local/share/bash-completion/completions/kimt
    Completions(CompletionsArguments),
    /// Write what the packages ship beside the program: man pages, completions, the guide
    #[command(hide = true)]
    Documents(DocumentsArguments),
    /// Share one migration among many machines
    ///
    /// The machines share a PostgreSQL database that holds what is to be done, sealed, and the record of what is copied. Each mailbox
    /// belongs to one process at a time; when a machine vanishes, another one continues its work.
    Fleet(FleetArguments),
}

#[derive(Debug, Args)]
pub(super) struct CompletionsArguments {
    /// The shell
    #[arg(value_name = "SHELL")]
    pub(super) shell: clap_complete::Shell,
}

#[derive(Debug, Args)]
pub(super) struct DocumentsArguments {
    /// The folder to write into
    #[arg(value_name = "DIR")]
    pub(super) folder: PathBuf,
}

#[derive(Debug, Args)]
pub(super) struct MigrationsArguments {
    /// The folder that holds the records (default: the user's data folder)
    #[arg(long, value_name = "DIR")]
    pub(super) state_dir: Option<PathBuf>,
    /// Print one JSON object per migration
    #[arg(long)]
    pub(super) json: bool,
}

/// The options of every run.
#[derive(Debug, Args)]
pub(super) struct TaskArguments {
    #[command(flatten)]
    pub(super) servers: ServersArguments,
    #[command(flatten)]
    pub(super) groupware: GroupwareArguments,
    #[command(flatten)]
    pub(super) selection: SelectionArguments,
    #[command(flatten)]
    pub(super) run: RunArguments,
}

#[derive(Debug, Args)]
pub(super) struct MigrateArguments {
    #[command(flatten)]
    pub(super) task: TaskArguments,
    #[command(flatten)]
    pub(super) copying: CopyingArguments,
}

#[derive(Debug, Args)]
pub(super) struct VerifyArguments {
    #[command(flatten)]
    pub(super) task: TaskArguments,
    /// What to compare: the content of every message, or only sizes
    #[arg(long, value_enum, value_name = "HOW", default_value_t = Thoroughness::Content, help_heading = "Comparison")]
    pub(super) verify: Thoroughness,
}

#[derive(Debug, Args)]
#[command(mut_arg("admin_url", |url| url.help(RESTORE_PORT_URL)))]
pub(super) struct RestorePortArguments {
    #[command(flatten)]
    pub(super) administrator: AdministratorArguments,
    /// Files with further certificate authorities (PEM)
    #[arg(long, value_name = "FILE")]
    pub(super) ca_file: Vec<PathBuf>,
    /// The folder that holds the note about the changed port (default: the user's data folder)
    #[arg(long, value_name = "DIR")]
    pub(super) state_dir: Option<PathBuf>,
    #[command(flatten)]
    pub(super) proxy: ProxyArguments,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Accounts and run")]
pub(super) struct RunArguments {
    /// The CSV, one account per line: user@domain.com;password;Full Name. '-' is standard input
    ///
    /// A header line may name the columns in any order: the address, the password, the full name (or first and last name), the name to
    /// sign in with on the source, the address on the target. Other columns are not used. The password may be empty if it is not
    /// needed. With --migration it may be left out: then the file that the migration remembers is read again. Where nobody signs in with
    /// a password of their own on either side, the accounts come from its record if there is no file.
    #[arg(long, value_name = "FILE")]
    pub(super) accounts: Option<PathBuf>,
    /// What the columns of the CSV hold, whatever its header says, such as: address,login,password,name,-
    ///
    /// The words are address, login, password, name, first-name, last-name, target (the address on the target), local-part and domain
    /// (where the address is in two columns), and - for a column that is not used.
    #[arg(long, value_name = "LIST", value_parser = Layout::parse)]
    pub(super) columns: Option<Layout>,
    /// Migrate only this account; may be repeated
    #[arg(long, value_name = "ADDRESS")]
    pub(super) only: Vec<String>,
    /// Agree that two lines of the CSV lead to one mailbox, on the source or on the target
    ///
    /// Without this, accounts that would share a mailbox are refused, because one person's mail would end up in the other's mailbox. With it, they
    /// are migrated one after another, and a message that several of them have is copied once.
    #[arg(long)]
    pub(super) allow_shared_mailboxes: bool,
    /// The name of the migration that this run belongs to (default: the last one between these servers)
    ///
    /// A new name begins a new migration. 'kimt migrations' lists them. With a name, the servers and how they are reached, --accounts,
    /// --groupware and the rules may be left out: those of the migration's last run are used. Passwords are never remembered.
    #[arg(long, value_name = "NAME")]
    pub(super) migration: Option<String>,
    /// Mailboxes at a time
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=i64::from(Settings::MOST_JOBS)))]
    pub(super) jobs: u32,
    /// The folder for the record of copied messages and the trusted certificates (default: the user's data folder)
    #[arg(long, value_name = "DIR")]
    pub(super) state_dir: Option<PathBuf>,
    /// A PostgreSQL database for the record of copied messages, so that several machines can share a migration
    ///
    /// A mailbox then belongs to one machine at a time; docs/fleet.md describes the set-up. The password comes from the environment
    /// variable PGPASSWORD or from a password file (PGPASSFILE), never from the address.
    #[arg(long, value_name = "postgres://USER@HOST/DATABASE")]
    pub(super) ledger: Option<String>,
    /// The folder below which this run's folder with its report and logs is made (default: KimtLogs)
    #[arg(long, value_name = "DIR")]
    pub(super) log_dir: Option<PathBuf>,
    /// A command to start when the run has ended or could not start; it runs without a shell
    ///
    /// Its environment has the outcome of the run: KIMT_VERDICT (all_complete, some_incomplete, stopped, could_not_start),
    /// KIMT_VERDICT_TEXT, KIMT_EXIT_STATUS, KIMT_RUN, KIMT_ACCOUNTS, KIMT_ACCOUNTS_COMPLETE, KIMT_REPORT and KIMT_REPORT_PAGE. Quotes
    /// keep spaces. Example: --notify '/usr/local/bin/page-me --to "night shift"'
    #[arg(long, value_name = "COMMAND", value_parser = super::notify::parse)]
    pub(super) notify: Option<String>,
    /// Print one JSON object per line, each with "event"; the last one sums up the run
    #[arg(long)]
    pub(super) json: bool,
    /// Print only errors (to standard error) and the result; with --json only the last line
    #[arg(long)]
    pub(super) quiet: bool,
}

#[derive(Debug, Args)]
pub(super) struct DemoArguments {
    /// How many sample mailboxes
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub(super) accounts: u32,
    /// How many sample messages altogether
    #[arg(long, value_name = "N", default_value_t = 3000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub(super) messages: u32,
    /// Delay every answer of both servers by this many milliseconds, as distance does
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u64).range(0..=10_000))]
    pub(super) rtt_ms: u64,
    /// Let things go wrong: dropped connections, a slow answer, a wrong password, a message that is too large
    ///
    /// The demo succeeds if nothing else is missing at the end.
    #[arg(long)]
    pub(super) faults: bool,
    /// Open the window, filled in for these servers
    #[arg(long)]
    pub(super) window: bool,
    /// Keep the sample CSV and the record of the migration in this folder (default: a temporary one)
    #[arg(long, value_name = "DIR")]
    pub(super) folder: Option<PathBuf>,
    /// The folder below which each run's folder with its report and logs is made (default: KimtLogs)
    #[arg(long, value_name = "DIR")]
    pub(super) log_dir: Option<PathBuf>,
}

/// How a verification compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Thoroughness {
    Content,
    Size,
}

impl From<Thoroughness> for Verify {
    fn from(thoroughness: Thoroughness) -> Self {
        match thoroughness {
            Thoroughness::Content => Verify::Content,
            Thoroughness::Size => Verify::Size,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_free_of_contradictions() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn the_help_of_restore_port_mentions_no_target() {
        let mut command = Arguments::command();
        let help = command.find_subcommand_mut("restore-port").unwrap().render_help().to_string();
        assert!(help.contains("the server whose port was changed") && !help.contains("target's host"), "{help}");
    }

    #[test]
    fn no_option_takes_a_password() {
        for command in Arguments::command().get_subcommands() {
            for argument in command.get_arguments() {
                let name = argument.get_id().as_str();
                assert!(!name.ends_with("password"), "{name}");
            }
        }
    }
}
