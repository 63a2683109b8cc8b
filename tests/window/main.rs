//! The program as an administrator has it: the real binary on a screen, led by keyboard and mouse alone from the first field to the
//! report. What arrived is judged by the servers' own stores.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod evenings;
mod fleet;
#[path = "../support/postgres.rs"]
#[allow(dead_code)] // Nothing is cut here.
mod postgres;
mod screen;
#[path = "../cli/stage.rs"]
#[allow(dead_code)] // Of its servers and its program this needs a part.
mod stage;
mod stopped;

use kimt::gui::theme::LIGHT;
use kimt::rehearsal::demo::{Demo, DemoOptions};
use screen::{Colour, Picture, Point, Screen};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus};
use std::time::{Duration, Instant};

const NAME: &str = "Kerio IMAP Migration Tool";

#[test]
fn keyboard_and_mouse_lead_from_the_first_field_to_the_report_and_every_message_arrives() {
    let folder = tempfile::tempdir().unwrap();
    let demo = Demo::start(&DemoOptions { accounts: 3, messages: 60, ..DemoOptions::new(folder.path()) }).unwrap();
    let screen = Screen::start(folder.path());
    let mut window = Window::open(&screen, folder.path());

    window.fill_in(&demo);
    window.load(demo.accounts_file());
    screen.press(&["Return"]);

    // 3 Migration leads to 4 Result by itself. The first underlined words are the report's.
    window.wait_for_step(3);
    let (x, y) = screen.wait_for("the link to the report", |picture| window.in_page(picture, accent(), 30));
    screen.click((x + 10, y - 8));
    let report = window.opened();
    assert!(report.ends_with("report.txt"), "{report:?}");
    let text = fs::read_to_string(&report).unwrap();
    assert!(text.contains("All 3 accounts are complete"), "{text}");
    screen.press(&["Return"]);
    assert!(window.wait_until_closed().success());

    let arrived = demo.compare();
    assert!(arrived.is_perfect() && arrived.expected >= 60, "{arrived:?}");
    // The name of one of the settings is the administrator's password, so that is looked for as a value.
    let mut passwords: Vec<String> = demo.people().iter().map(|person| person.password.reveal().to_owned()).collect();
    passwords.push(format!(": \"{}\"", demo.administrator_password().reveal()));
    for file in files(&window.home) {
        let text = String::from_utf8_lossy(&fs::read(&file).unwrap()).into_owned();
        let leaks = passwords.iter().any(|password| text.contains(password));
        assert!(!leaks, "{} has a password in it", file.display());
    }
}

fn accent() -> Colour {
    colour(LIGHT.accent)
}

fn colour(of: egui::Color32) -> Colour {
    [of.r(), of.g(), of.b()]
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

/// The program's window; dropping it ends the program.
struct Window<'a> {
    screen: &'a Screen,
    program: Child,
    corner: Point,
    home: PathBuf,
    opened: PathBuf,
}

impl<'a> Window<'a> {
    /// Opens it for a user who has opened it before or not, on a system with no dialog for files and an xdg-open that only takes notes.
    fn open(screen: &'a Screen, folder: &Path) -> Self {
        Self::open_with(screen, folder, &[])
    }

    /// The same, begun with these arguments.
    fn open_with(screen: &'a Screen, folder: &Path, arguments: &[&str]) -> Self {
        let [home, programs, opened] = ["home", "programs", "opened"].map(|name| folder.join(name));
        for folder in [&home, &programs] {
            fs::create_dir_all(folder).unwrap();
        }
        let opener = programs.join("xdg-open");
        fs::write(&opener, format!("#!/bin/sh\nprintf %s \"$1\" > {}\n", opened.display())).unwrap();
        fs::set_permissions(&opener, fs::Permissions::from_mode(0o755)).unwrap();
        let mut program = Command::new(env!("CARGO_BIN_EXE_kimt"));
        for variable in ["WAYLAND_DISPLAY", "XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME"] {
            program.env_remove(variable);
        }
        program
            .env("DISPLAY", &screen.display)
            .env("HOME", &home)
            .env("PATH", &programs)
            .env("XDG_RUNTIME_DIR", &home)
            .env("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent")
            .args(arguments);
        let program = program.spawn().unwrap();
        let corner = screen.focus_window(NAME);
        Self { screen, program, corner, home, opened }
    }

