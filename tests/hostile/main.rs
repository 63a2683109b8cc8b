//! Hostile and broken servers: whatever one says, nothing is lost, doubled or altered unnoticed, nothing hangs, and the rest continues.

#![allow(clippy::unwrap_used, clippy::expect_used)] // A failed step of a test ends the test.

#[path = "../support/embedded/mod.rs"]
mod embedded;

mod ahead;
mod altered;
mod anywhere;
mod appending;
mod conditions;
mod counts;
mod cut_short;
mod deletions;
mod dialects;
mod doubling;
mod doubt;
mod encryption;
mod endless;
mod first_pass;
mod flags_lost;
mod folders;
mod identity;
mod keeping;
mod last_pass;
mod lying;
mod moves;
mod named;
mod names;
mod oddities;
mod on_the_way;
mod one_bad_thing;
mod one_run_at_a_time;
mod people;
mod places;
mod refusals;
mod renames;
mod renames_failing;
mod restored;
mod signing_in;
mod sizes;
mod skipped;
mod source;
mod target;
mod two_computers;
mod verdict;

use embedded::{between, stage};
