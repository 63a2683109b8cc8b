//! Domains, users, and every way in which one is refused (docs/kerio-connect.md, E4 and E6).

use super::client::{Client, everything, start};
use kimt::domain::Secret;
use kimt::rehearsal::administration::{AdministrationStandIn, Domain, LicenceRefusal, Owner};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

fn domain_id(stand_in: &AdministrationStandIn, name: &str) -> String {
    stand_in.domains().iter().find(|domain| domain.name == name).unwrap().id.clone()
}

fn create(client: &mut Client, domain: &str, login: &str, password: &str) -> Value {
    let user = json!({ "domainId": domain, "loginName": login, "fullName": "Ann Smith", "password": password, "isEnabled": true });
    client.call("Users.create", json!({ "users": [user] }))
}

/// The code of the one refusal, after checking that its placeholders are filled.
fn code(result: &Value) -> i64 {
    assert_eq!(result["result"], json!([]), "{result}");
    let error = &result["errors"][0];
    assert_eq!(error["inputIndex"], 0);
    let parameters = error["messageParameters"]["positionalParameters"].as_array().unwrap();
    let placeholders = error["message"].as_str().unwrap().matches('%').count();
    assert_eq!(placeholders, parameters.len(), "{error}");
    error["code"].as_i64().unwrap()
}

#[test]
fn a_created_user_signs_in_with_every_name_and_shows_no_password() {
    let (stand_in, memory) = start(|_| {});
    let mut client = Client::signed_in(&stand_in);
    let domain = domain_id(&stand_in, "example.com");
    assert!(domain.starts_with("keriodb://domain/"));
    let made = create(&mut client, &domain, "ann", "kite 7");
    let id = made["result"][0]["id"].as_str().unwrap();
    assert!(id.starts_with(&domain.replace("domain", "user")), "{id}");
    assert_eq!(memory.users.lock().unwrap()[0], (vec!["ann@example.com".into(), "ann".into()], "kite 7".into()));
    let shown = client.call("Users.get", everything(json!({ "domainId": domain })));
    assert_eq!((&shown["list"][0]["fullName"], &shown["totalItems"]), (&json!("Ann Smith"), &json!(1)));
    assert!(!shown.to_string().contains("kite 7"));
    assert_eq!(stand_in.users()[0].password, Secret::new("kite 7"));
}

#[test]
fn a_user_is_found_by_a_condition_and_with_the_fields_asked_for() {
    let (stand_in, _) = start(|_| {});
    for name in ["ann", "ben", "cleo"] {
        stand_in.add_user(&format!("{name}@example.com"), &Secret::new("x"), name).unwrap();
    }
    let mut client = Client::signed_in(&stand_in);
    let query = json!({ "fields": ["id", "loginName"], "conditions": [{ "fieldName": "loginName", "comparator": "Eq", "value": "BEN" }],
                        "combining": "And", "start": 0, "limit": -1 });
    let found = client.call("Users.get", json!({ "query": query, "domainId": domain_id(&stand_in, "example.com") }));
    assert_eq!(found["totalItems"], 1);
    assert_eq!(found["list"][0].as_object().unwrap().keys().collect::<Vec<_>>(), ["id", "loginName"]);
    assert_eq!(client.refused("Users.get", everything(json!({ "domainId": "keriodb://domain/none" }))), 1002);
}

#[test]
fn a_domain_is_created_once_and_an_alias_counts_as_its_name() {
    let (stand_in, _) = start(|_| {});
    stand_in.add_domain(Domain { aliases: vec!["firm.example".into()], ..Domain::named("company.example") }).unwrap();
    let mut client = Client::signed_in(&stand_in);
    let mut create = |name: &str| client.call("Domains.create", json!({ "domains": [{ "name": name }] }));
    assert_eq!(create("new.example")["result"][0]["inputIndex"], 0);
    assert_eq!(code(&create("new.example")), 1001);
    assert_eq!(code(&create("Firm.Example")), 1001);
    assert_eq!(code(&create("no domain")), 1000);
    let listed = client.call("Domains.get", everything(json!({})));
    assert_eq!(listed["list"][1]["aliasList"], json!(["firm.example"]));
    assert_eq!(listed["list"][0]["isPrimary"], true);
}

