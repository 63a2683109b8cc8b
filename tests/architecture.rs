//! The architecture holds: who may know whom, the order of the engine's stages, no circle of files, one owner for each outside crate, a
//! word at the head of each file, no file too long, and no comment that refers to a statement about Kerio Connect that is not written
//! down. `docs/architecture.md` says why.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Each module and the others that it may name. A new module has to be given its place here.
const KNOWS: [(&str, &[&str]); 25] = [
    ("domain", &[]),
    ("core_dumps", &[]),
    ("private_file", &[]),
    ("guide", &[]),
    ("progress", &["domain"]),
    ("accounts", &["domain"]),
    ("rehearsal", &["domain"]),
    ("instance", &["domain", "private_file"]),
    ("settings", &["domain", "private_file"]),
    ("report", &["domain", "progress", "private_file"]),
    ("logs", &["domain", "progress", "private_file"]),
    ("network", &["domain", "private_file"]),
    ("ledger", &["domain", "private_file"]),
    ("fleet", &["domain", "private_file", "network", "ledger"]),
    ("migration", &["domain", "progress", "private_file"]),
    ("imap", &["domain", "network"]),
    ("kerio", &["domain", "private_file", "progress", "network"]),
    ("xml", &["domain"]),
    ("items", &["domain", "xml"]),
    ("dav", &["domain", "network", "items", "xml"]),
    ("migrate", &["domain", "progress", "network", "imap", "kerio", "dav", "items", "ledger", "migration", "report"]),
    ("cli", ABOVE_THE_ENGINE_AND_ITS_STORES),
    ("gui", ABOVE_THE_ENGINE),
    ("fuzz", &["domain", "accounts", "imap", "kerio", "dav", "items", "ledger", "migrate"]),
    ("main", &["cli", "core_dumps", "gui", "logs"]),
];

const ABOVE_THE_ENGINE: &[&str] = &[
    "domain",
    "progress",
    "migrate",
    "migration",
    "report",
    "accounts",
    "settings",
    "logs",
    "instance",
    "private_file",
    "rehearsal",
    "guide",
    "gui",
];

/// The command line also says where records are kept.
const ABOVE_THE_ENGINE_AND_ITS_STORES: &[&str] = &[
    "domain",
    "progress",
    "migrate",
    "migration",
    "report",
    "accounts",
    "settings",
    "logs",
    "instance",
    "private_file",
    "rehearsal",
    "guide",
    "gui",
    "fleet",
    "ledger",
];

/// The stages of `migrate` in the order of their dependence: each may name those above it in this list, and none below.
const STAGES: [&str; 25] = [
    "request",
    "halt",
    "heads",
    "endpoints",
    "sign_in",
    "target",
    "context",
    "verdict",
    "content",
    "fuzzing",
    "folder",
    "plan",
    "sessions",
    "attempt",
    "witness",
    "scan",
    "reconcile",
    "copy",
    "follow",
    "proof",
    "groupware",
    "mailbox",
    "verify",
    "check",
    "run",
];

/// What names an outside crate, and the modules or files that may. Crates that are not here have no owner of their own.
const OWNERS: [(&[&str], &[&str]); 36] = [
    // Our own module has the same name, so the crate is known by what is taken from it.
    (&["imap::Client", "imap::Authenticator", "imap::types", "imap::Error"], &["imap/imap_crate.rs"]),
    (&["mail_parser::"], &["imap", "items"]),
    (&["native_tls::"], &["network"]),
    (&["rustls::"], &["rehearsal"]),
    (&["x509_parser::"], &["network"]),
    (&["ureq::"], &["network"]),
    (&["rusqlite::"], &["ledger"]),
    (&["postgres::", "postgres_native_tls::"], &["fleet"]),
    (&["ring::"], &["fleet"]),
    (&["quick_xml::"], &["xml"]),
    (&["calcard::"], &["items"]),
    (&["chrono_tz::"], &["items"]),
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
    (&["maud::"], &["report", "guide"]),
    (&["pulldown_cmark::"], &["guide"]),
    (&["clap_complete::", "clap_mangen::"], &["cli"]),
    (&["notify_rust::"], &["gui"]),
    (&["fontdb::", "skrifa::"], &["gui"]),
    (&["unicode_bidi::"], &["gui"]),
    (&["encoding_rs::"], &["accounts", "items", "xml"]),
    (&["chardetng::"], &["accounts"]),
    (&["rcgen::"], &["rehearsal"]),
    (&["directories::"], &["logs", "settings"]),
    (&["rlimit::"], &["core_dumps"]),
    (&["rustix::"], &["private_file"]),
    (&["unicode_normalization::"], &["domain", "migrate"]),
];

/// In lines, with comments and the tests at its end.
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
        let number = word.strip_prefix(|letter| ('A'..='G').contains(&letter)).unwrap_or_default();
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

/// The Rust files of `src` as a graph: each module path, such as `migrate::copy::pass`, and the modules of ours that it names.
struct Imports(BTreeMap<String, BTreeSet<String>>);

impl Imports {
    fn read() -> Self {
        let root = repository().join("src");
        let sources = sources();
        let ours = |source: &&Source| !source.is_test() && !matches!(source.module.as_str(), "lib" | "main");
        let modules: BTreeMap<String, String> = sources
            .iter()
            .filter(ours)
            .map(|source| {
                let path = source.path.strip_prefix(&root).unwrap().with_extension("");
                let parts: Vec<&str> = path.iter().map(|part| part.to_str().unwrap()).collect();
                let path = parts.join("::");
                (path.strip_suffix("::mod").unwrap_or(&path).to_owned(), source.code.join("\n"))
            })
            .collect();
        let known: BTreeSet<&String> = modules.keys().collect();
        let imports = modules.iter().map(|(module, code)| {
            let named = named_paths(code).into_iter().filter_map(|path| resolve(module, &path, &known));
            (module.clone(), named.filter(|named| named != module).collect())
        });
        Self(imports.collect())
    }

