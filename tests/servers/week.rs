//! A week of work on the old server, with a last pass each night: people read, file, delete and rename there, empty folders and make them
//! again, some begin to work on the new server, and in the end both are the same but for what people did on the new one, and nothing is there
//! twice.
//!
//! `KIMT_WEEK_MAILBOXES` sets the number of mailboxes, 2 in each test run; `KIMT_WEEK_SEED` another week. What each pass brought, and how long it
//! took, is in the file that `KIMT_TEST_LOG` names.

use crate::support::comparison::likeness;
use crate::support::corpus::{self, CorpusMessage, plain_message};
use crate::support::cyrus::Cyrus;
use crate::support::dovecot::{Dovecot, DovecotSettings};
use crate::support::imap_client::{FolderContent, ImapClient, MailboxContent, Path};
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

/// What a person did with a letter on the new server, which no pass undoes.
enum Doing {
    Flagged(BTreeSet<String>),
    /// Moved into the INBOX.
    Filed,
    Deleted,
}

/// What one person did that the servers cannot say.
#[derive(Default)]
struct Person {
    /// What was on the old server at the last pass.
    arrived: BTreeSet<Letter>,
    /// Deleted on the old server after they had arrived: they stay on the new one.
    deleted: BTreeSet<Letter>,
    /// What she did on the new server.
    touched: BTreeMap<Letter, Doing>,
    /// Put into the new server by her.
    own: BTreeSet<Letter>,
    /// All that happened, for whoever looks for a fault.
    acts: BTreeMap<Letter, Vec<String>>,
    /// What she calls the next thing that is new.
    next: usize,
}

fn variable(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).map_or(otherwise, |text| text.parse().unwrap())
}

fn quoted(folder: &FolderContent) -> String {
    format!("\"{}\"", String::from_utf8_lossy(&folder.wire_name))
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

/// A folder that holds something, and the place of one of its messages, from 1.
fn pick<'a>(mail: &'a MailboxContent, rng: &mut Rng) -> (&'a Path, &'a FolderContent, usize, Letter) {
    let full: Vec<_> = mail.folders.iter().filter(|(_, folder)| !folder.messages.is_empty()).collect();
    let (path, folder) = full[rng.usize(..full.len())];
    let place = rng.usize(..folder.messages.len());
    (path, folder, place + 1, likeness(&folder.messages[place].bytes))
}

impl Person {
    fn letter(&mut self, line: usize) -> CorpusMessage {
        self.next += 1;
        plain_message(line * 100_000 + self.next)
    }

    fn note(&mut self, folder: &FolderContent, what: &str) {
        for message in &folder.messages {
            let act = format!("{what} with all of {}", quoted(folder));
            self.acts.entry(likeness(&message.bytes)).or_default().push(act);
        }
    }

    /// A day at the old server.
    fn works(&mut self, day: u32, line: usize, client: &mut ImapClient, rng: &mut Rng) {
        for _ in 0..rng.usize(1..5) {
            let letter = self.letter(line);
            client.append(b"INBOX", &letter).unwrap();
        }
        for _ in 0..rng.usize(3..9) {
            let mail = client.read_all();
            let (path, folder, place, letter) = pick(&mail, rng);
            let all: Vec<_> = mail.folders.values().filter(|it| !it.attributes.contains("\\Noselect")).collect();
            let name = quoted(folder);
            client.expect(format!("SELECT {name}").as_bytes());
            let act = match rng.u8(..11) {
                0..4 => {
                    let sign = if rng.bool() { "+" } else { "-" };
                    let flag = ["\\Seen", "\\Flagged", "\\Answered", "$work"][rng.usize(..4)];
                    format!("STORE {place} {sign}FLAGS ({flag})")
                }
                4..7 => match quoted(all[rng.usize(..all.len())]) {
                    to if to == name => continue,
                    to => format!("MOVE {place} {to}"),
                },
                7 => {
                    if self.arrived.contains(&letter) {
                        self.deleted.insert(letter.clone());
                    }
                    client.expect(format!("STORE {place} +FLAGS (\\Deleted)").as_bytes());
                    "EXPUNGE".to_owned()
                }
                _ if name == "\"INBOX\"" => continue,
                8 => {
                    // She empties it, deletes it, and may make it again.
                    let has_below = mail.folders.keys().any(|it| it.len() > path.len() && it.starts_with(path));
                    client.expect(b"MOVE 1:* INBOX");
                    client.expect(b"CLOSE");
                    self.note(folder, &format!("day {day}: MOVE to INBOX and DELETE"));
                    if !has_below {
                        client.expect(format!("DELETE {name}").as_bytes());
                        if rng.bool() {
                            client.expect(format!("CREATE {name}").as_bytes());
                        }
                    }
                    continue;
                }
                _ => {
                    self.next += 1;
                    let rename = format!("RENAME {name} \"Folder {}\"", self.next);
                    client.expect(b"CLOSE");
                    client.expect(rename.as_bytes());
                    self.note(folder, &format!("day {day}: {rename}"));
                    if rng.bool() {
                        // Another one takes its name.
                        client.expect(format!("CREATE {name}").as_bytes());
                    }
                    continue;
                }
            };
            client.expect(act.as_bytes());
            self.acts.entry(letter).or_default().push(format!("day {day}: {act} in {name}"));
        }
    }

