//! The commands on messages of the open folder: FETCH, STORE, SEARCH, COPY, MOVE, EXPUNGE, by sequence number or UID.

use super::super::store::{Content, Message, NewMessage, User};
use super::fetch::{self, FetchItem};
use super::parser::{Argument, number_set};
use super::search::Search;
use super::select::kept_flags;
use super::session::{Done, Reply, Session};
use super::taken::Taken;

/// Messages taken from the store at once; a slow client does not keep the store locked.
const TAKEN: usize = 256;

impl Session {
    pub(super) fn execute_on_messages(&mut self, user: &User, name: &str, arguments: &[Argument]) -> Done {
        let Some(selected) = &self.selected else {
            let known = ["FETCH", "STORE", "SEARCH", "COPY", "MOVE", "EXPUNGE"];
            let is_known = known.contains(&name.strip_prefix("UID ").unwrap_or(name));
            return Ok(Reply::bad(if is_known { "No folder is open" } else { "Unknown command" }));
        };
        let still_there = user
            .mailbox()
            .folder(&selected.name)
            .is_ok_and(|folder| folder.uid_validity == selected.uid_validity && folder.selectable);
        if !still_there {
            return Ok(Reply::no("[NONEXISTENT] The folder is not there any more"));
        }
        let read_only = selected.read_only;
        let (by_uid, verb) = match name.strip_prefix("UID ") {
            Some(verb) => (true, verb),
            None => (false, name),
        };
        match (verb, arguments) {
            ("FETCH", [set, items, modifiers]) if by_uid && self.options.has("CONDSTORE") => {
                match (self.numbers(set, by_uid), fetch::items(items, by_uid), changed_since(modifiers)) {
                    (Some(numbers), Some(items), Some(since)) => {
                        let numbers = self.changed(user, numbers, since);
                        self.fetch(user, &numbers, &items)
                    }
                    _ => Ok(Reply::bad("That cannot be fetched")),
                }
            }
            ("FETCH", [set, items]) => match (self.numbers(set, by_uid), fetch::items(items, by_uid)) {
                (Some(numbers), Some(items)) if self.options.gmail || !items.contains(&FetchItem::PermanentId) => {
                    self.fetch(user, &numbers, &items)
                }
                _ => Ok(Reply::bad("That cannot be fetched")),
            },
            ("SEARCH", arguments) => self.search(user, arguments, by_uid),
            ("STORE" | "EXPUNGE", _) if read_only => Ok(Reply::no("The folder is open for reading only")),
            ("STORE", [set, item, flags]) => match (self.numbers(set, by_uid), flags.flags()) {
                (Some(numbers), Some(flags)) => self.store_flags(user, &numbers, &item.word(), &flags, by_uid),
                _ => Ok(Reply::bad("That cannot be stored")),
            },
            ("EXPUNGE", []) if !by_uid => self.expunge(user, None),
            ("EXPUNGE", [set]) if by_uid && self.options.has("UIDPLUS") => match self.numbers(set, true) {
                Some(numbers) => self.expunge(user, Some(numbers)),
                None => Ok(Reply::bad("That is no set of UIDs")),
            },
            ("COPY", [set, to]) => match (self.numbers(set, by_uid), to.text()) {
                (Some(numbers), Some(to)) => Ok(match self.copy(user, &numbers, to) {
                    Ok(Some(code)) => Reply::ok(&format!("{code} done")),
                    Ok(None) => Reply::ok("done"),
                    Err(refused) => refused,
                }),
                _ => Ok(Reply::bad("That cannot be copied")),
            },
            ("MOVE", _) if read_only => Ok(Reply::no("The folder is open for reading only")),
            ("MOVE", [set, to]) if self.options.has("MOVE") => match (self.numbers(set, by_uid), to.text()) {
                (Some(numbers), Some(to)) => self.move_messages(user, &numbers, to),
                _ => Ok(Reply::bad("That cannot be moved")),
            },
            _ => Ok(Reply::bad("Unknown command or wrong arguments")),
        }
    }

