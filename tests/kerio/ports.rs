//! The port rule: noted, set, proved, put back; by the run, or after a crash by the next start.

use crate::scripted::{Call, Reply, Server, usual};
use kimt::domain::Security;
use kimt::kerio::{KerioError, PortChange, PortNote};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};

/// The services of a server, and what really listens.
struct Services {
    list: Value,
    live: Vec<u16>,
    /// Whether a port is live as soon as it is set.
    at_once: bool,
    /// A port that no service can have.
    taken: Option<u16>,
    /// Whether listeners that are set are kept as they were, with a good answer all the same.
    ignores: bool,
    /// Whether they are set, and the answer is an error.
    answers_wrong: bool,
}

fn services() -> Arc<Mutex<Services>> {
    let service = |id: &str, name: &str, default_port: u16, ports: &[u16]| {
        let listeners: Vec<Value> = ports
            .iter()
            .map(|port| json!({"type": "AllAddresses", "address": "All addresses", "port": port}))
            .collect();
        json!({"id": id, "name": name, "defaultPort": default_port, "isRunning": true, "listeners": listeners,
            "howToStart": "Automatic", "group": {"isUsed": false}})
    };
    let list = json!([
        service("s1", "SMTP", 25, &[25, 587]),
        service("s2", "Secure IMAP", 993, &[993]),
        service("s3", "IMAP", 143, &[143, 1143]),
    ]);
    Arc::new(Mutex::new(Services {
        list,
        live: vec![143, 1143, 993, 25, 587],
        at_once: true,
        taken: None,
        ignores: false,
        answers_wrong: false,
    }))
}

impl Services {
    fn ports(&self, id: &str) -> Vec<u64> {
        let service = self.list.as_array().unwrap().iter().find(|service| service["id"] == id).unwrap();
        service["listeners"].as_array().unwrap().iter().map(|listener| listener["port"].as_u64().unwrap()).collect()
    }

    fn go_live(&mut self) {
        let ids = ["s1", "s2", "s3"];
        let ports = ids.iter().flat_map(|id| self.ports(id)).map(|port| port as u16);
        self.live = ports.filter(|port| Some(*port) != self.taken).collect();
    }
}

fn serve(services: &Arc<Mutex<Services>>) -> Server {
    let services = services.clone();
    Server::start(move |call: &Call| {
        let mut services = services.lock().unwrap();
        match call.method.as_str() {
            "Services.get" => Reply::Result(json!({"services": services.list})),
            "Services.set" if services.ignores => Reply::Result(json!({"errors": []})),
            "Services.set" => {
                for changed in call.params["services"].as_array().unwrap() {
                    let list = services.list.as_array_mut().unwrap();
                    *list.iter_mut().find(|service| service["id"] == changed["id"]).unwrap() = changed.clone();
                }
                if services.at_once {
                    services.go_live();
                }
                if services.answers_wrong {
                    return Reply::Error(1000, "The answer was lost.");
                }
                Reply::Result(json!({"errors": []}))
            }
            "Services.restart" | "Services.start" => {
                services.go_live();
                Reply::Result(json!({}))
            }
            _ => usual(call),
        }
    })
}

fn change(
    server: &Server,
    services: &Arc<Mutex<Services>>,
    wanted: u16,
    folder: &std::path::Path,
) -> Result<Option<PortChange>, KerioError> {
    let answers = |port| services.lock().unwrap().live.contains(&port);
    server.sign_in().unwrap().change_imap_port(Security::StartTls, wanted, &answers, folder)
}

#[test]
fn a_port_is_changed_and_put_back_and_nothing_else_is_touched() {
    for at_once in [true, false] {
        let (services, folder) = (services(), tempfile::tempdir().unwrap());
        services.lock().unwrap().at_once = at_once;
        let before = services.lock().unwrap().list.clone();
        let server = serve(&services);
        let changed = change(&server, &services, 8143, folder.path()).unwrap().unwrap();
        assert_eq!(changed, PortChange { service: "IMAP".into(), from: 143, to: 8143 });
        assert_eq!(services.lock().unwrap().ports("s3"), [8143, 1143]);
        assert_eq!(server.last("Services.set").params["services"].as_array().unwrap().len(), 1);
        assert_eq!(server.count("Services.restart"), usize::from(!at_once));
        assert!(services.lock().unwrap().live.contains(&8143));

        // The process is gone; another one finds the note.
        let note = PortNote::pending(folder.path()).unwrap().unwrap();
        assert_eq!((note.host.as_str(), note.from, note.to), ("localhost", 143, 8143));
        let answers = |port| services.lock().unwrap().live.contains(&port);
        let restored = note.restore(&server.sign_in().unwrap(), &answers).unwrap();
        assert_eq!((restored.service.as_str(), restored.port), ("IMAP", 143));
        assert_eq!(services.lock().unwrap().list, before);
        assert!(services.lock().unwrap().live.contains(&143));
        assert_eq!(PortNote::pending(folder.path()).unwrap(), None);
    }
}

#[test]
fn what_the_server_has_counts_and_not_what_it_answers() {
    let (ignoring, folder) = (services(), tempfile::tempdir().unwrap());
    ignoring.lock().unwrap().ignores = true;
    let refused = change(&serve(&ignoring), &ignoring, 8143, folder.path()).unwrap_err();
    assert!(refused.to_string().contains("did not take the listeners"), "{refused}");
    assert_eq!(PortNote::pending(folder.path()).unwrap(), None);

    let (wrong, folder) = (services(), tempfile::tempdir().unwrap());
    wrong.lock().unwrap().answers_wrong = true;
    let changed = change(&serve(&wrong), &wrong, 8143, folder.path()).unwrap();
    assert_eq!(changed, Some(PortChange { service: "IMAP".into(), from: 143, to: 8143 }));
}

