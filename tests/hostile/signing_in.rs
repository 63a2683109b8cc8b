//! Servers that let us in seldom, or not any more.

use super::between::{Fate, Tamper};
use super::stage::{ANN, BEN, PASSWORD, Stage, kinds, problems};
use kimt::domain::{ProblemKind, Secret};
use kimt::progress::{AccountEnd, RunKind};
use kimt::rehearsal::{ImapOptions, Profile};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

#[test]
fn a_password_refused_in_the_middle_ends_that_mailbox_and_no_other() {
    let mut stage = Stage::between(Profile::Rich, Profile::Rich).fill(6);
    stage.users = vec![ANN, BEN];
    stage.source.store().add_generated(BEN, "INBOX", 5, 600, 9).unwrap();
    let tries = Arc::new(AtomicUsize::new(0));
    let (counted, store) = (tries.clone(), stage.source.server.store().clone());
    let anns = std::sync::Mutex::new(std::collections::BTreeSet::new());
    stage.source.tamper(Tamper::commands(move |command| {
        if command.name == "LOGIN" && command.text.contains(ANN) {
            counted.fetch_add(1, Ordering::SeqCst);
            anns.lock().unwrap().insert(command.connection);
        }
        if command.reads_bodies() && anns.lock().unwrap().contains(&command.connection) {
            store.set_password(ANN, "another").unwrap();
            return Fate::Close;
        }
        Fate::Pass
    }));
    let state = stage.migrate();
    assert_eq!(kinds(&state).into_iter().collect::<Vec<_>>(), [ProblemKind::PasswordRefused], "{:?}", problems(&state));
    assert_eq!(state.count_ended(AccountEnd::Complete), 1);
    assert_eq!(tries.load(Ordering::SeqCst), 2, "a refused password is not tried again");
    stage.source.store().set_password(ANN, PASSWORD).unwrap();
    stage.source.tamper(Tamper::commands(|_| Fate::Pass));
    stage.assert_complete(&stage.migrate());
}

#[test]
fn with_one_connection_for_two_mailboxes_both_get_their_turn() {
    for side in [0, 1] {
        let options = |own| {
            let most_connections = (side == own).then_some(1);
            ImapOptions { most_connections, ..ImapOptions::new(Profile::Rich) }
        };
        let mut stage = Stage::with(options(0), options(1)).fill(6);
        stage.users = vec![ANN, BEN];
        stage.hurried = false;
        stage.source.store().add_generated(BEN, "INBOX", 5, 600, 9).unwrap();
        let mut state = stage.migrate();
        if state.accounts.iter().all(|account| account.started_at.is_none()) {
            // The connection that only looked was not yet gone.
            state = stage.migrate();
        }
        stage.assert_complete(&state);
    }
}

#[test]
fn a_password_that_no_quoted_string_can_hold_signs_in_and_is_no_command() {
    const ODD: &str = "gr\u{fc}n \"\\\r\nK9 DELETE INBOX";
    // With PLAIN, and without it as a literal.
    for without in [vec![], vec!["AUTH=PLAIN"]] {
        let source = ImapOptions { without, ..ImapOptions::new(Profile::Rich) };
        let stage = Stage::with(source, ImapOptions::new(Profile::Rich)).fill(3);
        for end in [&stage.source, &stage.target] {
            end.store().set_password(ANN, ODD).unwrap();
        }
        let mut request = stage.request(RunKind::Migrate, stage.folder.path());
        request.accounts[0].password = Secret::new(ODD);
        stage.assert_complete(&stage.finish(request));
    }
}
