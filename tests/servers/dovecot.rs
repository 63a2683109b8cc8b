//! Dovecot to Dovecot: equal servers, so everything must arrive as it left.

use crate::support::comparison::{Differences, compare};
use crate::support::corpus::{self, Corpus, Largest};
use crate::support::dovecot::{Dovecot, DovecotSettings, Storage};
use crate::support::imap_client::{ImapClient, MailboxContent, NotTaken, Path};
use crate::support::run::{Migration, Place, problems};
use kimt::domain::Security;
use kimt::progress::{AccountEnd, Verdict};

const ANN: (&str, &str) = ("ann@example.com", "first secret");

fn read(dovecot: &Dovecot, account: (&str, &str)) -> MailboxContent {
    ImapClient::sign_in(dovecot.port, account.0, account.1).read_all()
}

fn started(settings: &DovecotSettings) -> Dovecot {
    let dovecot = Dovecot::start(settings);
    dovecot.add_user(ANN.0, ANN.1);
    dovecot
}

fn filled(settings: &DovecotSettings, corpus: &Corpus) -> (Dovecot, Vec<NotTaken>) {
    let dovecot = started(settings);
    let not_taken = ImapClient::sign_in(dovecot.port, ANN.0, ANN.1).fill(corpus);
    (dovecot, not_taken)
}

fn same(path: &Path) -> Option<Path> {
    Some(path.clone())
}

fn compared(source: &Dovecot, target: &Dovecot) -> Differences {
    compare(&read(source, ANN), &read(target, ANN), same)
}

fn migrate_over(security: Security) {
    let corpus = corpus::ordinary(50);
    let (source, not_taken) = filled(&DovecotSettings::default(), &corpus);
    assert_eq!(not_taken, []);
    let target = started(&DovecotSettings::default());
    let state = Migration::new(Place::of(&source, security), Place::of(&target, security), &[ANN]).run();
    assert_eq!(state.verdict(), Verdict::AllComplete, "{:?}", problems(&state));
    assert_eq!(state.tally.copied.messages, corpus.message_count() as u64);
    assert_eq!(compared(&source, &target), Differences::default());
    let logins = |dovecot: &Dovecot| {
        dovecot
            .log()
            .lines()
            .filter(|line| line.contains(" Login: "))
            .map(|line| line.contains("TLS"))
            .collect::<Vec<_>>()
    };
    let encrypted = logins(&source).iter().chain(&logins(&target)).filter(|encrypted| **encrypted).count();
    assert_eq!(encrypted > 0, security != Security::Plain);
}

#[test]
fn mail_moves_over_tls() {
    migrate_over(Security::Tls);
}

#[test]
fn mail_moves_over_starttls() {
    migrate_over(Security::StartTls);
}

#[test]
fn mail_moves_over_a_plain_connection() {
    migrate_over(Security::Plain);
}

/// What Dovecot itself cannot keep: no empty message, no keyword of 100 letters, no control character or `..` in a folder's name, no
/// subscription to a folder that is not there.
const DOVECOT_REFUSES: usize = 5;

#[test]
fn the_hostile_mailbox_arrives_as_it_left() {
    let settings = DovecotSettings { storage: Storage::Sdbox, ..DovecotSettings::default() };
    let (source, not_taken) = filled(&settings, &corpus::hostile(Largest::Full));
    assert_eq!(not_taken.len(), DOVECOT_REFUSES, "{not_taken:#?}");
    let target = started(&settings);
    let state = Migration::new(Place::of(&source, Security::Tls), Place::of(&target, Security::Tls), &[ANN]).run();
    let differences = compared(&source, &target);
    assert_eq!(state.verdict(), Verdict::AllComplete, "{:#?}\n{differences:#?}", problems(&state));
    // Dovecot gives another date before 1970 the first time than ever after; by now both have given theirs once.
    assert_eq!(differences, Differences::default());
}

#[test]
fn every_storage_format_takes_mail_from_the_next() {
    let storages = [Storage::MaildirPlusPlus, Storage::MaildirFs, Storage::Sdbox, Storage::Mdbox];
    let pairs = storages.iter().zip(storages.iter().cycle().skip(1));
    std::thread::scope(|scope| {
        for (from, to) in pairs {
            scope.spawn(move || {
                let of = |storage| DovecotSettings { storage, ..DovecotSettings::default() };
                let mut corpus = corpus::hostile(Largest::Small);
                // Maildir++ has no dots in names, nor any slash, and ends file names by their flags.
                corpus.folders.retain(|folder| !folder.path.concat().contains(['.', '~', '/']));
                let (source, _) = filled(&of(*from), &corpus);
                let target = started(&of(*to));
                let state =
                    Migration::new(Place::of(&source, Security::Plain), Place::of(&target, Security::Plain), &[ANN])
                        .run();
                let mut differences = compared(&source, &target);
                differences.dates.clear();
                assert_eq!(state.verdict(), Verdict::AllComplete, "{from:?} to {to:?}: {:#?}", problems(&state));
                assert_eq!(differences, Differences::default(), "{from:?} to {to:?}");
            });
        }
    });
}

