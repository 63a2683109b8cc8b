//! A fleet in the window: which one is asked for, its pages, what is ordered of all machines, and a hundred thousand accounts.

use super::recorded;
use super::support::{USUAL, plain};
use super::whole::wait_until;
use egui::{Key, vec2};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable;
use kimt::gui::app::App;
use kimt::gui::fleet::{Fleet, FleetMachine, FleetNews, FleetOrder, FleetPlace, FleetTrouble, Fleets};
use kimt::gui::page::Page;
use kimt::gui::pages::fleet::WatchedFleet;
use kimt::gui::pages::status::StatusPage;
use kimt::gui::wizard::Wizard;
use kimt::gui::{Folders, fonts, theme};
use kimt::progress::{AccountEnd, AccountInfo, AccountState, Counts, RunInfo, RunState, Tally, TaskState};
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

/// What a fleet that is not there does, and what was asked of it.
#[derive(Default)]
struct Script {
    task: TaskState,
    accounts: Vec<AccountState>,
    machines: Vec<FleetMachine>,
    trouble: Option<FleetTrouble>,
    orders: Vec<FleetOrder>,
    opened: BTreeSet<usize>,
    report: PathBuf,
}

struct Scripted(Arc<Mutex<Script>>);

struct Reached {
    script: Arc<Mutex<Script>>,
    begun: bool,
}

impl Fleets for Scripted {
    fn open(&self, place: &FleetPlace) -> Result<Box<dyn Fleet>, FleetTrouble> {
        if place.ledger != "postgres://kimt@db/kimt" {
            let sentence = format!("The database {} cannot be reached.", place.ledger);
            return Err(FleetTrouble { sentence, may_pass: true });
        }
        if let Some(trouble) = self.0.lock().unwrap().trouble.clone() {
            return Err(trouble);
        }
        Ok(Box::new(Reached { script: self.0.clone(), begun: false }))
    }
}

impl Fleet for Reached {
    fn look(&mut self, opened: &BTreeSet<usize>, news: &mut dyn FnMut(FleetNews)) -> Result<(), FleetTrouble> {
        let mut script = self.script.lock().unwrap();
        if let Some(trouble) = script.trouble.clone() {
            return Err(trouble);
        }
        if !std::mem::replace(&mut self.begun, true) {
            let info = RunState::replay(&recorded::running()).info.unwrap();
            news(FleetNews::Task { name: "uni".into(), info: Box::new(RunInfo { accounts: Vec::new(), ..info }) });
        }
        script.opened = opened.clone();
        let kept = |(at, account): (usize, &AccountState)| {
            (at, if opened.contains(&at) { account.clone() } else { account.clone().brief() })
        };
        news(FleetNews::Accounts(script.accounts.iter().enumerate().map(kept).collect()));
        news(FleetNews::Whole(script.task, script.machines.clone()));
        Ok(())
    }

    fn order(&mut self, order: FleetOrder) -> Result<(), FleetTrouble> {
        let mut script = self.script.lock().unwrap();
        script.orders.push(order);
        script.task.paused = order == FleetOrder::Pause;
        script.task.stopping = order == FleetOrder::Stop;
        Ok(())
    }

    fn write_report(&mut self) -> Result<PathBuf, FleetTrouble> {
        Ok(self.script.lock().unwrap().report.clone())
    }
}

fn machine(machine: &str, process: &str, silent: Option<u64>) -> FleetMachine {
    FleetMachine { machine: machine.into(), process: process.into(), mailboxes: 2, silent }
}

/// The accounts of the recorded migration, as two machines would have them.
fn accounts() -> Vec<AccountState> {
    let mut accounts = RunState::replay(&recorded::running()).accounts;
    for (number, account) in accounts.iter_mut().enumerate() {
        account.machine = if number % 2 == 0 { "node-1" } else { "node-2" }.to_owned();
    }
    accounts
}

