//! Runs of the program's engine between servers of a test.

use super::dovecot::Dovecot;
use kimt::domain::{Account, Address, Secret, Security, ServerAddress};
use kimt::migrate::{ConnectionLimits, MailServer, Options, Request, Run, Servers, SignInWay, TargetKind, Verify};
use kimt::progress::{RunKind, RunState};
use std::path::PathBuf;

/// Where a server of a test is reached.
#[derive(Debug, Clone)]
pub struct Place {
    pub port: u16,
    pub security: Security,
    /// The certificate authority to trust, PEM.
    pub authority: Option<String>,
}

impl Place {
    pub fn plain(port: u16) -> Self {
        Self { port, security: Security::Plain, authority: None }
    }

    /// The port of a Dovecot that serves this protection.
    pub fn of(dovecot: &Dovecot, security: Security) -> Self {
        let port = if security == Security::Tls { dovecot.tls_port } else { dovecot.port };
        Self { port, security, authority: Some(dovecot.certificate.authority.clone()) }
    }
}

/// A migration that can be run again and again with the same ledger.
pub struct Migration {
    pub source: Place,
    pub target: Place,
    pub accounts: Vec<(String, String)>,
    pub jobs: u32,
    pub verify: Verify,
    /// Bytes a second from the source, where a run is to take its time.
    pub max_rate: Option<u64>,
    /// The fewest bytes for which a second connection to the target is used.
    pub second_connection_from: u64,
    /// Whether users are made on the target first.
    pub kind: TargetKind,
    /// How people are signed in on the source and on the target.
    pub sign_in: [SignInWay; 2],
    folder: tempfile::TempDir,
}

impl Migration {
    pub fn new(source: Place, target: Place, accounts: &[(&str, &str)]) -> Self {
        let accounts = accounts.iter().map(|(name, password)| ((*name).to_owned(), (*password).to_owned())).collect();
        Self {
            source,
            target,
            accounts,
            jobs: 4,
            verify: Verify::Content,
            max_rate: None,
            second_connection_from: 16 << 20,
            kind: TargetKind::Imap,
            sign_in: Default::default(),
            folder: tempfile::tempdir().unwrap(),
        }
    }

    /// Runs to the end.
    pub fn run(&self) -> RunState {
        self.start().wait()
    }

    /// Starts and returns at once.
    pub fn start(&self) -> Run {
        log_to_file();
        kimt::migrate::start(self.request(RunKind::Migrate), self.made("log"), Box::new(|_: &_, _: &_| {})).unwrap()
    }

    /// Compares source and target with the engine's own verification.
    pub fn verify(&self) -> RunState {
        kimt::migrate::start(self.request(RunKind::Verify), self.made("log"), Box::new(|_: &_, _: &_| {}))
            .unwrap()
            .wait()
    }

    fn request(&self, kind: RunKind) -> Request {
        let address = |place: &Place| ServerAddress { host: "localhost".to_owned(), port: Some(place.port) };
        let accounts = self.accounts.iter().enumerate().map(|(index, (name, password))| {
            Account::new(index as u32 + 1, Address::parse(name).unwrap(), Secret::new(password.clone()))
        });
        Request::of(
            kind,
            Servers {
                authority_files: self.authority_files(),
                ..Servers::between(
                    MailServer {
                        sign_in: self.sign_in[0].clone(),
                        connections: ConnectionLimits { max_rate: self.max_rate, ..ConnectionLimits::default() },
                        ..MailServer::at(address(&self.source), self.source.security)
                    },
                    MailServer {
                        sign_in: self.sign_in[1].clone(),
                        ..MailServer::at(address(&self.target), self.target.security)
                    },
                    self.kind.clone(),
                )
            },
            accounts.collect(),
            Options {
                jobs: self.jobs,
                verify: self.verify,
                second_connection_from: self.second_connection_from,
                ..Options::in_folder(self.made("state"))
            },
        )
    }

    fn authority_files(&self) -> Vec<PathBuf> {
        let authorities = [&self.source, &self.target].into_iter().filter_map(|place| place.authority.as_ref());
        let write = |(number, authority): (usize, &String)| {
            let file = self.folder.path().join(format!("authority-{number}.pem"));
            std::fs::write(&file, authority).unwrap();
            file
        };
        authorities.enumerate().map(write).collect()
    }

    fn made(&self, name: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::create_dir_all(&path).unwrap();
        path
    }
}

/// Writes what the engine logs into the file that KIMT_TEST_LOG names, if it does: for whoever looks for a fault.
fn log_to_file() {
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| {
        if let Some(path) = std::env::var_os("KIMT_TEST_LOG") {
            let file = std::fs::File::create(path).unwrap();
            let _ = simplelog::WriteLogger::init(log::LevelFilter::Debug, simplelog::Config::default(), file);
        }
    });
}

/// Every problem of a run as text, for assertions and their messages.
pub fn problems(state: &RunState) -> Vec<String> {
    let of_accounts = state.accounts.iter().flat_map(|account| account.problems.iter().map(|(_, problem)| problem));
    state.problems.iter().chain(of_accounts).map(|problem| format!("{problem:?}")).collect()
}
