//! LIST, LSUB and NAMESPACE: which folders there are and what they are for; `namespaces` says which are the user's own.

mod namespaces;

use super::command::ReadOnly;
use super::error::ImapError;
use super::names::Naming;
use super::opened::status_key;
use super::quota::FreeRoom;
use super::response::{Condition, printable};
use super::token::{Piece, Token, Tokens};
use super::wire::Wire;
use super::written_name::name;
use crate::domain::{Folder, FolderPath, LeftOut, LeftOutReason, MailServerFault, SpecialUse};
use namespaces::{Namespaces, left_out};
use std::collections::{BTreeMap, BTreeSet};

/// The folders of a session.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Listing {
    /// The user's own folders, in the server's order.
    pub folders: Vec<Folder>,
    /// Folders that belong to others or are shared.
    pub left_out: Vec<LeftOut>,
    /// The character between the parts of a name.
    pub separator: Option<char>,
    /// The free room of INBOX, if it was asked for and as far as the server reports it.
    pub free: FreeRoom,
}

/// One answer to LIST or LSUB. One that cannot be read has no name.
#[derive(Default)]
struct Listed {
    attributes: Vec<String>,
    separator: Option<char>,
    /// Only its beginning where it is longer than [`LONGEST_NAME`].
    wire_name: Vec<u8>,
    /// Whether a command can name it.
    nameable: bool,
    /// The name as it was written; empty if it came as a literal.
    written: Vec<u8>,
}

/// At most this many folders of one account.
const MOST_FOLDERS: usize = 200_000;

/// The longest name of a folder, in octets: commands are kept below 8,000.
const LONGEST_NAME: usize = 4000;

