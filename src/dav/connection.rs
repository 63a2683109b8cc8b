//! A signed-in connection to a DAV server: a request with the password, its redirects, its waits, and what its status means.
//!
//! - The password goes to the server that was named and to no other: a redirect to another host, port or to clear text is an error.
//! - A request that changes nothing is sent once more when its connection is lost; one that stores something never is.
//! - 429 and 503 are waited for as the server says, three times and two minutes together at most.

use super::xml::{self, Space};
use super::{DavAddress, DavError, Href};
use crate::domain::Secret;
use crate::network::{HttpClient, HttpRequest, HttpResponse, HttpServer};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::time::Duration;

/// Redirects of one request at most.
const MOST_REDIRECTS: usize = 5;
/// How often a busy server is waited for.
const MOST_WAITS: usize = 3;
/// The longest wait that a server gets.
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// Who signs in.
#[derive(Debug, Clone)]
pub struct DavLogin {
    /// The name.
    pub user: String,
    /// The password.
    pub password: Secret,
}

/// What may be sent. Only [`Verb::Put`] and [`Verb::MakeCalendar`] change anything, and a [`super::Source`] has neither.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verb {
    Options,
    Propfind { depth: u8 },
    Report,
    Get,
    Put,
    MakeCalendar,
}

impl Verb {
    fn method(self) -> &'static str {
        match self {
            Verb::Options => "OPTIONS",
            Verb::Propfind { .. } => "PROPFIND",
            Verb::Report => "REPORT",
            Verb::Get => "GET",
            Verb::Put => "PUT",
            Verb::MakeCalendar => "MKCALENDAR",
        }
    }

    fn changes_nothing(self) -> bool {
        !matches!(self, Verb::Put | Verb::MakeCalendar)
    }
}

/// A connection to a DAV server.
pub(super) struct Connection {
    pub(super) address: DavAddress,
    client: HttpClient,
    authorization: Secret,
    /// Waits for a busy server; false when the user wants no more.
    pause: Box<dyn Fn(Duration) -> bool + Send>,
}

impl Connection {
    pub(super) fn new(
        address: DavAddress,
        server: HttpServer,
        login: &DavLogin,
        limit: Duration,
        pause: Box<dyn Fn(Duration) -> bool + Send>,
    ) -> Self {
        let pair = Secret::new(format!("{}:{}", login.user, login.password.reveal()));
        let authorization = Secret::new(format!("Basic {}", STANDARD.encode(pair.reveal())));
        Self { address, client: HttpClient::new(server, limit, true), authorization, pause }
    }

    /// Sends a request and follows redirects on this server. Returns the answer and where it came from in the end.
    pub(super) fn send(
        &mut self,
        verb: Verb,
        href: &Href,
        headers: &[(&str, &str)],
        body: &[u8],
        longest_answer: u64,
    ) -> Result<(HttpResponse, Href), DavError> {
        let mut href = href.clone();
        let (mut redirects, mut waits, mut losses) = (0, 0, 0);
        loop {
            let response = match self.send_once(verb, &href, headers, body, longest_answer) {
                Err(error) if error.is_loss() && verb.changes_nothing() && losses == 0 => {
                    losses += 1;
                    continue;
                }
                response => response?,
            };
            match response.status {
                301 | 302 | 303 | 307 | 308 if redirects < MOST_REDIRECTS && verb.changes_nothing() => {
                    redirects += 1;
                    let place = response.header("location").unwrap_or_default().to_owned();
                    href = self.address.resolve(&href, &place).ok_or(DavError::RedirectedAway(place))?;
                }
                status @ (429 | 503) => {
                    let wait = response.header("retry-after").and_then(|text| text.trim().parse().ok());
                    let wait = wait.map(Duration::from_secs);
                    let pause = wait.unwrap_or(Duration::from_secs(5 << waits)).min(LONGEST_WAIT);
                    waits += 1;
                    if waits > MOST_WAITS || wait.is_some_and(|wait| wait > 2 * LONGEST_WAIT) || !(self.pause)(pause) {
                        return Err(DavError::Busy { status, wait });
                    }
                }
                200..=299 => return Ok((response, href)),
                401 => return Err(DavError::SignInRefused { digest: only_digest(&response) }),
                status => return Err(DavError::Refused { status, precondition: precondition(&response.body) }),
            }
        }
    }

    fn send_once(
        &mut self,
        verb: Verb,
        href: &Href,
        headers: &[(&str, &str)],
        body: &[u8],
        longest_answer: u64,
    ) -> Result<HttpResponse, DavError> {
        let depth = match verb {
            Verb::Propfind { depth } => depth.to_string(),
            _ => "1".to_owned(),
        };
        let mut all = vec![("Authorization", self.authorization.reveal())];
        if matches!(verb, Verb::Propfind { .. } | Verb::Report) {
            all.push(("Depth", &depth));
            all.push(("Content-Type", "application/xml; charset=utf-8"));
        }
        all.extend(headers);
        let request = HttpRequest { method: verb.method(), path: href.as_str(), headers: &all, body, longest_answer };
        let response = self.client.send(request);
        match &response {
            Ok(response) => log::debug!(target: "dav", "{} {href}: {}", verb.method(), response.status),
            Err(error) => log::debug!(target: "dav", "{} {href}: {error}", verb.method()),
        }
        Ok(response?)
    }
}

fn only_digest(response: &HttpResponse) -> bool {
    let mut offered = response.headers_named("www-authenticate").map(str::to_ascii_lowercase).peekable();
    offered.peek().is_some() && offered.all(|offer| offer.starts_with("digest") && !offer.contains("basic"))
}

/// The name of the precondition in the body of a refusal, or nothing.
fn precondition(body: &[u8]) -> String {
    let mut found = String::new();
    let root = xml::read(body, &mut |element| {
        if found.is_empty() {
            found = element.name;
        }
    });
    match root {
        Ok(root) if root.is(Space::Dav, "error") => found.chars().take(60).collect(),
        _ => String::new(),
    }
}
