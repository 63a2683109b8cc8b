//! One pass of copying: the messages of one folder or of many flow as one stream from the source to the target, read on one thread and sent
//! on another.
//!
//! The next folder is read while the target still answers for the last one, so that a folder costs no round trip of its own. A [`Round`] is
//! what a folder sends in a pass, and a [`RoundEnd`] its outcome.
//!
//! A pass ends early if the target's folders show that they get more than we send; the caller decides about the rest.

use crate::domain::{Side, Uid};
use crate::imap::{BodyBatch, FolderToRead, ImapError, Reader, Writer};
use crate::ledger::Ledger;
use crate::migrate::context::control::AccountControl;
use crate::migrate::copy::copying::Copying;
use crate::migrate::copy::reading::{ChannelSink, Queue};
use crate::migrate::copy::round::{Desk, Round, RoundEnd};
use crate::migrate::copy::sending::Sending;
use crate::migrate::copy::two_connections::Appenders;
use crate::migrate::halt::{Halt, OnSide};
use std::sync::Arc;

/// At most this many messages are in a batch.
const BATCH_MESSAGES: usize = 500;
/// At most this many bytes are in a batch, unless a single message is larger.
const BATCH_BYTES: u64 = 2 << 20;
/// At most this many chunks, each of at most 64 KiB, wait between the two threads.
const CHUNKS_BETWEEN: usize = 16;

/// Why a pass ended early, and where it was.
#[derive(Debug)]
pub struct PassHalt {
    /// Why it ended.
    pub halt: Halt,
    /// The round whose messages were being sent.
    pub round: usize,
    /// The message that was being read, or was next, and its round.
    pub lost_at: Option<(usize, Uid)>,
    /// The messages that were sent, at least in part, and not answered, and their rounds.
    pub unanswered: Vec<(usize, Uid)>,
}

impl PassHalt {
    /// A halt from before the pass began.
    fn before(halt: Halt) -> Self {
        Self { halt, round: 0, lost_at: None, unanswered: Vec::new() }
    }
}

/// Copies the messages of the rounds, also over a second connection to the target if there is one. The target's folders must exist.
pub fn copy_pass(
    source: &mut Reader,
    target: (&mut Writer, Option<&mut Writer>),
    control: AccountControl,
    (folders, rounds): (&[Copying], &[Round]),
    ledger: &mut Ledger,
    desk: &mut dyn Desk,
) -> Result<Vec<RoundEnd>, PassHalt> {
    let batches = batches(folders, rounds);
    let queue = Queue::new(control, &batches);
    let interrupter = source.interrupter();
    let appenders = appenders(target).on(Side::Target).map_err(PassHalt::before)?;
    let (sender, receiver) = crossbeam_channel::bounded(CHUNKS_BETWEEN);
    let outcome = std::thread::scope(|scope| {
        let reading = scope.spawn(|| source.bodies_of_folders(&mut &queue, &mut ChannelSink::new(sender)));
        let mut sending = Sending::new(appenders, (folders, rounds), (&batches, &queue), ledger, desk);
        let sent = sending.run(&receiver);
        // When nothing can be sent any more, the pass must not wait for the reader until the server's time limit.
        drop(receiver);
        if sent.is_err() {
            interrupter.interrupt();
        }
        let read = reading.join().unwrap_or(Err(ImapError::Abandoned));
        let halt = match (sent, read) {
            (Err(Halt::Server { side: Side::Source, .. }) | Ok(()), Err(error)) => {
                Halt::Server { side: Side::Source, error }
            }
            (Err(halt), _) => halt,
            (Ok(()), Ok(())) => return Ok(sending.into_ends()),
        };
        Err(PassHalt { halt, round: sending.round(), lost_at: sending.awaited(), unanswered: sending.unanswered() })
    });
    outcome.map(|mut ends| {
        for batch in queue.into_rest() {
            ends[batch.folder.number].left.extend(batch.uids);
        }
        ends
    })
}

fn appenders<'a>((first, second): (&'a mut Writer, Option<&'a mut Writer>)) -> Result<Appenders<'a>, ImapError> {
    let first = first.appender()?;
    Ok(Appenders::new(first, second.map(Writer::appender).transpose()?))
}

