use super::*;

/// Reads as for a source where everybody needs a password.
fn read(bytes: &[u8]) -> AccountsFile {
    let mut file = super::read(bytes);
    file.require_passwords();
    file
}

fn accounts(text: &str) -> Vec<(u32, String, String, String)> {
    let file = read(text.as_bytes());
    assert_eq!(file.bad_lines, [], "{text}");
    rows(&file)
}

fn rows(file: &AccountsFile) -> Vec<(u32, String, String, String)> {
    let row = |account: &Account| {
        let password = account.password.reveal().to_owned();
        (account.line, account.address.to_string(), password, account.full_name.clone())
    };
    file.accounts.iter().map(row).collect()
}

fn row(line: u32, address: &str, password: &str, name: &str) -> (u32, String, String, String) {
    (line, address.to_owned(), password.to_owned(), name.to_owned())
}

/// What is said of the only bad line of a text whose other lines are good.
fn refusal(text: &str) -> (u32, String) {
    let file = read(text.as_bytes());
    assert_eq!(file.bad_lines.len(), 1, "{:?}", file.bad_lines);
    (file.bad_lines[0].line, file.bad_lines[0].what())
}

#[test]
fn the_pattern_is_read_with_everything_that_real_files_have_around_it() {
    let text = "\u{feff}E-Mail;Passwort;Name\r\n# a comment\r\r\n  Ann@EXAMPLE.com ; secret ; Ann Smith \nbob@example.com;pw\rcarl@bücher.example;x;;;\n;;\n";
    assert_eq!(
        accounts(text),
        [
            row(4, "Ann@example.com", "secret", "Ann Smith"),
            row(5, "bob@example.com", "pw", ""),
            row(6, "carl@xn--bcher-kva.example", "x", "")
        ]
    );
}

#[test]
fn a_password_keeps_every_character() {
    let text = concat!(
        "a@example.com;\"  two;spaces  \";A\n",
        "b@example.com;\"say \"\"hi\"\"\";B\n",
        "c@example.com;p\"q\\r'#,ü€\u{a0};C\n",
        "d@example.com;\"   \";D\n",
        "e@example.com; #1 ;E\n",
    );
    let passwords: Vec<String> = accounts(text).into_iter().map(|row| row.2).collect();
    assert_eq!(passwords, ["  two;spaces  ", "say \"hi\"", "p\"q\\r'#,ü€\u{a0}", "   ", "#1"]);
}

#[test]
fn the_sample_holds_only_good_lines() {
    let names: Vec<String> = accounts(SAMPLE).into_iter().map(|row| row.3).collect();
    assert_eq!(names, ["Ann Smith", "", "Carla Müller"]);
}

#[test]
fn every_encoding_gives_the_same_accounts() {
    let text = "ann@example.com;pässwörd;Žofie Müller\r\n";
    let utf16 = |mark: &[u8], bytes: fn(u16) -> [u8; 2]| {
        [mark.to_vec(), text.encode_utf16().flat_map(bytes).collect()].concat()
    };
    let expected = [row(1, "ann@example.com", "pässwörd", "Žofie Müller")];
    for bytes in [
        text.as_bytes().to_vec(),
        ["\u{feff}", text].concat().into_bytes(),
        utf16(b"\xff\xfe", u16::to_le_bytes),
        utf16(b"\xfe\xff", u16::to_be_bytes),
        utf16(b"", u16::to_le_bytes),
        encoding_rs::WINDOWS_1250.encode(text).0.into_owned(),
    ] {
        let file = read(&bytes);
        assert_eq!(rows(&file), expected);
        assert_eq!(file.notes.is_empty(), file.encoding.note().is_none());
    }
}

#[test]
fn an_old_encoding_is_said() {
    let file = read(&encoding_rs::WINDOWS_1250.encode("ann@example.com;x;Jiří Dvořák").0);
    assert!(file.notes[0].to_string().contains("Windows-1250"), "{:?}", file.notes);
}

