//! The content of messages: reading and measuring it while it streams by, comparing two messages, and matching those of two folders.

pub mod comparison;
pub mod likeness;
pub mod matching;
pub mod reading;

pub use comparison::{Alteration, Comparison, Summariser, Summary};

use crate::domain::{Digest, Uid};
use crate::imap::{BodySink, ImapError, Reader, SinkClosed};

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

/// What can be learned of a message while it streams by.
pub trait Measure: Default {
    /// What is known at its end.
    type Measured;

    /// Takes a chunk in.
    fn update(&mut self, chunk: &[u8]);

    /// The whole.
    fn finish(self) -> Self::Measured;
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
