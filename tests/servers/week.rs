//! A week of work on the old server, with a last pass each night: people read, file, delete and rename there, some begin to work on the new
//! server, and in the end both are the same but for what people did on the new one, and nothing is there twice.
//!
//! `KIMT_WEEK_MAILBOXES` sets the number of mailboxes, 4 in each test run; `KIMT_WEEK_SEED` another week.

use crate::support::comparison::likeness;
use crate::support::corpus::{self, CorpusMessage, plain_message};
use crate::support::dovecot::{Dovecot, DovecotSettings};
use crate::support::imap_client::{ImapClient, MailboxContent, Path};
use crate::support::run::{Migration, Place, problems};
use fastrand::Rng;
use kimt::progress::{Followed, RunState, Verdict};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

const PASSWORD: &str = "secret-1";
const DAYS: u32 = 7;
const MESSAGES: usize = 40;

/// A message by its content.
type Letter = Vec<u8>;

/// What one person did that the servers cannot say.
#[derive(Default)]
struct Person {
    /// Deleted on the old server: they stay on the new one.
    deleted: BTreeSet<Letter>,
    /// Flagged, moved or deleted on the new server; with the flags that she set.
    touched: BTreeMap<Letter, Option<BTreeSet<String>>>,
    /// Put into the new server by her.
    own: BTreeSet<Letter>,
    /// What she calls the next thing that is new.
    next: usize,
}

fn variable(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).map_or(otherwise, |text| text.parse().unwrap())
}

fn quoted(wire_name: &[u8]) -> String {
    format!("\"{}\"", String::from_utf8_lossy(wire_name))
}

/// The letters of a mailbox: in which folders each is, and with which flags.
fn letters(mail: &MailboxContent) -> BTreeMap<Letter, Vec<(Path, BTreeSet<String>)>> {
    let mut letters: BTreeMap<Letter, Vec<_>> = BTreeMap::new();
    for (path, folder) in &mail.folders {
        for message in &folder.messages {
            letters.entry(likeness(&message.bytes)).or_default().push((path.clone(), message.flags.clone()));
        }
    }
    letters
}

impl Person {
    fn letter(&mut self, line: usize) -> CorpusMessage {
        self.next += 1;
        plain_message(line * 100_000 + self.next)
    }

    /// A day at the old server.
    fn works(&mut self, line: usize, client: &mut ImapClient, rng: &mut Rng) {
        for _ in 0..rng.usize(1..5) {
            let letter = self.letter(line);
            client.append(b"INBOX", &letter).unwrap();
        }
        for _ in 0..rng.usize(3..9) {
            let mail = client.read_all();
            let full: Vec<_> = mail.folders.values().filter(|folder| !folder.messages.is_empty()).collect();
            let folder = full[rng.usize(..full.len())];
            let all: Vec<_> = mail.folders.values().filter(|it| !it.attributes.contains("\\Noselect")).collect();
            let place = rng.usize(..folder.messages.len());
            let letter = likeness(&folder.messages[place].bytes);
            let name = quoted(&folder.wire_name);
            client.expect(format!("SELECT {name}").as_bytes());
            let place = place + 1;
            match rng.u8(..10) {
                0..4 => {
                    let sign = if rng.bool() { "+" } else { "-" };
                    let flag = ["\\Seen", "\\Flagged", "\\Answered", "$work"][rng.usize(..4)];
                    client.expect(format!("STORE {place} {sign}FLAGS ({flag})").as_bytes());
                }
                4..7 => {
                    let to = quoted(&all[rng.usize(..all.len())].wire_name);
                    if to != name {
                        client.expect(format!("MOVE {place} {to}").as_bytes());
                    }
                }
                7 => {
                    client.expect(format!("STORE {place} +FLAGS (\\Deleted)").as_bytes());
                    client.expect(b"EXPUNGE");
                    self.deleted.insert(letter);
                }
                _ if name != "\"INBOX\"" => {
                    self.next += 1;
                    let new = format!("\"Folder {}\"", self.next);
                    client.expect(b"CLOSE");
                    client.expect(format!("RENAME {name} {new}").as_bytes());
                    if rng.bool() {
                        // Another one takes its name.
                        client.expect(format!("CREATE {name}").as_bytes());
                    }
                }
                _ => {}
            }
        }
    }

    /// A look at the new server.
    fn looks(&mut self, line: usize, client: &mut ImapClient, rng: &mut Rng) {
        let mail = client.read_all();
        let full: Vec<_> = mail.folders.values().filter(|folder| !folder.messages.is_empty()).collect();
        let folder = full[rng.usize(..full.len())];
        let place = rng.usize(..folder.messages.len());
        let letter = likeness(&folder.messages[place].bytes);
        if self.deleted.contains(&letter) || self.touched.contains_key(&letter) {
            return;
        }
        client.expect(format!("SELECT {}", quoted(&folder.wire_name)).as_bytes());
        let place = place + 1;
        match rng.u8(..4) {
            0 => {
                client.expect(format!("STORE {place} FLAGS (\\Flagged $mine)").as_bytes());
                self.touched.insert(letter, Some(["\\Flagged", "$mine"].map(str::to_owned).into()));
            }
            1 => {
                if folder.wire_name != b"INBOX" {
                    client.expect(format!("MOVE {place} INBOX").as_bytes());
                    self.touched.insert(letter, None);
                }
            }
            2 => {
                client.expect(format!("STORE {place} +FLAGS (\\Deleted)").as_bytes());
                client.expect(b"EXPUNGE");
                self.touched.insert(letter, None);
            }
            _ => {
                let own = self.letter(line);
                self.own.insert(likeness(&own.bytes));
                client.append(&folder.wire_name, &own).unwrap();
            }
        }
    }

