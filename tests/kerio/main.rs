//! The client of the administration API before a scripted server: sign-in, sessions, refusals, and answers that are none.

#![allow(clippy::unwrap_used)] // A failed step of a test ends the test.

#[path = "../support/embedded/mod.rs"]
mod embedded;

mod ports;
mod scripted;
mod shared_mailbox;
mod standin;
mod users;
mod whole;

use kimt::domain::{Address, Alert, ProblemKind, Security};
use kimt::kerio::{Administration, KerioError};
use kimt::network::Trust;
use scripted::{PASSWORD, Reply, Server, usual};
use serde_json::json;
use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

#[test]
fn a_session_shows_its_token_and_all_cookies_and_signs_out() {
    let server = Server::start(|call| match call.method.as_str() {
        "Session.whoAmI" => Reply::Result(json!({"userDetails": {"effectiveRole": {"userRole": "FullAdmin"}}})),
        _ => usual(call),
    });
    let administration = server.sign_in().unwrap();
    assert_eq!(administration.product(), "Kerio Connect 10.0.8.9228");
    assert!(administration.rights().unwrap().may_manage);
    let call = server.last("Session.whoAmI");
    assert_eq!((call.token.as_str(), call.cookie.as_str()), ("f00d", "ANY_NAME=1; Other=2"));
    let login = server.last("Session.login");
    assert_eq!(login.params["password"], PASSWORD);
    assert!(login.params["application"]["vendor"].is_string());
    drop(administration);
    assert_eq!(server.count("Session.logout"), 1);
}

#[test]
fn an_auditor_may_not_manage() {
    let server = Server::start(|call| match call.method.as_str() {
        "Session.whoAmI" => Reply::Result(json!({"userDetails": {"effectiveRole": {"userRole": "Auditor"}}})),
        _ => usual(call),
    });
    assert!(!server.sign_in().unwrap().rights().unwrap().may_manage);
}

#[test]
fn a_refused_administrator_is_reported_and_no_password_shows() {
    let server = Server::start(|call| match call.method.as_str() {
        "Session.login" => Reply::Error(1000, "Login failed. Invalid user name or password."),
        _ => usual(call),
    });
    let error = server.sign_in().err().unwrap();
    let problem = error.problem(None);
    assert_eq!(problem.kind, ProblemKind::AdministratorRefused);
    assert!(problem.sentence().contains("Login failed. Invalid user name or password"));
    assert!(!format!("{error:?}{problem:?}").contains(PASSWORD));
    assert_eq!(server.count("Session.login"), 1);
}

#[test]
fn an_administrator_with_a_second_factor_is_shown_another_way() {
    let server = Server::start(|_| Reply::Error(1000, "Two-factor authentication required."));
    let sentence = server.sign_in().err().unwrap().problem(None).sentence();
    assert!(sentence.contains("built-in administrator"), "{sentence}");
}

#[test]
fn an_expired_session_is_renewed_once_for_all_workers() {
    let sign_ins = Arc::new(AtomicUsize::new(0));
    let counted = sign_ins.clone();
    let server = Server::start(move |call| match call.method.as_str() {
        "Session.login" => {
            let number = counted.fetch_add(1, Ordering::SeqCst);
            Reply::Result(json!({"token": format!("token-{number}")}))
        }
        // The first token holds until somebody asks who they are.
        "Session.whoAmI" if call.token == "token-0" => Reply::Error(-32001, "Session expired."),
        "Session.whoAmI" => Reply::Result(json!({"userDetails": {"effectiveRole": {"userRole": "FullAdmin"}}})),
        _ => usual(call),
    });
    let administration = server.sign_in().unwrap();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| assert!(administration.rights().unwrap().may_manage));
        }
    });
    assert_eq!(sign_ins.load(Ordering::SeqCst), 2);
}

#[test]
fn an_expired_session_announced_by_http_is_renewed_too() {
    let expired = AtomicBool::new(true);
    let server = Server::start(move |call| match call.method.as_str() {
        "Session.whoAmI" if expired.swap(false, Ordering::SeqCst) => {
            Reply::Raw("HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n".to_owned())
        }
        "Session.whoAmI" => Reply::Result(json!({"userDetails": {"effectiveRole": {"userRole": "FullAdmin"}}})),
        _ => usual(call),
    });
    assert!(server.sign_in().unwrap().rights().unwrap().may_manage);
}

#[test]
fn a_refused_renewal_is_never_tried_again() {
    let first = AtomicBool::new(true);
    let server = Server::start(move |call| match call.method.as_str() {
        "Session.login" if first.swap(false, Ordering::SeqCst) => usual(call),
        "Session.login" => Reply::Error(1000, "Login failed."),
        "Session.whoAmI" => Reply::Error(-32001, "Session expired."),
        _ => usual(call),
    });
    let administration = server.sign_in().unwrap();
    for _ in 0..3 {
        assert!(matches!(administration.rights(), Err(KerioError::SignInRefused(_))));
    }
    assert_eq!(server.count("Session.login"), 2);
}

#[test]
fn a_session_that_no_renewal_helps_is_a_matter_of_rights() {
    let server = Server::start(|call| match call.method.as_str() {
        "Session.whoAmI" => Reply::Error(-32001, "User Anonymous does not have administrator rights"),
        _ => usual(call),
    });
    let error = server.sign_in().unwrap().rights().unwrap_err();
    assert_eq!(error.problem(None).kind, ProblemKind::AdministratorRights);
    assert_eq!(server.count("Session.whoAmI"), 2);
}

fn page(head: &str, body: &str) -> Reply {
    Reply::Raw(format!("HTTP/1.1 {head}\r\nContent-Length: {}\r\n\r\n{body}", body.len()))
}

