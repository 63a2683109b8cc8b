//! Page 3.

use super::recorded;
use super::support::{SMALL, further_pictures, pictures, plain, show};
use egui::{Key, Theme};
use egui_kittest::SnapshotResults;
use egui_kittest::kittest::{NodeT, Queryable};
use kimt::domain::{AccountId, Side};
use kimt::gui::action::{Action, RunCommand};
use kimt::gui::page::Page;
use kimt::gui::pages::status::{Filter, Question, StatusPage};
use kimt::gui::wizard::Wizard;
use kimt::migrate::Silence;
use kimt::progress::{AccountEnd, Event, RunKind, Stamped, WaitReason};
use std::time::Duration;

fn shown(events: &[Stamped]) -> Wizard {
    let mut status = StatusPage::begin(vec![None; recorded::PEOPLE.len()]);
    events.iter().for_each(|event| status.apply(event));
    status.awake = true;
    Wizard { page: Page::Status, status, ..Wizard::default() }
}

/// The same after a check, so that the whole is known.
pub fn known(events: &[Stamped]) -> Wizard {
    let mut wizard = Wizard { page: Page::Status, ..Wizard::default() };
    wizard.accounts.take("/users.csv".into(), recorded::file());
    wizard.accounts.begin_check();
    recorded::checked().iter().for_each(|event| wizard.accounts.apply(event));
    wizard.status = StatusPage::begin(wizard.accounts.known_sizes());
    events.iter().for_each(|event| wizard.status.apply(event));
    wizard.status.awake = true;
    wizard
}

/// Every account that ended was refused for one reason.
fn failing() -> Wizard {
    let mut run = recorded::Recording::begin(
        RunKind::Migrate,
        recorded::PEOPLE.iter().map(|(address, name, _)| (*address, *name)),
    );
    for account in 0..4 {
        run.note(Event::AccountStarted { account: AccountId(account) });
        run.problem(account as usize, None, recorded::refused(account as usize));
        run.note(Event::AccountFinished { account: AccountId(account), end: AccountEnd::Failed });
    }
    shown(&run.events())
}

fn silent() -> Wizard {
    let mut wizard = known(&recorded::running());
    wizard.status.silence = Some(silence(Side::Source, 180));
    wizard
}

/// A server that has been silent for 37 seconds.
fn silence(side: Side, patience: u64) -> Silence {
    Silence { side, silent: Duration::from_secs(37), patience: Duration::from_secs(patience) }
}

/// One mailbox is being skipped, one that had not begun is skipped.
fn skipped() -> Wizard {
    let mut events = recorded::running();
    let at = events.last().unwrap().at;
    let event = |event| Stamped { at, event };
    events.extend([
        event(Event::SkipRequested { account: AccountId(2) }),
        event(Event::SkipRequested { account: AccountId(4) }),
        event(Event::AccountSkipped { account: AccountId(4) }),
        event(Event::SkipRequested { account: AccountId(6) }),
    ]);
    known(&events)
}

fn paused() -> Wizard {
    let mut events = recorded::running();
    events.push(Stamped { at: events.last().unwrap().at, event: Event::Paused });
    known(&events)
}

fn asking() -> Wizard {
    let mut wizard = known(&recorded::running());
    wizard.status.question = Some(Question::Stop);
    wizard
}

#[test]
fn the_page_looks_right_in_every_state() {
    let mut results = SnapshotResults::new();
    pictures(&mut results, "status-starting", || shown(&[]));
    pictures(&mut results, "status-running", || known(&recorded::running()));
    further_pictures(&mut results, "status-running", || known(&recorded::running()));
    pictures(&mut results, "status-counting", || shown(&recorded::running()));
    pictures(&mut results, "status-waiting", || known(&recorded::waiting()));
    pictures(&mut results, "status-asking", asking);
    pictures(&mut results, "status-failing", failing);
    pictures(&mut results, "status-paused", paused);
    pictures(&mut results, "status-skipped", skipped);
}