/// Splits the messages of all rounds into batches by number and size. A large message is a batch of its own, and so is an empty one: a
/// literal of zero bytes cancels the whole MULTIAPPEND (RFC 3502, section 6.3.11).
fn batches(folders: &[Copying], rounds: &[Round]) -> Vec<BodyBatch> {
    let mut batches: Vec<BodyBatch> = Vec::new();
    for (number, round) in rounds.iter().enumerate() {
        let copying = &folders[round.folder];
        let size = |uid: &Uid| copying.heads().get(*uid).map_or(0, |head| head.size);
        let (wire_name, uid_validity) = (copying.source_name.clone(), copying.uid_validity());
        let folder = Arc::new(FolderToRead { number, wire_name, uid_validity });
        let alone = |uid: Uid, bytes| BodyBatch { folder: folder.clone(), uids: vec![uid], bytes, recent: false };
        let mut open = false;
        for uid in &round.uids {
            let bytes = size(uid);
            match batches.last_mut() {
                Some(batch)
                    if open
                        && bytes > 0
                        && batch.uids.len() < BATCH_MESSAGES
                        && batch.bytes.saturating_add(bytes) <= BATCH_BYTES =>
                {
                    batch.bytes += bytes;
                    batch.uids.push(*uid);
                }
                _ => batches.push(alone(*uid, bytes)),
            }
            open = bytes > 0;
        }
    }
    batches
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Folder, FolderPath, MessageHead, UidValidity};
    use crate::imap::{AppendWay, FolderStatus, OpenFolder};
    use crate::ledger::{Files, MailboxKey};
    use crate::migrate::copy::flags::SentFlags;
    use crate::migrate::copy::refused::Retries;
    use crate::migrate::folder::{Scan, TargetFolder};
    use crate::migrate::heads::Heads;
    use crate::migrate::target::profile::Profile;
    use std::time::Instant;

    fn copying(ledger: &mut Ledger, name: &str, sizes: impl IntoIterator<Item = u64>) -> Copying {
        let status = FolderStatus { uid_validity: UidValidity(1), uid_next: None, messages: 0, highest_modseq: None };
        let mut heads = Heads::default();
        for (index, size) in sizes.into_iter().enumerate() {
            let uid = Uid(index as u32 + 1);
            heads.push(MessageHead { uid, size, flags: Vec::new(), date: None, permanent_id: None, unused: None });
        }
        heads.finish();
        let open = OpenFolder { status, permanent_flags: Vec::new(), new_keywords_allowed: true };
        let (wire_name, path) = (name.as_bytes().to_vec(), FolderPath::new([name]));
        let source = Folder { wire_name: wire_name.clone(), path: path.clone(), ..Folder::inbox() };
        let record = ledger.begin_folder(&source, UidValidity(1), (&wire_name, &path), UidValidity(2), &[]).unwrap();
        let flags = SentFlags::new(&open, Profile::imap());
        Copying {
            job: 0,
            source_name: wire_name.clone(),
            scan: Arc::new(Scan { status, heads, kept_back: Default::default(), as_items: Default::default() }),
            target: TargetFolder { wire_name, open, looked_at: Instant::now(), floor: 1 },
            record,
            rounds: Vec::new(),
            retries: Retries { folder_made_again: false, flags },
        }
    }

    #[test]
    fn a_batch_ends_by_number_or_size_or_with_its_folder_and_a_message_that_is_large_or_of_unknown_size_is_one_alone() {
        let folder = tempfile::tempdir().unwrap();
        let key = MailboxKey { source: "a".into(), target: "b".into(), address: "c".into() };
        let (mut ledger, _) = Ledger::open(&Files::in_folder(folder.path()), &key).unwrap();
        let sizes = [10, 20, 0, 20, BATCH_BYTES * 3, 30].into_iter().chain(std::iter::repeat_n(1, 600));
        let folders = [copying(&mut ledger, "INBOX", sizes), copying(&mut ledger, "Sent", [5, 6, 7])];
        let uids: Vec<Uid> = folders[0].heads().all().iter().map(|head| head.uid).collect();
        let first = Round::of(0, uids, AppendWay::Batches, false);
        let second = Round::of(1, vec![Uid(1), Uid(3)], AppendWay::Batches, false);
        let batches = batches(&folders, &[first, second]);
        let lengths: Vec<(usize, usize)> =
            batches.iter().map(|batch| (batch.folder.number, batch.uids.len())).collect();
        assert_eq!(lengths, vec![(0, 2), (0, 1), (0, 1), (0, 1), (0, 500), (0, 101), (1, 2)]);
        assert_eq!(batches.last().unwrap().uids, [Uid(1), Uid(3)]);
    }
}
