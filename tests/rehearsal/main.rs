//! Whole migrations between two embedded servers, compared message by message with code that shares nothing with the engine.

#![allow(clippy::unwrap_used, clippy::expect_used)] // A failed step of a test ends the test.

#[path = "../support/embedded/mod.rs"]
mod embedded;

mod arrival;
mod comparing;
mod compressed;
mod cuts;
mod gmail;
mod manners;
mod two_connections;

use embedded::stage::{ANN, End, Stage, kinds, problems, store};
use kimt::domain::{Secret, Security, SpecialUse};
use kimt::progress::{RunKind, Verdict};
use kimt::rehearsal::{Content, ImapOptions, Layout, MailStore, NewMessage, Profile};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

fn message(bytes: &[u8], flags: &[&str], date: &str) -> NewMessage {
    NewMessage {
        content: Content::bytes(bytes),
        flags: flags.iter().map(|flag| (*flag).to_owned()).collect(),
        date: chrono::DateTime::parse_from_rfc3339(date).unwrap(),
    }
}

/// Everything a mailbox may hold: every flag, old dates, equal messages, odd bytes, deep folders, names in other scripts.
fn fill(store: &MailStore) {
    let separator = char::from(store.layout().separator);
    let below = |parts: &[&str]| parts.join(&separator.to_string());
    let prefix = |name: &str| if separator == '.' { format!("INBOX.{name}") } else { name.to_owned() };
    let twice = b"Subject: twice\r\n\r\nTwice.\r\n";
    let inbox = vec![
        message(twice, &["\\Seen", "\\Answered"], "2001-02-03T04:05:06+00:00"),
        message(twice, &["\\Flagged", "$Forwarded"], "2019-12-31T23:59:59-08:00"),
        message(b"no header at all", &[], "1999-01-01T00:00:00+05:45"),
        message(
            b"Subject: \xfc\xff\r\n\r\n\r\n.\r\nbare \r and bare \n and (K9 OK done)\r\n",
            &["\\Draft"],
            "2024-02-29T12:00:00+13:00",
        ),
        message(b"\r\n", &["\\Seen"], "2024-06-07T08:09:10+02:00"),
    ];
    store.add_all(ANN, "INBOX", inbox).unwrap();
    store.add_generated(ANN, "INBOX", 300, 2_000, 1).unwrap();
    store.add_generated(ANN, "INBOX", 1, 3_000_000, 9_000).unwrap();
    for (folder, messages) in [
        (prefix(&below(&["Entwürfe & mehr", "台北", "😀"])), 3),
        (prefix("Sent"), 20),
        (prefix("a \"quoted\" \\ name"), 1),
        (prefix("Empty"), 0),
    ] {
        store.create_folder(ANN, &folder).unwrap();
        store.add_generated(ANN, &folder, messages, 5_000, folder.len() as u64 * 1_000).unwrap();
        store.set_subscribed(ANN, &folder, true).unwrap();
    }
    store.set_special_use(ANN, &prefix("Sent"), Some(SpecialUse::Sent)).unwrap();
}