#[test]
fn a_target_without_one_of_the_fast_ways_gets_everything_all_the_same() {
    let source = filled(&DovecotSettings::default(), &corpus::ordinary(120)).0;
    for without in [
        vec!["LITERAL+"],
        vec!["MULTIAPPEND"],
        vec!["UIDPLUS"],
        vec!["LITERAL+", "MULTIAPPEND", "UIDPLUS", "LIST-EXTENDED"],
    ] {
        let target = started(&DovecotSettings { without: without.clone(), ..DovecotSettings::default() });
        target.record_commands_of(ANN.0);
        let state =
            Migration::new(Place::of(&source, Security::Plain), Place::of(&target, Security::Plain), &[ANN]).run();
        assert_eq!(state.verdict(), Verdict::AllComplete, "{without:?}: {:?}", problems(&state));
        assert_eq!(compared(&source, &target), Differences::default(), "{without:?}");
        let literal_plus = target.commands().iter().any(|command| command.ends_with("+}"));
        assert_eq!(literal_plus, !without.contains(&"LITERAL+"), "{without:?}");
    }
}

#[test]
fn a_dot_separates_folders_on_one_side_and_a_slash_on_the_other() {
    let dots = DovecotSettings { separator: '.', storage: Storage::Sdbox, ..DovecotSettings::default() };
    let slashes = DovecotSettings { separator: '/', ..dots.clone() };
    let mut corpus = corpus::ordinary(30);
    corpus.folders[3].path.push("a.b/c".to_owned());
    for (from, to) in [(&dots, &slashes), (&slashes, &dots)] {
        let (source, _) = filled(from, &corpus);
        let target = started(to);
        let state =
            Migration::new(Place::of(&source, Security::Plain), Place::of(&target, Security::Plain), &[ANN]).run();
        assert_eq!(state.verdict(), Verdict::AllComplete, "{:?}", problems(&state));
        let other = to.separator.to_string();
        let differences = compare(&read(&source, ANN), &read(&target, ANN), |path| {
            Some(path.iter().map(|part| part.replace(&other, "_")).collect())
        });
        assert_eq!(differences, Differences::default());
    }
}

#[test]
fn a_separator_that_changes_between_two_runs_makes_no_folder_and_no_message_twice() {
    let slashes = DovecotSettings { storage: Storage::Sdbox, ..DovecotSettings::default() };
    let dots = DovecotSettings { separator: '.', prefix: "INBOX.", ..slashes.clone() };
    let (mut source, _) = filled(&slashes, &corpus::ordinary(40));
    let mut target = started(&slashes);
    let migration = Migration::new(Place::of(&source, Security::Plain), Place::of(&target, Security::Plain), &[ANN]);
    assert_eq!(migration.run().tally.copied.messages, 40);
    let expected = read(&target, ANN);
    for (on_source, on_target) in [(&slashes, &dots), (&dots, &dots), (&dots, &slashes)] {
        source.restart_with(on_source);
        target.restart_with(on_target);
        let state = migration.run();
        assert_eq!(state.verdict(), Verdict::AllComplete, "{:?}", problems(&state));
        assert_eq!(state.tally.copied.messages, 0, "{:?}", problems(&state));
        assert_eq!(migration.verify().verdict(), Verdict::AllComplete);
    }
    source.restart_with(&slashes);
    ImapClient::sign_in(source.port, ANN.0, ANN.1).append(b"INBOX", &corpus::plain_message(900)).unwrap();
    assert_eq!(migration.run().tally.copied.messages, 1);
    let now = read(&target, ANN);
    assert!(now.folders.keys().eq(expected.folders.keys()), "{:?}", now.folders.keys());
    assert_eq!(compared(&source, &target), Differences::default());
}

