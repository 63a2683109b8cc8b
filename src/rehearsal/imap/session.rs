//! One connection's conversation: greeting, commands in order, end. The neighbouring files execute the commands.

use super::super::faults::Moment;
use super::super::store::User;
use super::channel::Channel;
use super::options::{ImapOptions, Profile};
use super::parser::{Announced, Argument, Part, announced, arguments};
use std::io;
use std::sync::Arc;

/// A tagged answer without its tag: `OK [READ-ONLY] done`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reply(pub(super) String);

impl Reply {
    pub(super) fn ok(text: &str) -> Self {
        Self(format!("OK {text}"))
    }

    pub(super) fn no(text: &str) -> Self {
        Self(format!("NO {text}"))
    }

    pub(super) fn bad(text: &str) -> Self {
        Self(format!("BAD {text}"))
    }
}

/// The result of a command; an error ends the connection.
pub(super) type Done = io::Result<Reply>;

/// The folder a session has open.
pub(super) struct Selected {
    pub(super) name: Vec<u8>,
    pub(super) uid_validity: u32,
    pub(super) read_only: bool,
    /// The UIDs by sequence number, as the client knows them.
    pub(super) view: Vec<u32>,
    pub(super) removals: u64,
}

/// A connection's state.
pub(super) struct Session {
    pub(super) channel: Channel,
    pub(super) options: Arc<ImapOptions>,
    pub(super) user: Option<Arc<User>>,
    /// Whether master authentication succeeded; a user must still be named (docs/kerio-connect.md, D6).
    pub(super) is_master: bool,
    pub(super) selected: Option<Selected>,
    leaving: bool,
}

/// The longest command line in bytes, without literals.
const LONGEST_LINE: usize = 256 * 1024;
/// The longest literal that is not a message, in bytes.
const LONGEST_STRING: u64 = 64 * 1024;
/// The most literals of a command other than APPEND.
const MOST_STRINGS: usize = 100;
/// After this many malformed commands in a row, the server hangs up.
const PATIENCE: u32 = 20;

/// A parsed command.
struct Command {
    tag: String,
    /// In upper case; `UID FETCH` is one name.
    name: String,
    arguments: Vec<Argument>,
}

/// What arrived instead of a command.
enum Incoming {
    Command(Command),
    /// Already answered.
    Refused,
    /// Gets this answer; `*` replaces an unreadable tag.
    Malformed {
        tag: String,
        reply: Reply,
    },
}

impl Session {
    pub(super) fn new(channel: Channel, options: Arc<ImapOptions>) -> Self {
        Self { channel, options, user: None, is_master: false, selected: None, leaving: false }
    }

    /// Talks until the client leaves or the connection ends; turns the client away at once if the server is full.
    pub(super) fn serve(mut self, tls: bool, is_full: bool) -> io::Result<()> {
        if tls {
            let shared = self.channel.presence().shared.clone();
            self.channel.encrypt(shared.certificate())?;
        }
        if is_full {
            self.untagged("BYE Too many simultaneous connections")?;
            return self.channel.flush();
        }
        if let Some(answer) = self.channel.step(Moment::Connected)? {
            self.untagged(&answer)?;
            return self.channel.flush();
        }
        self.greet()?;
        let mut commands = 0;
        let mut malformed = 0;
        while !self.leaving {
            match self.read_command()? {
                Incoming::Command(command) => {
                    malformed = 0;
                    self.answer(command)?;
                }
                Incoming::Refused => {}
                Incoming::Malformed { tag, reply } => {
                    self.tagged(&tag, &reply)?;
                    malformed += 1;
                }
            }
            commands += 1;
            if malformed >= PATIENCE {
                self.untagged("BYE Too many malformed commands")?;
                break;
            }
            if self.options.drop_after_commands.is_some_and(|most| commands >= most) {
                return Ok(());
            }
        }
        self.channel.flush()
    }

    fn greet(&mut self) -> io::Result<()> {
        let greeting = self.options.greeting();
        if self.options.kerio.is_some() {
            return self.untagged(&format!("OK {greeting}"));
        }
        let capabilities = self.options.capabilities(self.channel.is_encrypted(), false);
        match self.options.profile {
            Profile::Bare => self.untagged(&format!("OK {greeting}")),
            _ => self.untagged(&format!("OK [CAPABILITY {capabilities}] {greeting}")),
        }
    }

    pub(super) fn untagged(&mut self, text: &str) -> io::Result<()> {
        self.channel.put(b"* ")?;
        self.channel.put(text.as_bytes())?;
        self.channel.put(b"\r\n")
    }

    fn tagged(&mut self, tag: &str, reply: &Reply) -> io::Result<()> {
        self.channel.put(format!("{tag} {}\r\n", reply.0).as_bytes())
    }

    /// Asks for a line within a command, such as AUTHENTICATE's.
    pub(super) fn ask_line(&mut self, challenge: &str) -> io::Result<Option<Vec<u8>>> {
        self.channel.put(format!("+ {challenge}\r\n").as_bytes())?;
        self.channel.read_line(LONGEST_LINE)
    }

