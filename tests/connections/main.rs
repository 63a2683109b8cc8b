//! Connections that are not plain: through proxies, over several addresses, under limits, with old and demanding TLS.

#![allow(clippy::unwrap_used, clippy::expect_used)] // A failed step of a test ends the test.

#[path = "../support/certificate.rs"]
mod certificate;
#[path = "../support/embedded/mod.rs"]
mod embedded;

mod clear_text;
mod encryption;
mod providers;
mod proxy;
mod utf8;

use embedded::stage::{Stage, problems};
use kimt::domain::{ProblemKind, Security};
use kimt::migrate::{ConnectionLimits, Proxy};
use kimt::progress::{RunKind, RunState, Verdict};
use kimt::rehearsal::ImapService;
use proxy::{Kind, TestProxy};

const PEOPLE: [&str; 3] = ["ann@new.example", "ben@new.example", "cleo@new.example"];
/// Names that only the proxy knows.
const SOURCE: &str = "source.inside.example";
const TARGET: &str = "target.inside.example";

/// Two servers and an administration that are reached only through a proxy.
fn inside() -> Stage {
    let mut stage = Stage::kerio(&PEOPLE);
    stage.source.host = SOURCE.to_owned();
    (stage.target.host, stage.target.security) = (TARGET.to_owned(), Security::Tls);
    stage.jobs = 3;
    stage
}

fn migrate(stage: &Stage, proxy: Proxy, limits: &ConnectionLimits) -> RunState {
    let folder = tempfile::tempdir().unwrap();
    let mut request = stage.request(RunKind::Migrate, folder.path());
    request.servers.proxy = Some(proxy);
    (request.servers.source.connections, request.servers.target.connections) = (limits.clone(), limits.clone());
    stage.finish(request)
}

fn assert_all_arrived(stage: &Stage, state: &RunState) {
    assert_eq!(state.verdict(), Verdict::AllComplete, "{:?} {:?}", state.problems, problems(state));
    for person in PEOPLE {
        let [there, here] = [&stage.source, &stage.target].map(|end| end.store().snapshot(person).unwrap());
        assert_eq!(here.folder("INBOX").unwrap().contents(), there.folder("INBOX").unwrap().contents());
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
        let (stage, proxy) = (inside(), TestProxy::start(kind, None));
        let state = migrate(&stage, named(&proxy, ""), &ConnectionLimits::default());
        assert_all_arrived(&stage, &state);
        let asked = proxy.asked();
        assert!(asked.contains(&format!("{SOURCE}:{}", stage.source.port.unwrap())), "{asked:?}");
        assert!(asked.contains(&format!("{TARGET}:{}", stage.administration().port())), "{asked:?}");
        let imap = stage.administration().service_port(ImapService::SecureImap);
        assert!(asked.contains(&format!("{TARGET}:{imap}")), "{asked:?}");
    }
}

#[test]
fn a_proxy_learns_who_we_are_and_a_refusal_is_reported_without_the_password() {
    let stage = inside();
    for kind in [Kind::Socks5, Kind::Http] {
        let proxy = TestProxy::start(kind, Some(("ann", "pass:word")));
        let state = migrate(&stage, named(&proxy, "ann:pass%3Aword@"), &ConnectionLimits::default());
        assert_all_arrived(&stage, &state);
        for (identity, why) in
            [("", "requires a user and a password"), ("ann:geheim@", "refused the user or the password")]
        {
            let state = migrate(&stage, named(&proxy, identity), &ConnectionLimits::default());
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
    let secure = |stage: &Stage| stage.administration().service_port(ImapService::SecureImap);
    let (stage, proxy) = (inside(), TestProxy::start(Kind::Socks5, None));
    let limits =
        ConnectionLimits { max_rate: Some(2_000_000), max_connections: Some(1), ..ConnectionLimits::default() };
    assert_all_arrived(&stage, &migrate(&stage, named(&proxy, ""), &limits));
    // One for looking whether the server is there, and one for each mailbox: none for checking beside copying.
    assert_eq!(connections(&proxy, secure(&stage)), 1 + PEOPLE.len());
    let (stage, proxy) = (inside(), TestProxy::start(Kind::Socks5, None));
    assert_all_arrived(&stage, &migrate(&stage, named(&proxy, ""), &ConnectionLimits::default()));
    assert_eq!(connections(&proxy, secure(&stage)), 1 + 2 * PEOPLE.len());
}