#[test]
fn an_opened_row_looks_right() {
    let mut harness = plain(known(&recorded::running()));
    harness.run_steps(2);
    harness.get_by_label_contains("b.novak@old-company.com: Complete except 2 messages").click();
    harness.run_steps(3);
    assert_eq!(harness.query_all_by_label_contains("'Plans for the new building'").count(), 2);
    assert_eq!(harness.query_all_by_label_contains("What to do: Raise the target's size limit").count(), 2);
    harness.get_by_label_contains("c.ortiz@old-company.com: Copying").click();
    harness.run_steps(3);
    harness.snapshot("status-opened-usual-light");
}

#[test]
fn in_a_narrow_window_problems_and_advice_are_broken_into_lines_and_words_come_before_sizes() {
    let mut harness = show(known(&recorded::running()), SMALL, Theme::Light);
    harness.run_steps(2);
    assert!(harness.query_by_label("Size").is_none());
    harness.get_by_label("Problems 2").click();
    harness.run_steps(2);
    harness.get_by_label_contains("b.novak@old-company.com: Complete except 2 messages").click();
    harness.run_steps(3);
    let whole = "The message UID 812 of 4 March 2021, 61 MB, 'Plans for the new building' in 'Archive/2021' is larger than the target accepts: the target takes at most 50 MB.";
    let is_part = |label: &str| label.contains('\n') && whole.starts_with(&label.replace('\n', " "));
    let room = harness.get_by_label("Mailbox").rect().left()..harness.get_by_label("Messages").rect().right() + 1.0;
    let mut parts = 0;
    for node in harness.root().children_recursive() {
        let is_label = format!("{:?}", node.accesskit_node().role()) == "Label";
        if is_label && node.accesskit_node().value().is_some_and(|label| is_part(&label)) {
            assert!(room.contains(&node.rect().left()) && room.contains(&node.rect().right()), "{:?}", node.rect());
            parts += 1;
        }
    }
    assert_eq!(parts, 2, "one for each of the two problems");
    harness.snapshot("status-opened-small-light");
}

#[test]
fn running_mailboxes_come_first_then_the_failed_then_the_waiting_then_the_complete() {
    let mut harness = plain(known(&recorded::running()));
    harness.run_steps(2);
    let top = |text: &str| harness.get_by_label_contains(text).rect().top();
    let order = [
        top("c.ortiz@old-company.com: Copying INBOX"),
        top("info@old-company.com: Copying Archive/2021"),
        top("e.sato@branch.example: Checking Sent"),
        top("g.haddad@branch.example: Creating account"),
        top("b.novak@old-company.com: Complete except 2 messages"),
        top("d.weber@old-company.com: Failed"),
        top("f.ivanova@branch.example: Waiting"),
    ];
    assert!(order.windows(2).all(|pair| pair[0] < pair[1]), "{order:?}");
}

#[test]
fn a_filter_shows_only_what_it_says() {
    let mut harness = plain(known(&recorded::running()));
    harness.run_steps(2);
    harness.get_by_label("Problems 2").click();
    harness.run_steps(3);
    assert_eq!(harness.state().wizard.status.rows_drawn, 2);
}

#[test]
fn the_mailboxes_that_are_shown_are_copied_and_saved_while_the_run_continues() {
    let mut harness = plain(known(&recorded::running()));
    harness.run_steps(2);
    harness.get_by_label("Problems 2").click();
    harness.run_steps(2);
    harness.get_by_label("Save as CSV…").click();
    harness.run_steps(2);
    let Some(Action::SaveCsv(saved)) = harness.state().actions.first().cloned() else { panic!("nothing is saved") };
    assert_eq!(saved.lines().count(), 3, "the names of the columns and two mailboxes: {saved}");
    assert!(saved.contains("\nd.weber@old-company.com,Dieter Weber,4,failed,"), "{saved}");
    harness.get_by_label("Copy").click();
    let copied = (0..3).find_map(|_| {
        harness.step();
        harness.output().platform_output.commands.iter().find_map(|command| match command {
            egui::OutputCommand::CopyText(text) => Some(text.clone()),
            _ => None,
        })
    });
    assert_eq!(copied, Some(saved));
}

