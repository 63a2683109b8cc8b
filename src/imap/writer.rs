//! A signed-in session on the target: everything a [`Reader`] can, and the few commands that write.
//!
//! There is no DELETE and no CLOSE. Only [`amend`](super::amend) changes what is on the target already, message by message.

use super::append::Appender;
use super::command::{Command, ReadOnly};
use super::error::ImapError;
use super::list;
use super::names::NameRefused;
use super::opened::{FolderStatus, Opened};
use super::reader::Reader;
use super::response::{Condition, Status};
use super::token::Piece;
use super::wire::{Tag, Wire};
use crate::domain::{FolderPath, MailServerFault, UidValidity};

/// A folder of the target, as SELECT showed it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenFolder {
    /// Its status.
    pub status: FolderStatus,
    /// The flags it keeps, without `\*`; empty if the server does not say.
    pub permanent_flags: Vec<String>,
    /// Whether it accepts new keywords (`\*`).
    pub new_keywords_allowed: bool,
}

/// Whether a folder was created.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Created {
    /// It was created.
    New,
    /// It existed already.
    Existed,
}

/// What a folder needs before messages can go into it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wish<'a> {
    /// Its wire name.
    pub wire_name: &'a [u8],
    /// Whether it must be created.
    pub create: bool,
    /// Whether it must be subscribed.
    pub subscribe: bool,
}

/// A folder that was made ready.
#[derive(Debug)]
pub struct Ready {
    /// The folder, or why it cannot be used.
    pub open: Result<OpenFolder, ImapError>,
    /// Whether it was to be created and existed already.
    pub existed: bool,
    /// Whether it was created now.
    pub is_made: bool,
    /// Why it could not be subscribed, if so.
    pub not_subscribed: Option<ImapError>,
}

/// A session that can write.
pub struct Writer {
    pub(super) reader: Reader,
}

impl Reader {
    /// The session as one that can write, for a target.
    pub fn into_writer(self) -> Writer {
        Writer { reader: self }
    }
}

impl Writer {
    /// The reading half of the same session.
    pub fn reader(&mut self) -> &mut Reader {
        &mut self.reader
    }

    /// A path as this server writes it; see [`Reader::wire_name`].
    pub fn wire_name(&self, path: &FolderPath) -> Result<Vec<u8>, NameRefused> {
        self.reader.wire_name(path)
    }

    /// Creates a folder, and whatever parents it needs.
    pub fn create(&mut self, wire_name: &[u8]) -> Result<Created, ImapError> {
        let status = self.reader.wire.run(&Command::new("CREATE").string(wire_name), &mut |_| {})?;
        if status.condition == Condition::Ok {
            return Ok(Created::New);
        }
        if status.has_code("ALREADYEXISTS") || self.reader.exists(wire_name) {
            return Ok(Created::Existed);
        }
        Err(ImapError::Refused { command: "CREATE", status })
    }

