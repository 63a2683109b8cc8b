//! A status answer of a server: OK, NO, BAD, BYE, with its response code and text (RFC 9051, section 7.1; RFC 5530).

use super::wording::{self, Pause};
use crate::domain::foreign_without_secrets;
use std::fmt;

/// At most so many bytes of a server's text are kept.
const LONGEST: usize = 16 << 10;

/// The word a status answer begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Condition {
    /// Done.
    Ok,
    /// Refused.
    No,
    /// Not understood.
    Bad,
    /// The session ends.
    Bye,
    /// The session begins signed in.
    Preauth,
}

/// A status answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// Its word.
    pub condition: Condition,
    /// The text in square brackets, without them: `APPENDUID 38505 3955`.
    pub code: Option<String>,
    /// The text for a person, as the server wrote it. Whoever shows it takes the secrets out first (see [`printable`]).
    pub text: String,
}

impl Status {
    /// Reads what follows the tag or the star: `NO [OVERQUOTA] Mailbox is full`. None if it is not a status answer.
    pub fn parse(line: &[u8]) -> Option<Self> {
        let text = String::from_utf8_lossy(line);
        let (word, rest) = text.split_once(' ').unwrap_or((&text, ""));
        let condition = match word.to_ascii_uppercase().as_str() {
            "OK" => Condition::Ok,
            "NO" => Condition::No,
            "BAD" => Condition::Bad,
            "BYE" => Condition::Bye,
            "PREAUTH" => Condition::Preauth,
            _ => return None,
        };
        let rest = rest.trim_start();
        let (code, words) = match rest.strip_prefix('[').and_then(split_code) {
            Some((code, words)) => (Some(code.to_owned()), words),
            None => (None, rest),
        };
        Some(Self { condition, code, text: whole(words) })
    }

    /// A refusal that asks to wait.
    pub(super) fn throttled(words: &str) -> Self {
        Self { condition: Condition::No, code: Some("UNAVAILABLE".to_owned()), text: whole(words) }
    }

    /// A refusal in these words.
    pub(super) fn refusal(words: &str) -> Self {
        Self { condition: Condition::No, code: None, text: whole(words) }
    }

    /// Whether the response code is this one, whatever follows it.
    pub fn has_code(&self, code: &str) -> bool {
        self.code_argument(code).is_some()
    }

    /// What follows the response code, if it is this one.
    pub fn code_argument(&self, code: &str) -> Option<&str> {
        let whole = self.code.as_deref()?;
        let (word, argument) = whole.split_once(' ').unwrap_or((whole, ""));
        word.eq_ignore_ascii_case(code).then_some(argument)
    }

    /// The pause it asks for. Some codes ask for one only if something is `read`, or at a sign-in: elsewhere they mean a full mailbox, or
    /// the limits of a message (RFC 5530).
    pub fn pause(&self, read: bool) -> Option<Pause> {
        let codes = |codes: &[&str]| codes.iter().any(|code| self.has_code(code));
        match wording::pause_in_words(&self.text) {
            // A server that names a time means every request.
            Some(Pause::Passing) if self.wait_seconds().is_some() => Some(Pause::Rate),
            Some(pause) => Some(pause),
            None if codes(&["UNAVAILABLE", "INUSE"]) && self.wait_seconds().is_some() => Some(Pause::Rate),
            None if codes(&["UNAVAILABLE", "INUSE", "SERVERBUG"]) => Some(Pause::Passing),
            // Gmail's; no standard has it.
            None if codes(&["THROTTLED"]) || (read && codes(&["OVERQUOTA"])) => Some(Pause::Rate),
            None if self.has_code("LIMIT") => {
                let text = self.text.to_lowercase();
                let connections = ["connection", "session", "login"].iter().any(|word| text.contains(word));
                if connections { Some(Pause::Connections) } else { read.then_some(Pause::Passing) }
            }
            None => None,
        }
    }

