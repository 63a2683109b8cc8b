//! Whose folders are listed: by NAMESPACE (RFC 2342), or by their names on servers without it.

use super::super::token::{Piece, Token, Tokens};
use super::{Listed, separator};
use crate::domain::LeftOutReason;
use std::collections::BTreeSet;

/// Roots of other people's mail on servers that do not announce it by NAMESPACE. (Kerio Connect lists `Public Folders` as \Noselect, and
/// other users' mailboxes below `~user@domain`.)
const SHARED_ROOTS: [&str; 4] = ["Public Folders", "Archive Folders", "#Public", "#Archive"];

/// The namespaces of a session, as prefixes with their separators.
#[derive(Default)]
pub(super) struct Namespaces {
    pub(super) personal: Vec<(Vec<u8>, Option<char>)>,
    pub(super) others: Vec<(Vec<u8>, Option<char>)>,
    pub(super) shared: Vec<(Vec<u8>, Option<char>)>,
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
        self.personal = namespace_list(&mut tokens);
        self.others = namespace_list(&mut tokens);
        self.shared = namespace_list(&mut tokens);
    }

    /// The separator of the first personal namespace.
    pub(super) fn separator(&self) -> Option<char> {
        self.personal.first().and_then(|(_, separator)| *separator)
    }

    /// What the names of new folders begin with. Some servers announce it without the separator.
    pub(super) fn naming_prefix(&self, separator: Option<char>) -> Vec<u8> {
        let mut prefix = self.personal.first().map(|(prefix, _)| prefix.clone()).unwrap_or_default();
        if let Some(separator) = separator.filter(|_| ends_like_a_name(&prefix)) {
            prefix.extend_from_slice(separator.encode_utf8(&mut [0; 4]).as_bytes());
        }
        prefix
    }

    /// The prefixes of further personal namespaces.
    pub(super) fn further(&self) -> impl Iterator<Item = &Vec<u8>> {
        self.personal
            .iter()
            .skip(1)
            .filter(|(prefix, separator)| !prefix.is_empty() && separator.is_some())
            .map(|(prefix, _)| prefix)
    }

    /// Whose a folder is by the longest prefix that it has; none if it is the user's own.
    fn owner(&self, folder: &Listed) -> Option<LeftOutReason> {
        let longest = |spaces: &[(Vec<u8>, Option<char>)]| {
            let having = spaces.iter().filter(|(prefix, separator)| is_below(folder, prefix, *separator));
            having.map(|(prefix, _)| prefix.len()).max().unwrap_or(0)
        };
        let (personal, others, shared) = (longest(&self.personal), longest(&self.others), longest(&self.shared));
        match () {
            () if personal >= others.max(shared) => None,
            () if others >= shared => Some(LeftOutReason::OtherUser),
            () => Some(LeftOutReason::Shared),
        }
    }
}

/// Whether a folder is in the namespace with this prefix. Some servers announce a prefix without the separator: then the name of the folder
/// must not go on as a word. (UW IMAP's `~`, before the name of a user, is no word.)
fn is_below(folder: &Listed, prefix: &[u8], separator: Option<char>) -> bool {
    let separator = separator.or(folder.separator).map(|separator| separator.to_string());
    let separator = separator.as_deref().unwrap_or_default().as_bytes();
    let root = prefix.strip_suffix(separator).unwrap_or(prefix);
    let Some(rest) = folder.wire_name.strip_prefix(root).filter(|_| !prefix.is_empty()) else { return false };
    rest.is_empty()
        || if ends_like_a_name(prefix) && !separator.is_empty() {
            rest.starts_with(separator)
        } else {
            folder.wire_name.starts_with(prefix)
        }
}

fn ends_like_a_name(prefix: &[u8]) -> bool {
    prefix.last().is_some_and(|octet| octet.is_ascii_alphanumeric() || !octet.is_ascii())
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
    let root = folder.separator.and_then(|separator| name.split(|octet| *octet == separator as u8).next());
    let root = root.unwrap_or(name);
    let by_name = !spaces.announced || containers.contains(root);
    match spaces.owner(folder) {
        Some(reason) => Some(reason),
        None if by_name && root.starts_with(b"~") => {
            Some(if spaces.announced { LeftOutReason::OtherUser } else { LeftOutReason::Unclear })
        }
        None => {
            let known = by_name && SHARED_ROOTS.iter().any(|shared| shared.as_bytes().eq_ignore_ascii_case(root));
            known.then_some(LeftOutReason::Shared)
        }
    }
}
