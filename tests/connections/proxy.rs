//! A proxy for tests. Whatever host it is asked for, it connects to that port of this computer, and remembers the question.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Socks5,
    Http,
}

pub struct TestProxy {
    pub kind: Kind,
    pub port: u16,
    asked: Arc<Mutex<Vec<String>>>,
}

/// User and password that it wants.
type Identity = Option<(&'static str, &'static str)>;

impl TestProxy {
    pub fn start(kind: Kind, identity: Identity) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let noted = asked.clone();
        std::thread::spawn(move || {
            for client in listener.incoming() {
                let (client, noted) = (client.unwrap(), noted.clone());
                std::thread::spawn(move || serve(kind, identity, client, &noted));
            }
        });
        Self { kind, port, asked }
    }

    /// What it was asked for so far: `host:port`, with the host as it was given.
    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

fn serve(kind: Kind, identity: Identity, client: TcpStream, asked: &Mutex<Vec<String>>) -> io::Result<()> {
    let server = match kind {
        Kind::Socks5 => socks(&client, identity, asked)?,
        Kind::Http => http(&client, identity, asked)?,
    };
    let (mut up, mut down) = ((client.try_clone()?, server.try_clone()?), (server, client));
    std::thread::spawn(move || {
        let _ = io::copy(&mut up.0, &mut up.1);
        let _ = up.1.shutdown(std::net::Shutdown::Write);
    });
    let _ = io::copy(&mut down.0, &mut down.1);
    down.1.shutdown(std::net::Shutdown::Both)
}

fn refused() -> io::Error {
    io::ErrorKind::PermissionDenied.into()
}

fn bytes(mut client: &TcpStream, count: usize) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; count];
    client.read_exact(&mut bytes)?;
    Ok(bytes)
}

fn text(client: &TcpStream) -> io::Result<String> {
    let length = bytes(client, 1)?[0];
    Ok(String::from_utf8(bytes(client, length.into())?).unwrap())
}

fn socks(mut client: &TcpStream, identity: Identity, asked: &Mutex<Vec<String>>) -> io::Result<TcpStream> {
    let count = bytes(client, 2)?[1];
    let methods = bytes(client, count.into())?;
    let wanted = if identity.is_some() { 2 } else { 0 };
    if !methods.contains(&wanted) {
        client.write_all(&[5, 0xff])?;
        return Err(refused());
    }
    client.write_all(&[5, wanted])?;
    if let Some(identity) = identity {
        bytes(client, 1)?;
        let given = (text(client)?, text(client)?);
        let right = identity == (given.0.as_str(), given.1.as_str());
        client.write_all(&[1, u8::from(!right)])?;
        if !right {
            return Err(refused());
        }
    }
    // Only names: an address would mean that the client has looked the name up itself.
    assert_eq!(bytes(client, 4)?, [5, 1, 0, 3]);
    let host = text(client)?;
    let port = bytes(client, 2)?;
    let port = u16::from_be_bytes([port[0], port[1]]);
    asked.lock().unwrap().push(format!("{host}:{port}"));
    let server = TcpStream::connect(("127.0.0.1", port));
    let reply = if server.is_ok() { 0 } else { 5 };
    // With a name as its own address, which is of another length than the usual one.
    client.write_all(&[&[5, reply, 0, 3, 4], b"here".as_slice(), &[0, 0]].concat())?;
    server
}

fn http(mut client: &TcpStream, identity: Identity, asked: &Mutex<Vec<String>>) -> io::Result<TcpStream> {
    let head: Vec<String> =
        BufReader::new(client).lines().map_while(Result::ok).take_while(|line| !line.is_empty()).collect();
    let authority = head.first().and_then(|line| line.strip_prefix("CONNECT ")?.strip_suffix(" HTTP/1.1"));
    let authority = authority.ok_or_else(refused)?;
    if identity.is_some() {
        // ann:pass:word
        let is_right = head.iter().any(|line| line == "Proxy-Authorization: Basic YW5uOnBhc3M6d29yZA==");
        if !is_right {
            client.write_all(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")?;
            return Err(refused());
        }
    }
    asked.lock().unwrap().push(authority.to_owned());
    let port: u16 = authority.rsplit(':').next().unwrap().parse().unwrap();
    let server = TcpStream::connect(("127.0.0.1", port));
    let answer = if server.is_ok() { "200 Connection established" } else { "502 Bad Gateway" };
    client.write_all(format!("HTTP/1.1 {answer}\r\nVia: 1.1 test\r\n\r\n").as_bytes())?;
    server
}
