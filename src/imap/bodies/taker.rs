//! Finds the message that a literal belongs to, and passes the octets of bodies to the sink while they are read.
//!
//! Promises: only a message that is still owed is passed on, and only once; a body that comes before its UID costs no more memory than
//! [`KEPT`]. Leaves to the parent module what was requested, and what happens to messages that were not delivered.

use super::super::error::ImapError;
use super::super::fetch::{BodyAhead, before_literal};
use super::super::token::Piece;
use super::super::wire::LiteralTaker;
use super::part::Part;
use super::refusals::Refusals;
use super::{Asked, BodySink, FolderToRead, closed, owed};
use crate::domain::Uid;
use std::collections::{BTreeMap, VecDeque};

/// A body that comes before its UID is kept in memory up to this size; a larger one is requested again separately.
const KEPT: u64 = 1 << 20;

/// What happens to the literal that is being read.
pub(super) enum Way {
    /// It goes to the sink.
    Pass,
    /// It is kept until its UID is known.
    Keep(Vec<u8>),
    /// It was not requested.
    Discard,
}

/// Passes the literals of one answer to the sink.
pub(super) struct Taker<'a, 's> {
    pub(super) asked: &'a mut VecDeque<Asked>,
    pub(super) open: Option<&'a FolderToRead>,
    pub(super) sink: &'a mut (dyn BodySink + 's),
    pub(super) refusals: &'a mut Refusals,
    /// The sizes of owed messages, as far as they are known.
    pub(super) sizes: &'a mut BTreeMap<Uid, u64>,
    /// How long bodies were that came before their UIDs.
    pub(super) early: &'a BTreeMap<(usize, Uid), u64>,
    pub(super) way: Way,
    /// How long the body is.
    pub(super) octets: u64,
    /// The size of the message that arrives, if it is known.
    pub(super) size: Option<u64>,
    /// Whether a message was passed on.
    pub(super) delivered: bool,
}

impl Taker<'_, '_> {
    /// The single message of a single command, if its body came before its UID when it was requested before and was as long as this one.
    /// Any other may be one that nobody asked for.
    fn only(&mut self, octets: u64) -> Option<Uid> {
        let (alone, folder) = (self.asked.len() == 1, self.open?.number);
        let only = owed(self.asked, self.open).find(|bodies| alone && bodies.uids.len() == 1)?;
        only.uids.first().copied().filter(|uid| self.early.get(&(folder, *uid)) == Some(&octets))
    }

    /// Whether an answer that is called a part is known to be all of the message.
    fn is_whole(&mut self, uid: Uid, octets: u64) -> bool {
        let size = self.size;
        owed(self.asked, self.open)
            .find(|bodies| bodies.pending.contains(&uid))
            .is_some_and(|bodies| Part::of(octets, size, bodies.sized) == Part::Whole)
    }

    fn was_pending(&mut self, uid: Uid) -> bool {
        owed(self.asked, self.open).any(|bodies| bodies.pending.remove(&uid))
    }
}

impl LiteralTaker for Taker<'_, '_> {
    fn wants(&mut self, pieces: &[Piece], octets: u64) -> Result<bool, ImapError> {
        let Some(BodyAhead { uid, is_part }) = before_literal(pieces) else { return Ok(false) };
        let uid = uid.or_else(|| self.only(octets));
        self.octets = octets;
        self.size = uid.and_then(|uid| self.sizes.remove(&uid));
        self.way = match uid {
            Some(uid) if !self.delivered && (!is_part || self.is_whole(uid, octets)) && self.was_pending(uid) => {
                self.delivered = true;
                self.refusals.delivered(self.open.map(|folder| folder.number), uid, octets, self.sink)?;
                closed(self.sink.begin(uid, octets))?;
                Way::Pass
            }
            Some(_) => Way::Discard,
            None if octets <= KEPT => Way::Keep(Vec::new()),
            None => Way::Discard,
        };
        Ok(true)
    }

    fn chunk(&mut self, octets: &[u8]) -> Result<(), ImapError> {
        match &mut self.way {
            Way::Pass => closed(self.sink.chunk(octets)),
            Way::Keep(kept) => {
                kept.extend_from_slice(octets);
                Ok(())
            }
            Way::Discard => Ok(()),
        }
    }

    fn size(&self) -> Option<u64> {
        self.size
    }

    fn end(&mut self) -> Result<(), ImapError> {
        match self.way {
            Way::Pass => closed(self.sink.end()),
            Way::Keep(_) | Way::Discard => Ok(()),
        }
    }
}
