//! The order in which target folders get their new names. Pure.
//!
//! - Renaming a folder also renames those below it. So a folder is renamed only if each of these is ours and must be renamed along with it,
//!   or has been renamed before.
//! - A name is free if no folder has it. In a chain, the end goes first.
//! - Where folders exchange their names, one is set aside for a moment.
//! - A folder whose new name belongs to a folder that keeps it is not renamed.

use crate::domain::FolderPath;
use crate::migrate::plan::one_name;
use crate::migrate::target::profile::Profile;
use std::collections::{BTreeMap, BTreeSet};

/// A target folder with an intended new name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pending {
    /// The number of its record.
    pub number: i64,
    /// Its current name.
    pub at: FolderPath,
    /// Its new name.
    pub to: FolderPath,
    /// Whether it was set aside before.
    pub was_aside: bool,
}

/// What is known about the target's folders.
pub struct Names<'a> {
    /// The names of all folders that can hold messages.
    pub listed: &'a BTreeSet<FolderPath>,
    /// The final names of recorded folders, by their current names.
    pub finals: &'a BTreeMap<FolderPath, FolderPath>,
    /// The names that the target has refused, with the number of the record.
    pub refused: &'a BTreeSet<(i64, FolderPath)>,
    /// The target's profile, which says whether it ignores case.
    pub profile: &'static Profile,
}

/// The next step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Nothing is left to do.
    Done,
    /// The folder has its new name.
    Arrived(i64),
    /// The folder gets its new name.
    Rename(i64, FolderPath),
    /// The folder gets a temporary name.
    PutAside(i64, FolderPath),
    /// The folder cannot get its new name.
    Keep(i64),
}

/// Chooses the next step.
pub fn next(pending: &[Pending], names: &Names<'_>) -> Step {
    if let Some(arrived) = pending.iter().find(|it| it.at == it.to) {
        return Step::Arrived(arrived.number);
    }
    let was_refused = |it: &Pending, path: &FolderPath| names.refused.contains(&(it.number, path.clone()));
    let mut by_depth: Vec<&Pending> = pending.iter().collect();
    by_depth.sort_by_key(|it| it.at.parts().len());
    // A folder that gets its name along with its parent waits for it.
    let waits = |it: &Pending| {
        pending
            .iter()
            .any(|above| is_below(&it.at, &above.at) && moved(&it.at, &above.at, &above.to).as_ref() == Some(&it.to))
    };
    by_depth.retain(|it| !waits(it));
    let goes = |it: &&&Pending| !was_refused(it, &it.to) && names.is_free_for(it) && names.goes_along(it);
    if let Some(it) = by_depth.iter().find(goes) {
        return Step::Rename(it.number, it.to.clone());
    }
    let is_wanted = |it: &Pending| {
        pending.iter().any(|other| other.number != it.number && names.is_one(&other.to, &it.at))
            // A target that ignores case may refuse a change of case.
            || names.is_one(&it.at, &it.to)
    };
    let is_pending = |path: &FolderPath| pending.iter().any(|it| names.is_one(&it.at, path));
    let is_stuck = |it: &&&Pending| {
        was_refused(it, &it.to) && !names.is_one(&it.at, &it.to)
            || names.listed.iter().any(|path| names.is_one(path, &it.to) && !is_pending(path))
            || is_below(&it.to, &it.at)
    };
    if let Some(it) = by_depth.iter().find(is_stuck) {
        return Step::Keep(it.number);
    }
    for it in by_depth.iter().filter(|it| !it.was_aside && is_wanted(it) && names.goes_along(it)) {
        if let Some(aside) = names.aside(it, pending).filter(|aside| !was_refused(it, aside)) {
            return Step::PutAside(it.number, aside);
        }
    }
    by_depth.first().map_or(Step::Done, |it| Step::Keep(it.number))
}

impl Names<'_> {
    fn is_one(&self, one: &FolderPath, other: &FolderPath) -> bool {
        one_name(one, self.profile) == one_name(other, self.profile)
    }

    fn is_free_for(&self, it: &Pending) -> bool {
        let others = self.listed.iter().filter(|path| **path != it.at);
        !is_below(&it.to, &it.at) && !others.into_iter().any(|path| self.is_one(path, &it.to))
    }

    /// Whether all folders below this one are ours, and must be renamed along with it.
    fn goes_along(&self, it: &Pending) -> bool {
        let below = self.listed.iter().filter(|path| is_below(path, &it.at));
        below.into_iter().all(|path| self.finals.get(path) == moved(path, &it.at, &it.to).as_ref())
    }

    /// A name beside the folder's own that no folder has or will get.
    fn aside(&self, it: &Pending, pending: &[Pending]) -> Option<FolderPath> {
        let is_taken = |path: &FolderPath| {
            let wanted = pending.iter().map(|other| &other.to);
            self.listed.iter().chain(wanted).any(|other| self.is_one(other, path))
        };
        let named = |number: usize| {
            let mut path = it.at.clone();
            if let Some(name) = path.0.last_mut() {
                name.push_str(&format!(" (renaming {number})"));
            }
            path
        };
        (1..100).map(named).find(|path| !is_taken(path))
    }
}

