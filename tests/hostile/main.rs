//! Hostile and broken servers: whatever one says, nothing is lost, doubled or altered unnoticed, nothing hangs, and the rest goes on.

mod anywhere;
mod between;
mod encryption;
mod endless;
mod identity;
mod names;
mod signing_in;
mod source;
mod stage;
mod target;
