//! How the record notes the flags that were set for a message. A target may add keywords of its own, or keep some not, without a word; neither
//! is anybody's doing.
//!
//! Beside the flags that were set and are there, the note has `*keyword` for one that the target added, and `%keyword` for one that it did not
//! keep. No flag has either sign (RFC 9051, section 9, `atom`). All sets are in small letters, for capitals do not matter.

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

/// Flags without regard to capitals, as RFC 9051 has them.
pub fn folded(flags: &[String]) -> BTreeSet<String> {
    flags.iter().map(|flag| flag.to_ascii_lowercase()).collect()
}

/// What the target does not keep.
pub fn dropped(noted: &[String]) -> BTreeSet<String> {
    with_sign(noted, Some(DROPPED))
}

/// What the message has on the target as long as nobody has flagged it there.
pub fn stored(noted: &[String]) -> BTreeSet<String> {
    let mut flags = with_sign(noted, None);
    flags.append(&mut with_sign(noted, Some(ADDED)));
    flags
}

/// What the message is to have on the target that has these flags on the source.
pub fn to_be(here: &[String], noted: &[String]) -> BTreeSet<String> {
    let dropped = dropped(noted);
    let mut flags: BTreeSet<String> = folded(here).into_iter().filter(|flag| !dropped.contains(flag)).collect();
    flags.append(&mut with_sign(noted, Some(ADDED)));
    flags
}

/// Whether the source has other flags now than were set.
pub fn differ(here: &[String], noted: &[String]) -> bool {
    to_be(here, noted) != stored(noted)
}

/// The note of a message that was to have these flags, and has those. Sorted.
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

/// The note of a message that was looked at some time after it was stored: of the system flags, which people change, as it was.
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
