//! Reads the target's texts at the places of items, many with one request.

use super::sides::{Failure, OnDavSide};
use crate::dav::{Collection, CollectionKind, DavError, Fetched, Href, Listed, Target};
use crate::domain::Side;
use std::collections::HashMap;

/// The texts at places in these collections. Each place comes with its approximate size in bytes. Texts that cannot be read are missing.
pub(super) fn texts(
    target: &mut Target,
    kind: CollectionKind,
    collections: &[Collection],
    places: &[(&Href, usize)],
) -> Result<HashMap<Href, String>, Failure> {
    let mut texts: HashMap<Href, String> = HashMap::new();
    for collection in collections {
        let is_inside = |place: &Href| place.canonical().starts_with(collection.href.canonical());
        let inside = places.iter().filter(|(place, _)| is_inside(place) && !texts.contains_key(*place));
        let listed = |(place, size): &(&Href, usize)| Listed {
            href: (*place).clone(),
            etag: String::new(),
            size: Some(*size as u64),
        };
        let listed: Vec<Listed> = inside.map(listed).collect();
        let mut each = |item: &Listed, fetched: Result<Fetched, DavError>| {
            match fetched {
                Ok(fetched) => {
                    texts.insert(item.href.clone(), fetched.text);
                }
                Err(error) => log::debug!("{} was not read back: {error}", item.href),
            }
            true
        };
        target.reader().fetch(kind, &collection.href, &listed, &mut each).on(Side::Target)?;
    }
    Ok(texts)
}
