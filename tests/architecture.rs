//! The architecture holds: who may know whom, one owner for each outside crate, a word at the head of each file, no file too long, and
//! no comment that refers to a statement about Kerio Connect that is not written down. `docs/architecture.md` says why.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Each module and the others that it may name. A new module has to be given its place here.
const KNOWS: [(&str, &[&str]); 19] = [
    ("domain", &[]),
    ("core_dumps", &[]),
    ("private_file", &[]),
    ("progress", &["domain"]),
    ("accounts", &["domain"]),
    ("rehearsal", &["domain"]),
    ("instance", &["domain", "private_file"]),
    ("settings", &["domain", "private_file"]),
    ("report", &["domain", "progress", "private_file"]),
    ("logs", &["domain", "progress", "private_file"]),
    ("network", &["domain", "private_file"]),
    ("ledger", &["domain", "private_file"]),
    ("imap", &["domain", "network"]),
    ("kerio", &["domain", "progress", "network"]),
    ("migrate", &["domain", "progress", "network", "imap", "kerio", "ledger", "report"]),
    ("cli", ABOVE_THE_ENGINE),
    ("gui", ABOVE_THE_ENGINE),
    ("fuzz", &["domain", "accounts", "imap", "kerio", "ledger", "migrate"]),
    ("main", &["cli", "core_dumps", "gui", "logs"]),
];

const ABOVE_THE_ENGINE: &[&str] = &[
    "domain",
    "progress",
    "migrate",
    "report",
    "accounts",
    "settings",
    "logs",
    "instance",
    "private_file",
    "rehearsal",
    "gui",
];

/// What names an outside crate, and the modules that may. Crates that are not here have no owner of their own.
const OWNERS: [(&[&str], &[&str]); 23] = [
    // Our own module has the same name, so the crate is known by what is taken from it.
    (&["imap::Client", "imap::Authenticator", "imap::types", "imap::Error"], &["imap"]),
    (&["mail_parser::"], &["imap"]),
    (&["native_tls::"], &["network"]),
    (&["rustls::"], &["rehearsal"]),
    (&["x509_parser::"], &["network"]),
    (&["ureq::"], &["network"]),
    (&["rusqlite::"], &["ledger"]),
    (&["eframe::"], &["gui"]),
    (&["egui::"], &["gui"]),
    (&["rfd::"], &["gui"]),
    (&["opener::"], &["gui"]),
    (&["keepawake::"], &["cli", "gui"]),
    (&["clap::"], &["cli"]),
    (&["indicatif::"], &["cli"]),
    (&["ctrlc::"], &["cli"]),
    (&["rpassword::"], &["cli"]),
    (&["simplelog::"], &["logs"]),
    (&["::csv::", "use csv::"], &["accounts", "report"]),
    (&["encoding_rs::"], &["accounts"]),
    (&["chardetng::"], &["accounts"]),
    (&["rcgen::"], &["rehearsal"]),
    (&["directories::"], &["logs", "settings"]),
    (&["rlimit::"], &["core_dumps"]),
];

const LONGEST_FILE: usize = 480;

/// A file below `src`: the module it belongs to, and its lines without tests and comments.
struct Source {
    path: PathBuf,
    module: String,
    text: String,
    code: Vec<String>,
}

impl Source {
    fn read(root: &Path, path: PathBuf) -> Self {
        let text = fs::read_to_string(&path).unwrap();
        let first = path.strip_prefix(root).unwrap().components().next().unwrap();
        let module = first.as_os_str().to_str().unwrap().trim_end_matches(".rs").to_owned();
        let ours = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
        let code = ours.lines().map(|line| line.split("//").next().unwrap().to_owned()).collect();
        Self { path, module, text, code }
    }

    fn is_test(&self) -> bool {
        self.path.file_stem().is_some_and(|stem| stem == "tests")
    }
}

fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The Rust files in a folder of the repository and in all folders below it.
fn rust_files(folder: &str) -> Vec<PathBuf> {
    let mut folders = vec![repository().join(folder)];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                files.push(path);
            }
        }
    }
    assert!(files.len() > 50);
    files
}

fn sources() -> Vec<Source> {
    let root = repository().join("src");
    rust_files("src").into_iter().map(|path| Source::read(&root, path)).collect()
}

/// The statements of docs/kerio-connect.md that a text refers to: a letter and a number, such as B25.
fn references(text: &str) -> impl Iterator<Item = &str> {
    text.split(|letter: char| !letter.is_alphanumeric()).filter(|word| {
        let number = word.strip_prefix(|letter| ('A'..='F').contains(&letter)).unwrap_or_default();
        (1..=2).contains(&number.len()) && number.chars().all(|digit| digit.is_ascii_digit())
    })
}

