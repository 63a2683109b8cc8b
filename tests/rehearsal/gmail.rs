//! A source like Gmail: labels are folders, one message stands in several, and All Mail holds every message once more.

use super::*;
use kimt::domain::{LeftOutReason, Mapping, ProblemKind};
use kimt::progress::Verdict;
use kimt::rehearsal::{Profile, Snapshot};

/// One message in two labels and the inbox, one in one label, two only in All Mail, one starred; spam is not in All Mail.
fn gmail(options: ImapOptions) -> End {
    let store = store(Layout::SLASH);
    let special = [
        ("[Gmail]/Alle Nachrichten", SpecialUse::All),
        ("[Gmail]/Gesendet", SpecialUse::Sent),
        ("[Gmail]/Spam", SpecialUse::Junk),
        ("[Gmail]/Markiert", SpecialUse::Flagged),
        ("[Gmail]/Wichtig", SpecialUse::Important),
    ];
    for (name, special_use) in special {
        store.create_folder(ANN, name).unwrap();
        store.set_special_use(ANN, name, Some(special_use)).unwrap();
    }
    store.set_selectable(ANN, "[Gmail]", false).unwrap();
    store.create_folder(ANN, "Work").unwrap();
    store.create_folder(ANN, "Work/Plans").unwrap();
    let places: [(&str, &[&str]); 7] = [
        ("everywhere", &["INBOX", "Work", "Work/Plans", "[Gmail]/Wichtig"]),
        ("labelled", &["Work"]),
        ("sent", &["[Gmail]/Gesendet"]),
        ("archived", &[]),
        ("archived too", &[]),
        ("starred", &["INBOX", "[Gmail]/Markiert"]),
        ("important and archived", &["[Gmail]/Wichtig"]),
    ];
    for (name, folders) in places {
        for folder in folders.iter().chain(&["[Gmail]/Alle Nachrichten"]) {
            store.add(ANN, folder, named(name)).unwrap();
        }
    }
    store.add(ANN, "[Gmail]/Spam", named("spam")).unwrap();
    End::start(store, options, Security::Plain)
}

fn named(name: &str) -> NewMessage {
    message(format!("Subject: {name}\r\n\r\n{name}\r\n").as_bytes(), &[], "2024-02-29T12:00:00+00:00")
}

fn gmail_options() -> ImapOptions {
    ImapOptions { gmail: true, ..ImapOptions::new(Profile::Typical) }
}

fn messages_of(snapshot: &Snapshot, folder: &str) -> usize {
    snapshot.folder(folder).unwrap_or_else(|| panic!("{folder}: {:?}", snapshot.folders.keys())).messages.len()
}

#[test]
fn every_label_has_its_messages_and_the_archive_what_has_none() {
    let (source, folder) = (gmail(gmail_options()), scratch());
    let target = End::start(store(Layout::KERIO), ImapOptions::kerio(Profile::Typical), Security::Plain);
    let state = run(request(RunKind::Migrate, &source, &target, folder.path()));
    assert_eq!(state.verdict(), Verdict::AllComplete, "{:#?}", state.accounts[0].problems);
    let after = target.server.store().snapshot(ANN).unwrap();
    let counts =
        ["INBOX", "Work", "Work/Plans", "Sent Items", "Junk E-mail", "Archive"].map(|it| messages_of(&after, it));
    assert_eq!(counts, [2, 2, 1, 1, 1, 3]);
    assert_eq!(after.messages(), 10);
    assert!(!after.folders.keys().any(|name| name.starts_with(b"[Gmail]")), "{:?}", after.folders.keys());
    let account = &state.accounts[0];
    let last = account.folders.last().unwrap();
    assert_eq!(
        (last.mapping, last.target.to_string(), last.tally.expected.messages),
        (Mapping::Rest, "Archive".into(), 3)
    );
    assert!(account.left_out.iter().all(|left_out| left_out.reason == LeftOutReason::Virtual));
    assert_eq!(account.left_out.len(), 2);

    source.server.store().add(ANN, "Work", named("new")).unwrap();
    source.server.store().add(ANN, "[Gmail]/Alle Nachrichten", named("new")).unwrap();
    let again = run(request(RunKind::Migrate, &source, &target, folder.path()));
    assert_eq!((again.verdict(), again.tally.copied.messages), (Verdict::AllComplete, 1));
    let verified = run(request(RunKind::Verify, &source, &target, folder.path()));
    assert_eq!(verified.verdict(), Verdict::AllComplete, "{:#?}", verified.accounts[0].problems);
    assert_eq!(verified.tally.expected.messages, 11);
    let checked = run(request(RunKind::Check, &source, &target, folder.path()));
    assert_eq!(checked.tally.expected.messages, 11);
}

#[test]
fn a_run_cut_in_the_middle_still_knows_which_messages_have_labels() {
    let (source, folder) = (gmail(gmail_options()), scratch());
    source.server.set_options(ImapOptions { drop_after_commands: Some(24), ..source.server.options() });
    let target = End::start(store(Layout::SLASH), ImapOptions::new(Profile::Typical), Security::Plain);
    let state = run(request(RunKind::Migrate, &source, &target, folder.path()));
    assert_eq!(state.verdict(), Verdict::AllComplete, "{:#?}", state.accounts[0].problems);
    let after = target.server.store().snapshot(ANN).unwrap();
    assert_eq!((messages_of(&after, "Archive"), messages_of(&after, "Gesendet"), after.messages()), (3, 1, 10));
}

#[test]
fn without_numbers_a_folder_that_holds_all_is_left_out_and_named() {
    let (source, folder) = (gmail(ImapOptions::new(Profile::Typical)), scratch());
    let target = End::start(store(Layout::KERIO), ImapOptions::kerio(Profile::Typical), Security::Plain);
    let state = run(request(RunKind::Migrate, &source, &target, folder.path()));
    assert_eq!(state.verdict(), Verdict::AllComplete, "{:#?}", state.accounts[0].problems);
    let left_out: Vec<&str> = state.accounts[0].left_out.iter().map(|it| it.folder.as_str()).collect();
    assert_eq!(left_out, ["[Gmail]/Markiert", "[Gmail]/Wichtig", "[Gmail]/Alle Nachrichten"]);
    assert_eq!(target.server.store().snapshot(ANN).unwrap().messages(), 7);
}

#[test]
fn a_refused_password_is_told_with_what_gmail_takes_instead() {
    let (source, folder) = (gmail(gmail_options()), scratch());
    source.server.store().set_password(ANN, "another").unwrap();
    let target = End::start(store(Layout::SLASH), ImapOptions::new(Profile::Typical), Security::Plain);
    let state = run(request(RunKind::Migrate, &source, &target, folder.path()));
    let (_, problem) = &state.accounts[0].problems[0];
    assert_eq!(problem.kind, ProblemKind::PasswordRefused);
    assert!(problem.words.contains("app passwords"), "{}", problem.words);
}
