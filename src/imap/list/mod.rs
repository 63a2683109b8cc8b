//! LIST, LSUB and NAMESPACE: which folders there are and what they are for. `namespaces` says which are the user's own, `below` asks for
//! what one LIST does not show, and `doubles` chooses between lines with one name.

mod below;
mod doubles;
mod namespaces;

use super::command::ReadOnly;
use super::error::ImapError;
use super::names::Naming;
use super::quota::FreeRoom;
use super::response::{Condition, Status, printable};
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
#[derive(Debug, Default)]
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
    let (mut free, mut unlisted) = (FreeRoom::default(), NotListed::default());
    let mut take = |pieces: &[Piece]| {
        take_line(&mut listed, pieces);
        if subscribed.len() < MOST_FOLDERS {
            subscribed.extend(parse(pieces, "LSUB").map(|listed| listed.wire_name));
        }
        spaces.take(pieces);
        if let Some(below_one) = FreeRoom::read(pieces) {
            free = free.and(below_one);
        }
        log_id(pieces);
    };
    let mut answers = Vec::with_capacity(tags.len());
    let mut tags = tags.into_iter();
    if let Some(tag) = tags.next() {
        // Only what is said before the end of LIST is said of the list.
        answers.push(wire.finish(tag, &mut |pieces| {
            unlisted.take(pieces);
            take(pieces);
        })?);
    }
    answers.extend(wire.finish_all(&tags.collect::<Vec<_>>(), &mut take)?);
    for (question, status) in questions.iter().zip(&answers) {
        log::debug!(target: "imap", "{question:?}: {status}");
    }
    // Some servers know no LSUB: then nothing is subscribed, which is no reason to fail. Nothing works without LIST.
    match answers.into_iter().next() {
        Some(status) if status.condition == Condition::Ok => unlisted.hear(&status),
        Some(status) if extended && status.pause(true).is_none() => {
            log::debug!(target: "imap", "LIST is asked for plainly after: {status}");
            wire.capabilities.remove("LIST-EXTENDED");
            return list(wire, ask_quota);
        }
        Some(status) => return Err(ImapError::Refused { command: "LIST", status }),
        None => {}
    }
    below::list_the_rest(wire, extended, &spaces, &mut listed, &mut unlisted)?;
    if listed.len() > MOST_FOLDERS {
        return Err(ImapError::Protocol(MailServerFault::TooManyFolders { most: MOST_FOLDERS }));
    }
    let separator = match spaces.separator().or_else(|| listed.iter().find_map(|folder| folder.separator)) {
        None if !listed.is_empty() => separator_alone(wire)?,
        known => known,
    };
    let mut naming =
        Naming { separator, prefix: spaces.naming_prefix(separator), utf8: wire.utf8, odd: BTreeMap::new() };
    let (listed, doubles) = doubles::one_of_each_name(listed);
    let containers = containers(&listed);
    let names: BTreeSet<Vec<u8>> = listed.iter().map(|folder| folder.wire_name.clone()).collect();
    let (odd, plain): (Vec<&Vec<u8>>, Vec<&Vec<u8>>) = names.iter().partition(|name| naming.is_odd(name));
    let mut paths: BTreeSet<FolderPath> = plain.into_iter().map(|name| naming.read(name)).collect();
    for name in odd {
        naming.note_odd(name, |path| paths.contains(path));
        paths.insert(naming.read(name));
    }
    let mut listing = Listing { separator, free, ..Listing::default() };
    let mut leave_out = |name: &[u8], reason| {
        let name = naming.text(name);
        let folder = if name.is_empty() { "(no name)".to_owned() } else { name };
        listing.left_out.push(LeftOut { folder, reason });
    };
    let mut is_first = true;
    for folder in listed {
        if let Some(reason) = left_out(&folder, &spaces, &containers) {
            if folder.is_selectable() || is_first {
                leave_out(&folder.wire_name, reason);
                is_first = false;
            }
        } else if let Some(own) = folder.to_folder(&naming, &subscribed) {
            listing.folders.push(own);
        } else if folder.is_selectable() && !folder.is_inbox() {
            leave_out(&folder.wire_name, LeftOutReason::Unnameable);
        }
    }
    doubles.iter().for_each(|name| leave_out(name, LeftOutReason::ListedTwice));
    listing
        .left_out
        .extend(unlisted.words.into_iter().map(|folder| LeftOut { folder, reason: LeftOutReason::NotListed }));
    Ok((listing, naming))
}

