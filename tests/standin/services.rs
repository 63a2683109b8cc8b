//! Fifteen services, and every way in which a port is changed or is not (docs/kerio-connect.md, E5).

use super::client::{Client, free_port, start};
use kimt::rehearsal::administration::{PortChange, TakenPort};
use kimt::rehearsal::{ImapService, MailService};
use serde_json::{Value, json};

fn imap(client: &mut Client) -> Value {
    let services = client.call("Services.get", json!({}))["services"].clone();
    services.as_array().unwrap().iter().find(|service| service["defaultPort"] == 143).unwrap().clone()
}

fn move_to(client: &mut Client, port: u16) -> Value {
    let mut service = imap(client);
    service["listeners"][0]["port"] = json!(port);
    client.call("Services.set", json!({ "services": [service] }))["errors"].clone()
}

fn again(client: &mut Client, method: &str) -> Value {
    let id = imap(client)["id"].clone();
    client.answer(method, json!({ "service": id }))
}

#[test]
fn fifteen_services_are_listed_and_those_of_imap_listen() {
    let (stand_in, memory) = start(|_| {});
    let mut client = Client::signed_in(&stand_in);
    let listed = client.call("Services.get", json!({}));
    assert_eq!(listed["services"].as_array().unwrap().len(), 15);
    for (place, kind) in [(5, ImapService::Imap), (6, ImapService::SecureImap)] {
        let service = &listed["services"][place];
        let port = service["listeners"][0]["port"].as_u64().unwrap() as u16;
        assert_eq!((memory.listens(port), port), (Some(kind), stand_in.service_port(kind)));
        assert_eq!(service["isRunning"], true);
    }
    stand_in.change(|behaviour| behaviour.localised = true);
    let service = imap(&mut client);
    assert_eq!(
        (service["name"].as_str(), service["listeners"][0]["address"].as_str()),
        (Some("IMAP-Dienst"), Some("Alle Adressen"))
    );
}

#[test]
fn a_changed_port_is_live_at_once_and_put_back_the_same_way() {
    let (stand_in, memory) = start(|_| {});
    let mut client = Client::signed_in(&stand_in);
    let (before, wanted) = (stand_in.services(), free_port());
    let old = stand_in.service_port(ImapService::Imap);
    assert_eq!(move_to(&mut client, wanted), json!([]));
    assert_eq!((memory.listens(wanted), memory.listens(old)), (Some(ImapService::Imap), None));
    assert_eq!(move_to(&mut client, old), json!([]));
    assert_eq!((memory.listens(old), memory.listens(wanted)), (Some(ImapService::Imap), None));
    let ports = |services: &[kimt::rehearsal::administration::Service]| {
        services.iter().map(|service| service.ports.clone()).collect::<Vec<_>>()
    };
    assert_eq!(ports(&before), ports(&stand_in.services()));
}

#[test]
fn a_further_listener_leaves_the_first_alone() {
    let (stand_in, memory) = start(|_| {});
    let mut client = Client::signed_in(&stand_in);
    let (old, wanted) = (stand_in.service_port(ImapService::Imap), free_port());
    let mut service = imap(&mut client);
    let further = json!({ "type": "AllAddresses", "address": "All addresses", "port": wanted });
    service["listeners"].as_array_mut().unwrap().push(further);
    client.call("Services.set", json!({ "services": [service] }));
    assert!(memory.listens(old).is_some() && memory.listens(wanted).is_some());
    assert_eq!(imap(&mut client)["listeners"].as_array().unwrap().len(), 2);
}

#[test]
fn a_changed_port_may_need_a_restart() {
    let (stand_in, memory) = start(|behaviour| behaviour.port_change = PortChange::AfterRestart);
    let mut client = Client::signed_in(&stand_in);
    let (old, wanted) = (stand_in.service_port(ImapService::Imap), free_port());
    assert_eq!(move_to(&mut client, wanted), json!([]));
    assert_eq!(imap(&mut client)["listeners"][0]["port"], wanted);
    assert!(memory.listens(old).is_some() && memory.listens(wanted).is_none());
    assert_eq!(again(&mut client, "Services.restart")["result"], json!({}));
    assert!(memory.listens(old).is_none() && memory.listens(wanted).is_some());
}

#[test]
fn a_port_that_is_taken_shows_in_three_ways() {
    let (stand_in, memory) = start(|_| {});
    let mut client = Client::signed_in(&stand_in);
    let old = stand_in.service_port(ImapService::Imap);
    let taken = memory.listen(ImapService::SecureImap, 0).unwrap();

    assert_eq!(move_to(&mut client, taken)[0]["code"], 1000);
    assert_eq!(imap(&mut client)["listeners"][0]["port"], old);
    assert!(memory.listens(old).is_some());

    stand_in.change(|behaviour| behaviour.taken_port = TakenPort::ErrorOfStart);
    assert_eq!(move_to(&mut client, taken), json!([]));
    assert_eq!(imap(&mut client)["isRunning"], false);
    assert_eq!(again(&mut client, "Services.restart")["error"]["code"], 1000);

    stand_in.change(|behaviour| behaviour.taken_port = TakenPort::NotRunning);
    assert_eq!(again(&mut client, "Services.start")["result"], json!({}));
    assert_eq!(imap(&mut client)["isRunning"], false);

    assert_eq!(move_to(&mut client, old), json!([]));
    assert!(imap(&mut client)["isRunning"] == true && memory.listens(old).is_some());
}

#[test]
fn a_stopped_service_listens_nowhere_until_it_is_started() {
    let (stand_in, memory) = start(|_| {});
    let mut client = Client::signed_in(&stand_in);
    let port = stand_in.service_port(ImapService::Imap);
    stand_in.stop_service(ImapService::Imap);
    assert!(imap(&mut client)["isRunning"] == false && memory.listens(port).is_none());
    assert_eq!(again(&mut client, "Services.start")["result"], json!({}));
    assert!(imap(&mut client)["isRunning"] == true && memory.listens(port).is_some());
}

#[test]
fn a_service_must_be_given_whole() {
    let (stand_in, _) = start(|_| {});
    let mut client = Client::signed_in(&stand_in);
    let mut service = imap(&mut client);
    service.as_object_mut().unwrap().remove("connectionLimit");
    assert_eq!(client.refused("Services.set", json!({ "services": [service] })), -32602);
    assert_eq!(client.refused("Services.restart", json!({ "service": "none" })), 1002);
}

#[test]
fn a_dropped_stand_in_frees_its_ports_and_cuts_its_connections() {
    let (stand_in, memory) = start(|_| {});
    let mut client = Client::signed_in(&stand_in);
    let (own, port) = (stand_in.port(), stand_in.service_port(ImapService::Imap));
    drop(stand_in);
    assert!(client.exchange("Session.whoAmI", json!({})).is_err());
    assert!(memory.listens(port).is_none() && std::net::TcpStream::connect(("127.0.0.1", own)).is_err());
}
