//! The bodies of `fuzz/`, on stable Rust: on the corpus, and on a bounded number of mutated and random inputs.
//!
//! `KIMT_FUZZ_ROUNDS` sets how many inputs each body gets; a failure prints the input as a Rust literal, to be put into the corpus.

#![allow(clippy::unwrap_used)] // A failed step of a test ends the test.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

type Body = fn(&[u8]);

/// Feeds a body.
fn feed(name: &str, body: Body, rounds: u32) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(name);
    let mut corpus: Vec<Vec<u8>> = std::fs::read_dir(&folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|entry| std::fs::read(entry.unwrap().path()).unwrap())
        .collect();
    corpus.sort();
    assert!(!corpus.is_empty());
    for input in &corpus {
        run(body, input);
    }
    let rounds = std::env::var("KIMT_FUZZ_ROUNDS").ok().and_then(|text| text.parse().ok()).unwrap_or(rounds);
    let seed = std::env::var("KIMT_FUZZ_SEED").ok().and_then(|text| text.parse().ok()).unwrap_or(1);
    let mut random = fastrand::Rng::with_seed(seed);
    for _ in 0..rounds {
        let mut input = corpus[random.usize(..corpus.len())].clone();
        for _ in 0..random.usize(1..8) {
            mutate(&mut input, &corpus, &mut random);
        }
        run(body, &input);
    }
}

fn run(body: Body, input: &[u8]) {
    let done = catch_unwind(AssertUnwindSafe(|| body(input)));
    assert!(done.is_ok(), "fails on b\"{}\"", input.escape_ascii());
}

/// Bytes that decide something somewhere.
const SPECIAL: &[u8] = b"\0\t\r\n \"'()*+,-./0159:;<=>@AZ[\\]&{|}~\x7f\x80\xc3\xff";

fn mutate(input: &mut Vec<u8>, corpus: &[Vec<u8>], random: &mut fastrand::Rng) {
    let at = random.usize(..=input.len());
    let length = random.usize(..=16).min(input.len() - at);
    match random.u8(..7) {
        0 => drop(input.drain(at..at + length)),
        1 => input.insert(at, SPECIAL[random.usize(..SPECIAL.len())]),
        2 if at < input.len() => input[at] = random.u8(..),
        3 if at < input.len() => input[at] = SPECIAL[random.usize(..SPECIAL.len())],
        4 => {
            let copy = input[at..at + length].repeat(random.usize(1..40));
            input.splice(at..at, copy);
        }
        5 => {
            let other = &corpus[random.usize(..corpus.len())];
            let from = random.usize(..=other.len());
            let to = random.usize(from..=other.len());
            input.splice(at..at + length, other[from..to].iter().copied());
        }
        _ => {
            let digits = random.u64(..).to_string();
            input.splice(at..at + length, digits.bytes().take(random.usize(1..20)));
        }
    }
    input.truncate(64 * 1024);
}

#[test]
fn any_answer_of_a_mail_server_is_read_without_harm() {
    feed("answers", kimt::fuzz::answers, 3000);
}

#[test]
fn anything_in_place_of_compressed_answers_is_read_without_harm() {
    feed("compressed", kimt::fuzz::compressed, 2000);
}

#[test]
fn any_delivery_of_messages_is_reported_once_and_whole() {
    feed("bodies", kimt::fuzz::bodies, 3000);
}

#[test]
fn any_delivery_from_several_folders_is_reported_once_and_of_the_right_folder() {
    feed("bodies_of_folders", kimt::fuzz::bodies_of_folders, 3000);
}

#[test]
fn any_folder_name_is_read_and_written_as_the_same() {
    feed("names", kimt::fuzz::names, 5000);
}

#[test]
fn any_file_of_accounts_is_read_without_harm() {
    feed("accounts", kimt::fuzz::accounts, 2000);
}

#[test]
fn any_answer_of_the_administration_is_read_without_harm() {
    feed("calls", kimt::fuzz::calls, 5000);
}

#[test]
fn any_answer_of_a_calendar_server_is_read_without_harm() {
    feed("dav_answers", kimt::fuzz::dav_answers, 3000);
}

#[test]
fn any_message_that_holds_items_is_read_without_harm() {
    feed("item_messages", kimt::fuzz::item_messages, 2000);
}

#[test]
fn whatever_a_calendar_says_invites_nobody_and_is_written_as_it_was_read() {
    feed("calendars", kimt::fuzz::calendars, 3000);
}

#[test]
fn any_contact_is_written_as_it_was_read() {
    feed("cards", kimt::fuzz::cards, 3000);
}

#[test]
fn any_content_has_one_summary() {
    feed("contents", kimt::fuzz::contents, 2000);
}

#[test]
fn any_damage_of_a_record_is_noticed_or_does_no_harm() {
    feed("ledgers", kimt::fuzz::ledgers, 60);
}