    /// What can be reached from a module by naming, however far. That a module names the one that it lies in is not a step.
    fn reached_from(&self, module: &str) -> BTreeSet<&str> {
        let mut reached = BTreeSet::new();
        let mut open = vec![module];
        while let Some(module) = open.pop() {
            for named in &self.0[module] {
                if !module.starts_with(&format!("{named}::")) && reached.insert(named.as_str()) {
                    open.push(named);
                }
            }
        }
        reached
    }
}

/// The paths that a text names: those of `use`, with every branch of their braces, and those within the code.
fn named_paths(code: &str) -> Vec<String> {
    let mut paths = Vec::new();
    let mut rest = code;
    let starts = ["use ", "crate::", "super::"];
    while let Some(at) = starts.iter().filter_map(|start| rest.find(start)).min() {
        let is_use = rest[at..].starts_with("use ");
        let after = &rest[at + if is_use { 4 } else { 0 }..];
        let ends =
            |letter: char| if is_use { letter == ';' } else { !letter.is_alphanumeric() && !"_:".contains(letter) };
        let end = after.find(ends).unwrap_or(after.len());
        expand("", &after[..end].split_whitespace().collect::<String>(), &mut paths);
        rest = &after[end..];
    }
    paths
}

/// Adds `a::b` and `a::c` for `a::{b, c}`.
fn expand(before: &str, tree: &str, paths: &mut Vec<String>) {
    let Some((stem, branches)) = tree.strip_suffix('}').and_then(|tree| tree.split_once('{')) else {
        paths.push(format!("{before}{tree}"));
        return;
    };
    let (mut depth, mut start) = (0, 0);
    for (at, letter) in branches.char_indices().chain([(branches.len(), ',')]) {
        match letter {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                expand(&format!("{before}{stem}"), &branches[start..at], paths);
                start = at + 1;
            }
            _ => {}
        }
    }
}

/// The module of ours in which the path ends that `module` names, if it is one of ours.
fn resolve(module: &str, path: &str, known: &BTreeSet<&String>) -> Option<String> {
    let mut parts: Vec<&str> = module.split("::").collect();
    let mut named = path.split("::").peekable();
    match *named.peek()? {
        "crate" => parts.clear(),
        "super" | "self" => {}
        child if known.contains(&format!("{module}::{child}")) => {}
        _ => return None,
    }
    for part in named {
        match part {
            "crate" | "self" => {}
            "super" => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    while !parts.is_empty() && !known.contains(&parts.join("::")) {
        parts.pop();
    }
    (!parts.is_empty()).then(|| parts.join("::"))
}

#[test]
fn no_circle_of_files_anywhere_in_src_but_a_parent_with_its_own_children() {
    let imports = Imports::read();
    assert!(imports.reached_from("migrate::run").contains("migrate::copy::sending"), "nothing is read");
    let offences: Vec<String> = imports
        .0
        .keys()
        .filter(|module| imports.reached_from(module).contains(module.as_str()))
        .map(|module| format!("{module} comes back to itself through {:?}", imports.0[module]))
        .collect();
    assert!(offences.is_empty(), "{offences:#?}");
}

#[test]
fn each_stage_of_the_engine_names_only_those_before_it() {
    let stage = |module: &str| module.strip_prefix("migrate::").map(|rest| rest.split("::").next().unwrap().to_owned());
    let place = |stage: &str| {
        let found = STAGES.iter().position(|known| *known == stage);
        found.unwrap_or_else(|| panic!("the stage {stage} has no place in the list of this test"))
    };
    let mut offences = Vec::new();
    for (module, named) in Imports::read().0 {
        let Some(own) = stage(&module) else { continue };
        for other in named.iter().filter_map(|named| stage(named)).filter(|other| place(other) > place(&own)) {
            offences.push(format!("{module} names {other}"));
        }
    }
    assert!(offences.is_empty(), "{offences:#?}");
}

#[test]
fn only_the_verdict_calls_an_account_complete() {
    let mut found = 0;
    for source in sources().iter().filter(|source| source.module == "migrate" && !source.is_test()) {
        let is_verdict = source.path.ends_with("migrate/verdict.rs");
        for line in source.code.iter().filter(|line| line.contains("AccountEnd::Complete")) {
            assert!(is_verdict, "{}: {}", source.path.display(), line.trim());
            found += 1;
        }
    }
    assert!(found > 0);
}

#[test]
fn each_outside_crate_has_one_owner() {
    let mut offences = Vec::new();
    for source in sources().iter().filter(|source| !source.is_test()) {
        let owns = |owner: &&str| *owner == source.module || source.path.ends_with(Path::new("src").join(owner));
        for (patterns, owners) in OWNERS.iter().filter(|(_, owners)| !owners.iter().any(owns)) {
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
        // A sibling file of tests is under the words of its module.
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
        let lines = source.text.lines().count();
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
        // A reader of this file alone has to learn where the statements are.
        if let Some(early) = references(comments.split(PAGE).next().unwrap()).next() {
            offences.push(format!("{}: {early} comes before {PAGE} is named", path.display()));
        }
    }
    assert!(offences.is_empty(), "{offences:#?}");
    assert!(found > 50, "{found}");
}
