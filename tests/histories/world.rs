//! Two embedded servers and two computers to migrate from, on which a history happens, step by step.

use super::child;
use super::clock::Clock;
use super::embedded::stage::{ANN, End, PASSWORD, Stage, problems, scratch, start};
use super::model::{Known, Migrated, Model, Moment};
use super::step::{Change, Choice, Course, Disturbance, History, Record, Setting, Side, Step};
use kimt::domain::Security;
use kimt::migrate::Verify;
use kimt::progress::{RunKind, RunState, Stamped};
use kimt::rehearsal::{
    Action, Backup, Content, Faults, FolderSnapshot, ImapOptions, Layout, MailStore, NewMessage, Profile, Snapshot,
    wire_name,
};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// The folders that a mailbox may have beside INBOX; `/` is replaced by the separator.
const NAMES: [&str; 6] = ["Work", "Work/Ideas", "Größe & Maß", "Archive", "a \"quoted\" name", "work"];
/// The longest that a run may take, on a busy machine too.
const LONGEST_RUN: Duration = Duration::from_secs(300);

/// Where a history happens.
pub struct World {
    stage: Stage,
    separators: [u8; 2],
    /// The disks of the two computers, and which of them is used.
    disks: [tempfile::TempDir; 2],
    computer: usize,
    known: [Known; 2],
    model: Model,
    source_backup: Option<Backup>,
    target_backup: Option<(Backup, Model)>,
    disk_backup: Option<tempfile::TempDir>,
    letters: u32,
    /// Nothing has happened yet that a record takes harm of.
    ordinary: bool,
}

/// Lets a history happen, and what must hold at its end besides. The error says what does not, with the step at which it was seen.
pub fn happen(history: &History) -> Result<(), String> {
    let mut world = World::new(history.setting);
    for (step, number) in history.steps.iter().zip(1..) {
        world.step(step).map_err(|error| format!("step {number}: {error}"))?;
    }
    world.end().map_err(|error| format!("at the end: {error}"))
}

impl World {
    fn new(setting: Setting) -> Self {
        let profile = |number: u8| [Profile::Bare, Profile::Typical, Profile::Rich][usize::from(number % 3)];
        let end = |dots: bool, options: ImapOptions| {
            let layout = if dots { Layout::DOT } else { Layout::SLASH };
            let store = MailStore::new(layout);
            store.create_user(&[ANN], PASSWORD).unwrap();
            End::start(store, options, Security::Plain)
        };
        let without = if setting.no_uidplus { vec!["UIDPLUS"] } else { Vec::new() };
        let target = ImapOptions { without, ..ImapOptions::new(profile(setting.target_profile)) };
        let source = end(setting.source_dots, ImapOptions::new(profile(setting.source_profile)));
        let mut stage = Stage::of(source, end(setting.target_dots, target));
        stage.verify = setting.verify;
        let separators = [&stage.source, &stage.target].map(|end| end.store().layout().separator);
        Self {
            stage,
            separators,
            disks: [scratch(), scratch()],
            computer: 0,
            known: Default::default(),
            model: Model::default(),
            source_backup: None,
            target_backup: None,
            disk_backup: None,
            letters: 0,
            ordinary: true,
        }
    }

    fn step(&mut self, step: &Step) -> Result<(), String> {
        match step {
            Step::Change(side, change) => self.change(*side, *change),
            Step::Record(record) => self.record(*record),
            Step::Migrate { course, repair } => return self.migrate(course, *repair).map(|_| ()),
            Step::Verify => return self.verify(),
        }
        Ok(())
    }

    /// Without anything in its way a run is complete, the next has nothing to do, and a comparison agrees. Where the target spoilt messages,
    /// the next run may look at other places than the one before, and bring them again.
    fn end(&mut self) -> Result<(), String> {
        self.migrate(&Course::Smooth, false)?;
        let before = self.stage.target.mail();
        let state = self.migrate(&Course::Smooth, false)?;
        let is_changed = state.tally.copied.messages > 0 || self.stage.target.mail() != before;
        if is_changed && !self.model.is_damaged() {
            return Err("a second run changed something".to_owned());
        }
        if self.ordinary {
            self.model.judge_flags(&self.moment())?;
        }
        self.verify()
    }

