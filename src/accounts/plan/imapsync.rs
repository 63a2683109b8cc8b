//! The list that imapsync reads, recognised by its form: host1;user1;password1;host2;user2;password2 and perhaps options.

use super::super::clean;
use super::super::fields::Field;
use super::super::header::{Beginning, Row};
use super::super::words;
use super::{Plan, key, titles};
use crate::domain::list::{Column, Columns, Export, LineFault, Meaning};

/// How the lines are read, if most of them have that form.
pub(super) fn plan(beginning: &Beginning<'_>) -> Option<Plan> {
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
    plan.export = Some(Export::Imapsync);
    plan.width = None;
    if let Some(first) = beginning.before.first().filter(|_| header.is_none()) {
        return Some(plan.refused(*first, LineFault::BeforeImapsync));
    }
    Some(plan)
}
