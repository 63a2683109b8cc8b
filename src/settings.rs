//! What the window remembers between starts, and where the program keeps its own files. Never a password.
//!
//! - A missing settings file means the defaults; one that cannot be read is kept under another name.
//! - Values out of range are clamped, because anybody may edit the file.

use crate::domain::{NameForm, Note, OwnFile, Problem, ProblemKind, Security};
use crate::private_file;
use serde::{Deserialize, Serialize};
use std::io;
use std::path::{Path, PathBuf};

/// The file in the settings folder.
const FILE: &str = "settings.json";

/// The folders of the program's own files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Folders {
    /// The ledger, the trusted certificates, the lock of the running program.
    pub state: PathBuf,
    /// The settings.
    pub settings: PathBuf,
}

/// The user's data and settings folders, as each system has them. They need not exist yet.
pub fn folders() -> Result<Folders, Problem> {
    let own = directories::ProjectDirs::from("", "", "KIMT")
        .ok_or_else(|| Problem::new(ProblemKind::LocalFile).at_path(OwnFile::HomeFolder).noting(Note::NoStateFolder))?;
    // Not the roaming folder on Windows: a ledger that is copied to another computer would be out of date there.
    Ok(Folders { state: own.data_local_dir().to_owned(), settings: own.config_local_dir().to_owned() })
}

/// Light or dark.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Appearance {
    /// As the system has it.
    #[default]
    System,
    /// Light.
    Light,
    /// Dark.
    Dark,
}

/// How people sign in on a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Way {
    /// With their own passwords.
    #[default]
    Own,
    /// With a master user.
    Master,
    /// With an administrator on behalf of each.
    Authorization,
    /// With Kerio Connect's master password.
    KerioMaster,
    /// With tokens from a file.
    TokenFile,
    /// With tokens from a command.
    TokenCommand,
}

/// The rarely needed settings of one side.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct More {
    /// How people sign in.
    pub way: Way,
    /// The master user or administrator who signs in for others.
    pub master: String,
    /// The file that holds the token, or the command that prints it.
    pub token: String,
    /// The form of the address that people sign in with.
    pub name_form: NameForm,
    /// The file of the client certificate; never its password.
    pub client_certificate: String,
    /// The speed limit.
    pub max_rate: String,
    /// The maximum number of connections.
    pub max_connections: String,
}

/// What was chosen for the columns of a list of accounts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ListColumns {
    /// A digest that identifies the header. The header itself could be an account by mistake, with a password.
    pub header: String,
    /// The meanings in their order, such as `address,password,-`.
    pub columns: String,
}

/// The fleet that was watched last.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct WatchedFleet {
    /// The address of its database; one with a password is refused before it gets here.
    pub ledger: String,
    /// Its name; empty for the only one.
    pub name: String,
    /// The path of its key file.
    pub key_file: String,
}

/// What the window remembers. Texts are kept as typed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// The source, `host` or `host:port`.
    pub source: String,
    /// How the connection to it is protected.
    pub source_security: Security,
    /// The target.
    pub target: String,
    /// How the connection to it is protected.
    pub target_security: Security,
    /// Whether the target is Kerio Connect, with an administration API.
    pub target_is_kerio: bool,
    /// The administration API, unless it is on the target's host and port 4040; may be empty.
    pub administration: String,
    /// The administrator's name.
    pub administrator: String,
    /// The rarely needed settings of the source.
    pub source_more: More,
    /// The rarely needed settings of the target.
    pub target_more: More,
    /// The proxy, without a password; empty for the environment's.
    pub proxy: String,
    /// What is left out or renamed, as lines of rules.
    pub rules: String,
    /// Whether calendars, contacts and tasks are migrated.
    pub groupware: bool,
    /// The source's CalDAV and CardDAV server, as typed.
    pub source_dav: String,
    /// The target's.
    pub target_dav: String,
    /// Mailboxes at a time.
    pub jobs: u32,
    /// The folder of the CSV that was loaded last.
    pub accounts_folder: Option<PathBuf>,
    /// What was chosen for the columns of lists of accounts, the latest last.
    pub list_columns: Vec<ListColumns>,
    /// The fleet that was watched last.
    pub fleet: WatchedFleet,
    /// Light or dark.
    pub appearance: Appearance,
    /// The zoom factor.
    pub zoom: f32,
    /// The window's inner width and height in points; none before it was first closed.
    pub window_size: Option<(f32, f32)>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            source: String::new(),
            source_security: Security::default(),
            target: String::new(),
            target_security: Security::default(),
            target_is_kerio: true,
            administration: String::new(),
            administrator: String::new(),
            source_more: More::default(),
            target_more: More::default(),
            proxy: String::new(),
            rules: String::new(),
            groupware: false,
            source_dav: String::new(),
            target_dav: String::new(),
            jobs: 4,
            accounts_folder: None,
            list_columns: Vec::new(),
            fleet: WatchedFleet::default(),
            appearance: Appearance::default(),
            zoom: 1.0,
            window_size: None,
        }
    }
}

