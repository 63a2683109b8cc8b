//! Somebody between the engine and an embedded server, who reads every command and every line of an answer and does with it what a
//! test wants.
//!
//! The server behind must offer LITERAL+; which capabilities the engine hears is the test's choice.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// A command of the engine, whole.
#[derive(Debug, Clone)]
pub struct Command {
    /// The connection's number, from 1.
    pub connection: usize,
    pub tag: String,
    /// In upper case, `UID FETCH` as one.
    pub name: String,
    /// Its text without literals.
    pub text: String,
    pub literals: Vec<Vec<u8>>,
    /// The sizes of those that did not wait for the server.
    pub free: Vec<usize>,
    raw: Vec<u8>,
}

impl Command {
    /// Answers it in the server's stead.
    pub fn answer(&self, words: &str) -> Fate {
        Fate::Instead(format!("{} {words}\r\n", self.tag).into_bytes())
    }

    pub fn reads_bodies(&self) -> bool {
        self.name == "UID FETCH" && self.text.contains("BODY.PEEK[]")
    }
}

/// A line of an answer, without its end. The bytes of a literal are not lines.
pub struct Answer {
    pub text: String,
    bytes: Vec<u8>,
}

impl Answer {
    /// The line with a part of it replaced.
    pub fn with(&self, part: &str, other: &str) -> Fate {
        assert!(self.text.contains(part), "{} has no {part}", self.text);
        Fate::Instead(format!("{}\r\n", self.text.replace(part, other)).into_bytes())
    }

    /// These bytes, then the line.
    pub fn after(&self, bytes: &[u8]) -> Fate {
        Fate::Instead([bytes, &self.bytes, b"\r\n"].concat())
    }

    /// Whether it is a FETCH answer about this UID.
    pub fn fetches(&self, uid: u32) -> bool {
        let uid = format!("UID {uid}");
        let ends = |rest: &str| !rest.starts_with(|c: char| c.is_ascii_digit());
        self.text.starts_with("* ")
            && self.text.contains(" FETCH (")
            && self.text.split_once(&uid).is_some_and(|(_, rest)| ends(rest))
    }
}

type Writing = Box<dyn FnOnce(&mut TcpStream) -> io::Result<()> + Send>;

/// What becomes of a command or a line.
pub enum Fate {
    Pass,
    /// The engine hears this instead. Of a line, the literal that it announced follows all the same.
    Instead(Vec<u8>),
    /// The engine hears what is written there instead.
    Stream(Writing),
    /// The line, and the literal it announces, come before the next tagged answer.
    Hold,
    /// The connection ends.
    Close,
    /// Nothing is said any more.
    Silence,
}

type OnCommand = Box<dyn Fn(&Command) -> Fate + Send + Sync>;
type OnAnswer = Box<dyn Fn(&Answer) -> Fate + Send + Sync>;
type OnAnnounced = Box<dyn Fn() -> Option<&'static str> + Send + Sync>;

/// What is done.
pub struct Tamper {
    capabilities: Option<&'static str>,
    on_command: OnCommand,
    on_answer: OnAnswer,
    on_announced: OnAnnounced,
    /// A connection on which the engine says nothing for so long ends, with these words.
    longest_idle: Option<Duration>,
    last_words: &'static str,
}

impl Tamper {
    pub fn commands(on_command: impl Fn(&Command) -> Fate + Send + Sync + 'static) -> Self {
        Self {
            capabilities: None,
            on_command: Box::new(on_command),
            on_answer: Box::new(|_| Fate::Pass),
            on_announced: Box::new(|| Some("+ go\r\n")),
            longest_idle: None,
            last_words: "",
        }
    }

    pub fn answers(on_answer: impl Fn(&Answer) -> Fate + Send + Sync + 'static) -> Self {
        Self::commands(|_| Fate::Pass).answering(on_answer)
    }

    /// Answers are tampered with, too.
    pub fn answering(self, on_answer: impl Fn(&Answer) -> Fate + Send + Sync + 'static) -> Self {
        Self { on_answer: Box::new(on_answer), ..self }
    }

    /// The engine hears this where a literal waits for the server; nothing ever, where it is none.
    pub fn going_ahead(self, on_announced: impl Fn() -> Option<&'static str> + Send + Sync + 'static) -> Self {
        Self { on_announced: Box::new(on_announced), ..self }
    }

    /// A connection on which the engine says nothing for so long ends, with these words.
    pub fn ending_idle(self, longest: Duration, last_words: &'static str) -> Self {
        Self { longest_idle: Some(longest), last_words, ..self }
    }

    /// The engine hears these capabilities instead of the server's.
    pub fn offering(self, capabilities: &'static str) -> Self {
        Self { capabilities: Some(capabilities), ..self }
    }
}

/// Listens on a port of its own.
pub struct Between {
    pub port: u16,
}

impl Between {
    pub fn start(server: u16, tamper: Tamper) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (tamper, connections) = (Arc::new(tamper), AtomicUsize::new(0));
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let number = connections.fetch_add(1, Ordering::SeqCst) + 1;
                let Ok(server) = TcpStream::connect(("127.0.0.1", server)) else { return };
                client.set_nodelay(true).unwrap();
                client.set_read_timeout(tamper.longest_idle).unwrap();
                server.set_nodelay(true).unwrap();
                let line = Arc::new(Line {
                    number,
                    tamper: tamper.clone(),
                    client: Mutex::new(client.try_clone().unwrap()),
                    server: Mutex::new(server.try_clone().unwrap()),
                });
                let upward = line.clone();
                std::thread::spawn(move || upward.end(upward.commands(BufReader::new(client))));
                std::thread::spawn(move || line.end(line.answers(BufReader::new(server))));
            }
        });
        Self { port }
    }
}

