//! Answers that no server should give, and connections cut at any call.

use super::client::{Client, everything, start};
use kimt::rehearsal::administration::Reply;
use serde_json::json;
use std::io;
use std::time::{Duration, Instant};

#[test]
fn a_hook_decides_about_each_call_by_method_and_number() {
    let (stand_in, _) = start(|_| {});
    let mut client = Client::signed_in(&stand_in);
    stand_in.on_call(|method, number| match (method, number) {
        ("Services.get", 1) => Reply::Page(500),
        ("Services.get", 2) => Reply::WrongId,
        ("Services.get", 3) => Reply::Redirect("https://elsewhere.example/".to_owned()),
        ("Services.get", 4) => Reply::Oversized(3_000_000),
        ("Services.get", 5) => Reply::Error(-32002, "Timeout".to_owned()),
        ("Services.get", 6) => Reply::Body("not JSON".to_owned()),
        ("Session.whoAmI", _) => Reply::Drip(Duration::from_millis(1)),
        _ => Reply::Normal,
    });
    let mut get = || client.exchange("Services.get", json!({})).unwrap();
    let page = get();
    assert!(page.status == 500 && page.body.starts_with(b"<html>"));
    assert_eq!(get().json()["id"], 987_654_321);
    let moved = get();
    assert!(moved.status == 302 && moved.head.contains("Location: https://elsewhere.example/"));
    assert_eq!(get().body.len(), 3_000_000);
    assert_eq!(get().json()["error"]["code"], -32002);
    assert_eq!(get().body, b"not JSON");
    assert_eq!(get().json()["result"]["services"].as_array().unwrap().len(), 15);
    let begun = Instant::now();
    client.call("Session.whoAmI", json!({}));
    assert!(begun.elapsed() > Duration::from_millis(100));
}

#[test]
fn the_line_can_be_cut_before_and_after_any_call() {
    for after in [false, true] {
        let (stand_in, _) = start(|_| {});
        let mut client = Client::signed_in(&stand_in);
        client.call("Domains.get", everything(json!({})));
        assert_eq!(stand_in.steps(), 4);
        stand_in.cut_at(if after { 6 } else { 5 });
        let create = json!({ "domains": [{ "name": "new.example" }] });
        assert!(client.exchange("Domains.create", create).is_err());
        assert_eq!(stand_in.domains().len(), if after { 2 } else { 1 });
        assert_eq!(stand_in.calls(), ["Session.login", "Domains.get", "Domains.create"]);
        Client::signed_in(&stand_in).call("Domains.get", everything(json!({})));
    }
}

#[test]
fn a_request_without_bounds_ends_its_line_and_no_other() {
    let (stand_in, _) = start(|_| {});
    let body = br#"{"jsonrpc":"2.0","id":1,"method":"Session.whoAmI"}"#;
    let long = format!("X-Long: {}\r\nContent-Length: {}", "x".repeat(70_000), body.len());
    for header in ["Content-Length: 100663297", "Content-Length: many", "Transfer-Encoding: chunked", &long] {
        let mut client = Client::connect(stand_in.port());
        let head = format!("POST /admin/api/jsonrpc/ HTTP/1.1\r\nHost: localhost\r\n{header}\r\n\r\n");
        let ended = client.send_raw(&[head.as_bytes(), body].concat()).err().map(|error| error.kind());
        // Not a line that waits for more.
        let waits = [io::ErrorKind::WouldBlock, io::ErrorKind::TimedOut];
        assert!(ended.is_some_and(|kind| !waits.contains(&kind)), "{}: {ended:?}", &header[..16]);
    }
    Client::signed_in(&stand_in).call("Session.whoAmI", json!({}));
}
