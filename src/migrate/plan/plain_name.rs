//! The name that a folder gets when the target refuses its own: letters and digits of every script, and a mark that distinguishes it from
//! others.
//!
//! Promises that the same name always gives the same result, and that no two names give the same one. Each server refuses something
//! different (Cyrus `%`, `*`, `"` and `\`, Courier emoji, Dovecot `..`), so the result has nothing that any is known to refuse.

use crate::domain::FolderPath;
use unicode_normalization::UnicodeNormalization;

/// At most this many characters are in a part. Some servers keep names in file names of 255 bytes, in UTF-7.
const LONGEST_PART: usize = 60;
/// The same for targets that refuse longer parts: Gmail once took 40 characters for a whole path, and a letter outside ASCII takes up to
/// eight bytes on the wire, all of which Yandex counts.
const SHORTER: [usize; 4] = [24, 12, 6, 3];

/// The names to try one after another until the target accepts one; none contains the target's separator. First the path in plain
/// characters, unless it is plain already; then with a mark at the last part, for targets that take two names for one (in a different case,
/// or without a blank); then shorter and shorter, for targets that limit the whole path, and finally directly below the top level.
pub fn plain_names(path: &FolderPath, separator: Option<char>) -> Vec<FolderPath> {
    let parts = path.parts();
    let plain = (0..parts.len()).map(|depth| plain_part(&parts[..=depth], LONGEST_PART, separator)).collect();
    let mut names = vec![FolderPath(plain), marked(path, parts.len(), LONGEST_PART, separator)];
    names.extend(SHORTER.map(|longest| marked(path, parts.len(), longest, separator)));
    names.extend([LONGEST_PART, SHORTER[0], SHORTER[2]].map(|longest| marked(path, 1, longest, separator)));
    names.retain(|name| name != path);
    names.dedup();
    names
}

/// The last parts of a path, at most `depth` of them, each with at most `longest` characters and the last one with a mark.
fn marked(path: &FolderPath, depth: usize, longest: usize, separator: Option<char>) -> FolderPath {
    let parts = path.parts();
    let part = |at: usize| match at + 1 == parts.len() {
        true => with_mark(&parts[..=at], longest, separator),
        false => plain_part(&parts[..=at], longest, separator),
    };
    FolderPath((parts.len() - depth.min(parts.len())..parts.len()).map(part).collect())
}

/// The last of these parts. A changed part gets a mark made from the whole original path.
fn plain_part(path: &[String], longest: usize, separator: Option<char>) -> String {
    match path.last() {
        Some(name) if plain(name, longest, separator) == *name => name.clone(),
        _ => with_mark(path, longest, separator),
    }
}

fn with_mark(path: &[String], longest: usize, separator: Option<char>) -> String {
    let part = path.last().map(|name| plain(name, longest, separator)).unwrap_or_default();
    let gap = if separator == Some(' ') { '-' } else { ' ' };
    let mark = blake3::hash(path.join("\u{0}").as_bytes()).to_hex();
    format!("{part}{gap}{}", &mark[..6]).trim_start_matches(gap).to_owned()
}

fn plain(name: &str, longest: usize, separator: Option<char>) -> String {
    let filler = if separator == Some('_') { '-' } else { '_' };
    let plain = |letter: char| {
        let is_kept = (letter.is_alphanumeric() && letter <= '\u{FFFF}') || matches!(letter, ' ' | '-' | '_');
        if is_kept && separator != Some(letter) { letter } else { filler }
    };
    let part: String = name.chars().take(longest).map(plain).collect();
    part.trim().to_owned()
}

/// Whether two paths are the same to a server that ignores case, composition of letters, or spaces at the ends of a name.
pub fn is_one_name(one: &FolderPath, other: &FolderPath) -> bool {
    let bare = |part: &String| part.trim().to_lowercase().nfc().collect::<String>();
    one.parts().iter().map(bare).eq(other.parts().iter().map(bare))
}

/// The name under which a target that trims or folds names keeps a folder: a listed one that is nearly the same, unless it belongs to
/// another folder of the mailbox.
pub fn kept_name<'l>(
    path: &FolderPath,
    listed: impl Iterator<Item = &'l FolderPath>,
    is_anothers: impl Fn(&FolderPath) -> bool,
) -> Option<&'l FolderPath> {
    let mut near = listed.filter(|listed| *listed != path && is_one_name(listed, path));
    near.find(|listed| !is_anothers(listed))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(parts: &[&str]) -> Option<String> {
        let path = FolderPath::new(parts.iter().copied());
        let plain = |depth: usize| plain_part(&path.parts()[..=depth], LONGEST_PART, Some('/'));
        let is_plain = (0..parts.len()).all(|depth| plain(depth) == parts[depth]);
        let names = plain_names(&path, Some('/'));
        names.first().filter(|_| !is_plain).map(|path| path.parts().join(">"))
    }

    #[test]
    fn a_name_that_is_refused_again_gets_shorter_until_it_is_short_below_the_top() {
        let names = |parts: [&str; 3]| plain_names(&FolderPath::new(parts), Some('/'));
        let long = names(["Архив", "Рабочая Электронная инженерия", "Конфликты"]);
        let length = |name: Option<&FolderPath>| name.unwrap().parts().join("/").len();
        assert!(length(long.first()) > 80 && length(long.last()) < 24, "{long:?}");
        assert_eq!(long.last().unwrap().parts().len(), 1);
        let other = names(["Архив", "Рабочая Электронная инженерия", "Конфликт"]);
        assert!(long.iter().all(|name| !other.contains(name)));
    }

    #[test]
    fn a_plain_name_keeps_letters_of_every_script_and_differs_from_others() {
        assert_eq!(plain(&["Entwürfe", "受信-2_3"]), None);
        let (percent, star) = (plain(&["100%"]).unwrap(), plain(&["100*"]).unwrap());
        assert!(percent.starts_with("100_ ") && star.starts_with("100_ ") && percent != star, "{percent} {star}");
        let party = plain(&["🎉 Party", "Photos"]).unwrap();
        assert!(party.starts_with("_ Party ") && party.ends_with(">Photos"), "{party}");
        assert!(plain(&["n".repeat(200).as_str()]).unwrap().len() < 80);
        assert!(!plain(&[".."]).unwrap().contains('.'));
    }

    #[test]
    fn names_that_some_servers_take_for_one_are_recognised() {
        let is_one = |one, other| is_one_name(&FolderPath::new([one]), &FolderPath::new([other]));
        assert!(is_one("News", "NEWS") && is_one("News", "News ") && is_one("Entw\u{fc}rfe", "Entwu\u{308}rfe"));
        assert!(!is_one("News", "New") && !is_one("a", "b") && !is_one("Архив", "Работа"));
    }

    #[test]
    fn a_plain_name_holds_no_separator_whatever_that_is() {
        for separator in ['_', ' ', '-', '.', '%'] {
            let plain = plain_names(&FolderPath::new(["100% a_b-c"]), Some(separator)).remove(0);
            assert!(!plain.name().contains(separator), "{separator}: {plain}");
        }
    }
}
