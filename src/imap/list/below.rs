//! Asks for folders that `LIST "" "*"` does not show: those of further personal namespaces (RFC 2342, section 5), and those below a folder
//! that has some and of which none was listed.

use super::super::command::ReadOnly;
use super::super::error::ImapError;
use super::super::response::Condition;
use super::super::wire::Wire;
use super::namespaces::{Namespaces, left_out};
use super::{Listed, NotListed, containers, take_line};
use std::collections::BTreeSet;

/// At most this many questions.
const MOST_QUESTIONS: usize = 10_000;

/// Lists what is missing, until nothing new comes.
pub(super) fn list_the_rest(
    wire: &mut Wire,
    extended: bool,
    spaces: &Namespaces,
    listed: &mut Vec<Listed>,
    unlisted: &mut NotListed,
) -> Result<(), ImapError> {
    let is_unseen = |prefix: &&Vec<u8>| !listed.iter().any(|folder| folder.wire_name.starts_with(prefix));
    let mut due: Vec<(Vec<u8>, Vec<u8>)> =
        spaces.further().filter(is_unseen).map(|prefix| (prefix.clone(), b"*".to_vec())).collect();
    let mut asked = BTreeSet::new();
    loop {
        for (reference, pattern) in due.drain(..) {
            asked.insert(pattern.clone());
            let question = ReadOnly::ListBelow { reference, pattern, extended };
            let status = wire.run(&question.command(), &mut |pieces| {
                take_line(listed, pieces);
                unlisted.take(pieces);
            })?;
            match status.condition {
                Condition::Ok => unlisted.hear(&status),
                _ => unlisted.note(&status),
            }
        }
        due.extend(childless(listed, spaces).into_iter().map(|below| (Vec::new(), below)));
        due.retain(|(_, pattern)| !asked.contains(pattern));
        if due.is_empty() || asked.len() >= MOST_QUESTIONS {
            return Ok(());
        }
    }
}

/// The patterns for what is below folders that have others below them, by their attributes, of which none was listed.
fn childless(listed: &[Listed], spaces: &Namespaces) -> Vec<Vec<u8>> {
    let parents = listed.iter().filter(|folder| folder.has("\\HasChildren") && folder.nameable);
    let parents: Vec<(&Listed, Vec<u8>)> = parents.filter_map(|folder| Some((folder, folder.prefix()?))).collect();
    if parents.is_empty() {
        return Vec::new();
    }
    let containers = containers(listed);
    let names: BTreeSet<&[u8]> = listed.iter().map(|folder| folder.wire_name.as_slice()).collect();
    let has_none = |prefix: &[u8]| {
        let next = names.range(prefix..).find(|name| **name != prefix);
        !next.is_some_and(|name| name.starts_with(prefix))
    };
    let missing = parents
        .into_iter()
        .filter(|(folder, prefix)| has_none(prefix) && left_out(folder, spaces, &containers).is_none());
    missing.map(|(_, prefix)| [&prefix[..], b"*"].concat()).collect()
}
