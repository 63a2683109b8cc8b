//! Keeps the computer awake during a run. If the system cannot do that, the window does not claim it.

use crossbeam_channel::{Sender, bounded};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Keeps the computer awake until it is dropped.
pub struct Awake {
    held: Arc<AtomicBool>,
    // The thread waits until this is dropped.
    _release: Sender<()>,
}

impl Awake {
    /// Asks the system on a thread of its own, because the request may wait for another program. Calls `wake` once the system agrees.
    pub fn ask(wake: impl FnOnce() + Send + 'static) -> Option<Self> {
        let (release, released) = bounded::<()>(0);
        let held = Arc::new(AtomicBool::new(false));
        let agreed = held.clone();
        let holding = std::thread::Builder::new().name("awake".to_owned()).spawn(move || {
            let asked = keepawake::Builder::default()
                .idle(true)
                .sleep(true)
                .reason("Mailboxes are being migrated")
                .app_name("Kerio IMAP Migration Tool")
                .create();
            match asked {
                Ok(_awake) => {
                    agreed.store(true, Ordering::Relaxed);
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
