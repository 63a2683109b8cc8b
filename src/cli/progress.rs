//! Progress of a run in text: lines from events, and on a terminal a picture drawn from the state.
//!
//! Promises that the run never waits for a reader. The observer puts lines into a queue, and a thread of its own prints them. If a reader
//! is so slow that the queue is full, lines are left out and counted. Closing the pipe ends only the printing.

use super::live::{self, Picture};
use super::{lines, terminal};
use crate::domain::{AccountId, Severity};
use crate::migrate::Observer;
use crate::progress::{Event, RunState, Stamped};
use std::collections::BTreeMap;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// At most this many lines wait for a slow reader.
const QUEUE: usize = 50_000;

/// The picture on a terminal is redrawn this often.
const PICTURE_EVERY: Duration = Duration::from_millis(100);

/// The total is printed this often where no picture can be drawn.
const TOTAL_EVERY: Duration = Duration::from_secs(10);

/// At most this many problems of one account are printed as they occur; the report has all.
const PROBLEMS_PRINTED: u32 = 5;

/// How a command reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Voice {
    /// A picture of the running mailboxes, and a line for each event that matters.
    Live,
    /// Lines.
    Plain,
    /// Every event as JSON.
    Json,
    /// Errors only, on standard error.
    Quiet,
    /// The last line of JSON only.
    QuietJson,
}

impl Voice {
    /// The voice that fits the options and standard output.
    pub(super) fn choose(json: bool, quiet: bool) -> Self {
        match (json, quiet) {
            (true, false) => Voice::Json,
            (true, true) => Voice::QuietJson,
            (false, true) => Voice::Quiet,
            (false, false) if terminal::output_is_live() => Voice::Live,
            (false, false) => Voice::Plain,
        }
    }

    /// Whether a program reads standard output.
    pub(super) fn is_json(self) -> bool {
        matches!(self, Voice::Json | Voice::QuietJson)
    }
}

/// Turns events into lines; the run's observer.
pub(super) struct Reporter {
    voice: Voice,
    lines: SyncSender<String>,
    left_out: Arc<AtomicU64>,
    problems: BTreeMap<AccountId, u32>,
}

/// Prints the lines once the run has started: [`Printing::begin`].
pub(super) struct Printing {
    voice: Voice,
    lines: Receiver<String>,
    left_out: Arc<AtomicU64>,
}

/// The two ends of one run's queue of lines.
pub(super) fn prepare(voice: Voice) -> (Reporter, Printing) {
    let (sender, receiver) = sync_channel(QUEUE);
    let left_out = Arc::new(AtomicU64::new(0));
    let reporter = Reporter { voice, lines: sender, left_out: left_out.clone(), problems: BTreeMap::new() };
    (reporter, Printing { voice, lines: receiver, left_out })
}

