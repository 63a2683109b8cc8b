//! The one table of accounts on the pages Accounts, Migration and Result: sorted, filtered, opened, saved, and with room for what matters.

use super::recorded::{self, PEOPLE};
use super::support::{Screen, Shown, plain, show};
use super::{accounts, result, status};
use egui::{Key, Role, Theme};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT, Queryable};
use kimt::domain::AccountId;
use kimt::gui::action::Action;
use kimt::gui::page::Page;
use kimt::gui::pages::accounts::Showing;
use kimt::gui::pages::status::StatusPage;
use kimt::gui::wizard::Wizard;
use kimt::progress::{AccountEnd, Event, Stamped};

/// The addresses of the rows from the top down.
fn rows(harness: &Harness<'_, Shown>) -> Vec<String> {
    let mut rows = Vec::new();
    for node in harness.root().children_recursive() {
        let label = node.accesskit_node().label().unwrap_or_default();
        if let Some((address, _)) = label.split_once(": ").filter(|(address, _)| address.contains('@')) {
            rows.push((node.rect().top(), address.to_owned()));
        }
    }
    rows.sort_by(|one, other| one.0.total_cmp(&other.0));
    rows.into_iter().map(|(_, address)| address).collect()
}

fn press(harness: &mut Harness<'_, Shown>, label: &str) {
    harness.get_by_label(label).click();
    harness.run_steps(3);
}

#[test]
fn a_press_on_a_head_sorts_by_it_once_more_turns_it_round_and_a_third_one_brings_the_usual_order_back() {
    let mut harness = plain(result::shown(&recorded::ended()));
    harness.run_steps(2);
    press(&mut harness, "All 12");
    let usual = rows(&harness);
    let mut names: Vec<String> = PEOPLE.iter().map(|person| person.0.to_owned()).collect();
    names.sort();
    press(&mut harness, "Account");
    assert_eq!(rows(&harness), names[..rows(&harness).len()]);
    press(&mut harness, "Account");
    names.reverse();
    assert_eq!(rows(&harness), names[..rows(&harness).len()]);
    press(&mut harness, "Account");
    assert_eq!(rows(&harness), usual);
    press(&mut harness, "Source");
    press(&mut harness, "Source");
    assert_eq!(rows(&harness)[0], "info@old-company.com", "the largest number first");
}

#[test]
fn the_keyboard_alone_sorts_a_table_and_opens_a_row_on_every_page() {
    let pages: [(&str, Wizard); 3] = [
        ("Address", accounts::checked(&recorded::checked())),
        ("Mailbox", status::known(&recorded::running())),
        ("Account", result::shown(&recorded::ended())),
    ];
    for (head, wizard) in pages {
        let mut harness = plain(wizard);
        harness.run_steps(2);
        let mut found = false;
        for _ in 0..40 {
            harness.key_press(Key::Tab);
            harness.run_steps(2);
            found = harness.get_by_label(head).is_focused();
            if found {
                break;
            }
        }
        assert!(found, "Tab leads to {head}");
        harness.key_press(Key::Enter);
        harness.run_steps(3);
        let (mut sorted, shown) = (rows(&harness), rows(&harness));
        sorted.sort();
        assert_eq!(sorted, shown, "{head}");
        assert!(harness.state().actions.is_empty(), "Enter starts nothing: {:?}", harness.state().actions);
    }
}

#[test]
fn an_opened_account_shows_the_folders_of_both_sides_before_the_start_and_during_it() {
    for wizard in [accounts::checked(&recorded::checked()), status::known(&recorded::running())] {
        let page = wizard.page;
        let mut harness = plain(wizard);
        harness.run_steps(2);
        harness.get_by_label_contains("c.ortiz@old-company.com: ").click();
        harness.run_steps(3);
        let source = harness.get_by_label("Folder on the source").rect();
        let target = harness.get_by_label("Folder on the target").rect();
        assert!((source.top() - target.top()).abs() < 1.0 && source.right() < target.left());
        let sent = harness.get_by_label("Sent").rect();
        let items = harness.get_by_label_contains("Sent Items").rect();
        assert!((sent.center().y - items.center().y).abs() < 2.0, "{page:?}");
        assert!((sent.left() - source.left()).abs() < 1.0 && (items.left() - target.left()).abs() < 1.0);
        harness.get_by_label("Public Folders/News");
        harness.get_by_label_contains("Not copied: it is a public or shared folder");
    }
}

