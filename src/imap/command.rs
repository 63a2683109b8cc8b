//! Commands, as values. [`ReadOnly`] is the allow-list of the source: nothing else can be sent there.

use crate::domain::Uid;

/// A command in parts, with a literal between every two.
#[derive(Debug, Clone)]
pub(super) struct Command {
    name: &'static str,
    parts: Vec<Part>,
    secret: bool,
}

/// A literal (none in the first part), and the text after it.
#[derive(Debug, Clone, Default)]
pub(super) struct Part {
    pub(super) literal: Vec<u8>,
    pub(super) text: Vec<u8>,
}

impl Command {
    /// A command of one word or more, without arguments that need quoting.
    pub(super) fn new(name: &'static str) -> Self {
        Self { name, parts: vec![Part { literal: Vec::new(), text: name.as_bytes().to_vec() }], secret: false }
    }

    /// Adds text unchanged.
    pub(super) fn plain(mut self, text: &str) -> Self {
        if let Some(last) = self.parts.last_mut() {
            last.text.push(b' ');
            last.text.extend_from_slice(text.as_bytes());
        }
        self
    }

    /// Adds a string: quoted if possible, else as a literal. Nothing in it can end the command.
    pub(super) fn string(mut self, octets: &[u8]) -> Self {
        let Some(last) = self.parts.last_mut() else { return self };
        last.text.push(b' ');
        match quoted(octets) {
            Some(quoted) => last.text.extend_from_slice(&quoted),
            None => self.parts.push(Part { literal: octets.to_vec(), text: Vec::new() }),
        }
        self
    }

    /// Keeps the arguments out of the log.
    pub(super) fn secret(mut self) -> Self {
        self.secret = true;
        self
    }

    pub(super) fn name(&self) -> &'static str {
        self.name
    }

    pub(super) fn parts(&self) -> &[Part] {
        &self.parts
    }

    pub(super) fn log_text(&self) -> String {
        if self.secret {
            return format!("{} (arguments not shown)", self.name);
        }
        let mut text = String::new();
        for (index, part) in self.parts.iter().enumerate() {
            if index > 0 {
                text.push_str(&format!("{{{} octets}}", part.literal.len()));
            }
            text.push_str(&String::from_utf8_lossy(&part.text));
        }
        super::response::printable(&text)
    }
}

/// The octets between quotes, if a quoted string may hold them (RFC 9051, `quoted`).
pub(super) fn quoted(octets: &[u8]) -> Option<Vec<u8>> {
    if octets.len() > 1000 || octets.iter().any(|&octet| !(b' '..=b'~').contains(&octet)) {
        return None;
    }
    let mut quoted = vec![b'"'];
    for &octet in octets {
        if matches!(octet, b'"' | b'\\') {
            quoted.push(b'\\');
        }
        quoted.push(octet);
    }
    quoted.push(b'"');
    Some(quoted)
}

/// Every command that may be sent to a source. None of them can change anything there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum ReadOnly {
    /// CAPABILITY
    Capability,
    /// ID with our name.
    Id,
    /// ENABLE UTF8=ACCEPT (RFC 6855), which changes how this session speaks and nothing else
    EnableUtf8,
    /// COMPRESS DEFLATE (RFC 4978), which changes how this session's octets travel and nothing else
    Compress,
    /// NAMESPACE
    Namespace,
    /// LIST "" "*", with what RFC 5258 and 6154 add when `extended`.
    List { extended: bool },
    /// LIST of what is below a folder or a prefix.
    ListBelow { reference: Vec<u8>, pattern: Vec<u8>, extended: bool },
    /// LIST "" "", which answers with nothing but the separator
    ListSeparator,
    /// LSUB "" "*"
    Lsub,
    /// EXAMINE
    Examine { wire_name: Vec<u8> },
    /// GETQUOTAROOT of INBOX (RFC 9208)
    QuotaRoot,
    /// STATUS (MESSAGES UIDNEXT UIDVALIDITY), with HIGHESTMODSEQ if changes are requested (RFC 7162).
    Status { wire_name: Vec<u8>, modseq: bool },
    /// GETMETADATA (RFC 5464), or GETANNOTATION of its draft, for the type that Kolab gave the folder
    FolderType { wire_name: Vec<u8>, metadata: bool },
    /// UID FETCH (UID FLAGS INTERNALDATE RFC822.SIZE), with X-GM-MSGID if the server has it.
    FetchHeads { set: String, permanent_ids: bool },
    /// UID FETCH (UID FLAGS), of the messages that changed since, where the server counts changes (RFC 7162).
    FetchFlags { changed_since: Option<u64> },
    /// UID FETCH (UID BODY.PEEK[])
    FetchBodies { set: String },
    /// UID FETCH (UID BODY.PEEK[HEADER.FIELDS (SUBJECT FROM)])
    FetchEnvelopes { set: String },
    /// UID FETCH (UID BODY.PEEK[HEADER.FIELDS (DATE)])
    FetchDates { set: String },
    /// NOOP
    Noop,
    /// UNSELECT (RFC 3691)
    Unselect,
    /// LOGOUT
    Logout,
}