    fn store(&self, side: Side) -> &MailStore {
        match side {
            Side::Source => self.stage.source.store(),
            Side::Target => self.stage.target.store(),
        }
    }

    fn moment(&self) -> Moment {
        Moment { source: self.stage.source.mail(), target: self.stage.target.mail() }
    }

    // What people and administrators do.

    fn change(&mut self, side: Side, change: Change) {
        let mail = self.store(side).snapshot(ANN).unwrap();
        let on_target = side == Side::Target;
        if !change.is_ordinary() {
            self.known = Default::default();
            self.ordinary = false;
        }
        match change {
            Change::Arrive { folder, messages } => {
                let name = self.folder_or_new(side, folder);
                self.arrive(side, &name, messages);
            }
            Change::ArriveEqual { folder, message } => {
                let Some((name, uid)) = chosen(&mail, folder, message) else { return };
                self.copy(side, &name, uid, &name);
            }
            Change::Copy { folder, message, to } => {
                let Some((name, uid)) = chosen(&mail, folder, message) else { return };
                let to = self.folder_or_new(side, to);
                self.copy(side, &name, uid, &to);
            }
            Change::Move { folder, message, to } => {
                let Some((name, uid)) = chosen(&mail, folder, message) else { return };
                let to = self.folder_or_new(side, to);
                self.copy(side, &name, uid, &to);
                self.delete(side, &name, uid);
            }
            Change::Delete { folder, message } => {
                let Some((name, uid)) = chosen(&mail, folder, message) else { return };
                self.delete(side, &name, uid);
            }
            Change::Flag { folder, message } => {
                let Some((name, uid)) = chosen(&mail, folder, message) else { return };
                self.store(side).set_flags(ANN, &name, uid, &["\\Seen", "\\Answered"]).unwrap();
                if on_target {
                    self.model.touched(&wire_name(&name), uid);
                }
            }
            Change::Rename { folder, name } => {
                let Some((old, folder)) = named(&mail, folder).filter(|(name, _)| name != "INBOX") else { return };
                let new = self.spelt(side, NAMES[usize::from(name) % NAMES.len()]);
                if self.store(side).rename_folder(ANN, &old, &new).is_ok() {
                    let (shown, old, new) = (old.clone(), wire_name(&old), wire_name(&new));
                    for name in mail.folders.keys() {
                        let Some(rest) = name.strip_prefix(old.as_slice()) else { continue };
                        let new = [&new, rest].concat();
                        if on_target {
                            self.model.renamed_by_owner(name, &new);
                        } else {
                            self.model.renamed(name, &new);
                        }
                    }
                    self.moved(on_target, &mail, &folder, &shown);
                }
            }
            Change::DeleteFolder { folder } => {
                let Some((name, _)) = named(&mail, folder) else { return };
                let _ = self.store(side).delete_folder(ANN, &name);
            }
            Change::EmptyFolder { folder } => {
                let Some((name, folder)) = named(&mail, folder) else { return };
                for message in &folder.messages {
                    self.delete(side, &name, message.uid);
                }
            }
            Change::Remake { folder, messages } => {
                let Some((name, _)) = named(&mail, folder) else { return };
                if self.store(side).delete_folder(ANN, &name).is_ok() {
                    let _ = self.store(side).create_folder(ANN, &name);
                    if self.store(side).snapshot(ANN).unwrap().folder(&name).is_some_and(|folder| folder.selectable) {
                        self.arrive(side, &name, messages);
                    }
                }
            }
            Change::Renumber { folder } => {
                let Some((name, _)) = named(&mail, folder) else { return };
                self.store(side).change_uid_validity(ANN, &name).unwrap();
            }
            Change::Damage { folder, message } => {
                let Some((name, uid)) = chosen(&mail, folder, message) else { return };
                let digest = self.store(side).content(ANN, &name, uid).unwrap().digest();
                self.store(side)
                    .replace_content(ANN, &name, uid, Content::bytes(&b"Subject: spoilt\r\n\r\n\0"[..]))
                    .unwrap();
                if on_target {
                    self.model.damaged(&wire_name(&name), digest);
                }
            }
            Change::BackUp => {
                let backup = self.store(side).back_up(ANN).unwrap();
                match side {
                    Side::Source => self.source_backup = Some(backup),
                    Side::Target => self.target_backup = Some((backup, self.model.clone())),
                }
            }
            Change::Restore => match side {
                Side::Source => {
                    if let Some(backup) = &self.source_backup {
                        self.store(side).restore(ANN, backup).unwrap();
                    }
                }
                Side::Target => {
                    if let Some((backup, model)) = &self.target_backup {
                        self.stage.target.store().restore(ANN, backup).unwrap();
                        self.model.target_restored(model);
                    }
                }
            },
            Change::Reinstall => {
                // A source that lost its mail is restored; there is nothing to migrate from an empty one.
                if on_target {
                    self.store(side).reinstall(ANN).unwrap();
                }
            }
        }
    }

