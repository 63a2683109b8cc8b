//! One folder read on both sides: opened, listed, and its messages matched one to one.
//!
//! What an earlier attempt has read of the folder is kept, unless it is another folder by now. Leaves to `refusals` a folder that a server
//! refuses or at which the connection is lost, and to `reporting` what comes of the comparison.

use super::Verification;
use crate::domain::{Digest, Folder, FolderId, Side, Uid, UidValidity};
use crate::imap::Reader;
use crate::migrate::content::comparison::Comparison;
use crate::migrate::content::matching::{self, Match, Matching, Scope, Shelf, match_messages, match_sizes};
use crate::migrate::context::losses::Losses;
use crate::migrate::halt::{Halt, OnSide};
use crate::migrate::heads::Heads;
use crate::migrate::plan::Way;
use crate::migrate::request::Verify;
use crate::progress::{Event, Step};

/// A folder that is being compared, with everything read of it so far.
pub(super) struct Current {
    pub(super) here: Half,
    pub(super) there: Half,
    /// Messages that the source counts but does not list.
    pub(super) unlisted: u64,
    /// Messages that are on the target as items.
    pub(super) as_items: u64,
}

/// One side of a folder.
#[derive(Default)]
pub(super) struct Half {
    /// None if this side has no such folder.
    pub(super) uid_validity: Option<UidValidity>,
    pub(super) heads: Heads,
    pub(super) shelf: Shelf,
    losses: Losses<Uid>,
}

impl Half {
    fn side<'a>(&'a mut self, reader: &'a mut Reader) -> matching::Side<'a> {
        matching::Side { reader, heads: self.heads.all(), shelf: &mut self.shelf, losses: &mut self.losses }
    }
}

impl Verification<'_> {
    /// Opens the folder on both sides and lists its messages; none for a folder that cannot be read.
    pub(super) fn open(
        &mut self,
        id: FolderId,
        listed: &Folder,
        way: &Way,
        wire_name: Option<&[u8]>,
        source: &mut Reader,
        target: &mut Reader,
    ) -> Result<Option<Current>, Halt> {
        if self.given_up.contains(&id) {
            return Ok(None);
        }
        if self.losses > 0 {
            self.reporter.step(Step::OpeningLast(id));
            source.wait_for_next_byte(self.context.options.patience.alone).on(Side::Source)?;
            target.wait_for_next_byte(self.context.options.patience.alone).on(Side::Target)?;
        }
        let status = match source.examine(&listed.wire_name) {
            Ok(status) => status,
            Err(error) => return self.unread(id, Side::Source, way, error),
        };
        let there = match wire_name.map(|wire_name| target.examine(wire_name)).transpose() {
            Ok(status) => status.map(|status| status.uid_validity),
            Err(error) => return self.unread(id, Side::Target, way, error),
        };
        if let Some(current) = self.current.take()
            && (current.here.uid_validity, current.there.uid_validity) == (Some(status.uid_validity), there)
        {
            self.losses = 0;
            return Ok(Some(current));
        }
        let mut wanted = match Heads::read_from(source, Uid(1)) {
            Ok(heads) => heads,
            Err(error) => return self.unread(id, Side::Source, way, error),
        };
        let heads = match there.map(|_| Heads::read_from(target, Uid(1))).transpose() {
            Ok(heads) => heads.unwrap_or_default(),
            Err(error) => return self.unread(id, Side::Target, way, error),
        };
        self.losses = 0;
        self.gave.extend((!wanted.all().is_empty()).then_some(Side::Source));
        self.gave.extend((!heads.all().is_empty()).then_some(Side::Target));
        self.elsewhere.sift(&mut wanted, way.rest);
        let as_items = self.items.as_ref().map(|items| &items.as_items);
        let as_items = as_items.map(|it| it.sift(&listed.wire_name, status.uid_validity, &mut wanted));
        let as_items = as_items.map_or(0, |items| items.len() as u64);
        let left_out = wanted.keep(|head| self.context.selection.takes_message(head.date, head.size));
        if left_out > 0 {
            self.reporter.report(Event::MessagesLeftOut {
                account: self.reporter.account,
                folder: id,
                messages: left_out,
            });
        }
        let unlisted = status.messages.saturating_sub(wanted.read());
        let (messages, bytes) = (wanted.all().len() as u64 + unlisted, Some(wanted.bytes()));
        self.reporter.counted(id, messages, bytes);
        let half = |uid_validity, heads| Half { uid_validity, heads, ..Half::default() };
        Ok(Some(Current {
            here: half(Some(status.uid_validity), wanted),
            there: half(there, heads),
            unlisted,
            as_items,
        }))
    }

    /// Matches the messages of both sides, by content or by size alone.
    pub(super) fn compare(
        &self,
        current: &mut Current,
        source: &mut Reader,
        target: &mut Reader,
    ) -> Result<Matching, Halt> {
        let Current { here, there, .. } = current;
        if self.context.options.verify == Verify::Content {
            return match_messages(here.side(source), there.side(target), Scope::All);
        }
        let pairs = match_sizes(here.heads.all(), there.heads.all()).into_iter();
        let equal = |(uid, target_uid)| Match {
            uid,
            target_uid,
            size: 0,
            digest: Digest::of(b""),
            comparison: Comparison::Equal,
            stored: None,
        };
        Ok(Matching { pairs: pairs.map(equal).collect(), ..Matching::default() })
    }
}
