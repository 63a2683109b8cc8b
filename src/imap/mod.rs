//! Mail servers. What IMAP calls a mailbox (RFC 9051) is called a folder everywhere else in this program.
//!
//! The `imap` crate reads the greeting and signs in; after that our own synchronous wire engine speaks, because a migration needs
//! pipelining, streaming, limits and tolerance that the crate does not have. [`Reader`] can only send commands that change nothing;
//! [`Writer`] adds the few that a target needs. Nothing here decides what is copied.

mod amend;
mod annotations;
mod append;
mod bodies;
mod capabilities;
mod command;
mod connect;
mod date;
mod deflate;
mod envelope;
mod error;
mod fetch;
mod flags;
pub(crate) mod fuzzing;
mod heads_read;
mod imap_crate;
mod kerio_master;
mod list;
mod names;
mod opened;
mod quirks;
mod quota;
mod reader;
mod response;
mod sasl;
mod scripted;
mod sign_in;
mod token;
mod transport;
mod wire;
mod wording;
mod writer;
mod written_name;

pub use amend::{FlagChange, FlagsChanged, Removed};
pub use append::{Announced, AppendWay, Appender, Begun, Counted, Destination, Refusal, Settled, Stored};
pub use bodies::{BodyBatch, BodyFeed, BodySink, FolderToRead, NotOpened, SinkClosed};
pub use capabilities::{Capabilities, Offer};
pub use connect::{Endpoint, Greeted, connect};
pub use date::date_text;
pub use envelope::Envelope;
pub use error::{ImapError, Whose};
pub use flags::FlagsRequest;
pub use kerio_master::MasterPassword;
pub use list::Listing;
pub use names::NameRefused;
pub use opened::FolderStatus;
pub use quota::FreeRoom;
pub use reader::Reader;
pub use sign_in::{Session, SignIn};
pub use wire::Learned;
pub use writer::{Created, OpenFolder, Ready, Wish, Writer};
