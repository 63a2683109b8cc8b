//! What a text of the list looks like: a date, a name, a number, a password, something invisible.
//!
//! A look proves nothing. It makes a warning, or decides between two meanings that a column could have.

use super::clean::is_invisible;
use super::fold::fold;
use crate::domain::Address;

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

/// Whether a password has quotes around it even after those of the list were taken off, or a character as web pages escape it.
pub(super) fn has_marks_of_another_format(password: &str) -> bool {
    (password.len() > 2 && password.starts_with('"') && password.ends_with('"'))
        // Without its semicolon, which may have divided the field.
        || password.contains('&') && ["&amp", "&lt", "&gt", "&quot", "&#39", "&#039", "&nbsp"].iter().any(|sign| {
            password.contains(&format!("{sign};")) || password.ends_with(sign)
        })
}

/// Whether a password has a character that is invisible or looks like a space.
pub(super) fn has_hidden_character(password: &str) -> bool {
    password.chars().any(|c| is_invisible(c) || (c.is_whitespace() && c != ' ') || c.is_control())
}

/// Whether a password has a quote or a dash that a text program put in place of the typed one.
pub(super) fn has_typographic_sign(password: &str) -> bool {
    password.contains(['“', '”', '„', '‟', '‘', '’', '‚', '‛', '«', '»', '–', '—', '…'])
}

/// Whether a text looks like a person's name: several capitalised words.
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
}
