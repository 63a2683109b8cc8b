//! Tests of connections that are cut, refused or flooded.

use super::*;

#[test]
fn a_cut_after_the_command_was_carried_out_leaves_it_carried_out() {
    let server = server(Profile::Rich);
    let mut client = Client::signed_in(&server);
    server.set_faults(Some(Arc::new(|step: &Step<'_>| match step.moment {
        Moment::Executed { command: "APPEND" } => Action::Cut,
        _ => Action::Proceed,
    })));
    client.send("a APPEND INBOX {4+}\r\nabcd\r\n");
    assert!(client.line().is_empty());
    assert_eq!(server.store().snapshot(ANN).unwrap().messages(), 1);
    server.set_faults(Some(Arc::new(|step: &Step<'_>| match step.moment {
        Moment::Received { command: "APPEND" } => Action::Answer("NO [UNAVAILABLE] Later".to_owned()),
        Moment::Executed { .. } => Action::Inject(b"* OK unasked\r\n".to_vec()),
        _ => Action::Trickle,
    })));
    let mut client = Client::signed_in(&server);
    client.send("a APPEND INBOX {4+}\r\nabcd\r\n");
    assert_eq!(client.line(), "a NO [UNAVAILABLE] Later");
    assert_eq!(client.ask("NOOP"), "* OK unasked\nOK done");
    assert_eq!(server.store().snapshot(ANN).unwrap().messages(), 1);
}

#[test]
fn what_was_received_before_the_connection_was_lost_is_still_carried_out() {
    let server = server(Profile::Rich);
    let mut client = Client::signed_in(&server);
    server.set_faults(Some(Arc::new(FaultPlan::disturb_at(0, Action::LoseAnswers))));
    client.send("a APPEND INBOX {4+}\r\nabcd\r\nb APPEND INBOX {4+}\r\nabcd\r\n");
    assert!(client.line().is_empty());
    drop(client);
    let deadline = Instant::now() + Duration::from_secs(10);
    while server.store().snapshot(ANN).unwrap().messages() < 2 {
        assert!(Instant::now() < deadline);
        std::thread::yield_now();
    }
}

#[test]
fn every_step_can_be_cut_once() {
    let server = server(Profile::Rich);
    let count = Arc::new(FaultPlan::count());
    server.set_faults(Some(count.clone()));
    Client::signed_in(&server);
    for step in 0..count.steps() {
        let plan = Arc::new(FaultPlan::cut_at(step));
        server.set_faults(Some(plan.clone()));
        let port = server.listen(ImapService::Imap, 0).unwrap();
        let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
        let _ = stream.write_all(b"a LOGIN ann secret\r\nb NOOP\r\nc NOOP\r\nd LOGOUT\r\n");
        let mut heard = String::new();
        let _ = stream.read_to_string(&mut heard);
        assert!(plan.is_done() && !heard.contains("d OK"), "{step}: {heard}");
    }
}

