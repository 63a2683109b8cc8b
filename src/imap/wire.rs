//! The wire engine: commands out, answers in, with limits on everything a server can make long.
//!
//! Promises: a line or literal that is too long costs no memory; what is not understood is skipped; tagged answers are matched by
//! tag; nothing secret and no body is logged. A literal of a message's body is handed on while it is read.

use super::capabilities::Capabilities;
use super::command::{Command, ReadOnly, quoted};
use super::distance::Distance;
use super::error::ImapError;
use super::response::{Condition, Status};
use super::token::Piece;
use super::transport::Transport;
use crate::network::{Interrupter, NetworkError};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// A line is kept up to here; the rest of it is read and forgotten.
const LONGEST_LINE: usize = 256 * 1024;
/// A line longer than this is no line.
const ENDLESS_LINE: u64 = 4 << 30;
/// A literal that is no body is kept up to here; the rest is read and forgotten.
const LONGEST_LITERAL: u64 = 1 << 20;
/// An answer has at most so many literals, and of them so many octets are kept.
const MOST_LITERALS: usize = 10_000;
const MOST_KEPT: usize = 16 << 20;
/// What is sent is gathered up to here.
const GATHERED: usize = 64 * 1024;

/// Numbers the connections in the log.
static CONNECTIONS: AtomicU32 = AtomicU32::new(1);

/// A command's tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Tag(u32);

/// One answer of the server.
#[derive(Debug)]
pub(super) enum Answer {
    /// `* …`
    Untagged(Vec<Piece>),
    /// `+ …`, with what follows the sign.
    Continue(Vec<u8>),
    /// The answer to a command.
    Tagged(Tag, Status),
}

/// Wants the literals of bodies while they are read.
pub(super) trait LiteralTaker {
    /// Whether the literal that follows these pieces is handed on, and if so a first word about it.
    fn wants(&mut self, pieces: &[Piece], octets: u64) -> Result<bool, ImapError>;
    /// A chunk of it.
    fn chunk(&mut self, octets: &[u8]) -> Result<(), ImapError>;
    /// It is complete, and the answer goes on as one does after a literal.
    fn end(&mut self) -> Result<(), ImapError>;
}

/// Wants none.
pub(super) struct NoLiterals;

impl LiteralTaker for NoLiterals {
    fn wants(&mut self, _pieces: &[Piece], _octets: u64) -> Result<bool, ImapError> {
        Ok(false)
    }

    fn chunk(&mut self, _octets: &[u8]) -> Result<(), ImapError> {
        Ok(())
    }

    fn end(&mut self) -> Result<(), ImapError> {
        Ok(())
    }
}

