//! Calendars, contacts and tasks between real servers, compared by a reader in Python that shares nothing with the program.

#![allow(clippy::unwrap_used, clippy::expect_used)] // A failed step of a test ends the test.

#[path = "../support/embedded/mod.rs"]
mod embedded;
#[path = "../support/mod.rs"]
mod support;

mod files;
mod folders;
mod killed;
mod later_runs;
mod named;
mod odd_forms;
mod safety;
mod sample;
mod servers;
mod standin;
mod tripwire;
mod twenty;

use embedded::stage::{ANN, PASSWORD, Stage, problems};
use kimt::migrate::{DavAddress, Groupware, GroupwareMode, Request};
use kimt::progress::{RunKind, RunState};
use kimt::rehearsal::Profile;

/// A migration of Ann with a little mail, whose calendars are at these addresses.
struct Office {
    stage: Stage,
    groupware: Groupware,
}

impl Office {
    fn between(source: &str, target: &str) -> Self {
        let groupware = Groupware {
            mode: GroupwareMode::Auto,
            source_dav: Some(DavAddress::parse(source).unwrap()),
            target_dav: Some(DavAddress::parse(target).unwrap()),
            ..Groupware::default()
        };
        Self { stage: Stage::between(Profile::Typical, Profile::Typical).fill(3), groupware }
    }

    fn request(&self, kind: RunKind) -> Request {
        let mut request = self.stage.request(kind, self.stage.folder.path());
        request.options.groupware = self.groupware.clone();
        request
    }

    fn run(&self, kind: RunKind) -> RunState {
        self.stage.finish(self.request(kind))
    }
}

/// What a run says of its items, for a comparison in a line: copied, there, different, altered, left out, failed.
fn outcome(state: &RunState) -> [u64; 6] {
    let items = &state.items;
    [items.copied, items.already_there, items.different, items.altered, items.left_out, items.failed]
}

fn account() -> (&'static str, &'static str) {
    (ANN, PASSWORD)
}

fn said(state: &RunState) -> Vec<String> {
    problems(state)
}