/// Lists the folders, how the server writes their names, and with `ask_quota` how much room there is. Sends all questions before it reads
/// the first answer. Afterwards the connection to a server far away is compressed.
pub(super) fn list(wire: &mut Wire, ask_quota: bool) -> Result<(Listing, Naming), ImapError> {
    let extended = wire.capabilities.has("LIST-EXTENDED") && wire.capabilities.has("SPECIAL-USE");
    let mut questions = vec![ReadOnly::List { extended }];
    if !extended {
        questions.push(ReadOnly::Lsub);
    }
    if wire.capabilities.has("NAMESPACE") {
        questions.push(ReadOnly::Namespace);
    }
    if ask_quota && wire.capabilities.has("QUOTA") {
        questions.push(ReadOnly::QuotaRoot);
    }
    let compression_is_due = wire.compression_is_due()?;
    let mut tags = questions.iter().map(|question| wire.send(&question.command())).collect::<Result<Vec<_>, _>>()?;
    // As the last of several questions it costs no round trip of its own.
    if compression_is_due {
        tags.push(wire.ask_to_compress()?);
    }
    let (mut listed, mut subscribed, mut spaces) = (Vec::new(), BTreeSet::new(), Namespaces::default());
    let mut free = FreeRoom::default();
    let answers = wire.finish_all(&tags, &mut |pieces| {
        if listed.len() <= MOST_FOLDERS {
            // A folder that holds no mail and cannot be named does not count.
            listed.extend(parse(pieces, "LIST").filter(|folder| folder.nameable || !folder.has("\\Noselect")));
        }
        if subscribed.len() < MOST_FOLDERS {
            subscribed.extend(parse(pieces, "LSUB").map(|listed| listed.wire_name));
        }
        spaces.take(pieces);
        if let Some(below_one) = FreeRoom::read(pieces) {
            free = free.and(below_one);
        }
        log_id(pieces);
    })?;
    for (question, status) in questions.iter().zip(&answers) {
        log::debug!(target: "imap", "{question:?}: {status}");
    }
    // Some servers know no LSUB: then nothing is subscribed, which is no reason to fail. Nothing works without LIST.
    if let Some(status) = answers.into_iter().next().filter(|status| status.condition != Condition::Ok) {
        if extended && status.pause(true).is_none() {
            wire.capabilities.remove("LIST-EXTENDED");
            return list(wire, ask_quota);
        }
        return Err(ImapError::Refused { command: "LIST", status });
    }
    if listed.len() > MOST_FOLDERS {
        return Err(ImapError::Protocol(MailServerFault::TooManyFolders { most: MOST_FOLDERS }));
    }
    let separator = match spaces.separator.or_else(|| listed.iter().find_map(|folder| folder.separator)) {
        None if !listed.is_empty() => separator_alone(wire)?,
        known => known,
    };
    let mut naming = Naming { separator, prefix: spaces.personal.clone(), utf8: wire.utf8, odd: BTreeMap::new() };
    let containers: BTreeSet<Vec<u8>> =
        listed.iter().filter(|folder| folder.has("\\Noselect")).map(|folder| folder.wire_name.clone()).collect();
    let mut listing = Listing { separator, free, ..Listing::default() };
    let names: BTreeSet<Vec<u8>> = listed.iter().map(|folder| folder.wire_name.clone()).collect();
    let (odd, plain): (Vec<&Vec<u8>>, Vec<&Vec<u8>>) = names.iter().partition(|name| naming.is_odd(name));
    let mut paths: BTreeSet<FolderPath> = plain.into_iter().map(|name| naming.read(name)).collect();
    for name in odd {
        naming.note_odd(name, |path| paths.contains(path));
        paths.insert(naming.read(name));
    }
    let mut seen: BTreeMap<Vec<u8>, Vec<u8>> = BTreeMap::new();
    for folder in listed {
        // Some servers list a folder that can hold others once more, with a separator at the end.
        if folder.without_separator().is_some_and(|name| names.contains(name)) {
            continue;
        }
        if let Some(written) = seen.insert(status_key(&folder.wire_name), folder.written.clone()) {
            // Two lines that differ and give one name may be two folders, of which only one can be opened.
            if written != folder.written && !folder.has("\\Noselect") {
                let folder = naming.text(&folder.wire_name);
                listing.left_out.push(LeftOut { folder, reason: LeftOutReason::ListedTwice });
            }
            continue;
        }
        match left_out(&folder, &spaces, &containers) {
            Some(reason) => {
                if !folder.has("\\Noselect") || listing.left_out.is_empty() {
                    let name = naming.text(&folder.wire_name);
                    let folder = if name.is_empty() { "(no name)".to_owned() } else { name };
                    listing.left_out.push(LeftOut { folder, reason });
                }
            }
            None => {
                let own = folder.into_folder(&naming, &subscribed);
                listing.folders.extend(own);
            }
        }
    }
    Ok((listing, naming))
}

/// Asks for the separator alone (RFC 9051, section 6.3.9): some servers give none for an INBOX without folders below it. If there is none
/// here either, the server has no folders below folders.
fn separator_alone(wire: &mut Wire) -> Result<Option<char>, ImapError> {
    let mut found = None;
    wire.run(&ReadOnly::ListSeparator.command(), &mut |pieces| found = found.or(separator_in(pieces)))?;
    Ok(found)
}

/// The separator in an answer to LIST, whatever name follows it.
fn separator_in(pieces: &[Piece]) -> Option<char> {
    let mut tokens = Tokens::new(pieces);
    let lists = tokens.next()?.is("LIST") && tokens.next()? == Token::Open;
    tokens.skip_list();
    lists.then(|| separator(&tokens.next()?)).flatten()
}

impl Listed {
    fn has(&self, attribute: &str) -> bool {
        self.attributes.iter().any(|found| found.eq_ignore_ascii_case(attribute))
    }

    /// Its name without the separator it ends with.
    fn without_separator(&self) -> Option<&[u8]> {
        let mut octets = [0; 4];
        self.wire_name.strip_suffix(self.separator?.encode_utf8(&mut octets).as_bytes())
    }

