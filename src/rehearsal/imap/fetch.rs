//! The items of FETCH, and the answers to them (RFC 9051, sections 6.4.5 and 7.5.2).

use super::channel::Channel;
use super::parser::Argument;
use super::taken::Taken;
use std::io;
use std::ops::Range;

/// What FETCH can ask of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum FetchItem {
    Uid,
    Flags,
    InternalDate,
    Size,
    /// A message's number across all folders (Gmail's X-GM-MSGID).
    PermanentId,
    Body(Body),
}

/// A part of a message's bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Body {
    /// Its name in the answer: `BODY[HEADER]<0>`.
    name: String,
    section: Section,
    /// First byte and number of bytes.
    part: Option<(u64, u64)>,
    /// Whether \Seen stays unchanged.
    peeks: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Section {
    Whole,
    Header,
    /// Fields in upper case.
    Fields(Vec<String>),
    Text,
}

impl FetchItem {
    /// Whether it needs the message's bytes.
    pub(super) fn is_body(&self) -> bool {
        matches!(self, FetchItem::Body(_))
    }

    /// Whether it sets \Seen.
    pub(super) fn sees(&self) -> bool {
        matches!(self, FetchItem::Body(body) if !body.peeks)
    }
}

/// Reads the items; UID FETCH always includes the UID. None if an item is unknown.
pub(super) fn items(argument: &Argument, by_uid: bool) -> Option<Vec<FetchItem>> {
    let mut items = Vec::new();
    if by_uid {
        items.push(FetchItem::Uid);
    }
    for argument in argument.items() {
        match argument.word().as_str() {
            "UID" => items.push(FetchItem::Uid),
            "FLAGS" => items.push(FetchItem::Flags),
            "INTERNALDATE" => items.push(FetchItem::InternalDate),
            "RFC822.SIZE" => items.push(FetchItem::Size),
            "X-GM-MSGID" => items.push(FetchItem::PermanentId),
            "FAST" => items.extend([FetchItem::Flags, FetchItem::InternalDate, FetchItem::Size]),
            "RFC822" => items.push(named("RFC822", Section::Whole, false)),
            "RFC822.HEADER" => items.push(named("RFC822.HEADER", Section::Header, true)),
            "RFC822.TEXT" => items.push(named("RFC822.TEXT", Section::Text, false)),
            word => items.push(FetchItem::Body(body(word)?)),
        }
    }
    let mut once: Vec<FetchItem> = Vec::new();
    for item in items {
        if !once.contains(&item) {
            once.push(item);
        }
    }
    Some(once)
}

fn named(name: &str, section: Section, peeks: bool) -> FetchItem {
    FetchItem::Body(Body { name: name.to_owned(), section, part: None, peeks })
}

/// Reads `BODY[…]` or `BODY.PEEK[…]`, with or without `<first.count>`.
fn body(word: &str) -> Option<Body> {
    let (peeks, rest) = match word.strip_prefix("BODY.PEEK[") {
        Some(rest) => (true, rest),
        None => (false, word.strip_prefix("BODY[")?),
    };
    let (inner, after) = rest.split_once(']')?;
    let section = match inner {
        "" => Section::Whole,
        "HEADER" => Section::Header,
        "TEXT" => Section::Text,
        fields => {
            let fields = fields.strip_prefix("HEADER.FIELDS (")?.strip_suffix(')')?;
            Section::Fields(fields.split_ascii_whitespace().map(|field| field.trim_matches('"').to_owned()).collect())
        }
    };
    let part = match after {
        "" => None,
        part => {
            let (first, count) = part.strip_prefix('<')?.strip_suffix('>')?.split_once('.')?;
            Some((first.parse().ok()?, count.parse().ok()?))
        }
    };
    let name = match part {
        Some((first, _)) => format!("BODY[{inner}]<{first}>"),
        None => format!("BODY[{inner}]"),
    };
    Some(Body { name, section, part, peeks })
}

