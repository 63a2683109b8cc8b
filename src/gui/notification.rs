//! What the system shows when the window is not in front: that the run has ended, or that it needs attention.
//!
//! - Nothing is shown while the window is in front, and nothing twice in one run.
//! - The system's service may be slow or missing: a separate thread waits for it, and a failure goes to debug.log.

use std::collections::BTreeSet;

const NAME: &str = "Kerio IMAP Migration Tool";

/// Why a person is notified.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// The run has ended.
    Ended,
    /// Every account so far has failed.
    AllFail,
    /// A server has been silent for long.
    Silent,
}

/// The notifications of the current run.
#[derive(Debug, Default)]
pub struct Notifications {
    said: BTreeSet<Reason>,
}

impl Notifications {
    /// Forgets the last run.
    pub fn begin(&mut self) {
        self.said.clear();
    }

    /// Whether to notify for this reason now: the window is not in front, and the reason is new in this run.
    pub fn is_due(&mut self, reason: Reason, in_front: bool) -> bool {
        !in_front && self.said.insert(reason)
    }
}

/// Shows a notification in the background.
pub fn show(text: String) {
    let showing = std::thread::Builder::new().name("notification".to_owned()).spawn(move || {
        if let Err(error) = show_now(&text) {
            log::info!("the system showed no notification: {error}");
        }
    });
    if let Err(error) = showing {
        log::info!("no thread for a notification: {error}");
    }
}

#[cfg(not(target_os = "macos"))]
fn show_now(text: &str) -> Result<(), String> {
    let mut notification = notify_rust::Notification::new();
    notification.summary(NAME).body(&escaped(text)).appname(NAME);
    #[cfg(not(windows))]
    notification.icon("kimt");
    notification.show().map(drop).map_err(|error| error.to_string())
}

/// Linux desktops read the body as markup (Desktop Notifications Specification 1.3, "Markup").
#[cfg(not(target_os = "macos"))]
fn escaped(text: &str) -> String {
    if cfg!(windows) {
        return text.to_owned();
    }
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// Passes the texts as arguments, so that they cannot act as script.
#[cfg(target_os = "macos")]
fn show_now(text: &str) -> Result<(), String> {
    const SCRIPT: [&str; 3] =
        ["on run argv", "display notification (item 2 of argv) with title (item 1 of argv)", "end run"];
    let mut command = std::process::Command::new("/usr/bin/osascript");
    for line in SCRIPT {
        command.args(["-e", line]);
    }
    command.args([NAME, text]);
    crate::migrate::withhold_passwords(&mut command);
    let output = command.output().map_err(|error| error.to_string())?;
    if output.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&output.stderr).into_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_is_notified_once_for_each_reason_and_only_while_the_window_is_not_in_front() {
        let mut notifications = Notifications::default();
        assert!(!notifications.is_due(Reason::Ended, true));
        assert!(notifications.is_due(Reason::Ended, false));
        assert!(!notifications.is_due(Reason::Ended, false));
        assert!(notifications.is_due(Reason::Silent, false));
        notifications.begin();
        assert!(notifications.is_due(Reason::Ended, false));
    }

    #[cfg(not(any(windows, target_os = "macos")))]
    #[test]
    fn a_name_in_a_notification_is_no_markup() {
        assert_eq!(escaped("<b>a & b"), "&lt;b&gt;a &amp; b");
    }
}
