//! Every page on every screen, as pictures to look at.

use super::support::{Screen, show};
use super::{accounts, migrations, recorded, result, servers, status};
use egui::Theme;
use egui_kittest::kittest::Queryable;
use kimt::gui::action::Purpose;
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

const PAGES: [Page; 8] = [
    ("servers", Wizard::default),
    ("servers-ready", servers::ready),
    ("servers-migrations", migrations::offered),
    ("accounts-checked", || accounts::checked(&recorded::checked())),
    ("accounts-continued", || migrations::continued(Purpose::Migrate)),
    ("status", || status::known(&recorded::running())),
    ("result", || result::shown(&recorded::ended())),
    ("about", || Wizard { about: true, ..result::shown(&recorded::complete()) }),
];

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
