//! The documents name files and tests; each of them exists, and the way of a message passes through at most ten files.

#![allow(clippy::unwrap_used)] // A failed step of a test ends the test.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

fn rust_files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            rust_files(&path, found);
        } else if path.extension().is_some_and(|end| end == "rs") {
            found.push(path);
        }
    }
}

/// The names of all functions of the sources and the tests.
fn functions() -> Vec<String> {
    let mut files = Vec::new();
    for folder in ["src", "tests"] {
        rust_files(&Path::new(env!("CARGO_MANIFEST_DIR")).join(folder), &mut files);
    }
    let texts = files.iter().map(|file| std::fs::read_to_string(file).unwrap());
    let names = texts.flat_map(|text| {
        let names = text.split("fn ").skip(1).filter_map(|rest| rest.split_once('(').map(|(name, _)| name.to_owned()));
        names.collect::<Vec<_>>()
    });
    names.collect()
}

/// The words of a name as a function has them.
fn as_name(text: &str) -> String {
    let words =
        text.to_lowercase().chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect::<String>();
    words.split('_').filter(|word| !word.is_empty()).collect::<Vec<_>>().join("_")
}

/// Whether a test is named so: *the beginning…*, *…a part…*.
fn is_named(function: &str, reference: &str) -> bool {
    let mut rest = function;
    for (place, part) in reference.split('…').enumerate() {
        let part = as_name(part);
        let Some(at) = rest.find(&part).filter(|at| place > 0 || part.is_empty() || *at == 0) else { return false };
        rest = &rest[at + part.len()..];
    }
    true
}

#[test]
fn every_test_that_a_document_names_exists() {
    let functions = functions();
    for document in ["reliability.md", "reliability-tests.md", "compatibility.md"] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs").join(document);
        let text = std::fs::read_to_string(path).unwrap().replace('\n', " ");
        let references: Vec<&str> = text.split('*').filter(|part| part.contains('…') && !part.contains('|')).collect();
        assert!(references.len() > 20, "{document}: {references:?}");
        for reference in references.into_iter().filter(|reference| !reference.contains('`')) {
            let exists = functions.iter().any(|function| is_named(function, reference));
            assert!(exists, "{document} names the test *{reference}*, and there is none");
        }
    }
}

/// Each paragraph and each list item under "Promised" names a test: by its file, or by its name.
#[test]
fn every_promise_names_its_test() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/reliability.md");
    let text = std::fs::read_to_string(path).unwrap();
    let (_, promised) = text.split_once("## Promised\n").unwrap();
    let (promised, _) = promised.split_once("\n## ").unwrap();
    for section in promised.split("\n### ").skip(1) {
        let title = section.lines().next().unwrap();
        for paragraph in section.split("\n\n").skip(1).filter(|paragraph| !paragraph.trim().is_empty()) {
            let files = paragraph.split('`').skip(1).step_by(2);
            let names_a_test = files.into_iter().any(|file| file.ends_with(".rs") || file.ends_with('/'));
            assert!(names_a_test, "'{title}': this names no test:\n{paragraph}");
        }
    }
}

/// The paths in backticks that a text names: files of Rust, and folders with their final slash.
fn named_paths(text: &str) -> BTreeSet<&str> {
    let quoted = text.split('`').skip(1).step_by(2);
    let is_plain = |path: &&str| path.chars().all(|c| c.is_ascii_alphanumeric() || "_-/.".contains(c));
    let is_path = |path: &&str| path.ends_with(".rs") || (path.ends_with('/') && !path.starts_with('/'));
    quoted.filter(is_path).filter(is_plain).collect()
}

#[test]
fn every_file_that_a_document_names_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    for folder in ["src", "tests", "examples"] {
        rust_files(&root.join(folder), &mut files);
    }
    let known: Vec<String> =
        files.iter().map(|file| format!("/{}", file.strip_prefix(root).unwrap().display())).collect();
    let mut found = 0;
    for entry in std::fs::read_dir(root.join("docs")).unwrap().flatten().filter(|entry| entry.path().is_file()) {
        let text = std::fs::read_to_string(entry.path()).unwrap();
        for path in named_paths(&text) {
            let (file, folder) = (format!("/{path}"), format!("/{}", path.trim_start_matches('/')));
            let exists = known.iter().any(|known| known.ends_with(&file) || known.contains(&folder));
            assert!(exists || root.join(path).exists(), "{} names {path}", entry.path().display());
            found += 1;
        }
    }
    assert!(found > 100, "{found}");
}

#[test]
fn the_way_of_a_message_passes_through_at_most_ten_files() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/architecture.md");
    let text = std::fs::read_to_string(path).unwrap();
    let (_, way) = text.split_once("\nA message passes through ten files").unwrap();
    let (way, _) = way.split_once("\nEvery step is an event").unwrap();
    let paths = named_paths(way);
    let files = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/migrate");
    assert!(paths.len() == 10 && paths.iter().all(|path| files.join(path).is_file()), "{paths:?}");
}
