//! What the titles of columns mean: the form in which they are compared with the table ([`super::titles`]).
//!
//! A title counts only if the whole of it is in the table, so that "Alternate email", "Email quota" and "New password" are never taken for
//! what a part of them says. A title that is not in the table means nothing, and is named.

use super::fold::fold;
use super::titles::{TITLES, Word};
use std::collections::HashMap;
use std::sync::OnceLock;

/// Tags that some exports put behind a title.
const TAGS: [&str; 11] = [
    "required",
    "optional",
    "upload only",
    "read only",
    "recommended",
    "mandatory",
    "old server",
    "on the old server",
    "source server",
    "on the source",
    "on the source server",
];

/// What a title says; none if it is not known.
pub(super) fn word(title: &str) -> Option<Word> {
    static WORDS: OnceLock<HashMap<String, Word>> = OnceLock::new();
    let words = WORDS.get_or_init(|| {
        let titles = TITLES.iter().flat_map(|(word, languages)| languages.iter().map(move |it| (*word, it.1)));
        titles.flat_map(|(word, titles)| titles.split('|').map(move |title| (fold(title), word))).collect()
    });
    words.get(&normal_form(title)).copied()
}

/// A title in the form in which titles are compared: folded, without tags; of `Title [property]`, the property where it is known.
pub(super) fn normal_form(title: &str) -> String {
    let mut title = title.trim();
    while let Some(shorter) = title.strip_suffix(['*', ':']) {
        title = shorter.trim_end();
    }
    let whole = fold(title);
    let tags = TAGS.iter().filter_map(|tag| whole.strip_suffix(tag)?.strip_suffix(' '));
    let whole = tags.min_by_key(|title| title.len()).unwrap_or(&whole).to_owned();
    let property = title.split_once('[').and_then(|(_, rest)| Some(fold(rest.split_once(']')?.0)));
    match property {
        Some(property) if is_property(&property) => property,
        _ => whole,
    }
}

/// The properties that Microsoft's templates put in brackets behind a title.
fn is_property(property: &str) -> bool {
    ["user principal name", "display name", "given name", "surname", "password profile"].contains(&property)
}

/// Whether a title that is not in the table speaks of a password that could be the one to sign in with. "New password", "Password hash"
/// and "Password never expires" could not.
pub(super) fn could_be_password(title: &str) -> bool {
    word(title).is_none()
        && speaks_of_password(title, &PASSWORDS)
        && !normal_form(title).split(' ').any(|part| OTHER.contains(&part))
}

/// Whether a title speaks of a password in any way, so that its column is never shown.
pub(super) fn is_about_password(title: &str) -> bool {
    word(title) == Some(Word::Password) || speaks_of_password(title, &PASSWORDS)
}

/// A long stem begins a word, a short one is the whole word, or a passport would hold passwords.
fn speaks_of_password(title: &str, stems: &[&str]) -> bool {
    let speaks = |part: &str, stem: &str| part == stem || (stem.len() >= 6 && part.starts_with(stem));
    normal_form(title).split(' ').any(|part| stems.iter().any(|stem| speaks(part, stem)))
}

/// How words for a password begin, folded.
const PASSWORDS: [&str; 19] = [
    "passwor",
    "passwd",
    "passphrase",
    "kennwor",
    "contrasen",
    "парол",
    "jelszo",
    "wachtwoord",
    "heslo",
    "hesla",
    "heslem",
    "haslo",
    "hasla",
    "passe",
    "pass",
    "pwd",
    "mdp",
    "senha",
    "clave",
];

/// Words beside "password" in titles of columns that hold none, or another than the source's; folded.
const OTHER: [&str; 62] = [
    "new",
    "hash",
    "hashed",
    "hashes",
    "function",
    "change",
    "changed",
    "last",
    "expires",
    "expiry",
    "expiration",
    "expired",
    "never",
    "required",
    "must",
    "policy",
    "policies",
    "strength",
    "strong",
    "type",
    "date",
    "time",
    "age",
    "reset",
    "question",
    "hint",
    "encryption",
    "encrypted",
    "scheme",
    "salt",
    "target",
    "destination",
    "set",
    "next",
    "stamp",
    "force",
    "enabled",
    "neues",
    "neu",
    "geandert",
    "nove",
    "nouveau",
    "nueva",
    "nuevo",
    "nuova",
    "nuovo",
    "nowe",
    "новыи",
    "history",
    "length",
    "password2",
    "algorithm",
    "format",
    "status",
    "state",
    "ablauf",
    "lauft",
    "zmena",
    "zmeneno",
    "update",
    "updated",
    "created",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_title_means_two_things() {
        let mut seen: HashMap<String, Word> = HashMap::new();
        for (word, languages) in TITLES {
            for title in languages.iter().flat_map(|it| it.1.split('|')) {
                let known = *seen.entry(fold(title)).or_insert(word);
                assert_eq!(known, word, "{title}");
            }
        }
    }

    #[test]
    fn titles_are_known_in_any_spelling() {
        for (title, expected) in [
            ("E-Mail", Word::Address),
            ("EMAIL ADDRESS", Word::Address),
            ("PrimarySmtpAddress", Word::Address),
            ("primary_email", Word::Address),
            ("Email Address [Required]", Word::Address),
            ("zimbraMailDeliveryAddress", Word::Address),
            ("UserPrincipalName", Word::PrincipalName),
            ("User name [userPrincipalName] Required", Word::PrincipalName),
            ("Initial password [passwordProfile] Required", Word::Password),
            ("Přihlašovací jméno", Word::Login),
            ("PRIHLASOVACI JMENO", Word::Login),
            ("Mot de passe *", Word::Password),
            ("Hasło:", Word::Password),
            ("ПАРОЛЬ", Word::Password),
            ("Имя", Word::Name),
            ("Ф.И.О.", Word::FullName),
            ("first-name", Word::FirstName),
            ("Zieladresse", Word::Target),
            ("DomName", Word::Domain),
        ] {
            assert_eq!(word(title), Some(expected), "{title}");
        }
    }

    #[test]
    fn what_only_contains_a_known_title_is_not_known() {
        for title in [
            "Alternate email",
            "Alternate email address",
            "Recovery Email",
            "Home Secondary Email",
            "New Primary Email [UPLOAD ONLY]",
            "Email quota",
            "E-Mail (privat)",
            "Email [private]",
            "Forwarding address",
            "Street address",
            "New password",
            "Password hash",
            "Password never expires",
            "Last password change time stamp",
            "Email addresses",
            "Proxy addresses",
            "",
            "*",
            "[]",
        ] {
            assert_eq!(word(title), None, "{title}");
        }
    }

    #[test]
    fn a_title_that_may_be_a_second_password_is_seen() {
        for title in
            ["Webmail password", "Password 2", "Passwort privat", "Password (repeat)", "heslo web", "POP3 pass"]
        {
            assert!(could_be_password(title), "{title}");
        }
        for title in [
            "Password",
            "New password",
            "Password Hash Function [UPLOAD ONLY]",
            "Change Password at Next Sign-In",
            "Password never expires",
            "Strong password required",
            "Neues Passwort",
            "Passport number",
            "Compass",
        ] {
            assert!(!could_be_password(title), "{title}");
        }
    }
}
