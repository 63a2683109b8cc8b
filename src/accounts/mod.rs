//! The list of accounts, as panels, directories and spreadsheets write it: `user@domain.com;password;Full Name`, or any columns with a
//! header.
//!
//! A file is read in one direction:
//!
//! 1. [`format`] refuses what is not a list, [`encoding`] makes text of bytes, [`detection`] finds the [`separator`] of the fields.
//! 2. [`header`] finds the line that names the columns; [`plan`] gives each column its meaning, by the [`words`] of its title (the
//!    table is in [`titles`]), or as a person chose. [`exports`] knows the lists of the usual servers and what they lack.
//! 3. [`reading`] takes the lines one by one. [`fields`] divides them, [`clean`] frees each value from what is around it, [`fault`] finds
//!    what is not a password, and [`appearance`] what only looks wrong, for the [`warnings`].
//!
//! Promises that a bad line is named by its number and never stops the good ones; that a list whose columns could mean two things is
//! refused rather than guessed; that no message holds anything of a line but its address, and no full name is a password of the list;
//! that a file of 100,000 lines takes linear time; and that what held passwords on the way here is wiped.
//!
//! - Spaces around a field do not count, inside quotes every character does.
//! - A line break inside quotes is refused: otherwise one stray quote would swallow all lines after it. That, and wiping, is why the lines
//!   are taken apart here and not by the `csv` crate.
//! - Without a header a fourth field is refused: it is most often half a password.

mod appearance;
mod clean;
mod detection;
mod encoding;
mod exports;
mod fault;
mod fields;
mod fold;
mod format;
mod header;
mod plan;
mod preview;
mod reading;
mod separator;
mod titles;
mod warnings;
mod words;
mod writing;

pub use encoding::Encoding;
pub use preview::{Cell, MOST_COLUMNS, Preview};
pub use writing::write;

use crate::domain::list::{Columns, Layout, LineDoubt, LineFault, ListNote, PasswordFault, Warning};
use crate::domain::{Account, BadLine, Note, Problem, ProblemKind, printable};
use reading::{BAD_LINES_KEPT, Reading};
use std::collections::{BTreeSet, HashMap};
use std::io::Read;
use std::path::Path;
use std::time::Duration;
use zeroize::Zeroizing;

/// A sample file that explains itself, to be saved and filled in.
pub const SAMPLE: &str = include_str!("../../assets/accounts-sample.csv");

/// The largest file that is read, in bytes: over a million accounts.
pub const LARGEST_FILE: u64 = 64 * 1024 * 1024;

/// The content of an accounts file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountsFile {
    /// The usable lines, in the order of the file.
    pub accounts: Vec<Account>,
    /// The others, in the order of the file.
    pub bad_lines: Vec<BadLine>,
    /// What may be wrong on lines that are used.
    pub warnings: Vec<Warning>,
    /// How the file's characters are encoded.
    pub encoding: Encoding,
    /// What each column was understood to hold.
    pub columns: Columns,
    /// The first lines.
    pub preview: Preview,
    /// What the user should know of how the file was read; empty for most files.
    pub notes: Vec<ListNote>,
    /// Why accounts have no password, by line.
    faults: HashMap<u32, PasswordFault>,
    /// The fault and its line, if passwords are needed and no column holds them.
    lacks_passwords: Option<(u32, LineFault)>,
}

impl AccountsFile {
    /// Accounts that are from no file.
    pub fn of(accounts: Vec<Account>) -> Self {
        Self { accounts, ..read(b"") }
    }

    /// Turns accounts without a password into bad lines, for a source where everybody signs in with their own.
    pub fn require_passwords(&mut self) {
        self.warnings.retain(|warning| !matches!(warning.doubt, LineDoubt::NoPassword(_)));
        if let Some((line, fault)) = self.lacks_passwords.take() {
            self.accounts.clear();
            self.bad_lines.insert(0, BadLine { line, fault });
            return;
        }
        let (usable, without): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.accounts).into_iter().partition(|account| !account.password.is_empty());
        self.accounts = usable;
        let room = BAD_LINES_KEPT.saturating_sub(self.bad_lines.len());
        let named = without.iter().take(room);
        let bad = |account: &Account| BadLine { line: account.line, fault: self.no_password(account) };
        self.bad_lines.extend(named.map(bad).collect::<Vec<_>>());
        self.bad_lines.sort_by_key(|bad| bad.line);
        if let [first, others @ ..] = without.get(room..).unwrap_or_default() {
            let fault = LineFault::OthersWithoutPassword { more: others.len() };
            self.bad_lines.push(BadLine { line: first.line, fault });
        }
    }

    fn no_password(&self, account: &Account) -> LineFault {
        let address = printable(&account.address.to_string());
        match self.faults.get(&account.line) {
            Some(fault) => LineFault::BadPassword { address, fault: *fault },
            None => LineFault::NoPassword { address, is_unnamed: self.columns.header_line.is_none() },
        }
    }
}

/// How a person wants the columns to be read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Choice {
    /// What each column holds, whatever the header says.
    pub layout: Option<Layout>,
    /// What was chosen before, by [`Columns::key`]; it counts if there is no `layout`.
    pub remembered: Vec<(String, Layout)>,
}

/// Why an accounts file cannot be read at all.
#[derive(Debug, thiserror::Error)]
pub enum AccountsError {
    /// The system cannot read it.
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
    load_as(path, &Choice::default())
}

