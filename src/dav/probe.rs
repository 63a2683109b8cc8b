//! Looks for calendars and contacts at an address before anybody signs in. No password is sent.
//!
//! A DAV server answers a query for the principal with a multistatus or with 401. Redirects are followed on the same server.

use super::connection::XML;
use super::discovery::{ENTRIES, QUESTION};
use super::{DavAddress, DavError, Href};
use crate::network::{HttpClient, HttpRequest, HttpServer};
use std::time::Duration;

/// At most this many redirects are followed for one place.
const MOST_REDIRECTS: usize = 3;
/// The largest answer, in bytes.
const LARGEST: u64 = 1 << 20;

/// The place at an address where DAV answers; none if a server answers, but not with DAV. Fails if no server answers.
pub fn find(address: &DavAddress, server: HttpServer, limit: Duration) -> Result<Option<Href>, DavError> {
    let mut client = HttpClient::new(server, limit, true);
    let places: Vec<Href> = match &address.path {
        Some(path) => vec![path.folder()],
        None => ENTRIES.map(Href::of_path).to_vec(),
    };
    for place in places {
        let mut place = place;
        for _ in 0..=MOST_REDIRECTS {
            let answer = client.send(HttpRequest {
                method: "PROPFIND",
                path: place.as_str(),
                headers: &[("Depth", "0"), ("Content-Type", XML)],
                body: QUESTION,
                longest_answer: LARGEST,
            })?;
            log::debug!(target: "dav", "PROPFIND {place} without a password: {}", answer.status);
            let next = match answer.status {
                207 => return Ok(Some(place)),
                401 if answer.header("www-authenticate").is_some() => return Ok(Some(place)),
                301 | 302 | 303 | 307 | 308 => answer.header("location").and_then(|next| address.resolve(&place, next)),
                _ => None,
            };
            match next {
                Some(next) => place = next,
                None => break,
            }
        }
    }
    Ok(None)
}
