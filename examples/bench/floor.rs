//! The floor: the fastest that one connection a side can be. All messages are streamed out with one UID FETCH a folder, and the same
//! bytes are pushed in with pipelined MULTIAPPEND over non-synchronising literals. A perfect copy takes the longer of both times.

use super::measure::Measurement;
use super::stage::{PASSWORD, Stage};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::time::Instant;

/// Copies every mailbox, four at a time.
pub fn copy(stage: &Stage) -> Measurement {
    let begun = Instant::now();
    let mailboxes: Vec<(usize, String)> = stage.addresses().enumerate().collect();
    let longest: f64 = mailboxes
        .chunks(4)
        .map(|together| {
            let begun = Instant::now();
            std::thread::scope(|scope| {
                for (mailbox, address) in together {
                    scope.spawn(|| fetch(stage, address));
                    scope.spawn(|| push(stage, *mailbox, address));
                }
            });
            begun.elapsed().as_secs_f64()
        })
        .sum();
    Measurement { seconds: longest.min(begun.elapsed().as_secs_f64()), ..Measurement::default() }
}

fn fetch(stage: &Stage, address: &str) {
    let mut line = Line::sign_in(stage.source_port(), address);
    for folder in stage.folders() {
        line.send(format!("a EXAMINE {folder}\r\nb UID FETCH 1:* (UID BODY.PEEK[])\r\n").as_bytes());
        line.read_to("b ");
    }
}

fn push(stage: &Stage, mailbox: usize, address: &str) {
    let mut line = Line::sign_in(stage.target_port(), address);
    let folders: Vec<String> = stage.folders().collect();
    for (number, folder) in folders.iter().enumerate() {
        line.fill(folder, stage.mail(mailbox, number));
    }
    for _ in &folders {
        line.read_to("b OK");
    }
}

/// A signed-in raw line.
pub struct Line {
    reader: BufReader<TcpStream>,
    out: Vec<u8>,
}

impl Line {
    pub fn sign_in(port: u16, address: &str) -> Self {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).expect("a connection");
        stream.set_nodelay(true).expect("no delay");
        let mut line = Self { reader: BufReader::with_capacity(1 << 16, stream), out: Vec::new() };
        line.send(format!("l LOGIN {address} {PASSWORD}\r\n").as_bytes());
        line.read_to("l OK");
        line
    }

    fn send(&mut self, bytes: &[u8]) {
        self.out.extend_from_slice(bytes);
        if self.out.len() > 1 << 16 {
            self.flush();
        }
    }

    fn flush(&mut self) {
        self.reader.get_mut().write_all(&self.out).expect("the line");
        self.out.clear();
    }

    /// Puts messages into a folder, which is made unless it is INBOX.
    pub fn fill<'a>(&mut self, folder: &str, messages: impl Iterator<Item = &'a Vec<u8>>) {
        if folder != "INBOX" {
            self.send(format!("a CREATE {folder}\r\n").as_bytes());
        }
        self.send(format!("b APPEND {folder}").as_bytes());
        for bytes in messages {
            self.send(format!(" {{{}+}}\r\n", bytes.len()).as_bytes());
            self.send(bytes);
        }
        self.send(b"\r\n");
        self.flush();
    }

    /// How many messages a folder holds.
    pub fn count(&mut self, folder: &str) -> usize {
        self.send(format!("c STATUS {folder} (MESSAGES)\r\n").as_bytes());
        let found = self.read_to("c ");
        let text = String::from_utf8_lossy(&found);
        let number = text.split("(MESSAGES ").nth(1).and_then(|rest| rest.split(')').next());
        number.and_then(|digits| digits.parse().ok()).unwrap_or(0)
    }

    /// Sets \Flagged on the first messages of a folder, every other one of them also a keyword, or takes both away.
    pub fn flag(&mut self, folder: &str, messages: usize, sets: bool) {
        let sign = if sets { '+' } else { '-' };
        self.send(format!("d SELECT {folder}\r\n").as_bytes());
        for place in 1..=messages {
            let flags = if place % 2 == 0 { "\\Flagged $measured" } else { "\\Flagged" };
            self.send(format!("d STORE {place} {sign}FLAGS.SILENT ({flags})\r\n").as_bytes());
        }
        self.send(b"e UNSELECT\r\n");
        self.read_to("e OK");
    }

    /// How many messages of a folder have \Flagged.
    pub fn count_flagged(&mut self, folder: &str) -> usize {
        self.send(format!("d EXAMINE {folder}\r\nf SEARCH FLAGGED\r\n").as_bytes());
        let found = self.read_to("f OK");
        String::from_utf8_lossy(&found).split_whitespace().skip(2).count()
    }

    /// Reads answers up to the line that begins so, and returns the line before it; literals are read over.
    pub fn read_to(&mut self, start: &str) -> Vec<u8> {
        self.flush();
        let (mut before, mut text) = (Vec::new(), Vec::new());
        loop {
            std::mem::swap(&mut before, &mut text);
            text.clear();
            self.reader.read_until(b'\n', &mut text).expect("an answer");
            assert!(!text.is_empty(), "the server closed the connection");
            if text.starts_with(start.as_bytes()) {
                return before;
            }
            let literal = text.strip_suffix(b"}\r\n").and_then(|head| head.rsplit(|&byte| byte == b'{').next());
            let bytes = literal.and_then(|digits| std::str::from_utf8(digits).ok()?.parse().ok());
            if let Some(bytes) = bytes {
                std::io::copy(&mut self.reader.by_ref().take(bytes), &mut std::io::sink()).expect("a literal");
            }
        }
    }
}