    fn into_folder(self, naming: &Naming, subscribed: &BTreeSet<Vec<u8>>) -> Option<Folder> {
        let path = naming.read(&self.wire_name);
        // The prefix of the namespace itself, listed as a folder, is not the user's, and `INBOX.` is not a second INBOX.
        if self.wire_name == naming.prefix || path.parts().iter().all(String::is_empty) {
            return None;
        }
        let special_use = if path.is_inbox() { Some(SpecialUse::Inbox) } else { special_use(&self) };
        Some(Folder {
            subscribed: self.has("\\Subscribed") || subscribed.contains(&self.wire_name) || path.is_inbox(),
            selectable: !self.has("\\Noselect") && !self.has("\\NonExistent"),
            special_use,
            path,
            wire_name: self.wire_name,
        })
    }
}

/// The use of a folder by its attributes (RFC 6154, RFC 8457; Gmail's older XLIST names).
fn special_use(folder: &Listed) -> Option<SpecialUse> {
    let of = |attribute: &str| match attribute.to_ascii_lowercase().as_str() {
        "\\sent" => Some(SpecialUse::Sent),
        "\\drafts" => Some(SpecialUse::Drafts),
        "\\trash" => Some(SpecialUse::Trash),
        "\\junk" | "\\spam" => Some(SpecialUse::Junk),
        "\\archive" => Some(SpecialUse::Archive),
        "\\all" | "\\allmail" => Some(SpecialUse::All),
        "\\flagged" | "\\starred" => Some(SpecialUse::Flagged),
        "\\important" => Some(SpecialUse::Important),
        _ => None,
    };
    folder.attributes.iter().find_map(|attribute| of(attribute))
}

/// Writes into the log what the server calls itself (RFC 2971).
fn log_id(pieces: &[Piece]) {
    let mut tokens = Tokens::new(pieces);
    if tokens.next().is_some_and(|token| token.is("ID")) {
        let words = tokens.take(60).filter_map(|token| Some(String::from_utf8_lossy(token.text()?).into_owned()));
        log::debug!(target: "imap", "ID: {}", printable(&words.collect::<Vec<_>>().join(" ")));
    }
}

fn separator(token: &Token<'_>) -> Option<char> {
    token.text().and_then(|text| std::str::from_utf8(text).ok()).and_then(|text| text.chars().next())
}

/// Reads an answer in every way of this module, for fuzzing.
pub(super) fn read_all(pieces: &[Piece]) {
    let folder = parse(pieces, "LIST").or_else(|| parse(pieces, "LSUB"));
    if let Some(listed) = folder {
        let naming = Naming { separator: listed.separator, ..Naming::default() };
        let _ = left_out(&listed, &Namespaces::default(), &BTreeSet::new());
        let _ = listed.into_folder(&naming, &BTreeSet::new());
    }
    Namespaces::default().take(pieces);
}

/// The name in an answer to LIST.
pub(super) fn listed_name(pieces: &[Piece]) -> Option<Vec<u8>> {
    parse(pieces, "LIST").filter(|listed| listed.nameable).map(|listed| listed.wire_name)
}

/// The folder in an answer to this command; none for another answer.
fn parse(pieces: &[Piece], command: &str) -> Option<Listed> {
    let mut tokens = Tokens::new(pieces);
    tokens.next()?.is(command).then(|| parse_folder(&mut tokens).unwrap_or_default())
}

fn parse_folder(tokens: &mut Tokens<'_>) -> Option<Listed> {
    if tokens.next()? != Token::Open {
        return None;
    }
    let mut attributes = Vec::new();
    for token in tokens.by_ref() {
        match token {
            Token::Close => break,
            Token::Atom(attribute) if attributes.len() < 50 => {
                attributes.push(String::from_utf8_lossy(attribute).into_owned());
            }
            _ => {}
        }
    }
    // Domino's separator is a backslash, which some versions do not escape.
    let separator = if tokens.skip(br#""\" "#) { Some('\\') } else { separator(&tokens.next()?) };
    let written = tokens.rest_of_line();
    let mut wire_name = match name(written) {
        Some(name) => name,
        // A literal.
        None => tokens.next()?.text()?.to_vec(),
    };
    let nameable = !wire_name.is_empty() && wire_name.len() <= LONGEST_NAME && !wire_name.contains(&0);
    wire_name.truncate(LONGEST_NAME);
    Some(Listed { attributes, separator, wire_name, nameable, written: written.to_vec() })
}

#[cfg(test)]
mod tests;
