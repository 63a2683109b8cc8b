//! What a note says, as the end of a sentence: no capital letter, no full stop.

use super::Note;
use crate::domain::numbers;
use chrono::{DateTime, FixedOffset};
use std::fmt;

/// Said of one message or thing.
impl fmt::Display for Note {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(formatter, true)
    }
}

impl Note {
    /// The same, said of one message or of several.
    pub(in crate::domain::problem) fn said_of(&self, is_one: bool) -> String {
        struct Said<'a>(&'a Note, bool);
        impl fmt::Display for Said<'_> {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.write(formatter, self.1)
            }
        }
        Said(self, is_one).to_string()
    }

    fn write(&self, formatter: &mut fmt::Formatter<'_>, is_one: bool) -> fmt::Result {
        let day = |date: &DateTime<FixedOffset>| date.format("%Y-%m-%d %H:%M:%S %z").to_string();
        let text = match self {
            Note::CountedNotListed if is_one => "the server counts it but does not list it",
            Note::CountedNotListed => "the server counts them but does not list them",
            Note::ListedNotDelivered if is_one => "the server lists it but does not deliver it",
            Note::ListedNotDelivered => "the server lists them but does not deliver them",
            Note::LostWhileReading { times } => {
                return write!(formatter, "the connection was lost {times} times while it was read");
            }
            Note::LostWhileSending => "the connection was lost each time it was sent",
            Note::LostWhileOpening => "the connection was lost each time it was opened",
            Note::AnnouncedAndGiven { announced, given } => {
                let (announced, given) = (numbers::size(*announced), numbers::size(*given));
                return write!(formatter, "it announced {announced} and delivered {given}");
            }
            Note::LostWhileCreating => "the connection was lost each time it was created or opened",
            Note::LostAtEachMessage => "the connection was lost at every message that was tried",
            Note::LeftOut { reason } => reason.sentence(),
            Note::SizeLimit { bytes } => {
                return write!(formatter, "its limit is {}", numbers::size(*bytes));
            }
            Note::RoomNeeded { needed, free, at_most } => {
                let (needed, free) = (numbers::size(*needed), numbers::size(*free));
                let at_most = if *at_most { "at most " } else { "" };
                return write!(formatter, "{needed} are to be copied, {at_most}{free} are free");
            }
            Note::MessagesNeeded { needed, free, at_most } => {
                let are = if *needed == 1 { "is" } else { "are" };
                let (needed, free) = (numbers::counted(*needed, "message"), numbers::count(*free));
                let at_most = if *at_most { "at most " } else { "" };
                return write!(formatter, "{needed} {are} to be copied, there is room for {at_most}{free}");
            }
            Note::DateBecame { sent, stored } => {
                let stored = stored.as_ref().map_or_else(|| "none that can be read".to_owned(), day);
                return write!(formatter, "for example {} became {stored}", day(sent));
            }
            Note::NoDates => "the target accepts no dates, or the source provides none",
            Note::FinalLineEndChanged if is_one => "only the line ending at its very end differs",
            Note::FinalLineEndChanged => "only the line endings at their very ends differ",
            Note::LineEndsChanged if is_one => "its text is the same, with different line endings",
            Note::LineEndsChanged => "they have the same text, with different line endings",
            Note::HeaderLinesAdded => "header fields were added",
            Note::HeaderChanged if is_one => "its header was changed",
            Note::HeaderChanged => "their headers were changed",
            Note::CarriageReturnsDeleted if is_one => "carriage returns were deleted from it",
            Note::CarriageReturnsDeleted => "carriage returns were deleted from them",
            Note::BodyChanged if is_one => "its body was changed",
            Note::BodyChanged => "their bodies were changed",
            Note::DateNotUnderstood { date } => {
                return write!(formatter, "the source's date could not be understood, for example '{date}'");
            }
            Note::NoUidValidity => "the server gives it no UIDVALIDITY, so no record of an earlier run can be used",
            Note::FlagLost { flag } => return write!(formatter, "for example {flag}"),
            Note::TakenSince => {
                "an earlier run read it back there, so somebody has deleted or moved it on the target since"
            }
            Note::TakenMeanwhile => {
                "this run read it back there, and it is gone again: somebody has deleted it, or the target does not keep it"
            }
            Note::IsInFolder { folder } => return write!(formatter, "it is in '{folder}'"),
            Note::IsCalled { folder } => return write!(formatter, "it is called '{folder}' there"),
            Note::FlagsAre { source, target } => {
                let shown = |flags: &str| if flags.is_empty() { "none".to_owned() } else { flags.to_owned() };
                return write!(formatter, "{} on the source, {} on the target", shown(source), shown(target));
            }
            Note::TargetUnread { messages } => {
                let messages = numbers::counted(*messages, "message");
                return write!(formatter, "the target does not deliver {messages}, and this may be one of them");
            }
            Note::GmailPasswords => "Gmail accepts only app passwords and tokens",
            Note::GmailConnections => "Gmail allows 15 connections for an account, including the person's own programs",
            Note::MicrosoftPasswords => "Microsoft 365 accepts no passwords: choose the sign-in with a token",
            Note::YahooPasswords => "Yahoo and AOL accept only app passwords",
            Note::YahooConnections => "Yahoo and AOL allow few connections",
            Note::IcloudPasswords => "iCloud accepts only app passwords",
            Note::ImapSwitchedOff => {
                "this provider allows IMAP only after the person has switched it on in the web mail's settings"
            }
            Note::NeteasePasswords => {
                "NetEase accepts only authorisation codes, which the person creates in its web mail"
            }
            Note::ProgramNotAllowed => {
                "this provider allows the program only after the person has allowed IMAP in the web mail's settings"
            }
            Note::NoMailbox => "the account has no mailbox there, or no licence for one",
            Note::Role { role } => return write!(formatter, "the role is {role}"),
            Note::NoListener => "it has no listener",
            Note::Administration(fault) => return write!(formatter, "{fault}"),
            Note::PasswordCreatesUser => "the user does not exist and would be created with this password",
            Note::Items(note) => return write!(formatter, "{note}"),
            Note::Record(fault) => return write!(formatter, "{fault}"),
            Note::RecordSetAside { why, kept_as } => {
                let why = why.as_ref().map(|why| format!("{why}; ")).unwrap_or_default();
                return write!(formatter, "{why}the record of earlier runs cannot be used and is kept as {kept_as}");
            }
            Note::SameMailbox { line, others, more, mailbox } => {
                write!(formatter, "line {line}")?;
                for (line, address) in others {
                    write!(formatter, " and line {line} ({address})")?;
                }
                if *more > 0 {
                    write!(formatter, " and {more} more")?;
                }
                return write!(formatter, " lead to the mailbox '{mailbox}'");
            }
            Note::NoStateFolder => "the system does not say where it is; name a folder with --state-dir",
            Note::ListTooLarge { most } => {
                return write!(
                    formatter,
                    "it is larger than {}, the most that a list of accounts may have",
                    numbers::size(*most)
                );
            }
        };
        formatter.write_str(text)
    }
}

#[cfg(test)]
mod tests {
    use crate::domain::{Note, Problem, ProblemKind};

    #[test]
    fn what_is_said_of_several_messages_is_said_in_the_plural() {
        for (kind, note) in [
            (ProblemKind::MessageNormalised, Note::FinalLineEndChanged),
            (ProblemKind::MessageNormalised, Note::LineEndsChanged),
            (ProblemKind::MessageAltered, Note::HeaderChanged),
            (ProblemKind::MessageAltered, Note::CarriageReturnsDeleted),
            (ProblemKind::MessageAltered, Note::BodyChanged),
            (ProblemKind::MessageUnreadable, Note::CountedNotListed),
            (ProblemKind::MessageUnreadable, Note::ListedNotDelivered),
        ] {
            let sentence = |count| Problem::new(kind).in_folder("Sent").counting(count).noting(note.clone()).sentence();
            let has =
                |sentence: &str, words: &[&str]| sentence.split([' ', '.', ':']).any(|word| words.contains(&word));
            let (one, four) = (sentence(1), sentence(4));
            assert!(has(&four, &["4"]) && !has(&four, &["it", "its", "was", "is", "has"]), "{four}");
            assert!(!has(&one, &["them", "their", "are", "have"]), "{one}");
        }
    }
}
