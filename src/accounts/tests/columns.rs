//! Columns in any order, and the confusions that must not happen.

use super::*;

/// Why a whole list is refused.
fn whole(text: &str) -> String {
    let file = read(text.as_bytes());
    assert!(file.accounts.is_empty() && file.bad_lines.len() == 1, "{:?} {:?}", file.accounts, file.bad_lines);
    file.bad_lines[0].what()
}

#[test]
fn what_is_not_used_is_named() {
    let file = read(b"Email;Password;Full Name;Quota;Department\nann@old.example;Winter-71;Ann Smith;1024;IT\n");
    assert_eq!(file.columns.summary(), "5 columns: Address, Password, Full name; not used: Quota, Department");
    assert_eq!(rows(&file), [row(2, "ann@old.example", "Winter-71", "Ann Smith")]);
    assert_eq!(file.accounts[0].source_login, None);
}

#[test]
fn an_alternate_address_is_never_the_target_nor_the_address() {
    for other in [
        "Alternate email",
        "Recovery Email",
        "E-Mail (privat)",
        "Private E-Mail",
        "Forward to",
        "Contact email",
        "New Primary Email",
        "Email 2",
        "Secondary e-mail",
    ] {
        let file = read(format!("{other};Email;Password\nann@private.example;ann@old.example;Winter-71\n").as_bytes());
        assert_eq!(rows(&file), [row(2, "ann@old.example", "Winter-71", "")], "{other}");
        assert_eq!(file.accounts[0].moves_to(), None, "{other}");
    }
}

#[test]
fn a_login_of_another_domain_may_be_the_address_and_is_refused() {
    let what = whole("Login;Heslo;E-mail\nann@old.example;Winter-71;ann@private.example\n");
    assert!(what.contains("'Login' and 'E-mail' could be the address"), "{what}");
    let file = read(b"Login;Heslo;E-mail\na.smith@old.example;Winter-71;ann@old.example\n");
    assert_eq!(
        (rows(&file)[0].1.as_str(), file.accounts[0].source_login.as_deref()),
        ("ann@old.example", Some("a.smith@old.example"))
    );
}

#[test]
fn two_columns_that_could_be_the_same_are_refused_and_named() {
    for (text, one, other) in [
        ("Email;Password;Kennwort\nann@old.example;a;b\n", "'Password'", "'Kennwort'"),
        ("Email;Password;Webmail password\nann@old.example;a;b\n", "'Password'", "'Webmail password'"),
        ("Email;E-Mail-Adresse;Password\nann@old.example;eva@old.example;b\n", "'Email'", "'E-Mail-Adresse'"),
        ("Email;Password;Target;New address\nann@old.example;a;b@x.example;c@x.example\n", "'Target'", "'New address'"),
        ("Email;Password;Login;Username\nann@old.example;a;ann1;ann2\n", "'Login'", "'Username'"),
    ] {
        let what = whole(text);
        assert!(what.contains(one) && what.contains(other) && what.contains("--columns"), "{what}");
    }
    // Columns that say the same leave nothing open, and neither does an empty one.
    assert_eq!(read(b"Email;Mail;Password\nann@old.example;ANN@old.example;b\n").accounts.len(), 1);
    assert_eq!(rows(&read(b"Email;Password;Kennwort\nann@old.example;a;\n")), [row(2, "ann@old.example", "a", "")]);
}

#[test]
fn a_password_of_another_kind_is_not_used() {
    let file = read(b"Email;New password;Password;Password hash\nann@old.example;N-1;Winter-71;{SSHA}x\n");
    assert_eq!(rows(&file), [row(2, "ann@old.example", "Winter-71", "")]);
    let what = whole("Email;Full Name;New password\nann@old.example;Ann;N-1\n");
    assert!(what.contains("no column with passwords") && what.contains("not used: New password"), "{what}");
    let what = whole("Email;Name;Mail program password\nann@old.example;Ann;N-1\n");
    assert!(what.contains("'Mail program password' could be the password"), "{what}");
}

