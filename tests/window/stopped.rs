//! A source that the system has stopped (SIGSTOP): its connections stay open and say nothing more.

use super::screen::Screen;
use super::{Window, colour};
use kimt::gui::theme::LIGHT;
use kimt::rehearsal::demo::{Demo, DemoOptions};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Where the process that passes everything on to the source passes it to.
const PASS_ON_TO: &str = "PASS_ON_TO";

/// The way to the source through a process of its own, which can be stopped; dropping it ends that.
struct Way {
    process: Child,
    address: String,
}

impl Way {
    fn to(server: &str) -> Self {
        let mut process = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "stopped::passes_on_where_that_is_asked_for", "--nocapture"])
            .env(PASS_ON_TO, server)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let address = lines.find_map(|line| Some(line.unwrap().strip_prefix("listens at ")?.to_owned())).unwrap();
        Self { process, address }
    }

    fn signal(&self, signal: &str) {
        let done = Command::new("/bin/kill").args([signal, &self.process.id().to_string()]).status().unwrap();
        assert!(done.success());
    }
}

impl Drop for Way {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[test]
fn passes_on_where_that_is_asked_for() {
    let Ok(server) = std::env::var(PASS_ON_TO) else { return };
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    println!("\nlistens at {}", listener.local_addr().unwrap());
    for client in listener.incoming().flatten() {
        let server = TcpStream::connect(&server).unwrap();
        pass(client.try_clone().unwrap(), server.try_clone().unwrap());
        pass(server, client);
    }
}

fn pass(mut from: TcpStream, mut to: TcpStream) {
    std::thread::spawn(move || {
        let mut buffer = [0; 4096];
        while let Ok(bytes @ 1..) = from.read(&mut buffer) {
            if to.write_all(&buffer[..bytes]).is_err() {
                break;
            }
        }
        let _ = to.shutdown(std::net::Shutdown::Both);
    });
}

#[test]
fn a_source_that_was_stopped_is_named_on_the_page_and_a_stop_of_ours_ends_within_five_seconds() {
    let folder = tempfile::tempdir().unwrap();
    let options =
        DemoOptions { accounts: 3, messages: 2000, rtt: Duration::from_millis(20), ..DemoOptions::new(folder.path()) };
    let demo = Demo::start(&options).unwrap();
    let way = Way::to(&demo.source_address().to_string());
    let screen = Screen::start(folder.path());
    let mut window = Window::open(&screen, folder.path());
    window.fill_in_with(&demo, &way.address);
    window.load(demo.accounts_file());
    screen.press(&["Return"]);
    window.wait_for_step(2);
    let arrived = |demo: &Demo| -> usize {
        let store = demo.target().store();
        demo.people().iter().filter_map(|person| store.snapshot(&person.address).ok()).map(|it| it.messages()).sum()
    };
    let started = Instant::now();
    while arrived(&demo) < 50 {
        assert!(started.elapsed() < Duration::from_secs(120), "nothing is copied");
        std::thread::sleep(Duration::from_millis(20));
    }
    way.signal("-STOP");
    // The strip of a warning appears by itself.
    let warning = colour(LIGHT.warning_ground);
    screen.wait_for("the strip about the silence", |picture| window.in_page(picture, warning, 300));
    let asked = Instant::now();
    window.stop();
    window.wait_for_step(3);
    assert!(asked.elapsed() < Duration::from_secs(6), "{:?}, two clicks included", asked.elapsed());
    way.signal("-CONT");
}
