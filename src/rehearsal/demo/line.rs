//! A mail store that is far away: each port it listens on is the near end of a long line.

use crate::rehearsal::{ImapServer, ImapService, Link, LinkOptions, MailService};
use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

/// The mail store and the lines to it.
pub(super) struct FarMail {
    mail: Arc<ImapServer>,
    link: LinkOptions,
    /// By the near port: the line, and the server's own port.
    lines: Mutex<BTreeMap<u16, (Link, u16)>>,
}

impl FarMail {
    pub(super) fn new(mail: Arc<ImapServer>, link: LinkOptions) -> Self {
        Self { mail, link, lines: Mutex::default() }
    }
}

impl MailService for FarMail {
    fn create_user(&self, names: &[String], password: &str) -> io::Result<()> {
        self.mail.create_user(names, password)
    }

    fn listen(&self, service: ImapService, port: u16) -> io::Result<u16> {
        let own = self.mail.listen(service, 0)?;
        let line = Link::start(own, LinkOptions { port, ..self.link });
        let line = line.inspect_err(|_| self.mail.stop_listening(service, own))?;
        let near = line.port();
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).insert(near, (line, own));
        Ok(near)
    }

    fn stop_listening(&self, service: ImapService, port: u16) {
        let ended = self.lines.lock().unwrap_or_else(PoisonError::into_inner).remove(&port);
        if let Some((_, own)) = ended {
            self.mail.stop_listening(service, own);
        }
    }
}
