//! How the lines of a list are read: which column holds what, found from the header, or chosen, or the manual's order.
//!
//! 1. A person's choice decides, if there is one.
//! 2. imapsync's list is recognised by its form: host, user, password, and the same of the other server.
//! 3. A header decides by the words of its titles ([`words`]); where they leave open which column is the address, by content.
//! 4. Without a header the manual's order holds: address, password, full name.
//!
//! Where two columns could be the address, the sign-in name, the password or the target address, the list is refused with both named. So
//! is one whose fields look as if they came in another order: a name in place of a password is a wrong password, and a password in place
//! of a name would be in the report.

mod headed;
mod imapsync;

use super::Choice;
use super::appearance;
use super::clean;
use super::fields::Field;
use super::header::{Beginning, Row};
use super::preview::MOST_COLUMNS;
use super::words;
use crate::domain::Address;
use crate::domain::list::{Column, Columns, Export, Layout, LineFault, ListNote, Meaning, OrderFault};
use headed::Headed;
use std::collections::BTreeMap;

/// How the lines of a list are read.
pub(super) struct Plan {
    pub(super) columns: Columns,
    /// The line of the header; lines up to it are not accounts.
    pub(super) header_line: u32,
    /// Whether the order is the manual's, and no header or choice says what the third column is.
    pub(super) is_manual: bool,
    /// Fields beyond this many must be empty; none for imapsync's list, where options may follow.
    pub(super) width: Option<usize>,
    /// A line may have fewer fields than columns only if it has at most this many: if one is missing earlier, the others have moved.
    pub(super) fewest: usize,
    /// The most fields that a line may have if those at its end are empty.
    pub(super) usual: usize,
    /// The number of fields that at least half of the lines have; 0 if there is none.
    pub(super) typical: usize,
    pub(super) export: Option<Export>,
    /// Why the list cannot be used, and the line that is to blame.
    pub(super) refusal: Option<(u32, LineFault)>,
}

/// Finds out how the lines are read.
pub(super) fn plan(beginning: &Beginning<'_>, choice: &Choice) -> Plan {
    let typical = typical(beginning);
    Plan { usual: usual(beginning, typical), typical, ..unbounded(beginning, choice) }
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
    if let Some(plan) = imapsync::plan(beginning) {
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
        Self {
            columns,
            header_line,
            is_manual: false,
            width,
            fewest,
            usual: usize::MAX,
            typical: 0,
            export: None,
            refusal: None,
        }
    }

    /// The fault and its line, if passwords are needed and no column holds any.
    pub(super) fn lacks_passwords(&self) -> Option<(u32, LineFault)> {
        if self.columns.position(Meaning::Password).is_some() || (self.is_manual && self.header_line == 0) {
            return None;
        }
        let fault = LineFault::NoPasswords { export: self.export, columns: self.columns.clone() };
        Some((self.header_line.max(1), fault))
    }

    /// Notes that a known list was recognised.
    pub(super) fn note(&self, has_passwords: bool) -> Option<ListNote> {
        let export = self.export?;
        let header_line = Some(self.header_line).filter(|line| *line > 0);
        Some(if has_passwords {
            ListNote::Export { export, header_line }
        } else {
            ListNote::ExportWithoutPasswords(export)
        })
    }

    fn refused(mut self, line: u32, fault: LineFault) -> Self {
        self.refusal.get_or_insert((line, fault));
        self
    }
}

/// How many fields are enough on a line with fewer fields than columns.
///
/// - With the address and the password first: these two.
/// - With the address first and no password: one if another column is a login, a target or about a password, otherwise any number, because
///   at worst a name is lost.
/// - Otherwise none: a missing field could put another in the place of the address or the password.
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

/// The number of fields that at least half of several lines have; 0 if there is none.
fn typical(beginning: &Beginning<'_>) -> usize {
    let mut counts = BTreeMap::new();
    for row in &beginning.sample {
        *counts.entry(row.fields.len()).or_insert(0) += 1;
    }
    let rows = beginning.sample.len();
    counts.into_iter().find(|(_, lines)| rows > 1 && lines * 2 >= rows).map_or(0, |(fields, _)| fields)
}