    /// A folder's messages are in folders of other names now.
    fn moved(&mut self, on_target: bool, before: &Snapshot, folder: &FolderSnapshot, old: &str) {
        let after = self.store(if on_target { Side::Target } else { Side::Source }).snapshot(ANN).unwrap();
        for (name, there) in after.folders.iter().filter(|(name, _)| !before.folders.contains_key(*name)) {
            for message in &there.messages {
                self.model.arrived(on_target, name, message.digest);
            }
        }
        if on_target {
            for message in &folder.messages {
                self.model.left(&wire_name(old), message.digest);
            }
        }
    }

    /// An existing folder, or one that is made for it.
    fn folder_or_new(&self, side: Side, choice: Choice) -> String {
        // Half of what happens, happens in INBOX, so that it meets.
        let name = match usize::from(choice) % (NAMES.len() * 2) {
            other if other < NAMES.len() => self.spelt(side, NAMES[other]),
            _ => "INBOX".to_owned(),
        };
        let store = self.store(side);
        let _ = store.create_folder(ANN, &name);
        // One that was deleted while others were below it holds no messages until it is made again.
        let _ = store.set_selectable(ANN, &name, true);
        name
    }

    fn spelt(&self, side: Side, name: &str) -> String {
        let separator = self.separators[usize::from(side == Side::Target)];
        name.replace('/', &char::from(separator).to_string())
    }

    fn arrive(&mut self, side: Side, folder: &str, messages: u8) {
        for _ in 0..messages {
            self.letters += 1;
            let number = self.letters;
            // No two letters have one size, but for equal ones: messages that differ in size and UID alone nobody could distinguish.
            let text = format!("Subject: letter {number}\r\n\r\n{}\r\n", "x".repeat(number as usize * 3));
            let flags = ["\\Seen", "\\Flagged", "$Label1"].iter().zip(0..).filter(|(_, bit)| number >> bit & 1 == 1);
            let date =
                chrono::DateTime::UNIX_EPOCH.fixed_offset() + chrono::Duration::hours(400_000 + i64::from(number));
            let flags = flags.map(|(flag, _)| (*flag).to_owned()).collect();
            let content = Content::bytes(text.as_bytes());
            self.model.arrived(side == Side::Target, &wire_name(folder), content.digest());
            self.store(side).add(ANN, folder, NewMessage { content, flags, date }).unwrap();
        }
    }

    fn copy(&mut self, side: Side, from: &str, uid: u32, to: &str) {
        let mail = self.store(side).snapshot(ANN).unwrap();
        let message = mail.folder(from).unwrap().messages.iter().find(|message| message.uid == uid).unwrap().clone();
        let content = self.store(side).content(ANN, from, uid).unwrap();
        let copy = NewMessage { content, flags: message.flags.into_iter().collect(), date: message.date };
        self.store(side).add(ANN, to, copy).unwrap();
        self.model.arrived(side == Side::Target, &wire_name(to), message.digest);
    }

