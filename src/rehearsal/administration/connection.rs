//! The connections to a stand-in: TLS, requests and answers in turn, and the cut that a test asks for.

use super::behaviour::Reply;
use super::call::{Call, Credentials, Executed};
use super::session::{SESSION_COOKIE, TOKEN_COOKIE};
use super::{Core, lock};
use crate::rehearsal::ServerCertificate;
use crate::rehearsal::http::{Answer, Request};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::{self, BufReader, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// How long a connection may be idle between two requests.
const REST: Duration = Duration::from_secs(60);

/// The open connections of a stand-in.
#[derive(Default)]
pub(super) struct Connections {
    next: AtomicU64,
    open: Mutex<BTreeMap<u64, TcpStream>>,
}

impl Connections {
    /// Cuts all of them.
    pub(super) fn cut(&self) {
        for stream in lock(&self.open).values() {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}

/// Serves each connection in a thread of its own.
pub(super) fn accept(
    core: Arc<Core>,
    connections: Arc<Connections>,
    certificate: Arc<ServerCertificate>,
) -> impl Fn(TcpStream) + Send + Sync + 'static {
    move |stream| {
        let number = connections.next.fetch_add(1, Ordering::Relaxed);
        let Ok(copy) = stream.try_clone() else { return };
        lock(&connections.open).insert(number, copy);
        let (core, own, certificate) = (core.clone(), connections.clone(), certificate.clone());
        let spawned = std::thread::Builder::new().name(format!("administration {number}")).spawn(move || {
            if let Err(error) = serve(&core, stream, &certificate) {
                log::debug!("connection {number} to the administration ended: {error}");
            }
            lock(&own.open).remove(&number);
        });
        if spawned.is_err() {
            lock(&connections.open).remove(&number);
        }
    }
}

fn serve(core: &Core, stream: TcpStream, certificate: &ServerCertificate) -> io::Result<()> {
    stream.set_read_timeout(Some(REST))?;
    stream.set_write_timeout(Some(REST))?;
    stream.set_nodelay(true)?;
    let encrypted = certificate.accept(stream)?;
    let mut client = BufReader::new(encrypted);
    while let Some(request) = Request::read(&mut client)? {
        let close = request.close || core.state().behaviour.close_connections;
        let Some(answer) = answer(core, &request) else {
            return client.get_ref().sock.shutdown(Shutdown::Both);
        };
        answer.write(client.get_mut(), close)?;
        if close {
            break;
        }
    }
    let encrypted = client.get_mut();
    encrypted.conn.send_close_notify();
    encrypted.flush()
}

/// The answer; none if the connection must be cut.
fn answer(core: &Core, request: &Request) -> Option<Answer> {
    if request.path.trim_end_matches('/') != "/admin/api/jsonrpc" {
        return Some(Answer::page(404, "Not Found"));
    }
    if request.method != "POST" {
        return Some(Answer::page(405, "Method Not Allowed"));
    }
    let call = match Call::read(&request.body) {
        Ok(call) => call,
        Err(refused) => return Some(json_answer(&refused)),
    };
    let number = {
        let mut state = core.state();
        state.calls.push(call.method.clone());
        if state.step() {
            return None;
        }
        state.calls.iter().filter(|method| **method == call.method).count() as u64
    };
    let reply = core.reply_of_hook(&call.method, number);
    let answer = answer_as(core, request, &call, reply);
    if core.state().step() { None } else { Some(answer) }
}

fn answer_as(core: &Core, request: &Request, call: &Call, reply: Reply) -> Answer {
    match reply {
        Reply::Normal => executed(core, request, call),
        Reply::Drip(wait) => Answer { drip: Some(wait), ..executed(core, request, call) },
        Reply::Late(wait) => {
            std::thread::sleep(wait);
            executed(core, request, call)
        }
        Reply::WrongId => {
            let mut executed = execute(core, request, call);
            executed.body["id"] = json!(987_654_321);
            with_cookies(executed)
        }
        Reply::Page(status) => Answer::page(status, "Kerio Connect"),
        Reply::Redirect(place) => Answer::page(302, "Moved").with_header("Location", place),
        Reply::Oversized(size) => {
            let mut body = br#"{"jsonrpc":"2.0","id":1,"result":{"token":""#.to_vec();
            body.resize(size.max(body.len()), b'x');
            Answer::new(200, "application/json", body)
        }
        Reply::Error(code, message) => json_answer(&call.refused(code, &message)),
        Reply::Body(body) => Answer::new(200, "application/json", body),
    }
}

fn execute(core: &Core, request: &Request, call: &Call) -> Executed {
    let credentials = Credentials { cookie: request.cookie(SESSION_COOKIE), token: request.header("X-Token") };
    call.execute(core, &credentials)
}

fn executed(core: &Core, request: &Request, call: &Call) -> Answer {
    with_cookies(execute(core, request, call))
}

fn with_cookies(executed: Executed) -> Answer {
    let answer = json_answer(&executed.body);
    let Some(opened) = executed.opened else { return answer };
    answer
        .with_header("Set-Cookie", format!("{SESSION_COOKIE}={}; Path=/; Secure; HttpOnly", opened.cookie))
        .with_header("Set-Cookie", format!("{TOKEN_COOKIE}={}; Path=/; Secure", opened.token))
}

fn json_answer(body: &Value) -> Answer {
    Answer::new(200, "application/json-rpc; charset=UTF-8", body.to_string())
}
