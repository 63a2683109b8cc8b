//! Reads a multistatus (RFC 4918, section 13), one response at a time.
//!
//! - Only the number of a status counts: Kerio Connect 8.0 writes "404 NotFound".
//! - Properties in an unsuccessful propstat count as missing.
//! - A response with status 507 means that the answer is truncated (RFC 6578, section 3.6).
//! - A response without a usable href, or with another server error, makes the answer incomplete, too.

use super::{DavAddress, DavError, Href};
use crate::domain::ItemServerFault;
use crate::xml::{self, Element, Space};

/// The response about one resource.
#[derive(Debug)]
pub(super) struct Response {
    pub(super) href: Href,
    /// Its own status, where it has no properties.
    pub(super) status: Option<u16>,
    /// The properties that the resource has.
    pub(super) properties: Vec<Element>,
}

impl Response {
    pub(super) fn property(&self, space: Space, name: &str) -> Option<&Element> {
        self.properties.iter().find(|property| property.is(space, name))
    }

    /// The text of a property, trimmed; none if missing or empty.
    pub(super) fn text(&self, space: Space, name: &str) -> Option<&str> {
        self.property(space, name).map(|property| property.text.trim()).filter(|text| !text.is_empty())
    }

    /// The href in a property.
    pub(super) fn href_in(&self, space: Space, name: &str) -> Option<&str> {
        self.property(space, name).and_then(Element::href)
    }
}

/// What the answer says beside its responses.
#[derive(Debug, Default)]
pub(super) struct Whole {
    /// Resources are missing, and may come when the server is asked again.
    pub(super) truncated: bool,
    /// Some responses were unusable or failures.
    pub(super) has_failures: bool,
    /// The collection's sync token (RFC 6578).
    pub(super) sync_token: Option<String>,
}

impl Whole {
    /// Whether the answer is complete.
    pub(super) fn is_all(&self) -> bool {
        !self.truncated && !self.has_failures
    }
}

/// Reads the multistatus that answers a request for `base`, and passes each response to `each`.
pub(super) fn read(
    body: &[u8],
    each: &mut dyn FnMut(Response),
    address: &DavAddress,
    base: &Href,
) -> Result<Whole, DavError> {
    let mut whole = Whole::default();
    let root = xml::read(body, &mut |element| {
        if element.is(Space::Dav, "sync-token") {
            whole.sync_token = Some(element.text.trim().to_owned());
        } else if element.is(Space::Dav, "response") {
            let Some(href) = element.href().and_then(|href| address.place(base, href)) else {
                log::debug!(target: "dav", "skipped a response without a usable href");
                whole.has_failures = true;
                return;
            };
            let response = response(element, href);
            match response.status {
                Some(507) => whole.truncated = true,
                Some(500..) => whole.has_failures = true,
                _ => each(response),
            }
        }
    });
    let root = root.map_err(|why| DavError::NotDav(ItemServerFault::Unreadable { why }))?;
    if !root.is(Space::Dav, "multistatus") {
        return Err(DavError::NotDav(ItemServerFault::NoMultistatus));
    }
    Ok(whole)
}

fn response(element: Element, href: Href) -> Response {
    let own = element.child(Space::Dav, "status").and_then(|status| number(&status.text));
    let mut properties = Vec::new();
    for propstat in element.children.into_iter().filter(|child| child.is(Space::Dav, "propstat")) {
        let status = propstat.child(Space::Dav, "status").and_then(|status| number(&status.text));
        if status.is_none_or(|status| (200..300).contains(&status)) {
            let props = propstat.children.into_iter().filter(|child| child.is(Space::Dav, "prop"));
            properties.extend(props.flat_map(|prop| prop.children));
        }
    }
    Response { href, status: own, properties }
}

fn number(status: &str) -> Option<u16> {
    status.split_whitespace().find_map(|word| word.parse().ok().filter(|number| (100..600).contains(number)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(body: &str) -> (Vec<Response>, Whole) {
        let mut all = Vec::new();
        let address = DavAddress::at_host("dav.example.com");
        let base = Href::of_path("/ann/");
        let whole = read(body.as_bytes(), &mut |response| all.push(response), &address, &base).unwrap();
        (all, whole)
    }

    #[test]
    fn what_the_server_does_not_have_is_missing_however_it_writes_its_status() {
        let (all, whole) = all("<D:multistatus xmlns:D='DAV:'>
            <D:response><D:href>a.eml</D:href>
              <D:propstat><D:prop><D:getetag>e1</D:getetag></D:prop><D:status>HTTP/1.1 200 OK</D:status></D:propstat>
              <D:propstat><D:prop><D:displayname/></D:prop><D:status>HTTP/1.1 404 NotFound</D:status></D:propstat>
            </D:response>
            <D:response><D:href>https://elsewhere.example/b</D:href></D:response>
            <D:response><D:href>/ann/</D:href><D:status>HTTP/1.1 507 Insufficient Storage</D:status></D:response>
            <D:sync-token>t7</D:sync-token></D:multistatus>");
        assert_eq!(all.len(), 2, "a server behind a proxy names itself otherwise");
        assert_eq!((all[0].href.as_str(), all[1].href.as_str()), ("/ann/a.eml", "/b"));
        assert_eq!(all[0].text(Space::Dav, "getetag"), Some("e1"));
        assert!(all[0].property(Space::Dav, "displayname").is_none());
        assert!(whole.truncated && !whole.has_failures);
        assert_eq!(whole.sync_token.as_deref(), Some("t7"));
    }

    #[test]
    fn what_the_server_could_not_speak_of_makes_an_answer_that_is_not_whole() {
        let of = |response: &str| all(&format!("<D:multistatus xmlns:D='DAV:'>{response}</D:multistatus>"));
        for failed in [
            "<D:response><D:href>a.eml</D:href><D:status>HTTP/1.1 500 Oops</D:status></D:response>",
            "<D:response><D:status>HTTP/1.1 200 OK</D:status></D:response>",
        ] {
            let (all, whole) = of(failed);
            assert!(all.is_empty() && !whole.is_all(), "{failed}");
        }
        let (all, whole) =
            of("<D:response><D:href>a.eml</D:href><D:status>HTTP/1.1 403 Forbidden</D:status></D:response>");
        assert!(all.len() == 1 && whole.is_all());
    }

    #[test]
    fn a_web_page_is_no_answer() {
        let address = DavAddress::at_host("dav.example.com");
        let error = read(b"<html><body/></html>", &mut |_| (), &address, &Href::of_path("/")).unwrap_err();
        assert!(error.to_string().contains("multistatus"), "{error}");
    }
}