    fn read_command(&mut self) -> io::Result<Incoming> {
        let mut parts = Vec::new();
        let mut head: Option<(String, String)> = None;
        let mut length = 0;
        loop {
            let line = self.channel.read_line(LONGEST_LINE - length)?;
            let Some(line) = line else {
                let tag = head.map_or_else(|| "*".to_owned(), |(tag, _)| tag);
                return Ok(Incoming::Malformed { tag, reply: Reply::bad("The line is too long") });
            };
            length += line.len();
            let text_start = match &head {
                Some(_) => 0,
                None => {
                    let Some((tag, name, rest)) = head_of(&line) else {
                        let reply = Reply::bad("A command has a tag and a name");
                        return Ok(Incoming::Malformed { tag: "*".to_owned(), reply });
                    };
                    head = Some((tag, name));
                    rest
                }
            };
            let Some((tag, name)) = &head else { continue };
            let Some(literal) = announced(&line).filter(|literal| literal.text >= text_start) else {
                parts.push(Part::Text(line[text_start..].to_vec()));
                let (tag, name) = (tag.clone(), name.clone());
                return Ok(match arguments(parts) {
                    Some(arguments) => Incoming::Command(Command { tag, name, arguments }),
                    None => Incoming::Malformed { tag, reply: Reply::bad("That is not well formed") },
                });
            };
            parts.push(Part::Text(line[text_start..literal.text].to_vec()));
            let (tag, name) = (tag.clone(), name.clone());
            match self.read_literal(&tag, &name, literal, parts.len() / 2)? {
                Some(bytes) => parts.push(Part::Literal(bytes)),
                None => return Ok(Incoming::Refused),
            }
        }
    }

    /// Reads a literal, or refuses the command and returns none.
    fn read_literal(
        &mut self,
        tag: &str,
        name: &str,
        literal: Announced,
        before: usize,
    ) -> io::Result<Option<Vec<u8>>> {
        let is_append = name == "APPEND" && self.user.is_some();
        let longest = if is_append { self.options.append_limit } else { LONGEST_STRING };
        let free_up_to = if self.options.has("LITERAL+") {
            Some(u64::MAX)
        } else if self.options.has("LITERAL-") {
            Some(4096)
        } else {
            None
        };
        if literal.free && free_up_to.is_none_or(|most| literal.bytes > most) {
            // The two sides cannot agree where it ends; RFC 7888, section 4, lets a server hang up.
            self.tagged(tag, &Reply::bad("Such a literal has to wait for permission"))?;
            self.channel.flush()?;
            return Err(io::ErrorKind::InvalidData.into());
        }
        let refusal = if literal.bytes > longest {
            Some(Reply::no("[TOOBIG] That is larger than this server takes"))
        } else if !is_append && before >= MOST_STRINGS {
            Some(Reply::bad("Too many literals"))
        } else {
            None
        };
        if let Some(refusal) = refusal {
            if literal.free {
                self.skip_command(literal)?;
            }
            self.tagged(tag, &refusal)?;
            return Ok(None);
        }
        if !literal.free {
            if let Some(answer) = self.channel.step(Moment::Announced { command: name, bytes: literal.bytes })? {
                self.tagged(tag, &Reply(answer))?;
                return Ok(None);
            }
            self.channel.put(b"+ Go ahead\r\n")?;
        }
        self.channel.read_bytes(literal.bytes, literal.bytes).map(Some)
    }

    /// Skips the rest of a command whose literals do not wait.
    fn skip_command(&mut self, first: Announced) -> io::Result<()> {
        let mut literal = Some(first);
        while let Some(skipped) = literal {
            self.channel.read_bytes(skipped.bytes, 0)?;
            let line = self.channel.read_line(LONGEST_LINE)?;
            literal = line.and_then(|line| announced(&line)).filter(|next| next.free);
        }
        Ok(())
    }

    fn answer(&mut self, command: Command) -> io::Result<()> {
        let Command { tag, name, arguments } = command;
        self.channel.presence().note_command(&name);
        self.note_change(&name);
        let mut reply = match self.channel.step(Moment::Received { command: &name })? {
            Some(answer) => Reply(answer),
            None => {
                let reply = self.execute(&name, &arguments)?;
                match self.channel.step(Moment::Executed { command: &name })? {
                    Some(answer) => Reply(answer),
                    None => reply,
                }
            }
        };
        // Sequence numbers must not change during commands that use them (RFC 9051, section 7.5.1).
        if !matches!(name.as_str(), "FETCH" | "STORE" | "SEARCH" | "COPY") {
            self.report_changes()?;
        }
        if reply.0.is_empty() {
            reply = Reply::bad("Nothing to say");
        }
        self.tagged(&tag, &reply)?;
        match name.as_str() {
            "STARTTLS" if reply.0.starts_with("OK") => {
                let shared = self.channel.presence().shared.clone();
                self.channel.encrypt(shared.certificate())
            }
            "COMPRESS" if reply.0.starts_with("OK") => self.channel.compress(),
            _ => Ok(()),
        }
    }

