//! What can happen to a mailbox that is moved, and how a random history of it is made from a seed.
//!
//! A step names folders and messages by numbers that are reduced to what exists when it happens. So any history stays one when steps are
//! taken out of it, which is how a failing one is made short.

use fastrand::Rng;
use kimt::migrate::Verify;
use kimt::rehearsal::Keeping;
use std::fmt;

/// A number that is reduced to the number of things to choose from.
pub type Choice = u16;

/// A side's mailbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    Source,
    Target,
}

/// What a person does to her mail, or an administrator to a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// New messages arrive, no two alike.
    Arrive {
        folder: Choice,
        messages: u8,
    },
    /// A message arrives that equals one that is there.
    ArriveEqual {
        folder: Choice,
        message: Choice,
    },
    /// A message is copied within the mailbox.
    Copy {
        folder: Choice,
        message: Choice,
        to: Choice,
    },
    Move {
        folder: Choice,
        message: Choice,
        to: Choice,
    },
    Delete {
        folder: Choice,
        message: Choice,
    },
    Flag {
        folder: Choice,
        message: Choice,
    },
    Rename {
        folder: Choice,
        name: Choice,
    },
    DeleteFolder {
        folder: Choice,
    },
    EmptyFolder {
        folder: Choice,
    },
    /// A folder is deleted and made again under its name; its UIDs begin again.
    Remake {
        folder: Choice,
        messages: u8,
    },
    /// A folder gets another UIDVALIDITY, and its messages other UIDs.
    Renumber {
        folder: Choice,
    },
    /// The server spoils a message: its disk is failing.
    Damage {
        folder: Choice,
        message: Choice,
    },
    /// The server is backed up.
    BackUp,
    /// The server is restored from its backup, if there is one, with the UIDVALIDITYs it had.
    Restore,
    /// The server is installed again and knows of nothing.
    Reinstall,
}

impl Change {
    /// Whether it is something that people do every day, of which the record of earlier runs takes no harm.
    pub fn is_ordinary(&self) -> bool {
        use Change::*;
        match self {
            Arrive { .. }
            | ArriveEqual { .. }
            | Copy { .. }
            | Move { .. }
            | Delete { .. }
            | Flag { .. }
            | EmptyFolder { .. }
            | BackUp => true,
            Rename { .. }
            | DeleteFolder { .. }
            | Remake { .. }
            | Renumber { .. }
            | Damage { .. }
            | Restore
            | Reinstall => false,
        }
    }
}

/// What happens to the record on the computer that migrates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Record {
    Lose,
    /// One byte of a file is another.
    Damage {
        place: u32,
    },
    /// The computer's disk is backed up.
    BackUp,
    /// The disk is restored from its backup.
    Restore,
    /// The next runs are made from the other one of two computers.
    ChangeComputer,
}

/// When a run is disturbed: at the step of that number, from 0, of its conversations with both servers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum At {
    Step(u16),
    /// Only steps at which a message is stored are counted.
    Append(u16),
}

/// What disturbs a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Disturbance {
    Cut,
    LoseAnswers,
    Bye,
}

/// How a migration goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Course {
    Smooth,
    Disturbed(Vec<(At, Disturbance)>),
    /// The user stops it, with or without waiting for what is in flight.
    Stopped {
        at: At,
        at_once: bool,
    },
    /// The program is killed.
    Killed {
        at: At,
    },
}

/// One step of a history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    Change(Side, Change),
    Record(Record),
    Migrate { course: Course, repair: bool },
    Verify,
}

/// The servers of a history.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Setting {
    /// `.` between the parts of a folder's name on the source; else `/`.
    pub source_dots: bool,
    pub target_dots: bool,
    /// 0 to 2: what a server offers, from bare to rich.
    pub source_profile: u8,
    pub target_profile: u8,
    /// The target announces no UIDs of what it stores.
    pub no_uidplus: bool,
    /// How migrations read back what they sent.
    pub verify: Verify,
    /// How the target keeps what it gets.
    pub keeping: Keeping,
}

/// Everything that happens to one mailbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct History {
    pub setting: Setting,
    pub steps: Vec<Step>,
}

/// What a history is about. What goes together is rare when everything may happen at any time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Theme {
    /// People read, file and delete their mail.
    People,
    /// Folders are renamed, deleted and made again.
    Folders,
    /// A server is restored from a backup.
    Restore(Side),
    /// The computer's record is lost, damaged or restored, or another computer takes over.
    Records,
    /// Everything.
    All,
}

impl History {
    /// The history of that seed: short, since what is rare is found by many short ones rather than by one long.
    pub fn of(seed: u64) -> Self {
        let mut rng = Rng::with_seed(seed);
        let keeping = match Rng::with_seed(!seed).u8(..12) {
            0 => Keeping::WithTraceField,
            1 => Keeping::WithoutLastLineEnd,
            2 => Keeping::WithoutDate,
            _ => Keeping::AsSent,
        };
        // What a target changed, and nobody has looked at, cannot be told from what its owner deleted.
        let ways = match keeping {
            Keeping::AsSent => [Verify::Content, Verify::Content, Verify::Size, Verify::None],
            _ => [Verify::Content, Verify::Content, Verify::Size, Verify::Size],
        };
        let setting = Setting {
            source_dots: rng.u8(..4) == 0,
            target_dots: rng.u8(..4) == 0,
            source_profile: rng.u8(..3),
            target_profile: rng.u8(..3),
            no_uidplus: rng.u8(..4) == 0,
            // Of its own number, so that what else a seed gives does not depend on it.
            verify: ways[Rng::with_seed(!seed).usize(..4)],
            keeping,
        };
        let theme = match rng.u8(..6) {
            0 => Theme::People,
            1 => Theme::Folders,
            2 => Theme::Restore(Side::Source),
            3 => Theme::Restore(Side::Target),
            4 => Theme::Records,
            _ => Theme::All,
        };
        let mut steps = vec![arrive(&mut rng), arrive(&mut rng), migrate(&mut rng)];
        for _ in 0..rng.usize(3..10) {
            steps.push(step(&mut rng, theme));
        }
        Self { setting, steps }
    }
}

