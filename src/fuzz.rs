//! Entry points for fuzzing: one function for each parser that reads what servers send and people's files contain. Each takes any bytes,
//! and must neither panic, nor take long, nor break what it promises. `fuzz/` and `tests/fuzzing.rs` call them; nothing else does.

pub use crate::dav::fuzzing::answers as dav_answers;
pub use crate::imap::fuzzing::{answers, bodies, bodies_of_folders, compressed, names};
pub use crate::items::fuzzing::{calendars, cards, item_messages};
pub use crate::kerio::fuzzing::calls;
pub use crate::migrate::fuzzing::contents;

use crate::domain::{Folder, UidValidity};
use crate::ledger::{Files, Ledger, MailboxKey};

/// A CSV of accounts: every line becomes an account or is named.
pub fn accounts(bytes: &[u8]) {
    let file = crate::accounts::read(bytes);
    assert!(file.accounts.iter().all(|account| !account.address.to_string().chars().any(char::is_control)));
}

/// A ledger's file: it is opened, or set aside and replaced by a new one that works.
pub fn ledgers(bytes: &[u8]) {
    let key = MailboxKey { source: "s".to_owned(), target: "t".to_owned(), address: "a@b.c".to_owned() };
    let folder = std::env::temp_dir().join(format!("kimt-fuzz-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    let made = Ledger::open(&Files::in_folder(&folder), &key).map(|(ledger, _)| ledger.folders());
    assert!(made.is_ok_and(|names| names.is_empty()));
    let Some(Ok(path)) = std::fs::read_dir(folder.join("ledger")).ok().and_then(|mut entries| {
        entries.find_map(|entry| {
            entry.map(|entry| entry.path()).map(|path| path.extension()?.eq("ledger").then_some(path)).transpose()
        })
    }) else {
        return;
    };
    let whole = std::fs::read(&path).unwrap_or_default();
    // The first byte says where the rest overwrites a sound file, so that what is read passes the first check.
    let at = bytes.first().map_or(0, |first| usize::from(*first) * 64);
    let mut damaged = whole;
    for (place, byte) in damaged.iter_mut().skip(at).zip(bytes.iter().skip(1)) {
        *place = *byte;
    }
    assert!(std::fs::write(&path, damaged).is_ok());
    let opened = Ledger::open(&Files::in_folder(&folder), &key);
    if let Ok((mut ledger, _)) = opened {
        let _ = ledger.folders();
        let inbox = Folder::inbox();
        if let Some(record) = ledger.folder(&inbox) {
            let _ = (ledger.done(&record), ledger.intents(&record), ledger.unchecked(&record));
        }
        let _ = ledger.begin_folder(&inbox, UidValidity(1), (b"INBOX", &inbox.path), UidValidity(2), &[]);
    }
    let _ = std::fs::remove_dir_all(&folder);
}
