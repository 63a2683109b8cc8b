//! The client before the stand-in of `rehearsal`, which was written independently from the same page, docs/kerio-connect.md: both must
//! agree.

use kimt::domain::{Account, Address, ProblemKind, Secret, Security};
use kimt::kerio::{Administration, AdministrationEndpoint, KerioError, MailboxLimit, MailboxLimits, PortNote};
use kimt::network::{self, Limits, Trust};
use kimt::progress::UserState;
use kimt::rehearsal::administration::{
    AdministrationStandIn, Behaviour, Domain, LicenceRefusal, Login, Owner, PortChange, Reply, RightsRefusal, Role,
    StandInOptions, TakenPort,
};
use kimt::rehearsal::{ImapService, MailService};
use std::collections::BTreeMap;
use std::net::TcpListener;
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// A mail store that only listens.
#[derive(Default)]
struct Listening(Mutex<BTreeMap<u16, TcpListener>>);

impl MailService for Listening {
    fn create_user(&self, _: &[String], _: &str) -> std::io::Result<()> {
        Ok(())
    }

    fn listen(&self, _: ImapService, port: u16) -> std::io::Result<u16> {
        let listener = TcpListener::bind(("127.0.0.1", port))?;
        let port = listener.local_addr()?.port();
        self.0.lock().unwrap().insert(port, listener);
        Ok(port)
    }

    fn stop_listening(&self, _: ImapService, port: u16) {
        self.0.lock().unwrap().remove(&port);
    }
}

fn start(change: impl FnOnce(&mut Behaviour)) -> AdministrationStandIn {
    // A port that is left for a while is to be free when it is wanted back.
    let mut options = StandInOptions { imap_port: free_port(), ..StandInOptions::usual().unwrap() };
    change(&mut options.behaviour);
    AdministrationStandIn::start(Arc::new(Listening::default()), options).unwrap()
}

fn connect(stand_in: &AdministrationStandIn, password: &str) -> Result<Administration, KerioError> {
    // The first is also how long a port is given to answer.
    let limits = Limits { connect: Duration::from_millis(400), read: Duration::from_secs(20), ..Limits::default() };
    let trust = Trust::with_authority_files(&[], Some(stand_in.fingerprint())).unwrap();
    let endpoint = AdministrationEndpoint {
        host: "127.0.0.1".to_owned(),
        port: stand_in.port(),
        trust,
        proxy: None,
        limits,
        watch: None,
    };
    Administration::connect(&endpoint, "admin", &Secret::new(password))
}

pub fn sign_in(stand_in: &AdministrationStandIn) -> Administration {
    connect(stand_in, "administrator").unwrap()
}

fn account(address: &str, password: &str) -> Account {
    let address = Address::parse(address).unwrap();
    Account { full_name: "Ann Example".to_owned(), ..Account::new(1, address, Secret::new(password)) }
}

/// The problem of creating a user.
fn refusal(stand_in: &AdministrationStandIn, address: &str, password: &str) -> (ProblemKind, String) {
    let account = account(address, password);
    let error = sign_in(stand_in).ensure_user(&account, &mut |_| ()).unwrap_err();
    let problem = error.problem(Some(&account.address));
    (problem.kind, problem.to_string())
}

pub fn answers(port: u16) -> bool {
    let limits = Limits { connect: Duration::from_millis(300), ..Limits::default() };
    network::dial("127.0.0.1", port, None, &limits).is_ok()
}

