//! The ledger's promises, on real files, and those that only files can keep.

use super::*;
use crate::domain::{Digest, Folder, FolderPath, RecordDamage, Uid, UidValidity};
use crate::ledger::contract::{begin, done, folder, inbox, intend, key, ledger_tests, opened, work_folder};
use crate::ledger::{Done, FolderRecord, Intent, Ledger, LedgerErrorKind, Snapshot};
use std::collections::BTreeSet;

fn store() -> (tempfile::TempDir, Files) {
    let folder = tempfile::tempdir().unwrap();
    let store = Files::in_folder(folder.path());
    (folder, store)
}

ledger_tests!(store());

/// A store whose record of the mailbox has these bytes.
fn holding(bytes: &[u8], key: &MailboxKey) -> (tempfile::TempDir, Files) {
    let (folder, store) = store();
    std::fs::create_dir(&store.folder).unwrap();
    std::fs::write(store.path(key), bytes).unwrap();
    (folder, store)
}

type Known = Option<(Option<Snapshot>, Vec<(Uid, u64)>, Vec<Intent>, Vec<Done>, Vec<Uid>)>;

fn known(ledger: &Ledger, name: &str) -> Known {
    let record = ledger.folder(&folder(name, &[name]))?;
    Some((
        record.snapshot,
        ledger.done(&record).unwrap(),
        ledger.intents(&record).unwrap(),
        ledger.unchecked(&record).unwrap(),
        ledger.target_uids(&record).unwrap(),
    ))
}

#[test]
fn a_write_waits_for_the_disk_when_it_must_and_otherwise_once_a_second() {
    let (_folder, store) = store();
    let path = store.path(&key());
    std::fs::create_dir(&store.folder).unwrap();
    let Ok((connection, _)) = schema::open(&path, &key()) else { panic!() };
    let mut rows = FileRows { path, connection, durable_at: Instant::now() };
    let waited = |rows: &mut FileRows, durable| -> bool {
        rows.write(&Write::default(), durable).unwrap();
        let synchronous: i64 = rows.connection.query_row("PRAGMA synchronous", [], |row| row.get(0)).unwrap();
        assert!(matches!(synchronous, 1 | 2), "{synchronous}");
        synchronous == 2
    };
    assert!(!waited(&mut rows, Durable::Soon));
    assert!(waited(&mut rows, Durable::AtOnce));
    assert!(!waited(&mut rows, Durable::Soon));
    rows.durable_at -= LATEST;
    assert!(waited(&mut rows, Durable::Soon), "it was a second ago that anything was made to survive a power cut");
    assert!(!waited(&mut rows, Durable::Soon));
}

#[test]
fn a_record_cut_off_anywhere_is_one_that_was_true_once() {
    let (_folder, store) = store();
    let (mut ledger, _) = opened(&store);
    let record = inbox(&mut ledger);
    let mut were = vec![None, known(&ledger, "INBOX")];
    for uid in 1..20 {
        intend(&mut ledger, &record, &[uid]);
        were.push(known(&ledger, "INBOX"));
        ledger.record(&record, &[done(uid)], &[], &[], 100).unwrap();
        were.push(known(&ledger, "INBOX"));
        ledger.checked(&record, &[(Uid(uid), Uid(uid + 100))]).unwrap();
        were.push(known(&ledger, "INBOX"));
    }
    ledger.complete(&record, Snapshot { uid_next: Uid(20), messages: 19 }).unwrap();
    were.push(known(&ledger, "INBOX"));
    // On disk after a power cut: the file, and a prefix of its log of changes.
    let name = key().file_name();
    let file = |end: &str| std::fs::read(store.folder.join(format!("{name}{end}"))).unwrap();
    let (base, log) = (file(""), file("-wal"));
    let mut seen = BTreeSet::new();
    for length in (0..=log.len()).step_by(977).chain([log.len()]) {
        let (_cut, store) = holding(&base, &key());
        std::fs::write(store.folder.join(format!("{name}-wal")), &log[..length]).unwrap();
        let (ledger, history) = opened(&store);
        assert!(!matches!(history, History::SetAside { .. }), "{length}: {history:?}");
        let is = known(&ledger, "INBOX");
        let place = were.iter().rposition(|was| *was == is);
        seen.insert(place.unwrap_or_else(|| panic!("{length}: {is:?}")));
    }
    assert_eq!(seen.last(), Some(&(were.len() - 1)));
    assert!(seen.len() > were.len() / 2, "{seen:?}");
}

