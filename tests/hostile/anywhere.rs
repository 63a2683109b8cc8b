//! BYE, silence and a refusal at every step of a run.

use super::stage::{ANN, Stage, problems};
use kimt::domain::Digest;
use kimt::progress::Verdict;
use kimt::rehearsal::{Action, FaultPlan, ImapOptions, Profile, Snapshot};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Two servers of which one misbehaves at one step.
fn stage(step: u64, profile: Profile, action: &Action) -> (Stage, Arc<FaultPlan>) {
    let mut stage = Stage::with(ImapOptions::new(profile), ImapOptions::new(profile)).fill(4);
    stage.source.store().create_folder(ANN, "Work").unwrap();
    stage.source.store().add_generated(ANN, "Work", 3, 400, 50).unwrap();
    stage.patience.limits.read = Duration::from_millis(400);
    let plan = Arc::new(FaultPlan::disturb_at(step, action.clone()));
    for end in [&stage.source, &stage.target] {
        end.server.set_faults(Some(plan.clone()));
    }
    (stage, plan)
}

/// A run that is disturbed at one step and continues by itself; whether there was such a step.
fn disturbed_at(step: u64, profile: Profile, action: &Action) -> bool {
    let (stage, plan) = stage(step, profile, action);
    let mut state = stage.migrate();
    if state.verdict() == Verdict::CouldNotStart {
        state = stage.migrate();
    }
    assert_eq!(state.verdict(), Verdict::AllComplete, "step {step}: {:?}", problems(&state));
    stage.assert_complete(&state);
    plan.is_done()
}

/// A run in which a server refuses one command, whether it carries it out or not, and the next one; whether there was such a step. A folder
/// whose creation was refused may have got a plain name.
fn refused_at(step: u64, profile: Profile, action: &Action) -> bool {
    let (stage, plan) = stage(step, profile, action);
    for next in ["refused", "next"] {
        let state = stage.migrate();
        let [here, there] = [&stage.source, &stage.target].map(|end| contents(&end.mail()));
        let shown = format!("step {step}, {action:?}, {next}: {:?}", problems(&state));
        assert!(there.iter().all(|(content, count)| here.get(content) >= Some(count)), "doubled: {shown}");
        let is_complete = state.verdict() == Verdict::AllComplete;
        assert!(here == there || !is_complete, "lost: {shown}");
        assert!(is_complete || next == "refused", "{:?}: {shown}", state.verdict());
        for end in [&stage.source, &stage.target] {
            end.server.set_faults(None);
        }
    }
    plan.is_done()
}

/// How often each message is there.
fn contents(mail: &Snapshot) -> BTreeMap<Digest, usize> {
    let mut contents = BTreeMap::new();
    mail.folders
        .values()
        .flat_map(|folder| &folder.messages)
        .for_each(|it| *contents.entry(it.digest).or_default() += 1);
    contents
}

/// Disturbs every step in turn, several runs at a time: most of the time they wait.
fn disturb_every_step(profile: Profile, action: Action) {
    every_step(|step| disturbed_at(step, profile, &action));
}

fn every_step(run: impl Fn(u64) -> bool + Sync) {
    let (next, last) = (AtomicU64::new(0), AtomicU64::new(u64::MAX));
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                loop {
                    let step = next.fetch_add(1, Ordering::SeqCst);
                    if step > last.load(Ordering::SeqCst) {
                        return;
                    }
                    if !run(step) {
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

#[test]
fn a_refusal_at_any_step_loses_and_doubles_nothing_and_the_next_run_is_complete() {
    for profile in [Profile::Rich, Profile::Bare] {
        for answer in ["NO Not today", "NO [UNAVAILABLE] Later", "BAD What?"] {
            every_step(|step| refused_at(step, profile, &Action::Answer(answer.to_owned())));
        }
    }
}
