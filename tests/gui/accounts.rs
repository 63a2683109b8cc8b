//! Page 2.

use super::recorded;
use super::support::{Shown, further_pictures, pictures, plain};
use egui::{Key, Modifiers, Role};
use egui_kittest::kittest::{NodeT, Queryable};
use egui_kittest::{Harness, SnapshotResults};
use kimt::accounts;
use kimt::domain::list::Layout;
use kimt::domain::{AccountId, Problem, ProblemKind, Side};
use kimt::gui::action::{Action, RunCommand};
use kimt::gui::page::Page;
use kimt::gui::pages::account_list::filter_id;
use kimt::gui::wizard::Wizard;
use kimt::progress::{Event, Followed, Stamped};

fn empty() -> Wizard {
    Wizard { page: Page::Accounts, ..Wizard::default() }
}

fn loaded() -> Wizard {
    let mut wizard = empty();
    wizard.accounts.take("/home/admin/users-2026.csv".into(), recorded::file());
    wizard
}

/// A list as an administrator has it, read as for a source where everybody needs a password.
pub fn list(text: &str) -> Wizard {
    let mut file = accounts::read(text.as_bytes());
    file.require_passwords();
    let mut wizard = empty();
    wizard.accounts.take("/home/admin/export.csv".into(), file);
    wizard
}

const EXPORT: &str = "E-mail;Quota;Heslo;Jm\u{e9}no;Odd\u{11b}len\u{ed};Alternate email\nann@old-company.com;1024;Winter-71;Ann Keller;IT;ann@private.example\nb.novak@old-company.com;2048;Sommer-82;Bohumil Nov\u{e1}k;Obchod;\nc.ortiz@old-company.com;512;Herbst-93\u{a0};Carmen Ortiz;IT;\n";
const TWO_PASSWORDS: &str = "Email;Password;Kennwort;Name\nann@old-company.com;Winter-71;Sommer-82;Ann Keller\nb.novak@old-company.com;Herbst-93;Regen-64;Bohumil Nov\u{e1}k\n";

pub fn checked(events: &[Stamped]) -> Wizard {
    let mut wizard = loaded();
    wizard.accounts.begin_check();
    events.iter().for_each(|event| wizard.accounts.apply(event));
    wizard
}

#[test]
fn the_page_looks_right_in_every_state() {
    let mut results = SnapshotResults::new();
    pictures(&mut results, "accounts-empty", empty);
    pictures(&mut results, "accounts-loaded", loaded);
    pictures(&mut results, "accounts-columns", || list(EXPORT));
    pictures(&mut results, "accounts-columns-refused", || list(TWO_PASSWORDS));
    pictures(&mut results, "accounts-checking", || checked(&recorded::checking()));
    pictures(&mut results, "accounts-checked", || checked(&recorded::checked()));
    further_pictures(&mut results, "accounts-checked", || checked(&recorded::checked()));
}

#[test]
fn an_empty_page_says_the_pattern_and_loads() {
    let mut harness = plain(empty());
    harness.run();
    harness.get_by_label("user@domain.com;password;Full Name");
    harness.key_press(Key::Enter);
    harness.run();
    harness.get_by_label("Save a sample file to fill in").click();
    harness.run();
    assert_eq!(harness.state().actions, [Action::Load, Action::SaveSample]);
}

#[test]
fn bad_lines_are_named_without_their_passwords_and_the_others_can_continue() {
    let mut harness = plain(loaded());
    harness.run();
    harness.get_by_label("2 lines cannot be used.");
    harness.get_by_label_contains("Line 1:");
    let said: String =
        harness.root().children_recursive().map(|node| format!("{:?}", node.accesskit_node().data())).collect();
    assert!(!said.contains("secret1") && !said.contains("hunter2"));
    harness.get_by_label("Start migration of 12 accounts").click();
    harness.run();
    assert_eq!(harness.state().actions, [Action::Start]);
}

