//! Page 4.

use super::recorded;
use super::support::{further_pictures, pictures, plain};
use egui_kittest::SnapshotResults;
use egui_kittest::kittest::{NodeT, Queryable};
use kimt::domain::AccountId;
use kimt::gui::action::Action;
use kimt::gui::page::Page;
use kimt::gui::pages::status::StatusPage;
use kimt::gui::wizard::Wizard;
use kimt::progress::{AccountEnd, Event, Stamped};

pub fn shown(events: &[Stamped]) -> Wizard {
    let mut status = StatusPage::begin(Vec::new());
    events.iter().for_each(|event| status.apply(event));
    Wizard { page: Page::Result, status, ..Wizard::default() }
}

/// Complete, but Kerio Connect's port could not be put back.
fn port_left() -> Vec<Stamped> {
    let mut events = recorded::complete();
    let change = Event::PortChanged { service: "IMAP".into(), from: 143, to: 8143 };
    events.insert(1, Stamped { at: 0, event: change });
    events
}

fn stopped() -> Vec<Stamped> {
    let mut events = recorded::running();
    let at = events[events.len() - 1].at;
    events.push(Stamped { at, event: Event::StopRequested });
    for account in [2, 4, 5, 7].map(AccountId) {
        events.push(Stamped { at, event: Event::AccountFinished { account, end: AccountEnd::Stopped } });
    }
    events.push(Stamped { at, event: Event::RunFinished });
    events
}

#[test]
fn the_page_looks_right_in_every_state() {
    let mut results = SnapshotResults::new();
    pictures(&mut results, "result-complete", || shown(&recorded::complete()));
    pictures(&mut results, "result-incomplete", || shown(&recorded::ended()));
    further_pictures(&mut results, "result-incomplete", || shown(&recorded::ended()));
    pictures(&mut results, "result-stopped", || shown(&stopped()));
    pictures(&mut results, "result-not-started", || shown(&recorded::not_started()));
}

#[test]
fn a_port_that_was_not_put_back_is_named_with_both_numbers_and_can_be_put_back_at_once() {
    let mut harness = plain(shown(&port_left()));
    harness.run_steps(2);
    harness.get_by_label("Kerio Connect's IMAP service still uses port 8143 instead of 143.");
    harness.get_by_label("Put it back now").click();
    harness.run_steps(2);
    assert_eq!(harness.state().actions, [Action::RestorePort]);
}

#[test]
fn the_verdict_the_reasons_and_the_next_steps_are_said() {
    let mut harness = plain(shown(&recorded::ended()));
    harness.run_steps(2);
    let mut order = Vec::new();
    for _ in 0..40 {
        harness.key_press(egui::Key::Tab);
        harness.run_steps(2);
        let at = harness.root().children_recursive().find(|node| node.is_focused());
        order.extend(at.and_then(|node| node.accesskit_node().label()).filter(|label| !label.contains('@')));
    }
    let bar = ["Migrate further accounts", "Close", "Migrate incomplete accounts"];
    assert!(order.windows(3).any(|three| three == bar), "Tab goes in the order of reading: {order:?}");
    harness.get_by_label("10 of 12 accounts are complete; 2 need you.");
    harness.get_by_label("What to do: Correct the password in the CSV file and migrate this mailbox again.");
    harness.get_by_label("Report").click();
    harness.run_steps(2);
    harness.get_by_label("Report as a web page").click();
    harness.run_steps(2);
    harness.get_by_label("Migrate incomplete accounts").click();
    harness.run_steps(2);
    harness.get_by_label("Migrate further accounts").click();
    harness.run_steps(2);
    let asked = [Action::OpenReport, Action::OpenReportPage, Action::MigrateIncomplete, Action::MigrateFurther];
    assert_eq!(harness.state().actions, asked);
}

#[test]
fn where_all_is_complete_nothing_is_offered_to_migrate_again() {
    let mut harness = plain(shown(&recorded::complete()));
    harness.run_steps(2);
    harness.get_by_label_contains("All 3 accounts are complete.");
    assert!(harness.query_by_label("Migrate incomplete accounts").is_none());
    harness.key_press(egui::Key::Enter);
    harness.run_steps(2);
    assert_eq!(harness.state().actions, [Action::Close]);
}

#[test]
fn people_are_moved_over_only_after_a_good_end_and_before_it_the_incomplete_come_first() {
    let shown_next = |events: &[Stamped], advice: &str| {
        let mut harness = plain(shown(events));
        harness.run_steps(2);
        harness.get_by_label("Next:");
        harness.get_by_label_contains(advice);
        let moved = harness.query_by_label_contains("Have new mail delivered to the new server").is_some();
        harness.key_press(egui::Key::Enter);
        harness.run_steps(2);
        harness.get_by_label("Close");
        (moved, harness.state().actions.clone())
    };
    let again = || (false, vec![Action::MigrateIncomplete]);
    assert_eq!(shown_next(&recorded::ended(), "Fix what is listed above"), again());
    assert_eq!(shown_next(&stopped(), "when it suits you. Each mailbox continues where it stopped"), again());
    assert_eq!(shown_next(&recorded::not_started(), "people keep using the old server"), again());
    let good = "Have new mail delivered to the new server";
    assert_eq!(shown_next(&recorded::complete(), good), (true, vec![Action::Close]));
}

/// The lines of CSV that were asked to be saved last, without the names of the columns.
fn saved(harness: &egui_kittest::Harness<'_, super::support::Shown>) -> Vec<String> {
    match harness.state().actions.last() {
        Some(Action::SaveCsv(text)) => text.lines().skip(1).map(str::to_owned).collect(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_accounts_are_filtered_searched_and_saved_as_they_are_shown() {
    let mut harness = plain(shown(&recorded::ended()));
    harness.run_steps(2);
    harness.get_by_label("Save as CSV…").click();
    harness.run_steps(2);
    assert_eq!(saved(&harness).len(), 2, "at first those that need attention are shown");
    harness.get_by_label("All 12").click();
    harness.run_steps(2);
    harness.get_by_label("Save as CSV…").click();
    harness.run_steps(2);
    assert_eq!(saved(&harness).len(), 12);
    // The search looks at states too.
    harness.get_by_label("Filter").focus();
    harness.run_steps(2);
    harness.get_by_label("Filter").type_text("refuses this password");
    harness.run_steps(3);
    harness.get_by_label("Save as CSV…").click();
    harness.run_steps(2);
    assert_eq!(saved(&harness).len(), 1);
    assert!(saved(&harness)[0].starts_with("d.weber@old-company.com,"), "{:?}", saved(&harness));
}

#[test]
fn a_cause_that_several_accounts_share_is_said_once_with_what_to_do() {
    let mut events = recorded::running();
    let at = events[events.len() - 1].at;
    for number in [2, 4, 5, 7] {
        let account = AccountId(number);
        let problem = recorded::refused(number as usize);
        events.push(Stamped { at, event: Event::ProblemMet { account: Some(account), folder: None, problem } });
        events.push(Stamped { at, event: Event::AccountFinished { account, end: AccountEnd::Failed } });
    }
    events.push(Stamped { at, event: Event::RunFinished });
    let mut harness = plain(shown(&events));
    harness.run_steps(2);
    harness.get_by_label_contains("The source refuses this password: ");
    let advice = "What to do: Correct the password in the CSV file and migrate this mailbox again.";
    assert_eq!(harness.query_all_by_label(advice).count(), 1);
}
