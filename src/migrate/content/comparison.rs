//! Compares a message on the target with the source's: byte for byte, and if they differ, what was changed.
//!
//! A [`Summary`] is made while a message streams by, in little memory however large the message is.
//!
//! - CRLF, LF and a bare CR each count as one line ending, so that a server may write a different one. A CR that is gone without a line
//!   ending in its place is damage: lines were joined, and binary parts lost bytes.
//! - Header fields that the target added are harmless if they are trace fields or begin with `X-`, and all others are unchanged and in the
//!   same order. Any other field changes what a person sees: a second From or Subject, another Content-Type.
//! - A continuation line belongs to its field, so a line added after a field changes that field.
//! - What remains of a damaged message is recognised, so that the message is reported as altered, not as missing beside an unknown one.

use super::reading::Measure;
use crate::domain::{Digest, Note};
use std::collections::HashSet;
use std::hash::{DefaultHasher, Hasher};

/// How a message on the target compares with the one on the source, the best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Comparison {
    /// Byte for byte.
    Equal,
    /// Equal except for one line ending at the end.
    FinalLineEnd,
    /// Equal except for the form of line endings.
    LineEnds,
    /// Equal except for trace and `X-` fields that the server added, and line endings.
    HeaderAdded,
    /// The same message, damaged.
    Altered(Alteration),
    /// Another message.
    Different,
}

/// What was done to a message that is still recognised.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Alteration {
    /// Its header differs; its body is the same.
    Header,
    /// Carriage returns were deleted without a line ending in their place.
    CarriageReturns,
    /// Its body differs; it has the same Message-ID and Date, and most of its header.
    Body,
}

impl Comparison {
    /// Whether nothing of the message was lost and nothing changed its meaning.
    pub fn is_harmless(self) -> bool {
        self <= Comparison::HeaderAdded
    }

    /// What the target changed; none for an equal message or a different one.
    pub fn note(self) -> Option<Note> {
        match self {
            Comparison::Equal | Comparison::Different => None,
            Comparison::FinalLineEnd => Some(Note::FinalLineEndChanged),
            Comparison::LineEnds => Some(Note::LineEndsChanged),
            Comparison::HeaderAdded => Some(Note::HeaderLinesAdded),
            Comparison::Altered(Alteration::Header) => Some(Note::HeaderChanged),
            Comparison::Altered(Alteration::CarriageReturns) => Some(Note::CarriageReturnsDeleted),
            Comparison::Altered(Alteration::Body) => Some(Note::BodyChanged),
        }
    }
}

/// A fingerprint of a message's content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// Its size in bytes.
    pub bytes: u64,
    /// The digest of its bytes.
    pub digest: Digest,
    /// The digest with every line ending as LF and none at the end.
    text: Digest,
    /// The same for the body alone.
    body: Digest,
    /// The digest with every CR left out and no LF at the end.
    without_cr: Digest,
    /// A hash of the line endings before the end of the text.
    line_ends: u64,
    /// How many line endings are at the end.
    at_end: u64,
    header: Header,
}

/// The fields of a header, each as a hash, in order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Header {
    fields: Vec<Field>,
    /// The first Message-ID, as a hash of the field without its white space.
    message_id: Option<u64>,
    /// The first Date, likewise.
    date: Option<u64>,
    /// What follows the first [`Header::MOST`] fields, as one hash.
    rest: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Field {
    hash: u64,
    /// Whether a server may add it without changing what the message says.
    is_trace: bool,
}

/// A key that two messages share if they compare in a certain way.
pub type Likeness = (Digest, u64);

impl Summary {
    /// The keys to look for a message among others, the best comparison first: messages that compare in that way share the key, so that a
    /// message need not be compared with every other.
    pub const LIKENESSES: [fn(&Summary) -> Likeness; 6] = [
        |summary| (summary.text, summary.line_ends),
        |summary| (summary.text, 0),
        Summary::meaning,
        |summary| (summary.without_cr, 0),
        |summary| (summary.body, 0),
        |summary| summary.header.identity().map_or((summary.digest, 0), |identity| (Digest::of(b""), identity)),
    ];

    /// A key that all forms of a message share that differ only in trace fields and line endings.
    pub fn meaning(&self) -> Likeness {
        (self.body, self.header.meaning())
    }

