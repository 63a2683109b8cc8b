//! Several folders are read as one stream: what one of them does must stay with it.
//!
//! All folders have the same UIDs, and after a folder that is not opened the one before it stays open on the server: what it delivers
//! then must never pass for mail of the other.

use super::between::{Command, Fate, Tamper};
use super::stage::{ANN, Stage, kinds, problems};
use kimt::domain::ProblemKind;
use kimt::progress::Verdict;
use kimt::rehearsal::Profile;
use std::sync::Mutex;

const FOLDERS: [&str; 4] = ["Alpha", "Beta", "Delta", "Gamma"];

/// A source with four folders of eight messages each.
fn full(profile: Profile) -> Stage {
    let stage = Stage::between(profile, profile);
    for (folder, seed) in FOLDERS.into_iter().zip(1..) {
        stage.source.store().create_folder(ANN, folder).unwrap();
        stage.source.store().add_generated(ANN, folder, 8, 900, seed).unwrap();
    }
    stage
}

/// The same, where the second EXAMINE of Beta, which is the one for copying, meets `fate`.
fn stage(profile: Profile, fate: impl Fn(&Command) -> Fate + Send + Sync + 'static) -> Stage {
    let mut stage = full(profile);
    let seen = Mutex::new(0);
    stage.source.tamper(Tamper::commands(move |command| {
        if command.name != "EXAMINE" || !command.text.contains("Beta") {
            return Fate::Pass;
        }
        *seen.lock().unwrap() += 1;
        if *seen.lock().unwrap() == 1 { Fate::Pass } else { fate(command) }
    }));
    stage
}

fn assert_all_but_beta(stage: &Stage, expected: ProblemKind) {
    let state = stage.migrate();
    assert_eq!(state.verdict(), Verdict::SomeIncomplete, "{:#?}", problems(&state));
    assert_eq!(kinds(&state), [expected].into(), "{:#?}", problems(&state));
    let (there, here) = (stage.source.mail(), stage.target.mail());
    for folder in FOLDERS {
        let arrived = here.folder(folder).unwrap().contents();
        let expected = if folder == "Beta" { Vec::new() } else { there.folder(folder).unwrap().contents() };
        assert!(arrived == expected, "{folder}: {} arrived", arrived.len());
    }
    assert_eq!(stage.source.store().changes_seen(ANN).unwrap(), [""; 0]);
}

#[test]
fn folders_with_the_same_uids_are_not_mixed_up() {
    for profile in [Profile::Bare, Profile::Typical, Profile::Rich] {
        let stage = stage(profile, |_| Fate::Pass);
        stage.assert_complete(&stage.migrate());
    }
}

#[test]
fn a_folder_refused_when_it_is_copied_is_named_and_the_others_arrive() {
    let stage = stage(Profile::Rich, |command| command.answer("NO [NONEXISTENT] it is gone"));
    assert_all_but_beta(&stage, ProblemKind::FolderNotRead);
}

#[test]
fn a_folder_that_is_another_one_when_it_is_copied_is_named_and_the_others_arrive() {
    let stage = stage(Profile::Rich, another);
    assert_all_but_beta(&stage, ProblemKind::FolderReplaced);
}

/// An answer to EXAMINE by which it is another folder of the same name.
fn another(command: &Command) -> Fate {
    let other = "* 8 EXISTS\r\n* OK [UIDVALIDITY 4711] another\r\n";
    Fate::Instead(format!("{other}{} OK [READ-ONLY] done\r\n", command.tag).into_bytes())
}

#[test]
fn a_folder_that_is_another_one_when_it_is_compared_is_named_and_proves_nothing() {
    let stage = stage(Profile::Rich, another);
    // Mail that was there before is compared by content, for which the folder is opened again.
    stage.target.store().create_folder(ANN, "Beta").unwrap();
    stage.target.store().add_generated(ANN, "Beta", 8, 900, 2).unwrap();
    let state = stage.migrate();
    assert_eq!(kinds(&state), [ProblemKind::FolderReplaced].into(), "{:#?}", problems(&state));
    assert_eq!((state.tally.copied.messages, state.tally.found.messages), (24, 0));
}

#[test]
fn a_connection_lost_where_one_folder_ends_and_the_next_begins_loses_and_doubles_nothing() {
    let lost = Mutex::new(0);
    let stage = stage(Profile::Rich, move |_| {
        *lost.lock().unwrap() += 1;
        if *lost.lock().unwrap() <= 2 { Fate::Close } else { Fate::Pass }
    });
    stage.assert_complete(&stage.migrate());
}

#[test]
fn a_server_that_opens_the_next_folder_before_it_is_done_with_the_last_mixes_nothing_up() {
    // The answer to Beta's EXAMINE comes before what was asked of Alpha: the connection is given up, and the next one serves.
    let announced = Mutex::new(false);
    let mut stage = full(Profile::Rich);
    stage.source.tamper(Tamper::commands(move |command| {
        // Tags count up by one: with EXAMINE and FETCH for each folder, the next EXAMINE has the one after this command's.
        let number: u32 = command.tag.trim_start_matches('K').parse().unwrap_or(0);
        let is_of_many = command.reads_bodies() && command.text.contains(':');
        if is_of_many && !std::mem::replace(&mut *announced.lock().unwrap(), true) {
            let early = format!("* OK [UIDVALIDITY 1] early\r\nK{} OK [READ-ONLY] done\r\n", number + 1);
            return Fate::Instead(early.into_bytes());
        }
        Fate::Pass
    }));
    stage.assert_complete(&stage.migrate());
}

#[test]
fn a_message_delivered_once_more_is_not_taken_for_the_same_uid_of_the_next_folder() {
    let (last_seen, announced) = (Mutex::new(false), Mutex::new(false));
    let mut stage = full(Profile::Rich);
    stage.source.tamper(Tamper::answers(move |answer| {
        let mut last_seen = last_seen.lock().unwrap();
        if *last_seen && answer.text.starts_with('K') && !std::mem::replace(&mut *announced.lock().unwrap(), true) {
            return answer.after(b"* 3 FETCH (UID 3 BODY[] {9}\r\nA: b\r\n\r\nx)\r\n");
        }
        *last_seen |= answer.fetches(8) && answer.text.contains("BODY[]");
        Fate::Pass
    }));
    stage.assert_complete(&stage.migrate());
}
