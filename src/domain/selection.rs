//! What the user leaves out or wants elsewhere: folders by pattern, folders under other names, messages by date and size.
//!
//! The rules are lines of text, the same in the rules file, on the command line and in the window. `docs/rules.md` describes them.

use super::FolderPath;
use super::typed::{RuleFault, WrongRule, read_date, read_size};
use chrono::{DateTime, FixedOffset, NaiveDate};
use serde::{Deserialize, Serialize};

/// Which folders and messages are migrated, and under which names. The default is everything, under the planner's own names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Selection {
    /// Patterns of folders to take; without any, all are taken.
    pub include: Vec<String>,
    /// Patterns of folders to leave out, stronger than `include`.
    pub exclude: Vec<String>,
    /// Folders of the source and where they go; what is below them goes with them.
    pub rename: Vec<(String, String)>,
    /// Whether folders for sent mail, drafts and so on go into the target's own.
    pub special_folders: bool,
    /// Only messages that arrived on this day or later.
    pub since: Option<NaiveDate>,
    /// Only messages that arrived before this day.
    pub before: Option<NaiveDate>,
    /// Only messages of at most this many bytes.
    pub max_bytes: Option<u64>,
}

impl Default for Selection {
    fn default() -> Self {
        Self {
            include: Vec::new(),
            exclude: Vec::new(),
            rename: Vec::new(),
            special_folders: true,
            since: None,
            before: None,
            max_bytes: None,
        }
    }
}

impl Selection {
    /// Reads the lines of a rules file into this selection, up to the first that cannot be used.
    pub fn read_rules(&mut self, text: &str) -> Result<(), WrongRule> {
        let mut lines = text.trim_start_matches('\u{feff}').lines().zip(1..);
        lines.try_for_each(|(rule, line)| self.add_rule(rule).map_err(|fault| WrongRule { line, fault }))
    }

    /// Adds one rule: `include PATTERN`, `exclude PATTERN`, `rename FOLDER -> FOLDER`, `special-folders off`, `since YYYY-MM-DD`,
    /// `before YYYY-MM-DD`, `max-size 50 MB`. Blank lines and `#` comments add nothing.
    pub fn add_rule(&mut self, line: &str) -> Result<(), RuleFault> {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            return Ok(());
        }
        let (word, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        let rest = rest.trim();
        if rest.is_empty() {
            return Err(RuleFault::NothingFollows(word.to_owned()));
        }
        match word.to_ascii_lowercase().as_str() {
            "include" => self.include.push(rest.to_owned()),
            "exclude" => self.exclude.push(rest.to_owned()),
            "rename" => self.rename.push(read_rename(rest)?),
            "special-folders" => self.special_folders = read_switch(rest)?,
            "since" => self.since = Some(read_date(rest)?),
            "before" => self.before = Some(read_date(rest)?),
            "max-size" => self.max_bytes = Some(read_size(rest)?),
            _ => return Err(RuleFault::UnknownWord(word.to_owned())),
        }
        Ok(())
    }

    /// The selection as lines of rules that read back as the same selection; empty if it takes everything unchanged.
    pub fn rules(&self) -> String {
        let mut lines: Vec<String> = Vec::new();
        lines.extend(self.include.iter().map(|pattern| format!("include {pattern}")));
        lines.extend(self.exclude.iter().map(|pattern| format!("exclude {pattern}")));
        lines.extend(self.rename.iter().map(|(from, to)| format!("rename {from} -> {to}")));
        if !self.special_folders {
            lines.push("special-folders off".to_owned());
        }
        lines.extend(self.since.map(|day| format!("since {day}")));
        lines.extend(self.before.map(|day| format!("before {day}")));
        lines.extend(self.max_bytes.map(|bytes| format!("max-size {}", size(bytes))));
        lines.join("\n")
    }

    /// Whether a folder of the source is taken.
    pub fn takes_folder(&self, path: &FolderPath) -> bool {
        let matches = |pattern: &String| matches(pattern, &path.to_string());
        (self.include.is_empty() || self.include.iter().any(matches)) && !self.exclude.iter().any(matches)
    }

    /// Where a folder goes by a rule, if one names it. The last such rule counts.
    pub fn renamed(&self, path: &FolderPath) -> Option<FolderPath> {
        let name = path.to_string();
        let rule = self.rename.iter().rev().find(|(from, _)| *from == name)?;
        Some(FolderPath::new(rule.1.split('/')))
    }

    /// Whether some messages are left out.
    pub fn limits_messages(&self) -> bool {
        self.since.is_some() || self.before.is_some() || self.max_bytes.is_some()
    }

    /// Whether a message is taken. One without a date is taken whatever the days say: nothing is left out by guessing.
    pub fn takes_message(&self, date: Option<DateTime<FixedOffset>>, bytes: u64) -> bool {
        let day = date.map(|date| date.date_naive());
        self.since.is_none_or(|since| day.is_none_or(|day| day >= since))
            && self.before.is_none_or(|before| day.is_none_or(|day| day < before))
            && self.max_bytes.is_none_or(|most| bytes <= most)
    }
}