    /// Notes commands that change something or could.
    fn note_change(&self, name: &str) {
        let changing = [
            "SELECT",
            "CREATE",
            "DELETE",
            "RENAME",
            "SUBSCRIBE",
            "UNSUBSCRIBE",
            "APPEND",
            "STORE",
            "UID STORE",
            "EXPUNGE",
            "UID EXPUNGE",
            "COPY",
            "UID COPY",
            "MOVE",
            "UID MOVE",
        ];
        let closes = name == "CLOSE" && self.selected.as_ref().is_some_and(|selected| !selected.read_only);
        if let Some(user) = self.user.as_ref().filter(|_| closes || changing.contains(&name)) {
            user.note_change(name);
        }
    }

    fn execute(&mut self, name: &str, arguments: &[Argument]) -> Done {
        match name {
            "CAPABILITY" => {
                let words = self.options.capabilities(self.channel.is_encrypted(), self.user.is_some());
                self.untagged(&format!("CAPABILITY {words}"))?;
                Ok(Reply::ok("done"))
            }
            "NOOP" | "CHECK" => Ok(Reply::ok("done")),
            "LOGOUT" => {
                self.leaving = true;
                self.untagged("BYE Good bye")?;
                Ok(Reply::ok("done"))
            }
            "ID" if self.options.has("ID") || self.options.kerio.is_some() => {
                let id = self.options.id();
                self.untagged(&format!("ID {id}"))?;
                Ok(Reply::ok("done"))
            }
            "STARTTLS" | "LOGIN" | "AUTHENTICATE" | "X-MASTERAUTH" | "X-SETUSER" if self.user.is_none() => {
                self.sign_in(name, arguments)
            }
            "STARTTLS" | "LOGIN" | "AUTHENTICATE" | "X-MASTERAUTH" | "X-SETUSER" => {
                Ok(Reply::bad("Somebody is signed in already"))
            }
            _ => match self.user.clone() {
                Some(user) => self.execute_for(&user, name, arguments),
                None => Ok(Reply::bad("Sign in first")),
            },
        }
    }

    fn execute_for(&mut self, user: &User, name: &str, arguments: &[Argument]) -> Done {
        match name {
            "ENABLE" if self.options.has("ENABLE") => {
                self.untagged("ENABLED")?;
                Ok(Reply::ok("done"))
            }
            "COMPRESS" if self.options.has("COMPRESS=DEFLATE") => Ok(match arguments {
                [method] if method.word() == "DEFLATE" && !self.channel.is_compressed() => Reply::ok("from here on"),
                _ => Reply::no("[COMPRESSIONACTIVE] Only DEFLATE, and only once"),
            }),
            "IDLE" if self.options.has("IDLE") => {
                self.report_changes()?;
                Ok(match self.ask_line("idling")? {
                    Some(line) if line.eq_ignore_ascii_case(b"DONE") => Reply::ok("done"),
                    _ => Reply::bad("DONE was expected"),
                })
            }
            "NAMESPACE" | "LIST" | "LSUB" | "SUBSCRIBE" | "UNSUBSCRIBE" | "CREATE" | "DELETE" | "RENAME" | "STATUS"
            | "GETQUOTAROOT" | "GETQUOTA" => self.execute_on_folders(user, name, arguments),
            "APPEND" => self.append(user, arguments),
            "SELECT" | "EXAMINE" | "UNSELECT" | "CLOSE" => self.open_or_close(user, name, arguments),
            _ => self.execute_on_messages(user, name, arguments),
        }
    }
}

/// The tag, the name in upper case, and where the arguments begin.
fn head_of(line: &[u8]) -> Option<(String, String, usize)> {
    let word = |from: usize| {
        let end = line[from..].iter().position(|byte| *byte == b' ').map_or(line.len(), |end| from + end);
        std::str::from_utf8(&line[from..end]).ok().filter(|word| !word.is_empty()).map(|word| (word, end))
    };
    let (tag, end) = word(0)?;
    let is_tag = tag.len() <= 100 && tag.bytes().all(|byte| byte.is_ascii_graphic() && !b"+*(){%\"\\".contains(&byte));
    let (name, mut end) = word((end + 1).min(line.len()))?;
    let mut name = name.to_ascii_uppercase();
    if name == "UID" {
        let (second, second_end) = word((end + 1).min(line.len()))?;
        name = format!("UID {}", second.to_ascii_uppercase());
        end = second_end;
    }
    let is_name = name.len() <= 40 && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b" -".contains(&byte));
    (is_tag && is_name).then(|| (tag.to_owned(), name, end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_begins_with_a_tag_and_a_name() {
        assert_eq!(head_of(b"a1 uid fetch 1:*"), Some(("a1".to_owned(), "UID FETCH".to_owned(), 12)));
        assert_eq!(head_of(b"a1 NOOP"), Some(("a1".to_owned(), "NOOP".to_owned(), 7)));
        for bad in [&b""[..], b"a1", b"a1 ", b"* OK", b"a1 UID", b"\xff NOOP", b"a NO{OP"] {
            assert_eq!(head_of(bad), None, "{bad:?}");
        }
    }
}