#[test]
fn dropping_the_server_ends_a_silent_connection() {
    let server = server(Profile::Typical);
    let mut client = Client::signed_in(&server);
    server.set_faults(Some(Arc::new(|_: &Step<'_>| Action::Silence)));
    client.send("a NOOP\r\n");
    let started = Instant::now();
    drop(server);
    assert!(client.line().is_empty() && started.elapsed() < Duration::from_secs(5));
}

#[test]
fn a_listener_that_was_ended_frees_its_port_and_its_connections_continue() {
    let server = server(Profile::Typical);
    let port = server.listen(ImapService::Imap, 0).unwrap();
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let mut greeting = [0; 4];
    stream.read_exact(&mut greeting).unwrap();
    server.stop_listening(ImapService::Imap, port);
    assert!(TcpStream::connect(("127.0.0.1", port)).is_err());
    stream.write_all(b"a LOGOUT\r\n").unwrap();
    let mut rest = String::new();
    stream.read_to_string(&mut rest).unwrap();
    assert!(rest.contains("a OK"));
    assert_eq!(server.listen(ImapService::SecureImap, port).unwrap(), port);
}

#[test]
fn no_input_brings_the_server_down() {
    let server = server(Profile::Rich);
    let mut random = fastrand::Rng::with_seed(7);
    let words: [&[u8]; 24] = [
        b"a ",
        b"UID ",
        b"FETCH ",
        b"1:*",
        b" (",
        b")",
        b"\"",
        b"{3}\r\n",
        b"{3+}\r\n",
        b"{99999999999}\r\n",
        b"\r\n",
        b"LIST ",
        b"*",
        b"%",
        b"APPEND ",
        b"INBOX",
        b" ",
        b"SELECT ",
        b"SEARCH ",
        b"NOT ",
        b"RENAME ",
        b"\xff\0",
        b"BODY[",
        b"STORE 1 FLAGS ",
    ];
    for _ in 0..300 {
        let mut client = Client::connect(&server);
        let mut input = b"x LOGIN ann secret\r\nx SELECT INBOX\r\n".to_vec();
        for _ in 0..random.usize(1..60) {
            input.extend_from_slice(words[random.usize(..words.len())]);
        }
        let _ = client.reader.get_mut().write_all(&input);
        let _ = client.reader.get_mut().shutdown(std::net::Shutdown::Write);
        let _ = client.reader.read_to_end(&mut Vec::new());
    }
    assert!(Client::signed_in(&server).ask("NOOP").ends_with("OK done"));
}

#[test]
fn an_endless_line_and_a_huge_literal_cost_no_memory() {
    let server = start(Layout::SLASH, ImapOptions { append_limit: 1000, ..ImapOptions::new(Profile::Rich) });
    let mut client = Client::signed_in(&server);
    client.send([b"a NOOP ".to_vec(), vec![b'x'; 5_000_000], b"\r\n".to_vec()].concat());
    assert!(client.line().contains("BAD"));
    client.send("a APPEND INBOX {2000+}\r\n".to_owned() + &"y".repeat(2000) + "\r\n");
    assert!(client.line().starts_with("a NO [TOOBIG]"));
    client.send("a APPEND INBOX {99999999999}\r\n");
    assert!(client.line().starts_with("a NO [TOOBIG]"));
    assert!(client.ask("NOOP").ends_with("OK done"));
}

#[test]
fn a_full_server_sends_further_clients_away() {
    let options = ImapOptions { most_connections: Some(1), ..ImapOptions::new(Profile::Typical) };
    let server = start(Layout::SLASH, options);
    let mut first = Client::signed_in(&server);
    let port = server.listen(ImapService::Imap, 0).unwrap();
    let mut heard = String::new();
    TcpStream::connect(("127.0.0.1", port)).unwrap().read_to_string(&mut heard).unwrap();
    assert_eq!(heard, "* BYE Too many simultaneous connections\r\n");
    assert!(first.ask("NOOP").ends_with("OK done"));
}

#[test]
fn a_new_account_can_sign_in_after_the_delay_only() {
    let options = ImapOptions { sign_in_delay: Duration::from_secs(3600), ..ImapOptions::new(Profile::Typical) };
    let server = start(Layout::SLASH, options);
    let mut client = Client::connect(&server);
    assert!(client.ask("LOGIN ann secret").starts_with("NO [AUTHENTICATIONFAILED]"));
    server.set_options(ImapOptions::new(Profile::Typical));
    Client::signed_in(&server);
}

#[test]
fn a_connection_is_cut_after_its_last_command() {
    let options = ImapOptions { drop_after_commands: Some(2), ..ImapOptions::new(Profile::Typical) };
    let server = start(Layout::SLASH, options);
    let mut client = Client::signed_in(&server);
    client.send("a NOOP\r\nb NOOP\r\n");
    assert!(client.line().is_empty());
}
