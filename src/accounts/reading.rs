//! The lines of a list, one after another: each becomes an account, is refused with what is wrong, or is not an account at all.
//!
//! Promises that no fault holds anything of a line but its address, and that no full name is a password of the list.

use super::appearance;
use super::clean;
use super::fault;
use super::fields::{self, Field};
use super::header;
use super::plan::Plan;
use super::separator::Separator;
use super::warnings::Doubts;
use super::words;
use crate::domain::list::{LineDoubt, LineFault, Meaning, PasswordFault};
use crate::domain::{Account, Address, BadLine, Secret, printable};
use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher, RandomState};
use zeroize::Zeroizing;

/// The longest line that is read, in bytes.
const LONGEST_LINE: usize = 16 * 1024;

/// At most this many bad lines are named one by one; a file that is something else must not fill the memory.
pub(super) const BAD_LINES_KEPT: usize = 10_000;

/// The accounts of a list, and what is wrong with its other lines.
pub(super) struct Reading<'a> {
    plan: &'a Plan,
    separator: Separator,
    /// Whether the encoding was guessed.
    guessed: bool,
    roles: Roles,
    /// The columns with passwords, including those that are not used.
    secrets: Vec<usize>,
    pub(super) accounts: Vec<Account>,
    pub(super) bad_lines: Vec<BadLine>,
    pub(super) doubts: Doubts,
    /// Why an account has no password, by line.
    pub(super) faults: HashMap<u32, PasswordFault>,
    /// The line of each usable address, by [`Address::key`], and of each address on the target.
    lines: HashMap<String, u32>,
    targets: HashMap<String, u32>,
    /// Digests of all passwords, including those of refused lines.
    passwords: HashSet<u64>,
    hashing: RandomState,
    /// Bad lines beyond those that are kept: how many, and the first of them.
    unnamed: Option<(usize, u32)>,
    /// Where other columns begin, and how many lines follow.
    other_columns: Option<(u32, usize)>,
}

/// Where the columns are.
struct Roles {
    address: Option<usize>,
    local: Option<usize>,
    domain: Option<usize>,
    login: Option<usize>,
    password: Option<usize>,
    full_name: Option<usize>,
    first_name: Option<usize>,
    last_name: Option<usize>,
    target: Option<usize>,
}

impl<'a> Reading<'a> {
    pub(super) fn new(plan: &'a Plan, separator: Separator, guessed: bool) -> Self {
        // The columns of a list without a header are those of its first lines; later ones may have more.
        let manual = [Meaning::Address, Meaning::Password, Meaning::FullName];
        let at = |meaning| match plan.is_manual {
            true => manual.iter().position(|other| *other == meaning),
            false => plan.columns.position(meaning),
        };
        let roles = Roles {
            address: at(Meaning::Address),
            local: at(Meaning::LocalPart),
            domain: at(Meaning::Domain),
            login: at(Meaning::Login),
            password: at(Meaning::Password),
            full_name: at(Meaning::FullName),
            first_name: at(Meaning::FirstName),
            last_name: at(Meaning::LastName),
            target: at(Meaning::Target),
        };
        let columns = plan.columns.columns.iter().enumerate();
        let about = columns.filter(|(_, column)| words::is_about_password(&column.title)).map(|(index, _)| index);
        let secrets = about.chain(roles.password).collect();
        Self {
            plan,
            separator,
            guessed,
            roles,
            secrets,
            accounts: Vec::new(),
            bad_lines: Vec::new(),
            doubts: Doubts::default(),
            faults: HashMap::new(),
            lines: HashMap::new(),
            targets: HashMap::new(),
            passwords: HashSet::new(),
            hashing: RandomState::new(),
            unnamed: None,
            other_columns: None,
        }
    }

