//! One mailbox is skipped while the run continues: what is in flight of it is settled, the others come first, and it continues without a
//! duplicate.

use super::between::{Fate, Tamper};
use super::stage::{self, ANN, BEN, Stage, problems};
use kimt::domain::AccountId;
use kimt::migrate::{Request, Run};
use kimt::progress::{AccountEnd, Event, RunKind, RunState, Skip, Stamped, Verdict};
use kimt::rehearsal::Profile;
use kimt::report::words;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

const FIRST: AccountId = AccountId(0);
const SECOND: AccountId = AccountId(1);

/// One worker, who begins with Ann. `on_body` says what becomes of each of the source's answers with a message.
fn with(on_body: impl Fn() -> Fate + Send + Sync + 'static) -> Stage {
    let mut stage = Stage::between(Profile::Typical, Profile::Typical).fill(60);
    stage.source.store().add_generated(BEN, "INBOX", 5, 600, 700).unwrap();
    (stage.users, stage.jobs, stage.hurried) = (vec![ANN, BEN], 1, false);
    stage.source.tamper(Tamper::answers(move |answer| {
        if answer.text.contains(" FETCH (") && answer.text.contains("BODY[]") { on_body() } else { Fate::Pass }
    }));
    stage
}

/// A source that needs a while for each message.
fn slow() -> Stage {
    with(|| {
        std::thread::sleep(Duration::from_millis(20));
        Fate::Pass
    })
}

/// Runs to the end, and lets `user` see every event at once.
fn run(stage: &Stage, user: impl FnMut(&Run, &Event)) -> (RunState, Vec<Event>) {
    run_as(stage, |_| (), user)
}

/// The same with another request than the stage's.
fn run_as(stage: &Stage, change: impl Fn(&mut Request), mut user: impl FnMut(&Run, &Event)) -> (RunState, Vec<Event>) {
    let (sender, events) = std::sync::mpsc::channel();
    let note = move |event: &Stamped, _: &RunState| _ = sender.send(event.event.clone());
    let mut request = stage.request(RunKind::Migrate, stage.folder.path());
    change(&mut request);
    let (run, mut seen) = (stage::start(request, Box::new(note)), Vec::new());
    while seen.last() != Some(&Event::RunFinished) {
        let event = events.recv_timeout(Duration::from_secs(60));
        let event = event.unwrap_or_else(|_| panic!("it hangs: {:#?}", run.state().lock().unwrap().accounts));
        user(&run, &event);
        seen.push(event);
    }
    (run.wait(), seen)
}

fn is_first_copied(event: &Event) -> bool {
    matches!(event, Event::MessagesCopied { account: FIRST, .. })
}

fn place(events: &[Event], event: &Event) -> usize {
    events.iter().position(|other| other == event).unwrap_or_else(|| panic!("no {event:?}"))
}

#[test]
fn a_skipped_mailbox_is_settled_and_left_and_the_verdict_says_so() {
    let stage = slow();
    let (state, events) = run(&stage, |run, event| {
        if is_first_copied(event) {
            run.skip(FIRST);
        }
    });
    let [ann, ben] = &state.accounts[..] else { panic!() };
    assert_eq!((ann.end, ann.skip, ben.end), (Some(AccountEnd::Stopped), Skip::Skipped, Some(AccountEnd::Complete)));
    let skipped = place(&events, &Event::AccountSkipped { account: FIRST });
    assert!(skipped < place(&events, &Event::AccountStarted { account: SECOND }));
    assert_eq!(state.verdict(), Verdict::SomeIncomplete);
    let verdict = words::verdict(&state);
    assert!(verdict.contains("1 of 2 accounts is complete") && verdict.contains("You skipped 1 account"), "{verdict}");
    assert!(!verdict.contains("need"), "{verdict}");
    assert_eq!(words::account_status(&state, ann, state.now), "Skipped");
    stage.assert_complete(&stage.migrate());
}

#[test]
fn a_skipped_mailbox_that_is_taken_up_again_continues_in_the_same_run_without_a_duplicate() {
    let (stage, mut skips) = (slow(), 0);
    let (state, events) = run(&stage, |run, event| match event {
        event if is_first_copied(event) && skips == 0 => {
            skips += 1;
            run.skip(FIRST);
        }
        Event::AccountStarted { account: SECOND } => run.take_up(FIRST),
        _ => {}
    });
    place(&events, &Event::SkipEnded { account: FIRST });
    assert_eq!(state.accounts[0].skip, Skip::No);
    stage.assert_complete(&state);
}

