//! What is wrong with a line of a list, and what to do, in sentences.

use super::note::separator;
use super::{AddressFault, FileFormat, LineFault, OrderFault};
use std::fmt;

/// How a line of a list without a header reads.
pub const PATTERN: &str = "user@domain.com;password;Full Name";

/// What to do where it is not known which column is which.
const HOW_TO_NAME: &str = "Name the columns in the first line, such as Email;Password;Full Name, or choose what each of them holds (--columns on the command line)";

/// What to do where no column holds whole addresses.
const WHOLE_ADDRESSES: &str =
    "Write the whole address, user@domain.com, into one column, or the domain into a column Domain";

/// One or more sentences, each with its full stop.
impl fmt::Display for LineFault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAList { format } => format.fmt(formatter),
            Self::NoAccounts { export } => {
                write!(formatter, "This is {}. {}", export.name(), export.refusal().unwrap_or_default())
            }
            Self::NoPasswords { export: Some(export), .. } => write!(
                formatter,
                "This is {}: it holds no passwords. Add a column Password, or {}.",
                export.name(),
                export.instead()
            ),
            Self::NoPasswords { export: None, columns } => write!(
                formatter,
                "The list has no column with passwords ({}). Add a column Password, or sign in without people's passwords.",
                columns.summary()
            ),
            Self::ChoiceTooShort { columns, chosen } => write!(
                formatter,
                "The list has {columns} columns, and a meaning was chosen for {chosen}. Write - for each column that is not used."
            ),
            Self::UnknownHeader => write!(
                formatter,
                "The line has no mail address and comes before lines that have one, so it should name the columns, but its words are not \
                 known. {HOW_TO_NAME}. If it is no header, remove it or begin it with #."
            ),
            Self::DoubtfulOrder { second } => write!(
                formatter,
                "The second field, which is the password where no header names the columns, {second} on this line and on most. The list is \
                 not read. {HOW_TO_NAME}."
            ),
            Self::BeforeImapsync => write!(
                formatter,
                "This line comes before imapsync's lines but is not one of them. Remove it, or begin it with #. A list can also have the form \
                 {PATTERN}."
            ),
            Self::EitherColumn { one, other, meaning } => write!(
                formatter,
                "Both {one} and {other} could be the {}. Rename the one that is not, or choose what each column holds (--columns on the \
                 command line).",
                meaning.in_sentence()
            ),
            Self::ExportWithoutAddresses { export } => write!(
                formatter,
                "This is {}, and no column of it holds whole mail addresses. {WHOLE_ADDRESSES}.",
                export.name()
            ),
            Self::ColumnWithoutAddresses { column } => {
                write!(formatter, "The column {column} does not hold whole mail addresses. {WHOLE_ADDRESSES}.")
            }
            Self::AddressNotNamed => {
                write!(formatter, "No column is recognised as the mail address. {HOW_TO_NAME}.")
            }
            Self::PasswordNotNamed { column } => write!(
                formatter,
                "The column {column} could be the password, but its title leaves that open. Rename it to Password, or choose what each \
                 column holds (--columns on the command line)."
            ),
            Self::TooLong => formatter.write_str("The line is too long for an account."),
            Self::Unreadable => {
                formatter.write_str("The line has characters that cannot be read. Save the file as UTF-8 text.")
            }
            Self::OpenQuote => formatter.write_str(
                "A field begins with a quote that is not closed on this line. Close it. A field that has a quote in it has to be in quotes \
                 itself, with the quote inside written twice.",
            ),
            Self::TextAfterQuote => formatter.write_str(
                "There is text between a closing quote and the end of its field. Write a quote inside a quoted field twice.",
            ),
            Self::NotAnAccount => write!(formatter, "The line is not an account. Write it as {PATTERN}."),
            Self::NotDivided { address, separator: sign } => write!(
                formatter,
                "The fields of {address} are not separated by a {}. Write it as {PATTERN}.",
                separator(*sign)
            ),
            Self::NotAtBeginning { fault } => write!(
                formatter,
                "The line does not begin with a mail address: {fault}. Write it as {PATTERN}, or name the columns in the first line."
            ),
            Self::NotInColumn { column, fault } => {
                write!(formatter, "The column {column} has no usable mail address on this line: {fault}.")
            }
            Self::NotInTwoColumns { fault } => write!(
                formatter,
                "The columns for the part before the @ and for the domain give no mail address: {fault}."
            ),
            Self::EndsBeforeAddress { fields } => {
                let fields = counted(*fields, "field");
                write!(formatter, "The line has only {fields}, too few to reach the mail address.")
            }
            Self::TooManyFields { address, most, separator: sign, is_unnamed } => {
                let (most, sign) = (counted(*most, "field"), separator(*sign));
                write!(
                    formatter,
                    "{address} has more than {most}. If the password has a {sign} in it, put the password in quotes."
                )?;
                let name = " If the list has more columns, name them in the first line.";
                formatter.write_str(if *is_unnamed { name } else { "" })
            }
            Self::TooFewFields { address, fields, columns } => {
                let fields = counted(*fields, "field");
                write!(
                    formatter,
                    "{address} has only {fields}, and there are {columns} columns: a missing field may have moved the password. Write every \
                     field, even an empty one."
                )
            }
            Self::HiddenInAddress { address } => {
                write!(formatter, "{address} has an invisible character. Type the address again.")
            }
            Self::Repeated { address, earlier } => {
                write!(formatter, "{address} is on line {earlier} already; that line is used.")
            }
            Self::BadTarget { address, fault } => {
                write!(formatter, "{address} has a target address that cannot be used: {fault}.")
            }
            Self::SameTarget { address, earlier } => write!(
                formatter,
                "The mail of {address} would go to the same target address as that of line {earlier}."
            ),
            Self::AddressAsPassword { address } => {
                write!(formatter, "{address} has a mail address in place of the password. Write it as {PATTERN}.")
            }
            Self::PasswordAsName { address } => write!(
                formatter,
                "{address} seems to have something else in place of the password, and the password in place of the name. Write it as \
                 {PATTERN}, or name the columns in the first line."
            ),
            Self::NoPassword { address, is_unnamed: true } => {
                write!(formatter, "{address} has no password. Write it after the address, as in {PATTERN}.")
            }
            Self::NoPassword { address, is_unnamed: false } => {
                write!(formatter, "{address} has no password. Write it into the column of the passwords.")
            }
            Self::BadPassword { address, fault } => write!(formatter, "{address} {fault}"),
            Self::CutOff { fields } => {
                let fields = counted(*fields, "field");
                write!(
                    formatter,
                    "The file ends inside this line, which has {fields} and no line end, and the lines before it have more. If the file is \
                     complete, end the line; otherwise load the file again when it is."
                )
            }
            Self::Others { more } => write!(formatter, "This line and {more} after it cannot be used either."),
            Self::OthersWithoutPassword { more } => {
                write!(formatter, "This line and {more} after it have no password.")
            }
            Self::OtherColumns { lines } => {
                let lines = counted(*lines, "line");
                write!(
                    formatter,
                    "The line names other columns than those of the lines above. It and {lines} after it are not read: put them \
                     into a file of their own."
                )
            }
        }
    }
}

