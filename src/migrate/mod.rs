//! The engine: the only layer that knows both servers and the ledger. It has never heard of egui.
//!
//! [`start`] begins a run on threads of its own and returns at once; a [`Run`] is the handle to it. One message's way leads through
//! `run` (the pool), `mailbox` (one account), `scan` (what is where), `folder` (one folder), `copy` (one round of batches) and `proof`
//! (reading back).

mod connections;
mod content;
mod context;
mod control;
mod copy;
mod credentials;
mod directory;
mod elsewhere;
mod environment;
mod flags;
mod folder;
mod follower;
pub(crate) mod fuzzing;
mod gathered;
mod halt;
mod heads;
mod history;
mod lanes;
mod likeness;
mod mailbox;
mod marks;
mod others;
mod passes;
mod places;
mod plain_name;
mod planner;
mod port;
mod prepare;
mod probe;
mod proof;
mod reading;
mod ready;
mod reconcile;
mod recorder;
mod refused;
mod request;
mod room;
mod run;
mod scan;
mod second;
mod sending;
mod sign_in_guard;
mod special_folders;
mod survey;
mod token;
mod verify;

pub use environment::{password_variables, withhold_passwords};
pub use port::{PendingPort, RestoredPort, pending_port_restore, restore_port};
pub use probe::{Doubt, Finding, Sign, test_source, test_target, trust};
pub use request::{
    AdministrationServer, ClientCertificate, Limits, Lines, MASTER_SEPARATOR, NameForm, Observer, Options, Patience,
    Proxy, Request, Servers, SignInWay, SourceServer, TargetKind, TargetServer, TokenSource, Verify,
};
pub use run::{Run, Stopper, start};
