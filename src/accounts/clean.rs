//! The value of one field: freed from what programs put around it, or refused.
//!
//! - An address loses `mailto:`, `SMTP:`, `<…>` and characters that nobody sees. Two addresses are refused: which one is meant is not ours
//!   to guess.
//! - A text that a spreadsheet wrote as `="00123"` becomes `00123`.
//! - A password otherwise keeps every character. What cannot be one (a hash, a mask, a number that a spreadsheet rounded) is a
//!   [`Fault`]: nobody is signed in with it, and no user is created with it.

use super::fields::Field;
use super::fold::fold;
use crate::domain::{Address, AddressError};

/// Why what is in the place of a password is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Fault {
    /// `{SSHA512}…`, `$6$…`, or a digest in hexadecimal.
    Hash,
    /// `********`, or a word such as `(hidden)`.
    Mask,
    /// `#NAME?` and the like.
    SpreadsheetError,
    /// `1.23E+11`.
    Rounded,
    /// Typographic quotes, or apostrophes as quotes, around it.
    OtherQuotes,
    /// A formula without its end.
    Formula,
}

impl Fault {
    /// A sentence without a subject that can follow an address or stand for several lines.
    pub(super) fn what(self) -> &'static str {
        match self {
            Self::Hash => {
                "has the hash of a password in place of the password; the server's own list cannot give it back. Write the password itself."
            }
            Self::Mask => {
                "has a placeholder in place of the password; the program that wrote the list hides passwords. Write the password itself."
            }
            Self::SpreadsheetError => {
                "has an error of a spreadsheet, such as #NAME?, in place of the password. Format the column as text and enter it again."
            }
            Self::Rounded => {
                "has a number that a spreadsheet rounded, such as 1.23E+11, in place of the password. Format the column as text and enter it again."
            }
            Self::OtherQuotes => {
                "has quotes around the password that are no plain ones. Write plain ones (\") or none."
            }
            Self::Formula => {
                "has a spreadsheet's formula (=\"…) without its end in place of the password. Put the field in quotes."
            }
        }
    }
}

/// The value of a field, with a spreadsheet's `="…"` undone, in memory that was allocated once.
pub(super) fn value(field: &Field<'_>) -> String {
    let mut value = field.value();
    let undone = value.strip_prefix("=\"").and_then(|rest| rest.strip_suffix('"')).map(|rest| rest.len());
    if let Some(length) = undone {
        // In place, so that no copy of a password is left behind.
        value.drain(..2);
        value.truncate(length);
    }
    value
}

/// A name or another text on one line, without what nobody sees.
pub(super) fn text(field: &Field<'_>) -> String {
    let value = zeroize::Zeroizing::new(value(field));
    let seen = value.chars().filter(|c| !is_invisible(*c));
    let seen: String = seen.map(|c| if c.is_control() || c.is_whitespace() { ' ' } else { c }).collect();
    let seen = zeroize::Zeroizing::new(seen);
    unquoted(seen.trim()).to_owned()
}

/// The mail address in a field. The error is a clause about "it" that holds nothing of the field.
pub(super) fn address(field: &Field<'_>) -> Result<Address, String> {
    if !field.text().contains('@') {
        return Err(if field.is_empty() { "it is empty".to_owned() } else { AddressError::NoAt.to_string() });
    }
    let value = value(field);
    let seen: String = value.chars().filter(|c| !is_zero_width(*c)).collect();
    let mut text = seen.trim_matches(|c: char| c.is_whitespace() || is_invisible(c));
    // Ann Smith <ann@example.com>
    if let Some((before, rest)) = text.rsplit_once('<')
        && let Some(inner) = rest.strip_suffix('>')
        && !before.contains('@')
    {
        text = inner.trim();
    }
    for scheme in ["mailto:", "smtp:"] {
        if text.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme)) {
            text = text[scheme.len()..].trim_start();
        }
    }
    text = unquoted(text);
    if text.matches('@').count() > 1 {
        return Err("there are two addresses in it; leave the one to migrate".to_owned());
    }
    let domain = text.rsplit('@').next().unwrap_or_default();
    // IDNA lets signs pass that belong to the text around.
    if domain.contains(|c| matches!(c, '\u{2010}'..='\u{206f}' | '«' | '»')) {
        return Err(AddressError::BadDomain.to_string());
    }
    let address = Address::parse(text).map_err(|error| error.to_string())?;
    if address.local().contains([',', ';', ':', '<', '>', '(', ')', '[', ']', '"', '\\']) {
        return Err("a character before the @ belongs to no address".to_owned());
    }
    Ok(address)
}

