//! Tests of the server over raw sockets.

mod faults;

use super::*;
use crate::rehearsal::{
    Action, Content, FaultPlan, ImapService, Layout, MailService, MailStore, Moment, NewMessage, Step,
};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::{Duration, Instant};

const ANN: &str = "ann@example.com";

struct Client {
    reader: BufReader<TcpStream>,
    tag: u32,
}

impl Client {
    fn connect(server: &ImapServer) -> Self {
        let port = server.listen(ImapService::Imap, 0).unwrap();
        let stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        let mut client = Self { reader: BufReader::new(stream), tag: 0 };
        assert!(client.line().starts_with("* OK"));
        client
    }

    fn signed_in(server: &ImapServer) -> Self {
        let mut client = Self::connect(server);
        assert!(client.ask("LOGIN ann@example.com secret").ends_with("Signed in"));
        client
    }

    fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.reader.get_mut().write_all(bytes.as_ref()).unwrap();
    }

    /// A line without its end; empty at the end of the connection.
    fn line(&mut self) -> String {
        self.raw_line().trim_end().to_owned()
    }

    fn raw_line(&mut self) -> String {
        let mut line = Vec::new();
        let _ = self.reader.read_until(b'\n', &mut line);
        String::from_utf8_lossy(&line).into_owned()
    }

    /// Sends a command. Returns everything up to the tagged answer, which comes last and without its tag.
    fn ask(&mut self, command: &str) -> String {
        self.tag += 1;
        let tag = format!("t{} ", self.tag);
        self.send(format!("{tag}{command}\r\n"));
        let mut answer = String::new();
        loop {
            let line = self.raw_line();
            match line.strip_prefix(&tag) {
                Some(rest) => return answer + rest.trim_end(),
                None if line.is_empty() => return answer + "(closed)",
                None => answer += &line.replace("\r\n", "\n"),
            }
        }
    }
}

fn server(profile: Profile) -> ImapServer {
    start(Layout::SLASH, ImapOptions::new(profile))
}

fn start(layout: Layout, options: ImapOptions) -> ImapServer {
    let store = MailStore::new(layout);
    store.create_user(&[ANN, "ann"], "secret").unwrap();
    ImapServer::start(store, options).unwrap()
}

fn message(text: &str) -> NewMessage {
    NewMessage::new(Content::bytes(format!("Subject: {text}\r\n\r\n{text}\r\n").into_bytes()))
}

