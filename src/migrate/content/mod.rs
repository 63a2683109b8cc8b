//! Comparing the content of messages: by digest, and where two differ, by what a server may change without touching the content.
//!
//! A [`Summary`] is made while a message streams by, in little memory however large the message is.

pub mod likeness;
pub mod matching;
pub mod reading;

use crate::domain::{Digest, Uid};
use crate::imap::{BodySink, ImapError, Reader, SinkClosed};
use std::hash::{DefaultHasher, Hash, Hasher};

/// How what stands on the target compares with what the source holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    /// Octet for octet.
    Equal,
    /// Equal but for line ends or the newlines at the end.
    LineEnds,
    /// Equal but for header lines that the server added.
    HeaderAdded,
    /// Something else.
    Different,
}

/// What is remembered of a message's content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// How many octets it has.
    pub octets: u64,
    /// The digest of its octets.
    pub digest: Digest,
    /// The digest with every CR left out and no newline at the end.
    text: Digest,
    /// The same of what follows the header.
    pub body: Digest,
    /// The header's lines, each as a hash, in order.
    header: Vec<u64>,
}

impl Summary {
    /// Compares a message of the source (`self`) with one of the target.
    pub fn compare(&self, stored: &Summary) -> Comparison {
        if self.digest == stored.digest {
            Comparison::Equal
        } else if self.text == stored.text {
            Comparison::LineEnds
        } else if self.body == stored.body && is_subsequence(&self.header, &stored.header) {
            Comparison::HeaderAdded
        } else {
            Comparison::Different
        }
    }
}

fn is_subsequence(part: &[u64], whole: &[u64]) -> bool {
    let mut whole = whole.iter();
    part.iter().all(|line| whole.any(|candidate| candidate == line))
}

/// A message found right: its UIDs on the source and on the target, and its size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Right {
    pub uid: Uid,
    pub target_uid: Uid,
    pub size: u64,
    /// How it is right.
    pub comparison: Comparison,
}

impl Right {
    /// Whether it is the same octet for octet.
    pub fn is_equal(&self) -> bool {
        self.comparison == Comparison::Equal
    }
}

/// Lines of a header that are remembered; what follows counts as one more line.
const HEADER_LINES: usize = 2000;

/// Makes a [`Summary`] from the chunks of a message.
pub struct Summariser {
    octets: u64,
    digest: blake3::Hasher,
    text: blake3::Hasher,
    body: blake3::Hasher,
    header: Vec<u64>,
    line: DefaultHasher,
    line_is_empty: bool,
    in_header: bool,
    /// Newlines held back, because those at the end do not count.
    newlines: u64,
    body_newlines: u64,
}

impl Default for Summariser {
    fn default() -> Self {
        Self {
            octets: 0,
            digest: blake3::Hasher::new(),
            text: blake3::Hasher::new(),
            body: blake3::Hasher::new(),
            header: Vec::new(),
            line: DefaultHasher::new(),
            line_is_empty: true,
            in_header: true,
            newlines: 0,
            body_newlines: 0,
        }
    }
}

impl Summariser {
    /// Takes a chunk in.
    pub fn update(&mut self, chunk: &[u8]) {
        self.octets += chunk.len() as u64;
        self.digest.update(chunk);
        let mut rest = chunk;
        while !rest.is_empty() {
            let plain = rest.iter().position(|&octet| octet == b'\r' || octet == b'\n').unwrap_or(rest.len());
            let (text, after) = rest.split_at(plain);
            self.take_text(text);
            match after.split_first() {
                Some((b'\n', after)) => {
                    self.take_newline();
                    rest = after;
                }
                Some((_, after)) => rest = after,
                None => break,
            }
        }
    }

