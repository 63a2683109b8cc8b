//! Keeping the computer awake while a run goes on. A system that cannot be asked is no error: the window then does not claim it.

use crossbeam_channel::{Sender, bounded};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Keeps the computer awake until it is dropped.
pub struct Awake {
    held: Arc<AtomicBool>,
    // Its end is what the thread waits for.
    _release: Sender<()>,
}

impl Awake {
    /// Asks the system on a thread of its own, because asking may wait for another program; calls `wake` when it agreed.
    pub fn ask(wake: impl FnOnce() + Send + 'static) -> Option<Self> {
        let (release, released) = bounded::<()>(0);
        let held = Arc::new(AtomicBool::new(false));
        let told = held.clone();
        let holding = std::thread::Builder::new().name("awake".to_owned()).spawn(move || {
            let asked = keepawake::Builder::default()
                .idle(true)
                .sleep(true)
                .reason("Mailboxes are being migrated")
                .app_name("Kerio IMAP Migration Tool")
                .create();
            match asked {
                Ok(_awake) => {
                    told.store(true, Ordering::Relaxed);
                    wake();
                    let _ = released.recv();
                }
                Err(error) => log::info!("the system does not keep the computer awake: {error}"),
            }
        });
        holding.ok().map(|_| Self { held, _release: release })
    }

    /// Whether the system agreed.
    pub fn is_held(&self) -> bool {
        self.held.load(Ordering::Relaxed)
    }
}
