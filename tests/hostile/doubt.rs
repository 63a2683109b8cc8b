//! Places on the target of which it is doubtful whose they are, in a last pass: what is there is neither flagged, moved nor taken away. Each
//! doubt alone, in folders of which no witness sees the place.

use super::between::{Fate, Tamper};
use super::first_pass::{assert_followed, filled, flags, letter, size, sizes};
use super::stage::{ANN, Stage, kinds, problems};
use kimt::domain::{ProblemKind, SpecialUse};
use kimt::progress::Followed;
use kimt::rehearsal::Content;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// Two servers, after a first pass over sixty letters in `Work`.
fn sixty() -> Stage {
    let stage = filled(&[], &[]);
    for number in 5..=60 {
        letter(&stage, "Work", number);
    }
    stage.assert_complete(&stage.migrate());
    stage
}

fn see(stage: &Stage, uids: &[u32]) {
    for uid in uids {
        stage.source.store().set_flags(ANN, "Work", *uid, &["$Label1", "\\Seen"]).unwrap();
    }
}

fn is_seen(stage: &Stage, uid: u32) -> bool {
    flags(stage, "Work", uid).contains("\\Seen")
}

#[test]
fn a_place_of_another_content_that_no_witness_sees_is_not_flagged() {
    let stage = sixty();
    let (store, same_size) = (stage.target.store(), stage.source.store().content(ANN, "Work", 29).unwrap().size());
    let other = Content::bytes(format!("Subject: other\r\n\r\n{:1$}", "", same_size as usize - 18).as_bytes());
    assert_eq!(other.size(), same_size);
    store.replace_content(ANN, "Work", 29, other).unwrap();
    see(&stage, &[29]);
    assert_eq!(stage.migrate().tally.followed, Followed::default());
    assert!(!is_seen(&stage, 29));
}

#[test]
fn a_place_of_another_size_that_no_witness_sees_is_not_flagged() {
    let stage = sixty();
    let other = Content::bytes(&b"Subject: another size\r\n\r\n"[..]);
    stage.target.store().replace_content(ANN, "Work", 29, other).unwrap();
    see(&stage, &[28, 29, 31]);
    assert_followed(&stage, Followed { flags: 2, ..Followed::default() });
    assert_eq!([28, 29, 31].map(|uid| is_seen(&stage, uid)), [true, false, true]);
}

/// A target that can be made to say that `Work` is another folder, from a SELECT on.
struct Anew {
    /// From which one on, counted from 0.
    from: Arc<AtomicUsize>,
    /// How many there were.
    met: Arc<AtomicUsize>,
}

impl Anew {
    fn begin(stage: &mut Stage) -> Self {
        let anew = Self { from: Arc::new(AtomicUsize::new(usize::MAX)), met: Arc::default() };
        let (from, met, is_open) = (anew.from.clone(), anew.met.clone(), Arc::new(AtomicBool::new(false)));
        let opens = is_open.clone();
        let tamper = Tamper::commands(move |command| {
            if command.name == "SELECT" || command.name == "EXAMINE" {
                let is_meant = command.name == "SELECT" && command.text.contains("Work");
                let is_later = is_meant && met.fetch_add(1, Ordering::SeqCst) >= from.load(Ordering::SeqCst);
                opens.store(is_later, Ordering::SeqCst);
            }
            Fate::Pass
        });
        stage.target.tamper(tamper.answering(move |answer| match is_open.load(Ordering::SeqCst) {
            true if answer.text.contains("[UIDVALIDITY ") => answer.with("[UIDVALIDITY ", "[UIDVALIDITY 9"),
            _ => Fate::Pass,
        }));
        anew
    }

    fn from(&self, number: usize) {
        self.met.store(0, Ordering::SeqCst);
        self.from.store(number, Ordering::SeqCst);
    }
}

