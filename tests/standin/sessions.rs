//! The path, the session, and the errors of JSON-RPC (docs/kerio-connect.md, E1 to E3).

use super::client::{Client, everything, start};
use kimt::rehearsal::administration::{Login, RightsRefusal, Role};
use serde_json::json;
use std::time::Duration;

#[test]
fn the_path_counts_with_and_without_a_slash_and_only_for_post() {
    let (stand_in, _) = start(|_| {});
    let mut client = Client::connect(stand_in.port());
    let body = br#"{"jsonrpc":"2.0","id":7,"method":"Session.whoAmI"}"#;
    for path in ["/admin/api/jsonrpc/", "/admin/api/jsonrpc"] {
        let reply = client.send("POST", path, body).unwrap();
        assert_eq!((reply.status, reply.json()["id"].as_i64()), (200, Some(7)));
        assert!(reply.head.contains("keep-alive"));
    }
    assert_eq!(client.send("GET", "/admin/api/jsonrpc/", b"").unwrap().status, 405);
    assert_eq!(client.send("POST", "/admin/", body).unwrap().status, 404);
    stand_in.change(|behaviour| behaviour.close_connections = true);
    assert!(client.send("POST", "/admin/api/jsonrpc", body).unwrap().head.contains("Connection: close"));
    assert!(client.send("POST", "/admin/api/jsonrpc", body).is_err());
}

#[test]
fn a_session_needs_its_cookie_and_its_token() {
    let (stand_in, _) = start(|_| {});
    let mut client = Client::signed_in(&stand_in);
    assert!(client.token.len() == 64 && client.token.chars().all(|c| c.is_ascii_hexdigit()));
    assert!(client.cookie.contains("SESSION_CONNECT_WEBADMIN=") && client.cookie.contains("TOKEN_CONNECT_WEBADMIN="));
    let who = client.call("Session.whoAmI", json!({}));
    assert_eq!(who["userDetails"]["effectiveRole"]["userRole"], "FullAdmin");
    let (cookie, token) = (std::mem::take(&mut client.cookie), client.token.clone());
    assert_eq!(client.refused("Session.whoAmI", json!({})), -32001);
    client.cookie = cookie;
    client.token = "0".repeat(64);
    assert_eq!(client.refused("Session.whoAmI", json!({})), -32001);
    client.token = token;
    client.call("Session.logout", json!({}));
    assert_eq!(client.refused("Session.whoAmI", json!({})), -32001);
    assert_eq!(stand_in.open_sessions(), 0);
}

#[test]
fn a_session_ends_when_it_rests_too_long_or_is_ended() {
    let (stand_in, _) = start(|_| {});
    let mut client = Client::signed_in(&stand_in);
    stand_in.expire_sessions();
    assert_eq!(client.refused("Services.get", json!({})), -32001);
    client.login("admin@example.com", "administrator").unwrap();
    client.call("Services.get", json!({}));
    stand_in.change(|behaviour| behaviour.session_idle = Duration::from_millis(1));
    std::thread::sleep(Duration::from_millis(20));
    assert_eq!(client.refused("Services.get", json!({})), -32001);
}

#[test]
fn a_wrong_password_is_refused_and_many_block_the_right_one() {
    let (stand_in, _) = start(|behaviour| behaviour.failed_logins_to_block = Some(3));
    let mut client = Client::connect(stand_in.port());
    for _ in 0..3 {
        assert_eq!(client.login("admin", "guess").unwrap_err()["code"], 1000);
    }
    assert_eq!(client.login("admin", "administrator").unwrap_err()["code"], 1000);
}

#[test]
fn a_login_can_be_refused_with_any_code_and_for_a_second_factor() {
    let (stand_in, _) = start(|behaviour| behaviour.login = Login::RefusedWith(-32603));
    let mut client = Client::connect(stand_in.port());
    assert_eq!(client.login("admin", "administrator").unwrap_err()["code"], -32603);
    stand_in.change(|behaviour| behaviour.login = Login::SecondFactor);
    let error = client.login("admin", "administrator").unwrap_err();
    assert!(error["message"].as_str().unwrap().contains("Two-factor"));
    assert_eq!(error["data"]["messageParameters"]["positionalParameters"], json!(["admin"]));
}

#[test]
fn malformed_calls_have_the_codes_of_json_rpc() {
    let (stand_in, _) = start(|_| {});
    let mut client = Client::signed_in(&stand_in);
    for (body, code) in [("{", -32700), ("[]", -32600), (r#"{"jsonrpc":"2.0","id":1}"#, -32600)] {
        let reply = client.send("POST", "/admin/api/jsonrpc/", body.as_bytes()).unwrap();
        assert_eq!((reply.status, reply.json()["error"]["code"].as_i64()), (200, Some(code)), "{body}");
    }
    assert_eq!(client.refused("Users.fly", json!({})), -32601);
    assert_eq!(client.refused("Users.get", json!({})), -32602);
    assert_eq!(client.refused("Domains.get", json!({})), -32602);
    let login = json!({ "userName": "admin", "password": "administrator", "application": "test" });
    assert_eq!(client.refused("Session.login", login), -32602);
}

#[test]
fn a_role_that_is_too_small_is_refused_in_three_ways() {
    let (stand_in, _) = start(|behaviour| behaviour.role = Role::Auditor);
    let mut client = Client::signed_in(&stand_in);
    assert_eq!(client.refused("Domains.get", everything(json!({}))), 1004);
    client.call("Services.get", json!({}));
    stand_in.change(|behaviour| behaviour.rights_refusal = RightsRefusal::DatabaseError);
    let answer = client.answer("Domains.get", everything(json!({})));
    assert_eq!(
        (answer["error"]["code"].as_i64(), answer["error"]["message"].as_str()),
        (Some(1000), Some("internal database error"))
    );
    stand_in.change(|behaviour| behaviour.rights_refusal = RightsRefusal::SessionExpired);
    assert_eq!(client.refused("Domains.get", everything(json!({}))), -32001);
    stand_in.change(|behaviour| behaviour.role = Role::AccountAdmin);
    client.call("Domains.get", everything(json!({})));
    assert_eq!(client.refused("Services.set", json!({ "services": [] })), -32001);
}

#[test]
fn the_server_announces_its_version_licence_and_policy() {
    let (stand_in, _) = start(|behaviour| behaviour.licence_users = Some(20));
    let mut client = Client::signed_in(&stand_in);
    assert_eq!(client.call("Server.getVersion", json!({}))["version"], "10.0.8.9228");
    assert_eq!(client.call("ProductRegistration.getFullStatus", json!({}))["status"]["users"], 20);
    assert_eq!(client.call("SecurityPolicy.get", json!({}))["options"]["antiHammering"]["failedLoginsToBlock"], 10);
    assert_eq!(client.call("Server.getAlertList", json!({}))["alerts"], json!([]));
    stand_in.change(|behaviour| behaviour.licence_days = -1);
    assert_eq!(client.call("Server.getAlertList", json!({}))["alerts"][0]["alertName"], "LicenseExpired");
}
