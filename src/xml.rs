//! XML from servers and messages, read within bounds: WebDAV's answers (RFC 4918, section 14), xCal, xCard, Kolab's own.
//!
//! - A document type, and with it every entity of its own, ends the reading: nothing that a server sends can expand.
//! - Depth and number of elements are bounded; the caller bounds the bytes.
//! - Below the root, one child at a time is a tree in memory; the next one takes its place.
//! - Text may come as character data or as CDATA (as Kerio Connect sends cards), in pieces.

use crate::domain::TextFault;
use encoding_rs::Encoding;
use quick_xml::events::{BytesStart, Event};
use quick_xml::name::{Namespace, ResolveResult};
use quick_xml::reader::NsReader;
use std::borrow::Cow;

/// At most this many levels; an honest answer nests eight deep.
const DEEPEST: usize = 32;
/// At most this many elements below one child of the root.
const MOST_ELEMENTS: usize = 20_000;

/// The namespace of an element.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Space {
    /// `DAV:`
    Dav,
    /// CalDAV (RFC 4791).
    Calendar,
    /// CardDAV (RFC 6352).
    Card,
    /// The extensions that many servers share with Apple's calendar server.
    CalendarServer,
    /// Any other.
    Other,
}

impl Space {
    fn of(resolved: &ResolveResult<'_>) -> Self {
        match resolved {
            ResolveResult::Bound(Namespace(b"DAV:")) => Space::Dav,
            ResolveResult::Bound(Namespace(b"urn:ietf:params:xml:ns:caldav")) => Space::Calendar,
            ResolveResult::Bound(Namespace(b"urn:ietf:params:xml:ns:carddav")) => Space::Card,
            ResolveResult::Bound(Namespace(b"http://calendarserver.org/ns/")) => Space::CalendarServer,
            _ => Space::Other,
        }
    }
}

/// An element with everything below it.
#[derive(Debug, Clone)]
pub(crate) struct Element {
    pub(crate) space: Space,
    pub(crate) name: String,
    /// Its attributes by their local names, unchanged.
    attributes: Vec<(String, String)>,
    /// The text directly in it.
    pub(crate) text: String,
    pub(crate) children: Vec<Element>,
}

impl Element {
    pub(crate) fn is(&self, space: Space, name: &str) -> bool {
        self.space == space && self.name == name
    }

    pub(crate) fn child(&self, space: Space, name: &str) -> Option<&Element> {
        self.children.iter().find(|child| child.is(space, name))
    }

    /// The first child of that name, in any namespace.
    pub(crate) fn named(&self, name: &str) -> Option<&Element> {
        self.children.iter().find(|child| child.name == name)
    }

    /// The value of an attribute.
    pub(crate) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }

    /// The text of the `DAV:href` directly in it.
    pub(crate) fn href(&self) -> Option<&str> {
        self.child(Space::Dav, "href").map(|href| href.text.trim()).filter(|href| !href.is_empty())
    }
}

/// Reads a document and passes the children of its root to `each`, one by one. Returns the root without them.
pub(crate) fn read(document: &[u8], each: &mut dyn FnMut(Element)) -> Result<Element, TextFault> {
    let text = decoded(document);
    let mut reader = NsReader::from_str(text.trim_start_matches('\u{feff}').trim_start());
    // The open elements, the root first.
    let mut open: Vec<Element> = Vec::new();
    let mut elements = 0;
    loop {
        let (resolved, event) = reader.read_resolved_event().map_err(broken)?;
        match event {
            Event::Start(start) => {
                elements += 1;
                if open.len() >= DEEPEST || elements > MOST_ELEMENTS {
                    return Err(TextFault::TooDeep);
                }
                open.push(element(Space::of(&resolved), &start));
            }
            Event::Empty(start) => {
                elements += 1;
                if elements > MOST_ELEMENTS {
                    return Err(TextFault::TooDeep);
                }
                let element = element(Space::of(&resolved), &start);
                if let Some(root) = close(&mut open, element, &mut elements, each) {
                    return Ok(root);
                }
            }
            Event::End(_) => {
                let Some(element) = open.pop() else { return Err(TextFault::EndWithoutBegin) };
                if let Some(root) = close(&mut open, element, &mut elements, each) {
                    return Ok(root);
                }
            }
            Event::Text(text) => add(&mut open, &text.decode().map_err(broken)?),
            Event::CData(text) => add(&mut open, &text.decode().map_err(broken)?),
            Event::GeneralRef(reference) => {
                let resolved = reference.resolve_char_ref().map_err(broken)?;
                let character = match (resolved, &*reference.decode().map_err(broken)?) {
                    (Some(character), _) => character,
                    (None, "amp") => '&',
                    (None, "lt") => '<',
                    (None, "gt") => '>',
                    (None, "quot") => '"',
                    (None, "apos") => '\'',
                    (None, _) => return Err(TextFault::OwnEntity),
                };
                add(&mut open, character.encode_utf8(&mut [0; 4]));
            }
            Event::DocType(_) => return Err(TextFault::DocumentType),
            Event::Eof => return Err(TextFault::Cut),
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
        }
    }
}

