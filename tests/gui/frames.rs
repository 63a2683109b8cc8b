//! What a frame costs with a hundred thousand accounts: its time without the painting, and what is done again in it.
//!
//! Run by hand, optimised: `cargo test --release --test gui -- --ignored --nocapture frames`.

use super::fleet::large;
use super::recorded;
use super::support::{Shown, plain};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable;
use kimt::domain::{AccountId, FolderId};
use kimt::gui::page::Page;
use kimt::gui::wizard::Wizard;
use kimt::progress::{Event, Stamped};
use std::io::Write as _;
use std::time::{Duration, Instant};

const ACCOUNTS: usize = 100_000;
const FRAMES: u32 = 50;

/// How often the tables were arranged, and how many rows the page that is shown drew last.
fn counters(wizard: &Wizard) -> (u64, usize) {
    let arranged =
        wizard.status.arrangements() + wizard.result.accounts.arrangements() + wizard.accounts.arrangements();
    let drawn = match wizard.page {
        Page::Result => wizard.result.accounts.rows_drawn,
        Page::Accounts => wizard.accounts.rows_drawn,
        Page::Servers | Page::Status => wizard.status.rows_drawn,
    };
    (arranged, drawn)
}

/// Draws frames and prints what each of them cost; `before` comes before each.
fn measure(what: &str, harness: &mut Harness<'_, Shown>, before: impl Fn(&mut Harness<'_, Shown>, u32)) -> u64 {
    harness.run_steps(3);
    let (arranged, _) = counters(&harness.state().wizard);
    let (mut all, mut longest) = (Duration::ZERO, Duration::ZERO);
    for frame in 0..FRAMES {
        before(harness, frame);
        let begun = Instant::now();
        harness.step();
        let took = begun.elapsed();
        (all, longest) = (all + took, longest.max(took));
    }
    let (arranged_now, drawn) = counters(&harness.state().wizard);
    let arranged = arranged_now - arranged;
    let figures = format!(
        "{what}: mean {:.1} ms, longest {:.1} ms, {arranged} arrangements in {FRAMES} frames, {drawn} rows drawn\n",
        all.as_secs_f64() * 1000.0 / f64::from(FRAMES),
        longest.as_secs_f64() * 1000.0
    );
    std::io::stdout().write_all(figures.as_bytes()).unwrap();
    assert!(drawn < 60, "{drawn}");
    arranged
}

/// Something of an account arrives.
fn copy(harness: &mut Harness<'_, Shown>, frame: u32) {
    let account = AccountId(frame);
    let status = &mut harness.state_mut().wizard.status;
    let event = Event::MessagesCopied { account, folder: FolderId(0), messages: 1, bytes: 1 };
    status.apply(&Stamped { at: status.now, event });
}

#[test]
#[ignore = "a measurement"]
fn frames_with_a_hundred_thousand_accounts() {
    let still = |_: &mut Harness<'_, Shown>, _: u32| ();
    let mut harness = plain(large(ACCOUNTS));
    assert_eq!(measure("Migration, nothing changes", &mut harness, still), 0);
    measure("Migration, news in every frame", &mut harness, copy);
    harness.get_by_label("Mailbox").click();
    measure("Migration, sorted, news in every frame", &mut harness, copy);
    harness.state_mut().wizard.status.search = "user09999".to_owned();
    measure("Migration, searched, news in every frame", &mut harness, copy);
    harness.state_mut().wizard.status.search.clear();
    let scroll = |harness: &mut Harness<'_, Shown>, _: u32| {
        let delta = egui::vec2(0.0, -400.0);
        harness.hover_at(egui::pos2(600.0, 400.0));
        let (unit, phase) = (egui::MouseWheelUnit::Point, egui::TouchPhase::Move);
        let (modifiers, source) = (egui::Modifiers::NONE, egui::MouseWheelSource::Unknown);
        harness.event(egui::Event::MouseWheel { unit, delta, phase, modifiers, source });
    };
    assert_eq!(measure("Migration, scrolled", &mut harness, scroll), 0);
    harness.state_mut().wizard.page = Page::Result;
    assert_eq!(measure("Result, nothing changes", &mut harness, still), 0);
    let mut wizard = Wizard { page: Page::Accounts, ..Wizard::default() };
    wizard.accounts.take("/users.csv".into(), recorded::large_file(ACCOUNTS));
    measure("Accounts, nothing changes", &mut plain(wizard), still);
}

#[test]
fn the_rows_are_arranged_again_only_when_something_has_changed() {
    let mut harness = plain(large(500));
    harness.run_steps(3);
    let arranged = |harness: &Harness<'_, Shown>| counters(&harness.state().wizard).0;
    let before = arranged(&harness);
    harness.run_steps(5);
    assert_eq!(arranged(&harness), before, "nothing has changed");
    copy(&mut harness, 7);
    harness.run_steps(5);
    assert_eq!(arranged(&harness), before + 1, "once for the news");
    harness.state_mut().wizard.status.search = "user00001".to_owned();
    harness.run_steps(5);
    assert_eq!(arranged(&harness), before + 2, "once for the search");
}
