//! Work in the background: whatever may wait for a server, a disk or a person runs on a thread of its own.
//!
//! Promises that asking for the result never waits, and that work whose thread died is reported as lost.

use crossbeam_channel::{Receiver, TryRecvError, bounded};
use std::time::{Duration, Instant};

/// One piece of work under way.
pub struct Task<T> {
    result: Receiver<T>,
    since: Instant,
}

/// The state of a piece of work.
pub enum Progress<T> {
    /// It is under way.
    Working,
    /// It has ended.
    Done(T),
    /// Its thread ended without a result.
    Lost,
}

impl<T: Send + 'static> Task<T> {
    /// Starts `work` on a thread of its own and calls `wake` after its end, however it ends.
    pub fn start(
        name: &str,
        wake: impl FnOnce() + Send + 'static,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> std::io::Result<Self> {
        let (sender, result) = bounded(1);
        std::thread::Builder::new().name(name.to_owned()).spawn(move || {
            let done = std::panic::catch_unwind(std::panic::AssertUnwindSafe(work));
            if let Ok(done) = done {
                // A closed window needs no result.
                let _ = sender.send(done);
            }
            drop(sender);
            wake();
        })?;
        Ok(Self { result, since: Instant::now() })
    }

    /// Its current state. After [`Progress::Done`] or [`Progress::Lost`] the task is spent.
    pub fn poll(&self) -> Progress<T> {
        match self.result.try_recv() {
            Ok(done) => Progress::Done(done),
            Err(TryRecvError::Empty) => Progress::Working,
            Err(TryRecvError::Disconnected) => Progress::Lost,
        }
    }

    /// The time since its start.
    pub fn elapsed(&self) -> Duration {
        self.since.elapsed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn asking_for_a_result_does_not_wait_for_it() {
        let (release, held) = bounded::<()>(1);
        let (woken, wakes) = bounded::<()>(1);
        let task = Task::start("test", move || woken.send(()).unwrap(), move || held.recv().is_ok()).unwrap();
        assert!(matches!(task.poll(), Progress::Working));
        release.send(()).unwrap();
        wakes.recv().unwrap();
        assert!(matches!(task.poll(), Progress::Done(true)));
    }

    #[test]
    fn work_that_died_is_reported_as_lost() {
        let (woken, wakes) = bounded::<()>(1);
        let task: Task<()> = Task::start("test", move || woken.send(()).unwrap(), || panic!("on purpose")).unwrap();
        wakes.recv().unwrap();
        assert!(matches!(task.poll(), Progress::Lost));
    }
}
