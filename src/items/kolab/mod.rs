//! Kolab's items as iCalendar and vCard. Version 3 writes xCal (RFC 6321) and xCard (RFC 6351), version 2 its own XML.
//!
//! - Attachments are further parts of the message, and are included.
//! - The XML is read within bounds, without document types; nothing in it is fetched.
//! - Version 2 gives times in UTC, even for series. The intended zone is not recorded, and not guessed.
//! - Notes, journals, files and settings are not items; each is named.

mod version_2;
mod xcal;
mod xcard;

use super::line::Line;
use super::part::{Attachment, ItemPart};
use crate::domain::{ItemFault, ItemForm, TextFault};
use crate::xml::{self, Element};

/// Converts a part, if it is Kolab's. The error says why it is no item.
pub(super) fn converted(part: &ItemPart, attachments: &[Attachment]) -> Option<Result<String, ItemFault>> {
    let kind = part.media_type.strip_prefix("application/x-vnd.kolab.");
    Some(match (part.media_type.as_str(), kind) {
        ("application/calendar+xml", _) => whole(&part.text).and_then(|root| xcal::calendar(&root, attachments)),
        ("application/vcard+xml", _) => whole(&part.text).and_then(|root| xcard::cards(&root)),
        (_, Some("event" | "task")) => whole(&part.text).and_then(|root| version_2::calendar(&root, attachments)),
        (_, Some("contact")) => whole(&part.text).and_then(|root| version_2::card(&root, attachments)),
        (_, Some(other)) => Err(ItemFault::OtherKolab { kind: other.to_owned() }),
        _ => return None,
    })
}

/// Whether a part is Kolab's.
pub(super) fn is_of_kolab(part: &ItemPart) -> bool {
    matches!(part.media_type.as_str(), "application/calendar+xml" | "application/vcard+xml")
        || part.media_type.starts_with("application/x-vnd.kolab.")
}

/// The whole document as a tree.
fn whole(text: &str) -> Result<Element, ItemFault> {
    let mut children = Vec::new();
    let mut root = xml::read(text.as_bytes(), &mut |child| children.push(child))
        .map_err(|why| ItemFault::Text { form: ItemForm::Kolab, why })?;
    root.children = children;
    Ok(root)
}

/// The attachment that a reference such as `cid:picture.1` or a file name means.
fn attached<'a>(attachments: &'a [Attachment], place: &str) -> Option<&'a Attachment> {
    let place = place.trim();
    let id = place.strip_prefix("cid:").unwrap_or(place);
    attachments.iter().find(|attachment| !id.is_empty() && (attachment.content_id == id || attachment.name == id))
}

/// The fault of a document with another root element.
fn other(root: &Element, form: ItemForm) -> ItemFault {
    ItemFault::Other { found: format!("<{}>", root.name), form }
}

/// The fault of an empty document.
fn empty(form: ItemForm) -> ItemFault {
    ItemFault::Text { form, why: TextFault::Empty }
}

fn with_parameter(mut line: Line, name: &str, value: &str) -> Line {
    line.parameters.push((name.to_owned(), vec![value.to_owned()]));
    line
}
