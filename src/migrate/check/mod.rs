//! Looking without changing anything: at servers (*Test connection*), at accounts (`kimt check`).

mod foresight;
pub mod probe;
pub mod survey;
