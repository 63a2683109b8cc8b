//! Appends messages to folders, many in flight at once.
//!
//! With MULTIAPPEND (RFC 3502) a batch is one command, all or nothing; otherwise each message is a command, sent before the earlier ones
//! are answered. Literals go without waiting if the server allows it (RFC 7888). A message is stored only at the tagged OK of its command,
//! which [`Settled`] reports; `outcome` reads what the answer means.
//!
//! Behind a batch, `counting` can ask what the folder then holds.

mod counting;
mod outcome;

use super::command::{ReadOnly, quoted};
use super::error::ImapError;
use super::response::Status;
use super::wire::{Answer, NoLiterals, Tag, Wire};
use crate::domain::Uid;
use std::collections::VecDeque;
use std::time::{Duration, Instant};

pub use counting::Counted;
use counting::Counting;
pub use outcome::{Refusal, Stored};

/// How messages form commands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum AppendWay {
    /// Each batch is one command, stored as a whole or not at all. Needs MULTIAPPEND.
    Batches,
    /// Each message is one command.
    Single,
}

/// Where messages go.
#[derive(Debug, Clone, Copy)]
pub struct Destination<'a> {
    /// Identifies the folder in [`Settled`].
    pub number: usize,
    /// Its wire name.
    pub wire_name: &'a [u8],
    /// How messages form commands for it.
    pub way: AppendWay,
    /// Whether messages without flags get an empty flag list, which some servers require.
    pub empty_list: bool,
}

/// A message to append, without its content.
#[derive(Debug, Clone, Copy)]
pub struct Announced<'a> {
    /// Its UID on the source, which identifies it in [`Settled`].
    pub uid: Uid,
    /// Its size in octets; the content must have exactly this size.
    pub size: u64,
    /// Its flags.
    pub flags: &'a [String],
    /// Its internal date, without quotes.
    pub date: Option<&'a str>,
}

/// The outcome of one command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settled {
    /// The number of the folder.
    pub folder: usize,
    /// The source's UIDs of its messages, in order.
    pub uids: Vec<Uid>,
    /// Their outcome.
    pub outcome: Stored,
}

/// Whether a message can be sent now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Begun {
    /// The server awaits its octets.
    Ready,
    /// The server refused it before its octets; [`Appender::settle`] says why.
    Refused,
}

/// Appends messages to folders.
pub struct Appender<'a> {
    wire: &'a mut Wire,
    /// The command being written.
    current: Option<Flight>,
    /// Unanswered commands, in order.
    in_flight: VecDeque<Flight>,
    settled: Vec<Settled>,
    counting: Counting,
}

/// After this long without an answer, the connection or the server is saturated: more than one command in flight only waits, and delays
/// everything else on the way.
const FULL: Duration = Duration::from_secs(1);

struct Flight {
    tag: Tag,
    /// When its last octet was handed over.
    sent: Option<Instant>,
    folder: usize,
    way: AppendWay,
    uids: Vec<Uid>,
    octets: u64,
    /// Whether the server refused it while it was being written; it must be written to its end all the same.
    refused: bool,
}

impl<'a> Appender<'a> {
    pub(super) fn new(wire: &'a mut Wire) -> Self {
        Self { wire, current: None, in_flight: VecDeque::new(), settled: Vec::new(), counting: Counting::default() }
    }

