//! What changed in a collection since a token was given out (RFC 6578).
//!
//! - A server may give an answer in pages: each has a token for the next.
//! - A server may refuse a token, because it is old or not its own (DAV:valid-sync-token). Then nothing is known, and the collection has to
//!   be listed; so it is where the pages do not come to an end, or the answer has no token.
//! - What a token says is the server's word and no proof; whoever asks decides how far to believe it.

use super::connection::{ReadConnection, ReadOnly};
use super::listed::{self, LARGEST_LISTING, Listed};
use super::multistatus::{self, Response};
use super::{DavError, Href};
use crate::xml;
use std::collections::{BTreeMap, BTreeSet};

/// Pages of one answer at most.
const MOST_PAGES: usize = 10_000;

/// What changed in a collection.
#[derive(Debug, Clone, Default)]
pub struct Changes {
    /// What is new or has another version.
    pub listed: Vec<Listed>,
    /// What is not there any more.
    pub removed: BTreeSet<Href>,
    /// What to ask about next time.
    pub token: String,
}

/// What changed since that token; none where the server does not take it.
pub(super) fn since(
    connection: &mut ReadConnection,
    collection: &Href,
    token: &str,
) -> Result<Option<Changes>, DavError> {
    let (mut changed, mut removed) = (BTreeMap::new(), BTreeSet::new());
    // A later page may speak of what an earlier one has.
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

/// Asks for all pages of what changed since a token, or of all there is where it is empty, and hands over what each says. Returns the last
/// token, which is empty when there was none; none where the server refuses, or does not come to an end.
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
                log::debug!(target: "dav", "what changed in {collection} is not known: {error}");
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
