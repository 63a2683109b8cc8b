//! Kerio Connect's master authentication: X-MASTERAUTH and X-SETUSER. They are commands, not a SASL mechanism, so our own wire speaks them
//! (docs/kerio-connect.md, D6).

use super::command::Command;
use super::error::{ImapError, Whose};
use super::response::{Condition, Status};
use super::wire::Wire;
use crate::domain::Secret;
use md5::{Digest, Md5};
use std::sync::atomic::{AtomicBool, Ordering};
use zeroize::Zeroizing;

/// Some versions use only this many characters of a master password (D6).
const COUNTED: usize = 24;

/// Kerio Connect's master password, and which form of it a server accepts.
///
/// All sign-ins on a server share one: each try with the wrong form brings us nearer to being blocked.
#[derive(Debug)]
pub struct MasterPassword {
    whole: Secret,
    /// Whether the server accepts the shortened form.
    shortened: AtomicBool,
}

impl MasterPassword {
    /// The password as the administrator set it.
    pub fn new(password: Secret) -> Self {
        Self { whole: password, shortened: AtomicBool::new(false) }
    }

    /// The forms to try, each with whether it is shortened. The one that worked before comes first.
    fn forms(&self) -> Vec<(bool, Secret)> {
        let whole = self.whole.reveal();
        let mut forms = vec![(false, self.whole.clone())];
        if let Some((end, _)) = whole.char_indices().nth(COUNTED) {
            forms.push((true, Secret::new(&whole[..end])));
        }
        if self.shortened.load(Ordering::Relaxed) {
            forms.reverse();
        }
        forms
    }
}

/// Signs in with the master password and enters the mailbox of `user`.
pub(super) fn sign_in(mut wire: Wire, user: &str, password: &MasterPassword) -> Result<Wire, ImapError> {
    let mut refused = None;
    for (shortened, form) in password.forms() {
        match answer_challenge(&mut wire, &form) {
            Ok(status) if status.condition == Condition::Ok => {
                password.shortened.store(shortened, Ordering::Relaxed);
                return set_user(wire, user);
            }
            Ok(status) => refused = Some(status),
            // A server may close the connection after the first refusal, which then counts as the answer.
            Err(error) if refused.is_none() => return Err(error),
            Err(error) => log::debug!(target: "imap", "after a refused master password: {error}"),
        }
    }
    Err(refused.map_or(ImapError::Closed, |status| ImapError::SignInRefused { status, whose: Whose::Master }))
}

/// Whether the server gives a challenge. It stays unanswered, so that nothing counts as a refused password.
pub(super) fn is_offered(mut wire: Wire) -> Result<bool, ImapError> {
    let tag = wire.send(&Command::new("X-MASTERAUTH"))?;
    wire.await_challenge(tag).map(|answer| answer.is_ok())
}

fn answer_challenge(wire: &mut Wire, password: &Secret) -> Result<Status, ImapError> {
    let tag = wire.send(&Command::new("X-MASTERAUTH"))?;
    let challenge = wire.await_challenge(tag)?.map_err(|status| ImapError::MasterNotEnabled { status })?;
    wire.put(response(&challenge, password).as_bytes())?;
    wire.put(b"\r\n")?;
    wire.finish(tag, &mut |_| {})
}

/// Lower-case hexadecimal MD5 of the challenge and the password.
fn response(challenge: &[u8], password: &Secret) -> Zeroizing<String> {
    let digest = Md5::new().chain_update(challenge).chain_update(password.reveal()).finalize();
    Zeroizing::new(digest.iter().map(|octet| format!("{octet:02x}")).collect())
}

fn set_user(mut wire: Wire, user: &str) -> Result<Wire, ImapError> {
    let status = wire.run(&Command::new("X-SETUSER").string(user.as_bytes()), &mut |_| {})?;
    match status.condition {
        Condition::Ok => Ok(wire),
        _ => Err(ImapError::SignInRefused { status, whose: Whose::Master }),
    }
}

#[cfg(test)]
mod tests {
    use super::super::transport::Transport;
    use super::*;
    use crate::network::Stream;
    use std::io::{BufRead, BufReader, Write};
    use std::net::{TcpListener, TcpStream};
    use std::thread::JoinHandle;

    /// A connection to a server that takes every master password and lets nobody into a mailbox, and the commands it hears.
    fn connection() -> (Wire, JoinHandle<Vec<String>>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let near = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let server = std::thread::spawn(move || {
            let mut heard: Vec<String> = Vec::new();
            let client = listener.accept().unwrap().0;
            for line in BufReader::new(&client).lines().map_while(Result::ok) {
                let (first, rest) = line.split_once(' ').unwrap_or((&line, ""));
                let answer = match rest.split(' ').next() {
                    Some("X-MASTERAUTH") => "+ <challenge>\r\n".to_owned(),
                    Some("X-SETUSER") => format!("{first} NO no\r\n"),
                    _ => "K1 OK done\r\n".to_owned(),
                };
                heard.push(rest.to_owned());
                (&client).write_all(answer.as_bytes()).unwrap();
            }
            heard
        });
        (Wire::new(Transport::new(Stream::plain(near))), server)
    }

    #[test]
    fn whoever_is_not_let_into_the_mailbox_is_not_signed_in() {
        let (wire, server) = connection();
        let refused = sign_in(wire, "ann", &MasterPassword::new(Secret::new("master"))).err().unwrap();
        assert!(matches!(refused, ImapError::SignInRefused { whose: Whose::Master, .. }), "{refused:?}");
        assert_eq!(server.join().unwrap(), ["X-MASTERAUTH", "", "X-SETUSER \"ann\""]);
    }

    #[test]
    fn whoever_asks_for_the_way_answers_no_challenge() {
        let (wire, server) = connection();
        assert!(is_offered(wire).unwrap());
        assert_eq!(server.join().unwrap(), ["X-MASTERAUTH"]);
    }

    #[test]
    fn the_response_is_the_digest_of_challenge_and_password() {
        // The example of APOP, which works the same way (RFC 1939, section 7).
        let response = response(b"<1896.697170952@dbc.mtview.ca.us>", &Secret::new("tanstaaf"));
        assert_eq!(response.as_str(), "c4c9334bac560ecc979e58001b3e22fb");
    }

    #[test]
    fn a_long_password_is_tried_whole_and_then_as_far_as_it_counts() {
        let forms = |password: &MasterPassword| -> Vec<String> {
            password.forms().into_iter().map(|(_, form)| form.reveal().to_owned()).collect()
        };
        assert_eq!(forms(&MasterPassword::new(Secret::new("short"))), ["short"]);
        let long = MasterPassword::new(Secret::new("ä23456789012345678901234567890"));
        assert_eq!(forms(&long), ["ä23456789012345678901234567890", "ä23456789012345678901234"]);
        long.shortened.store(true, Ordering::Relaxed);
        assert_eq!(forms(&long)[0], "ä23456789012345678901234");
    }
}
