//! What is found in place of a password: a hash, a mask, a number that a spreadsheet rounded.
//!
//! Nobody is signed in with it, and no user is created with it.

use super::fold::fold;
use crate::domain::list::PasswordFault as Fault;

/// Why a text is not a password; none if it can be one. An empty text is not a fault here.
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

#[cfg(test)]
mod tests {
    use super::*;

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
}
