//! Reading folders over one connection, against a server made of lines.

use super::super::scripted::scripted;
use super::*;

/// A session with a server that says this and hangs up.
fn session(answers: &str) -> Reader {
    Reader::new(scripted(answers.as_bytes()).unwrap())
}

#[test]
fn a_status_belongs_to_the_folder_it_names_in_whatever_order_it_comes() {
    let answers = "* STATUS b (MESSAGES 2 UIDVALIDITY 9)\r\n* STATUS inbox (MESSAGES 1 UIDVALIDITY 9)\r\n\
                   K1 OK\r\nK2 OK\r\nK3 NO gone\r\n";
    let found = session(answers).statuses(&[b"INBOX", b"b", b"c"]).unwrap();
    let messages: Vec<_> = found.iter().map(|status| status.map(|status| status.messages)).collect();
    assert_eq!(messages, [Some(1), Some(2), None]);
}

/// What reading two folders gives: the heads, each with its folder, and how many messages the folders hold.
fn scanned_from(answers: &str) -> (Vec<(usize, u32)>, Vec<Option<u64>>) {
    let (mut heads, mut ends) = (Vec::new(), Vec::new());
    let mut head = |folder, head: MessageHead| heads.push((folder, head.uid.0));
    let mut end = |_, status: Result<FolderStatus, ImapError>| ends.push(status.ok().map(|status| status.messages));
    session(answers).scan(&[b"a", b"b"], &|_| Uid(1), &mut head, &mut end).unwrap();
    (heads, ends)
}

#[test]
fn heads_after_a_refusal_are_those_of_another_folder_and_a_deleted_message_is_not_missed() {
    let answers = "* 2 EXISTS\r\n* OK [UIDVALIDITY 1] x\r\nK1 OK\r\n\
                   * 1 EXPUNGE\r\n* 1 FETCH (UID 5 RFC822.SIZE 9)\r\nK2 OK\r\n\
                   K3 NO no access\r\n* 1 FETCH (UID 5 RFC822.SIZE 9)\r\n* 2 FETCH (UID 6 RFC822.SIZE 9)\r\nK4 OK\r\n";
    assert_eq!(scanned_from(answers), (vec![(0, 5)], vec![Some(1), None]));
}

#[test]
fn an_empty_folder_is_empty_whatever_the_server_says_of_its_messages() {
    for refusal in ["BAD", "NO"] {
        let answers = format!(
            "* 0 EXISTS\r\n* OK [UIDVALIDITY 1] x\r\nK1 OK\r\nK2 {refusal} invalid message set\r\n\
             * 1 EXISTS\r\n* OK [UIDVALIDITY 2] x\r\nK3 OK\r\nK4 {refusal} broken\r\n"
        );
        assert_eq!(scanned_from(&answers), (vec![], vec![Some(0), None]), "{refusal}");
    }
    // Beyond the last message there is nothing to read, either; all messages are asked for to know.
    let answers = "* 1 EXISTS\r\n* OK [UIDVALIDITY 1] x\r\nK1 OK\r\nK2 BAD nothing there\r\n\
                   * 1 FETCH (UID 5 RFC822.SIZE 9)\r\nK3 OK\r\n";
    let mut reader = session(answers);
    reader.examine(b"a").unwrap();
    reader.heads(Uid(6), None, &mut |head| panic!("{head:?}")).unwrap();
}

#[test]
fn a_folder_without_uidvalidity_is_asked_about_by_status_and_after_that_one_by_one() {
    let answers = "* 1 EXISTS\r\nK1 OK\r\n* 1 FETCH (UID 5 RFC822.SIZE 9)\r\nK2 OK\r\n\
                   * 2 EXISTS\r\nK3 OK\r\n* 1 FETCH (UID 6 RFC822.SIZE 9)\r\nK4 OK\r\n\
                   * 1 EXISTS\r\nK5 OK\r\n* STATUS a (MESSAGES 1 UIDVALIDITY 7)\r\nK6 OK\r\n\
                   * 1 FETCH (UID 5 RFC822.SIZE 9)\r\nK7 OK\r\n\
                   * 2 EXISTS\r\nK8 OK\r\nK9 NO not now\r\n* 1 FETCH (UID 6 RFC822.SIZE 9)\r\nK10 OK\r\n";
    let (mut heads, mut statuses) = (Vec::new(), Vec::new());
    let mut head = |folder, head: MessageHead| heads.push((folder, head.uid.0));
    let mut end = |_, status: Result<FolderStatus, ImapError>| statuses.push(status.unwrap());
    session(answers).scan(&[b"a", b"b"], &|_| Uid(1), &mut head, &mut end).unwrap();
    assert_eq!(heads, [(0, 5), (1, 6)]);
    assert_eq!((statuses[0].uid_validity, statuses[0].messages), (UidValidity(7), 1));
    assert!(statuses[0].has_uid_validity() && !statuses[1].has_uid_validity());
}

#[test]
fn the_last_message_of_a_folder_is_none_of_those_that_came_later() {
    let mut reader = session("* 3 FETCH (UID 7 RFC822.SIZE 9)\r\nK1 OK\r\n");
    reader.messages = 3;
    let mut heads = Vec::new();
    reader.heads(Uid(8), None, &mut |head| heads.push(head.uid)).unwrap();
    assert_eq!(heads, []);
}