    /// How long to wait, if the text says so: `Suggested Backoff Time: 5000 milliseconds`, `try again in 2 minutes`.
    pub fn wait_seconds(&self) -> Option<u64> {
        let text = self.text.to_lowercase();
        let (_, after) = ["backoff time:", "retry after", "again after", "again in"]
            .iter()
            .find_map(|words| text.split_once(words))?;
        let digits = after.trim_start();
        let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
        let (number, unit) = digits.split_at(end);
        let number: u64 = number.parse().ok()?;
        let unit = unit.trim_start();
        Some(if unit.starts_with("milli") || unit.starts_with("ms") {
            number.div_ceil(1000)
        } else if unit.starts_with("min") {
            number.saturating_mul(60)
        } else if unit.starts_with("hour") {
            number.saturating_mul(3600)
        } else {
            number
        })
    }

    /// The text for a person as the server wrote it, with the address that some servers give inside the code: `[WEBALERT https://…]`, `[REFERRAL imap://…]`
    /// (RFC 2221, RFC 2193).
    pub fn words(&self) -> String {
        let address = self.code.as_deref().and_then(|code| {
            let is_address =
                |word: &&str| ["https://", "http://", "imap://", "imaps://"].iter().any(|it| word.starts_with(it));
            code.split_ascii_whitespace().find(is_address)
        });
        match address {
            Some(address) if self.text.is_empty() => whole(address),
            Some(address) => format!("{} ({})", self.text, whole(address)),
            None => self.text.clone(),
        }
    }

    /// Adds what the server said about the same thing in another answer.
    pub(super) fn and(mut self, other: &Status) -> Self {
        let more = other.words();
        if !more.is_empty() && !self.words().contains(&more) {
            self.text = match self.words().trim_end_matches('.') {
                "" => more,
                words => format!("{words}; {more}"),
            };
        }
        // The refusal's code says more about the session.
        self.code = other.code.clone().or(self.code);
        self
    }
}

/// The code and the words after it. A list inside a code may hold brackets: Gmail's PERMANENTFLAGS have had keywords such as
/// `OIB-Seen-[Gmail]/Trash`.
fn split_code(rest: &str) -> Option<(&str, &str)> {
    let mut depth = 0_usize;
    let end = rest.char_indices().find_map(|(at, letter)| {
        match letter {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            ']' if depth == 0 => return Some(at),
            _ => {}
        }
        None
    });
    // A list without an end ends with the first bracket.
    let end = end.or_else(|| rest.find(']'))?;
    Some((&rest[..end], &rest[end + 1..]))
}

impl fmt::Display for Status {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = printable(&self.text);
        match &self.code {
            Some(code) => write!(formatter, "{:?} [{}] {text}", self.condition, printable(code)),
            None => write!(formatter, "{:?} {text}", self.condition),
        }
    }
}

/// A server's text as it is, so that secrets in it are whole when it becomes the words of a problem. Longer than any token.
pub(super) fn whole(text: &str) -> String {
    let text = text.trim();
    text[..text.floor_char_boundary(LONGEST)].to_owned()
}

