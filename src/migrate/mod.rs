//! The engine: the only layer that knows both servers and the ledger. It has never heard of egui.
//!
//! [`start`] begins a run on threads of its own and returns at once; a [`Run`] is the handle to it.

mod request;

pub use request::{
    AdministrationServer, Observer, Options, Request, Servers, SourceServer, TargetKind, TargetServer, Verify,
};
