//! Refused again and again: a server counts that, and blocks whoever was refused too often.

use super::front::{Front, Verdict};
use super::{account, server, servers, source, target, usual};
use kimt::domain::{Secret, Side};
use kimt::migrate::{Options, Request, SignInWay, TokenSource};
use kimt::progress::{Event, RunKind, RunState, Stamped};
use std::sync::mpsc;
use std::time::Duration;

#[test]
fn after_two_refusals_the_third_sign_in_waits_whatever_was_refused() {
    let people = ["ann@example.com", "ben@example.com", "cleo@example.com"];
    let token = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(token.path(), "permission\n").unwrap();
    for way in [
        SignInWay::OwnPassword,
        SignInWay::Authorization { user: "boss".to_owned(), password: Secret::new("wrong") },
        SignInWay::Token { source: TokenSource::File(token.path().to_owned()) },
    ] {
        let folder = tempfile::tempdir().unwrap();
        let front = Front::start(1, "LOGINDISABLED AUTH=PLAIN AUTH=XOAUTH2", |_, _| Verdict::Refuse(None));
        let (_target, target_port) = server(&people, "own", usual());
        let request = Request::of(
            RunKind::Migrate,
            servers(source(front.port, way.clone()), target(target_port, SignInWay::OwnPassword)),
            people.map(|person| account(person, "own")).to_vec(),
            Options { jobs: 1, ..Options::in_folder(folder.path().join("state")) },
        );
        let (waiting, waits) = mpsc::channel();
        let noted = move |event: &Stamped, _: &RunState| {
            if matches!(event.event, Event::WaitStarted { side: Side::Source, .. }) {
                waiting.send(()).unwrap();
            }
        };
        let run = kimt::migrate::start(request, folder.path().to_owned(), Box::new(noted)).unwrap();
        let mut waited = false;
        while !run.is_finished() {
            if !waited && waits.try_recv().is_ok() {
                // The minute itself is the guard's own test.
                waited = true;
                run.stop();
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        assert_eq!((waited, front.said().len()), (true, 2), "{way:?}");
    }
}
