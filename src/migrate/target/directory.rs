//! The directory: which users exist on the target, and creating those that do not.
//!
//! With Kerio Connect it is the administration API; on any other IMAP server the accounts exist already.

use crate::domain::{Account, NameForm, Note, Problem, ProblemKind, Side};
use crate::imap::FreeRoom;
use crate::kerio::{Administration, MailboxLimit, MailboxLimits};
use crate::migrate::halt::Halt;
use crate::migrate::request::{Errand, Together};
use crate::progress::UserState;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// A user on the target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetUser {
    /// Whether it was created just now.
    pub created: bool,
    /// The names to sign in with, best first.
    pub sign_in_names: Vec<String>,
}

/// The free room in a mailbox; none where no limit is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Room {
    /// Bytes.
    pub bytes: Option<Free>,
    /// Messages.
    pub messages: Option<Free>,
}

/// The free room below one limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Free {
    /// How much is free.
    pub free: u64,
    /// Whether less may be free, because it is unknown what the mailbox already holds.
    pub at_most: bool,
}

impl From<FreeRoom> for Room {
    fn from(free: FreeRoom) -> Self {
        let known = |free| Free { free, at_most: false };
        Self { bytes: free.bytes.map(known), messages: free.messages.map(known) }
    }
}

impl From<MailboxLimits> for Room {
    fn from(limits: MailboxLimits) -> Self {
        let free = |limit: MailboxLimit| Free {
            free: limit.most.saturating_sub(limit.used.unwrap_or_default()),
            at_most: limit.used.is_none(),
        };
        Self { bytes: limits.bytes.map(free), messages: limits.items.map(free) }
    }
}

/// Knows who exists on the target.
pub trait Directory: Send + Sync {
    /// The state of an account; changes nothing.
    fn user_state(&self, account: &Account) -> (UserState, Option<Problem>);

    /// A name for the account's mailbox that no other mailbox has, in any case; changes nothing.
    fn mailbox(&self, account: &Account) -> String;

    /// The room in an existing account's mailbox, if the directory knows a limit; changes nothing.
    fn room(&self, _account: &Account) -> Room {
        Room::default()
    }

    /// Finds the user, or creates it and its domain. An existing user is never changed. A wait for other machines ends with [`Halt::Held`]
    /// once `stopping` returns true.
    fn ensure(
        &self,
        account: &Account,
        stopping: &dyn Fn() -> bool,
        domain_created: &mut dyn FnMut(&str),
    ) -> Result<TargetUser, Halt>;
}

/// The directory of a server whose accounts exist already, with names of this form.
pub struct ExistingAccounts(pub NameForm);

impl Directory for ExistingAccounts {
    fn mailbox(&self, account: &Account) -> String {
        account.target_name(self.0)
    }

    fn user_state(&self, _account: &Account) -> (UserState, Option<Problem>) {
        (UserState::Exists, None)
    }

    fn ensure(
        &self,
        account: &Account,
        _stopping: &dyn Fn() -> bool,
        _domain_created: &mut dyn FnMut(&str),
    ) -> Result<TargetUser, Halt> {
        Ok(TargetUser { created: false, sign_in_names: vec![account.target_name(self.0)] })
    }
}

/// Kerio Connect's directory.
pub struct KerioDirectory(pub std::sync::Arc<Administration>);

impl Directory for KerioDirectory {
    fn mailbox(&self, account: &Account) -> String {
        let address = account.target();
        let domain = self.0.domain_name(address.domain());
        format!("{}@{}", address.local(), domain.unwrap_or_else(|| address.domain().to_owned()))
    }

    fn user_state(&self, account: &Account) -> (UserState, Option<Problem>) {
        match self.0.user_state(account.target()) {
            Ok(UserState::WillBeCreated | UserState::DomainWillBeCreated) if account.password.is_empty() => {
                let missing = Problem::new(ProblemKind::PasswordMissing).on(Side::Administration);
                (UserState::Cannot, Some(missing.for_account(account.target()).noting(Note::PasswordCreatesUser)))
            }
            Ok(UserState::WillBeCreated) if self.0.breaks_password_rules(account) => {
                let weak = Problem::new(ProblemKind::PasswordRule).on(Side::Administration);
                (UserState::Cannot, Some(weak.for_account(account.target())))
            }
            Ok(user_state) => (user_state, None),
            Err(error) => (UserState::Cannot, Some(error.problem(Some(account.target())))),
        }
    }

    fn room(&self, account: &Account) -> Room {
        self.0.mailbox_limits(account.target()).unwrap_or_default().into()
    }

    fn ensure(
        &self,
        account: &Account,
        _stopping: &dyn Fn() -> bool,
        domain_created: &mut dyn FnMut(&str),
    ) -> Result<TargetUser, Halt> {
        let user =
            self.0.ensure_user(account, domain_created).map_err(|error| error.problem(Some(account.target())))?;
        Ok(TargetUser { created: user.created, sign_in_names: user.sign_in_names })
    }
}

/// How often, and for how long, other machines are asked whether a domain has been created.
const ASK_EVERY: Duration = Duration::from_millis(300);
const LONGEST: Duration = Duration::from_secs(90);

/// A directory in which only one machine at a time looks up or creates the first user of a domain: two that create the same domain at once
/// disturb each other.
pub struct OneByOne {
    directory: Box<dyn Directory>,
    together: Arc<dyn Together>,
    /// The domains whose first user exists.
    made: Mutex<BTreeSet<String>>,
}

impl OneByOne {
    /// The same directory, for machines that work together.
    pub fn new(directory: Box<dyn Directory>, together: Arc<dyn Together>) -> Self {
        Self { directory, together, made: Mutex::default() }
    }

    fn is_made(&self, domain: &str) -> bool {
        self.made.lock().unwrap_or_else(PoisonError::into_inner).contains(domain)
    }
}

impl Directory for OneByOne {
    fn room(&self, account: &Account) -> Room {
        self.directory.room(account)
    }

    fn user_state(&self, account: &Account) -> (UserState, Option<Problem>) {
        self.directory.user_state(account)
    }

    fn mailbox(&self, account: &Account) -> String {
        self.directory.mailbox(account)
    }

    fn ensure(
        &self,
        account: &Account,
        stopping: &dyn Fn() -> bool,
        domain_created: &mut dyn FnMut(&str),
    ) -> Result<TargetUser, Halt> {
        let domain = account.target().domain().to_owned();
        let begun = Instant::now();
        while !self.is_made(&domain) && begun.elapsed() < LONGEST {
            if stopping() {
                return Err(Halt::Held);
            }
            match self.together.errand(&format!("domain {domain}")) {
                Errand::Others => std::thread::sleep(ASK_EVERY),
                Errand::Done => {
                    self.made.lock().unwrap_or_else(PoisonError::into_inner).insert(domain.clone());
                }
                Errand::Ours(done) => {
                    let user = self.directory.ensure(account, stopping, domain_created)?;
                    done();
                    return Ok(user);
                }
            }
        }
        self.directory.ensure(account, stopping, domain_created)
    }
}
