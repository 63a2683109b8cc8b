//! Two embedded servers and two computers to migrate from, on which a history happens, step by step.

mod people;
mod runs;

use super::embedded::stage::{ANN, End, PASSWORD, Stage, scratch};
use super::model::{Known, Model, Moment};
use super::step::{Course, History, Record, Setting, Side, Step};
use kimt::domain::{Digest, Security};
use kimt::rehearsal::{Backup, ImapOptions, Keeping, Layout, MailStore, MessageSnapshot, Profile, Snapshot};
use std::collections::HashMap;
use std::path::Path;

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
    keeping: Keeping,
    /// The messages that were sent, by the content that the target stores for them.
    sent: HashMap<Digest, MessageSnapshot>,
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
        let target =
            ImapOptions { without, keeping: setting.keeping, ..ImapOptions::new(profile(setting.target_profile)) };
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
            keeping: setting.keeping,
            sent: HashMap::new(),
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
        let before = self.mail(Side::Target);
        let state = self.migrate(&Course::Smooth, false)?;
        let is_changed = state.tally.copied.messages > 0 || self.mail(Side::Target) != before;
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

    /// A mailbox, with what the target stored otherwise as it was sent.
    fn mail(&self, side: Side) -> Snapshot {
        let mut mail = self.store(side).snapshot(ANN).unwrap();
        for message in mail.folders.values_mut().flat_map(|folder| &mut folder.messages) {
            if let (Side::Target, Some(sent)) = (side, self.sent.get(&message.digest)) {
                (message.digest, message.size) = (sent.digest, sent.size);
                if self.keeping == Keeping::WithoutDate {
                    message.date = sent.date;
                }
            }
        }
        mail
    }

    fn moment(&self) -> Moment {
        Moment { source: self.mail(Side::Source), target: self.mail(Side::Target) }
    }

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
