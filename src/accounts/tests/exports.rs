//! A list of each server and panel, made up after its public description. Nobody in them exists.

use super::*;

/// What is said of a list that holds no passwords, where everybody needs one.
fn no_passwords(text: &str, name: &str, instead: &str) {
    let file = read(text.as_bytes());
    assert_eq!(rows(&file), [], "{text}");
    let said = file.bad_lines[0].what();
    assert!(said.contains(name) && said.contains("holds no passwords") && said.contains(instead), "{said}");
    // A plain list of addresses is enough where nobody needs one.
    let file = super::super::read(text.as_bytes());
    assert!(
        !file.accounts.is_empty() && file.accounts.iter().all(|account| account.password.is_empty()),
        "{:?}",
        file.bad_lines
    );
    assert!(file.notes.iter().any(|note| note.to_string().contains(name)), "{:?}", file.notes);
}

/// The accounts of a list that is known by its header.
fn known(text: &str, name: &str) -> AccountsFile {
    let file = read(text.as_bytes());
    assert_eq!(file.bad_lines, [], "{text}");
    assert!(file.notes.iter().any(|note| note.to_string().contains(name)), "{:?}", file.notes);
    file
}

const ANN: (&str, &str, &str) = ("ann@old.example", "Winter-71", "Ann Smith");

fn is_ann(file: &AccountsFile) {
    let rows: Vec<_> = rows(file).into_iter().map(|(_, address, password, name)| (address, password, name)).collect();
    assert_eq!(rows, [(ANN.0.to_owned(), ANN.1.to_owned(), ANN.2.to_owned())], "{:?}", file.columns);
    assert_eq!(file.accounts[0].moves_to(), None);
}

#[test]
fn google_workspace() {
    let header = "First Name [Required],Last Name [Required],Email Address [Required],Password [Required],Password Hash Function [UPLOAD ONLY],Org Unit Path [Required],New Primary Email [UPLOAD ONLY],Recovery Email,Home Secondary Email,Work Secondary Email,Recovery Phone [MUST BE IN THE E.164 FORMAT],Change Password at Next Sign-In,New Status [UPLOAD ONLY]";
    let downloaded = format!("{header}\nAnn,Smith,ann@old.example,****,,/,,ann@private.example,,,,FALSE,\n");
    let file = read(downloaded.as_bytes());
    assert!(file.bad_lines[0].what().contains("placeholder"), "{:?}", file.bad_lines);
    assert!(
        file.notes
            .iter()
            .any(|note| note.to_string().contains("Google Workspace's list of users: it holds no passwords")
                && note.to_string().contains("tokens"))
    );
    let filled = format!("{header}\nAnn,Smith,ann@old.example,Winter-71,,/,,ann@private.example,,,,FALSE,\n");
    is_ann(&known(&filled, "Google Workspace"));
    no_passwords(
        "primaryEmail,name.givenName,name.familyName,suspended\nann@old.example,Ann,Smith,False\n",
        "GAM",
        "tokens",
    );
}

