//! The accounts file: `user@domain.com;password;Full Name`, one account a line, as spreadsheets and people really write it.
//!
//! Promises that a bad line is told by its number and never stops the good ones, that no message holds anything of a line but
//! its address, that a file of 100,000 lines takes linear time, and that what held passwords on the way here is wiped.
//!
//! What is understood: UTF-8, UTF-16 and Windows-1250 or 1252 (see [`Encoding`]); CRLF, LF and lone CR; blank lines, lines
//! that begin with `#`, a header line, the pattern itself; `"quoted"` fields with the separator and `""` inside; a missing
//! full name; a missing password (see [`AccountsFile::require_passwords`]); empty columns at the end. A fourth column with the name on
//! the source and a fifth with the address on the target count only when a header line names them: otherwise a password with an
//! unquoted separator could pass for them. Spaces around a field do not count, inside quotes every character does. A line break
//! inside quotes is refused: otherwise one stray quote would swallow all lines after it. That, and wiping, is why the lines are
//! taken apart here and not by the `csv` crate.

mod encoding;
mod fields;
mod format;
mod header;

pub use encoding::Encoding;

use crate::domain::{Account, Address, BadLine, Note, Problem, ProblemKind, Secret, printable};
use fields::{Field, Separator};
use std::collections::HashMap;
use std::io::Read;
use std::path::Path;
use zeroize::Zeroizing;

/// A sample file that explains itself, to be saved and filled in.
pub const SAMPLE: &str = include_str!("../../assets/accounts-sample.csv");

/// The largest file that is read, in octets: over a million accounts.
pub const LARGEST_FILE: u64 = 64 * 1024 * 1024;

/// The longest line that is read, in octets.
const LONGEST_LINE: usize = 16 * 1024;

/// So many bad lines are told one by one; a file that is something else must not fill the memory.
const BAD_LINES_KEPT: usize = 10_000;

/// What an accounts file holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountsFile {
    /// The usable lines, in the order of the file.
    pub accounts: Vec<Account>,
    /// The others, in the order of the file.
    pub bad_lines: Vec<BadLine>,
    /// How the file's characters are encoded.
    pub encoding: Encoding,
    /// What the user should know of how the file was read, in sentences; empty for most files.
    pub notes: Vec<String>,
}

impl AccountsFile {
    /// Makes bad lines of the accounts without a password, for a source where everybody signs in with their own.
    pub fn require_passwords(&mut self) {
        let (usable, without): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.accounts).into_iter().partition(|account| !account.password.is_empty());
        self.accounts = usable;
        let room = BAD_LINES_KEPT.saturating_sub(self.bad_lines.len());
        let told = without.iter().take(room);
        self.bad_lines.extend(told.map(|account| BadLine { line: account.line, what: no_password(&account.address) }));
        self.bad_lines.sort_by_key(|bad| bad.line);
        if let [first, others @ ..] = without.get(room..).unwrap_or_default() {
            let what = format!("This line and {} after it have no password.", others.len());
            self.bad_lines.push(BadLine { line: first.line, what });
        }
    }
}

/// Why an accounts file cannot be read at all.
#[derive(Debug, thiserror::Error)]
pub enum AccountsError {
    /// The system does not give it.
    #[error("the accounts file {name} cannot be read: {source}")]
    Unreadable {
        /// The file as the user named it.
        name: String,
        /// What the system says.
        source: std::io::Error,
    },
    /// It is larger than [`LARGEST_FILE`].
    #[error("the accounts file {name} is larger than 64 MB, which no list of accounts is; choose another file")]
    TooLarge {
        /// The file as the user named it.
        name: String,
    },
}

impl AccountsError {
    /// The error as the user meets it.
    pub fn problem(&self) -> Problem {
        let problem = Problem::new(ProblemKind::LocalFile);
        match self {
            AccountsError::Unreadable { name, source } => problem.at_path(name).saying(source),
            AccountsError::TooLarge { name } => problem.at_path(name).noting(Note::ListTooLarge { most: LARGEST_FILE }),
        }
    }
}