/// The same without secrets, then without control characters and no longer than a person reads: both could make half a secret of one.
pub(super) fn printable(text: &str) -> String {
    let text = whole(text);
    let text = foreign_without_secrets(&text);
    text.chars().take(500).map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Problem, ProblemKind, Secret, hide};

    #[test]
    fn a_status_is_read_with_and_without_a_code() {
        let status = Status::parse(b"NO [OVERQUOTA] Mailbox is full").unwrap();
        assert_eq!((status.condition, status.has_code("overquota")), (Condition::No, true));
        assert_eq!(status.text, "Mailbox is full");
        let status = Status::parse(b"OK [APPENDUID 38505 3955] done").unwrap();
        assert_eq!(status.code_argument("APPENDUID"), Some("38505 3955"));
        assert_eq!(Status::parse(b"BYE").unwrap().condition, Condition::Bye);
        assert_eq!(Status::parse(b"EXISTS 5"), None);
        assert_eq!(Status::parse(b"NO [unclosed").unwrap().code, None);
    }

    #[test]
    fn a_secret_in_a_text_is_taken_out_before_the_text_is_shortened_and_made_printable() {
        let token = format!("tok\t{}", "aZ9-".repeat(500));
        hide([("ann", &Secret::new(token.as_str()))]);
        let status = Status::parse(format!("NO [X {token}] {}{token} end", "word ".repeat(99)).as_bytes()).unwrap();
        assert!(status.text.ends_with(&format!("{token} end")));
        let shown = status.to_string();
        assert!(!shown.contains("aZ9-aZ9-") && !shown.contains('\u{fffd}'), "{shown}");
        assert!(shown.chars().count() < 600, "{shown}");
        let problem = Problem::new(ProblemKind::PasswordRefused).saying(status.words()).to_string();
        assert!(!problem.contains("aZ9-"), "{problem}");
    }

    #[test]
    fn a_server_that_asks_to_wait_is_understood() {
        let status = Status::parse(b"NO Request is throttled. Suggested Backoff Time: 4500 milliseconds").unwrap();
        assert_eq!((status.pause(true), status.wait_seconds()), (Some(Pause::Rate), Some(5)));
        let status = Status::parse(b"NO [ALERT] Too many simultaneous connections. (Failure)").unwrap();
        assert_eq!(status.pause(false), Some(Pause::Connections));
        for (line, seconds) in [
            ("NO Please try again in 2 minutes", Some(120)),
            ("NO Retry after 30 seconds", Some(30)),
            ("NO Try again in a few minutes", None),
            ("NO Try again in 1 hour", Some(3600)),
        ] {
            assert_eq!(Status::parse(line.as_bytes()).unwrap().wait_seconds(), seconds, "{line}");
        }
    }

    #[test]
    fn a_pause_is_read_from_code_or_words_and_limits_of_a_message_are_none() {
        let pause = |line: &str, read| Status::parse(line.as_bytes()).unwrap().pause(read);
        for (line, read, wrote) in [
            (
                "NO [OVERQUOTA] Account exceeded command or bandwidth limits. (Failure)",
                Some(Pause::Rate),
                Some(Pause::Rate),
            ),
            ("NO [OVERQUOTA] Mailbox is full", Some(Pause::Rate), None),
            ("NO [THROTTLED] x", Some(Pause::Rate), Some(Pause::Rate)),
            ("NO [SERVERBUG] Internal error occurred", Some(Pause::Passing), Some(Pause::Passing)),
            ("NO Write failed: No space left on device", Some(Pause::Passing), Some(Pause::Passing)),
            ("NO [LIMIT] Too many user flags in mailbox", Some(Pause::Passing), None),
            ("NO [LIMIT] Session limit reached", Some(Pause::Connections), Some(Pause::Connections)),
            ("NO [UNAVAILABLE] x", Some(Pause::Passing), Some(Pause::Passing)),
            ("NO [INUSE] retry after 7 s", Some(Pause::Rate), Some(Pause::Rate)),
            ("NO Server is down for maintenance", Some(Pause::Passing), Some(Pause::Passing)),
            ("NO Too many user flags in mailbox", None, None),
            ("NO Message contains bare newlines", None, None),
        ] {
            assert_eq!((pause(line, true), pause(line, false)), (read, wrote), "{line}");
        }
    }

    #[test]
    fn a_code_ends_after_its_list_and_an_address_inside_it_is_shown() {
        let status = Status::parse(br"OK [PERMANENTFLAGS (\Seen OIB-Seen-[Gmail]/Trash \*)] Flags permitted.").unwrap();
        assert_eq!(status.text, "Flags permitted.");
        assert!(status.code.unwrap().ends_with(r"\*)"));
        assert_eq!(Status::parse(b"NO [ALERT (x] y").unwrap().text, "y");
        let alert = Status::parse(b"NO [WEBALERT https://mail.example.com/x?y] Web login required.").unwrap();
        assert_eq!(alert.words(), "Web login required. (https://mail.example.com/x?y)");
    }
}
