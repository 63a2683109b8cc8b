//! Whole migrations between two embedded servers, compared message by message with code that shares nothing with the engine.

use kimt::domain::{Account, Address, Secret, Security, ServerAddress, SpecialUse};
use kimt::migrate::{Options, Request, Servers, SourceServer, TargetKind, TargetServer, Verify};
use kimt::progress::{RunKind, RunState, Stamped, Verdict};
use kimt::rehearsal::{
    Content, FaultPlan, ImapOptions, ImapServer, ImapService, Layout, MailService, MailStore, NewMessage, Profile,
    wire_name,
};
use std::sync::Arc;
use std::time::{Duration, Instant};

const ANN: &str = "ann@example.com";

/// A server, and how it is reached.
struct End {
    server: ImapServer,
    port: u16,
    security: Security,
}

impl End {
    fn start(store: Arc<MailStore>, options: ImapOptions, security: Security) -> Self {
        let server = ImapServer::start(store, options).unwrap();
        let service = if security == Security::Tls { ImapService::SecureImap } else { ImapService::Imap };
        let port = server.listen(service, 0).unwrap();
        Self { server, port, security }
    }

    fn address(&self) -> ServerAddress {
        ServerAddress { host: "127.0.0.1".to_owned(), port: Some(self.port) }
    }
}

fn store(layout: Layout) -> Arc<MailStore> {
    let store = MailStore::new(layout);
    store.create_user(&[ANN], "secret").unwrap();
    store
}

fn message(octets: &[u8], flags: &[&str], date: &str) -> NewMessage {
    NewMessage {
        content: Content::octets(octets),
        flags: flags.iter().map(|flag| (*flag).to_owned()).collect(),
        date: chrono::DateTime::parse_from_rfc3339(date).unwrap(),
    }
}

/// Everything a mailbox may hold: every flag, old dates, equal messages, odd octets, deep folders, names in other scripts.
fn fill(store: &MailStore) {
    let separator = char::from(store.layout().separator);
    let below = |parts: &[&str]| parts.join(&separator.to_string());
    let prefix = |name: &str| if separator == '.' { format!("INBOX.{name}") } else { name.to_owned() };
    let twice = b"Subject: twice\r\n\r\nTwice.\r\n";
    let inbox = vec![
        message(twice, &["\\Seen", "\\Answered"], "2001-02-03T04:05:06+00:00"),
        message(twice, &["\\Flagged", "$Forwarded"], "2019-12-31T23:59:59-08:00"),
        message(b"no header at all", &[], "1999-01-01T00:00:00+05:45"),
        message(
            b"Subject: \xfc\xff\r\n\r\n\r\n.\r\nbare \r and bare \n and (K9 OK done)\r\n",
            &["\\Draft"],
            "2024-02-29T12:00:00+13:00",
        ),
        message(b"\r\n", &["\\Seen"], "2024-06-07T08:09:10+02:00"),
    ];
    store.add_all(ANN, "INBOX", inbox).unwrap();
    store.add_generated(ANN, "INBOX", 300, 2_000, 1).unwrap();
    store.add_generated(ANN, "INBOX", 1, 3_000_000, 9_000).unwrap();
    for (folder, messages) in [
        (prefix(&below(&["Entwürfe & mehr", "台北", "😀"])), 3),
        (prefix("Sent"), 20),
        (prefix("a \"quoted\" \\ name"), 1),
        (prefix("Empty"), 0),
    ] {
        store.create_folder(ANN, &folder).unwrap();
        store.add_generated(ANN, &folder, messages, 5_000, folder.len() as u64 * 1_000).unwrap();
        store.set_subscribed(ANN, &folder, true).unwrap();
    }
    store.set_special_use(ANN, &prefix("Sent"), Some(SpecialUse::Sent)).unwrap();
}

