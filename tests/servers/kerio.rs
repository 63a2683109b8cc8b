//! Kerio Connect's administration before a real mail store: the stand-in for the API, Dovecot behind its IMAP services.

use crate::support::comparison::{Differences, compare};
use crate::support::corpus;
use crate::support::dovecot::{Dovecot, DovecotSettings, Storage};
use crate::support::forwarder::DovecotStore;
use crate::support::imap_client::{ImapClient, Path};
use crate::support::process::free_port;
use crate::support::run::{Migration, Place, problems};
use kimt::domain::{Secret, Security, ServerAddress};
use kimt::migrate::{AdministrationServer, TargetKind};
use kimt::progress::{AccountEnd, RunState, Verdict};
use kimt::rehearsal::ImapService;
use kimt::rehearsal::administration::{AdministrationStandIn, StandInOptions};
use std::collections::BTreeMap;
use std::sync::Arc;

const ACCOUNTS: [(&str, &str); 4] = [
    ("ann@example.com", "Correct-Horse-1"),
    ("bob@example.com", "Correct-Horse-2"),
    ("carl@new.example", "Correct-Horse-3"),
    ("dora@new.example", "Correct-Horse-4"),
];

struct World {
    source: Dovecot,
    store: Arc<DovecotStore>,
    administration: AdministrationStandIn,
}

impl World {
    fn new() -> Self {
        let source = Dovecot::start(&DovecotSettings::default());
        for (name, password) in ACCOUNTS {
            source.add_user(name, password);
            ImapClient::sign_in(source.port, name, password).fill(&corpus::ordinary(40));
        }
        let special_folders = vec![
            ("Sent Items", "\\Sent"),
            ("Deleted Items", "\\Trash"),
            ("Drafts", "\\Drafts"),
            ("Junk E-mail", "\\Junk"),
        ];
        let settings = DovecotSettings { storage: Storage::Sdbox, special_folders, ..DovecotSettings::default() };
        let store = Arc::new(DovecotStore::new(Dovecot::start(&settings)));
        let administration = AdministrationStandIn::start(store.clone(), StandInOptions::usual().unwrap()).unwrap();
        Self { source, store, administration }
    }

    /// A migration that sets the secure service to this port for as long as it runs.
    fn migration(&self, port: u16) -> Migration {
        let target = Place { port, ..Place::of(&self.store.dovecot, Security::Tls) };
        let mut migration = Migration::new(Place::of(&self.source, Security::Tls), target, &ACCOUNTS);
        migration.kind = TargetKind::Kerio(AdministrationServer {
            address: ServerAddress { host: "127.0.0.1".to_owned(), port: Some(self.administration.port()) },
            user: "admin".to_owned(),
            password: Secret::new("administrator"),
            fingerprint: Some(self.administration.fingerprint()),
        });
        migration
    }

    fn differences(&self, state: &RunState, number: usize) -> Differences {
        let (name, password) = ACCOUNTS[number];
        let planned: BTreeMap<Path, Path> =
            state.accounts[number].folders.iter().map(|it| (it.source.0.clone(), it.target.0.clone())).collect();
        let read = |dovecot: &Dovecot| ImapClient::sign_in(dovecot.port, name, password).read_all();
        compare(&read(&self.source), &read(&self.store.dovecot), |path| planned.get(path).cloned())
    }
}

#[test]
fn users_are_made_their_mail_arrives_and_the_port_is_put_back() {
    let world = World::new();
    let before = world.administration.service_port(ImapService::SecureImap);
    let state = world.migration(free_port()).run();
    assert_eq!(state.verdict(), Verdict::AllComplete, "{:#?}", problems(&state));
    for number in 0..ACCOUNTS.len() {
        assert!(state.accounts[number].created);
        assert_eq!(world.differences(&state, number), Differences::default());
    }
    assert_eq!(state.domains_created, ["new.example"]);
    assert_eq!(world.administration.service_port(ImapService::SecureImap), before);
    let sent = state.accounts[0].folders.iter().find(|folder| folder.source.name() == "Sent").unwrap();
    assert_eq!(sent.target.name(), "Sent Items");
}

#[test]
fn a_user_that_exists_is_left_as_it_is() {
    let world = World::new();
    let (name, password) = ACCOUNTS[0];
    world.administration.add_user(name, &Secret::new(password), "Named Otherwise").unwrap();
    let users = world.administration.users();
    let state = world.migration(free_port()).run();
    assert_eq!(state.verdict(), Verdict::AllComplete, "{:#?}", problems(&state));
    assert!(!state.accounts[0].created && state.accounts[1].created);
    let after = world.administration.users();
    assert!(users.iter().all(|user| after.iter().any(|other| format!("{user:?}") == format!("{other:?}"))));
    assert_eq!(world.differences(&state, 0), Differences::default());
}

#[test]
fn a_licence_that_is_full_stops_only_those_without_a_seat() {
    let world = World::new();
    let seats = world.administration.users().len() as u32 + 2;
    world.administration.change(|behaviour| behaviour.licence_users = Some(seats));
    let mut migration = world.migration(free_port());
    migration.jobs = 1;
    let state = migration.run();
    let ends: Vec<Option<AccountEnd>> = state.accounts.iter().map(|account| account.end).collect();
    let (complete, failed) = (Some(AccountEnd::Complete), Some(AccountEnd::Failed));
    assert_eq!(ends, [complete, complete, failed, failed], "{:#?}", problems(&state));
    for number in 0..2 {
        assert_eq!(world.differences(&state, number), Differences::default());
    }
}
