//! Deliberate faults: at every step of a conversation a hook decides what happens.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

/// The server's place in a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment<'a> {
    /// A connection was accepted; the greeting is next.
    Connected,
    /// A synchronising literal was announced; the `+` is next.
    Announced {
        /// The command that announced it, in upper case: `APPEND`, `UID FETCH`.
        command: &'a str,
        /// Its size.
        bytes: u64,
    },
    /// A complete command arrived and is not yet executed.
    Received {
        /// Its name.
        command: &'a str,
    },
    /// A command was executed; its tagged answer is next.
    Executed {
        /// Its name.
        command: &'a str,
    },
    /// Bytes are about to be sent.
    Sending {
        /// Their number.
        bytes: usize,
    },
}

/// One step of one connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step<'a> {
    /// The connection's number on its server, from 1.
    pub connection: u64,
    /// The signed-in user; empty before sign-in.
    pub user: &'a str,
    /// The place in its conversation.
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
    /// The client sees the connection end. The server still executes what it has received by then, but nobody hears its answers.
    LoseAnswers,
    /// This tagged answer is sent, such as `NO [UNAVAILABLE] Later`. At [`Moment::Received`] and [`Moment::Announced`] it replaces the
    /// command, at [`Moment::Executed`] the command's own answer.
    Answer(String),
    /// `* BYE` with this text, then the end.
    Bye(String),
    /// The step waits this long.
    Delay(Duration),
    /// These bytes are sent first, unchanged.
    Inject(Vec<u8>),
    /// From now on every byte travels alone.
    Trickle,
    /// The server falls silent and keeps the connection open.
    Silence,
}

/// Decides at every step. Called from many threads.
pub trait Faults: Send + Sync {
    /// What happens at this step.
    fn at(&self, step: &Step<'_>) -> Action;
}

impl<F: Fn(&Step<'_>) -> Action + Send + Sync> Faults for F {
    fn at(&self, step: &Step<'_>) -> Action {
        self(step)
    }
}

/// Numbers the steps of all servers that share it, and disturbs one of them. A cut comes before the command is executed, between execution
/// and answer, or in the middle of sending, depending on the step's moment.
#[derive(Debug, Default)]
pub struct FaultPlan {
    steps: AtomicU64,
    disturbance: Option<(u64, Action)>,
    done: AtomicBool,
}

impl FaultPlan {
    /// Only counts, and disturbs nothing.
    pub fn count() -> Self {
        Self::default()
    }

    /// Cuts at the step with this number, from 0.
    pub fn cut_at(step: u64) -> Self {
        Self::disturb_at(step, Action::Cut)
    }

    /// Takes this action at the step with this number, from 0.
    pub fn disturb_at(step: u64, action: Action) -> Self {
        Self { disturbance: Some((step, action)), ..Self::default() }
    }

    /// The number of steps so far.
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
