//! Domains and users: found, created once, and every refusal explained.

use crate::scripted::{Call, Reply, Server, usual};
use kimt::domain::{Account, Address, ProblemKind, Secret};
use kimt::kerio::{KerioError, User};
use kimt::progress::UserState;
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use std::time::Duration;

fn account(address: &str) -> Account {
    let address = Address::parse(address).unwrap();
    Account { full_name: "Ann Example".to_owned(), ..Account::new(1, address, Secret::new("Correct-Horse-9")) }
}

/// A directory in memory.
#[derive(Default)]
struct Directory {
    domains: Vec<Value>,
    users: Vec<Value>,
    entities: Vec<Value>,
}

fn directory() -> Arc<Mutex<Directory>> {
    let domains = vec![
        json!({"id": "d1", "name": "example.com", "isPrimary": true, "aliasList": ["alias.example"]}),
        json!({"id": "d2", "name": "mapped.example", "service": {"isEnabled": true}}),
        json!({"id": "d3", "name": "strict.example", "passwordComplexityEnabled": true, "passwordMinimumLength": 20}),
    ];
    let users = vec![
        json!({"id": "u1", "domainId": "d1", "loginName": "Ann", "isEnabled": true}),
        json!({"id": "u2", "domainId": "d1", "loginName": "gone", "isEnabled": false}),
        json!({"id": "u3", "domainId": "d2", "loginName": "dora", "isEnabled": true, "itemSource": "DSLDAPSource"}),
    ];
    Arc::new(Mutex::new(Directory { domains, users, entities: Vec::new() }))
}

/// Answers from the directory; `create` may refuse a user.
fn serve(
    directory: Arc<Mutex<Directory>>,
    create: impl Fn(&mut Directory, &Value) -> Option<Reply> + Send + Sync + 'static,
) -> Server {
    Server::start(move |call: &Call| {
        let mut directory = directory.lock().unwrap();
        match call.method.as_str() {
            "Domains.get" => Reply::Result(json!({"list": directory.domains, "totalItems": directory.domains.len()})),
            "Domains.create" => {
                std::thread::sleep(Duration::from_millis(100));
                let id = format!("d{}", directory.domains.len() + 1);
                let name = call.params["domains"][0]["name"].clone();
                directory.domains.push(json!({"id": id, "name": name}));
                Reply::Result(json!({"errors": [], "result": [{"inputIndex": 0, "id": id}]}))
            }
            "Users.get" => {
                let condition = &call.params["query"]["conditions"][0];
                let start = call.params["query"]["start"].as_u64().unwrap() as usize;
                let chosen: Vec<Value> = directory
                    .users
                    .iter()
                    .filter(|user| user["domainId"] == call.params["domainId"])
                    .filter(|user| condition.is_null() || user["loginName"] == condition["value"])
                    .cloned()
                    .collect();
                // One at a time, as a server with a limit of its own might.
                let portion: Vec<&Value> = chosen.iter().skip(start).take(1).collect();
                Reply::Result(json!({"list": portion, "totalItems": chosen.len()}))
            }
            "Server.findEntityByEmail" if !directory.entities.is_empty() => {
                Reply::Result(json!({"entities": directory.entities}))
            }
            "Users.create" => {
                let user = call.params["users"][0].clone();
                if let Some(reply) = create(&mut directory, &user) {
                    return reply;
                }
                directory.users.push(user);
                Reply::Result(json!({"errors": [], "result": [{"inputIndex": 0, "id": "u9"}]}))
            }
            _ => usual(call),
        }
    })
}

fn item_error(code: i64, message: &str) -> Option<Reply> {
    let parameters = json!({"positionalParameters": ["bob"], "plurality": 1});
    let error = json!({"inputIndex": 0, "code": code, "message": message, "messageParameters": parameters});
    Some(Reply::Result(json!({"errors": [error], "result": []})))
}

fn ensure(server: &Server, address: &str) -> Result<User, KerioError> {
    server.sign_in().unwrap().ensure_user(&account(address), &mut |_| ())
}

#[test]
fn an_existing_user_is_left_as_it_is() {
    let server = serve(directory(), |_, _| None);
    let user = ensure(&server, "Ann@example.com").unwrap();
    assert_eq!(user, User { created: false, sign_in_names: vec!["Ann@example.com".into(), "Ann".into()] });
    let alias = ensure(&server, "Ann@alias.example").unwrap();
    assert_eq!(alias.sign_in_names, ["Ann@example.com", "Ann", "Ann@alias.example"]);
    assert!(!ensure(&server, "dora@mapped.example").unwrap().created);
    assert_eq!(server.count("Users.create") + server.count("Domains.create"), 0);
}

#[test]
fn standing_changes_nothing() {
    let server = serve(directory(), |_, _| None);
    let administration = server.sign_in().unwrap();
    let user_state = |address: &str| administration.user_state(&Address::parse(address).unwrap());
    assert_eq!(user_state("Ann@example.com").unwrap(), UserState::Exists);
    assert_eq!(user_state("bob@example.com").unwrap(), UserState::WillBeCreated);
    assert_eq!(user_state("bob@new.example").unwrap(), UserState::DomainWillBeCreated);
    assert!(matches!(user_state("gone@example.com"), Err(KerioError::UserDisabled(_))));
    assert!(matches!(user_state("bob@mapped.example"), Err(KerioError::DirectoryDomain(_))));
    assert_eq!(server.count("Users.create") + server.count("Domains.create"), 0);
}

