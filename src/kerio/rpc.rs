//! JSON-RPC 2.0 as Kerio speaks it (docs/kerio-connect.md, A1 to A4, A7, A8): one call, one answer.
//!
//! Promises that only an answer to this very call passes for one, and that no parameter reaches a log.

use super::endpoint::AdministrationEndpoint;
use super::error::{KerioError, Refusal};
use crate::domain::{AdministrationFault, Secret};
use crate::network::{HttpClient, HttpRequest, HttpResponse};
use serde_json::{Value, json};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Where the API answers, with the final slash that Kerio's own library uses.
const PATH: &str = "/admin/api/jsonrpc/";

/// The longest answer that is read, in bytes; the longest honest one lists some thousand users.
const LONGEST_ANSWER: u64 = 8 << 20;

/// Proves that a call belongs to a signed-in session: the token and all cookies, whatever their names (A3).
#[derive(Clone, Default)]
pub(super) struct Pass {
    pub(super) token: Secret,
    cookies: Vec<(String, Secret)>,
}

impl Pass {
    pub(super) fn new(token: Secret) -> Self {
        Self { token, cookies: Vec::new() }
    }

    /// Takes the cookies of an answer.
    pub(super) fn keep(&mut self, lines: &[String]) {
        const MOST: usize = 50;
        for line in lines {
            let Some((name, value)) = line.split(';').next().and_then(|pair| pair.split_once('=')) else { continue };
            let (name, value) = (name.trim(), value.trim());
            self.cookies.retain(|(known, _)| known != name);
            if !name.is_empty() && !value.is_empty() && self.cookies.len() < MOST {
                self.cookies.push((name.to_owned(), Secret::new(value)));
            }
        }
    }

    fn cookie_header(&self) -> Secret {
        let pairs: Vec<String> =
            self.cookies.iter().map(|(name, value)| format!("{name}={}", value.reveal())).collect();
        Secret::new(pairs.join("; "))
    }
}

/// An answer.
pub(super) struct Answer {
    /// The `result`, always an object.
    pub(super) result: Value,
    /// The `Set-Cookie` lines that came with it.
    pub(super) cookies: Vec<String>,
}

/// Makes calls; keeps nothing between them but the number of the next one.
pub(super) struct Rpc {
    pub(super) endpoint: AdministrationEndpoint,
    next_id: AtomicU64,
}

impl Rpc {
    pub(super) fn new(endpoint: AdministrationEndpoint) -> Self {
        Self { endpoint, next_id: AtomicU64::new(1) }
    }

    /// Carries out one call within `limit`.
    pub(super) fn call(
        &self,
        method: &str,
        params: &Value,
        pass: &Pass,
        limit: Duration,
    ) -> Result<Answer, KerioError> {
        let id = self.next_id.fetch_add(1, Ordering::Relaxed);
        let body = Secret::new(json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}).to_string());
        let cookies = pass.cookie_header();
        let mut headers = vec![
            ("Content-Type", "application/json-rpc; charset=UTF-8"),
            ("Accept", "application/json-rpc"),
            ("Connection", "close"),
        ];
        if !pass.token.is_empty() {
            headers.push(("X-Token", pass.token.reveal()));
        }
        if !cookies.is_empty() {
            headers.push(("Cookie", cookies.reveal()));
        }
        let started = Instant::now();
        let body = body.reveal().as_bytes();
        let request =
            HttpRequest { method: "POST", path: PATH, headers: &headers, body, longest_answer: LONGEST_ANSWER };
        // Each call has its own connection: there are a few for each mailbox, minutes apart.
        let response = HttpClient::new(self.endpoint.server(), limit, false).send(request).map_err(KerioError::from);
        let answer = response.and_then(|response| {
            let cookies: Vec<String> = response.headers_named("set-cookie").map(str::to_owned).collect();
            read(method, id, response).map(|result| Answer { result, cookies })
        });
        let milliseconds = started.elapsed().as_millis();
        match &answer {
            Ok(_) => log::debug!(target: "kerio", "{method}: done in {milliseconds} ms"),
            // Only the code of a refusal: a server may repeat anything that it was sent.
            Err(KerioError::Refused(refusal) | KerioError::NoSession(refusal)) => {
                log::debug!(target: "kerio", "{method}: refused with code {} ({milliseconds} ms)", refusal.code);
            }
            Err(error) => log::debug!(target: "kerio", "{method}: {error} ({milliseconds} ms)"),
        }
        answer
    }
}

