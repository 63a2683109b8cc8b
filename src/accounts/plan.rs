//! How the lines of a list are read: which column holds what, found from the header, or chosen, or the manual's order.
//!
//! 1. A person's choice decides, if there is one.
//! 2. imapsync's list is known by its form: host, user, password, and the same of the other server.
//! 3. A header decides by the words of its titles ([`super::words`]); where they leave open which column is the address, by content.
//! 4. Without a header the manual's order holds: address, password, full name.
//!
//! Where two columns could be the address, the sign-in name, the password or the target address, the list is refused with both named. So
//! is one whose fields look as if they came in another order: a name in place of a password is a wrong password, and a password in place
//! of a name would be in the report.

use super::Choice;
use super::clean;
use super::columns::{Column, Columns};
use super::exports::{self, Export};
use super::fields::Field;
use super::header::{Beginning, PATTERN, Row};
use super::meaning::{Layout, Meaning, sentence_form};
use super::words::{self, Word};

/// How the lines of a list are read.
pub(super) struct Plan {
    pub(super) columns: Columns,
    /// The line of the header; lines up to it are no accounts.
    pub(super) header_line: u32,
    /// Whether the order is the manual's, and no header or choice says what the third column is.
    pub(super) is_manual: bool,
    /// Fields beyond this many have to be empty; imapsync's options may follow.
    pub(super) width: Option<usize>,
    /// A line may have fewer fields than there are columns only when it has at most this many: where one is missing before, others have
    /// moved.
    pub(super) fewest: usize,
    /// As many fields as most lines have, if only empty ones at the end.
    pub(super) usual: usize,
    pub(super) export: Option<&'static Export>,
    /// Why the list cannot be used, and the line to which that belongs.
    pub(super) refusal: Option<(u32, String)>,
}

/// What to do where the order is not known.
const HOW_TO_NAME: &str = "Name the columns in the first line, such as Email;Password;Full Name, or choose what each of them holds (--columns on the command line)";

/// Finds out how the lines are read.
pub(super) fn plan(beginning: &Beginning<'_>, choice: &Choice) -> Plan {
    Plan { usual: usual(beginning), ..unbounded(beginning, choice) }
}

fn unbounded(beginning: &Beginning<'_>, choice: &Choice) -> Plan {
    if let Some(layout) = &choice.layout {
        return by_choice(beginning, layout);
    }
    if let Some(key) = beginning.header.as_ref().map(|header| key(&titles(header)))
        && let Some((_, layout)) = choice.remembered.iter().find(|(known, _)| *known == key)
    {
        return by_choice(beginning, layout);
    }
    if let Some(plan) = imapsync(beginning) {
        return plan;
    }
    match (&beginning.header, beginning.before.first()) {
        (Some(header), _) => Headed::new(header, beginning).plan(),
        (None, Some(first)) if beginning.has_addresses => unknown_header(beginning, *first),
        _ => manual(beginning),
    }
}

impl Plan {
    fn of(columns: Columns) -> Self {
        let header_line = columns.header_line.unwrap_or(0);
        let width = Some(columns.columns.len());
        let fewest = fewest(&columns);
        Self { columns, header_line, is_manual: false, width, fewest, usual: usize::MAX, export: None, refusal: None }
    }

    /// What to say where passwords are needed and no column holds any, and of which line.
    pub(super) fn lacks_passwords(&self) -> Option<(u32, String)> {
        if self.columns.position(Meaning::Password).is_some() || (self.is_manual && self.header_line == 0) {
            return None;
        }
        let what = match self.export {
            Some(export) => {
                format!("This is {}: it holds no passwords. Add a column Password, or {}.", export.name, export.instead)
            }
            None => format!(
                "The list has no column with passwords ({}). Add a column Password, or sign in without people's passwords.",
                self.columns.summary()
            ),
        };
        Some((self.header_line.max(1), what))
    }

    /// What to say of an export that was recognised.
    pub(super) fn note(&self, has_passwords: bool) -> Option<String> {
        let export = self.export?;
        Some(if has_passwords {
            match self.header_line {
                0 => format!("This is {}.", export.name),
                line => format!("Line {line} is the header of {}.", export.name),
            }
        } else {
            format!("This is {}: it holds no passwords. Add a column Password, or {}.", export.name, export.instead)
        })
    }

    fn refused(mut self, line: u32, what: String) -> Self {
        self.refusal.get_or_insert((line, what));
        self
    }
}

