//! Which separator a file has: its lines vote.

use super::fields::{Field, lines, split};
use super::header;
use super::separator::Separator;

/// At most this many lines vote for a separator.
const LINES_HEARD: usize = 2_000;

/// The separator of a file.
///
/// 1. A first line `sep=;` names it.
/// 2. Otherwise each line with an address votes for the separator that makes the address a field of its own. So a sign inside a
///    password never counts, wherever the address is.
/// 3. Without such a line, the separator that divides the first line most often.
pub(super) fn separator(text: &str) -> Separator {
    let content = || lines(text).filter(|line| !line.trim().is_empty() && !line.trim_start().starts_with('#'));
    if let Some(named) = content().next().and_then(Separator::named_by) {
        return named;
    }
    // The pattern may be the header of a file with another separator.
    let voters = content().filter(|line| line.contains('@') && !header::is_pattern(line)).take(LINES_HEARD);
    let mut votes = [0; Separator::ALL.len()];
    for line in voters {
        for (votes, separator) in votes.iter_mut().zip(Separator::ALL) {
            *votes += usize::from(isolates_an_address(separator, line));
        }
    }
    if votes.iter().all(|votes| *votes == 0) {
        let Some(first) = content().find(|line| !header::is_pattern(line)) else { return Separator::default() };
        votes = Separator::ALL.map(|separator| split(first, separator).map_or(0, |fields| fields.len() - 1));
        // A single colon or comma is as likely punctuation.
        votes[4] = 0;
    }
    let most = votes.iter().max().copied().unwrap_or_default();
    let found = Separator::ALL.iter().zip(votes).find(|(_, votes)| *votes == most);
    found.filter(|_| most > 0).map_or_else(Separator::default, |(separator, _)| *separator)
}

/// Whether this separator makes an address a field of its own on a line of several fields.
fn isolates_an_address(separator: Separator, line: &str) -> bool {
    line.contains(separator.sign())
        && split(line, separator)
            .is_ok_and(|fields| fields.len() > 1 && fields.iter().any(|field| is_like_address(field)))
}

/// Whether a field looks like a mail address and nothing else. Cheap, and enough to find where fields end.
fn is_like_address(field: &Field<'_>) -> bool {
    let text = field.text().trim();
    let text = text.strip_prefix('<').and_then(|text| text.strip_suffix('>')).unwrap_or(text);
    let text = match text.split_once(':') {
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("mailto") || scheme.eq_ignore_ascii_case("smtp") => rest,
        _ => text,
    };
    let mut parts = text.split('@');
    let (Some(local), Some(domain), None) = (parts.next(), parts.next(), parts.next()) else { return false };
    !local.is_empty()
        && !local.contains([';', ',', '\t', '|', ':', ' ', '"'])
        && !domain.is_empty()
        && domain.chars().all(|c| c.is_alphanumeric() || matches!(c, '.' | '-') || !c.is_ascii())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comma_separates_only_where_no_semicolon_does() {
        assert_eq!(separator("address,password\nann@example.com,a;b,Ann\n"), Separator::Comma);
        assert_eq!(separator("ann@example.com;a,b;Ann\nbob@example.com,c\n"), Separator::Semicolon);
        assert_eq!(separator("ann@example.com,a\nbob@example.com;b,c;Bob\n"), Separator::Semicolon);
        assert_eq!(separator("\"ann@example.com\"\tsecret"), Separator::Tab);
        assert_eq!(separator("sep=,\nno address"), Separator::Comma);
    }

    #[test]
    fn the_separator_is_found_wherever_the_address_is() {
        assert_eq!(separator("Name,Password,Email\nAnn,x;y|z,ann@example.com\n"), Separator::Comma);
        assert_eq!(separator("Ann Smith;a,b:c;<ann@example.com>\n"), Separator::Semicolon);
        assert_eq!(separator("| Ann | ann@example.com | x;y |\n"), Separator::Bar);
        assert_eq!(separator("ann@example.com:x;y\n"), Separator::Colon);
        assert_eq!(separator("SMTP:ann@example.com,x\n"), Separator::Comma);
        assert_eq!(separator("Name;Password;MailAddress\nann;x,y,z;ann,asmith\n"), Separator::Semicolon);
        assert_eq!(separator("ann@example.com\nbob@example.com\n"), Separator::Semicolon);
    }
}