/// The most fields that a line may have, if only empty ones at its end.
fn usual(beginning: &Beginning<'_>, typical: usize) -> usize {
    match &beginning.header {
        // Separators at the ends of the lines are a habit only where never anything follows them.
        Some(header)
            if beginning.sample.iter().all(|row| row.fields.iter().skip(header.fields.len()).all(Field::is_empty)) =>
        {
            typical.max(header.fields.len())
        }
        Some(header) => header.fields.len(),
        None => usize::MAX,
    }
}

fn titles(row: &Row<'_>) -> Vec<String> {
    let named = row.fields.iter().rposition(|field| !field.is_empty()).map_or(0, |last| last + 1);
    row.fields.iter().take(named).map(clean::text).collect()
}

/// A digest that identifies a header. Its text could be a password, if the line is an account without an address.
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
        let fault = LineFault::ChoiceTooShort { columns: width, chosen: meanings.len() };
        return plan.refused(header_line.unwrap_or(1), fault);
    }
    plan
}

/// A line without an address before lines with one, whose titles are not known.
fn unknown_header(beginning: &Beginning<'_>, line: u32) -> Plan {
    let width = beginning.sample.iter().map(|row| row.fields.len()).max().unwrap_or(1).min(200);
    let columns = vec![Column { title: String::new(), meaning: Meaning::NotUsed }; width];
    let plan = Plan::of(Columns { columns, header_line: Some(line), key: None });
    plan.refused(line, LineFault::UnknownHeader)
}

/// The manual's order.
fn manual(beginning: &Beginning<'_>) -> Plan {
    let filled = |row: &Row<'_>| row.fields.iter().rposition(|field| !field.is_empty()).map_or(0, |last| last + 1);
    let counts: Vec<usize> = beginning.sample.iter().map(filled).collect();
    let most = counts.iter().copied().max().unwrap_or(0);
    // If most lines have more columns than the manual, a person may want to say what they hold.
    let more = counts.iter().filter(|count| **count > 3).count() * 2 > counts.len();
    let width = if more { most.min(MOST_COLUMNS) } else { most.min(3) };
    let meanings = [Meaning::Address, Meaning::Password, Meaning::FullName].into_iter();
    let meanings = meanings.chain(std::iter::repeat(Meaning::NotUsed)).take(width);
    let columns = meanings.map(|meaning| Column { title: String::new(), meaning }).collect();
    let mut plan = Plan::of(Columns { columns, header_line: None, key: None });
    plan.width = Some(3);
    plan.is_manual = true;
    match doubtful_order(&beginning.sample) {
        Some((line, second)) => plan.refused(line, LineFault::DoubtfulOrder { second }),
        None => plan,
    }
}

/// Evidence against the manual's order in a list without a header.
fn doubtful_order(sample: &[Row<'_>]) -> Option<(u32, OrderFault)> {
    let rows: Vec<_> = sample
        .iter()
        .filter_map(|row| {
            let text = |index: usize| row.fields.get(index).map(|field| zeroize::Zeroizing::new(clean::text(field)));
            let second = text(1).filter(|second| !second.is_empty())?;
            Some((row, clean::address(row.fields.first()?).ok()?, second, text(2).unwrap_or_default()))
        })
        .collect();
    let most = |doubtful: &[u32]| !doubtful.is_empty() && doubtful.len() * 2 >= rows.len();
    let lines = |doubtful: &dyn Fn(&Address, &str, &str) -> bool| -> Vec<u32> {
        let found = rows.iter().filter(|(_, address, second, third)| doubtful(address, second, third));
        found.map(|(row, ..)| row.line).collect()
    };
    let names = lines(&|_, second, _| appearance::is_like_name(second));
    let names_after = lines(&|_, _, third| appearance::is_like_name(third));
    let parts = lines(&|address, second, third| {
        appearance::is_name_of(second, address) && appearance::is_like_password(third) && !appearance::is_number(third)
    });
    let addresses = lines(&|_, second, _| clean::address(&Field::Plain(second)).is_ok());
    let first_names = lines(&|address, second, third| {
        third.is_empty() && second.starts_with(char::is_uppercase) && appearance::is_name_of(second, address)
    });
    let kinds = [
        (first_names, OrderFault::NameOfAddress, true),
        (names, OrderFault::Name, names_after.len() * 2 < rows.len()),
        (parts, OrderFault::PartOfAddress, true),
        (addresses, OrderFault::Address, true),
    ];
    let (doubtful, fault, _) = kinds.into_iter().find(|(doubtful, _, counts)| *counts && most(doubtful))?;
    Some((*doubtful.first()?, fault))
}
