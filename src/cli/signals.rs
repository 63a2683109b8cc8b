//! Ctrl+C and the like (SIGINT, SIGTERM, SIGHUP, closing the console) that a command can wait for.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

/// Catches the signals until the process ends.
pub(super) struct Signals(Receiver<()>);

impl Signals {
    /// Starts to catch signals. Before that a signal ends the process at once, which is right as long as nothing has started.
    pub(super) fn catch() -> Self {
        let (sender, receiver) = channel();
        if let Err(error) = ctrlc::set_handler(move || pass_on(&sender)) {
            log::error!("signals cannot be caught: {error}");
        }
        Self(receiver)
    }

    /// Waits for at most `duration`. Returns whether a signal came.
    pub(super) fn wait(&self, duration: Duration) -> bool {
        match self.0.recv_timeout(duration) {
            Ok(()) => true,
            Err(std::sync::mpsc::RecvTimeoutError::Timeout) => false,
            Err(std::sync::mpsc::RecvTimeoutError::Disconnected) => {
                std::thread::sleep(duration);
                false
            }
        }
    }
}

fn pass_on(sender: &Sender<()>) {
    let _ = sender.send(());
}
