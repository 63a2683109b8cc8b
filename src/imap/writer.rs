//! A signed-in session on the target: everything a [`Reader`] can, and the few commands that write.
//!
//! There is no DELETE, no EXPUNGE, no CLOSE, no STORE: what stands on the target already is never touched.

use super::append::{AppendWay, Appender};
use super::command::{Command, ReadOnly};
use super::error::ImapError;
use super::names::NameRefused;
use super::reader::{FolderStatus, Opened, Reader};
use super::response::Condition;
use crate::domain::FolderPath;

/// A folder of the target, looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenFolder {
    /// How it stands.
    pub status: FolderStatus,
    /// The flags it keeps, `\*` left out; empty when the server does not say.
    pub permanent_flags: Vec<String>,
    /// Whether it keeps keywords nobody used before.
    pub new_keywords_allowed: bool,
}

/// Whether a folder was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Created {
    /// It was.
    New,
    /// It was there already.
    Existed,
}

/// A session that can write.
pub struct Writer {
    reader: Reader,
}

impl Writer {
    pub(super) fn new(reader: Reader) -> Self {
        Self { reader }
    }

    /// The reading half of the same session.
    pub fn reader(&mut self) -> &mut Reader {
        &mut self.reader
    }

    /// A path as this server writes it. Needs [`Reader::list`] first, which learns the separator and the prefix.
    pub fn wire_name(&self, path: &FolderPath) -> Result<Vec<u8>, NameRefused> {
        self.reader.naming.write(path)
    }

    /// Makes a folder, and whatever parents it needs.
    pub fn create(&mut self, wire_name: &[u8]) -> Result<Created, ImapError> {
        let status = self.reader.wire.run(&Command::new("CREATE").string(wire_name), &mut |_| {})?;
        if status.condition == Condition::Ok {
            return Ok(Created::New);
        }
        if status.has_code("ALREADYEXISTS") || self.reader.status(wire_name).is_ok() {
            return Ok(Created::Existed);
        }
        Err(ImapError::Refused { command: "CREATE", status })
    }

    /// Subscribes a folder.
    pub fn subscribe(&mut self, wire_name: &[u8]) -> Result<(), ImapError> {
        self.reader.wire.run_ok(&Command::new("SUBSCRIBE").string(wire_name), &mut |_| {}).map(|_| ())
    }

    /// Learns how a folder stands and what it keeps, and leaves it again where the server can (UNSELECT, RFC 3691).
    pub fn open(&mut self, wire_name: &[u8]) -> Result<OpenFolder, ImapError> {
        let mut opened = Opened::default();
        let wire = &mut self.reader.wire;
        // Only SELECT tells PERMANENTFLAGS; many servers answer EXAMINE with an empty list.
        wire.run_ok(&Command::new("SELECT").string(wire_name), &mut |pieces| opened.take(pieces))?;
        if wire.capabilities.has("UNSELECT") {
            wire.run_ok(&ReadOnly::Unselect.command(), &mut |_| {})?;
        }
        let flags = opened.permanent_flags.take().unwrap_or_default();
        let new_keywords_allowed = flags.iter().any(|flag| flag == "\\*");
        Ok(OpenFolder {
            status: opened.status()?,
            permanent_flags: flags.into_iter().filter(|flag| flag != "\\*").collect(),
            new_keywords_allowed,
        })
    }

    /// How a folder stands.
    pub fn status(&mut self, wire_name: &[u8]) -> Result<FolderStatus, ImapError> {
        self.reader.status(wire_name)
    }

    /// The largest message the server takes, if it says.
    pub fn append_limit(&self) -> Option<u64> {
        self.reader.wire.capabilities.append_limit()
    }

    /// Whether batches can be stored with one command.
    pub fn offers_multiappend(&self) -> bool {
        self.reader.wire.capabilities.has("MULTIAPPEND")
    }

    /// Begins to append into a folder.
    pub fn appender(&mut self, wire_name: &[u8], way: AppendWay) -> Appender<'_> {
        Appender::new(&mut self.reader.wire, wire_name, way)
    }

    /// Says goodbye, and does not care whether it is heard.
    pub fn logout(self) {
        self.reader.logout();
    }
}