/// A text without the quotes of another kind than `"` around it.
fn unquoted(text: &str) -> &str {
    const QUOTES: [(char, char); 10] = [
        ('\'', '\''),
        ('`', '`'),
        ('“', '”'),
        ('”', '”'),
        ('„', '“'),
        ('„', '”'),
        ('‘', '’'),
        ('‚', '‘'),
        ('«', '»'),
        ('»', '«'),
    ];
    let inner = QUOTES.iter().find_map(|(open, close)| text.strip_prefix(*open)?.strip_suffix(*close));
    inner.map_or(text, str::trim)
}

/// Whether apostrophes are around a text as its quotes.
pub(super) fn is_in_apostrophes(text: &str) -> bool {
    text.len() > 2 && text.starts_with('\'') && text.ends_with('\'')
}

/// Whether a password looks like the date or the truth value that a spreadsheet makes of some texts.
pub(super) fn is_like_date(password: &str) -> bool {
    let months = [
        "jan", "feb", "mar", "mär", "mrz", "apr", "may", "mai", "jun", "jul", "aug", "sep", "okt", "oct", "nov", "dec",
        "dez",
    ];
    let parts: Vec<&str> = password.split(['-', '.', '/', ' ']).filter(|part| !part.is_empty()).collect();
    let is_month = |part: &str| months.contains(&part.to_lowercase().as_str());
    let is_number = |part: &str| part.len() <= 4 && part.bytes().all(|byte| byte.is_ascii_digit());
    let date = match parts.as_slice() {
        [one, other] => (is_month(one) && is_number(other)) || (is_number(one) && is_month(other)),
        [day, month, year] => [day, month, year].iter().all(|part| is_number(part)) && password.len() >= 8,
        _ => false,
    };
    let whole = password
        .strip_suffix(".0")
        .is_some_and(|whole| !whole.is_empty() && whole.bytes().all(|byte| byte.is_ascii_digit()));
    date || whole || matches!(password, "TRUE" | "FALSE" | "WAHR" | "FALSCH" | "VRAI" | "FAUX")
}

/// Whether a password has quotes around it even after those of the list were taken off, or a sign as web pages write it.
pub(super) fn has_marks_of_another_format(password: &str) -> bool {
    (password.len() > 2 && password.starts_with('"') && password.ends_with('"'))
        // Without its semicolon, which may have divided the field.
        || password.contains('&') && ["&amp", "&lt", "&gt", "&quot", "&#39", "&#039", "&nbsp"].iter().any(|sign| {
            password.contains(&format!("{sign};")) || password.ends_with(sign)
        })
}

/// Whether an address has a character that turns the text round it or is not seen.
pub(super) fn hides_something(address: &Address) -> bool {
    address.local().chars().any(is_invisible)
}

/// What is wrong with a password that is none; none for one that can be used. An empty one is no fault here.
pub(super) fn fault(password: &str) -> Option<Fault> {
    let text = password.trim();
    if is_hash(text) {
        Some(Fault::Hash)
    } else if is_mask(text) {
        Some(Fault::Mask)
    } else if is_spreadsheet_error(text) {
        Some(Fault::SpreadsheetError)
    } else if is_rounded(text) {
        Some(Fault::Rounded)
    } else if is_in_typographic_quotes(text) {
        Some(Fault::OtherQuotes)
    } else if text.starts_with("=\"") {
        Some(Fault::Formula)
    } else {
        None
    }
}