/// A port that nobody listens on, outside of the range from which the system gives ports to others at the same time.
pub fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    loop {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let port = 20_000 + (std::process::id() as u16).wrapping_mul(50).wrapping_add(number) % 10_000;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

#[test]
fn users_and_domains_are_created_and_found_again() {
    let stand_in = start(|_| {});
    stand_in
        .add_domain(Domain { aliases: vec!["alias.example".to_owned()], ..Domain::named("second.example") })
        .unwrap();
    let administration = sign_in(&stand_in);
    assert!(administration.rights().unwrap().may_manage);
    assert_eq!(administration.seats().unwrap().allowed, None);
    assert!(administration.product().starts_with("Kerio Connect 1"));
    let mut domains = Vec::new();
    for (address, created) in [
        ("ann@example.com", true),
        ("Ann@EXAMPLE.com", false),
        ("bob@alias.example", true),
        ("bob@second.example", false),
        ("cleo@bücher.example", true),
    ] {
        let user = administration
            .ensure_user(&account(address, "Correct-Horse-9"), &mut |name| domains.push(name.to_owned()))
            .unwrap();
        assert_eq!(user.created, created, "{address}");
    }
    assert_eq!(domains, ["xn--bcher-kva.example"]);
    assert_eq!(stand_in.users().len(), 3);
    let ann = Address::parse("ann@example.com").unwrap();
    assert_eq!(administration.user_state(&ann).unwrap(), UserState::Exists);
    drop(administration);
    assert_eq!(stand_in.open_sessions(), 0);
}

#[test]
fn an_expired_session_is_renewed_in_the_middle() {
    let stand_in = start(|_| {});
    let administration = sign_in(&stand_in);
    stand_in.expire_sessions();
    assert!(administration.ensure_user(&account("ann@example.com", "Correct-Horse-9"), &mut |_| ()).unwrap().created);
}

#[test]
fn a_full_licence_is_reported_however_the_server_puts_it() {
    for licence_refusal in [LicenceRefusal::PerUser, LicenceRefusal::WholeCall] {
        let stand_in = start(|behaviour| {
            (behaviour.licence_users, behaviour.licence_refusal) = (Some(0), licence_refusal);
        });
        let (kind, text) = refusal(&stand_in, "ann@example.com", "Correct-Horse-9");
        assert_eq!(kind, ProblemKind::LicenceFull, "{text}");
        assert!(stand_in.users().is_empty());
    }
}

#[test]
fn every_hindrance_is_its_own_problem() {
    let stand_in = start(|_| {});
    stand_in.add_domain(Domain { mapped: true, ..Domain::named("mapped.example") }).unwrap();
    stand_in.add_domain(Domain { complex_passwords: true, ..Domain::named("strict.example") }).unwrap();
    stand_in.add_domain(Domain { user_limit: Some(0), ..Domain::named("small.example") }).unwrap();
    stand_in.add_owner("info@example.com", Owner::Alias).unwrap();
    stand_in.add_owner("sales@example.com", Owner::Group).unwrap();
    stand_in.add_owner("news@example.com", Owner::MailingList).unwrap();
    for (address, expected) in [
        ("ann@mapped.example", ProblemKind::DirectoryDomain),
        ("ann@strict.example", ProblemKind::PasswordRule),
        ("ann@small.example", ProblemKind::UserNotCreated),
        ("info@example.com", ProblemKind::NameTaken),
        ("sales@example.com", ProblemKind::NameTaken),
        ("news@example.com", ProblemKind::NameTaken),
    ] {
        let (kind, text) = refusal(&stand_in, address, "short");
        assert_eq!(kind, expected, "{address}: {text}");
    }
    // Without the look before, the creation itself is refused, and the problem is the same.
    stand_in.on_call(|method, _| match method {
        "Server.findEntityByEmail" => Reply::Error(-32601, "Method not found.".to_owned()),
        _ => Reply::Normal,
    });
    let (kind, text) = refusal(&stand_in, "info@example.com", "Correct-Horse-9");
    assert_eq!(kind, ProblemKind::NameTaken, "{text}");
    assert!(stand_in.users().is_empty());
}

#[test]
fn a_password_that_breaks_the_rules_of_its_domain_is_known_before_anybody_is_created() {
    let stand_in = start(|_| {});
    stand_in.add_domain(Domain { complex_passwords: true, ..Domain::named("strict.example") }).unwrap();
    let administration = sign_in(&stand_in);
    let breaks = |address: &str, password: &str| administration.breaks_password_rules(&account(address, password));
    for bad in ["short", "only-small-letters", "Ann-Keller-9-strict", "ann-Correct-9"] {
        assert!(breaks("ann@strict.example", bad), "{bad}");
    }
    assert!(!breaks("ann@strict.example", "Correct-Horse-9"));
    assert!(!breaks("ann@example.com", "short"), "the primary domain has no rules");
    assert!(!breaks("ann@unknown.example", "short"), "a domain that does not exist yet has none either");
}

#[test]
fn what_a_mailbox_holds_is_known_only_where_the_server_says_it() {
    let stand_in = start(|_| {});
    let administration = sign_in(&stand_in);
    let account = account("ann@example.com", "Correct-Horse-9");
    administration.ensure_user(&account, &mut |_| ()).unwrap();
    let limits = || administration.mailbox_limits(account.target());
    assert_eq!(limits(), Some(MailboxLimits::default()), "it has no limit");
    stand_in.limit_mailboxes(2);
    let bytes = Some(MailboxLimit { most: 2 << 20, used: None });
    assert_eq!(limits(), Some(MailboxLimits { bytes, items: None }));
    stand_in.limit_items(500);
    assert_eq!(limits(), Some(MailboxLimits { bytes, items: Some(MailboxLimit { most: 500, used: None }) }));
}

#[test]
fn an_administrator_without_the_rights_is_reported_however_the_server_puts_it() {
    for rights_refusal in [RightsRefusal::AccessDenied, RightsRefusal::DatabaseError, RightsRefusal::SessionExpired] {
        for role in [Role::Auditor, Role::AccountAdmin] {
            let stand_in = start(|behaviour| (behaviour.role, behaviour.rights_refusal) = (role, rights_refusal));
            assert!(!sign_in(&stand_in).rights().unwrap().may_manage);
        }
    }
    assert!(sign_in(&start(|behaviour| behaviour.role = Role::BuiltInAdmin)).rights().unwrap().may_manage);
}

#[test]
fn a_refused_administrator_is_asked_once_whatever_the_code() {
    for code in [1000, 1004, -32001, -32602] {
        let stand_in = start(|behaviour| behaviour.login = Login::RefusedWith(code));
        assert!(matches!(connect(&stand_in, "administrator"), Err(KerioError::SignInRefused(_))));
        assert_eq!(stand_in.calls(), ["Session.login"]);
    }
    let stand_in = start(|_| {});
    assert!(matches!(connect(&stand_in, "wrong"), Err(KerioError::SignInRefused(_))));
    stand_in.change(|behaviour| behaviour.login = Login::SecondFactor);
    let problem = connect(&stand_in, "administrator").err().unwrap().problem(None);
    assert_eq!(problem.kind, ProblemKind::AdministratorRefused);
}

/// The ports of all services, and whether the plain IMAP service is reached.
fn configuration(stand_in: &AdministrationStandIn) -> Vec<(String, Vec<u16>, bool)> {
    stand_in.services().into_iter().map(|service| (service.name, service.ports, service.running)).collect()
}

#[test]
fn a_port_is_changed_and_put_back_in_every_way_a_server_may_have() {
    for port_change in [PortChange::AtOnce, PortChange::AfterRestart] {
        for localised in [false, true] {
            let stand_in = start(|behaviour| (behaviour.port_change, behaviour.localised) = (port_change, localised));
            let (before, folder, wanted) = (configuration(&stand_in), tempfile::tempdir().unwrap(), free_port());
            let old = stand_in.service_port(ImapService::Imap);
            let administration = sign_in(&stand_in);
            let changed = administration.change_imap_port(Security::StartTls, wanted, &answers, folder.path());
            assert_eq!(changed.unwrap().map(|change| (change.from, change.to)), Some((old, wanted)));
            assert!(answers(wanted) && !answers(old));
            let note = PortNote::pending(folder.path()).unwrap().unwrap();
            // The server's language may change between two runs.
            stand_in.change(|behaviour| behaviour.localised = !localised);
            note.restore(&administration, &answers).unwrap();
            assert!(answers(old) && !answers(wanted));
            assert_eq!(configuration(&stand_in), before);
        }
    }
}

#[test]
fn a_taken_port_is_reported_and_the_old_one_serves_again() {
    for taken_port in [TakenPort::ErrorOfSet, TakenPort::ErrorOfStart, TakenPort::NotRunning] {
        for port_change in [PortChange::AtOnce, PortChange::AfterRestart] {
            let wanted = free_port();
            let stand_in = start(|behaviour| {
                (behaviour.taken_port, behaviour.port_change) = (taken_port, port_change);
                behaviour.taken_ports.insert(wanted);
            });
            let (before, folder) = (configuration(&stand_in), tempfile::tempdir().unwrap());
            let error =
                sign_in(&stand_in).change_imap_port(Security::StartTls, wanted, &answers, folder.path()).unwrap_err();
            assert!(matches!(error, KerioError::PortNotChanged(_)), "{error:?}");
            assert_eq!(configuration(&stand_in), before, "{taken_port:?} {port_change:?} {error}");
            assert!(answers(stand_in.service_port(ImapService::Imap)));
            assert_eq!(PortNote::pending(folder.path()).unwrap(), None, "{error}");
        }
    }
}

/// Tries `case` with the connection cut at its first step, at its second and so on, until it has no more; some at the same time. A case
/// gets the step, and says whether the cut came.
fn cut_everywhere(case: impl Fn(u64) -> bool + Sync) {
    const TOGETHER: u64 = 6;
    let case = &case;
    for first in (1..).step_by(TOGETHER as usize) {
        let all_came = std::thread::scope(|scope| {
            let cases: Vec<_> = (first..first + TOGETHER).map(|step| scope.spawn(move || case(step))).collect();
            cases.into_iter().all(|case| case.join().unwrap())
        });
        if !all_came {
            assert!(first > 1, "fewer steps than any use of the API has");
            return;
        }
    }
}

#[test]
fn a_connection_cut_at_any_call_leaves_the_old_port_or_a_note_that_brings_it_back() {
    for port_change in [PortChange::AtOnce, PortChange::AfterRestart] {
        cut_everywhere(|step| {
            let stand_in = start(|behaviour| behaviour.port_change = port_change);
            let (before, folder, wanted) = (configuration(&stand_in), tempfile::tempdir().unwrap(), free_port());
            let administration = sign_in(&stand_in);
            let cut = stand_in.steps() + step;
            stand_in.cut_at(cut);
            let _ = administration.change_imap_port(Security::StartTls, wanted, &answers, folder.path());
            if let Some(note) = PortNote::pending(folder.path()).unwrap() {
                let _ = note.restore(&administration, &answers);
            }
            let came = stand_in.steps() >= cut;
            // The program was ended as well; the next start finds what there is.
            if let Some(note) = PortNote::pending(folder.path()).unwrap() {
                note.restore(&sign_in(&stand_in), &answers).unwrap();
            }
            assert_eq!(configuration(&stand_in), before, "cut at step {step}");
            assert!(answers(stand_in.service_port(ImapService::Imap)) && !answers(wanted), "cut at step {step}");
            assert_eq!(PortNote::pending(folder.path()).unwrap(), None);
            came
        });
    }
}

#[test]
fn a_connection_cut_at_any_call_never_makes_a_user_or_domain_twice() {
    let ann = account("ann@new.example", "Correct-Horse-9");
    cut_everywhere(|step| {
        let stand_in = start(|_| {});
        let administration = sign_in(&stand_in);
        let cut = stand_in.steps() + step;
        stand_in.cut_at(cut);
        let first = administration.ensure_user(&ann, &mut |_| ());
        let came = stand_in.steps() >= cut;
        if first.is_err() {
            administration.ensure_user(&ann, &mut |_| ()).unwrap();
        }
        assert_eq!((stand_in.users().len(), stand_in.domains().len()), (1, 2), "cut at step {step}");
        came
    });
}