impl ReadOnly {
    pub(super) fn command(&self) -> Command {
        match self {
            ReadOnly::Capability => Command::new("CAPABILITY"),
            ReadOnly::Id => Command::new("ID").plain("(\"name\" \"kimt\")"),
            ReadOnly::EnableUtf8 => Command::new("ENABLE").plain("UTF8=ACCEPT"),
            ReadOnly::Compress => Command::new("COMPRESS").plain("DEFLATE"),
            ReadOnly::Namespace => Command::new("NAMESPACE"),
            ReadOnly::List { extended: false } => Command::new("LIST").plain("\"\" \"*\""),
            ReadOnly::List { extended: true } => {
                Command::new("LIST").plain("\"\" \"*\" RETURN (SPECIAL-USE SUBSCRIBED)")
            }
            ReadOnly::ListBelow { reference, pattern, extended } => {
                let list = Command::new("LIST").string(reference).string(pattern);
                if *extended { list.plain("RETURN (SPECIAL-USE SUBSCRIBED)") } else { list }
            }
            ReadOnly::ListSeparator => Command::new("LIST").plain("\"\" \"\""),
            ReadOnly::Lsub => Command::new("LSUB").plain("\"\" \"*\""),
            ReadOnly::Examine { wire_name } => Command::new("EXAMINE").string(wire_name),
            ReadOnly::QuotaRoot => Command::new("GETQUOTAROOT").plain("INBOX"),
            ReadOnly::Status { wire_name, modseq: false } => {
                Command::new("STATUS").string(wire_name).plain("(MESSAGES UIDNEXT UIDVALIDITY)")
            }
            ReadOnly::Status { wire_name, modseq: true } => {
                Command::new("STATUS").string(wire_name).plain("(MESSAGES UIDNEXT UIDVALIDITY HIGHESTMODSEQ)")
            }
            ReadOnly::FolderType { wire_name, metadata: true } => {
                Command::new("GETMETADATA").string(wire_name).plain("(/shared/vendor/kolab/folder-type)")
            }
            ReadOnly::FolderType { wire_name, metadata: false } => {
                Command::new("GETANNOTATION").string(wire_name).plain("\"/vendor/kolab/folder-type\" \"value.shared\"")
            }
            ReadOnly::FetchFlags { changed_since: None } => Command::new("UID FETCH").plain("1:* (UID FLAGS)"),
            ReadOnly::FetchFlags { changed_since: Some(modseq) } => {
                Command::new("UID FETCH").plain(&format!("1:* (UID FLAGS) (CHANGEDSINCE {modseq})"))
            }
            ReadOnly::FetchHeads { set, permanent_ids: false } => {
                Command::new("UID FETCH").plain(set).plain("(UID FLAGS INTERNALDATE RFC822.SIZE)")
            }
            ReadOnly::FetchHeads { set, permanent_ids: true } => {
                Command::new("UID FETCH").plain(set).plain("(UID FLAGS INTERNALDATE RFC822.SIZE X-GM-MSGID)")
            }
            ReadOnly::FetchBodies { set } => Command::new("UID FETCH").plain(set).plain("(UID BODY.PEEK[])"),
            ReadOnly::FetchEnvelopes { set } => {
                Command::new("UID FETCH").plain(set).plain("(UID BODY.PEEK[HEADER.FIELDS (SUBJECT FROM)])")
            }
            ReadOnly::FetchDates { set } => {
                Command::new("UID FETCH").plain(set).plain("(UID BODY.PEEK[HEADER.FIELDS (DATE)])")
            }
            ReadOnly::Noop => Command::new("NOOP"),
            ReadOnly::Unselect => Command::new("UNSELECT"),
            ReadOnly::Logout => Command::new("LOGOUT"),
        }
    }
}

/// UIDs as a set with ranges: `1:5,8`.
pub(super) fn uid_set(uids: &[Uid]) -> String {
    let mut sorted: Vec<u32> = uids.iter().map(|uid| uid.0).collect();
    sorted.sort_unstable();
    sorted.dedup();
    let ranges = sorted.chunk_by(|one, next| one + 1 == *next).map(|range| match range {
        [first, .., last] => format!("{first}:{last}"),
        range => range.iter().map(u32::to_string).collect(),
    });
    ranges.collect::<Vec<_>>().join(",")
}

