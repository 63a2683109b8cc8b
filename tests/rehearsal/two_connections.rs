//! A large mailbox goes to the target over two connections: faster, in the same order, and never worse off than with one.

use super::*;
use kimt::domain::{Account, AccountId};
use kimt::migrate::{Request, Work};
use kimt::rehearsal::{Action, Faults, ImapServer, Moment, Step};
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, OnceLock};
use std::time::Instant;

/// Every batch of these is a few messages: two large ones do not go into one, and an empty one is alone.
fn fill_with_batches(store: &MailStore) {
    for part in 0..3 {
        store.add_generated(ANN, "INBOX", 2, 1_200_000, part * 100).unwrap();
        store.add_all(ANN, "INBOX", vec![NewMessage::new(Content::bytes(Vec::new()))]).unwrap();
        store.add_generated(ANN, "INBOX", 5, 2_000, part * 100 + 50).unwrap();
    }
    store.create_folder(ANN, "Sent").unwrap();
    store.add_generated(ANN, "Sent", 3, 1_200_000, 1_000).unwrap();
}

fn stage(from: &Arc<MailStore>, target: ImapOptions) -> Stage {
    let source = End::start(from.clone(), ImapOptions::new(Profile::Rich), Security::Plain);
    Stage::of(source, End::start(store(Layout::SLASH), target, Security::Plain))
}

/// A request with two workers for the one mailbox, for which any size is worth a second connection.
fn wide_request(stage: &Stage) -> Request {
    let mut request = stage.request(RunKind::Migrate, stage.folder.path());
    request.options.second_connection_from = 0;
    request
}

/// The number of connections on which something was appended.
pub(super) fn appending(target: &End) -> usize {
    let transcripts = target.server.transcripts();
    transcripts.iter().filter(|transcript| transcript.commands.iter().any(|command| command == "APPEND")).count()
}

/// Migrates until two connections were used, which they are not where a busy machine makes the target seem far or the second sign-in
/// late. Asserts of every migration that it was complete and `arrived` holds; the `disturbed` target is new for each.
fn migrate_over_two_connections(disturbed: &dyn Fn(&End), arrived: &dyn Fn(&Stage)) {
    let from = store(Layout::SLASH);
    fill_with_batches(&from);
    for _ in 0..20 {
        let stage = stage(&from, ImapOptions::new(Profile::Rich));
        disturbed(&stage.target);
        stage.assert_complete(&stage.finish(wide_request(&stage)));
        arrived(&stage);
        if appending(&stage.target) > 1 {
            return;
        }
    }
    panic!("there were never two connections");
}

fn assert_same_order(stage: &Stage) {
    let (there, here) = (stage.source.mail(), stage.target.mail());
    for (name, there) in &there.folders {
        let digests = |messages: &[kimt::rehearsal::MessageSnapshot]| -> Vec<_> {
            messages.iter().map(|message| message.digest).collect()
        };
        assert_eq!(digests(&here.folders[name].messages), digests(&there.messages), "{name:?}");
    }
}

#[test]
fn a_large_mailbox_goes_over_two_connections_in_the_same_order() {
    // Every other batch is stored late.
    let disturbed = |target: &End| {
        let batches = AtomicU64::new(0);
        let store_late = move |step: &Step<'_>| match step.moment {
            Moment::Received { command: "APPEND" } if batches.fetch_add(1, Ordering::SeqCst) % 2 == 1 => {
                Action::Delay(Duration::from_millis(100))
            }
            _ => Action::Proceed,
        };
        target.server.set_faults(Some(Arc::new(store_late)));
    };
    migrate_over_two_connections(&disturbed, &assert_same_order);
}

/// Gives one account, and lets whoever asks for another wait until all of it has arrived, as a fleet does while others may give some back.
struct OneAccount {
    account: Mutex<Option<Account>>,
    has_arrived: Box<dyn Fn() -> bool + Send + Sync>,
}

impl Work for OneAccount {
    fn next(&self, _: AccountId, enough: &dyn Fn() -> bool) -> Option<Account> {
        let account = self.account.lock().unwrap().take();
        while account.is_none() && !enough() && !(self.has_arrived)() {
            std::thread::sleep(Duration::from_millis(5));
        }
        account
    }
}

impl std::fmt::Debug for OneAccount {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("OneAccount")
    }
}

#[test]
fn a_worker_that_waits_for_an_account_leaves_its_place_to_a_second_connection() {
    let from = store(Layout::SLASH);
    fill_with_batches(&from);
    for _ in 0..20 {
        let stage = stage(&from, ImapOptions::new(Profile::Rich));
        let mut request = wide_request(&stage);
        let account = Mutex::new(request.accounts.pop());
        let (there, here) = (stage.source.server.clone(), stage.target.server.clone());
        let messages = |server: &ImapServer| server.store().snapshot(ANN).unwrap().messages();
        let has_arrived = Box::new(move || messages(&here) == messages(&there));
        request.work = Some(Arc::new(OneAccount { account, has_arrived }));
        assert_eq!(stage.finish(request).verdict(), Verdict::AllComplete);
        if appending(&stage.target) > 1 {
            return;
        }
    }
    panic!("there were never two connections");
}

