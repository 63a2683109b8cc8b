//! Looking without changing anything: at servers (*Test connection*), at accounts (`kimt check`), at the room on the target.

pub(super) mod probe;
pub(super) mod room;
pub(super) mod survey;