#[test]
fn the_whole_never_says_complete_before_the_end_and_never_runs_back() {
    let events = recorded::ended();
    let mut status = StatusPage::begin(Vec::new());
    for event in &events[..events.len() - 1] {
        status.apply(event);
    }
    assert!(status.state.percent() < 100, "{}", status.state.percent());
}

#[test]
fn stop_asks_first_and_says_what_will_be() {
    let mut harness = plain(known(&recorded::running()));
    harness.run_steps(2);
    harness.get_by_label("Stop…").click();
    harness.run_steps(2);
    assert_eq!(harness.state().actions, [Action::AskStop]);
    harness.state_mut().wizard.status.question = Some(Question::Stop);
    harness.run_steps(2);
    harness.get_by_label_contains(
        "4 running accounts can continue later without duplicates. 5 waiting accounts are not in Kerio Connect yet",
    );
    harness.key_press(Key::Escape);
    harness.run_steps(2);
    assert_eq!(harness.state().wizard.status.question, None);
    harness.state_mut().wizard.status.question = Some(Question::Close);
    harness.run_steps(2);
    harness.get_by_label("Stop and close").click();
    harness.run_steps(2);
    assert_eq!(harness.state().actions.last(), Some(&Action::Run(RunCommand::StopAndClose)));
}

#[test]
fn a_lost_server_is_waited_for_with_a_way_to_try_now() {
    let mut harness = plain(known(&recorded::waiting()));
    harness.run_steps(2);
    assert_eq!(harness.query_all_by_label_contains("next try in").count(), 8);
    harness.get_by_label_contains("All mailboxes are waiting for the source server: next try in ");
    assert!(harness.state().wizard.status.in_title().unwrap().starts_with("Waiting at "));
    harness.get_by_label_contains("All mailboxes are waiting · from mail.old-company.com to 10.1.0.5:8143");
    assert!(harness.query_by_label_contains("at a time").is_none(), "no mailbox is worked on");
    assert!(harness.query_by_label_contains("about ").is_none(), "no time left is shown while all wait");
    harness.get_by_label("Try now").click();
    harness.run_steps(2);
    assert_eq!(harness.state().actions, [Action::Run(RunCommand::TryNow)]);
}

#[test]
fn a_wait_by_our_own_choice_says_why_and_cannot_be_shortened() {
    let mut events = recorded::waiting();
    for event in &mut events {
        if let Event::WaitStarted { why, .. } = &mut event.event {
            *why = WaitReason::OwnChoice;
        }
    }
    let mut harness = plain(known(&events));
    harness.run_steps(2);
    assert!(
        harness
            .query_all_by_label_contains("so that the source server does not lock this computer out")
            .next()
            .is_some()
    );
    assert!(harness.query_by_label("Try now").is_none());
    assert!(harness.query_by_label_contains("All mailboxes are waiting").is_none());
}

#[test]
fn failure_is_no_progress_and_one_reason_for_all_offers_a_pause() {
    let mut harness = plain(failing());
    harness.run_steps(2);
    harness.get_by_label("All 4 accounts so far have failed: the source refuses this password.");
    harness.get_by_label("4 of 12");
    assert_eq!(harness.state().wizard.status.in_title().unwrap(), "4 of 12 mailboxes, 4 failed");
    harness.get_by_label("Show them").click();
    harness.run_steps(2);
    assert_eq!(harness.state().wizard.status.filter, Filter::Problems);
    harness.get_by_label("Pause the migration").click();
    harness.run_steps(2);
    assert_eq!(harness.state().actions, [Action::Run(RunCommand::Pause)]);
}

