//! Changes on the target: the flags, folders and names of what we have put there.
//!
//! - Nothing is done to a folder before SELECT has opened it and its UIDVALIDITY was checked: a STORE behind a refused SELECT could meet
//!   another folder.
//! - Messages are named by UID, and removed by UID EXPUNGE (RFC 4315) of exactly those; never by EXPUNGE or CLOSE.
//! - The caller decides whether something may be changed.

use super::command::{Command, read_uid_set, uid_set};
use super::error::ImapError;
use super::fetch::Fetched;
use super::heads_read::HeadsRead;
use super::opened::Opened;
use super::response::{Condition, Status};
use super::token::Piece;
use super::writer::{OpenFolder, Writer};
use crate::domain::{MessageHead, Uid, UidValidity};
use std::collections::BTreeMap;

/// At most this many messages are named by one command: servers take commands of at least 8,000 octets.
const NAMED_AT_ONCE: usize = 500;
/// The number of commands that are sent before their answers are read.
const AHEAD: usize = 20;

/// Messages whose flags change in the same way.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct FlagChange {
    /// The messages.
    pub uids: Vec<Uid>,
    /// What they get.
    pub add: Vec<String>,
    /// What they lose.
    pub remove: Vec<String>,
}

/// The results of changing flags.
#[derive(Debug)]
pub struct FlagsChanged {
    /// The result of each change, in their order.
    pub outcomes: Vec<Result<(), ImapError>>,
    /// The flags that messages have now, as far as the server reports them.
    pub now: BTreeMap<Uid, Vec<String>>,
}

/// A selected folder, and the requested heads of its messages.
pub type Looked = (OpenFolder, BTreeMap<Uid, MessageHead>);

/// The results of moving messages to another folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Removed {
    /// The UID of each message in the other folder, by its old UID, as far as the server reports it (COPYUID, RFC 4315).
    pub places: BTreeMap<Uid, Uid>,
    /// The other folder's UIDVALIDITY, if the server reports it.
    pub uid_validity: Option<UidValidity>,
}

impl Writer {
    /// Whether messages can be moved with one command (MOVE, RFC 6851).
    pub fn moves_at_once(&self) -> bool {
        self.has("MOVE")
    }

    /// Whether exactly the named messages can be removed (UID EXPUNGE, RFC 4315).
    pub fn expunges_by_uid(&self) -> bool {
        self.has("UIDPLUS")
    }

    fn has(&self, capability: &str) -> bool {
        self.reader.wire.capabilities.has(capability)
    }

    /// Opens a folder for changes, and reads the heads of some of its messages on the way. An inner error concerns this folder only.
    pub fn select_and_look(&mut self, wire_name: &[u8], uids: &[Uid]) -> Result<Result<Looked, ImapError>, ImapError> {
        self.reader.open = None;
        let wire = &mut self.reader.wire;
        let select = wire.send(&Command::new("SELECT").string(wire_name))?;
        let mut fetches = Vec::new();
        for uids in uids.chunks(NAMED_AT_ONCE) {
            let command = Command::new("UID FETCH").plain(&uid_set(uids));
            fetches.push(wire.send(&command.plain("(UID FLAGS INTERNALDATE RFC822.SIZE)"))?);
        }
        let (mut opened, mut heads) = (Opened::default(), BTreeMap::new());
        let selected = wire.finish(select, &mut |pieces| opened.take(pieces))?;
        let is_open = selected.condition == Condition::Ok;
        let mut refused = None;
        for fetch in fetches {
            let mut read = HeadsRead::default();
            let mut take = |head: MessageHead| drop(heads.insert(head.uid, head));
            let status = wire.finish(fetch, &mut |pieces| read.take(pieces).into_iter().for_each(&mut take))?;
            read.end().for_each(take);
            refused = refused.or(Some(status).filter(|status| status.condition != Condition::Ok));
        }
        if !is_open {
            return Ok(Err(ImapError::Refused { command: "SELECT", status: selected }));
        }
        // James and QQ answer BAD, and old Cyrus NO, to a question about the messages of an empty folder.
        if let Some(status) = refused.filter(|_| opened.messages() > 0) {
            return Ok(Err(ImapError::Refused { command: "UID FETCH", status }));
        }
        let otherwise = wire.learned.passing_validity();
        Ok(Ok((OpenFolder::of(&mut opened, otherwise), heads)))
    }

    /// Changes flags in the selected folder, sending commands ahead of the answers. Returns the result of each change, and for each message
    /// the flags that the server reports.
    pub fn change_flags(&mut self, changes: &[FlagChange]) -> Result<FlagsChanged, ImapError> {
        let (mut outcomes, mut now) = (Vec::with_capacity(changes.len()), BTreeMap::new());
        let mut commands: Vec<(usize, Command)> = Vec::new();
        for (index, change) in changes.iter().enumerate() {
            outcomes.push(Ok(()));
            for (item, flags) in [("+FLAGS", &change.add), ("-FLAGS", &change.remove)] {
                for uids in change.uids.chunks(NAMED_AT_ONCE).filter(|_| !flags.is_empty()) {
                    let store = Command::new("UID STORE").plain(&uid_set(uids)).plain(item);
                    commands.push((index, store.plain(&format!("({})", flags.join(" ")))));
                }
            }
        }
        for commands in commands.chunks(AHEAD) {
            let wire = &mut self.reader.wire;
            let sent: Result<Vec<_>, ImapError> = commands.iter().map(|(_, command)| wire.send(command)).collect();
            let mut take = |pieces: &[Piece]| now.extend(Fetched::parse(pieces).and_then(Fetched::flags));
            for ((index, _), status) in commands.iter().zip(wire.finish_all(&sent?, &mut take)?) {
                if status.condition != Condition::Ok {
                    outcomes[*index] = Err(ImapError::Refused { command: "UID STORE", status });
                }
            }
        }
        Ok(FlagsChanged { outcomes, now })
    }