impl Observer for Reporter {
    fn noted(&mut self, event: &Stamped, state: &RunState) {
        let line = match self.voice {
            Voice::Json => lines::json(event),
            Voice::QuietJson => None,
            Voice::Quiet => match &event.event {
                event @ Event::ProblemMet { .. } => self.human(event, state),
                _ => None,
            },
            Voice::Live | Voice::Plain => self.human(&event.event, state),
        };
        if let Some(line) = line
            && self.lines.try_send(line).is_err()
        {
            self.left_out.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl Reporter {
    fn human(&mut self, event: &Event, state: &RunState) -> Option<String> {
        if let Event::ProblemMet { account: Some(account), problem, .. } = event {
            // The report has the notices; here they would bury the problems that need attention.
            if problem.severity() == Severity::Notice {
                return None;
            }
            let printed = self.problems.entry(*account).or_default();
            *printed += 1;
            match *printed - 1 {
                PROBLEMS_PRINTED => return Some(lines::further_problems(*account, state)),
                further if further > PROBLEMS_PRINTED => return None,
                _ => {}
            }
        }
        // On a terminal the picture shows which accounts are running.
        if matches!((self.voice, event), (Voice::Live, Event::AccountStarted { .. })) {
            return None;
        }
        lines::human(event, state)
    }
}

impl Printing {
    /// Prints on a thread of its own until the run has reported everything.
    pub(super) fn begin(self, state: Arc<Mutex<RunState>>) -> io::Result<JoinHandle<()>> {
        std::thread::Builder::new().name("printing".to_owned()).spawn(move || self.run(&state))
    }

    fn run(self, state: &Mutex<RunState>) {
        let started = Instant::now();
        let mut picture = (self.voice == Voice::Live).then(Picture::new);
        let every = if picture.is_some() { PICTURE_EVERY } else { TOTAL_EVERY };
        let mut next = started + every;
        loop {
            match self.lines.recv_timeout(next.saturating_duration_since(Instant::now())) {
                Ok(line) => self.print(&line, picture.as_ref()),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
            if Instant::now() >= next {
                next = Instant::now() + every;
                self.show_total(state, started.elapsed(), picture.as_mut());
            }
        }
        if let Some(line) = self.farewell() {
            self.print(&line, picture.as_ref());
        }
        if let Some(picture) = picture {
            picture.clear();
        }
    }

    /// Says how many lines were not read in time, if any.
    fn farewell(&self) -> Option<String> {
        let left_out = self.left_out.load(Ordering::Relaxed);
        (left_out > 0).then(|| lines::left_out(left_out, self.voice.is_json()))
    }

    /// Holds the state for a moment only: a terminal that is paused (Ctrl+S) must not pause the run.
    fn show_total(&self, state: &Mutex<RunState>, elapsed: Duration, picture: Option<&mut Picture>) {
        if picture.is_none() && self.voice != Voice::Plain {
            return;
        }
        let now = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX);
        let (total, rows) = {
            let state = state.lock().unwrap_or_else(PoisonError::into_inner);
            (lines::total(&state, now), picture.as_ref().map(|_| live::rows(&state, now)).unwrap_or_default())
        };
        match picture {
            Some(picture) => picture.draw(&total, &rows),
            None => terminal::say(total.sentence()),
        }
    }

    fn print(&self, line: &str, picture: Option<&Picture>) {
        match (self.voice, picture) {
            (_, Some(picture)) => picture.print_above(line),
            (Voice::Quiet, None) => terminal::complain(line),
            (_, None) => terminal::say(line),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::exit_code::tests::began;
    use super::*;
    use crate::domain::{Problem, ProblemKind};
    use crate::progress::RunKind;

    fn state() -> RunState {
        RunState::replay(&[Stamped { at: 0, event: began(RunKind::Migrate, Vec::new()) }])
    }

    fn problem(kind: ProblemKind) -> Stamped {
        let problem = Problem::new(kind);
        Stamped { at: 0, event: Event::ProblemMet { account: Some(AccountId(0)), folder: None, problem } }
    }

    #[test]
    fn of_an_accounts_many_problems_the_first_are_printed_and_then_that_there_are_more() {
        let (mut reporter, printing) = prepare(Voice::Plain);
        for _ in 0..100 {
            reporter.noted(&problem(ProblemKind::MessageRefused), &state());
        }
        let printed: Vec<String> = printing.lines.try_iter().collect();
        assert_eq!(printed.len(), PROBLEMS_PRINTED as usize + 1, "{printed:?}");
        assert!(printed[PROBLEMS_PRINTED as usize].contains("this account has more problems; see the report"));
    }

    #[test]
    fn lines_that_are_not_read_in_time_are_counted_and_reported_at_the_end() {
        let (mut reporter, printing) = prepare(Voice::Json);
        let (state, event) = (state(), problem(ProblemKind::MessageRefused));
        for _ in 0..QUEUE {
            reporter.noted(&event, &state);
        }
        assert_eq!(printing.farewell(), None);
        (0..3).for_each(|_| reporter.noted(&event, &state));
        assert_eq!(printing.farewell().unwrap(), r#"{"event":"lines_left_out","count":3}"#);
    }
}
