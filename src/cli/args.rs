//! The command line as typed: commands, options and their help, by clap.
//!
//! Promises that nothing secret can be an argument, and that every option is explained in plain words. Leaves to `request` what
//! needs more than one option or a file to judge.

use super::connections::{ConnectionArguments, ProxyArguments};
use super::selection::SelectionArguments;
use super::sign_in::{SourceSignInArguments, TargetSignInArguments};
use crate::domain::{Fingerprint, Security, ServerAddress};
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
    0  every account is complete: each message of the source stands on the target
    1  it ran to the end, and a message, folder or account is not complete,
       or a line of the CSV was bad; the report names each
    2  bad usage, or a CSV in which no line can be used
    3  it could not start: a server not reached, not trusted or refusing the administrator,
       or another instance is running
    4  (verify) source and target differ
  130  stopped by the user; messages in flight are settled, ports put back, the report written

'kimt <command> --help' explains a command and all its options.";

const MIGRATE_EXAMPLES: &str = "\
Examples:
  All accounts of a file into Kerio Connect; the administrator's password is asked for:
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
The first Ctrl+C stops gently, a second one cuts the connections; both put Kerio Connect's
port back.";

/// What stands for the administration's address where no target is given.
const RESTORE_PORT_URL: &str =
    "Kerio Connect's administration (default: the server whose port was changed, at the port of that time)";

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
/// Without a command the window opens. The commands do the same with the same engine: messages are copied byte for byte with flags,
/// dates and folders; the source is only read; a second run copies only what is missing, and nothing twice.
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
    /// between them, verifies every message and prints the result. Nothing leaves the computer. Ends with exit status 0 when
    /// every message has arrived exactly once and as it was.
    Demo(DemoArguments),
    /// Sign in on both sides and count; change nothing
    ///
    /// Connects to both servers, signs in to every account on the source, reads counts and sizes, and looks up how each account
    /// stands on the target. Changes nothing anywhere.
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
    /// Reads every message of both sides and names what the source has and the target has not. Ends with exit status 4 when there is
    /// such a message. Changes nothing anywhere.
    #[command(after_help = VERIFY_EXAMPLES)]
    Verify(VerifyArguments),
    /// Put Kerio Connect's IMAP port back after a run that was cut off
    ///
    /// A migration with a port in --target changes the port of Kerio Connect's IMAP service and puts it back at its end. When it was
    /// cut off before (power, crash), this puts it back; so does the next 'kimt migrate'.
    RestorePort(RestorePortArguments),
}

/// What a run is asked for, whatever it does.
#[derive(Debug, Args)]
pub(super) struct TaskArguments {
    #[command(flatten)]
    pub(super) servers: ServersArguments,
    #[command(flatten)]
    pub(super) selection: SelectionArguments,
    #[command(flatten)]
    pub(super) run: RunArguments,
}

#[derive(Debug, Args)]
pub(super) struct MigrateArguments {
    #[command(flatten)]
    pub(super) task: TaskArguments,
    /// How what arrived is compared with what was sent: read back and compared, sizes only, or not at all
    #[arg(long, value_enum, value_name = "HOW", default_value_t = Comparison::Content, help_heading = "Migration")]
    pub(super) verify: Comparison,
    /// Copy again what an earlier run copied and is not on the target any more
    #[arg(long, help_heading = "Migration")]
    pub(super) repair: bool,
}