/// How many fields are enough on a line with fewer fields than columns.
///
/// - Where the address and the password come first, these two are.
/// - Where there is no password, nor a login or a target, any number is: at worst a name is lost.
/// - Anywhere else a missing field could put another in the place of the address or the password.
fn fewest(columns: &Columns) -> usize {
    let meanings: Vec<Meaning> = columns.columns.iter().map(|column| column.meaning).collect();
    let moves = |column: &Column| {
        matches!(column.meaning, Meaning::Login | Meaning::Target) || words::is_about_password(&column.title)
    };
    match meanings.as_slice() {
        [Meaning::Address, Meaning::Password, ..] => 2,
        [Meaning::Address, ..] if meanings.contains(&Meaning::Password) => 0,
        [Meaning::Address, ..] if columns.columns.iter().any(moves) => 1,
        [Meaning::Address, ..] => usize::MAX,
        _ => 0,
    }
}

/// The number of fields that most lines have; of the header, where it has more or a single line says nothing.
fn usual(beginning: &Beginning<'_>) -> usize {
    let rows = &beginning.sample;
    let most = rows
        .iter()
        .map(|row| row.fields.len())
        .find(|count| rows.len() > 1 && rows.iter().filter(|row| row.fields.len() == *count).count() * 2 > rows.len());
    match &beginning.header {
        // Separators at the ends of the lines are a habit only where never anything follows them.
        Some(header) if rows.iter().all(|row| row.fields.iter().skip(header.fields.len()).all(Field::is_empty)) => {
            most.unwrap_or(0).max(header.fields.len())
        }
        Some(header) => header.fields.len(),
        None => most.unwrap_or(usize::MAX),
    }
}

fn titles(row: &Row<'_>) -> Vec<String> {
    let named = row.fields.iter().rposition(|field| !field.is_empty()).map_or(0, |last| last + 1);
    row.fields.iter().take(named).map(clean::text).collect()
}

/// A digest by which a header is known again. Its text could be a password, if the line is an account without an address.
fn key(titles: &[String]) -> String {
    let mut hash = blake3::Hasher::new();
    for title in titles {
        hash.update(words::normal_form(title).as_bytes()).update(b"\0");
    }
    hash.finalize().to_hex()[..32].to_owned()
}

fn by_choice(beginning: &Beginning<'_>, layout: &Layout) -> Plan {
    let meanings = layout.meanings();
    let titles = beginning.header.as_ref().map(titles).unwrap_or_default();
    let shown = beginning.is_certain();
    let title = |index: usize| titles.get(index).filter(|_| shown).cloned().unwrap_or_default();
    let columns =
        meanings.iter().enumerate().map(|(index, meaning)| Column { title: title(index), meaning: *meaning }).collect();
    // A line without an address above the others is a header, whatever its words; more than one are titles and a header.
    let first_unknown = beginning.before.last().filter(|_| beginning.header.is_none() && beginning.has_addresses);
    let header_line = beginning.header.as_ref().map(|row| row.line).or(first_unknown.copied());
    let width = titles.len();
    let plan = Plan::of(Columns { columns, header_line, key: header_line.map(|_| key(&titles)) });
    if width > meanings.len() {
        let what = format!(
            "The list has {width} columns, and a meaning was chosen for {}. Write - for each column that is not used.",
            meanings.len()
        );
        return plan.refused(header_line.unwrap_or(1), what);
    }
    plan
}

/// A list of imapsync: host1;user1;password1;host2;user2;password2 and perhaps options.
fn imapsync(beginning: &Beginning<'_>) -> Option<Plan> {
    let is_host = |field: &Field<'_>| {
        let text = field.text();
        !text.is_empty()
            && (text.contains('.') || text.contains(':') || text.eq_ignore_ascii_case("localhost"))
            && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':' | '[' | ']' | '_'))
    };
    let fits = |row: &&Row<'_>| {
        let fields = &row.fields;
        fields.len() >= 6
            && is_host(&fields[0])
            && is_host(&fields[3])
            && !fields[1].is_empty()
            && !fields[4].is_empty()
    };
    let rows: Vec<&Row<'_>> = beginning.sample.iter().filter(fits).collect();
    if rows.is_empty() || rows.len() * 2 <= beginning.sample.len() {
        return None;
    }
    // A header of its own may come before; any other line may not.
    let is_own =
        |row: &Row<'_>| row.fields.first().is_some_and(|field| words::normal_form(field.text()).starts_with("host"));
    let header = beginning.header.as_ref();
    if header.is_some_and(|row| !is_own(row)) {
        return None;
    }
    let are_addresses =
        |index: usize| rows.iter().filter(|row| clean::address(&row.fields[index]).is_ok()).count() * 2 > rows.len();
    let (user1, user2) = match (are_addresses(1), are_addresses(4)) {
        (true, true) => (Meaning::Address, Meaning::Target),
        (true, false) => (Meaning::Address, Meaning::NotUsed),
        (false, _) => (Meaning::Login, Meaning::Address),
    };
    let meanings = [Meaning::NotUsed, user1, Meaning::Password, Meaning::NotUsed, user2, Meaning::NotUsed];
    let names = ["host1", "user1", "password1", "host2", "user2", "password2"];
    let columns = names.into_iter().zip(meanings).map(|(title, meaning)| Column { title: title.to_owned(), meaning });
    let header_line = header.map(|row| row.line);
    let key = header.map(|row| key(&titles(row)));
    let mut plan = Plan::of(Columns { columns: columns.collect(), header_line, key });
    plan.export = exports::imapsync();
    plan.width = None;
    if let Some(first) = beginning.before.first().filter(|_| header.is_none()) {
        let what = format!(
            "This line comes before imapsync's lines and is none of them. Remove it, or begin it with #. {PATTERN} is the other form of a list."
        );
        return Some(plan.refused(*first, what));
    }
    Some(plan)
}

