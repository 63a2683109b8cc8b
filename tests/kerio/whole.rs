//! The engine with Kerio Connect as its target: the stand-in's administration before an embedded IMAP server.

use crate::standin::{answers, free_port, sign_in};
use kimt::domain::{Account, Address, Fingerprint, ProblemKind, Secret, Security, ServerAddress};
use kimt::migrate::{self, AdministrationServer, MailServer, Options, Request, Servers, Sign, TargetKind};
use kimt::progress::{Event, RunKind, RunState, Stamped, Verdict};
use kimt::rehearsal::administration::{AdministrationStandIn, StandInOptions};
use kimt::rehearsal::{
    ImapOptions, ImapServer, ImapService, Layout, MailService, MailStore, Profile, ServerCertificate,
};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

const ANN: &str = "ann@new.example";

/// A source with one mailbox, and Kerio Connect without it.
struct World {
    source: ImapServer,
    source_port: u16,
    target: Arc<ImapServer>,
    administration: AdministrationStandIn,
}

impl World {
    fn new() -> Self {
        let store = MailStore::new(Layout::SLASH);
        store.create_user(&[ANN], "Correct-Horse-9").unwrap();
        store.add_generated(ANN, "INBOX", 20, 2_000, 1).unwrap();
        let source = ImapServer::start(store, ImapOptions::new(Profile::Typical)).unwrap();
        let source_port = source.listen(ImapService::Imap, 0).unwrap();
        let store = MailStore::new(Layout::KERIO);
        let target = Arc::new(ImapServer::start(store, ImapOptions::kerio(Profile::Typical)).unwrap());
        let certificate = Arc::new(ServerCertificate::generate().unwrap());
        let options = StandInOptions { certificate, ..StandInOptions::usual().unwrap() };
        let administration = AdministrationStandIn::start(target.clone(), options).unwrap();
        Self { source, source_port, target, administration }
    }

    /// The servers as the user names them; `port` is to be set while migrating.
    fn servers(&self, port: Option<u16>, administration_fingerprint: Option<Fingerprint>) -> Servers {
        let here = |port| ServerAddress { host: "127.0.0.1".to_owned(), port };
        let administration = AdministrationServer {
            address: here(Some(self.administration.port())),
            user: "admin".to_owned(),
            password: Secret::new("administrator"),
            fingerprint: administration_fingerprint,
        };
        Servers::between(
            MailServer {
                fingerprint: Some(self.source.fingerprint()),
                ..MailServer::at(here(Some(self.source_port)), Security::StartTls)
            },
            MailServer {
                fingerprint: Some(self.target.fingerprint()),
                ..MailServer::at(here(port), Security::StartTls)
            },
            TargetKind::Kerio(administration),
        )
    }

    fn trusted(&self, port: Option<u16>) -> Servers {
        self.servers(port, Some(self.administration.fingerprint()))
    }

    fn imap_port(&self) -> u16 {
        self.administration.service_port(ImapService::Imap)
    }

    fn run(&self, kind: RunKind, port: Option<u16>, folder: &Path) -> (RunState, Vec<Event>) {
        let account = Account {
            full_name: "Ann Example".to_owned(),
            ..Account::new(1, Address::parse(ANN).unwrap(), Secret::new("Correct-Horse-9"))
        };
        let request = Request::of(
            kind,
            self.trusted(port),
            vec![account],
            Options { jobs: 2, ..Options::in_folder(folder.join("state")) },
        );
        std::fs::create_dir_all(folder.join("logs")).unwrap();
        let events = Arc::new(Mutex::new(Vec::new()));
        let noted = events.clone();
        let note = move |event: &Stamped, _: &RunState| noted.lock().unwrap().push(event.event.clone());
        let state = migrate::start(request, folder.join("logs"), Box::new(note)).unwrap().wait();
        let events = events.lock().unwrap().clone();
        (state, events)
    }
}

#[test]
fn a_mailbox_comes_to_kerio_connect_on_a_port_of_its_own() {
    let (world, folder, wanted) = (World::new(), tempfile::tempdir().unwrap(), free_port());
    let before = world.imap_port();
    let (state, events) = world.run(RunKind::Migrate, Some(wanted), folder.path());
    assert_eq!(state.verdict(), Verdict::AllComplete, "{:#?} {:#?}", state.problems, state.accounts);
    assert_eq!(state.tally.copied.messages, 20);
    let at = |wanted: &dyn Fn(&Event) -> bool| events.iter().position(wanted).unwrap();
    let changed = at(&|event| matches!(event, Event::PortChanged { to, .. } if *to == wanted));
    let domain = at(&|event| matches!(event, Event::DomainCreated { domain } if domain == "new.example"));
    let user = at(&|event| matches!(event, Event::UserCreated { .. }));
    let restored = at(&|event| matches!(event, Event::PortRestored { port, .. } if *port == before));
    assert!(changed < domain && domain < user && user < restored);
    assert!(answers(before) && !answers(wanted));
    assert_eq!(migrate::pending_port_restore(&folder.path().join("state")), None);
    assert_eq!(world.administration.open_sessions(), 0);
    // A second run finds everything.
    let (state, events) = world.run(RunKind::Migrate, None, folder.path());
    assert_eq!((state.verdict(), state.tally.copied.messages), (Verdict::AllComplete, 0));
    assert!(!events.iter().any(|event| matches!(event, Event::UserCreated { .. } | Event::PortChanged { .. })));
}

