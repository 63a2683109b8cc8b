//! The hostile mailbox between different servers. What one of them cannot keep may change or be refused, but nothing may be missing
//! without a word, and nothing may be there twice.

use crate::support::comparison::{Differences, compare};
use crate::support::corpus::{self, Largest};
use crate::support::courier::Courier;
use crate::support::cyrus::Cyrus;
use crate::support::dovecot::{Dovecot, DovecotSettings, Storage};
use crate::support::imap_client::{ImapClient, Path};
use crate::support::run::{Migration, Place, problems};
use kimt::domain::Problem;
use std::collections::BTreeMap;

const ANN: (&str, &str) = ("ann@example.com", "secret");

/// One of the servers; kept until the test ends.
enum Server {
    Dovecot(Dovecot),
    Cyrus(Cyrus),
    Courier(Courier),
}

impl Server {
    fn dovecot() -> Self {
        let dovecot = Dovecot::start(&DovecotSettings { storage: Storage::Sdbox, ..DovecotSettings::default() });
        dovecot.add_user(ANN.0, ANN.1);
        Server::Dovecot(dovecot)
    }

    fn cyrus() -> Self {
        let cyrus = Cyrus::start();
        cyrus.add_user(ANN.0, ANN.1);
        Server::Cyrus(cyrus)
    }

    fn courier() -> Self {
        let courier = Courier::start();
        courier.add_user(ANN.0, ANN.1);
        Server::Courier(courier)
    }

    fn port(&self) -> u16 {
        match self {
            Server::Dovecot(server) => server.port,
            Server::Cyrus(server) => server.port,
            Server::Courier(server) => server.port,
        }
    }

    fn client(&self) -> ImapClient {
        ImapClient::sign_in(self.port(), ANN.0, ANN.1)
    }
}

/// Migrates the hostile mailbox, and once more. Every message that is missing then must be named by a problem of its own.
fn move_hostile(source: &Server, target: &Server) -> Differences {
    let corpus = corpus::hostile(Largest::Small);
    let not_taken = source.client().fill(&corpus);
    assert!(not_taken.len() < corpus.message_count() / 2, "the source took too little: {not_taken:#?}");
    let migration = Migration::new(Place::plain(source.port()), Place::plain(target.port()), &[ANN]);
    // Dovecot tells dates before 1970 otherwise at the first time than ever after.
    source.client().read_all();
    let (before, state) = (source.client().read_all(), migration.run());
    assert!(source.client().read_all() == before, "the source changed");
    let account = &state.accounts[0];
    let planned: BTreeMap<Path, Path> =
        account.folders.iter().map(|folder| (folder.source.0.clone(), folder.target.0.clone())).collect();
    for (path, folder) in &before.folders {
        let named = account.left_out.iter().any(|left_out| left_out.folder == path.join("/"));
        assert!(planned.contains_key(path) || named || folder.messages.is_empty(), "{path:?} is not planned");
    }
    let differences = compare(&before, &target.client().read_all(), |path| planned.get(path).cloned());
    assert_eq!(differences.doubled, Vec::<String>::new(), "{:#?}", problems(&state));
    for lost in &differences.lost {
        let names_it = |problem: &Problem| {
            let same_folder = problem.subject.folder.as_ref() == Some(&lost.folder.join("/"));
            let message = problem.subject.message.clone().unwrap_or_default();
            same_folder && message.contains(&format!("({} octets", lost.octets))
        };
        assert!(account.problems.iter().any(|(_, problem)| names_it(problem)), "nobody named {lost:?}");
    }
    let again = migration.run();
    assert_eq!(again.tally.copied.messages, 0, "the second run copied something again");
    assert_eq!(compare(&before, &target.client().read_all(), |path| planned.get(path).cloned()), differences);
    differences
}

#[test]
fn dovecot_to_cyrus() {
    move_hostile(&Server::dovecot(), &Server::cyrus());
}

#[test]
fn cyrus_to_dovecot() {
    move_hostile(&Server::cyrus(), &Server::dovecot());
}

#[test]
fn dovecot_to_courier() {
    move_hostile(&Server::dovecot(), &Server::courier());
}

#[test]
fn courier_to_dovecot() {
    move_hostile(&Server::courier(), &Server::dovecot());
}

#[test]
fn cyrus_to_courier() {
    move_hostile(&Server::cyrus(), &Server::courier());
}

#[test]
fn courier_to_cyrus() {
    move_hostile(&Server::courier(), &Server::cyrus());
}

#[test]
fn cyrus_to_cyrus() {
    move_hostile(&Server::cyrus(), &Server::cyrus());
}

#[test]
fn courier_to_courier() {
    move_hostile(&Server::courier(), &Server::courier());
}