    /// Makes folders ready for messages: creates and subscribes if asked, and opens each. Questions go out ahead of the answers, which are
    /// in `ready` in the same order. An `Err` means that the connection is lost; `ready` then ends before the folder at which it broke.
    pub fn make_ready(&mut self, wishes: &[Wish<'_>], ready: &mut Vec<Ready>) -> Result<(), ImapError> {
        self.reader.open = None;
        let names: Vec<&[u8]> = wishes.iter().map(|wish| wish.wire_name).collect();
        let mut left = wishes;
        for group in self.reader.groups(&names) {
            let (wishes, rest) = left.split_at(group.len());
            left = rest;
            let wire = &mut self.reader.wire;
            let mut tags = Vec::new();
            for wish in wishes {
                let ask = |wire: &mut Wire, wanted: bool, command: &'static str| {
                    wanted.then(|| wire.send(&Command::new(command).string(wish.wire_name))).transpose()
                };
                let create = ask(wire, wish.create, "CREATE")?;
                // Some servers create a folder under another name than the requested one.
                let list = || Command::new("LIST").plain("\"\"").string(wish.wire_name);
                let list = wish.create.then(|| wire.send(&list())).transpose()?;
                let subscribe = ask(wire, wish.subscribe, "SUBSCRIBE")?;
                // Only SELECT gives PERMANENTFLAGS; many servers answer EXAMINE with an empty list.
                tags.push((create, list, subscribe, ask(wire, true, "SELECT")?));
            }
            let mut lacking: Vec<(usize, &[u8], Opened)> = Vec::new();
            for ((create, list, subscribe, select), wish) in tags.into_iter().zip(wishes) {
                let (mut opened, mut listed) = (Opened::default(), Vec::new());
                let mut finish = |tag: Option<Tag>| {
                    let mut take = |pieces: &[Piece]| {
                        opened.take(pieces);
                        listed.extend(list::listed_name(pieces));
                    };
                    tag.map(|tag| wire.finish(tag, &mut take)).transpose()
                };
                let (create, _) = (finish(create)?, finish(list)?);
                let (subscribe, select) = (finish(subscribe)?, finish(select)?);
                let (naming, otherwise) = (&self.reader.naming, wire.learned.passing_validity());
                let existed = create.as_ref().is_some_and(|status| status.condition != Condition::Ok);
                let is_made = create.is_some() && !existed;
                let other_name = listed.into_iter().find(|listed| naming.is_other_name(listed, wish.wire_name));
                let open = looked_at(create, other_name.map(|name| naming.text(&name)), select, &mut opened, otherwise);
                if open.is_ok() && opened.uid_validity().is_none() {
                    lacking.push((ready.len(), wish.wire_name, opened));
                }
                ready.push(Ready {
                    existed,
                    is_made,
                    open,
                    not_subscribed: subscribe
                        .filter(|status| status.condition != Condition::Ok)
                        .map(|status| ImapError::Refused { command: "SUBSCRIBE", status }),
                });
            }
            for (place, wire_name, opened) in lacking {
                let status = self.reader.completed(wire_name, &opened)?;
                if let Some(Ready { open: Ok(open), .. }) = ready.get_mut(place) {
                    open.status = status;
                }
            }
        }
        if self.reader.wire.capabilities.has("UNSELECT") && !wishes.is_empty() {
            // Its answer is of no use, and the next reader skips it.
            self.reader.wire.send(&ReadOnly::Unselect.command())?;
        }
        Ok(())
    }

    /// Subscribes to a name, whatever the server answers.
    pub fn subscribe(&mut self, wire_name: &[u8]) -> Result<(), ImapError> {
        self.reader.wire.run(&Command::new("SUBSCRIBE").string(wire_name), &mut |_| {}).map(|_| ())
    }

    /// Unsubscribes from a name, whatever the server answers.
    pub fn unsubscribe(&mut self, wire_name: &[u8]) -> Result<(), ImapError> {
        self.reader.wire.run(&Command::new("UNSUBSCRIBE").string(wire_name), &mut |_| {}).map(|_| ())
    }

    /// The status of folders; none for one that does not exist.
    pub fn statuses(&mut self, wire_names: &[&[u8]]) -> Result<Vec<Option<FolderStatus>>, ImapError> {
        self.reader.statuses(wire_names)
    }

    /// The largest message the server takes, if announced.
    pub fn append_limit(&self) -> Option<u64> {
        self.reader.wire.capabilities.append_limit()
    }

    /// Whether batches can be stored with one command.
    pub fn offers_multiappend(&self) -> bool {
        self.reader.wire.capabilities.has("MULTIAPPEND")
    }

    /// Whether a second connection can speed up sending: one receives a batch while the other stores one. That needs literals that need not
    /// wait, and answers that do not travel long.
    pub fn gains_from_second_connection(&self) -> bool {
        let wire = &self.reader.wire;
        self.offers_multiappend() && wire.takes_freely(u64::MAX) && !wire.is_far()
    }

    /// Begins to append. A folder that is open for reading only is left first: Courier refuses to append to it.
    pub fn appender(&mut self) -> Result<Appender<'_>, ImapError> {
        let wire = &mut self.reader.wire;
        if let Some(open) = self.reader.open.take() {
            let unselect = wire.capabilities.has("UNSELECT");
            let leave = if unselect { ReadOnly::Unselect.command() } else { Command::new("SELECT").string(&open) };
            // Its answer is of no use, and the next reader skips it.
            wire.send(&leave)?;
        }
        Ok(Appender::new(wire))
    }

    /// Says goodbye without waiting for an answer.
    pub fn logout(self) {
        self.reader.logout();
    }
}