fn open(folder: &std::path::Path, script: &Arc<Mutex<Script>>) -> Harness<'static, App> {
    let folders = Folders { state: folder.join("state"), logs: folder.join("logs") };
    let fleets = Arc::new(Scripted(script.clone()));
    Harness::builder()
        .with_size(vec2(USUAL.width, USUAL.height))
        .with_max_steps(50)
        .with_context_setup(|context| {
            fonts::install(context);
            theme::install(context);
        })
        .build_eframe(move |creation| {
            let mut app = App::new(&creation.egui_ctx, folders, None);
            app.offer_fleets(fleets);
            app
        })
}

/// What the machines of a fleet do with single accounts is not ordered in the window: it holds no list and no password.
#[track_caller]
fn offers_nothing_for_single_accounts(harness: &Harness<'static, App>) {
    for link in ["Skip this account", "Continue this account", "Try this account again"] {
        assert!(harness.query_by_label(link).is_none(), "{link}");
    }
    assert!(harness.query_by_label_contains("Correct its password").is_none());
}

#[test]
fn a_fleet_is_asked_for_on_page_1_watched_held_continued_stopped_and_left() {
    let folder = tempfile::tempdir().unwrap();
    let script = Arc::new(Mutex::new(Script {
        accounts: accounts(),
        machines: vec![machine("node-1", "process 7", None), machine("node-2", "process 8", Some(12))],
        ..Script::default()
    }));
    let mut harness = open(folder.path(), &script);
    harness.run_steps(3);
    harness.get_by_label("Watch a fleet…").click();
    harness.run_steps(3);
    let form = |harness: &mut Harness<'static, App>, ledger: &str| {
        let form = harness.state_mut().wizard.fleet.form.as_mut().unwrap();
        (form.ledger, form.key_file) = (ledger.to_owned(), "/keys/uni.key".to_owned());
        harness.run_steps(2);
        harness.get_by_label("Watch").click();
        harness.run_steps(2);
    };
    form(&mut harness, "postgres://kimt@nowhere/kimt");
    wait_until(&mut harness, "the refusal", |app| {
        app.wizard.fleet.form.as_ref().is_some_and(|form| form.wrong.is_some())
    });
    harness.get_by_label("The database postgres://kimt@nowhere/kimt cannot be reached.");
    form(&mut harness, "postgres://kimt@db/kimt");
    wait_until(&mut harness, "the fleet", |app| app.wizard.fleet.watched.as_ref().is_some_and(|fleet| fleet.is_read));
    assert_eq!(harness.state().wizard.page, Page::Status);
    harness.get_by_label_contains("Fleet uni: 2 processes on 2 machines · from mail.old-company.com to 10.1.0.5:8143");
    harness.get_by_label("Not responding: node-2 process 8.");
    harness.get_by_label_contains("c.ortiz@old-company.com: Copying").click();
    wait_until(&mut harness, "its folders", |app| !app.wizard.status.state.accounts[2].folders.is_empty());
    assert_eq!(script.lock().unwrap().opened, BTreeSet::from([2]));
    offers_nothing_for_single_accounts(&harness);
    harness.key_press(Key::Escape);
    harness.run_steps(3);
    harness.get_by_label_contains("d.weber@old-company.com: Failed").click();
    wait_until(&mut harness, "its problem", |_| script.lock().unwrap().opened == BTreeSet::from([3]));
    offers_nothing_for_single_accounts(&harness);
    assert!(harness.state().wizard.status.state.accounts[4].folders.is_empty(), "what is closed has only its sums");
    harness.get_by_label("Pause").click();
    wait_until(&mut harness, "the pause", |app| app.wizard.status.state.paused);
    harness.get_by_label("Continue").click();
    wait_until(&mut harness, "the end of the pause", |app| !app.wizard.status.state.paused);
    harness.get_by_label("Stop…").click();
    harness.run_steps(2);
    harness.get_by_label("Stop the migration on all machines?");
    harness.get_by_label("Stop all machines").click();
    wait_until(&mut harness, "the stop", |app| app.wizard.status.state.stop_requested);
    assert_eq!(script.lock().unwrap().orders, [FleetOrder::Pause, FleetOrder::Continue, FleetOrder::Stop]);
    script.lock().unwrap().task.finished = true;
    wait_until(&mut harness, "the result", |app| app.wizard.page == Page::Result);
    harness.get_by_label("Continue");
    assert!(harness.query_by_label("Migrate incomplete accounts").is_none(), "nothing is started from here");
    harness.get_by_label_contains("d.weber@old-company.com: Failed").click();
    harness.run_steps(3);
    harness.get_by_label("What to do: Correct the password in the CSV file and migrate this mailbox again.");
    offers_nothing_for_single_accounts(&harness);
    harness.get_by_label("Leave the fleet").click();
    harness.run_steps(3);
    assert_eq!(harness.state().wizard.page, Page::Servers);
    assert!(harness.state().wizard.status.state.info.is_none());
}