    /// Fills the first page in, trusts the certificate, and comes to the second page.
    fn fill_in(&mut self, demo: &Demo) {
        self.fill_in_with(demo, &demo.source_address().to_string());
    }

    /// The same, with another way to the source.
    fn fill_in_with(&mut self, demo: &Demo, source: &str) {
        // The keyboard is in the first field.
        self.wait_for_step(0);
        let screen = self.screen;
        let administration = demo.administration_address().port.unwrap().to_string();
        screen.write(source);
        screen.press(&["Tab"; 4]);
        screen.write(&demo.target_address().to_string());
        screen.press(&["Tab"]);
        screen.write(demo.administrator());
        screen.press(&["Tab"]);
        screen.write(demo.administrator_password().reveal());
        screen.press(&["Tab", "Tab", "space", "Tab"]);
        screen.write(&administration);
        screen.press(&["Return"]);
        self.trust();
        // The one trusted certificate is that of all three servers, and Next continued by itself.
        self.wait_for_step(1);
    }

    /// Loads a list. There is no file dialog here, so the name is typed.
    fn load(&self, list: &Path) {
        self.screen.press(&["ctrl+o"]);
        self.screen.wait_for("the field for the file's name", |picture| self.in_page(picture, accent(), 300));
        self.screen.write(list.to_str().unwrap());
        self.screen.press(&["Return"]);
        self.screen.wait_for("the accounts", |picture| self.in_bar(picture, accent(), 150));
    }

    /// Stops the run: presses Stop… in the bar, and then the button of the question.
    fn stop(&self) {
        let (left, top) = (self.corner.0 + 236, self.bar().1);
        self.screen.click((left + 30, top + 26));
        // The button lies on the ground of a warning; the bar of the progress has red in it too.
        let (ground, red) = (colour(LIGHT.warning_ground), colour(LIGHT.error));
        let (x, y) = self.screen.wait_for("the question", |picture| picture.run_on(ground, self.page(), red, 60));
        self.screen.click((x + 30, y + 12));
    }

    /// Waits until the step (0 to 3) is the one that is marked at the left.
    fn wait_for_step(&mut self, step: usize) {
        // In its disc, left of the number.
        let place = (self.corner.0 + 26, self.corner.1 + 105 + 40 * step);
        self.screen.wait_for(&format!("step {}", step + 1), |picture| {
            let ended = self.program.try_wait().unwrap();
            assert!(ended.is_none(), "the program ended: {ended:?}");
            (picture.at(place) == accent()).then_some(())
        });
    }

    /// Presses "Trust this certificate".
    fn trust(&self) {
        let trusted = self.home.join(".local/share/kimt/known-certificates.json");
        let (card, ground) = (colour(LIGHT.card), colour(LIGHT.warning_ground));
        self.screen.wait_for("the certificate to trust", |picture| {
            if trusted.exists() {
                return Some(());
            }
            // The button lies on the ground of a warning.
            if let Some((x, y)) = picture.run_on(ground, self.page(), card, 60) {
                self.screen.click((x + 30, y + 12));
            }
            None
        });
    }

    /// A run of pixels on the page.
    fn in_page(&self, picture: &Picture, colour: Colour, length: usize) -> Option<Point> {
        picture.run(self.page(), colour, length).filter(|&(_, y)| y < self.bar().1)
    }

    /// A run of pixels in the bar below the page.
    fn in_bar(&self, picture: &Picture, colour: Colour, length: usize) -> Option<Point> {
        picture.run(self.bar(), colour, length)
    }

    fn page(&self) -> Point {
        (self.corner.0 + 210, self.corner.1 + 80)
    }

    fn bar(&self) -> Point {
        (self.corner.0 + 210, self.corner.1 + 645)
    }

    /// The file that the program let the system open.
    fn opened(&self) -> PathBuf {
        self.screen.wait_for("the opened file", |_| {
            fs::read_to_string(&self.opened).ok().filter(|name| !name.is_empty()).map(PathBuf::from)
        })
    }

    fn wait_until_closed(&mut self) -> ExitStatus {
        let started = Instant::now();
        loop {
            if let Some(status) = self.program.try_wait().unwrap() {
                return status;
            }
            assert!(started.elapsed() < Duration::from_secs(20), "the window does not close");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Window<'_> {
    fn drop(&mut self) {
        let _ = self.program.kill();
        let _ = self.program.wait();
    }
}
