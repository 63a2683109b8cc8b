//! Passwords and tokens over a connection without encryption: to another computer they are not sent unless the user has agreed. A proxy that takes
//! every name to this computer makes a server here look like another computer.

use super::named;
use super::proxy::{Kind, TestProxy};
use kimt::domain::{Secret, Security, Side};
use kimt::imap::{Endpoint, ImapError, Learned, MasterPassword, SignIn, connect};
use kimt::network::{Limits, Trust};
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// The names of the commands that a server has heard.
type Heard = Arc<Mutex<Vec<String>>>;

/// A server that offers every sign-in and refuses each. Its port.
fn server(heard: &Heard) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let heard = heard.clone();
    std::thread::spawn(move || {
        for client in listener.incoming().map_while(Result::ok) {
            let heard = heard.clone();
            std::thread::spawn(move || serve(&client, &heard));
        }
    });
    port
}

fn serve(mut client: &TcpStream, heard: &Heard) -> std::io::Result<()> {
    write!(client, "* OK ready\r\n")?;
    for line in BufReader::new(client).lines() {
        let line = line?;
        let mut words = line.split(' ');
        let (tag, name) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        heard.lock().unwrap().push(name.to_owned());
        match name {
            "CAPABILITY" => {
                write!(client, "* CAPABILITY IMAP4rev1 SASL-IR AUTH=PLAIN AUTH=XOAUTH2\r\n{tag} OK done\r\n")?;
            }
            _ => write!(client, "{tag} NO no\r\n")?,
        }
    }
    Ok(())
}

#[test]
fn no_secret_goes_to_another_computer_in_clear_text_unless_the_user_agreed() {
    let (user, secret) = ("ann@example.com".to_owned(), Secret::new("Correct-Horse-9"));
    let administrator = "root".to_owned();
    let ways = [
        SignIn::Password { user: user.clone(), password: secret.clone() },
        SignIn::MasterUser { name: "ann@example.com*root".to_owned(), password: secret.clone() },
        SignIn::Authorization { user: user.clone(), administrator, password: secret.clone() },
        SignIn::KerioMaster { user: user.clone(), password: Arc::new(MasterPassword::new(secret.clone())) },
        SignIn::Token { user, token: secret },
    ];
    let proxy = TestProxy::start(Kind::Socks5, None);
    for (way, cleartext_allowed) in ways.iter().flat_map(|way| [(way, false), (way, true)]) {
        let heard = Heard::default();
        let endpoint = Endpoint {
            side: Side::Source,
            host: "mail.inside.example".to_owned(),
            port: server(&heard),
            security: Security::Plain,
            trust: Trust::default(),
            proxy: Some(named(&proxy, "")),
            rate: None,
            learned: Learned::default(),
            limits: Limits::default(),
            cleartext_allowed,
            watch: None,
        };
        let refused = connect(&endpoint).unwrap().sign_in(way).err().unwrap();
        let heard = heard.lock().unwrap();
        assert_eq!(matches!(refused, ImapError::CleartextPassword), !cleartext_allowed, "{way:?}: {refused:?}");
        let signs_in = heard.iter().any(|name| ["LOGIN", "AUTHENTICATE", "X-MASTERAUTH"].contains(&name.as_str()));
        assert_eq!(signs_in, cleartext_allowed, "{way:?}: {heard:?}");
    }
}
