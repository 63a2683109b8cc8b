//! A bare JSON-RPC client over TLS, and a mail store that only remembers.

use kimt::rehearsal::administration::{AdministrationStandIn, Behaviour, StandInOptions};
use kimt::rehearsal::{ImapService, MailService};
use native_tls::{TlsConnector, TlsStream};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Accounts and bound ports, and nothing behind them.
#[derive(Default)]
pub struct Memory {
    pub users: Mutex<Vec<(Vec<String>, String)>>,
    listening: Mutex<BTreeMap<u16, (ImapService, TcpListener)>>,
}

impl Memory {
    pub fn listens(&self, port: u16) -> Option<ImapService> {
        self.listening.lock().unwrap().get(&port).map(|(service, _)| *service)
    }
}

impl MailService for Memory {
    fn create_user(&self, names: &[String], password: &str) -> io::Result<()> {
        self.users.lock().unwrap().push((names.to_vec(), password.to_owned()));
        Ok(())
    }

    fn listen(&self, service: ImapService, port: u16) -> io::Result<u16> {
        let listener = TcpListener::bind(("127.0.0.1", port))?;
        let port = listener.local_addr()?.port();
        self.listening.lock().unwrap().insert(port, (service, listener));
        Ok(port)
    }

    fn stop_listening(&self, service: ImapService, port: u16) {
        let ended = self.listening.lock().unwrap().remove(&port);
        assert_eq!(ended.map(|(own, _)| own), Some(service), "port {port} was not listened on");
    }
}

pub fn start(change: impl FnOnce(&mut Behaviour)) -> (AdministrationStandIn, Arc<Memory>) {
    let memory = Arc::new(Memory::default());
    let mut options = StandInOptions::usual().unwrap();
    change(&mut options.behaviour);
    (AdministrationStandIn::start(memory.clone(), options).unwrap(), memory)
}

/// A port that nobody listens on, below those that systems give away, so that no other test gets it meanwhile.
pub fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let of_process = 20_000 + (std::process::id() % 100) as u16 * 100;
    let free = |port: &u16| TcpListener::bind(("127.0.0.1", *port)).is_ok();
    std::iter::repeat_with(|| of_process + NEXT.fetch_add(1, Ordering::Relaxed) % 2000).find(free).unwrap()
}

pub struct HttpReply {
    pub status: u16,
    pub head: String,
    pub body: Vec<u8>,
}

impl HttpReply {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub fn cookies(&self) -> Vec<(String, String)> {
        let lines = self.head.lines().filter_map(|line| line.strip_prefix("Set-Cookie: "));
        let pairs = lines.map(|line| line.split(';').next().unwrap().split_once('=').unwrap());
        pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    }
}

/// One connection and one session.
pub struct Client {
    port: u16,
    stream: BufReader<TlsStream<TcpStream>>,
    pub cookie: String,
    pub token: String,
    id: u64,
}

impl Client {
    pub fn connect(port: u16) -> Self {
        Self { port, stream: BufReader::new(dial(port)), cookie: String::new(), token: String::new(), id: 0 }
    }

    /// Connected and signed in.
    pub fn signed_in(stand_in: &AdministrationStandIn) -> Self {
        let mut client = Self::connect(stand_in.port());
        client.login("admin", "administrator").unwrap();
        client
    }

    pub fn login(&mut self, user: &str, password: &str) -> Result<(), Value> {
        let application = json!({ "name": "test", "vendor": "test", "version": "1" });
        let params = json!({ "userName": user, "password": password, "application": application });
        let reply = self.exchange("Session.login", params).unwrap();
        if let Some(error) = reply.json().get("error") {
            return Err(error.clone());
        }
        self.token = reply.json()["result"]["token"].as_str().unwrap().to_owned();
        let pairs: Vec<String> = reply.cookies().iter().map(|(name, value)| format!("{name}={value}")).collect();
        self.cookie = pairs.join("; ");
        Ok(())
    }

    /// The result of a call.
    pub fn call(&mut self, method: &str, params: Value) -> Value {
        let answer = self.answer(method, params);
        assert!(answer.get("error").is_none(), "{method}: {answer}");
        answer["result"].clone()
    }

    /// The error code of a call that is refused as a whole.
    pub fn refused(&mut self, method: &str, params: Value) -> i64 {
        let answer = self.answer(method, params);
        answer["error"]["code"].as_i64().unwrap_or_else(|| panic!("{method} was not refused: {answer}"))
    }

    pub fn answer(&mut self, method: &str, params: Value) -> Value {
        self.exchange(method, params).unwrap().json()
    }

    pub fn exchange(&mut self, method: &str, params: Value) -> io::Result<HttpReply> {
        self.id += 1;
        let body = json!({ "jsonrpc": "2.0", "id": self.id, "method": method, "params": params }).to_string();
        self.send("POST", "/admin/api/jsonrpc/", body.as_bytes())
    }

    /// Sends bytes as they are.
    pub fn send_raw(&mut self, request: &[u8]) -> io::Result<HttpReply> {
        self.stream.get_mut().write_all(request)?;
        self.reply()
    }

    pub fn send(&mut self, method: &str, path: &str, body: &[u8]) -> io::Result<HttpReply> {
        let mut request = format!("{method} {path} HTTP/1.1\r\nHost: localhost:{}\r\n", self.port);
        if !self.cookie.is_empty() {
            request.push_str(&format!("Cookie: {}\r\n", self.cookie));
        }
        if !self.token.is_empty() {
            request.push_str(&format!("X-Token: {}\r\n", self.token));
        }
        request.push_str(&format!("Content-Length: {}\r\n\r\n", body.len()));
        self.send_raw(&[request.as_bytes(), body].concat())
    }

    fn reply(&mut self) -> io::Result<HttpReply> {
        let mut head = String::new();
        loop {
            if self.stream.read_line(&mut head)? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            if head.ends_with("\r\n\r\n") {
                break;
            }
        }
        let head = head.replace("\r\n", "\n");
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        let length = head.lines().find_map(|line| line.strip_prefix("Content-Length: ")).unwrap().parse().unwrap();
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body)?;
        Ok(HttpReply { status, head, body })
    }
}

fn dial(port: u16) -> TlsStream<TcpStream> {
    let tcp = TcpStream::connect(("127.0.0.1", port)).unwrap();
    tcp.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let connector = TlsConnector::builder().danger_accept_invalid_certs(true).build().unwrap();
    connector.connect("localhost", tcp).unwrap()
}

/// Runs a test for each of these at the same time; most of it is waiting.
pub fn for_each<T: Send>(cases: impl IntoIterator<Item = T>, test: impl Fn(T) + Sync) {
    std::thread::scope(|scope| {
        for case in cases {
            scope.spawn(|| test(case));
        }
    });
}

/// Everything of a list; `of` are further parameters.
pub fn everything(of: Value) -> Value {
    let mut params = of;
    params["query"] = json!({});
    params
}
