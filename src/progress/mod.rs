//! What happens in a run, as events, and the one fold of them that window, command line and report read.
//!
//! Events are facts in the past tense with ids and numbers. Only [`RunState::apply`] counts anything.

mod account;
mod assembled;
mod counts;
mod event;
mod held;
mod items;
mod migration;
mod rate;
mod run;
mod state;
mod sums;
mod whole;

pub use account::{AccountState, FolderState};
pub use assembled::TaskState;
pub use counts::{Counts, Followed, Tally};
pub use event::{Event, Stamped};
pub use held::{Skip, Wait};
pub use items::ItemTally;
pub use migration::{AccountStage, MigrationInfo, Stages, Whole};
pub use rate::Rate;
pub use run::{AccountEnd, AccountInfo, RunInfo, RunKind, Step, UserState, Verify, WaitReason};
pub use state::{RunState, Verdict};
