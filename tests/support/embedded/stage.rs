//! Two embedded servers, a computer to migrate from, and what must hold when a run is over.
//!
//! A test
//! 1. makes a [`Stage`], with Kerio Connect's administration before the target or without;
//! 2. fills and changes the stores of its two [`End`]s;
//! 3. runs, once or several times, and compares the stores, which share no code with the engine.

use super::between::{Between, Tamper};
use kimt::domain::{Account, Address, ProblemKind, Secret, Security, ServerAddress};
use kimt::migrate::{
    AdministrationServer, Limits, MailServer, Observer, Options, Patience, Request, Run, Servers, TargetKind, Verify,
};
use kimt::progress::{Event, RunKind, RunState, Stamped, Verdict};
use kimt::rehearsal::administration::{AdministrationStandIn, StandInOptions};
use kimt::rehearsal::{
    Content, ImapOptions, ImapServer, ImapService, Layout, MailService, MailStore, NewMessage, Profile,
    ServerCertificate, Snapshot,
};
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

pub const ANN: &str = "ann@example.com";
pub const BEN: &str = "ben@example.com";
/// Everybody's password on both servers; good enough for any rule.
pub const PASSWORD: &str = "Correct-Horse-9";
pub const LOOPBACK: &str = "127.0.0.1";

/// A server, and how it is reached.
pub struct End {
    pub server: Arc<ImapServer>,
    pub security: Security,
    /// As the user names it.
    pub host: String,
    /// As the user names it; none where the administration knows it.
    pub port: Option<u16>,
}

impl End {
    /// With the mail in `store`, on a port of its own.
    pub fn start(store: Arc<MailStore>, options: ImapOptions, security: Security) -> Self {
        let server = Arc::new(ImapServer::start(store, options).unwrap());
        let service = if security == Security::Tls { ImapService::SecureImap } else { ImapService::Imap };
        let port = Some(server.listen(service, 0).unwrap());
        Self { server, security, host: LOOPBACK.to_owned(), port }
    }

    pub fn store(&self) -> &MailStore {
        self.server.store()
    }

    /// All mail of [`ANN`].
    pub fn mail(&self) -> Snapshot {
        self.store().snapshot(ANN).unwrap()
    }

    /// Puts an intruder between the engine and this server.
    pub fn tamper(&mut self, tamper: Tamper) {
        // The intruder reads along; on a busy machine a near connection may seem far, and would be compressed.
        let mut options = self.server.options();
        options.without.push("COMPRESS=DEFLATE");
        self.server.set_options(options);
        let service = if self.security == Security::Tls { ImapService::SecureImap } else { ImapService::Imap };
        self.port = Some(Between::start(self.server.listen(service, 0).unwrap(), tamper).port);
    }

    fn as_named(&self) -> MailServer {
        let address = ServerAddress { host: self.host.clone(), port: self.port };
        MailServer { fingerprint: Some(self.server.fingerprint()), ..MailServer::at(address, self.security) }
    }
}

/// A store in which [`ANN`] and [`BEN`] have mailboxes.
pub fn store(layout: Layout) -> Arc<MailStore> {
    let store = MailStore::new(layout);
    for user in [ANN, BEN] {
        store.create_user(&[user], PASSWORD).unwrap();
    }
    store
}

/// Both servers and a computer to migrate from.
pub struct Stage {
    pub source: End,
    pub target: End,
    /// The administration of a target that is Kerio Connect.
    pub administration: Option<AdministrationStandIn>,
    /// The computer's disk; a run keeps its `state` and its `logs` there.
    pub folder: tempfile::TempDir,
    pub users: Vec<&'static str>,
    pub jobs: u32,
    pub patience: Patience,
    /// Presses *Try now* all the time.
    pub hurried: bool,
    pub repair: bool,
    pub follow_deletions: bool,
    pub verify: Verify,
    /// What all runs reported.
    pub events: Arc<Mutex<Vec<Event>>>,
}

impl Stage {
    pub fn between(source: Profile, target: Profile) -> Self {
        Self::with(ImapOptions::new(source), ImapOptions::new(target))
    }

    pub fn with(source: ImapOptions, target: ImapOptions) -> Self {
        let end = |options| End::start(store(Layout::SLASH), options, Security::Plain);
        Self::of(end(source), end(target))
    }

    pub fn of(source: End, target: End) -> Self {
        Self {
            source,
            target,
            administration: None,
            folder: scratch(),
            users: vec![ANN],
            jobs: 2,
            patience: Patience {
                limits: Limits { connect: Duration::from_secs(5), ..Limits::default() },
                quiet: Duration::from_millis(50),
                alone: Duration::from_secs(1),
            },
            hurried: true,
            repair: false,
            follow_deletions: false,
            verify: Verify::Content,
            events: Arc::default(),
        }
    }

