//! What was changed in an item on its way, and how the item on the target differs.

use super::super::foreign::Foreign;
use super::ItemFault;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Something that a person should know about an item's conversion. Its `Display` is a clause.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "change")]
pub enum ItemChange {
    /// The source has an exception without the series that it belongs to.
    ExceptionAlone,
    /// The picture is not a JPEG, and Kerio Connect accepts nothing else (docs/kerio-connect.md, G8).
    PictureNotJpeg,
    /// The picture is larger than Kerio Connect accepts (docs/kerio-connect.md, G8).
    PictureTooLarge {
        /// The limit in bytes.
        most: u64,
    },
    /// A text in an unknown character set was read as another.
    CharacterSet {
        /// The property's name.
        property: String,
        /// The character set that it names.
        charset: String,
    },
    /// A part that the stored item has no place for, such as a person within a contact.
    Part {
        /// What it is called, such as `VCARD`.
        name: String,
    },
    /// A contact without a name was given one.
    Named {
        /// What it is named after.
        after: NameSource,
    },
}

/// What a contact without a name is named after.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NameSource {
    /// The company.
    Company,
    /// The first e-mail address.
    Address,
    /// The first telephone number.
    Number,
    /// There is nothing to name it after.
    Nothing,
}

/// A property in which two items differ that should mean the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "difference")]
pub enum Difference {
    /// A property of iCalendar or vCard.
    Property {
        /// Its name, such as `DTEND`.
        name: String,
    },
    /// One is an event, the other a task.
    Kind,
    /// Only one of them has an exception of the series.
    Exception,
    /// The item on the target cannot be read, so that it differs in everything.
    Everything {
        /// Why.
        fault: ItemFault,
    },
}

impl ItemChange {
    /// A part of that name was left out.
    pub fn part(name: &str) -> Self {
        Self::Part { name: name.to_owned() }
    }

    /// Whether something on the source is missing from the stored item.
    pub fn loses(&self) -> bool {
        match self {
            Self::ExceptionAlone | Self::Named { .. } => false,
            Self::PictureNotJpeg | Self::PictureTooLarge { .. } | Self::CharacterSet { .. } | Self::Part { .. } => true,
        }
    }
}

impl Foreign for ItemChange {
    fn each_foreign(&mut self, each: &mut dyn FnMut(&mut String)) {
        match self {
            Self::CharacterSet { property, charset } => {
                each(property);
                each(charset);
            }
            Self::Part { name } => each(name),
            Self::ExceptionAlone | Self::PictureNotJpeg | Self::PictureTooLarge { .. } | Self::Named { .. } => {}
        }
    }
}

impl Foreign for Difference {
    fn each_foreign(&mut self, each: &mut dyn FnMut(&mut String)) {
        match self {
            Self::Property { name } => each(name),
            Self::Everything { fault } => fault.each_foreign(each),
            Self::Kind | Self::Exception => {}
        }
    }
}

impl fmt::Display for ItemChange {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ExceptionAlone => formatter.write_str("it is an exception of a series that the source does not have"),
            Self::PictureNotJpeg => formatter.write_str("its picture is not a JPEG and was left out"),
            Self::PictureTooLarge { most } => {
                write!(formatter, "its picture is larger than {} kB and was left out", most >> 10)
            }
            Self::CharacterSet { property, charset } => {
                write!(formatter, "{property} was written in {charset} and read as Windows-1252")
            }
            Self::Part { name } => {
                write!(formatter, "its part {name} was left out, since nothing on the target can hold it")
            }
            Self::Named { after } => write!(
                formatter,
                "it has no name; it is named after {}",
                match after {
                    NameSource::Company => "the company",
                    NameSource::Address => "the e-mail address",
                    NameSource::Number => "the number",
                    NameSource::Nothing => "nothing",
                }
            ),
        }
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Property { name } => formatter.write_str(name),
            Self::Kind => formatter.write_str("kind"),
            Self::Exception => formatter.write_str("an exception of the series"),
            Self::Everything { fault } => write!(formatter, "everything: {fault}"),
        }
    }
}
