//! A session's wire: commands out, and the answers that belong to them.
//!
//! Promises: tagged answers are matched by tag; a literal waits for the server where it must; nothing secret and no body is logged.
//! How the octets that arrive become answers is in `answer`.

mod answer;
mod compression;
mod learned;

use super::capabilities::Capabilities;
use super::command::{Command, ReadOnly, quoted};
use super::error::ImapError;
use super::response::{Condition, Status};
use super::token::Piece;
use super::transport::Transport;
use crate::network::{Guard, Interrupter, NetworkError};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

pub(super) use answer::{Answer, LiteralTaker, NoLiterals};
pub use learned::Learned;

/// At most this many octets are gathered before they are sent.
const GATHERED: usize = 64 * 1024;

/// Commands that a server answers at once, or never.
const QUICK: [&str; 8] = ["CAPABILITY", "ENABLE", "ID", "LIST", "LSUB", "NAMESPACE", "COMPRESS", "GETQUOTAROOT"];

/// Numbers the connections in the log.
static CONNECTIONS: AtomicU32 = AtomicU32::new(1);

/// A command's tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Tag(u32);

/// A session's wire.
pub(super) struct Wire {
    transport: Transport,
    out: Vec<u8>,
    last_tag: u32,
    connection: u32,
    /// The capabilities that the server announced last.
    pub(super) capabilities: Capabilities,
    /// What was learned about the server.
    pub(super) learned: Learned,
    /// How long the sign-in took; none before it, and after compression was considered.
    pub(super) signed_in_within: Option<Duration>,
    /// The command after whose OK everything is compressed.
    compressing: Option<Tag>,
    /// Whether names and headers travel as UTF-8 (RFC 6855).
    pub(super) utf8: bool,
    /// The server's complaint in an untagged answer since the last tagged one.
    complaint: Option<Status>,
    /// Whether the command sent last is one of [`QUICK`].
    is_quick: bool,
    /// Commands that are not answered yet.
    unanswered: usize,
    /// Answers that came before those to older commands.
    early: Vec<(Tag, Status)>,
}

impl Wire {
    pub(super) fn new(transport: Transport) -> Self {
        let connection = CONNECTIONS.fetch_add(1, Ordering::Relaxed);
        Self {
            transport,
            out: Vec::with_capacity(GATHERED),
            last_tag: 0,
            connection,
            capabilities: Capabilities::default(),
            learned: Learned::default(),
            signed_in_within: None,
            compressing: None,
            utf8: false,
            complaint: None,
            is_quick: false,
            unanswered: 0,
            early: Vec::new(),
        }
    }

    pub(super) fn interrupter(&self) -> Interrupter {
        self.transport.interrupter()
    }

    /// Keeps these guards while the connection is open.
    pub(super) fn hold(&mut self, guards: Vec<Guard>) {
        self.transport.hold(guards);
    }

    pub(super) fn into_transport(self) -> Transport {
        self.transport
    }

    /// Sends COMPRESS. Its OK is the last uncompressed answer; nothing else may be sent before it has been read.
    pub(super) fn ask_to_compress(&mut self) -> Result<Tag, ImapError> {
        let tag = self.send(&ReadOnly::Compress.command())?;
        self.compressing = Some(tag);
        Ok(tag)
    }

    /// Sends a command; its literals wait for the server where it does not take them freely.
    pub(super) fn send(&mut self, command: &Command) -> Result<Tag, ImapError> {
        let tag = self.begin_command();
        log::debug!(target: "imap", "[{}] > {} {}", self.connection, tag.0, command.log_text());
        self.is_quick = QUICK.contains(&command.name());
        for (index, part) in command.parts().iter().enumerate() {
            if index > 0 {
                self.announce_literal(tag, command.name(), part.literal.len() as u64)?;
                self.put(&part.literal)?;
            }
            self.put(&part.text)?;
        }
        self.put(b"\r\n")?;
        Ok(tag)
    }

    /// Begins a command with a new tag.
    pub(super) fn begin_command(&mut self) -> Tag {
        self.last_tag += 1;
        self.unanswered += 1;
        let tag = Tag(self.last_tag);
        self.out.extend_from_slice(format!("K{} ", tag.0).as_bytes());
        tag
    }

    /// Announces a literal, and waits for the server's `+` where it must (RFC 7888). A tagged answer instead is an error here.
    fn announce_literal(&mut self, tag: Tag, command: &'static str, octets: u64) -> Result<(), ImapError> {
        if self.takes_freely(octets) {
            return self.put(format!("{{{octets}+}}\r\n").as_bytes());
        }
        self.put(format!("{{{octets}}}\r\n").as_bytes())?;
        match self.await_challenge(tag)? {
            Ok(_) => Ok(()),
            Err(status) => Err(ImapError::Refused { command, status }),
        }
    }

    /// Whether a literal of this size may be sent without waiting.
    pub(super) fn takes_freely(&self, octets: u64) -> bool {
        self.capabilities.longest_free_literal().is_some_and(|longest| octets <= longest)
    }

    /// Whether a string can be sent behind unanswered commands: as a literal it may have to wait for the server.
    pub(super) fn sends_at_once(&self, string: &[u8]) -> bool {
        quoted(string).is_some() || self.takes_freely(string.len() as u64)
    }

