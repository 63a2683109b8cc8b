//! What is known about the big providers, by the names under which they are reached: a proxy that takes every name to a server of this computer
//! plays them, and each refuses or asks to wait in the words that it is known for.

use super::embedded::stage::Stage;
use super::named;
use super::proxy::{Kind, TestProxy};
use kimt::domain::{Problem, ProblemKind};
use kimt::progress::{RunKind, RunState};
use kimt::rehearsal::Profile;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};

/// A server that greets with these words and answers every sign-in so. Its port.
fn refusing(greeting: &'static str, capabilities: &'static str, answer: &'static str) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            std::thread::spawn(move || refuse(&stream, greeting, capabilities, answer));
        }
    });
    port
}

fn refuse(mut stream: &TcpStream, greeting: &str, capabilities: &str, answer: &str) -> std::io::Result<()> {
    write!(stream, "* OK {greeting}\r\n")?;
    for line in BufReader::new(stream).lines() {
        let line = line?;
        let Some((tag, command)) = line.split_once(' ') else { continue };
        match command.split(' ').next().unwrap_or_default().to_uppercase().as_str() {
            "CAPABILITY" => write!(stream, "* CAPABILITY IMAP4rev1 {capabilities}\r\n{tag} OK done\r\n")?,
            "LOGIN" | "AUTHENTICATE" => write!(stream, "{tag} {answer}\r\n")?,
            _ => write!(stream, "{tag} BAD no\r\n")?,
        }
    }
    Ok(())
}

/// A migration from such a server under a name that only the proxy knows.
fn migrate_from(host: &str, port: u16) -> RunState {
    let proxy = TestProxy::start(Kind::Socks5, None);
    let mut stage = Stage::between(Profile::Typical, Profile::Typical);
    (stage.source.host, stage.source.port) = (host.to_owned(), Some(port));
    stage.target.host = "target.inside.example".to_owned();
    let mut request = stage.request(RunKind::Migrate, stage.folder.path());
    request.servers.proxy = Some(named(&proxy, ""));
    request.servers.cleartext_passwords_allowed = true;
    stage.finish(request)
}

fn problem(host: &str, port: u16) -> Problem {
    let state = migrate_from(host, port);
    let problems = &state.accounts[0].problems;
    assert_eq!(problems.len(), 1, "{:?} {problems:?}", state.problems);
    problems[0].1.clone()
}

#[test]
fn a_refused_password_is_reported_with_what_the_provider_takes_instead() {
    // Greetings and refusals as these services are documented or quoted to send them.
    let plain = "AUTH=PLAIN SASL-IR";
    for (host, greeting, capabilities, answer, kind, words) in [
        (
            "imap.gmail.com",
            "Gimap ready for requests from 127.0.0.1",
            "UNSELECT IDLE NAMESPACE QUOTA ID XLIST CHILDREN X-GM-EXT-1 XYZZY SASL-IR AUTH=XOAUTH2 AUTH=PLAIN",
            "NO [AUTHENTICATIONFAILED] Invalid credentials (Failure)",
            ProblemKind::PasswordRefused,
            "app passwords and tokens",
        ),
        (
            "outlook.office365.com",
            "The Microsoft Exchange IMAP4 service is ready.",
            "AUTH=PLAIN AUTH=XOAUTH2 SASL-IR UIDPLUS MOVE ID UNSELECT CHILDREN IDLE NAMESPACE LITERAL+",
            "NO LOGIN failed.",
            ProblemKind::SignInNotOffered,
            "choose the sign-in with a token",
        ),
        (
            "imap.mail.yahoo.com",
            "[CAPABILITY IMAP4rev1] IMAP4rev1 Hello",
            plain,
            "NO [AUTHENTICATIONFAILED] LOGIN Invalid credentials",
            ProblemKind::PasswordRefused,
            "Yahoo and AOL accept only app passwords",
        ),
        (
            "imap.mail.me.com",
            "iCloud IMAP ready",
            plain,
            "NO [AUTHENTICATIONFAILED] Authentication Failed",
            ProblemKind::PasswordRefused,
            "iCloud accepts only app passwords",
        ),
        (
            "imap.gmx.net",
            "IMAP server ready H migmx",
            plain,
            "NO LOGIN failed",
            ProblemKind::PasswordRefused,
            "switched it on",
        ),
    ] {
        let problem = problem(host, refusing(greeting, capabilities, answer));
        assert_eq!(problem.kind, kind, "{host}: {problem:?}");
        assert!(problem.details().contains(words), "{host}: {problem:?}");
    }
}

#[test]
fn exchange_without_plain_is_signed_in_to_by_login_and_its_refusal_stays_a_refused_password() {
    let greeting = "The Microsoft Exchange IMAP4 service is ready.";
    let port = refusing(greeting, "AUTH=NTLM AUTH=GSSAPI UIDPLUS IDLE NAMESPACE", "NO LOGIN failed.");
    let problem = problem("mail.company.example", port);
    assert_eq!((problem.kind, problem.details().as_str()), (ProblemKind::PasswordRefused, "LOGIN failed."));
}
