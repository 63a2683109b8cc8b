//! A large mailbox over two connections, into servers that each lock and store in their own way: everything arrives in the order of the source.

use crate::support::corpus::{self, Corpus};
use crate::support::cyrus::Cyrus;
use crate::support::dovecot::{Dovecot, DovecotSettings, Storage};
use crate::support::imap_client::{ImapClient, Message};
use crate::support::run::{Migration, Place, problems};
use kimt::domain::Security;
use kimt::progress::Verdict;

const ANN: (&str, &str) = ("ann@example.com", "secret");

/// Folders of several batches each.
fn large() -> Corpus {
    let mut corpus = Corpus::default();
    for (path, messages) in [("INBOX", 60), ("Sent", 30)] {
        let mut messages: Vec<_> = (0..messages).map(corpus::plain_message).collect();
        for message in &mut messages {
            message.bytes.extend(b"One more line, for the size.\r\n".repeat(5_000));
        }
        corpus.folder(&[path], messages);
    }
    corpus
}

fn source() -> Dovecot {
    let source = Dovecot::start(&DovecotSettings::default());
    source.add_user(ANN.0, ANN.1);
    assert_eq!(ImapClient::sign_in(source.port, ANN.0, ANN.1).fill(&large()), []);
    source
}

/// Migrates, and asserts that each folder is the same, message by message.
fn arrives_in_order(source: &Dovecot, target: Place, target_port: u16) {
    let mut migration = Migration::new(Place::of(source, Security::Plain), target, &[ANN]);
    migration.second_connection_from = 0;
    let state = migration.run();
    assert_eq!(state.verdict(), Verdict::AllComplete, "{:?}", problems(&state));
    let [there, here] = [source.port, target_port].map(|port| ImapClient::sign_in(port, ANN.0, ANN.1).read_all());
    for (path, folder) in &there.folders {
        let bytes =
            |messages: &[_]| -> Vec<_> { messages.iter().map(|message: &Message| message.bytes.clone()).collect() };
        assert!(bytes(&here.folders[path].messages) == bytes(&folder.messages), "{path:?}");
    }
    assert_eq!(there.message_count(), 90);
}

#[test]
fn dovecot_stores_what_comes_over_two_connections_in_order_in_every_format() {
    let source = source();
    for storage in [Storage::MaildirPlusPlus, Storage::Sdbox, Storage::Mdbox] {
        for security in [Security::Plain, Security::Tls] {
            let target = Dovecot::start(&DovecotSettings { storage, ..DovecotSettings::default() });
            target.add_user(ANN.0, ANN.1);
            arrives_in_order(&source, Place::of(&target, security), target.port);
            // For copying, for checking, for sending more, and to read all.
            let sign_ins = target.log().lines().filter(|line| line.contains("Login: ")).count();
            assert!(sign_ins >= 4, "{storage:?}: {sign_ins}");
        }
    }
}

#[test]
fn cyrus_stores_what_comes_over_two_connections_in_order() {
    let source = source();
    let target = Cyrus::start();
    target.add_user(ANN.0, ANN.1);
    arrives_in_order(&source, Place::plain(target.port), target.port);
}
