//! A second line to the target for a large mailbox, on which `lanes` sends every other batch.
//!
//! It is only an accelerator, and asked for once in an attempt: where the target takes batches, is near, and lets us in once more, while
//! a worker has nothing else to do. So it never adds to the mailboxes at a time that the user has allowed. Whatever goes wrong with it,
//! the mailbox goes on with one line.

use crate::domain::Account;
use crate::imap::Writer;
use crate::migrate::context::RunContext;
use crate::migrate::context::control::Registration;
use crate::migrate::context::permits::Permit;
use crate::migrate::sessions::further_line;
use crate::migrate::target::directory::TargetUser;
use crossbeam_channel::{Receiver, RecvTimeoutError};
use std::time::Duration;

/// So long is waited for the second sign-in where it is needed and not through yet.
const SIGN_IN: Duration = Duration::from_millis(100);

/// The second line of an attempt.
#[derive(Default)]
pub struct SecondLine {
    was_asked_for: bool,
    /// Somebody signs in.
    coming: Option<Receiver<Line>>,
    line: Option<Line>,
}

/// A second line, with all that it occupies.
struct Line {
    writer: Writer,
    _registration: Registration,
    _place: Permit,
    _worker: Permit,
}

impl SecondLine {
    /// Asks for it, on a thread of its own, when so many octets are worth it.
    pub fn ask(
        &mut self,
        context: &RunContext,
        account: &Account,
        user: Option<&TargetUser>,
        target: &Writer,
        octets: u64,
    ) {
        let is_worth_it = octets >= context.options.second_connection_from && target.gains_from_second_line();
        if is_worth_it && !std::mem::replace(&mut self.was_asked_for, true) {
            self.coming = begin(context, account, user);
        }
    }

    /// The line, if it is there by now.
    pub fn writer(&mut self) -> Option<&mut Writer> {
        if let Some(coming) = &self.coming {
            match coming.recv_timeout(SIGN_IN) {
                Err(RecvTimeoutError::Timeout) => {}
                signed_in => {
                    self.line = signed_in.ok();
                    self.coming = None;
                }
            }
        }
        self.line.as_mut().map(|line| &mut line.writer)
    }

    /// Says goodbye.
    pub fn close(self) {
        if let Some(line) = self.line {
            line.writer.logout();
        }
    }
}

fn begin(context: &RunContext, account: &Account, user: Option<&TargetUser>) -> Option<Receiver<Line>> {
    let worker = context.workers.take_free()?;
    let open = further_line(context, account, user)?;
    let control = context.control.clone();
    let (opened, coming) = crossbeam_channel::bounded(1);
    let sign_in = move || {
        let Some((session, place)) = open() else { return };
        let registration = control.register(session.interrupter());
        let _ = opened.send(Line {
            writer: session.into_reader().into_writer(),
            _registration: registration,
            _place: place,
            _worker: worker,
        });
    };
    let name = format!("second {}", account.address);
    std::thread::Builder::new().name(name).spawn(sign_in).ok().map(|_| coming)
}
