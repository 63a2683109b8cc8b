//! The lists that mail servers and panels write: what each is called, and what to do where it holds no passwords.

use serde::{Deserialize, Serialize};

/// A list that some program writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Export {
    /// cPanel's list of forwarders.
    CpanelForwarders,
    /// Kerio Connect's own list for importing users.
    KerioImport,
    /// Kerio Connect's list of users.
    KerioUsers,
    /// Google Workspace's list of users.
    GoogleWorkspace,
    /// Google Workspace's list of users, written by GAM.
    Gam,
    /// Microsoft 365's list of users.
    Microsoft365,
    /// Exchange's list of mailboxes.
    Exchange,
    /// A list of users from Active Directory.
    ActiveDirectory,
    /// cPanel's list of e-mail accounts.
    Cpanel,
    /// Plesk's list of mailboxes.
    Plesk,
    /// Zimbra's list of accounts.
    Zimbra,
    /// MailEnable's list of mailboxes.
    MailEnable,
    /// IceWarp's list of accounts.
    IceWarp,
    /// hMailServer's list of accounts.
    HMailServer,
    /// Zoho Mail's list of users.
    Zoho,
    /// imapsync's list.
    Imapsync,
    /// DirectAdmin's list of e-mail accounts.
    DirectAdmin,
    /// A list of contacts.
    Contacts,
}

impl Export {
    /// What the list is called inside a sentence.
    pub fn name(self) -> &'static str {
        match self {
            Self::CpanelForwarders => "cPanel's list of forwarders",
            Self::KerioImport => "Kerio Connect's own list for importing users",
            Self::KerioUsers => "Kerio Connect's list of users",
            Self::GoogleWorkspace => "Google Workspace's list of users",
            Self::Gam => "Google Workspace's list of users, written by GAM",
            Self::Microsoft365 => "Microsoft 365's list of users",
            Self::Exchange => "Exchange's list of mailboxes",
            Self::ActiveDirectory => "a list of users from Active Directory",
            Self::Cpanel => "cPanel's list of e-mail accounts",
            Self::Plesk => "Plesk's list of mailboxes",
            Self::Zimbra => "Zimbra's list of accounts",
            Self::MailEnable => "MailEnable's list of mailboxes",
            Self::IceWarp => "IceWarp's list of accounts",
            Self::HMailServer => "hMailServer's list of accounts",
            Self::Zoho => "Zoho Mail's list of users",
            Self::Imapsync => "imapsync's list",
            Self::DirectAdmin => "DirectAdmin's list of e-mail accounts",
            Self::Contacts => "a list of contacts",
        }
    }

    /// How to sign in without its users' passwords, after "or".
    pub fn instead(self) -> &'static str {
        match self {
            Self::GoogleWorkspace | Self::Gam | Self::Microsoft365 | Self::Contacts => {
                "sign in with tokens instead of passwords"
            }
            Self::Exchange | Self::ActiveDirectory | Self::Zimbra => "let an administrator sign in for everybody",
            Self::CpanelForwarders | Self::Cpanel | Self::Plesk | Self::Imapsync | Self::DirectAdmin => {
                "sign in with a master user of Dovecot"
            }
            Self::MailEnable | Self::IceWarp | Self::HMailServer => "set a password for everybody on that server first",
            Self::KerioImport | Self::KerioUsers => "sign in with Kerio Connect's master password",
            Self::Zoho => "use application-specific passwords",
        }
    }

    /// Why it can never be a list of accounts, in sentences; none for one that can.
    pub fn refusal(self) -> Option<&'static str> {
        match self {
            Self::CpanelForwarders => Some(
                "It says where mail is forwarded to, not which accounts there are. Export the list of e-mail accounts.",
            ),
            Self::Contacts => Some("It holds people's contacts, not accounts of a mail server."),
            _ => None,
        }
    }
}
