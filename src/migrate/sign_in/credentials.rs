//! What one side of a run signs in with: turns the chosen way, an account and a name into what is sent to the mail server.
//!
//! Promises that no account is ever tried with an empty password, and that a token is obtained once for each account, and once more if the
//! server refuses it.

use crate::domain::{Account, NameForm, Problem, ProblemKind, Secret, Side, hide};
use crate::imap::{MasterPassword, SignIn};
use crate::migrate::request::SignInWay;
use crate::migrate::sign_in::token;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// How everybody is signed in on one side.
pub struct Credentials {
    side: Side,
    way: SignInWay,
    form: NameForm,
    /// Kerio Connect's master password in the form that worked, for all sign-ins of the run.
    kerio_master: Arc<MasterPassword>,
    /// The tokens so far, by the addresses that they are for.
    tokens: Mutex<HashMap<String, Secret>>,
}

impl Credentials {
    pub fn new(side: Side, way: &SignInWay, form: NameForm) -> Self {
        let master = match way {
            SignInWay::KerioMaster { password } => password.clone(),
            _ => Secret::default(),
        };
        let kerio_master = Arc::new(MasterPassword::new(master));
        Self { side, way: way.clone(), form, kerio_master, tokens: Mutex::default() }
    }

    /// The name of an account on this side, unless a directory knows a better one.
    pub fn name(&self, account: &Account) -> String {
        match self.side {
            Side::Source => account.source_name(self.form),
            Side::Target | Side::Administration => account.target_name(self.form),
        }
    }

    /// The sign-in for the mailbox of this name.
    pub fn sign_in(&self, account: &Account, name: &str) -> Result<SignIn, Problem> {
        let user = name.to_owned();
        Ok(match &self.way {
            SignInWay::OwnPassword if account.password.is_empty() => {
                return Err(Problem::new(ProblemKind::PasswordMissing).on(self.side).for_account(&account.address));
            }
            SignInWay::OwnPassword => SignIn::Password { user, password: account.password.clone() },
            SignInWay::MasterUser { user: master, password, separator } => {
                SignIn::MasterUser { name: format!("{name}{separator}{master}"), password: password.clone() }
            }
            SignInWay::Authorization { user: administrator, password } => {
                SignIn::Authorization { user, administrator: administrator.clone(), password: password.clone() }
            }
            SignInWay::KerioMaster { .. } => SignIn::KerioMaster { user, password: self.kerio_master.clone() },
            SignInWay::Token { .. } => SignIn::Token { user, token: self.token(account)? },
        })
    }

    /// A new sign-in after this one was refused, with a new token. None if trying again would not help.
    pub fn renewed(&self, account: &Account, refused: &SignIn) -> Result<Option<SignIn>, Problem> {
        let SignIn::Token { user, token: refused } = refused else { return Ok(None) };
        let address = self.address(account);
        {
            let mut tokens = self.tokens();
            // Another connection may have renewed it already.
            if tokens.get(&address).is_some_and(|kept| kept == refused) {
                tokens.remove(&address);
            }
        }
        let token = self.token(account)?;
        Ok((token != *refused).then(|| SignIn::Token { user: user.clone(), token }))
    }

    fn token(&self, account: &Account) -> Result<Secret, Problem> {
        let SignInWay::Token { source } = &self.way else { return Ok(Secret::default()) };
        let address = self.address(account);
        if let Some(token) = self.tokens().get(&address) {
            return Ok(token.clone());
        }
        let token = token::obtain(source, &address).map_err(|words| {
            Problem::new(ProblemKind::TokenNotObtained).on(self.side).for_account(&account.address).saying(words)
        })?;
        hide([(&address, &token)]);
        self.tokens().insert(address, token.clone());
        Ok(token)
    }

    /// The address that a token is for: always the whole address, whatever form the name has.
    fn address(&self, account: &Account) -> String {
        match self.side {
            Side::Source => account.source_name(NameForm::Address),
            Side::Target | Side::Administration => account.target_name(NameForm::Address),
        }
    }

    fn tokens(&self) -> MutexGuard<'_, HashMap<String, Secret>> {
        self.tokens.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Address;
    use crate::migrate::TokenSource;

    fn account() -> Account {
        Account {
            target_address: Address::parse("ann.smith@new.example").ok(),
            ..Account::new(1, Address::parse("ann@old.example").unwrap(), Secret::new("own"))
        }
    }

    fn shown(side: Side, way: &SignInWay, form: NameForm, account: &Account) -> String {
        let credentials = Credentials::new(side, way, form);
        match credentials.sign_in(account, &credentials.name(account)).unwrap() {
            SignIn::Password { user, password } => format!("{user} {}", password.reveal()),
            SignIn::MasterUser { name, password } => format!("{name} {}", password.reveal()),
            SignIn::Authorization { user, administrator, password } => {
                format!("{user} by {administrator} {}", password.reveal())
            }
            SignIn::KerioMaster { user, .. } => user,
            SignIn::Token { user, token } => format!("{user} {}", token.reveal()),
        }
    }

    #[test]
    fn each_way_shows_what_belongs_to_it() {
        let (ann, password) = (account(), || Secret::new("master"));
        let own = SignInWay::OwnPassword;
        assert_eq!(shown(Side::Source, &own, NameForm::Address, &ann), "ann@old.example own");
        assert_eq!(shown(Side::Source, &own, NameForm::LocalPart, &ann), "ann own");
        assert_eq!(shown(Side::Target, &own, NameForm::LocalPart, &ann), "ann.smith own");
        let master = SignInWay::MasterUser { user: "boss".to_owned(), password: password(), separator: '*' };
        assert_eq!(shown(Side::Source, &master, NameForm::Address, &ann), "ann@old.example*boss master");
        let admin = SignInWay::Authorization { user: "admin".to_owned(), password: password() };
        assert_eq!(shown(Side::Target, &admin, NameForm::Address, &ann), "ann.smith@new.example by admin master");
        let with_login = Account { source_login: Some("a.smith".to_owned()), ..account() };
        assert_eq!(shown(Side::Source, &own, NameForm::Address, &with_login), "a.smith own");
        assert_eq!(shown(Side::Target, &own, NameForm::Address, &with_login), "ann.smith@new.example own");
    }

    #[test]
    fn nobody_is_tried_with_an_empty_password() {
        let credentials = Credentials::new(Side::Source, &SignInWay::OwnPassword, NameForm::Address);
        let problem = credentials.sign_in(&Account { password: Secret::default(), ..account() }, "ann").unwrap_err();
        assert_eq!(problem.kind, ProblemKind::PasswordMissing);
    }

    #[test]
    fn a_refused_token_is_replaced_by_another_and_never_shown_again() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "first\n").unwrap();
        let way = SignInWay::Token { source: TokenSource::File(file.path().to_owned()) };
        let credentials = Credentials::new(Side::Source, &way, NameForm::Address);
        let refused = credentials.sign_in(&account(), "ann").unwrap();
        assert!(credentials.renewed(&account(), &refused).unwrap().is_none(), "the same token again");
        std::fs::write(file.path(), "second\n").unwrap();
        let renewed = credentials.renewed(&account(), &refused).unwrap().unwrap();
        assert!(matches!(&renewed, SignIn::Token { token, .. } if token.reveal() == "second"));
        std::fs::remove_file(file.path()).unwrap();
        assert!(credentials.sign_in(&account(), "ann").is_ok(), "a token that works is kept");
        assert_eq!(credentials.renewed(&account(), &renewed).unwrap_err().kind, ProblemKind::TokenNotObtained);
    }
}