impl Settings {
    /// At most this many mailboxes are migrated at a time, from the window and from the command line.
    pub const MOST_JOBS: u32 = 100;

    /// At most this many lists are remembered.
    const MOST_LISTS: usize = 50;

    /// Remembers what was chosen for the columns of lists with this header.
    pub fn remember_columns(&mut self, header: String, columns: String) {
        self.list_columns.retain(|known| known.header != header);
        self.list_columns.push(ListColumns { header, columns });
        let over = self.list_columns.len().saturating_sub(Self::MOST_LISTS);
        self.list_columns.drain(..over);
    }

    /// Reads the settings of a settings folder (see [`folders`]).
    pub fn load(folder: &Path) -> Self {
        let path = folder.join(FILE);
        let text = match std::fs::read(&path) {
            Ok(text) => text,
            Err(error) => {
                if error.kind() != io::ErrorKind::NotFound {
                    log::warn!("{}: {error}; the defaults are used", path.display());
                }
                return Self::default();
            }
        };
        match serde_json::from_slice::<Self>(&text) {
            Ok(settings) => settings.in_range(),
            Err(error) => {
                let aside = folder.join("settings.damaged.json");
                log::warn!("{}: {error}; kept aside as {}", path.display(), aside.display());
                if let Err(error) = std::fs::rename(&path, &aside) {
                    log::warn!("{}: {error}", aside.display());
                }
                Self::default()
            }
        }
    }

    /// Writes the settings, for this user only; a crash leaves the old or the new ones.
    pub fn save(&self, folder: &Path) -> io::Result<()> {
        private_file::replace(&folder.join(FILE), &serde_json::to_vec_pretty(self)?)
    }

    fn in_range(mut self) -> Self {
        let usual = Self::default();
        self.jobs = self.jobs.clamp(1, Self::MOST_JOBS);
        self.zoom = if self.zoom.is_finite() { self.zoom.clamp(0.5, 4.0) } else { usual.zoom };
        let usable = |side: f32| (300.0..=20_000.0).contains(&side);
        self.window_size = self.window_size.filter(|(width, height)| usable(*width) && usable(*height));
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_survive_a_start() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().join("made/when/needed");
        assert_eq!(Settings::load(&folder), Settings::default());
        let settings = Settings {
            source: "old.example:143".into(),
            source_security: Security::StartTls,
            appearance: Appearance::Dark,
            list_columns: vec![ListColumns { header: "f00d".into(), columns: "address,-,password".into() }],
            window_size: Some((1280.0, 720.0)),
            ..Settings::default()
        };
        settings.save(&folder).unwrap();
        assert_eq!(Settings::load(&folder), settings);
    }

    #[test]
    fn the_columns_of_the_latest_lists_are_remembered_once_each() {
        let mut settings = Settings::default();
        (0..80).for_each(|list| settings.remember_columns(format!("{}", list % 60), format!("address,{list}")));
        assert_eq!(settings.list_columns.len(), Settings::MOST_LISTS);
        let latest = settings.list_columns.last().unwrap();
        assert_eq!((latest.header.as_str(), latest.columns.as_str()), ("19", "address,79"));
    }

    #[test]
    fn settings_of_another_version_are_read_as_far_as_they_go() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(FILE), r#"{"source":"old.example","from_the_future":[1]}"#).unwrap();
        assert_eq!(Settings::load(folder.path()), Settings { source: "old.example".into(), ..Settings::default() });
    }

    #[test]
    fn a_damaged_file_is_kept_aside() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(FILE), "{broken").unwrap();
        assert_eq!(Settings::load(folder.path()), Settings::default());
        let kept = std::fs::read_to_string(folder.path().join("settings.damaged.json")).unwrap();
        assert_eq!(kept, "{broken");
    }

    #[test]
    fn values_that_make_no_sense_are_brought_into_range() {
        let folder = tempfile::tempdir().unwrap();
        let text = r#"{"jobs":0,"zoom":1e30,"window_size":[1,-5]}"#;
        std::fs::write(folder.path().join(FILE), text).unwrap();
        let settings = Settings::load(folder.path());
        assert_eq!((settings.jobs, settings.zoom, settings.window_size), (1, 4.0, None));
    }

    #[test]
    fn the_programs_folders_are_its_own() {
        if let Ok(folders) = folders() {
            assert!(folders.state.to_string_lossy().to_lowercase().contains("kimt"));
            assert!(folders.settings.to_string_lossy().to_lowercase().contains("kimt"));
        }
    }
}