struct Line {
    number: usize,
    tamper: Arc<Tamper>,
    client: Mutex<TcpStream>,
    server: Mutex<TcpStream>,
}

impl Line {
    fn end(&self, ended: io::Result<()>) {
        if ended.is_err_and(|error| matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut)) {
            let _ = self.say(self.tamper.last_words.as_bytes());
        }
        let _ = self.client.lock().unwrap().shutdown(Shutdown::Both);
        let _ = self.server.lock().unwrap().shutdown(Shutdown::Both);
    }

    fn say(&self, bytes: &[u8]) -> io::Result<()> {
        self.client.lock().unwrap().write_all(bytes)
    }

    fn commands(&self, mut client: BufReader<TcpStream>) -> io::Result<()> {
        while let Some(command) = self.read_command(&mut client)? {
            match (self.tamper.on_command)(&command) {
                Fate::Pass => self.server.lock().unwrap().write_all(&command.raw)?,
                Fate::Instead(answer) => self.say(&answer)?,
                Fate::Stream(write) => write(&mut self.client.lock().unwrap())?,
                Fate::Hold | Fate::Close => return Ok(()),
                Fate::Silence => io::copy(&mut client, &mut io::sink()).map(|_| ())?,
            }
        }
        Ok(())
    }

    fn read_command(&self, client: &mut BufReader<TcpStream>) -> io::Result<Option<Command>> {
        let (mut raw, mut text, mut literals, mut free) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        loop {
            let mut line = Vec::new();
            if client.read_until(b'\n', &mut line)? == 0 {
                return Ok(None);
            }
            let Some((before, bytes)) = literal(&line) else {
                raw.extend_from_slice(&line);
                text.extend_from_slice(line.trim_ascii_end());
                break;
            };
            if line.trim_ascii_end().ends_with(b"+}") {
                free.push(bytes);
            } else {
                match (self.tamper.on_announced)() {
                    Some(words) => self.say(words.as_bytes())?,
                    None => io::copy(client, &mut io::sink()).map(|_| ())?,
                }
            }
            let mut bytes = vec![0; bytes];
            client.read_exact(&mut bytes)?;
            text.extend_from_slice(&line[..before]);
            raw.extend_from_slice(&line[..before]);
            raw.extend_from_slice(format!("{{{}+}}\r\n", bytes.len()).as_bytes());
            raw.extend_from_slice(&bytes);
            literals.push(bytes);
        }
        let text = String::from_utf8_lossy(&text).into_owned();
        let mut words = text.split(' ').map(str::to_ascii_uppercase);
        let tag = text.split(' ').next().unwrap_or_default().to_owned();
        let name = match words.nth(1).unwrap_or_default().as_str() {
            "UID" => format!("UID {}", words.next().unwrap_or_default()),
            name => name.to_owned(),
        };
        Ok(Some(Command { connection: self.number, tag, name, text, literals, free, raw }))
    }

    fn answers(&self, mut server: BufReader<TcpStream>) -> io::Result<()> {
        let mut held = Vec::new();
        loop {
            let mut bytes = Vec::new();
            if server.read_until(b'\n', &mut bytes)? == 0 {
                return Ok(());
            }
            let literal = literal(&bytes).map(|(_, bytes)| bytes);
            let text = self.advertised(String::from_utf8_lossy(bytes.trim_ascii_end()).into_owned());
            if text.starts_with('+') {
                continue;
            }
            if !text.starts_with("* ") && !held.is_empty() {
                self.say(&std::mem::take(&mut held))?;
            }
            let bytes = if self.tamper.capabilities.is_some() {
                text.clone().into_bytes()
            } else {
                bytes.trim_ascii_end().to_vec()
            };
            let answer = Answer { text, bytes };
            let mut body = vec![0; literal.unwrap_or(0)];
            server.read_exact(&mut body)?;
            match (self.tamper.on_answer)(&answer) {
                Fate::Pass => self.say(&[&answer.bytes[..], b"\r\n", &body].concat())?,
                Fate::Instead(instead) => self.say(&[instead, body].concat())?,
                Fate::Stream(write) => write(&mut self.client.lock().unwrap())?,
                Fate::Hold => {
                    held.extend([&answer.bytes[..], b"\r\n", &body].concat());
                    if literal.is_some() {
                        server.read_until(b'\n', &mut held)?;
                    }
                }
                Fate::Close => return Ok(()),
                Fate::Silence => io::copy(&mut server, &mut io::sink()).map(|_| ())?,
            }
        }
    }

    /// The line with the capabilities that the test wants.
    fn advertised(&self, text: String) -> String {
        let Some(capabilities) = self.tamper.capabilities else { return text };
        if text.starts_with("* CAPABILITY ") {
            return format!("* CAPABILITY {capabilities}");
        }
        match text.split_once("[CAPABILITY ") {
            Some((before, rest)) => {
                let after = rest.split_once(']').map_or("", |(_, after)| after);
                format!("{before}[CAPABILITY {capabilities}]{after}")
            }
            None => text,
        }
    }
}

/// The literal a line announces: where the text before it ends, and how many bytes follow.
fn literal(line: &[u8]) -> Option<(usize, usize)> {
    let inner = line.trim_ascii_end().strip_suffix(b"}")?;
    let open = inner.iter().rposition(|&byte| byte == b'{')?;
    let digits = std::str::from_utf8(&inner[open + 1..]).ok()?;
    Some((open, digits.trim_end_matches('+').parse().ok()?))
}
