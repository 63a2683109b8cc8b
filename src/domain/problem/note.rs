//! What the program itself adds to a problem, as data; `sentence` is the one place where that is said in English.

mod sentence;

use super::foreign::Foreign;
use super::{AdministrationFault, ItemNote, RecordDamage, RecordFault, readable};
use crate::domain::{LeftOutReason, printable};
use chrono::{DateTime, FixedOffset};
use serde::{Deserialize, Serialize};

/// A fact that explains a problem. Its `Display` is the end of a sentence: no capital letter, no full stop.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Note {
    // A mail server.
    /// The server counts messages that it does not list.
    CountedNotListed,
    /// The server lists the message and does not deliver it.
    ListedNotDelivered,
    /// The connection was lost every time the message was read.
    LostWhileReading {
        /// How often.
        times: u32,
    },
    /// The connection was lost every time the message was sent.
    LostWhileSending,
    /// The connection was lost every time the folder was opened.
    LostWhileOpening,
    /// The connection was lost every time the folder was created.
    LostWhileCreating,
    /// The source announced one size of the message and delivered another.
    AnnouncedAndGiven {
        /// In bytes.
        announced: u64,
        /// In bytes.
        given: u64,
    },
    /// The connection was lost at every message of the folder that was tried.
    LostAtEachMessage,
    /// The server lists the folder in a way that prevents copying.
    LeftOut {
        /// The reason.
        reason: LeftOutReason,
    },
    /// The target announces a limit for one message (APPENDLIMIT, RFC 7889).
    SizeLimit {
        /// The limit in bytes.
        bytes: u64,
    },
    /// The target has less room than the mailbox needs.
    RoomNeeded {
        /// Bytes to copy.
        needed: u64,
        /// Bytes free.
        free: u64,
        /// Whether it is not known what the mailbox holds already, so that less may be free.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        at_most: bool,
    },
    /// The target takes fewer messages than the mailbox needs.
    MessagesNeeded {
        /// Messages to copy.
        needed: u64,
        /// How many more the target takes.
        free: u64,
        /// Whether it is not known how many the mailbox holds already, so that it may take fewer.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        at_most: bool,
    },
    /// The target stored a different date; of several messages, this is one.
    DateBecame {
        /// The date that was sent.
        sent: DateTime<FixedOffset>,
        /// The date that the target has; none if it has none that can be read.
        stored: Option<DateTime<FixedOffset>>,
    },
    /// The target takes no dates, or the source has none.
    NoDates,
    /// The source writes dates in a form that cannot be understood, and the headers have none either.
    DateNotUnderstood {
        /// One of these dates as the source wrote it.
        date: String,
    },
    /// A server gives the folder no UIDVALIDITY, so that no record of an earlier run fits.
    NoUidValidity,
    /// The target lost flags; this is one of them.
    FlagLost {
        /// The flag or keyword as the source spells it.
        flag: String,
    },
    /// An earlier run read the message back on the target, so somebody has removed it since.
    TakenSince,
    /// This run has read the message back, but at its end its place is empty and no other folder has it.
    TakenMeanwhile,
    /// The folder of the target in which the message was found.
    IsInFolder {
        /// Its name.
        folder: String,
    },
    /// What a folder is called on the target.
    IsCalled {
        /// Its name.
        folder: String,
    },
    /// The flags of a message on either side.
    FlagsAre {
        /// On the source, separated by spaces.
        source: String,
        /// On the target.
        target: String,
    },
    /// The target changed the line end at the very end of the message.
    FinalLineEndChanged,
    /// The target changed the message's line ends.
    LineEndsChanged,
    /// The target added trace or X- fields to the header.
    HeaderLinesAdded,
    /// The target changed the header; the body is the same.
    HeaderChanged,
    /// The target deleted carriage returns and put no line end in their place.
    CarriageReturnsDeleted,
    /// The target changed the body; Message-ID and Date are the same.
    BodyChanged,
    /// The target does not deliver all of its messages, and the missing one may be among them.
    TargetUnread {
        /// How many it does not deliver.
        messages: u64,
    },
    // Known mail servers.
    /// Gmail.
    GmailPasswords,
    /// Gmail: support.google.com/mail/answer/7126229.
    GmailConnections,
    /// Microsoft 365, since basic authentication ended in 2022.
    MicrosoftPasswords,
    /// Yahoo and AOL.
    YahooPasswords,
    /// Yahoo and AOL.
    YahooConnections,
    /// iCloud.
    IcloudPasswords,
    /// GMX, web.de, T-Online: IMAP is off until the person switches it on.
    ImapSwitchedOff,
    /// NetEase (163.com, 126.com, yeah.net).
    NeteasePasswords,
    /// NetEase opens no folder for a program that the person has not allowed.
    ProgramNotAllowed,
    /// Exchange signs in people who have no mailbox and then refuses every command.
    NoMailbox,
    // Kerio Connect.
    /// The administrator's role is too small.
    Role {
        /// The role as the server calls it.
        role: String,
    },
    /// The IMAP service has no port to listen on.
    NoListener,
    /// The user does not exist and would be created with this password.
    PasswordCreatesUser,
    /// What is known about a failure of the administration.
    Administration(AdministrationFault),
    // Calendars and contacts.
    /// What is known about an item, or where items are.
    Items(ItemNote),
    // The list of accounts.
    /// Lines of the list lead to one mailbox.
    SameMailbox {
        /// The account's own line.
        line: u32,
        /// The others, as far as they are named: line and address.
        others: Vec<(u32, String)>,
        /// How many more there are.
        more: usize,
        /// The mailbox as the server knows it.
        mailbox: String,
    },
    // This computer.
    /// Why the record cannot be used.
    Record(RecordFault),
    /// The record of earlier runs cannot be used and was renamed.
    RecordSetAside {
        /// How it differs from what was written; earlier versions recorded that in words.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        why: Option<RecordDamage>,
        /// Its new name.
        kept_as: String,
    },
    /// The system does not say where to keep the state folder.
    NoStateFolder,
    /// The file is larger than a list of accounts may be.
    ListTooLarge {
        /// The limit in bytes.
        most: u64,
    },
}

