//! Gathers what looks wrong on lines that are used all the same.

use crate::domain::list::{LineDoubt, Warning};
use std::collections::BTreeMap;

/// Doubts while a file is read.
#[derive(Debug, Default)]
pub(super) struct Doubts(BTreeMap<LineDoubt, Vec<u32>>);

impl Doubts {
    pub(super) fn note(&mut self, doubt: LineDoubt, line: u32) {
        self.0.entry(doubt).or_default().push(line);
    }

    /// All of them as warnings.
    pub(super) fn warnings(&self) -> Vec<Warning> {
        self.0.iter().map(|(doubt, lines)| Warning { lines: lines.clone(), doubt: *doubt }).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_named_by_number_up_to_a_bound() {
        let mut doubts = Doubts::default();
        doubts.note(LineDoubt::Apostrophe, 3);
        (1..=200).for_each(|line| doubts.note(LineDoubt::NumberAsName, line));
        let said: Vec<String> = doubts.warnings().iter().map(Warning::to_string).collect();
        assert!(said[0].starts_with("Line 3 has a password that begins with an apostrophe"));
        assert!(said[1].starts_with("Each of the lines 1, 2, 3,") && said[1].contains("60 and 140 more has a number"));
    }
}
