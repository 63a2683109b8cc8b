//! Bad usage: exit status 2 and a sentence, before anything is sent anywhere.

use super::stage::{Outcome, Stage, finish, kimt};
use kimt::instance::Instance;

fn refused(stage: &Stage, more: &[&str]) -> Outcome {
    let ended = stage.run("migrate", more);
    assert_eq!(ended.code, Some(2), "{more:?}: {ended:?}");
    assert_eq!(stage.source.imap.transcripts().len(), 0);
    ended
}

#[test]
fn a_csv_without_a_usable_line_ends_with_2_and_says_what_is_wrong() {
    let stage = Stage::new(1, 1);
    stage.write_csv("nonsense\nno-address;pw;Nobody\n");
    let ended = refused(&stage, &[]);
    assert!(ended.stderr.contains("Line 1") && ended.stderr.contains("Line 2"), "{}", ended.stderr);
}

#[test]
fn a_csv_that_is_not_there_ends_with_2() {
    let stage = Stage::new(1, 1);
    std::fs::remove_file(stage.csv_path()).unwrap();
    assert!(refused(&stage, &[]).stderr.contains("accounts.csv"));
}

#[test]
fn an_address_that_is_not_in_the_csv_ends_with_2() {
    let stage = Stage::new(1, 1);
    assert!(refused(&stage, &["--only", "nobody@example.com"]).stderr.contains("nobody@example.com"));
}

#[test]
fn nonsense_in_an_option_ends_with_2() {
    let stage = Stage::new(1, 1);
    for more in [
        ["--jobs", "0"],
        ["--verify", "maybe"],
        ["--ca-file", "/nowhere/at/all"],
        ["--since", "yesterday"],
        ["--unknown", "option"],
    ] {
        refused(&stage, &more);
    }
}

#[test]
fn a_wrong_line_of_the_rules_ends_with_2_and_is_named() {
    let stage = Stage::new(1, 1);
    let path = stage.folder.path().join("people.rules");
    std::fs::write(&path, "exclude Junk*\nsince yesterday\n").unwrap();
    let ended = refused(&stage, &["--rules", path.to_str().unwrap()]);
    assert!(ended.stderr.contains("people.rules: ") && ended.stderr.contains('2'), "{}", ended.stderr);
    assert!(ended.stderr.contains("'yesterday' is not a day"), "{}", ended.stderr);
}

#[test]
fn clear_text_passwords_over_a_network_need_consent() {
    let stage = Stage::new(1, 1);
    let mut program = stage.bare("check");
    program.args(["--source", "mail.example.com", "--source-security", "plain", "--target", "127.0.0.1"]);
    program.args(["--target-kind", "imap", "--accounts"]).arg(stage.csv_path());
    let ended = finish(&mut program);
    assert_eq!(ended.code, Some(2));
    assert!(ended.stderr.contains("--allow-cleartext-passwords"), "{}", ended.stderr);
}

#[test]
fn a_missing_administrator_or_password_ends_with_2_where_nobody_can_be_asked() {
    let stage = Stage::new(1, 1);
    let check = |more: &[&str]| {
        let mut program = stage.bare("check");
        program.args(["--source", "127.0.0.1", "--target", "127.0.0.1", "--accounts"]).arg(stage.csv_path()).args(more);
        let ended = finish(&mut program);
        assert_eq!(ended.code, Some(2), "{ended:?}");
        ended.stderr
    };
    assert!(check(&[]).contains("--admin-user"));
    assert!(check(&["--admin-user", "admin"]).contains("KIMT_ADMIN_PASSWORD"));
    assert!(check(&["--admin-user", "admin", "--admin-password-file", "/nowhere"]).contains("/nowhere"));
}

#[test]
fn the_form_of_names_is_not_to_be_chosen_for_kerio_connect() {
    let stage = Stage::new(1, 1);
    let mut program = stage.bare("check");
    program.args(["--source", "127.0.0.1", "--target", "127.0.0.1", "--target-name-form", "local"]);
    let ended = finish(program.arg("--accounts").arg(stage.csv_path()));
    assert_eq!(ended.code, Some(2), "{ended:?}");
    assert!(ended.stderr.contains("leave out --target-name-form"), "{}", ended.stderr);
}

#[test]
fn a_state_folder_that_another_program_has_is_left_alone() {
    let stage = Stage::new(1, 1);
    let _other = Instance::claim(&stage.folder.path().join("state")).unwrap();
    let mut restore = stage.bare("restore-port");
    restore.args(["--admin-user", "admin"]).env("KIMT_ADMIN_PASSWORD", "x");
    let runs = ["check", "migrate", "verify"].map(|command| stage.run(command, &[]));
    for ended in runs.iter().chain([&finish(&mut restore)]) {
        assert_eq!(ended.code, Some(3), "{ended:?}");
        assert!(ended.stderr.contains("Another copy of this program is running"), "{}", ended.stderr);
    }
    assert_eq!(stage.source.imap.transcripts().len(), 0);
}

