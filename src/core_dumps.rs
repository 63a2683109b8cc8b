//! Leaves no core dump on the disk when the program is killed: it would contain passwords and mail.
//!
//! Promises that on Unix the system writes no core file of this program or of what it starts. A system that hands cores to a program of its
//! own instead passes on the same limit, and systemd's keeps to it; `docs/security.md` says what remains.

/// Switches core files off for the rest of the program's life. Called once, at the start.
pub fn switch_off() {
    #[cfg(unix)]
    if let Err(error) = rlimit::setrlimit(rlimit::Resource::CORE, 0, 0) {
        log::warn!("core files cannot be switched off: {error}");
    }
}
