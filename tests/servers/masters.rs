//! A real Dovecot whose master user opens the mailboxes of people whose passwords nobody knows.

use crate::support::comparison::{Differences, compare};
use crate::support::corpus;
use crate::support::cyrus::{self, Cyrus};
use crate::support::dovecot::{Dovecot, DovecotSettings};
use crate::support::imap_client::ImapClient;
use crate::support::run::{Migration, Place, problems};
use kimt::domain::{ProblemKind, Secret, Security};
use kimt::migrate::{MASTER_SEPARATOR, SignInWay};
use kimt::progress::Verdict;
use std::os::unix::fs::PermissionsExt;

const ANN: (&str, &str) = ("ann@example.com", "unknown to the migration");
const MASTER_PASSWORD: &str = "Master \"word\" 1";

/// Dovecot with a master user, as `docs/sign-in.md` says how to set one up, and the folder of its password file.
fn dovecot() -> (Dovecot, tempfile::TempDir) {
    let folder = tempfile::Builder::new().permissions(PermissionsExt::from_mode(0o755)).tempdir().unwrap();
    let masters = folder.path().join("master-users");
    std::fs::write(&masters, format!("boss:{{PLAIN}}{MASTER_PASSWORD}\n")).unwrap();
    std::fs::set_permissions(&masters, PermissionsExt::from_mode(0o644)).unwrap();
    let further = format!(
        "auth_master_user_separator = *\npassdb {{\n driver = passwd-file\n args = {}\n master = yes\n}}\n",
        masters.display()
    );
    let dovecot = Dovecot::start(&DovecotSettings { further, ..DovecotSettings::default() });
    dovecot.add_user(ANN.0, ANN.1);
    (dovecot, folder)
}

fn composed(password: &str) -> SignInWay {
    let password = Secret::new(password);
    SignInWay::MasterUser { user: "boss".to_owned(), password, separator: MASTER_SEPARATOR }
}

fn authorization(password: &str) -> SignInWay {
    SignInWay::Authorization { user: "boss".to_owned(), password: Secret::new(password) }
}

fn migration(source: &Dovecot, target: &Dovecot, sign_in: [SignInWay; 2]) -> Migration {
    let [source, target] = [source, target].map(|dovecot| Place::of(dovecot, Security::Tls));
    let mut migration = Migration::new(source, target, &[(ANN.0, "")]);
    migration.sign_in = sign_in;
    migration
}

#[test]
fn a_master_user_moves_a_mailbox_by_its_composed_name_and_by_authorization() {
    let ((source, _kept), (target, _kept_too)) = (dovecot(), dovecot());
    let corpus = corpus::ordinary(30);
    assert_eq!(ImapClient::sign_in(source.port, ANN.0, ANN.1).fill(&corpus), []);
    let ways = [composed(MASTER_PASSWORD), authorization(MASTER_PASSWORD)];
    let state = migration(&source, &target, ways).run();
    assert_eq!(state.verdict(), Verdict::AllComplete, "{:?}", problems(&state));
    assert_eq!(state.tally.copied.messages, corpus.message_count() as u64);
    let [there, here] = [&source, &target].map(|dovecot| ImapClient::sign_in(dovecot.port, ANN.0, ANN.1).read_all());
    assert_eq!(compare(&there, &here, |path| Some(path.clone())), Differences::default());
    // Our ways the other way round, by the engine's own comparison.
    let ways = [authorization(MASTER_PASSWORD), composed(MASTER_PASSWORD)];
    let verified = migration(&source, &target, ways).verify();
    assert_eq!(verified.verdict(), Verdict::AllComplete, "{:?}", problems(&verified));
}

#[test]
fn a_wrong_master_password_is_reported_as_the_masters() {
    let ((source, _kept), (target, _kept_too)) = (dovecot(), dovecot());
    for way in [composed("wrong"), authorization("wrong")] {
        let state = migration(&source, &target, [way, composed(MASTER_PASSWORD)]).run();
        let kinds: Vec<ProblemKind> = state.accounts[0].problems.iter().map(|(_, problem)| problem.kind).collect();
        assert_eq!(kinds, [ProblemKind::MasterRefused], "{:?}", problems(&state));
    }
}

#[test]
fn an_administrator_of_cyrus_empties_and_fills_mailboxes_by_authorization() {
    let (source, target) = (Cyrus::start(), Cyrus::start());
    for cyrus in [&source, &target] {
        cyrus.add_user(ANN.0, ANN.1);
        cyrus.add_user(cyrus::MASTER, MASTER_PASSWORD);
    }
    let corpus = corpus::ordinary(30);
    assert_eq!(ImapClient::sign_in(source.port, ANN.0, ANN.1).fill(&corpus), []);
    let way = |password| SignInWay::Authorization { user: cyrus::MASTER.to_owned(), password: Secret::new(password) };
    let mut migration = Migration::new(Place::plain(source.port), Place::plain(target.port), &[(ANN.0, "")]);
    migration.sign_in = [way(MASTER_PASSWORD), way(MASTER_PASSWORD)];
    let state = migration.run();
    assert_eq!(state.verdict(), Verdict::AllComplete, "{:?}", problems(&state));
    let [there, here] = [&source, &target].map(|cyrus| ImapClient::sign_in(cyrus.port, ANN.0, ANN.1).read_all());
    assert_eq!(compare(&there, &here, |path| Some(path.clone())), Differences::default());
    migration.sign_in[0] = way("wrong");
    let kinds: Vec<ProblemKind> =
        migration.run().accounts[0].problems.iter().map(|(_, problem)| problem.kind).collect();
    assert_eq!(kinds, [ProblemKind::MasterRefused]);
}
