//! Why an item is not migrated.

use super::super::foreign::Foreign;
use super::ItemServerFault;
use crate::domain::numbers;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Why an item cannot be migrated, or is left out. Its `Display` is a clause.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "fault")]
pub enum ItemFault {
    // Reading it.
    /// The source lists it and does not deliver it.
    NotDelivered {
        /// The words of the server or the system.
        words: String,
    },
    /// The same, from a server of calendars and contacts.
    NotGiven {
        /// Why.
        why: Box<ItemServerFault>,
    },
    /// It is too large to be read.
    TooLarge {
        /// The limit in bytes.
        most: u64,
    },
    /// The folder was replaced by another of its name while it was read.
    FolderReplaced,
    // Understanding it.
    /// Its text cannot be read.
    Text {
        /// What it should be.
        form: ItemForm,
        /// Why.
        why: TextFault,
    },
    /// Some of its lines cannot be read.
    Lines {
        /// How many.
        unreadable: usize,
    },
    /// It holds no event, task or contact.
    Nothing,
    /// It is something else.
    Other {
        /// What it is, as it says itself.
        found: String,
        /// What it should be.
        form: ItemForm,
    },
    /// It is one of Kolab's notes, journals, files or settings.
    OtherKolab {
        /// What it is, as Kolab calls it.
        kind: String,
    },
    /// It is mail that invites somebody or answers an invitation.
    InvitationMail {
        /// The method, such as `REQUEST` (RFC 5546).
        method: String,
    },
    // What is wrong with it.
    /// It has no beginning.
    NoBeginning,
    /// One of its days is not a day.
    NoDay {
        /// What is written instead.
        written: String,
    },
    /// There are two series with its UID.
    Twice,
    /// There are several exceptions, and the series is missing.
    ExceptionsAlone,
    /// Its time zone is neither defined nor known.
    UnknownZone {
        /// The zone's name.
        id: String,
    },
    /// It is a group of contacts.
    Group {
        /// Whether its members get its name as a category.
        is_category: bool,
    },
    // The target.
    /// The target has no calendar or address book for it and makes none.
    NoPlace,
    /// It was stored and is not found on the target.
    NotAt {
        /// Where it should be.
        href: String,
    },
}

/// The form that a text should have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ItemForm {
    /// iCalendar (RFC 5545).
    Calendar,
    /// vCard (RFC 2426, RFC 6350).
    Card,
    /// An event or task in XML.
    EventXml,
    /// Calendar objects in XML (RFC 6321).
    CalendarXml,
    /// Contacts in XML (RFC 6351).
    CardXml,
    /// Any XML of Kolab.
    Kolab,
}

/// What is wrong with a text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "text")]
pub enum TextFault {
    /// It has too many lines.
    TooManyLines,
    /// It is nested too deep, or has too many elements.
    TooDeep,
    /// Something ends that has not begun.
    EndWithoutBegin,
    /// Something ends as something else.
    OtherEnd {
        /// What has begun.
        component: String,
        /// What ends.
        end: String,
    },
    /// Something has no end.
    NoEnd {
        /// What.
        component: String,
    },
    /// It is not XML.
    Xml {
        /// The words of the library that reads it.
        why: String,
    },
    /// It has a document type, which is not read.
    DocumentType,
    /// It uses an XML entity of its own.
    OwnEntity,
    /// It ends in the middle.
    Cut,
    /// It holds nothing.
    Empty,
}

impl Foreign for ItemFault {
    fn each_foreign(&mut self, each: &mut dyn FnMut(&mut String)) {
        match self {
            Self::NotDelivered { words: text }
            | Self::Other { found: text, .. }
            | Self::OtherKolab { kind: text }
            | Self::InvitationMail { method: text }
            | Self::NoDay { written: text }
            | Self::UnknownZone { id: text }
            | Self::NotAt { href: text } => each(text),
            Self::NotGiven { why } => why.each_foreign(each),
            Self::Text { why, .. } => why.each_foreign(each),
            Self::TooLarge { .. }
            | Self::FolderReplaced
            | Self::Lines { .. }
            | Self::Nothing
            | Self::NoBeginning
            | Self::Twice
            | Self::ExceptionsAlone
            | Self::Group { .. }
            | Self::NoPlace => {}
        }
    }
}

