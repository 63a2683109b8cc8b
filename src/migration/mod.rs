//! A migration: the moving of some people from one server to another, over as many runs as it takes.
//!
//! It is a named, durable record beside the ledger: the two servers, the rules, the accounts with the stage each has reached over all runs,
//! and the runs. The ledger knows every message; this record knows what to report to a person, and what to offer at the next start.
//!
//! - It never holds a password: of the list of accounts it keeps the file's path and who each account is.
//! - It is written whole or not at all, and only this user can read it.
//! - A record that was damaged is an error: the next run that would write renames it to `….unusable` and says so. A run that names the
//!   migration does not start, because its rules would be others than before.
//! - Where it is kept is behind [`Migrations`], so that a database can hold it.

mod files;
mod keeper;
mod settings;

pub use files::{Damaged, Files};
pub use keeper::Keeper;
pub use settings::{AdministrationSettings, GroupwareSettings, ServerSettings, SideSettings};

use crate::domain::{Account, AccountNames, Problem, Security, ServerAddress};
use crate::progress::{AccountStage, RunKind, Stages};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;

/// A migration keeps at most this many runs; the oldest go first.
const MOST_RUNS: usize = 1000;

/// A migration over all of its runs.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Migration {
    /// Its name, unique in its store.
    pub name: String,
    /// The source, as typed.
    pub source: String,
    /// The target, as typed.
    pub target: String,
    /// The file that the accounts were last read from.
    pub accounts_file: Option<PathBuf>,
    /// How the last run that copied reached the servers; none before there was one.
    pub settings: Option<ServerSettings>,
    /// What the last run that copied left out or renamed, as lines of rules; none before there was one.
    pub rules: Option<String>,
    /// The accounts by the key of their address ([`crate::domain::Address::key`]).
    pub accounts: BTreeMap<String, AccountRecord>,
    /// The runs, oldest first.
    pub runs: Vec<RunRecord>,
}

/// An account over all runs.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct AccountRecord {
    /// Its address on the source.
    pub address: String,
    /// Who it is on both servers; none in the record of an earlier version.
    pub names: Option<AccountNames>,
    /// The stage it has reached.
    pub stage: AccountStage,
    /// When it reached that stage: local time, RFC 3339; empty before the first run.
    pub since: String,
    /// When it was last complete.
    pub completed: Option<String>,
    /// When it was last compared by `verify` and equal.
    pub verified: Option<String>,
    /// Why it needs attention.
    pub problem: Option<Problem>,
}

/// One run of a migration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunRecord {
    /// What it did.
    pub kind: RunKind,
    /// When it started: local time, RFC 3339.
    pub started: String,
    /// When it ended; none if it was cut off, or is still running.
    pub ended: Option<String>,
    /// Whether the user stopped it.
    #[serde(default)]
    pub stopped: bool,
    /// How many accounts it worked on.
    pub accounts: u32,
    /// How many of them were complete at its end.
    pub complete: u32,
    /// Where its report is.
    pub log_folder: PathBuf,
}

/// Where migrations are kept.
pub trait Migrations: Send {
    /// All of them, the most recently used first.
    fn all(&self) -> io::Result<Vec<Migration>>;

    /// Keeps a migration in place of the one of its name.
    fn keep(&self, migration: &Migration) -> io::Result<()>;
}

impl Migration {
    /// The migration of this name; without a name, the last one between these servers, or a new one.
    ///
    /// The error says that the name belongs to a migration between other servers.
    pub fn find(
        store: &dyn Migrations,
        name: Option<&str>,
        (source, target): (&str, &str),
    ) -> Result<Self, WrongServers> {
        let all = store.all().unwrap_or_else(|error| {
            log::warn!("the records of migrations cannot be read: {error}");
            Vec::new()
        });
        let found = match name {
            Some(name) => all.iter().find(|it| it.name == name),
            None => Self::last_between(&all, (source, target)),
        };
        match found {
            Some(found) if found.is_between(source, target) => Ok(found.clone()),
            Some(found) => Err(WrongServers { source: found.source.clone(), target: found.target.clone() }),
            None => {
                let usual = format!("{source} to {target}");
                let mut names = (1..).map(|n| if n == 1 { usual.clone() } else { format!("{usual} ({n})") });
                let free = names.find(|name| all.iter().all(|it| it.name != *name)).unwrap_or(usual.clone());
                let name = name.map_or(free, str::to_owned);
                Ok(Self { name, source: source.to_owned(), target: target.to_owned(), ..Self::default() })
            }
        }
    }

