//! What a server makes long costs time and no memory.

use super::between::{Fate, Tamper};
use super::stage::{ANN, Stage, problems};
use kimt::progress::Verdict;
use kimt::rehearsal::Profile;
use std::io::Write;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

/// Bytes of a line that has no end to speak of. `KIMT_ENDLESS` sets it in MiB: with 1024 the whole takes some minutes.
fn length() -> u64 {
    std::env::var("KIMT_ENDLESS").ok().and_then(|text| text.parse().ok()).unwrap_or(128) << 20
}

static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// The most memory this process ever had, in KiB; 0 where the system does not say.
fn most_memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok()).unwrap_or(0)
}

/// A run whose source says something endless once, before a line that has `at` in it; it costs no memory and no message.
fn saying_once(at: &'static str, start: &'static str, end: &'static str) {
    assert_eq!(verdict_after(at, start, end), Verdict::AllComplete);
}

/// The verdict on such a run, in which every message has arrived.
fn verdict_after(at: &'static str, start: &'static str, end: &'static str) -> Verdict {
    let _alone = ONE_AT_A_TIME.lock();
    // What a run takes anyway is taken before.
    let mut stage = Stage::between(Profile::Rich, Profile::Rich).fill(20);
    assert_eq!(stage.migrate().verdict(), Verdict::AllComplete);
    stage.source.store().add_generated(ANN, "INBOX", 5, 700, 99).unwrap();
    let before = most_memory();
    let said = AtomicBool::new(false);
    stage.source.tamper(Tamper::answers(move |answer| {
        if !answer.text.contains(at) || said.swap(true, Ordering::SeqCst) {
            return Fate::Pass;
        }
        let line = answer.text.clone();
        Fate::Stream(Box::new(move |client| {
            let block = [b'x'; 64 * 1024];
            client.write_all(start.as_bytes())?;
            for _ in 0..length() / block.len() as u64 {
                client.write_all(&block)?;
            }
            write!(client, "{end}\r\n{line}\r\n")
        }))
    }));
    let state = stage.migrate();
    assert_eq!(stage.target.mail().messages(), 25, "{:?}", problems(&state));
    // The kernel counts in steps, and may say a little less than before.
    let cost = most_memory().saturating_sub(before);
    // Other tests run meanwhile, and take their own.
    assert!(cost < 64 * 1024, "{cost} KiB for {} MiB", length() >> 20);
    state.verdict()
}

#[test]
fn an_endless_unknown_line_costs_no_memory() {
    saying_once(" FETCH (", "* XYZZY ", "");
}

#[test]
fn an_endless_list_of_flags_costs_no_memory() {
    saying_once(" FETCH (", "* 1 FETCH (UID 1 FLAGS (", "))");
}

#[test]
fn an_endless_quoted_folder_name_costs_no_memory() {
    // Such a folder cannot be opened, so that the account is not complete.
    let verdict = verdict_after("* LIST (", "* LIST () \"/\" \"", "\"");
    assert_eq!(verdict, Verdict::SomeIncomplete);
}

#[test]
fn an_endless_answer_to_the_sign_in_costs_no_memory() {
    saying_once("a1 OK", "* CAPABILITY IMAP4rev1 ", "");
}
