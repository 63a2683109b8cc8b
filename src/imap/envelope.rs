//! The sender and the subject of a message: read for the few messages that a report names.
//!
//! Promises to change nothing on the server, and never to fail because of an answer: unreadable parts are left out. The texts are short. A
//! problem makes them printable.

use super::bodies::{BodySink, SinkClosed};
use super::command::{ReadOnly, uid_set};
use super::error::ImapError;
use super::fetch::Fetched;
use super::reader::Reader;
use super::response::Condition;
use crate::domain::{Uid, UidValidity, foreign_without_secrets};
use chrono::{DateTime, FixedOffset};
use mail_parser::MessageParser;
use std::collections::{BTreeMap, BTreeSet};

/// At most this much of a header is read, in octets.
const LONGEST_HEADER: usize = 16 * 1024;
/// At most this many dates are requested with one command.
const DATES_AT_ONCE: usize = 500;
/// At most this many characters are kept.
const LONGEST_SENDER: usize = 60;
const LONGEST_SUBJECT: usize = 100;

/// The sender and the subject in a message's header.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Envelope {
    /// The sender's name, else the address; empty if there is none.
    pub sender: String,
    /// The subject; empty if there is none.
    pub subject: String,
}

impl Envelope {
    /// Reads the fields `From` and `Subject`, ignoring all others, and decodes encoded words (RFC 2047).
    fn read(header: &[u8]) -> Option<Self> {
        // The parser promises not to panic. If it did, a migration should not end because of it.
        std::panic::catch_unwind(|| Self::parse(header)).ok().flatten()
    }

    pub(super) fn parse(header: &[u8]) -> Option<Self> {
        // Text that we or the server cut off must end a line.
        let header = [&header[..header.len().min(LONGEST_HEADER)], b"\r\n\r\n"].concat();
        let message = MessageParser::new().with_minimal_headers().parse_headers(&header)?;
        let sender = message.from().and_then(|from| from.first());
        let sender =
            sender.and_then(|sender| sender.name().filter(|name| !name.trim().is_empty()).or(sender.address()));
        let envelope = Self {
            sender: short(sender.unwrap_or_default(), LONGEST_SENDER),
            subject: short(message.subject().unwrap_or_default(), LONGEST_SUBJECT),
        };
        Some(envelope).filter(|envelope| *envelope != Self::default())
    }
}

impl Reader {
    /// The envelopes of these messages, as far as the server gives them. Opens the folder if needed; if it is another one by now, asks
    /// nothing. An `Err` means that the connection is lost, or that the server does not understand the question.
    pub fn envelopes(
        &mut self,
        wire_name: &[u8],
        uid_validity: UidValidity,
        uids: &[Uid],
    ) -> Result<BTreeMap<Uid, Envelope>, ImapError> {
        if !self.has_open(wire_name) && self.examine(wire_name)?.uid_validity != uid_validity {
            // The next user of the folder must check for itself.
            self.open = None;
            return Ok(BTreeMap::new());
        }
        let wanted: BTreeSet<Uid> = uids.iter().copied().collect();
        let (mut envelopes, mut without) = (BTreeMap::new(), Vec::new());
        let command = ReadOnly::FetchEnvelopes { set: uid_set(uids) }.command();
        let status = self.wire.run(&command, &mut |pieces| {
            let Some(Fetched { uid: Some(uid), header: Some(header), .. }) = Fetched::parse(pieces) else { return };
            if wanted.contains(&uid) {
                match Envelope::read(&header) {
                    Some(envelope) => _ = envelopes.insert(uid, envelope),
                    None => without.push(uid),
                }
            }
        })?;
        if status.condition == Condition::Bad {
            return Err(ImapError::Refused { command: command.name(), status });
        }
        // A server that expects other line endings than a message has finds no header in it, so the beginning is read here.
        without.truncate(READ_FOR_NAMES);
        let mut beginnings = Beginnings::default();
        if !without.is_empty() {
            self.bodies(&mut std::iter::once(without), &mut beginnings)?;
        }
        let read = |(uid, beginning): (&Uid, &Vec<u8>)| Some((*uid, Envelope::read(&with_crlf(beginning))?));
        envelopes.extend(beginnings.known.iter().filter_map(read));
        Ok(envelopes)
    }
}

/// At most this many messages are read because the server finds no header in them.
const READ_FOR_NAMES: usize = 20;

/// Every line end as CRLF, a CR alone as well.
fn with_crlf(text: &[u8]) -> Vec<u8> {
    let mut lines = Vec::with_capacity(text.len());
    for (at, octet) in text.iter().enumerate() {
        match octet {
            b'\n' if at > 0 && text[at - 1] == b'\r' => {}
            b'\r' | b'\n' => lines.extend_from_slice(b"\r\n"),
            octet => lines.push(*octet),
        }
    }
    lines
}

/// Keeps the beginnings of messages.
#[derive(Default)]
struct Beginnings {
    known: BTreeMap<Uid, Vec<u8>>,
    arriving: Option<Uid>,
}

impl BodySink for Beginnings {
    fn begin(&mut self, uid: Uid, _octets: u64) -> Result<(), SinkClosed> {
        self.arriving = Some(uid);
        Ok(())
    }