#[test]
fn there_is_one_connection_where_no_worker_or_no_connection_is_free() {
    let from = store(Layout::SLASH);
    fill_with_batches(&from);
    let busy: &dyn Fn(&mut Request) = &|request| request.options.jobs = 1;
    let limited: &dyn Fn(&mut Request) = &|request| request.servers.target.connections.max_connections = Some(2);
    for limit in [busy, limited] {
        let stage = stage(&from, ImapOptions::new(Profile::Rich));
        let mut request = wide_request(&stage);
        limit(&mut request);
        assert_eq!(stage.finish(request).verdict(), Verdict::AllComplete);
        assert_eq!(appending(&stage.target), 1);
    }
}

#[test]
fn a_target_that_lets_nobody_in_a_second_time_costs_nothing() {
    let from = store(Layout::SLASH);
    fill_with_batches(&from);
    let stage = stage(&from, ImapOptions { most_connections: Some(1), ..ImapOptions::new(Profile::Rich) });
    let state = stage.finish(wide_request(&stage));
    assert_eq!(state.verdict(), Verdict::AllComplete);
    assert!(problems(&state).is_empty(), "{:?}", problems(&state));
    assert_same_order(&stage);
}

/// Stores nothing on one connection while a command is written on the other, like a server that keeps a folder locked from a command's first
/// message on.
#[derive(Default)]
struct Locking {
    /// The connections on which a command has come.
    connections: Mutex<Vec<u64>>,
    gave_up: AtomicBool,
}

impl Locking {
    const LONGEST: Duration = Duration::from_secs(30);
}

impl Faults for Locking {
    fn at(&self, step: &Step<'_>) -> Action {
        if step.moment != (Moment::Received { command: "APPEND" }) {
            return Action::Proceed;
        }
        let place = {
            let mut connections = self.connections.lock().unwrap();
            connections.push(step.connection);
            connections.len() - 1
        };
        // The first message goes alone.
        if place == 1 {
            let begun = Instant::now();
            while self.connections.lock().unwrap().iter().skip(1).all(|number| *number == step.connection) {
                if begun.elapsed() > Self::LONGEST {
                    self.gave_up.store(true, Ordering::SeqCst);
                    break;
                }
                std::thread::sleep(Duration::from_millis(5));
            }
        }
        Action::Proceed
    }
}

#[test]
fn a_target_that_stores_on_one_connection_only_after_the_end_of_the_command_on_the_other_is_not_waited_for() {
    let locking = Mutex::new(Arc::new(Locking::default()));
    let disturbed = |target: &End| {
        *locking.lock().unwrap() = Arc::new(Locking::default());
        target.server.set_faults(Some(locking.lock().unwrap().clone()));
    };
    migrate_over_two_connections(&disturbed, &|_| {});
    assert!(!locking.lock().unwrap().gave_up.load(Ordering::SeqCst));
}

/// Cuts the second connection at its first batch, and remembers what is appended on later ones.
#[derive(Default)]
struct CutSecond {
    /// The connection on which the first message came.
    first: OnceLock<u64>,
    /// The highest connection when the second was cut.
    before: OnceLock<u64>,
    highest: AtomicU64,
    later: Mutex<BTreeSet<u64>>,
}

impl Faults for CutSecond {
    fn at(&self, step: &Step<'_>) -> Action {
        let connection = step.connection;
        let highest = self.highest.fetch_max(connection, Ordering::SeqCst).max(connection);
        if step.moment != (Moment::Executed { command: "APPEND" }) {
            return Action::Proceed;
        }
        if connection != *self.first.get_or_init(|| connection) && self.before.set(highest).is_ok() {
            return Action::Cut;
        }
        if self.before.get().is_some_and(|before| connection > *before) {
            self.later.lock().unwrap().insert(connection);
        }
        Action::Proceed
    }
}

#[test]
fn after_a_connection_was_lost_while_there_were_two_one_is_used() {
    let faults = Mutex::new(Arc::new(CutSecond::default()));
    let disturbed = |target: &End| {
        *faults.lock().unwrap() = Arc::new(CutSecond::default());
        target.server.set_faults(Some(faults.lock().unwrap().clone()));
    };
    migrate_over_two_connections(&disturbed, &|_| {});
    assert_eq!(faults.lock().unwrap().later.lock().unwrap().len(), 1);
}
