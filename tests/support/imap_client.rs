//! A small IMAP client of the tests: fills a server with a corpus and reads everything back, over an unencrypted connection, with no code of
//! the program.

use super::corpus::{Corpus, CorpusMessage};
use super::wire_value::{Value, from_wire, to_wire, values};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::time::Duration;

/// A folder's name in its parts, outermost first.
pub type Path = Vec<String>;

/// A message as the server gives it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Message {
    pub bytes: Vec<u8>,
    /// Without \Recent.
    pub flags: BTreeSet<String>,
    /// INTERNALDATE as it travels.
    pub date: String,
}

/// A folder with all its messages, in the order of their UIDs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FolderContent {
    pub wire_name: Vec<u8>,
    /// Without \\Marked and \\Unmarked, which come and go.
    pub attributes: BTreeSet<String>,
    pub messages: Vec<Message>,
}

/// Everything a server holds for one user.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MailboxContent {
    pub folders: BTreeMap<Path, FolderContent>,
    pub subscribed: BTreeSet<Path>,
}

impl MailboxContent {
    pub fn message_count(&self) -> usize {
        self.folders.values().map(|folder| folder.messages.len()).sum()
    }
}

/// What a server did not take of a corpus, with its words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotTaken {
    pub what: String,
    pub words: String,
}

/// Replaces the words of a server that ended the session instead of refusing.
const SESSION_ENDED: &str = "the server ended the session";

/// A signed-in session.
pub struct ImapClient {
    port: u16,
    user: String,
    password: String,
    stream: BufReader<TcpStream>,
    tags: u32,
    last_command: String,
    separator: char,
    /// The prefix of the names of a user's own folders on this server.
    pub prefix: String,
}

struct Response {
    line: Vec<u8>,
    literals: Vec<Vec<u8>>,
}

impl ImapClient {
    /// Signs in on loopback; panics when that is refused.
    pub fn sign_in(port: u16, user: &str, password: &str) -> Self {
        let mut client = Self {
            port,
            user: user.to_owned(),
            password: password.to_owned(),
            stream: connected(port),
            tags: 0,
            last_command: String::new(),
            separator: '/',
            prefix: String::new(),
        };
        client.introduce();
        client.learn_naming();
        client
    }

    fn introduce(&mut self) {
        self.response().unwrap();
        let login = format!("LOGIN {} {}", quoted(self.user.as_bytes()), quoted(self.password.as_bytes()));
        self.expect(login.as_bytes());
    }

    /// Some servers end the session for what they cannot do.
    fn sign_in_again(&mut self) {
        self.stream = connected(self.port);
        self.introduce();
    }

    fn learn_naming(&mut self) {
        let (_, listed) = self.command(b"LIST \"\" \"\"").unwrap();
        if let Some(values) = listed.iter().map(data).find(|values| values[1].word() == "LIST") {
            self.separator = values[3].word().chars().next().unwrap();
        }
        let (answer, spaces) = self.command(b"NAMESPACE").unwrap();
        if answer.starts_with("OK") {
            let values = spaces.iter().map(data).find(|values| values[1].word() == "NAMESPACE").unwrap();
            self.prefix = values[2].list()[0].list()[0].word();
        }
    }

    /// Sends a command and returns the tagged answer without its tag, and the untagged responses.
    fn command(&mut self, command: &[u8]) -> io::Result<(String, Vec<Response>)> {
        let tag = self.send(command)?;
        self.answer(&tag)
    }

    /// Sends a command that the server must accept, and returns what came before its answer as values.
    pub fn expect(&mut self, command: &[u8]) -> Vec<Vec<Value>> {
        let (answer, responses) = self.command(command).unwrap();
        assert!(answer.starts_with("OK"), "{}: {answer}", String::from_utf8_lossy(command));
        responses.iter().map(data).collect()
    }

    /// Sends a command and returns the words of its refusal, if it is refused.
    pub fn attempt(&mut self, command: &[u8]) -> Result<(), String> {
        let answered = self.command(command).map(|(answer, _)| answer);
        self.accepted(answered)
    }

    fn accepted(&mut self, answered: io::Result<String>) -> Result<(), String> {
        match answered {
            Ok(answer) if answer.starts_with("OK") => Ok(()),
            Ok(answer) => Err(answer),
            Err(_) => {
                self.sign_in_again();
                Err(SESSION_ENDED.to_owned())
            }
        }
    }

