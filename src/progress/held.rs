//! What holds an account: a wait for a server, or a skip by the user.

use super::WaitReason;
use crate::domain::Side;
use serde::{Deserialize, Serialize};

/// A wait for a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wait {
    /// The server's side.
    pub side: Side,
    /// Its end, in milliseconds of the run.
    pub until: u64,
    /// The reason.
    pub why: WaitReason,
}

impl Wait {
    /// Seconds to its end from `now`, which is in milliseconds of the run.
    pub fn seconds(&self, now: u64) -> u64 {
        self.until.saturating_sub(now).div_ceil(1000)
    }
}

/// Whether the user skipped an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Skip {
    /// It is not skipped, or was continued.
    #[default]
    No,
    /// It is skipped, and what is in flight is being settled.
    Requested,
    /// It is skipped, and nobody works on it.
    Skipped,
}
