//! Folders as servers list them.

use super::super::capabilities::Capabilities;
use super::super::scripted::scripted;
use super::namespaces::namespace_list;
use super::*;

/// The folders of a server that answers LIST and LSUB like this.
fn listed(list: &str, end: &str) -> Result<Listing, ImapError> {
    list_of(&format!("{list}{end}\r\nK2 OK\r\n"))
}

fn list_of(answers: &str) -> Result<Listing, ImapError> {
    let mut wire = scripted(answers.as_bytes()).unwrap();
    if answers.contains("NAMESPACE") {
        wire.capabilities = Capabilities::parse("NAMESPACE");
    }
    list(&mut wire, false).map(|(listing, _)| listing)
}

#[test]
fn the_prefix_of_the_namespace_listed_as_a_folder_is_none_of_the_users() {
    let answers = "* LIST () \".\" INBOX.\r\n* LIST () \".\" INBOX.a\r\nK1 OK\r\nK2 OK\r\n\
                   * NAMESPACE ((\"INBOX.\" \".\")) NIL NIL\r\nK3 OK\r\n";
    let folders = list_of(answers).unwrap().folders;
    assert_eq!(folders.iter().map(|folder| folder.path.parts().to_vec()).collect::<Vec<_>>(), [["a"]]);
}

#[test]
fn a_list_that_was_refused_is_no_mailbox_without_folders() {
    let one = "* LIST () \"/\" a\r\n";
    assert_eq!(listed(one, "K1 OK").unwrap().folders.len(), 1);
    assert!(matches!(listed(one, "K1 NO not now"), Err(ImapError::Refused { command: "LIST", .. })));
}

#[test]
fn more_folders_than_are_kept_are_an_error_and_not_left_out_in_silence() {
    let folders = |count| (0..count).map(|number| format!("* LIST () \"/\" {number}\r\n")).collect::<String>();
    assert_eq!(listed(&folders(MOST_FOLDERS), "K1 OK").unwrap().folders.len(), MOST_FOLDERS);
    assert!(matches!(listed(&folders(MOST_FOLDERS + 1), "K1 OK"), Err(ImapError::Protocol(_))));
}

#[test]
fn a_folder_listed_twice_is_one_and_an_answer_that_cannot_be_read_is_reported() {
    let answers =
        "* LIST () \"/\" a/\r\n* LIST () \"/\" a\r\n* LIST () \"/\" a\r\n* LIST () \"/\"\r\n* LIST nonsense\r\n";
    let listing = listed(answers, "K1 OK").unwrap();
    assert_eq!(listing.folders.len(), 1);
    let unnamed = LeftOut { folder: "(no name)".to_owned(), reason: LeftOutReason::Unnameable };
    assert_eq!(listing.left_out, [unnamed]);
}

fn parsed(line: &str) -> Listed {
    parse(&[Piece::Text(line.as_bytes().to_vec())], "LIST").unwrap()
}