#[test]
fn microsoft_365() {
    no_passwords(
        "Block credential,City,Country,Department,DirSyncEnabled,Display name,Fax,First name,Last dirsync time,Last name,Last password change time stamp,Licenses,Mobile Phone,Oath token metadata,Object Id,Office,Password never expires,Phone number,Postal code,Preferred data location,Preferred language,Proxy addresses,Release track,Soft deletion time stamp,State,Street address,Strong password required,Title,Usage location,User principal name,When created\nFalse,,,IT,,Ann Smith,,Ann,,Smith,2024-01-05 08:00:00Z,Office 365 E3,,,0000-1,,True,,,,,SMTP:ann@old.example,,,,,True,,DE,ann@old.example,2019-01-01 00:00:00Z\n",
        "Microsoft 365",
        "tokens",
    );
    no_passwords(
        "userPrincipalName,displayName,surname,mail,givenName,id,userType,jobTitle,accountEnabled,alternateEmailAddress\nann@old.example,Ann Smith,Smith,ann@old.example,Ann,0000-1,Member,,True,ann@private.example\n",
        "Microsoft 365",
        "tokens",
    );
    let template = "Username,First name,Last name,Display name,Job title,Department,Office number,Office phone,Mobile phone,Fax,Alternate email address,Address,City,State or province,ZIP or postal code,Country or region\nann@old.example,Ann,Smith,Ann Smith,,IT,,,,,ann@private.example,1 High Street,,,,\n";
    no_passwords(template, "Microsoft 365", "tokens");
    let bulk = "version:v1.0,,,,\nName [displayName] Required,User name [userPrincipalName] Required,Initial password [passwordProfile] Required,Block sign in (Yes/No) [accountEnabled] Required,First name [givenName],Last name [surname]\nAnn Smith,ann@old.example,Winter-71,No,Ann,Smith\n";
    let file = read(bulk.as_bytes());
    is_ann(&file);
    assert!(file.warnings[0].to_string().starts_with("Line 1 is before the header"));
}

#[test]
fn exchange_and_active_directory() {
    no_passwords(
        "#TYPE Selected.Microsoft.Exchange.Data.Directory.Management.Mailbox\n\"DisplayName\",\"PrimarySmtpAddress\",\"Alias\",\"EmailAddresses\"\n\"Ann Smith\",\"ann@old.example\",\"asmith\",\"SMTP:ann@old.example smtp:a@old.example\"\n",
        "Exchange",
        "administrator",
    );
    let file = super::super::read(
        b"\"Name\",\"SamAccountName\",\"UserPrincipalName\",\"mail\"\n\"Ann Smith\",\"asmith\",\"asmith@corp.example\",\"ann@old.example\"\n",
    );
    let ann = &file.accounts[0];
    assert_eq!(
        (ann.address.to_string().as_str(), ann.source_login.as_deref()),
        ("ann@old.example", Some("asmith@corp.example"))
    );
    assert_eq!(ann.full_name, "Ann Smith");
}

#[test]
fn cpanel() {
    is_ann(&read(b"Email,Password,Quota,Name\nann@old.example,Winter-71,250,Ann Smith\n"));
    no_passwords(
        "\"email\",\"login\",\"domain\",\"user\",\"diskused\",\"diskquota\",\"humandiskquota\"\n\"ann@old.example\",\"ann@old.example\",\"old.example\",\"ann\",\"10\",\"250\",\"250 MB\"\n",
        "cPanel",
        "master user",
    );
    let (line, what) = refusal("Source,Target\nann@old.example,ann@private.example\n");
    assert!(line == 1 && what.contains("forwarded"), "{what}");
}

#[test]
fn plesk() {
    let view = "+-----------------+-------+-----------+\n|  address        | flags | password  |\n+-----------------+-------+-----------+\n| ann@old.example |       | Winter-71 |\n+-----------------+-------+-----------+\n";
    assert_eq!(rows(&known(view, "Plesk")), [row(4, "ann@old.example", "Winter-71", "")]);
    let query = "mail_name\tdom_name\tpassword\nann\told.example\tWinter-71\n";
    assert_eq!(rows(&known(query, "Plesk")), [row(2, "ann@old.example", "Winter-71", "")]);
}

#[test]
fn zimbra() {
    no_passwords(
        "zimbraMailDeliveryAddress,displayName,zimbraMailQuota,zimbraAccountStatus\nann@old.example,Ann Smith,0,active\n",
        "Zimbra",
        "administrator",
    );
    // The list of its assistant has the name before the password and no header.
    let (line, what) = refusal("ann@old.example,Ann Smith,Winter-71\nbob@old.example,Bob Novak,Sommer-82\n");
    assert!(line == 1 && what.contains("looks like a person's name"), "{what}");
}