#[test]
fn the_page_says_what_each_column_holds_and_shows_no_password() {
    let mut harness = plain(list(EXPORT));
    harness.run();
    harness.get_by_label("6 columns: Address, Password, Full name");
    harness.get_by_label("Not used: Quota, Oddělení, Alternate email");
    harness.get_by_label_contains("Line 4 has a no-break space");
    harness.get_by_label("Choose columns").click();
    harness.run();
    assert_eq!(harness.query_all_by_label("••••••••• (9)").count(), 2);
    let said: String =
        harness.root().children_recursive().map(|node| format!("{:?}", node.accesskit_node().data())).collect();
    assert!(said.contains("ann@private.example") && !said.contains("Winter") && !said.contains("Herbst"));
    harness.get_by_label("Hide columns").click();
    harness.run();
    assert!(harness.query_all_by_label("••••••••• (9)").next().is_none());
}

#[test]
fn columns_that_leave_something_open_are_chosen_on_the_page() {
    let mut harness = plain(list(TWO_PASSWORDS));
    harness.run();
    harness.get_by_label_contains("Both 'Password' and 'Kennwort' could be the password.");
    harness.get_by_label("Start migration of 0 accounts");
    // It is open by itself: without a choice nothing can be done.
    harness.get_by_role_and_label(Role::ComboBox, "Kennwort").click();
    harness.run();
    // The last one: the head of a column may say the same.
    harness.query_all_by_label("Password").last().unwrap().click();
    harness.run();
    harness.get_by_label("Read the list with these columns").click();
    harness.run();
    let layout = Layout::parse("address,-,password,name").unwrap();
    assert_eq!(harness.state().actions, [Action::ReadColumns(layout)]);
}

#[test]
fn all_and_none_are_of_what_the_filter_shows() {
    let mut harness = plain(loaded());
    harness.run();
    harness.get_by_label("Filter").focus();
    harness.run();
    harness.get_by_label("Filter").type_text("branch.example");
    harness.run();
    harness.get_by_label("All accounts that are shown").click();
    harness.run();
    harness.get_by_label("8 of 12 chosen");
    let left: Vec<String> =
        harness.state().wizard.accounts.chosen().iter().map(|account| account.address.domain().to_owned()).collect();
    assert!(left.iter().all(|domain| domain == "old-company.com"), "{left:?}");
}

#[test]
fn enter_in_the_filter_starts_nothing() {
    let mut harness = plain(loaded());
    harness.run();
    harness.ctx.memory_mut(|memory| memory.request_focus(filter_id()));
    harness.run();
    harness.key_press(Key::Enter);
    harness.run();
    assert!(harness.state().actions.is_empty());
}

#[test]
fn a_check_reports_the_whole_and_lets_the_failed_ones_be_left_out() {
    let mut harness = plain(checked(&recorded::checked()));
    harness.run();
    harness.get_by_label("12 of 12 chosen");
    harness.get_by_label("154,046 messages · 22.6 GB");
    harness.get_by_label("the source refuses this password");
    harness.get_by_label("Leave it out").click();
    harness.run();
    harness.get_by_label("11 of 12 chosen");
    harness.get_by_label("about 2 hours at 4.0 MB/s");
    harness.get_by_label("Start migration of 11 accounts");
}

#[test]
fn nothing_is_started_or_loaded_during_a_check() {
    let mut harness = plain(checked(&recorded::checking()));
    harness.run();
    harness.get_by_label("Start migration of 12 accounts").click();
    harness.run();
    harness.get_by_label("Load…").click();
    harness.run();
    for key in [Key::Enter, Key::F5] {
        harness.key_press(key);
        harness.run();
    }
    harness.key_press_modifiers(Modifiers::COMMAND, Key::O);
    harness.run();
    assert!(harness.state().actions.is_empty(), "{:?}", harness.state().actions);
    harness.get_by_label("Stop checking").click();
    harness.run();
    assert_eq!(harness.state().actions, [Action::Run(RunCommand::Stop)]);
}

