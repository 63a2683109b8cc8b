//! A scripted server before an embedded one: it judges the sign-in by the very bytes, and then only carries what is said.

use std::io::{BufRead, BufReader, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// What a front makes of a sign-in.
pub enum Verdict {
    /// Lets into the mailbox of this name.
    Enter(&'static str),
    /// Refuses; with a challenge that says why before the refusal itself.
    Refuse(Option<&'static str>),
}

type Judge = dyn Fn(&str, &[u8]) -> Verdict + Send + Sync;

/// The front. Its threads end with their connections.
pub struct Front {
    pub port: u16,
    said: Arc<Mutex<Vec<String>>>,
}

impl Front {
    /// Before the server on `backend`, all of whose passwords are `secret`. Offers these capabilities.
    pub fn start(
        backend: u16,
        capabilities: &'static str,
        judge: impl Fn(&str, &[u8]) -> Verdict + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let said = Arc::new(Mutex::new(Vec::new()));
        let (judge, heard): (Arc<Judge>, _) = (Arc::new(judge), said.clone());
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (judge, heard) = (judge.clone(), heard.clone());
                std::thread::spawn(move || serve(stream, backend, capabilities, &*judge, &heard));
            }
        });
        Self { port, said }
    }

    /// What clients said in their sign-ins, decoded, in order.
    pub fn said(&self) -> Vec<String> {
        self.said.lock().unwrap().clone()
    }
}

/// Serves one connection; ends with the first thing that fails.
fn serve(stream: TcpStream, backend: u16, capabilities: &str, judge: &Judge, heard: &Mutex<Vec<String>>) -> Option<()> {
    let mut lines = BufReader::new(stream.try_clone().ok()?);
    let mut line = |stream: &TcpStream, prompt: &str| {
        (&*stream).write_all(prompt.as_bytes()).ok()?;
        let mut line = String::new();
        lines.read_line(&mut line).ok().filter(|length| *length > 0)?;
        Some(line.trim_end_matches(['\r', '\n']).to_owned())
    };
    let note = |bytes: &[u8]| heard.lock().unwrap().push(String::from_utf8_lossy(bytes).into_owned());
    let mut answer = format!("* OK [CAPABILITY IMAP4rev1 {capabilities}] front ready\r\n");
    loop {
        let command = line(&stream, &answer)?;
        let (tag, words) = command.split_once(' ')?;
        let Some(mechanism) = words.strip_prefix("AUTHENTICATE ") else {
            answer = format!("{tag} BAD Only AUTHENTICATE is known here\r\n");
            continue;
        };
        let response = decode(&line(&stream, "+ \r\n")?);
        note(&response);
        match judge(mechanism, &response) {
            Verdict::Enter(user) => return enter(stream, backend, tag, user),
            Verdict::Refuse(challenge) => {
                if let Some(challenge) = challenge {
                    note(&decode(&line(&stream, &format!("+ {}\r\n", encode(challenge.as_bytes())))?));
                }
                answer = format!("{tag} NO [AUTHENTICATIONFAILED] Invalid credentials\r\n");
            }
        }
    }
}

/// Signs in behind the front under the client's own tag, and carries everything from then on.
fn enter(client: TcpStream, backend: u16, tag: &str, user: &str) -> Option<()> {
    let server = TcpStream::connect(("127.0.0.1", backend)).ok()?;
    let mut answers = BufReader::new(server.try_clone().ok()?);
    answers.read_line(&mut String::new()).ok()?;
    (&server).write_all(format!("{tag} LOGIN \"{user}\" secret\r\n").as_bytes()).ok()?;
    let (mut from_client, mut to_server) = (client.try_clone().ok()?, server.try_clone().ok()?);
    std::thread::spawn(move || {
        let _ = std::io::copy(&mut from_client, &mut to_server);
        let _ = to_server.shutdown(Shutdown::Both);
    });
    let _ = std::io::copy(&mut answers, &mut &client);
    client.shutdown(Shutdown::Both).ok()
}

const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Base64 (RFC 4648, section 4).
fn encode(bytes: &[u8]) -> String {
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let bits = chunk.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for place in 0..4 {
            let letter = LETTERS[(bits >> (18 - 6 * place)) as usize & 63];
            text.push(if place <= chunk.len() { char::from(letter) } else { '=' });
        }
    }
    text
}

/// The reverse; panics on what is not base64.
pub fn decode(text: &str) -> Vec<u8> {
    assert!(text.len().is_multiple_of(4), "{text}");
    let bare = text.trim_end_matches('=');
    let value = |letter: u8| LETTERS.iter().position(|known| *known == letter).unwrap() as u32;
    let mut bytes = Vec::new();
    for chunk in bare.as_bytes().chunks(4) {
        let bits = chunk.iter().fold(0, |bits, letter| bits << 6 | value(*letter)) << (6 * (4 - chunk.len()));
        bytes.extend_from_slice(&bits.to_be_bytes()[1..chunk.len()]);
    }
    bytes
}

#[test]
fn the_fronts_own_base64_is_right() {
    for (plain, coded) in [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")] {
        assert_eq!((encode(plain.as_bytes()).as_str(), decode(coded)), (coded, plain.as_bytes().to_vec()));
    }
}