    /// Announces a message. If the result is [`Begun::Ready`], its octets and [`Appender::end`] must follow.
    pub fn begin(&mut self, destination: &Destination<'_>, message: &Announced<'_>) -> Result<Begun, ImapError> {
        let &Destination { number: folder, way, .. } = destination;
        if self.current.as_ref().is_some_and(|current| current.folder != folder || current.refused) {
            self.end_command()?;
        }
        let is_new = self.current.is_none();
        let current = self.current.get_or_insert_with(|| {
            let tag = self.wire.begin_command();
            Flight { tag, sent: None, folder, way, uids: Vec::new(), octets: 0, refused: false }
        });
        current.uids.push(message.uid);
        current.octets = current.octets.saturating_add(message.size);
        let tag = current.tag;
        if is_new {
            self.wire.put(b"APPEND ")?;
            if self.put_name(destination.wire_name, tag)? == Begun::Refused {
                return Ok(Begun::Refused);
            }
        }
        let mut head = String::new();
        if !message.flags.is_empty() || destination.empty_list {
            head.push_str(&format!(" ({})", message.flags.join(" ")));
        }
        if let Some(date) = message.date {
            head.push_str(&format!(" \"{date}\""));
        }
        let free = self.wire.takes_freely(message.size);
        // RFC 6855 (section 4) requires this form for a header in UTF-8. As headers are not known yet, every message uses it.
        let form = if self.wire.utf8 { " UTF8 (~" } else { " " };
        head.push_str(&format!("{form}{{{}{}}}\r\n", message.size, if free { "+" } else { "" }));
        self.wire.put(head.as_bytes())?;
        if free { Ok(Begun::Ready) } else { self.await_go_ahead(tag) }
    }

    /// Writes a part of the message.
    pub fn write(&mut self, octets: &[u8]) -> Result<(), ImapError> {
        self.wire.put(octets)
    }

    /// Completes the message.
    pub fn end(&mut self) -> Result<(), ImapError> {
        if self.wire.utf8 {
            self.wire.put(b")")?;
        }
        match self.current.as_ref().map(|current| current.way) {
            Some(AppendWay::Single) => self.end_command(),
            Some(AppendWay::Batches) | None => Ok(()),
        }
    }

    /// Completes the batch and sends what was gathered, without waiting for an answer.
    pub fn end_batch(&mut self) -> Result<(), ImapError> {
        self.end_command()?;
        self.wire.flush()
    }

    /// Asks, without waiting, what a folder will hold once everything sent before is stored; for use behind a batch. Does nothing if the
    /// folder's name needs a literal that waits for the server.
    pub fn ask(&mut self, question: usize, wire_name: &[u8]) -> Result<(), ImapError> {
        if self.current.is_some() || !self.wire.sends_at_once(wire_name) {
            return Ok(());
        }
        let command = ReadOnly::Status { wire_name: wire_name.to_vec(), modseq: false }.command();
        let tag = self.wire.send(&command)?;
        self.counting.ask(tag, question, wire_name);
        self.wire.flush()
    }

    /// The answers to [`Appender::ask`] since the last call.
    pub fn counted(&mut self) -> Vec<Counted> {
        self.counting.take()
    }

    /// Reads answers until at most `commands` with at most `octets` are unanswered, or fewer if answers take long. Returns everything
    /// settled since the last call. With `commands` 0 it also waits for the answers to [`Appender::ask`].
    pub fn settle(&mut self, commands: usize, octets: u64) -> Result<Vec<Settled>, ImapError> {
        while self.in_flight.len() > commands
            || self.octets_in_flight() > octets
            || self.is_full()
            || (commands == 0 && self.counting.is_open())
        {
            self.take_next()?;
        }
        Ok(std::mem::take(&mut self.settled))
    }

    /// Reads the answers that have arrived and returns everything settled since the last call. May wait for the rest of one answer.
    pub fn settle_arrived(&mut self) -> Result<Vec<Settled>, ImapError> {
        while (!self.in_flight.is_empty() || self.counting.is_open()) && self.wire.has_arrived()? {
            self.take_next()?;
        }
        Ok(std::mem::take(&mut self.settled))
    }

    /// The folder of the command being written.
    pub fn folder(&self) -> Option<usize> {
        self.current.as_ref().map(|current| current.folder)
    }

    /// Sends what was gathered of the command being written.
    pub fn flush(&mut self) -> Result<(), ImapError> {
        self.wire.flush()
    }

    /// Reads answers until every command for this folder is answered. False if none came within `patience`.
    pub fn answered_within(&mut self, folder: usize, patience: Duration) -> Result<bool, ImapError> {
        while self.in_flight.iter().any(|flight| flight.folder == folder) {
            if !self.wire.arrives_within(patience)? {
                return Ok(false);
            }
            self.take_next()?;
        }
        Ok(true)
    }