#[test]
fn a_damaged_or_foreign_file_is_set_aside_and_reported() {
    let (_folder, store) = store();
    let path = store.path(&key());
    drop(opened(&store));
    std::fs::write(&path, b"this is no database, but it is long enough to look like one").unwrap();
    let (ledger, history) = opened(&store);
    let History::SetAside { kept_as, .. } = history else { panic!("{history:?}") };
    assert!(Path::new(&kept_as).exists() && ledger.folder(&Folder::inbox()).is_none());
    drop(ledger);

    Connection::open(&path).unwrap().execute_batch("PRAGMA user_version = 99").unwrap();
    assert!(matches!(opened(&store).1, History::SetAside { why: RecordDamage::Format { found: 99, .. }, .. }));
}

/// A record with three folders: one of many blocks, one of a whole block, one empty.
fn sound_file() -> (Vec<u8>, [Known; 3]) {
    let (_folder, store) = store();
    let (mut ledger, _) = opened(&store);
    let record = inbox(&mut ledger);
    for uid in 1..8 {
        intend(&mut ledger, &record, &[uid]);
        ledger.record(&record, &[done(uid)], &[], &[], 100).unwrap();
    }
    intend(&mut ledger, &record, &[8, 9]);
    let work = begin(&mut ledger, &work_folder(), "Work");
    ledger.record(&work, &(1..150).map(done).collect::<Vec<_>>(), &[], &[], 100).unwrap();
    ledger.complete(&work, Snapshot { uid_next: Uid(150), messages: 149 }).unwrap();
    begin(&mut ledger, &folder("Empty", &["Empty"]), "Empty");
    let are = [known(&ledger, "INBOX"), known(&ledger, "Work"), known(&ledger, "Empty")];
    drop(ledger);
    (std::fs::read(store.path(&key())).unwrap(), are)
}

#[test]
fn a_bit_that_is_another_one_anywhere_is_noticed_or_changes_nothing() {
    let (whole, are) = sound_file();
    let mut random = fastrand::Rng::with_seed(18);
    let (mut noticed, mut harmless) = (0, 0);
    // Pages are used at their ends; the zeros between are skipped. Of the rest a random part is tried: all bits take minutes.
    let used = (0..whole.len()).filter(|at| at % 4096 < 120 || whole[*at] != 0);
    let mut tried: Vec<(usize, u8)> = used.map(|at| (at, random.u8(..))).filter(|(_, number)| *number < 8).collect();
    // All bits of the file's header.
    tried.extend((0..100).flat_map(|at| (0..8).map(move |bit| (at, bit))));
    for (at, bit) in tried {
        let mut flipped = whole.clone();
        flipped[at] ^= 1 << bit;
        let (_folder, store) = holding(&flipped, &key());
        let (mut ledger, history) = opened(&store);
        if matches!(history, History::SetAside { .. }) {
            noticed += 1;
            continue;
        }
        // SQLite ignores much of its header.
        harmless += usize::from(at >= 100);
        let is = [known(&ledger, "INBOX"), known(&ledger, "Work"), known(&ledger, "Empty")];
        assert_eq!(is, are, "byte {at}");
        begin(&mut ledger, &folder("Later", &["Later"]), "Later");
    }
    assert!(noticed > 100 && harmless < noticed / 5, "{noticed} noticed, {harmless} harmless");
}

#[test]
fn a_block_or_a_head_that_is_missing_doubled_or_exchanged_is_noticed() {
    for damage in [
        "DELETE FROM block WHERE folder = 1 AND number = 3",
        "DELETE FROM block WHERE folder = 1 AND number = (SELECT max(number) FROM block WHERE folder = 1)",
        "DELETE FROM block WHERE folder = 2",
        "DELETE FROM folder WHERE id = 1",
        "UPDATE block SET number = number + 1000 WHERE folder = 1 AND number > 3",
        "UPDATE block SET content = (SELECT content FROM block WHERE folder = 1 AND number = 2) WHERE folder = 1 AND number = 3",
        "UPDATE block SET folder = 3 WHERE folder = 2",
        "UPDATE folder SET head = replace(head, 'Work', 'Wort')",
        "UPDATE folder SET id = 4 WHERE id = 3",
        "INSERT INTO block VALUES (9, 0, x'00', 0)",
        "DELETE FROM mailbox",
    ] {
        let (_folder, store) = holding(&sound_file().0, &key());
        Connection::open(store.path(&key())).unwrap().execute_batch(damage).unwrap();
        let (_, history) = opened(&store);
        assert!(matches!(history, History::SetAside { .. }), "{damage}: {history:?}");
    }
}

const FORMAT_1: &[u8] = include_bytes!("../../../tests/records/format-1.ledger");

fn key_of_format_1() -> MailboxKey {
    MailboxKey { source: "old.example:993".into(), target: "new.example:993".into(), address: "ann@example.com".into() }
}