impl Foreign for Note {
    fn each_foreign(&mut self, each: &mut dyn FnMut(&mut String)) {
        match self {
            Self::FlagLost { flag: text }
            | Self::IsInFolder { folder: text }
            | Self::IsCalled { folder: text }
            | Self::DateNotUnderstood { date: text }
            | Self::Role { role: text } => each(text),
            Self::FlagsAre { source, target } => {
                each(source);
                each(target);
            }
            Self::Administration(fault) => fault.each_foreign(each),
            Self::Items(note) => note.each_foreign(each),
            Self::Record(fault) => fault.each_foreign(each),
            Self::RecordSetAside { why, .. } => why.iter_mut().for_each(|why| why.each_foreign(each)),
            // The user's own names, which are only made printable.
            Self::SameMailbox { .. } => {}
            Self::CountedNotListed
            | Self::ListedNotDelivered
            | Self::LostWhileReading { .. }
            | Self::LostWhileSending
            | Self::LostWhileOpening
            | Self::LostWhileCreating
            | Self::AnnouncedAndGiven { .. }
            | Self::LostAtEachMessage
            | Self::LeftOut { .. }
            | Self::SizeLimit { .. }
            | Self::RoomNeeded { .. }
            | Self::MessagesNeeded { .. }
            | Self::DateBecame { .. }
            | Self::NoDates
            | Self::NoUidValidity
            | Self::TakenSince
            | Self::TakenMeanwhile
            | Self::FinalLineEndChanged
            | Self::LineEndsChanged
            | Self::HeaderLinesAdded
            | Self::HeaderChanged
            | Self::CarriageReturnsDeleted
            | Self::BodyChanged
            | Self::TargetUnread { .. }
            | Self::GmailPasswords
            | Self::GmailConnections
            | Self::MicrosoftPasswords
            | Self::YahooPasswords
            | Self::YahooConnections
            | Self::IcloudPasswords
            | Self::ImapSwitchedOff
            | Self::NeteasePasswords
            | Self::ProgramNotAllowed
            | Self::NoMailbox
            | Self::NoListener
            | Self::PasswordCreatesUser
            | Self::NoStateFolder
            | Self::ListTooLarge { .. } => {}
        }
    }

    fn made_printable(mut self) -> Self {
        self.each_foreign(&mut |text| *text = readable(text));
        // The user's own names: a password that is a part of one takes nothing out of it.
        if let Self::RecordSetAside { kept_as: own, .. } | Self::SameMailbox { mailbox: own, .. } = &mut self {
            *own = printable(own);
        }
        self
    }
}
