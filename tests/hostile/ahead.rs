//! How much goes out ahead of the target's answers: messages on the copying connection, questions on the checking one.

use super::between::{Command, Fate, Tamper};
use super::stage::{ANN, Stage};
use kimt::rehearsal::{Content, MailStore, NewMessage, Profile};
use std::io::Write;
use std::net::TcpStream;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// Answers that a target withholds until nothing more comes for a while, and then gives all at once.
struct Withheld {
    /// It is enough when this many were, and nothing is withheld after that.
    enough: Option<usize>,
    quiet: Duration,
    answers: Vec<u8>,
    commands: usize,
    bytes: usize,
    /// The most that was unanswered at a time: commands, and bytes of their literals.
    most: (usize, usize),
    last: Instant,
    is_over: bool,
    /// The connection on which it began.
    connection: Option<usize>,
    stream: Option<TcpStream>,
}

impl Withheld {
    fn new(enough: Option<usize>, quiet: Duration) -> Self {
        Self {
            enough,
            quiet,
            answers: Vec::new(),
            commands: 0,
            bytes: 0,
            most: (0, 0),
            last: Instant::now(),
            is_over: false,
            connection: None,
            stream: None,
        }
    }

    fn is_about(&mut self, command: &Command) -> bool {
        !self.is_over && command.connection == *self.connection.get_or_insert(command.connection)
    }

    fn withhold(&mut self, command: &Command, words: &str) {
        self.answers.extend(format!("{} {words}\r\n", command.tag).into_bytes());
        self.commands += 1;
        self.bytes += command.literals.iter().map(Vec::len).sum::<usize>();
        self.most = (self.most.0.max(self.commands), self.most.1.max(self.bytes));
        self.last = Instant::now();
    }

    fn give(&mut self) {
        let is_enough = self.enough.is_some_and(|enough| self.commands >= enough);
        if let (true, Some(stream)) = (is_enough || self.last.elapsed() > self.quiet, &mut self.stream) {
            let _ = stream.write_all(&std::mem::take(&mut self.answers));
            self.is_over = is_enough;
            (self.commands, self.bytes) = (0, 0);
        }
    }
}

/// Copies that many messages to a target that answers those commands with `words`, late; returns how much was unanswered at most.
fn most_unanswered(
    (messages, bytes): (u32, usize),
    (enough, quiet): (Option<usize>, Duration),
    (withholds, words): (fn(&Command) -> bool, &'static str),
) -> (usize, usize) {
    let mut stage = Stage::between(Profile::Rich, Profile::Rich);
    for number in 0..messages {
        let mut text = format!("Subject: {number}\r\n\r\n").into_bytes();
        text.resize(bytes, b'x');
        stage.source.store().add(ANN, "INBOX", NewMessage::new(Content::bytes(text))).unwrap();
    }
    let withheld = Arc::new(Mutex::new(Withheld::new(enough, quiet)));
    let (gives, takes, there) = (Arc::downgrade(&withheld), withheld.clone(), stage.target.server.store().clone());
    std::thread::spawn(move || {
        while let Some(withheld) = gives.upgrade() {
            withheld.lock().unwrap().give();
            std::thread::sleep(Duration::from_millis(20));
        }
    });
    stage.target.tamper(Tamper::commands(move |command| {
        {
            let mut withheld = takes.lock().unwrap();
            if !withholds(command) || !withheld.is_about(command) {
                return Fate::Pass;
            }
            withheld.withhold(command, words);
        }
        store(&there, command);
        let takes = takes.clone();
        Fate::Stream(Box::new(move |stream| {
            takes.lock().unwrap().stream = Some(stream.try_clone()?);
            Ok(())
        }))
    }));
    stage.assert_complete(&stage.migrate());
    withheld.lock().unwrap().most
}

/// Stores what comes with an APPEND.
fn store(there: &MailStore, command: &Command) {
    let messages = command.literals.iter().map(|literal| NewMessage::new(Content::bytes(literal.as_slice())));
    there.add_all(ANN, "INBOX", messages.collect()).unwrap();
}

fn appends(command: &Command) -> bool {
    command.name == "APPEND"
}

const LARGE: usize = 1_500_000;
/// Nothing is answered while more comes.
const ALL: (Option<usize>, Duration) = (None, Duration::from_millis(250));

#[test]
fn no_more_than_nine_batches_wait_for_their_answers() {
    let (commands, _) = most_unanswered((8000, 40), ALL, (appends, "OK done"));
    assert!((2..=9).contains(&commands), "{commands}");
}

#[test]
fn no_more_than_eight_megabytes_and_a_batch_wait_for_their_answers() {
    let (_, bytes) = most_unanswered((16, LARGE), ALL, (appends, "OK done"));
    assert!((LARGE..=(8 << 20) + LARGE).contains(&bytes), "{bytes}");
}

#[test]
fn the_checking_connection_asks_for_more_than_two_large_messages_before_it_has_an_answer() {
    // They come in three parts at least: the first alone, and the others are more than may be unanswered while they are copied. While
    // the answer to the first question is withheld, the others wait to be asked.
    let until_others_wait = (Some(3), Duration::from_secs(1));
    let (commands, _) = most_unanswered((12, 1_100_000), until_others_wait, (Command::reads_bodies, "NO not now"));
    assert!(commands >= 3, "{commands}");
}
