//! Makes answers of the octets that arrive (RFC 9051, section 7), with a limit on everything a server can make long.
//!
//! Promises: a line or literal that is too long costs no memory; what is not understood is skipped. A literal of a message's body is passed
//! on while it is read.

use super::super::error::ImapError;
use super::super::fetch;
use super::super::response::{Condition, Status};
use super::super::token::Piece;
use super::{Tag, Wire, lost};
use crate::domain::MailServerFault;
use std::time::Duration;

/// The longest line that is kept whole; of a longer one the rest is read and forgotten.
const LONGEST_LINE: usize = 256 * 1024;
/// The end of a longer line is kept, too: it may announce a literal, whose octets are no lines.
const END_OF_LINE: usize = 32;
/// A line longer than this ends the session.
const ENDLESS_LINE: u64 = 4 << 30;
/// The longest literal that is kept whole, unless it is a body; of a longer one the rest is read and forgotten.
const LONGEST_LITERAL: u64 = 1 << 20;
/// At most this many literals of one answer are read, and this many of their octets are kept.
const MOST_LITERALS: usize = 10_000;
const MOST_KEPT: usize = 16 << 20;

/// How long a server may be silent after a complaint without a tag, before that counts as its answer.
const QUIET_AFTER_COMPLAINT: Duration = Duration::from_secs(5);
/// How long, and how many lines, to read after BYE.
const QUIET_AFTER_BYE: Duration = Duration::from_secs(1);
const LINES_AFTER_BYE: usize = 20;

/// One answer of the server.
#[derive(Debug)]
pub(in crate::imap) enum Answer {
    /// `* …`
    Untagged(Vec<Piece>),
    /// `+ …`, with what follows the sign.
    Continue(Vec<u8>),
    /// The answer to a command.
    Tagged(Tag, Status),
}

/// Takes the literals of bodies while they are read.
pub(in crate::imap) trait LiteralTaker {
    /// Whether it takes the literal that follows these pieces; if so, this call announces it.
    fn wants(&mut self, pieces: &[Piece], octets: u64) -> Result<bool, ImapError>;
    /// A chunk of it.
    fn chunk(&mut self, octets: &[u8]) -> Result<(), ImapError>;
    /// The size of the message, where the server gave it before.
    fn size(&self) -> Option<u64> {
        None
    }
    /// It is complete, and the answer continues as one does after a literal.
    fn end(&mut self) -> Result<(), ImapError>;
}

/// Takes none.
pub(in crate::imap) struct NoLiterals;

impl LiteralTaker for NoLiterals {
    fn wants(&mut self, _pieces: &[Piece], _octets: u64) -> Result<bool, ImapError> {
        Ok(false)
    }

    fn chunk(&mut self, _octets: &[u8]) -> Result<(), ImapError> {
        Ok(())
    }

    fn end(&mut self) -> Result<(), ImapError> {
        Ok(())
    }
}

impl Wire {
    /// Reads one answer. First sends what was gathered: the server may be waiting for it.
    pub(in crate::imap) fn next_answer(&mut self, taker: &mut dyn LiteralTaker) -> Result<Answer, ImapError> {
        self.flush()?;
        loop {
            let first = match self.read_line_after_complaint() {
                Ok(first) => first,
                Err(error) => return Err(self.complaint.take().map_or(error, ImapError::unanswered)),
            };
            if let Some(text) = first.text.strip_prefix(b"+") {
                return Ok(Answer::Continue(text.trim_ascii().to_vec()));
            }
            if let Some(rest) = first.text.strip_prefix(b"* ") {
                let status = Status::parse(rest);
                if let Some(status) = &status {
                    // The answers to opening each of thousands of folders would be most of the log.
                    if status.condition != Condition::Ok || status.has_code("ALERT") {
                        log::debug!(target: "imap", "[{}] < * {status}", self.connection);
                    }
                    match status.condition {
                        Condition::Bye => return Err(ImapError::Bye(self.rest_after_bye(status.clone()))),
                        Condition::Bad => self.complaint = Some(status.clone()),
                        Condition::No if status.has_code("ALERT") => self.complaint = Some(status.clone()),
                        _ => {}
                    }
                }
                let line = Line { text: rest.to_vec(), ..first };
                return Ok(Answer::Untagged(self.read_literals(line, status.is_some(), taker)?));
            }
            if let Some((tag, status)) = tagged(&first.text) {
                log::debug!(target: "imap", "[{}] < {} {status}", self.connection, tag.0);
                self.unanswered = self.unanswered.saturating_sub(1);
                // With several questions under way, another may be meant.
                self.complaint.take_if(|_| !self.is_quick || self.unanswered == 0);
                if self.compressing.take_if(|asked| *asked == tag).is_some() && status.condition == Condition::Ok {
                    log::debug!(target: "imap", "[{}] is compressed from here on", self.connection);
                    self.transport.compress();
                }
                return Ok(Answer::Tagged(tag, status));
            }
            // A blank line, a foreign tag, text without a star: some proxies and old servers send such things. It is skipped.
            log::debug!(target: "imap", "[{}] < {} octets that are no answer", self.connection, first.text.len());
        }
    }

