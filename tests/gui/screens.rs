//! Every page on every screen: the bar is whole and visible, and pictures to look at.

use super::support::{Screen, show};
use super::{accounts, migrations, more, recorded, result, servers, status};
use egui::{Key, Pos2, Rect, Theme, vec2};
use egui_kittest::kittest::Queryable;
use kimt::gui::action::{Action, Purpose};
use kimt::gui::wizard::Wizard;
use std::path::Path;

/// The smallest window, a laptop of 1366 by 768 pixels at 150 % with the system's bars, and usual small screens.
const SCREENS: [Screen; 5] = [
    Screen { width: 680.0, height: 420.0, scale: 1.0 },
    Screen { width: 902.0, height: 440.0, scale: 1.5 },
    Screen { width: 800.0, height: 560.0, scale: 1.0 },
    Screen { width: 1024.0, height: 600.0, scale: 1.0 },
    Screen { width: 1280.0, height: 720.0, scale: 1.0 },
];

/// A page by its name.
type Page = (&'static str, fn() -> Wizard);

const PAGES: [Page; 10] = [
    ("servers", Wizard::default),
    ("servers-ready", servers::ready),
    ("servers-more", more::opened),
    ("servers-certificate", || servers::doubtful(None)),
    ("servers-migrations", migrations::offered),
    ("accounts-checked", || accounts::checked(&recorded::checked())),
    ("accounts-continued", || migrations::continued(Purpose::Migrate)),
    ("status", || status::known(&recorded::running())),
    ("result", || result::shown(&recorded::ended())),
    ("about", || Wizard { about: true, ..result::shown(&recorded::complete()) }),
];

/// What the bars of these pages hold.
const BUTTONS: [&str; 12] = [
    "Test connection",
    "Test again",
    "Next",
    "Back",
    "Start later…",
    "Start migration of 12 accounts",
    "Start migration of 8 accounts",
    "Stop…",
    "Pause",
    "Migrate further accounts",
    "Close",
    "Migrate incomplete accounts",
];

#[test]
fn on_every_screen_the_bar_is_whole_and_its_buttons_do_not_touch() {
    for (name, page) in PAGES.into_iter().filter(|(name, _)| *name != "about") {
        for screen in SCREENS {
            let mut harness = show(page(), screen, Theme::Light);
            harness.run_steps(3);
            let shown = |label: &&str| harness.query_by_label(label).map(|button| button.rect());
            let mut buttons: Vec<Rect> = BUTTONS.iter().filter_map(shown).collect();
            buttons.sort_by(|one, other| one.left().total_cmp(&other.left()));
            let whole = Rect::from_min_size(Pos2::ZERO, vec2(screen.width, screen.height));
            assert!(buttons.len() > 1, "{name} at {whole:?}");
            assert!(buttons.iter().all(|button| whole.contains_rect(*button)), "{name} at {whole:?}: {buttons:?}");
            let apart = buttons.windows(2).all(|pair| pair[0].right() < pair[1].left());
            assert!(apart, "{name} at {whole:?}: {buttons:?}");
        }
    }
}

#[test]
fn f1_opens_the_guide_on_every_page() {
    for (name, page) in PAGES {
        let mut harness = show(page(), SCREENS[3], Theme::Light);
        harness.run_steps(2);
        harness.key_press(Key::F1);
        harness.run_steps(2);
        assert_eq!(harness.state().actions, [Action::Help], "{name}");
    }
}

/// `cargo test --test gui pictures_of_every_page -- --ignored`, with the folder in `PICTURES`.
#[test]
#[ignore = "makes pictures and judges none"]
fn pictures_of_every_page_on_every_screen() {
    let Some(folder) = std::env::var_os("PICTURES") else { return };
    for (name, page) in PAGES {
        for (screen, mode) in SCREENS.iter().flat_map(|screen| [(*screen, Theme::Light), (*screen, Theme::Dark)]) {
            let mut harness = show(page(), screen, mode);
            harness.run_steps(3);
            harness.query_all_by_label_contains("b.novak@old-company.com: ").take(1).for_each(|row| row.click());
            harness.run_steps(3);
            let file = format!("{name}-{}x{}-{mode:?}.png", screen.width, screen.height);
            harness.render().unwrap().save(Path::new(&folder).join(file)).unwrap();
        }
    }
}
