//! A mail store for the Kerio Connect stand-in: a real Dovecot, reached through ports that can be opened and closed while it runs.

use super::dovecot::Dovecot;
use kimt::rehearsal::{ImapService, MailService};
use std::collections::BTreeMap;
use std::io;
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError};

/// Dovecot as the stand-in's mail store.
pub struct DovecotStore {
    pub dovecot: Dovecot,
    open: Mutex<BTreeMap<u16, Arc<AtomicBool>>>,
}

impl DovecotStore {
    pub fn new(dovecot: Dovecot) -> Self {
        Self { dovecot, open: Mutex::default() }
    }
}

impl MailService for DovecotStore {
    fn create_user(&self, names: &[String], password: &str) -> io::Result<()> {
        self.dovecot.add_names(names, password);
        Ok(())
    }

    fn listen(&self, service: ImapService, port: u16) -> io::Result<u16> {
        let behind = match service {
            ImapService::Imap => self.dovecot.port,
            ImapService::SecureImap => self.dovecot.tls_port,
        };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
        let port = listener.local_addr()?.port();
        let ended = Arc::new(AtomicBool::new(false));
        self.open.lock().unwrap_or_else(PoisonError::into_inner).insert(port, ended.clone());
        std::thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                if ended.load(Ordering::SeqCst) {
                    return;
                }
                if let Ok(server) = TcpStream::connect((Ipv4Addr::LOCALHOST, behind)) {
                    pass_on(client.try_clone().unwrap(), server.try_clone().unwrap());
                    pass_on(server, client);
                }
            }
        });
        Ok(port)
    }

    fn stop_listening(&self, _: ImapService, port: u16) {
        if let Some(ended) = self.open.lock().unwrap_or_else(PoisonError::into_inner).remove(&port) {
            ended.store(true, Ordering::SeqCst);
            // Wakes the listening thread, which then ends and closes the port.
            let _ = TcpStream::connect((Ipv4Addr::LOCALHOST, port));
            while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok() {
                std::thread::sleep(std::time::Duration::from_millis(1));
            }
        }
    }
}

/// Copies one direction until its end.
fn pass_on(mut from: TcpStream, mut to: TcpStream) {
    std::thread::spawn(move || {
        let _ = to.set_nodelay(true);
        let _ = io::copy(&mut from, &mut to);
        let _ = to.shutdown(Shutdown::Write);
    });
}
