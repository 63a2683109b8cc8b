//! The program's own client before the stand-in, as far as `tests/kerio` does not go: what must stay as it is, seats, and answers that
//! are none.

use super::client::{for_each, start};
use kimt::domain::{Account, Address, Secret};
use kimt::kerio::{Administration, AdministrationEndpoint, KerioError};
use kimt::network::{Limits, Trust};
use kimt::progress::UserState;
use kimt::rehearsal::administration::{AdministrationStandIn, Domain, Reply};
use std::time::Duration;

/// Signed in, with a time limit for answers.
fn connect_within(stand_in: &AdministrationStandIn, patience: Duration) -> Administration {
    let endpoint = AdministrationEndpoint {
        host: "127.0.0.1".to_owned(),
        port: stand_in.port(),
        trust: Trust::with_authority_files(&[], Some(stand_in.fingerprint())).unwrap(),
        proxy: None,
        limits: Limits { connect: Duration::from_secs(2), read: patience, write: patience },
        watch: None,
    };
    Administration::connect(&endpoint, "admin", &Secret::new("administrator")).unwrap()
}

fn connect(stand_in: &AdministrationStandIn) -> Administration {
    connect_within(stand_in, Duration::from_secs(60))
}

fn account(address: &str) -> Account {
    Account {
        full_name: "Jürgen Weißmüller".to_owned(),
        ..Account::new(1, Address::parse(address).unwrap(), Secret::new("Kite-77 flies"))
    }
}

fn refused(administration: &Administration, address: &str) -> KerioError {
    let made = administration.ensure_user(&account(address), &mut |_| {});
    made.map_or_else(|error| error, |user| panic!("{address} was not refused: {user:?}"))
}

#[test]
fn an_existing_user_is_left_exactly_as_it_is() {
    let (stand_in, _) = start(|_| {});
    stand_in.add_domain(Domain { aliases: vec!["firm.example".into()], ..Domain::named("company.example") }).unwrap();
    stand_in.add_user("ann@company.example", &Secret::new("old password"), "Ann").unwrap();
    let before = (stand_in.users(), stand_in.domains());
    let administration = connect(&stand_in);
    let found = administration.user_state(&Address::parse("ann@firm.example").unwrap()).unwrap();
    assert_eq!(found, UserState::Exists);
    assert!(!administration.ensure_user(&account("ann@firm.example"), &mut |_| {}).unwrap().created);
    assert_eq!(before, (stand_in.users(), stand_in.domains()));
}

#[test]
fn a_full_domain_is_distinguished_from_a_full_licence_whatever_the_code() {
    for code in [1000, 1003] {
        let (stand_in, _) = start(|behaviour| behaviour.domain_limit_code = code);
        stand_in.add_domain(Domain { user_limit: Some(0), ..Domain::named("small.example") }).unwrap();
        let error = refused(&connect(&stand_in), "ann@small.example");
        assert!(
            matches!(&error, KerioError::UserNotCreated(why) if why.to_string().contains("the domain's own limit")),
            "{error}"
        );
    }
}

#[test]
fn seats_and_warnings_are_reported() {
    let (stand_in, _) = start(|behaviour| behaviour.licence_users = Some(20));
    stand_in.add_user("ann@example.com", &Secret::new("x"), "Ann").unwrap();
    let administration = connect(&stand_in);
    let seats = administration.seats().unwrap();
    assert_eq!((seats.used, seats.allowed), (1, Some(20)));
    assert!(administration.warnings().is_empty() && administration.product().contains("10.0.8"));
    stand_in.change(|behaviour| behaviour.licence_days = -1);
    assert!(!administration.warnings().is_empty());
}

#[test]
fn an_expired_session_is_renewed_once() {
    let (stand_in, _) = start(|behaviour| behaviour.close_connections = true);
    let administration = connect(&stand_in);
    stand_in.expire_sessions();
    administration.ensure_user(&account("ann@example.com"), &mut |_| {}).unwrap();
    assert_eq!(stand_in.calls().iter().filter(|method| *method == "Session.login").count(), 2);
    drop(administration);
    assert_eq!(stand_in.open_sessions(), 0);
}

#[test]
fn answers_that_are_none_end_in_a_problem_and_the_next_try_works() {
    let replies = [
        Reply::Page(200),
        Reply::Page(500),
        Reply::Redirect("https://127.0.0.1:1/".to_owned()),
        Reply::Oversized(60_000_000),
        Reply::WrongId,
        Reply::Body("{\"jsonrpc\":\"2.0\"".to_owned()),
        Reply::Body("[[[[[[[[".repeat(100_000)),
        Reply::Body("{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":[]}".to_owned()),
        Reply::Error(-32002, "Timeout".to_owned()),
        Reply::Drip(Duration::from_millis(400)),
        Reply::Late(Duration::from_secs(6)),
    ];
    for_each(replies, |reply| {
        let (stand_in, _) = start(|_| {});
        let administration = connect_within(&stand_in, Duration::from_secs(3));
        let shown = format!("{reply:.60?}");
        stand_in.on_call(move |method, number| match (method, number) {
            ("Users.create", 1) => reply.clone(),
            _ => Reply::Normal,
        });
        // A call whose answer was lost may have been carried out; then the client may find the user and be content.
        let _ = administration.ensure_user(&account("ann@example.com"), &mut |_| {});
        administration
            .ensure_user(&account("ann@example.com"), &mut |_| {})
            .unwrap_or_else(|error| panic!("{shown}: {error}"));
        assert_eq!(stand_in.users().len(), 1, "{shown}");
    });
}
