//! The two programs of docs/sign-in.md that get tokens, as that page has them, before a scripted token server.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::mpsc::{Receiver, channel};

/// A code block of the document, by its first line.
fn documented(first: &str) -> String {
    let document = include_str!("../../docs/sign-in.md");
    let start = document.find(first).unwrap_or_else(|| panic!("no block begins with {first}"));
    let block = &document[start..];
    block[..block.find("\n```").unwrap() + 1].to_owned()
}

/// Answers one request with a token; hands out its target and its body.
fn token_server() -> (u16, Receiver<(String, String)>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (sender, asked) = channel();
    std::thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        let mut lines = BufReader::new(stream);
        let (mut request, mut length) = (String::new(), 0);
        lines.read_line(&mut request).unwrap();
        loop {
            let mut line = String::new();
            lines.read_line(&mut line).unwrap();
            match line.trim_end().split_once(": ") {
                Some((name, value)) if name.eq_ignore_ascii_case("content-length") => length = value.parse().unwrap(),
                Some(_) => {}
                None => break,
            }
        }
        let mut body = vec![0; length];
        lines.read_exact(&mut body).unwrap();
        let answer = r#"{"token_type":"Bearer","expires_in":3599,"access_token":"the-token"}"#;
        let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n";
        let response = format!("{head}Content-Length: {}\r\n\r\n{answer}", answer.len());
        lines.get_mut().write_all(response.as_bytes()).unwrap();
        let _ = sender.send((request.split(' ').nth(1).unwrap().to_owned(), String::from_utf8(body).unwrap()));
    });
    (port, asked)
}

fn program(folder: &Path, name: &str, text: &str) -> Command {
    let path = folder.join(name);
    std::fs::write(&path, text).unwrap();
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o700)).unwrap();
    let mut command = Command::new(path);
    command.env("NO_PROXY", "127.0.0.1");
    command
}

fn token(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout.clone()).unwrap()
}

#[test]
fn the_documented_client_credentials_of_microsoft_get_a_token() {
    let folder = tempfile::tempdir().unwrap();
    let (port, asked) = token_server();
    let secrets = folder.path().join("microsoft");
    std::fs::write(&secrets, "TENANT_ID=tenant\nCLIENT_ID=client\nCLIENT_SECRET=s%26cret\n").unwrap();
    let script = documented("#!/bin/sh\n# The secret goes");
    let here = script.replace("https://login.microsoftonline.com", &format!("http://127.0.0.1:{port}"));
    let here = here.replace("/etc/kimt/microsoft", secrets.to_str().unwrap());
    assert_ne!(here, script);
    let output = program(folder.path(), "microsoft-token", &here).arg("ann@example.com").output().unwrap();
    assert_eq!(token(&output), "the-token\n");
    let (target, body) = asked.recv().unwrap();
    assert_eq!(target, "/tenant/oauth2/v2.0/token");
    let scope = "https%3A%2F%2Foutlook.office365.com%2F.default";
    let expected = format!("grant_type=client_credentials&client_id=client&client_secret=s%26cret&scope={scope}");
    assert_eq!(body.trim_end(), expected);
}

#[test]
fn the_documented_service_account_of_gmail_gets_a_token_for_the_person() {
    let folder = tempfile::tempdir().unwrap();
    let (port, asked) = token_server();
    let key = Command::new("openssl").args(["genrsa", "2048"]).output().unwrap();
    let key_file = serde_json::json!({
        "type": "service_account",
        "client_email": "mover@project.iam.gserviceaccount.com",
        "private_key": String::from_utf8(key.stdout).unwrap(),
        "token_uri": format!("http://127.0.0.1:{port}/token"),
    });
    let key_path = folder.path().join("key.json");
    std::fs::write(&key_path, key_file.to_string()).unwrap();
    let packages = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/test-servers/google-auth");
    assert!(packages.exists(), "{} is missing: run scripts/test, which unpacks it", packages.display());
    let script = documented("#!/usr/bin/env python3\n# Needs: pip install google-auth");
    let mut command =
        program(folder.path(), "gmail-token", &script.replace("/usr/bin/env python3", "/usr/bin/python3"));
    let output = command.arg(&key_path).arg("ann@old.example").env("PYTHONPATH", packages).output().unwrap();
    assert_eq!(token(&output), "the-token\n");
    let (_, body) = asked.recv().unwrap();
    let assertion = body.split('&').find_map(|part| part.strip_prefix("assertion=")).unwrap();
    // Base64 of the claims, with the letters for use in addresses (RFC 4648, section 5) and without padding.
    let mut claims = assertion.split('.').nth(1).unwrap().replace('-', "+").replace('_', "/");
    claims.extend(std::iter::repeat_n('=', (4 - claims.len() % 4) % 4));
    let claims: serde_json::Value = serde_json::from_slice(&super::front::decode(&claims)).unwrap();
    assert_eq!(claims["sub"], "ann@old.example");
    assert_eq!(claims["scope"], "https://mail.google.com/");
    assert_eq!(claims["iss"], "mover@project.iam.gserviceaccount.com");
}
