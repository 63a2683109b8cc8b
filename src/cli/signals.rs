//! Ctrl+C and its kin (SIGINT, SIGTERM, SIGHUP, closing the console) as something a command can wait for.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

/// Catches the signals from its making until the end of the process.
pub(super) struct Signals(Receiver<()>);

impl Signals {
    /// Begins to catch. Without it a signal ends the process at once, as it should while nothing has begun.
    pub(super) fn catch() -> Self {
        let (sender, receiver) = channel();
        if let Err(error) = ctrlc::set_handler(move || tell(&sender)) {
            log::error!("signals cannot be caught: {error}");
        }
        Self(receiver)
    }

    /// Waits so long; whether a signal came.
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

fn tell(sender: &Sender<()>) {
    let _ = sender.send(());
}
