//! Decides what a refused FETCH concerns: a message, or the server, which delivers nothing for now.
//!
//! A batch that is refused is requested again in smaller parts, until refused messages are alone. Then the evidence decides:
//!
//! 1. Words about a limit that only an account or a server can have concern the server (`Pause::Rate`, `Pause::Connections`).
//! 2. A message that was refused alone is held back. Once another is delivered after it, the refusal concerned the message; if its words
//!    ask to wait, the message is requested once more, alone and last.
//! 3. Several messages refused alone in a row, in the same words, are doubtful. Then one that was delivered before is requested again, or
//!    if there is none, another one far from them: if that is refused too, the refusal concerns the server.
//!
//! So a busy server costs four requests, however many messages there are, and a bad message never holds up the others.

use super::{BodySink, FolderToRead, closed};
use crate::domain::Uid;
use crate::imap::error::ImapError;
use crate::imap::response::Status;
use std::sync::Arc;

/// This many refusals in a row are doubtful: in words that ask to wait, and in other words.
const DOUBTFUL_PAUSES: usize = 2;
const DOUBTFUL: usize = 3;

/// A message that was refused alone.
struct Held {
    folder: Arc<FolderToRead>,
    uid: Uid,
    status: Status,
}

/// What to do about a refusal.
pub(super) enum Next {
    /// Nothing: it is held back.
    Continue,
    /// Request this message of the folder again, which was delivered before.
    Probe(Uid),
    /// Request a message far from these.
    AskElsewhere,
}

/// Refusals that are not reported yet.
#[derive(Default)]
pub(super) struct Refusals {
    held: Vec<Held>,
    /// The refusals in a row, in the same words, of messages that were requested alone.
    row: usize,
    words: String,
    /// The smallest message that was delivered, with its folder and size.
    good: Option<(usize, Uid, u64)>,
    asked_elsewhere: bool,
    /// Whether what is requested now was refused before.
    is_last: bool,
}

impl Refusals {
    /// A message arrives, so earlier refusals do not concern the server.
    pub(super) fn delivered(
        &mut self,
        folder: Option<usize>,
        uid: Uid,
        octets: u64,
        sink: &mut dyn BodySink,
    ) -> Result<(), ImapError> {
        if let Some(folder) = folder
            && self.good.is_none_or(|(of, _, size)| of != folder || octets < size)
        {
            self.good = Some((folder, uid, octets));
        }
        self.is_willing(folder, sink)
    }

    /// The server delivers what is requested.
    pub(super) fn is_willing(&mut self, folder: Option<usize>, sink: &mut dyn BodySink) -> Result<(), ImapError> {
        (self.row, self.asked_elsewhere) = (0, false);
        let is_clear = |held: &Held| Some(held.folder.number) == folder && held.status.pause(true).is_none();
        for held in self.held.extract_if(.., |held| is_clear(held)) {
            closed(sink.unreadable(held.uid, &held.status.words()))?;
        }
        Ok(())
    }

    /// A message that was requested alone was refused. An error means that the refusal concerns the server.
    pub(super) fn refused(&mut self, folder: &Arc<FolderToRead>, uid: Uid, status: &Status) -> Result<Next, ImapError> {
        let words = status.words();
        if self.words != words {
            (self.row, self.words, self.asked_elsewhere) = (0, words, false);
        }
        self.row += 1;
        self.held.push(Held { folder: folder.clone(), uid, status: status.clone() });
        let doubtful = if status.pause(true).is_some() { DOUBTFUL_PAUSES } else { DOUBTFUL };
        if self.row < doubtful {
            return Ok(Next::Continue);
        }
        match self.good {
            Some((of, good, _)) if of == folder.number => Ok(Next::Probe(good)),
            _ if self.asked_elsewhere || status.pause(true).is_some() => Err(unwilling(status)),
            _ => {
                self.asked_elsewhere = true;
                Ok(Next::AskElsewhere)
            }
        }
    }

    /// The messages to request once more when nothing else is left. An error means that there is no sign that the server delivers anything.
    pub(super) fn take_put_off(&mut self) -> Result<Vec<(Arc<FolderToRead>, Uid)>, ImapError> {
        if std::mem::replace(&mut self.is_last, true) {
            return Ok(Vec::new());
        }
        let put_off: Vec<Held> = self.held.extract_if(.., |held| held.status.pause(true).is_some()).collect();
        match put_off.first() {
            Some(first) if self.good.is_none() => Err(unwilling(&first.status)),
            _ => Ok(put_off.into_iter().map(|held| (held.folder, held.uid)).collect()),
        }
    }

    /// Whether a refusal is final, because it is of a message that was put off.
    pub(super) fn is_last(&self) -> bool {
        self.is_last
    }

    /// The refused messages that are left at the end, each with its folder and the words.
    pub(super) fn into_rest(self) -> impl Iterator<Item = (usize, Uid, String)> {
        self.held.into_iter().map(|held| (held.folder.number, held.uid, held.status.words()))
    }
}

/// The server delivers nothing for now.
pub(super) fn unwilling(status: &Status) -> ImapError {
    let status = status.clone();
    match status.pause(true) {
        Some(_) => ImapError::Refused { command: "UID FETCH", status },
        None => ImapError::Unwilling { status },
    }
}
