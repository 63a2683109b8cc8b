//! A soak: migrations between embedded servers for as long as is wanted, with random faults on all connections, each round checked message by
//! message, and memory, threads and open files printed over time.
//!
//! `cargo run --example soak -- --minutes 60 --mailboxes 50 --messages 100000 --seed 1`
//!
//! `--messages` is of all mailboxes together, `--folders` of each. `--calm` lets nothing go wrong: for sizes, such as 5,000 mailboxes, one
//! with 1,000,000 messages, or one with 10,000 folders.

#![expect(clippy::print_stdout, reason = "figures over time are what it is for")]

use kimt::domain::{Account, Address, Secret, Security, ServerAddress};
use kimt::migrate::{Limits, MailServer, Options, Patience, Request, Servers, TargetKind};
use kimt::progress::{RunKind, RunState, Stamped, Verdict};
use kimt::rehearsal::{
    Action, Faults, ImapOptions, ImapServer, ImapService, Layout, MailService, MailStore, Moment, Profile, Step,
};
use std::error::Error;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// What is asked for on the command line.
struct Wishes {
    minutes: f64,
    mailboxes: u32,
    messages: u32,
    folders: u32,
    seed: u64,
    jobs: u32,
    calm: bool,
    bare: bool,
}

impl Wishes {
    fn read() -> Result<Self, Box<dyn Error>> {
        let mut wishes = Self {
            minutes: 1.0,
            mailboxes: 10,
            messages: 2_000,
            folders: 3,
            seed: 1,
            jobs: 4,
            calm: false,
            bare: false,
        };
        let mut words = std::env::args().skip(1);
        while let Some(option) = words.next() {
            let mut value = || words.next().ok_or(format!("{option} needs a value"));
            match option.as_str() {
                "--minutes" => wishes.minutes = value()?.parse()?,
                "--mailboxes" => wishes.mailboxes = value()?.parse::<u32>()?.max(1),
                "--messages" => wishes.messages = value()?.parse()?,
                "--folders" => wishes.folders = value()?.parse::<u32>()?.max(1),
                "--seed" => wishes.seed = value()?.parse()?,
                "--jobs" => wishes.jobs = value()?.parse()?,
                "--calm" => wishes.calm = true,
                "--bare" => wishes.bare = true,
                _ => return Err(format!("what is {option}? See the head of examples/soak.rs").into()),
            }
        }
        Ok(wishes)
    }
}

/// Something goes wrong at one step in a few hundred, by a seed.
struct Misfortune(Mutex<fastrand::Rng>);