/// Reads an accounts file.
pub fn load(path: &Path) -> Result<AccountsFile, AccountsError> {
    let name = path.display().to_string();
    match std::fs::File::open(path) {
        Ok(file) => {
            // Pipes and devices do not know how much they hold.
            let size = file.metadata().ok().filter(std::fs::Metadata::is_file).map_or(LARGEST_FILE, |it| it.len());
            load_from(file, size, name)
        }
        Err(source) => Err(AccountsError::Unreadable { name, source }),
    }
}

/// Reads accounts from standard input or the like; `name` is for error messages.
pub fn read_from(input: impl Read, name: &str) -> Result<AccountsFile, AccountsError> {
    load_from(input, LARGEST_FILE, name.to_owned())
}

fn load_from(input: impl Read, expected: u64, name: String) -> Result<AccountsFile, AccountsError> {
    // Room for everything from the start: a buffer that grows leaves copies of passwords behind that nobody wipes.
    let room = usize::try_from(expected.min(LARGEST_FILE)).unwrap_or(0) + 64;
    let mut octets = Zeroizing::new(Vec::with_capacity(room));
    match input.take(LARGEST_FILE + 1).read_to_end(&mut octets) {
        Err(source) => Err(AccountsError::Unreadable { name, source }),
        Ok(read) if read as u64 > LARGEST_FILE => Err(AccountsError::TooLarge { name }),
        Ok(_) => Ok(read(&octets)),
    }
}

/// Reads the content of an accounts file. Whatever it is, the answer says which lines can be used.
pub fn read(octets: &[u8]) -> AccountsFile {
    let unusable = |what: &str| {
        let bad_lines = vec![BadLine { line: 1, what: what.to_owned() }];
        AccountsFile { accounts: Vec::new(), bad_lines, encoding: Encoding::Utf8, notes: Vec::new() }
    };
    if let Some(what) = format::of_bytes(octets, encoding::is_utf16(octets)) {
        return unusable(what);
    }
    let (text, encoding) = encoding::decode(octets);
    if let Some(what) = format::of_text(&text) {
        return unusable(what);
    }
    let separator = Separator::of(&text);
    let mut reading = Reading { separator, ..Reading::default() };
    for (line, number) in fields::lines(&text).zip(1..) {
        let content = line.trim_matches([' ', '\t', '\u{feff}']);
        if !content.is_empty() && !content.starts_with('#') {
            reading.take(line, number);
        }
    }
    reading.tell_untold();
    let mut notes: Vec<String> = [encoding.note(), separator.note().map(str::to_owned)].into_iter().flatten().collect();
    notes.extend(reading.columns_note);
    AccountsFile { accounts: reading.accounts, bad_lines: reading.bad_lines, encoding, notes }
}

#[derive(Default)]
struct Reading {
    separator: Separator,
    accounts: Vec<Account>,
    /// The line of each usable address, by [`Address::key`], and of each address on the target.
    lines: HashMap<String, u32>,
    targets: HashMap<String, u32>,
    /// The columns beyond the third, as the header names them, and what the user should know of them.
    further_columns: usize,
    columns_note: Option<String>,
    bad_lines: Vec<BadLine>,
    /// Bad lines beyond those that are kept: how many, and the first of them.
    untold: Option<(u32, u32)>,
    /// Whether a line with content was seen; a header can only be the first.
    begun: bool,
}

impl Reading {
    fn take(&mut self, line: &str, number: u32) {
        let first = !std::mem::replace(&mut self.begun, true);
        if first && Separator::named_by(line).is_some() {
            self.begun = false;
            return;
        }
        match self.account(line, number, first) {
            Ok(Some(account)) => {
                self.lines.insert(account.address.key(), number);
                self.targets.insert(account.target().key(), number);
                self.accounts.push(account);
            }
            Ok(None) => {}
            Err(what) => self.refuse(number, what),
        }
    }