#[test]
fn before_a_check_an_opened_account_says_how_its_folders_are_found_and_can_be_corrected() {
    let mut wizard = Wizard { page: Page::Accounts, ..Wizard::default() };
    wizard.accounts.take("/users.csv".into(), recorded::file());
    let mut harness = plain(wizard);
    harness.run_steps(2);
    harness.get_by_label_contains("c.ortiz@old-company.com: ").click();
    harness.run_steps(3);
    harness.get_by_label("Check accounts lists its folders, and where each of them goes.");
    press(&mut harness, "Correct its password or sign-in name…");
    assert_eq!(harness.state().actions, [Action::Correct("c.ortiz@old-company.com".into())]);
}

#[test]
fn a_correction_is_offered_where_it_can_help_and_nowhere_else() {
    const CORRECT: &str = "Correct its password or sign-in name…";
    for wizard in [accounts::checked(&recorded::checked()), result::shown(&recorded::ended())] {
        let page = wizard.page;
        let mut harness = plain(wizard);
        harness.run_steps(2);
        for person in ["d.weber", "b.novak"] {
            let row = format!("{person}@old-company.com: ");
            harness.get_all_by_label_contains(&row).next().unwrap().click();
            harness.run_steps(3);
            // Before the start anybody's password may be known to be wrong.
            let helps = person == "d.weber" || page == Page::Accounts;
            assert_eq!(harness.query_by_label(CORRECT).is_some(), helps, "{person} on {page:?}");
            harness.get_all_by_label_contains(&row).next().unwrap().click();
            harness.run_steps(3);
        }
    }
}

/// A check in which several passwords are wrong.
fn several_refused() -> Wizard {
    let mut events = recorded::checked();
    for event in &mut events {
        if let Event::AccountFinished { account, end } = &mut event.event
            && [4, 5, 6].contains(&account.0)
        {
            *end = AccountEnd::Failed;
        }
    }
    for number in [4, 5, 6] {
        let account = Some(AccountId(number));
        let problem = recorded::refused(number as usize);
        let event = Event::ProblemMet { account, folder: None, problem };
        events.insert(events.len() - 1, Stamped { at: events[events.len() - 1].at, event });
    }
    accounts::checked(&events)
}

#[test]
fn what_a_check_found_is_shown_together_by_cause_with_one_advice_and_saved_as_it_is_shown() {
    let mut harness = plain(several_refused());
    harness.run_steps(2);
    press(&mut harness, "Problems 4");
    assert_eq!(harness.state().wizard.accounts.rows_drawn, 4);
    harness.get_by_label("The source refuses this password: 4 accounts");
    let advice = "What to do: Correct the password in the CSV file and migrate this mailbox again.";
    assert_eq!(harness.query_all_by_label(advice).count(), 1);
    press(&mut harness, "Save as CSV…");
    let Some(Action::SaveCsv(text)) = harness.state().actions.last() else { panic!("{:?}", harness.state().actions) };
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 5, "{lines:#?}");
    assert!(lines[0].starts_with("address,full_name,line,chosen,state,source_messages"));
    assert!(
        lines[1].starts_with("d.weber@old-company.com,Dieter Weber,") && lines[1].contains("refuses this password")
    );
    assert!(!text.contains("hunter2"), "a password is in what is saved");
}