    fn delete(&mut self, side: Side, folder: &str, uid: u32) {
        let digest = self.store(side).content(ANN, folder, uid).unwrap().digest();
        self.store(side).delete_message(ANN, folder, uid).unwrap();
        if side == Side::Target {
            self.model.left(&wire_name(folder), digest);
        }
    }

    // What becomes of the computer.

    fn disk(&self) -> &Path {
        self.disks[self.computer].path()
    }

    fn record(&mut self, record: Record) {
        let ledgers = self.disk().join("state/ledger");
        match record {
            Record::Lose => {
                let _ = std::fs::remove_dir_all(self.disk().join("state"));
            }
            Record::Damage { place } => {
                let files: Vec<_> = std::fs::read_dir(ledgers).into_iter().flatten().flatten().collect();
                let Some(file) = files.get(place as usize % files.len().max(1)) else { return };
                let mut bytes = std::fs::read(file.path()).unwrap();
                if !bytes.is_empty() {
                    let at = (place as usize / 7) % bytes.len();
                    bytes[at] ^= 1 << (place % 8);
                    std::fs::write(file.path(), bytes).unwrap();
                }
            }
            Record::BackUp => {
                let backup = scratch();
                copy_folder(&self.disk().join("state"), backup.path());
                self.disk_backup = Some(backup);
            }
            Record::Restore => {
                let Some(backup) = &self.disk_backup else { return };
                let _ = std::fs::remove_dir_all(self.disk().join("state"));
                copy_folder(backup.path(), &self.disk().join("state"));
            }
            Record::ChangeComputer => self.computer = 1 - self.computer,
        }
        self.known = Default::default();
        self.ordinary = false;
    }

    // Runs.