    /// Reads a line. After a complaint without a tag, a tagged answer may never come: Interia answers LIST with `* BAD [ALERT] …` alone
    /// until IMAP is switched on.
    fn read_line_after_complaint(&mut self) -> Result<Line, ImapError> {
        if let Some(complaint) = &self.complaint {
            let patience = match complaint.condition {
                _ if self.is_quick => Some(QUIET_AFTER_COMPLAINT),
                Condition::Bad => Some(12 * QUIET_AFTER_COMPLAINT),
                // Such as a mailbox that is nearly full, while a large folder is opened.
                _ => None,
            };
            if let Some(patience) = patience
                && !self.arrives_within(patience)?
            {
                return Err(ImapError::Closed);
            }
        }
        self.read_line()
    }

    /// What the server still says after BYE: Outlook.com ends the session with BYE, and gives its reason in the tagged answer behind it.
    pub(in crate::imap) fn rest_after_bye(&mut self, mut bye: Status) -> Status {
        for _ in 0..LINES_AFTER_BYE {
            if !self.arrives_within(QUIET_AFTER_BYE).unwrap_or(false) {
                break;
            }
            let Ok(line) = self.read_line() else { break };
            let untagged = || line.text.strip_prefix(b"* ").and_then(Status::parse);
            let status = tagged(&line.text).map(|(_, status)| status).or_else(untagged);
            if let Some(status) = status.filter(|status| matches!(status.condition, Condition::No | Condition::Bad)) {
                log::debug!(target: "imap", "[{}] < after BYE: {status}", self.connection);
                bye = bye.and(&status);
            }
        }
        bye
    }

    /// Reads the rest of an answer that begins with this line: as long as a line announces a literal, that literal and the next line.
    fn read_literals(
        &mut self,
        first: Line,
        is_status: bool,
        taker: &mut dyn LiteralTaker,
    ) -> Result<Vec<Piece>, ImapError> {
        let (mut pieces, mut kept) = (Vec::new(), 0);
        let mut line = first;
        loop {
            // The words of a status answer are for a person, even when they end like a literal.
            let announced = match &line.end {
                _ if is_status => None,
                Some(end) => literal(end).map(|(_, octets)| (line.text.len(), octets)),
                None => literal(&line.text),
            };
            line.text.truncate(announced.map_or(line.text.len(), |(text, _)| text));
            pieces.push(Piece::Text(line.text));
            if line.end.is_some() {
                pieces.push(Piece::Cut(Vec::new()));
            }
            let Some((_, octets)) = announced else { return Ok(pieces) };
            if pieces.len() > 2 * MOST_LITERALS || kept > MOST_KEPT {
                return Err(ImapError::Protocol(MailServerFault::TooManyLiterals));
            }
            // Behind a line that was cut, nobody knows what it is.
            if line.end.is_none() && taker.wants(&pieces, octets)? {
                self.stream_literal(octets, taker)?;
                line = self.read_line()?;
                // If the answer continues in any other way, the announced length was too short or too long.
                if !ends_answer(&line.text) {
                    line = self.loose_ending(&pieces, octets, taker.size(), line)?;
                }
                taker.end()?;
                pieces.push(Piece::Streamed);
            } else {
                let literal = self.keep_literal(octets)?;
                kept += literal.len();
                let is_whole = literal.len() as u64 == octets;
                pieces.push(if is_whole { Piece::Literal(literal) } else { Piece::Cut(literal) });
                line = self.read_line()?;
            }
        }
    }

    /// What follows a message if a server breaks the grammar and the message still certainly ends there:
    /// - `FLAGS (\\Seen))`: the next item without a blank (Exchange 5.5);
    /// - a blank line before the rest: only where the size of the message shows that the line is not part of it.
    fn loose_ending(
        &mut self,
        pieces: &[Piece],
        octets: u64,
        known: Option<u64>,
        line: Line,
    ) -> Result<Line, ImapError> {
        let is_blank = line.text.trim_ascii().is_empty();
        let line = if is_blank { self.read_line()? } else { line };
        let rest = line.text.trim_ascii();
        let has_size = !is_blank || known.or(fetch::size_in(pieces)).or(fetch::size_among(rest)) == Some(octets);
        if (is_blank && rest == b")" || fetch::are_items(rest)) && has_size {
            return Ok(line);
        }
        if is_blank {
            // From now on the size is requested.
            self.learned.note_need_of_sizes();
        }
        Err(ImapError::Protocol(MailServerFault::MessageWithoutEnd))
    }