    /// Reads all lines but those `before` the header.
    pub(super) fn read(&mut self, text: &str, before: &[u32]) {
        let mut last = None;
        for (number, line) in header::content(text, self.separator) {
            if number == self.plan.header_line || before.contains(&number) || self.is_comment(line) {
                continue;
            }
            if let Some((_, count)) = &mut self.other_columns {
                *count += 1;
                continue;
            }
            last = Some((number, line));
            match self.account(line, number) {
                Ok(Some(account)) => {
                    self.lines.insert(account.address.comparable(), number);
                    self.targets.insert(account.target().comparable(), number);
                    self.accounts.push(account);
                }
                Ok(None) => {}
                Err(fault) => self.refuse(number, fault),
            }
        }
        before
            .iter()
            .filter(|line| **line != self.plan.header_line)
            .for_each(|line| self.doubts.note(LineDoubt::BeforeHeader, *line));
        if let Some((number, line)) = last.filter(|_| !text.ends_with(['\n', '\r'])) {
            self.doubt_end(number, line);
        }
        self.withhold_passwords_from_names();
        self.sum_up();
    }

    /// Lines that begin with `#` are comments, unless another column than the address comes first and the line is an account.
    fn is_comment(&self, line: &str) -> bool {
        header::is_comment(line)
            && !self
                .roles
                .address
                .filter(|index| *index > 0 && !self.plan.is_manual && self.plan.width.is_some())
                .is_some_and(|index| {
                    fields::split(line, self.separator)
                        .is_ok_and(|fields| fields.get(index).is_some_and(|field| clean::address(field).is_ok()))
                })
    }

    /// The account on a line, none if the line is not one, or what is wrong.
    fn account(&mut self, line: &str, number: u32) -> Result<Option<Account>, LineFault> {
        if line.len() > LONGEST_LINE {
            return Err(LineFault::TooLong);
        }
        if line.contains(['\0', char::REPLACEMENT_CHARACTER]) {
            return Err(LineFault::Unreadable);
        }
        let fields = fields::split(line, self.separator)?;
        // Spreadsheets export rows that are empty as separators alone.
        if fields.iter().all(Field::is_empty) || header::is_pattern(line) {
            return Ok(None);
        }
        let field = |index: Option<usize>| index.and_then(|index| fields.get(index));
        for index in &self.secrets {
            let Some(password) = fields.get(*index).filter(|field| !field.is_empty()) else { continue };
            let password = Zeroizing::new(clean::value(password));
            self.passwords.insert(self.hashing.hash_one(password.trim()));
        }
        let address = match self.address(&fields) {
            Ok(address) => address,
            Err(_) if header::is_header(&fields) => return self.header_again(&fields, number),
            Err(fault) => return Err(fault),
        };
        let shown = printable(&address.to_string());
        self.check_count(&fields, &shown)?;
        if clean::hides_something(&address) {
            return Err(LineFault::HiddenInAddress { address: shown });
        }
        if let Some(earlier) = self.lines.get(&address.comparable()) {
            return Err(LineFault::Repeated { address: shown, earlier: *earlier });
        }
        let text = |index: Option<usize>| field(index).map(clean::text).unwrap_or_default();
        let login = Some(text(self.roles.login))
            .filter(|login| !login.is_empty() && !login.eq_ignore_ascii_case(&address.to_string()));
        let target_address = match field(self.roles.target).filter(|field| !field.is_empty()) {
            None => None,
            Some(target) => {
                Some(clean::address(target).map_err(|fault| LineFault::BadTarget { address: shown.clone(), fault })?)
            }
        };
        if let Some(earlier) = self.targets.get(&target_address.as_ref().unwrap_or(&address).comparable()) {
            return Err(LineFault::SameTarget { address: shown, earlier: *earlier });
        }
        let full_name = self.full_name(&fields, &address, number)?;
        let password = field(self.roles.password).map(clean::value).unwrap_or_default();
        let in_apostrophes = field(self.roles.address).is_some_and(|field| clean::is_in_apostrophes(field.text()));
        let password = self.password(password, in_apostrophes, number);
        Ok(Some(Account { line: number, address, password, full_name, source_login: login, target_address }))
    }