#[test]
fn a_missing_user_is_created_with_the_password_and_name_of_the_csv() {
    let server = serve(directory(), |_, _| None);
    let user = ensure(&server, "bob@example.com").unwrap();
    assert_eq!(user, User { created: true, sign_in_names: vec!["bob@example.com".into(), "bob".into()] });
    let expected = json!({"domainId": "d1", "loginName": "bob", "fullName": "Ann Example", "password": "Correct-Horse-9",
        "isEnabled": true});
    assert_eq!(server.last("Users.create").params["users"], json!([expected]));
}

#[test]
fn a_domain_is_created_once_however_many_workers_ask() {
    let server = serve(directory(), |_, _| None);
    let administration = server.sign_in().unwrap();
    let reported = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for number in 0..4 {
            let (administration, reported) = (&administration, &reported);
            scope.spawn(move || {
                let account = account(&format!("user{number}@new.example"));
                let mut created = |name: &str| reported.lock().unwrap().push(name.to_owned());
                assert!(administration.ensure_user(&account, &mut created).unwrap().created);
            });
        }
    });
    assert_eq!(server.count("Domains.create"), 1);
    assert_eq!(*reported.lock().unwrap(), ["new.example"]);
}

#[test]
fn a_refused_domain_is_reported() {
    let server = Server::start(|call| match call.method.as_str() {
        "Domains.get" => Reply::Result(json!({"list": []})),
        "Domains.create" => item_error(1001, "The name %1 is taken.").unwrap(),
        _ => usual(call),
    });
    let address = Address::parse("bob@new.example").unwrap();
    let problem = ensure(&server, "bob@new.example").unwrap_err().problem(Some(&address));
    assert_eq!(problem.kind, ProblemKind::DomainNotCreated);
    assert!(problem.sentence().contains("The name bob is taken"), "{problem}");
}

#[test]
fn every_refusal_of_a_user_becomes_its_own_problem() {
    type Refusing = fn() -> Option<Reply>;
    let cases: [(&str, Refusing, ProblemKind); 9] = [
        ("bob@example.com", || item_error(1003, "The license for %1 is exceeded."), ProblemKind::LicenceFull),
        ("bob@example.com", || item_error(1000, "User count of the license reached."), ProblemKind::LicenceFull),
        ("bob@example.com", || Some(Reply::Error(1003, "Benutzeranzahl")), ProblemKind::LicenceFull),
        ("bob@example.com", || item_error(1000, "The password is too weak."), ProblemKind::PasswordRule),
        ("bob@strict.example", || item_error(1000, "Zu schwach."), ProblemKind::PasswordRule),
        ("bob@example.com", || item_error(1001, "%1 already exists."), ProblemKind::NameTaken),
        ("bob@example.com", || Some(Reply::Error(1004, "Access denied.")), ProblemKind::AdministratorRights),
        ("bob@example.com", || item_error(-32602, "Bad login name %1."), ProblemKind::UserNotCreated),
        ("bob@example.com", || Some(Reply::Result(json!({}))), ProblemKind::UserNotCreated),
    ];
    for (address, reply, kind) in cases {
        let server = serve(directory(), move |_, _| reply());
        let address = Address::parse(address).unwrap();
        let problem = ensure(&server, &address.to_string()).unwrap_err().problem(Some(&address));
        assert_eq!(problem.kind, kind, "{problem}");
        assert_eq!(server.count("Users.create"), 1);
    }
}

#[test]
fn an_alias_or_list_is_no_user_and_a_pattern_is_no_hindrance() {
    let server = {
        let directory = directory();
        directory.lock().unwrap().entities = vec![
            json!({"kind": "EntityAlias", "name": "*", "isPattern": true}),
            json!({"kind": "EntityMailingList", "name": "team", "isPattern": false}),
        ];
        serve(directory, |_, _| None)
    };
    let error = ensure(&server, "team@example.com").unwrap_err();
    assert!(
        matches!(&error, KerioError::NameTaken(why) if why.to_string() == "it is the mailing list team"),
        "{error:?}"
    );
    assert_eq!(server.count("Users.create"), 0);
    let server = {
        let directory = directory();
        directory.lock().unwrap().entities = vec![json!({"kind": "EntityAlias", "name": "*", "isPattern": true})];
        serve(directory, |_, _| None)
    };
    assert!(ensure(&server, "bob@example.com").unwrap().created);
}

#[test]
fn a_user_said_to_exist_is_looked_for_in_the_whole_list_and_used() {
    let server = serve(directory(), |directory, user| {
        let mut made = user.clone();
        made["loginName"] = json!("BOB");
        directory.users.push(made);
        item_error(1001, "User %1 already exists.")
    });
    let user = ensure(&server, "bob@example.com").unwrap();
    assert_eq!(user, User { created: false, sign_in_names: vec!["BOB@example.com".into(), "BOB".into()] });
}

#[test]
fn a_creation_whose_answer_is_lost_is_found_out() {
    let server = serve(directory(), |directory, user| {
        directory.users.push(user.clone());
        Some(Reply::Raw("HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n".to_owned()))
    });
    assert!(ensure(&server, "bob@example.com").unwrap().created);
    assert_eq!(server.count("Users.create"), 1);
}
