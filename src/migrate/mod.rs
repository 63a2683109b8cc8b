//! The engine: the only layer that knows both servers and the ledger. It knows nothing of egui.
//!
//! [`start`] begins a run on threads of its own and returns at once; a [`Run`] is the handle to it. The way of a message:
//!
//! 1. `run`: the pool; each worker takes the next account.
//! 2. `mailbox`: one account, from its connections (`sessions`) and the plan of which folder goes where (`plan`) to its end.
//! 3. `scan`: what is on both sides.
//! 4. `reconcile`: what is known about a folder from earlier runs, and the outcome of what an interruption left open.
//! 5. `copy`: one stream over all folders; one thread reads, another sends.
//! 6. `proof`: messages are read back from the target and compared.
//! 7. `groupware`: after the mail, the account's calendars, contacts and tasks, if these are migrated.
//!
//! Besides, `check` looks without changing anything, and `verify` compares two mailboxes without any record. `docs/architecture.md` lists
//! all stages in the order in which they may name each other.

mod attempt;
mod check;
mod content;
mod context;
mod copy;
mod endpoints;
mod folder;
mod follow;
pub(crate) mod fuzzing;
mod groupware;
mod halt;
mod heads;
mod mailbox;
mod plan;
mod proof;
mod reconcile;
mod request;
mod run;
mod scan;
mod sessions;
mod sign_in;
mod target;
mod verdict;
mod verify;
mod witness;

pub use check::calendars::test_calendars;
pub use check::probe::{test_source, test_target, trust};
pub use context::control::Silence;
pub use request::{
    AccountList, AdministrationServer, ClientCertificate, ConnectionLimits, DavAddress, Errand, Groupware,
    GroupwareMode, Limits, MASTER_SEPARATOR, MailServer, NameForm, Observer, Options, Patience, Proxy, Request,
    Servers, Share, SignInWay, TargetKind, Together, TokenSource, Verify, Work,
};
pub use run::ahead::{Ahead, begin_certificates, look_ahead};
pub use run::{Run, Stopper, start};
pub use sign_in::environment::{password_variables, typed_command, withhold_passwords};
pub use target::kerio::port::{PendingPort, RestoredPort, pending_port_restore, restore_port};
