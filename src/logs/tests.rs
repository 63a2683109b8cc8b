use super::*;

/// One test for everything, because a process has only one logger.
#[test]
fn debug_log_follows_the_run_and_shows_no_secret_and_no_forged_line() {
    let scratch = tempfile::tempdir().unwrap();
    let first = start(Some(scratch.path())).unwrap();
    hide([("ann@example.com", &crate::domain::Secret::new("tops3cret"))]);
    log::debug!(target: "imap", "< * OK tops3cret\r\n2026-01-01 [ERROR] forged\u{202e}");
    log::debug!(target: "dav", "PROPFIND /ann/: 207");
    log::info!(target: "ureq", "somebody else's talk");
    log::warn!(target: "ureq", "somebody else's trouble");
    log::debug!("{}", "x".repeat(100_000));

    let second = start(Some(scratch.path())).unwrap();
    log::debug!("the second run");
    take_panics();
    let _ = std::thread::spawn(|| panic!("it was tops3cret")).join();
    let _ = std::panic::take_hook();

    let read = |folder: &Path| std::fs::read_to_string(folder.join(DEBUG_LOG)).unwrap();
    let (first, second) = (read(&first), read(&second));
    assert!(first.contains("< * OK …\u{fffd}\u{fffd}2026-01-01 [ERROR] forged\u{fffd}\n"), "{first}");
    assert!(first.contains("PROPFIND /ann/: 207"), "{first}");
    assert!(first.contains("somebody else's trouble") && !first.contains("somebody else's talk"), "{first}");
    assert!(first.lines().all(|line| line.len() < 17_000) && first.contains("(100000 bytes)"));
    assert!(second.contains("the second run") && !first.contains("the second run"));
    assert!(second.contains("panic at src/logs/tests.rs:") && second.contains(": it was …"), "{second}");
}

#[test]
fn a_folder_that_cannot_be_made_is_a_problem_with_its_name() {
    let scratch = tempfile::tempdir().unwrap();
    let file = scratch.path().join("file");
    std::fs::write(&file, "").unwrap();
    let problem = start(Some(&file.join("logs"))).unwrap_err();
    assert_eq!(problem.kind, ProblemKind::LocalFile);
    assert!(problem.to_string().contains("file"));
}