/// Whether a folder is below another.
pub fn is_below(path: &FolderPath, above: &FolderPath) -> bool {
    path.parts().len() > above.parts().len() && path.parts().starts_with(above.parts())
}

/// A folder's name after this or a parent folder was renamed; none if it is neither.
pub fn moved(path: &FolderPath, from: &FolderPath, to: &FolderPath) -> Option<FolderPath> {
    let rest = path.parts().strip_prefix(from.parts())?;
    Some(FolderPath::new(to.parts().iter().chain(rest).cloned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(name: &str) -> FolderPath {
        FolderPath::new(name.split('/'))
    }

    /// The steps that give folders their names, on a target that also has the folders `others`, and refuses names with an exclamation mark.
    fn steps(wishes: &[(&str, &str)], others: &[&str], profile: &'static Profile) -> Vec<String> {
        let mut listed: BTreeSet<FolderPath> = wishes.iter().map(|(at, _)| path(at)).collect();
        listed.extend(others.iter().map(|name| path(name)));
        let mut pending: Vec<Pending> = (1..)
            .zip(wishes)
            .map(|(number, (at, to))| Pending { number, at: path(at), to: path(to), was_aside: false })
            .collect();
        let (mut said, mut refused) = (Vec::new(), BTreeSet::new());
        loop {
            let finals = pending.iter().map(|it| (it.at.clone(), it.to.clone())).collect();
            let names = Names { listed: &listed, finals: &finals, refused: &refused, profile };
            let (number, to) = match next(&pending, &names) {
                Step::Done => return said,
                Step::Arrived(number) => {
                    pending.retain(|it| it.number != number);
                    continue;
                }
                Step::Keep(number) => {
                    said.push(format!("{number} keeps"));
                    pending.retain(|it| it.number != number);
                    continue;
                }
                Step::Rename(number, to) | Step::PutAside(number, to) => (number, to),
            };
            let at = pending.iter().find(|it| it.number == number).unwrap().at.clone();
            if to.name().contains('!') {
                refused.insert((number, to));
                continue;
            }
            said.push(format!("{at} -> {to}"));
            for it in pending.iter_mut() {
                it.was_aside |= it.number == number && it.to != to;
                it.at = moved(&it.at, &at, &to).unwrap_or_else(|| it.at.clone());
            }
            listed = listed.iter().map(|it| moved(it, &at, &to).unwrap_or_else(|| it.clone())).collect();
        }
    }

    #[test]
    fn of_a_chain_the_end_goes_first() {
        assert_eq!(steps(&[("a", "b"), ("b", "c"), ("c", "d")], &[], Profile::imap()), ["c -> d", "b -> c", "a -> b"]);
    }

    #[test]
    fn where_folders_exchange_their_names_one_is_put_aside() {
        assert_eq!(
            steps(&[("a", "b"), ("b", "a")], &["a (renaming 1)"], Profile::imap()),
            ["a -> a (renaming 2)", "b -> a", "a (renaming 2) -> b"]
        );
        assert_eq!(steps(&[("a", "b"), ("b", "c"), ("c", "a")], &[], Profile::imap()).len(), 4);
    }

    #[test]
    fn a_folder_takes_those_below_it_along_only_when_all_are_to_go() {
        assert_eq!(steps(&[("a", "b"), ("a/x", "b/x")], &[], Profile::imap()), ["a -> b"]);
        let split = [("a", "b"), ("a/x", "c"), ("a/y", "b/y")];
        assert_eq!(steps(&split, &[], Profile::imap()), ["a/x -> c", "a -> b"]);
        let exchanged = [("a", "b"), ("b", "a"), ("a/x", "b/x")];
        assert_eq!(steps(&exchanged, &[], Profile::imap()).len(), 3);
        assert_eq!(steps(&[("a", "b"), ("a/x", "b/x")], &["a/mine"], Profile::imap()), ["1 keeps", "a/x -> b/x"]);
    }

    #[test]
    fn a_name_that_somebody_has_is_not_taken_and_what_waits_for_it_stays_too() {
        assert_eq!(steps(&[("a", "b"), ("c", "a")], &["b"], Profile::imap()), ["1 keeps", "2 keeps"]);
    }

    #[test]
    fn capitals_are_changed_at_once_or_by_a_name_for_a_moment() {
        assert_eq!(steps(&[("work", "Work")], &[], Profile::kerio()), ["work -> Work"]);
        assert_eq!(steps(&[("a", "B"), ("b", "c")], &[], Profile::kerio()), ["b -> c", "a -> B"]);
    }

    #[test]
    fn what_the_target_refuses_keeps_its_name() {
        assert_eq!(steps(&[("a", "b!"), ("c", "a")], &[], Profile::imap()), ["1 keeps", "2 keeps"]);
        assert_eq!(steps(&[("a", "a/b")], &[], Profile::imap()), ["1 keeps"]);
    }
}
