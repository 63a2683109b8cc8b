//! The record's note of the flags that were set on a message. A target may silently add keywords of its own, or drop some; neither is a
//! change by a person.
//!
//! Besides the flags that were set and kept, the note has `*keyword` for each that the target added, and `%keyword` for each that it did
//! not keep. No flag contains either sign (RFC 9051, section 9, `atom`). All sets are in lower case, because case does not matter.

use std::collections::BTreeSet;

const ADDED: char = '*';
const DROPPED: char = '%';

fn with_sign(noted: &[String], sign: Option<char>) -> BTreeSet<String> {
    let flags = noted.iter().filter_map(|flag| match sign {
        Some(sign) => flag.strip_prefix(sign),
        None => Some(flag.as_str()).filter(|flag| !flag.starts_with([ADDED, DROPPED])),
    });
    flags.map(str::to_ascii_lowercase).collect()
}

/// Flags in lower case: RFC 9051 compares them without regard to case.
pub fn folded(flags: &[String]) -> BTreeSet<String> {
    flags.iter().map(|flag| flag.to_ascii_lowercase()).collect()
}

/// The flags that the target does not keep.
pub fn dropped(noted: &[String]) -> BTreeSet<String> {
    with_sign(noted, Some(DROPPED))
}

/// The flags of the message on the target, unless somebody has changed them there.
pub fn stored(noted: &[String]) -> BTreeSet<String> {
    let mut flags = with_sign(noted, None);
    flags.append(&mut with_sign(noted, Some(ADDED)));
    flags
}

/// The flags that a message should have on the target if these are its flags on the source.
pub fn to_be(here: &[String], noted: &[String]) -> BTreeSet<String> {
    let dropped = dropped(noted);
    let mut flags: BTreeSet<String> = folded(here).into_iter().filter(|flag| !dropped.contains(flag)).collect();
    flags.append(&mut with_sign(noted, Some(ADDED)));
    flags
}

/// Whether the source's flags differ from those that were set.
pub fn differ(here: &[String], noted: &[String]) -> bool {
    to_be(here, noted) != stored(noted)
}

/// The note of a message that was sent with the flags `here` and now has `there`. Sorted.
pub fn note(here: &[String], there: &[String]) -> Vec<String> {
    let (wanted, stands) = (folded(here), folded(there));
    let added =
        |flag: &String| if wanted.contains(&flag.to_ascii_lowercase()) { flag.clone() } else { signed(ADDED, flag) };
    let is_dropped = |flag: &&String| !stands.contains(&flag.to_ascii_lowercase());
    let dropped = here.iter().filter(is_dropped).map(|flag| signed(DROPPED, flag));
    let mut noted: Vec<String> = there.iter().map(added).chain(dropped).collect();
    noted.sort_unstable();
    noted
}

/// The note of a message that was read back some time after it was stored. People change system flags, so these stay as noted.
pub fn note_keywords(noted: &[String], here: &[String], there: &[String]) -> Vec<String> {
    let keywords = |flags: &[String]| flags.iter().filter(|flag| !flag.starts_with('\\')).cloned().collect::<Vec<_>>();
    let system = noted.iter().filter(|flag| flag.starts_with('\\')).cloned();
    let mut noted: Vec<String> = note(&keywords(here), &keywords(there)).into_iter().chain(system).collect();
    noted.sort_unstable();
    noted
}

fn signed(sign: char, flag: &str) -> String {
    format!("{sign}{flag}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flags(text: &str) -> Vec<String> {
        text.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn what_a_target_adds_or_does_not_keep_is_no_change_and_stays_so() {
        let noted = note(&flags("\\Seen work"), &flags("\\Seen $Added"));
        assert_eq!(noted, flags("%work *$Added \\Seen"));
        assert!(!differ(&flags("\\seen WORK"), &noted) && !differ(&flags("\\Seen"), &noted));
        assert!(differ(&flags("work"), &noted) && differ(&flags("\\Seen home"), &noted));
        assert_eq!(stored(&noted), folded(&flags("\\Seen $Added")));
        assert_eq!(to_be(&flags("work \\Flagged"), &noted), folded(&flags("\\Flagged $Added")));
    }

    #[test]
    fn a_system_flag_that_is_another_after_a_while_was_changed_by_somebody() {
        let noted = note_keywords(&flags("\\Seen work"), &flags("\\Seen work"), &flags("\\Flagged $Added"));
        assert_eq!(stored(&noted), folded(&flags("\\Seen $Added")));
        assert_eq!(dropped(&noted), folded(&flags("work")));
    }
}
