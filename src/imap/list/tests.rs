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
        personal: namespace_list(&mut tokens),
        others: namespace_list(&mut tokens),
        shared: namespace_list(&mut tokens),
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

/// The names of a listing's folders that can be opened, and what was left out.
fn names_of(listing: &Listing) -> (Vec<String>, Vec<(&str, LeftOutReason)>) {
    let folders = listing.folders.iter().filter(|folder| folder.selectable);
    let left_out = listing.left_out.iter().map(|left_out| (left_out.folder.as_str(), left_out.reason));
    (folders.map(|folder| folder.path.to_string()).collect(), left_out.collect())
}

#[test]
fn of_two_lines_about_a_folder_the_one_that_says_it_can_be_opened_holds() {
    for attribute in ["\\Noselect", "\\NonExistent"] {
        let lines =
            [format!("* LIST ({attribute} \\Sent) \"/\" \"Foo\"\r\n"), "* LIST (\\Marked) \"/\" Foo\r\n".into()];
        for answers in [lines.concat(), [lines[1].as_str(), &lines[0]].concat()] {
            let listing = listed(&answers, "K1 OK").unwrap();
            assert_eq!(names_of(&listing), (vec!["Foo".to_owned()], vec![]), "{answers}");
        }
        let listing = listed(&lines.concat(), "K1 OK").unwrap();
        assert_eq!(listing.folders[0].special_use, Some(SpecialUse::Sent));
    }
}

#[test]
fn whatever_can_be_opened_is_taken_or_named() {
    let twin = listed("* LIST (\\Noselect) \"/\" Foo\r\n* LIST () \"/\" Foo/\r\n", "K1 OK").unwrap();
    assert_eq!((names_of(&twin), twin.folders.len()), ((vec!["Foo".to_owned()], vec![]), 1));
    assert_eq!(twin.folders[0].wire_name, b"Foo/");
    let slashes = listed("* LIST () \"/\" /\r\n* LIST () \"/\" //\r\n* LIST (\\Noselect) \"/\" ///\r\n", "K1 OK");
    let unnameable = vec![("/", LeftOutReason::Unnameable), ("//", LeftOutReason::Unnameable)];
    assert_eq!(names_of(&slashes.unwrap()), (vec![], unnameable));
    let answers = "* LIST () \"/\" Mail\r\n* LIST () \"/\" Mail/a\r\n* LIST () \"/\" INBOX/\r\nK1 OK\r\nK2 OK\r\n\
                   * NAMESPACE ((\"Mail\" \"/\")) NIL NIL\r\nK3 OK\r\n";
    assert_eq!(names_of(&list_of(answers).unwrap()), (vec!["Mail".to_owned(), "a".to_owned()], vec![]));
}

/// Whose folders with these names are, where the server announces this.
fn owners(namespaces: &str, separator: char, names: &[&str]) -> Vec<Option<LeftOutReason>> {
    let mut spaces = Namespaces::default();
    spaces.take(&[Piece::Text(format!("NAMESPACE {namespaces}").into_bytes())]);
    let line = |name: &&str| parsed(&format!("LIST () \"{separator}\" \"{name}\""));
    names.iter().map(|name| left_out(&line(name), &spaces, &BTreeSet::new())).collect()
}

#[test]
fn a_prefix_without_a_separator_is_no_beginning_of_a_word_and_the_longest_prefix_decides() {
    let (others, shared) = (Some(LeftOutReason::OtherUser), Some(LeftOutReason::Shared));
    let names = ["Publications", "Public", "Public/x", "Work"];
    assert_eq!(owners(r#"(("" "/")) NIL (("Public" "/"))"#, '/', &names), [None, shared, shared, None]);
    let names = ["#Publications", "#Public", "#Public.x"];
    assert_eq!(owners(r##"(("" ".")) NIL (("#Public" "."))"##, '.', &names), [None, shared, shared]);
    assert_eq!(owners(r#"(("" "/")) (("~" "/")) NIL"#, '/', &["~bob/x", "a~b"]), [others, None]);
    let names = ["user/ann", "user/ann/x", "user/bob", "user/bob/x", "user/annabel", "user"];
    let owned = owners(r#"(("user/ann/" "/")) (("user/" "/")) NIL"#, '/', &names);
    assert_eq!(owned, [None, None, others, others, others, others]);
    assert_eq!(owners(r#"(("INBOX." ".")) NIL (("INBOX." "."))"#, '.', &["INBOX.a", "INBOX"]), [None, None]);
}

#[test]
fn folders_of_a_further_namespace_and_below_a_folder_are_asked_for_if_they_are_not_listed() {
    let answers = "* LIST () \"/\" Work\r\nK1 OK\r\nK2 OK\r\n\
                   * NAMESPACE ((\"\" \"/\")(\"archive/\" \"/\")(\"#mhinbox\" NIL)) NIL NIL\r\nK3 OK\r\n\
                   * LIST () \"/\" archive/2019\r\nK4 OK\r\n";
    let both = vec!["Work".to_owned(), "archive/2019".to_owned()];
    assert_eq!(names_of(&list_of(answers).unwrap()), (both, vec![]));

    let below = "* LIST (\\HasChildren) \"/\" a\r\n* LIST (\\HasChildren) \"/\" b\r\n* LIST () \"/\" b/1\r\nK1 OK\r\nK2 OK\r\n\
                 * LIST (\\HasChildren) \"/\" a/1\r\nK3 OK\r\n* LIST () \"/\" a/1/x\r\nK4 OK\r\n";
    let names = ["a", "b", "b/1", "a/1", "a/1/x"].map(str::to_owned).to_vec();
    assert_eq!(names_of(&list_of(below).unwrap()), (names, vec![]));
    // It has none: that is believed when it was asked for.
    let none = "* LIST (\\HasChildren) \"/\" a\r\nK1 OK\r\nK2 OK\r\nK3 OK\r\n";
    assert_eq!(names_of(&list_of(none).unwrap()), (vec!["a".to_owned()], vec![]));
}

#[test]
fn a_list_that_the_server_calls_partial_is_no_list_of_every_folder() {
    let one = "* LIST () \"/\" a\r\n";
    let not_listed = vec![("backend 2 is down", LeftOutReason::NotListed)];
    for (line, end) in [
        ("* NO [UNAVAILABLE] backend 2 is down\r\n", "K1 OK"),
        ("* NO [SERVERBUG] backend 2 is down\r\n", "K1 OK"),
        ("", "K1 OK [UNAVAILABLE] backend 2 is down"),
    ] {
        let listing = listed(&format!("{one}{line}"), end).unwrap();
        assert_eq!(names_of(&listing), (vec!["a".to_owned()], not_listed.clone()), "{line}{end}");
    }
    let full = "* NO [ALERT] your mailbox is nearly full\r\n* NO odd\r\n* OK [UNAVAILABLE] still here\r\n";
    let elsewhere = format!("{one}{full}K1 OK\r\n* NO no LSUB\r\nK2 OK\r\n");
    assert_eq!(names_of(&list_of(&elsewhere).unwrap()).1, []);
}