fn is_hash(text: &str) -> bool {
    // {SSHA512}…, as LDAP and Dovecot write it; {PLAIN} is readable but not the password either.
    if let Some((scheme, rest)) = text.strip_prefix('{').and_then(|text| text.split_once('}')) {
        let is_scheme = scheme.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'));
        if is_scheme && scheme.len() >= 3 && !rest.is_empty() && scheme.chars().any(|c| c.is_ascii_uppercase()) {
            return true;
        }
        let known = ["ssha", "sha", "md5", "smd5", "crypt", "plain", "cram", "scram", "pbkdf2", "blf", "argon2"];
        if is_scheme && known.iter().any(|known| scheme.to_ascii_lowercase().starts_with(known)) {
            return true;
        }
    }
    // $6$…, $2y$…, $argon2id$…, as Unix writes it.
    if let Some((scheme, rest)) = text.strip_prefix('$').and_then(|text| text.split_once('$')) {
        let known = matches!(scheme, "1" | "5" | "6" | "7" | "y" | "gy" | "md5" | "sha1" | "apr1" | "P" | "H" | "S")
            || (scheme.starts_with('2') && scheme.len() <= 2)
            || ["argon2", "pbkdf2", "scrypt", "bcrypt"].iter().any(|known| scheme.starts_with(known));
        if known && rest.len() >= 8 {
            return true;
        }
    }
    // sha256:…, as programs write it.
    if let Some((scheme, rest)) = text.split_once(':') {
        let known = ["md5", "sha1", "sha224", "sha256", "sha384", "sha512", "pbkdf2", "bcrypt", "scrypt"];
        if known.contains(&scheme.to_ascii_lowercase().as_str()) && rest.len() >= 16 {
            return true;
        }
    }
    let digits = text.strip_prefix('*').or_else(|| text.strip_prefix("0x")).unwrap_or(text);
    let is_digest = matches!(digits.len(), 32 | 40 | 56 | 64 | 70 | 96 | 128);
    is_digest && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn is_mask(text: &str) -> bool {
    const SIGNS: &str = "*•●∙·▪■⚫○◦";
    let signs = text.chars().count();
    if signs > 0 && text.chars().all(|c| SIGNS.contains(c)) {
        return true;
    }
    if matches!(
        text,
        "!" | "!!" | "\\N" | "NULL" | "(null)" | "[null]" | "<null>" | "N/A" | "n/a" | "-" | "--" | "?" | "…" | "..."
    ) {
        return true;
    }
    if signs >= 4
        && (text.chars().all(|c| c == '.') || text.chars().all(|c| c == 'x') || text.chars().all(|c| c == 'X'))
    {
        return true;
    }
    let inner = [('(', ')'), ('[', ']'), ('<', '>')]
        .into_iter()
        .find_map(|(open, close)| text.strip_prefix(open)?.strip_suffix(close));
    let word = fold(inner.unwrap_or(text));
    let hidden = [
        "hidden",
        "redacted",
        "encrypted",
        "not shown",
        "not available",
        "no password",
        "not set",
        "protected",
        "unchanged",
    ];
    let bracketed = ["password", "passwort", "heslo", "secret", "unknown", "none", "empty", "masked"];
    (hidden.contains(&word.as_str()) && (inner.is_some() || text.chars().all(|c| c.is_uppercase() || c == ' ')))
        || (inner.is_some() && bracketed.contains(&word.as_str()))
}

fn is_spreadsheet_error(text: &str) -> bool {
    text.len() < 16
        && text.strip_prefix('#').is_some_and(|text| {
            let word = text.trim_end_matches(['?', '!']);
            let marked = text.len() > word.len() || word == "N/A" || word == "NV" || word == "ND" || word == "N/D";
            marked && word.len() >= 2 && word.chars().all(|c| c.is_uppercase() || matches!(c, '/' | '0'))
                || (text.len() >= 3 && text.bytes().all(|byte| byte == b'#'))
        })
}

fn is_rounded(text: &str) -> bool {
    let Some((mantissa, exponent)) = text.split_once(['E', 'e']) else { return false };
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let mut parts = mantissa.splitn(2, ['.', ',']);
    let whole = parts.next().is_some_and(|whole| digits(whole) && whole.len() == 1);
    whole
        && parts.next().is_none_or(digits)
        && exponent.strip_prefix('+').is_some_and(|exponent| digits(exponent) && exponent.len() >= 2)
}

fn is_in_typographic_quotes(text: &str) -> bool {
    const OPEN: &str = "“„”‟«»‘’‚‛";
    let mut letters = text.chars();
    let (first, last) = (letters.next(), letters.next_back());
    first.is_some_and(|c| OPEN.contains(c)) && last.is_some_and(|c| OPEN.contains(c))
}

/// What a reader of the list does not see.
pub(super) fn is_invisible(c: char) -> bool {
    is_zero_width(c)
        || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{61c}')
}

fn is_zero_width(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}'..='\u{200d}' | '\u{2060}'..='\u{2064}' | '\u{feff}')
}

