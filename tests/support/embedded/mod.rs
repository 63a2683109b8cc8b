//! What the tests against the embedded servers share: two servers and a computer to migrate from, and an intruder between them.
//! Tests against real servers share the other files of `support`.

// Each test program uses a part of it.
#![allow(dead_code)]

pub mod between;
pub mod stage;
