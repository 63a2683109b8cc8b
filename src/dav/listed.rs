//! An item in a listing of a collection or of its changes.

use super::Href;
use super::multistatus::Response;
use crate::xml::Space;

/// The largest listing that is read, in bytes: about 300,000 items.
pub(super) const LARGEST_LISTING: u64 = 128 << 20;

/// An item in a collection.
#[derive(Debug, Clone)]
pub struct Listed {
    /// Where it is.
    pub href: Href,
    /// Its entity tag without quotes; empty if it has none.
    pub etag: String,
    /// Its size in bytes, if the server gives it.
    pub size: Option<u64>,
}

/// The item that a response describes; none if it is a folder, or does not exist.
pub(super) fn item(response: Response, collection: &Href) -> Option<Listed> {
    let kind = response.property(Space::Dav, "resourcetype");
    let is_folder = kind.is_some_and(|kind| kind.child(Space::Dav, "collection").is_some());
    // An item that is refused exists, and is requested.
    let is_gone = matches!(response.status, Some(404 | 410));
    if is_folder || is_gone || response.href.is_same_folder(collection) {
        return None;
    }
    let size = response.text(Space::Dav, "getcontentlength").and_then(|text| text.parse().ok());
    let etag = etag(response.text(Space::Dav, "getetag").unwrap_or_default());
    Some(Listed { href: response.href, etag, size })
}

/// An entity tag without quotes and weakness prefix: some servers omit the quotes (docs/kerio-connect.md, G5).
pub(super) fn etag(text: &str) -> String {
    text.trim().trim_start_matches("W/").trim_matches('"').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_refused_in_a_listing_is_asked_for_and_what_is_gone_is_not() {
        let collection = Href::of_path("/ann/");
        let of = |status| {
            let response = Response { href: Href::of_path("/ann/a.ics"), status, properties: Vec::new() };
            item(response, &collection).is_some()
        };
        assert_eq!([None, Some(403), Some(404), Some(410)].map(of), [true, true, false, false]);
    }
}