impl Foreign for TextFault {
    fn each_foreign(&mut self, each: &mut dyn FnMut(&mut String)) {
        match self {
            Self::OtherEnd { component, end } => {
                each(component);
                each(end);
            }
            Self::NoEnd { component: text } | Self::Xml { why: text } => each(text),
            Self::TooManyLines
            | Self::TooDeep
            | Self::EndWithoutBegin
            | Self::DocumentType
            | Self::OwnEntity
            | Self::Cut
            | Self::Empty => {}
        }
    }
}

impl fmt::Display for ItemFault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotDelivered { words } => write!(formatter, "the source does not deliver it: {words}"),
            Self::NotGiven { why } => write!(formatter, "the source does not deliver it: {why}"),
            Self::TooLarge { most } => write!(formatter, "it is larger than {} MB", most >> 20),
            Self::FolderReplaced => formatter.write_str("the folder was replaced by another while it was read"),
            Self::Text { form, why } => write!(formatter, "it cannot be read as {form}: {why}"),
            Self::Lines { unreadable: 1 } => formatter.write_str("one of its lines cannot be read"),
            Self::Lines { unreadable } => {
                write!(formatter, "{} of its lines cannot be read", numbers::count(*unreadable as u64))
            }
            Self::Nothing => formatter.write_str("it holds no event, task or contact"),
            Self::Other { found, form } => write!(formatter, "it is {found}, not {form}"),
            Self::OtherKolab { kind } => {
                write!(formatter, "it is a Kolab {kind}, not an event, task or contact")
            }
            Self::InvitationMail { method } => {
                write!(formatter, "it is mail about an event ({method}), not the event itself")
            }
            Self::NoBeginning => formatter.write_str("it has no start (DTSTART)"),
            Self::NoDay { written } => write!(formatter, "'{written}' is not a date"),
            Self::Twice => formatter.write_str("it exists twice with the same UID"),
            Self::ExceptionsAlone => formatter.write_str("it has exceptions without their series"),
            Self::UnknownZone { id } => {
                write!(formatter, "its time zone '{id}' is neither defined nor known")
            }
            Self::Group { is_category } => {
                let category = if *is_category { " with its name as a category" } else { "" };
                write!(
                    formatter,
                    "it is a group of contacts, which Kerio Connect does not have; its members are migrated{category}"
                )
            }
            Self::NoPlace => {
                formatter.write_str("the target has no calendar or address book for it and cannot create one")
            }
            Self::NotAt { href } => write!(formatter, "it is not found at {href}"),
        }
    }
}

impl fmt::Display for ItemForm {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Calendar => "iCalendar",
            Self::Card => "vCard",
            Self::EventXml => "event or task in XML",
            Self::CalendarXml => "calendar in XML",
            Self::CardXml => "contact in XML",
            Self::Kolab => "XML of Kolab",
        })
    }
}

impl fmt::Display for TextFault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::TooManyLines => "it has too many lines",
            Self::TooDeep => "it is nested too deeply or has too many elements",
            Self::EndWithoutBegin => "it has an END without a BEGIN",
            Self::OtherEnd { component, end } => return write!(formatter, "{component} ends with END:{end}"),
            Self::NoEnd { component } => return write!(formatter, "{component} has no end"),
            Self::Xml { why } => return write!(formatter, "broken XML: {why}"),
            Self::DocumentType => "it has a document type, which is not read",
            Self::OwnEntity => "it uses an XML entity of its own",
            Self::Cut => "it ends in the middle",
            Self::Empty => "it is empty",
        })
    }
}
