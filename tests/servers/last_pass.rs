//! The last pass between real servers: flags, moves and renames arrive, with and without what servers may lack, and nothing is there twice.

use crate::support::comparison::{Differences, compare};
use crate::support::corpus;
use crate::support::cyrus::Cyrus;
use crate::support::dovecot::{Dovecot, DovecotSettings};
use crate::support::imap_client::{ImapClient, Path};
use crate::support::run::{Migration, Place, problems};
use kimt::progress::{Followed, Verdict};

const ANN: (&str, &str) = ("ann@example.com", "secret-1");

fn client(port: u16) -> ImapClient {
    ImapClient::sign_in(port, ANN.0, ANN.1)
}

fn same(path: &Path) -> Option<Path> {
    Some(path.clone())
}

/// Commands of a person at work in one folder.
fn work(port: u16, folder: &str, commands: &[&str]) {
    let mut client = client(port);
    client.expect(format!("SELECT {folder}").as_bytes());
    for command in commands {
        client.expect(command.as_bytes());
    }
}

/// A first pass, a person's work on the source, and a last pass, which brings so much; then both sides are the same.
fn last_pass(source: u16, target: u16, lacking: bool) {
    client(source).fill(&corpus::ordinary(40));
    let mut people = client(source);
    people.expect(b"CREATE Filed");
    let migration = Migration::new(Place::plain(source), Place::plain(target), &[ANN]);
    let first = migration.run();
    assert_eq!(first.verdict(), Verdict::AllComplete, "{:?}", problems(&first));
    work(
        source,
        "INBOX",
        &[
            "UID STORE 1 +FLAGS (\\Flagged $work)",
            "UID STORE 2 FLAGS ()",
            "UID COPY 3:5 Filed",
            "UID STORE 3:5 +FLAGS (\\Deleted)",
            "EXPUNGE",
        ],
    );
    // One with a folder below it, and one alone.
    people.expect(b"RENAME Projekte Projects");
    people.expect(b"RENAME \"Archiv 2023\" Archiv");
    let state = migration.run();
    assert_eq!(state.verdict(), Verdict::AllComplete, "{:?}", problems(&state));
    let Followed { moved, left, deleted, renamed, .. } = state.tally.followed;
    let expected = if lacking { (0, 0, 0, 3) } else { (3, 0, 0, 3) };
    assert_eq!((moved, left, deleted, renamed), expected, "{:?}", problems(&state));
    assert_eq!(state.tally.copied.messages, if lacking { 3 } else { 0 });
    let differences = compare(&client(source).read_all(), &client(target).read_all(), same);
    // A server keeps the subscription of the old name (RFC 9051, section 6.3.6), and this person did not subscribe to the new one; on the
    // target the subscription goes along.
    let differences = Differences { subscriptions: Vec::new(), ..differences };
    if !lacking {
        assert_eq!(differences, Differences::default());
    }
    let third = migration.run();
    assert_eq!((third.tally.copied.messages, third.tally.followed.flags, third.tally.followed.moved), (0, 0, 0));
}

fn dovecot(settings: &DovecotSettings) -> Dovecot {
    let dovecot = Dovecot::start(settings);
    dovecot.add_user(ANN.0, ANN.1);
    dovecot
}

fn dovecot_without(capabilities: &[&'static str]) -> Dovecot {
    dovecot(&DovecotSettings { without: capabilities.to_vec(), ..DovecotSettings::default() })
}

fn cyrus_without(capabilities: &str) -> Cyrus {
    let cyrus = Cyrus::start_without(capabilities);
    cyrus.add_user(ANN.0, ANN.1);
    cyrus
}

#[test]
fn dovecot_to_dovecot() {
    last_pass(dovecot_without(&[]).port, dovecot_without(&[]).port, false);
}

#[test]
fn dovecot_to_a_dovecot_without_move_and_from_one_without_condstore() {
    last_pass(dovecot_without(&["CONDSTORE", "QRESYNC"]).port, dovecot_without(&["MOVE"]).port, false);
}

#[test]
fn dovecot_to_a_dovecot_with_neither_move_nor_uidplus() {
    last_pass(dovecot_without(&[]).port, dovecot_without(&["MOVE", "UIDPLUS"]).port, true);
}

#[test]
fn dovecot_to_cyrus() {
    last_pass(dovecot_without(&[]).port, cyrus_without("").port, false);
}

#[test]
fn cyrus_to_dovecot_with_and_without_condstore() {
    last_pass(cyrus_without("").port, dovecot_without(&[]).port, false);
    last_pass(cyrus_without("CONDSTORE QRESYNC").port, dovecot_without(&[]).port, false);
}

#[test]
fn cyrus_to_a_cyrus_without_move_and_one_without_uidplus_too() {
    last_pass(cyrus_without("").port, cyrus_without("MOVE").port, false);
    last_pass(cyrus_without("").port, cyrus_without("MOVE UIDPLUS").port, true);
}