#[test]
fn folder_names_that_will_change_are_shown_before_the_start_the_surprising_ones_first() {
    let mut harness = plain(checked(&recorded::checking()));
    harness.run();
    harness.get_by_label("1 of 12 checked");
    assert!(harness.query_by_label_contains("folder name").is_none());

    let mut harness = plain(checked(&recorded::checked()));
    harness.run();
    harness.get_by_label("2 folder names will change in Kerio Connect.");
    let shown =
        |harness: &Harness<'_, Shown>, part: &str| harness.query_by_label_contains(part).map(|it| it.rect().top());
    assert_eq!(shown(&harness, "'Sent' goes to 'Sent Items'"), None);
    harness.get_all_by_label("Show them").last().unwrap().click();
    harness.run();
    let calendar = "'Calendar' goes to 'Calendar (migrated)', because the target reserves the old name for a folder of its own. In 2 mailboxes.";
    let sent = "'Sent' goes to 'Sent Items', the target's folder for the same use. In 11 mailboxes.";
    assert!(shown(&harness, calendar).unwrap() < shown(&harness, sent).unwrap());
}

#[test]
fn what_a_last_pass_would_bring_is_shown_before_the_start_in_all_and_for_each_account() {
    let mut events = recorded::checked();
    let end = Stamped { at: events[events.len() - 1].at, event: events[events.len() - 1].event.clone() };
    let brings = [
        (0, Followed { new: 2, moved: 1, ..Followed::default() }),
        (1, Followed { deleted: 3, ..Followed::default() }),
    ];
    events.pop();
    for (account, followed) in brings {
        let event = Event::ChangesFollowed { account: AccountId(account), folder: None, followed };
        events.push(Stamped { at: end.at, event });
    }
    events.push(end);
    let mut harness = plain(checked(&events));
    harness.run();
    let deleted = "3 messages were deleted on the source since an earlier run.";
    harness.get_by_label(&format!("A last pass would copy 2 new messages and move 1 message. {deleted}"));
    harness.get_all_by_label("Show them").last().unwrap().click();
    harness.run();
    harness.get_by_label_contains(": A last pass would copy 2 new messages and move 1 message.");
    harness.get_by_label_contains(&format!(": {deleted}"));

    let mut harness = plain(checked(&recorded::checked()));
    harness.run();
    assert!(harness.query_by_label_contains("last pass would").is_none(), "a first pass says nothing of it");
}

#[test]
fn a_mailbox_that_may_not_fit_is_named_before_the_start_and_can_be_migrated_all_the_same() {
    let mut events = recorded::checked();
    let ann = AccountId(0);
    let end = events.iter().position(|it| matches!(it.event, Event::AccountFinished { account, .. } if account == ann));
    let problem = Problem::new(ProblemKind::QuotaTooSmall).on(Side::Target);
    let event = Event::ProblemMet { account: Some(ann), folder: None, problem };
    events.insert(end.unwrap(), Stamped { at: events[end.unwrap()].at, event });
    let mut harness = plain(checked(&events));
    harness.run();
    harness.get_by_label("will be created; the mailbox may be too small");
    harness.get_by_label_contains("1 chosen account cannot be migrated yet");
}

#[test]
fn what_a_check_found_is_void_once_it_is_forgotten_and_can_be_made_again() {
    let mut wizard = checked(&recorded::checked());
    wizard.accounts.forget_check();
    assert!(wizard.accounts.known_sizes().iter().all(Option::is_none));
    let mut harness = plain(wizard);
    harness.run();
    assert_eq!(harness.query_all_by_label("not checked yet").count(), harness.state().wizard.accounts.rows_drawn);
    harness.get_by_label("Check again").click();
    harness.run();
    assert_eq!(harness.state().actions, [Action::Check]);
}

#[test]
fn five_thousand_accounts_cost_what_the_visible_ones_cost() {
    let mut wizard = empty();
    wizard.accounts.take("/many.csv".into(), recorded::large_file(5000));
    let mut harness = plain(wizard);
    let started = std::time::Instant::now();
    harness.run_steps(20);
    println!("page 2 with 5,000 accounts: {:?} a frame", started.elapsed() / 20);
    let drawn = harness.state().wizard.accounts.rows_drawn;
    assert!((10..40).contains(&drawn), "{drawn}");
}