/// The folder that SELECT has opened. If it could not be opened, a refused CREATE says more than the refused SELECT. A folder that the
/// server created, or has, under an `other_name` is not the requested one, even if SELECT opens it: it may be another folder's place.
fn looked_at(
    create: Option<Status>,
    other_name: Option<String>,
    select: Option<Status>,
    opened: &mut Opened,
    otherwise: UidValidity,
) -> Result<OpenFolder, ImapError> {
    if let Some(name) = other_name {
        return Err(ImapError::NameNotKept(MailServerFault::OtherName { name }));
    }
    if let Some(status) = select.filter(|status| status.condition != Condition::Ok) {
        if create.as_ref().is_some_and(|create| create.condition == Condition::Ok) && status.pause(false).is_none() {
            return Err(ImapError::NameNotKept(MailServerFault::MadeAndNotThere { words: status.words() }));
        }
        let created = create.filter(|status| status.condition != Condition::Ok && !status.has_code("ALREADYEXISTS"));
        return Err(match created {
            Some(status) => ImapError::Refused { command: "CREATE", status },
            None => ImapError::Refused { command: "SELECT", status },
        });
    }
    Ok(OpenFolder::of(opened, otherwise))
}

impl OpenFolder {
    /// What SELECT said; `otherwise` is the folder's UIDVALIDITY if the server gave none.
    pub(super) fn of(opened: &mut Opened, otherwise: UidValidity) -> Self {
        let flags = opened.permanent_flags.take().unwrap_or_default();
        let new_keywords_allowed = flags.iter().any(|flag| flag == "\\*");
        Self {
            status: opened.status(otherwise),
            permanent_flags: flags.into_iter().filter(|flag| flag != "\\*").collect(),
            new_keywords_allowed,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::capabilities::Capabilities;
    use super::super::scripted::scripted;
    use super::*;

    /// The result of making one new folder ready on a server that says this.
    fn made_ready(answers: &str) -> Result<OpenFolder, ImapError> {
        let mut writer = Reader::new(scripted(answers.as_bytes()).unwrap()).into_writer();
        let mut ready = Vec::new();
        writer.make_ready(&[Wish { wire_name: b"new", create: true, subscribe: false }], &mut ready).unwrap();
        ready.remove(0).open
    }

    #[test]
    fn of_two_refusals_the_one_that_says_why_the_folder_is_missing_is_reported() {
        let command = |answers| match made_ready(answers) {
            Err(ImapError::Refused { command, .. }) => command,
            other => panic!("{other:?}"),
        };
        assert_eq!(command("K1 NO not here\r\nK2 OK\r\nK3 NO no such folder\r\n"), "CREATE");
        assert_eq!(command("K1 NO [ALREADYEXISTS] there\r\nK2 OK\r\nK3 NO no access\r\n"), "SELECT");
        let open = made_ready(
            "K1 NO there\r\nK2 OK\r\n* OK [UIDVALIDITY 4] x\r\n* OK [PERMANENTFLAGS (a \\*)] x\r\nK3 OK\r\n",
        );
        assert!(open.is_ok_and(|open| open.new_keywords_allowed && open.permanent_flags == ["a"]));
    }

    #[test]
    fn a_folder_that_was_made_under_another_name_is_not_the_one_that_was_asked_for() {
        let exists = "* OK [UIDVALIDITY 4] x\r\nK3 OK\r\n";
        let made = |listed: &str| made_ready(&format!("K1 OK\r\n{listed}K2 OK\r\n{exists}"));
        for same in ["", "* LIST () \"/\" new\r\n", "* LIST () \"/\" &AG4-ew\r\n", "* LIST () \"/\" another\r\n"] {
            assert!(made(same).is_ok(), "{same}");
        }
        for other in ["* LIST () \"/\" New\r\n", "* LIST () \"/\" \"new \"\r\n"] {
            assert!(matches!(made(other), Err(ImapError::NameNotKept(_))), "{other}");
        }
        let refused = made_ready("K1 OK\r\nK2 OK\r\nK3 BAD no such folder\r\n");
        assert!(refused.is_err_and(|error| error.refuses_name() && error.to_string().contains("no such folder")));
    }

    #[test]
    fn a_folder_open_for_reading_is_left_before_anything_is_appended() {
        for (capabilities, leave) in [("UNSELECT", "K1 UNSELECT\r\n"), ("", "K1 SELECT \"a\"\r\n")] {
            let mut writer = Reader::new(scripted(b"").unwrap()).into_writer();
            writer.reader.wire.capabilities = Capabilities::parse(capabilities);
            writer.reader.open = Some(b"a".to_vec());
            writer.appender().unwrap();
            writer.appender().unwrap();
            assert_eq!(writer.reader.wire.gathered(), leave.as_bytes(), "once");
        }
    }
}
