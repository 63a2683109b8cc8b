//! The pages, one file each. A page is plain state and a `show` that draws it and returns what the user asked for.

pub mod forms;
pub mod servers;