    /// The account on a line, or nothing for a header, or what is wrong.
    fn account(&mut self, line: &str, number: u32, first: bool) -> Result<Option<Account>, String> {
        if line.len() > LONGEST_LINE {
            return Err("The line is too long for an account.".to_owned());
        }
        if line.contains(['\0', char::REPLACEMENT_CHARACTER]) {
            return Err("The line has characters that cannot be read. Save the file as UTF-8 text.".to_owned());
        }
        let fields = fields::split(line, self.separator).map_err(|error| error.to_string())?;
        if header::is_kerio_list(&fields) {
            return Err(header::KERIO_LIST.to_owned());
        }
        // Spreadsheets export rows that are empty as separators alone.
        if fields.iter().all(Field::is_empty) {
            return Ok(None);
        }
        if header::is_pattern(line) || (first && header::is_header(&fields)) {
            if first {
                (self.further_columns, self.columns_note) = header::further_columns(&fields);
            }
            return Ok(None);
        }
        let Some(address) = fields.first() else { return Ok(None) };
        if fields.len() == 1 && Address::parse(&address.value()).is_err() {
            return Err(self.one_field(address));
        }
        let address = Address::parse(&address.value())
            .map_err(|error| format!("The line does not begin with a mail address: {error}. Write it as {PATTERN}."))?;
        let shown = printable(&address.to_string());
        if fields.iter().skip(3 + self.further_columns).any(|field| !field.is_empty()) {
            return Err(format!(
                "{shown} has more than {} fields. If the password has a {} in it, put the password in quotes.",
                ["three", "four", "five"][self.further_columns],
                self.separator.word()
            ));
        }
        if let Some(earlier) = self.lines.get(&address.key()) {
            return Err(format!("{shown} stands on line {earlier} already; that line is used."));
        }
        let field = |index: usize| fields.get(index).map(Field::value).unwrap_or_default();
        let source_login = Some(one_line(&field(3))).filter(|login| !login.is_empty());
        let target_address = match field(4) {
            text if text.is_empty() => None,
            text => Some(
                Address::parse(&text)
                    .map_err(|error| format!("{shown} has a target address that cannot be used: {error}."))?,
            ),
        };
        if let Some(earlier) = self.targets.get(&target_address.as_ref().unwrap_or(&address).key()) {
            return Err(format!("The mail of {shown} would go to the same target address as that of line {earlier}."));
        }
        let (password, full_name) = (Secret::new(field(1)), one_line(&field(2)));
        Ok(Some(Account { line: number, address, password, full_name, source_login, target_address }))
    }

    /// What to say of a line that the separator does not divide.
    fn one_field(&self, only: &Field<'_>) -> String {
        let text = only.text();
        let address = text.split([',', '\t', ' ']).next().and_then(|start| Address::parse(start).ok());
        match address {
            Some(address) if text.contains([',', '\t', ' ']) => format!(
                "The fields of {} are not separated by a {}, as in the other lines. Write it as {PATTERN}.",
                printable(&address.to_string()),
                self.separator.word()
            ),
            _ => format!("The line is not an account. Write it as {PATTERN}."),
        }
    }

    fn refuse(&mut self, line: u32, what: String) {
        if self.bad_lines.len() < BAD_LINES_KEPT {
            self.bad_lines.push(BadLine { line, what });
        } else {
            let (count, first) = self.untold.unwrap_or((0, line));
            self.untold = Some((count + 1, first));
        }
    }

    fn tell_untold(&mut self) {
        if let Some((count, line)) = self.untold {
            let what = format!("This line and {} after it cannot be used either.", count - 1);
            self.bad_lines.push(BadLine { line, what });
        }
    }
}

/// How a line is written, for messages.
const PATTERN: &str = "user@domain.com;password;Full Name";

fn no_password(address: &Address) -> String {
    format!("{} has no password. Write it after the address, as in {PATTERN}.", printable(&address.to_string()))
}

/// A name without anything that could break a line of Kerio Connect's or of a report.
fn one_line(name: &str) -> String {
    name.chars().map(|c| if c.is_control() { ' ' } else { c }).collect::<String>().trim().to_owned()
}

#[cfg(test)]
mod tests;
