//! The demo in the window: both servers run inside this program, for practice without servers of one's own.
//!
//! The connection to the source is slow and breaks now and then, one password in the list is wrong, one message is too large for the
//! target, and both servers' certificate is unknown. The demo's folder, with the list and the record, is deleted with it.

use super::page::Page;
use crate::private_file::TemporaryFolder;
use crate::rehearsal::demo::{Demo, DemoOptions};
use std::io;
use std::path::PathBuf;

/// A demo under way. Dropping it ends its servers.
pub struct Practice {
    /// Its servers.
    pub demo: Demo,
    folder: TemporaryFolder,
}

impl Practice {
    /// Starts the servers; takes a moment.
    pub fn start() -> io::Result<Self> {
        let folder = TemporaryFolder::make("kimt-demo")?;
        let demo = Demo::start(&DemoOptions::practice(folder.path()))?;
        Ok(Self { demo, folder })
    }

    /// The folder of its record, separate from that of real migrations.
    pub fn state_folder(&self) -> PathBuf {
        self.folder.path().join("state")
    }
}

/// What every page says of the demo.
pub const HEAD: &str = "Demo: nothing leaves this computer.";

/// What to try on a page. `right` is the correct password for the account whose password is wrong; none in a demo without faults.
pub fn hint(page: Page, right: Option<&str>) -> String {
    let Some(right) = right else { return "Servers, people and messages are made up.".to_owned() };
    match page {
        Page::Servers => {
            "Both servers are inside this program. Their certificate is unknown: test the connection and trust it."
                .to_owned()
        }
        Page::Accounts => {
            "One password in this list is wrong. Check accounts finds it, and so does the migration.".to_owned()
        }
        Page::Status => "The connection to the source is slow and breaks now and then.".to_owned(),
        Page::Result => format!(
            "One password in the list is wrong; the right one is {right}. One message is too large for the target."
        ),
    }
}
