//! How much goes out ahead of the target's answers.

use super::between::{Command, Fate, Tamper};
use super::stage::{ANN, Stage};
use kimt::rehearsal::{Content, MailStore, NewMessage, Profile};
use std::io::Write;
use std::net::TcpStream;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// A target that withholds its answers until nothing more comes, and then gives them all.
#[derive(Default)]
struct Withheld {
    answers: Vec<u8>,
    commands: usize,
    octets: usize,
    /// The most that was unanswered at a time: commands, and octets of their messages.
    most: (usize, usize),
    last: Option<Instant>,
    line: Option<TcpStream>,
}

impl Withheld {
    fn withhold(&mut self, command: &Command) {
        self.answers.extend(format!("{} OK done\r\n", command.tag).into_bytes());
        self.commands += 1;
        self.octets += command.literals.iter().map(Vec::len).sum::<usize>();
        self.most = (self.most.0.max(self.commands), self.most.1.max(self.octets));
        self.last = Some(Instant::now());
    }

    fn give_when_quiet(&mut self) {
        let quiet = self.last.is_some_and(|last| last.elapsed() > Duration::from_millis(250));
        if let (true, Some(line)) = (quiet, &mut self.line) {
            let _ = line.write_all(&std::mem::take(&mut self.answers));
            (self.commands, self.octets, self.last) = (0, 0, None);
        }
    }
}

fn stage() -> (Stage, Arc<Mutex<Withheld>>) {
    let mut stage = Stage::between(Profile::Rich, Profile::Rich);
    let withheld: Arc<Mutex<Withheld>> = Arc::default();
    let (gives, takes, there) = (withheld.clone(), withheld.clone(), stage.target.server.store().clone());
    std::thread::spawn(move || {
        while Arc::strong_count(&gives) > 1 {
            std::thread::sleep(Duration::from_millis(20));
            gives.lock().unwrap().give_when_quiet();
        }
    });
    stage.target.tamper(Tamper::commands(move |command| {
        if command.name != "APPEND" {
            return Fate::Pass;
        }
        store(&there, command);
        takes.lock().unwrap().withhold(command);
        let takes = takes.clone();
        Fate::Stream(Box::new(move |line| {
            takes.lock().unwrap().line = Some(line.try_clone()?);
            Ok(())
        }))
    }));
    (stage, withheld)
}

fn store(there: &MailStore, command: &Command) {
    let messages = command.literals.iter().map(|literal| NewMessage::new(Content::octets(literal.as_slice())));
    there.add_all(ANN, "INBOX", messages.collect()).unwrap();
}

/// Fills the source, migrates, and tells how much was unanswered at most.
fn most_unanswered(messages: u32, octets: usize) -> (usize, usize) {
    let (stage, withheld) = stage();
    for number in 0..messages {
        let mut text = format!("Subject: {number}\r\n\r\n").into_bytes();
        text.resize(octets, b'x');
        stage.source.store().add(ANN, "INBOX", NewMessage::new(Content::octets(text))).unwrap();
    }
    stage.assert_complete(&stage.migrate());
    withheld.lock().unwrap().most
}

#[test]
fn no_more_than_nine_batches_wait_for_their_answers() {
    let (commands, _) = most_unanswered(8000, 40);
    assert!((2..=9).contains(&commands), "{commands}");
}

#[test]
fn no_more_than_eight_megabytes_and_a_batch_wait_for_their_answers() {
    const LARGE: usize = 1_500_000;
    let (_, octets) = most_unanswered(16, LARGE);
    assert!((LARGE..=(8 << 20) + LARGE).contains(&octets), "{octets}");
}
