//! The pictures of the guide: the states that the tests of each page compare, in a window of the usual size.

use super::support::{USUAL, show};
use super::{accounts, recorded, result, servers, status};
use egui::Theme;
use std::path::Path;

/// `scripts/screenshots` runs this and makes the pictures small.
#[test]
#[ignore = "makes pictures and judges none"]
fn pictures_for_the_guide() {
    let pages = [
        ("servers", servers::ready()),
        ("accounts", accounts::checked(&recorded::checked())),
        ("status", status::known(&recorded::running())),
        ("result", result::shown(&recorded::ended())),
    ];
    for (name, wizard) in pages {
        let mut harness = show(wizard, USUAL, Theme::Light);
        harness.run_steps(3);
        let picture = harness.render().unwrap();
        picture.save(Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}.png"))).unwrap();
    }
}