    fn chunk(&mut self, octets: &[u8]) -> Result<(), SinkClosed> {
        if let Some(uid) = self.arriving {
            let beginning = self.known.entry(uid).or_default();
            let room = LONGEST_HEADER.saturating_sub(beginning.len()).min(octets.len());
            beginning.extend_from_slice(&octets[..room]);
        }
        Ok(())
    }

    fn end(&mut self) -> Result<(), SinkClosed> {
        self.arriving = None;
        Ok(())
    }
}

impl Reader {
    /// The header dates of these messages of the open folder, for messages whose INTERNALDATE cannot be understood. Messages without one
    /// are left out. An `Err` means that the connection is lost.
    pub fn header_dates(&mut self, uids: &[Uid]) -> Result<BTreeMap<Uid, DateTime<FixedOffset>>, ImapError> {
        let mut dates = BTreeMap::new();
        for part in uids.chunks(DATES_AT_ONCE) {
            let command = ReadOnly::FetchDates { set: uid_set(part) }.command();
            let status = self.wire.run(&command, &mut |pieces| {
                if let Some(Fetched { uid: Some(uid), header: Some(header), .. }) = Fetched::parse(pieces) {
                    dates.extend(header_date(&header).map(|date| (uid, date)));
                }
            })?;
            if status.pause(true).is_some() {
                return Err(ImapError::Refused { command: command.name(), status });
            }
        }
        Ok(dates)
    }
}

/// The date of a header (RFC 5322, section 3.6.1), in whatever form it was written.
fn header_date(header: &[u8]) -> Option<DateTime<FixedOffset>> {
    let header = [&header[..header.len().min(LONGEST_HEADER)], b"\r\n\r\n"].concat();
    let parse = || {
        let message = MessageParser::new().with_minimal_headers().parse_headers(&header)?;
        DateTime::parse_from_rfc3339(&message.date()?.to_rfc3339()).ok()
    };
    std::panic::catch_unwind(parse).ok().flatten()
}

/// On one line, and no longer than a person reads.
fn short(text: &str, longest: usize) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let line = foreign_without_secrets(&line).into_owned();
    match line.char_indices().nth(longest) {
        Some((end, _)) => format!("{}…", line[..end].trim_end()),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(header: &[u8]) -> (String, String) {
        let envelope = Envelope::read(header).unwrap_or_default();
        (envelope.sender, envelope.subject)
    }

    #[test]
    fn encoded_words_are_decoded_and_folded_lines_are_one() {
        let header = b"From: =?utf-8?Q?Zo=C3=AB_N=C4=9Bmcov=C3=A1?= <zoe@example.com>\r\nSubject: =?iso-8859-2?Q?P=F8=EDloha?=\r\n  =?utf-8?B?w6EgYQ==?= b\r\n\r\n";
        assert_eq!(read(header), ("Zoë Němcová".to_owned(), "Přílohaá a b".to_owned()));
        assert_eq!(read(b"From: ann@example.com\r\n\r\n"), ("ann@example.com".to_owned(), String::new()));
    }

    #[test]
    fn a_date_in_a_header_is_read_and_nonsense_is_none() {
        let date = |header: &[u8]| header_date(header).map(|date| date.to_rfc3339());
        assert_eq!(date(b"Date: Tue, 7 Jan 2020 01:02:03 +0100\r\n\r\n").as_deref(), Some("2020-01-07T01:02:03+01:00"));
        assert_eq!(date(b"date:\r\n 7 Jan 2020 01:02:03 -0500\r\n").as_deref(), Some("2020-01-07T01:02:03-05:00"));
        for header in [&b""[..], b"Date: some day\r\n", b"Subject: Tue, 7 Jan 2020 01:02:03 +0100\r\n", b"Date: \xff"] {
            assert_eq!(date(header), None);
        }
    }

    #[test]
    fn a_header_that_is_none_and_one_without_end_are_no_trouble() {
        for header in
            [&b""[..], b"\r\n", b"\0\xff\xfe", b"Subject", b"Subject: =?utf-8?B?", b"From: <<<,;:@", b"From: g:;\r\n"]
        {
            let (sender, subject) = read(header);
            assert!(sender.len() + subject.len() < 20, "{sender} {subject}");
        }
        let endless = [b"Subject: ".to_vec(), b"word ".repeat(100_000)].concat();
        assert_eq!(read(&endless).1.chars().count(), LONGEST_SUBJECT);
        let deep = [b"From: ".to_vec(), b"(".repeat(100_000)].concat();
        let _ = read(&deep);
        let whole = b"From: =?utf-8?Q?Zo=C3=AB?= (a) <zoe@example.com>, b\r\nSubject: =?utf-7?B?UMWZw61s?= =?x?Q?=?=\r\n y\r\n\r\n";
        let mut random = fastrand::Rng::with_seed(7);
        for _ in 0..20_000 {
            let mut damaged = whole.to_vec();
            for _ in 0..random.usize(1..6) {
                let place = random.usize(..damaged.len());
                damaged[place] = if random.bool() { random.u8(..) } else { b"=?\"<>()\r\n:,"[random.usize(..11)] };
            }
            let _ = Envelope::parse(&damaged);
        }
    }
}
