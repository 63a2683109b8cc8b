//! What was done and reported for a folder in this run, over all attempts, so that nothing is counted twice.

use super::flags_lost::FlagsLost;
use super::losses::FolderLosses;
use super::own_appends::OwnAppends;
use super::witnesses::Witnesses;
use crate::domain::{ProblemKind, Uid, UidValidity};
use crate::ledger::Done;
use crate::migrate::content::matching::Shelf;
use crate::migrate::context::losses::Losses;
use crate::migrate::verdict::FolderEvidence;
use crate::progress::Counts;
use std::collections::{BTreeMap, BTreeSet};

/// Whether one of two sizes is more than twice the other. An announced size of zero says nothing.
pub fn is_far_off(announced: u64, given: u64) -> bool {
    announced > 0 && announced.min(given).saturating_mul(2) < announced.max(given)
}

/// A message that was in flight this many times when the target's connection was lost is sent alone.
pub const SENT_ALONE: u32 = 2;

/// The progress of one folder.
#[derive(Debug, Default)]
pub struct FolderProgress {
    /// Whether the comparisons of earlier runs were reported.
    pub found_reported: bool,
    /// What was reported as found on the target, and as copied.
    found: Counts,
    copied: Counts,
    /// Messages that the target confirmed in this run; one that was lost there and sent again counts twice.
    sent: u64,
    /// The messages of the source that the target confirmed in this run.
    sent_uids: Vec<Uid>,
    /// Named as failed; not tried again in this run.
    pub failed: BTreeSet<Uid>,
    /// Copied without a date, because the source announced none or the target takes none.
    pub dateless: BTreeSet<Uid>,
    /// Sent without some of their flags.
    pub flags_lost: FlagsLost,
    /// On the target as the source delivered them, but far from the announced size: the announced and the delivered size, in bytes.
    pub unlike_announced: BTreeMap<Uid, (u64, u64)>,
    /// Seen on the target with the size as sent.
    pub sized: BTreeSet<Uid>,
    /// Reported as checked by size, which the ledger does not note.
    pub sizes_reported: BTreeSet<Uid>,
    /// The target UIDs that were announced for messages of this run.
    pub places: BTreeSet<Uid>,
    /// Messages of this run whose places were seen empty after the copying.
    pub emptied: BTreeSet<Uid>,
    /// The recorded places before this run sent anything, if UIDNEXT does not distinguish them from new ones.
    pub recorded_places: BTreeSet<Uid>,
    /// What a few recorded messages show about the record; none before they were looked at, or without a record.
    pub witnesses: Option<Witnesses>,
    /// Whether messages that earlier runs left unchecked were looked for.
    pub unchecked_settled: bool,
    /// The contents of the target folder before this run copied anything into it, if the target announces no credible UIDNEXT.
    pub there_before: Option<BTreeSet<Uid>>,
    /// Whether messages of an earlier run that its record does not know were looked for.
    pub forgotten_settled: bool,
    /// The number of messages in the target folder when this run first saw it.
    pub first_on_target: Option<u64>,
    /// Whether this run has begun a new record of the folder.
    pub begun_anew: bool,
    /// What was read of it on either side for a comparison before a connection was lost.
    pub shelves: [Shelf; 2],
    /// Whether the marks of all copied messages were compared.
    pub marks_compared: bool,
    /// The number of messages in the target folder after the copying, if known.
    pub on_target: Option<u64>,
    /// The target folder's UIDNEXT before the first copied message whose marks were not compared.
    pub floor: Option<Uid>,
    /// Losses of the connection to the target, by the messages in flight.
    pub sending_losses: Losses<Uid>,
    /// Losses of the connection to the target, by the message that alone was in flight.
    pub sent_singly: Losses<Uid>,
    /// Losses of the connection to the source, by the message that was being read.
    pub reading_losses: Losses<Uid>,
    /// Losses of the connection to the target while reading back, by the message's UID there.
    pub read_back_losses: Losses<Uid>,
    /// Losses of a connection while the folder was opened on either side.
    pub opening_losses: FolderLosses,
    /// How often a server refused to open it in words that ask to wait.
    pub refusals_for_now: u32,
    /// Losses of a connection in other work on it.
    pub losses_at_work: FolderLosses,
    /// Messages that were named because the connection was lost at each of them several times.
    pub costly: BTreeSet<Uid>,
    /// Messages that the target refused in words that ask to wait: how often, and how many messages it had accepted by the first time.
    pub put_off: BTreeMap<Uid, (u32, u64)>,
    /// How often the source refused messages in such words with nothing else left to request.
    pub held_back: Losses<Uid>,
    /// What this run put into the target's folder.
    pub own_appends: OwnAppends,
    /// The kinds of problems that were reported.
    pub reported: BTreeSet<ProblemKind>,
    pub left_out_reported: bool,
    /// Deleted on the source during the run.
    pub vanished: BTreeSet<Uid>,
    /// UIDVALIDITY, UIDNEXT and number of messages of the source's folder when it was read.
    pub on_source: Option<(UidValidity, Option<Uid>, u64)>,
    /// Its HIGHESTMODSEQ, if it was taken over as unchanged and flags may have changed on the source since.
    pub unseen_flags: Option<UnseenFlags>,
    /// Whether all flag changes up to its scan were followed.
    pub flags_followed: bool,
    /// Whether nothing more is done about it in this run.
    pub finished: bool,
    /// The evidence about its messages; none until it is finished, and for ever if it was given up.
    pub evidence: Option<FolderEvidence>,
}