    fn take_next(&mut self) -> Result<(), ImapError> {
        match self.wire.next_answer(&mut NoLiterals)? {
            Answer::Tagged(tag, status) => self.take_answer(tag, &status),
            Answer::Untagged(pieces) => self.counting.take_numbers(&pieces),
            Answer::Continue(_) => {}
        }
        Ok(())
    }

    fn is_full(&self) -> bool {
        let oldest = self.in_flight.front().and_then(|oldest| oldest.sent);
        self.in_flight.len() > 1 && oldest.is_some_and(|sent| sent.elapsed() > FULL)
    }

    fn octets_in_flight(&self) -> u64 {
        self.in_flight.iter().fold(0, |sum, flight| sum.saturating_add(flight.octets))
    }

    /// Writes the folder's name: quoted, or as a literal, which the server may refuse.
    fn put_name(&mut self, wire_name: &[u8], tag: Tag) -> Result<Begun, ImapError> {
        if let Some(quoted) = quoted(wire_name) {
            return self.wire.put(&quoted).map(|()| Begun::Ready);
        }
        let octets = wire_name.len() as u64;
        let free = self.wire.takes_freely(octets);
        self.wire.put(format!("{{{octets}{}}}\r\n", if free { "+" } else { "" }).as_bytes())?;
        if !free && self.await_go_ahead(tag)? == Begun::Refused {
            return Ok(Begun::Refused);
        }
        self.wire.put(wire_name).map(|()| Begun::Ready)
    }

    /// Waits for `+`. Answers to earlier commands may come before it.
    fn await_go_ahead(&mut self, tag: Tag) -> Result<Begun, ImapError> {
        loop {
            match self.wire.next_answer(&mut NoLiterals)? {
                Answer::Tagged(found, status) if found == tag => {
                    // The server ended the command instead: it stores nothing of it.
                    if let Some(current) = self.current.take() {
                        self.in_flight.push_back(current);
                        self.take_answer(found, &status);
                    }
                    return Ok(Begun::Refused);
                }
                Answer::Tagged(found, status) => self.take_answer(found, &status),
                Answer::Continue(_) => return Ok(Begun::Ready),
                Answer::Untagged(pieces) => self.counting.take_numbers(&pieces),
            }
        }
    }

    fn end_command(&mut self) -> Result<(), ImapError> {
        if let Some(mut current) = self.current.take() {
            self.wire.put(b"\r\n")?;
            if !current.refused {
                current.sent = Some(Instant::now());
                self.in_flight.push_back(current);
            }
        }
        Ok(())
    }