#[test]
fn a_mailbox_that_was_skipped_before_it_began_is_not_begun_until_it_is_taken_up() {
    for taken_up in [false, true] {
        let stage = slow();
        let (state, events) = run(&stage, |run, event| match event {
            Event::RunStarted(_) => run.skip(SECOND),
            event if taken_up && is_first_copied(event) => run.take_up(SECOND),
            _ => {}
        });
        assert_eq!(events.contains(&Event::AccountStarted { account: SECOND }), taken_up, "{:?}", problems(&state));
        match taken_up {
            true => stage.assert_complete(&state),
            false => assert_eq!((state.count_skipped(), state.accounts[0].end), (1, Some(AccountEnd::Complete))),
        }
    }
}

#[test]
fn a_mailbox_whose_server_is_silent_is_cut_so_that_the_others_need_not_wait_for_it() {
    let silent = AtomicBool::new(true);
    let stage = with(move || if silent.swap(false, Ordering::SeqCst) { Fate::Silence } else { Fate::Pass });
    let begun = Instant::now();
    let (state, _) = run(&stage, |run, event| {
        if let Event::FolderCounted { account: FIRST, .. } = event {
            std::thread::sleep(Duration::from_millis(500));
            run.skip(FIRST);
            std::thread::sleep(Duration::from_millis(500));
            run.cut(FIRST);
        }
    });
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
    let [ann, ben] = &state.accounts[..] else { panic!() };
    assert!(ann.is_skipped() && ben.end == Some(AccountEnd::Complete), "{:?}", problems(&state));
    assert_eq!(problems(&state), [""; 0]);
}

/// Two workers, and two mailboxes that both need a while.
fn two_at_a_time() -> Stage {
    let mut stage = slow();
    stage.source.store().add_generated(BEN, "INBOX", 150, 600, 700).unwrap();
    stage.jobs = 2;
    stage
}

#[test]
fn a_skipped_mailbox_can_be_taken_up_as_long_as_another_one_is_at_work() {
    let (stage, mut skips) = (two_at_a_time(), 0);
    let (state, events) = run(&stage, |run, event| match event {
        event if is_first_copied(event) && skips == 0 => {
            skips += 1;
            run.skip(FIRST);
        }
        Event::AccountSkipped { account: FIRST } => {
            // Long enough for a worker with nothing to do to think that nothing will come.
            std::thread::sleep(Duration::from_millis(300));
            run.take_up(FIRST);
        }
        _ => {}
    });
    let ends = events.iter().filter(|event| matches!(event, Event::AccountFinished { account: FIRST, .. })).count();
    assert_eq!((ends, state.accounts[0].skip), (1, Skip::No));
    stage.assert_complete(&state);
}

/// Skips the mailbox that waits while the other one is copied, as soon as that one comes forward, and asserts that its worker is set free
/// before the other one ends. Returns the state and which one waited.
fn skip_the_waiting(stage: &Stage, change: impl Fn(&mut Request)) -> (RunState, AccountId) {
    let mut ids = None;
    let (state, events) = run_as(stage, change, |run, event| match event {
        Event::MessagesCopied { account, .. } if ids.is_none() => {
            let waiting = if *account == FIRST { SECOND } else { FIRST };
            ids = Some((*account, waiting));
            run.skip(waiting);
        }
        _ => {}
    });
    let (working, waiting) = ids.unwrap();
    let skipped = place(&events, &Event::AccountSkipped { account: waiting });
    let ended = place(&events, &Event::AccountFinished { account: working, end: AccountEnd::Complete });
    assert!(skipped < ended, "{events:?}");
    (state, waiting)
}

#[test]
fn a_skipped_mailbox_that_waits_for_a_connection_sets_its_worker_free_at_once() {
    let stage = two_at_a_time();
    let (state, waiting) =
        skip_the_waiting(&stage, |request| request.servers.source.connections.max_connections = Some(1));
    assert!(state.accounts[waiting.index()].is_skipped());
    stage.assert_complete(&stage.migrate());
}

#[test]
fn a_skipped_mailbox_that_waits_for_the_one_with_which_it_shares_a_mailbox_sets_its_worker_free_at_once() {
    let stage = two_at_a_time();
    skip_the_waiting(&stage, |request| {
        request.options.shared_mailboxes = true;
        request.accounts[1].target_address = Some(request.accounts[0].address.clone());
    });
}
