//! BYE and silence at every step of a run.

use super::stage::{ANN, Stage};
use kimt::progress::Verdict;
use kimt::rehearsal::{Action, FaultPlan, ImapOptions, Profile};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// A run that is disturbed at one step and continues by itself; whether there was such a step.
fn disturbed_at(step: u64, profile: Profile, action: &Action) -> bool {
    let mut stage = Stage::with(ImapOptions::new(profile), ImapOptions::new(profile)).fill(4);
    stage.source.store().create_folder(ANN, "Work").unwrap();
    stage.source.store().add_generated(ANN, "Work", 3, 400, 50).unwrap();
    stage.patience.limits.read = Duration::from_millis(400);
    let plan = Arc::new(FaultPlan::disturb_at(step, action.clone()));
    for end in [&stage.source, &stage.target] {
        end.server.set_faults(Some(plan.clone()));
    }
    let mut state = stage.migrate();
    if state.verdict() == Verdict::CouldNotStart {
        state = stage.migrate();
    }
    assert_eq!(state.verdict(), Verdict::AllComplete, "step {step}: {:?}", super::stage::problems(&state));
    stage.assert_complete(&state);
    plan.is_done()
}

/// Disturbs every step in turn, several runs at a time: most of the time they wait.
fn disturb_every_step(profile: Profile, action: Action) {
    let (next, last) = (AtomicU64::new(0), AtomicU64::new(u64::MAX));
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                loop {
                    let step = next.fetch_add(1, Ordering::SeqCst);
                    if step > last.load(Ordering::SeqCst) {
                        return;
                    }
                    if !disturbed_at(step, profile, &action) {
                        last.fetch_min(step, Ordering::SeqCst);
                    }
                }
            });
        }
    });
    assert!(last.load(Ordering::SeqCst) > 60, "{last:?}");
}

#[test]
fn a_goodbye_at_any_step_costs_nothing() {
    disturb_every_step(Profile::Rich, Action::Bye("The server is going down".to_owned()));
}

#[test]
fn silence_at_any_step_is_waited_for_no_longer_than_the_limit_and_costs_nothing() {
    disturb_every_step(Profile::Rich, Action::Silence);
}

#[test]
fn silence_at_any_step_of_plain_servers_costs_nothing() {
    disturb_every_step(Profile::Bare, Action::Silence);
}