/// The document as text: UTF-8, or the encoding that its byte order mark or declaration names. Whatever cannot be read becomes `\u{fffd}`.
fn decoded(document: &[u8]) -> Cow<'_, str> {
    if let (Err(_), Some(encoding)) = (std::str::from_utf8(document), declared(document)) {
        return encoding.decode(document).0;
    }
    String::from_utf8_lossy(document)
}

fn declared(document: &[u8]) -> Option<&'static Encoding> {
    if let Some((encoding, _)) = Encoding::for_bom(document) {
        return Some(encoding);
    }
    let declaration = String::from_utf8_lossy(document.get(..200).unwrap_or(document));
    let declaration = declaration.split_once("?>")?.0;
    let label = declaration.split_once("encoding")?.1.trim_start_matches(['=', ' ', '"', '\'']);
    Encoding::for_label(label.split(['"', '\'']).next()?.as_bytes())
}

/// Puts a closed element where it belongs; returns it if it is the root.
fn close(
    open: &mut [Element],
    element: Element,
    elements: &mut usize,
    each: &mut dyn FnMut(Element),
) -> Option<Element> {
    match open {
        [] => return Some(element),
        [_] => {
            *elements = 0;
            each(element);
        }
        [.., parent] => parent.children.push(element),
    }
    None
}

fn broken(error: impl std::fmt::Display) -> TextFault {
    TextFault::Xml { why: error.to_string() }
}

fn element(space: Space, start: &BytesStart<'_>) -> Element {
    let name = String::from_utf8_lossy(start.local_name().into_inner()).into_owned();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let attributes = start.attributes().flatten();
    let attributes = attributes.map(|it| (text(it.key.local_name().into_inner()), text(&it.value))).collect();
    Element { space, name, attributes, text: String::new(), children: Vec::new() }
}

fn add(open: &mut [Element], text: &str) {
    if let Some(element) = open.last_mut() {
        element.text.push_str(text);
    }
}

/// Text escaped for XML.
pub(crate) fn escaped(text: &str) -> String {
    quick_xml::escape::escape(text).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn children(document: &str) -> Result<Vec<Element>, TextFault> {
        let mut all = Vec::new();
        read(document.as_bytes(), &mut |element| all.push(element)).map(|_| all)
    }

    #[test]
    fn text_comes_in_pieces_and_as_cdata() {
        let all = children("<a xmlns='DAV:'><b>x &amp; y&#33; <![CDATA[<z>]]></b><c/></a>").unwrap();
        assert!(all[0].is(Space::Dav, "b") && all[1].is(Space::Dav, "c"));
        assert_eq!(all[0].text, "x & y! <z>");
    }

    #[test]
    fn a_document_is_read_in_the_encoding_that_it_declares() {
        let text = |document: &[u8]| read(document, &mut |_| ()).unwrap().text;
        assert_eq!(text(b"<?xml version='1.0' encoding='ISO-8859-1'?><a>B\xfcro</a>"), "B\u{fc}ro");
        assert_eq!(text(b"<?xml version=\"1.0\" encoding = \"utf-8\"?><a>B\xfcro</a>"), "B\u{fffd}ro");
        let wide: Vec<u8> = "\u{feff}<a>B\u{fc}ro</a>".encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(text(&wide), "B\u{fc}ro");
    }

    #[test]
    fn nothing_a_server_sends_can_grow() {
        let bomb = "<!DOCTYPE a [<!ENTITY b 'bbbbbbbb'>]><a>&b;</a>";
        assert_eq!(children(bomb).unwrap_err(), TextFault::DocumentType);
        assert_eq!(children("<a>&b;</a>").unwrap_err(), TextFault::OwnEntity);
        assert_eq!(children(&"<a>".repeat(100_000)).unwrap_err(), TextFault::TooDeep);
        let many = format!("<a><b>{}</b></a>", "<c/>".repeat(30_000));
        assert_eq!(children(&many).unwrap_err(), TextFault::TooDeep);
        assert_eq!(children(&format!("<a>{}</a>", "<b/>".repeat(90_000))).unwrap().len(), 90_000);
        for cut in ["<a><b>", "<a></b>", "", "text", "</a>"] {
            assert!(children(cut).is_err(), "{cut}");
        }
    }
}
