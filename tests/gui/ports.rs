//! SSL on a port without it, the other way round, and a port that is silent: said within fifteen seconds, with a button that sets it right.

use super::whole::{open, wait_until};
use egui::Key;
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable;
use kimt::gui::app::App;
use kimt::gui::pages::servers::Test;
use kimt::rehearsal::demo::{Demo, DemoOptions};
use std::io::Write;
use std::net::TcpListener;
use std::time::{Duration, Instant};

/// The window on page 1 after a test of a source at this port, with or without SSL.
fn tested(folder: &std::path::Path, demo: &Demo, port: u16, ssl: bool) -> Harness<'static, App> {
    let mut harness = open(folder, None, Some(demo));
    wait_until(&mut harness, "the accounts file", |app| app.wizard.accounts.is_loaded());
    let source = &mut harness.state_mut().wizard.servers.source;
    (source.address, source.ssl) = (format!("127.0.0.1:{port}"), ssl);
    let begun = Instant::now();
    harness.key_press(Key::F5);
    harness.run_steps(2);
    wait_until(&mut harness, "the test", |app| matches!(app.wizard.servers.source_test, Test::Done(_)));
    assert!(begun.elapsed() < Duration::from_secs(15), "{:?}", begun.elapsed());
    harness
}

#[test]
fn ssl_on_the_wrong_port_is_said_in_either_direction_and_set_right_by_a_button() {
    let folder = tempfile::tempdir().unwrap();
    let demo = Demo::start(&DemoOptions { messages: 10, accounts: 2, ..DemoOptions::new(folder.path()) }).unwrap();
    let port = demo.source_address().port.unwrap();
    let mut harness = tested(folder.path(), &demo, port, false);
    harness.get_by_label(&format!("Port {port} of 127.0.0.1 speaks SSL. Tick Use SSL connection."));
    harness.get_by_label("Use SSL and test again").click();
    harness.run_steps(2);
    wait_until(&mut harness, "both servers", |app| app.wizard.servers.ready());

    let text = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = text.local_addr().unwrap().port();
    std::thread::spawn(move || text.incoming().flatten().for_each(|mut tcp| drop(tcp.write_all(b"* OK ready\r\n"))));
    let harness = tested(folder.path(), &demo, port, true);
    harness.get_by_label(&format!("Port {port} of 127.0.0.1 does not speak SSL. Untick Use SSL connection."));
    harness.get_by_label("Test again without SSL");
}

#[test]
fn a_port_that_is_silent_is_called_so() {
    let folder = tempfile::tempdir().unwrap();
    let demo = Demo::start(&DemoOptions { messages: 10, accounts: 2, ..DemoOptions::new(folder.path()) }).unwrap();
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = silent.local_addr().unwrap().port();
    let harness = tested(folder.path(), &demo, port, true);
    harness.get_by_label(&format!("Port {port} of 127.0.0.1 accepts connections but does not answer."));
}
