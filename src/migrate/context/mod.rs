//! What all workers of a run share: the two servers, the directory, the user's wishes, the recorder.

pub mod condition;
pub mod control;
pub mod given;
pub mod invitations;
pub mod losses;
pub mod permits;
pub mod recorder;
pub mod reporter;
pub mod retry;

use crate::domain::{Account, AccountId, FolderId, Problem, ProblemKind, Selection, Side};
use crate::imap::{self, Endpoint, Greeted, ImapError, Session};
use crate::ledger::{MailboxKey, Store};
use crate::migrate::context::condition::Condition;
use crate::migrate::context::control::{Control, Registration};
use crate::migrate::context::given::Given;
use crate::migrate::context::invitations::Invitations;
use crate::migrate::context::permits::{Permit, Permits};
use crate::migrate::context::recorder::Events;
use crate::migrate::endpoints::DavEnds;
use crate::migrate::halt::{Halt, OnSide};
use crate::migrate::request::Options;
use crate::migrate::sign_in::credentials::Credentials;
use crate::migrate::sign_in::guard::SignInGuard;
use crate::migrate::target::directory::{Directory, TargetUser};
use crate::migrate::target::profile::Profile;
use crate::progress::{Event, WaitReason};
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Shared by reference between the workers of one run.
pub struct RunContext {
    pub control: Arc<Control>,
    pub events: Events,
    pub options: Options,
    pub selection: Selection,
    pub accounts: Vec<Account>,
    /// Accounts that were added during the run.
    pub given: Given,
    pub source: End,
    pub target: End,
    /// One permit for each mailbox that may be worked on at the same time; those of idle workers are free.
    pub workers: Arc<Permits>,
    pub directory: Box<dyn Directory>,
    /// Accounts that would use another account's mailbox, by their index in `accounts`, and why they are refused.
    pub shared: HashMap<usize, Problem>,
    /// Keeps the records.
    pub store: Arc<dyn Store>,
    /// The target's name in records; see [`MailboxKey::target`].
    pub target_key: String,
    /// What is known about this kind of target.
    pub profile: &'static Profile,
    /// The servers for calendars and contacts, if these are migrated.
    pub groupware: Option<DavEnds>,
    /// Whether the target sends invitations in spite of all precautions.
    pub invitations: Invitations,
    /// How long a new user needs before it can sign in, as far as known; in milliseconds.
    pub settling: AtomicU64,
}

/// One IMAP server of the run.
pub struct End {
    /// Its address, and whom to trust there.
    pub endpoint: Endpoint,
    /// Counts refusals, so that the server does not block us.
    pub guard: SignInGuard,
    /// Its condition, if all accounts meet the same one.
    pub condition: Condition,
    /// Counts its connections.
    pub permits: Arc<Permits>,
    /// Makes everybody's sign-in.
    pub credentials: Arc<Credentials>,
}

/// A signed-in session; the user's *Stop now* cuts it.
pub struct SignedIn {
    pub session: Session,
    pub registration: Registration,
}

impl RunContext {
    /// Reports an event.
    pub fn report(&self, event: Event) {
        if matches!(&event, Event::MessagesCopied { .. } | Event::MessagesChecked { .. }) {
            self.eased();
        }
        self.events.report(event);
    }

    /// The condition of a side's server.
    pub fn condition(&self, side: Side) -> &Condition {
        &self.end(side).condition
    }

    /// Notes that an account made progress on both servers.
    pub fn eased(&self) {
        self.source.condition.eased();
        self.target.condition.eased();
    }

    /// Whether a server has a condition that all accounts meet.
    pub fn is_conditioned(&self) -> bool {
        self.source.condition.is_on() || self.target.condition.is_on()
    }

    /// How long no account may begin; none if accounts may.
    pub fn condition_wait(&self) -> Option<Duration> {
        self.source.condition.wait().max(self.target.condition.wait())
    }

    /// The problem that an account ends with at once; see [`Condition::given_up`].
    pub fn given_up(&self) -> Option<Problem> {
        self.source.condition.given_up().or_else(|| self.target.condition.given_up())
    }

    /// Reports a problem of an account.
    pub fn report_problem(&self, account: AccountId, folder: Option<FolderId>, problem: Problem) {
        self.report(Event::ProblemMet { account: Some(account), folder, problem });
    }

    /// The key of an account's record in this run.
    pub fn ledger_key(&self, account: &Account) -> MailboxKey {
        MailboxKey {
            source: format!("{}:{}", self.source.endpoint.host, self.source.endpoint.port),
            target: self.target_key.clone(),
            address: match account.moves_to() {
                Some(target) => format!("{} to {}", account.address.key(), target.key()),
                None => account.address.key(),
            },
        }
    }

    /// Waits, and reports the wait with its reason.
    pub fn wait_for(&self, account: AccountId, side: Side, duration: Duration, why: WaitReason) {
        let seconds = duration.as_secs().max(1);
        self.report(Event::WaitStarted { account, side, seconds, why });
        match why {
            WaitReason::OwnChoice => self.control.of(account).wait_whole(duration),
            WaitReason::ServerFailed | WaitReason::ServerAsked => self.control.of(account).wait(duration),
        }
        self.report(Event::WaitEnded { account });
    }

