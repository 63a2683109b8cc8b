//! How the servers of a migration were reached in its last run, and what was migrated besides mail, so that the next run need not be told
//! again.
//!
//! - It holds no password and no consent to clear text, and of tokens only that they are used: the command that gives them may hold a
//!   secret.

use crate::domain::{GroupwareMode, NameForm, Security, SignInKind};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// How both servers were reached, and what was migrated besides mail.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ServerSettings {
    /// The source.
    pub source: SideSettings,
    /// The target.
    pub target: SideSettings,
    /// Kerio Connect's administration; none where the target is another IMAP server.
    pub administration: Option<AdministrationSettings>,
    /// Calendars, contacts and tasks.
    pub groupware: GroupwareSettings,
}

/// How a mail server was reached.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct SideSettings {
    /// How the connection was protected.
    pub security: Security,
    /// How people signed in.
    pub sign_in: SignInKind,
    /// The master user or administrator who signed in for them; empty if there was none.
    pub master: String,
    /// The form of the address that they signed in with.
    pub name_form: NameForm,
}

/// How Kerio Connect's administration was reached.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct AdministrationSettings {
    /// Host and port, as typed.
    pub address: String,
    /// The administrator's name.
    pub user: String,
}

/// How calendars, contacts and tasks were migrated.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct GroupwareSettings {
    /// Whether, and from where.
    pub mode: GroupwareMode,
    /// The source's CalDAV and CardDAV server; empty if it was looked for at the mail server's host.
    pub source_dav: String,
    /// The target's.
    pub target_dav: String,
    /// The directory of the files that they came from.
    pub files: Option<PathBuf>,
    /// Whether participants stayed participants where the target sends no invitations.
    pub keep_attendees: bool,
}
