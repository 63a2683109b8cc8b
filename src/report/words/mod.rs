//! The sentences and numbers that report, window and command line share.

mod findings;
mod last_pass;
mod moment;
mod sentences;

pub use crate::domain::numbers::{count, counted, duration, rate, size, time_left, took};
pub use findings::finding;
pub use last_pass::last_pass;
pub use moment::moment;
pub use sentences::{
    account_name, account_status, account_status_code, comparison, items, items_settled, kind, kind_of, mapping,
    migration, missing_seats, open, progress, server, silent_server, stage_code, user_state, verdict, verdict_code,
    waiting, whole_of,
};