#[test]
fn a_message_is_appended_and_fetched_byte_by_byte() {
    let server = server(Profile::Typical);
    let mut client = Client::signed_in(&server);
    client.send("a APPEND inbox (\\Seen $x) \" 7-Feb-2020 01:02:03 +0530\" {12}\r\n");
    assert!(client.line().starts_with('+'));
    client.send(b"a: b\r\n\r\n\0\xff\r\n\r\n");
    let stored = client.line();
    assert!(stored.starts_with("a OK [APPENDUID "), "{stored}");
    assert!(client.ask("EXAMINE INBOX").contains("* 1 EXISTS"));
    let answer = client.ask("UID FETCH 1:* (FLAGS INTERNALDATE RFC822.SIZE BODY.PEEK[]<6.3>)");
    assert!(
        answer.contains(r#"* 1 FETCH (UID 1 FLAGS (\Seen $x) INTERNALDATE " 7-Feb-2020 01:02:03 +0530""#),
        "{answer}"
    );
    assert!(answer.contains("RFC822.SIZE 12 BODY[]<6> {3}"), "{answer}");
}

#[test]
fn pipelined_commands_are_answered_in_order() {
    let server = server(Profile::Rich);
    let mut client = Client::signed_in(&server);
    let append = |tag: &str| format!("{tag} APPEND INBOX {{4+}}\r\nabcd {{3+}}\r\nxyz\r\n");
    client.send(append("a") + &append("b") + "c NOOP\r\n");
    let answers: Vec<String> = (0..3).map(|_| client.line()).collect();
    assert!(answers[0].starts_with("a OK [APPENDUID") && answers[0].contains(" 1:2]"), "{answers:?}");
    assert!(answers[1].contains(" 3:4]") && answers[2] == "c OK done", "{answers:?}");
}

#[test]
fn a_bare_server_takes_no_free_literals_and_announces_no_uids() {
    let server = server(Profile::Bare);
    let mut client = Client::signed_in(&server);
    client.send("a APPEND INBOX {4}\r\n");
    assert!(client.line().starts_with('+'));
    client.send("abcd\r\n");
    assert_eq!(client.line(), "a OK APPEND completed");
    client.send("b APPEND INBOX {4+}\r\n");
    assert!(client.line().starts_with("b BAD") && client.line().is_empty());
}

#[test]
fn what_could_change_the_mailbox_is_noted_and_reading_is_not() {
    let server = server(Profile::Typical);
    server.store().add(ANN, "INBOX", message("one")).unwrap();
    let mut client = Client::signed_in(&server);
    client.ask("EXAMINE INBOX");
    client.ask("FETCH 1 BODY[]");
    client.ask("LIST \"\" \"*\"");
    assert_eq!(server.store().changes_seen(ANN).unwrap(), [""; 0]);
    client.ask("SELECT INBOX");
    assert!(client.ask("FETCH 1 BODY[]").contains("FLAGS (\\Seen)"));
    assert_eq!(server.store().changes_seen(ANN).unwrap(), ["SELECT", "FETCH without PEEK"]);
    let inbox = server.store().snapshot(ANN).unwrap().folder("INBOX").unwrap().clone();
    assert!(inbox.messages[0].flags.contains("\\Seen"));
    let transcript = server.transcripts().remove(0);
    assert_eq!(transcript.commands, ["LOGIN", "EXAMINE", "FETCH", "LIST", "SELECT", "FETCH"]);
    assert_eq!(transcript.user, ANN);
}

#[test]
fn folders_are_listed_with_their_use_children_and_subscription() {
    let server = server(Profile::Rich);
    for folder in ["Entwürfe/2024", "Sent"] {
        server.store().create_folder(ANN, folder).unwrap();
    }
    server.store().set_special_use(ANN, "Sent", Some(crate::domain::SpecialUse::Sent)).unwrap();
    let mut client = Client::signed_in(&server);
    assert!(client.ask("SUBSCRIBE Sent").ends_with("OK done"));
    let answer = client.ask("LIST \"\" * RETURN (SPECIAL-USE SUBSCRIBED STATUS (MESSAGES))");
    assert!(answer.contains(r#"* LIST (\HasChildren) "/" "Entw&APw-rfe""#), "{answer}");
    assert!(answer.contains(r#"* LIST (\HasNoChildren \Sent \Subscribed) "/" "Sent""#), "{answer}");
    assert!(answer.contains("* STATUS \"Sent\" (MESSAGES 0)"), "{answer}");
    assert!(!client.ask("LIST \"\" %").contains("2024"));
    assert_eq!(client.ask("LSUB \"\" *").lines().count(), 2);
}

#[test]
fn a_session_learns_what_another_did() {
    let server = server(Profile::Typical);
    server.store().add_all(ANN, "INBOX", vec![message("one"), message("two"), message("three")]).unwrap();
    let mut client = Client::signed_in(&server);
    client.ask("SELECT INBOX");
    server.store().delete_message(ANN, "INBOX", 2).unwrap();
    server.store().add(ANN, "INBOX", message("four")).unwrap();
    assert!(client.ask("FETCH 3 UID").contains("* 3 FETCH (UID 3)"));
    assert_eq!(client.ask("NOOP"), "* 2 EXPUNGE\n* 3 EXISTS\n* 0 RECENT\nOK done");
    assert!(client.ask("UID SEARCH SUBJECT four").contains("* SEARCH 4\n"));
    client.ask("UID STORE 1 +FLAGS.SILENT (\\Deleted)");
    assert_eq!(client.ask("EXPUNGE"), "* 1 EXPUNGE\nOK done");
    server.store().change_uid_validity(ANN, "INBOX").unwrap();
    assert!(client.ask("UID FETCH 1:* FLAGS").starts_with("NO [NONEXISTENT]"));
}

#[test]
fn kerio_keeps_only_its_keywords_and_moves_what_is_deleted() {
    let server = start(Layout::KERIO, ImapOptions::kerio(Profile::Rich));
    let mut client = Client::signed_in(&server);
    assert!(client.ask("ID NIL").contains("Kerio Connect"));
    let listed = client.ask("LIST \"\" *");
    assert!(listed.contains(r#"(\Noselect) "/" "Public Folders""#) && listed.contains(r#"(\Sent) "/" "Sent Items""#));
    assert!(client.ask("SELECT inbox").contains("$NotJunk)] "));
    client.send("a APPEND INBOX ($Forwarded invoice) {4+}\r\nabcd\r\nb APPEND INBOX (\\Deleted) {4+}\r\nabcd\r\n");
    client.ask("NOOP");
    let snapshot = server.store().snapshot(ANN).unwrap();
    let flags = &snapshot.folder("INBOX").unwrap().messages[0].flags;
    assert_eq!(flags.iter().collect::<Vec<_>>(), ["$Forwarded"]);
    assert_eq!(snapshot.folder("INBOX").unwrap().messages.len(), 1);
    assert_eq!(snapshot.folder("Deleted Items").unwrap().messages.len(), 1);
}

#[test]
fn a_compressed_connection_says_the_same() {
    let server = server(Profile::Rich);
    server.store().add_generated(ANN, "INBOX", 20, 30_000, 1).unwrap();
    let mut client = Client::signed_in(&server);
    assert!(client.ask("COMPRESS DEFLATE").starts_with("OK"));
    let mut packer = flate2::Compress::new(flate2::Compression::fast(), false);
    let mut packed = Vec::with_capacity(1000);
    let commands = b"a SELECT INBOX\r\nb UID FETCH 1:* (BODY.PEEK[])\r\nc COMPRESS DEFLATE\r\nd LOGOUT\r\n";
    packer.compress_vec(commands, &mut packed, flate2::FlushCompress::Sync).unwrap();
    client.send(packed);
    let mut packed = Vec::new();
    client.reader.read_to_end(&mut packed).unwrap();
    let mut unpacker = flate2::write::DeflateDecoder::new(Vec::new());
    unpacker.write_all(&packed).unwrap();
    unpacker.flush().unwrap();
    let heard = std::mem::take(unpacker.get_mut());
    assert!(packed.len() < heard.len() * 9 / 10);
    let whole = server.store().content(ANN, "INBOX", 20).unwrap().to_vec();
    assert!(heard.windows(whole.len()).any(|window| window == whole));
    let end = String::from_utf8_lossy(&heard[heard.len() - 200..]).into_owned();
    assert!(end.contains("b OK done\r\nc NO [COMPRESSIONACTIVE]") && end.ends_with("d OK done\r\n"), "{end}");
}

#[test]
fn too_many_wrong_passwords_block_the_computer() {
    let options = ImapOptions { block_after_failures: Some(3), ..ImapOptions::new(Profile::Typical) };
    let server = start(Layout::SLASH, options);
    let mut client = Client::connect(&server);
    for _ in 0..3 {
        assert!(client.ask("LOGIN ann wrong").starts_with("NO [AUTHENTICATIONFAILED]"));
    }
    assert!(client.ask("LOGIN ann secret").starts_with("NO [UNAVAILABLE]"));
    server.unblock();
    assert!(client.ask("LOGIN ann secret").starts_with("OK"));
}

#[test]
fn nobody_signs_in_without_encryption_where_it_is_required() {
    let options = ImapOptions { encryption_required: true, ..ImapOptions::new(Profile::Typical) };
    let server = start(Layout::SLASH, options);
    let mut client = Client::connect(&server);
    let capabilities = client.ask("CAPABILITY");
    assert!(
        capabilities.contains("LOGINDISABLED") && capabilities.contains("STARTTLS") && !capabilities.contains("AUTH=")
    );
    assert!(client.ask("LOGIN ann secret").starts_with("NO [PRIVACYREQUIRED]"));
}

#[test]
fn master_authentication_opens_any_mailbox() {
    let mut options = ImapOptions::kerio(Profile::Typical);
    options.kerio = Some(KerioWays { master_password: Some("master".to_owned()), hides_name: true });
    let server = start(Layout::KERIO, options);
    let mut client = Client::connect(&server);
    client.send("a X-MASTERAUTH\r\n");
    let challenge = client.line();
    let challenge = challenge.strip_prefix("+ ").unwrap();
    use md5::Digest;
    let digest: String =
        md5::Md5::digest(format!("{challenge}master")).iter().map(|byte| format!("{byte:02x}")).collect();
    client.send(format!("{digest}\r\n"));
    assert_eq!(client.line(), "a OK X-MASTERAUTH completed");
    assert!(client.ask("X-SETUSER \"nobody\"").starts_with("NO"));
    assert!(client.ask("X-SETUSER ann").starts_with("OK"));
    assert!(client.ask("SELECT INBOX").contains("EXISTS"));
}
