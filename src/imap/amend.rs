//! Changes to what is on the target: flags, places and names of what we have put there.
//!
//! - Nothing is done to a folder before SELECT has opened it and its UIDVALIDITY was looked at: a STORE that goes out behind a SELECT which is
//!   refused could meet another folder.
//! - Messages are named by UID. What is taken away is taken away by UID EXPUNGE (RFC 4315) of exactly those; never EXPUNGE, never CLOSE.
//! - Whether something may be changed is decided by the caller.

use super::command::{Command, read_uid_set, uid_set};
use super::error::ImapError;
use super::fetch::{Fetched, HeadsRead};
use super::opened::Opened;
use super::response::{Condition, Status};
use super::token::Piece;
use super::writer::{OpenFolder, Writer};
use crate::domain::{MessageHead, Uid, UidValidity};
use std::collections::BTreeMap;

/// How many messages one command names at most: servers take commands of at least 8,000 bytes.
const NAMED_AT_ONCE: usize = 500;
/// Commands that are sent before their answers are read.
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

/// What became of changes of flags.
#[derive(Debug)]
pub struct FlagsChanged {
    /// What each change came to, in their order.
    pub outcomes: Vec<Result<(), ImapError>>,
    /// The flags that messages have now, as far as the server says.
    pub now: BTreeMap<Uid, Vec<String>>,
}

/// A selected folder, and the heads of those of its messages that were asked for.
pub type Looked = (OpenFolder, BTreeMap<Uid, MessageHead>);

/// What became of messages that were to be taken to another folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Removed {
    /// Where they are in the other folder, each with the UID it had, as far as the server says (COPYUID, RFC 4315).
    pub places: BTreeMap<Uid, Uid>,
    /// The other folder's UIDVALIDITY, if the server says.
    pub uid_validity: Option<UidValidity>,
}

impl Writer {
    /// Whether messages can be moved with one command (MOVE, RFC 6851).
    pub fn moves_at_once(&self) -> bool {
        self.has("MOVE")
    }

    /// Whether exactly what was named can be taken away (UID EXPUNGE, RFC 4315).
    pub fn expunges_by_uid(&self) -> bool {
        self.has("UIDPLUS")
    }

    fn has(&self, capability: &str) -> bool {
        self.reader.wire.capabilities.has(capability)
    }

    /// Opens a folder for changes, and reads the heads of certain of its messages on the way. An error of the inner result reaches this folder
    /// only.
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
            let mut take = |head: Option<MessageHead>| heads.extend(head.map(|head| (head.uid, head)));
            let status = wire.finish(fetch, &mut |pieces| take(read.take(pieces)))?;
            take(read.end());
            refused = refused.or(Some(status).filter(|status| status.condition != Condition::Ok));
        }
        if !is_open {
            return Ok(Err(ImapError::Refused { command: "SELECT", status: selected }));
        }
        // James and QQ answer BAD, and old Cyrus NO, where no message is among the UIDs.
        if let Some(status) = refused.filter(|_| opened.messages() > 0) {
            return Ok(Err(ImapError::Refused { command: "UID FETCH", status }));
        }
        let otherwise = wire.learned.passing_validity();
        Ok(Ok((OpenFolder::of(&mut opened, otherwise), heads)))
    }

    /// Changes flags in the selected folder, with commands ahead of the answers. For each change there is what it came to, and for each message
    /// the flags that the server says it has now.
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

    /// Takes messages of the selected folder to another one. Without MOVE they are copied, and what was copied is taken away here.
    ///
    /// A refusal may leave some of them in both folders, or in either: whoever meets one asks where they are.
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

    /// Takes messages of the selected folder away; the caller knows that they are elsewhere.
    pub fn remove_messages(&mut self, uids: &[Uid]) -> Result<(), ImapError> {
        let set = uid_set(uids);
        let wire = &mut self.reader.wire;
        wire.run_ok(&Command::new("UID STORE").plain(&set).plain("+FLAGS.SILENT (\\Deleted)"), &mut |_| {})?;
        wire.run_ok(&Command::new("UID EXPUNGE").plain(&set), &mut |_| {})?;
        Ok(())
    }

    /// Renames a folder, and those below it.
    pub fn rename(&mut self, from: &[u8], to: &[u8]) -> Result<(), ImapError> {
        self.leave()?;
        let command = Command::new("RENAME").string(from).string(to);
        self.reader.wire.run_ok(&command, &mut |_| {}).map(|_| ())
    }

    /// Leaves the open folder, where that is possible without taking away what is flagged \Deleted.
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
