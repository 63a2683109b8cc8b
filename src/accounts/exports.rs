//! The lists that mail servers and panels write, and the titles that identify each.

use super::words::normal_form;
use crate::domain::list::Export;

/// How a list that some program writes is recognised.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct KnownList {
    /// Which list it is.
    pub(super) export: Export,
    /// Sets of titles in their normal form; a header that has all of any one set belongs to the list.
    titles: &'static [&'static [&'static str]],
    /// Titles that mean something else here than elsewhere, and are not used.
    pub(super) not_used: &'static [&'static str],
}

/// The lists. The first that fits counts, so that the narrower ones come first.
static LISTS: [KnownList; 18] = [
    KnownList {
        export: Export::CpanelForwarders,
        titles: &[&["source", "target"], &["source", "destination"], &["forward", "forward to"]],
        not_used: &[],
    },
    KnownList {
        export: Export::KerioImport,
        titles: &[
            &["name", "mail address", "groups"],
            &["name", "full name", "mail address"],
            &["name", "password", "mail address", "description"],
        ],
        not_used: &["name"],
    },
    KnownList {
        export: Export::GoogleWorkspace,
        titles: &[
            &["email address", "org unit path"],
            &["email address", "password hash function"],
            &["primary email", "org unit path"],
            &["email address", "last sign in"],
            &["email address", "2sv enrolled"],
        ],
        not_used: &["work email"],
    },
    KnownList {
        export: Export::Gam,
        titles: &[
            &["primary email", "name given name"],
            &["primary email", "name full name"],
            &["primary email", "id"],
        ],
        not_used: &[],
    },
    KnownList {
        export: Export::Microsoft365,
        titles: &[
            &["user principal name", "licenses"],
            &["user principal name", "block credential"],
            &["user principal name", "usage location"],
            &["user principal name", "object id"],
            &["user principal name", "user type"],
            &["user principal name", "is licensed"],
            &["username", "display name", "alternate email address"],
            &["user name", "display name", "alternate email address"],
            &["user principal name", "block sign in"],
            &["user principal name", "password profile"],
            &["display name", "user name", "licenses"],
            &["user principal name", "account enabled"],
        ],
        // Its address is a postal one.
        not_used: &["address", "work email"],
    },
    KnownList {
        export: Export::Exchange,
        titles: &[
            &["primary smtp address"],
            &["windows email address"],
            &["recipient type details"],
            &["display name", "email address", "mailbox type"],
            &["display name", "email address", "recipient type"],
        ],
        not_used: &["address"],
    },
    KnownList {
        export: Export::ActiveDirectory,
        titles: &[&["sam account name"], &["distinguished name"]],
        not_used: &["address"],
    },
    KnownList {
        export: Export::Cpanel,
        titles: &[
            &["email", "diskused"],
            &["email", "diskquota"],
            &["email", "humandiskquota"],
            &["email", "suspended login"],
            &["email", "disk used"],
            &["account", "domain", "diskused"],
            &["account", "usage allocated used"],
        ],
        // In the list of the interface these are the name of the system account and the part before the @.
        not_used: &["user", "login"],
    },
    KnownList {
        export: Export::Plesk,
        titles: &[
            &["mail name", "dom name"],
            &["mail name", "domain"],
            &["mailname", "domain"],
            &["address", "flags", "password"],
            &["mail name", "password"],
            &["mail name"],
            &["mailname"],
        ],
        not_used: &[],
    },
    KnownList {
        export: Export::Zimbra,
        titles: &[
            &["zimbra mail delivery address"],
            &["zimbra account status"],
            &["zimbra mail quota"],
            &["zimbra id"],
            &["zimbra mail host"],
        ],
        not_used: &["mail", "uid", "address"],
    },
    KnownList {
        export: Export::MailEnable,
        titles: &[
            &["postoffice"],
            &["post office"],
            &["mailbox name", "redirect status"],
            &["mailbox", "redirect status"],
        ],
        not_used: &[],
    },
    KnownList {
        export: Export::IceWarp,
        titles: &[&["u mailbox"], &["u name"], &["u password"], &["u alias"], &["u email"]],
        not_used: &[],
    },
    KnownList { export: Export::HMailServer, titles: &[&["accountaddress"], &["accountpassword"]], not_used: &[] },
    KnownList {
        export: Export::Zoho,
        titles: &[
            &["zuid"],
            &["email address", "zoid"],
            &["mailbox address", "role"],
            &["email address", "storage", "role"],
            &["email id", "role"],
            &["mailbox address", "storage"],
        ],
        not_used: &[],
    },
    KnownList { export: Export::Imapsync, titles: &[&["host1", "user1"]], not_used: &[] },
    KnownList {
        export: Export::KerioUsers,
        titles: &[&["username", "full name", "mailbox size"], &["login name", "full name", "email addresses"]],
        not_used: &[],
    },
    KnownList { export: Export::DirectAdmin, titles: &[&["account", "domain", "usage", "quota"]], not_used: &[] },
    KnownList {
        export: Export::Contacts,
        titles: &[&["e mail 1 value"], &["e mail 1 address"], &["email 1 value"], &["e mail 2 address"]],
        not_used: &[],
    },
];

/// The list that a header belongs to.
pub(super) fn by_titles(titles: &[String]) -> Option<&'static KnownList> {
    let titles: Vec<String> = titles.iter().map(|title| normal_form(title)).collect();
    let named = titles.iter().filter(|title| !title.is_empty()).count();
    LISTS.iter().find(|list| {
        list.titles.iter().any(|known| {
            // Forwarders have exactly these columns; a list that says more is not one.
            let enough = list.export != Export::CpanelForwarders || known.len() == named;
            enough && known.iter().all(|known| titles.iter().any(|title| title == known))
        })
    })
}
