//! What the ledger promises, on real files.

use super::*;
use crate::domain::{Digest, Uid, UidValidity};

fn key() -> MailboxKey {
    MailboxKey { source: "old:993".into(), target: "new".into(), address: "ann@example.com".into() }
}

fn opened(folder: &Path) -> (Ledger, History) {
    Ledger::open(folder, &key()).unwrap()
}

fn inbox(ledger: &mut Ledger) -> FolderRecord {
    ledger.begin_folder(b"INBOX", UidValidity(7), b"INBOX", UidValidity(9)).unwrap()
}

fn done(uid: u32) -> Done {
    let digest = Digest::of(&[uid as u8]);
    Done { uid: Uid(uid), size: 10, digest, target_uid: Some(Uid(uid + 100)), floor: 100, checked: false }
}

#[test]
fn what_was_recorded_is_there_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let (mut ledger, history) = opened(folder.path());
    assert_eq!(history, History::New);
    let record = inbox(&mut ledger);
    ledger.record(&record, &[], &[], &[(Uid(1), 10), (Uid(2), 10), (Uid(3), 10)], 100).unwrap();
    ledger.record(&record, &[done(1)], &[Uid(3)], &[], 100).unwrap();
    ledger.complete(&record, Snapshot { uid_next: Uid(4), messages: 3 }).unwrap();
    drop(ledger);

    let (ledger, history) = opened(folder.path());
    assert_eq!(history, History::Known);
    let record = ledger.folder(b"INBOX").unwrap().unwrap();
    assert_eq!(record.snapshot, Some(Snapshot { uid_next: Uid(4), messages: 3 }));
    assert_eq!(ledger.done(&record).unwrap(), vec![(Uid(1), 10)]);
    assert_eq!(ledger.done_counts(&record).unwrap(), (1, 10));
    assert_eq!(ledger.intents(&record).unwrap(), vec![Intent { uid: Uid(2), size: 10, floor: 100 }]);
    assert_eq!(ledger.unchecked(&record).unwrap(), vec![done(1)]);
}

#[test]
fn a_checked_message_is_not_checked_again() {
    let folder = tempfile::tempdir().unwrap();
    let (mut ledger, _) = opened(folder.path());
    let record = inbox(&mut ledger);
    ledger.record(&record, &[done(1), done(2)], &[], &[], 100).unwrap();
    ledger.checked(&record, &[(Uid(1), Uid(101))]).unwrap();
    assert_eq!(ledger.unchecked(&record).unwrap(), vec![done(2)]);
    assert_eq!(ledger.target_uids(&record).unwrap(), vec![Uid(101), Uid(102)]);
}

#[test]
fn an_intent_waits_for_the_disk_and_what_is_settled_waits_with_the_next() {
    let folder = tempfile::tempdir().unwrap();
    let (mut ledger, _) = opened(folder.path());
    let waited = |ledger: &Ledger| -> bool {
        let synchronous: i64 = ledger.connection.query_row("PRAGMA synchronous", [], |row| row.get(0)).unwrap();
        assert!(matches!(synchronous, 1 | 2), "{synchronous}");
        synchronous == 2
    };
    let record = inbox(&mut ledger);
    assert!(!waited(&ledger));
    ledger.record(&record, &[], &[], &[(Uid(1), 10), (Uid(2), 10)], 100).unwrap();
    assert!(waited(&ledger));
    ledger.record(&record, &[done(1)], &[], &[], 100).unwrap();
    assert!(!waited(&ledger));
    ledger.checked(&record, &[(Uid(1), Uid(101))]).unwrap();
    assert!(!waited(&ledger));
    ledger.record(&record, &[done(2)], &[], &[(Uid(3), 10)], 100).unwrap();
    assert!(waited(&ledger));
    ledger.durable_at -= LATEST;
    ledger.complete(&record, Snapshot { uid_next: Uid(4), messages: 3 }).unwrap();
    assert!(waited(&ledger), "it was a second ago that anything was made to survive a power cut");
    ledger.forget_folder(&record).unwrap();
    assert!(waited(&ledger));
}

