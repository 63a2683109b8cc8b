//! Entry points for fuzzing what reads a server's answers; see [`crate::fuzz`].

use super::bodies::{self, BodyBatch, BodyFeed, BodySink, FolderToRead, NotOpened, SinkClosed};
use super::capabilities::Capabilities;
use super::envelope::Envelope;
use super::fetch::Fetched;
use super::list;
use super::names::{Naming, decode, encode};
use super::opened::{Opened, new_passing_validity, parse_status};
use super::reader::OpenFolderFeed;
use super::response::Status;
use super::scripted::scripted;
use super::wire::{Answer, NoLiterals, Wire};
use crate::domain::{FolderPath, Uid, UidValidity};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The framer, the token reader, and all readers of answers.
pub fn answers(octets: &[u8]) {
    scripted(octets).into_iter().for_each(read_answers);
}

/// The same behind the inflater.
pub fn compressed(octets: &[u8]) {
    let Some(mut transport) = scripted(octets).map(Wire::into_transport) else { return };
    transport.compress();
    read_answers(Wire::new(transport));
}

fn read_answers(mut wire: Wire) {
    let mut opened = Opened::default();
    while let Ok(answer) = wire.next_answer(&mut NoLiterals) {
        match answer {
            Answer::Untagged(pieces) => {
                opened.take(&pieces);
                let head = Fetched::parse(&pieces).and_then(Fetched::head);
                assert!(head.is_none_or(|head| head.uid.0 > 0));
                let header = Fetched::parse(&pieces).and_then(|fetched| fetched.header);
                let _ = header.and_then(|header| Envelope::parse(&header));
                list::read_all(&pieces);
                let _ = parse_status(&pieces);
            }
            Answer::Tagged(_, status) => look_at(&status),
            Answer::Continue(_) => {}
        }
    }
    let _ = opened.status(new_passing_validity());
}

fn look_at(status: &Status) {
    assert!(!status.to_string().chars().any(char::is_control));
    let _ =
        (status.pause(true), status.wait_seconds(), status.words(), status.to_string(), Capabilities::in_code(status));
}

/// Bodies of an open folder: the sink gets each of six messages once, whole and with as many octets as were announced, or the reading ends
/// with an error.
pub fn bodies(octets: &[u8]) {
    let Some(mut wire) = scripted(octets) else { return };
    let folder = folder(1);
    let mut batches = [vec![Uid(1), Uid(2), Uid(3)], vec![Uid(4), Uid(5), Uid(6)]].into_iter();
    let mut sink = Checking::default();
    let mut feed = OpenFolderFeed { folder: folder.clone(), batches: &mut batches };
    let read = bodies::read(&mut wire, &mut Some(folder), &mut feed, &mut sink);
    assert!(sink.settled.values().all(|times| *times == 1), "{:?}", sink.settled);
    assert!(read.is_err() || (sink.settled.len() == 6 && sink.current.is_none()));
}

/// Bodies of two folders that have the same UIDs: the sink gets none twice, and none of a folder that was not opened.
pub fn bodies_of_folders(octets: &[u8]) {
    let Some(mut wire) = scripted(octets) else { return };
    let batch = |number, uids: [u32; 3]| BodyBatch {
        folder: folder(number),
        uids: uids.map(Uid).to_vec(),
        bytes: 1,
        recent: true,
    };
    let mut feed = Batches(vec![batch(2, [4, 5, 6]), batch(2, [1, 2, 3]), batch(1, [4, 5, 6]), batch(1, [1, 2, 3])]);
    let mut sink = Checking::default();
    let read = bodies::read(&mut wire, &mut None, &mut feed, &mut sink);
    assert!(sink.settled.values().all(|times| *times == 1), "{:?}", sink.settled);
    assert!(read.is_err() || (sink.settled.len() == 12 || sink.not_opened > 0) && sink.current.is_none());
}

fn folder(number: usize) -> Arc<FolderToRead> {
    Arc::new(FolderToRead { number, wire_name: vec![b'A' + number as u8], uid_validity: UidValidity(number as u32) })
}

struct Batches(Vec<BodyBatch>);

impl BodyFeed for Batches {
    fn next(&mut self, _idle: bool) -> Option<BodyBatch> {
        self.0.pop()
    }
}

#[derive(Default)]
struct Checking {
    settled: BTreeMap<(usize, Uid), u32>,
    folder: usize,
    not_opened: u32,
    /// The message that arrives, and the octets that are still to come.
    current: Option<(Uid, u64)>,
}

impl Checking {
    fn settle(&mut self, uid: Uid) -> Result<(), SinkClosed> {
        assert!(self.current.is_none() && (1..=6).contains(&uid.0));
        *self.settled.entry((self.folder, uid)).or_default() += 1;
        Ok(())
    }
}

impl BodySink for Checking {
    fn opened(&mut self, folder: usize) -> Result<(), SinkClosed> {
        assert!(self.current.is_none());
        self.folder = folder;
        Ok(())
    }

    fn not_opened(&mut self, _folder: usize, _why: NotOpened) -> Result<(), SinkClosed> {
        self.not_opened += 1;
        Ok(())
    }

    fn begin(&mut self, uid: Uid, octets: u64) -> Result<(), SinkClosed> {
        assert!(self.current.replace((uid, octets)).is_none());
        Ok(())
    }

    fn chunk(&mut self, octets: &[u8]) -> Result<(), SinkClosed> {
        let left = self.current.as_mut().map(|(_, left)| left);
        let enough = left.is_some_and(|left| {
            let before = *left;
            *left = left.wrapping_sub(octets.len() as u64);
            before >= octets.len() as u64
        });
        assert!(enough);
        Ok(())
    }

    fn end(&mut self) -> Result<(), SinkClosed> {
        let ended = self.current.take();
        assert!(ended.is_some_and(|(_, left)| left == 0));
        ended.map_or(Ok(()), |(uid, _)| self.settle(uid))
    }

    fn unreadable(&mut self, uid: Uid, _words: &str) -> Result<(), SinkClosed> {
        self.settle(uid)
    }

    fn absent(&mut self, uid: Uid) -> Result<(), SinkClosed> {
        self.settle(uid)
    }
}

/// Folder names: what decodes comes back as it was, and every path that can be written is read as the same path.
pub fn names(octets: &[u8]) {
    let text = decode(octets);
    assert_eq!(decode(&encode(&text)), text);
    let Some((&first, name)) = octets.split_first() else { return };
    let separator = [None, Some('/'), Some('.')][usize::from(first % 3)];
    let naming = Naming {
        separator,
        prefix: if first & 8 == 0 || separator != Some('.') { Vec::new() } else { b"INBOX.".to_vec() },
        utf8: first & 16 != 0,
        odd: BTreeMap::new(),
    };
    let path = naming.read(name);
    // A folder without a name is never listed, and none has a name that ends with two separators.
    if path.parts().last().is_none_or(String::is_empty) {
        return;
    }
    if let Ok(written) = naming.write(&path) {
        assert!(naming.utf8 || written.iter().all(|octet| (b' '..=b'~').contains(octet)), "{written:?}");
        let again: FolderPath = naming.read(&written);
        assert_eq!(naming.write(&again), Ok(written), "{path:?} {again:?}");
    }
}