/// Reads an accounts file, with its columns as a person chose them.
pub fn load_as(path: &Path, choice: &Choice) -> Result<AccountsFile, AccountsError> {
    let name = path.display().to_string();
    match std::fs::File::open(path) {
        Ok(file) => {
            // Pipes and devices do not know how much they hold.
            let metadata = file.metadata().ok().filter(std::fs::Metadata::is_file);
            let size = metadata.as_ref().map_or(LARGEST_FILE, std::fs::Metadata::len);
            let (mut read, ends_inside) = load_from(&file, size, name, choice)?;
            if metadata.is_some_and(|before| is_being_written(&file, &before, ends_inside)) {
                read.notes.push(ListNote::StillWritten);
            }
            Ok(read)
        }
        Err(source) => Err(AccountsError::Unreadable { name, source }),
    }
}

/// Whether another program is writing the file: it has changed since before it was read. A file that ends inside a line and was written
/// just now is looked at once more after a moment.
fn is_being_written(file: &std::fs::File, before: &std::fs::Metadata, ends_inside: bool) -> bool {
    const JUST_NOW: Duration = Duration::from_secs(3);
    const MOMENT: Duration = Duration::from_millis(400);
    let age = before.modified().ok().and_then(|modified| modified.elapsed().ok());
    if ends_inside && age.is_some_and(|age| age < JUST_NOW) {
        std::thread::sleep(MOMENT);
    }
    let after = file.metadata().ok();
    after.is_some_and(|after| after.len() != before.len() || after.modified().ok() != before.modified().ok())
}

/// Reads accounts from standard input or the like; `name` is for error messages.
pub fn read_from(input: impl Read, name: &str, choice: &Choice) -> Result<AccountsFile, AccountsError> {
    load_from(input, LARGEST_FILE, name.to_owned(), choice).map(|(file, _)| file)
}

/// The accounts, and whether the last line has no line end.
fn load_from(
    input: impl Read,
    expected: u64,
    name: String,
    choice: &Choice,
) -> Result<(AccountsFile, bool), AccountsError> {
    // Room for everything from the start: a buffer that grows leaves copies of passwords behind that nobody wipes.
    let room = usize::try_from(expected.min(LARGEST_FILE)).unwrap_or(0) + 64;
    let mut bytes = Zeroizing::new(Vec::with_capacity(room));
    match input.take(LARGEST_FILE + 1).read_to_end(&mut bytes) {
        Err(source) => Err(AccountsError::Unreadable { name, source }),
        Ok(read) if read as u64 > LARGEST_FILE => Err(AccountsError::TooLarge { name }),
        Ok(_) => {
            Ok((read_as(&bytes, choice), !bytes.is_empty() && !bytes.ends_with(b"\n") && !bytes.ends_with(b"\n\0")))
        }
    }
}

/// Reads the content of an accounts file. Whatever it is, the answer says which lines can be used.
pub fn read(bytes: &[u8]) -> AccountsFile {
    read_as(bytes, &Choice::default())
}

/// Reads the content of an accounts file, with its columns as a person chose them.
pub fn read_as(bytes: &[u8], choice: &Choice) -> AccountsFile {
    if let Some(format) = format::of_bytes(bytes, encoding::is_utf16(bytes)) {
        return AccountsFile::unusable(1, LineFault::NotAList { format });
    }
    let (text, encoding) = encoding::decode(bytes);
    if let Some(format) = format::of_text(&text) {
        return AccountsFile::unusable(1, LineFault::NotAList { format });
    }
    let separator = detection::separator(&text);
    let beginning = header::beginning(&text, separator);
    let plan = plan::plan(&beginning, choice);
    let mut reading = Reading::new(&plan, separator, encoding.is_guessed());
    let preview = preview::preview(&beginning.sample, &plan.columns);
    let encoding_notes = [encoding.note(), separator.note()].into_iter().flatten();
    if let Some((line, fault)) = plan.refusal {
        return AccountsFile {
            columns: plan.columns,
            preview,
            encoding,
            notes: encoding_notes.collect(),
            ..AccountsFile::unusable(line, fault)
        };
    }
    reading.read(&text, &beginning.before);
    let (accounts, bad_lines) = (reading.accounts, reading.bad_lines);
    let (warnings, faults) = (reading.doubts.warnings(), reading.faults);
    let lacks_passwords = plan.lacks_passwords();
    let mut notes: Vec<ListNote> = encoding_notes.collect();
    notes.extend(plan.note(accounts.iter().any(|account| !account.password.is_empty())));
    notes.extend(other_domains(&accounts));
    AccountsFile {
        accounts,
        bad_lines,
        warnings,
        encoding,
        columns: plan.columns,
        preview,
        notes,
        faults,
        lacks_passwords,
    }
}

impl AccountsFile {
    /// A file without usable lines.
    fn unusable(line: u32, fault: LineFault) -> Self {
        Self {
            accounts: Vec::new(),
            bad_lines: vec![BadLine { line, fault }],
            warnings: Vec::new(),
            encoding: Encoding::Utf8,
            columns: Columns::default(),
            preview: Preview::new(),
            notes: Vec::new(),
            faults: HashMap::new(),
            lacks_passwords: None,
        }
    }
}

/// Notes mail that goes to another domain than its owner's: a column with private addresses could be meant by mistake.
fn other_domains(accounts: &[Account]) -> Option<ListNote> {
    let own: BTreeSet<&str> = accounts.iter().map(|account| account.address.domain()).collect();
    let moved = accounts.iter().filter_map(Account::moves_to).map(|target| target.domain());
    let other: Vec<&str> = moved.filter(|domain| !own.contains(domain)).collect();
    let domains: BTreeSet<&str> = other.iter().copied().collect();
    let domains: Vec<String> = domains.into_iter().map(str::to_owned).collect();
    (!other.is_empty()).then_some(ListNote::OtherDomains { mailboxes: other.len(), domains })
}

#[cfg(test)]
mod tests;
