//! What spreadsheets, text programs and servers do to the fields of a list.

use super::*;

fn warned(text: &[u8]) -> (AccountsFile, Vec<String>) {
    let file = read(text);
    let said = file.warnings.iter().map(Warning::to_string).collect();
    (file, said)
}

#[test]
fn what_is_no_password_is_refused_by_line() {
    for password in [
        "{SSHA512}q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQ",
        "$6$Zz1yXx2w$qM8sGd9notarealhash",
        "********",
        "#NAME?",
        "1.23E+11",
        "“Winter-71”",
    ] {
        let (line, what) = refusal(&format!("ann@example.com;Winter-71;Ann\nbob@example.com;{password};Bob\n"));
        assert!(
            line == 2 && what.starts_with("bob@example.com has") && !what.contains(password.trim_matches('#'))
                || password == "#NAME?"
                || password == "1.23E+11",
            "{what}"
        );
    }
}

#[test]
fn what_is_no_password_creates_no_user_where_nobody_needs_one() {
    let file = super::super::read(b"ann@example.com;{SSHA}abcdefgh;Ann\nbob@example.com;****;Bob\n");
    assert!(file.accounts.len() == 2 && file.accounts.iter().all(|account| account.password.is_empty()));
    assert_eq!(file.warnings.len(), 2);
}

#[test]
fn a_spreadsheets_formula_is_undone_in_every_column() {
    let text = "ann@example.com;=\"00123\";Ann\nbob@example.com;\"=\"\"00456\"\"\";\"=\"\"Bob Novak\"\"\"\n=\"carl@example.com\";x;Carl\n";
    assert_eq!(accounts(text)[0].2, "00123");
    assert_eq!(accounts(text)[1], row(2, "bob@example.com", "00456", "Bob Novak"));
    assert_eq!(accounts(text)[2].1, "carl@example.com");
}

#[test]
fn what_looks_wrong_in_a_password_is_used_and_said_by_line() {
    let (file, said) = warned("a@example.com;Winter-71\u{a0};A\nb@example.com;Win\u{200b}ter;B\nc@example.com;\" Winter \";C\nd@example.com;it’s;D\ne@example.com;'00123;E\n".as_bytes());
    assert_eq!(rows(&file)[0].2, "Winter-71\u{a0}");
    assert_eq!(file.accounts.len(), 5);
    for (index, lines, word) in [
        (0, "lines 1, 2 ", "invisible character"),
        (1, "Line 3 ", "space"),
        (2, "Line 4 ", "typographic"),
        (3, "Line 5 ", "apostrophe"),
    ] {
        assert!(said[index].contains(lines) && said[index].contains(word), "{said:?}");
    }
}

#[test]
fn addresses_lose_what_nobody_sees_and_two_in_one_field_are_refused() {
    let file = read("mailto:ann@example.com;a;A\n\u{200b}bob@example.com;b;B\nSMTP:carl@example.com;c;C\neva@example.com,e.va@example.com;d;D\nf\u{202e}g@example.com;e;E\n".as_bytes());
    let addresses: Vec<String> = file.accounts.iter().map(|account| account.address.to_string()).collect();
    assert_eq!(addresses, ["ann@example.com", "bob@example.com", "carl@example.com"]);
    assert_eq!(file.bad_lines.iter().map(|bad| bad.line).collect::<Vec<_>>(), [4, 5]);
    let (_, said) = warned(b"ann@example.com,Tom&amp;Jerry\nbob@example.com,\"\"\"Winter\"\"\"\n");
    assert!(said[0].contains("lines 1, 2 has quotes around the password"), "{said:?}");
    let (_, what) = refusal("'ann@example.com';'Winter-71';'Ann'\n");
    assert!(what.contains("not plain ones"), "{what}");
    assert!(
        file.bad_lines[0].what().contains("two addresses") && file.bad_lines[1].what().contains("invisible character")
    );
}

#[test]
fn a_password_beyond_ascii_in_a_guessed_encoding_is_named_by_line() {
    let text = "ann@example.com;зима-71;Анна Петрова\r\nbob@example.com;leto82;Борис Иванов\r\n";
    let (file, said) = warned(&encoding_rs::WINDOWS_1251.encode(text).0);
    assert_eq!(rows(&file)[0], row(1, "ann@example.com", "зима-71", "Анна Петрова"));
    assert!(
        file.notes[0].to_string().contains("not UTF-8") && file.notes[0].to_string().contains("password"),
        "{:?}",
        file.notes
    );
    assert!(said.len() == 1 && said[0].starts_with("Line 1 has a password with letters beyond"), "{said:?}");
}

#[test]
fn a_file_that_ends_inside_a_line_is_said() {
    for cut in ["bob@example.com;Som", "bob@exam"] {
        let file =
            super::super::read(format!("ann@example.com;Winter-71;Ann\neva@example.com;x;Eva\n{cut}").as_bytes());
        assert!(file.accounts.len() == 2 && file.bad_lines[0].line == 3, "{:?}", file.bad_lines);
        assert!(file.bad_lines[0].what().contains("The file ends inside this line"));
    }
    let (file, said) = warned(b"ann@example.com;Winter-71\nbob@example.com;Som");
    assert!(file.accounts.len() == 2 && said[0].starts_with("Line 2 is the last one and has no line end"), "{said:?}");
    assert!(warned(b"ann@example.com;Winter-71;Ann\neva@example.com;x;Eva\nbob@example.com;Som\n").1.is_empty());
    assert!(warned(b"ann@example.com;Winter-71;Ann").1.is_empty());
}

#[test]
fn a_file_that_another_program_writes_is_said() {
    use std::io::Write;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("growing.csv");
    let mut file = std::fs::File::create(&path).unwrap();
    file.write_all(b"ann@example.com;Winter-71;Ann\nbob@exam").unwrap();
    let writer = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(150));
        file.write_all(b"ple.com;x;Bob\n").unwrap();
    });
    let read = load(&path).unwrap();
    writer.join().unwrap();
    assert!(read.notes.iter().any(|note| note.to_string().contains("may still be writing it")), "{:?}", read.notes);
    assert!(load(&path).unwrap().notes.is_empty());
}

#[test]
fn an_archive_or_a_page_is_named() {
    for (bytes, word) in
        [(&b"\x1f\x8b\x08\0"[..], "compressed"), (b"<html><table>", "web page"), (b"dn: uid=ann", "LDIF")]
    {
        let what = read(bytes).bad_lines[0].what();
        assert!(what.contains(word), "{what}");
    }
}
