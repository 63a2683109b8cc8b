//! Why work on a mailbox cannot continue, and what follows: try again, give the mailbox up, or stop.

use crate::domain::{Account, Note, OwnFile, Problem, ProblemKind, Side};
use crate::imap::ImapError;
use crate::ledger::{LedgerError, LedgerErrorKind};

/// Ends the current attempt on a mailbox.
#[derive(Debug)]
pub enum Halt {
    /// A server failed us. If the connection is lost, a new one may help.
    Server {
        /// The server's side.
        side: Side,
        /// Its answer, or the loss of the connection.
        error: ImapError,
    },
    /// Our own record cannot be written; to continue could duplicate mail.
    Ledger(LedgerError),
    /// The mailbox cannot continue until a person has done something.
    Problem(Box<Problem>),
    /// The user stopped or paused the run; what was in flight is settled.
    Held,
}

impl Halt {
    /// The side of the server that failed us; the source if none did.
    pub fn side(&self) -> Side {
        match self {
            Halt::Server { side, .. } => *side,
            _ => Side::Source,
        }
    }

    /// The problem as the user meets it; none if the user stopped or paused the run.
    pub fn problem(&self, account: &Account) -> Option<Problem> {
        match self {
            Halt::Server { side, error } => Some(server_problem(*side, error, account)),
            Halt::Ledger(error) if matches!(error.kind(), LedgerErrorKind::InUse | LedgerErrorKind::Fenced) => {
                log::debug!("{error}");
                Some(Problem::new(ProblemKind::MailboxInUse).for_account(&account.address))
            }
            Halt::Ledger(error) => Some(record_problem(error)),
            Halt::Problem(problem) => Some((**problem).clone()),
            Halt::Held => None,
        }
    }
}

/// An error of our own record as a problem of this computer.
pub fn record_problem(error: &LedgerError) -> Problem {
    Problem::new(ProblemKind::LocalFile).at_path(OwnFile::Record).noting(Note::Record(error.fault().clone()))
}

/// A server's error as a problem of every account that meets it.
pub fn problem_of_all(side: Side, error: &ImapError) -> Problem {
    let kind = match error.kind() {
        ProblemKind::Unreachable => ProblemKind::ConnectionLost,
        kind => kind,
    };
    error.quoted_in(Problem::new(kind).on(side))
}

/// A server's error as a problem of one account.
pub fn server_problem(side: Side, error: &ImapError, account: &Account) -> Problem {
    problem_of_all(side, error).for_account(&account.address)
}

impl From<LedgerError> for Halt {
    fn from(error: LedgerError) -> Self {
        Halt::Ledger(error)
    }
}

impl From<Problem> for Halt {
    fn from(problem: Problem) -> Self {
        Halt::Problem(Box::new(problem))
    }
}

/// Adds the side to a server's error.
pub trait OnSide<T> {
    /// Marks the error as one of this side.
    fn on(self, side: Side) -> Result<T, Halt>;
}

impl<T> OnSide<T> for Result<T, ImapError> {
    fn on(self, side: Side) -> Result<T, Halt> {
        self.map_err(|error| Halt::Server { side, error })
    }
}

/// Talks to both servers at the same time.
pub fn both<S, T: Send>(
    source: impl FnOnce() -> Result<S, ImapError>,
    target: impl FnOnce() -> Result<T, ImapError> + Send,
) -> Result<(S, T), Halt> {
    std::thread::scope(|scope| {
        let target = scope.spawn(target);
        let source = source().on(Side::Source);
        let target = target.join().unwrap_or(Err(ImapError::Abandoned)).on(Side::Target);
        Ok((source?, target?))
    })
}