#[test]
fn a_strip_that_names_a_number_of_accounts_shows_them() {
    let mut harness = plain(several_refused());
    harness.run_steps(2);
    harness.get_by_label("4 chosen accounts cannot be migrated yet.");
    harness.get_all_by_label("Show them").last().unwrap().click();
    harness.run_steps(3);
    assert_eq!(harness.state().wizard.accounts.showing, Showing::Problems);
    press(&mut harness, "Leave them out");
    press(&mut harness, "Chosen 8");
    assert_eq!(harness.state().wizard.accounts.rows_drawn, 8);
}

/// The texts in the rows of a table that are cut off: the pointer over one shows all of it.
fn cut(harness: &mut Harness<'_, Shown>) -> Vec<String> {
    harness.ctx.all_styles_mut(|style| {
        (style.interaction.tooltip_delay, style.interaction.show_tooltips_only_when_still) = (0.0, false);
    });
    let rows = rows(harness);
    let mut texts = Vec::new();
    for row in &rows {
        let row = harness.query_all_by_label_contains(&format!("{row}: ")).next().unwrap().rect();
        for node in harness.query_all_by_role(Role::Label) {
            let text = node.accesskit_node().value().or_else(|| node.accesskit_node().label()).unwrap_or_default();
            if !text.is_empty() && row.contains(node.rect().center()) {
                texts.push((node.rect().center(), text));
            }
        }
    }
    assert!(texts.len() > 2 * rows.len(), "{texts:?}");
    let shown = |harness: &Harness<'_, Shown>, text: &str| harness.query_all_by_label(text).count();
    let is_cut = |(place, text): &(egui::Pos2, String)| {
        let before = shown(harness, text);
        harness.hover_at(*place);
        harness.run_steps(3);
        let after = shown(harness, text);
        harness.hover_at(egui::pos2(1.0, 1.0));
        harness.run_steps(2);
        after > before
    };
    texts.into_iter().filter(is_cut).map(|(_, text)| text).collect()
}

#[test]
fn no_address_and_no_state_is_cut_in_a_window_of_a_thousand_points() {
    let screen = Screen { width: 1000.0, height: 700.0, scale: 1.0 };
    let mut long = result::shown(&recorded::ended());
    for account in &mut long.status.state.accounts {
        account.info.address = account.info.address.replace("old-company.com", "administration.old.example");
    }
    for wizard in [several_refused(), status::known(&recorded::running()), result::shown(&recorded::ended()), long] {
        let mut harness = show(wizard, screen, Theme::Light);
        harness.run_steps(3);
        // One address of the list is longer than any column.
        let cut: Vec<String> =
            cut(&mut harness).into_iter().filter(|text| !text.starts_with("customer-service")).collect();
        assert!(cut.is_empty(), "{cut:?}");
    }
}

#[test]
fn the_widest_addresses_and_names_are_whole_wherever_in_the_list_they_are() {
    let line = |number: u32| format!("person{number}@domain{number}.example.com;x{number};Person Number {number}\n");
    let mut wizard = accounts::list(&(1..2000).map(line).collect::<String>());
    wizard.accounts.filter = "person199".to_owned();
    let mut harness = show(wizard, Screen { width: 1000.0, height: 700.0, scale: 1.0 }, Theme::Light);
    harness.run_steps(3);
    assert_eq!((rows(&harness).len(), cut(&mut harness)), (11, Vec::new()));
}

#[test]
fn the_messages_of_a_very_large_mailbox_are_whole_in_a_narrow_window() {
    for finished in [false, true] {
        let mut large = if finished { result::shown(&recorded::ended()) } else { status::known(&recorded::running()) };
        for account in &mut large.status.state.accounts {
            account.tally.expected.messages += 3_104_000;
            account.tally.copied.messages += 2_888_000;
        }
        let mut harness = show(large, Screen { width: 800.0, height: 560.0, scale: 1.0 }, Theme::Light);
        harness.run_steps(3);
        let cut: Vec<String> = cut(&mut harness).into_iter().filter(|text| text.contains(" of ")).collect();
        assert!(cut.is_empty(), "{cut:?}");
    }
}

