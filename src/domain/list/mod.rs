//! A list of accounts as a person meets it: what its columns hold, what is wrong with its lines, and what to know of how it was read. Facts
//! as data; the sentences are in `sentence` for lines that cannot be used, and beside their facts for the rest.
//!
//! Promises that no fact holds anything of a line but its address. Reading a list is left to `accounts`.

mod columns;
mod doubt;
mod export;
mod fault;
mod meaning;
mod note;
mod password_fault;
mod sentence;

pub use columns::{Column, Columns};
pub use doubt::{LineDoubt, Warning};
pub use export::Export;
pub use fault::{AddressFault, BadLine, FileFormat, LineFault, OrderFault};
pub use meaning::{Layout, LayoutError, Meaning};
pub use note::ListNote;
pub use password_fault::PasswordFault;