    fn take_answer(&mut self, tag: Tag, status: &Status) {
        if self.counting.take_answer(tag, status) {
            return;
        }
        let Some(position) = self.in_flight.iter().position(|flight| flight.tag == tag) else {
            if let Some(current) = self.current.as_mut().filter(|current| current.tag == tag && !current.refused) {
                current.refused = true;
                let uids = std::mem::take(&mut current.uids);
                self.settled.push(Settled { folder: current.folder, uids, outcome: Stored::read_refusal(status) });
            }
            return;
        };
        if let Some(flight) = self.in_flight.remove(position) {
            let outcome = Stored::read(status, flight.uids.len());
            self.settled.push(Settled { folder: flight.folder, uids: flight.uids, outcome });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::capabilities::Capabilities;
    use super::super::scripted::scripted;
    use super::*;

    /// A connection on which this many commands are already answered.
    fn answered(commands: u32) -> Wire {
        let answers: String = (1..=commands).map(|number| format!("K{number} OK done\r\n")).collect();
        let mut wire = scripted(answers.as_bytes()).unwrap();
        wire.capabilities = Capabilities::parse("LITERAL+ MULTIAPPEND");
        wire
    }

    fn announced(uid: u32, size: u64) -> Announced<'static> {
        Announced { uid: Uid(uid), size, flags: &[], date: None }
    }

    /// Sends a batch of one message of ten octets.
    fn send(appender: &mut Appender<'_>, uid: u32) {
        let destination = Destination { number: 0, wire_name: b"INBOX", way: AppendWay::Batches, empty_list: false };
        assert_eq!(appender.begin(&destination, &announced(uid, 10)).unwrap(), Begun::Ready);
        appender.write(b"0123456789").unwrap();
        appender.end().unwrap();
        appender.end_batch().unwrap();
    }

    #[test]
    fn answers_are_waited_for_when_too_many_commands_or_octets_have_none_and_only_then() {
        let mut wire = answered(20);
        let mut appender = Appender::new(&mut wire);
        for uid in 1..=20 {
            send(&mut appender, uid);
            let settled = appender.settle(8, u64::MAX).unwrap();
            assert_eq!((settled.len(), appender.in_flight.len()), (usize::from(uid > 8), uid.min(8) as usize));
        }
        assert_eq!(appender.settle(8, 35).unwrap().len(), 5);
        assert_eq!(appender.in_flight.len(), 3);
    }

    #[test]
    fn where_answers_take_long_all_but_one_command_are_waited_for() {
        let mut wire = answered(6);
        let mut appender = Appender::new(&mut wire);
        (1..=6).for_each(|uid| send(&mut appender, uid));
        assert_eq!(appender.settle(8, u64::MAX).unwrap().len(), 0);
        let long_ago = Instant::now().checked_sub(2 * FULL);
        appender.in_flight[0].sent = long_ago;
        assert_eq!(appender.settle(8, u64::MAX).unwrap().len(), 1);
        appender.in_flight.iter_mut().for_each(|flight| flight.sent = long_ago);
        assert_eq!(appender.settle(8, u64::MAX).unwrap().len(), 4);
        assert_eq!(appender.in_flight.len(), 1);
    }

    #[test]
    fn a_command_refused_while_it_is_written_is_written_to_its_end_and_the_next_message_begins_another() {
        let mut wire = scripted(b"K2 NO [TOOBIG] x\r\nK1 OK\r\nK3 OK\r\n").unwrap();
        wire.capabilities = Capabilities::parse("LITERAL+ MULTIAPPEND");
        let mut appender = Appender::new(&mut wire);
        send(&mut appender, 1);
        let destination = Destination { number: 0, wire_name: b"INBOX", way: AppendWay::Batches, empty_list: false };
        appender.begin(&destination, &announced(2, 4)).unwrap();
        let settled = appender.settle_arrived().unwrap();
        assert_eq!(settled.iter().map(|settled| settled.uids[0].0).collect::<Vec<_>>(), [2, 1]);
        appender.write(b"rest").unwrap();
        appender.end().unwrap();
        appender.begin(&destination, &announced(3, 4)).unwrap();
        assert_eq!(appender.wire.gathered(), b"rest\r\nK3 APPEND \"INBOX\" {4+}\r\n");
        appender.write(b"more").unwrap();
        appender.end_batch().unwrap();
        assert_eq!(appender.settle(0, 0).unwrap().len(), 1);
    }

    #[test]
    fn a_folder_name_that_the_server_refuses_to_read_refuses_the_message_and_the_next_folder_continues() {
        let mut wire = scripted(b"K1 BAD no such names\r\n+ go\r\nK2 OK\r\n").unwrap();
        let mut appender = Appender::new(&mut wire);
        let odd = Destination { number: 0, wire_name: b"odd\xff", way: AppendWay::Batches, empty_list: false };
        assert_eq!(appender.begin(&odd, &announced(1, 4)).unwrap(), Begun::Refused);
        let plain = Destination { number: 1, wire_name: b"plain", way: AppendWay::Batches, empty_list: false };
        assert_eq!(appender.begin(&plain, &announced(2, 4)).unwrap(), Begun::Ready);
        appender.write(b"more").unwrap();
        appender.end_batch().unwrap();
        let folders: Vec<usize> = appender.settle(0, 0).unwrap().iter().map(|settled| settled.folder).collect();
        assert_eq!(folders, [0, 1]);
    }
}
