//! Kerio Connect's master authentication, as target behind its administration and as source.

use super::{Target, account, assert_complete, problem, run, server, source};
use kimt::domain::{Account, Address, ProblemKind, Secret, Security, ServerAddress};
use kimt::migrate::{AdministrationServer, MailServer, SignInWay, TargetKind};
use kimt::progress::{RunKind, RunState};
use kimt::rehearsal::administration::{AdministrationStandIn, Domain, StandInOptions};
use kimt::rehearsal::{ImapOptions, ImapServer, KerioWays, Layout, MailStore, Profile};
use std::sync::Arc;

/// Longer than what counts of it.
const MASTER: &str = "Nobody-Guesses-This-Master-Password";

fn ways(password: Option<&str>) -> ImapOptions {
    let master_password = password.map(str::to_owned);
    ImapOptions {
        kerio: Some(KerioWays { master_password, hides_name: false }),
        ..ImapOptions::kerio(Profile::Typical)
    }
}

fn master() -> SignInWay {
    SignInWay::KerioMaster { password: Secret::new(MASTER) }
}

/// Kerio Connect as a target, with the domain `new.example`.
struct Kerio {
    imap: Arc<ImapServer>,
    administration: AdministrationStandIn,
}

impl Kerio {
    fn start(master_password: Option<&str>) -> Self {
        let imap = Arc::new(ImapServer::start(MailStore::new(Layout::KERIO), ways(master_password)).unwrap());
        let administration = AdministrationStandIn::start(imap.clone(), StandInOptions::usual().unwrap()).unwrap();
        administration.add_domain(Domain::named("new.example")).unwrap();
        Self { imap, administration }
    }

    fn add_user(&self, address: &str) {
        self.administration.add_user(address, &Secret::new("Nobody-Knows-1"), "").unwrap();
    }

    fn target(&self, sign_in: SignInWay) -> Target {
        let here = |port| ServerAddress { host: "127.0.0.1".to_owned(), port };
        let server = MailServer {
            fingerprint: Some(self.imap.fingerprint()),
            sign_in,
            ..MailServer::at(here(None), Security::StartTls)
        };
        let administration = AdministrationServer {
            address: here(Some(self.administration.port())),
            user: "admin".to_owned(),
            password: Secret::new("administrator"),
            fingerprint: Some(self.administration.fingerprint()),
        };
        (server, TargetKind::Kerio(administration))
    }

    fn messages(&self, address: &str) -> usize {
        self.imap.store().snapshot(address).unwrap().messages()
    }
}

fn migrate(kerio: &Kerio, source_port: u16, way: SignInWay, accounts: Vec<Account>) -> RunState {
    run(RunKind::Migrate, source(source_port, way), kerio.target(master()), accounts)
}

#[test]
fn a_whole_company_moves_from_kerio_to_kerio_without_anybodys_password_and_without_being_blocked() {
    // More mailboxes than refusals that block us, each with two connections to the target.
    let addresses: Vec<String> = (1..=12).map(|number| format!("user{number}@new.example")).collect();
    let names: Vec<&str> = addresses.iter().map(String::as_str).collect();
    let (old, source_port) = server(&names, "unknown", ways(Some(MASTER)));
    let kerio = Kerio::start(Some(MASTER));
    for (name, seed) in names.iter().zip(1..) {
        old.store().add_generated(name, "INBOX", 3, 1000, seed * 100).unwrap();
        kerio.add_user(name);
    }
    let accounts = names.iter().map(|name| account(name, "")).collect();
    assert_complete(&migrate(&kerio, source_port, master(), accounts));
    for name in names {
        assert_eq!(kerio.messages(name), 3, "{name}");
    }
    let verified = names_verified(&kerio, source_port, &addresses);
    assert_complete(&verified);
}

fn names_verified(kerio: &Kerio, source_port: u16, addresses: &[String]) -> RunState {
    let accounts = addresses.iter().map(|name| account(name, "")).collect();
    run(RunKind::Verify, source(source_port, master()), kerio.target(master()), accounts)
}

#[test]
fn a_new_user_is_created_with_the_csvs_password_at_the_address_of_the_csv() {
    let (old, source_port) = server(&["ANN1"], "old-login", super::usual());
    old.store().add_generated("ANN1", "INBOX", 3, 1000, 1).unwrap();
    let kerio = Kerio::start(Some(MASTER));
    let ann = Account {
        source_login: Some("ANN1".to_owned()),
        target_address: Address::parse("ann.smith@new.example").ok(),
        ..account("ann@old.example", "old-login")
    };
    let state = migrate(&kerio, source_port, SignInWay::OwnPassword, vec![ann]);
    assert_complete(&state);
    assert_eq!(state.accounts[0].info.target_address.as_deref(), Some("ann.smith@new.example"));
    assert_eq!(kerio.messages("ann.smith@new.example"), 3);
    let users: Vec<String> = kerio.administration.users().into_iter().map(|user| user.login_name).collect();
    assert_eq!(users, ["ann.smith"]);
}

#[test]
fn nobody_is_created_without_a_password() {
    let (_old, source_port) = server(&["ann@another.example"], "unknown", ways(Some(MASTER)));
    let kerio = Kerio::start(Some(MASTER));
    let ann = || vec![account("ann@another.example", "")];
    let refused = problem(&migrate(&kerio, source_port, master(), ann()));
    assert_eq!(refused.kind, ProblemKind::PasswordMissing);
    assert!(refused.to_string().contains("the user does not exist"), "{refused}");
    assert!(kerio.administration.users().is_empty());
    assert!(!kerio.administration.domains().iter().any(|domain| domain.name == "another.example"));
    let checked = run(RunKind::Check, source(source_port, master()), kerio.target(master()), ann());
    assert_eq!(problem(&checked).kind, ProblemKind::PasswordMissing);
}

#[test]
fn master_authentication_that_is_not_enabled_or_refused_is_said_as_such() {
    let ann = || vec![account("ann@new.example", "own")];
    let (_source, source_port) = server(&["ann@new.example"], "own", super::usual());
    let disabled = Kerio::start(None);
    disabled.add_user("ann@new.example");
    let problem_of = |kerio: &Kerio| problem(&migrate(kerio, source_port, SignInWay::OwnPassword, ann()));
    let problem = problem_of(&disabled);
    assert_eq!(problem.kind, ProblemKind::SignInWayNotOffered);
    assert!(problem.details().contains("master authentication is not enabled"), "{problem}");
    let other = Kerio::start(Some("another"));
    other.add_user("ann@new.example");
    assert_eq!(problem_of(&other).kind, ProblemKind::MasterRefused);
}
