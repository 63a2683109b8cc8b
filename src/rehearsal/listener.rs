//! Listens on a loopback port, and nowhere else, until it is dropped.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

/// An open loopback port. Dropping it frees the port; connections continue.
pub(super) struct Listener {
    port: u16,
    stopping: Arc<AtomicBool>,
    accepting: Vec<(SocketAddr, JoinHandle<()>)>,
}

impl Listener {
    /// Listens on `127.0.0.1`, and on `::1` if that is free; port 0 takes a free one. `accept` must return at once.
    pub(super) fn start(port: u16, accept: impl Fn(TcpStream) + Send + Sync + 'static) -> io::Result<Self> {
        let first = TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
        let port = first.local_addr()?.port();
        let second = TcpListener::bind((Ipv6Addr::LOCALHOST, port)).ok();
        let mut listener = Self { port, stopping: Arc::default(), accepting: Vec::new() };
        let accept = Arc::new(accept);
        for socket in [Some(first), second].into_iter().flatten() {
            listener.accept_on(socket, accept.clone())?;
        }
        Ok(listener)
    }

    /// The port.
    pub(super) fn port(&self) -> u16 {
        self.port
    }

    fn accept_on(
        &mut self,
        socket: TcpListener,
        accept: Arc<impl Fn(TcpStream) + Send + Sync + 'static>,
    ) -> io::Result<()> {
        let address = socket.local_addr()?;
        let stopping = self.stopping.clone();
        let thread = std::thread::Builder::new().name(format!("listener {}", self.port)).spawn(move || {
            while !stopping.load(Ordering::SeqCst) {
                match socket.accept() {
                    Ok((stream, _)) if !stopping.load(Ordering::SeqCst) => accept(stream),
                    Ok(_) => {}
                    // Out of file handles; ending connections release some.
                    Err(_) => std::thread::sleep(Duration::from_millis(20)),
                }
            }
        })?;
        self.accepting.push((address, thread));
        Ok(())
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.stopping.store(true, Ordering::SeqCst);
        for (address, thread) in self.accepting.drain(..) {
            // Wakes the thread from accept(). If that fails, the thread lives until the process ends.
            if TcpStream::connect_timeout(&address, Duration::from_secs(5)).is_ok() {
                let _ = thread.join();
            }
        }
    }
}