/// What a server says about folders that it does not list.
#[derive(Default)]
struct NotListed {
    words: BTreeSet<String>,
}

impl NotListed {
    /// At most this many different words are kept.
    const MOST: usize = 20;

    fn take(&mut self, pieces: &[Piece]) {
        if let Some(Piece::Text(text)) = pieces.first()
            && let Some(status) = Status::parse(text).filter(|status| status.condition == Condition::No)
        {
            self.hear(&status);
        }
    }

    /// A code that no complete answer has (RFC 5530). Complaints without one may be about anything.
    fn hear(&mut self, status: &Status) {
        const CODES: [&str; 7] = ["UNAVAILABLE", "SERVERBUG", "INUSE", "LIMIT", "PARTIAL", "CONTACTADMIN", "THROTTLED"];
        let says_so = CODES.iter().any(|code| status.has_code(code));
        if says_so {
            self.note(status);
        }
    }

    fn note(&mut self, status: &Status) {
        if self.words.len() < Self::MOST {
            self.words.insert(status.words());
        }
    }
}

/// Takes in an answer to LIST. A folder that holds no mail and cannot be named does not count.
fn take_line(listed: &mut Vec<Listed>, pieces: &[Piece]) {
    if listed.len() <= MOST_FOLDERS {
        listed.extend(parse(pieces, "LIST").filter(|folder| folder.nameable || folder.is_selectable()));
    }
}

/// The folders that hold no mail themselves.
fn containers(listed: &[Listed]) -> BTreeSet<Vec<u8>> {
    listed.iter().filter(|folder| !folder.is_selectable()).map(|folder| folder.wire_name.clone()).collect()
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

    /// Whether it can be opened.
    fn is_selectable(&self) -> bool {
        !self.has("\\Noselect") && !self.has("\\NonExistent")
    }

    /// Whether it is INBOX, which may be listed with the separator at its end.
    fn is_inbox(&self) -> bool {
        self.without_separator().unwrap_or(&self.wire_name).eq_ignore_ascii_case(b"INBOX")
    }

    /// What the names of the folders below it begin with.
    fn prefix(&self) -> Option<Vec<u8>> {
        let separator = self.separator?.to_string();
        let name = self.without_separator().unwrap_or(&self.wire_name);
        Some([name, separator.as_bytes()].concat())
    }

    /// Its name without the separator it ends with; none if it is nothing else, or ends with more than one.
    fn without_separator(&self) -> Option<&[u8]> {
        let mut octets = [0; 4];
        let separator = self.separator?.encode_utf8(&mut octets).as_bytes();
        self.wire_name.strip_suffix(separator).filter(|name| !name.is_empty() && !name.ends_with(separator))
    }

    /// None for what no path can name, and for `INBOX.`, which is not a second INBOX.
    fn to_folder(&self, naming: &Naming, subscribed: &BTreeSet<Vec<u8>>) -> Option<Folder> {
        let path = naming.read(&self.wire_name);
        if self.wire_name.len() > b"INBOX".len() && self.is_inbox() || path.parts().iter().all(String::is_empty) {
            return None;
        }
        let special_use = if path.is_inbox() { Some(SpecialUse::Inbox) } else { special_use(self) };
        Some(Folder {
            subscribed: self.has("\\Subscribed") || subscribed.contains(&self.wire_name) || path.is_inbox(),
            selectable: self.is_selectable(),
            special_use,
            path,
            wire_name: self.wire_name.clone(),
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
        let _ = listed.to_folder(&naming, &BTreeSet::new());
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