fn request(kind: RunKind, source: &End, target: &End, folder: &std::path::Path) -> Request {
    let account = Account {
        line: 1,
        address: Address::parse(ANN).unwrap(),
        password: Secret::new("secret"),
        full_name: "Ann".to_owned(),
    };
    std::fs::create_dir_all(folder.join("logs")).unwrap();
    Request {
        kind,
        servers: Servers {
            source: SourceServer {
                address: source.address(),
                security: source.security,
                fingerprint: Some(source.server.fingerprint()),
            },
            target: TargetServer {
                address: target.address(),
                security: target.security,
                fingerprint: Some(target.server.fingerprint()),
                kind: TargetKind::Imap,
            },
            authority_files: Vec::new(),
            cleartext_passwords_allowed: false,
        },
        accounts: vec![account],
        bad_lines: Vec::new(),
        selection: kimt::domain::Selection::default(),
        options: Options {
            jobs: 2,
            verify: Verify::Content,
            repair: false,
            state_folder: folder.join("state"),
            log_folder: folder.join("logs"),
        },
    }
}

/// Runs to the end, or fails when that takes a minute. Does not wait long before it tries a server again.
fn run(request: Request) -> RunState {
    let run = kimt::migrate::start(request, Box::new(|_: &Stamped, _: &RunState| {})).unwrap();
    let started = Instant::now();
    while !run.is_finished() {
        assert!(started.elapsed() < Duration::from_secs(60), "{:?}", run.state().lock().unwrap());
        run.try_now();
        std::thread::sleep(Duration::from_millis(5));
    }
    run.wait()
}

/// Migrates, and makes sure of everything that must hold then; `named` tells how a source folder is called on the target.
fn migrate_and_compare(source: &End, target: &End, named: impl Fn(&str) -> String) {
    let folder = tempfile::tempdir().unwrap();
    let before = source.server.store().snapshot(ANN).unwrap();
    let state = run(request(RunKind::Migrate, source, target, folder.path()));
    assert_eq!(state.verdict(), Verdict::AllComplete, "{:#?} {:#?}", state.problems, state.accounts[0].problems);
    assert_eq!(state.tally.copied.messages as usize, before.messages());
    assert_eq!(state.tally.checked.messages as usize, before.messages());
    assert!(source.server.store().snapshot(ANN).unwrap() == before, "the source was changed");
    assert_eq!(source.server.store().changes_seen(ANN).unwrap(), [""; 0]);
    let after = target.server.store().snapshot(ANN).unwrap();
    for (name, there) in &before.folders {
        let name = named(std::str::from_utf8(name).unwrap());
        let here = after
            .folders
            .get(name.as_bytes())
            .unwrap_or_else(|| panic!("{name} is missing: {:?}", after.folders.keys()));
        assert!(here.contents() == there.contents(), "{name} is not the same");
        assert!(here.subscribed || !there.subscribed, "{name} is not subscribed");
    }
    assert_eq!(after.messages(), before.messages());

    let again = run(request(RunKind::Migrate, source, target, folder.path()));
    assert_eq!(
        (again.verdict(), again.tally.copied.messages),
        (Verdict::AllComplete, 0),
        "{:#?}",
        again.accounts[0].problems
    );
    assert!(target.server.store().snapshot(ANN).unwrap() == after, "the second run changed the target");
    let verified = run(request(RunKind::Verify, source, target, folder.path()));
    assert_eq!(verified.verdict(), Verdict::AllComplete, "{:#?}", verified.accounts[0].problems);
}

fn same(name: &str) -> String {
    name.to_owned()
}

fn between(source: Profile, target: Profile, security: Security) {
    let from = store(Layout::SLASH);
    fill(&from);
    let source = End::start(from, ImapOptions::new(source), security);
    let target = End::start(store(Layout::SLASH), ImapOptions::new(target), security);
    migrate_and_compare(&source, &target, same);
}

#[test]
fn a_mailbox_arrives_unchanged_between_bare_servers() {
    between(Profile::Bare, Profile::Bare, Security::Plain);
}

#[test]
fn a_mailbox_arrives_unchanged_between_typical_servers() {
    between(Profile::Typical, Profile::Typical, Security::StartTls);
}