    fn stream_literal(&mut self, mut left: u64, taker: &mut dyn LiteralTaker) -> Result<(), ImapError> {
        while left > 0 {
            let ready = self.transport.fill().map_err(lost)?;
            if ready.is_empty() {
                return Err(ImapError::Closed);
            }
            let length = ready.len().min(usize::try_from(left).unwrap_or(usize::MAX));
            taker.chunk(&ready[..length])?;
            self.transport.consume(length);
            left -= length as u64;
        }
        Ok(())
    }

    fn keep_literal(&mut self, mut left: u64) -> Result<Vec<u8>, ImapError> {
        let mut kept = Vec::new();
        let mut room = LONGEST_LITERAL as usize;
        while left > 0 {
            let ready = self.transport.fill().map_err(lost)?;
            if ready.is_empty() {
                return Err(ImapError::Closed);
            }
            let length = ready.len().min(usize::try_from(left).unwrap_or(usize::MAX));
            let wanted = length.min(room);
            kept.extend_from_slice(&ready[..wanted]);
            room -= wanted;
            self.transport.consume(length);
            left -= length as u64;
        }
        Ok(kept)
    }

    /// Reads one line without its end. Of a line that is too long only the beginning is kept.
    fn read_line(&mut self) -> Result<Line, ImapError> {
        let mut line = Line { text: Vec::new(), end: None };
        let mut length = 0_u64;
        loop {
            let ready = self.transport.fill().map_err(lost)?;
            if ready.is_empty() {
                return Err(ImapError::Closed);
            }
            let end = ready.iter().position(|&octet| octet == b'\n');
            let taken = end.map_or(ready.len(), |end| end + 1);
            let wanted = taken.min(LONGEST_LINE - line.text.len().min(LONGEST_LINE));
            line.text.extend_from_slice(&ready[..wanted]);
            if wanted < taken {
                let end = line.end.get_or_insert_default();
                end.extend_from_slice(&ready[wanted.max(taken.saturating_sub(END_OF_LINE))..taken]);
                end.drain(..end.len().saturating_sub(END_OF_LINE));
            }
            self.transport.consume(taken);
            length += taken as u64;
            if end.is_some() {
                if let Some(end) = &mut line.end {
                    // What announces a literal may begin before the cut.
                    end.splice(..0, line.text[line.text.len().saturating_sub(END_OF_LINE)..].iter().copied());
                }
                for text in std::iter::once(&mut line.text).chain(&mut line.end) {
                    while text.last().is_some_and(|octet| matches!(octet, b'\r' | b'\n')) {
                        text.pop();
                    }
                }
                return Ok(line);
            }
            if length > ENDLESS_LINE {
                return Err(ImapError::Protocol(MailServerFault::EndlessLine));
            }
        }
    }
}

struct Line {
    text: Vec<u8>,
    /// Its last octets, if it was longer than the part that is kept.
    end: Option<Vec<u8>>,
}

/// `K12 OK done` as tag and status.
fn tagged(line: &[u8]) -> Option<(Tag, Status)> {
    let space = line.iter().position(|&octet| octet == b' ')?;
    let number = std::str::from_utf8(line[..space].strip_prefix(b"K")?).ok()?.parse().ok()?;
    Some((Tag(number), Status::parse(&line[space + 1..])?))
}

/// Whether a line can follow the literal of a message: the end of the answer, or further items and then its end or another literal.
fn ends_answer(line: &[u8]) -> bool {
    let line = line.trim_ascii_end();
    line == b")" || line.starts_with(b" ") && (line.ends_with(b")") || literal(line).is_some())
}

/// The literal a line announces at its end: where the text before it ends, and how many octets follow.
fn literal(line: &[u8]) -> Option<(usize, u64)> {
    let inner = line.strip_suffix(b"}")?;
    let open = inner.iter().rposition(|&octet| octet == b'{')?;
    let digits = inner[open + 1..].strip_suffix(b"+").unwrap_or(&inner[open + 1..]);
    let octets = std::str::from_utf8(digits).ok()?.parse().ok()?;
    // literal8 (RFC 3516) has a tilde before the brace.
    let end = if line[..open].ends_with(b"~") { open - 1 } else { open };
    Some((end, octets))
}

#[cfg(test)]
mod tests {
    use super::super::super::scripted::scripted;
    use super::*;

