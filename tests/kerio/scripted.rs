//! An HTTPS server that answers JSON-RPC calls as a closure says, and notes what it was asked.

use kimt::domain::{Fingerprint, Secret};
use kimt::kerio::{Administration, AdministrationEndpoint, KerioError};
use kimt::network::{Limits, Trust};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::time::Duration;

pub const PASSWORD: &str = "s3cret-of-the-administrator";

/// A call as it arrived.
#[derive(Debug, Clone)]
pub struct Call {
    pub method: String,
    pub params: Value,
    pub token: String,
    pub cookie: String,
}

/// What to answer.
pub enum Reply {
    Result(Value),
    Error(i64, &'static str),
    /// A whole HTTP response.
    Raw(String),
    /// A valid head, then an byte now and then.
    Drip,
    /// A body of that many megabytes.
    Huge(usize),
    /// The answer to another call.
    Stray,
    /// Nothing.
    Hang,
}

type Script = dyn Fn(&Call) -> Reply + Send + Sync;

pub struct Server {
    pub endpoint: AdministrationEndpoint,
    pub calls: Arc<Mutex<Vec<Call>>>,
}

impl Server {
    pub fn start(script: impl Fn(&Call) -> Reply + Send + Sync + 'static) -> Self {
        let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
        let identity =
            native_tls::Identity::from_pkcs8(made.cert.pem().as_bytes(), made.signing_key.serialize_pem().as_bytes());
        let acceptor = native_tls::TlsAcceptor::new(identity.unwrap()).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let calls = Arc::new(Mutex::new(Vec::new()));
        let (script, noted): (Arc<Script>, _) = (Arc::new(script), calls.clone());
        std::thread::spawn(move || {
            for tcp in listener.incoming().flatten() {
                let (acceptor, script, noted) = (acceptor.clone(), script.clone(), noted.clone());
                std::thread::spawn(move || acceptor.accept(tcp).ok().and_then(|tls| serve(tls, &*script, &noted).ok()));
            }
        });
        let pinned = Some(Fingerprint(Sha256::digest(made.cert.der()).into()));
        let second = Duration::from_secs(1);
        let endpoint = AdministrationEndpoint {
            host: "localhost".to_owned(),
            port,
            trust: Trust::with_authority_files(&[], pinned).unwrap(),
            proxy: None,
            limits: Limits { connect: second, read: second * 2, write: second },
            watch: None,
        };
        Self { endpoint, calls }
    }

    pub fn sign_in(&self) -> Result<Administration, KerioError> {
        Administration::connect(&self.endpoint, "admin", &Secret::new(PASSWORD))
    }

    /// How often a method was called.
    pub fn count(&self, method: &str) -> usize {
        self.calls.lock().unwrap().iter().filter(|call| call.method == method).count()
    }

    pub fn last(&self, method: &str) -> Call {
        self.calls.lock().unwrap().iter().rfind(|call| call.method == method).cloned().unwrap()
    }
}

/// What every server answers.
pub fn usual(call: &Call) -> Reply {
    match call.method.as_str() {
        "Session.login" => Reply::Result(json!({"token": "f00d"})),
        "Session.logout" => Reply::Result(json!({})),
        "Server.getVersion" => Reply::Result(json!({"product": "Kerio Connect", "version": "10.0.8.9228"})),
        _ => Reply::Error(-32601, "Method not found."),
    }
}

fn serve(
    mut tls: native_tls::TlsStream<std::net::TcpStream>,
    script: &Script,
    noted: &Mutex<Vec<Call>>,
) -> std::io::Result<()> {
    let mut reader = BufReader::new(&mut tls);
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? <= 2 {
            break;
        }
        headers.push(line.trim_end().to_owned());
    }
    let header = |name: &str| {
        let found =
            headers.iter().filter_map(|line| line.split_once(": ")).find(|(key, _)| key.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.to_owned()).unwrap_or_default()
    };
    let mut body = vec![0; header("content-length").parse().unwrap_or(0)];
    reader.read_exact(&mut body)?;
    let request: Value = serde_json::from_slice(&body)?;
    let call = Call {
        method: request["method"].as_str().unwrap_or_default().to_owned(),
        params: request["params"].clone(),
        token: header("x-token"),
        cookie: header("cookie"),
    };
    noted.lock().unwrap().push(call.clone());
    let id = &request["id"];
    let send = |tls: &mut native_tls::TlsStream<_>, body: Value| {
        let body = body.to_string();
        let cookies = if call.method == "Session.login" {
            "Set-Cookie: ANY_NAME=1; Path=/\r\nSet-Cookie: Other=2\r\n"
        } else {
            ""
        };
        write!(tls, "HTTP/1.1 200 OK\r\n{cookies}Content-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len())
    };
    match script(&call) {
        Reply::Result(result) => send(&mut tls, json!({"jsonrpc": "2.0", "id": id, "result": result}))?,
        Reply::Stray => send(&mut tls, json!({"jsonrpc": "2.0", "id": 4711, "result": {}}))?,
        Reply::Error(code, message) => {
            send(&mut tls, json!({"jsonrpc": "2.0", "id": id, "error": {"code": code, "message": message}}))?;
        }
        Reply::Raw(text) => tls.write_all(text.as_bytes())?,
        Reply::Huge(megabytes) => {
            write!(tls, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")?;
            for _ in 0..megabytes {
                tls.write_all(&vec![b' '; 1 << 20])?;
            }
        }
        Reply::Drip => {
            write!(tls, "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")?;
            loop {
                tls.write_all(b" ")?;
                std::thread::sleep(Duration::from_millis(100));
            }
        }
        Reply::Hang => std::thread::sleep(Duration::from_secs(30)),
    }
    tls.shutdown()
}