/// Elsewhere the folder has the rights of the user's own folders, in which it is made (docs/security.md).
#[cfg(unix)]
#[test]
fn a_state_folder_that_others_own_or_can_write_to_is_refused_before_any_server_is_asked() {
    use std::os::unix::fs::{PermissionsExt, chown};
    let stage = Stage::new(1, 1);
    let state = stage.folder.path().join("state");
    std::fs::create_dir(&state).unwrap();
    let open = |mode| std::fs::set_permissions(&state, PermissionsExt::from_mode(mode)).unwrap();
    let refused = |words: &str| {
        let mut restore = stage.bare("restore-port");
        restore.args(["--admin-user", "admin"]).env("KIMT_ADMIN_PASSWORD", "x");
        let runs = ["check", "migrate", "verify"].map(|command| stage.run(command, &[]));
        for ended in runs.iter().chain([&finish(&mut restore)]) {
            assert_eq!(ended.code, Some(3), "{ended:?}");
            assert!(ended.stderr.contains(words), "{words}: {}", ended.stderr);
            assert!(ended.stderr.contains(state.to_str().unwrap()), "{}", ended.stderr);
        }
        assert!(std::fs::read_dir(&state).unwrap().next().is_none(), "something was written there");
    };
    for mode in [0o770, 0o702, 0o777] {
        open(mode);
        refused("other users may write to it; close it to them (chmod go-w) or choose another folder");
    }
    // Others may look into a folder of one's own, except for the files in it.
    open(0o755);
    // Only root can give a folder away.
    if chown(&state, Some(12_345), None).is_ok() {
        refused("it belongs to another user of this computer; choose another folder");
        chown(&state, Some(0), None).unwrap();
    }
    assert_eq!(stage.source.imap.transcripts().len(), 0);
    assert_eq!(stage.run("migrate", &[]).code, Some(0));
}

/// Said before anything else can fail: here that another program has the state folder.
#[test]
fn a_guessed_encoding_and_a_password_file_that_everybody_can_read_are_named() {
    let stage = Stage::new(1, 1);
    let _other = Instance::claim(&stage.folder.path().join("state")).unwrap();
    std::fs::write(stage.csv_path(), b"ann@example.com;x;J\xf8rgen S\xf8rensen\n").unwrap();
    let file = stage.folder.path().join("password");
    std::fs::write(&file, "secret\n").unwrap();
    let mut program = stage.bare("check");
    program.args(["--source", "127.0.0.1", "--target", "127.0.0.1", "--admin-user", "admin", "--admin-password-file"]);
    program.arg(&file).arg("--accounts").arg(stage.csv_path());
    #[cfg(unix)]
    std::fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o644)).unwrap();
    let ended = finish(&mut program);
    assert!(ended.stderr.contains("was read as Windows-1252"), "{}", ended.stderr);
    #[cfg(unix)]
    assert!(ended.stderr.contains("everybody on this computer can read the password file"), "{}", ended.stderr);
}

#[test]
fn help_explains_every_command_and_the_version_names_the_commit() {
    for arguments in
        [&["--help"][..], &["demo", "--help"], &["check", "--help"], &["migrate", "--help"], &["verify", "--help"]]
    {
        let ended = finish(kimt().args(arguments));
        assert_eq!(ended.code, Some(0));
        assert!(ended.stdout.contains("Usage: kimt"), "{}", ended.stdout);
        assert!(ended.stdout.lines().all(|line| line.chars().count() <= 100), "{}", ended.stdout);
    }
    let version = finish(kimt().arg("--version")).stdout;
    assert!(version.starts_with(concat!("kimt ", env!("CARGO_PKG_VERSION"), " (commit ")), "{version}");
}

/// `script` gives the program a terminal that it holds neither end of.
#[cfg(target_os = "linux")]
#[test]
fn nobody_is_asked_for_a_password_where_neither_input_nor_errors_are_a_terminal() {
    let stage = Stage::new(1, 1);
    let mut program = stage.bare("check");
    program.args(["--source", &stage.source.address(), "--target", "127.0.0.1", "--admin-user", "admin"]);
    program.arg("--accounts").arg(stage.csv_path());
    let words = [program.get_program()].into_iter().chain(program.get_args());
    let line: String = words.map(|word| format!("'{}' ", word.to_str().unwrap())).collect();
    let [errors, answer] = ["errors", "answer"].map(|name| stage.folder.path().join(name));
    // Whoever asks all the same gets an empty answer.
    std::fs::write(&answer, "\n").unwrap();
    let line = format!("{line} < /dev/null 2> '{}'", errors.display());
    let mut terminal = std::process::Command::new("script");
    terminal.args(["-qec", &line, "/dev/null"]).env_remove("KIMT_ADMIN_PASSWORD");
    terminal.stdin(std::fs::File::open(answer).unwrap());
    let ended = finish(&mut terminal);
    assert!(ended.code == Some(2) && !ended.stdout.contains("Password"), "{ended:?}");
    let said = std::fs::read_to_string(errors).unwrap();
    assert!(said.contains("administrator admin is missing"), "{said}");
}
