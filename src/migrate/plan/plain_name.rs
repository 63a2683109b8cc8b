//! The name a folder gets when the target refuses the one it has: letters and digits of every script, and what tells it from others.
//!
//! Promises that the same name always gives the same result, and that no two names give one. Every server refuses something else (Cyrus
//! `%`, `*`, `"` and `\`, Courier emoji, Dovecot `..`), so nothing is left that any of them is known to refuse.

use crate::domain::FolderPath;

/// Characters of a part, at most. Some servers keep names in file names of 255 octets, in UTF-7.
const LONGEST_PART: usize = 60;

/// The path in plain characters, none of which is the target's separator; none when it already is, so that its name cannot be the reason of
/// a refusal.
pub fn plain_name(path: &FolderPath, separator: Option<char>) -> Option<FolderPath> {
    let parts = path.parts();
    let plain = FolderPath((0..parts.len()).map(|depth| plain_part(&parts[..=depth], separator)).collect());
    (plain != *path).then_some(plain)
}

/// The last of these parts. One that is changed gets a mark made of the whole path as it was.
fn plain_part(path: &[String], separator: Option<char>) -> String {
    let Some(name) = path.last() else { return String::new() };
    let [filler, gap] =
        [['_', '-'], [' ', '-']].map(|[usual, other]| if separator == Some(usual) { other } else { usual });
    let plain = |letter: char| {
        let is_kept = (letter.is_alphanumeric() && letter <= '\u{FFFF}') || matches!(letter, ' ' | '-' | '_');
        if is_kept && separator != Some(letter) { letter } else { filler }
    };
    let part: String = name.chars().take(LONGEST_PART).map(plain).collect();
    let part = part.trim();
    if part == name {
        return part.to_owned();
    }
    let mark = blake3::hash(path.join("\u{0}").as_bytes()).to_hex();
    format!("{part}{gap}{}", &mark[..6]).trim_start_matches(gap).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(parts: &[&str]) -> Option<String> {
        plain_name(&FolderPath::new(parts.iter().copied()), Some('/')).map(|path| path.parts().join(">"))
    }

    #[test]
    fn a_plain_name_keeps_letters_of_every_script_and_is_told_from_others() {
        assert_eq!(plain(&["Entwürfe", "受信-2_3"]), None);
        let (percent, star) = (plain(&["100%"]).unwrap(), plain(&["100*"]).unwrap());
        assert!(percent.starts_with("100_ ") && star.starts_with("100_ ") && percent != star, "{percent} {star}");
        let party = plain(&["🎉 Party", "Photos"]).unwrap();
        assert!(party.starts_with("_ Party ") && party.ends_with(">Photos"), "{party}");
        assert!(plain(&["n".repeat(200).as_str()]).unwrap().len() < 80);
        assert!(!plain(&[".."]).unwrap().contains('.'));
    }

    #[test]
    fn a_plain_name_holds_no_separator_whatever_that_is() {
        for separator in ['_', ' ', '-', '.', '%'] {
            let plain = plain_name(&FolderPath::new(["100% a_b-c"]), Some(separator)).unwrap();
            assert!(!plain.name().contains(separator), "{separator}: {plain}");
        }
    }
}
