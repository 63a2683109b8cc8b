use super::super::pages::servers::{ServersPage, Test};
use super::*;
use crate::domain::{CertificateDetails, Doubt, Finding, Fingerprint, Problem, ProblemKind, Side};
use crate::settings::Way;

/// Something that is filled in, or found, on page 1.
type Change = fn(&mut ServersPage);

/// The application with both servers filled in, as it is before anything was begun.
fn filled(folder: &std::path::Path) -> App {
    let folders = Folders { state: folder.join("state"), logs: folder.join("logs") };
    let mut app = App::new(&Context::default(), folders, None);
    let page = &mut app.wizard.servers;
    (page.source.address, page.target.address) = ("mail.example.com".into(), "kerio.example.com".into());
    (page.administrator.name, page.administrator.password) = ("admin".into(), String::from("geheim").into());
    app
}

/// A server's certificate that nobody knows.
fn unknown_certificate() -> Test {
    let details = CertificateDetails {
        subject: "mail.example.com".into(),
        issuer: "mail.example.com".into(),
        valid_from: "2026-01-03".into(),
        valid_until: "2035-01-03".into(),
        fingerprint: Fingerprint([0x3a; 32]),
        distrust: crate::domain::Distrust::SelfSigned,
    };
    let host = "mail.example.com".into();
    let doubt = Doubt { side: Side::Source, host, port: 993, details, changed_from: None };
    let finding = Finding::of(Problem::new(ProblemKind::CertificateUnknown).on(Side::Source));
    Test::Done(vec![Finding { certificate: Some(doubt), ..finding }])
}

#[test]
fn next_waits_for_every_answer_of_hers_and_continues_with_the_last() {
    let folder = tempfile::tempdir().unwrap();
    let asking: [Change; 3] = [
        |page| (page.source.ssl, page.source.starttls_refused) = (false, true),
        |page| (page.target.ssl, page.target.starttls_refused) = (false, true),
        |page| page.source_test = unknown_certificate(),
    ];
    for (number, ask) in asking.into_iter().enumerate() {
        let mut app = filled(folder.path());
        ask(&mut app.wizard.servers);
        app.wizard.servers.next = true;
        app.take_news();
        assert!(app.wizard.servers.next && app.wizard.page == Page::Servers, "question {number}");
        let page = &mut app.wizard.servers;
        (page.source.agreed, page.target.agreed) = (true, true);
        (page.source_test, page.target_test) = (Test::Done(vec![]), Test::Done(vec![]));
        app.take_news();
        assert!(!app.wizard.servers.next && app.wizard.page == Page::Accounts, "question {number}");
    }
}

#[test]
fn what_a_check_found_is_void_once_anything_is_changed_that_it_depends_on() {
    let folder = tempfile::tempdir().unwrap();
    let changes: [(&str, Change); 10] = [
        ("source", |page| page.source.address = "other.example.com".into()),
        ("its port", |page| page.source.port = "1993".into()),
        ("its protection", |page| page.source.ssl = false),
        ("its sign-in", |page| page.source_more.kept.way = Way::TokenCommand),
        ("target", |page| page.target.address = "other.example.com".into()),
        ("its kind", |page| page.other_imap = true),
        ("its sign-in", |page| page.target_more.kept.way = Way::TokenCommand),
        ("administrator", |page| page.administrator.name = "boss".into()),
        ("administration", |page| page.administrator.port = "4041".into()),
        ("rules", |page| page.rules = "exclude Archive*".into()),
    ];
    for (what, change) in changes {
        let mut app = filled(folder.path());
        (app.wizard.servers.source_more.kept.token, app.wizard.servers.target_more.kept.token) =
            ("a".into(), "a".into());
        app.wizard.accounts.begin_check();
        app.checked = app.checked_for();
        app.wizard.servers.source_more.kept.max_rate = "5 MB/s".into();
        app.wizard.servers.target_more.kept.max_connections = "3".into();
        app.show_accounts();
        assert!(app.wizard.accounts.has_check(), "with other limits the same is found");
        change(&mut app.wizard.servers);
        assert!(app.checked_for().is_some(), "{what}: it can still be begun");
        app.show_accounts();
        assert!(!app.wizard.accounts.has_check() && app.wizard.accounts.void, "{what}");
    }
}