/// Reads `304,319:321`; none if it is not a set, or names more messages than any command of ours.
pub(super) fn read_uid_set(set: &str) -> Option<Vec<Uid>> {
    const MOST: u32 = 100_000;
    let mut uids = Vec::new();
    for range in set.split(',') {
        let (first, last) = range.split_once(':').unwrap_or((range, range));
        let (first, last): (u32, u32) = (first.trim().parse().ok()?, last.trim().parse().ok()?);
        if first == 0 || last < first || last - first >= MOST.saturating_sub(uids.len() as u32) {
            return None;
        }
        uids.extend((first..=last).map(Uid));
    }
    Some(uids)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_can_end_a_command() {
        let command = Command::new("EXAMINE").string(b"a\r\nK9 DELETE INBOX");
        assert_eq!(command.parts().len(), 2);
        assert_eq!(command.parts()[0].text, b"EXAMINE ");
        assert_eq!(Command::new("X").string(br#"a"b\"#).parts()[0].text, br#"X "a\"b\\""#);
        assert!(quoted("ü".as_bytes()).is_none());
    }

    #[test]
    fn the_log_shows_no_secret() {
        let command = Command::new("LOGIN").string(b"ann").string("gehe\u{ef}m".as_bytes()).secret();
        assert!(!command.log_text().contains("gehe") && !command.log_text().contains("ann"));
    }

    #[test]
    fn a_set_of_uids_is_written_in_ranges() {
        let set = |uids: &[u32]| uid_set(&uids.iter().map(|uid| Uid(*uid)).collect::<Vec<_>>());
        assert_eq!(set(&[5, 1, 2, 3, 9, 3]), "1:3,5,9");
        assert_eq!(set(&[u32::MAX]), u32::MAX.to_string());
    }

    /// The command after this one: a new command needs a place in this row, and so the test covers it.
    fn next(command: &ReadOnly) -> Option<ReadOnly> {
        let wire_name = || b"INBOX".to_vec();
        let set = || "1:*".to_owned();
        Some(match command {
            ReadOnly::Capability => ReadOnly::Id,
            ReadOnly::Id => ReadOnly::EnableUtf8,
            ReadOnly::EnableUtf8 => ReadOnly::Compress,
            ReadOnly::Compress => ReadOnly::Namespace,
            ReadOnly::Namespace => ReadOnly::List { extended: false },
            ReadOnly::List { extended: false } => ReadOnly::List { extended: true },
            ReadOnly::List { extended: true } => ReadOnly::ListSeparator,
            ReadOnly::ListSeparator => {
                ReadOnly::ListBelow { reference: b"a".to_vec(), pattern: b"*".to_vec(), extended: false }
            }
            ReadOnly::ListBelow { .. } => ReadOnly::Lsub,
            ReadOnly::Lsub => ReadOnly::Examine { wire_name: wire_name() },
            ReadOnly::Examine { .. } => ReadOnly::QuotaRoot,
            ReadOnly::QuotaRoot => ReadOnly::Status { wire_name: wire_name(), modseq: false },
            ReadOnly::Status { modseq: false, .. } => ReadOnly::Status { wire_name: wire_name(), modseq: true },
            ReadOnly::Status { modseq: true, .. } => ReadOnly::FolderType { wire_name: wire_name(), metadata: true },
            ReadOnly::FolderType { metadata: true, .. } => {
                ReadOnly::FolderType { wire_name: wire_name(), metadata: false }
            }
            ReadOnly::FolderType { metadata: false, .. } => ReadOnly::FetchFlags { changed_since: None },
            ReadOnly::FetchFlags { changed_since: None } => ReadOnly::FetchFlags { changed_since: Some(7) },
            ReadOnly::FetchFlags { changed_since: Some(_) } => {
                ReadOnly::FetchHeads { set: set(), permanent_ids: false }
            }
            ReadOnly::FetchHeads { permanent_ids: false, .. } => {
                ReadOnly::FetchHeads { set: set(), permanent_ids: true }
            }
            ReadOnly::FetchHeads { permanent_ids: true, .. } => ReadOnly::FetchBodies { set: set() },
            ReadOnly::FetchBodies { .. } => ReadOnly::FetchEnvelopes { set: set() },
            ReadOnly::FetchEnvelopes { .. } => ReadOnly::FetchDates { set: set() },
            ReadOnly::FetchDates { .. } => ReadOnly::Noop,
            ReadOnly::Noop => ReadOnly::Unselect,
            ReadOnly::Unselect => ReadOnly::Logout,
            ReadOnly::Logout => return None,
        })
    }

    #[test]
    fn no_command_for_a_source_can_change_anything() {
        let all: Vec<ReadOnly> = std::iter::successors(Some(ReadOnly::Capability), next).collect();
        assert_eq!(all.len(), 26);
        for command in all {
            let text = command.command().log_text();
            let changing =
                ["SELECT", "STORE", "EXPUNGE", "APPEND", "COPY", "MOVE", "CREATE", "DELETE", "RENAME", "CLOSE"];
            let words: Vec<&str> = text.split([' ', '(', ')']).collect();
            assert!(!changing.iter().any(|word| words.contains(word)), "{text}");
            assert!(!text.contains("BODY[") && (!text.contains("BODY") || text.contains("BODY.PEEK")), "{text}");
        }
    }
}