#[test]
fn without_a_check_no_page_promises_a_percentage_or_a_time_before_the_last_mailbox_is_counted() {
    let mut harness = plain(shown(&recorded::running()));
    harness.run_steps(2);
    harness.get_by_label("3 of 12");
    harness.get_by_label("mailboxes ended");
    harness.get_by_label("total not counted yet");
    for promise in [" %", " left", "about "] {
        assert_eq!(harness.query_all_by_label_contains(promise).count(), 0, "{promise}");
    }
    assert_eq!(harness.state().wizard.status.in_title().unwrap(), "3 of 12 mailboxes, 1 failed");
    let mut harness = plain(known(&recorded::running()));
    harness.run_steps(2);
    assert!(harness.query_by_label("total not counted yet").is_none());
    assert!(harness.state().wizard.status.in_title().unwrap().contains(" %, 1 failed"));
}

#[test]
fn a_silent_server_is_named_with_the_moment_and_the_time_since_then() {
    let mut harness = plain(silent());
    harness.run_steps(2);
    harness.get_by_label_contains("The source server has not answered since ");
    let rest = harness.get_by_label_contains("The program waits until ");
    let rest = rest.accesskit_node().value().unwrap();
    assert!(rest.contains("connects again and continues the mailbox"), "{rest}");
    let until = (chrono::Local::now() + Duration::from_secs(143)).format("%H:%M").to_string();
    assert!(rest.contains(&until), "{rest} {until}");
    assert!(harness.state().wizard.status.in_title().unwrap().starts_with("Waiting at "));
}

#[test]
fn a_silent_administration_is_named_as_what_it_is() {
    let mut wizard = known(&recorded::running());
    wizard.status.silence = Some(silence(Side::Administration, 70));
    let mut harness = plain(wizard);
    harness.run_steps(2);
    harness.get_by_label_contains("Kerio Connect's administration has not answered since ");
    harness.get_by_label_contains("gives up the request and says why");
}

#[test]
fn an_opened_mailbox_can_be_skipped_and_continued_and_skipping_is_no_progress() {
    let mut harness = plain(known(&recorded::running()));
    harness.run_steps(2);
    harness.get_by_label_contains("c.ortiz@old-company.com: Copying").click();
    harness.run_steps(3);
    harness.get_by_label("Skip this account").click();
    harness.run_steps(2);
    assert_eq!(harness.state().actions, [Action::Run(RunCommand::Skip(AccountId(2)))]);
    let mut harness = plain(skipped());
    harness.run_steps(2);
    harness.get_by_label_contains("c.ortiz@old-company.com: Skipping: finishing the current messages");
    let status = &harness.state().wizard.status;
    assert!(status.in_title().unwrap().ends_with(", 1 failed, 2 skipped"), "{:?}", status.in_title());
    let (good, failed, skipped) = (status.state.fraction(), status.state.failed_share(), status.state.skipped_share());
    assert!(skipped > 0.0 && good + failed + skipped <= 1.0, "{good} {failed} {skipped}");
    harness.get_by_label_contains(&format!("{}: Skipped", recorded::PEOPLE[6].0)).click();
    harness.run_steps(3);
    harness.get_by_label("Continue this account").click();
    harness.run_steps(2);
    assert_eq!(harness.state().actions, [Action::Run(RunCommand::TakeUp(AccountId(6)))]);
}

#[test]
fn a_paused_run_offers_to_continue() {
    let mut harness = plain(paused());
    harness.run_steps(2);
    assert!(harness.state().wizard.status.in_title().unwrap().starts_with("Paused at "));
    harness.get_by_label("Continue the migration");
    harness.get_by_label_contains("Paused: nothing is copied until you continue");
    harness.get_by_label("Continue").click();
    harness.run_steps(2);
    assert_eq!(harness.state().actions, [Action::Run(RunCommand::Continue)]);
}

#[test]
fn five_thousand_mailboxes_cost_what_the_visible_ones_cost() {
    let mut harness = plain(shown(&recorded::large(5000)));
    harness.run_steps(3);
    let drawn = harness.state().wizard.status.rows_drawn;
    assert!((10..40).contains(&drawn), "{drawn}");
}