    /// The first of these between the servers as typed; one that was typed in exactly this way comes first.
    pub fn last_between<'a>(all: &'a [Self], (source, target): (&str, &str)) -> Option<&'a Self> {
        let in_this_way = |it: &&Self| it.source.eq_ignore_ascii_case(source) && it.target.eq_ignore_ascii_case(target);
        all.iter().find(in_this_way).or_else(|| all.iter().find(|it| it.is_between(source, target)))
    }

    /// Whether these, as typed, are its servers. A source without a port is the one at the usual ports; a target without a port is the one
    /// at any, because with Kerio Connect the port belongs to the migration and not to the server.
    pub fn is_between(&self, source: &str, target: &str) -> bool {
        let usual = |port: u16| [Security::Tls, Security::StartTls].iter().any(|it| it.default_port() == port);
        is_same(&self.source, source, &usual) && is_same(&self.target, target, &|_| true)
    }

    /// Its accounts by stage.
    pub fn stages(&self) -> Stages {
        let mut stages = Stages::default();
        self.accounts.values().for_each(|account| stages.add(account.stage));
        stages
    }

    /// A sentence saying that these rules differ from the last run's; none if they do not, or there was no run.
    pub fn changed_rules(&self, rules: &str) -> Option<String> {
        let before = self.rules.as_deref().filter(|before| *before != rules)?;
        let said = |rules: &str| match rules.lines().collect::<Vec<_>>() {
            lines if lines.is_empty() => "none".to_owned(),
            lines => lines.join("; "),
        };
        Some(format!(
            "The rules have changed since the last run. Then: {}. Now: {}. What was copied before stays on the target.",
            said(before),
            said(rules)
        ))
    }

    /// Whether something is left to do.
    pub fn is_open(&self) -> bool {
        self.stages().complete < self.stages().all()
    }

    /// When it was last worked on: local time, RFC 3339; empty if never.
    pub fn last(&self) -> &str {
        self.runs.last().map_or("", |run| run.ended.as_deref().unwrap_or(&run.started))
    }

    /// Its accounts, for servers where nobody signs in with their own password, which the record does not hold. None if it has no account,
    /// or does not know for each where it signs in and goes.
    pub fn recorded_accounts(&self) -> Option<Vec<Account>> {
        let names = self.accounts.values().map(|account| account.names.clone()).collect::<Option<Vec<_>>>()?;
        let accounts = (1..).zip(names).map(|(line, names)| names.without_password(line)).collect::<Vec<_>>();
        Some(accounts).filter(|accounts| !accounts.is_empty())
    }

    /// Takes in the accounts of the whole list. Those that only an earlier state of the same file named, and that nothing was done for,
    /// were corrected there and are dropped.
    pub fn take_list(&mut self, file: Option<PathBuf>, listed: impl IntoIterator<Item = AccountNames>) {
        let listed: BTreeMap<String, AccountNames> =
            listed.into_iter().map(|names| (names.address.key(), names)).collect();
        if file.is_some() && file == self.accounts_file {
            let was_begun = |it: &AccountRecord| it.completed.is_some() || it.stage == AccountStage::Begun;
            self.accounts.retain(|key, account| listed.contains_key(key) || was_begun(account));
        }
        for (key, names) in listed {
            let record = self.accounts.entry(key).or_default();
            record.address = names.address.to_string();
            record.names = Some(names);
        }
        self.accounts_file = file.or(self.accounts_file.take());
    }
}

/// Whether two addresses as typed are one server; `left_out` says which port one of them may omit.
fn is_same(one: &str, other: &str, left_out: &dyn Fn(u16) -> bool) -> bool {
    let (Ok(a), Ok(b)) = (ServerAddress::parse(one), ServerAddress::parse(other)) else {
        return one.eq_ignore_ascii_case(other);
    };
    let same_port = match (a.port, b.port) {
        (Some(port), None) | (None, Some(port)) => left_out(port),
        (one, other) => one == other,
    };
    a.host.eq_ignore_ascii_case(&b.host) && same_port
}

/// A name belongs to a migration between other servers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrongServers {
    /// The source of that migration.
    pub source: String,
    /// Its target.
    pub target: String,
}

#[cfg(test)]
mod tests;
