//! What all machines of a fleet share, for the run that works on it.
//!
//! A database that does not answer grants nothing: nothing is opened or begun.

use crate::domain::Side;
use crate::fleet::{self, Fleet};
use crate::migrate::{Errand, Share, Together};
use std::sync::Arc;
use std::time::Duration;

/// The fleet as a run sees it.
#[derive(Debug)]
pub(super) struct Machines {
    /// The fleet.
    pub(super) fleet: Arc<Fleet>,
    /// This process's share of the speed limits.
    pub(super) share: Share,
}

/// A side's name in the database.
pub(super) fn name(side: Side) -> &'static str {
    match side {
        Side::Source => "source",
        Side::Target | Side::Administration => "target",
    }
}

impl Together for Machines {
    fn room(&self, side: Side) -> Option<Box<dyn Send>> {
        let slot = self.fleet.take_slot(name(side)).inspect_err(|error| log::warn!("{error}")).ok()??;
        Some(Box::new(slot))
    }

    fn refused(&self, side: Side) {
        if let Err(error) = self.fleet.note_refusal(name(side)) {
            log::warn!("a refused sign-in was not counted: {error}");
        }
    }

    fn refusals(&self, side: Side) -> Vec<Duration> {
        let counted = self.fleet.refusals(name(side)).unwrap_or_else(|error| {
            log::warn!("the refused sign-ins of other machines are not known: {error}");
            Vec::new()
        });
        counted.into_iter().map(|seconds| Duration::from_secs_f64(seconds.max(0.0))).collect()
    }

    fn share(&self) -> Share {
        self.share.clone()
    }

    fn errand(&self, what: &str) -> Errand {
        let (turn, token) = match self.fleet.take_errand(what) {
            Ok(taken) => taken,
            Err(error) => {
                log::warn!("{error}");
                return Errand::Others;
            }
        };
        match turn {
            fleet::Errand::Done => Errand::Done,
            fleet::Errand::Others => Errand::Others,
            fleet::Errand::Mine => {
                let errand = Ours { fleet: self.fleet.clone(), what: what.to_owned(), token, done: false };
                Errand::Ours(Box::new(move || errand.finish()))
            }
        }
    }
}

/// An errand of ours. If it is dropped undone, another process may do it.
struct Ours {
    fleet: Arc<Fleet>,
    what: String,
    token: i64,
    done: bool,
}

impl Ours {
    fn finish(mut self) {
        self.done = true;
    }
}

impl Drop for Ours {
    fn drop(&mut self) {
        if let Err(error) = self.fleet.end_errand(&self.what, self.token, self.done) {
            log::warn!("an errand was not ended: {error}");
        }
    }
}