#[test]
fn a_header_that_is_not_known_is_refused_as_one() {
    for text in [
        "Adressum;Signum\nann@old.example;Winter-71\n",
        "Our accounts\nann@old.example;Winter-71\n",
        "Email,Password\nann@old.example;Winter-71\n",
        "nobody;tops3cret;Nobody\nann@old.example;Winter-71;Ann\n",
        "\"E-mail\naddress\";Password\nann@old.example;Winter-71\n",
    ] {
        let what = whole(text);
        assert!(what.contains("should name the columns") && !what.contains("tops3cret"), "{what}");
    }
}

#[test]
fn a_title_above_the_header_is_not_read_and_said() {
    let file = read(b"Accounts of Old Company;;\n24 November 2026;;\nE-mail;Heslo;Jm\xc3\xa9no\nann@old.example;Winter-71;Ann Smith\n");
    assert_eq!(rows(&file), [row(4, "ann@old.example", "Winter-71", "Ann Smith")]);
    assert!(file.warnings[0].to_string().contains("lines 1, 2 is before the header"), "{:?}", file.warnings);
}

#[test]
fn names_in_place_of_passwords_are_refused_without_a_header() {
    for text in [
        "ann.smith@old.example;Ann Smith;Winter-71\n",
        "ann.smith@old.example;Ann Smith\nbob@old.example;Bob Novak\n",
        "ann.smith@old.example;Ann;Winter-71\n",
        "ann@old.example;ann;Winter-71\nbob@old.example;bob;Sommer-82\n",
        "ann@old.example;ann@old.example;Winter-71\n",
        "ann@old.example;Ann\nbob@old.example;Bob\n",
    ] {
        assert!(whole(text).contains("The second field"), "{text}");
    }
    let (_, what) = refusal("ann@old.example;a.smith;Winter-71\n");
    assert!(what.contains("something else in place of the password"), "{what}");
    // In a laboratory, everybody's password is the name.
    assert_eq!(read(b"ann@old.example;ann\nbob@old.example;bob\n").accounts.len(), 2);
    // Words that a person may well use as a password are one where a name follows.
    assert_eq!(rows(&read(b"ann@old.example;Correct Horse;Ann Smith\n"))[0].2, "Correct Horse");
}

#[test]
fn titles_that_are_the_wrong_way_round_are_refused_by_line() {
    let (line, what) = refusal("Email;Password;Name\nann@old.example;Ann Smith;Winter-71\n");
    assert!(line == 2 && what.contains("the password in place of the name"), "{what}");
    // A value of a column that is not used is a password all the same.
    let file = read(b"Email;Password;New password;Name\nann@old.example;a;Sommer;Sommer\n");
    assert_eq!(file.accounts[0].full_name, "");
}

#[test]
fn a_list_with_more_columns_and_no_header_says_so() {
    let text = "ann@old.example:{PLAIN}x:1000:1000::/home/ann::\nbob@old.example:{PLAIN}y:1001:1001::/home/bob::\n";
    let file = read(text.as_bytes());
    assert!(file.bad_lines[0].what().contains("If the list has more columns, name them"), "{:?}", file.bad_lines);
    assert_eq!(file.columns.columns.len(), 6);
    for text in ["", "# nobody\n"] {
        assert!(read(text.as_bytes()).columns.columns.is_empty());
    }
    let file = read(b"Email;Password;Name\n");
    assert!(file.bad_lines.is_empty() && file.columns.summary() == "3 columns: Address, Password, Full name");
}

#[test]
fn what_cannot_be_a_name_is_not_printed_as_one() {
    let file = read(b"a@old.example;Sommer1;Winter-71\nb@old.example;Herbst;10 GB\nc@old.example;Regen;250\nd@old.example;Wolke;Dora Weber\n");
    let names: Vec<&str> = file.accounts.iter().map(|account| account.full_name.as_str()).collect();
    assert_eq!(names, ["", "", "", "Dora Weber"]);
    let said: Vec<String> = file.warnings.iter().map(Warning::to_string).collect();
    assert!(
        said[0].contains("lines 2, 3 has a number") && said[1].starts_with("Line 1 has what looks like a password"),
        "{said:?}"
    );
}