#[test]
fn a_column_for_the_machines_is_there_only_where_there_are_several() {
    let mut harness = plain(status::known(&recorded::running()));
    harness.run_steps(2);
    assert!(harness.query_by_label("Machine").is_none());
    let state = &mut harness.state_mut().wizard.status.state;
    state.is_fleet = true;
    for (number, account) in state.accounts.iter_mut().enumerate() {
        account.machine = format!("mover-{}", 1 + number % 2);
    }
    harness.run_steps(2);
    harness.get_by_label("Machine");
    harness.get_by_label("Filter").focus();
    harness.run_steps(2);
    harness.get_by_label("Filter").type_text("mover-2");
    harness.run_steps(3);
    assert_eq!(harness.state().wizard.status.rows_drawn, 6);
}

#[test]
fn the_accounts_are_arranged_only_when_something_changes_and_then_show_it() {
    let mut harness = plain(accounts::checked(&recorded::checked()));
    harness.run_steps(2);
    let arranged = |harness: &Harness<'_, Shown>| harness.state().wizard.accounts.arrangements();
    let mut before = arranged(&harness);
    let mut changes = |harness: &mut Harness<'_, Shown>, what: &str| {
        harness.run_steps(3);
        let now = arranged(harness);
        harness.run_steps(5);
        assert!(now > before && arranged(harness) == now, "{what}: {before}, {now}, {}", arranged(harness));
        before = now;
    };
    harness.get_by_label("Chosen 12").click();
    changes(&mut harness, "a filter");
    harness.get_by_label("Leave it out").click();
    changes(&mut harness, "an account is left out");
    harness.get_by_label("Chosen 11");
    assert!(harness.query_by_label_contains("d.weber@old-company.com: ").is_none(), "it is not chosen any more");
    harness.get_by_role_and_label(Role::CheckBox, "ann.keller@old-company.com").click();
    changes(&mut harness, "an account is unticked");
    assert!(harness.query_by_label_contains("ann.keller@old-company.com: ").is_none(), "nor is this one");
    harness.get_by_label("Chosen 10");
    harness.state_mut().wizard.accounts.choose(|_| true);
    changes(&mut harness, "all are chosen");
    harness.state_mut().wizard.accounts.begin_check();
    changes(&mut harness, "a check begins");
    recorded::checked().iter().for_each(|event| harness.state_mut().wizard.accounts.apply(event));
    changes(&mut harness, "a check ends");
    harness.state_mut().wizard.accounts.forget_check();
    changes(&mut harness, "a check is forgotten");
}

#[test]
fn fifty_thousand_accounts_cost_what_the_visible_ones_cost_sorted_or_not() {
    const MANY: usize = 50_000;
    let mut wizard = Wizard { page: Page::Accounts, ..Wizard::default() };
    wizard.accounts.take("/many.csv".into(), recorded::large_file(MANY));
    let mut harness = plain(wizard);
    harness.run_steps(2);
    press(&mut harness, "Address");
    harness.run_steps(2);
    assert!((10..40).contains(&harness.state().wizard.accounts.rows_drawn));
    let arranged = |harness: &Harness<'_, Shown>| harness.state().wizard.accounts.arrangements();
    let before = arranged(&harness);
    harness.run_steps(10);
    assert_eq!(arranged(&harness), before, "nothing has changed");

    let mut events = recorded::large(MANY);
    let at = events[events.len() - 1].at;
    events.push(Stamped { at, event: Event::RunFinished });
    let mut status = StatusPage::begin(Vec::new());
    events.iter().for_each(|event| status.apply(event));
    let shown = |harness: &Harness<'_, Shown>| harness.state().wizard.result.accounts.rows_drawn;
    let mut harness = plain(Wizard { page: Page::Result, status, ..Wizard::default() });
    harness.run_steps(2);
    assert!(shown(&harness) < 40, "{} rows", shown(&harness));
    press(&mut harness, "Source");
    harness.run_steps(2);
    assert!((10..40).contains(&shown(&harness)), "{} rows", shown(&harness));
}