#[test]
fn a_mailbox_arrives_unchanged_between_rich_servers() {
    between(Profile::Rich, Profile::Rich, Security::Tls);
}

#[test]
fn a_mailbox_arrives_unchanged_from_a_server_with_dots_and_a_prefix_in_kerio() {
    let from = store(Layout::DOT);
    fill(&from);
    let source = End::start(
        from,
        ImapOptions { personal_prefix: "INBOX.".to_owned(), ..ImapOptions::new(Profile::Typical) },
        Security::Tls,
    );
    let target = End::start(store(Layout::KERIO), ImapOptions::kerio(Profile::Typical), Security::StartTls);
    let named = |name: &str| match name.strip_prefix("INBOX.") {
        Some("Sent") => "Sent Items".to_owned(),
        Some(own) => own.replace('.', "/"),
        None => name.to_owned(),
    };
    migrate_and_compare(&source, &target, named);
}

#[test]
fn names_travel_as_the_servers_expect_them() {
    let from = store(Layout::SLASH);
    from.create_folder(ANN, "Проекты/2024").unwrap();
    let source = End::start(from, ImapOptions::new(Profile::Bare), Security::Tls);
    let target = End::start(store(Layout::DOT), ImapOptions::new(Profile::Rich), Security::Tls);
    let folder = tempfile::tempdir().unwrap();
    run(request(RunKind::Migrate, &source, &target, folder.path()));
    let folders = target.server.store().snapshot(ANN).unwrap().folders;
    assert!(folders.contains_key(&wire_name("Проекты.2024")), "{:?}", folders.keys());
}

/// Cuts a connection at every step of a run in turn; the run goes on by itself and must leave every message exactly once.
fn cut_at_every_step(source_profile: Profile, target_profile: Profile, verify: Verify) {
    let from = store(Layout::SLASH);
    from.create_folder(ANN, "Work/Ideas").unwrap();
    from.add_generated(ANN, "Work/Ideas", 3, 400, 50).unwrap();
    from.add_generated(ANN, "INBOX", 4, 400, 1).unwrap();
    from.add_all(ANN, "INBOX", vec![NewMessage::new(Content::octets(&b"Subject: twice\r\n\r\n"[..])); 2]).unwrap();
    let before = from.snapshot(ANN).unwrap();
    let mut step = 0;
    loop {
        let plan = Arc::new(FaultPlan::cut_at(step));
        let source = End::start(from.clone(), ImapOptions::new(source_profile), Security::Plain);
        let target = End::start(store(Layout::SLASH), ImapOptions::new(target_profile), Security::Plain);
        let folder = tempfile::tempdir().unwrap();
        for end in [&source, &target] {
            end.server.set_faults(Some(plan.clone()));
        }
        let mut request = request(RunKind::Migrate, &source, &target, folder.path());
        request.options.verify = verify;
        let mut state = run(request.clone());
        if state.verdict() == Verdict::CouldNotStart {
            state = run(request);
        }
        let after = target.server.store().snapshot(ANN).unwrap();
        let told = (&state.problems, &state.accounts[0].problems, &state.tally, after.folder("INBOX"));
        assert_eq!(state.verdict(), Verdict::AllComplete, "step {step}: {told:?}");
        for (name, there) in &before.folders {
            let here = after.folders.get(name).map(|folder| folder.contents());
            assert!(here.as_ref() == Some(&there.contents()), "step {step}: {:?}", after);
        }
        assert!(from.snapshot(ANN).unwrap() == before && from.changes_seen(ANN).unwrap().is_empty(), "step {step}");
        if !plan.has_cut() {
            break;
        }
        step += 1;
    }
    assert!(step > 100, "{step}");
}

#[test]
fn a_run_cut_at_any_step_leaves_every_message_exactly_once_in_batches() {
    cut_at_every_step(Profile::Rich, Profile::Rich, Verify::Content);
}

#[test]
fn a_run_cut_at_any_step_leaves_every_message_exactly_once_without_uids() {
    cut_at_every_step(Profile::Bare, Profile::Bare, Verify::Content);
}