#[test]
fn a_listed_folder_is_read_in_every_form() {
    let folder = parsed(r#"LIST (\HasNoChildren \Sent) "/" "Sent \"x\"""#);
    assert_eq!((folder.wire_name.as_slice(), folder.separator), (&br#"Sent "x""#[..], Some('/')));
    assert_eq!(special_use(&folder), Some(SpecialUse::Sent));
    assert_eq!(parsed(r"LIST () NIL NIL").wire_name, b"NIL");
    assert_eq!(parsed(r"LIST () NIL NIL").separator, None);
    let pieces = [Piece::Text(b"LIST () \".\" ".to_vec()), Piece::Literal(b"od\"d".to_vec()), Piece::Text(vec![])];
    assert_eq!(parse(&pieces, "LIST").unwrap().wire_name, b"od\"d");
    // Domino writes names with blanks, and some versions the separator, without quotes or escapes.
    let domino = parsed(r#"LIST () "\" Folder\Subfolder 1"#);
    assert_eq!((domino.wire_name.as_slice(), domino.separator), (&br"Folder\Subfolder 1"[..], Some('\\')));
    assert_eq!(parsed(r#"LIST () "\\" Folder"#).separator, Some('\\'));
}

#[test]
fn two_lines_that_give_one_name_are_reported_unless_they_are_alike() {
    let alike = "* LIST () \"/\" a\r\n* LIST (\\Marked) \"/\" a\r\n* LIST () \"/\" INBOX\r\n* LIST () \"/\" INBOX\r\n";
    assert_eq!(listed(alike, "K1 OK").unwrap().left_out, []);
    let unlike = listed("* LIST () \"/\" a\r\n* LIST () \"/\" \"a\"\r\n", "K1 OK").unwrap();
    assert_eq!((unlike.folders.len(), unlike.left_out[0].reason), (1, LeftOutReason::ListedTwice));
}

#[test]
fn names_that_decode_to_one_text_stay_two_folders() {
    let answers = "* LIST () \"/\" a\r\n* LIST () \"/\" &AGE-\r\n* LIST () \"/\" &AGI-\r\n";
    let folders = listed(answers, "K1 OK").unwrap().folders;
    let names: Vec<(&str, &[u8])> =
        folders.iter().map(|folder| (folder.path.name(), folder.wire_name.as_slice())).collect();
    assert_eq!(names, [("a", &b"a"[..]), ("&AGE-", b"&AGE-"), ("b", b"&AGI-")]);
}

#[test]
fn a_refused_extended_list_is_asked_for_plainly() {
    let answers = "K1 BAD what?\r\n* LIST () \"/\" a\r\nK2 OK\r\nK3 OK\r\n";
    let mut wire = scripted(answers.as_bytes()).unwrap();
    wire.capabilities = Capabilities::parse("LIST-EXTENDED SPECIAL-USE");
    assert_eq!(list(&mut wire, false).unwrap().0.folders.len(), 1);
}

#[test]
fn a_folder_that_no_command_can_name_is_named_as_left_out() {
    let (spaces, none) = (Namespaces::default(), BTreeSet::new());
    let long = format!("LIST () \"/\" \"{}\"", "x".repeat(LONGEST_NAME + 1));
    for line in ["LIST () \"/\" \"\"", &long] {
        assert_eq!(left_out(&parsed(line), &spaces, &none), Some(LeftOutReason::Unnameable));
    }
    assert_eq!(parsed(&long).wire_name.len(), LONGEST_NAME);
}

#[test]
fn what_belongs_to_others_is_recognised() {
    let pieces = [Piece::Text(br#"(("INBOX." ".")) (("user." ".")) (("shared." ".")("" "."))"#.to_vec())];
    let mut tokens = Tokens::new(&pieces);
    let spaces = Namespaces {
        personal: namespace_list(&mut tokens).remove(0).0,
        others: namespace_list(&mut tokens).into_iter().map(|(prefix, _)| prefix).collect(),
        shared: namespace_list(&mut tokens).into_iter().map(|(prefix, _)| prefix).collect(),
        separator: Some('.'),
        announced: true,
    };
    let none = BTreeSet::new();
    let reason = |name: &str| left_out(&parsed(&format!("LIST () \".\" {name}")), &spaces, &none);
    assert_eq!(reason("INBOX.Sent"), None);
    assert_eq!(reason("user.bob"), Some(LeftOutReason::OtherUser));
    assert_eq!(reason("shared"), Some(LeftOutReason::Shared));
    assert_eq!(reason("sharedness"), None);
    assert_eq!(reason("\"Public Folders\""), None);
    let news = parsed("LIST () \"/\" \"Public Folders/News\"");
    assert_eq!(left_out(&news, &Namespaces::default(), &none), Some(LeftOutReason::Shared));
    let listed_as_container = BTreeSet::from([b"Public Folders".to_vec()]);
    assert_eq!(left_out(&news, &spaces, &listed_as_container), Some(LeftOutReason::Shared));
}