    #[test]
    fn literals_that_are_too_much_together_end_the_session() {
        let literal = format!("{{{LONGEST_LITERAL}}}\r\n{} ", "x".repeat(LONGEST_LITERAL as usize));
        let answer = |literals| format!("* X {}\r\n", literal.repeat(literals));
        let read = |literals| scripted(answer(literals).as_bytes()).unwrap().next_answer(&mut NoLiterals);
        assert!(matches!(read(16), Ok(Answer::Untagged(pieces)) if pieces.len() == 33));
        assert!(matches!(read(30), Err(ImapError::Protocol(_))));
    }

    #[test]
    fn of_a_literal_that_nobody_wants_only_the_beginning_is_kept() {
        let octets = 2 * LONGEST_LITERAL as usize;
        let answer = format!("* X {{{octets}}}\r\n{} end\r\n", "x".repeat(octets));
        let Answer::Untagged(pieces) = scripted(answer.as_bytes()).unwrap().next_answer(&mut NoLiterals).unwrap()
        else {
            panic!()
        };
        assert!(matches!(&pieces[1], Piece::Cut(kept) if kept.len() == LONGEST_LITERAL as usize));
        assert_eq!(pieces[2], Piece::Text(b" end".to_vec()));
    }

    #[test]
    fn the_literal_behind_a_line_that_is_too_long_is_no_line() {
        let answer = format!("* X {} {{9}}\r\n* 7 EXIST)\r\n* 2 EXISTS\r\n", "x".repeat(2 * LONGEST_LINE));
        let mut wire = scripted(answer.as_bytes()).unwrap();
        let mut next = || match wire.next_answer(&mut Counting(0)) {
            Ok(Answer::Untagged(pieces)) => pieces,
            other => panic!("{other:?}"),
        };
        let (cut, literal) = (Piece::Cut(Vec::new()), Piece::Literal(b"* 7 EXIST".to_vec()));
        assert_eq!(next()[1..], [cut, literal, Piece::Text(b")".to_vec())]);
        assert_eq!(next(), [Piece::Text(b"2 EXISTS".to_vec())]);
    }

    /// Takes every body and counts its octets.
    struct Counting(u64);

    impl LiteralTaker for Counting {
        fn wants(&mut self, _pieces: &[Piece], _octets: u64) -> Result<bool, ImapError> {
            Ok(true)
        }

        fn chunk(&mut self, octets: &[u8]) -> Result<(), ImapError> {
            self.0 += octets.len() as u64;
            Ok(())
        }

        fn end(&mut self) -> Result<(), ImapError> {
            Ok(())
        }
    }

    #[test]
    fn a_message_ends_where_its_length_says_and_where_the_rest_can_be_nothing_else() {
        let ends = |items: &str, after: &str| {
            let answer = format!("* 1 FETCH (UID 5 {items}BODY[] {{3}}\r\nabc{after}\r\nK1 OK\r\n");
            let mut wire = scripted(answer.as_bytes()).unwrap();
            let ended = wire.next_answer(&mut Counting(0)).is_ok();
            // Whatever it is, what comes after it is understood.
            assert!(!ended || matches!(wire.next_answer(&mut NoLiterals), Ok(Answer::Tagged(..))), "{after}");
            (ended, wire.learned.needs_sizes())
        };
        for after in [")", " FLAGS (\\Seen))", "  )", "FLAGS (\\Seen))", "UID 5 FLAGS (a)b c))", "RFC822.SIZE 3)"] {
            assert_eq!(ends("", after), (!after.contains("a)b"), false), "{after}");
        }
        for (items, after, ended) in [
            ("RFC822.SIZE 3 ", "\r\n)", true),
            ("RFC822.SIZE 3 ", "\r\n FLAGS ())", true),
            ("", "\r\n RFC822.SIZE 3)", true),
            // The blank line may be the message's own end.
            ("RFC822.SIZE 5 ", "\r\n)", false),
            ("", "\r\n)", false),
        ] {
            assert_eq!(ends(items, after), (ended, !ended), "{items}{after}");
        }
        for text in ["more of the message", "x)", "", "more (of it))"] {
            assert!(!ends("RFC822.SIZE 3 ", text).0, "{text}");
        }
    }

    #[test]
    fn words_for_a_person_announce_no_literal() {
        let mut wire = scripted(b"* NO odd {9}\r\n* 2 EXISTS\r\n").unwrap();
        let mut next = || match wire.next_answer(&mut NoLiterals) {
            Ok(Answer::Untagged(pieces)) => pieces,
            other => panic!("{other:?}"),
        };
        assert_eq!(next(), [Piece::Text(b"NO odd {9}".to_vec())]);
        assert_eq!(next(), [Piece::Text(b"2 EXISTS".to_vec())]);
    }
}
