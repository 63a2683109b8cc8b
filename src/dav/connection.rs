//! A signed-in connection to a DAV server: authentication, redirects, retries, and the meaning of each status.
//!
//! - The password goes only to the named server: a redirect to another host, to another port or to clear text is an error.
//! - A request that changes nothing is repeated once after a lost connection; one that stores something never is.
//! - A server that accepts only Digest gets only Digest. A refused password is not sent twice.
//! - After 429 and 503 a request waits as the server asks, at most a minute each time and three times. Asked for more than two minutes, it
//!   fails at once.

use super::digest::Challenge;
use super::{DavAddress, DavError, Href};
use crate::domain::{Secret, foreign_without_secrets};
use crate::network::{HttpClient, HttpRequest, HttpResponse, HttpServer};
use crate::xml::{self, Space};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// At most this many redirects are followed for one request.
const MOST_REDIRECTS: usize = 5;
/// At most this often one request waits for a busy server.
const MOST_WAITS: usize = 3;
/// At most this many challenges are answered for one request.
const MOST_ANSWERS: usize = 2;
/// The longest single wait for a busy server.
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// Name and password to sign in with.
#[derive(Debug, Clone)]
pub struct DavLogin {
    /// The name.
    pub user: String,
    /// The password.
    pub password: Secret,
}

/// Where a DAV server is, and how to talk to it.
#[derive(Clone)]
pub struct DavServer {
    /// The address as typed or found.
    pub address: DavAddress,
    /// How to reach its host: trust, proxy, limits and rate.
    pub server: HttpServer,
    /// The time limit of a request, after which it counts as lost.
    pub limit: Duration,
    /// Waits for a busy server; false if the wait was cancelled.
    pub pause: Arc<dyn Fn(Duration) -> bool + Send + Sync>,
}

/// The requests that read. None changes anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ReadOnly {
    Options,
    Propfind {
        depth: u8,
    },
    Report,
    /// A sync-collection report, sent with depth 0 (RFC 6578, section 3.2).
    Changes,
    Get,
}

/// The requests that add. None overwrites or deletes anything: each needs a free place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Adding {
    /// PUT with `If-None-Match: *`.
    Put,
    MakeCalendar,
    MakeCollection,
}

/// A connection that only reads.
pub(super) struct ReadConnection(Channel);

/// A connection that adds.
pub(super) struct WriteConnection(Channel);

impl ReadConnection {
    pub(super) fn new(channel: Channel) -> Self {
        Self(channel)
    }

    pub(super) fn address(&self) -> &DavAddress {
        &self.0.address
    }

    /// Sends a request and follows redirects on this server. Returns the answer and the href that gave it.
    pub(super) fn ask(
        &mut self,
        question: ReadOnly,
        href: &Href,
        body: &[u8],
        longest_answer: u64,
    ) -> Result<(HttpResponse, Href), DavError> {
        let (method, depth) = match question {
            ReadOnly::Options => ("OPTIONS", None),
            ReadOnly::Propfind { depth } => ("PROPFIND", Some(depth.to_string())),
            ReadOnly::Report => ("REPORT", Some("1".to_owned())),
            ReadOnly::Changes => ("REPORT", Some("0".to_owned())),
            ReadOnly::Get => ("GET", None),
        };
        let headers: Vec<(&str, &str)> =
            depth.iter().flat_map(|depth| [("Depth", depth.as_str()), ("Content-Type", XML)]).collect();
        self.0.send(Sent { method, changes_nothing: true, headers: &headers, body, longest_answer }, href)
    }
}

impl WriteConnection {
    pub(super) fn new(channel: Channel) -> Self {
        Self(channel)
    }

    /// Adds something at a free place; a taken one is an error.
    pub(super) fn add(
        &mut self,
        what: Adding,
        href: &Href,
        content_type: &str,
        body: &[u8],
    ) -> Result<HttpResponse, DavError> {
        let method = match what {
            Adding::Put => "PUT",
            Adding::MakeCalendar => "MKCALENDAR",
            Adding::MakeCollection => "MKCOL",
        };
        let headers = [("If-None-Match", "*"), ("Content-Type", content_type)];
        let headers = if what == Adding::Put { &headers[..] } else { &headers[1..] };
        let sent = Sent { method, changes_nothing: false, headers, body, longest_answer: LONGEST_RECEIPT };
        self.0.send(sent, href).map(|(answer, _)| answer)
    }
}

/// The content type of queries, and of requests that create a collection.
pub(super) const XML: &str = "application/xml; charset=utf-8";
/// The largest answer to a request that adds something, in bytes.
const LONGEST_RECEIPT: u64 = 1 << 20;

/// What is sent.
#[derive(Clone, Copy)]
struct Sent<'a> {
    method: &'a str,
    changes_nothing: bool,
    headers: &'a [(&'a str, &'a str)],
    body: &'a [u8],
    longest_answer: u64,
}

/// A signed-in channel to a DAV server; the connection type around it restricts what may be sent.
pub(super) struct Channel {
    address: DavAddress,
    client: HttpClient,
    login: DavLogin,
    /// The header value for Basic.
    basic: Secret,
    /// The current challenge of a server that accepts only Digest.
    digest: Option<Challenge>,
    /// See [`DavServer::pause`].
    pause: Arc<dyn Fn(Duration) -> bool + Send + Sync>,
}

impl Channel {
    pub(super) fn new(server: DavServer, login: &DavLogin) -> Self {
        let DavServer { address, server, limit, pause } = server;
        let pair = Secret::new(format!("{}:{}", login.user, login.password.reveal()));
        let basic = Secret::new(format!("Basic {}", STANDARD.encode(pair.reveal())));
        let client = HttpClient::new(server, limit, true);
        Self { address, client, login: login.clone(), basic, digest: None, pause }
    }