#[test]
fn a_name_that_is_a_password_of_the_list_is_not_printed() {
    let file = read(b"Email;Name;Password\nann@old.example;Sommer;Winter\nbob@old.example;Bob Winter-71;Winter-71\ncarl@old.example;Carl;Sommer\ndora;Dora;Geheim\neva@old.example;Geheim;x\n");
    let names: Vec<&str> = file.accounts.iter().map(|account| account.full_name.as_str()).collect();
    assert_eq!(names, ["", "", "Carl", ""]);
    assert!(
        file.warnings[0].to_string().contains("lines 2, 3, 6 has a password of this file as the full name"),
        "{:?}",
        file.warnings
    );
}

#[test]
fn a_field_that_is_missing_moves_no_password() {
    let header = "email,first-name,last-name,password\n";
    let (line, what) =
        refusal(&format!("{header}ann@old.example,Ann,Smith,Winter-71\nbob@old.example,Bob,Sommer-82\n"));
    assert!(line == 3 && what.contains("has only three fields"), "{what}");
    let (line, what) = refusal("Email;Password;Name\nann@old.example;half;secret;Ann\n");
    assert!(line == 2 && what.contains("more than three fields"), "{what}");
    let (_, what) =
        refusal("Name;Email;Password;Alternate email\nAnn;ann@old.example;a;\neva@old.example;e;eva@private.example\n");
    assert!(what.contains("no usable mail address"), "{what}");
    let (_, what) = refusal("Name;Email;Password;Alternate email\nAnn;ann@old.example;a;\nEva;e;eva@private.example\n");
    assert!(what.contains("no usable mail address"), "{what}");
    let (_, what) = refusal("Email;Password;Name;Quota\nbob@old.example;b;Bob;5\nann@old.example;half;secret;Ann;\n");
    assert!(what.contains("more than four fields"), "{what}");
    let (_, what) = refusal("Email;Password;Quota;Name\nann@old.example;10;Ann Smith\n");
    assert!(what.contains("has only three fields"), "{what}");
    // The address and the password alone leave nothing open where they come first.
    let file = read(b"Email;Password;Name;Department\nann@old.example;Winter-71;Ann Smith;IT\nbob@old.example;x\n");
    assert_eq!(rows(&file), [row(2, "ann@old.example", "Winter-71", "Ann Smith"), row(3, "bob@old.example", "x", "")]);
}

#[test]
fn other_columns_in_the_middle_end_what_is_read() {
    let file = read(b"Email;Password;Name\nann@old.example;a;Ann\nEmail;Password;Name\nbob@old.example;b;Bob\nEmail;Name;Password\ncarl@old.example;Carl;c\n");
    assert_eq!(file.accounts.iter().map(|account| account.line).collect::<Vec<_>>(), [2, 4]);
    assert!(
        file.bad_lines[0].line == 5 && file.bad_lines[0].what().contains("one line after it"),
        "{:?}",
        file.bad_lines
    );
    assert!(file.warnings[0].to_string().starts_with("Line 3 repeats the header"), "{:?}", file.warnings);
    let file = read(b"ann@old.example;a;Ann\nEmail;Name;Password\nbob@old.example;Bob;b\n");
    assert_eq!((file.accounts.len(), file.bad_lines.len()), (1, 1));
}

#[test]
fn a_number_sign_begins_a_comment_only_where_an_account_could_not() {
    let file =
        read(b"# ours\nPassword;Email\n#1secret;ann@old.example\n# bob@old.example is gone\nx;eva@old.example\n");
    assert_eq!(rows(&file), [row(3, "ann@old.example", "#1secret", ""), row(5, "eva@old.example", "x", "")]);
    assert_eq!(read(b"Email;Password\n#ann@old.example;x\nbob@old.example;y\n").accounts.len(), 1);
}

