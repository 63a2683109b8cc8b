//! The reading side of a pass: what it requests next, and how it passes messages to the sending side.

use crate::domain::{Digest, Uid};
use crate::imap::{BodyBatch, BodyFeed, BodySink, NotOpened, SinkClosed};
use crate::migrate::content::reading::{Measure, SizeAndDigest};
use crate::migrate::context::control::AccountControl;
use crossbeam_channel::Sender;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

/// The batches not requested yet. Gives none while the account is held, and none once it is closed.
pub struct Queue {
    control: AccountControl,
    batches: Mutex<VecDeque<BodyBatch>>,
    is_closed: AtomicBool,
}

impl Queue {
    pub fn new(control: AccountControl, batches: &[BodyBatch]) -> Self {
        Self { control, batches: Mutex::new(batches.iter().cloned().collect()), is_closed: AtomicBool::new(false) }
    }

    /// Ends the requests of this pass.
    pub fn close(&self) {
        self.is_closed.store(true, Ordering::SeqCst);
    }

    /// Whether it was closed.
    pub fn is_closed(&self) -> bool {
        self.is_closed.load(Ordering::SeqCst)
    }

    /// What was never requested.
    pub fn into_rest(self) -> VecDeque<BodyBatch> {
        self.batches.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}

impl BodyFeed for &Queue {
    fn next(&mut self, _idle: bool) -> Option<BodyBatch> {
        if self.is_closed() || self.control.holding() {
            return None;
        }
        self.batches.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
    }
}

/// What the reading thread passes to the sending thread.
pub enum Item {
    /// The messages that follow belong to this round's folder.
    Opened { round: usize },
    /// This round's folder cannot be read.
    NotOpened { round: usize, why: NotOpened },
    /// A message of `bytes` follows.
    Begin { uid: Uid, bytes: u64 },
    /// A part of it.
    Chunk(Vec<u8>),
    /// It is complete, with this size and digest.
    End { bytes: u64, digest: Digest },
    /// The source could not deliver it.
    Unreadable { uid: Uid, words: String },
    /// It no longer exists.
    Absent { uid: Uid },
    /// A batch is finished.
    BatchEnd,
}

/// Measures what it reads and passes it on. Blocks while the sending thread lags behind.
pub struct ChannelSink {
    sender: Sender<Item>,
    measure: Option<SizeAndDigest>,
}

impl ChannelSink {
    pub fn new(sender: Sender<Item>) -> Self {
        Self { sender, measure: None }
    }

    fn pass(&self, item: Item) -> Result<(), SinkClosed> {
        self.sender.send(item).map_err(|_| SinkClosed)
    }
}

impl BodySink for ChannelSink {
    fn opened(&mut self, folder: usize) -> Result<(), SinkClosed> {
        self.pass(Item::Opened { round: folder })
    }

    fn not_opened(&mut self, folder: usize, why: NotOpened) -> Result<(), SinkClosed> {
        self.pass(Item::NotOpened { round: folder, why })
    }

    fn begin(&mut self, uid: Uid, bytes: u64) -> Result<(), SinkClosed> {
        self.measure = Some(SizeAndDigest::default());
        self.pass(Item::Begin { uid, bytes })
    }

    fn chunk(&mut self, bytes: &[u8]) -> Result<(), SinkClosed> {
        if let Some(measure) = &mut self.measure {
            measure.update(bytes);
        }
        self.pass(Item::Chunk(bytes.to_vec()))
    }

    fn end(&mut self) -> Result<(), SinkClosed> {
        let (bytes, digest) = self.measure.take().unwrap_or_default().finish();
        self.pass(Item::End { bytes, digest })
    }

    fn unreadable(&mut self, uid: Uid, words: &str) -> Result<(), SinkClosed> {
        self.pass(Item::Unreadable { uid, words: words.to_owned() })
    }

    fn absent(&mut self, uid: Uid) -> Result<(), SinkClosed> {
        self.pass(Item::Absent { uid })
    }

    fn batch_end(&mut self) -> Result<(), SinkClosed> {
        self.pass(Item::BatchEnd)
    }
}
