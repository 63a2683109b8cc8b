//! A status answer of a server: OK, NO, BAD, BYE, with its response code and text (RFC 9051, section 7.1; RFC 5530).

use crate::domain::ProblemKind;
use std::fmt;

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
    /// What is in square brackets, without them: `APPENDUID 38505 3955`.
    pub code: Option<String>,
    /// The text for a person, made printable.
    pub text: String,
}

impl Status {
    /// Reads what follows the tag or the star: `NO [OVERQUOTA] Mailbox is full`. None when it is no status answer.
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
        let (code, words) = match rest.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            Some((code, words)) => (Some(code.to_owned()), words),
            None => (None, rest),
        };
        Some(Self { condition, code, text: printable(words) })
    }

    /// A refusal by which the server asks to wait.
    pub(super) fn throttled(words: &str) -> Self {
        Self { condition: Condition::No, code: Some("UNAVAILABLE".to_owned()), text: printable(words) }
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

    /// Whether it asks to come back later: too many connections, or throttled.
    pub fn wait_kind(&self) -> Option<ProblemKind> {
        let text = self.text.to_lowercase();
        let says = |words: &[&str]| words.iter().any(|word| text.contains(word));
        if says(&["too many simultaneous", "too many connections", "maximum number of connections", "connection limit"])
        {
            Some(ProblemKind::TooManyConnections)
        } else if ["UNAVAILABLE", "INUSE"].iter().any(|code| self.has_code(code))
            || says(&["throttled", "try again later", "backoff time", "temporarily unavailable"])
        {
            Some(ProblemKind::Throttled)
        } else if self.has_code("LIMIT") && says(&["connection", "session", "login"]) {
            Some(ProblemKind::TooManyConnections)
        } else {
            None
        }
    }

    /// How long to wait, where the text says so: `Suggested Backoff Time: 5000 milliseconds`.
    pub fn wait_seconds(&self) -> Option<u64> {
        let text = self.text.to_lowercase();
        let (_, after) = text.split_once("backoff time:").or_else(|| text.split_once("retry after"))?;
        let digits: String =
            after.chars().skip_while(|c| !c.is_ascii_digit()).take_while(char::is_ascii_digit).collect();
        let number: u64 = digits.parse().ok()?;
        Some(if after.contains("millisecond") { number.div_ceil(1000) } else { number })
    }
}

impl fmt::Display for Status {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.code {
            Some(code) => write!(formatter, "{:?} [{}] {}", self.condition, printable(code), self.text),
            None => write!(formatter, "{:?} {}", self.condition, self.text),
        }
    }
}

/// A server's text without control characters, and no longer than a person reads.
pub(super) fn printable(text: &str) -> String {
    text.trim().chars().take(500).map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

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
    fn a_server_that_asks_to_wait_is_understood() {
        let status = Status::parse(b"NO Request is throttled. Suggested Backoff Time: 4500 milliseconds").unwrap();
        assert_eq!((status.wait_kind(), status.wait_seconds()), (Some(ProblemKind::Throttled), Some(5)));
        let status = Status::parse(b"NO [ALERT] Too many simultaneous connections. (Failure)").unwrap();
        assert_eq!(status.wait_kind(), Some(ProblemKind::TooManyConnections));
    }
}