    fn send(&mut self, command: &[u8]) -> io::Result<String> {
        self.tags += 1;
        self.last_command = String::from_utf8_lossy(command).into_owned();
        let tag = format!("t{}", self.tags);
        let mut line = format!("{tag} ").into_bytes();
        line.extend(command);
        line.extend(b"\r\n");
        self.stream.get_mut().write_all(&line)?;
        Ok(tag)
    }

    fn answer(&mut self, tag: &str) -> io::Result<(String, Vec<Response>)> {
        let mut responses = Vec::new();
        loop {
            let response = self.response()?;
            let text = String::from_utf8_lossy(&response.line).into_owned();
            match text.split_once(' ') {
                Some((first, rest)) if first == tag => return Ok((rest.to_owned(), responses)),
                _ => responses.push(response),
            }
        }
    }

    fn response(&mut self) -> io::Result<Response> {
        let mut response = Response { line: Vec::new(), literals: Vec::new() };
        loop {
            let mut line = Vec::new();
            self.stream.read_until(b'\n', &mut line)?;
            if !line.ends_with(b"\n") {
                return Err(io::Error::other(format!("{SESSION_ENDED} in {:?}", self.last_command)));
            }
            while matches!(line.last(), Some(b'\r' | b'\n')) {
                line.pop();
            }
            response.line.extend(&line);
            let Some(length) = literal_length(&line) else { return Ok(response) };
            let mut literal = vec![0; length];
            self.stream.read_exact(&mut literal)?;
            response.literals.push(literal);
        }
    }

    /// Appends one message with a synchronous literal.
    pub fn append(&mut self, folder: &[u8], message: &CorpusMessage) -> Result<(), String> {
        let answered = self.appended(folder, message);
        self.accepted(answered)
    }

    fn appended(&mut self, folder: &[u8], message: &CorpusMessage) -> io::Result<String> {
        let mut command = b"APPEND ".to_vec();
        command.extend(quoted(folder).as_bytes());
        command.extend(format!(" ({})", message.flags.join(" ")).as_bytes());
        if let Some(date) = &message.date {
            command.extend(format!(" \"{date}\"").as_bytes());
        }
        command.extend(format!(" {{{}}}", message.bytes.len()).as_bytes());
        let tag = self.send(&command)?;
        loop {
            let response = self.response()?;
            if response.line.starts_with(b"+") {
                break;
            }
            if response.line.starts_with(tag.as_bytes()) {
                return Ok(String::from_utf8_lossy(&response.line).into_owned());
            }
        }
        let stream = self.stream.get_mut();
        stream.write_all(&message.bytes)?;
        stream.write_all(b"\r\n")?;
        Ok(self.answer(&tag)?.0)
    }

    /// Makes everything of a corpus; returns what the server did not take.
    pub fn fill(&mut self, corpus: &Corpus) -> Vec<NotTaken> {
        let mut not_taken = Vec::new();
        for folder in &corpus.folders {
            let wire_name = self.wire_name(&folder.path);
            let shown = String::from_utf8_lossy(&wire_name).into_owned();
            let mut note = |what: &str, outcome: Result<(), String>| {
                if let Err(words) = outcome {
                    not_taken.push(NotTaken { what: format!("{what} {shown}"), words });
                }
            };
            let joined = folder.path.join(&self.separator.to_string());
            if joined.split(self.separator).any(str::is_empty) {
                // Courier ends the session for it.
                note("folder", Err("a part of the name is empty there".to_owned()));
                continue;
            }
            if folder.exists && !is_inbox(&folder.path) {
                let created = self.attempt(format!("CREATE {}", quoted(&wire_name)).as_bytes());
                // A folder above another may have been made with it.
                let there = created.as_ref().is_err_and(|words| words.to_lowercase().contains("exist"));
                note("folder", if there { Ok(()) } else { created.clone() });
                if created.is_err() && !there {
                    continue;
                }
            }
            if folder.subscribed {
                note("subscription", self.attempt(format!("SUBSCRIBE {}", quoted(&wire_name)).as_bytes()));
            }
            for message in &folder.messages {
                note(&format!("message '{}' in", message.what), self.append(&wire_name, message));
            }
        }
        not_taken
    }

    /// A path as this server writes it.
    pub fn wire_name(&self, path: &[String]) -> Vec<u8> {
        if is_inbox(path) {
            return b"INBOX".to_vec();
        }
        let name = to_wire(&path.join(&self.separator.to_string()));
        [self.prefix.as_bytes(), &name].concat()
    }

