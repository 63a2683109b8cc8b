//! The directory: who exists on the target, and creating who does not.
//!
//! With Kerio Connect that is its administration API; with any other IMAP server the accounts exist already.

use crate::domain::{Account, Problem};
use crate::kerio::Administration;
use crate::progress::Standing;

/// A user that the target knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TargetUser {
    /// Whether it was created just now.
    pub(super) created: bool,
    /// The names to sign in with, best first.
    pub(super) sign_in_names: Vec<String>,
}

/// Who exists on the target.
pub(super) trait Directory: Send + Sync {
    /// How an account stands; changes nothing.
    fn standing(&self, account: &Account) -> (Standing, Option<Problem>);

    /// Finds the user, or creates it and its domain. An existing user is left exactly as it is.
    fn ensure(&self, account: &Account, domain_created: &mut dyn FnMut(&str)) -> Result<TargetUser, Problem>;
}

/// The directory of a server whose accounts exist already.
pub(super) struct ExistingAccounts;

impl Directory for ExistingAccounts {
    fn standing(&self, _account: &Account) -> (Standing, Option<Problem>) {
        (Standing::Exists, None)
    }

    fn ensure(&self, account: &Account, _domain_created: &mut dyn FnMut(&str)) -> Result<TargetUser, Problem> {
        Ok(TargetUser { created: false, sign_in_names: vec![account.address.to_string()] })
    }
}

/// Kerio Connect's directory.
pub(super) struct KerioDirectory(pub(super) std::sync::Arc<Administration>);

impl Directory for KerioDirectory {
    fn standing(&self, account: &Account) -> (Standing, Option<Problem>) {
        match self.0.standing(&account.address) {
            Ok(standing) => (standing, None),
            Err(error) => (Standing::Cannot, Some(error.problem(Some(&account.address)))),
        }
    }

    fn ensure(&self, account: &Account, domain_created: &mut dyn FnMut(&str)) -> Result<TargetUser, Problem> {
        let user =
            self.0.ensure_user(account, domain_created).map_err(|error| error.problem(Some(&account.address)))?;
        Ok(TargetUser { created: user.created, sign_in_names: user.sign_in_names })
    }
}
