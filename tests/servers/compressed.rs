//! Dovecot with its own implementation of COMPRESS=DEFLATE, over networks that are slow.

use crate::support::comparison::{Differences, compare};
use crate::support::corpus::{self, Largest};
use crate::support::dovecot::{Dovecot, DovecotSettings, Storage};
use crate::support::imap_client::ImapClient;
use crate::support::run::{Migration, Place, problems};
use kimt::domain::Security;
use kimt::progress::Verdict;
use kimt::rehearsal::{Link, LinkOptions};
use std::time::Duration;

const ANN: (&str, &str) = ("ann@example.com", "first secret");

fn started() -> Dovecot {
    let settings = DovecotSettings { storage: Storage::Sdbox, compression: true, ..DovecotSettings::default() };
    let dovecot = Dovecot::start(&settings);
    dovecot.add_user(ANN.0, ANN.1);
    dovecot.record_commands_of(ANN.0);
    dovecot
}

/// A link with that round trip to where Dovecot serves this protection.
fn far(dovecot: &Dovecot, security: Security) -> (Place, Link) {
    let place = Place::of(dovecot, security);
    let options = LinkOptions { round_trip: Duration::from_millis(20), ..LinkOptions::default() };
    let link = Link::start(place.port, options).unwrap();
    (Place { port: link.port(), ..place }, link)
}

/// How many connections were compressed.
fn compressed(dovecot: &Dovecot) -> usize {
    sent(dovecot, " COMPRESS DEFLATE")
}

/// How often a command was sent in clear.
fn sent(dovecot: &Dovecot, command: &str) -> usize {
    dovecot.commands().iter().filter(|line| line.ends_with(command)).count()
}

#[test]
fn the_hostile_mailbox_arrives_over_compressed_connections_as_it_left() {
    for security in [Security::Plain, Security::Tls, Security::StartTls] {
        let (source, target) = (started(), started());
        ImapClient::sign_in(source.port, ANN.0, ANN.1).fill(&corpus::hostile(Largest::Small));
        let (from, source_link) = far(&source, security);
        let (to, target_link) = far(&target, security);
        let migration = Migration::new(from, to, &[ANN]);
        let state = migration.run();
        let [there, here] =
            [&source, &target].map(|dovecot| ImapClient::sign_in(dovecot.port, ANN.0, ANN.1).read_all());
        let differences = compare(&there, &here, |path| Some(path.clone()));
        assert_eq!(state.verdict(), Verdict::AllComplete, "{:#?}\n{differences:#?}", problems(&state));
        assert_eq!(Differences { dates: Vec::new(), ..differences }, Differences::default());
        assert_eq!((compressed(&source), compressed(&target)), (1, 2), "{security:?}");
        // What one connection has learned of the distance, the next need not ask.
        assert!(sent(&target, " NOOP") <= 1, "{security:?}");
        let bytes: usize = there.folders.values().flat_map(|folder| &folder.messages).map(|one| one.bytes.len()).sum();
        // The target takes everything and gives it back to be compared.
        for (link, times) in [(&source_link, 1), (&target_link, 2)] {
            assert!(link.bytes_passed() < (bytes * times) as u64, "{} of {bytes}", link.bytes_passed());
        }
        assert_eq!(migration.verify().verdict(), Verdict::AllComplete);
    }
}

#[test]
fn dovecot_on_this_computer_is_not_asked_to_compress() {
    let (source, target) = (started(), started());
    ImapClient::sign_in(source.port, ANN.0, ANN.1).fill(&corpus::ordinary(5));
    // On a busy machine a near server may seem far once, but not each time.
    let is_clear = || {
        let before = compressed(&source) + compressed(&target);
        let places = [&source, &target].map(|dovecot| Place::of(dovecot, Security::Tls));
        let [from, to] = places;
        let migration = Migration::new(from, to, &[ANN]);
        assert_eq!(migration.run().verdict(), Verdict::AllComplete);
        compressed(&source) + compressed(&target) == before
    };
    assert!((0..10).any(|_| is_clear()));
}
