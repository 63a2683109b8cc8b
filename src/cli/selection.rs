//! What is left out or renamed: the options and the rules file. Each option is one rule of `docs/rules.md`.

use crate::domain::Selection;
use clap::Args;
use std::path::{Path, PathBuf};

/// The largest rules file that is read, in bytes.
const LARGEST_FILE: u64 = 1024 * 1024;

#[derive(Debug, Default, Args)]
#[command(next_help_heading = "What is migrated")]
pub(super) struct SelectionArguments {
    /// A file with rules, one per line, such as: exclude Junk*, since 2020-01-01, special-folders off
    ///
    /// Each option below, except --no-special-folders, is also the keyword of a rule. Options add to the rules of the file. With --migration and
    /// none of these options, the rules of that migration's last run hold; an empty file of rules takes everything.
    #[arg(long, value_name = "FILE")]
    rules: Option<PathBuf>,
    /// Take only folders that match this pattern, in which * matches anything; may be repeated
    #[arg(long, value_name = "PATTERN")]
    include: Vec<String>,
    /// Leave out folders that match this pattern; may be repeated
    #[arg(long, value_name = "PATTERN")]
    exclude: Vec<String>,
    /// Rename a folder and everything below it: 'Old/Name -> New/Name'; may be repeated
    #[arg(long, value_name = "'FOLDER -> FOLDER'")]
    rename: Vec<String>,
    /// Keep the names of the source's folders for sent mail, drafts, junk and trash
    #[arg(long)]
    no_special_folders: bool,
    /// Only messages that arrived on this day or later
    #[arg(long, value_name = "YYYY-MM-DD")]
    since: Option<String>,
    /// Only messages that arrived before this day
    #[arg(long, value_name = "YYYY-MM-DD")]
    before: Option<String>,
    /// Only messages of at most this size, such as 50MB
    #[arg(long, value_name = "SIZE")]
    max_size: Option<String>,
}

/// The selection: the rules of the file, then the options. The error is a sentence that names the option.
pub(super) fn read(typed: &SelectionArguments) -> Result<Selection, String> {
    let mut selection = Selection::default();
    if let Some(path) = &typed.rules {
        let text = read_file(path)?;
        selection.read_rules(&text).map_err(|wrong| format!("--rules: {}: {wrong}", path.display()))?;
    }
    for (word, value) in rules(typed) {
        selection.add_rule(&format!("{word} {value}")).map_err(|fault| format!("--{word}: {fault}."))?;
    }
    selection.special_folders &= !typed.no_special_folders;
    Ok(selection)
}

/// Whether any of these options was typed.
pub(super) fn is_typed(typed: &SelectionArguments) -> bool {
    typed.rules.is_some() || typed.no_special_folders || rules(typed).next().is_some()
}

/// The options as rules: the word that is also the option's name, and its value.
fn rules(typed: &SelectionArguments) -> impl Iterator<Item = (&'static str, &String)> {
    let include = typed.include.iter().map(|value| ("include", value));
    let exclude = typed.exclude.iter().map(|value| ("exclude", value));
    let rename = typed.rename.iter().map(|value| ("rename", value));
    let since = typed.since.iter().map(|value| ("since", value));
    let before = typed.before.iter().map(|value| ("before", value));
    let max_size = typed.max_size.iter().map(|value| ("max-size", value));
    include.chain(exclude).chain(rename).chain(since).chain(before).chain(max_size)
}

fn read_file(path: &Path) -> Result<String, String> {
    use std::io::Read;
    let mut text = String::new();
    match std::fs::File::open(path).and_then(|file| file.take(LARGEST_FILE + 1).read_to_string(&mut text)) {
        Ok(read) if read as u64 > LARGEST_FILE => {
            Err(format!("--rules: {} is too large for a file of rules.", path.display()))
        }
        Ok(_) => Ok(text),
        Err(error) => Err(format!("--rules: {} cannot be read: {error}.", path.display())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::FolderPath;

    #[test]
    fn a_rules_file_that_is_too_large_is_refused_and_not_cut() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "# long\n".repeat(200_000) + "exclude Junk*\n").unwrap();
        let typed = SelectionArguments { rules: Some(file.path().to_owned()), ..SelectionArguments::default() };
        assert!(read(&typed).is_err_and(|error| error.contains("too large")));
    }

    #[test]
    fn options_add_to_the_rules_of_the_file() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "# ours\nexclude Junk*\nmax-size 1 MB\n").unwrap();
        let typed = SelectionArguments {
            rules: Some(file.path().to_owned()),
            exclude: vec!["Trash".to_owned()],
            max_size: Some("2 MB".to_owned()),
            no_special_folders: true,
            ..SelectionArguments::default()
        };
        let selection = read(&typed).unwrap();
        for (name, taken) in [("INBOX", true), ("Junk E-mail", false), ("Trash", false)] {
            assert_eq!(selection.takes_folder(&FolderPath::new([name])), taken, "{name}");
        }
        assert_eq!(selection.max_bytes, Some(2 << 20));
        assert!(!selection.special_folders);
    }

    #[test]
    fn an_error_names_its_option() {
        let since = SelectionArguments { since: Some("yesterday".to_owned()), ..SelectionArguments::default() };
        assert!(read(&since).unwrap_err().starts_with("--since: 'yesterday'"));
        let rules = SelectionArguments { rules: Some("/nowhere/at/all".into()), ..SelectionArguments::default() };
        assert!(read(&rules).unwrap_err().contains("/nowhere/at/all"));
    }
}