#[test]
fn a_bad_line_is_named_by_its_number_and_never_stops_the_good_ones() {
    let file = read(b"ann@example.com;a\n\nnobody;b\nbob@example.com;\ncarl@example.com;c\n");
    assert_eq!(file.accounts.iter().map(|account| account.line).collect::<Vec<_>>(), [1, 5]);
    assert_eq!(file.bad_lines.iter().map(|bad| bad.line).collect::<Vec<_>>(), [3, 4]);
    assert!(file.bad_lines[1].what().starts_with("bob@example.com has no password."));
}

#[test]
fn a_quote_that_is_not_closed_takes_no_line_after_it() {
    let file =
        read(b"a@example.com;\"open;A\nb@example.com;b;B\nc@example.com;c;\"over\ntwo lines\"\nd@example.com;d\n");
    assert_eq!(file.accounts.iter().map(|account| account.line).collect::<Vec<_>>(), [2, 5]);
    assert_eq!(file.bad_lines.iter().map(|bad| bad.line).collect::<Vec<_>>(), [1, 3, 4]);
    assert!(file.bad_lines[0].what().contains("not closed on this line"));
}

#[test]
fn the_same_address_a_second_time_names_the_first_line() {
    let (line, what) = refusal("ann@example.com;a\nANN@Example.COM;b\n");
    assert_eq!((line, what.as_str()), (2, "ANN@example.com is on line 1 already; that line is used."));
}

#[test]
fn no_message_holds_anything_of_a_line_but_its_address() {
    let lines = [
        "tops3cret;ann@example.com;Ann",
        "ann@example.com;tops3cret;Ann;more",
        "ann@example.com;\"tops3cret",
        "ann@example.com;\"tops3cret\"x;Ann",
        "ann@example.com,tops3cret",
        "ann@example.com tops3cret",
        "tops3cret",
        "ann@tops3cret tops3cret;x",
        "ann@example.com;tops3cret\0;Ann",
        "ann@example.com;tops3cret\u{fffd};Ann",
    ];
    for line in lines {
        let (_, what) = refusal(&format!("good@example.com;fine\n{line}\n"));
        assert!(!what.contains("tops3cret"), "{what}");
    }
}

#[test]
fn no_message_is_turned_round_by_an_address() {
    let (_, what) = refusal("a\u{202e}nn@example.com;half;secret;Ann\n");
    assert!(what.starts_with("a\u{fffd}nn@example.com has more than three fields."), "{what}");
}

#[test]
fn a_name_or_login_of_the_file_breaks_no_line_and_moves_no_cursor() {
    let file = read(b"Email;Password;Name;Login\nann@example.com;\tx;Ann\x0b\x1b[2JSmith;ann\x0csmith\n");
    let [ann] = file.accounts.as_slice() else { panic!("{:?}", file.bad_lines) };
    assert_eq!((ann.full_name.as_str(), ann.source_login.as_deref()), ("Ann  [2JSmith", Some("ann smith")));
}

#[test]
fn a_password_that_looks_like_a_header_is_a_password() {
    assert_eq!(accounts("name@example.com;password;Name"), [row(1, "name@example.com", "password", "Name")]);
}

#[test]
fn the_pattern_itself_and_a_header_are_no_accounts() {
    assert_eq!(accounts("user@domain.com;password;Full Name\nuživatel@example.com;x").len(), 1);
    assert_eq!(read(b"user@domain.com;password;Full Name\nuser@example.com,x").accounts.len(), 1);
    assert_eq!(accounts("Uživatel;Heslo;Jméno\na@example.com;x").len(), 1);
    assert_eq!(accounts("Adresse de messagerie;Mot de passe;Nom\na@example.com;x").len(), 1);
    assert_eq!(accounts("sep=;\nLogin;Pass\na@example.com;x").len(), 1);
}

