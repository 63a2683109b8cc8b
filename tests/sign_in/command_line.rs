//! The same from the command line: the options, where passwords come from, and that they go nowhere else.

use super::front::{Front, Verdict};
use super::{ANN, server, usual};
use kimt::rehearsal::{ImapOptions, KerioWays, Profile};
use std::path::Path;
use std::process::{Command, Output};

fn kimt(folder: &Path, source_port: u16, target_port: u16, more: &[&str]) -> Command {
    let mut program = Command::new(env!("CARGO_BIN_EXE_kimt"));
    program.args(["migrate", "--source", &format!("127.0.0.1:{source_port}"), "--source-security", "plain"]);
    program.args(["--target", &format!("127.0.0.1:{target_port}"), "--target-security", "plain"]);
    program.args(["--target-kind", "imap", "--json"]).args(more);
    program.arg("--accounts").arg(folder.join("accounts.csv"));
    program.arg("--state-dir").arg(folder.join("state")).arg("--log-dir").arg(folder.join("logs"));
    program.env("HOME", folder).env_remove("KIMT_SOURCE_MASTER_PASSWORD").env_remove("KIMT_TARGET_MASTER_PASSWORD");
    program
}

fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

#[test]
fn a_list_of_addresses_is_enough_where_masters_sign_in() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("accounts.csv"), "Email\nann@example.com\n").unwrap();
    let ways = KerioWays { master_password: Some("Source-Master".to_owned()), hides_name: false };
    let options = ImapOptions { kerio: Some(ways), ..ImapOptions::kerio(Profile::Typical) };
    let (from, source_port) = server(&[ANN], "unknown", options);
    from.store().add_generated(ANN, "INBOX", 4, 1000, 1).unwrap();
    let (to, target_port) = server(&["ann*boss"], "Target-Master", usual());
    let password_file = folder.path().join("target-master");
    std::fs::write(&password_file, "Target-Master\n").unwrap();
    let ways = ["--source-sign-in", "kerio-master", "--target-sign-in", "master", "--target-master-user", "boss"];
    let more = ["--target-name-form", "local", "--target-master-password-file", password_file.to_str().unwrap()];
    let more = [&ways[..], &more[..]].concat();
    let ended = kimt(folder.path(), source_port, target_port, &more)
        .env("KIMT_SOURCE_MASTER_PASSWORD", "Source-Master")
        .output()
        .unwrap();
    assert_eq!(ended.status.code(), Some(0), "{}", text(&ended));
    assert_eq!(to.store().snapshot("ann*boss").unwrap().messages(), 4);
    std::fs::remove_file(password_file).unwrap();
    let found = Command::new("grep").args(["-rE", "(Source|Target)-Master"]).arg(folder.path()).output().unwrap();
    assert!(found.stdout.is_empty(), "{}", String::from_utf8_lossy(&found.stdout));
    assert!(!text(&ended).contains("-Master"), "{}", text(&ended));
}

#[test]
fn a_token_command_sees_none_of_our_passwords() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("accounts.csv"), "ann@example.com;own\n").unwrap();
    let script = folder.path().join("give-token");
    let seen = folder.path().join("seen");
    std::fs::write(&script, format!("#!/bin/sh\nenv > '{}'\necho token\n", seen.display())).unwrap();
    std::fs::set_permissions(&script, PermissionsExt::from_mode(0o700)).unwrap();
    let (_from, port) = server(&[ANN], "secret", usual());
    let front = Front::start(port, "AUTH=XOAUTH2", |_, response| match response {
        b"user=ann@example.com\x01auth=Bearer token\x01\x01" => Verdict::Enter(ANN),
        _ => Verdict::Refuse(None),
    });
    let (_to, target_port) = server(&[ANN], "own", usual());
    let command = script.to_str().unwrap();
    let ended =
        kimt(folder.path(), front.port, target_port, &["--source-sign-in", "token", "--source-token-command", command])
            .env("KIMT_ADMIN_PASSWORD", "Geheim-1")
            .env("KIMT_SOURCE_MASTER_PASSWORD", "Geheim-2")
            .env("KIMT_TARGET_MASTER_PASSWORD", "Geheim-3")
            .output()
            .unwrap();
    assert_eq!(ended.status.code(), Some(0), "{}", text(&ended));
    let seen = std::fs::read_to_string(seen).unwrap();
    assert!(seen.contains("HOME=") && !seen.contains("Geheim"), "{seen}");
}

#[test]
fn options_that_do_not_fit_together_end_with_2_before_anything_is_sent() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("accounts.csv"), "ann@example.com\n").unwrap();
    let (from, port) = server(&[ANN], "secret", usual());
    let ways: [(&[&str], &str); 4] = [
        (&["--source-sign-in", "master"], "--source-master-user"),
        (&["--source-sign-in", "kerio-master"], "KIMT_SOURCE_MASTER_PASSWORD"),
        (&["--source-sign-in", "token", "--source-master-user", "boss"], "only works with"),
        (&[], "has no password"),
    ];
    for (more, words) in ways {
        let ended = kimt(folder.path(), port, port, more).output().unwrap();
        assert_eq!(ended.status.code(), Some(2), "{}", text(&ended));
        assert!(text(&ended).contains(words), "{more:?}: {}", text(&ended));
    }
    assert_eq!(from.transcripts().len(), 0);
}
