//! What changed in a collection since a sync token (RFC 6578).
//!
//! - A server may answer in pages, each with a token for the next.
//! - A server may refuse a token that is old or not its own (DAV:valid-sync-token). Then nothing is known, and the collection must be
//!   listed. The same holds if the pages never end, or if the last one has no token.
//! - A token is the server's claim and no proof; the caller decides how far to believe it.

use super::connection::{ReadConnection, ReadOnly};
use super::listed::{self, LARGEST_LISTING, Listed};
use super::multistatus::{self, Response};
use super::{DavError, Href};
use crate::xml;
use std::collections::{BTreeMap, BTreeSet};

/// At most this many pages are read.
const MOST_PAGES: usize = 10_000;

/// What changed in a collection.
#[derive(Debug, Clone, Default)]
pub struct Changes {
    /// Items that are new or have another version.
    pub listed: Vec<Listed>,
    /// Hrefs that no longer exist.
    pub removed: BTreeSet<Href>,
    /// The token for the next question.
    pub token: String,
}

/// What changed since this token; none if the server does not accept it.
pub(super) fn since(
    connection: &mut ReadConnection,
    collection: &Href,
    token: &str,
) -> Result<Option<Changes>, DavError> {
    let (mut changed, mut removed) = (BTreeMap::new(), BTreeSet::new());
    // A later page may correct an earlier one.
    let mut each = |response: Response| {
        let href = response.href.clone();
        if matches!(response.status, Some(404 | 410)) {
            changed.remove(&href);
            removed.insert(href);
        } else if let Some(item) = listed::item(response, collection) {
            removed.remove(&href);
            changed.insert(href, item);
        }
    };
    let token = pages(connection, collection, token, &mut each)?.filter(|token| !token.is_empty());
    Ok(token.map(|token| Changes { listed: changed.into_values().collect(), removed, token }))
}

/// Reads all pages of the changes since a token, or of the whole collection if the token is empty, and passes each response to `each`.
/// Returns the last token, empty if the server sent none; or none if the server refuses, or its pages never end.
pub(super) fn pages(
    connection: &mut ReadConnection,
    collection: &Href,
    token: &str,
    each: &mut dyn FnMut(Response),
) -> Result<Option<String>, DavError> {
    let mut token = token.to_owned();
    for _ in 0..MOST_PAGES {
        let question = format!(
            r#"<?xml version="1.0" encoding="utf-8"?>
<D:sync-collection xmlns:D="DAV:"><D:sync-token>{}</D:sync-token><D:sync-level>1</D:sync-level><D:prop><D:resourcetype/><D:getetag/></D:prop></D:sync-collection>"#,
            xml::escaped(&token)
        );
        let answer = connection.ask(ReadOnly::Changes, collection, question.as_bytes(), LARGEST_LISTING);
        let (answer, base) = match answer {
            Ok(answer) => answer,
            Err(error @ DavError::Refused { .. }) if !error.is_loss() => {
                log::debug!(target: "dav", "the changes of {collection} are unknown: {error}");
                return Ok(None);
            }
            Err(error) => return Err(error),
        };
        let whole = multistatus::read(&answer.body, &mut *each, connection.address(), &base)?;
        if whole.has_failures {
            return Ok(None);
        }
        match whole.sync_token {
            next if !whole.truncated => return Ok(Some(next.unwrap_or_default())),
            Some(next) if next != token => token = next,
            _ => return Ok(None),
        }
    }
    Ok(None)
}