/// A line without an address before lines with one, whose titles are not known.
fn unknown_header(beginning: &Beginning<'_>, line: u32) -> Plan {
    let width = beginning.sample.iter().map(|row| row.fields.len()).max().unwrap_or(1).min(200);
    let columns = vec![Column { title: String::new(), meaning: Meaning::NotUsed }; width];
    let plan = Plan::of(Columns { columns, header_line: Some(line), key: None });
    let what = format!(
        "The line has no mail address and comes before lines that have one, so it should name the columns, but its words are not known. \
         {HOW_TO_NAME}. If it is no header, remove it or begin it with #."
    );
    plan.refused(line, what)
}

/// The manual's order.
fn manual(beginning: &Beginning<'_>) -> Plan {
    let filled = |row: &Row<'_>| row.fields.iter().rposition(|field| !field.is_empty()).map_or(0, |last| last + 1);
    let width = beginning.sample.iter().map(filled).max().unwrap_or(3).clamp(1, 3);
    let meanings = [Meaning::Address, Meaning::Password, Meaning::FullName];
    let columns = meanings.into_iter().take(width).map(|meaning| Column { title: String::new(), meaning }).collect();
    let mut plan = Plan::of(Columns { columns, header_line: None, key: None });
    plan.width = Some(3);
    plan.is_manual = true;
    match doubtful_order(&beginning.sample) {
        Some((line, what)) => plan.refused(line, format!("{what} {HOW_TO_NAME}.")),
        None => plan,
    }
}

/// What speaks against the manual's order in a list without a header.
fn doubtful_order(sample: &[Row<'_>]) -> Option<(u32, String)> {
    let rows: Vec<_> = sample
        .iter()
        .filter_map(|row| {
            let text = |index: usize| row.fields.get(index).map(|field| zeroize::Zeroizing::new(clean::text(field)));
            let second = text(1).filter(|second| !second.is_empty())?;
            Some((row, clean::address(row.fields.first()?).ok()?, second, text(2).unwrap_or_default()))
        })
        .collect();
    let most = |count: usize| count > 0 && count * 2 >= rows.len();
    let line = rows.first().map(|(row, ..)| row.line)?;
    let names = rows.iter().filter(|(_, _, second, _)| clean::is_like_name(second)).count();
    let names_after = rows.iter().filter(|(.., third)| clean::is_like_name(third)).count();
    if most(names) && names_after * 2 < rows.len() {
        return Some((
            line,
            "The second field, which is the password without a header, looks like a person's name on most lines."
                .to_owned(),
        ));
    }
    let swapped = rows.iter().filter(|(_, address, second, third)| {
        clean::is_name_of(second, address)
            && !third.is_empty()
            && clean::is_like_password(third)
            && !clean::is_number(third)
    });
    if most(swapped.count()) {
        return Some((line, "The second field, which is the password without a header, is a part of the address on most lines, and the third looks like a password.".to_owned()));
    }
    let addresses = rows.iter().filter(|(row, ..)| clean::address(&row.fields[1]).is_ok()).count();
    if most(addresses) {
        return Some((
            line,
            "The second field, which is the password without a header, is a mail address on most lines.".to_owned(),
        ));
    }
    None
}

/// A list with a header.
struct Headed<'a> {
    titles: Vec<String>,
    words: Vec<Option<Word>>,
    /// What each column holds on the sampled lines.
    content: Vec<Content>,
    sample: &'a [Row<'a>],
    columns: Columns,
    export: Option<&'static Export>,
    line: u32,
}

