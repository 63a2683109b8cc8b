//! Lines and fields: where one ends and the next begins. Returns slices of the text, and copies nothing unless asked to.

use super::separator::Separator;
use crate::domain::list::LineFault;

/// The lines of a text, which end with CRLF, LF or CR, even mixed.
pub(super) fn lines(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest?;
        let Some(end) = text.find(['\n', '\r']) else {
            rest = None;
            return Some(text);
        };
        let (line, after) = text.split_at(end);
        rest = Some(after.strip_prefix("\r\n").unwrap_or(&after[1..]));
        Some(line)
    })
}

/// A field as its line writes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Field<'a> {
    /// Without quotes, and without the spaces around it.
    Plain(&'a str),
    /// The text between its quotes; a quote inside is still doubled.
    Quoted(&'a str),
}

impl Field<'_> {
    /// The text in the file: the value, unless there are quotes in it. Copies nothing.
    pub(super) fn text(&self) -> &str {
        match self {
            Field::Plain(text) | Field::Quoted(text) => text,
        }
    }

    /// Its value, in memory that was allocated once.
    pub(super) fn value(&self) -> String {
        match self {
            Field::Plain(text) => (*text).to_owned(),
            Field::Quoted(text) => {
                let mut value = String::with_capacity(text.len());
                for (index, part) in text.split("\"\"").enumerate() {
                    value.push_str(if index == 0 { "" } else { "\"" });
                    value.push_str(part);
                }
                value
            }
        }
    }

    /// Whether there is nothing in it.
    pub(super) fn is_empty(&self) -> bool {
        self.text().is_empty()
    }
}

/// Divides a line into its fields. Quotes mean something only at the beginning of a field. The error is one of the two about quotes.
pub(super) fn split(line: &str, separator: Separator) -> Result<Vec<Field<'_>>, LineFault> {
    let sign = separator.sign();
    let mut fields = Vec::with_capacity(3);
    let mut rest = separator.within_frame(line);
    loop {
        rest = rest.trim_start_matches(|c| separator.is_space(c));
        let after = if let Some(quoted) = rest.strip_prefix('"') {
            let end = closing_quote(quoted).ok_or(LineFault::OpenQuote)?;
            fields.push(Field::Quoted(&quoted[..end]));
            let after = quoted[end + 1..].trim_start_matches(|c| separator.is_space(c));
            if !after.is_empty() && !after.starts_with(sign) {
                return Err(LineFault::TextAfterQuote);
            }
            after
        } else {
            let end = rest.find(sign).unwrap_or(rest.len());
            fields.push(Field::Plain(rest[..end].trim_end_matches(|c| separator.is_space(c))));
            &rest[end..]
        };
        match after.strip_prefix(sign) {
            Some(next) => rest = next,
            None => return Ok(fields),
        }
    }
}

/// The place of the first quote that is not one of a pair.
fn closing_quote(text: &str) -> Option<usize> {
    let mut from = 0;
    loop {
        let quote = from + text[from..].find('"')?;
        if !text[quote + 1..].starts_with('"') {
            return Some(quote);
        }
        from = quote + 2;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(line: &str) -> Result<Vec<String>, LineFault> {
        split(line, Separator::Semicolon).map(|fields| fields.iter().map(Field::value).collect())
    }

    #[test]
    fn lines_end_with_crlf_lf_or_cr() {
        assert_eq!(lines("a\r\nb\nc\rd\n\re").collect::<Vec<_>>(), ["a", "b", "c", "d", "", "e"]);
    }

    #[test]
    fn quotes_count_only_at_the_beginning_of_a_field() {
        assert_eq!(values(r#" a ; "b;""c"" " ;d"e"#).unwrap(), ["a", r#"b;"c" "#, r#"d"e"#]);
        assert_eq!(values(";;").unwrap(), ["", "", ""]);
        assert_eq!(values(r#"a;"""#), Ok(vec!["a".into(), "".into()]));
    }

    #[test]
    fn a_quote_that_is_not_closed_is_refused() {
        assert_eq!(values(r#"a;"b"#), Err(LineFault::OpenQuote));
        assert_eq!(values(r#"a;"b"""#), Err(LineFault::OpenQuote));
        assert_eq!(values(r#"a;"b"c;d"#), Err(LineFault::TextAfterQuote));
    }
}
