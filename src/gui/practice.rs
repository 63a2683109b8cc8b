//! The demo in the window: both servers inside this program, to practise on, with none of the user's own.
//!
//! The line to the source is slow and is cut now and then, one password in the list is wrong, one message is too large for the target,
//! and the certificate of both servers is unknown. Its folder, with the list and the record of the migration, goes with it.

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

    /// The folder of its record, which has nothing to do with that of real migrations.
    pub fn state_folder(&self) -> PathBuf {
        self.folder.path().join("state")
    }
}

/// What a page says of the demo: that it is one, and what there is to try here.
pub fn hint(page: Page) -> &'static str {
    match page {
        Page::Servers => {
            "Demo: both servers are inside this program. Test the connection to practise trusting their certificate."
        }
        Page::Accounts => {
            "Demo: nothing leaves this computer. One password in this list is wrong; Check accounts finds it."
        }
        Page::Status => "Demo: nothing leaves this computer. The line to the source is slow, and is cut now and then.",
        Page::Result => {
            "Demo: nothing of this is real. One password was wrong, and one message is too large for the target."
        }
    }
}
