//! A wizard in a harness: shown as in the program, with what it asks for collected and not carried out.

use egui::{Theme, vec2};
use egui_kittest::{Harness, HarnessBuilder, SnapshotOptions, SnapshotResults};
use kimt::gui::action::Action;
use kimt::gui::wizard::Wizard;
use kimt::gui::{fonts, theme};
use kimt::rehearsal::demo::Demo;

/// The wizard and what it asked for.
#[derive(Default)]
pub struct Shown {
    /// The wizard.
    pub wizard: Wizard,
    /// What it asked for, in order.
    pub actions: Vec<Action>,
}

impl eframe::App for Shown {
    fn ui(&mut self, ui: &mut egui::Ui, _frame: &mut eframe::Frame) {
        self.actions.extend(self.wizard.show(ui));
    }
}

/// A password that the demo's servers refuse. The window takes every password of a run out of the words of others, and in these tests one
/// process has the runs of all of them: a password that is a word would be missing in whatever picture is taken after that run.
pub const NO_WORD: &str = "b7Xq-29kf";

/// Writes another password for the first account into the demo's list.
pub fn spoil_first_password(demo: &Demo, password: &str) {
    let text = std::fs::read_to_string(demo.accounts_file()).unwrap();
    let (first, others) = text.split_once('\n').unwrap();
    let address = first.split(';').next().unwrap();
    std::fs::write(demo.accounts_file(), format!("{address};{password}\n{others}")).unwrap();
}

/// A size of the window in points, and how many pixels a point has.
#[derive(Clone, Copy)]
pub struct Screen {
    pub width: f32,
    pub height: f32,
    pub scale: f32,
}

/// The smallest window.
pub const SMALL: Screen = Screen { width: 800.0, height: 560.0, scale: 1.0 };
/// A remote desktop.
pub const USUAL: Screen = Screen { width: 1280.0, height: 720.0, scale: 1.0 };
/// A fine screen at 200 %.
pub const FINE: Screen = Screen { width: 800.0, height: 560.0, scale: 2.0 };

/// Shows a wizard.
pub fn show(wizard: Wizard, screen: Screen, mode: Theme) -> Harness<'static, Shown> {
    builder(screen, mode).build_eframe(|_| Shown { wizard, actions: Vec::new() })
}

/// Shows a wizard with letters that the program's own face does not have; on a real screen they are in the system's.
pub fn show_foreign(wizard: Wizard, screen: Screen, mode: Theme) -> Harness<'static, Shown> {
    builder(screen, mode).allow_missing_glyphs().build_eframe(|_| Shown { wizard, actions: Vec::new() })
}

fn builder(screen: Screen, mode: Theme) -> HarnessBuilder<Shown> {
    Harness::builder()
        .with_size(vec2(screen.width, screen.height))
        .with_pixels_per_point(screen.scale)
        .with_theme(mode)
        .with_max_steps(20)
        // Another driver draws the edge of a letter by another grey; a moved line is hundreds of pixels.
        .with_options(SnapshotOptions::new().threshold(2.0).max_failed_pixels(60).output_path("tests/gui/snapshots"))
        .with_context_setup(|context| {
            fonts::install(context);
            theme::install(context);
        })
}

/// Shows a wizard in a window of the usual size.
pub fn plain(wizard: Wizard) -> Harness<'static, Shown> {
    show(wizard, USUAL, Theme::Light)
}

/// Compares pictures of a state: the smallest window in light, and a remote desktop in dark.
pub fn pictures(results: &mut SnapshotResults, name: &str, make: impl Fn() -> Wizard) {
    taken(results, name, &make, "small-light", SMALL, Theme::Light);
    taken(results, name, &make, "usual-dark", USUAL, Theme::Dark);
}

/// Compares further pictures, for the state of a page that shows most of it: a fine screen, and the smallest window in dark.
pub fn further_pictures(results: &mut SnapshotResults, name: &str, make: impl Fn() -> Wizard) {
    taken(results, name, &make, "fine-light", FINE, Theme::Light);
    taken(results, name, &make, "small-dark", SMALL, Theme::Dark);
}

fn taken(
    results: &mut SnapshotResults,
    name: &str,
    make: &impl Fn() -> Wizard,
    kind: &str,
    screen: Screen,
    mode: Theme,
) {
    let mut harness = show(make(), screen, mode);
    harness.run_steps(3);
    harness.snapshot(format!("{name}-{kind}"));
    results.extend_harness(&mut harness);
}
