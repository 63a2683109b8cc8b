//! Sign-in without people's passwords: whole migrations with master users, Kerio Connect's master password and tokens.

#![allow(clippy::unwrap_used, clippy::expect_used)]

#[cfg(unix)]
mod command_line;
#[cfg(target_os = "linux")]
mod documented;
mod front;
mod kerio;
mod masters;
mod offered;
mod refused;
#[cfg(unix)]
mod tokens;

use kimt::domain::{Account, Address, Problem, Secret, Security, ServerAddress};
use kimt::migrate::{MailServer, Options, Patience, Request, Servers, SignInWay, TargetKind};
use kimt::progress::{RunKind, RunState, Stamped, Verdict};
use kimt::rehearsal::{ImapOptions, ImapServer, ImapService, Layout, MailService, MailStore, Profile};
use std::path::Path;
use std::time::{Duration, Instant};

const ANN: &str = "ann@example.com";

/// A server with these mailboxes, whose names all have this password, and its port without encryption.
fn server(names: &[&str], password: &str, options: ImapOptions) -> (ImapServer, u16) {
    let layout = if options.kerio.is_some() { Layout::KERIO } else { Layout::SLASH };
    let store = MailStore::new(layout);
    for name in names {
        store.create_user(&[name], password).unwrap();
    }
    let server = ImapServer::start(store, options).unwrap();
    let port = server.listen(ImapService::Imap, 0).unwrap();
    (server, port)
}

fn usual() -> ImapOptions {
    ImapOptions::new(Profile::Typical)
}

fn here(port: u16) -> ServerAddress {
    ServerAddress { host: "127.0.0.1".to_owned(), port: Some(port) }
}

fn source(port: u16, sign_in: SignInWay) -> MailServer {
    MailServer { sign_in, ..MailServer::at(here(port), Security::Plain) }
}

type Target = (MailServer, TargetKind);

fn target(port: u16, sign_in: SignInWay) -> Target {
    (MailServer { sign_in, ..MailServer::at(here(port), Security::Plain) }, TargetKind::Imap)
}

fn servers(source: MailServer, (target, kind): Target) -> Servers {
    Servers::between(source, target, kind)
}

fn account(address: &str, password: &str) -> Account {
    Account::new(1, Address::parse(address).unwrap(), Secret::new(password))
}

fn run(kind: RunKind, source: MailServer, target: Target, accounts: Vec<Account>) -> RunState {
    let folder = tempfile::tempdir().unwrap();
    run_in(folder.path(), kind, source, target, accounts)
}

fn run_in(folder: &Path, kind: RunKind, source: MailServer, target: Target, accounts: Vec<Account>) -> RunState {
    std::fs::create_dir_all(folder.join("logs")).unwrap();
    let request = Request::of(
        kind,
        servers(source, target),
        accounts,
        Options {
            jobs: 1,
            patience: Patience { quiet: Duration::from_millis(10), ..Patience::default() },
            ..Options::in_folder(folder.join("state"))
        },
    );
    let run = kimt::migrate::start(request, folder.join("logs"), Box::new(|_: &Stamped, _: &RunState| {})).unwrap();
    let started = Instant::now();
    while !run.is_finished() {
        // A server that has blocked us is waited for much longer.
        assert!(started.elapsed() < Duration::from_secs(100), "{:?}", run.state().lock().unwrap());
        std::thread::sleep(Duration::from_millis(5));
    }
    run.wait()
}

fn assert_complete(state: &RunState) {
    let problems: Vec<_> = state.accounts.iter().map(|account| &account.problems).collect();
    assert_eq!(state.verdict(), Verdict::AllComplete, "{:?} {problems:?}", state.problems);
}

/// The only problem of the only account.
fn problem(state: &RunState) -> Problem {
    let problems = &state.accounts[0].problems;
    assert_eq!(problems.len(), 1, "{problems:?}");
    problems[0].1.clone()
}
