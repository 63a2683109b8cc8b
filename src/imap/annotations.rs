//! Kolab's note about a folder: whether it holds events, tasks, contacts or mail. It is an annotation, read by METADATA (RFC 5464) or, on
//! older servers, by its draft ANNOTATEMORE.

use super::command::ReadOnly;
use super::error::ImapError;
use super::opened::status_key;
use super::reader::Reader;
use super::response::Condition;
use super::token::{Piece, Token, Tokens};
use std::collections::BTreeMap;

impl Reader {
    /// The type that Kolab gave each folder, such as `event.default`, `task` or `contact`; none if it has none, or if the server keeps no
    /// annotations.
    pub fn folder_types(&mut self, wire_names: &[&[u8]]) -> Result<Vec<Option<String>>, ImapError> {
        let metadata = self.capabilities().has("METADATA");
        if !metadata && !self.capabilities().has("ANNOTATEMORE") {
            return Ok(vec![None; wire_names.len()]);
        }
        let mut types = Vec::with_capacity(wire_names.len());
        for group in self.groups(wire_names) {
            let mut tags = Vec::new();
            for wire_name in group {
                let command = ReadOnly::FolderType { wire_name: wire_name.to_vec(), metadata };
                tags.push(self.wire.send(&command.command())?);
            }
            let mut found: BTreeMap<Vec<u8>, String> = BTreeMap::new();
            let answers = self.wire.finish_all(&tags, &mut |pieces| found.extend(folder_type(pieces)))?;
            for (wire_name, answer) in group.iter().zip(answers) {
                types.push(found.remove(&status_key(wire_name)).filter(|_| answer.condition == Condition::Ok));
            }
        }
        Ok(types)
    }
}

/// The folder and its type: `METADATA "Termine" (/shared/vendor/kolab/folder-type "event")`, or
/// `ANNOTATION "Termine" "/vendor/kolab/folder-type" ("value.shared" "event")`.
fn folder_type(pieces: &[Piece]) -> Option<(Vec<u8>, String)> {
    let mut tokens = Tokens::new(pieces);
    let is_old = match tokens.next()? {
        word if word.is("METADATA") => false,
        word if word.is("ANNOTATION") => true,
        _ => return None,
    };
    let name = status_key(tokens.next()?.text()?);
    if is_old {
        tokens.next()?;
    }
    if tokens.next()? != Token::Open {
        return None;
    }
    while let (Some(entry), Some(value)) = (tokens.next(), tokens.next()) {
        let entry = String::from_utf8_lossy(entry.text()?).to_ascii_lowercase();
        if entry.ends_with("/vendor/kolab/folder-type") || (is_old && entry == "value.shared") {
            let value = String::from_utf8_lossy(value.text()?).trim().to_ascii_lowercase();
            return Some((name, value)).filter(|(_, value)| !value.is_empty());
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_is_read_in_both_dialects_and_nothing_is_none() {
        let read = |line: &str| folder_type(&[Piece::Text(line.as_bytes().to_vec())]);
        let event = Some((b"Termine".to_vec(), "event.default".to_owned()));
        for line in [
            r#"METADATA "Termine" (/shared/vendor/kolab/folder-type "event.default")"#,
            r#"METADATA Termine (/shared/comment "x" /shared/vendor/kolab/folder-type Event.Default)"#,
            r#"ANNOTATION "Termine" "/vendor/kolab/folder-type" ("value.shared" "event.default")"#,
        ] {
            assert_eq!(read(line), event, "{line}");
        }
        for none in [
            r#"METADATA "Termine" (/shared/vendor/kolab/folder-type NIL)"#,
            r#"METADATA "Termine" (/shared/comment "event")"#,
            r#"METADATA "Termine" ()"#,
            r#"ANNOTATION "Termine" "/vendor/kolab/folder-type" ("value.priv" NIL)"#,
            "METADATA",
            "STATUS x (MESSAGES 1)",
        ] {
            assert_eq!(read(none), None, "{none}");
        }
    }
}
