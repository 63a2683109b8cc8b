//! A connection whose server has said everything before the first command, for fuzzing and for tests.

use super::transport::Transport;
use super::wire::Wire;
use crate::network::Stream;
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::OnceLock;

/// A connection on which `octets` arrive, and then its end. What is sent is thrown away. None if this computer has no sockets left.
pub(super) fn scripted(octets: &[u8]) -> Option<Wire> {
    static DRAIN: OnceLock<Option<TcpStream>> = OnceLock::new();
    let open = || {
        let listener = TcpListener::bind("127.0.0.1:0").ok()?;
        let near = TcpStream::connect(listener.local_addr().ok()?).ok()?;
        let (mut far, _) = listener.accept().ok()?;
        near.shutdown(Shutdown::Read).ok()?;
        std::thread::spawn(move || std::io::copy(&mut far, &mut std::io::sink()));
        Some(near)
    };
    let drain = DRAIN.get_or_init(open).as_ref()?.try_clone().ok()?;
    Some(Wire::new(Transport::holding(Stream::plain(drain), octets)))
}