    /// A look at the new server.
    fn looks(&mut self, day: u32, line: usize, client: &mut ImapClient, rng: &mut Rng) {
        let mail = client.read_all();
        let (_, folder, place, letter) = pick(&mail, rng);
        let is_known =
            self.deleted.contains(&letter) || self.touched.contains_key(&letter) || self.own.contains(&letter);
        if is_known {
            return;
        }
        client.expect(format!("SELECT {}", quoted(folder)).as_bytes());
        let (act, doing) = match rng.u8(..4) {
            0 => {
                let flags = ["\\Flagged", "$mine"].map(str::to_owned).into();
                (format!("STORE {place} FLAGS (\\Flagged $mine)"), Doing::Flagged(flags))
            }
            1 if folder.wire_name != b"INBOX" => (format!("MOVE {place} INBOX"), Doing::Filed),
            2 => {
                client.expect(format!("STORE {place} +FLAGS (\\Deleted)").as_bytes());
                ("EXPUNGE".to_owned(), Doing::Deleted)
            }
            _ => {
                let own = self.letter(line);
                self.own.insert(likeness(&own.bytes));
                return client.append(&folder.wire_name, &own).unwrap();
            }
        };
        client.expect(act.as_bytes());
        self.acts
            .entry(letter.clone())
            .or_default()
            .push(format!("day {day}: on the target {act} in {}", quoted(folder)));
        self.touched.insert(letter, doing);
    }

    /// Both servers are the same but for what she did on the new one.
    fn judge(&mut self, day: u32, state: &RunState, line: usize, here: &MailboxContent, there: &MailboxContent) {
        let parts = |path: &kimt::domain::FolderPath| path.parts().to_vec();
        let ways: BTreeMap<Path, Path> =
            state.accounts[line].folders.iter().map(|it| (parts(&it.source), parts(&it.target))).collect();
        let (here, there) = (letters(here), letters(there));
        let shown = |letter: &Letter| {
            let acts = self.acts.get(letter).cloned().unwrap_or_default();
            let text = String::from_utf8_lossy(&letter[..letter.len().min(150)]).into_owned();
            format!(
                "person {line}, day {day}: {text}\nhere {:?}\nthere {:?}\n{acts:#?}",
                here.get(letter),
                there.get(letter)
            )
        };
        for (letter, places) in &there {
            assert_eq!(places.len(), 1, "it is there twice: {}", shown(letter));
            let is_known = here.contains_key(letter) || self.own.contains(letter) || self.deleted.contains(letter);
            assert!(is_known || self.touched.contains_key(letter), "nobody has it: {}", shown(letter));
        }
        for (letter, places) in &here {
            assert_eq!(places.len(), 1, "the old server has it twice: {}", shown(letter));
            let (path, flags) = &places[0];
            let now = there.get(letter).and_then(|places| places.first());
            match self.touched.get(letter) {
                Some(Doing::Flagged(flags)) => assert_eq!(now.map(|it| &it.1), Some(flags), "{}", shown(letter)),
                Some(Doing::Filed | Doing::Deleted) => {}
                None => assert_eq!(now, Some(&(ways[path].clone(), flags.clone())), "{}", shown(letter)),
            }
        }
        for (letter, doing) in &self.touched {
            let now = there.get(letter).map(|places| places[0].0.clone());
            match doing {
                Doing::Filed => assert_eq!(now, Some(vec!["INBOX".to_owned()]), "{}", shown(letter)),
                Doing::Deleted => assert_eq!(now, None, "{}", shown(letter)),
                Doing::Flagged(_) => {}
            }
        }
        let kept = self.deleted.iter().filter(|letter| !self.touched.contains_key(*letter)).chain(&self.own);
        for letter in kept {
            assert!(there.contains_key(letter), "it is not there any more: {}", shown(letter));
        }
        self.arrived = here.into_keys().collect();
    }
}

