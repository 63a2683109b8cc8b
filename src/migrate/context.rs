//! What all workers of a run share: the two servers, the directory, the user's wishes, the recorder.

use super::control::{Control, Registration};
use super::directory::Directory;
use super::halt::{Halt, OnSide};
use super::recorder::Events;
use super::request::Options;
use super::sign_in_guard::SignInGuard;
use crate::domain::{Account, AccountId, FolderId, Problem, ProblemKind, Side};
use crate::imap::{self, Endpoint, ImapError, Session, SignIn};
use crate::progress::Event;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Shared by reference between the workers of one run.
pub(super) struct RunContext {
    pub(super) control: Arc<Control>,
    pub(super) events: Events,
    pub(super) options: Options,
    pub(super) accounts: Vec<Account>,
    pub(super) source: End,
    pub(super) target: End,
    pub(super) directory: Box<dyn Directory>,
    /// Whether the target is Kerio Connect.
    pub(super) kerio: bool,
    /// How long a user needs after its creation before it can sign in, as far as learned; milliseconds.
    pub(super) settling: AtomicU64,
}

/// One IMAP server of the run.
pub(super) struct End {
    /// Where, and whom to trust.
    pub(super) endpoint: Endpoint,
    /// Counts refusals, so that we are not blocked.
    pub(super) guard: SignInGuard,
}

/// A signed-in session that the user's *Stop now* cuts.
pub(super) struct Line {
    pub(super) session: Session,
    pub(super) registration: Registration,
}

impl RunContext {
    /// Tells the recorder.
    pub(super) fn tell(&self, event: Event) {
        self.events.tell(event);
    }

    /// Tells of a problem of an account.
    pub(super) fn tell_problem(&self, account: AccountId, folder: Option<FolderId>, problem: Problem) {
        self.tell(Event::ProblemMet { account: Some(account), folder, problem });
    }

    /// Waits, and lets the window say so.
    pub(super) fn wait_for(&self, account: AccountId, side: Side, duration: Duration) {
        let seconds = duration.as_secs().max(1);
        self.tell(Event::WaitStarted { account, side, seconds });
        self.control.wait(duration);
        self.tell(Event::WaitEnded { account });
    }

    /// Signs an account in on one side, gently: waits when the server would otherwise block us.
    pub(super) fn sign_in(&self, id: AccountId, side: Side, name: &str, account: &Account) -> Result<Line, Halt> {
        let end = match side {
            Side::Source => &self.source,
            Side::Target | Side::Administration => &self.target,
        };
        while let Some(wait) = end.guard.wait() {
            if self.control.stopping() {
                return Err(Halt::Held);
            }
            self.wait_for(id, side, wait);
        }
        if self.control.stopping() {
            return Err(Halt::Held);
        }
        let session = sign_in(&end.endpoint, name, account).inspect_err(|error| {
            if error.kind() == ProblemKind::PasswordRefused {
                end.guard.refused();
            }
        });
        let session = session.on(side)?;
        let registration = self.control.register(session.interrupter());
        Ok(Line { session, registration })
    }

    /// Signs in on the target under the first name that it takes. A user that was created a moment ago may need some seconds.
    pub(super) fn sign_in_target(
        &self,
        id: AccountId,
        account: &Account,
        names: &[String],
        just_created: bool,
    ) -> Result<(Line, String), Halt> {
        const SETTLING: [u64; 5] = [0, 1000, 3000, 5000, 8000];
        let mut last = None;
        loop {
            if just_created {
                self.control.wait(Duration::from_millis(self.settling.load(Ordering::Relaxed)));
            }
            for name in names {
                match self.sign_in(id, Side::Target, name, account) {
                    Ok(line) => return Ok((line, name.clone())),
                    Err(Halt::Server { side, error }) if error.kind() == ProblemKind::PasswordRefused => {
                        last = Some(Halt::Server { side, error });
                    }
                    Err(halt) => return Err(halt),
                }
            }
            let learned = self.settling.load(Ordering::Relaxed);
            let next = SETTLING.into_iter().find(|wait| *wait > learned).filter(|_| just_created);
            match (next, last.take()) {
                (Some(next), _) => self.settling.store(next, Ordering::Relaxed),
                (None, Some(halt)) => return Err(halt),
                (None, None) => {
                    return Err(Problem::new(ProblemKind::UserNotCreated).for_account(&account.address).into());
                }
            }
        }
    }
}

fn sign_in(endpoint: &Endpoint, name: &str, account: &Account) -> Result<Session, ImapError> {
    let greeted = imap::connect(endpoint)?;
    greeted.sign_in(&SignIn::Password { user: name.to_owned(), password: account.password.clone() })
}
