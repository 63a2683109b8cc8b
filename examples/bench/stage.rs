//! The stage of a measurement: two Dovecots, the links to them, and the mail.

use super::floor::Line;
use super::support::dovecot::{Dovecot, DovecotSettings};
use super::tools::Tool;
use kimt::rehearsal::{Link, LinkOptions};
use std::path::Path;
use std::time::Duration;

/// What is copied, and over what.
#[derive(Debug, Clone, Copy)]
pub struct Shape {
    pub mailboxes: usize,
    pub folders: usize,
    /// Of each mailbox.
    pub messages: usize,
    /// Of a message on average.
    pub bytes: usize,
    pub round_trip: Duration,
    /// Rate of each link in megabits a second; no value means no limit.
    pub megabits: Option<u64>,
    /// Whether the second of two runs is measured.
    pub second_run: bool,
    /// How many messages of each mailbox are flagged otherwise before what is measured.
    pub flagged: usize,
}

/// Everything that is running.
pub struct Stage {
    pub shape: Shape,
    pub source: Dovecot,
    pub target: Dovecot,
    source_link: Option<Link>,
    target_link: Option<Link>,
    pub folder: tempfile::TempDir,
    /// The messages of each mailbox, made before anything is measured.
    mail: Vec<Vec<Vec<u8>>>,
}

/// The password of every account.
pub const PASSWORD: &str = "measured-4711";

impl Stage {
    /// Starts the servers and fills the source.
    pub fn build(shape: Shape) -> Self {
        // As on a real server: what is confirmed is on the disk. Compression is offered where links are slow: mbsync takes it wherever it
        // is offered, which only costs it time elsewhere.
        let settings = DovecotSettings {
            compression: shape.megabits.is_some(),
            further: "mail_fsync = optimized".to_owned(),
            ..DovecotSettings::default()
        };
        let (source, target) = (Dovecot::start(&settings), Dovecot::start(&settings));
        let options = LinkOptions {
            round_trip: shape.round_trip,
            bits_per_second: shape.megabits.map(|rate| rate * 1_000_000),
            port: 0,
        };
        let link = |port| {
            let wanted = !shape.round_trip.is_zero() || shape.megabits.is_some();
            wanted.then(|| Link::start(port, options).expect("a link on loopback"))
        };
        let (source_link, target_link) = (link(source.port), link(target.port));
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mailbox = |mailbox| (0..shape.messages).map(|index| message(mailbox, index, shape.bytes)).collect();
        let mail = (0..shape.mailboxes).map(mailbox).collect();
        let stage = Self { shape, source, target, source_link, target_link, folder, mail };
        for mailbox in 0..shape.mailboxes {
            stage.source.add_user(&address(mailbox), PASSWORD);
            stage.target.add_user(&address(mailbox), PASSWORD);
            let mut line = Line::sign_in(stage.source.port, &address(mailbox));
            for (number, folder) in stage.folders().enumerate() {
                line.fill(&folder, stage.mail(mailbox, number));
                line.read_to("b OK");
            }
        }
        let accounts: String = stage.addresses().map(|address| format!("{address};{PASSWORD};Measured\n")).collect();
        std::fs::write(stage.path().join("accounts.csv"), accounts).expect("the accounts file");
        stage
    }

