//! Targets that store something else than was sent: what is harmless and what is damage, the same in a migration and in a comparison.

use super::between::{Command, Fate, Tamper};
use super::stage::{ANN, Stage, kinds, message, problems};
use chrono::DateTime;
use kimt::domain::ProblemKind;
use kimt::progress::{RunKind, Verdict};
use kimt::rehearsal::{Content, NewMessage, Profile};
use std::collections::BTreeSet;

/// A source with an ordinary message and `sent`, before a target that stores `stored` instead of `sent`.
fn stage(sent: &'static [u8], stored: &'static [u8], capabilities: &'static str) -> Stage {
    let mut stage = Stage::between(Profile::Rich, Profile::Rich);
    stage.source.store().add(ANN, "INBOX", message("Subject: ordinary\r\n\r\nOrdinary.\r\n")).unwrap();
    stage.source.store().add(ANN, "INBOX", NewMessage::new(Content::bytes(sent))).unwrap();
    let there = stage.target.server.store().clone();
    stage.target.tamper(
        Tamper::commands(move |command: &Command| {
            if command.name != "APPEND" || command.literals[0] != sent {
                return Fate::Pass;
            }
            let uid = there.add(ANN, "INBOX", NewMessage::new(Content::bytes(stored))).unwrap();
            command.answer(&format!("OK [APPENDUID 1 {uid}] done"))
        })
        .offering(capabilities),
    );
    stage
}

const WITH_UIDS: &str = "IMAP4rev1 LITERAL+ UIDPLUS";
const WITHOUT_UIDS: &str = "IMAP4rev1 LITERAL+";

#[test]
fn damage_is_called_altered_by_a_migration_and_by_a_comparison_and_is_not_sent_again() {
    for (sent, stored) in [
        // The lines of a bounce became one, a binary part lost bytes, a sender was forged, a subject continued.
        (&b"Subject: b\r\n\r\na\rb\rc\r\n"[..], &b"Subject: b\r\n\r\nabc\r\n"[..]),
        (b"Subject: p\r\n\r\n\x89PNG\r\r\n\x1a\n", b"Subject: p\r\n\r\n\x89PNG\r\n\x1a\n"),
        (b"From: a\r\nSubject: f\r\n\r\nx\r\n", b"From: b\r\nSubject: g\r\nFrom: a\r\nSubject: f\r\n\r\nx\r\n"),
        (b"From: a\r\nSubject: f\r\n\r\nx\r\n", b"From: a\r\nSubject: f\r\n and more\r\n\r\nx\r\n"),
    ] {
        for capabilities in [WITH_UIDS, WITHOUT_UIDS] {
            let stage = stage(sent, stored, capabilities);
            for kind in [RunKind::Migrate, RunKind::Verify, RunKind::Migrate] {
                let state = stage.run(kind);
                let shown = format!("{kind:?} {}: {:?}", String::from_utf8_lossy(stored), problems(&state));
                assert_eq!(state.verdict(), Verdict::SomeIncomplete, "{shown}");
                assert_eq!(kinds(&state), BTreeSet::from([ProblemKind::MessageAltered]), "{shown}");
                assert_eq!(stage.target.mail().messages(), 2, "{shown}");
            }
        }
    }
}

#[test]
fn a_message_that_got_the_uid_and_the_size_of_an_altered_one_on_a_restored_source_is_copied() {
    let (altered, later) = (b"From: a\r\nSubject: f\r\n\r\nx\r\n", b"From: c\r\nSubject: d\r\n\r\ny\r\n");
    for capabilities in [WITH_UIDS, WITHOUT_UIDS] {
        let stage = stage(altered, b"From: b\r\nSubject: g\r\nFrom: a\r\nSubject: f\r\n\r\nx\r\n", capabilities);
        let store = stage.source.server.store();
        stage.migrate();
        store.restore_folder(ANN, "INBOX", 2).unwrap();
        let date = DateTime::from_timestamp(1_700_000_000, 0).unwrap().fixed_offset();
        store.add(ANN, "INBOX", NewMessage { date, ..NewMessage::new(Content::bytes(&later[..])) }).unwrap();
        for run in ["second", "third"] {
            let state = stage.migrate();
            let there = stage.target.mail().folder("INBOX").unwrap().contents();
            let shown = format!("{capabilities} {run}: {} there, {:?}", there.len(), problems(&state));
            assert_eq!(state.verdict(), Verdict::AllComplete, "{shown}");
            let here = stage.source.mail().folder("INBOX").unwrap().contents();
            assert!(here.iter().all(|content| there.contains(content)) && there.len() == 3, "{shown}");
        }
    }
}

#[test]
fn other_line_ends_are_harmless_and_the_message_is_named_unless_only_the_last_one_changed() {
    for (stored, is_named) in [
        (&b"Subject: l\r\n\r\na\r\nb\r\nc\r\n"[..], true),
        (b"Subject: l\n\na\rb\nc\r\n", true),
        (b"Subject: l\r\n\r\na\rb\nc", false),
    ] {
        let stage = stage(b"Subject: l\r\n\r\na\rb\nc\r\n", stored, WITH_UIDS);
        for kind in [RunKind::Migrate, RunKind::Verify] {
            let state = stage.run(kind);
            let found = problems(&state);
            assert_eq!(state.verdict(), Verdict::AllComplete, "{kind:?}: {found:?}");
            assert_eq!(
                (found.len(), kinds(&state)),
                (1, BTreeSet::from([ProblemKind::MessageNormalised])),
                "{found:?}"
            );
            assert_eq!(found[0].contains("'l'"), is_named, "{kind:?}: {found:?}");
        }
    }
}