#[test]
fn mailenable_icewarp_and_hmailserver() {
    let mailenable = "Postoffice,Mailbox,Password,Limit,RedirectStatus\nold.example,ann,Winter-71,-1,0\n";
    assert_eq!(rows(&known(mailenable, "MailEnable")), [row(2, "ann@old.example", "Winter-71", "")]);
    is_ann(&known(
        "U_Alias;U_Domain;U_Name;U_Password;U_MailboxPath\nann;old.example;Ann Smith;Winter-71;old.example\\ann\\\n",
        "IceWarp",
    ));
    assert_eq!(rows(&read(b"ann@old.example,Winter-71,Ann Smith,\n")), [row(1, ANN.0, ANN.1, ANN.2)]);
    let hmail = "accountid,accountaddress,accountpassword,accountpwencryption,accountpersonfirstname,accountpersonlastname,accountforwardaddress\n";
    is_ann(&known(&format!("{hmail}1,ann@old.example,Winter-71,0,Ann,Smith,ann@private.example\n"), "hMailServer"));
    let (_, what) = refusal(&format!("{hmail}1,ann@old.example,5f4dcc3b5aa765d61d8327deb882cf99,2,Ann,Smith,\n"));
    assert!(what.contains("hash of a password"), "{what}");
}

#[test]
fn zoho() {
    no_passwords(
        "First Name,Last Name,Display Name,Mailbox Address,Role,Storage,ZUID\nAnn,Smith,Ann Smith,ann@old.example,User,5 GB,1001\n",
        "Zoho",
        "application-specific",
    );
    is_ann(&read(
        b"First Name,Last Name,User Name,Password,Reset Password,Country\nAnn,Smith,ann@old.example,Winter-71,No,DE\n",
    ));
}

#[test]
fn imapsync() {
    let file = known(
        "# host1;user1;password1;host2;user2;password2;\nmail.old.example;ann@old.example;Winter-71;mail.new.example;ann@new.example;Sommer-82;\n",
        "imapsync",
    );
    assert_eq!(rows(&file), [row(2, "ann@old.example", "Winter-71", "")]);
    assert_eq!(file.accounts[0].target().to_string(), "ann@new.example");
    // The name on the source may be none that has a domain.
    let file = known(
        "host1,user1,password1,host2,user2,password2\n10.0.0.1,ann,Winter-71,10.0.0.2,ann@old.example,x,--ssl1\n",
        "imapsync",
    );
    assert_eq!(
        (rows(&file), file.accounts[0].source_login.as_deref()),
        (vec![row(2, "ann@old.example", "Winter-71", "")], Some("ann"))
    );
}

#[test]
fn spreadsheets_in_nine_languages() {
    for header in [
        "E-mail;Full name;Password",
        "E-Mail-Adresse;Anzeigename;Kennwort",
        "E-mailová adresa;Celé jméno;Heslo",
        "E-mailová adresa;Meno a priezvisko;Heslo",
        "Adresse électronique;Nom complet;Mot de passe",
        "Correo electrónico;Nombre y apellidos;Contraseña",
        "Indirizzo di posta;Nome e cognome;Password",
        "Adres e-mail;Imię i nazwisko;Hasło",
        "Электронная почта;ФИО;Пароль",
    ] {
        let text = format!("{header}\nann@old.example;Ann Smith;Winter-71\n");
        is_ann(&read(text.as_bytes()));
        let shouted = format!("{}\nann@old.example;Ann Smith;Winter-71\n", header.to_uppercase());
        is_ann(&read(shouted.as_bytes()));
    }
    for header in [
        "First name;Last name;Email;Password",
        "Vorname;Name;E-Mail;Passwort",
        "Jméno;Příjmení;E-mail;Heslo",
        "Meno;Priezvisko;E-mail;Heslo",
        "Prénom;Nom;Courriel;Mot de passe",
        "Nombre;Apellidos;Correo;Contraseña",
        "Nome;Cognome;Email;Password",
        "Imię;Nazwisko;E-mail;Hasło",
        "Имя;Фамилия;Почта;Пароль",
    ] {
        is_ann(&read(format!("{header}\nAnn;Smith;ann@old.example;Winter-71\n").as_bytes()));
    }
}
