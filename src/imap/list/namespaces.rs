//! Whose folders are listed: by NAMESPACE (RFC 2342), or by their names on servers without it.

use super::super::token::{Piece, Token, Tokens};
use super::{Listed, separator};
use crate::domain::LeftOutReason;
use std::collections::BTreeSet;

/// Roots of other people's mail on servers that do not announce it by NAMESPACE. (Kerio Connect lists `Public Folders` as \Noselect, and
/// other users' mailboxes below `~user@domain`.)
const SHARED_ROOTS: [&str; 4] = ["Public Folders", "Archive Folders", "#Public", "#Archive"];

/// The namespaces of a session, as prefixes.
#[derive(Default)]
pub(super) struct Namespaces {
    pub(super) personal: Vec<u8>,
    pub(super) separator: Option<char>,
    pub(super) others: Vec<Vec<u8>>,
    pub(super) shared: Vec<Vec<u8>>,
    /// Whether the server announced its namespaces.
    pub(super) announced: bool,
}

impl Namespaces {
    /// Takes `NAMESPACE` in (RFC 2342).
    pub(super) fn take(&mut self, pieces: &[Piece]) {
        let mut tokens = Tokens::new(pieces);
        if !tokens.next().is_some_and(|token| token.is("NAMESPACE")) {
            return;
        }
        self.announced = true;
        let personal = namespace_list(&mut tokens);
        self.separator = personal.first().and_then(|(_, separator)| *separator);
        self.personal = personal.into_iter().next().map(|(prefix, _)| prefix).unwrap_or_default();
        self.others = namespace_list(&mut tokens).into_iter().map(|(prefix, _)| prefix).collect();
        self.shared = namespace_list(&mut tokens).into_iter().map(|(prefix, _)| prefix).collect();
    }
}

/// `(("INBOX." ".")("#news." "."))` or NIL.
pub(super) fn namespace_list(tokens: &mut Tokens<'_>) -> Vec<(Vec<u8>, Option<char>)> {
    let mut spaces = Vec::new();
    if tokens.next() != Some(Token::Open) {
        return spaces;
    }
    while let Some(Token::Open) = tokens.next() {
        let prefix = tokens.next().and_then(|token| token.text().map(<[u8]>::to_vec)).unwrap_or_default();
        let separator = tokens.next().and_then(|token| separator(&token));
        spaces.push((prefix, separator));
        tokens.skip_list();
    }
    spaces
}

/// Why a folder is not copied, if so.
///
/// A name alone is a reason only if the server announces no namespaces, or if its root holds no mail: anyone may call their own folder
/// `Public Folders`.
pub(super) fn left_out(folder: &Listed, spaces: &Namespaces, containers: &BTreeSet<Vec<u8>>) -> Option<LeftOutReason> {
    if !folder.nameable {
        return Some(LeftOutReason::Unnameable);
    }
    let name = &folder.wire_name;
    let below = |prefix: &Vec<u8>| {
        let root = match folder.separator {
            Some(separator) => prefix.strip_suffix(&[separator as u8][..]).unwrap_or(prefix),
            None => prefix,
        };
        !prefix.is_empty() && (name.starts_with(prefix) || name == root) && !spaces.personal.starts_with(prefix)
    };
    let root = folder.separator.and_then(|separator| name.split(|octet| *octet == separator as u8).next());
    let root = root.unwrap_or(name);
    let by_name = !spaces.announced || containers.contains(root);
    if spaces.others.iter().any(below) {
        return Some(LeftOutReason::OtherUser);
    }
    if by_name && root.starts_with(b"~") {
        return Some(if spaces.announced { LeftOutReason::OtherUser } else { LeftOutReason::Unclear });
    }
    let known = by_name && SHARED_ROOTS.iter().any(|shared| shared.as_bytes().eq_ignore_ascii_case(root));
    (spaces.shared.iter().any(below) || known).then_some(LeftOutReason::Shared)
}
