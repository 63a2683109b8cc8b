//! The counts of a run follow from what is on both sides at its end, whatever was counted before a connection was lost.

use super::between::{Fate, Tamper};
use super::stage::{ANN, Stage, problems};
use kimt::migrate::Verify;
use kimt::progress::Verdict;
use kimt::rehearsal::Profile;
use std::sync::atomic::{AtomicBool, Ordering};

/// Runs, and does that when the target's connection is lost at its message of that number.
fn run_and_lose(
    stage: &mut Stage,
    capabilities: &'static str,
    append: usize,
    meanwhile: impl Fn() + Send + Sync + 'static,
) -> [u64; 2] {
    let (seen, done) = (std::sync::atomic::AtomicUsize::new(0), AtomicBool::new(false));
    stage.target.tamper(
        Tamper::commands(move |command| {
            let is_it = command.name == "APPEND" && seen.fetch_add(1, Ordering::SeqCst) + 1 == append;
            if !is_it || done.swap(true, Ordering::SeqCst) {
                return Fate::Pass;
            }
            // What was sent before is answered by then.
            std::thread::sleep(std::time::Duration::from_millis(100));
            meanwhile();
            Fate::Close
        })
        .offering(capabilities),
    );
    let state = stage.migrate();
    assert_eq!(state.verdict(), Verdict::AllComplete, "{:?}", problems(&state));
    let tally = state.tally;
    let settled = tally.found.messages + tally.copied.messages + tally.vanished;
    assert_eq!(settled, tally.expected.messages, "{tally:?}");
    assert_eq!(tally.found.bytes + tally.copied.bytes, tally.expected.bytes, "{tally:?}");
    assert!(tally.compared_before <= tally.found.messages, "{tally:?}");
    [tally.found.messages, tally.copied.messages]
}

#[test]
fn what_was_found_and_is_gone_before_the_next_try_counts_as_copied() {
    for capabilities in ["IMAP4rev1 LITERAL+ UIDPLUS", "IMAP4rev1 LITERAL+"] {
        for verify in [Verify::Content, Verify::Size, Verify::None] {
            let mut stage = Stage::between(Profile::Rich, Profile::Rich).fill(5);
            stage.verify = verify;
            stage.assert_complete(&stage.migrate());
            stage.source.store().add_generated(ANN, "INBOX", 3, 500, 77).unwrap();
            let target = stage.target.server.store().clone();
            let counts = run_and_lose(&mut stage, capabilities, 2, move || target.reinstall(ANN).unwrap());
            assert_eq!(counts, [0, 8], "{capabilities} {verify:?}");
            assert_eq!(stage.target.mail().messages(), 8, "{capabilities} {verify:?}");
        }
    }
}
