//! Random histories of a mailbox that is moved: what people do on both sides, what administrators do to servers and computers, and runs
//! that are disturbed, stopped, killed and repeated, held against a model that knows what must be where.
//!
//! - [`step`] makes a history from a seed; the same seed gives the same history.
//! - [`world`] lets it happen on embedded servers; [`clock`] says when something happens to a run; runs that are killed are processes of
//!   their own ([`child`]).
//! - [`model`] judges every run.
//!
//! A thousand histories are tried in each test run. By hand, the environment sets another number (`KIMT_HISTORIES`), a time instead
//! (`KIMT_HISTORY_MINUTES`), and the first seed (`KIMT_HISTORY_SEED`). One that fails is printed, made as short as it can be.

#![allow(clippy::unwrap_used, clippy::expect_used)] // A failed step of a test ends the test.
#![allow(clippy::print_stderr)] // A failed history is for whoever runs the test.

#[path = "../support/embedded/mod.rs"]
mod embedded;

mod child;
mod clock;
mod model;
mod step;
mod world;

use std::panic::AssertUnwindSafe;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use step::History;

/// Histories at a time: most of the time a run waits.
const AT_ONCE: usize = 8;
/// Failures after which no more are looked for.
const ENOUGH: usize = 8;

fn variable(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap_or_else(|_| panic!("{name} is no number")))
}

/// What is wrong with a history; none when it comes to a good end. A panic is wrong too.
fn fault(history: &History) -> Option<String> {
    let happened = std::panic::catch_unwind(AssertUnwindSafe(|| world::happen(history)));
    match happened {
        Ok(Ok(())) => None,
        Ok(Err(error)) => Some(error),
        Err(panic) => {
            let text = panic.downcast_ref::<String>().map(String::as_str);
            Some(text.or(panic.downcast_ref::<&str>().copied()).unwrap_or("a panic").to_owned())
        }
    }
}

/// Takes steps out of a history that fails as long as it fails without them.
fn shorten(mut history: History, mut fault_found: String) -> (History, String) {
    let mut place = history.steps.len();
    while place > 0 {
        place -= 1;
        let mut shorter = history.clone();
        shorter.steps.remove(place);
        // What races may be seen in one of two tries only.
        if let Some(found) = fault(&shorter).or_else(|| fault(&shorter)) {
            (history, fault_found) = (shorter, found);
            place = place.min(history.steps.len());
        }
    }
    (history, fault_found)
}

#[test]
fn nothing_is_lost_or_doubled_and_no_verdict_is_false_in_a_thousand_random_histories() {
    let first = variable("KIMT_HISTORY_SEED").unwrap_or(1);
    let time = variable("KIMT_HISTORY_MINUTES").map(|minutes| Duration::from_secs(minutes * 60));
    let number = variable("KIMT_HISTORIES").unwrap_or(if time.is_some() { u64::MAX } else { 1_000 });
    let (next, failed, begun) = (AtomicU64::new(0), Mutex::new(Vec::new()), Instant::now());
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                loop {
                    let index = next.fetch_add(1, Ordering::SeqCst);
                    let is_over = index >= number || time.is_some_and(|time| begun.elapsed() > time);
                    if is_over || failed.lock().unwrap().len() >= ENOUGH {
                        return;
                    }
                    let seed = first.wrapping_add(index);
                    let history = History::of(seed);
                    if let Some(found) = fault(&history) {
                        let (history, found_short) = shorten(history, found.clone());
                        eprintln!("seed {seed}: {found}\nshortened: {found_short}\n{history}");
                        failed.lock().unwrap().push(seed);
                    }
                }
            });
        }
    });
    let tried = next.load(Ordering::SeqCst).min(number);
    eprintln!("{tried} histories from seed {first} in {:?}", begun.elapsed());
    assert!(failed.lock().unwrap().is_empty(), "the histories of these seeds failed: {failed:?}");
}
