//! A distant mail store: each of its ports is the near end of a long link.

use crate::rehearsal::{ImapServer, ImapService, Link, LinkOptions, MailService, Used};
use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

/// The mail store and the links to it.
pub(super) struct FarMail {
    mail: Arc<ImapServer>,
    options: LinkOptions,
    /// By near port: the link, and the server's own port.
    links: Mutex<BTreeMap<u16, (Link, u16)>>,
}

impl FarMail {
    pub(super) fn new(mail: Arc<ImapServer>, options: LinkOptions) -> Self {
        Self { mail, options, links: Mutex::default() }
    }
}

impl MailService for FarMail {
    fn create_user(&self, names: &[String], password: &str) -> io::Result<()> {
        self.mail.create_user(names, password)
    }

    fn used(&self, name: &str) -> Option<Used> {
        self.mail.used(name)
    }

    fn listen(&self, service: ImapService, port: u16) -> io::Result<u16> {
        let own = self.mail.listen(service, 0)?;
        let link = Link::start(own, LinkOptions { port, ..self.options });
        let link = link.inspect_err(|_| self.mail.stop_listening(service, own))?;
        let near = link.port();
        self.links.lock().unwrap_or_else(PoisonError::into_inner).insert(near, (link, own));
        Ok(near)
    }

    fn stop_listening(&self, service: ImapService, port: u16) {
        let ended = self.links.lock().unwrap_or_else(PoisonError::into_inner).remove(&port);
        if let Some((_, own)) = ended {
            self.mail.stop_listening(service, own);
        }
    }
}