    /// The places that a set names in the client's view, ascending. None if the set is malformed.
    pub(super) fn numbers(&self, set: &Argument, by_uid: bool) -> Option<Vec<usize>> {
        let view = &self.selected.as_ref()?.view;
        let largest = if by_uid { view.last().copied().unwrap_or(1) } else { view.len().max(1) as u32 };
        let mut places = Vec::new();
        let mut ranges = number_set(set.text()?, largest)?;
        ranges.sort_unstable();
        for (first, last) in ranges {
            let range = if by_uid {
                view.partition_point(|uid| *uid < first)..view.partition_point(|uid| *uid <= last)
            } else if last as usize > view.len() {
                return None;
            } else {
                first as usize - 1..last as usize
            };
            let from = places.last().map_or(0, |last: &usize| last + 1);
            places.extend(range.start.max(from)..range.end);
        }
        Some(places)
    }

    /// Takes messages from the store; leaves out those that are gone.
    pub(super) fn take(&self, user: &User, places: &[usize]) -> Vec<Taken> {
        let Some(selected) = &self.selected else { return Vec::new() };
        let mailbox = user.mailbox();
        let Ok(folder) = mailbox.folder(&selected.name) else { return Vec::new() };
        let take = |place: &usize| {
            let uid = *selected.view.get(*place)?;
            let message: &Message = folder.messages.get(folder.place(uid)?)?;
            Some(Taken {
                number: *place as u32 + 1,
                uid,
                content: message.content.clone(),
                flags: message.flags.clone(),
                date: message.date,
            })
        };
        places.iter().filter_map(take).collect()
    }

    fn fetch(&mut self, user: &User, places: &[usize], items: &[FetchItem]) -> Done {
        let read_only = self.selected.as_ref().is_none_or(|selected| selected.read_only);
        let sees = !read_only && items.iter().any(FetchItem::sees);
        let mut unread = 0;
        for places in places.chunks(TAKEN) {
            if sees {
                self.change_flags(user, places, "+FLAGS", &["\\Seen".to_owned()]);
            }
            for taken in self.take(user, places) {
                if matches!(taken.content, Content::Damaged(_)) && items.iter().any(FetchItem::is_body) {
                    unread += 1;
                    continue;
                }
                fetch::answer(&mut self.channel, &taken, items, sees)?;
            }
        }
        if sees {
            user.note_change("FETCH without PEEK");
        }
        Ok(if unread > 0 { Reply::no("Some messages could not be read") } else { Reply::ok("done") })
    }

    /// Changes flags in the store; `how` is FLAGS, +FLAGS or -FLAGS.
    fn change_flags(&mut self, user: &User, places: &[usize], how: &str, flags: &[String]) {
        let Some(selected) = &self.selected else { return };
        let flags = kept_flags(flags, &self.options);
        let mut mailbox = user.mailbox();
        let Ok(folder) = mailbox.folder_mut(&selected.name) else { return };
        for uid in places.iter().filter_map(|place| selected.view.get(*place)) {
            let Some(place) = folder.place(*uid) else { continue };
            let before = folder.messages[place].flags.clone();
            let named = |flag: &String| flags.iter().any(|named| named.eq_ignore_ascii_case(flag));
            let others = || before.iter().filter(|flag| !named(flag)).cloned();
            let after: Vec<String> = match how {
                "FLAGS" => flags.to_vec(),
                "+FLAGS" => others().chain(flags.iter().cloned()).collect(),
                _ => others().collect(),
            };
            folder.set_flags(place, after.into());
        }
    }

    fn store_flags(&mut self, user: &User, places: &[usize], item: &str, flags: &[String], by_uid: bool) -> Done {
        let how = item.strip_suffix(".SILENT").unwrap_or(item);
        if !matches!(how, "FLAGS" | "+FLAGS" | "-FLAGS") {
            return Ok(Reply::bad("That cannot be stored"));
        }
        self.change_flags(user, places, how, flags);
        if how == item {
            let items = if by_uid { vec![FetchItem::Uid, FetchItem::Flags] } else { vec![FetchItem::Flags] };
            for taken in self.take(user, places) {
                fetch::answer(&mut self.channel, &taken, &items, false)?;
            }
        }
        Ok(Reply::ok("done"))
    }