    /// A permit for one more connection of an account to a server. Where their number is limited, it waits for one unless the account must
    /// end. An account that needs both sides takes the source's permit first; otherwise two mailboxes could wait for each other.
    pub fn permit(&self, id: AccountId, side: Side) -> Result<Permit, Halt> {
        self.end(side).permits.wait(&self.control.of(id)).ok_or(Halt::Held)
    }

    /// Signs an account in on one side; waits if another refusal would make the server block us.
    pub fn sign_in(&self, id: AccountId, side: Side, account: &Account) -> Result<SignedIn, Halt> {
        self.sign_in_on(id, side, &self.end(side).credentials.name(account), account, None)
    }

    /// The endpoint of one side for an account; a skip of that account can cut the connection.
    pub fn endpoint(&self, id: AccountId, side: Side) -> Endpoint {
        let endpoint = self.end(side).endpoint.clone();
        Endpoint { watch: Some(self.control.watch(side, Some(id), endpoint.limits.read)), ..endpoint }
    }

    fn end(&self, side: Side) -> &End {
        match side {
            Side::Source => &self.source,
            Side::Target | Side::Administration => &self.target,
        }
    }

    /// Signs in under a given name, on a connection that may have been greeted already.
    fn sign_in_on(
        &self,
        id: AccountId,
        side: Side,
        name: &str,
        account: &Account,
        greeted: Option<Result<Greeted, ImapError>>,
    ) -> Result<SignedIn, Halt> {
        let (end, control) = (self.end(side), self.control.of(id));
        while let Some(wait) = end.guard.wait() {
            if control.stopping() {
                return Err(Halt::Held);
            }
            self.wait_for(id, side, wait, WaitReason::OwnChoice);
        }
        if control.stopping() {
            return Err(Halt::Held);
        }
        let greeted = greeted.unwrap_or_else(|| imap::connect(&self.endpoint(id, side)));
        let sign_in = end.credentials.sign_in(account, name)?;
        let mut session = greeted.and_then(|greeted| greeted.sign_in(&sign_in));
        // Tokens are valid for about an hour, and many runs take longer.
        if session.as_ref().is_err_and(|error| error.kind() == ProblemKind::TokenRefused)
            && let Some(renewed) = end.credentials.renewed(account, &sign_in)?
        {
            session = imap::connect(&self.endpoint(id, side)).and_then(|greeted| greeted.sign_in(&renewed));
        }
        let session = session.inspect_err(|error| {
            if refuses_who_we_are(error) {
                end.guard.refused();
            }
        });
        let session = session.on(side)?;
        let registration = self.control.register(session.interrupter());
        Ok(SignedIn { session, registration })
    }

    /// Signs in on the target under the first name that it accepts; the first attempt uses the `greeted` connection.
    ///
    /// A new user may need some seconds before it can sign in (docs/kerio-connect.md, B18). The run learns once how long, and until then
    /// tries only the best name: every refusal brings this computer nearer to being blocked.
    pub fn sign_in_target(
        &self,
        id: AccountId,
        account: &Account,
        user: &TargetUser,
        greeted: Result<Greeted, ImapError>,
    ) -> Result<(SignedIn, String), Halt> {
        const SETTLING: [u64; 3] = [0, 5000, 10_000];
        let mut greeted = Some(greeted);
        let Some((best, others)) = user.sign_in_names.split_first() else {
            return Err(Problem::new(ProblemKind::UserNotCreated).for_account(account.target()).into());
        };
        let mut refused = loop {
            if user.created {
                self.control.of(id).wait(Duration::from_millis(self.settling.load(Ordering::Relaxed)));
            }
            match self.sign_in_on(id, Side::Target, best, account, greeted.take()) {
                Ok(signed_in) => return Ok((signed_in, best.clone())),
                Err(halt) if !is_refusal(&halt) => return Err(halt),
                Err(halt) => {
                    let learned = self.settling.load(Ordering::Relaxed);
                    match SETTLING.into_iter().find(|wait| *wait > learned).filter(|_| user.created) {
                        Some(next) => self.settling.store(next, Ordering::Relaxed),
                        None => break halt,
                    }
                }
            }
        };
        for name in others {
            match self.sign_in_on(id, Side::Target, name, account, None) {
                Ok(signed_in) => return Ok((signed_in, name.clone())),
                Err(halt) if is_refusal(&halt) => refused = halt,
                Err(halt) => return Err(halt),
            }
        }
        Err(refused)
    }
}

fn is_refusal(halt: &Halt) -> bool {
    matches!(halt, Halt::Server { error, .. } if refuses_who_we_are(error))
}

fn refuses_who_we_are(error: &ImapError) -> bool {
    matches!(error.kind(), ProblemKind::PasswordRefused | ProblemKind::MasterRefused | ProblemKind::TokenRefused)
}