    /// Both servers are the same but for what she did on the new one.
    fn judge(&self, state: &RunState, line: usize, here: &MailboxContent, there: &MailboxContent) {
        let parts = |path: &kimt::domain::FolderPath| path.parts().to_vec();
        let ways: BTreeMap<Path, Path> =
            state.accounts[line].folders.iter().map(|it| (parts(&it.source), parts(&it.target))).collect();
        let (here, there) = (letters(here), letters(there));
        for (letter, places) in &there {
            let shown = String::from_utf8_lossy(&letter[..letter.len().min(200)]);
            assert_eq!(places.len(), 1, "{line}: it is there twice, in {places:?}: {shown}");
            let is_known = here.contains_key(letter) || self.own.contains(letter) || self.deleted.contains(letter);
            assert!(is_known || self.touched.contains_key(letter), "{line}: {shown}");
        }
        for (letter, places) in &here {
            let shown = String::from_utf8_lossy(&letter[..letter.len().min(200)]);
            assert_eq!(places.len(), 1, "{line}: the old server has it twice: {shown}");
            let now = there.get(letter).and_then(|places| places.first());
            match self.touched.get(letter) {
                Some(None) => continue,
                Some(Some(flags)) => assert_eq!(now.map(|(_, flags)| flags), Some(flags), "{line}: {shown}"),
                None => {
                    let (path, flags) = &places[0];
                    assert_eq!(now, Some(&(ways[path].clone(), flags.clone())), "{line}: {shown}");
                }
            }
        }
        for letter in self.deleted.iter().filter(|letter| !self.touched.contains_key(*letter)) {
            assert!(there.contains_key(letter), "{line}: what was deleted on the old server stays on the new one");
        }
    }
}

#[test]
fn after_a_week_of_work_with_a_last_pass_each_night_both_servers_are_the_same() {
    let (mailboxes, seed) = (variable("KIMT_WEEK_MAILBOXES", 4) as usize, variable("KIMT_WEEK_SEED", 1));
    let (source, target) = (Dovecot::start(&DovecotSettings::default()), Dovecot::start(&DovecotSettings::default()));
    let names: Vec<String> = (0..mailboxes).map(|line| format!("person{line}@example.com")).collect();
    for (name, line) in names.iter().zip(0..) {
        source.add_user(name, PASSWORD);
        target.add_user(name, PASSWORD);
        let mut corpus = corpus::ordinary(0);
        for (folder, place) in corpus.folders.iter_mut().zip(0..) {
            let numbers = (1..=MESSAGES).filter(|number| number % 5 == place);
            folder.messages = numbers.map(|number| plain_message(line * 100_000 + 50_000 + number)).collect();
        }
        ImapClient::sign_in(source.port, name, PASSWORD).fill(&corpus);
    }
    let accounts: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), PASSWORD)).collect();
    let migration = Migration::new(Place::plain(source.port), Place::plain(target.port), &accounts);
    let mut people: Vec<Person> = names.iter().map(|_| Person::default()).collect();
    let mut rng = Rng::with_seed(seed);
    let mut week = (Followed::default(), 0, Vec::new());
    for day in 0..=DAYS {
        let begun = Instant::now();
        let state = migration.run();
        week.2.push(begun.elapsed().as_millis());
        assert_eq!(state.verdict(), Verdict::AllComplete, "day {day}: {:?}", problems(&state));
        let Followed { flags, moved, renamed, left, deleted, .. } = state.tally.followed;
        (week.0.flags, week.0.moved, week.0.renamed) =
            (week.0.flags + flags, week.0.moved + moved, week.0.renamed + renamed);
        (week.0.left, week.0.deleted) = (week.0.left + left, deleted);
        week.1 += state.tally.copied.messages;
        for ((name, person), line) in names.iter().zip(&mut people).zip(0..) {
            let mut here = ImapClient::sign_in(source.port, name, PASSWORD);
            let mut there = ImapClient::sign_in(target.port, name, PASSWORD);
            person.judge(&state, line, &here.read_all(), &there.read_all());
            if day < DAYS {
                person.works(line, &mut here, &mut rng);
                if rng.u8(..3) == 0 {
                    person.looks(line, &mut there, &mut rng);
                }
            }
        }
    }
    let (followed, copied, milliseconds) = week;
    println!("{mailboxes} mailboxes: {copied} copied, {followed:?}; each pass took {milliseconds:?} ms");
    assert!(followed.flags > 0 && followed.moved > 0 && followed.renamed > 0, "{followed:?}");
}