    /// Waits for the `+` of a command and returns its text. If the command is answered instead, that answer is the inner error.
    pub(super) fn await_challenge(&mut self, tag: Tag) -> Result<Result<Vec<u8>, Status>, ImapError> {
        loop {
            match self.next_answer(&mut NoLiterals)? {
                Answer::Continue(text) => return Ok(Ok(text)),
                Answer::Tagged(found, status) if found == tag => return Ok(Err(status)),
                Answer::Tagged(..) | Answer::Untagged(_) => {}
            }
        }
    }

    /// Gathers octets for sending.
    pub(super) fn put(&mut self, octets: &[u8]) -> Result<(), ImapError> {
        if self.out.len() + octets.len() > GATHERED {
            self.flush()?;
        }
        if octets.len() >= GATHERED {
            return self.transport.write_all(octets).map_err(lost);
        }
        self.out.extend_from_slice(octets);
        Ok(())
    }

    /// What was gathered and not sent yet.
    #[cfg(test)]
    pub(super) fn gathered(&self) -> &[u8] {
        &self.out
    }

    /// Whether an answer, or a part of one, is there to be read.
    pub(super) fn has_arrived(&mut self) -> Result<bool, ImapError> {
        self.transport.has_arrived().map_err(lost)
    }

    /// Waits until an answer, or a part of one, can be read. False if none came within `patience`.
    pub(super) fn arrives_within(&mut self, patience: Duration) -> Result<bool, ImapError> {
        self.transport.arrives_within(patience).map_err(lost)
    }

    /// Sets the time limit for the next octet.
    pub(super) fn wait_for_next_byte(&mut self, patience: Duration) -> Result<(), ImapError> {
        self.transport.wait_for_next_byte(patience).map_err(lost)
    }

    /// Sends what was gathered.
    pub(super) fn flush(&mut self) -> Result<(), ImapError> {
        if !self.out.is_empty() {
            self.transport.write_all(&self.out).map_err(lost)?;
            self.out.clear();
        }
        Ok(())
    }

    /// Sends a command and reads to its end, passing each untagged answer to `each`.
    pub(super) fn run(&mut self, command: &Command, each: &mut dyn FnMut(&[Piece])) -> Result<Status, ImapError> {
        let tag = self.send(command)?;
        self.finish(tag, each)
    }

    /// Reads until the answer to `tag`, passing each untagged answer to `each`.
    pub(super) fn finish(&mut self, tag: Tag, each: &mut dyn FnMut(&[Piece])) -> Result<Status, ImapError> {
        if let Some(at) = self.early.iter().position(|(found, _)| *found == tag) {
            return Ok(self.early.swap_remove(at).1);
        }
        loop {
            match self.next_answer(&mut NoLiterals)? {
                Answer::Untagged(pieces) => each(&pieces),
                Answer::Tagged(found, status) if found == tag => return Ok(status),
                // A server may answer a command before an older one (RFC 9051, section 5.5).
                Answer::Tagged(found, status) if found.0 > tag.0 => self.early.push((found, status)),
                Answer::Tagged(..) | Answer::Continue(_) => {}
            }
        }
    }

    /// Reads until all of `tags` are answered, passing each untagged answer to `each`. A server may begin with the next command before it
    /// says that one is done, so only the answer itself shows what it belongs to.
    pub(super) fn finish_all(
        &mut self,
        tags: &[Tag],
        each: &mut dyn FnMut(&[Piece]),
    ) -> Result<Vec<Status>, ImapError> {
        let mut statuses: Vec<Option<Status>> = vec![None; tags.len()];
        for (tag, status) in std::mem::take(&mut self.early) {
            if let Some(index) = tags.iter().position(|asked| *asked == tag) {
                statuses[index] = Some(status);
            }
        }
        while statuses.iter().any(Option::is_none) {
            match self.next_answer(&mut NoLiterals)? {
                Answer::Untagged(pieces) => each(&pieces),
                Answer::Tagged(tag, status) => {
                    if let Some(index) = tags.iter().position(|asked| *asked == tag) {
                        statuses[index] = Some(status);
                    }
                }
                Answer::Continue(_) => {}
            }
        }
        Ok(statuses.into_iter().flatten().collect())
    }

    /// The same for a command that must succeed.
    pub(super) fn run_ok(&mut self, command: &Command, each: &mut dyn FnMut(&[Piece])) -> Result<Status, ImapError> {
        let status = self.run(command, each)?;
        match status.condition {
            Condition::Ok => Ok(status),
            _ => Err(ImapError::Refused { command: command.name(), status }),
        }
    }
}

fn lost(error: std::io::Error) -> ImapError {
    ImapError::Network(NetworkError::from(error))
}

#[cfg(test)]
mod tests {
    use super::super::scripted::scripted;
    use super::*;

    #[test]
    fn of_many_commands_each_has_the_answer_with_its_tag() {
        let mut wire = scripted(b"K3 OK c\r\nK1 OK a\r\nK2 NO b\r\n").unwrap();
        let statuses = wire.finish_all(&[Tag(1), Tag(2), Tag(3)], &mut |_| {}).unwrap();
        let texts: Vec<&str> = statuses.iter().map(|status| status.text.as_str()).collect();
        assert_eq!(texts, ["a", "b", "c"]);
    }
}
