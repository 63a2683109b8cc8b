//! The engine: the only layer that knows both servers and the ledger. It has never heard of egui.
//!
//! [`start`] begins a run on threads of its own and returns at once; a [`Run`] is the handle to it. One message's way:
//!
//! 1. `run`: the pool; each worker takes the next account.
//! 2. `mailbox`: one account, from signing in on both sides (`sign_in`) and deciding which folder goes where (`plan`) to its end.
//! 3. `scan`: what stands where, on both sides.
//! 4. `past`: what is known of a folder from earlier runs, and what became of what a cut left open.
//! 5. `copy`: one stream over all folders; one thread reads, another sends.
//! 6. `proof`: what stands on the target is read back and compared.
//!
//! Beside it, `check` looks and changes nothing, and `verify` compares two mailboxes without any record.

mod check;
mod copy;
mod folder;
pub(crate) mod fuzzing;
mod halt;
mod heads;
mod mailbox;
mod named;
mod past;
mod plan;
mod proof;
mod ready;
mod request;
mod run;
mod scan;
mod sign_in;
mod verify;

pub use check::probe::{Doubt, Finding, Service, Sign, test_source, test_target, trust};
pub use request::{
    AdministrationServer, ClientCertificate, Limits, Lines, MASTER_SEPARATOR, MailServer, NameForm, Observer, Options,
    Patience, Proxy, Request, Servers, SignInWay, TargetKind, TokenSource, Verify,
};
pub use run::port::{PendingPort, RestoredPort, pending_port_restore, restore_port};
pub use run::{Run, Stopper, start};
pub use sign_in::environment::{password_variables, withhold_passwords};