/// Whether a name fits a pattern, in which `*` matches anything, `/` included. Case does not matter.
fn matches(pattern: &str, name: &str) -> bool {
    let (pattern, name) = (pattern.to_lowercase(), name.to_lowercase());
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = name.strip_prefix(first) else { return false };
    let mut parts: Vec<&str> = parts.collect();
    let Some(last) = parts.pop() else { return rest.is_empty() };
    for part in parts {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.len() >= last.len() && rest.ends_with(last)
}

fn read_rename(text: &str) -> Result<(String, String), RuleFault> {
    let (from, to) = text.split_once("->").ok_or(RuleFault::NoArrow)?;
    let (from, to) = (from.trim(), to.trim());
    if from.is_empty() || to.is_empty() || to.split('/').any(str::is_empty) {
        return Err(RuleFault::NoName);
    }
    Ok((from.to_owned(), to.to_owned()))
}

fn read_switch(text: &str) -> Result<bool, RuleFault> {
    match text.to_ascii_lowercase().as_str() {
        "on" => Ok(true),
        "off" => Ok(false),
        _ => Err(RuleFault::NotASwitch(text.to_owned())),
    }
}

/// A size as [`read_size`] reads it, in the largest unit that divides it.
fn size(bytes: u64) -> String {
    let units = [(1 << 30, "GB"), (1 << 20, "MB"), (1 << 10, "KB")];
    let unit = units.into_iter().find(|(unit, _)| bytes > 0 && bytes.is_multiple_of(*unit));
    unit.map_or_else(|| bytes.to_string(), |(unit, name)| format!("{} {name}", bytes / unit))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn selection(rules: &str) -> Selection {
        let mut selection = Selection::default();
        selection.read_rules(rules).unwrap();
        selection
    }

    #[test]
    fn a_star_matches_anything_and_case_does_not_matter() {
        for (pattern, name, fits) in [
            ("INBOX", "inbox", true),
            ("Archive/*", "Archive/2020/May", true),
            ("Archive/*", "Archive", false),
            ("Archive*", "Archive", true),
            ("*2020*", "Projects/2020/x", true),
            ("a*b*b", "ab", false),
            ("a*b*b", "abb", true),
            ("*", "", true),
            ("Größe", "GRÖSSE", false),
            ("größe", "GRÖßE", true),
        ] {
            assert_eq!(matches(pattern, name), fits, "{pattern} {name}");
        }
    }

    #[test]
    fn the_rules_of_a_selection_read_as_the_same_selection() {
        for rules in [
            "",
            "include Work*\nexclude Work/Old*\nrename Old/Name -> New/Name\nspecial-folders off\nsince 2020-01-31\nmax-size 50 MB",
            "before 2021-01-01\nmax-size 1234567",
            "max-size 1536 KB",
        ] {
            assert_eq!(selection(rules).rules(), rules);
            assert_eq!(selection(&selection(rules).rules()), selection(rules));
        }
    }

    #[test]
    fn a_folder_left_out_is_left_out_even_when_it_is_taken_in() {
        let selection = selection("# rules\ninclude Projects*\n\nexclude Projects/Old*");
        let takes = |path: &str| selection.takes_folder(&FolderPath::new(path.split('/')));
        assert!(takes("Projects/New") && !takes("Projects/Old/1999") && !takes("INBOX"));
        assert!(Selection::default().takes_folder(&FolderPath::new(["INBOX"])));
    }

    #[test]
    fn a_message_without_a_date_is_not_left_out_by_guessing() {
        let selection = selection("since 2020-01-01\nbefore 2021-01-01\nmax-size 1 MB");
        let date = |text: &str| Some(DateTime::parse_from_rfc3339(text).unwrap());
        assert!(selection.takes_message(date("2020-01-01T00:00:00+05:00"), 10));
        assert!(!selection.takes_message(date("2019-12-31T23:59:59+00:00"), 10));
        assert!(!selection.takes_message(date("2021-01-01T00:00:00-05:00"), 10));
        assert!(selection.takes_message(None, 1 << 20) && !selection.takes_message(None, (1 << 20) + 1));
    }

    #[test]
    fn a_bad_rule_is_named_with_its_line() {
        for (rules, wrong) in [
            ("include", "Line 1: 'include' needs something after it."),
            (
                "include x\ntake y",
                "Line 2: 'take' is not one of include, exclude, rename, special-folders, since, before, max-size.",
            ),
            ("rename a", "Line 1: a renaming reads: rename FOLDER -> FOLDER."),
            ("rename a -> b//c", "Line 1: both folders need a name, with / between a folder and the one below it."),
            ("since 2020-13-01", "Line 1: '2020-13-01' is not a day like 2024-02-29."),
            ("max-size many", "Line 1: 'many' is not a size like 50 MB."),
            ("max-size 99999999999 GB", "Line 1: '99999999999 GB' is not a size like 50 MB."),
            ("\nspecial-folders perhaps", "Line 2: 'perhaps' is neither on nor off."),
        ] {
            assert_eq!(Selection::default().read_rules(rules).unwrap_err().to_string(), wrong, "{rules}");
        }
        assert!(!selection("special-folders off").special_folders);
        assert_eq!(selection("rename a/b -> c").renamed(&FolderPath::new(["a", "b"])), Some(FolderPath::new(["c"])));
    }
}