    /// Kerio Connect as the target: it has none of these users, who have twenty messages each on the source.
    pub fn kerio(users: &[&'static str]) -> Self {
        let mail = MailStore::new(Layout::SLASH);
        for (user, number) in users.iter().zip(0..) {
            mail.create_user(&[user], PASSWORD).unwrap();
            mail.add_generated(user, "INBOX", 20, 2_000, number * 100).unwrap();
        }
        let source = End::start(mail, ImapOptions::new(Profile::Typical), Security::StartTls);
        let options = ImapOptions::kerio(Profile::Typical);
        let server = Arc::new(ImapServer::start(MailStore::new(Layout::KERIO), options).unwrap());
        let certificate = Arc::new(ServerCertificate::generate().unwrap());
        let options = StandInOptions { certificate, ..StandInOptions::usual().unwrap() };
        let administration = AdministrationStandIn::start(server.clone(), options).unwrap();
        let target = End { server, security: Security::StartTls, host: LOOPBACK.to_owned(), port: None };
        // Whoever hurries tries a new user without success until the tries are used up.
        let (users, hurried) = (users.to_vec(), false);
        Self { administration: Some(administration), users, hurried, ..Self::of(source, target) }
    }

    /// Gives the source's INBOX `count` generated messages.
    pub fn fill(self, messages: u32) -> Self {
        self.source.store().add_generated(ANN, "INBOX", messages, 600, 1).unwrap();
        self
    }

    pub fn administration(&self) -> &AdministrationStandIn {
        self.administration.as_ref().unwrap()
    }

    /// The servers as the user names them.
    pub fn servers(&self) -> Servers {
        let kind = self.administration.as_ref().map_or(TargetKind::Imap, |administration| {
            TargetKind::Kerio(AdministrationServer {
                address: ServerAddress { host: self.target.host.clone(), port: Some(administration.port()) },
                user: "admin".to_owned(),
                password: Secret::new("administrator"),
                fingerprint: Some(administration.fingerprint()),
            })
        });
        Servers::between(self.source.as_named(), self.target.as_named(), kind)
    }

    /// What is asked for on the computer whose files are in `folder`.
    pub fn request(&self, kind: RunKind, folder: &Path) -> Request {
        let options = Options {
            jobs: self.jobs,
            verify: self.verify,
            repair: self.repair,
            follow_deletions: self.follow_deletions,
            patience: self.patience,
            // An intruder looks at one connection.
            second_connection_from: u64::MAX,
            ..Options::in_folder(folder.join("state"))
        };
        migration(kind, self.servers(), &self.users, options)
    }

    pub fn migrate(&self) -> RunState {
        self.run(RunKind::Migrate)
    }

    pub fn run(&self, kind: RunKind) -> RunState {
        self.run_in(kind, self.folder.path())
    }

    /// Runs to the end on the computer whose files are in `folder`.
    pub fn run_in(&self, kind: RunKind, folder: &Path) -> RunState {
        self.finish(self.request(kind, folder))
    }

    /// Migrates to the end on a computer that knows nothing of earlier runs.
    pub fn migrate_afresh(&self) -> RunState {
        self.run_in(RunKind::Migrate, scratch().path())
    }

    /// Runs to the end, or fails when that takes a minute.
    pub fn finish(&self, request: Request) -> RunState {
        let events = self.events.clone();
        let note = move |event: &Stamped, _: &RunState| events.lock().unwrap().push(event.event.clone());
        let run = start(request, Box::new(note));
        let started = Instant::now();
        while !run.is_finished() {
            assert!(started.elapsed() < Duration::from_secs(60), "it hangs: {:?}", run.state().lock().unwrap());
            if self.hurried {
                run.try_now();
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        run.wait()
    }

    /// Everything arrived exactly once, and the source is as it was.
    pub fn assert_complete(&self, state: &RunState) {
        assert_eq!(state.verdict(), Verdict::AllComplete, "{:#?} {:#?}", state.problems, problems(state));
        for user in &self.users {
            let there = self.source.store().snapshot(user).unwrap();
            let here = self.target.store().snapshot(user).unwrap();
            for (name, there) in &there.folders {
                let here = here.folders.get(name).map(|folder| folder.contents());
                assert!(here.as_ref() == Some(&there.contents()), "{}: {here:?}", String::from_utf8_lossy(name));
            }
            assert_eq!(here.messages(), there.messages());
            assert_eq!(self.source.store().changes_seen(user).unwrap(), [""; 0]);
        }
    }

    /// Everything but these messages of the source's INBOX arrived exactly once, and the problems are these.
    pub fn assert_but(&self, state: &RunState, missing: &[u32], expected: &[ProblemKind]) {
        assert_eq!(state.verdict(), Verdict::SomeIncomplete, "{:#?} {:#?}", state.problems, problems(state));
        assert_eq!(kinds(state), expected.iter().copied().collect(), "{:#?}", problems(state));
        let mut there = self.source.mail().folder("INBOX").unwrap().clone();
        there.messages.retain(|message| !missing.contains(&message.uid));
        let here = self.target.mail().folder("INBOX").unwrap().contents();
        assert!(here == there.contents(), "{} of {} arrived", here.len(), there.messages.len());
    }
}

/// What is asked for these users, who have one password everywhere.
pub fn migration(kind: RunKind, servers: Servers, users: &[&str], options: Options) -> Request {
    let account = |(user, line): (&&str, _)| Account {
        full_name: "Ann Example".to_owned(),
        ..Account::new(line, Address::parse(user).unwrap(), Secret::new(PASSWORD))
    };
    Request::of(kind, servers, users.iter().zip(1..).map(account).collect(), options)
}

/// The problems of all accounts, as a person reads them.
pub fn problems(state: &RunState) -> Vec<String> {
    let of_accounts = state.accounts.iter().flat_map(|account| &account.problems);
    of_accounts.map(|(_, problem)| format!("{:?}: {}", problem.kind, problem.sentence())).collect()
}

pub fn kinds(state: &RunState) -> BTreeSet<ProblemKind> {
    state.accounts.iter().flat_map(|account| account.problems.iter().map(|(_, problem)| problem.kind)).collect()
}

pub fn message(text: &str) -> NewMessage {
    NewMessage::new(Content::bytes(text.as_bytes()))
}

/// A folder for the files of a run. In memory where that is possible: some tests make thousands of runs, and each waits for the disk.
pub fn scratch() -> tempfile::TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap()
}

/// Starts a run whose logs are beside its state folder.
pub fn start(request: Request, observer: Box<dyn Observer>) -> Run {
    let logs = request.options.state_folder.with_file_name("logs");
    std::fs::create_dir_all(&logs).unwrap();
    kimt::migrate::start(request, logs, observer).unwrap()
}