    fn migrate(&mut self, course: &Course, repair: bool) -> Result<RunState, String> {
        let before = self.moment();
        self.stage.repair = repair;
        self.ordinary &= !repair;
        let state = match course {
            Course::Smooth => self.finish(RunKind::Migrate, || None),
            Course::Disturbed(disturbances) => {
                let (clock, disturbances) = (Clock::default(), disturbances.clone());
                self.disturb(Arc::new(move |step: &kimt::rehearsal::Step<'_>| {
                    let now = clock.tick(step);
                    let met = disturbances.iter().find(|(at, _)| now.is(*at));
                    met.map_or(Action::Proceed, |(_, disturbance)| action(*disturbance))
                }));
                self.finish(RunKind::Migrate, || None)
            }
            Course::Stopped { at, at_once } => {
                let (clock, at, reached) = (Clock::default(), *at, Arc::new(AtomicBool::new(false)));
                let reaches = reached.clone();
                self.disturb(Arc::new(move |step: &kimt::rehearsal::Step<'_>| {
                    reaches.fetch_or(clock.tick(step).is(at), Ordering::SeqCst);
                    Action::Proceed
                }));
                self.finish(RunKind::Migrate, move || reached.load(Ordering::SeqCst).then_some(*at_once))
            }
            Course::Killed { at } => {
                let request = child::Request {
                    ports: [self.stage.source.port.unwrap(), self.stage.target.port.unwrap()],
                    folder: self.disk().to_owned(),
                    repair,
                    verify: self.stage.verify,
                };
                let ends = [&self.stage.source, &self.stage.target].map(|end| end.server.clone());
                child::kill_at(&request, *at, &ends);
                None
            }
        };
        self.undisturb();
        let after = self.moment();
        let Some(state) = state else {
            // Nobody heard what it came to.
            let state = RunState::default();
            return self.judge(&state, &before, &after, false, repair).map(|()| state);
        };
        let smooth = *course == Course::Smooth;
        self.judge(&state, &before, &after, smooth, repair)
            .map_err(|error| format!("{error}; {:?} {:?}", state.problems, problems(&state)))?;
        Ok(state)
    }

    fn judge(
        &mut self,
        state: &RunState,
        before: &Moment,
        after: &Moment,
        smooth: bool,
        repair: bool,
    ) -> Result<(), String> {
        let [source_separator, target_separator] = self.separators;
        let run = Migrated { state, before, after, source_separator, target_separator, smooth, repair };
        let changes = self.stage.source.store().changes_seen(ANN).unwrap();
        if !changes.is_empty() {
            return Err(format!("the source was sent {changes:?}"));
        }
        self.model.judge(&run, &mut self.known[self.computer])
    }

    fn verify(&mut self) -> Result<(), String> {
        let before = self.moment();
        // A comparison compares contents, however migrations read back.
        let verify = std::mem::replace(&mut self.stage.verify, Verify::Content);
        let state = self.finish(RunKind::Verify, || None).unwrap();
        self.stage.verify = verify;
        let after = self.moment();
        let [source_separator, target_separator] = self.separators;
        let run = Migrated {
            state: &state,
            before: &before,
            after: &after,
            source_separator,
            target_separator,
            smooth: true,
            repair: false,
        };
        self.model.judge_comparison(&run).map_err(|error| format!("{error}; {:?}", problems(&state)))
    }

    fn disturb(&self, faults: Arc<dyn Faults>) {
        for end in [&self.stage.source, &self.stage.target] {
            end.server.set_faults(Some(faults.clone()));
        }
    }

    /// What was lost is over before anything else happens.
    fn undisturb(&self) {
        for end in [&self.stage.source, &self.stage.target] {
            end.server.set_faults(None);
            let begun = Instant::now();
            while end.server.connections() > 0 && begun.elapsed() < Duration::from_secs(5) {
                std::thread::sleep(Duration::from_millis(1));
            }
        }
    }

    /// Runs to the end; `stop` says when the user stops it, and whether at once.
    fn finish(&self, kind: RunKind, stop: impl Fn() -> Option<bool>) -> Option<RunState> {
        let request = self.stage.request(kind, self.disk());
        let run = start(request, Box::new(|_: &Stamped, _: &RunState| {}));
        let begun = Instant::now();
        let mut stopped = false;
        while !run.is_finished() {
            assert!(begun.elapsed() < LONGEST_RUN, "it hangs: {:?}", run.state().lock().unwrap());
            if let Some(at_once) = (!stopped).then(&stop).flatten() {
                if at_once {
                    run.stop_now()
                } else {
                    run.stop()
                }
                stopped = true;
            }
            run.try_now();
            std::thread::sleep(Duration::from_millis(2));
        }
        Some(run.wait())
    }
}

fn action(disturbance: Disturbance) -> Action {
    match disturbance {
        Disturbance::Cut => Action::Cut,
        Disturbance::LoseAnswers => Action::LoseAnswers,
        Disturbance::Bye => Action::Bye("The server is going down".to_owned()),
    }
}

/// A folder that can hold messages, with its name.
fn named(mail: &Snapshot, choice: Choice) -> Option<(String, FolderSnapshot)> {
    let folders: Vec<_> = mail.folders.iter().filter(|(_, folder)| folder.selectable).collect();
    let (name, folder) = folders.get(usize::from(choice) % folders.len().max(1))?;
    let known = ["INBOX"].iter().chain(&NAMES).flat_map(|name| [(*name).to_owned(), name.replace('/', ".")]);
    let name = known.into_iter().find(|known| wire_name(known) == **name)?;
    Some((name, (*folder).clone()))
}

/// A message, by the name of its folder and its UID.
fn chosen(mail: &Snapshot, folder: Choice, message: Choice) -> Option<(String, u32)> {
    let full: Snapshot = Snapshot {
        folders: mail
            .folders
            .iter()
            .filter(|(_, it)| !it.messages.is_empty())
            .map(|(name, it)| (name.clone(), it.clone()))
            .collect(),
    };
    let (name, folder) = named(&full, folder)?;
    Some((name, folder.messages[usize::from(message) % folder.messages.len()].uid))
}

fn copy_folder(from: &Path, to: &Path) {
    let _ = std::fs::create_dir_all(to);
    for entry in std::fs::read_dir(from).into_iter().flatten().flatten() {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy_folder(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}
