//! The pages. A page is plain state, and a `show` that draws it and returns what the user asked for.

pub mod account_list;
pub mod accounts;
pub mod bad_lines;
pub mod check;
pub mod correction;
pub mod fleet;
pub mod folded;
pub mod result;
mod result_table;
pub mod servers;
pub mod status;
