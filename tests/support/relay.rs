//! A relay before a server, which keeps what clients say.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// A running relay; it ends with the test.
pub struct Relay {
    port: u16,
    heard: Arc<Mutex<Vec<u8>>>,
}

impl Relay {
    /// Starts one before the server at that port of this machine.
    pub fn before(server: u16) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let heard = Arc::new(Mutex::new(Vec::new()));
        let keeps = heard.clone();
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let Ok(server) = TcpStream::connect(("127.0.0.1", server)) else { continue };
                let (back, forth) = (client.try_clone().unwrap(), server.try_clone().unwrap());
                let keeps = keeps.clone();
                std::thread::spawn(move || pass_on(client, forth, Some(keeps)));
                std::thread::spawn(move || pass_on(server, back, None));
            }
        });
        Self { port, heard }
    }

    /// The port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// What clients have said since this was asked last.
    pub fn take(&self) -> String {
        String::from_utf8_lossy(&std::mem::take(&mut *self.heard.lock().unwrap())).into_owned()
    }
}

fn pass_on(mut from: TcpStream, mut to: TcpStream, keeps: Option<Arc<Mutex<Vec<u8>>>>) {
    let mut bytes = [0; 16 << 10];
    while let Ok(count @ 1..) = from.read(&mut bytes) {
        if let Some(keeps) = &keeps {
            keeps.lock().unwrap().extend_from_slice(&bytes[..count]);
        }
        if to.write_all(&bytes[..count]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Write);
}