/// Writes one answer; `with_flags` adds FLAGS if the command changed them.
pub(super) fn answer(channel: &mut Channel, taken: &Taken, items: &[FetchItem], with_flags: bool) -> io::Result<()> {
    channel.put(format!("* {} FETCH (", taken.number).as_bytes())?;
    let flags = [FetchItem::Flags];
    let added: &[FetchItem] = if with_flags && !items.contains(&FetchItem::Flags) { &flags } else { &[] };
    for (index, item) in items.iter().chain(added).enumerate() {
        if index > 0 {
            channel.put(b" ")?;
        }
        match item {
            FetchItem::Uid => channel.put(format!("UID {}", taken.uid).as_bytes())?,
            FetchItem::Flags => channel.put(format!("FLAGS ({})", taken.flags.join(" ")).as_bytes())?,
            FetchItem::InternalDate => {
                channel.put(taken.date.format("INTERNALDATE \"%e-%b-%Y %H:%M:%S %z\"").to_string().as_bytes())?;
            }
            FetchItem::Size => channel.put(format!("RFC822.SIZE {}", taken.content.size()).as_bytes())?,
            FetchItem::PermanentId => channel.put(format!("X-GM-MSGID {}", permanent_id(taken)).as_bytes())?,
            FetchItem::Body(body) => put_body(channel, taken, body)?,
        }
    }
    channel.put(b")\r\n")
}

/// Equal messages have the same number: a label is not a copy.
fn permanent_id(taken: &Taken) -> u64 {
    taken.content.digest().0[..8].iter().fold(0, |number, byte| number << 8 | u64::from(*byte))
}

fn put_body(channel: &mut Channel, taken: &Taken, body: &Body) -> io::Result<()> {
    let size = taken.content.size();
    let within = |range: Range<u64>| match body.part {
        Some((first, count)) => {
            let start = range.start.saturating_add(first).min(range.end);
            start..start.saturating_add(count).min(range.end)
        }
        None => range,
    };
    let range = match &body.section {
        Section::Whole => 0..size,
        Section::Header => 0..taken.content.header().len() as u64,
        Section::Text => taken.content.header().len() as u64..size,
        Section::Fields(fields) => {
            let chosen = choose(&taken.content.header(), fields);
            let range = within(0..chosen.len() as u64);
            let chosen = &chosen[range.start as usize..range.end as usize];
            channel.put(format!("{} {{{}}}\r\n", body.name, chosen.len()).as_bytes())?;
            return channel.put(chosen);
        }
    };
    let range = within(range);
    channel.put(format!("{} {{{}}}\r\n", body.name, range.end - range.start).as_bytes())?;
    taken.content.read(range, &mut |chunk| chunk.chunks(32 * 1024).try_for_each(|chunk| channel.put(chunk)))
}

/// The requested fields of a header, and the blank line.
fn choose(header: &[u8], fields: &[String]) -> Vec<u8> {
    let mut chosen = Vec::new();
    let mut takes = false;
    for line in header.split_inclusive(|byte| *byte == b'\n') {
        if !line.starts_with(b" ") && !line.starts_with(b"\t") {
            let name = line.split(|byte| *byte == b':').next().unwrap_or_default();
            takes = fields.iter().any(|field| field.as_bytes().eq_ignore_ascii_case(name));
        }
        if takes {
            chosen.extend_from_slice(line);
        }
    }
    chosen.extend_from_slice(b"\r\n");
    chosen
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_are_read_and_what_is_unknown_is_refused() {
        let read = |word: &str| items(&Argument::Atom(word.as_bytes().to_vec()), true);
        let whole = read("body.peek[]<10.20>").unwrap();
        assert!(!whole[1].sees() && matches!(&whole[1], FetchItem::Body(body) if body.name == "BODY[]<10>"));
        assert!(read("BODY[HEADER.FIELDS (TO \"CC\")]").unwrap()[1].sees());
        for unknown in ["ENVELOPE", "BODY[", "BODY[1.2]", "BODY[]<1>", "BODY[]<1.2"] {
            assert_eq!(read(unknown), None, "{unknown}");
        }
    }

    #[test]
    fn chosen_fields_come_with_their_continuation_lines() {
        let header = b"To: a\r\nSubject: b\r\n c\r\nX: d\r\n\r\n";
        assert_eq!(choose(header, &["SUBJECT".to_owned()]), b"Subject: b\r\n c\r\n\r\n");
    }
}