    fn path(&self, wire_name: &[u8]) -> Path {
        let own = wire_name.strip_prefix(self.prefix.as_bytes()).unwrap_or(wire_name);
        let own = from_wire(own);
        // Pymap lists `trailing dot/` below `trailing dot`.
        let name = own.strip_suffix(self.separator).filter(|name| !name.is_empty()).unwrap_or(&own);
        name.split(self.separator).map(str::to_owned).collect()
    }

    /// Reads everything the user has, without changing a flag.
    pub fn read_all(&mut self) -> MailboxContent {
        let mut content = MailboxContent::default();
        for values in self.expect(b"LIST \"\" *") {
            if values[1].word() != "LIST" {
                continue;
            }
            let attributes: BTreeSet<String> =
                values[2].list().iter().map(Value::word).filter(|it| !it.ends_with("arked")).collect();
            let wire_name = values[4].bytes().to_vec();
            let selectable =
                !attributes.iter().any(|it| matches!(it.to_lowercase().as_str(), "\\noselect" | "\\nonexistent"));
            let messages = if selectable { self.read_folder(&wire_name) } else { Vec::new() };
            // Courier's `INBOX.INBOX`, the parent of a folder below a child called INBOX, must not replace INBOX itself.
            let path = self.path(&wire_name);
            if selectable || !content.folders.contains_key(&path) {
                content.folders.insert(path, FolderContent { wire_name, attributes, messages });
            }
        }
        for values in self.expect(b"LSUB \"\" *") {
            if values[1].word() == "LSUB"
                && !values[2].list().iter().any(|it| it.word().eq_ignore_ascii_case("\\noselect"))
            {
                content.subscribed.insert(self.path(values[4].bytes()));
            }
        }
        content
    }

    /// All messages of a folder; none where the server does not open what it lists, as pymap with names that begin with a dot.
    fn read_folder(&mut self, wire_name: &[u8]) -> Vec<Message> {
        if self.attempt(format!("EXAMINE {}", quoted(wire_name)).as_bytes()).is_err() {
            return Vec::new();
        }
        let (answer, responses) = self.command(b"UID FETCH 1:* (FLAGS INTERNALDATE BODY.PEEK[])").unwrap();
        assert!(answer.starts_with("OK"), "{answer}");
        let mut messages = BTreeMap::new();
        for values in responses
            .iter()
            .map(data)
            .filter(|values| values.get(2).is_some_and(|it| *it == Value::Atom(b"FETCH".to_vec())))
        {
            let items = values[3].list();
            let item = |name: &str| {
                let at = items.iter().position(|item| *item == Value::Atom(name.as_bytes().to_vec()))?;
                items.get(at + 1)
            };
            // A FETCH without a body only reports changed flags.
            let Some(body) = item("BODY[]") else { continue };
            let uid: u32 = item("UID").unwrap().word().parse().unwrap();
            let flags =
                item("FLAGS").unwrap().list().iter().map(Value::word).filter(|flag| flag != "\\Recent").collect();
            let bytes = if *body == Value::Atom(b"NIL".to_vec()) { Vec::new() } else { body.bytes().to_vec() };
            messages.insert(uid, Message { bytes, flags, date: item("INTERNALDATE").unwrap().word() });
        }
        messages.into_values().collect()
    }
}

fn connected(port: u16) -> BufReader<TcpStream> {
    let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
    stream.set_nodelay(true).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    BufReader::new(stream)
}

fn is_inbox(path: &[String]) -> bool {
    path.len() == 1 && path[0].eq_ignore_ascii_case("INBOX")
}

fn data(response: &Response) -> Vec<Value> {
    // Free text after OK, NO, BAD and BYE has no grammar.
    let end =
        response.line.iter().position(|byte| *byte == b'[').filter(|at| *at < 8 && response.line.starts_with(b"* "));
    values(end.map_or(&response.line, |end| &response.line[..end]), &response.literals)
}

fn literal_length(line: &[u8]) -> Option<usize> {
    let inner = line.strip_suffix(b"}")?;
    let open = inner.iter().rposition(|byte| *byte == b'{')?;
    std::str::from_utf8(&inner[open + 1..]).ok()?.parse().ok()
}

fn quoted(text: &[u8]) -> String {
    let text = std::str::from_utf8(text).unwrap();
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}
