//! What is known of the big providers, by the names under which they are reached: a proxy that takes every name to a server of this computer
//! stands for them, and each refuses or asks to wait in the words that it is known for.

use super::proxy::{Kind, TestProxy};
use super::{PASSWORD, named};
use kimt::domain::{Account, Address, Problem, ProblemKind, Secret, Security, ServerAddress};
use kimt::migrate::{self, Lines, MailServer, Options, Request, Servers, TargetKind};
use kimt::progress::{RunKind, RunState, Stamped};
use kimt::rehearsal::{ImapOptions, ImapServer, ImapService, Layout, MailService, MailStore, Profile};
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};

const ANN: &str = "ann@example.com";

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
    let store = MailStore::new(Layout::SLASH);
    store.create_user(&[ANN], PASSWORD).unwrap();
    let target = ImapServer::start(store, ImapOptions::new(Profile::Typical)).unwrap();
    let target_port = target.listen(ImapService::Imap, 0).unwrap();
    let at = |host: &str, port| ServerAddress { host: host.to_owned(), port: Some(port) };
    let servers = Servers {
        proxy: Some(named(&proxy, "")),
        cleartext_passwords_allowed: true,
        ..Servers::between(
            MailServer { lines: Lines::default(), ..MailServer::at(at(host, port), Security::Plain) },
            MailServer::at(at("target.inside.example", target_port), Security::Plain),
            TargetKind::Imap,
        )
    };
    let folder = tempfile::tempdir().unwrap();
    let account = Account::new(1, Address::parse(ANN).unwrap(), Secret::new(PASSWORD));
    let options = Options::in_folder(folder.path().join("state"));
    let request = Request::of(RunKind::Migrate, servers, vec![account], options);
    migrate::start(request, folder.path().to_owned(), Box::new(|_: &Stamped, _: &RunState| {})).unwrap().wait()
}

fn problem(host: &str, port: u16) -> Problem {
    let state = migrate_from(host, port);
    let problems = &state.accounts[0].problems;
    assert_eq!(problems.len(), 1, "{:?} {problems:?}", state.problems);
    problems[0].1.clone()
}

#[test]
fn a_refused_password_is_told_with_what_the_provider_takes_instead() {
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
            "Yahoo and AOL take app passwords only",
        ),
        (
            "imap.mail.me.com",
            "iCloud IMAP ready",
            plain,
            "NO [AUTHENTICATIONFAILED] Authentication Failed",
            ProblemKind::PasswordRefused,
            "iCloud takes app passwords only",
        ),
        (
            "imap.gmx.net",
            "IMAP server ready H migmx",
            plain,
            "NO LOGIN failed",
            ProblemKind::PasswordRefused,
            "switched IMAP on",
        ),
    ] {
        let problem = problem(host, refusing(greeting, capabilities, answer));
        assert_eq!(problem.kind, kind, "{host}: {problem:?}");
        assert!(problem.words.contains(words), "{host}: {problem:?}");
    }
}

#[test]
fn exchange_without_plain_is_signed_in_to_by_login_and_its_refusal_stays_a_refused_password() {
    let greeting = "The Microsoft Exchange IMAP4 service is ready.";
    let port = refusing(greeting, "AUTH=NTLM AUTH=GSSAPI UIDPLUS IDLE NAMESPACE", "NO LOGIN failed.");
    let problem = problem("mail.company.example", port);
    assert_eq!((problem.kind, problem.words.as_str()), (ProblemKind::PasswordRefused, "LOGIN failed."));
}