impl Faults for Misfortune {
    fn at(&self, step: &Step<'_>) -> Action {
        let mut random = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if matches!(step.moment, Moment::Connected) || random.u32(..400) > 0 {
            return Action::Proceed;
        }
        match random.u32(..6) {
            0 | 1 => Action::Cut,
            2 => Action::LoseAnswers,
            3 => Action::Bye("for no reason".to_owned()),
            4 => Action::Delay(Duration::from_millis(random.u64(..200))),
            // What is sent may begin in the middle of a line; what that costs is a message, named, and no part of this.
            _ if matches!(step.moment, Moment::Sending { .. }) => Action::Proceed,
            _ => Action::Inject(b"* 1 FETCH (FLAGS (\\Seen))\r\n* XYZZY\r\n".to_vec()),
        }
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let wishes = Wishes::read()?;
    let end = Instant::now() + Duration::from_secs_f64(wishes.minutes * 60.0);
    let mut round = 0;
    loop {
        one_round(&wishes, round)?;
        round += 1;
        if wishes.calm || Instant::now() >= end {
            return Ok(());
        }
    }
}

fn user(number: u32) -> String {
    format!("user{number:05}@example.com")
}

/// Fills a source, migrates it into an empty target, checks, and migrates once more.
fn one_round(wishes: &Wishes, round: u64) -> Result<(), Box<dyn Error>> {
    let profile = if wishes.bare { Profile::Bare } else { Profile::Rich };
    let start = || -> Result<(ImapServer, u16), Box<dyn Error>> {
        let store = MailStore::new(Layout::SLASH);
        for number in 0..wishes.mailboxes {
            store.create_user(&[user(number)], "secret")?;
        }
        let server = ImapServer::start(store, ImapOptions::new(profile))?;
        let port = server.listen(ImapService::Imap, 0)?;
        Ok((server, port))
    };
    let (source, target) = (start()?, start()?);
    let seed = wishes.seed.wrapping_mul(1_000_003).wrapping_add(round);
    let mut random = fastrand::Rng::with_seed(seed);
    let share = wishes.messages / wishes.mailboxes / wishes.folders;
    for number in 0..wishes.mailboxes {
        for folder in 0..wishes.folders {
            let name = if folder == 0 { "INBOX".to_owned() } else { format!("Folder {folder}") };
            if folder > 0 {
                source.0.store().create_folder(&user(number), &name)?;
            }
            let size = if wishes.calm { 300 } else { random.u64(300..20_000) };
            source.0.store().add_generated(&user(number), &name, share, size, random.u64(..1 << 40))?;
        }
    }
    if !wishes.calm {
        for (server, own) in [(&source.0, 1), (&target.0, 2)] {
            server.set_faults(Some(Arc::new(Misfortune(Mutex::new(fastrand::Rng::with_seed(seed ^ own))))));
        }
    }
    let folder = std::env::temp_dir().join(format!("kimt-soak-{}-{round}", std::process::id()));
    let started = Instant::now();
    let state = run(request(wishes, source.1, target.1, &folder), round)?;
    println!(
        "round {round}: {} messages in {:.1} s, {}",
        state.tally.copied.messages,
        started.elapsed().as_secs_f64(),
        resources()
    );
    check(wishes, &source.0, &target.0, &state)?;
    let started = Instant::now();
    let again = run(request(wishes, source.1, target.1, &folder), round)?;
    println!("round {round}: once more in {:.1} s, {}", started.elapsed().as_secs_f64(), resources());
    check(wishes, &source.0, &target.0, &again)?;
    if again.tally.copied.messages > 0 {
        return Err(format!("the second run copied {} messages", again.tally.copied.messages).into());
    }
    std::fs::remove_dir_all(folder)?;
    Ok(())
}

fn request(wishes: &Wishes, source: u16, target: u16, folder: &Path) -> Request {
    let address = |port| ServerAddress { host: "127.0.0.1".to_owned(), port: Some(port) };
    let accounts = (0..wishes.mailboxes).filter_map(|number| {
        Some(Account::new(number + 1, Address::parse(&user(number)).ok()?, Secret::new("secret")))
    });
    Request::of(
        RunKind::Migrate,
        Servers::between(
            MailServer::at(address(source), Security::Plain),
            MailServer::at(address(target), Security::Plain),
            TargetKind::Imap,
        ),
        accounts.collect(),
        Options {
            jobs: wishes.jobs,
            patience: Patience { limits: Limits::default(), quiet: Duration::from_millis(200), ..Patience::default() },
            // With more jobs than mailboxes, each has two connections to the target.
            second_connection_from: 1 << 16,
            ..Options::in_folder(folder.join("state"))
        },
    )
}

/// Runs to the end and prints its progress now and then.
fn run(request: Request, round: u64) -> Result<RunState, Box<dyn Error>> {
    let logs = request.options.state_folder.with_file_name("logs");
    std::fs::create_dir_all(&logs)?;
    let run = kimt::migrate::start(request, logs, Box::new(|_: &Stamped, _: &RunState| {}))
        .map_err(|problem| problem.sentence())?;
    let mut said = Instant::now();
    while !run.is_finished() {
        std::thread::sleep(Duration::from_millis(50));
        if said.elapsed() > Duration::from_secs(15) {
            said = Instant::now();
            let copied = run.state().lock().unwrap_or_else(PoisonError::into_inner).tally.copied.messages;
            println!("round {round}: {copied} messages so far, {}", resources());
        }
    }
    Ok(run.wait())
}

/// Every message exactly once, in every mailbox.
fn check(wishes: &Wishes, source: &ImapServer, target: &ImapServer, state: &RunState) -> Result<(), Box<dyn Error>> {
    if state.verdict() != Verdict::AllComplete {
        let reported = state.accounts.iter().flat_map(|account| &account.problems).take(5);
        let reported: Vec<String> = reported.map(|(_, problem)| problem.sentence()).collect();
        return Err(format!("{:?}: {reported:?} {:?}", state.verdict(), state.problems).into());
    }
    for number in 0..wishes.mailboxes {
        let (there, here) = (source.store().snapshot(&user(number))?, target.store().snapshot(&user(number))?);
        let same = there.folders.len() == here.folders.len()
            && there
                .folders
                .iter()
                .all(|(name, there)| here.folders.get(name).is_some_and(|here| here.contents() == there.contents()));
        if !same {
            return Err(
                format!("{} differs: {} of {} messages", user(number), here.messages(), there.messages()).into()
            );
        }
    }
    Ok(())
}

/// Memory, threads and open files of this process; the embedded servers' are among them.
fn resources() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let value = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        line.map_or("?", str::trim).to_owned()
    };
    let files = std::fs::read_dir("/proc/self/fd").map_or(0, Iterator::count);
    format!("memory {} (most {}), {} threads, {files} open files", value("VmRSS:"), value("VmHWM:"), value("Threads:"))
}