/// Whether a password has a character that nobody sees or that looks like a space.
pub(super) fn has_hidden_character(password: &str) -> bool {
    password.chars().any(|c| is_invisible(c) || (c.is_whitespace() && c != ' ') || c.is_control())
}

/// Whether a password has a quote or a dash that a text program put in place of the one that was typed.
pub(super) fn has_typographic_sign(password: &str) -> bool {
    password.contains(['“', '”', '„', '‟', '‘', '’', '‚', '‛', '«', '»', '–', '—', '…'])
}

/// Whether a text looks like a person's name: several words of letters that begin large.
pub(super) fn is_like_name(text: &str) -> bool {
    let mut words = 0;
    for word in text.split([' ', '\u{a0}']).filter(|word| !word.is_empty()) {
        let begins = word.chars().next().is_some_and(|c| c.is_alphabetic() && !c.is_lowercase());
        let particle =
            ["von", "van", "de", "der", "den", "di", "da", "del", "la", "le", "du", "dos", "ten", "zu", "y", "e"]
                .contains(&word);
        if !(begins || particle)
            || !word.chars().all(|c| c.is_alphabetic() || matches!(c, '\'' | '’' | '.' | '-' | ','))
        {
            return false;
        }
        words += 1;
    }
    words >= 2
}

/// Whether every word of a text is in the address, as in `ann.smith@…` and `Ann`.
pub(super) fn is_name_of(text: &str, address: &Address) -> bool {
    let local = fold(address.local()).replace(' ', "");
    let words = fold(text);
    let mut words = words.split(' ').filter(|word| !word.is_empty()).peekable();
    words.peek().is_some() && words.all(|word| word.len() >= 2 && local.contains(word))
}

/// Whether a text looks like a password and not like a name: signs that no name has, or one word with a digit.
pub(super) fn is_like_password(text: &str) -> bool {
    text.contains(['!', '$', '%', '^', '*', '=', '?', '{', '}', '[', ']', '\\', '|', '~', '<', '>', '#', '+', '@', '_'])
        || (text.chars().any(|c| c.is_ascii_digit()) && !text.contains(' '))
}

/// Whether a text is a number.
pub(super) fn is_number(text: &str) -> bool {
    text.chars().any(|c| c.is_ascii_digit())
        && text.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | ',' | ' ' | '%' | '-' | '+' | '/' | ':'))
        || is_size(text)
}

