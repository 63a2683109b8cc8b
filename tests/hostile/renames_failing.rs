//! Servers that fail at a rename: nothing but the name is lost, and an interrupted rename is completed.

use super::between::{Fate, Tamper};
use super::first_pass::cut_at;
use super::renames::{exchange, kept, letters, migrated, migrated_with, rename};
use super::stage::{ANN, problems};
use kimt::progress::Verdict;

#[test]
fn a_target_that_refuses_to_rename_costs_nothing_but_the_name() {
    let stage = migrated_with(&["Work", "Home"], |stage| {
        stage.target.tamper(Tamper::commands(|command| match command.name.as_str() {
            "RENAME" if !command.text.contains("renaming") => command.answer("NO [CANNOT] not here"),
            _ => Fate::Pass,
        }));
    });
    exchange(stage.source.store(), "Work", "Home");
    let before = stage.target.mail();
    let state = stage.migrate();
    assert_eq!((state.verdict(), state.tally.copied.messages, kept(&state)), (Verdict::AllComplete, 0, true));
    assert!(stage.target.mail() == before);
}

#[test]
fn a_target_that_hangs_up_at_every_rename_costs_nothing_but_the_name() {
    let stage = migrated_with(&["Work"], |stage| {
        stage.target.tamper(Tamper::commands(|it| if it.name == "RENAME" { Fate::Close } else { Fate::Pass }));
    });
    rename(&stage, "Work", "Job");
    let state = stage.migrate();
    assert_eq!((state.verdict(), state.tally.copied.messages), (Verdict::AllComplete, 0), "{:#?}", problems(&state));
    assert_eq!(letters(&stage, "Work"), 3);
}

#[test]
fn renames_that_are_cut_at_any_step_are_completed_and_nothing_is_copied_once_more() {
    for (name, numbers) in
        [("RENAME", 6), ("STATUS", 2), ("LIST", 3), ("SUBSCRIBE", 3), ("UNSUBSCRIBE", 2), ("CREATE", 2)]
    {
        for (number, is_done) in (0..numbers).flat_map(|number| [(number, false), (number, true)]) {
            let stage = migrated(&["Work", "Home", "Work/Ideas", "a", "b"]);
            exchange(stage.source.store(), "Work", "Home");
            for (below, is_there) in [("Work/Ideas", false), ("Home/Ideas", true)] {
                stage.source.store().set_subscribed(ANN, below, is_there).unwrap();
            }
            rename(&stage, "b", "New/c");
            rename(&stage, "a", "b");
            cut_at(&stage, name, number, is_done);
            let state = stage.migrate();
            let shown = format!("{name} {number} {is_done}: {:#?}", problems(&state));
            assert_eq!((state.verdict(), state.tally.copied.messages), (Verdict::AllComplete, 0), "{shown}");
            assert_eq!((state.tally.followed.renamed, state.tally.followed.moved), (5, 0), "{shown}");
            stage.assert_complete(&state);
            let mail = stage.target.mail();
            assert!(mail.folders.keys().all(|name| !String::from_utf8_lossy(name).contains("renaming")), "{shown}");
        }
    }
}
