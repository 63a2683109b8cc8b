//! Reading folders over one connection, against a server made of lines.

use super::super::scripted::scripted;
use super::*;
use crate::domain::MessageHead;

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
                   * 1 EXPUNGE\r\n* 1 FETCH (UID 5 FLAGS () RFC822.SIZE 9)\r\nK2 OK\r\n\
                   K3 NO no access\r\n* 1 FETCH (UID 5 FLAGS () RFC822.SIZE 9)\r\n* 2 FETCH (UID 6 FLAGS () RFC822.SIZE 9)\r\nK4 OK\r\n";
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
                   * 1 FETCH (UID 5 FLAGS () RFC822.SIZE 9)\r\nK3 OK\r\n";
    let mut reader = session(answers);
    reader.examine(b"a").unwrap();
    reader.heads(Uid(6), None, &mut |head| panic!("{head:?}")).unwrap();
}

#[test]
fn a_folder_without_uidvalidity_is_asked_about_by_status_and_after_that_one_by_one() {
    let answers = "* 1 EXISTS\r\nK1 OK\r\n* 1 FETCH (UID 5 FLAGS () RFC822.SIZE 9)\r\nK2 OK\r\n\
                   * 2 EXISTS\r\nK3 OK\r\n* 1 FETCH (UID 6 FLAGS () RFC822.SIZE 9)\r\nK4 OK\r\n\
                   * 1 EXISTS\r\nK5 OK\r\n* STATUS a (MESSAGES 1 UIDVALIDITY 7)\r\nK6 OK\r\n\
                   * 1 FETCH (UID 5 FLAGS () RFC822.SIZE 9)\r\nK7 OK\r\n\
                   * 2 EXISTS\r\nK8 OK\r\nK9 NO not now\r\n* 1 FETCH (UID 6 FLAGS () RFC822.SIZE 9)\r\nK10 OK\r\n";
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
    let mut reader = session("* 3 FETCH (UID 7 FLAGS () RFC822.SIZE 9)\r\nK1 OK\r\n");
    reader.messages = 3;
    let mut heads = Vec::new();
    reader.heads(Uid(8), None, &mut |head| heads.push(head.uid)).unwrap();
    assert_eq!(heads, []);
}

#[test]
fn there_is_an_inbox_however_it_is_listed() {
    for lines in
        ["* LIST (\\Noselect) \"/\" INBOX\r\n", "* LIST (\\NonExistent) \"/\" Inbox\r\n", "* LIST () \"/\" a\r\n"]
    {
        let folders = session(&format!("{lines}K1 OK\r\nK2 OK\r\n")).list().unwrap().folders;
        let inbox: Vec<&[u8]> = folders
            .iter()
            .filter(|folder| folder.selectable && folder.path.is_inbox())
            .map(|it| &it.wire_name[..])
            .collect();
        assert_eq!(inbox, [b"INBOX"], "{lines}");
    }
}

#[test]
fn mail_that_comes_or_goes_during_a_scan_hides_no_message_that_is_not_listed() {
    let heads = |uids: &[(u32, u32)]| {
        let head = |(number, uid): &(u32, u32)| {
            format!("* {number} FETCH (UID {uid} FLAGS () INTERNALDATE NIL RFC822.SIZE 9)\r\n")
        };
        uids.iter().map(head).collect::<String>()
    };
    let folder = |events: String| {
        let answers = format!(
            "* 3 EXISTS\r\n* OK [UIDVALIDITY 1] x\r\nK1 OK\r\n{events}K2 OK\r\n\
             * 0 EXISTS\r\n* OK [UIDVALIDITY 1] x\r\nK3 OK\r\nK4 OK\r\n"
        );
        let (heads, messages) = scanned_from(&answers);
        messages[0].unwrap().saturating_sub(heads.len() as u64)
    };
    // One message comes, and the second is not listed.
    assert_eq!(folder(format!("* 4 EXISTS\r\n{}", heads(&[(1, 1), (3, 3), (4, 4)]))), 1);
    assert_eq!(folder(format!("* 4 EXISTS\r\n{}", heads(&[(1, 1), (2, 2), (3, 3), (4, 4)]))), 0);
    assert_eq!(folder(format!("* 4 EXISTS\r\n{}", heads(&[(1, 1), (2, 2), (3, 3)]))), 0);
    // The third goes after it was listed, or before.
    assert_eq!(folder(format!("{}* 3 EXPUNGE\r\n", heads(&[(1, 1), (3, 3)]))), 1);
    assert_eq!(folder(format!("{}* 3 EXPUNGE\r\n", heads(&[(1, 1), (2, 2), (3, 3)]))), 0);
    assert_eq!(folder(format!("* 1 EXPUNGE\r\n{}", heads(&[(1, 2), (2, 3)]))), 0);
    assert_eq!(folder(format!("* 1 EXPUNGE\r\n{}", heads(&[(2, 3)]))), 1);
    // Numbers that make no sense accuse nobody.
    assert_eq!(folder(heads(&[(1, 1), (1, 2), (1, 3)])), 0);
}

#[test]
fn flags_that_the_server_leaves_out_are_asked_for_once_more_and_unknown_after_that() {
    let dated = "INTERNALDATE NIL RFC822.SIZE 9";
    let opened = |number: u32| format!("* 2 EXISTS\r\n* OK [UIDVALIDITY 1] x\r\nK{number} OK\r\n");
    let given = format!("* 1 FETCH (UID 5 FLAGS (x) {dated})\r\n");
    let left_out = format!("{given}* 2 FETCH (UID 6 {dated})\r\n");
    for (again, flags) in [("* 2 FETCH (UID 6 FLAGS (y))\r\n", Some("y")), ("", None)] {
        // Of two folders, the first lacks flags: they are read one after another.
        let answers = format!(
            "{}{left_out}K2 OK\r\n{}K4 OK\r\n{}{left_out}K6 OK\r\n{again}K7 OK\r\n{}{given}K9 OK\r\n",
            opened(1),
            opened(3),
            opened(5),
            opened(8)
        );
        let mut heads = BTreeMap::new();
        let mut head = |folder, head: MessageHead| drop(heads.insert((folder, head.uid.0), head));
        session(&answers).scan(&[b"a", b"b"], &|_| Uid(1), &mut head, &mut |_, status| _ = status.unwrap()).unwrap();
        assert_eq!(heads.keys().copied().collect::<Vec<_>>(), [(0, 5), (0, 6), (1, 5)]);
        let head = &heads[&(0, 6)];
        let is_unknown = head.unused.as_ref().is_some_and(|unused| unused.no_flags);
        assert_eq!((head.flags.join(" ").as_str(), is_unknown), (flags.unwrap_or_default(), flags.is_none()));
    }
}
