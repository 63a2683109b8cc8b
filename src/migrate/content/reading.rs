//! Reads and measures messages, over as many connections as it takes.
//!
//! - What was read stays known when the connection is lost; the caller then calls again with a new one, and reading continues.
//! - After a lost connection, the message that was being read is tried again, later and alone; no other message is affected.
//! - A message at which the connection is lost again and again is given up: it counts as one that the server does not deliver.
//! - If the connection is lost at a few messages from different parts of the folder, and none was delivered, all are given up.

use crate::domain::{Digest, Uid};
use crate::imap::{BodySink, ImapError, Reader, SinkClosed};
use crate::migrate::context::losses::Losses;
use std::collections::BTreeMap;

/// A message is given up after this many lost connections.
pub const READING_TRIES: u32 = 3;

/// At most this many messages are requested at once.
const AT_ONCE: usize = 200;

/// A measurement made while a message streams by.
pub trait Measure: Default {
    /// The result.
    type Measured;

    /// Takes in a chunk.
    fn update(&mut self, chunk: &[u8]);

    /// The result for the whole message.
    fn finish(self) -> Self::Measured;
}

/// Measures size and digest only.
#[derive(Default)]
pub struct SizeAndDigest {
    bytes: u64,
    digest: blake3::Hasher,
}

impl Measure for SizeAndDigest {
    type Measured = (u64, Digest);

    fn update(&mut self, chunk: &[u8]) {
        self.bytes += chunk.len() as u64;
        self.digest.update(chunk);
    }

    fn finish(self) -> (u64, Digest) {
        (self.bytes, Digest(*self.digest.finalize().as_bytes()))
    }
}

/// The measurements of messages.
#[derive(Debug)]
pub struct Readings<T> {
    /// The finished messages; without a value if the server does not deliver the message.
    settled: BTreeMap<Uid, Option<T>>,
}

impl<T> Default for Readings<T> {
    fn default() -> Self {
        Self { settled: BTreeMap::new() }
    }
}

impl<T> FromIterator<(Uid, T)> for Readings<T> {
    fn from_iter<I: IntoIterator<Item = (Uid, T)>>(known: I) -> Self {
        Self { settled: known.into_iter().map(|(uid, measured)| (uid, Some(measured))).collect() }
    }
}

impl<T> Readings<T> {
    /// Reads those of `uids` in the open folder that are not finished yet; those at which the connection was lost before come last, each
    /// alone. After an error, call it again with a new connection.
    pub fn read<M: Measure<Measured = T>>(
        &mut self,
        reader: &mut Reader,
        uids: &[Uid],
        losses: &mut Losses<Uid>,
    ) -> Result<(), ImapError> {
        let is_hopeless = losses.is_hopeless();
        for uid in uids.iter().filter(|uid| is_hopeless || losses.at(uid) >= READING_TRIES) {
            self.settled.entry(*uid).or_insert(None);
        }
        let open = uids.iter().filter(|uid| !self.settled.contains_key(uid)).copied();
        let (suspects, mut others): (Vec<Uid>, Vec<Uid>) = open.partition(|uid| losses.at(uid) > 0);
        losses.probe_elsewhere(&mut others);
        self.read_some::<M>(reader, &others, losses)?;
        suspects.into_iter().try_for_each(|uid| self.read_some::<M>(reader, &[uid], losses))
    }

    fn read_some<M: Measure<Measured = T>>(
        &mut self,
        reader: &mut Reader,
        uids: &[Uid],
        losses: &mut Losses<Uid>,
    ) -> Result<(), ImapError> {
        let mut batches = uids.chunks(AT_ONCE).map(<[Uid]>::to_vec);
        let before = self.delivered(uids);
        let mut sink = MeasuringSink::<M, _>::new(&mut self.settled);
        let read = reader.bodies(&mut batches, &mut sink);
        let arriving = sink.arriving();
        if self.delivered(uids) > before {
            losses.note_delivered();
        }
        let Err(error) = read else { return Ok(()) };
        let next = || uids.iter().find(|uid| !self.settled.contains_key(uid)).copied();
        if let Some(uid) = arriving.or_else(next).filter(|_| error.is_loss()) {
            let times = losses.note(uid);
            log::debug!("the connection was lost {times} times while message {} was read: {error}", uid.0);
        }
        Err(error)
    }

    fn delivered(&self, uids: &[Uid]) -> usize {
        uids.iter().filter(|uid| self.get(**uid).is_some()).count()
    }

    /// The measurement of a message, if it could be read.
    pub fn get(&self, uid: Uid) -> Option<&T> {
        self.settled.get(&uid)?.as_ref()
    }

    /// Whether a message is finished, read or not.
    pub fn is_settled(&self, uid: Uid) -> bool {
        self.settled.contains_key(&uid)
    }

    /// The number of finished messages.
    pub fn len(&self) -> usize {
        self.settled.len()
    }
}

/// Takes the results of a [`MeasuringSink`].
pub trait Take<T> {
    /// The results that follow belong to this folder.
    fn opened(&mut self, _folder: usize) {}
    /// A message was read, or the server does not deliver it.
    fn measured(&mut self, uid: Uid, measured: Option<T>);
    /// A batch is finished.
    fn batch_end(&mut self) -> Result<(), SinkClosed> {
        Ok(())
    }
}

impl<T> Take<T> for BTreeMap<Uid, Option<T>> {
    fn measured(&mut self, uid: Uid, measured: Option<T>) {
        self.insert(uid, measured);
    }
}

/// Measures every message that arrives, and passes on the results in the order of the server's answers.
pub struct MeasuringSink<'a, M, T> {
    arriving: Option<(Uid, M)>,
    taker: &'a mut T,
}

impl<'a, M: Measure, T: Take<M::Measured>> MeasuringSink<'a, M, T> {
    pub fn new(taker: &'a mut T) -> Self {
        Self { arriving: None, taker }
    }

    /// The message that is arriving now.
    fn arriving(&self) -> Option<Uid> {
        self.arriving.as_ref().map(|(uid, _)| *uid)
    }
}

impl<M: Measure, T: Take<M::Measured>> BodySink for MeasuringSink<'_, M, T> {
    fn opened(&mut self, folder: usize) -> Result<(), SinkClosed> {
        self.taker.opened(folder);
        Ok(())
    }

    fn begin(&mut self, uid: Uid, _bytes: u64) -> Result<(), SinkClosed> {
        self.arriving = Some((uid, M::default()));
        Ok(())
    }

    fn chunk(&mut self, bytes: &[u8]) -> Result<(), SinkClosed> {
        if let Some((_, measure)) = &mut self.arriving {
            measure.update(bytes);
        }
        Ok(())
    }

    fn end(&mut self) -> Result<(), SinkClosed> {
        if let Some((uid, measure)) = self.arriving.take() {
            self.taker.measured(uid, Some(measure.finish()));
        }
        Ok(())
    }

    fn unreadable(&mut self, uid: Uid, _words: &str) -> Result<(), SinkClosed> {
        self.taker.measured(uid, None);
        Ok(())
    }

    fn absent(&mut self, uid: Uid) -> Result<(), SinkClosed> {
        self.taker.measured(uid, None);
        Ok(())
    }

    fn batch_end(&mut self) -> Result<(), SinkClosed> {
        self.taker.batch_end()
    }
}
