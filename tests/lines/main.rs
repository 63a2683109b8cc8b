//! Lines to servers that are not straight: through proxies, over several addresses, under limits, with old and demanding TLS.

#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "../support/certificate.rs"]
mod certificate;
mod clear_text;
mod encryption;
mod providers;
mod proxy;
mod utf8;

use kimt::domain::{Account, Address, ProblemKind, Secret, Security, ServerAddress};
use kimt::migrate::{self, AdministrationServer, Lines, MailServer, Options, Proxy, Request, Servers, TargetKind};
use kimt::progress::{RunKind, RunState, Stamped, Verdict};
use kimt::rehearsal::administration::{AdministrationStandIn, StandInOptions};
use kimt::rehearsal::{ImapOptions, ImapServer, ImapService, Layout, MailService, MailStore, Profile};
use proxy::{Kind, TestProxy};
use std::sync::Arc;

const PEOPLE: [&str; 3] = ["ann@new.example", "ben@new.example", "cleo@new.example"];
const PASSWORD: &str = "Correct-Horse-9";
/// Names that only the proxy knows.
const SOURCE: &str = "source.inside.example";
const TARGET: &str = "target.inside.example";

/// Two servers and an administration that are reached only through a proxy.
struct World {
    source: ImapServer,
    source_port: u16,
    target: Arc<ImapServer>,
    administration: AdministrationStandIn,
}

impl World {
    fn new() -> Self {
        let store = MailStore::new(Layout::SLASH);
        for (number, person) in PEOPLE.into_iter().enumerate() {
            store.create_user(&[person], PASSWORD).unwrap();
            store.add_generated(person, "INBOX", 20, 2_000, number as u64 * 100).unwrap();
        }
        let source = ImapServer::start(store, ImapOptions::new(Profile::Typical)).unwrap();
        let source_port = source.listen(ImapService::Imap, 0).unwrap();
        let store = MailStore::new(Layout::KERIO);
        let target = Arc::new(ImapServer::start(store, ImapOptions::kerio(Profile::Typical)).unwrap());
        let administration = AdministrationStandIn::start(target.clone(), StandInOptions::usual().unwrap()).unwrap();
        Self { source, source_port, target, administration }
    }

    fn servers(&self, proxy: Proxy, lines: &Lines) -> Servers {
        let at = |host: &str, port| ServerAddress { host: host.to_owned(), port };
        let administration = AdministrationServer {
            address: at(TARGET, Some(self.administration.port())),
            user: "admin".to_owned(),
            password: Secret::new("administrator"),
            fingerprint: Some(self.administration.fingerprint()),
        };
        Servers {
            proxy: Some(proxy),
            ..Servers::between(
                MailServer {
                    fingerprint: Some(self.source.fingerprint()),
                    lines: lines.clone(),
                    ..MailServer::at(at(SOURCE, Some(self.source_port)), Security::StartTls)
                },
                MailServer {
                    fingerprint: Some(self.target.fingerprint()),
                    lines: lines.clone(),
                    ..MailServer::at(at(TARGET, None), Security::Tls)
                },
                TargetKind::Kerio(administration),
            )
        }
    }

    fn migrate(&self, proxy: Proxy, lines: &Lines) -> RunState {
        let folder = tempfile::tempdir().unwrap();
        let accounts = PEOPLE
            .into_iter()
            .zip(1..)
            .map(|(person, line)| Account::new(line, Address::parse(person).unwrap(), Secret::new(PASSWORD)));
        let request = Request::of(
            RunKind::Migrate,
            self.servers(proxy, lines),
            accounts.collect(),
            Options { jobs: 3, ..Options::in_folder(folder.path().join("state")) },
        );
        migrate::start(request, folder.path().to_owned(), Box::new(|_: &Stamped, _: &RunState| {})).unwrap().wait()
    }

    fn assert_all_arrived(&self, state: &RunState) {
        assert_eq!(state.verdict(), Verdict::AllComplete, "{state:#?}");
        for person in PEOPLE {
            let [there, here] = [self.source.store(), self.target.store()].map(|store| store.snapshot(person).unwrap());
            assert_eq!(here.folder("INBOX").unwrap().contents(), there.folder("INBOX").unwrap().contents());
        }
    }
}

/// The proxy as the user names it.
fn named(proxy: &TestProxy, identity: &str) -> Proxy {
    let scheme = if proxy.kind == Kind::Socks5 { "socks5" } else { "http" };
    Proxy::parse(&format!("{scheme}://{identity}127.0.0.1:{}", proxy.port)).unwrap()
}

#[test]
fn a_whole_migration_goes_through_either_kind_of_proxy_and_leaves_names_to_it() {
    for kind in [Kind::Socks5, Kind::Http] {
        let (world, proxy) = (World::new(), TestProxy::start(kind, None));
        let state = world.migrate(named(&proxy, ""), &Lines::default());
        world.assert_all_arrived(&state);
        let asked = proxy.asked();
        assert!(asked.contains(&format!("{SOURCE}:{}", world.source_port)), "{asked:?}");
        assert!(asked.contains(&format!("{TARGET}:{}", world.administration.port())), "{asked:?}");
        let imap = world.administration.service_port(ImapService::SecureImap);
        assert!(asked.contains(&format!("{TARGET}:{imap}")), "{asked:?}");
    }
}

#[test]
fn a_proxy_is_told_who_we_are_and_a_refusal_is_said_without_the_password() {
    let world = World::new();
    for kind in [Kind::Socks5, Kind::Http] {
        let proxy = TestProxy::start(kind, Some(("ann", "pass:word")));
        let state = world.migrate(named(&proxy, "ann:pass%3Aword@"), &Lines::default());
        world.assert_all_arrived(&state);
        for (identity, why) in
            [("", "wants a user and a password"), ("ann:geheim@", "refused the user or the password")]
        {
            let state = world.migrate(named(&proxy, identity), &Lines::default());
            assert_eq!(state.problems.len(), 1, "{:?}", state.problems);
            assert_eq!(state.problems[0].kind, ProblemKind::Unreachable);
            let sentence = state.problems[0].to_string();
            assert!(sentence.contains(why) && !sentence.contains("geheim"), "{sentence}");
        }
    }
}

/// Connections to the target's mail service so far.
fn connections(proxy: &TestProxy, imap: u16) -> usize {
    proxy.asked().iter().filter(|asked| **asked == format!("{TARGET}:{imap}")).count()
}

#[test]
fn limits_hold_the_second_connection_back_and_no_mailbox_waits_for_ever() {
    let (world, proxy) = (World::new(), TestProxy::start(Kind::Socks5, None));
    let limits = Lines { max_rate: Some(2_000_000), max_connections: Some(1), ..Lines::default() };
    let state = world.migrate(named(&proxy, ""), &limits);
    world.assert_all_arrived(&state);
    let imap = world.administration.service_port(ImapService::SecureImap);
    // One for looking whether the server is there, and one for each mailbox: none for checking beside copying.
    assert_eq!(connections(&proxy, imap), 1 + PEOPLE.len());
    let (world, proxy) = (World::new(), TestProxy::start(Kind::Socks5, None));
    world.assert_all_arrived(&world.migrate(named(&proxy, ""), &Lines::default()));
    let imap = world.administration.service_port(ImapService::SecureImap);
    assert_eq!(connections(&proxy, imap), 1 + 2 * PEOPLE.len());
}