#[derive(Debug, Args)]
pub(super) struct VerifyArguments {
    #[command(flatten)]
    pub(super) task: TaskArguments,
    /// What is compared: every message's content, or only the sizes
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
    /// The folder with the note of the changed port (default: the user's data folder)
    #[arg(long, value_name = "DIR")]
    pub(super) state_dir: Option<PathBuf>,
    #[command(flatten)]
    pub(super) proxy: ProxyArguments,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Servers")]
pub(super) struct ServersArguments {
    /// The IMAP server the mail is read from
    #[arg(long, value_name = "HOST[:PORT]", value_parser = ServerAddress::parse)]
    pub(super) source: ServerAddress,
    /// How the connection to the source is protected: tls (port 993), starttls or plain (port 143)
    ///
    /// STARTTLS never falls back to clear text. 'plain' to another computer needs --allow-cleartext-passwords.
    #[arg(long, value_enum, value_name = "HOW", default_value_t = Protection::Tls)]
    pub(super) source_security: Protection,
    /// Trust exactly this certificate of the source (SHA-256) where the usual check fails; colons and case do not matter
    #[arg(long, value_name = "SHA256HEX", value_parser = Fingerprint::parse)]
    pub(super) source_fingerprint: Option<Fingerprint>,
    /// The server the mail is written to
    ///
    /// With --target-kind kerio a PORT means: set Kerio Connect's IMAP service (with tls: the Secure IMAP service) to this port before
    /// the migration, and back afterwards.
    #[arg(long, value_name = "HOST[:PORT]", value_parser = ServerAddress::parse)]
    pub(super) target: ServerAddress,
    /// How the connection to the target is protected: tls (port 993), starttls or plain (port 143)
    #[arg(long, value_enum, value_name = "HOW", default_value_t = Protection::Tls)]
    pub(super) target_security: Protection,
    /// Trust exactly this certificate of the target (SHA-256) where the usual check fails
    #[arg(long, value_name = "SHA256HEX", value_parser = Fingerprint::parse)]
    pub(super) target_fingerprint: Option<Fingerprint>,
    /// What the target is: Kerio Connect, or any IMAP server whose accounts exist already
    #[arg(long, value_enum, value_name = "KIND", default_value_t = Kind::Kerio)]
    pub(super) target_kind: Kind,
    #[command(flatten)]
    pub(super) source_sign_in: SourceSignInArguments,
    #[command(flatten)]
    pub(super) target_sign_in: TargetSignInArguments,
    #[command(flatten)]
    pub(super) administrator: AdministratorArguments,
    /// A file with further certificate authorities (PEM); may be repeated
    #[arg(long, value_name = "FILE")]
    pub(super) ca_file: Vec<PathBuf>,
    /// Agree that passwords cross the network in clear text ('plain' to another computer)
    #[arg(long)]
    pub(super) allow_cleartext_passwords: bool,
    #[command(flatten)]
    pub(super) connections: ConnectionArguments,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Servers")]
pub(super) struct AdministratorArguments {
    /// Kerio Connect's administration (default: the target's host, port 4040)
    #[arg(long, value_name = "https://HOST[:PORT]")]
    pub(super) admin_url: Option<String>,
    /// Kerio Connect's administrator; outside the primary domain user@domain
    ///
    /// The password comes from the environment variable KIMT_ADMIN_PASSWORD or --admin-password-file, or is asked for on a terminal.
    #[arg(long, value_name = "NAME")]
    pub(super) admin_user: Option<String>,
    /// A file whose first line is the administrator's password; comes before KIMT_ADMIN_PASSWORD
    #[arg(long, value_name = "FILE")]
    pub(super) admin_password_file: Option<PathBuf>,
    /// Trust exactly this certificate of the administration (SHA-256) where the usual check fails
    ///
    /// Not needed where it shows the certificate that is given for another server on the same host.
    #[arg(long, value_name = "SHA256HEX", value_parser = Fingerprint::parse)]
    pub(super) admin_fingerprint: Option<Fingerprint>,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Accounts and run")]
pub(super) struct RunArguments {
    /// The CSV, a line an account: user@domain.com;password;Full Name. '-' is standard input
    ///
    /// When its header line names more columns, the fourth is the name to sign in with on the source, the fifth the address on the
    /// target. The password may be empty where it is not needed.
    #[arg(long, value_name = "FILE")]
    pub(super) accounts: PathBuf,
    /// Only this account; may be repeated
    #[arg(long, value_name = "ADDRESS")]
    pub(super) only: Vec<String>,
    /// Mailboxes at a time
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=i64::from(Settings::MOST_JOBS)))]
    pub(super) jobs: u32,
    /// The folder of the record of what is on the target, and of trusted certificates (default: the user's data folder)
    #[arg(long, value_name = "DIR")]
    pub(super) state_dir: Option<PathBuf>,
    /// The folder in which a folder for this run's report and logs is made (default: KimtLogs)
    #[arg(long, value_name = "DIR")]
    pub(super) log_dir: Option<PathBuf>,
    /// Print one JSON object a line, each with "event"; the last one sums the run up
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
    /// How many sample messages in all of them
    #[arg(long, value_name = "N", default_value_t = 3000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub(super) messages: u32,
    /// Delay every answer of both servers by so many milliseconds, as a great distance does
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u64).range(0..=10_000))]
    pub(super) rtt_ms: u64,
    /// Let things go wrong: dropped connections, a slow answer, a wrong password, a message that is too large
    ///
    /// The demo succeeds when nothing else is missing in the end.
    #[arg(long)]
    pub(super) faults: bool,
    /// Open the window, filled in for these servers
    #[arg(long)]
    pub(super) window: bool,
    /// Keep the sample CSV and the record of the migration in this folder (default: a temporary one)
    #[arg(long, value_name = "DIR")]
    pub(super) folder: Option<PathBuf>,
    /// The folder in which a folder for the report and logs of each run is made (default: KimtLogs)
    #[arg(long, value_name = "DIR")]
    pub(super) log_dir: Option<PathBuf>,
}

/// How a line is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Protection {
    Tls,
    #[value(name = "starttls")]
    StartTls,
    Plain,
}

impl From<Protection> for Security {
    fn from(protection: Protection) -> Self {
        match protection {
            Protection::Tls => Security::Tls,
            Protection::StartTls => Security::StartTls,
            Protection::Plain => Security::Plain,
        }
    }
}

/// What the target is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Kind {
    Kerio,
    Imap,
}

/// How a migration compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Comparison {
    Content,
    Size,
    None,
}

impl From<Comparison> for Verify {
    fn from(comparison: Comparison) -> Self {
        match comparison {
            Comparison::Content => Verify::Content,
            Comparison::Size => Verify::Size,
            Comparison::None => Verify::None,
        }
    }
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
    fn the_help_of_restore_port_speaks_of_no_target() {
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
