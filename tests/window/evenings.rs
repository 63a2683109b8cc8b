//! One migration over three evenings, as a person with nothing but the window carries it: stopped, closed, killed, continued, corrected,
//! brought up to date, verified. After each step the verdict has to be true of the whole.

use super::screen::Screen;
use super::{Window, accent, colour, files};
use kimt::gui::theme::LIGHT;
use kimt::migration::{Files, Migration, Migrations};
use kimt::progress::Stages;
use kimt::rehearsal::demo::{Demo, DemoOptions};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

const ACCOUNTS: u32 = 6;

#[test]
fn three_evenings_with_nothing_but_the_window_end_complete_and_verified_and_every_verdict_is_of_the_whole() {
    let folder = tempfile::tempdir().unwrap();
    let rtt = Duration::from_millis(20);
    let options = DemoOptions { accounts: ACCOUNTS as usize, messages: 2000, rtt, ..DemoOptions::new(folder.path()) };
    let demo = Demo::start(&options).unwrap();
    let password = spoil_first_password(&demo);
    let screen = Screen::start(folder.path());

    // The first evening: started, stopped in the middle, closed.
    let mut window = Window::open(&screen, folder.path());
    window.fill_in(&demo);
    window.load(demo.accounts_file());
    screen.press(&["Return"]);
    window.wait_for_step(2);
    until("the first messages", || arrived(&demo) > 100);
    window.stop();
    window.wait_for_step(3);
    let first = kept(&window.home);
    assert!(first.stages().all() == ACCOUNTS && first.is_open(), "{:?}", first.stages());
    verdict_is_true(&demo, &window.home, "Stopped by the user: ");
    window.close_unfinished();

    // The second: continued, and killed in the middle.
    let mut window = Window::open(&screen, folder.path());
    window.continue_first(&demo);
    screen.press(&["Return"]);
    window.wait_for_step(2);
    let before = arrived(&demo);
    until("more messages", || arrived(&demo) > before + 100);
    window.kill();
    assert!(kept(&window.home).is_open());

    // The third: continued to its end, which one password prevents.
    let mut window = Window::open(&screen, folder.path());
    window.continue_first(&demo);
    screen.press(&["Return"]);
    window.wait_for_step(2);
    window.wait_for_step(3);
    verdict_is_true(&demo, &window.home, "5 of 6 accounts are complete");
    window.correct_first(&password);
    until("the corrected account", || verdict(&window.home).starts_with("All 6 accounts"));
    window.wait_for_step(3);
    verdict_is_true(&demo, &window.home, "All 6 accounts are complete (1 in this run).");
    let copied = demo.compare();
    assert!(copied.is_perfect() && copied.expected >= 2000, "{copied:?}");

    // New mail arrives; the last pass fetches it, and the comparison agrees.
    let person = &demo.people()[2].address;
    demo.source().store().add_generated(person, "INBOX", 3, 2000, 77).unwrap();
    let before = arrived(&demo);
    window.press_at_foot(Foot::LastPass);
    until("the new mail", || arrived(&demo) == before + 3);
    window.wait_for_step(3);
    until("the verdict", || verdict(&window.home).starts_with("All 6 accounts are complete. "));
    window.press_at_foot(Foot::Verify);
    until("the comparison", || verdict(&window.home).starts_with("All 6 accounts are equal on both servers."));
    window.wait_for_step(3);
    assert_eq!(kept(&window.home).accounts.values().filter(|account| account.verified.is_some()).count(), 6);
    screen.press(&["Return"]);
    assert!(window.wait_until_closed().success());
    let arrived = demo.compare();
    assert_eq!((arrived.lost, arrived.doubled, arrived.altered), (0, 0, 0), "{arrived:?}");
    for file in files(&window.home) {
        let text = String::from_utf8_lossy(&fs::read(&file).unwrap()).into_owned();
        let found = demo.people().iter().any(|person| text.contains(person.password.reveal()));
        assert!(!found, "{} has a password in it", file.display());
    }
}

/// A button at the foot of the result.
#[derive(Clone, Copy)]
enum Foot {
    LastPass,
    Verify,
}

