//! The SOCKS5 handshake (RFC 1928), with user and password where the proxy wants them (RFC 1929).

use super::{Destination, Refusal};
use crate::domain::{ProxyFault, Secret};
use std::io::{Read, Write};
use std::net::IpAddr;
use zeroize::Zeroizing;

const VERSION: u8 = 5;
const NO_SIGN_IN: u8 = 0;
const USER_AND_PASSWORD: u8 = 2;

/// Asks for a connection to the destination. Afterwards `stream` leads there.
pub(super) fn connect(stream: &mut (impl Read + Write), destination: &Destination<'_>) -> Result<(), Refusal> {
    let Destination { host, port, identity } = *destination;
    let methods: &[u8] = if identity.is_some() { &[NO_SIGN_IN, USER_AND_PASSWORD] } else { &[NO_SIGN_IN] };
    stream.write_all(&[&[VERSION, methods.len() as u8], methods].concat())?;
    match (read::<2>(stream)?, identity) {
        ([VERSION, NO_SIGN_IN], _) => {}
        ([VERSION, USER_AND_PASSWORD], Some((user, password))) => sign_in(stream, user, password)?,
        ([VERSION, _], None) => return Err(ProxyFault::WantsUser.into()),
        ([VERSION, _], Some(_)) => return Err(ProxyFault::TakesNoUser.into()),
        _ => return Err(ProxyFault::NotSocks.into()),
    }
    let mut request = vec![VERSION, 1, 0];
    match host.parse() {
        Ok(IpAddr::V4(address)) => {
            request.push(1);
            request.extend(address.octets());
        }
        Ok(IpAddr::V6(address)) => {
            request.push(4);
            request.extend(address.octets());
        }
        Err(_) => {
            request.push(3);
            request.push(u8::try_from(host.len()).map_err(|_| ProxyFault::NameTooLong)?);
            request.extend(host.as_bytes());
        }
    }
    request.extend(port.to_be_bytes());
    stream.write_all(&request)?;
    let [version, reply, _, form] = read(stream)?;
    if version != VERSION {
        return Err(ProxyFault::NotSocks.into());
    }
    if reply != 0 {
        return Err(fault(reply).into());
    }
    // The proxy's own address, which is not needed.
    let length = match form {
        1 => 4,
        4 => 16,
        3 => usize::from(read::<1>(stream)?[0]),
        _ => return Err(ProxyFault::Unreadable.into()),
    };
    stream.read_exact(&mut vec![0; length + 2])?;
    Ok(())
}

fn sign_in(stream: &mut (impl Read + Write), user: &str, password: &Secret) -> Result<(), Refusal> {
    let mut request = Zeroizing::new(vec![1]);
    for text in [user, password.reveal()] {
        request.push(u8::try_from(text.len()).map_err(|_| ProxyFault::UserTooLong)?);
        request.extend(text.as_bytes());
    }
    stream.write_all(&request)?;
    match read::<2>(stream)? {
        [_, 0] => Ok(()),
        _ => Err(ProxyFault::UserRefused.into()),
    }
}

fn read<const LENGTH: usize>(stream: &mut impl Read) -> Result<[u8; LENGTH], Refusal> {
    let mut bytes = [0; LENGTH];
    stream.read_exact(&mut bytes)?;
    Ok(bytes)
}

/// RFC 1928, section 6.
fn fault(reply: u8) -> ProxyFault {
    match reply {
        2 => ProxyFault::Forbidden,
        3 => ProxyFault::NoNetwork,
        4 => ProxyFault::NoServer,
        5 => ProxyFault::NothingListens,
        6 => ProxyFault::NoAnswer,
        _ => ProxyFault::NotMade,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{self, Cursor};

    /// A proxy whose whole answer has arrived.
    struct Said(Cursor<Vec<u8>>);

    impl Read for Said {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            self.0.read(into)
        }
    }

    impl Write for Said {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_connection_that_the_proxy_could_not_make_is_none() {
        let answer = |reply| {
            let said = [&[VERSION, NO_SIGN_IN, VERSION, reply, 0, 1][..], &[127, 0, 0, 1, 0, 143]].concat();
            connect(&mut Said(Cursor::new(said)), &Destination { host: "mail.example.com", port: 143, identity: None })
        };
        assert!(answer(0).is_ok());
        for reply in 1..=255 {
            assert!(answer(reply).is_err(), "{reply}");
        }
    }
}