#[test]
fn a_database_that_is_away_is_said_and_tried_again_and_a_wiped_fleet_is_left() {
    let folder = tempfile::tempdir().unwrap();
    let script = Arc::new(Mutex::new(Script { accounts: accounts(), ..Script::default() }));
    let mut harness = open(folder.path(), &script);
    harness.state_mut().watch_fleet(FleetPlace {
        ledger: "postgres://kimt@db/kimt".into(),
        key_file: "/keys/uni.key".into(),
        ..FleetPlace::default()
    });
    wait_until(&mut harness, "the fleet", |app| app.wizard.page == Page::Status);
    let trouble = |may_pass| Some(FleetTrouble { sentence: "The database does not answer.".into(), may_pass });
    script.lock().unwrap().trouble = trouble(true);
    let away = |app: &App| app.wizard.fleet.watched.as_ref().is_some_and(|fleet| fleet.away.is_some());
    wait_until(&mut harness, "the loss", away);
    harness.get_by_label("The database does not answer.");
    script.lock().unwrap().trouble = None;
    wait_until(&mut harness, "its return", |app| !away(app));
    script.lock().unwrap().trouble = trouble(false);
    wait_until(&mut harness, "the end", |app| app.wizard.page == Page::Servers);
    assert_eq!(harness.state().wizard.notice.as_deref(), Some("The database does not answer."));
}

/// Half of them complete, some running, the rest waiting.
pub fn large(number: usize) -> Wizard {
    let info = RunInfo { accounts: Vec::new(), ..RunState::replay(&recorded::running()).info.unwrap() };
    let mut status = StatusPage::of_fleet(info);
    for at in 0..number {
        let info = AccountInfo {
            address: format!("user{at:06}@old-company.com"),
            full_name: format!("User {at}"),
            line: at as u32 + 1,
            target_address: None,
        };
        let expected = Counts { messages: 1000, bytes: 50_000_000 };
        let begun = at < number / 2 + 800;
        let ended = at < number / 2;
        let copied = if ended { expected } else { Counts { messages: 300, bytes: 15_000_000 } };
        let tally = if begun { Tally { expected, copied, ..Tally::default() } } else { Tally::default() };
        let account = AccountState {
            started_at: begun.then_some(1),
            ended_at: ended.then_some(2),
            end: ended.then_some(AccountEnd::Complete),
            counted: begun,
            machine: if begun { format!("node-{}", at % 100) } else { String::new() },
            tally,
            ..AccountState::new(info)
        };
        status.state.replace(at, account);
    }
    status.state.take_task(TaskState { now: 3_600_000, ..TaskState::default() });
    let mut wizard = Wizard { page: Page::Status, status, ..Wizard::default() };
    wizard.fleet.watched = Some(WatchedFleet { name: "uni".into(), is_read: true, ..WatchedFleet::default() });
    wizard
}

#[test]
fn of_a_hundred_thousand_accounts_only_the_visible_ones_are_drawn_and_nothing_is_arranged_in_vain() {
    let mut harness = plain(large(100_000));
    harness.run_steps(3);
    let status = &harness.state().wizard.status;
    assert_eq!((status.state.accounts.len(), status.state.count_running()), (100_000, 800));
    let arranged = status.arrangements();
    harness.run_steps(5);
    let status = &harness.state().wizard.status;
    assert_eq!(status.arrangements(), arranged);
    assert!((10..40).contains(&status.rows_drawn), "{}", status.rows_drawn);
}
