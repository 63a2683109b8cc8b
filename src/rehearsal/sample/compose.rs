//! Writes one message: header, text in some encoding, attachments.
//!
//! Lines end with CRLF and contain no NUL, as RFC 5322 requires; `odd` breaks rules on purpose.

use super::encoded::{LETTERS, base64, header_text, quoted_printable};
use super::language::Language;
use super::people::Person;
use chrono::{DateTime, FixedOffset};
use fastrand::Rng;
use std::sync::OnceLock;

/// Bytes of a base64 line, its end included.
const LINE: usize = 78;
/// Lines from which attachments are cut; with this many, two attachments hardly ever begin alike.
const LINES: usize = 8192;

/// What a header says.
pub(super) struct Head {
    /// Whether the mailbox's owner wrote it.
    pub(super) sent: bool,
    /// Not yet encoded.
    pub(super) subject: String,
    /// Without angle brackets; if none, the field is missing.
    pub(super) message_id: Option<String>,
    /// Message-IDs of the thread so far, oldest first.
    pub(super) references: Vec<String>,
    /// When the message was written.
    pub(super) date: DateTime<FixedOffset>,
}

/// What a message contains.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Body {
    /// Plain text of about this many sentences.
    Text(usize),
    /// The same as text and as HTML.
    Alternative(usize),
    /// Text and a file of about this many bytes when encoded.
    Attachment(usize),
}

/// Writes one person's messages.
pub(super) struct Composer<'a> {
    person: &'a Person,
    language: &'static Language,
    random: Rng,
}

impl<'a> Composer<'a> {
    /// The same person and seed give the same messages.
    pub(super) fn new(person: &'a Person, seed: u64) -> Self {
        Self { person, language: person.language(), random: Rng::with_seed(seed) }
    }

    /// The random numbers, for callers that choose what to write.
    pub(super) fn random(&mut self) -> &mut Rng {
        &mut self.random
    }

    /// A subject in the person's language.
    pub(super) fn subject(&mut self) -> String {
        let place = self.random.usize(..self.language.subjects.len());
        self.language.subjects[place].to_owned()
    }

    /// A unique Message-ID.
    pub(super) fn message_id(&mut self) -> String {
        format!("{:016x}.{:08x}@mail.example.net", self.random.u64(..), self.random.u32(..))
    }

    /// The whole message.
    pub(super) fn message(&mut self, head: &Head, body: Body) -> Vec<u8> {
        let mut message = self.header(head);
        match body {
            Body::Text(sentences) => self.put_text(&mut message, sentences),
            Body::Alternative(sentences) => {
                let boundary = self.open(&mut message, "alternative");
                self.put_text(&mut message, sentences);
                message.extend_from_slice(format!("--{boundary}\r\n").as_bytes());
                let text = self.text(sentences).replace("\r\n", "<br>\r\n");
                let html = format!("<html><body><p style=\"margin:0\">{text}</p></body></html>\r\n");
                put(
                    &mut message,
                    "Content-Type: text/html; charset=UTF-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n",
                );
                put(&mut message, &quoted_printable(&html));
                put(&mut message, &format!("--{boundary}--\r\n"));
            }
            Body::Attachment(bytes) => {
                let boundary = self.open(&mut message, "mixed");
                self.put_text(&mut message, 4);
                let name = header_text(self.language.file);
                put(
                    &mut message,
                    &format!("--{boundary}\r\nContent-Type: application/octet-stream;\r\n name=\"{name}\"\r\n"),
                );
                put(&mut message, "Content-Transfer-Encoding: base64\r\nContent-Disposition: attachment\r\n\r\n");
                let first = self.random.usize(..LINES);
                put_file(&mut message, first, bytes);
                put(&mut message, &format!("--{boundary}--\r\n"));
            }
        }
        message
    }

    /// Text in whole lines.
    pub(super) fn text(&mut self, sentences: usize) -> String {
        let mut text = String::with_capacity(sentences * 96);
        for number in 0..sentences {
            text.push_str(self.language.sentences[self.random.usize(..self.language.sentences.len())]);
            text.push_str(if number % 3 == 2 { "\r\n\r\n" } else { "\r\n" });
        }
        text.push_str("-- \r\n");
        text.push_str(&self.person.full_name);
        text.push_str("\r\n");
        text
    }

