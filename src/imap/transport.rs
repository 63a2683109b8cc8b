//! The octet stream below a session, compressed or not, with one read buffer, lent to the `imap` crate for a short while.
//!
//! The crate reads through its own buffer. So it gets a handle that never returns more than one line: when the crate is idle, its buffer is
//! empty, and the next reader finds every octet here.

use super::deflate::Deflate;
use super::response::{Condition, Status};
use crate::network::{Guard, Interrupter, Stream};
use std::io::{self, Read, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The stream and what was read ahead of use.
pub(super) struct Transport {
    stream: Stream,
    deflate: Option<Box<Deflate>>,
    buffer: Box<[u8]>,
    start: usize,
    end: usize,
}

impl Transport {
    pub(super) fn new(stream: Stream) -> Self {
        let buffer = vec![0; 64 * 1024].into_boxed_slice();
        Self { stream, deflate: None, buffer, start: 0, end: 0 }
    }

    /// A transport that has already read these octets.
    pub(super) fn holding(stream: Stream, octets: &[u8]) -> Self {
        Self { buffer: octets.to_vec().into_boxed_slice(), end: octets.len(), ..Self::new(stream) }
    }

    /// Compresses both directions from here on; what was read and not used is compressed already.
    pub(super) fn compress(&mut self) {
        self.deflate = Some(Box::new(Deflate::new(&self.buffer[self.start..self.end])));
        self.start = self.end;
    }

    /// The octets that were read and not used; reads once if there are none. Empty only at the end of the stream.
    pub(super) fn fill(&mut self) -> io::Result<&[u8]> {
        if self.start == self.end {
            // Both, so that after an error nothing is read a second time.
            (self.start, self.end) = (0, 0);
            self.end = loop {
                match self.read() {
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    other => break other?,
                }
            };
        }
        Ok(&self.buffer[self.start..self.end])
    }

    fn read(&mut self) -> io::Result<usize> {
        match &mut self.deflate {
            Some(deflate) => deflate.read(&mut self.stream, &mut self.buffer),
            None => self.stream.read(&mut self.buffer),
        }
    }

    /// Marks octets of [`Transport::fill`] as used.
    pub(super) fn consume(&mut self, octets: usize) {
        self.start = (self.start + octets).min(self.end);
    }

    /// Whether the server has sent something that nobody asked for yet.
    pub(super) fn has_unread(&self) -> bool {
        self.start < self.end
    }

    /// Whether there is something to read without waiting; on an encrypted or compressed connection it may hold no text.
    pub(super) fn has_arrived(&mut self) -> io::Result<bool> {
        if let Some(deflate) = self.deflate.as_mut().filter(|_| self.start == self.end) {
            (self.start, self.end) = (0, 0);
            self.end = deflate.inflate(&mut self.buffer)?;
        }
        Ok(self.has_unread() || self.stream.has_arrived()?)
    }

    /// The same, but waits for it; false if nothing came within `patience`.
    pub(super) fn arrives_within(&mut self, patience: Duration) -> io::Result<bool> {
        Ok(self.has_arrived()? || self.stream.arrives_within(patience)?)
    }

    pub(super) fn write_all(&mut self, octets: &[u8]) -> io::Result<()> {
        match &mut self.deflate {
            Some(deflate) => deflate.write_all(&mut self.stream, octets),
            None => {
                self.stream.write_all(octets)?;
                self.stream.flush()
            }
        }
    }

    /// Waits at least this long for the next octet from now on.
    pub(super) fn wait_for_next_byte(&self, patience: Duration) -> io::Result<()> {
        self.stream.wait_for_next_byte(patience)
    }

    pub(super) fn interrupter(&self) -> Interrupter {
        self.stream.interrupter()
    }

    pub(super) fn hold(&mut self, guards: Vec<Guard>) {
        self.stream.hold(guards);
    }

    /// The stream, for encrypting it. The caller has made sure that nothing was read ahead and nothing is compressed.
    pub(super) fn into_stream(self) -> Stream {
        self.stream
    }
}

/// A handle for the `imap` crate; see the module.
///
/// Of what a server says during a sign-in the crate gets only what it asked for: `+` lines and the tagged answer, and BYE. Its parser
/// ends the session at the first untagged line it does not know. The last line is remembered, because the crate drops response codes.
#[derive(Clone)]
pub(super) struct LineHandle(Arc<Mutex<Lent>>);

struct Lent {
    transport: Option<Transport>,
    /// The part of the current line that the crate has not read yet.
    line: Vec<u8>,
    last_line: Vec<u8>,
    lines: usize,
    /// The last `* NO` or `* BAD`, which is kept from the crate.
    complaint: Option<Status>,
}

/// At most this much of a line is passed on.
const LONGEST_LINE: usize = 8 * 1024;
/// At most this many lines of a greeting or a sign-in.
const MOST_LINES: usize = 1000;

impl LineHandle {
    pub(super) fn lend(transport: Transport) -> Self {
        let lent =
            Lent { transport: Some(transport), line: Vec::new(), last_line: Vec::new(), lines: 0, complaint: None };
        Self(Arc::new(Mutex::new(lent)))
    }

    /// Takes the transport back. None if it was taken already.
    pub(super) fn take_back(&self) -> Option<Transport> {
        self.lock().transport.take()
    }

    /// From the first line on, passes on only what the crate asked for.
    pub(super) fn after_greeting(&self) {
        self.lock().lines = 1;
    }

    /// The last whole line the server sent, without its end.
    pub(super) fn last_line(&self) -> Vec<u8> {
        self.lock().last_line.trim_ascii_end().to_vec()
    }

    /// The server's complaint in an untagged answer.
    pub(super) fn complaint(&self) -> Option<Status> {
        self.lock().complaint.clone()
    }

    fn lock(&self) -> MutexGuard<'_, Lent> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Lent {
    /// Reads the next line that is for the crate. Empty only at the end of the stream.
    fn next_line(&mut self) -> io::Result<()> {
        let transport = self.transport.as_mut().ok_or(io::ErrorKind::NotConnected)?;
        loop {
            self.lines += 1;
            if self.lines > MOST_LINES {
                return Err(io::Error::new(
                    io::ErrorKind::InvalidData,
                    "the server's answer to the sign-in has no end",
                ));
            }
            let line = read_line(transport)?;
            let is_greeting = self.lines == 1 && self.last_line.is_empty();
            if !line.is_empty() && !is_greeting && !is_asked_for(&line) {
                let status = line.strip_prefix(b"* ").and_then(|words| Status::parse(words.trim_ascii_end()));
                let complains = |status: &Status| matches!(status.condition, Condition::No | Condition::Bad);
                self.complaint = status.filter(complains).or(self.complaint.take());
                continue;
            }
            self.last_line.clone_from(&line);
            self.line = line;
            return Ok(());
        }
    }
}

/// Whether a line is what a sign-in waits for: a `+`, a tagged answer, or BYE.
fn is_asked_for(line: &[u8]) -> bool {
    let words = line.iter().position(|&octet| octet == b' ').map(|space| line.split_at(space));
    let status = words.and_then(|(_, words)| Status::parse(words.trim_ascii()));
    match words {
        _ if line.starts_with(b"+") => true,
        Some((b"*", _)) => status.is_some_and(|status| status.condition == Condition::Bye),
        _ => status.is_some(),
    }
}

fn read_line(transport: &mut Transport) -> io::Result<Vec<u8>> {
    let mut line = Vec::new();
    loop {
        let ready = transport.fill()?;
        let end = ready.iter().position(|&octet| octet == b'\n');
        let taken = end.map_or(ready.len(), |end| end + 1);
        line.extend_from_slice(&ready[..taken.min(LONGEST_LINE.saturating_sub(line.len()))]);
        transport.consume(taken);
        if taken == 0 || end.is_some() {
            if end.is_some() && !line.ends_with(b"\n") {
                line.extend_from_slice(b"\r\n");
            }
            return Ok(line);
        }
    }
}

impl Read for LineHandle {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut lent = self.lock();
        if lent.line.is_empty() {
            lent.next_line()?;
        }
        let length = lent.line.len().min(buffer.len());
        buffer[..length].copy_from_slice(&lent.line[..length]);
        lent.line.drain(..length);
        Ok(length)
    }
}

impl Write for LineHandle {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        let mut lent = self.lock();
        lent.transport.as_mut().ok_or(io::ErrorKind::NotConnected)?.write_all(octets)?;
        Ok(octets.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
