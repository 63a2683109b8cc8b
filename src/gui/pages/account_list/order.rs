//! The order of the rows: by a column, or by group.
//!
//! - Sorted by a column, equal rows stay in the order of the list. The last order is kept and sorted again, which costs one pass if little
//!   has changed, as is usual between two frames.
//! - By cause, accounts that somebody has to deal with come first, the most frequent cause before the others; the rest follow by group.
//! - Otherwise rows are ordered by group, and within a group as in the list.

use super::columns::Field;
use super::listed::{Cause, Listed};
use std::cmp::{Ordering, Reverse};
use std::collections::BTreeMap;
use std::ops::Range;

/// How a table is sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sort {
    /// The column.
    pub field: Field,
    /// Whether the last comes first.
    pub descending: bool,
}

impl Sort {
    /// The order after a press on the head of a column: ascending, then descending, then the usual one.
    pub fn after(now: Option<Self>, field: Field) -> Option<Self> {
        match now {
            Some(now) if now.field == field && now.descending => None,
            Some(now) if now.field == field => Some(Self { field, descending: true }),
            _ => Some(Self { field, descending: false }),
        }
    }
}

/// The rows in their order.
#[derive(Debug, Default)]
pub struct Rows {
    /// The accounts that are shown.
    pub shown: Vec<usize>,
    sorted: Vec<usize>,
}

impl Rows {
    /// Arranges the accounts for which `wanted` holds. Returns the groups as ranges of [`Rows::shown`]; each cause is one group.
    pub fn arrange(
        &mut self,
        listed: &dyn Listed,
        wanted: &dyn Fn(usize) -> bool,
        sort: Option<Sort>,
        by_cause: bool,
    ) -> Vec<Range<usize>> {
        self.shown.clear();
        let mut groups = Vec::new();
        if let Some(sort) = sort {
            self.sort(listed, sort);
            self.shown.extend(self.sorted.iter().copied().filter(|index| wanted(*index)));
            groups.push(0..self.shown.len());
            return groups;
        }
        let mut causes: BTreeMap<Cause, Vec<usize>> = BTreeMap::new();
        let mut others: [Vec<usize>; 4] = Default::default();
        for index in (0..listed.count()).filter(|index| wanted(*index)) {
            match listed.cause(index).filter(|_| by_cause) {
                Some(cause) => causes.entry(cause).or_default().push(index),
                None if listed.has_groups() => others[listed.group(index) as usize].push(index),
                None => others[0].push(index),
            }
        }
        let mut causes: Vec<(Cause, Vec<usize>)> = causes.into_iter().collect();
        causes.sort_by_key(|(cause, accounts)| (cause.rank, Reverse(accounts.len()), accounts.first().copied()));
        for accounts in causes.into_iter().map(|(_, accounts)| accounts).chain(others) {
            let start = self.shown.len();
            self.shown.extend(accounts);
            groups.push(start..self.shown.len());
        }
        groups
    }

    fn sort(&mut self, listed: &dyn Listed, sort: Sort) {
        if self.sorted.len() != listed.count() {
            self.sorted = (0..listed.count()).collect();
        }
        self.sorted.sort_by(|&one, &other| {
            let order = compare(listed, sort.field, one, other);
            if sort.descending { order.reverse() } else { order }.then(one.cmp(&other))
        });
    }
}

fn compare(listed: &dyn Listed, field: Field, one: usize, other: usize) -> Ordering {
    let by_text = |one: &str, other: &str| {
        if one.is_ascii() && other.is_ascii() {
            let lower = |byte: u8| byte.to_ascii_lowercase();
            return one.bytes().map(lower).cmp(other.bytes().map(lower));
        }
        one.chars().flat_map(char::to_lowercase).cmp(other.chars().flat_map(char::to_lowercase))
    };
    let figures = |index| listed.figures(index);
    let by_number = |number: &dyn Fn(usize) -> Option<u64>| number(one).cmp(&number(other));
    match field {
        Field::Address => by_text(listed.address(one), listed.address(other)),
        Field::Name => by_text(listed.full_name(one), listed.full_name(other)),
        Field::Machine => by_text(listed.machine(one), listed.machine(other)),
        Field::Messages => by_number(&|index| figures(index).map(|figures| figures.all)),
        Field::Target => by_number(&|index| figures(index).map(|figures| figures.there)),
        Field::Size => by_number(&|index| figures(index).map(|figures| figures.bytes)),
        Field::Events => by_number(&|index| figures(index).map(|figures| figures.items[0])),
        Field::Contacts => by_number(&|index| figures(index).map(|figures| figures.items[1])),
        Field::Tasks => by_number(&|index| figures(index).map(|figures| figures.items[2])),
        Field::Tick | Field::Sign | Field::State | Field::Bar => {
            let state = |index| (listed.group(index), listed.cause(index), listed.grade(index));
            state(one).cmp(&state(other))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_sorts_upwards_then_downwards_and_then_no_more() {
        let up = Sort::after(None, Field::Size);
        assert_eq!(up, Some(Sort { field: Field::Size, descending: false }));
        let down = Sort::after(up, Field::Size);
        assert_eq!(down, Some(Sort { field: Field::Size, descending: true }));
        assert_eq!(Sort::after(down, Field::Size), None);
        assert_eq!(Sort::after(down, Field::Address), Some(Sort { field: Field::Address, descending: false }));
    }
}
