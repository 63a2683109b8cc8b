//! A signed-in connection to a DAV server: a request with the password, its redirects, its waits, and what its status means.
//!
//! - The password goes to the server that was named and to no other: a redirect to another host, port or to clear text is an error.
//! - A request that changes nothing is sent once more when its connection is lost; one that stores something never is.
//! - A server that takes Digest only gets that; a refused password is not shown twice.
//! - 429 and 503 are waited for as the server says, three times and two minutes together at most.

use super::digest::Challenge;
use super::{DavAddress, DavError, Href};
use crate::domain::Secret;
use crate::network::{HttpClient, HttpRequest, HttpResponse, HttpServer};
use crate::xml::{self, Space};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Redirects of one request at most.
const MOST_REDIRECTS: usize = 5;
/// How often a busy server is waited for.
const MOST_WAITS: usize = 3;
/// Challenges of one request that are answered at most.
const MOST_ANSWERS: usize = 2;
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

/// Where a DAV server is, and how it is asked.
#[derive(Clone)]
pub struct DavServer {
    /// The address as typed or found.
    pub address: DavAddress,
    /// Its host, whom it has to be, and the proxy before it.
    pub server: HttpServer,
    /// At most this passes before a request counts as lost.
    pub limit: Duration,
    /// Waits for a busy server; false when nobody wants to wait any more.
    pub pause: Arc<dyn Fn(Duration) -> bool + Send + Sync>,
}

/// What may be asked of a server. Nothing here changes anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ReadOnly {
    Options,
    Propfind {
        depth: u8,
    },
    Report,
    /// The report of changes, which goes no deeper than the depth 0 it is sent with (RFC 6578, section 3.2).
    Changes,
    Get,
}

/// What adds something. Nothing here overwrites or deletes anything: each needs that its place is free.
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

    /// Asks, and follows redirects on this server. Returns the answer and where it came from in the end.
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

    /// Adds something at a place, unless something is there.
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

/// The type of what is asked, and of what a collection is made with.
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

/// A signed-in way to a DAV server; what may go over it is said by the type of the connection around it.
pub(super) struct Channel {
    address: DavAddress,
    client: HttpClient,
    login: DavLogin,
    /// The header for Basic.
    basic: Secret,
    /// What the server asked to be proved, where it takes nothing else.
    digest: Option<Challenge>,
    /// Waits for a busy server; false when the user wants no more.
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
                    // A stale nonce says nothing about the password; whoever was answered and refuses does.
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

/// How long a busy server asks to wait: in seconds or until a date (RFC 9110, section 10.2.3).
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

/// The name of the precondition in the body of a refusal and the server's words about it, or nothing.
fn precondition(body: &[u8]) -> String {
    let (mut found, mut words) = (String::new(), String::new());
    let root = xml::read(body, &mut |element| {
        if element.is(Space::Dav, "responsedescription") {
            words = format!(" ({})", element.text.trim().chars().take(200).collect::<String>());
        } else if found.is_empty() {
            found = element.name;
        }
    });
    match root {
        Ok(root) if root.is(Space::Dav, "error") => found.chars().take(60).collect::<String>() + &words,
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_given_in_seconds_or_until_a_date() {
        assert_eq!(wait_of(" 7 "), Some(Duration::from_secs(7)));
        assert_eq!(wait_of("Wed, 21 Oct 2015 07:28:00 GMT"), Some(Duration::ZERO));
        assert!(wait_of("Fri, 01 Jan 2100 00:00:00 GMT").unwrap() > Duration::from_secs(86_400));
        assert_eq!(wait_of("soon"), None);
    }
}
