//! The sentences and numbers that report, window and command line share.

mod account;
mod findings;
mod last_pass;
mod moment;
mod sentences;

pub use crate::domain::numbers::{count, counted, duration, rate, size, time_left, took};
pub use account::{
    account_name, account_status, account_status_code, mapping, server, silent_server, user_state, waiting,
};
pub use findings::finding;
pub use last_pass::last_pass;
pub use moment::moment;
pub use sentences::{
    comparison, items, items_settled, kind, kind_of, migration, missing_seats, open, progress, stage_code, verdict,
    verdict_code, whole_of,
};
