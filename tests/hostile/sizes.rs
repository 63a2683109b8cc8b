//! Sources that announce other sizes than they deliver.

use super::between::{Fate, Tamper};
use super::stage::{Stage, kinds, problems};
use kimt::domain::ProblemKind;
use kimt::progress::{RunKind, Verdict};
use kimt::rehearsal::Profile;
use std::collections::BTreeSet;

/// The source announces for these UIDs the size times the number, per thousand.
fn announcing(stage: &mut Stage, wrong: &'static [(u32, u64)]) {
    stage.source.tamper(Tamper::answers(move |answer| {
        let about = wrong.iter().find(|(uid, _)| answer.fetches(*uid));
        let (Some((_, factor)), Some((_, size))) = (about, answer.text.split_once("RFC822.SIZE ")) else {
            return Fate::Pass;
        };
        let size = size.split([' ', ')']).next().unwrap();
        let other = size.parse::<u64>().unwrap() * factor / 1000;
        answer.with(&format!("RFC822.SIZE {size}"), &format!("RFC822.SIZE {other}"))
    }));
}

#[test]
fn a_message_far_shorter_or_longer_than_announced_is_copied_and_named_and_a_small_difference_is_not() {
    let mut stage = Stage::between(Profile::Rich, Profile::Rich).fill(5);
    announcing(&mut stage, &[(2, 9_000), (3, 100), (4, 1_300)]);
    for kind in [RunKind::Migrate, RunKind::Verify] {
        let state = stage.run(kind);
        let found = problems(&state);
        assert_eq!(state.verdict(), Verdict::AllComplete, "{kind:?}: {found:?}");
        assert_eq!(kinds(&state), BTreeSet::from([ProblemKind::SizeNotAsAnnounced]), "{kind:?}: {found:?}");
        assert_eq!(found.len(), 2, "{kind:?}: {found:?}");
        assert!(
            found[0].contains("UID 2") && found[0].contains("5.4 KB") && found[0].contains("600 bytes"),
            "{found:?}"
        );
        assert!(found[1].contains("UID 3"), "{found:?}");
        stage.assert_complete(&state);
    }
    // What is known needs no second word.
    stage.source.store().add_generated(super::stage::ANN, "INBOX", 1, 500, 77).unwrap();
    assert_eq!(problems(&stage.migrate()), [""; 0]);
}

#[test]
fn many_sizes_that_are_far_off_are_counted() {
    let mut stage = Stage::between(Profile::Rich, Profile::Rich).fill(70);
    const ALL: [(u32, u64); 70] = {
        let mut all = [(0, 5_000); 70];
        let mut at = 0;
        while at < 70 {
            all[at].0 = at as u32 + 1;
            at += 1;
        }
        all
    };
    announcing(&mut stage, &ALL);
    let found = problems(&stage.migrate());
    assert_eq!(found.len(), 51);
    assert!(found[50].contains("delivered 20 messages in 'INBOX' with sizes far from those"), "{}", found[50]);
}