    /// The whole.
    pub fn finish(mut self) -> Summary {
        if self.in_header && !self.line_is_empty {
            self.end_header_line();
        }
        Summary {
            octets: self.octets,
            digest: Digest(*self.digest.finalize().as_bytes()),
            text: Digest(*self.text.finalize().as_bytes()),
            body: Digest(*self.body.finalize().as_bytes()),
            header: self.header,
        }
    }

    fn take_text(&mut self, text: &[u8]) {
        if text.is_empty() {
            return;
        }
        release(&mut self.text, &mut self.newlines);
        self.text.update(text);
        if self.in_header {
            self.line.write(text);
            self.line_is_empty = false;
        } else {
            release(&mut self.body, &mut self.body_newlines);
            self.body.update(text);
        }
    }

    fn take_newline(&mut self) {
        self.newlines += 1;
        if !self.in_header {
            self.body_newlines += 1;
        } else if self.line_is_empty {
            self.in_header = false;
        } else {
            self.end_header_line();
        }
    }

    fn end_header_line(&mut self) {
        if self.header.len() < HEADER_LINES {
            let mut line = std::mem::take(&mut self.line);
            0_u8.hash(&mut line);
            self.header.push(line.finish());
        }
        self.line_is_empty = true;
    }
}

fn release(hasher: &mut blake3::Hasher, newlines: &mut u64) {
    for _ in 0..std::mem::take(newlines) {
        hasher.update(b"\n");
    }
}

/// What can be learned of a message while it streams by.
pub trait Measure: Default {
    /// What is known at its end.
    type Measured;

    /// Takes a chunk in.
    fn update(&mut self, chunk: &[u8]);

    /// The whole.
    fn finish(self) -> Self::Measured;
}

impl Measure for Summariser {
    type Measured = Summary;

    fn update(&mut self, chunk: &[u8]) {
        Summariser::update(self, chunk);
    }

    fn finish(self) -> Summary {
        Summariser::finish(self)
    }
}

/// Measures size and digest only.
#[derive(Default)]
pub struct SizeAndDigest {
    octets: u64,
    digest: blake3::Hasher,
}

impl Measure for SizeAndDigest {
    type Measured = (u64, Digest);

    fn update(&mut self, chunk: &[u8]) {
        self.octets += chunk.len() as u64;
        self.digest.update(chunk);
    }

    fn finish(self) -> (u64, Digest) {
        (self.octets, Digest(*self.digest.finalize().as_bytes()))
    }
}

/// A message that was read, or not.
pub enum Read<T> {
    /// What was measured.
    Content(T),
    /// It is not there any more.
    Absent,
    /// The server could not deliver it.
    Unreadable,
}

/// So many messages are asked for at once.
const AT_ONCE: usize = 200;

/// Reads messages of the open folder and measures each, in the order the server answers.
pub fn read_each<M: Measure>(
    reader: &mut Reader,
    uids: &[Uid],
    each: &mut dyn FnMut(Uid, Read<M::Measured>),
) -> Result<(), ImapError> {
    read_each_or_lose::<M>(reader, uids, each).map_err(|(error, _)| error)
}

/// The same; an error comes with the message that was being read.
pub fn read_each_or_lose<M: Measure>(
    reader: &mut Reader,
    uids: &[Uid],
    each: &mut dyn FnMut(Uid, Read<M::Measured>),
) -> Result<(), (ImapError, Option<Uid>)> {
    let mut batches = uids.chunks(AT_ONCE).map(<[Uid]>::to_vec);
    let mut sink = MeasuringSink { arriving: Arriving::<M>::default(), each };
    let read = reader.bodies(&mut batches, &mut sink);
    read.map_err(|error| (error, sink.arriving.uid()))
}

/// The message that arrives, measured meanwhile.
pub struct Arriving<M>(Option<(Uid, M)>);

impl<M> Default for Arriving<M> {
    fn default() -> Self {
        Self(None)
    }
}

impl<M: Measure> Arriving<M> {
    pub fn begin(&mut self, uid: Uid) {
        self.0 = Some((uid, M::default()));
    }

