//! Looking without changing anything: at servers (*Test connection*), at accounts (`kimt check`).

pub mod calendars;
mod foresight;
pub mod probe;
pub mod survey;