/// The result in a response to call `id`.
pub(super) fn read(method: &str, id: u64, response: HttpResponse) -> Result<Value, KerioError> {
    let not_the_api = |fault| Err(KerioError::NotTheApi(fault));
    let parsed: Option<Value> = serde_json::from_slice(&response.body).ok();
    let refusal = parsed.as_ref().and_then(|answer| answer.get("error")).filter(|error| error.is_object());
    if let Some(error) = refusal {
        let refusal = Refusal::read(method, error);
        return Err(if refusal.code == Refusal::NO_SESSION {
            KerioError::NoSession(refusal)
        } else {
            KerioError::Refused(refusal)
        });
    }
    match (response.status, parsed) {
        (401, _) => Err(KerioError::NoSession(Refusal::new(method, 401, "HTTP status 401"))),
        (300..=399, _) => {
            let location = response.header("location").unwrap_or("nowhere");
            not_the_api(AdministrationFault::Redirects { to: location.to_owned() })
        }
        (200, Some(mut answer)) => {
            if answer.get("id") != Some(&json!(id)) {
                return not_the_api(AdministrationFault::OtherAnswer { method: method.to_owned() });
            }
            match answer.get_mut("result").map(Value::take) {
                Some(result @ Value::Object(_)) => Ok(result),
                _ => not_the_api(AdministrationFault::NoResult { method: method.to_owned() }),
            }
        }
        (200, None) if response.body.trim_ascii_start().starts_with(b"<") => not_the_api(AdministrationFault::WebPage),
        (200, None) => not_the_api(AdministrationFault::NotJson),
        (status, _) => not_the_api(AdministrationFault::Status { status }),
    }
}

/// The first refusal in a result's `errors` (B30); none if all went well.
pub(super) fn refused_item(method: &str, result: &Value) -> Result<(), KerioError> {
    match result.get("errors").and_then(Value::as_array).and_then(|errors| errors.first()) {
        Some(error) => Err(KerioError::Refused(Refusal::read(method, error))),
        None => Ok(()),
    }
}

/// The text member of an object; empty if it is missing.
pub(super) fn text(object: &Value, member: &str) -> String {
    object.get(member).and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// The list member of an object; empty if it is missing.
pub(super) fn list<'a>(object: &'a Value, member: &str) -> &'a [Value] {
    object.get(member).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(status: u16, body: &str) -> Result<Value, KerioError> {
        read("Users.get", 7, HttpResponse { status, headers: Vec::new(), body: body.as_bytes().to_vec() })
    }

    #[test]
    fn only_an_answer_to_this_very_call_passes() {
        assert_eq!(answered(200, r#"{"id":7,"result":{"a":1}}"#).unwrap(), json!({"a": 1}));
        let said = |status, body: &str| answered(status, body).unwrap_err().to_string();
        assert!(said(200, r#"{"id":8,"result":{}}"#).contains("another request"));
        assert!(said(200, r#"{"id":7}"#).contains("no result"));
        assert!(said(200, r#"{"id":7,"result":[]}"#).contains("no result"));
        assert!(said(200, " <html>").contains("web page"));
        assert!(said(200, "nonsense").contains("not JSON"));
        assert!(said(500, "<html>").contains("HTTP status 500"));
        assert!(said(302, "").contains("redirects"));
        assert!(said(200, &"[".repeat(100_000)).contains("not JSON"));
    }

    #[test]
    fn a_missing_session_is_distinguished_from_other_refusals() {
        let error = |code| format!(r#"{{"id":7,"error":{{"code":{code},"message":"no"}}}}"#);
        assert!(matches!(answered(200, &error(-32001)), Err(KerioError::NoSession(_))));
        assert!(matches!(answered(401, "<html>"), Err(KerioError::NoSession(_))));
        assert!(matches!(answered(200, &error(1000)), Err(KerioError::Refused(_))));
        assert!(matches!(answered(500, &error(-32603)), Err(KerioError::Refused(_))));
    }

    #[test]
    fn all_cookies_are_sent_back_by_whatever_name() {
        let mut pass = Pass::default();
        pass.keep(&["A=1; Path=/; HttpOnly".to_owned(), "B=x=y; Secure".to_owned(), "broken".to_owned()]);
        pass.keep(&["A=2".to_owned(), "B=; Max-Age=0".to_owned(), "C=3".to_owned()]);
        assert_eq!(pass.cookie_header().reveal(), "A=2; C=3");
    }
}
