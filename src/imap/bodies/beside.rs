//! Takes what answers say beside the bodies that were passed on while they were read: bodies that were kept, in quotes or without a UID,
//! and those that are not whole.

use super::super::error::ImapError;
use super::super::fetch::{Body, Fetched};
use super::super::token::Piece;
use super::part::{Nameless, Part};
use super::taker::Way;
use super::{Reading, closed, owed};
use crate::domain::Uid;

impl Reading<'_> {
    /// Takes what a FETCH answer says beside a streamed body of `octets`; `size` is that of its message, if it was known before.
    pub(super) fn take(&mut self, pieces: &[Piece], way: Way, octets: u64, size: Option<u64>) -> Result<(), ImapError> {
        let Some(fetched) = Fetched::parse(pieces) else { return Ok(()) };
        let Some(uid) = fetched.uid else {
            self.take_nameless(fetched, way, octets);
            return Ok(());
        };
        if let Some(size) = fetched.size.filter(|_| fetched.body.is_none() && self.wire.learned.needs_sizes()) {
            self.sizes.insert(uid, size);
        }
        let open = self.open_folder.as_deref();
        let folder = open.map(|folder| folder.number);
        let Some(bodies) = owed(&mut self.asked, open).find(|bodies| bodies.pending.contains(&uid)) else {
            return Ok(());
        };
        let is_cut = pieces.iter().any(|piece| matches!(piece, Piece::Cut(_)));
        let whole = match (fetched.body, way) {
            (Some(Body::Streamed), Way::Keep(octets)) => Some(octets),
            (Some(Body::Streamed), _) => None,
            (Some(Body::Whole(octets)), _) => Some(octets),
            (Some(Body::Nil), _) => {
                bodies.pending.remove(&uid);
                return closed(self.sink.unreadable(uid, "the server answered NIL"));
            }
            (None, _) if !is_cut => return Ok(()),
            (Some(Body::Cut) | None, _) => {
                bodies.pending.remove(&uid);
                return closed(
                    self.sink.unreadable(uid, "the server's answer is too long in a place where it should not be"),
                );
            }
        };
        bodies.pending.remove(&uid);
        let octets = whole.as_ref().map_or(octets, |whole| whole.len() as u64);
        if fetched.is_part {
            let size = fetched.size.or(size).or_else(|| self.sizes.get(&uid).copied());
            match Part::of(octets, size, bodies.sized) {
                Part::Whole => {}
                Part::Short => {
                    return closed(self.sink.unreadable(uid, "the server gives only the beginning of the message"));
                }
                Part::Unknown => {
                    self.wire.learned.note_need_of_sizes();
                    bodies.alone.insert(uid);
                    return Ok(());
                }
            }
        }
        match whole {
            Some(whole) => self.deliver(uid, &whole),
            None => {
                bodies.alone.insert(uid);
                self.early.extend(folder.map(|folder| ((folder, uid), octets)));
                Ok(())
            }
        }
    }

    /// Takes a body without a UID: if no other comes, it is that of the only message that was requested.
    fn take_nameless(&mut self, fetched: Fetched, way: Way, octets: u64) {
        let nameless = match (fetched.body, way) {
            (Some(_), _) if fetched.is_part => Nameless::Several,
            (Some(Body::Streamed), Way::Keep(octets)) | (Some(Body::Whole(octets)), _) => Nameless::Kept(octets),
            (Some(Body::Streamed), _) => Nameless::Large(octets),
            _ => return,
        };
        let alone = self.asked.len() == 1;
        let open = self.open_folder.as_deref();
        if let Some(bodies) = owed(&mut self.asked, open).find(|bodies| alone && bodies.uids.len() == 1) {
            bodies.nameless.and(nameless);
        }
    }

    /// Passes on a message that was kept.
    pub(super) fn deliver(&mut self, uid: Uid, whole: &[u8]) -> Result<(), ImapError> {
        let folder = self.open_folder.as_ref().map(|folder| folder.number);
        self.refusals.delivered(folder, uid, whole.len() as u64, self.sink)?;
        closed(self.sink.begin(uid, whole.len() as u64))?;
        for chunk in whole.chunks(64 * 1024) {
            closed(self.sink.chunk(chunk))?;
        }
        closed(self.sink.end())
    }
}
