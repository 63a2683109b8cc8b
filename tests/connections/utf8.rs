//! A server that speaks UTF-8 only (RFC 6855), and one that merely can: scripted, with what the client says kept word for word.

use kimt::domain::{FolderPath, Secret, Security, Side, Uid};
use kimt::imap::{Announced, AppendWay, Destination, Endpoint, Learned, SignIn, Stored, Writer, connect};
use kimt::network::{Limits, Trust};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

type Heard = Arc<Mutex<Vec<String>>>;

/// A command with its literals, without its tag and its last line end.
fn command(lines: &mut BufReader<TcpStream>) -> Option<(String, String)> {
    let mut bytes = Vec::new();
    loop {
        lines.read_until(b'\n', &mut bytes).ok().filter(|count| *count > 0)?;
        let text = String::from_utf8(bytes.clone()).unwrap();
        let Some(size) = text.strip_suffix("+}\r\n").and_then(|text| text.rsplit_once('{')) else {
            let (tag, words) = text.strip_suffix("\r\n")?.split_once(' ')?;
            return Some((tag.to_owned(), words.to_owned()));
        };
        let mut literal = vec![0; size.1.parse().unwrap()];
        lines.read_exact(&mut literal).unwrap();
        bytes.extend(literal);
    }
}

/// Serves one connection of a server with these capabilities and folders.
fn serve(capabilities: &str, names: &[&str], mut client: TcpStream, heard: &Heard) {
    let mut lines = BufReader::new(client.try_clone().unwrap());
    let mut enabled = !capabilities.contains("UTF8=ONLY");
    write!(client, "* OK [CAPABILITY IMAP4rev1 LITERAL+] ready\r\n").unwrap();
    while let Some((tag, words)) = command(&mut lines) {
        let name = words.split(' ').next().unwrap().to_owned();
        heard.lock().unwrap().push(words);
        let mut before = String::new();
        let mut answer = "OK done".to_owned();
        match name.as_str() {
            "LOGIN" => answer = format!("OK [CAPABILITY IMAP4rev1 LITERAL+ {capabilities}] in"),
            "ENABLE" => {
                enabled = true;
                before = "* ENABLED UTF8=ACCEPT\r\n".to_owned();
            }
            _ if !enabled => answer = "NO This server speaks UTF-8 only".to_owned(),
            "LIST" => before = names.iter().map(|name| format!("* LIST () \"/\" \"{name}\"\r\n")).collect(),
            _ => {}
        }
        if write!(client, "{before}{tag} {answer}\r\n").is_err() {
            return;
        }
    }
}

/// Signs in on a server with these capabilities.
fn signed_in(capabilities: &'static str, names: &'static [&'static str]) -> (Writer, Heard) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let heard = Heard::default();
    let noted = heard.clone();
    std::thread::spawn(move || serve(capabilities, names, listener.accept().unwrap().0, &noted));
    let endpoint = Endpoint {
        side: Side::Target,
        host: "127.0.0.1".to_owned(),
        port,
        security: Security::Plain,
        trust: Trust::default(),
        proxy: None,
        rate: None,
        learned: Learned::default(),
        limits: Limits::default(),
        cleartext_allowed: false,
        watch: None,
    };
    let sign_in = SignIn::Password { user: "ann".to_owned(), password: Secret::new("secret") };
    (connect(&endpoint).unwrap().sign_in(&sign_in).unwrap().into_reader().into_writer(), heard)
}

fn append(writer: &mut Writer, wire_name: &[u8], message: &[u8]) {
    let mut appender = writer.appender().unwrap();
    let destination = Destination { number: 0, wire_name, way: AppendWay::Single, empty_list: false };
    let announced = Announced { uid: Uid(1), size: message.len() as u64, flags: &[], date: None };
    appender.begin(&destination, &announced).unwrap();
    appender.write(message).unwrap();
    appender.end().unwrap();
    appender.end_batch().unwrap();
    let settled = appender.settle(0, 0).unwrap();
    assert!(matches!(settled[..], [ref one] if matches!(one.outcome, Stored::Kept { .. })), "{settled:?}");
}

#[test]
fn a_server_that_speaks_utf8_only_is_spoken_to_in_utf8() {
    let (mut writer, heard) = signed_in("UTF8=ONLY", &["INBOX", "Entwürfe", "Q&-A"]);
    let folders = writer.reader().list().unwrap().folders;
    let paths: Vec<FolderPath> = folders.into_iter().map(|folder| folder.path).collect();
    assert_eq!(paths, [FolderPath::new(["INBOX"]), FolderPath::new(["Entwürfe"]), FolderPath::new(["Q&-A"])]);
    let name = writer.wire_name(&FolderPath::new(["Проекты", "R&D"])).unwrap();
    writer.create(&name).unwrap();
    append(&mut writer, &name, "Subject: ü\r\n\r\nText.\r\n".as_bytes());
    let heard = heard.lock().unwrap();
    assert_eq!(heard[1], "ENABLE UTF8=ACCEPT");
    assert!(heard.contains(&"CREATE {18+}\r\nПроекты/R&D".to_owned()), "{heard:?}");
    let appended = "APPEND {18+}\r\nПроекты/R&D UTF8 (~{22+}\r\nSubject: ü\r\n\r\nText.\r\n)";
    assert!(heard.contains(&appended.to_owned()), "{heard:?}");
}

#[test]
fn a_server_that_merely_can_speak_utf8_is_spoken_to_as_all_others() {
    let (mut writer, heard) = signed_in("ENABLE UTF8=ACCEPT", &["INBOX", "Entw&APw-rfe"]);
    let folders = writer.reader().list().unwrap().folders;
    assert_eq!(folders[1].path, FolderPath::new(["Entwürfe"]));
    let name = writer.wire_name(&folders[1].path).unwrap();
    append(&mut writer, &name, b"Subject: x\r\n\r\n");
    let heard = heard.lock().unwrap();
    assert!(!heard.iter().any(|words| words.starts_with("ENABLE")), "{heard:?}");
    assert!(heard.contains(&"APPEND \"Entw&APw-rfe\" {14+}\r\nSubject: x\r\n\r\n".to_owned()), "{heard:?}");
}