/// The modules of ours that a line names: what follows `crate::` or `kimt::`.
fn named_modules(line: &str) -> Vec<String> {
    let after = |prefix: &str| {
        let found = line.match_indices(prefix).map(|(at, _)| &line[at + prefix.len()..]);
        found
            .map(|rest| {
                rest.split(|letter: char| !letter.is_alphanumeric() && letter != '_').next().unwrap().to_owned()
            })
            .collect()
    };
    [after("crate::"), after("kimt::")].into_iter().flat_map(|names: Vec<String>| names).collect()
}

/// Whether a line names something, and not only a longer name that ends like it.
fn names(line: &str, pattern: &str) -> bool {
    line.match_indices(pattern).any(|(at, _)| {
        let before = line[..at].chars().next_back().unwrap_or(' ');
        !before.is_alphanumeric() && before != '_' && (before != ':' || pattern.starts_with(':'))
    })
}

#[test]
fn each_module_knows_only_whom_it_may_know() {
    let knows: BTreeMap<&str, &[&str]> = KNOWS.into_iter().collect();
    let mut offences = Vec::new();
    for source in sources().iter().filter(|source| !source.is_test() && source.module != "lib") {
        let Some(allowed) = knows.get(source.module.as_str()) else {
            panic!("the module {} has no place in the table of this test", source.module);
        };
        for line in &source.code {
            assert!(!line.contains("crate::{"), "{}: one use for each module: {line}", source.path.display());
            for name in named_modules(line) {
                if name != source.module && knows.contains_key(name.as_str()) && !allowed.contains(&name.as_str()) {
                    offences.push(format!("{} names {name}: {}", source.path.display(), line.trim()));
                }
            }
        }
    }
    assert!(offences.is_empty(), "{offences:#?}");
}

#[test]
fn each_outside_crate_has_one_owner() {
    let mut offences = Vec::new();
    for source in sources().iter().filter(|source| !source.is_test()) {
        for (patterns, owners) in OWNERS.iter().filter(|(_, owners)| !owners.contains(&source.module.as_str())) {
            for line in source.code.iter().filter(|line| patterns.iter().any(|pattern| names(line, pattern))) {
                offences.push(format!("{}, but only {owners:?} may: {}", source.path.display(), line.trim()));
            }
        }
    }
    assert!(offences.is_empty(), "{offences:#?}");
}

#[test]
fn nobody_prints_but_the_command_line_and_nobody_exits() {
    let mut offences = Vec::new();
    for source in sources().iter().filter(|source| !source.is_test()) {
        let prints = ["println!", "print!", "stdout()", "stderr()"];
        for line in &source.code {
            // To ask whether somebody reads there is not to print.
            let asks = line.contains("().is_terminal()");
            let printed = source.module != "cli" && !asks && prints.iter().any(|print| names(line, print));
            if printed || names(line, "process::exit") {
                offences.push(format!("{}: {}", source.path.display(), line.trim()));
            }
        }
    }
    assert!(offences.is_empty(), "{offences:#?}");
}

#[test]
fn each_file_says_what_it_is_for() {
    for source in sources() {
        // A sibling file of tests stands under the words of its module.
        assert!(
            source.is_test() || source.text.starts_with("//! "),
            "{} has no word at its head",
            source.path.display()
        );
    }
}

#[test]
fn no_file_is_too_long() {
    for source in sources().iter().filter(|source| !source.is_test()) {
        let lines = source.code.len();
        assert!(lines <= LONGEST_FILE, "{} has {lines} lines: look for the second thing in it", source.path.display());
    }
}

#[test]
fn each_reference_to_a_statement_about_kerio_connect_finds_it() {
    const PAGE: &str = "docs/kerio-connect.md";
    let page = fs::read_to_string(repository().join(PAGE)).unwrap();
    let mut offences = Vec::new();
    let mut found = 0;
    // In the window F5 is a key.
    let is_window = |path: &Path| path.components().any(|part| part.as_os_str() == "gui");
    for path in [rust_files("src"), rust_files("tests")].concat().iter().filter(|path| !is_window(path)) {
        let text = fs::read_to_string(path).unwrap();
        let comments: Vec<&str> = text.lines().filter_map(|line| Some(line.split_once("//")?.1)).collect();
        let comments = comments.join("\n");
        for reference in references(&comments) {
            found += 1;
            if !page.contains(&format!("\n- **{reference}** ")) {
                offences.push(format!("{}: {reference} is not in {PAGE}", path.display()));
            }
        }
        // A reader of this file alone has to learn where the statements stand.
        if let Some(early) = references(comments.split(PAGE).next().unwrap()).next() {
            offences.push(format!("{}: {early} stands before {PAGE} is named", path.display()));
        }
    }
    assert!(offences.is_empty(), "{offences:#?}");
    assert!(found > 50, "{found}");
}
