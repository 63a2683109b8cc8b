//! A fleet in the window: the numbers come from a real database, and the work is another process's.

use super::postgres::Postgres;
use super::stage::{Running, Stage, finish, kimt, until};
use super::{Screen, Window, accent, colour};
use kimt::gui::theme::LIGHT;
use std::process::Command;

/// Of 120 messages.
const HELD_AT: usize = 60;

#[test]
fn the_window_shows_how_far_a_fleet_is_and_its_result_while_another_process_works() {
    let (stage, postgres) = (Stage::new(3, 20), Postgres::shared());
    let ledger = postgres.database();
    let key = stage.folder.path().join("uni.key");
    let fleet = |command: &str| {
        let mut program = kimt();
        program.args(["fleet", command, "--ledger", &ledger]).env("HOME", stage.folder.path());
        program.env_remove("PGPASSWORD").env_remove("PGPASSFILE");
        program
    };
    let succeed = |program: &mut Command| {
        let ended = finish(program);
        assert_eq!(ended.code, Some(0), "{ended:?}");
    };
    let mut create = fleet("create");
    create.args(["--name", "uni", "--key-file"]).arg(&key).args(stage.servers());
    succeed(create.arg("--accounts").arg(stage.csv_path()));
    succeed(&mut fleet("migrate"));
    let gate = stage.target.hold_after(HELD_AT);
    let mut work = fleet("work");
    work.args(["--json", "--machine", "rack-1", "--key-file"]).arg(&key).arg("--log-dir").arg(stage.folder.path());
    let worker = Running::start(&mut work);
    let arrived = || stage.accounts.iter().map(|(user, _)| stage.target.messages(user)).sum::<usize>();
    until("half of it has arrived", || arrived() == HELD_AT);

    let folder = tempfile::tempdir().unwrap();
    let screen = Screen::start(folder.path());
    let key = key.to_str().unwrap();
    let watch = ["fleet", "watch", "--window", "--ledger", &ledger, "--key-file", key];
    let mut window = Window::open_with(&screen, folder.path(), &watch);
    window.wait_for_step(2);
    // Part of the bar is filled, and more of it when more has arrived.
    let filled = |least: usize| screen.wait_for("the progress", |picture| window.in_page(picture, accent(), least));
    let length = |(x, y)| (x..).take_while(|x| screen.look().at((*x, y)) == accent()).count();
    let before = length(filled(40));
    gate.allow(40);
    until("more has arrived", || arrived() == HELD_AT + 40);
    filled(before + 40);
    gate.open();
    assert_eq!(worker.finish().code, Some(0));
    window.wait_for_step(3);
    screen.wait_for("that all is complete", |picture| window.in_page(picture, colour(LIGHT.good_ground), 12));
    // The first underlined words are the report's, which this computer makes of what the database knows.
    let (x, y) = screen.wait_for("the link to the report", |picture| window.in_page(picture, accent(), 30));
    screen.click((x + 10, y - 8));
    let text = std::fs::read_to_string(window.opened()).unwrap();
    assert!(text.contains("All 3 accounts are complete") && text.contains("120"), "{text}");
    stage.assert_equal();
}