#[test]
fn what_is_not_the_api_is_named() {
    type Answering = fn() -> Reply;
    let cases: [(Answering, &str); 7] = [
        (|| page("200 OK", "<!DOCTYPE html><html></html>"), "web page"),
        (|| page("500 Internal Server Error", "<html></html>"), "HTTP status 500"),
        (|| page("302 Found\r\nLocation: https://elsewhere/", ""), "https://elsewhere/"),
        (|| page("307 Temporary Redirect\r\nLocation: https://elsewhere/", ""), "https://elsewhere/"),
        (|| Reply::Stray, "another request"),
        (|| Reply::Result(json!({})), "no token"),
        (|| Reply::Raw("* OK IMAP4rev1 server ready\r\n".to_owned()), "HTTP"),
    ];
    for (reply, expected) in cases {
        let server = Server::start(move |_| reply());
        let problem = server.sign_in().err().unwrap().problem(None);
        assert_eq!(problem.kind, ProblemKind::WrongProtocol, "{problem}");
        assert!(problem.sentence().contains(expected), "{problem}");
        assert_eq!(server.calls.lock().unwrap().len(), 1);
    }
}

#[test]
fn an_answer_without_end_is_not_read_to_its_end() {
    let server = Server::start(|_| Reply::Huge(100));
    let error = server.sign_in().err().unwrap();
    assert!(error.to_string().contains("larger than 8 MB"), "{error}");
}

#[test]
fn a_call_ends_at_its_time_limit_whatever_the_server_does() {
    for slow in [|| Reply::Drip, || Reply::Hang] {
        let server = Server::start(move |_| slow());
        let start = Instant::now();
        let error = server.sign_in().err().unwrap();
        assert!(matches!(error, KerioError::TooSlow(_)), "{error:?}");
        assert!(start.elapsed() < Duration::from_secs(5));
    }
}

/// The head of a TLS record of 16 KB, then an byte now and then.
fn drip_a_record(mut tcp: std::net::TcpStream) -> std::io::Result<()> {
    tcp.write_all(&[0x16, 3, 3, 0x40, 0])?;
    loop {
        tcp.write_all(&[2])?;
        std::thread::sleep(Duration::from_millis(100));
    }
}

#[test]
fn even_a_handshake_that_drips_ends_at_the_time_limit() {
    let mut server = Server::start(usual);
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    server.endpoint.port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for tcp in listener.incoming().flatten() {
            std::thread::spawn(move || drip_a_record(tcp));
        }
    });
    let start = Instant::now();
    assert!(matches!(server.sign_in().err().unwrap(), KerioError::TooSlow(_)));
    assert!(start.elapsed() < Duration::from_secs(5));
}

#[test]
fn a_hung_call_of_one_worker_does_not_hold_the_others() {
    let server = Server::start(|call| match call.method.as_str() {
        "Services.get" => Reply::Hang,
        "Session.whoAmI" => Reply::Result(json!({"userDetails": {"effectiveRole": {"userRole": "FullAdmin"}}})),
        _ => usual(call),
    });
    let administration = server.sign_in().unwrap();
    std::thread::scope(|scope| {
        let hung = scope.spawn(|| administration.imap_port(Security::Tls));
        std::thread::sleep(Duration::from_millis(200));
        let start = Instant::now();
        administration.rights().unwrap();
        assert!(start.elapsed() < Duration::from_secs(1));
        let ann = Address::parse("ann@example.com").unwrap();
        assert_eq!(hung.join().unwrap().unwrap_err().problem(Some(&ann)).kind, ProblemKind::ConnectionLost);
    });
}

#[test]
fn nothing_is_sent_to_a_server_that_is_not_trusted() {
    let mut server = Server::start(usual);
    server.endpoint.trust = Trust::default();
    let error = server.sign_in().err().unwrap();
    let (details, changed_from) = error.certificate().unwrap();
    assert!(changed_from.is_none());
    let fingerprint = details.fingerprint;
    assert_eq!(error.problem(None).kind, ProblemKind::CertificateUnknown);
    assert!(server.calls.lock().unwrap().is_empty());
    server.endpoint.trust.pinned = Some(fingerprint);
    assert!(server.sign_in().is_ok());
    server.endpoint.trust.pinned = Some(kimt::domain::Fingerprint([1; 32]));
    let changed: Result<Administration, KerioError> = server.sign_in();
    assert_eq!(changed.err().unwrap().problem(None).kind, ProblemKind::CertificateChanged);
}

#[test]
fn seats_are_counted_from_whatever_the_server_offers() {
    let server = Server::start(|call| match call.method.as_str() {
        "ProductRegistration.getFullStatus" => Reply::Result(json!({"status": {"users": -2}})),
        "Users.getMailboxCount" => Reply::Result(json!({"count": {"active": 3, "total": 4}})),
        "Domains.get" => Reply::Result(json!({"list": [{"id": "d", "name": "example.com", "isPrimary": true}]})),
        "Server.getAlertList" => Reply::Result(json!({"alerts": [
            {"alertName": "LicenseExpired", "alertType": "Critical"},
            {"alertName": "SomethingNew", "alertType": "Warning", "currentValue": "7"},
            {"alertName": "Chatter", "alertType": "Info"},
        ]})),
        _ => usual(call),
    });
    let administration = server.sign_in().unwrap();
    let seats = administration.seats().unwrap();
    assert_eq!((seats.used, seats.allowed), (3, None));
    let warnings = administration.warnings();
    let unknown = Alert::Other { name: "SomethingNew".into(), value: "7".into() };
    assert_eq!(warnings, [Alert::LicenceExpired, unknown]);
}