    fn header(&mut self, head: &Head) -> Vec<u8> {
        let place = self.random.usize(..16);
        let other_name =
            format!("{} {}", self.language.first_names[place % 4].0, self.language.last_names[place / 4].0);
        let plain = format!("{}.{}", self.language.first_names[place % 4].1, self.language.last_names[place / 4].1);
        let other = format!("{} <{plain}@example.net>", header_text(&other_name));
        let own = format!("{} <{}>", header_text(&self.person.full_name), self.person.address);
        let (from, to) = if head.sent { (own, other) } else { (other, own) };
        let mut header = Vec::with_capacity(2048);
        if !head.sent {
            let arrived = head.date.to_rfc2822();
            put(&mut header, &format!("Return-Path: <{plain}@example.net>\r\n"));
            put(
                &mut header,
                &format!(
                    "Received: from mx.example.net (mx.example.net [192.0.2.{place}])\r\n\tby mail.example.com with ESMTPS id {:012X};\r\n\t{arrived}\r\n",
                    self.random.u64(..1 << 48)
                ),
            );
        }
        put(&mut header, &format!("From: {from}\r\nTo: {to}\r\nSubject: {}\r\n", header_text(&head.subject)));
        put(&mut header, &format!("Date: {}\r\n", head.date.to_rfc2822()));
        if let Some(id) = &head.message_id {
            put(&mut header, &format!("Message-ID: <{id}>\r\n"));
        }
        if let Some(last) = head.references.last() {
            let all: Vec<String> = head.references.iter().map(|id| format!("<{id}>")).collect();
            put(&mut header, &format!("In-Reply-To: <{last}>\r\nReferences: {}\r\n", all.join("\r\n ")));
        }
        put(&mut header, "MIME-Version: 1.0\r\n");
        header
    }

    /// Adds the text with the rest of its header, in one of the usual encodings.
    fn put_text(&mut self, message: &mut Vec<u8>, sentences: usize) {
        let text = self.text(sentences);
        let (encoding, encoded) = match self.random.u8(..4) {
            0 => ("base64", wrapped(&base64(text.as_bytes()))),
            1 => ("quoted-printable", quoted_printable(&text)),
            _ => ("8bit", text),
        };
        put(
            message,
            &format!("Content-Type: text/plain; charset=UTF-8\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n"),
        );
        put(message, &encoded);
    }

    /// Begins a multipart message; returns the line between its parts.
    fn open(&mut self, message: &mut Vec<u8>, kind: &str) -> String {
        let boundary = format!("=_{:016x}", self.random.u64(..));
        put(message, &format!("Content-Type: multipart/{kind}; boundary=\"{boundary}\"\r\n\r\n"));
        put(message, &format!("This is a multi-part message in MIME format.\r\n--{boundary}\r\n"));
        boundary
    }
}

fn put(message: &mut Vec<u8>, text: &str) {
    message.extend_from_slice(text.as_bytes());
}

fn wrapped(text: &str) -> String {
    let mut lines = String::with_capacity(text.len() + text.len() / 38 + 2);
    let mut rest = text;
    while !rest.is_empty() {
        let (line, after) = rest.split_at(rest.len().min(LINE - 2));
        lines.push_str(line);
        lines.push_str("\r\n");
        rest = after;
    }
    lines
}

/// Adds a file in base64, cut from a stock of lines that is made once: making gigabytes afresh takes too long for a demo.
fn put_file(message: &mut Vec<u8>, first_line: usize, bytes: usize) {
    static FILE: OnceLock<Vec<u8>> = OnceLock::new();
    let file = FILE.get_or_init(|| {
        let mut random = Rng::with_seed(1);
        let mut file = Vec::with_capacity(LINES * LINE);
        for _ in 0..LINES {
            file.extend((0..LINE - 2).map(|_| LETTERS[random.usize(..64)]));
            file.extend_from_slice(b"\r\n");
        }
        file
    });
    let mut left = bytes / LINE * LINE;
    message.reserve(left + 256);
    let mut start = first_line * LINE;
    while left > 0 {
        let length = left.min(file.len() - start);
        message.extend_from_slice(&file[start..start + length]);
        left -= length;
        start = 0;
    }
}
