//! Things that go wrong, on purpose: a hook that is asked at every step of a conversation what shall happen there.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

/// Where in a conversation the server is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment<'a> {
    /// A connection was accepted; the greeting is next.
    Connected,
    /// A synchronising literal was announced; the `+` is next.
    Announced {
        /// The command it belongs to, in upper case: `APPEND`, `UID FETCH`.
        command: &'a str,
        /// Its size.
        bytes: u64,
    },
    /// A command is complete and not yet carried out.
    Received {
        /// Its name.
        command: &'a str,
    },
    /// A command was carried out; its tagged answer is next.
    Executed {
        /// Its name.
        command: &'a str,
    },
    /// Bytes are about to be sent.
    Sending {
        /// How many.
        bytes: usize,
    },
}

/// One step of one connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step<'a> {
    /// The connection's number on its server, from 1.
    pub connection: u64,
    /// Whoever is signed in; empty before.
    pub user: &'a str,
    /// Where it is.
    pub moment: Moment<'a>,
}

/// What happens at a step.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Action {
    /// Nothing unusual.
    #[default]
    Proceed,
    /// The connection is cut; at [`Moment::Sending`] after half of the bytes.
    Cut,
    /// The connection ends for the client, but what the server has received by then it still carries out; nobody hears its answers.
    LoseAnswers,
    /// This is the tagged answer, such as `NO [UNAVAILABLE] Later`. At [`Moment::Received`] and [`Moment::Announced`] the command
    /// is not carried out; at [`Moment::Executed`] it was.
    Answer(String),
    /// `* BYE` with this text, then the end.
    Bye(String),
    /// The step waits that long.
    Delay(Duration),
    /// These bytes are sent first, as they are.
    Inject(Vec<u8>),
    /// From now on every byte travels alone.
    Trickle,
    /// The server says nothing any more and keeps the connection open.
    Silence,
}

/// Is asked at every step. Called from many threads.
pub trait Faults: Send + Sync {
    /// What happens at this step.
    fn at(&self, step: &Step<'_>) -> Action;
}

impl<F: Fn(&Step<'_>) -> Action + Send + Sync> Faults for F {
    fn at(&self, step: &Step<'_>) -> Action {
        self(step)
    }
}

/// Numbers the steps of all servers it is given to, and disturbs one of them.
///
/// What a cut at a step means follows from its moment: before the command is carried out, after it was and before its answer, or in
/// the middle of what is sent.
#[derive(Debug, Default)]
pub struct FaultPlan {
    steps: AtomicU64,
    disturbance: Option<(u64, Action)>,
    done: AtomicBool,
}

impl FaultPlan {
    /// Disturbs nothing and only counts.
    pub fn count() -> Self {
        Self::default()
    }

    /// Cuts at the step of that number, from 0.
    pub fn cut_at(step: u64) -> Self {
        Self::disturb_at(step, Action::Cut)
    }

    /// Does this at the step of that number, from 0.
    pub fn disturb_at(step: u64, action: Action) -> Self {
        Self { disturbance: Some((step, action)), ..Self::default() }
    }

    /// How many steps there were.
    pub fn steps(&self) -> u64 {
        self.steps.load(Ordering::SeqCst)
    }

    /// Whether the step has come.
    pub fn is_done(&self) -> bool {
        self.done.load(Ordering::SeqCst)
    }
}

impl Faults for FaultPlan {
    fn at(&self, _step: &Step<'_>) -> Action {
        let number = self.steps.fetch_add(1, Ordering::SeqCst);
        match &self.disturbance {
            Some((step, action)) if *step == number => {
                self.done.store(true, Ordering::SeqCst);
                action.clone()
            }
            _ => Action::Proceed,
        }
    }
}