    fn address(&self, fields: &[Field<'_>]) -> Result<Address, LineFault> {
        if let (Some(local), Some(domain)) = (self.roles.local, self.roles.domain) {
            let text = |index: usize| fields.get(index).map(clean::text).unwrap_or_default();
            let (local, domain) = (text(local), text(domain));
            let whole = if local.contains('@') { local } else { format!("{local}@{}", domain.trim_start_matches('@')) };
            return clean::address(&Field::Plain(&whole)).map_err(|fault| LineFault::NotInTwoColumns { fault });
        }
        let Some(index) = self.roles.address else { return Err(LineFault::AddressNotNamed) };
        let Some(field) = fields.get(index) else {
            return Err(LineFault::EndsBeforeAddress { fields: fields.len() });
        };
        let plain = self.plan.is_manual || index == 0;
        clean::address(field).map_err(|fault| match fields {
            [only] => self.one_field(only),
            _ if plain => LineFault::NotAtBeginning { fault },
            _ => LineFault::NotInColumn { column: self.plan.columns.quoted(index), fault },
        })
    }

    /// What is wrong with a line that the separator does not divide.
    fn one_field(&self, only: &Field<'_>) -> LineFault {
        let text = only.text();
        let signs = [',', ';', '\t', ' ', '|'];
        let address = text.split(signs).next().and_then(|start| clean::address(&Field::Plain(start)).ok());
        match address {
            Some(address) if text.contains(signs) => {
                LineFault::NotDivided { address: printable(&address.to_string()), separator: self.separator.sign() }
            }
            _ => LineFault::NotAnAccount,
        }
    }

    /// A line with more or fewer fields than it should have: a password with the separator in it, or one that moved.
    fn check_count(&self, fields: &[Field<'_>], shown: &str) -> Result<(), LineFault> {
        let is_filled = |index: usize| fields.get(index).is_some_and(|field| !field.is_empty());
        // One field too many before an empty last column shows only in the count.
        let moved =
            |width: usize| !self.plan.is_manual && fields.len() > self.plan.usual && is_filled(width.saturating_sub(1));
        if let Some(width) = self.plan.width
            && ((width..fields.len()).any(is_filled) || moved(width))
        {
            return Err(LineFault::TooManyFields {
                address: shown.to_owned(),
                most: width,
                separator: self.separator.sign(),
                is_unnamed: self.plan.is_manual,
            });
        }
        let columns = self.plan.columns.columns.len();
        let is_name = || {
            let password = self.roles.password.and_then(|index| fields.get(index));
            password.is_some_and(|field| appearance::is_like_name(&Zeroizing::new(clean::text(field))))
        };
        let is_moved = !self.plan.is_manual && fields.len() > self.plan.fewest;
        if fields.len() < columns && (is_moved || is_name()) {
            return Err(LineFault::TooFewFields { address: shown.to_owned(), fields: fields.len(), columns });
        }
        Ok(())
    }

    /// A repeated header is not an account; other columns end what can be read.
    fn header_again(&mut self, fields: &[Field<'_>], number: u32) -> Result<Option<Account>, LineFault> {
        let normal = |title: &str| words::normal_form(title);
        let same = self.plan.header_line > 0
            && self.plan.columns.columns.iter().enumerate().all(|(index, column)| {
                normal(&column.title) == fields.get(index).map(|field| normal(field.text())).unwrap_or_default()
            });
        if same {
            self.doubts.note(LineDoubt::HeaderAgain, number);
        } else {
            self.other_columns = Some((number, 0));
        }
        Ok(None)
    }

    /// The password; `in_apostrophes` says that this line uses them as quotes.
    fn password(&mut self, password: String, in_apostrophes: bool, number: u32) -> Secret {
        let password = Zeroizing::new(password);
        let quoted = in_apostrophes && clean::is_in_apostrophes(&password);
        if let Some(fault) = fault::fault(&password).or(quoted.then_some(PasswordFault::OtherQuotes)) {
            self.faults.insert(number, fault);
            self.doubts.note(LineDoubt::NoPassword(fault), number);
            return Secret::default();
        }
        let ends_in_space = password.starts_with(' ') || password.ends_with(' ');
        for (holds, doubt) in [
            (self.guessed && !password.is_ascii(), LineDoubt::GuessedEncoding),
            (appearance::has_hidden_character(&password), LineDoubt::HiddenCharacter),
            (ends_in_space && !password.trim().is_empty(), LineDoubt::SpaceAtEnd),
            (appearance::has_typographic_sign(&password), LineDoubt::TypographicSign),
            (appearance::is_like_date(&password), LineDoubt::Date),
            (appearance::has_marks_of_another_format(&password), LineDoubt::OtherFormat),
            (password.starts_with('\'') && password.len() > 1, LineDoubt::Apostrophe),
        ] {
            if holds {
                self.doubts.note(doubt, number);
            }
        }
        Secret::new(password.as_str())
    }

    /// The person's name, if the text in its place can be one. Without a header it may as well be a password, or a part of one.
    fn full_name(&mut self, fields: &[Field<'_>], address: &Address, number: u32) -> Result<String, LineFault> {
        let text =
            |index: Option<usize>| index.and_then(|index| fields.get(index)).map(clean::text).unwrap_or_default();
        let mut name = text(self.roles.full_name);
        if name.is_empty() {
            name = format!("{} {}", text(self.roles.first_name), text(self.roles.last_name)).trim().to_owned();
        }
        let password = Zeroizing::new(text(self.roles.password));
        if self.plan.is_manual && clean::address(&Field::Plain(&password)).is_ok() {
            return Err(LineFault::AddressAsPassword { address: printable(&address.to_string()) });
        }
        // Without a header, a text that is less like a password than the next field may be a login, or a name.
        let is_name = appearance::is_like_name(&password)
            || (self.plan.is_manual
                && (appearance::is_name_of(&password, address) || !appearance::is_like_password(&password)));
        if is_name
            && !password.is_empty()
            && appearance::is_like_password(&name)
            && !appearance::is_number(&name)
            && !name.contains('@')
        {
            return Err(LineFault::PasswordAsName { address: printable(&address.to_string()) });
        }
        let name_as_address = clean::address(&Field::Plain(&name)).ok();
        if name_as_address.as_ref().is_some_and(|other| other.key() == address.key()) {
            return Ok(String::new());
        }
        let doubt = if appearance::is_number(&name) {
            Some(LineDoubt::NumberAsName)
        } else if name_as_address.is_some() {
            Some(LineDoubt::AddressAsName)
        } else if self.plan.is_manual && appearance::is_like_password(&name) {
            Some(LineDoubt::PasswordAsName)
        } else {
            None
        };
        if let Some(doubt) = doubt {
            self.doubts.note(doubt, number);
            return Ok(String::new());
        }
        Ok(name)
    }

    /// A name that is a password of the list, or has one in it, would be in every report.
    fn withhold_passwords_from_names(&mut self) {
        let is_password = |text: &str| self.passwords.contains(&self.hashing.hash_one(text.trim()));
        let mut withheld = Vec::new();
        for account in self.accounts.iter_mut().filter(|account| !account.full_name.is_empty()) {
            let own = account.password.reveal();
            let holds_own = own.chars().count() >= 6 && account.full_name.contains(own);
            let name = &account.full_name;
            let holds_any = name
                .split(' ')
                .any(|word| word.chars().any(|c| !c.is_alphabetic()) && word.len() >= 4 && is_password(word));
            if holds_own || holds_any || is_password(name) {
                account.full_name.clear();
                withheld.push(account.line);
            }
        }
        withheld.into_iter().for_each(|line| self.doubts.note(LineDoubt::NameIsPassword, line));
    }

    /// A last line without its end may be cut: refused where it is also shorter than the others, reported where its password comes last.
    fn doubt_end(&mut self, number: u32, line: &str) {
        let Ok(fields) = fields::split(line, self.separator) else { return };
        if self.accounts.last().is_none_or(|account| account.line != number) {
            return;
        }
        let filled = fields.iter().filter(|field| !field.is_empty()).count();
        if fields.len() < self.plan.typical && self.accounts.len() > 1 {
            self.accounts.pop();
            self.refuse(number, LineFault::CutOff { fields: filled });
        } else if self.roles.password.is_some_and(|password| fields.len() == password + 1) {
            self.doubts.note(LineDoubt::EndsInside, number);
        }
    }

    fn refuse(&mut self, line: u32, fault: LineFault) {
        if self.bad_lines.len() < BAD_LINES_KEPT {
            self.bad_lines.push(BadLine { line, fault });
        } else {
            let (count, first) = self.unnamed.unwrap_or((0, line));
            self.unnamed = Some((count + 1, first));
        }
    }

    fn sum_up(&mut self) {
        if let Some((count, line)) = self.unnamed {
            self.bad_lines.push(BadLine { line, fault: LineFault::Others { more: count - 1 } });
        }
        if let Some((line, count)) = self.other_columns {
            self.bad_lines.push(BadLine { line, fault: LineFault::OtherColumns { lines: count } });
        }
    }
}