    fn search(&mut self, user: &User, arguments: &[Argument], by_uid: bool) -> Done {
        let arguments = match arguments {
            [charset, _, rest @ ..] if charset.word() == "CHARSET" => rest,
            rest => rest,
        };
        let Some(search) = Search::parse(arguments, self) else { return Ok(Reply::bad("That cannot be searched")) };
        let all: Vec<usize> = (0..self.selected.as_ref().map_or(0, |selected| selected.view.len())).collect();
        let mut line = b"SEARCH".to_vec();
        for places in all.chunks(TAKEN) {
            for taken in self.take(user, places).iter().filter(|taken| search.finds(taken)) {
                line.extend(format!(" {}", if by_uid { taken.uid } else { taken.number }).bytes());
            }
        }
        self.put_line(&[b"* ", &line])?;
        Ok(Reply::ok("done"))
    }

    fn expunge(&mut self, user: &User, places: Option<Vec<usize>>) -> Done {
        let Some(selected) = &self.selected else { return Ok(Reply::bad("No folder is open")) };
        let uids: Option<Vec<u32>> =
            places.map(|places| places.iter().filter_map(|place| selected.view.get(*place).copied()).collect());
        let result = user.mailbox().expunge(&selected.name, |message| {
            message.flags.iter().any(|flag| flag == "\\Deleted")
                && uids.as_ref().is_none_or(|uids| uids.binary_search(&message.uid).is_ok())
        });
        Ok(result.map_or_else(super::folders::refused, |()| Reply::ok("done")))
    }

    /// The places whose message changed after a MODSEQ.
    fn changed(&self, user: &User, places: Vec<usize>, since: u64) -> Vec<usize> {
        let Some(selected) = &self.selected else { return Vec::new() };
        let mailbox = user.mailbox();
        let Ok(folder) = mailbox.folder(&selected.name) else { return Vec::new() };
        let modseq = |place: &usize| Some(folder.messages[folder.place(*selected.view.get(*place)?)?].modseq);
        places.into_iter().filter(|place| modseq(place).is_some_and(|modseq| modseq > since)).collect()
    }

    /// MOVE (RFC 6851).
    fn move_messages(&mut self, user: &User, places: &[usize], to: &[u8]) -> Done {
        let code = match self.copy(user, places, to) {
            Ok(code) => code,
            Err(refused) => return Ok(refused),
        };
        if let Some(code) = code {
            self.untagged(&format!("OK {code} moved"))?;
        }
        let Some(selected) = &self.selected else { return Ok(Reply::bad("No folder is open")) };
        let uids: Vec<u32> = places.iter().filter_map(|place| selected.view.get(*place).copied()).collect();
        let result = user.mailbox().expunge(&selected.name, |message| uids.binary_search(&message.uid).is_ok());
        Ok(result.map_or_else(super::folders::refused, |()| Reply::ok("done")))
    }

    /// Copies messages; the code names the copies (COPYUID, RFC 4315).
    fn copy(&mut self, user: &User, places: &[usize], to: &[u8]) -> Result<Option<String>, Reply> {
        let taken = self.take(user, places);
        let uids: Vec<String> = taken.iter().map(|taken| taken.uid.to_string()).collect();
        let count = taken.len() as u32;
        let copies: Vec<NewMessage> = taken
            .into_iter()
            .map(|taken| NewMessage { content: taken.content, flags: taken.flags.to_vec(), date: taken.date })
            .collect();
        let mut mailbox = user.mailbox();
        if mailbox.selectable(to).is_err() {
            return Err(Reply::no("[TRYCREATE] There is no such folder"));
        }
        let first = mailbox.append(to, copies).map_err(super::folders::refused)?;
        let uid_validity = mailbox.folder(to).map_err(super::folders::refused)?.uid_validity;
        let has_copyuid = self.options.has("UIDPLUS") && count > 0;
        Ok(has_copyuid.then(|| format!("[COPYUID {uid_validity} {} {first}:{}]", uids.join(","), first + count - 1)))
    }
}

/// The MODSEQ in `(CHANGEDSINCE 12)`.
fn changed_since(modifiers: &Argument) -> Option<u64> {
    match modifiers.items() {
        [name, modseq] if name.word() == "CHANGEDSINCE" => modseq.word().parse().ok(),
        _ => None,
    }
}
