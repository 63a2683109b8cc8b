//! Two embedded servers, somebody between them and the engine, and what must hold when a run is over.

use super::between::{Between, Tamper};
use kimt::domain::{Account, Address, ProblemKind, Secret, Security, ServerAddress};
use kimt::migrate::{Limits, MailServer, Observer, Options, Patience, Request, Run, Servers, TargetKind, Verify};
use kimt::progress::{Event, RunKind, RunState, Stamped, Verdict};
use kimt::rehearsal::{
    Content, ImapOptions, ImapServer, ImapService, Layout, MailService, MailStore, NewMessage, Profile, Snapshot,
};
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

pub const ANN: &str = "ann@example.com";
pub const BEN: &str = "ben@example.com";
const PASSWORD: &str = "secret";

/// A server, and how it is reached.
pub struct End {
    pub server: ImapServer,
    pub security: Security,
    port: u16,
    between: Option<Between>,
}

impl End {
    pub fn start(mut options: ImapOptions, security: Security) -> Self {
        // Whoever stands between reads along; on a busy machine a near line may seem far.
        options.without.push("COMPRESS=DEFLATE");
        let store = MailStore::new(Layout::SLASH);
        for user in [ANN, BEN] {
            store.create_user(&[user], PASSWORD).unwrap();
        }
        let server = ImapServer::start(store, options).unwrap();
        let port = server.listen(ImapService::Imap, 0).unwrap();
        Self { server, security, port, between: None }
    }

    pub fn store(&self) -> &MailStore {
        self.server.store()
    }

    pub fn mail(&self) -> Snapshot {
        self.store().snapshot(ANN).unwrap()
    }

    /// Puts somebody between the engine and this server.
    pub fn tamper(&mut self, tamper: Tamper) {
        self.between = Some(Between::start(self.port, tamper));
    }

    fn address(&self) -> ServerAddress {
        let port = self.between.as_ref().map_or(self.port, |between| between.port);
        ServerAddress { host: "127.0.0.1".to_owned(), port: Some(port) }
    }
}

/// Both servers and a computer to migrate from.
pub struct Stage {
    pub source: End,
    pub target: End,
    pub folder: tempfile::TempDir,
    pub users: Vec<&'static str>,
    pub patience: Patience,
    /// Presses *Try now* all the time.
    pub hurried: bool,
    pub repair: bool,
    pub verify: Verify,
    pub events: Arc<Mutex<Vec<Event>>>,
}

impl Stage {
    pub fn between(source: Profile, target: Profile) -> Self {
        Self::with(ImapOptions::new(source), ImapOptions::new(target))
    }

    pub fn with(source: ImapOptions, target: ImapOptions) -> Self {
        Self {
            source: End::start(source, Security::Plain),
            target: End::start(target, Security::Plain),
            folder: tempfile::tempdir().unwrap(),
            users: vec![ANN],
            patience: Patience {
                limits: Limits { connect: Duration::from_secs(5), ..Limits::default() },
                quiet: Duration::from_millis(50),
            },
            hurried: true,
            repair: false,
            verify: Verify::Content,
            events: Arc::default(),
        }
    }

    /// Gives the source's INBOX so many generated messages.
    pub fn fill(self, messages: u32) -> Self {
        self.source.store().add_generated(ANN, "INBOX", messages, 600, 1).unwrap();
        self
    }

    pub fn request(&self, kind: RunKind, folder: &Path) -> Request {
        let accounts = self
            .users
            .iter()
            .zip(1..)
            .map(|(user, line)| Account::new(line, Address::parse(user).unwrap(), Secret::new(PASSWORD)));
        let Self { source, target, verify, repair, patience, .. } = self;
        Request::of(
            kind,
            Servers::between(
                MailServer {
                    fingerprint: Some(source.server.fingerprint()),
                    ..MailServer::at(source.address(), source.security)
                },
                MailServer {
                    fingerprint: Some(target.server.fingerprint()),
                    ..MailServer::at(target.address(), target.security)
                },
                TargetKind::Imap,
            ),
            accounts.collect(),
            Options {
                jobs: 2,
                verify: *verify,
                repair: *repair,
                patience: *patience,
                // What is tampered with is one line.
                second_line_from: u64::MAX,
                ..Options::in_folder(folder.join("state"))
            },
        )
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

    /// Runs to the end, or fails when that takes a minute. Does not wait long before it tries a server again.
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

/// What was told of all accounts, as a person reads it.
pub fn problems(state: &RunState) -> Vec<String> {
    let of_accounts = state.accounts.iter().flat_map(|account| &account.problems);
    of_accounts.map(|(_, problem)| format!("{:?}: {}", problem.kind, problem.sentence())).collect()
}

pub fn kinds(state: &RunState) -> BTreeSet<ProblemKind> {
    state.accounts.iter().flat_map(|account| account.problems.iter().map(|(_, problem)| problem.kind)).collect()
}

pub fn message(text: &str) -> NewMessage {
    NewMessage::new(Content::octets(text.as_bytes()))
}

/// Starts a run whose logs stand beside its state folder.
pub fn start(request: Request, observer: Box<dyn Observer>) -> Run {
    let logs = request.options.state_folder.with_file_name("logs");
    std::fs::create_dir_all(&logs).unwrap();
    kimt::migrate::start(request, logs, observer).unwrap()
}
