//! Lines that are no accounts: a header with the columns' names, the pattern itself, and the header of Kerio Connect's own list.

use super::fields::{Field, Separator, split};
use crate::domain::printable;
use zeroize::Zeroizing;

/// What is said of Kerio Connect's own list, which has the mail address in another column.
pub(super) const KERIO_LIST: &str = "This is Kerio Connect's own list for importing users. This program needs the whole mail address in the first column and three columns: user@domain.com;password;Full Name.";

/// What the first column is called in the languages of most mail servers' exports.
const ADDRESS_WORDS: [&str; 44] = [
    "account",
    "address",
    "adres",
    "adresa",
    "adresse",
    "benutzer",
    "benutzername",
    "compte",
    "correo",
    "courriel",
    "cuenta",
    "e-mail",
    "e-mailadres",
    "e-mail-adresse",
    "email",
    "emailaddress",
    "email address",
    "e-mail address",
    "e-mail cím",
    "felhasználó",
    "felhasználónév",
    "gebruiker",
    "gebruikersnaam",
    "indirizzo",
    "konto",
    "login",
    "mail",
    "mailaddress",
    "mailbox",
    "mail address",
    "name",
    "používateľ",
    "uporabnik",
    "upn",
    "user",
    "user name",
    "username",
    "usuario",
    "utente",
    "utilisateur",
    "utilizador",
    "użytkownik",
    "uživatel",
    "userprincipalname",
];

/// What the second column is called.
const PASSWORD_WORDS: [&str; 19] = [
    "contraseña",
    "geslo",
    "hasło",
    "heslo",
    "jelszó",
    "kennwort",
    "kodeord",
    "lösenord",
    "lozinka",
    "mot de passe",
    "parola",
    "password",
    "passwort",
    "passord",
    "senha",
    "salasana",
    "wachtwoord",
    "пароль",
    "pass",
];

/// Whether these are the names of the columns. The address column must not hold an address, or a person whose password is
/// "password" would be left out.
pub(super) fn is_header(fields: &[Field<'_>]) -> bool {
    // The second column of a first line that is no header is a password.
    let word = |index: usize| {
        Zeroizing::new(fields.get(index).map_or_else(String::new, |field: &Field<'_>| field.text().to_lowercase()))
    };
    let address = word(0);
    !address.contains('@') && (ADDRESS_WORDS.contains(&address.as_str()) || PASSWORD_WORDS.contains(&word(1).as_str()))
}

/// How many columns a header names beyond the third (the name on the source, the address on the target), and what the user should know
/// of them.
pub(super) fn further_columns(fields: &[Field<'_>]) -> (usize, Option<String>) {
    let named = fields.iter().rposition(|field| !field.is_empty()).map_or(0, |last| last + 1);
    let name = |index: usize| printable(fields.get(index).map_or("", Field::text));
    match named {
        0..=3 => (0, None),
        4 => (1, Some(format!("The column '{}' is read as the name to sign in with on the source.", name(3)))),
        _ => {
            let note = format!(
                "The columns '{}' and '{}' are read as the name to sign in with on the source and the address on the target.",
                name(3),
                name(4)
            );
            (2, Some(note))
        }
    }
}

/// Whether this line is the pattern itself, written down as a header; in any file, whatever separates its fields.
pub(super) fn is_pattern(line: &str) -> bool {
    const PATTERN: [&str; 3] = ["user@domain.com", "password", "full name"];
    let start = line.trim_start_matches(['\u{feff}', ' ', '"']).get(..PATTERN[0].len());
    start.is_some_and(|start| start.eq_ignore_ascii_case(PATTERN[0]))
        && [Separator::Semicolon, Separator::Comma, Separator::Tab].into_iter().any(|separator| {
            split(line, separator).is_ok_and(|fields| {
                fields.len() >= 3
                    && fields.iter().zip(PATTERN).all(|(field, word)| field.text().eq_ignore_ascii_case(word))
            })
        })
}

/// Whether this is the header of the list that Kerio Connect itself imports users from:
/// `Name;Password;FullName;Description;MailAddress;Groups`.
pub(super) fn is_kerio_list(fields: &[Field<'_>]) -> bool {
    fields.len() > 3
        && ["name", "password", "mailaddress"]
            .iter()
            .all(|name| fields.iter().any(|field| field.text().eq_ignore_ascii_case(name)))
}