#[test]
fn an_address_in_two_columns_is_put_together() {
    let file = read(b"Login;Domain;Password\nann;old.example;Winter-71\n;old.example;x\nbob;;y\n");
    assert_eq!(rows(&file), [row(2, "ann@old.example", "Winter-71", "")]);
    assert_eq!(file.bad_lines.len(), 2);
    assert!(
        whole("Login;Password\nann;Winter-71\nbob;Sommer-82\n").contains("'Login' does not hold whole mail addresses")
    );
}

#[test]
fn a_choice_of_the_columns_comes_before_the_header() {
    let chosen = |text: &str, layout: &str| {
        let mut file =
            read_as(text.as_bytes(), &Choice { layout: Some(Layout::parse(layout).unwrap()), ..Choice::default() });
        file.require_passwords();
        file
    };
    let file = chosen("Adressum;Nomen;Signum\nann@old.example;Ann Smith;Winter-71\n", "address,name,password");
    assert_eq!(rows(&file), [row(2, "ann@old.example", "Winter-71", "Ann Smith")]);
    let file = chosen("Email;Password;Kennwort\nann@old.example;a;b\n", "address,-,password");
    assert_eq!(rows(&file)[0].2, "b");
    assert_eq!(file.columns.summary(), "3 columns: Address, Password; not used: Password");
    let file = chosen("Ann Smith;ann@old.example;Winter-71\n", "name,address,password");
    assert_eq!(rows(&file), [row(1, "ann@old.example", "Winter-71", "Ann Smith")]);
    let file = chosen("Email;Quota;Password\nann@old.example;1;a\n", "address,-");
    assert!(file.bad_lines[0].what().contains("The list has 3 columns"), "{:?}", file.bad_lines);
    let file = chosen("ann@old.example;half;secret;Ann\n", "address,password,name");
    assert!(file.bad_lines[0].what().contains("more than three fields"));
}

#[test]
fn a_choice_is_remembered_for_its_header_only() {
    let text = b"Email;Password;Kennwort\nann@old.example;a;b\n";
    let key = read(text).columns.key.unwrap();
    let choice = Choice { layout: None, remembered: vec![(key.clone(), Layout::parse("address,-,password").unwrap())] };
    assert_eq!(read_as(text, &choice).accounts[0].password.reveal(), "b");
    assert!(!key.contains("Email") && read_as(b"Email;Password\nann@old.example;a\n", &choice).accounts.len() == 1);
}

#[test]
fn several_addresses_in_each_field_are_refused_line_by_line() {
    let text = "Name;Password;FullName;Description;MailAddress;Groups\nann;x;Ann;IT;ann@old.example,a@old.example;all\nbob;y;Bob;IT;bob@old.example,b@old.example;\n";
    let file = read(text.as_bytes());
    assert_eq!(file.bad_lines.iter().map(|bad| bad.line).collect::<Vec<_>>(), [2, 3]);
    assert!(file.bad_lines[0].what().contains("two addresses"), "{:?}", file.bad_lines);
}

#[test]
fn mail_that_goes_to_another_domain_is_said() {
    let file =
        read(b"Email;Password;Target\nann@old.example;a;ann@private.example\nbob@old.example;b;robert@old.example\n");
    assert!(
        file.notes
            .iter()
            .any(|note| note.to_string().contains("1 mailbox goes to an address in another domain: private.example")),
        "{:?}",
        file.notes
    );
}