#[test]
fn kerios_own_list_is_named_and_read_where_it_has_whole_addresses() {
    let header = "Name;Password;FullName;Description;MailAddress;Groups\n";
    let file = read(format!("{header}ann;x;Ann;IT;ann@example.com;\n").as_bytes());
    assert_eq!(rows(&file), [row(2, "ann@example.com", "x", "Ann")]);
    assert!(file.notes[0].to_string().contains("Line 1 is the header of Kerio Connect's own list"), "{:?}", file.notes);
    assert_eq!(file.accounts[0].source_login, None);
    let (line, what) = refusal(&format!("{header}ann;x;Ann;IT;ann,asmith;all\n"));
    assert!(line == 1 && what.contains("Kerio Connect's own list") && what.contains("user@domain.com"), "{what}");
}

#[test]
fn commas_and_tabs_are_accepted_when_they_are_the_only_separators_and_said() {
    let file = read(b"Address,Password\nann@example.com,\"a,b\",Ann\n");
    assert_eq!(rows(&file), [row(2, "ann@example.com", "a,b", "Ann")]);
    assert!(file.notes[0].to_string().contains("commas"));
    let file = read(b"ann@example.com\ta;b\tAnn\n");
    assert_eq!(rows(&file), [row(1, "ann@example.com", "a;b", "Ann")]);
    let (line, what) = refusal("ann@example.com;x\nbob@example.com,y,Bob\n");
    assert_eq!(line, 2);
    assert!(what.contains("not separated by a semicolon"), "{what}");
}

#[test]
fn a_password_with_a_separator_outside_quotes_is_refused_rather_than_cut() {
    let (_, what) = refusal("ann@example.com;half;secret;Ann\n");
    assert!(what.contains("more than three fields"), "{what}");
}

#[test]
fn an_account_without_a_password_is_one_where_none_is_needed() {
    let file = super::read(b"ann@example.com\nbob@example.com;\ncarl@example.com;;Carl\nnobody\n");
    let addresses: Vec<String> = file.accounts.iter().map(|account| account.address.to_string()).collect();
    assert_eq!(addresses, ["ann@example.com", "bob@example.com", "carl@example.com"]);
    assert!(file.accounts.iter().all(|account| account.password.is_empty()));
    assert_eq!(file.bad_lines.iter().map(|bad| bad.line).collect::<Vec<_>>(), [4]);
    let file = read(b"ann@example.com\nbob@example.com;\ncarl@example.com;x\nnobody\n");
    assert_eq!(file.bad_lines.iter().map(|bad| bad.line).collect::<Vec<_>>(), [1, 2, 4]);
    assert!(file.bad_lines[0].what().starts_with("ann@example.com has no password."));
}

#[test]
fn more_accounts_without_a_password_than_are_named_are_counted() {
    let text: String = (0..BAD_LINES_KEPT + 5).map(|number| format!("user{number}@example.com\n")).collect();
    let file = read(text.as_bytes());
    assert_eq!((file.accounts.len(), file.bad_lines.len()), (0, BAD_LINES_KEPT + 1));
    assert!(file.bad_lines[BAD_LINES_KEPT].what().contains("and 4 after it"));
}

#[test]
fn a_header_with_more_columns_names_the_login_on_the_source_and_the_address_on_the_target() {
    let text = "Email;Password;Name;Old login;New address\nann@old.example;a;Ann;ANN1;ann@new.example\nbob@old.example;b;Bob;;\n";
    let file = read(text.as_bytes());
    assert_eq!(file.bad_lines, []);
    let [ann, bob] = file.accounts.as_slice() else { panic!("{:?}", file.accounts) };
    assert_eq!((ann.source_login.as_deref(), ann.target().to_string()), (Some("ANN1"), "ann@new.example".to_owned()));
    assert_eq!((bob.source_login.as_deref(), bob.moves_to()), (None, None));
    assert_eq!(file.columns.summary(), "5 columns: Address, Password, Full name, Sign-in name, Target address");
    assert_eq!(file.columns.name(3), "Old login");
    assert!(
        file.notes[0].to_string().contains("1 mailbox goes to an address in another domain: new.example"),
        "{:?}",
        file.notes
    );
    let file = read(b"user@domain.com;password;Full Name;login\nann@old.example;a;Ann;ANN1\n");
    assert_eq!(file.accounts[0].source_login.as_deref(), Some("ANN1"));
}

