//! The pages. Each is plain state with a `show` that draws it and adds what the user asked for to the actions.

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