#[test]
fn the_first_lines_show_no_password() {
    let shown = |text: &str| {
        let file = read(text.as_bytes());
        assert!(!format!("{file:?}").contains("Winter-71"), "{text}");
        file.preview
    };
    let preview = shown("Email;Password;Full Name\nann@old.example;Winter-71;Ann Smith\n");
    assert_eq!(
        preview,
        [(2, vec![Cell::Text("ann@old.example".into()), Cell::Hidden(9), Cell::Text("Ann Smith".into())])]
    );
    shown("ann@old.example;Ann Smith;Winter-71\n");
    shown("Adressum;Nomen;Signum\nann@old.example;Ann Smith;Winter-71\n");
    shown("nobody;Winter-71;Nobody\nann@old.example;x;Ann\n");
    shown("Email;New password\nann@old.example;Winter-71\n");
    shown("mail;Winter-71;Ann Smith\nann@old.example;x;Ann\n");
}

/// For random tables with a header in any order: each password arrives at its address, or its line is refused.
#[test]
fn whatever_the_order_each_password_arrives_at_its_address() {
    let mut random = fastrand::Rng::with_seed(20);
    let titles: [(&str, &[&str]); 7] = [
        ("address", &["Email", "E-Mail-Adresse", "Adresse", "correo electrónico", "PrimarySmtpAddress"]),
        ("password", &["Password", "Heslo", "Mot de passe", "Пароль"]),
        ("name", &["Full Name", "Jméno a příjmení", "DisplayName"]),
        ("other", &["Quota", "Department", "Alternate email", "Lizenz", "New password"]),
        ("other", &["Phone", "Password never expires", "Email addresses", "Street"]),
        ("login", &["Login", "Benutzername", "User"]),
        ("target", &["Target", "Zieladresse", "New address"]),
    ];
    for round in 0..4_000 {
        let mut columns: Vec<usize> = (0..2 + random.usize(..6)).collect();
        random.shuffle(&mut columns);
        let sign = [';', ',', '\t', '|'][random.usize(..4)];
        let mut text: Vec<String> =
            columns.iter().map(|&column| titles[column].1[random.usize(..titles[column].1.len())].to_owned()).collect();
        let mut lines = vec![text.join(&sign.to_string())];
        for person in 0..5 {
            text = columns.iter().map(|&column| field(titles[column].0, person, sign, &mut random)).collect();
            // Careless hands: a field is lost, or one too many.
            match random.usize(..20) {
                0 => drop(text.remove(random.usize(..text.len()))),
                1 => text.insert(random.usize(..=text.len()), "x y".to_owned()),
                _ => {}
            }
            lines.push(text.join(&sign.to_string()));
        }
        let text = lines.join("\n") + "\n";
        let file = read(text.as_bytes());
        for account in &file.accounts {
            let person = account.address.local().trim_start_matches("person");
            let right = format!("pw-{person}");
            assert!(account.password.reveal().starts_with(&right), "round {round}: {text}\n{:?}", file.columns);
            assert!(
                account.target().local() == account.address.local()
                    || account.target().local() == format!("new{person}"),
                "{text}"
            );
            assert!(!account.full_name.contains("pw-") && !account.full_name.contains('@'), "{text}");
            assert!(account.source_login.as_ref().is_none_or(|login| *login == format!("login{person}")), "{text}");
        }
        let whole = lines.iter().skip(1).filter(|line| line.matches(sign).count() + 1 == columns.len()).count();
        assert!(file.accounts.len() + file.bad_lines.len() >= whole.min(1), "{text}");
    }
}

fn field(kind: &str, person: usize, sign: char, random: &mut fastrand::Rng) -> String {
    let quoted = |text: String| if random_bool(&text) { format!("\"{text}\"") } else { text };
    match kind {
        "address" => quoted(format!("person{person}@old.example")),
        "password" if random.bool() => format!("\"pw-{person}{sign}half\""),
        "password" => format!("pw-{person}"),
        "name" => "Ann Smith".to_owned(),
        "login" => format!("login{person}"),
        "target" => format!("new{person}@old.example"),
        _ => ["10", "IT", "x@private.example", ""][random.usize(..4)].to_owned(),
    }
}

/// A coin that one text always throws alike.
fn random_bool(text: &str) -> bool {
    text.bytes().map(u32::from).sum::<u32>() % 2 == 0
}
