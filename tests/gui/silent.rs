//! A server that answers no more in the middle of a migration: the window says so, and a stop is not kept waiting by it.

use super::whole::{open, wait_until};
use egui::Key;
use egui_kittest::kittest::Queryable;
use kimt::gui::page::Page;
use kimt::rehearsal::demo::{Demo, DemoOptions};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// A way to a server on which nothing moves any more once it is frozen; connections stay open, and new ones are accepted.
struct Frozen {
    address: String,
    frozen: Arc<AtomicBool>,
}

impl Frozen {
    fn way_to(server: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let frozen = Arc::new(AtomicBool::new(false));
        let ice = frozen.clone();
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let server = TcpStream::connect(&server).unwrap();
                pass(client.try_clone().unwrap(), server.try_clone().unwrap(), ice.clone());
                pass(server, client, ice.clone());
            }
        });
        Self { address, frozen }
    }
}

fn pass(mut from: TcpStream, mut to: TcpStream, ice: Arc<AtomicBool>) {
    std::thread::spawn(move || {
        let mut buffer = [0; 4096];
        while let Ok(bytes @ 1..) = from.read(&mut buffer) {
            while ice.load(Ordering::SeqCst) {
                std::thread::sleep(Duration::from_millis(20));
            }
            if to.write_all(&buffer[..bytes]).is_err() {
                break;
            }
        }
        let _ = to.shutdown(std::net::Shutdown::Both);
    });
}

#[test]
fn a_server_that_is_silent_is_named_and_a_stop_ends_within_five_seconds() {
    let folder = tempfile::tempdir().unwrap();
    let rtt = Duration::from_millis(20);
    let options = DemoOptions { messages: 2000, accounts: 3, rtt, ..DemoOptions::new(folder.path()) };
    let demo = Demo::start(&options).unwrap();
    let way = Frozen::way_to(demo.source_address().to_string());
    let mut harness = open(folder.path(), None, Some(&demo));
    harness.state_mut().wizard.servers.source.address = way.address.clone();
    wait_until(&mut harness, "the accounts file", |app| app.wizard.accounts.is_loaded());
    harness.key_press(Key::Enter);
    wait_until(&mut harness, "both servers", |app| app.wizard.page == Page::Accounts);
    harness.key_press(Key::Enter);
    wait_until(&mut harness, "the first messages", |app| app.wizard.status.state.tally.copied.messages > 0);
    assert!(harness.query_by_label_contains("has not answered since").is_none());

    way.frozen.store(true, Ordering::SeqCst);
    wait_until(&mut harness, "the silence", |app| app.wizard.status.silence.is_some());
    harness.get_by_label_contains("The source server has not answered since");

    harness.get_by_label("Stop…").click();
    harness.run_steps(2);
    harness.get_by_label("Stop the migration").click();
    harness.step();
    let asked = Instant::now();
    wait_until(&mut harness, "the result", |app| app.wizard.page == Page::Result);
    assert!(asked.elapsed() < Duration::from_secs(5), "{:?}", asked.elapsed());
    assert!(!harness.state().wizard.status.is_running());
    way.frozen.store(false, Ordering::SeqCst);
}

#[test]
fn a_silent_administration_is_named_and_a_stop_ends_within_five_seconds() {
    let folder = tempfile::tempdir().unwrap();
    let demo = Demo::start(&DemoOptions { messages: 20, accounts: 2, ..DemoOptions::new(folder.path()) }).unwrap();
    let way = Frozen::way_to(demo.administration_address().to_string());
    let mut harness = open(folder.path(), None, Some(&demo));
    let port = way.address.rsplit(':').next().unwrap().to_owned();
    harness.state_mut().wizard.servers.administrator.port = port;
    wait_until(&mut harness, "the accounts file", |app| app.wizard.accounts.is_loaded());
    harness.key_press(Key::Enter);
    wait_until(&mut harness, "both servers", |app| app.wizard.page == Page::Accounts);
    way.frozen.store(true, Ordering::SeqCst);
    harness.key_press(Key::Enter);
    wait_until(&mut harness, "the silence", |app| app.wizard.status.silence.is_some());
    harness.get_by_label_contains("Kerio Connect's administration has not answered since");
    harness.get_by_label_contains("gives up the request");

    harness.get_by_label("Stop…").click();
    harness.run_steps(2);
    harness.get_by_label("Stop the migration").click();
    harness.step();
    let asked = Instant::now();
    wait_until(&mut harness, "the result", |app| app.wizard.page == Page::Result);
    assert!(asked.elapsed() < Duration::from_secs(5), "{:?}", asked.elapsed());

    // The run that was stopped still waits in the background: a new one starts behind it, unless it is not wanted after all.
    for wanted in [false, true] {
        harness.get_by_label("Migrate incomplete accounts").click();
        wait_until(&mut harness, "the start behind it", |app| app.wizard.start_waits);
        harness.get_by_label_contains("The run that you stopped is still ending");
        assert!(!harness.state().wizard.status.is_running());
        if !wanted {
            harness.get_by_label("Do not start").click();
            harness.run_steps(3);
            assert!(!harness.state().wizard.start_waits);
        }
    }
    way.frozen.store(false, Ordering::SeqCst);
    wait_until(&mut harness, "the new run", |app| app.wizard.status.is_running() && !app.wizard.start_waits);
    wait_until(&mut harness, "its result", |app| app.wizard.page == Page::Result);
    harness.get_by_label_contains("All 2 accounts are complete");
    assert!(demo.compare().is_perfect(), "{:?}", demo.compare());
}

#[test]
fn a_mailbox_that_is_skipped_in_the_window_is_left_and_the_result_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let rtt = Duration::from_millis(20);
    let options = DemoOptions { messages: 2000, accounts: 3, rtt, ..DemoOptions::new(folder.path()) };
    let demo = Demo::start(&options).unwrap();
    let mut harness = open(folder.path(), None, Some(&demo));
    harness.state_mut().wizard.servers.jobs = "1".to_owned();
    wait_until(&mut harness, "the accounts file", |app| app.wizard.accounts.is_loaded());
    harness.key_press(Key::Enter);
    wait_until(&mut harness, "both servers", |app| app.wizard.page == Page::Accounts);
    harness.key_press(Key::Enter);
    wait_until(&mut harness, "the first messages", |app| app.wizard.status.state.tally.copied.messages > 0);
    let first = harness.state().wizard.status.state.accounts[0].info.address.clone();
    harness.get_by_label_contains(&format!("{first}: ")).click();
    harness.run_steps(2);
    harness.get_by_label("Skip this account").click();
    wait_until(&mut harness, "the skip", |app| app.wizard.status.state.count_skipped() == 1);
    wait_until(&mut harness, "the result", |app| app.wizard.page == Page::Result);
    harness.get_by_label_contains("2 of 3 accounts are complete. You skipped 1 account in this run.");
    harness.get_by_label("Migrate incomplete accounts").click();
    wait_until(&mut harness, "the second run", |app| app.wizard.status.is_running());
    wait_until(&mut harness, "its result", |app| app.wizard.page == Page::Result);
    assert!(demo.compare().is_perfect(), "{:?}", demo.compare());
}
