//! Why a line of a list, or the whole list, cannot be used.

use super::{Export, Meaning, PasswordFault};
use crate::domain::AddressError;
use serde::{Deserialize, Serialize};

/// A line of a list that cannot be used. Of its text it holds at most the address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BadLine {
    /// The line of the list, from 1.
    pub line: u32,
    /// What is wrong.
    pub fault: LineFault,
}

impl BadLine {
    /// What is wrong and what to do, in sentences.
    pub fn what(&self) -> String {
        self.fault.to_string()
    }
}

/// What is wrong with a line; on the first one, with the whole list. An `address` is as it is shown: without control characters. A
/// `separator` is the character that divides the list's fields.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum LineFault {
    // The whole file.
    /// It is another kind of file.
    NotAList {
        /// What the file is.
        format: FileFormat,
    },
    /// It is a kind of list that holds no accounts.
    NoAccounts {
        /// Which list.
        export: Export,
    },
    /// No column holds passwords, and they are needed.
    NoPasswords {
        /// The list, where it is known.
        export: Option<Export>,
        /// Its columns, as [`super::Columns::summary`] has them.
        columns: super::Columns,
    },
    /// A meaning was chosen for fewer columns than there are.
    ChoiceTooShort {
        /// How many columns there are.
        columns: usize,
        /// How many meanings were chosen.
        chosen: usize,
    },
    /// The line should name the columns, and its words are not known.
    UnknownHeader,
    /// Most lines contradict the manual's order.
    DoubtfulOrder {
        /// What the second field is.
        second: OrderFault,
    },
    /// It comes before the lines of imapsync's list and is none of them.
    BeforeImapsync,
    /// Two columns may have the same meaning. Both as [`super::Columns::quoted`] has them.
    EitherColumn {
        /// The first.
        one: String,
        /// The second.
        other: String,
        /// What they could be.
        meaning: Meaning,
    },
    /// No column of a known list holds whole addresses.
    ExportWithoutAddresses {
        /// Which list.
        export: Export,
    },
    /// The column of the addresses does not hold whole ones.
    ColumnWithoutAddresses {
        /// The column.
        column: String,
    },
    /// No column is recognised as the address.
    AddressNotNamed,
    /// A column may hold the passwords; its title leaves that open.
    PasswordNotNamed {
        /// The column.
        column: String,
    },

    // One line.
    /// It is longer than any account.
    TooLong,
    /// It has characters that cannot be read.
    Unreadable,
    /// A field begins with a quote that is not closed on the line.
    OpenQuote,
    /// Something follows a closing quote.
    TextAfterQuote,
    /// It is not an account.
    NotAnAccount,
    /// Another separator than the list's divides it.
    NotDivided {
        /// Its address.
        address: String,
        /// The list's separator.
        separator: char,
    },
    /// It does not begin with an address.
    NotAtBeginning {
        /// Why.
        fault: AddressFault,
    },
    /// The column of the address has none.
    NotInColumn {
        /// The column.
        column: String,
        /// Why.
        fault: AddressFault,
    },
    /// The two columns of the address make none.
    NotInTwoColumns {
        /// Why.
        fault: AddressFault,
    },
    /// It has too few fields to reach the address.
    EndsBeforeAddress {
        /// How many it has.
        fields: usize,
    },
    /// It has more fields than columns.
    TooManyFields {
        /// Its address.
        address: String,
        /// How many it may have.
        most: usize,
        /// The list's separator.
        separator: char,
        /// Whether no line names the columns.
        is_unnamed: bool,
    },
    /// It has fewer fields than columns, so that others may have moved.
    TooFewFields {
        /// Its address.
        address: String,
        /// How many it has.
        fields: usize,
        /// How many columns there are.
        columns: usize,
    },
    /// Its address has a character that nobody sees.
    HiddenInAddress {
        /// Its address.
        address: String,
    },
    /// Its address is on an earlier line.
    Repeated {
        /// Its address.
        address: String,
        /// That line.
        earlier: u32,
    },
    /// Its target address is not an address.
    BadTarget {
        /// Its address.
        address: String,
        /// Why.
        fault: AddressFault,
    },
    /// Its mail would go where that of an earlier line goes.
    SameTarget {
        /// Its address.
        address: String,
        /// That line.
        earlier: u32,
    },
    /// A mail address is in the place of the password.
    AddressAsPassword {
        /// Its address.
        address: String,
    },
    /// The password is in the place of the name.
    PasswordAsName {
        /// Its address.
        address: String,
    },
    /// It has no password, and one is needed.
    NoPassword {
        /// Its address.
        address: String,
        /// Whether no line names the columns.
        is_unnamed: bool,
    },
    /// What it has as the password is not one.
    BadPassword {
        /// Its address.
        address: String,
        /// What it is.
        fault: PasswordFault,
    },
    /// The file ends inside it.
    CutOff {
        /// How many fields it has.
        fields: usize,
    },

    // Several lines at once.
    /// This line and others cannot be used.
    Others {
        /// How many more.
        more: usize,
    },
    /// This line and others have no password.
    OthersWithoutPassword {
        /// How many more.
        more: usize,
    },
    /// From here on there are other columns.
    OtherColumns {
        /// How many lines follow.
        lines: usize,
    },
}

/// Another kind of file than a list with columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FileFormat {
    /// A spreadsheet, a PDF or the like.
    Document,
    /// ZIP, gzip and the like.
    Archive,
    /// HTML.
    WebPage,
    /// XML.
    Xml,
    /// JSON.
    Json,
    /// LDIF (RFC 2849).
    Ldif,
    /// vCard (RFC 6350).
    AddressCards,
    /// A dump of a database.
    Sql,
    /// Something that is not text.
    Binary,
}

/// Why a field is not an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AddressFault {
    /// There is nothing in it.
    Empty,
    /// It holds more than one.
    Several,
    /// A character before the `@` belongs to no address.
    ForeignCharacter,
    /// It is not an address at all.
    NotOne(AddressError),
}

/// What the second field is on most lines of a list that has no header, where the password should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrderFault {
    /// A first name that is in the address.
    NameOfAddress,
    /// A person's name.
    Name,
    /// A part of the address, before what looks like a password.
    PartOfAddress,
    /// A mail address.
    Address,
}

impl LineFault {
    /// The address of the line, as far as it has one.
    pub fn address(&self) -> Option<&str> {
        match self {
            Self::NotDivided { address, .. }
            | Self::TooManyFields { address, .. }
            | Self::TooFewFields { address, .. }
            | Self::HiddenInAddress { address }
            | Self::Repeated { address, .. }
            | Self::BadTarget { address, .. }
            | Self::SameTarget { address, .. }
            | Self::AddressAsPassword { address }
            | Self::PasswordAsName { address }
            | Self::NoPassword { address, .. }
            | Self::BadPassword { address, .. } => Some(address),
            _ => None,
        }
    }
}