#[test]
fn without_such_a_header_a_fourth_field_stays_a_mistake() {
    for header in ["", "Email;Password;Name\n", "Email;Password;Name;;\n"] {
        let (_, what) = refusal(&format!("{header}ann@example.com;half;secret;Ann\n"));
        assert!(what.contains("more than three fields"), "{what}");
    }
    let (_, what) = refusal("Email;Password;Name;Login\nann@example.com;half;secret;Ann;Ann\n");
    assert!(what.contains("more than four fields"), "{what}");
}

#[test]
fn two_people_never_share_a_mailbox_on_the_target() {
    let header = "Email;Password;Name;Login;Target\n";
    let (line, what) = refusal(&format!("{header}ann@example.com;a;;;\nbob@example.com;b;;;ANN@example.com\n"));
    assert_eq!((line, what.contains("as that of line 2")), (3, true), "{what}");
    let (_, what) = refusal(&format!("{header}ann@example.com;a;;;tops3cret\n"));
    assert!(what.contains("target address that cannot be used") && !what.contains("tops3cret"), "{what}");
}

#[test]
fn a_document_or_an_endless_line_is_named_and_not_read() {
    assert!(read(b"PK\x03\x04....").bad_lines[0].what().contains("Save it as CSV"));
    let file = read(&[b"ann@example.com;".as_slice(), &vec![b'x'; 1_000_000], b"\nbob@example.com;x"].concat());
    assert_eq!((file.accounts.len(), file.bad_lines.len()), (1, 1));
}

#[test]
fn bad_lines_beyond_counting_are_summed_up() {
    let file = read("nonsense\n".repeat(BAD_LINES_KEPT + 5).as_bytes());
    assert_eq!(file.bad_lines.len(), BAD_LINES_KEPT + 1);
    assert!(file.bad_lines[BAD_LINES_KEPT].what().contains("and 4 after it"));
}

#[test]
fn a_file_that_is_missing_or_too_large_is_an_error_with_its_name() {
    let folder = tempfile::tempdir().unwrap();
    let error = load(&folder.path().join("gone.csv")).unwrap_err();
    assert!(error.to_string().contains("gone.csv"));
    let error = read_from(std::io::repeat(b'x'), "standard input", &Choice::default()).unwrap_err();
    assert!(matches!(error, AccountsError::TooLarge { .. }), "{error}");
    assert!(error.problem().to_string().contains("standard input"));
}

#[test]
fn random_bytes_never_panic() {
    let mut random = fastrand::Rng::with_seed(7);
    let pieces: [&[u8]; 16] = [
        b"ann@example.com",
        b";",
        b"\"",
        b"\"\"",
        b"\r",
        b"\n",
        b"\0",
        b"#",
        b"\xff\xfe",
        b"\xe8",
        b",",
        b"\t",
        b" ",
        b"sep=,",
        "ž".as_bytes(),
        b"@",
    ];
    for _ in 0..20_000 {
        let mut bytes = Vec::new();
        for _ in 0..random.usize(..24) {
            if random.bool() {
                bytes.extend_from_slice(pieces[random.usize(..pieces.len())]);
            } else {
                bytes.push(random.u8(..));
            }
        }
        let file = read(&bytes);
        assert!(file.accounts.iter().all(|account| !account.password.is_empty()));
    }
}

#[test]
fn ten_times_the_lines_take_ten_times_as_long() {
    let lines = |count: u32| -> String {
        (0..count).map(|n| format!("user{n}@example.com;\"pass;{n}\";Žofie Müller {n}\r\n")).collect()
    };
    let time = |text: &str| {
        let started = std::time::Instant::now();
        let file = read(text.as_bytes());
        (file.accounts.len(), started.elapsed())
    };
    let (small, large) = (lines(2_000), lines(20_000));
    let (_, short) = time(&small);
    let (count, long) = time(&large);
    assert_eq!(count, 20_000);
    // Far from the hundred times that anything quadratic would take.
    assert!(long < short * 40 + std::time::Duration::from_secs(1), "{short:?}, {long:?}");
}

mod columns;
mod damage;
mod exports;
