//! Runs: how they begin, what disturbs them, and how the model judges them.

use super::super::child;
use super::super::clock::Clock;
use super::super::embedded::stage::{ANN, problems, start};
use super::super::model::{Migrated, Moment};
use super::super::step::{Course, Disturbance};
use super::World;
use kimt::migrate::Verify;
use kimt::progress::{RunKind, RunState, Stamped};
use kimt::rehearsal::{Action, Faults, Keeping};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// The longest that a run may take, on a busy machine too.
const LONGEST_RUN: Duration = Duration::from_secs(300);

impl World {
    pub fn migrate(&mut self, course: &Course, repair: bool) -> Result<RunState, String> {
        let before = self.moment();
        self.stage.repair = repair;
        self.ordinary &= !repair;
        let state = match course {
            Course::Smooth => self.finish(RunKind::Migrate, || None),
            Course::Disturbed(disturbances) => {
                let (clock, disturbances) = (Clock::default(), disturbances.clone());
                self.disturb(Arc::new(move |step: &kimt::rehearsal::Step<'_>| {
                    let now = clock.tick(step);
                    let met = disturbances.iter().find(|(at, _)| now.is(*at));
                    met.map_or(Action::Proceed, |(_, disturbance)| action(*disturbance))
                }));
                self.finish(RunKind::Migrate, || None)
            }
            Course::Stopped { at, at_once } => {
                let (clock, at, reached) = (Clock::default(), *at, Arc::new(AtomicBool::new(false)));
                let reaches = reached.clone();
                self.disturb(Arc::new(move |step: &kimt::rehearsal::Step<'_>| {
                    reaches.fetch_or(clock.tick(step).is(at), Ordering::SeqCst);
                    Action::Proceed
                }));
                self.finish(RunKind::Migrate, move || reached.load(Ordering::SeqCst).then_some(*at_once))
            }
            Course::Killed { at } => {
                let request = child::Request {
                    ports: [self.stage.source.port.unwrap(), self.stage.target.port.unwrap()],
                    folder: self.disk().to_owned(),
                    repair,
                    verify: self.stage.verify,
                };
                let ends = [&self.stage.source, &self.stage.target].map(|end| end.server.clone());
                child::kill_at(&request, *at, &ends);
                None
            }
        };
        self.undisturb();
        let after = self.moment();
        let Some(state) = state else {
            // Nobody heard what it came to.
            let state = RunState::default();
            return self.judge(&state, &before, &after, false, repair).map(|()| state);
        };
        let smooth = *course == Course::Smooth;
        self.judge(&state, &before, &after, smooth, repair)
            .map_err(|error| format!("{error}; {:?} {:?}", state.problems, problems(&state)))?;
        Ok(state)
    }

    fn judge(
        &mut self,
        state: &RunState,
        before: &Moment,
        after: &Moment,
        smooth: bool,
        repair: bool,
    ) -> Result<(), String> {
        let [source_separator, target_separator] = self.separators;
        let keeps_dates = self.keeping != Keeping::WithoutDate;
        let run = Migrated { state, before, after, source_separator, target_separator, smooth, repair, keeps_dates };
        let changes = self.stage.source.store().changes_seen(ANN).unwrap();
        if !changes.is_empty() {
            return Err(format!("the source was sent {changes:?}"));
        }
        self.model.judge(&run, &mut self.known[self.computer])
    }

    pub fn verify(&mut self) -> Result<(), String> {
        let before = self.moment();
        // A comparison compares contents, however migrations read back.
        let verify = std::mem::replace(&mut self.stage.verify, Verify::Content);
        let state = self.finish(RunKind::Verify, || None).unwrap();
        self.stage.verify = verify;
        let after = self.moment();
        let [source_separator, target_separator] = self.separators;
        let run = Migrated {
            state: &state,
            before: &before,
            after: &after,
            source_separator,
            target_separator,
            smooth: true,
            repair: false,
            keeps_dates: self.keeping != Keeping::WithoutDate,
        };
        self.model.judge_comparison(&run).map_err(|error| format!("{error}; {:?}", problems(&state)))
    }

    fn disturb(&self, faults: Arc<dyn Faults>) {
        for end in [&self.stage.source, &self.stage.target] {
            end.server.set_faults(Some(faults.clone()));
        }
    }

    /// What was lost is over before anything else happens.
    fn undisturb(&self) {
        for end in [&self.stage.source, &self.stage.target] {
            end.server.set_faults(None);
            let begun = Instant::now();
            while end.server.connections() > 0 && begun.elapsed() < Duration::from_secs(5) {
                std::thread::sleep(Duration::from_millis(1));
            }
        }
    }

    /// Runs to the end; `stop` says when the user stops it, and whether at once.
    fn finish(&self, kind: RunKind, stop: impl Fn() -> Option<bool>) -> Option<RunState> {
        let request = self.stage.request(kind, self.disk());
        let run = start(request, Box::new(|_: &Stamped, _: &RunState| {}));
        let begun = Instant::now();
        let mut stopped = false;
        while !run.is_finished() {
            assert!(begun.elapsed() < LONGEST_RUN, "it hangs: {:?}", run.state().lock().unwrap());
            if let Some(at_once) = (!stopped).then(&stop).flatten() {
                if at_once {
                    run.stop_now()
                } else {
                    run.stop()
                }
                stopped = true;
            }
            run.try_now();
            std::thread::sleep(Duration::from_millis(2));
        }
        Some(run.wait())
    }
}

fn action(disturbance: Disturbance) -> Action {
    match disturbance {
        Disturbance::Cut => Action::Cut,
        Disturbance::LoseAnswers => Action::LoseAnswers,
        Disturbance::Bye => Action::Bye("The server is going down".to_owned()),
    }
}
