//! No core dump is left on the disk when the program is killed: passwords and mail would be in it.
//!
//! Promises that on Unix the system writes no core file of this program or of what it starts. A system that hands cores to a program of
//! its own instead gets the same limit, and systemd's keeps to it; `docs/security.md` says what is left.

/// Switches core files off for the rest of the program's life. To be called once, when it starts.
pub fn switch_off() {
    #[cfg(unix)]
    if let Err(error) = rlimit::setrlimit(rlimit::Resource::CORE, 0, 0) {
        log::warn!("core files cannot be switched off: {error}");
    }
}
