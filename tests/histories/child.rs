//! A migration in a process of its own, which can be killed at any step.
//!
//! The process is this test program once more, with an environment that lets it do nothing but one run.

use super::clock::Clock;
use super::embedded::stage::{ANN, LOOPBACK, migration, start};
use super::step::At;
use kimt::domain::{Security, ServerAddress};
use kimt::migrate::{MailServer, Options, Patience, Servers, TargetKind, Verify};
use kimt::progress::{RunKind, RunState, Stamped};
use kimt::rehearsal::{Action, ImapServer, Step};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

const PORTS: &str = "KIMT_HISTORY_PORTS";
const FOLDER: &str = "KIMT_HISTORY_FOLDER";
const REPAIR: &str = "KIMT_HISTORY_REPAIR";
const VERIFY: &str = "KIMT_HISTORY_VERIFY";

/// What the process is to do.
pub struct Request {
    /// The source's and the target's.
    pub ports: [u16; 2],
    pub folder: PathBuf,
    pub repair: bool,
    pub verify: Verify,
}

/// Runs, and kills the process at that moment.
pub fn kill_at(request: &Request, at: At, servers: &[Arc<ImapServer>; 2]) {
    let child: Arc<Mutex<Option<Child>>> = Arc::default();
    let (killed, clock) = (child.clone(), Clock::default());
    let kill = Arc::new(move |step: &Step<'_>| {
        if clock.tick(step).is(at)
            && let Some(child) = &mut *killed.lock().unwrap()
        {
            let _ = child.kill();
        }
        Action::Proceed
    });
    for server in servers {
        server.set_faults(Some(kill.clone()));
    }
    let [source, target] = request.ports;
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "child::a_run_that_may_be_killed", "--nocapture"]);
    command.env(PORTS, format!("{source} {target}")).env(FOLDER, &request.folder);
    command.env(REPAIR, if request.repair { "1" } else { "" });
    command.env(VERIFY, format!("{:?}", request.verify));
    // Nobody waits for a step while there is nobody to be killed.
    let mut place = child.lock().unwrap();
    *place = Some(command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap());
    drop(place);
    while child.lock().unwrap().as_mut().unwrap().try_wait().unwrap().is_none() {
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// The run of that process; nothing in a usual test run.
#[test]
fn a_run_that_may_be_killed() {
    let (Ok(ports), Ok(folder)) = (std::env::var(PORTS), std::env::var(FOLDER)) else { return };
    let ports: Vec<u16> = ports.split(' ').map(|port| port.parse().unwrap()).collect();
    let at = |port| MailServer::at(ServerAddress { host: LOOPBACK.to_owned(), port: Some(port) }, Security::Plain);
    let options = Options {
        jobs: 2,
        verify: match std::env::var(VERIFY).as_deref() {
            Ok("Size") => Verify::Size,
            Ok("None") => Verify::None,
            _ => Verify::Content,
        },
        repair: std::env::var(REPAIR).is_ok_and(|repair| !repair.is_empty()),
        patience: Patience { quiet: Duration::from_millis(50), ..Patience::default() },
        second_connection_from: u64::MAX,
        ..Options::in_folder(PathBuf::from(folder).join("state"))
    };
    let servers = Servers::between(at(ports[0]), at(ports[1]), TargetKind::Imap);
    let run = start(migration(RunKind::Migrate, servers, &[ANN], options), Box::new(|_: &Stamped, _: &RunState| {}));
    while !run.is_finished() {
        run.try_now();
        std::thread::sleep(Duration::from_millis(2));
    }
}