    pub fn chunk(&mut self, octets: &[u8]) {
        if let Some((_, measure)) = &mut self.0 {
            measure.update(octets);
        }
    }

    pub fn end(&mut self) -> Option<(Uid, M::Measured)> {
        self.0.take().map(|(uid, measure)| (uid, measure.finish()))
    }

    fn uid(&self) -> Option<Uid> {
        self.0.as_ref().map(|(uid, _)| *uid)
    }
}

struct MeasuringSink<'a, M: Measure> {
    arriving: Arriving<M>,
    each: &'a mut dyn FnMut(Uid, Read<M::Measured>),
}

impl<M: Measure> BodySink for MeasuringSink<'_, M> {
    fn begin(&mut self, uid: Uid, _octets: u64) -> Result<(), SinkClosed> {
        self.arriving.begin(uid);
        Ok(())
    }

    fn chunk(&mut self, octets: &[u8]) -> Result<(), SinkClosed> {
        self.arriving.chunk(octets);
        Ok(())
    }

    fn end(&mut self) -> Result<(), SinkClosed> {
        if let Some((uid, measured)) = self.arriving.end() {
            (self.each)(uid, Read::Content(measured));
        }
        Ok(())
    }

    fn unreadable(&mut self, uid: Uid, _words: &str) -> Result<(), SinkClosed> {
        (self.each)(uid, Read::Unreadable);
        Ok(())
    }

    fn absent(&mut self, uid: Uid) -> Result<(), SinkClosed> {
        (self.each)(uid, Read::Absent);
        Ok(())
    }

    fn batch_end(&mut self) -> Result<(), SinkClosed> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn summary(octets: &[u8]) -> Summary {
        // In the smallest chunks, so that nothing depends on where a chunk ends.
        let mut summariser = Summariser::default();
        octets.chunks(1).for_each(|chunk| summariser.update(chunk));
        summariser.finish()
    }

    fn compared(sent: &[u8], stored: &[u8]) -> Comparison {
        summary(sent).compare(&summary(stored))
    }

    #[test]
    fn only_the_same_octets_are_equal() {
        assert_eq!(compared(b"A: 1\r\n\r\nx\r\n", b"A: 1\r\n\r\nx\r\n"), Comparison::Equal);
        assert_eq!(compared(b"", b""), Comparison::Equal);
        assert_eq!(compared(b"A: 1\r\n\r\nx\r\n", b"A: 1\r\n\r\ny\r\n"), Comparison::Different);
        assert_eq!(compared(b"A: 1\r\n\r\nx\r\n", b"A: 1\r\n\r\nx\r\n\r\nmore"), Comparison::Different);
    }

    #[test]
    fn line_ends_and_a_final_newline_are_no_content() {
        assert_eq!(compared(b"A: 1\n\nx\ny", b"A: 1\r\n\r\nx\r\ny\r\n"), Comparison::LineEnds);
        assert_eq!(compared(b"A: 1\n\nx\ny", b"A: 1\r\n\r\nxy\r\n"), Comparison::Different);
        assert_eq!(compared(b"A: 1\n\nx\n\ny", b"A: 1\n\nx\ny"), Comparison::Different);
    }

    #[test]
    fn an_added_header_line_is_told_from_a_changed_one() {
        let sent = b"A: 1\r\nB: 2\r\n\r\nx\r\n";
        assert_eq!(compared(sent, b"Trace: t\r\nA: 1\r\nB: 2\r\n\r\nx\r\n"), Comparison::HeaderAdded);
        assert_eq!(compared(sent, b"A: 1\r\nB: 3\r\n\r\nx\r\n"), Comparison::Different);
        assert_eq!(compared(sent, b"B: 2\r\nA: 1\r\n\r\nx\r\n"), Comparison::Different);
        assert_eq!(compared(sent, b"A: 1\r\n\r\nx\r\n"), Comparison::Different);
    }
}