#[test]
fn the_note_is_on_disk_before_the_port_is_set() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().to_owned();
    let (services, seen) = (services(), Arc::new(Mutex::new(None)));
    let (list, noted) = (services.lock().unwrap().list.clone(), seen.clone());
    let server = Server::start(move |call: &Call| match call.method.as_str() {
        "Services.get" => Reply::Result(json!({"services": list})),
        "Services.set" => {
            *noted.lock().unwrap() = PortNote::pending(&state).unwrap();
            Reply::Error(1000, "Port in use.")
        }
        _ => usual(call),
    });
    let error = change(&server, &services, 8143, folder.path()).unwrap_err();
    assert!(error.to_string().contains("Port in use"), "{error}");
    assert!(error.to_string().contains("143 is set again"), "{error}");
    assert_eq!(seen.lock().unwrap().as_ref().map(|note| note.to), Some(8143));
    assert_eq!(PortNote::pending(folder.path()).unwrap(), None);
}

#[test]
fn a_port_that_is_there_already_is_no_change() {
    let (services, folder) = (services(), tempfile::tempdir().unwrap());
    let server = serve(&services);
    assert_eq!(change(&server, &services, 1143, folder.path()).unwrap(), None);
    assert_eq!(server.count("Services.set"), 0);
    assert_eq!(PortNote::pending(folder.path()).unwrap(), None);
}

#[test]
fn a_port_in_use_is_refused_before_anything_is_changed() {
    let (services, folder) = (services(), tempfile::tempdir().unwrap());
    services.lock().unwrap().live.push(8080);
    let server = serve(&services);
    let said = |port| change(&server, &services, port, folder.path()).unwrap_err().to_string();
    assert!(said(587).contains("used by the service SMTP"));
    assert!(said(8080).contains("another program"));
    assert_eq!(server.count("Services.set"), 0);
    assert_eq!(PortNote::pending(folder.path()).unwrap(), None);
}

#[test]
fn a_port_that_never_answers_is_put_back() {
    let (services, folder) = (services(), tempfile::tempdir().unwrap());
    services.lock().unwrap().taken = Some(8143);
    let before = services.lock().unwrap().list.clone();
    let server = serve(&services);
    let error = change(&server, &services, 8143, folder.path()).unwrap_err();
    assert!(matches!(error, KerioError::PortNotChanged(_)), "{error:?}");
    assert!(error.to_string().contains("nothing answers on port 8143; the old port 143 is set again"), "{error}");
    assert_eq!(server.count("Services.restart"), 1);
    assert_eq!(services.lock().unwrap().list, before);
    assert_eq!(PortNote::pending(folder.path()).unwrap(), None);
}

#[test]
fn a_stopped_service_is_reported_and_left_stopped() {
    let (services, folder) = (services(), tempfile::tempdir().unwrap());
    services.lock().unwrap().list[2]["isRunning"] = json!(false);
    let server = serve(&services);
    assert!(matches!(change(&server, &services, 8143, folder.path()), Err(KerioError::ServiceStopped(_))));
    let administration = server.sign_in().unwrap();
    assert!(matches!(administration.imap_port(Security::Plain), Err(KerioError::ServiceStopped(_))));
    assert_eq!(administration.imap_port(Security::Tls).unwrap(), Some(993));
    assert_eq!(server.count("Services.start") + server.count("Services.set"), 0);
}

#[test]
fn listeners_that_somebody_else_changed_are_left_alone() {
    let (services, folder) = (services(), tempfile::tempdir().unwrap());
    let server = serve(&services);
    change(&server, &services, 8143, folder.path()).unwrap();
    services.lock().unwrap().list[2]["listeners"][0]["port"] = json!(9143);
    let note = PortNote::pending(folder.path()).unwrap().unwrap();
    let error = note.restore(&server.sign_in().unwrap(), &|_| true).unwrap_err();
    assert!(error.to_string().contains("somebody else"), "{error}");
    assert_eq!(services.lock().unwrap().ports("s3"), [9143, 1143]);
    assert_eq!(PortNote::pending(folder.path()).unwrap(), None);
}

#[test]
fn a_crash_before_the_port_was_set_leaves_only_a_note_to_remove() {
    let (services, folder) = (services(), tempfile::tempdir().unwrap());
    let server = serve(&services);
    let before = services.lock().unwrap().list.clone();
    change(&server, &services, 8143, folder.path()).unwrap();
    services.lock().unwrap().list = before;
    services.lock().unwrap().go_live();
    let sets = server.count("Services.set");
    let answers = |port| services.lock().unwrap().live.contains(&port);
    PortNote::pending(folder.path()).unwrap().unwrap().restore(&server.sign_in().unwrap(), &answers).unwrap();
    assert_eq!(server.count("Services.set"), sets);
    assert_eq!(PortNote::pending(folder.path()).unwrap(), None);
}

#[test]
fn the_old_port_is_not_forgotten_under_a_second_change() {
    let (services, folder) = (services(), tempfile::tempdir().unwrap());
    let server = serve(&services);
    change(&server, &services, 8143, folder.path()).unwrap();
    let error = change(&server, &services, 9143, folder.path()).unwrap_err();
    assert!(error.to_string().contains("has to be undone first"), "{error}");
    assert_eq!(PortNote::pending(folder.path()).unwrap().unwrap().from, 143);
}