/// `10 GB`, `unlimited`: what the column of a quota holds.
fn is_size(text: &str) -> bool {
    let number = text.trim_end_matches(|c: char| c.is_ascii_alphabetic()).trim_end();
    let unit = text[number.len()..].trim_start().to_ascii_lowercase();
    let units = ["b", "k", "m", "g", "t", "kb", "mb", "gb", "tb", "kib", "mib", "gib", "tib", "bytes"];
    (!number.is_empty()
        && units.contains(&unit.as_str())
        && number.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | ',')))
        || matches!(text.to_ascii_lowercase().as_str(), "unlimited" | "true" | "false" | "yes" | "no")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cleaned(text: &str) -> Result<String, String> {
        address(&Field::Plain(text)).map(|address| address.to_string())
    }

    #[test]
    fn an_address_is_freed_from_what_is_around_it() {
        for text in [
            "ann@example.com",
            "mailto:ann@example.com",
            "MAILTO: ann@example.com",
            "SMTP:ann@example.com",
            "<ann@example.com>",
            "Ann Smith <ann@example.com>",
            "'ann@example.com'",
            "“ann@example.com”",
            "‘ann@example.com’",
            "\u{200b}ann@exam\u{ad}ple.com\u{a0}",
            "\u{202a}ann@example.com\u{202c}",
        ] {
            assert_eq!(cleaned(text), Ok("ann@example.com".to_owned()), "{text}");
        }
    }

    #[test]
    fn dates_that_a_spreadsheet_made_are_known() {
        for text in ["12-Jan", "Mär 71", "Mrz 71", "01.02.2024", "2024-01-02", "TRUE", "123456.0"] {
            assert!(is_like_date(text), "{text}");
        }
        for text in ["Winter-71", "1-2", "12-34-56x", "Mai", "10.0.0.1", "true", "1.2.3"] {
            assert!(!is_like_date(text), "{text}");
        }
    }

    #[test]
    fn what_is_not_one_address_is_refused() {
        for text in [
            "",
            "ann",
            "ann@example.com,eva@example.com",
            "ann@example.com eva@example.com",
            "ann@example.com <eva@example.com>",
            "SMTP:ann@example.com smtp:a@example.com",
            "ann:x@example.com",
            "ann@exam_ple;com",
            "‘ann@example.com’x",
            "ann@example.com’",
        ] {
            assert!(cleaned(text).is_err(), "{text}");
        }
    }

    #[test]
    fn what_is_no_password_is_known() {
        for (text, expected) in [
            ("{SSHA512}q83vEjRWeJCrze8S", Fault::Hash),
            ("{BLF-CRYPT}$2y$05$abcdefgh", Fault::Hash),
            ("{ssha}abcdefgh", Fault::Hash),
            ("$6$Zz1yXx2w$qM8sGd9", Fault::Hash),
            ("$2y$10$abcdefghijkl", Fault::Hash),
            ("$argon2id$v=19$m=65536", Fault::Hash),
            ("5f4dcc3b5aa765d61d8327deb882cf99", Fault::Hash),
            ("*2470C0C06DEE42FD1618BB99005ADCA2EC9D1E19", Fault::Hash),
            ("sha256:9a1f3b0c5d6e7f80", Fault::Hash),
            ("********", Fault::Mask),
            ("●●●●●●", Fault::Mask),
            ("xxxxxxxx", Fault::Mask),
            ("(hidden)", Fault::Mask),
            ("[REDACTED]", Fault::Mask),
            ("<password>", Fault::Mask),
            ("NULL", Fault::Mask),
            ("#NAME?", Fault::SpreadsheetError),
            ("#N/A", Fault::SpreadsheetError),
            ("#WERT!", Fault::SpreadsheetError),
            ("########", Fault::SpreadsheetError),
            ("1.23E+11", Fault::Rounded),
            ("1,23E+11", Fault::Rounded),
            ("“Winter-71”", Fault::OtherQuotes),
            ("„Winter-71“", Fault::OtherQuotes),
            ("=\"001", Fault::Formula),
        ] {
            assert_eq!(fault(text), Some(expected), "{text}");
        }
    }

    #[test]
    fn a_password_that_only_reminds_of_such_is_one() {
        for text in [
            "Winter-71",
            "x",
            "xx",
            "{x}",
            "{}",
            "$6",
            "$money$",
            "$1$",
            "*star*",
            "#1",
            "#Winter!",
            "#abc?",
            "hidden",
            "none",
            "password",
            "1E5",
            "12E+10x",
            "1.23E+1",
            "=1+1",
            "deadbeef",
            "p“x”",
            "Encrypted",
        ] {
            assert_eq!(fault(text), None, "{text}");
        }
    }

    #[test]
    fn names_numbers_and_passwords_are_distinguished() {
        for name in ["Ann Smith", "Seán O’Neill", "Ludwig van Beethoven", "J. R. Müller-Lüdenscheidt", "Фаина Иванова"]
        {
            assert!(is_like_name(name) && !is_like_password(name) && !is_number(name), "{name}");
        }
        for password in ["Winter-71", "s3cret", "correct!horse"] {
            assert!(is_like_password(password) && !is_like_name(password), "{password}");
        }
        assert!(!is_like_name("correct horse") && !is_like_name("Sommer"));
        for number in ["10", "1,024", "10 GB", "250MB", "unlimited", "50 %"] {
            assert!(is_number(number), "{number}");
        }
        assert!(!is_number("Reception 1") && !is_number("") && !is_number("GB"));
        let ann = Address::parse("ann.smith@example.com").unwrap();
        assert!(
            is_name_of("Ann", &ann)
                && is_name_of("Ann Smith", &ann)
                && !is_name_of("Winter", &ann)
                && !is_name_of("", &ann)
        );
    }

    #[test]
    fn a_spreadsheets_formula_is_undone() {
        assert_eq!(value(&Field::Plain("=\"00123\"")), "00123");
        assert_eq!(value(&Field::Quoted("=\"\"00456\"\"")), "00456");
        assert_eq!(value(&Field::Plain("=\"")), "=\"");
        assert_eq!(value(&Field::Plain("=1+1")), "=1+1");
    }
}