#[test]
fn a_new_user_who_cannot_sign_in_for_some_seconds_is_waited_for() {
    let (world, folder) = (World::new(), tempfile::tempdir().unwrap());
    let slow = ImapOptions { sign_in_delay: Duration::from_millis(2500), ..world.target.options() };
    world.target.set_options(slow);
    let (state, _) = world.run(RunKind::Migrate, None, folder.path());
    assert_eq!(state.verdict(), Verdict::AllComplete, "{:#?} {:#?}", state.problems, state.accounts);
    assert_eq!(state.tally.copied.messages, 20);
}

#[test]
fn a_check_changes_nothing() {
    let (world, folder) = (World::new(), tempfile::tempdir().unwrap());
    let before = world.imap_port();
    let (state, _) = world.run(RunKind::Check, Some(free_port()), folder.path());
    assert!(state.problems.is_empty(), "{:#?}", state.problems);
    assert_eq!((world.imap_port(), world.administration.users().len()), (before, 0));
    assert_eq!(world.administration.domains().len(), 1);
}

#[test]
fn a_port_left_changed_by_a_crash_is_found_and_put_back_by_the_next_start() {
    let (world, folder, wanted) = (World::new(), tempfile::tempdir().unwrap(), free_port());
    let before = world.imap_port();
    sign_in(&world.administration).change_imap_port(Security::StartTls, wanted, &answers, folder.path()).unwrap();
    let pending = migrate::pending_port_restore(folder.path()).unwrap();
    assert_eq!((pending.host.as_str(), pending.from, pending.to), ("127.0.0.1", before, wanted));
    assert_eq!(pending.administration_port, world.administration.port());
    // Another server's note is not this one's.
    let other = World::new();
    assert_eq!(migrate::restore_port(&other.trusted(None), folder.path()).unwrap(), None);
    let restored = migrate::restore_port(&world.trusted(None), folder.path()).unwrap().unwrap();
    assert_eq!((restored.port, world.imap_port()), (before, before));
    assert_eq!(migrate::pending_port_restore(folder.path()), None);
}

#[test]
fn a_test_of_the_target_says_in_lines_what_was_found() {
    let (world, folder, wanted) = (World::new(), tempfile::tempdir().unwrap(), free_port());
    world.administration.change(|behaviour| {
        behaviour.licence_users = Some(25);
        behaviour.licence_days = -1;
    });
    let findings = migrate::test_target(&world.trusted(Some(wanted)), folder.path());
    let text: Vec<&str> = findings.iter().map(|finding| finding.text.as_str()).collect();
    let said = |part: &str| assert!(text.iter().any(|line| line.contains(part)), "{part}: {text:#?}");
    // Two services, two certificates: each line says whose it is.
    said("Administration: certificate trusted by its fingerprint");
    said("IMAP: certificate trusted by its fingerprint");
    said("IMAP: offers the sign-in with passwords");
    said("Kerio Connect 1");
    said("Signed in with full rights (FullAdmin)");
    said("25 licence seats free (0 of 25 used)");
    said("The licence has expired");
    said(&format!("runs on port {}; while migrating it is set to {wanted}", world.imap_port()));
    assert!(findings.iter().all(|finding| finding.sign != Sign::Bad), "{text:#?}");
    assert_eq!(world.administration.users().len(), 0);
}

#[test]
fn an_unknown_certificate_of_the_administration_is_shown_for_a_decision() {
    let (world, folder) = (World::new(), tempfile::tempdir().unwrap());
    let servers = world.servers(None, None);
    let findings = migrate::test_target(&servers, folder.path());
    let doubt = findings[0].certificate.clone().unwrap();
    assert_eq!(findings[0].problem.as_ref().unwrap().kind, ProblemKind::CertificateUnknown);
    assert_eq!(
        (doubt.port, doubt.details.fingerprint),
        (world.administration.port(), world.administration.fingerprint())
    );
    migrate::trust(folder.path(), &doubt).unwrap();
    let findings = migrate::test_target(&servers, folder.path());
    assert!(findings.iter().all(|finding| finding.sign != Sign::Bad), "{findings:#?}");
}