    pub fn describe(&self) -> String {
        let Shape { mailboxes, folders, messages, round_trip, megabits, second_run, flagged, .. } = self.shape;
        format!(
            "{mailboxes} mailboxes x {messages} messages in {folders} folders, {:.1} MB in all, round trip {} ms{}{}{}",
            self.bytes() as f64 / 1e6,
            round_trip.as_millis(),
            megabits.map_or(String::new(), |rate| format!(", {rate} Mbit/s")),
            if second_run { ", second run" } else { "" },
            if flagged > 0 { format!(", {flagged} flagged otherwise") } else { String::new() }
        )
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    pub fn addresses(&self) -> impl Iterator<Item = String> {
        (0..self.shape.mailboxes).map(address)
    }

    pub fn folders(&self) -> impl Iterator<Item = String> {
        (0..self.shape.folders).map(folder_name)
    }

    /// The port a tool connects to for the source.
    pub fn source_port(&self) -> u16 {
        self.source_link.as_ref().map_or(self.source.port, Link::port)
    }

    /// The port a tool connects to for the target.
    pub fn target_port(&self) -> u16 {
        self.target_link.as_ref().map_or(self.target.port, Link::port)
    }

    pub fn messages(&self) -> usize {
        self.shape.mailboxes * self.shape.messages
    }

    pub fn bytes(&self) -> usize {
        self.mail.iter().flatten().map(Vec::len).sum()
    }

    /// The messages of one folder.
    pub fn mail(&self, mailbox: usize, folder: usize) -> impl Iterator<Item = &Vec<u8>> {
        self.mail[mailbox].iter().skip(folder).step_by(self.shape.folders)
    }

    /// Forgets what earlier copies left on the target, and what the tools remember of them.
    pub fn empty_target(&self) {
        self.addresses().for_each(|address| self.target.forget_mail_of(&address));
        let _ = std::fs::remove_dir_all(self.path().join("memory"));
        std::fs::create_dir_all(self.path().join("memory")).expect("a folder for the tools' memory");
    }

    pub fn copy_first_time(&self, tool: &Tool) {
        tool.copy(self);
    }

    /// Sets the keyword of this measurement on some messages of the source, spread over the folders, or takes it away.
    pub fn flag(&self, sets: bool) {
        if self.shape.flagged == 0 {
            return;
        }
        for address in self.addresses() {
            let mut line = Line::sign_in(self.source.port, &address);
            for (folder, number) in self.folders().zip(0..) {
                let of_folder = (number..self.shape.flagged).step_by(self.shape.folders).count();
                line.flag(&folder, of_folder, sets);
            }
        }
    }

    /// How many messages of the target have that keyword.
    pub fn flagged(&self) -> usize {
        if self.shape.flagged == 0 {
            return 0;
        }
        let count = |address: String| {
            let mut line = Line::sign_in(self.target.port, &address);
            self.folders().map(|folder| line.count_flagged(&folder)).sum::<usize>()
        };
        self.addresses().map(count).sum()
    }

    /// How often anybody has sent something after an answer over the links, where there are any.
    pub fn turns(&self) -> Option<u64> {
        self.source_link.as_ref().zip(self.target_link.as_ref()).map(|(source, target)| source.turns() + target.turns())
    }

    /// How many messages are not on the target.
    pub fn missing(&self) -> usize {
        let count = |address: String| {
            let mut line = Line::sign_in(self.target.port, &address);
            self.folders().map(|folder| line.count(&folder)).sum::<usize>()
        };
        self.messages().saturating_sub(self.addresses().map(count).sum())
    }
}

fn address(mailbox: usize) -> String {
    format!("user{mailbox}@example.com")
}

fn folder_name(number: usize) -> String {
    if number == 0 { "INBOX".to_owned() } else { format!("Folder-{number}") }
}

/// A message that differs from all others; sizes vary from a third to three times the mean. It is a few lines of text and an attachment, which
/// like most attachments is packed already: all that is left to compress of it is its Base64.
fn message(mailbox: usize, index: usize, mean: usize) -> Vec<u8> {
    let bytes = mean / 3 + (index * 7919 % 97) * (mean * 4 / 3) / 96;
    let mut text = format!(
        "From: sender{index}@example.org\r\nTo: user{mailbox}@example.com\r\nSubject: Message {index} of {mailbox}\r\n\
         Message-ID: <{index}.{mailbox}@bench.example>\r\nDate: Mon, 2 Mar 2020 10:{:02}:{:02} +0000\r\n\r\n",
        index / 60 % 60,
        index % 60
    );
    let seed = (mailbox * 1_000_000 + index) as u64;
    let mut random = fastrand::Rng::with_seed(seed);
    while text.len() < bytes / 4 {
        text.push_str(&format!(
            "{:08x} The quick brown fox jumps over the lazy dog and the dog sleeps on.\r\n",
            text.len() ^ index
        ));
    }
    const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    while text.len() < bytes {
        text.extend((0..76).map(|_| char::from(BASE64[random.usize(..64)])));
        text.push_str("\r\n");
    }
    text.into_bytes()
}
