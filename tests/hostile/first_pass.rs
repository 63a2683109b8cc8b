//! What the tests of the last pass begin with: two servers after a first pass over a few letters, and what they ask of a second one.

use super::stage::{ANN, Stage, message, problems};
use kimt::progress::{Followed, RunState, Verdict};
use kimt::rehearsal::{Action, Content, ImapOptions, Moment, NewMessage, Profile, Step};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Targets that move at once, that copy and take away, and both without COPYUID being of use.
pub const WAYS: [&[&str]; 2] = [&[], &["MOVE"]];

/// Two servers, after a first pass over four letters of different sizes in `Work` that arrived at different times.
pub fn stage(without: &[&'static str]) -> Stage {
    migrated(without, without)
}

pub fn migrated(source_without: &[&'static str], target_without: &[&'static str]) -> Stage {
    let stage = filled(source_without, target_without);
    stage.assert_complete(&stage.migrate());
    stage
}

pub fn filled(source_without: &[&'static str], target_without: &[&'static str]) -> Stage {
    let options =
        |without: &[&'static str]| ImapOptions { without: without.to_vec(), ..ImapOptions::new(Profile::Rich) };
    let stage = Stage::with(options(source_without), options(target_without));
    let store = stage.source.store();
    for folder in ["Work", "Filed"] {
        store.create_folder(ANN, folder).unwrap();
    }
    for number in 1..=4 {
        letter(&stage, "Work", number);
    }
    stage
}

pub fn letter(stage: &Stage, folder: &str, number: u32) {
    let text = format!("Subject: letter {number}\r\n\r\n{}\r\n", "x".repeat(number as usize * 7));
    let date = NewMessage::new(Content::bytes(&b""[..])).date + chrono::Duration::hours(i64::from(number));
    let letter = NewMessage { date, flags: vec!["$Label1".to_owned()], ..message(&text) };
    stage.source.store().add(ANN, folder, letter).unwrap();
}

pub fn flags(stage: &Stage, folder: &str, uid: u32) -> BTreeSet<String> {
    let mail = stage.target.mail();
    let mut messages = mail.folder(folder).unwrap().messages.iter();
    messages.find(|message| message.uid == uid).unwrap().flags.clone()
}

/// A run that is complete, copies nothing and follows this.
pub fn assert_followed(stage: &Stage, followed: Followed) -> RunState {
    let state = stage.migrate();
    assert_eq!(state.verdict(), Verdict::AllComplete, "{:#?}", problems(&state));
    assert_eq!((state.tally.followed, state.tally.copied.messages), (followed, 0), "{:#?}", problems(&state));
    assert_eq!(stage.source.store().changes_seen(ANN).unwrap(), [""; 0]);
    state
}

/// Cuts the connection to the target at the command of that number and name, before it is done or after.
pub fn cut_at(stage: &Stage, name: &'static str, number: usize, is_done: bool) {
    let met = AtomicUsize::new(0);
    stage.target.server.set_faults(Some(Arc::new(move |step: &Step<'_>| {
        let is_meant = match step.moment {
            Moment::Received { command } => !is_done && command == name,
            Moment::Executed { command } => is_done && command == name,
            _ => false,
        };
        let cuts = is_meant && met.fetch_add(1, Ordering::SeqCst) == number;
        if cuts { Action::Cut } else { Action::Proceed }
    })));
}

/// What a folder of the target holds, by the sizes of its messages.
pub fn sizes(stage: &Stage, folder: &str) -> Vec<u64> {
    let mail = stage.target.mail();
    let mut sizes: Vec<u64> = mail.folder(folder).unwrap().messages.iter().map(|message| message.size).collect();
    sizes.sort_unstable();
    sizes
}

pub fn size(number: u64) -> u64 {
    23 + number * 7
}
