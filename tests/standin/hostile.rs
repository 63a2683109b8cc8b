//! Answers that no server should give, and lines cut at any call.

use super::client::{Client, everything, start};
use kimt::rehearsal::administration::Reply;
use serde_json::json;
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