/// HIGHESTMODSEQ of a source folder, where announced (RFC 7162).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnseenFlags {
    /// Up to where earlier runs followed flag changes.
    pub followed: Option<u64>,
    /// The current value.
    pub now: Option<u64>,
}

/// What to report about the messages on the target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum News {
    /// These were found and have not been reported yet.
    Found(Counts),
    /// Fewer are on the target than were reported: these numbers replace the earlier ones.
    Recounted { found: Counts, copied: Counts },
}

impl FolderProgress {
    /// Counts copied messages; returns their number and their bytes.
    pub fn note_copied(&mut self, done: &[Done]) -> (u64, u64) {
        let (messages, bytes) = (done.len() as u64, done.iter().map(|message| message.size).sum::<u64>());
        self.sent += messages;
        self.sent_uids.extend(done.iter().map(|message| message.uid));
        self.copied.messages += messages;
        self.copied.bytes += bytes;
        self.own_appends.note(done);
        (self.marks_compared, self.on_target) = (false, None);
        (messages, bytes)
    }

    /// Notes the size in bytes that the source announced for a message on the target, and the one that it delivered. Servers are often
    /// wrong about a size, Exchange by design; if it is far off, the source may have delivered only a part.
    pub fn note_size(&mut self, uid: Uid, announced: u64, given: u64) {
        if is_far_off(announced, given) {
            self.unlike_announced.insert(uid, (announced, given));
        }
    }

    /// Messages that the target confirmed in this run; one that was lost there and sent again counts twice.
    pub fn sent(&self) -> u64 {
        self.sent
    }

    /// The messages of the source that the target confirmed in this run.
    pub fn sent_uids(&self) -> &[Uid] {
        &self.sent_uids
    }

    /// Takes in the number of the folder's messages on the target, and their bytes; returns what to report. If there are fewer than were
    /// reported, because some turned out to be missing or are no longer on the source, all are counted again: of the messages that are
    /// there, as many as were copied count as copied.
    pub fn note_found(&mut self, messages: u64, bytes: u64) -> Option<News> {
        let reported = self.found.messages + self.copied.messages;
        if messages == reported {
            return None;
        }
        if messages > reported {
            let bytes = bytes.saturating_sub(self.found.bytes + self.copied.bytes);
            let news = Counts { messages: messages - reported, bytes };
            self.found.messages += news.messages;
            self.found.bytes += news.bytes;
            return Some(News::Found(news));
        }
        let Counts { messages: copied, bytes: copied_bytes } = self.copied;
        self.copied = Counts { messages: copied.min(messages), bytes: copied_bytes.min(bytes) };
        self.found = Counts { messages: messages - self.copied.messages, bytes: bytes - self.copied.bytes };
        Some(News::Recounted { found: self.found, copied: self.copied })
    }

    /// Whether it was refused for now, or the connection was lost while it was opened, or at several messages with none delivered.
    pub fn is_suspect(&self) -> bool {
        self.opening_losses.any()
            || self.refusals_for_now > 0
            || self.reading_losses.is_doubtful()
            || self.sent_singly.is_doubtful()
    }

    /// Whether a message is sent alone, after all others: it was refused in words that ask to wait, or the connection was lost at it. On
    /// the target that may have been any of those in flight.
    pub fn goes_alone(&self, uid: Uid) -> bool {
        self.put_off.contains_key(&uid)
            || self.reading_losses.at(&uid) > 0
            || self.sending_losses.at(&uid) >= SENT_ALONE
    }

    /// Whether a target UID may be that of a message being sent; if so, it is taken.
    pub fn take_place(&mut self, place: Uid) -> bool {
        !self.recorded_places.contains(&place) && self.places.insert(place)
    }

    /// Whether the target folder holds fewer messages than it had and was sent.
    pub fn is_short(&self) -> bool {
        self.sent > 0 && self.first_on_target.zip(self.on_target).is_some_and(|(before, now)| now < before + self.sent)
    }

    /// Messages that were found or copied, or that failed.
    pub fn settled(&self) -> u64 {
        self.found.messages + self.sent + self.failed.len() as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Digest;

    fn done(uid: u32) -> Done {
        Done {
            uid: Uid(uid),
            size: 10,
            digest: Digest::of(b""),
            target_uid: None,
            floor: 1,
            checked: false,
            stored: None,
        }
    }

    fn counts(messages: u64) -> Counts {
        Counts { messages, bytes: messages * 10 }
    }

    #[test]
    fn what_was_found_and_copied_is_never_more_than_what_is_on_the_target() {
        let mut progress = FolderProgress::default();
        assert_eq!(progress.note_found(4, 40), Some(News::Found(counts(4))));
        progress.note_copied(&[done(5), done(6)]);
        assert_eq!(progress.note_found(6, 60), None);
        // A found one turned out to be missing, and was copied.
        progress.note_copied(&[done(4)]);
        assert_eq!(progress.note_found(6, 60), Some(News::Recounted { found: counts(3), copied: counts(3) }));
        // All were copied again.
        progress.note_copied(&[1, 2, 3, 4, 5, 6].map(done));
        assert_eq!(progress.note_found(6, 60), Some(News::Recounted { found: counts(0), copied: counts(6) }));
        assert_eq!(progress.sent(), 9);
        assert_eq!(progress.note_found(7, 70), Some(News::Found(counts(1))));
    }
}