    /// Moves messages of the selected folder to another one. Without MOVE they are copied, and the copied ones are removed here.
    ///
    /// A refusal may leave some of them in both folders, or in either: the caller must look where they are.
    pub fn move_messages(&mut self, uids: &[Uid], to: &[u8]) -> Result<Removed, ImapError> {
        let moves = self.has("MOVE");
        let command = Command::new(if moves { "UID MOVE" } else { "UID COPY" });
        let mut removed = Removed { places: BTreeMap::new(), uid_validity: None };
        let mut take = |status: &Status| {
            if let Some((validity, places)) = status.code_argument("COPYUID").and_then(copy_uid) {
                removed.uid_validity = Some(validity);
                removed.places.extend(places);
            }
        };
        let wire = &mut self.reader.wire;
        // MOVE gives it in an untagged answer, COPY in the tagged one.
        let status = wire.run_ok(&command.plain(&uid_set(uids)).string(to), &mut |pieces| {
            if let Some(Piece::Text(text)) = pieces.first()
                && let Some(status) = Status::parse(text)
            {
                take(&status);
            }
        })?;
        take(&status);
        if !moves {
            self.remove_messages(uids)?;
        }
        Ok(removed)
    }

    /// Removes messages of the selected folder; the caller knows that they are elsewhere.
    pub fn remove_messages(&mut self, uids: &[Uid]) -> Result<(), ImapError> {
        let set = uid_set(uids);
        let wire = &mut self.reader.wire;
        wire.run_ok(&Command::new("UID STORE").plain(&set).plain("+FLAGS.SILENT (\\Deleted)"), &mut |_| {})?;
        wire.run_ok(&Command::new("UID EXPUNGE").plain(&set), &mut |_| {})?;
        Ok(())
    }

    /// Renames a folder and those below it.
    pub fn rename(&mut self, from: &[u8], to: &[u8]) -> Result<(), ImapError> {
        self.leave()?;
        let command = Command::new("RENAME").string(from).string(to);
        self.reader.wire.run_ok(&command, &mut |_| {}).map(|_| ())
    }

    /// Leaves the open folder, if that is possible without removing what is flagged \Deleted.
    pub fn leave(&mut self) -> Result<(), ImapError> {
        self.reader.open = None;
        if self.has("UNSELECT") {
            self.reader.wire.run(&super::command::ReadOnly::Unselect.command(), &mut |_| {})?;
        }
        Ok(())
    }
}

/// `38505 304,319:320 3956:3958`: the UIDVALIDITY of the other folder, and where each message is there.
fn copy_uid(argument: &str) -> Option<(UidValidity, BTreeMap<Uid, Uid>)> {
    let mut words = argument.split_ascii_whitespace();
    let validity = UidValidity(words.next()?.parse().ok()?);
    let (from, to) = (read_uid_set(words.next()?)?, read_uid_set(words.next()?)?);
    // Lists of different lengths say nothing about which message is where.
    (from.len() == to.len()).then(|| (validity, from.into_iter().zip(to).collect()))
}

#[cfg(test)]
mod tests {
    use super::super::capabilities::Capabilities;
    use super::super::reader::Reader;
    use super::super::scripted::scripted;
    use super::*;

    fn writer(capabilities: &str, answers: &str) -> Writer {
        let mut writer = Reader::new(scripted(answers.as_bytes()).unwrap()).into_writer();
        writer.reader.wire.capabilities = Capabilities::parse(capabilities);
        writer
    }

    #[test]
    fn what_is_moved_has_the_place_that_the_server_names() {
        let untagged = "* OK [COPYUID 7 4:5 90,92] x\r\n* 1 EXPUNGE\r\nK1 OK done\r\n";
        let removed = writer("MOVE", untagged).move_messages(&[Uid(4), Uid(5)], b"to").unwrap();
        assert_eq!((removed.uid_validity, removed.places[&Uid(5)]), (Some(UidValidity(7)), Uid(92)));
        let tagged = "K1 OK [COPYUID 7 4 90] done\r\nK2 OK\r\nK3 OK\r\n";
        let removed = writer("UIDPLUS", tagged).move_messages(&[Uid(4)], b"to").unwrap();
        assert_eq!(removed.places, BTreeMap::from([(Uid(4), Uid(90))]));
        let uneven = "K1 OK [COPYUID 7 4:5 90] done\r\n";
        assert!(writer("MOVE", uneven).move_messages(&[Uid(4), Uid(5)], b"to").unwrap().places.is_empty());
    }

    #[test]
    fn what_could_not_be_copied_is_not_taken_away() {
        let refused = writer("UIDPLUS", "K1 NO [TRYCREATE] no such folder\r\n").move_messages(&[Uid(4)], b"to");
        assert!(matches!(refused, Err(ImapError::Refused { command: "UID COPY", .. })), "{refused:?}");
    }

    #[test]
    fn a_refused_change_of_flags_is_distinguished_from_those_that_were_made() {
        let answers = "* 1 FETCH (UID 4 FLAGS (\\Seen))\r\nK1 OK\r\nK2 NO too many keywords\r\n";
        let change = |uid, flag: &str| FlagChange { uids: vec![Uid(uid)], add: vec![flag.to_owned()], remove: vec![] };
        let FlagsChanged { outcomes, now } =
            writer("", answers).change_flags(&[change(4, "\\Seen"), change(5, "x")]).unwrap();
        assert!(outcomes[0].is_ok() && outcomes[1].is_err());
        assert_eq!(now, BTreeMap::from([(Uid(4), vec!["\\Seen".to_owned()])]));
    }
}