#[test]
fn a_record_cut_off_anywhere_is_one_that_was_true_once() {
    let folder = tempfile::tempdir().unwrap();
    let (mut ledger, _) = opened(folder.path());
    let record = inbox(&mut ledger);
    let state = |ledger: &Ledger| {
        let record = ledger.folder(b"INBOX").unwrap()?;
        Some((
            record.snapshot,
            ledger.done(&record).unwrap(),
            ledger.intents(&record).unwrap(),
            ledger.unchecked(&record).unwrap(),
        ))
    };
    let mut were = vec![None, state(&ledger)];
    for uid in 1..20 {
        ledger.record(&record, &[], &[], &[(Uid(uid), 10)], 100).unwrap();
        were.push(state(&ledger));
        ledger.record(&record, &[done(uid)], &[], &[], 100).unwrap();
        were.push(state(&ledger));
        ledger.checked(&record, &[(Uid(uid), Uid(uid + 100))]).unwrap();
        were.push(state(&ledger));
    }
    ledger.complete(&record, Snapshot { uid_next: Uid(20), messages: 19 }).unwrap();
    were.push(state(&ledger));
    // What stands on the disk after a power cut: the file, and the log of its changes up to somewhere.
    let name = key().file_name();
    let file = |end: &str| std::fs::read(folder.path().join("ledger").join(format!("{name}{end}"))).unwrap();
    let (base, log) = (file(""), file("-wal"));
    let mut seen = std::collections::BTreeSet::new();
    for length in (0..=log.len()).step_by(977).chain([log.len()]) {
        let cut = tempfile::tempdir().unwrap();
        let path = cut.path().join("ledger");
        std::fs::create_dir(&path).unwrap();
        std::fs::write(path.join(&name), &base).unwrap();
        std::fs::write(path.join(format!("{name}-wal")), &log[..length]).unwrap();
        let (ledger, history) = opened(cut.path());
        assert!(!matches!(history, History::SetAside { .. }), "{length}: {history:?}");
        let is = state(&ledger);
        let place = were.iter().rposition(|was| *was == is);
        seen.insert(place.unwrap_or_else(|| panic!("{length}: {is:?}")));
    }
    assert_eq!(seen.last(), Some(&(were.len() - 1)));
    assert!(seen.len() > were.len() / 2, "{seen:?}");
}

#[test]
fn changes_of_several_folders_are_taken_in_together() {
    let folder = tempfile::tempdir().unwrap();
    let (mut ledger, _) = opened(folder.path());
    let first = inbox(&mut ledger);
    let second = ledger.begin_folder(b"Work", UidValidity(7), b"Work", UidValidity(9)).unwrap();
    let change = |folder, uid| Change {
        folder,
        done: vec![done(uid)],
        withdrawn: Vec::new(),
        intend: vec![(Uid(uid + 1), 10)],
        floor: 100 + uid,
    };
    ledger.record_all(&[change(&first, 1), change(&second, 5)]).unwrap();
    for (record, uid) in [(&first, 1), (&second, 5)] {
        assert_eq!(ledger.done(record).unwrap(), vec![(Uid(uid), 10)]);
        let intent = Intent { uid: Uid(uid + 1), size: 10, floor: 100 + uid };
        assert_eq!(ledger.intents(record).unwrap(), vec![intent]);
    }
}

#[test]
fn a_settled_message_is_never_withdrawn() {
    let folder = tempfile::tempdir().unwrap();
    let (mut ledger, _) = opened(folder.path());
    let record = inbox(&mut ledger);
    ledger.record(&record, &[done(1)], &[Uid(1)], &[], 100).unwrap();
    assert_eq!(ledger.done(&record).unwrap().len(), 1);
}

#[test]
fn a_folder_begun_anew_has_forgotten_its_messages() {
    let folder = tempfile::tempdir().unwrap();
    let (mut ledger, _) = opened(folder.path());
    let record = inbox(&mut ledger);
    ledger.record(&record, &[done(1)], &[], &[(Uid(2), 10)], 100).unwrap();
    let record = inbox(&mut ledger);
    assert!(ledger.done(&record).unwrap().is_empty() && ledger.intents(&record).unwrap().is_empty());
}

#[test]
fn a_second_run_on_the_same_mailbox_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (ledger, _) = opened(folder.path());
    assert!(matches!(Ledger::open(folder.path(), &key()), Err(LedgerError::InUse { .. })));
    drop(ledger);
    assert!(Ledger::open(folder.path(), &key()).is_ok());
}

#[test]
fn a_damaged_or_foreign_file_is_set_aside_and_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger").join(key().file_name());
    drop(opened(folder.path()));
    std::fs::write(&path, b"this is no database, but it is long enough to look like one").unwrap();
    let (ledger, history) = opened(folder.path());
    let History::SetAside { path: aside, .. } = history else { panic!("{history:?}") };
    assert!(aside.exists() && ledger.folder(b"INBOX").unwrap().is_none());
    drop(ledger);

    rusqlite::Connection::open(&path).unwrap().execute_batch("PRAGMA user_version = 99").unwrap();
    assert!(matches!(opened(folder.path()).1, History::SetAside { why, .. } if why.contains("format 99")));
}

#[cfg(unix)]
#[test]
fn nobody_else_can_read_the_files() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let (mut ledger, _) = opened(folder.path());
    let record = inbox(&mut ledger);
    ledger.record(&record, &[done(1)], &[], &[], 100).unwrap();
    for file in std::fs::read_dir(folder.path().join("ledger")).unwrap() {
        let mode = file.unwrap().metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{mode:o}");
    }
}