/// A session's wire.
pub(super) struct Wire {
    transport: Transport,
    out: Vec<u8>,
    last_tag: u32,
    connection: u32,
    /// What the server can do, as it said last.
    pub(super) capabilities: Capabilities,
    /// How far the server is.
    pub(super) distance: Distance,
    /// How long the sign-in took; none before it, and once compression was thought about.
    pub(super) signed_in_within: Option<Duration>,
    /// The command after whose OK everything is compressed.
    compressing: Option<Tag>,
    /// Names and headers travel as UTF-8 (RFC 6855).
    pub(super) utf8: bool,
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
            distance: Distance::default(),
            signed_in_within: None,
            compressing: None,
            utf8: false,
        }
    }

    pub(super) fn interrupter(&self) -> Interrupter {
        self.transport.interrupter()
    }

    pub(super) fn into_transport(self) -> Transport {
        self.transport
    }

    /// Sends COMPRESS. Its OK is the last that is in clear; nothing else may be sent before it has been read.
    pub(super) fn ask_to_compress(&mut self) -> Result<Tag, ImapError> {
        let tag = self.send(&ReadOnly::Compress.command())?;
        self.compressing = Some(tag);
        Ok(tag)
    }

    /// Sends a command; its literals wait for the server where it does not take them freely.
    pub(super) fn send(&mut self, command: &Command) -> Result<Tag, ImapError> {
        let tag = self.begin_command();
        log::debug!(target: "imap", "[{}] > {} {}", self.connection, tag.0, command.log_text());
        for (index, part) in command.parts().iter().enumerate() {
            if index > 0 {
                self.announce_literal(part.literal.len() as u64)?;
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
        let tag = Tag(self.last_tag);
        self.out.extend_from_slice(format!("K{} ", tag.0).as_bytes());
        tag
    }

    /// Announces a literal, and waits for the server's `+` where it must (RFC 7888). A tagged answer instead is an error here.
    fn announce_literal(&mut self, octets: u64) -> Result<(), ImapError> {
        if self.takes_freely(octets) {
            return self.put(format!("{{{octets}+}}\r\n").as_bytes());
        }
        self.put(format!("{{{octets}}}\r\n").as_bytes())?;
        match self.await_continue()? {
            None => Ok(()),
            Some((_, status)) => Err(ImapError::Refused { command: "a literal", status }),
        }
    }

    /// Whether a literal of this size may be sent without waiting.
    pub(super) fn takes_freely(&self, octets: u64) -> bool {
        self.capabilities.longest_free_literal().is_some_and(|longest| octets <= longest)
    }

    /// Whether a string can be sent behind commands that are not answered: one that travels as a literal may have to wait for the server.
    pub(super) fn sends_at_once(&self, string: &[u8]) -> bool {
        quoted(string).is_some() || self.takes_freely(string.len() as u64)
    }

    /// Waits for `+`; a tagged answer that comes instead is returned.
    pub(super) fn await_continue(&mut self) -> Result<Option<(Tag, Status)>, ImapError> {
        Ok(self.await_challenge()?.err())
    }

    /// Waits for `+` and returns its text; a tagged answer that comes instead is the inner error.
    pub(super) fn await_challenge(&mut self) -> Result<Result<Vec<u8>, (Tag, Status)>, ImapError> {
        loop {
            match self.next_answer(&mut NoLiterals)? {
                Answer::Continue(text) => return Ok(Ok(text)),
                Answer::Tagged(tag, status) => return Ok(Err((tag, status))),
                Answer::Untagged(_) => {}
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

    /// Whether an answer, or a part of one, is there to be read.
    pub(super) fn has_arrived(&mut self) -> Result<bool, ImapError> {
        self.transport.has_arrived().map_err(lost)
    }

    /// Waits until an answer, or a part of one, is there to be read. False when none came for so long.
    pub(super) fn arrives_within(&mut self, patience: Duration) -> Result<bool, ImapError> {
        self.transport.arrives_within(patience).map_err(lost)
    }

    /// Sends what was gathered.
    pub(super) fn flush(&mut self) -> Result<(), ImapError> {
        if !self.out.is_empty() {
            self.transport.write_all(&self.out).map_err(lost)?;
            self.out.clear();
        }
        Ok(())
    }

    /// Sends a command and reads to its end, handing every untagged answer on.
    pub(super) fn run(&mut self, command: &Command, each: &mut dyn FnMut(&[Piece])) -> Result<Status, ImapError> {
        let tag = self.send(command)?;
        self.finish(tag, each)
    }

    /// Reads until the answer to `tag`, handing every untagged answer on.
    pub(super) fn finish(&mut self, tag: Tag, each: &mut dyn FnMut(&[Piece])) -> Result<Status, ImapError> {
        loop {
            match self.next_answer(&mut NoLiterals)? {
                Answer::Untagged(pieces) => each(&pieces),
                Answer::Tagged(found, status) if found == tag => return Ok(status),
                Answer::Tagged(..) | Answer::Continue(_) => {}
            }
        }
    }

    /// Reads until all of `tags` are answered, handing every untagged answer on. A server may begin with the next command before it
    /// says that one is done, so what an answer belongs to is told by the answer itself.
    pub(super) fn finish_all(
        &mut self,
        tags: &[Tag],
        each: &mut dyn FnMut(&[Piece]),
    ) -> Result<Vec<Status>, ImapError> {
        let mut statuses: Vec<Option<Status>> = vec![None; tags.len()];
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

    /// Reads one answer. Sends first what was gathered: the server may be waiting for it.
    pub(super) fn next_answer(&mut self, taker: &mut dyn LiteralTaker) -> Result<Answer, ImapError> {
        self.flush()?;
        loop {
            let first = self.read_line()?;
            if let Some(text) = first.text.strip_prefix(b"+") {
                return Ok(Answer::Continue(text.trim_ascii().to_vec()));
            }
            if let Some(rest) = first.text.strip_prefix(b"* ") {
                let status = Status::parse(rest);
                if let Some(status) = &status {
                    log::debug!(target: "imap", "[{}] < * {status}", self.connection);
                    if status.condition == Condition::Bye {
                        return Err(ImapError::Bye(status.clone()));
                    }
                }
                let line = Line { text: rest.to_vec(), ..first };
                return Ok(Answer::Untagged(self.read_literals(line, status.is_some(), taker)?));
            }
            if let Some((tag, status)) = tagged(&first.text) {
                log::debug!(target: "imap", "[{}] < {} {status}", self.connection, tag.0);
                if self.compressing.take_if(|asked| *asked == tag).is_some() && status.condition == Condition::Ok {
                    log::debug!(target: "imap", "[{}] is compressed from here on", self.connection);
                    self.transport.compress();
                }
                return Ok(Answer::Tagged(tag, status));
            }
            // A blank line, a foreign tag, text without a star: some proxies and old servers say such things. It is skipped.
            log::debug!(target: "imap", "[{}] < {} octets that are no answer", self.connection, first.text.len());
        }
    }

    /// Reads the rest of an answer whose first line is here: as long as a line announces a literal, that and the next line.
    fn read_literals(
        &mut self,
        first: Line,
        is_status: bool,
        taker: &mut dyn LiteralTaker,
    ) -> Result<Vec<Piece>, ImapError> {
        let (mut pieces, mut kept) = (Vec::new(), 0);
        let mut line = first;
        loop {
            // The words of a status answer are for a person, even when they end like a literal.
            let announced = if is_status || line.cut { None } else { literal(&line.text) };
            let Some((text, octets)) = announced else {
                pieces.push(Piece::Text(line.text));
                return Ok(pieces);
            };
            line.text.truncate(text);
            pieces.push(Piece::Text(line.text));
            if pieces.len() > 2 * MOST_LITERALS || kept > MOST_KEPT {
                return Err(ImapError::Protocol("an answer with too many or too large literals".to_owned()));
            }
            if taker.wants(&pieces, octets)? {
                self.stream_literal(octets, taker)?;
                line = self.read_line()?;
                // What goes on otherwise was announced shorter than it is, or has swallowed what follows.
                if !ends_answer(&line.text) {
                    return Err(ImapError::Protocol("a message does not end where it should".to_owned()));
                }
                taker.end()?;
                pieces.push(Piece::Streamed);
            } else {
                let literal = self.keep_literal(octets)?;
                kept += literal.len();
                pieces.push(Piece::Literal(literal));
                line = self.read_line()?;
            }
        }
    }

    fn stream_literal(&mut self, mut left: u64, taker: &mut dyn LiteralTaker) -> Result<(), ImapError> {
        while left > 0 {
            let ready = self.transport.fill().map_err(lost)?;
            if ready.is_empty() {
                return Err(ImapError::Closed);
            }
            let length = ready.len().min(usize::try_from(left).unwrap_or(usize::MAX));
            taker.chunk(&ready[..length])?;
            self.transport.consume(length);
            left -= length as u64;
        }
        Ok(())
    }

    fn keep_literal(&mut self, mut left: u64) -> Result<Vec<u8>, ImapError> {
        let mut kept = Vec::new();
        let mut room = LONGEST_LITERAL as usize;
        while left > 0 {
            let ready = self.transport.fill().map_err(lost)?;
            if ready.is_empty() {
                return Err(ImapError::Closed);
            }
            let length = ready.len().min(usize::try_from(left).unwrap_or(usize::MAX));
            let wanted = length.min(room);
            kept.extend_from_slice(&ready[..wanted]);
            room -= wanted;
            self.transport.consume(length);
            left -= length as u64;
        }
        Ok(kept)
    }

    /// Reads one line without its end. Of a line that is too long the beginning is kept.
    fn read_line(&mut self) -> Result<Line, ImapError> {
        let mut line = Line { text: Vec::new(), cut: false };
        let mut length = 0_u64;
        loop {
            let ready = self.transport.fill().map_err(lost)?;
            if ready.is_empty() {
                return Err(ImapError::Closed);
            }
            let end = ready.iter().position(|&octet| octet == b'\n');
            let taken = end.map_or(ready.len(), |end| end + 1);
            let wanted = taken.min(LONGEST_LINE - line.text.len().min(LONGEST_LINE));
            line.text.extend_from_slice(&ready[..wanted]);
            line.cut |= wanted < taken;
            self.transport.consume(taken);
            length += taken as u64;
            if end.is_some() {
                while line.text.last().is_some_and(|octet| matches!(octet, b'\r' | b'\n')) {
                    line.text.pop();
                }
                return Ok(line);
            }
            if length > ENDLESS_LINE {
                return Err(ImapError::Protocol("a line without an end".to_owned()));
            }
        }
    }
}

struct Line {
    text: Vec<u8>,
    /// Whether it was longer than what is kept.
    cut: bool,
}

fn lost(error: std::io::Error) -> ImapError {
    ImapError::Network(NetworkError::from(error))
}

/// `K12 OK done` as tag and status.
fn tagged(line: &[u8]) -> Option<(Tag, Status)> {
    let space = line.iter().position(|&octet| octet == b' ')?;
    let number = std::str::from_utf8(line[..space].strip_prefix(b"K")?).ok()?.parse().ok()?;
    Some((Tag(number), Status::parse(&line[space + 1..])?))
}

/// Whether a line can follow the literal of a message: the end of the answer, or further items and then its end or another literal.
fn ends_answer(line: &[u8]) -> bool {
    let line = line.trim_ascii_end();
    line == b")" || line.starts_with(b" ") && (line.ends_with(b")") || literal(line).is_some())
}

/// The literal a line announces at its end: where the text before it ends, and how many octets follow.
fn literal(line: &[u8]) -> Option<(usize, u64)> {
    let inner = line.strip_suffix(b"}")?;
    let open = inner.iter().rposition(|&octet| octet == b'{')?;
    let digits = inner[open + 1..].strip_suffix(b"+").unwrap_or(&inner[open + 1..]);
    let octets = std::str::from_utf8(digits).ok()?.parse().ok()?;
    // literal8 (RFC 3516) has a tilde before the brace.
    let end = if line[..open].ends_with(b"~") { open - 1 } else { open };
    Some((end, octets))
}

#[cfg(test)]
mod tests {
    use super::super::fuzzing::line;
    use super::*;

    #[test]
    fn literals_that_are_too_much_together_end_the_session() {
        let literal = format!("{{{LONGEST_LITERAL}}}\r\n{} ", "x".repeat(LONGEST_LITERAL as usize));
        let answer = |literals| format!("* X {}\r\n", literal.repeat(literals));
        let read = |literals| line(answer(literals).as_bytes()).unwrap().next_answer(&mut NoLiterals);
        assert!(matches!(read(16), Ok(Answer::Untagged(pieces)) if pieces.len() == 33));
        assert!(matches!(read(30), Err(ImapError::Protocol(_))));
    }

    #[test]
    fn of_a_literal_that_nobody_wants_only_the_beginning_is_kept() {
        let octets = 2 * LONGEST_LITERAL as usize;
        let answer = format!("* X {{{octets}}}\r\n{} end\r\n", "x".repeat(octets));
        let Answer::Untagged(pieces) = line(answer.as_bytes()).unwrap().next_answer(&mut NoLiterals).unwrap() else {
            panic!()
        };
        assert!(matches!(&pieces[1], Piece::Literal(kept) if kept.len() == LONGEST_LITERAL as usize));
        assert_eq!(pieces[2], Piece::Text(b" end".to_vec()));
    }

    #[test]
    fn words_for_a_person_announce_no_literal() {
        let mut wire = line(b"* NO odd {9}\r\n* 2 EXISTS\r\n").unwrap();
        let mut next = || match wire.next_answer(&mut NoLiterals) {
            Ok(Answer::Untagged(pieces)) => pieces,
            other => panic!("{other:?}"),
        };
        assert_eq!(next(), [Piece::Text(b"NO odd {9}".to_vec())]);
        assert_eq!(next(), [Piece::Text(b"2 EXISTS".to_vec())]);
    }

    #[test]
    fn of_many_commands_each_has_the_answer_with_its_tag() {
        let mut wire = line(b"K3 OK c\r\nK1 OK a\r\nK2 NO b\r\n").unwrap();
        let statuses = wire.finish_all(&[Tag(1), Tag(2), Tag(3)], &mut |_| {}).unwrap();
        let texts: Vec<&str> = statuses.iter().map(|status| status.text.as_str()).collect();
        assert_eq!(texts, ["a", "b", "c"]);
    }
}