#[test]
fn the_source_is_the_same_before_and_after() {
    let (source, _) = filled(&DovecotSettings::default(), &corpus::ordinary(60));
    let (before, files_before) = (read(&source, ANN), source.mail_files(ANN.0));
    let unseen =
        before.folders.values().flat_map(|folder| &folder.messages).filter(|message| !message.flags.contains("\\Seen"));
    assert!(unseen.count() > 0);
    source.record_commands_of(ANN.0);
    let target = started(&DovecotSettings::default());
    let migration = Migration::new(Place::of(&source, Security::Tls), Place::of(&target, Security::Tls), &[ANN]);
    assert_eq!(migration.run().verdict(), Verdict::AllComplete);
    assert_eq!(migration.verify().verdict(), Verdict::AllComplete);
    let sent = source.commands();
    assert!(sent.iter().any(|command| command.contains(" EXAMINE ")), "{sent:?}");
    let changing = [
        "SELECT",
        "STORE",
        "APPEND",
        "COPY",
        "MOVE",
        "EXPUNGE",
        "CLOSE",
        "CREATE",
        "DELETE",
        "RENAME",
        "SUBSCRIBE",
        "UNSUBSCRIBE",
    ];
    for command in &sent {
        let words: Vec<String> = command.split(' ').skip(1).take(3).map(str::to_uppercase).collect();
        assert!(!words.iter().any(|word| changing.contains(&word.as_str())), "{command}");
        assert!(!command.contains("BODY["), "{command}");
    }
    assert_eq!(read(&source, ANN), before);
    assert_eq!(source.mail_files(ANN.0), files_before);
}

#[test]
fn a_second_run_copies_nothing_and_a_third_only_what_came_meanwhile() {
    let (source, _) = filled(&DovecotSettings::default(), &corpus::ordinary(100));
    let target = started(&DovecotSettings::default());
    let migration = Migration::new(Place::of(&source, Security::Tls), Place::of(&target, Security::Tls), &[ANN]);
    assert_eq!(migration.run().tally.copied.messages, 100);
    let again = migration.run();
    assert_eq!((again.verdict(), again.tally.copied.messages), (Verdict::AllComplete, 0));
    let mut client = ImapClient::sign_in(source.port, ANN.0, ANN.1);
    for number in 500..507 {
        client.append(b"INBOX", &corpus::plain_message(number)).unwrap();
    }
    client.expect(b"CREATE Later");
    client.append(b"Later", &corpus::plain_message(600)).unwrap();
    let third = migration.run();
    assert_eq!((third.verdict(), third.tally.copied.messages), (Verdict::AllComplete, 8));
    assert_eq!(compared(&source, &target), Differences::default());
}

#[test]
fn one_wrong_password_among_ten_stops_only_that_mailbox() {
    let (source, target) = (Dovecot::start(&DovecotSettings::default()), Dovecot::start(&DovecotSettings::default()));
    let names: Vec<String> = (0..10).map(|number| format!("user{number}@example.com")).collect();
    for name in &names {
        source.add_user(name, "right");
        target.add_user(name, "right");
        ImapClient::sign_in(source.port, name, "right").fill(&corpus::ordinary(10));
    }
    let accounts: Vec<(&str, &str)> =
        names.iter().map(|name| (name.as_str(), if name.starts_with("user4") { "wrong" } else { "right" })).collect();
    let state = Migration::new(Place::of(&source, Security::Tls), Place::of(&target, Security::Tls), &accounts).run();
    assert_eq!(state.verdict(), Verdict::SomeIncomplete);
    for (account, (name, password)) in state.accounts.iter().zip(&accounts) {
        let expected = if *password == "right" { AccountEnd::Complete } else { AccountEnd::Failed };
        assert_eq!(account.end, Some(expected), "{name}");
        let there = read(&target, (name, "right"));
        if *password == "right" {
            assert_eq!(compare(&read(&source, (name, "right")), &there, same), Differences::default(), "{name}");
        } else {
            assert_eq!(account.problems.len(), 1, "{:?}", account.problems);
            assert_eq!(there.message_count(), 0);
        }
    }
}

#[test]
fn few_connections_for_each_user_are_enough() {
    let settings = DovecotSettings { connections_per_user: 1, ..DovecotSettings::default() };
    let source = filled(&settings, &corpus::ordinary(40)).0;
    let target = started(&settings);
    let state = Migration::new(Place::of(&source, Security::Tls), Place::of(&target, Security::Tls), &[ANN]).run();
    assert_eq!(state.verdict(), Verdict::AllComplete, "{:?}", problems(&state));
    std::thread::sleep(std::time::Duration::from_millis(200));
    assert_eq!(compared(&source, &target), Differences::default());
}