#[test]
fn a_user_is_refused_for_each_reason_that_is_known() {
    let (stand_in, memory) = start(|_| {});
    let strict = Domain { complex_passwords: true, ..Domain::named("strict.example") };
    let mapped = Domain { mapped: true, ..Domain::named("mapped.example") };
    let small = Domain { user_limit: Some(1), ..Domain::named("small.example") };
    let [strict, mapped, small] = [strict, mapped, small].map(|domain| stand_in.add_domain(domain).unwrap());
    let open = domain_id(&stand_in, "example.com");
    for (name, owner) in [("info", Owner::Alias), ("staff", Owner::Group), ("news", Owner::MailingList)] {
        stand_in.add_owner(&format!("{name}@example.com"), owner).unwrap();
    }
    let mut client = Client::signed_in(&stand_in);
    create(&mut client, &open, "ann", "x");
    create(&mut client, &small, "ann", "x");
    let before = memory.users.lock().unwrap().len();
    for (domain, login, expected) in [
        (open.as_str(), "ANN", 1001),
        (&open, "info", 1001),
        (&open, "staff", 1001),
        (&open, "news", 1001),
        (&open, "änn", 1000),
        (&strict, "ann", 1000),
        (&mapped, "ann", 1000),
        (&small, "ben", 1003),
        ("keriodb://domain/none", "ann", 1002),
    ] {
        assert_eq!(code(&create(&mut client, domain, login, "weak")), expected, "{login}");
    }
    assert_eq!(memory.users.lock().unwrap().len(), before);
    assert_eq!(create(&mut client, &strict, "ann", "Kite-77 flies")["errors"], json!([]));
    assert_eq!(client.refused("Users.create", json!({ "users": [{ "loginName": "ben" }] })), -32602);
}

#[test]
fn a_full_licence_refuses_the_user_or_the_whole_call() {
    let (stand_in, _) = start(|behaviour| behaviour.licence_users = Some(2));
    let mut client = Client::signed_in(&stand_in);
    let domain = domain_id(&stand_in, "example.com");
    let user = |login: &str| json!({ "domainId": domain, "loginName": login });
    let made = client.call("Users.create", json!({ "users": [user("ann"), user("ben"), user("cleo")] }));
    assert_eq!((made["result"].as_array().unwrap().len(), &made["errors"][0]["inputIndex"]), (2, &json!(2)));
    assert_eq!(made["errors"][0]["code"], 1003);
    let info = client.call("Domains.getUserCountInfo", json!({ "domainId": domain }));
    assert_eq!(info["countInfo"]["allowedUsers"]["limitType"], "LicenseLimit");
    stand_in.change(|behaviour| behaviour.licence_refusal = LicenceRefusal::WholeCall);
    assert_eq!(client.refused("Users.create", json!({ "users": [user("cleo")] })), 1003);
}

#[test]
fn the_owner_of_an_address_is_named() {
    let (stand_in, _) = start(|_| {});
    stand_in.add_user("ann@example.com", &Secret::new("x"), "Ann").unwrap();
    stand_in.add_owner("staff@example.com", Owner::Group).unwrap();
    let mut client = Client::signed_in(&stand_in);
    let params = json!({ "addresses": ["Ann", "staff", "free"], "updatedEntity": { "kind": "EntityUser", "id": "" },
                         "domainId": domain_id(&stand_in, "example.com") });
    let found = client.call("Server.findEntityByEmail", params);
    let kinds: Vec<&str> = found["entities"].as_array().unwrap().iter().map(|e| e["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["EntityUser", "EntityGroup"]);
}

#[test]
fn a_new_user_can_sign_in_only_after_the_delay() {
    let (stand_in, memory) = start(|behaviour| behaviour.sign_in_delay = Duration::from_millis(300));
    let mut client = Client::signed_in(&stand_in);
    let begun = Instant::now();
    create(&mut client, &domain_id(&stand_in, "example.com"), "ann", "x");
    assert!(memory.users.lock().unwrap().is_empty());
    while memory.users.lock().unwrap().is_empty() {
        std::thread::sleep(Duration::from_millis(10));
    }
    assert!(begun.elapsed() >= Duration::from_millis(300));
}

#[test]
fn a_changed_user_differs_from_what_it_was() {
    let (stand_in, _) = start(|_| {});
    stand_in.add_user("ann@example.com", &Secret::new("x"), "Ann").unwrap();
    let before = stand_in.users();
    assert_eq!(before, stand_in.users());
    let mut client = Client::signed_in(&stand_in);
    client.call("Users.set", json!({ "userIds": [before[0].id], "pattern": { "password": "y" } }));
    assert_ne!(before, stand_in.users());
}