#[test]
fn a_folder_of_the_target_that_is_another_one_by_the_time_its_flags_would_be_changed_is_left_alone() {
    let mut stage = filled(&[], &[]);
    let anew = Anew::begin(&mut stage);
    stage.assert_complete(&stage.migrate());
    see(&stage, &[2]);
    // The folder itself did not change, so that it is opened for the flags and for nothing else.
    anew.from(0);
    let state = stage.migrate();
    assert_eq!((state.tally.followed, anew.met.load(Ordering::SeqCst)), (Followed::default(), 1));
    assert!(!is_seen(&stage, 2));
    anew.from(usize::MAX);
    assert_followed(&stage, Followed { flags: 1, ..Followed::default() });
}

#[test]
fn a_folder_of_the_target_that_is_another_one_by_the_time_a_message_would_be_moved_loses_nothing() {
    let mut stage = filled(&[], &[]);
    let anew = Anew::begin(&mut stage);
    stage.assert_complete(&stage.migrate());
    stage.source.store().move_message(ANN, "Work", 2, "Filed").unwrap();
    // Once when it is made ready, and then when what is to be moved is looked at.
    anew.from(1);
    let state = stage.migrate();
    assert_eq!((state.tally.followed.moved, state.tally.copied.messages), (0, 1), "{:#?}", problems(&state));
    assert!(anew.met.load(Ordering::SeqCst) > 1);
    assert_eq!((sizes(&stage, "Work").len(), sizes(&stage, "Filed")), (4, vec![size(2)]));
}

#[test]
fn what_was_copied_before_its_old_folder_could_be_read_stays_in_both_and_is_named_even_where_deletions_are_followed() {
    let mut stage = filled(&[], &[]);
    let closes = Arc::new(AtomicUsize::new(0));
    let left = closes.clone();
    stage.target.tamper(Tamper::commands(move |command| {
        let is_meant = command.name == "SELECT" && command.text.contains("Work");
        let closes = is_meant && left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |it| it.checked_sub(1)).is_ok();
        if closes { Fate::Close } else { Fate::Pass }
    }));
    stage.assert_complete(&stage.migrate());
    stage.target.store().create_folder(ANN, "Trash").unwrap();
    stage.source.store().move_message(ANN, "Work", 2, "Filed").unwrap();
    stage.source.store().delete_message(ANN, "Work", 1).unwrap();
    stage.follow_deletions = true;
    closes.store(2, Ordering::SeqCst);
    let state = stage.migrate();
    let brought = (state.tally.followed, state.tally.copied.messages);
    assert_eq!(brought, (Followed { taken_away: 1, ..Followed::default() }, 1), "{:#?}", problems(&state));
    assert!(kinds(&state).contains(&ProblemKind::OldCopyStays), "{:#?}", problems(&state));
    assert_eq!((sizes(&stage, "Trash"), sizes(&stage, "Filed")), (vec![size(1)], vec![size(2)]));
    assert_eq!(sizes(&stage, "Work"), [size(2), size(3), size(4)]);
}

#[test]
fn a_folder_that_the_server_uses_as_its_own_keeps_its_name_even_where_we_made_it() {
    let stage = filled(&[], &[]);
    let source = stage.source.store();
    source.create_folder(ANN, "Sent").unwrap();
    letter(&stage, "Sent", 1);
    stage.assert_complete(&stage.migrate());
    // As Dovecot does with a folder of the name that it was told to.
    stage.target.store().set_special_use(ANN, "Sent", Some(SpecialUse::Sent)).unwrap();
    source.rename_folder(ANN, "Sent", "Outgoing").unwrap();
    let state = stage.migrate();
    let brought = (state.tally.followed, state.tally.copied.messages);
    assert_eq!(brought, (Followed::default(), 0), "{:#?}", problems(&state));
    assert!(kinds(&state).contains(&ProblemKind::FolderRenamed));
    assert_eq!(sizes(&stage, "Sent"), [size(1)]);
}
