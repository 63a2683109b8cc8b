//! The nouns of the program as plain data: no I/O, no clock, no threads.
//!
//! Every other module may use these types; they use none of ours.

mod account;
mod finding;
mod folder;
mod item;
pub mod list;
mod message;
pub mod numbers;
mod plan;
mod printable;
mod problem;
mod secret;
mod secret_filter;
mod selection;
mod server;
mod typed;

pub use account::{Account, AccountId, AccountNames, Address, AddressError, NameForm, comparable_name};
pub use finding::{Alert, Doubt, Finding, Found, PortSpeaks, Service, Sign, SignInKind};
pub use folder::{Folder, FolderId, FolderPath, SpecialUse};
pub use item::{GroupwareMode, ItemKind, ItemOutcome};
pub use list::BadLine;
pub use message::{Digest, MessageHead, Uid, UidValidity, Unused};
pub use plan::{LeftOut, LeftOutReason, Mapping, PlannedFolder};
pub use printable::{is_invisible, is_printable, printable};
pub use problem::{
    AddressOwner, AdministrationFault, Cause, CertificateFileFault, CollectionLeftOut, DatabaseFault, Difference,
    Distrust, Explanation, FleetFault, HandshakeFault, Invitation, ItemChange, ItemFault, ItemForm, ItemName, ItemNote,
    ItemServerFault, MailServerFault, MessageName, NameSource, Note, OwnFile, Problem, ProblemKind, ProxyFault, Reach,
    RecordDamage, RecordFault, Retry, Sealed, Severity, Subject, TextFault, capitalised,
};
pub use secret::{Secret, while_sealing};
pub use secret_filter::{foreign_without_secrets, hide, without_secrets};
pub use selection::Selection;
pub use server::{CertificateDetails, Fingerprint, Security, ServerAddress, Side};
pub use typed::{
    DatabaseAddressFault, DavAddressFault, KeyFileFault, Mistyped, RuleFault, WrongRule, read_date, read_rate,
    read_size,
};
