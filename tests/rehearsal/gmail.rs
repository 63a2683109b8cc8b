//! A source like Gmail: labels are folders, one message is in several, and All Mail holds every message once more.

use super::embedded::between::{Fate, Tamper};
use super::*;
use kimt::domain::{LeftOutReason, Mapping, ProblemKind};
use kimt::rehearsal::Snapshot;

/// One message in two labels and the inbox, one in one label, two only in All Mail, one starred; spam is not in All Mail.
fn gmail(options: ImapOptions, target: Layout) -> Stage {
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
    let target_options = if target.kerio { ImapOptions::kerio } else { ImapOptions::new };
    let target = End::start(self::store(target), target_options(Profile::Typical), Security::Plain);
    Stage::of(End::start(store, options, Security::Plain), target)
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
    let stage = gmail(gmail_options(), Layout::KERIO);
    let state = stage.migrate();
    assert_eq!(state.verdict(), Verdict::AllComplete, "{:#?}", problems(&state));
    let after = stage.target.mail();
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

    stage.source.store().add(ANN, "Work", named("new")).unwrap();
    stage.source.store().add(ANN, "[Gmail]/Alle Nachrichten", named("new")).unwrap();
    let again = stage.migrate();
    assert_eq!((again.verdict(), again.tally.copied.messages), (Verdict::AllComplete, 1));
    let verified = stage.run(RunKind::Verify);
    assert_eq!(verified.verdict(), Verdict::AllComplete, "{:#?}", problems(&verified));
    assert_eq!(verified.tally.expected.messages, 11);
    let checked = stage.run(RunKind::Check);
    assert_eq!(checked.tally.expected.messages, 11);
}

#[test]
fn a_run_cut_in_the_middle_still_knows_which_messages_have_labels() {
    let stage = gmail(ImapOptions { drop_after_commands: Some(24), ..gmail_options() }, Layout::SLASH);
    let state = stage.migrate();
    assert_eq!(state.verdict(), Verdict::AllComplete, "{:#?}", problems(&state));
    let after = stage.target.mail();
    assert_eq!((messages_of(&after, "Archive"), messages_of(&after, "Gesendet"), after.messages()), (3, 1, 10));
}

#[test]
fn mail_that_arrives_while_folders_are_scanned_is_in_its_folder_and_not_in_the_archive_too() {
    let mut stage = gmail(gmail_options(), Layout::KERIO);
    let (server, has_come) = (stage.source.server.clone(), AtomicBool::new(false));
    stage.source.tamper(Tamper::commands(move |command| {
        if command.name == "EXAMINE" && command.text.contains("Alle") && !has_come.swap(true, Ordering::SeqCst) {
            // By now the inbox is scanned.
            std::thread::sleep(Duration::from_millis(200));
            for folder in ["INBOX", "[Gmail]/Alle Nachrichten"] {
                server.store().add(ANN, folder, named("late")).unwrap();
            }
        }
        Fate::Pass
    }));
    // The archive has not got it meanwhile: the next run would move it, but who reads in between would find it there.
    for in_inbox in [2, 3] {
        let state = stage.migrate();
        assert_eq!(state.verdict(), Verdict::AllComplete, "{:#?}", problems(&state));
        let after = stage.target.mail();
        assert_eq!((messages_of(&after, "INBOX"), messages_of(&after, "Archive")), (in_inbox, 3));
    }
    let verified = stage.run(RunKind::Verify);
    assert_eq!(verified.verdict(), Verdict::AllComplete, "{:#?}", problems(&verified));
}

#[test]
fn without_numbers_a_folder_that_holds_all_is_left_out_and_named() {
    let stage = gmail(ImapOptions::new(Profile::Typical), Layout::KERIO);
    let state = stage.migrate();
    assert_eq!(state.verdict(), Verdict::AllComplete, "{:#?}", problems(&state));
    let left_out: Vec<&str> = state.accounts[0].left_out.iter().map(|it| it.folder.as_str()).collect();
    assert_eq!(left_out, ["[Gmail]/Markiert", "[Gmail]/Wichtig", "[Gmail]/Alle Nachrichten"]);
    assert_eq!(stage.target.mail().messages(), 7);
}

#[test]
fn a_refused_password_is_reported_with_what_gmail_takes_instead() {
    let stage = gmail(gmail_options(), Layout::SLASH);
    stage.source.store().set_password(ANN, "another").unwrap();
    let state = stage.migrate();
    let (_, problem) = &state.accounts[0].problems[0];
    assert_eq!(problem.kind, ProblemKind::PasswordRefused);
    assert!(problem.details().contains("app passwords"), "{problem}");
}