/// What a column holds.
#[derive(Default, Clone, Copy)]
struct Content {
    filled: usize,
    addresses: usize,
}

impl Content {
    fn is_addresses(self) -> bool {
        self.addresses > 0 && self.addresses * 2 >= self.filled
    }
}

impl<'a> Headed<'a> {
    fn new(header: &Row<'_>, beginning: &'a Beginning<'_>) -> Self {
        let titles = titles(header);
        let export = exports::by_titles(&titles);
        let word = |title: &String| {
            let not_used = export.is_some_and(|export| export.not_used.contains(&words::normal_form(title).as_str()));
            words::word(title).filter(|_| !not_used)
        };
        let mut content = vec![Content::default(); titles.len()];
        for row in &beginning.sample {
            for (content, field) in content.iter_mut().zip(&row.fields).filter(|(_, field)| !field.is_empty()) {
                content.filled += 1;
                content.addresses += usize::from(field.text().contains('@') && clean::address(field).is_ok());
            }
        }
        let shown = beginning.is_certain();
        let title = |title: &String| if shown { title.clone() } else { String::new() };
        let columns = titles.iter().map(|it| Column { title: title(it), meaning: Meaning::NotUsed }).collect();
        let columns = Columns { columns, header_line: Some(header.line), key: Some(key(&titles)) };
        let words = titles.iter().map(word).collect();
        Self { titles, words, content, sample: &beginning.sample, columns, export, line: header.line }
    }

    fn plan(mut self) -> Plan {
        let what = self.find_address().and_then(|()| self.find_password()).and_then(|()| self.find_others()).err();
        self.find_names();
        let what = match self.export.and_then(|export| Some((export.name, export.refused?))) {
            Some((name, refused)) => Some(format!("This is {name}. {refused}")),
            None => what,
        };
        let mut plan = Plan::of(self.columns);
        plan.export = self.export;
        let meanings = plan.columns.columns.iter().map(|column| column.meaning);
        let longer = self.sample.iter().filter(|row| row.fields.get(2).is_some_and(|field| !field.is_empty())).count();
        if meanings.eq([Meaning::Address, Meaning::Password]) && longer * 2 > self.sample.len() {
            // The manual's order, whose full name may follow without a title.
            plan.is_manual = true;
            plan.width = Some(3);
        }
        match what {
            Some(what) => plan.refused(self.line, what),
            None => plan,
        }
    }

    fn of(&self, word: Word) -> Vec<usize> {
        (0..self.words.len()).filter(|&index| self.words[index] == Some(word)).collect()
    }

    fn set(&mut self, index: usize, meaning: Meaning) {
        self.columns.columns[index].meaning = meaning;
    }