/// Checks that the ledger holds what an earlier version wrote into the file.
fn assert_carried_over(ledger: &Ledger) {
    let record = |name: &str, parts: &[&str]| -> FolderRecord { ledger.folder(&folder(name, parts)).unwrap() };
    let inbox = record("INBOX", &["INBOX"]);
    assert_eq!((inbox.source_uid_validity, inbox.target_uid_validity), (UidValidity(7), UidValidity(9)));
    assert_eq!((inbox.target_name.as_slice(), inbox.snapshot), (&b"INBOX"[..], None));
    let done: Vec<(Uid, u64)> = (1..=591).map(|uid| (Uid(uid), u64::from(uid) * 10)).collect();
    assert_eq!(ledger.done(&inbox).unwrap(), done);
    assert_eq!(ledger.done_counts(&inbox).unwrap(), (591, done.iter().map(|(_, size)| size).sum()));
    let intents: Vec<Intent> =
        (592..600).map(|uid| Intent { uid: Uid(uid), size: u64::from(uid) * 10, floor: 100 }).collect();
    assert_eq!(ledger.intents(&inbox).unwrap(), intents);
    let unchecked = ledger.unchecked(&inbox).unwrap();
    assert_eq!(unchecked.iter().map(|done| done.uid.0).collect::<Vec<_>>(), (581..=591).collect::<Vec<_>>());
    let last = unchecked.last().unwrap();
    assert_eq!((last.digest, last.target_uid, last.floor), (Digest::of(&591_u32.to_be_bytes()), None, 690));
    assert_eq!(ledger.highest_target_uid(&inbox).unwrap(), Some(Uid(690)));
    let work = record("Work/&AMQ-rger", &["Work", "Ärger"]);
    assert_eq!(work.target_name, b"INBOX.Work.&AMQ-rger");
    assert_eq!(work.snapshot, Some(Snapshot { uid_next: Uid(4), messages: 1 }));
    assert_eq!(ledger.done_counts(&work).unwrap(), (1, 5_000_000_000));
    assert_eq!(record("Drafts", &["Drafts"]).snapshot, Some(Snapshot { uid_next: Uid(1), messages: 0 }));
    assert_eq!(ledger.folders().len(), 3);
    let places =
        ledger.places(&[folder("Drafts", &["Drafts"])], |name| FolderPath::new([String::from_utf8_lossy(name)]));
    assert_eq!(places[&b"Drafts"[..]], FolderPath::new(["Drafts"]));
    assert_eq!(places[&b"Work/&AMQ-rger"[..]], FolderPath::new(["INBOX.Work.&AMQ-rger"]));
}

#[test]
fn a_record_of_format_1_is_read_under_its_old_name_and_carried_over() {
    let key = key_of_format_1();
    let (_folder, store) = holding(FORMAT_1, &key.without_target_port());
    assert!(store.has(&key).unwrap());
    let (ledger, history) = Ledger::open(&store, &key).unwrap();
    assert_eq!(history, History::Known);
    assert_carried_over(&ledger);
    drop(ledger);
    let (ledger, history) = Ledger::open(&store, &key).unwrap();
    assert_eq!(history, History::Known);
    assert_carried_over(&ledger);
    assert!(!store.path(&key.without_target_port()).exists());
    drop(ledger);
    // Another server on another port of that host is not affected.
    let (_, history) = Ledger::open(&store, &MailboxKey { target: "new.example:1143".into(), ..key }).unwrap();
    assert_eq!(history, History::New);
}

#[test]
fn a_record_of_format_1_that_was_renamed_by_a_run_that_was_cut_off_is_known() {
    let key = key_of_format_1();
    let (_folder, store) = holding(FORMAT_1, &key);
    let (ledger, history) = Ledger::open(&store, &key).unwrap();
    assert_eq!(history, History::Known);
    assert_carried_over(&ledger);
    // Cut off between upgrading the file and renaming it.
    drop(ledger);
    std::fs::rename(store.path(&key), store.path(&key.without_target_port())).unwrap();
    let (ledger, history) = Ledger::open(&store, &key).unwrap();
    assert_eq!(history, History::Known);
    assert_carried_over(&ledger);
}

#[test]
fn a_record_of_format_1_that_another_run_has_open_is_refused() {
    let key = key_of_format_1();
    let (_folder, store) = holding(FORMAT_1, &key.without_target_port());
    let holder = Connection::open(store.path(&key.without_target_port())).unwrap();
    holder.execute_batch("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE;").unwrap();
    let refused = Ledger::open(&store, &key).err().unwrap();
    assert_eq!(refused.kind(), LedgerErrorKind::InUse, "{refused}");
}

#[cfg(unix)]
#[test]
fn nobody_else_can_read_the_files() {
    use std::os::unix::fs::PermissionsExt;
    let (_folder, store) = store();
    let (mut ledger, _) = opened(&store);
    let record = inbox(&mut ledger);
    ledger.record(&record, &[done(1)], &[], &[], 100).unwrap();
    for file in std::fs::read_dir(&store.folder).unwrap() {
        let mode = file.unwrap().metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{mode:o}");
    }
}