/// What the file is, and what to load instead.
impl fmt::Display for FileFormat {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Document => {
                "The file is a spreadsheet or another document. Save it as CSV (UTF-8, separated by semicolons) and load that."
            }
            Self::Archive => "The file is compressed. Unpack it and load the CSV file that is in it.",
            Self::WebPage => {
                "The file is a web page, even if it is named like a spreadsheet. Open it in a spreadsheet, save it as CSV (UTF-8) and load that."
            }
            Self::Xml => "The file is XML. Open it in a spreadsheet, save it as CSV (UTF-8) and load that.",
            Self::Json => "The file is JSON. Export the list as CSV and load that.",
            Self::Ldif => "The file is LDIF, the form of directory services. Export the list as CSV and load that.",
            Self::AddressCards => "The file holds address cards (vCard). Export the accounts as CSV and load that.",
            Self::Sql => "The file is a copy of a database (SQL). Export the accounts as CSV and load that.",
            Self::Binary => "The file is not a text file. Choose the CSV file with the accounts.",
        })
    }
}

/// A clause about the field: no capital letter, no full stop.
impl fmt::Display for AddressFault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => formatter.write_str("it is empty"),
            Self::Several => formatter.write_str("there are two addresses in it; leave the one to migrate"),
            Self::ForeignCharacter => formatter.write_str("a character before the @ belongs to no address"),
            Self::NotOne(error) => error.fmt(formatter),
        }
    }
}

/// A clause about the second field, without its subject.
impl fmt::Display for OrderFault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::NameOfAddress => "is a name from the address",
            Self::Name => "looks like a person's name",
            Self::PartOfAddress => "is a part of the address, with what looks like a password after it,",
            Self::Address => "is a mail address",
        })
    }
}

fn counted(count: usize, thing: &str) -> String {
    const WORDS: [&str; 7] = ["no", "one", "two", "three", "four", "five", "six"];
    let number = WORDS.get(count).map_or_else(|| count.to_string(), |word| (*word).to_owned());
    format!("{number} {thing}{}", if count == 1 { "" } else { "s" })
}
