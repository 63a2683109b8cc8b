//! The connections to the stand-in: requests and answers in turn, the sign-in, and the faults that a test asks for.

use super::{Shared, answers, digest};
use crate::rehearsal::ServerCertificate;
use crate::rehearsal::http::{Answer, Request};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::io::{self, BufReader, Read, Write};
use std::net::TcpStream;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

/// What happens to a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DavFault {
    /// It is executed and answered.
    None,
    /// It is not executed, but answered with this status and, if given, a wait in seconds.
    Status(u16, Option<u64>),
    /// The connection is cut before the request is executed.
    CutBefore,
    /// The request is executed, and the connection is cut before the answer.
    CutAfter,
}

/// Decides about a request from its method, its path, and the number of requests with that method so far, this one included.
pub type DavHook = dyn Fn(&str, &str, u64) -> DavFault + Send + Sync;

/// How long a connection may be idle between two requests.
const REST: Duration = Duration::from_secs(60);

/// Serves each connection in a thread of its own.
pub(super) fn accept(
    shared: Arc<Shared>,
    certificate: Option<Arc<ServerCertificate>>,
) -> impl Fn(TcpStream) + Send + Sync + 'static {
    move |stream| {
        let (shared, certificate) = (shared.clone(), certificate.clone());
        let serve = move || {
            let _ = stream.set_read_timeout(Some(REST));
            let _ = stream.set_nodelay(true);
            let served = match certificate {
                Some(certificate) => certificate.accept(stream).and_then(|stream| serve(&shared, stream)),
                None => serve(&shared, stream),
            };
            if let Err(error) = served {
                log::debug!("a connection to the calendars ended: {error}");
            }
        };
        if let Err(error) = std::thread::Builder::new().name("calendars".to_owned()).spawn(serve) {
            log::debug!("a connection to the calendars could not be served: {error}");
        }
    }
}

fn serve(shared: &Shared, stream: impl Read + Write) -> io::Result<()> {
    let mut stream = BufReader::new(stream);
    while let Some(request) = Request::read(&mut stream)? {
        let close = request.close;
        let fault = fault(shared, &request);
        if fault == DavFault::CutBefore {
            return Ok(());
        }
        let answer = match fault {
            DavFault::Status(status, wait) => {
                let answer = Answer::new(status, "text/plain", "");
                match wait {
                    Some(wait) => answer.with_header("Retry-After", wait.to_string()),
                    None => answer,
                }
            }
            _ => answer(shared, &request),
        };
        if fault == DavFault::CutAfter {
            return Ok(());
        }
        answer.write(stream.get_mut(), close)?;
        if close {
            return Ok(());
        }
    }
    Ok(())
}

fn fault(shared: &Shared, request: &Request) -> DavFault {
    let number = {
        let mut store = shared.store();
        store.requests.push((request.method.clone(), request.path.clone()));
        store.requests.iter().filter(|(method, _)| *method == request.method).count() as u64
    };
    let hook = shared.hook.lock().unwrap_or_else(PoisonError::into_inner).clone();
    hook.map_or(DavFault::None, |hook| hook(&request.method, &request.path, number))
}

fn answer(shared: &Shared, request: &Request) -> Answer {
    let mut store = shared.store();
    if !store.behaviour.offers_dav {
        return Answer::page(404, "Not Found");
    }
    if let Some(place) = &store.behaviour.redirects_to {
        return Answer::new(302, "text/plain", "").with_header("Location", place.clone());
    }
    if request.path.starts_with("/.well-known/") {
        return Answer::new(301, "text/plain", "").with_header("Location", "../caldav/".to_owned());
    }
    if let Some(algorithm) = store.behaviour.wants_digest {
        let nonce = digest::nonce(store.requests.len());
        let header = request.header("Authorization").unwrap_or_default();
        return match digest::user(header, &request.method, algorithm, &store) {
            Some((user, own)) if own == nonce => answers::answer(&mut store, &user, request),
            proved => Answer::page(401, "Unauthorized")
                .with_header("WWW-Authenticate", digest::challenge(algorithm, &nonce, proved.is_some())),
        };
    }
    let signed_in = request.header("Authorization").and_then(|header| header.strip_prefix("Basic ")).and_then(|pair| {
        let pair = String::from_utf8(STANDARD.decode(pair).ok()?).ok()?;
        let (name, password) = pair.split_once(':')?;
        store.may_sign_in(name, password).then(|| name.to_owned())
    });
    match signed_in {
        Some(user) => match answers::answer(&mut store, &user, request) {
            answer if store.behaviour.declares_entities => answers::with_entities(answer),
            answer if store.behaviour.names_itself.is_empty() => answer,
            answer => answers::with_address(answer, store.behaviour.names_itself),
        },
        None => Answer::page(401, "Unauthorized").with_header("WWW-Authenticate", "Basic realm=\"Kerio\"".to_owned()),
    }
}