    /// The number of its header fields.
    pub fn fields(&self) -> usize {
        self.header.fields.len()
    }

    /// Compares a message of the source (`self`) with one of the target.
    pub fn compare(&self, stored: &Summary) -> Comparison {
        let same_body = self.body == stored.body;
        if self.digest == stored.digest {
            Comparison::Equal
        } else if self.text == stored.text {
            let only_at_end = self.line_ends == stored.line_ends && self.at_end.abs_diff(stored.at_end) <= 1;
            if only_at_end { Comparison::FinalLineEnd } else { Comparison::LineEnds }
        } else if same_body && stored.header.only_adds_to(&self.header) {
            Comparison::HeaderAdded
        } else if self.without_cr == stored.without_cr {
            Comparison::Altered(Alteration::CarriageReturns)
        } else if same_body && stored.header.is_mostly(&self.header) {
            Comparison::Altered(Alteration::Header)
        } else if self.header.identity().is_some_and(|it| stored.header.identity() == Some(it))
            && stored.header.has_half_of(&self.header)
        {
            Comparison::Altered(Alteration::Body)
        } else {
            Comparison::Different
        }
    }
}

impl Header {
    /// At most this many fields are kept one by one.
    const MOST: usize = 100_000;

    /// Everything that no server may change: all fields except trace fields.
    fn meaning(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.fields.iter().filter(|field| !field.is_trace).for_each(|field| hasher.write_u64(field.hash));
        hasher.write_u64(self.rest);
        hasher.finish()
    }

    /// Message-ID and Date as one hash, if it has both.
    fn identity(&self) -> Option<u64> {
        let mut hasher = DefaultHasher::new();
        hasher.write_u64(self.message_id?);
        hasher.write_u64(self.date?);
        Some(hasher.finish())
    }

    /// Whether it has all fields of the `original` in order, and otherwise only fields that may be added.
    fn only_adds_to(&self, original: &Header) -> bool {
        let mut wanted = original.fields.iter().peekable();
        let all = self.fields.iter().all(|field| wanted.next_if_eq(&field).is_some() || field.is_trace);
        all && wanted.next().is_none() && self.rest == original.rest
    }

    /// Whether it has at least half of the fields of the `original`, at least one, and is still the same message: with the same Message-ID,
    /// or with the same Date if the original has no Message-ID. Automatic messages often share the body and most of the header with the
    /// previous one.
    fn is_mostly(&self, original: &Header) -> bool {
        let is_same = match (original.message_id, original.date) {
            (Some(_), _) => self.message_id == original.message_id,
            (None, Some(_)) => self.date == original.date,
            (None, None) => true,
        };
        is_same && self.has_half_of(original)
    }

    fn has_half_of(&self, original: &Header) -> bool {
        let here: HashSet<u64> = self.fields.iter().map(|field| field.hash).collect();
        let kept = original.fields.iter().filter(|field| here.contains(&field.hash)).count();
        kept > 0 && kept * 2 >= original.fields.len()
    }
}

/// Makes a [`Summary`] from the chunks of a message.
#[derive(Default)]
pub struct Summariser {
    bytes: u64,
    digest: blake3::Hasher,
    text: Held,
    body: Held,
    without_cr: Held,
    line_ends: DefaultHasher,
    line_ends_before_text: u64,
    /// The last byte was a CR; the next byte shows whether that is a line ending of its own.
    after_cr: bool,
    line_has_text: bool,
    in_body: bool,
    header: FieldReader,
}

/// A hash of text, with line ends held back, because those at the end do not count.
#[derive(Default)]
struct Held {
    hasher: blake3::Hasher,
    line_ends: u64,
}

impl Held {
    fn text(&mut self, text: &[u8]) {
        for _ in 0..std::mem::take(&mut self.line_ends) {
            self.hasher.update(b"\n");
        }
        self.hasher.update(text);
    }

    fn digest(&self) -> Digest {
        Digest(*self.hasher.finalize().as_bytes())
    }
}

impl Measure for Summariser {
    type Measured = Summary;