fn arrive(rng: &mut Rng) -> Step {
    Step::Change(Side::Source, Change::Arrive { folder: rng.u16(..), messages: rng.u8(1..6) })
}

fn step(rng: &mut Rng, theme: Theme) -> Step {
    match rng.u8(..10) {
        0..3 => return migrate(rng),
        3 if rng.bool() => return Step::Verify,
        3 | 4 => return arrive(rng),
        _ => {}
    }
    let side = if rng.bool() { Side::Source } else { Side::Target };
    match theme {
        Theme::People => Step::Change(side, by_people(rng)),
        Theme::Folders => Step::Change(side, if rng.bool() { of_folders(rng) } else { by_people(rng) }),
        Theme::Restore(side) => match rng.u8(..8) {
            0..2 => Step::Change(side, Change::BackUp),
            2..4 => Step::Change(side, Change::Restore),
            4 if side == Side::Target => Step::Change(side, Change::Reinstall),
            5 => Step::Change(side, Change::Arrive { folder: rng.u16(..), messages: rng.u8(1..6) }),
            6 => Step::Change(Side::Target, Change::Damage { folder: rng.u16(..), message: rng.u16(..) }),
            _ => Step::Change(side, by_people(rng)),
        },
        Theme::Records if rng.bool() => Step::Record(record(rng)),
        Theme::Records => Step::Change(side, by_people(rng)),
        Theme::All => match rng.u8(..12) {
            0..4 => Step::Change(side, by_people(rng)),
            4..6 => Step::Change(side, of_folders(rng)),
            6..8 => Step::Change(side, Change::BackUp),
            8..10 => Step::Change(side, Change::Restore),
            _ => Step::Record(record(rng)),
        },
    }
}

fn by_people(rng: &mut Rng) -> Change {
    let [folder, message, to] = [rng.u16(..), rng.u16(..), rng.u16(..)];
    match rng.u8(..16) {
        0..3 => Change::Arrive { folder, messages: rng.u8(1..5) },
        3..5 => Change::ArriveEqual { folder, message },
        5..7 => Change::Copy { folder, message, to },
        7..10 => Change::Move { folder, message, to },
        10..14 => Change::Delete { folder, message },
        14 => Change::Flag { folder, message },
        _ => Change::EmptyFolder { folder },
    }
}

fn of_folders(rng: &mut Rng) -> Change {
    let folder = rng.u16(..);
    match rng.u8(..7) {
        0..3 => Change::Rename { folder, name: rng.u16(..) },
        3 => Change::DeleteFolder { folder },
        4..6 => Change::Remake { folder, messages: rng.u8(1..6) },
        _ => Change::Renumber { folder },
    }
}

fn record(rng: &mut Rng) -> Record {
    match rng.u8(..6) {
        0 => Record::Lose,
        1 => Record::Damage { place: rng.u32(..) },
        2 => Record::BackUp,
        3 => Record::Restore,
        _ => Record::ChangeComputer,
    }
}

fn migrate(rng: &mut Rng) -> Step {
    // A run of some messages has sixty to two hundred steps.
    let at = |rng: &mut Rng| if rng.bool() { At::Step(rng.u16(..150)) } else { At::Append(rng.u16(..12)) };
    let course = match rng.u8(..20) {
        0..11 => Course::Smooth,
        11..16 => {
            let disturbance = |rng: &mut Rng| match rng.u8(..5) {
                0 | 1 => Disturbance::Cut,
                2 | 3 => Disturbance::LoseAnswers,
                _ => Disturbance::Bye,
            };
            Course::Disturbed((0..rng.u8(1..3)).map(|_| (at(rng), disturbance(rng))).collect())
        }
        16..18 => Course::Stopped { at: at(rng), at_once: rng.bool() },
        _ => Course::Killed { at: at(rng) },
    };
    Step::Migrate { course, repair: rng.u8(..8) == 0 }
}

impl fmt::Display for History {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(formatter, "{:?}", self.setting)?;
        for (step, number) in self.steps.iter().zip(1..) {
            match step {
                Step::Change(side, change) => writeln!(formatter, "{number:3}. on the {side:?}: {change:?}")?,
                Step::Record(record) => writeln!(formatter, "{number:3}. record: {record:?}")?,
                Step::Migrate { course, repair: false } => writeln!(formatter, "{number:3}. migrate: {course:?}")?,
                Step::Migrate { course, repair: true } => {
                    writeln!(formatter, "{number:3}. migrate with repair: {course:?}")?;
                }
                Step::Verify => writeln!(formatter, "{number:3}. verify")?,
            }
        }
        Ok(())
    }
}
