//! A second connection to the target for a large mailbox, on which `two_connections` sends every other batch.
//!
//! It only saves time, and is opened at most once in an attempt: if the target accepts batches, is near, and allows one more sign-in, while
//! a worker is idle. So no more mailboxes are at work than the user allows. Whatever goes wrong with it, the mailbox continues on one
//! connection.

use crate::domain::{Account, AccountId};
use crate::imap::Writer;
use crate::migrate::context::RunContext;
use crate::migrate::context::control::Registration;
use crate::migrate::context::permits::Permit;
use crate::migrate::sessions::further_connection;
use crate::migrate::target::directory::TargetUser;
use crossbeam_channel::{Receiver, RecvTimeoutError};
use std::time::Duration;

/// The longest wait for the second sign-in once the connection is needed.
const SIGN_IN: Duration = Duration::from_millis(100);

/// The second connection of an attempt, if there is one.
#[derive(Default)]
pub struct SecondConnection {
    was_asked_for: bool,
    /// The sign-in under way.
    coming: Option<Receiver<Open>>,
    open: Option<Open>,
}

/// An open second connection, with its registration and its permits.
struct Open {
    writer: Writer,
    _registration: Registration,
    _place: Permit,
    _worker: Permit,
}

impl SecondConnection {
    /// Begins to open it, on a thread of its own, if that is worthwhile for this many bytes.
    pub fn ask(
        &mut self,
        context: &RunContext,
        id: AccountId,
        account: &Account,
        user: Option<&TargetUser>,
        target: &Writer,
        bytes: u64,
    ) {
        let is_worth_it = bytes >= context.options.second_connection_from && target.gains_from_second_connection();
        if is_worth_it && !std::mem::replace(&mut self.was_asked_for, true) {
            self.coming = begin(context, id, account, user);
        }
    }

    /// The connection, if it is open by now.
    pub fn writer(&mut self) -> Option<&mut Writer> {
        if let Some(coming) = &self.coming {
            match coming.recv_timeout(SIGN_IN) {
                Err(RecvTimeoutError::Timeout) => {}
                signed_in => {
                    self.open = signed_in.ok();
                    self.coming = None;
                }
            }
        }
        self.open.as_mut().map(|open| &mut open.writer)
    }

    /// Logs out.
    pub fn close(self) {
        if let Some(open) = self.open {
            open.writer.logout();
        }
    }
}

fn begin(context: &RunContext, id: AccountId, account: &Account, user: Option<&TargetUser>) -> Option<Receiver<Open>> {
    let worker = context.workers.take_free()?;
    let open = further_connection(context, id, account, user)?;
    let control = context.control.clone();
    let (opened, coming) = crossbeam_channel::bounded(1);
    let sign_in = move || {
        let Some((session, place)) = open() else { return };
        let registration = control.register(session.interrupter());
        let _ = opened.send(Open {
            writer: session.into_reader().into_writer(),
            _registration: registration,
            _place: place,
            _worker: worker,
        });
    };
    let name = format!("second {}", account.address);
    std::thread::Builder::new().name(name).spawn(sign_in).ok().map(|_| coming)
}