    fn send(&mut self, sent: Sent<'_>, href: &Href) -> Result<(HttpResponse, Href), DavError> {
        let mut href = href.clone();
        let (mut redirects, mut waits, mut losses, mut answers) = (0, 0, 0, 0);
        loop {
            let response = match self.send_once(sent, &href) {
                Err(error) if error.is_loss() && sent.changes_nothing && losses == 0 => {
                    losses += 1;
                    continue;
                }
                response => response?,
            };
            match response.status {
                301 | 302 | 303 | 307 | 308 if redirects < MOST_REDIRECTS && sent.changes_nothing => {
                    redirects += 1;
                    let place = response.header("location").unwrap_or_default().to_owned();
                    href = self.address.resolve(&href, &place).ok_or(DavError::RedirectedAway(place))?;
                }
                status @ (429 | 503) => {
                    let wait = response.header("retry-after").and_then(wait_of);
                    let pause = wait.unwrap_or(Duration::from_secs(5 << waits)).min(LONGEST_WAIT);
                    waits += 1;
                    if waits > MOST_WAITS || wait.is_some_and(|wait| wait > 2 * LONGEST_WAIT) || !(self.pause)(pause) {
                        return Err(DavError::Busy { status, wait });
                    }
                }
                200..=299 => return Ok((response, href)),
                401 => {
                    let challenge = Challenge::of(&response).filter(|_| takes_digest_only(&response));
                    // A stale nonce says nothing about the password; a refused answer does.
                    let may_answer = challenge.as_ref().is_some_and(|it| self.digest.is_none() || it.is_stale);
                    if !may_answer || answers >= MOST_ANSWERS {
                        let digest = challenge.is_none() && takes_digest_only(&response);
                        return Err(DavError::SignInRefused { digest });
                    }
                    answers += 1;
                    self.digest = challenge;
                }
                status => return Err(DavError::Refused { status, precondition: precondition(&response.body) }),
            }
        }
    }

    fn send_once(&mut self, sent: Sent<'_>, href: &Href) -> Result<HttpResponse, DavError> {
        let Sent { method, headers, body, longest_answer, .. } = sent;
        let authorization = match &mut self.digest {
            Some(challenge) => challenge.answer(&self.login.user, &self.login.password, method, href.as_str()),
            None => self.basic.clone(),
        };
        let mut all = vec![("Authorization", authorization.reveal())];
        all.extend(headers);
        let request = HttpRequest { method, path: href.as_str(), headers: &all, body, longest_answer };
        let response = self.client.send(request);
        match &response {
            Ok(response) => log::debug!(target: "dav", "{method} {href}: {}", response.status),
            Err(error) => log::debug!(target: "dav", "{method} {href}: {error}"),
        }
        Ok(response?)
    }
}

/// How long a busy server asks to wait: a number of seconds or a date (RFC 9110, section 10.2.3).
fn wait_of(retry_after: &str) -> Option<Duration> {
    let text = retry_after.trim();
    let until = || {
        let at = u64::try_from(chrono::DateTime::parse_from_rfc2822(text).ok()?.timestamp()).ok()?;
        Some(at.saturating_sub(SystemTime::now().duration_since(UNIX_EPOCH).ok()?.as_secs()))
    };
    text.parse().ok().or_else(until).map(Duration::from_secs)
}

fn takes_digest_only(response: &HttpResponse) -> bool {
    let mut offered = response.headers_named("www-authenticate").map(str::to_ascii_lowercase).peekable();
    offered.peek().is_some() && offered.all(|offer| offer.starts_with("digest") && !offer.contains("basic"))
}

/// The beginning of a server's words. Secrets go first: half of one would not be recognised.
pub(super) fn shortened(words: &str, longest: usize) -> String {
    foreign_without_secrets(words).chars().take(longest).collect()
}

/// The precondition in a refusal's body, with the server's words in parentheses; empty if there is none.
fn precondition(body: &[u8]) -> String {
    let (mut found, mut words) = (String::new(), String::new());
    let root = xml::read(body, &mut |element| {
        if element.is(Space::Dav, "responsedescription") {
            words = format!(" ({})", shortened(element.text.trim(), 200));
        } else if found.is_empty() {
            found = element.name;
        }
    });
    match root {
        Ok(root) if root.is(Space::Dav, "error") => shortened(&found, 60) + &words,
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::hide;

    #[test]
    fn a_secret_in_a_servers_words_is_taken_out_before_they_are_shortened() {
        hide([("ann", &Secret::new("qZ7vKp3xWm9sRt5yBn2cHd8f"))]);
        let words = format!("{}qZ7vKp3xWm9sRt5yBn2cHd8f", "a ".repeat(95));
        let body =
            format!("<error xmlns='DAV:'><no-uid-conflict/><responsedescription>{words}</responsedescription></error>");
        let said = precondition(body.as_bytes());
        assert!(said.starts_with("no-uid-conflict (a a ") && !said.contains("qZ7"), "{said}");
    }

    #[test]
    fn a_wait_is_given_in_seconds_or_until_a_date() {
        assert_eq!(wait_of(" 7 "), Some(Duration::from_secs(7)));
        assert_eq!(wait_of("Wed, 21 Oct 2015 07:28:00 GMT"), Some(Duration::ZERO));
        assert!(wait_of("Fri, 01 Jan 2100 00:00:00 GMT").unwrap() > Duration::from_secs(86_400));
        assert_eq!(wait_of("soon"), None);
    }
}