impl Window<'_> {
    /// Continues the first migration that is offered, up to the second page.
    fn continue_first(&mut self, demo: &Demo) {
        self.wait_for_step(0);
        let (ground, card) = (colour(LIGHT.accent_ground), colour(LIGHT.card));
        let (x, y) = self.screen.wait_for("the offer", |picture| picture.run_on(ground, self.page(), card, 60));
        self.screen.click((x + 20, y + 12));
        // The list is read, and the field of the password is focused, because it is missing.
        std::thread::sleep(Duration::from_secs(2));
        self.screen.wait_for("the focused field", |picture| self.in_page(picture, accent(), 300));
        self.screen.write(demo.administrator_password().reveal());
        self.screen.press(&["Return"]);
        self.wait_for_step(1);
        self.screen.wait_for("the accounts", |picture| self.in_bar(picture, accent(), 150));
    }

    /// Opens the row of the account that failed, and corrects its password there.
    fn correct_first(&self, password: &str) {
        let error = colour(LIGHT.error);
        let (x, y) = self.screen.wait_for("the sign of a failure", |picture| self.in_page(picture, error, 5));
        self.screen.click((x + 60, y + 4));
        // The second link of the first row below.
        let link = (x + 240, y + 4 + 31);
        let below = (x + 20, y + 20);
        self.screen
            .wait_for("the links", |picture| picture.run(below, accent(), 2).filter(|&(_, found)| found < link.1 + 12));
        self.screen.click(link);
        let ground = colour(LIGHT.accent_ground);
        self.screen.wait_for("the form", |picture| picture.run(self.page(), ground, 300));
        std::thread::sleep(Duration::from_secs(1));
        self.screen.write(password);
        self.screen.press(&["Return"]);
    }

    fn press_at_foot(&self, button: Foot) {
        let left = match button {
            Foot::LastPass => 850,
            Foot::Verify => 937,
        };
        self.screen.click((self.corner.0 + left, self.corner.1 + 584));
    }

    /// Presses Close where the primary button offers to migrate the rest.
    fn close_unfinished(&mut self) {
        let (x, y) = self.screen.wait_for("the bar", |picture| self.in_bar(picture, accent(), 150));
        self.screen.click((x - 40, y + 14));
        assert!(self.wait_until_closed().success());
    }

    fn kill(&mut self) {
        self.program.kill().unwrap();
        self.program.wait().unwrap();
    }
}

/// Writes a wrong password for the first account into the list; returns the right one.
fn spoil_first_password(demo: &Demo) -> String {
    let text = fs::read_to_string(demo.accounts_file()).unwrap();
    let (_, others) = text.split_once('\n').unwrap();
    let first = &demo.people()[0];
    fs::write(demo.accounts_file(), format!("{};no-longer-valid\n{others}", first.address)).unwrap();
    first.password.reveal().to_owned()
}

fn until(what: &str, done: impl Fn() -> bool) {
    let started = Instant::now();
    while !done() {
        assert!(started.elapsed() < Duration::from_secs(180), "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// The messages that are on the target.
fn arrived(demo: &Demo) -> usize {
    let store = demo.target().store();
    demo.people().iter().filter_map(|person| store.snapshot(&person.address).ok()).map(|it| it.messages()).sum()
}

/// Whether all messages of a person are on the target.
fn is_there(demo: &Demo, address: &str) -> bool {
    let store = |store: &kimt::rehearsal::MailStore| store.snapshot(address).map_or(0, |it| it.messages());
    store(demo.source().store()) <= store(demo.target().store())
}

/// The record of the migration as it is on the disk.
fn kept(home: &Path) -> Migration {
    Files::in_folder(&home.join(".local/share/kimt")).all().unwrap().remove(0)
}

/// The first line of the last report that says what the run came to.
fn verdict(home: &Path) -> String {
    let reports = files(home).into_iter().filter(|file| file.ends_with("report.txt"));
    let newest = reports.max_by_key(|file: &PathBuf| fs::metadata(file).unwrap().modified().unwrap());
    let text = newest.map_or_else(String::new, |file| fs::read_to_string(file).unwrap());
    let is_verdict = |line: &&str| line.contains(" accounts ") || line.contains(" account ");
    text.lines().find(is_verdict).unwrap_or_default().to_owned()
}

/// Whether the verdict says of the whole what the record and the servers themselves say.
#[track_caller]
fn verdict_is_true(demo: &Demo, home: &Path, begins: &str) {
    let said = verdict(home);
    let Stages { complete, .. } = kept(home).stages();
    assert!(said.starts_with(begins), "{said}");
    let number = if complete == ACCOUNTS {
        format!("All {ACCOUNTS} accounts")
    } else {
        format!("{complete} of {ACCOUNTS} accounts")
    };
    assert!(said.contains(&number), "{said}");
    for (address, account) in kept(home).accounts {
        assert!(account.completed.is_none() || is_there(demo, &address), "{address} is not complete");
    }
}
