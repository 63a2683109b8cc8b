//! Opens and leaves a folder, and tells the client what has changed in it.

use super::super::store::{Folder, User};
use super::options::ImapOptions;
use super::parser::Argument;
use super::session::{Done, Reply, Selected, Session};
use std::collections::BTreeSet;
use std::io;

/// Flags that every server knows (RFC 9051, section 2.3.2), except \Recent.
const SYSTEM_FLAGS: [&str; 5] = ["\\Answered", "\\Flagged", "\\Deleted", "\\Seen", "\\Draft"];
/// The only keywords that Kerio Connect keeps (docs/kerio-connect.md, D4).
const KERIO_KEYWORDS: [&str; 6] = ["$MDNSent", "$Forwarded", "$AutoJunk", "$AutoNotJunk", "$Junk", "$NotJunk"];
/// The most flags of one message.
const MOST_FLAGS: usize = 100;

/// A system flag in its usual spelling.
pub(super) fn system_flag(flag: &str) -> Option<&'static str> {
    SYSTEM_FLAGS.into_iter().find(|known| known.eq_ignore_ascii_case(flag))
}

/// The flags that the server keeps: known system flags, and keywords if it supports them, each once.
pub(super) fn kept_flags(flags: &[String], options: &ImapOptions) -> Vec<String> {
    let mut kept: Vec<String> = Vec::new();
    for flag in flags {
        let spelling = match system_flag(flag) {
            Some(known) => known,
            None if flag.starts_with('\\') => continue,
            None if options.kerio.is_none() => flag.as_str(),
            None => match KERIO_KEYWORDS.into_iter().find(|known| known.eq_ignore_ascii_case(flag)) {
                Some(known) => known,
                None => continue,
            },
        };
        if kept.len() < MOST_FLAGS && !kept.iter().any(|found| found.eq_ignore_ascii_case(spelling)) {
            kept.push(spelling.to_owned());
        }
    }
    kept
}

impl Session {
    pub(super) fn open_or_close(&mut self, user: &User, name: &str, arguments: &[Argument]) -> Done {
        match (name, arguments) {
            ("SELECT" | "EXAMINE", [folder]) => match folder.text() {
                Some(folder) => self.open(user, folder, name == "EXAMINE"),
                None => Ok(Reply::bad("A folder is missing")),
            },
            ("UNSELECT", []) if self.options.has("UNSELECT") && self.selected.is_some() => {
                self.selected = None;
                Ok(Reply::ok("done"))
            }
            ("CLOSE", []) => match self.selected.take() {
                Some(selected) if !selected.read_only => {
                    let deleted = |flags: &[String]| flags.iter().any(|flag| flag == "\\Deleted");
                    let result = user.mailbox().expunge(&selected.name, |message| deleted(&message.flags));
                    Ok(result.map_or_else(super::folders::refused, |()| Reply::ok("done")))
                }
                Some(_) => Ok(Reply::ok("done")),
                None => Ok(Reply::bad("No folder is open")),
            },
            _ => Ok(Reply::bad("Unknown command or wrong arguments")),
        }
    }

    fn open(&mut self, user: &User, name: &[u8], read_only: bool) -> Done {
        self.selected = None;
        let mut lines = Vec::new();
        {
            let mailbox = user.mailbox();
            let folder = match mailbox.selectable(name) {
                Ok(folder) => folder,
                Err(error) => return Ok(super::folders::refused(error)),
            };
            let (flags, permanent) = flag_lists(folder, &self.options);
            lines.push(format!("FLAGS ({flags})"));
            let permanent = if read_only { String::new() } else { permanent };
            lines.push(format!("OK [PERMANENTFLAGS ({permanent})] Flags kept"));
            lines.push(format!("{} EXISTS", folder.messages.len()));
            lines.push("0 RECENT".to_owned());
            lines.push(format!("OK [UIDVALIDITY {}] UIDs valid", folder.uid_validity));
            lines.push(format!("OK [UIDNEXT {}] Predicted next UID", folder.uid_next));
            if self.options.has("CONDSTORE") {
                lines.push(format!("OK [HIGHESTMODSEQ {}] Highest", folder.modseq));
            }
            self.selected = Some(Selected {
                name: folder.name.clone(),
                uid_validity: folder.uid_validity,
                read_only,
                view: folder.messages.iter().map(|message| message.uid).collect(),
                removals: folder.removals,
            });
        }
        lines.iter().try_for_each(|line| self.untagged(line))?;
        Ok(Reply::ok(if read_only { "[READ-ONLY] open" } else { "[READ-WRITE] open" }))
    }

    /// Announces changes in the open folder since the last announcement.
    pub(super) fn report_changes(&mut self) -> io::Result<()> {
        let (Some(user), Some(selected)) = (self.user.clone(), &mut self.selected) else { return Ok(()) };
        let mut gone = Vec::new();
        let mut arrived = None;
        {
            let mailbox = user.mailbox();
            // A folder that was deleted or renumbered meanwhile announces nothing; commands on it are refused.
            let Some(folder) =
                mailbox.folder(&selected.name).ok().filter(|folder| folder.uid_validity == selected.uid_validity)
            else {
                return Ok(());
            };
            // A folder restored from a backup has fewer messages without having removed any.
            if folder.removals != selected.removals || folder.messages.len() < selected.view.len() {
                selected.removals = folder.removals;
                for (index, uid) in selected.view.iter().enumerate().rev() {
                    if folder.place(*uid).is_none() {
                        gone.push(index + 1);
                    }
                }
                selected.view.retain(|uid| folder.place(*uid).is_some());
            }
            if folder.messages.len() > selected.view.len() {
                let arrivals = folder.messages.iter().skip(selected.view.len());
                selected.view.extend(arrivals.map(|message| message.uid));
                arrived = Some(folder.messages.len());
            }
        }
        for number in gone {
            self.untagged(&format!("{number} EXPUNGE"))?;
        }
        if let Some(messages) = arrived {
            self.untagged(&format!("{messages} EXISTS"))?;
            self.untagged("0 RECENT")?;
        }
        Ok(())
    }
}

/// The flags in use, and those that are kept.
fn flag_lists(folder: &Folder, options: &ImapOptions) -> (String, String) {
    let system = SYSTEM_FLAGS.join(" ");
    if options.kerio.is_some() {
        let all = format!("{system} {}", KERIO_KEYWORDS.join(" "));
        return (all.clone(), all);
    }
    let used: BTreeSet<&str> = folder
        .messages
        .iter()
        .flat_map(|message| message.flags.iter())
        .map(String::as_str)
        .filter(|flag| !flag.starts_with('\\'))
        .take(10_000)
        .collect();
    let keywords: String = used.iter().take(500).flat_map(|flag| [" ", flag]).collect();
    (format!("{system}{keywords}"), format!("{system}{keywords} \\*"))
}