    fn update(&mut self, chunk: &[u8]) {
        self.bytes += chunk.len() as u64;
        self.digest.update(chunk);
        let mut rest = chunk;
        while let Some(&first) = rest.first() {
            if std::mem::take(&mut self.after_cr) {
                if first == b'\n' {
                    rest = &rest[1..];
                    self.without_cr.line_ends += 1;
                    self.take_line_end(b"\r\n");
                    continue;
                }
                self.take_line_end(b"\r");
            }
            let text = rest.iter().position(|byte| matches!(byte, b'\r' | b'\n')).unwrap_or(rest.len());
            if text > 0 {
                self.take_text(&rest[..text]);
                rest = &rest[text..];
                continue;
            }
            rest = &rest[1..];
            if first == b'\r' {
                self.after_cr = true;
            } else {
                self.without_cr.line_ends += 1;
                self.take_line_end(b"\n");
            }
        }
    }

    fn finish(mut self) -> Summary {
        if self.after_cr {
            self.take_line_end(b"\r");
        }
        Summary {
            bytes: self.bytes,
            digest: Digest(*self.digest.finalize().as_bytes()),
            text: self.text.digest(),
            body: self.body.digest(),
            without_cr: self.without_cr.digest(),
            line_ends: self.line_ends_before_text,
            at_end: self.text.line_ends,
            header: self.header.finish(),
        }
    }
}

impl Summariser {
    fn take_text(&mut self, text: &[u8]) {
        self.line_ends_before_text = self.line_ends.finish();
        self.text.text(text);
        self.without_cr.text(text);
        if self.in_body {
            self.body.text(text);
        } else {
            self.header.text(text, !self.line_has_text);
        }
        self.line_has_text = true;
    }

    fn take_line_end(&mut self, bytes: &[u8]) {
        self.line_ends.write(bytes);
        self.text.line_ends += 1;
        self.body.line_ends += u64::from(self.in_body);
        self.in_body |= !self.line_has_text;
        self.line_has_text = false;
    }
}

/// Reads the lines of a header as fields.
#[derive(Default)]
struct FieldReader {
    header: Header,
    rest: DefaultHasher,
    field: Option<DefaultHasher>,
    /// The same field without its white space.
    bare: DefaultHasher,
    /// The field's name so far; whole once `named`.
    name: Vec<u8>,
    named: bool,
}

/// The longest field name that is recognised.
const LONGEST_NAME: usize = 64;
/// Trace fields (RFC 5322, section 3.6.7; RFC 7208; RFC 8601; RFC 8617; RFC 9228), and Envelope-To, which Exim adds.
const TRACE: [&str; 9] = [
    "received",
    "return-path",
    "delivered-to",
    "envelope-to",
    "received-spf",
    "authentication-results",
    "arc-seal",
    "arc-message-signature",
    "arc-authentication-results",
];

impl FieldReader {
    /// Text of a line; `begins` if it is the start of the line.
    fn text(&mut self, text: &[u8], begins: bool) {
        if begins && !text.starts_with(b" ") && !text.starts_with(b"\t") {
            self.end_field();
        }
        let field = self.field.get_or_insert_default();
        if begins {
            field.write(b"\n");
        }
        field.write(text);
        text.split(u8::is_ascii_whitespace).for_each(|part| self.bare.write(part));
        if !self.named {
            let colon = text.iter().position(|byte| *byte == b':');
            let room = LONGEST_NAME.saturating_sub(self.name.len());
            self.name.extend(&text[..colon.unwrap_or(text.len()).min(room)]);
            self.named = colon.is_some();
        }
    }

    fn end_field(&mut self) {
        let Some(field) = self.field.take() else { return };
        let name = String::from_utf8_lossy(&std::mem::take(&mut self.name)).to_ascii_lowercase();
        let is_trace = std::mem::take(&mut self.named) && (name.starts_with("x-") || TRACE.contains(&name.as_str()));
        let field = Field { hash: field.finish(), is_trace };
        let bare = std::mem::take(&mut self.bare).finish();
        match name.as_str() {
            "message-id" => _ = self.header.message_id.get_or_insert(bare),
            "date" => _ = self.header.date.get_or_insert(bare),
            _ => {}
        }
        if self.header.fields.len() < Header::MOST {
            self.header.fields.push(field);
        } else {
            self.rest.write_u64(field.hash);
        }
    }

    fn finish(mut self) -> Header {
        self.end_field();
        Header { rest: self.rest.finish(), ..self.header }
    }
}

#[cfg(test)]
mod tests;