    /// The only one of several columns, or the first if all hold the same; otherwise the two that differ.
    fn only(&self, candidates: &[usize]) -> Result<Option<usize>, (usize, usize)> {
        let Some((&first, others)) = candidates.split_first() else { return Ok(None) };
        let text = |row: &Row<'_>, index: usize| {
            row.fields.get(index).map(|field| clean::text(field).to_lowercase()).unwrap_or_default()
        };
        let differs = |other: &&usize| self.sample.iter().any(|row| text(row, first) != text(row, **other));
        match others.iter().find(differs) {
            None => Ok(Some(first)),
            Some(other) => Err((first, *other)),
        }
    }

    /// Both columns named, and how to mend it.
    fn both(&self, (one, other): (usize, usize), what: &str) -> String {
        format!(
            "Both {} and {} could be the {what}. Rename the one that is not, or choose what each column holds (--columns on the command line).",
            self.columns.quoted(one),
            self.columns.quoted(other)
        )
    }

    fn find_address(&mut self) -> Result<(), String> {
        // "Primary" is the one of several that counts.
        let is_primary = |index: &usize| {
            let title = words::normal_form(&self.titles[*index]);
            title.starts_with("prim") || title.starts_with("zimbra") || title == "user domain com"
        };
        let addresses = self.of(Word::Address);
        let primary: Vec<usize> = addresses.iter().copied().filter(is_primary).collect();
        let ranks = [
            primary,
            addresses,
            self.of(Word::PrincipalName),
            self.of(Word::Login),
            self.of(Word::Mailbox),
            self.of(Word::Name),
        ];
        let are_addresses = |index: &usize| self.content[*index].is_addresses();
        let rank = ranks.iter().map(|rank| rank.iter().copied().filter(are_addresses).collect::<Vec<_>>());
        if let Some(candidates) = rank.into_iter().find(|rank| !rank.is_empty()) {
            let found = self.only(&candidates).map_err(|two| self.both(two, "address"))?;
            if let Some(index) = found {
                self.set(index, Meaning::Address);
            }
            return Ok(());
        }
        // The part before the @ and the domain, each in a column of its own.
        let locals = [self.of(Word::LocalPart), self.of(Word::Mailbox), self.of(Word::Login), self.of(Word::Address)];
        let local = locals.iter().find_map(|rank| rank.first().copied());
        if let (Some(local), Some(domain)) = (local, self.of(Word::Domain).first().copied()) {
            self.set(local, Meaning::LocalPart);
            self.set(domain, Meaning::Domain);
            return Ok(());
        }
        let hint = "Write the whole address, user@domain.com, into one column, or the domain into a column Domain";
        let known = ranks.concat();
        Err(match (self.export, known.first()) {
            (Some(export), _) => {
                format!("This is {}, and no column of it holds whole mail addresses. {hint}.", export.name)
            }
            (None, Some(index)) => {
                format!("The column {} does not hold whole mail addresses. {hint}.", self.columns.quoted(*index))
            }
            (None, None) => format!("None of the columns is known as the mail address. {HOW_TO_NAME}."),
        })
    }

    fn find_password(&mut self) -> Result<(), String> {
        let mut known = self.of(Word::Password);
        let is_filled = |index: &usize| self.content[*index].filled > 0;
        let open = (0..self.titles.len())
            .filter(|&index| self.words[index].is_none() && words::could_be_password(&self.titles[index]));
        let open: Vec<usize> = open.filter(is_filled).collect();
        if known.len() > 1 {
            // An empty column takes nothing from the other.
            let filled: Vec<usize> = known.iter().copied().filter(is_filled).collect();
            known = if filled.is_empty() { vec![known[0]] } else { filled };
        }
        match (known.as_slice(), open.as_slice()) {
            ([one], []) => self.set(*one, Meaning::Password),
            ([], []) => {}
            ([], [one]) => {
                return Err(format!(
                    "The column {} could be the password, but its title leaves that open. Rename it to Password, or choose what each column \
                     holds (--columns on the command line).",
                    self.columns.quoted(*one)
                ));
            }
            ([one, other, ..], _) | ([one], [other, ..]) | ([], [one, other, ..]) => {
                return Err(self.both((*one, *other), "password"));
            }
        }
        Ok(())
    }

    fn find_others(&mut self) -> Result<(), String> {
        let free = |index: &usize| self.columns.columns[*index].meaning == Meaning::NotUsed;
        let login: Vec<usize> =
            self.of(Word::Login).into_iter().filter(free).filter(|index| self.content[*index].filled > 0).collect();
        let principal: Vec<usize> = self.of(Word::PrincipalName).into_iter().filter(free).collect();
        let target: Vec<usize> = self.of(Word::Target).into_iter().filter(free).collect();
        let what = |meaning| sentence_form(meaning);
        if let Some(index) = self.only(&login).map_err(|two| self.both(two, &what(Meaning::Login)))? {
            self.set(index, Meaning::Login);
        } else if let Some(index) = principal.first().copied().filter(|index| self.content[*index].is_addresses()) {
            self.set(index, Meaning::Login);
        }
        if let Some(index) = self.only(&target).map_err(|two| self.both(two, &what(Meaning::Target)))? {
            self.set(index, Meaning::Target);
        }
        Ok(())
    }

    fn find_names(&mut self) {
        let free = |index: &usize| self.columns.columns[*index].meaning == Meaning::NotUsed;
        let first = |word| self.of(word).into_iter().find(free);
        let (full, name) = (first(Word::FullName), first(Word::Name));
        let (given, family) = (first(Word::FirstName), first(Word::LastName));
        if let Some(full) = full {
            self.set(full, Meaning::FullName);
            return;
        }
        let (given, family) = match (given, family, name) {
            (None, Some(family), Some(name)) => (Some(name), Some(family)),
            (Some(given), None, Some(name)) => (Some(given), Some(name)),
            (given, family, None) => (given, family),
            (_, _, Some(name)) => {
                self.set(name, Meaning::FullName);
                return;
            }
        };
        if let Some(given) = given {
            self.set(given, Meaning::FirstName);
        }
        if let Some(family) = family {
            self.set(family, Meaning::LastName);
        }
    }
}