/// The week between two servers, by their ports; `add` adds a person to both.
fn a_week(name: &str, [source, target]: [u16; 2], add: impl Fn(&str)) {
    let (mailboxes, seed) = (variable("KIMT_WEEK_MAILBOXES", 2) as usize, variable("KIMT_WEEK_SEED", 1));
    let names: Vec<String> = (0..mailboxes).map(|line| format!("person{line}@example.com")).collect();
    for (name, line) in names.iter().zip(0..) {
        add(name);
        let mut corpus = corpus::ordinary(0);
        for (folder, place) in corpus.folders.iter_mut().zip(0..) {
            let numbers = (1..=MESSAGES).filter(|number| number % 5 == place);
            folder.messages = numbers.map(|number| plain_message(line * 100_000 + 50_000 + number)).collect();
        }
        ImapClient::sign_in(source, name, PASSWORD).fill(&corpus);
    }
    let accounts: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), PASSWORD)).collect();
    let migration = Migration::new(Place::plain(source), Place::plain(target), &accounts);
    let mut people: Vec<Person> = names.iter().map(|_| Person::default()).collect();
    let mut rng = Rng::with_seed(seed);
    let mut brought = Followed::default();
    for day in 0..=DAYS {
        let begun = Instant::now();
        let state = migration.run();
        let took = begun.elapsed();
        assert_eq!(state.verdict(), Verdict::AllComplete, "day {day}: {:?}", problems(&state));
        let (followed, copied) = (state.tally.followed, state.tally.copied.messages);
        log::info!("{name}, {mailboxes} mailboxes, seed {seed}, day {day}: {copied} copied, {followed:?}, {took:?}");
        brought.flags += followed.flags;
        brought.moved += followed.moved;
        brought.renamed += followed.renamed;
        for ((name, person), line) in names.iter().zip(&mut people).zip(0..) {
            let mut here = ImapClient::sign_in(source, name, PASSWORD);
            let mut there = ImapClient::sign_in(target, name, PASSWORD);
            person.judge(day, &state, line, &here.read_all(), &there.read_all());
            if day < DAYS {
                person.works(day, line, &mut here, &mut rng);
                if rng.u8(..3) == 0 {
                    person.looks(day, line, &mut there, &mut rng);
                }
            }
        }
    }
    assert!(brought.flags > 0 && brought.moved > 0 && brought.renamed > 0, "{brought:?}");
}

#[test]
fn after_a_week_of_work_with_a_last_pass_each_night_two_dovecots_are_the_same() {
    let (source, target) = (Dovecot::start(&DovecotSettings::default()), Dovecot::start(&DovecotSettings::default()));
    a_week("Dovecot to Dovecot", [source.port, target.port], |name| {
        source.add_user(name, PASSWORD);
        target.add_user(name, PASSWORD);
    });
}

#[test]
fn after_a_week_of_work_with_a_last_pass_each_night_a_cyrus_and_a_dovecot_are_the_same() {
    let (dovecot, cyrus) = (Dovecot::start(&DovecotSettings::default()), Cyrus::start());
    let add = |name: &str| {
        dovecot.add_user(name, PASSWORD);
        cyrus.add_user(name, PASSWORD);
    };
    a_week("Cyrus to Dovecot", [cyrus.port, dovecot.port], add);
}

#[test]
fn after_a_week_of_work_with_a_last_pass_each_night_a_dovecot_and_a_cyrus_are_the_same() {
    let (dovecot, cyrus) = (Dovecot::start(&DovecotSettings::default()), Cyrus::start());
    let add = |name: &str| {
        dovecot.add_user(name, PASSWORD);
        cyrus.add_user(name, PASSWORD);
    };
    a_week("Dovecot to Cyrus", [dovecot.port, cyrus.port], add);
}
