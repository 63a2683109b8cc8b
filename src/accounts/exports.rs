//! The lists that mail servers and panels write: by which titles each is known, what it lacks, and what to do then.

use super::words::normal_form;

/// A list that some program writes.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Export {
    /// What the list is called in a sentence.
    pub(super) name: &'static str,
    /// Titles of which all belong to it, in their normal form; any of these sets will do.
    titles: &'static [&'static [&'static str]],
    /// Titles that mean something else here than elsewhere, and are not used.
    pub(super) not_used: &'static [&'static str],
    /// How to sign in without its users' passwords.
    pub(super) instead: &'static str,
    /// Why it can never be a list of accounts.
    pub(super) refused: Option<&'static str>,
}

const TOKENS: &str = "sign in with tokens instead of passwords";
const ADMINISTRATOR: &str = "let an administrator sign in for everybody";
const MASTER: &str = "sign in with a master user of Dovecot";
const SET_PASSWORDS: &str = "set a password for everybody on that server first";

/// The lists. The first that fits counts, so that the narrower ones come first.
static EXPORTS: [Export; 18] = [
    Export {
        name: "cPanel's list of forwarders",
        titles: &[&["source", "target"], &["source", "destination"], &["forward", "forward to"]],
        not_used: &[],
        instead: MASTER,
        refused: Some(
            "It says where mail is forwarded to and not which accounts there are. Export the list of e-mail accounts.",
        ),
    },
    Export {
        name: "Kerio Connect's own list for importing users",
        titles: &[
            &["name", "mail address", "groups"],
            &["name", "full name", "mail address"],
            &["name", "password", "mail address", "description"],
        ],
        not_used: &["name"],
        instead: "sign in with Kerio Connect's master password",
        refused: None,
    },
    Export {
        name: "Google Workspace's list of users",
        titles: &[
            &["email address", "org unit path"],
            &["email address", "password hash function"],
            &["primary email", "org unit path"],
            &["email address", "last sign in"],
            &["email address", "2sv enrolled"],
        ],
        not_used: &["work email"],
        instead: TOKENS,
        refused: None,
    },
    Export {
        name: "Google Workspace's list of users, written by GAM",
        titles: &[
            &["primary email", "name given name"],
            &["primary email", "name full name"],
            &["primary email", "id"],
        ],
        not_used: &[],
        instead: TOKENS,
        refused: None,
    },
    Export {
        name: "Microsoft 365's list of users",
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
        // Its address is that of a street.
        not_used: &["address", "work email"],
        instead: TOKENS,
        refused: None,
    },
    Export {
        name: "Exchange's list of mailboxes",
        titles: &[
            &["primary smtp address"],
            &["windows email address"],
            &["recipient type details"],
            &["display name", "email address", "mailbox type"],
            &["display name", "email address", "recipient type"],
        ],
        not_used: &["address"],
        instead: ADMINISTRATOR,
        refused: None,
    },
    Export {
        name: "a list of users from Active Directory",
        titles: &[&["sam account name"], &["distinguished name"]],
        not_used: &["address"],
        instead: ADMINISTRATOR,
        refused: None,
    },
    Export {
        name: "cPanel's list of e-mail accounts",
        titles: &[
            &["email", "diskused"],
            &["email", "diskquota"],
            &["email", "humandiskquota"],
            &["email", "suspended login"],
            &["email", "disk used"],
            &["account", "domain", "diskused"],
            &["account", "usage allocated used"],
        ],
        // In the list of the interface, the name of the system's account and the part before the @.
        not_used: &["user", "login"],
        instead: MASTER,
        refused: None,
    },
    Export {
        name: "Plesk's list of mailboxes",
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
        instead: MASTER,
        refused: None,
    },
    Export {
        name: "Zimbra's list of accounts",
        titles: &[
            &["zimbra mail delivery address"],
            &["zimbra account status"],
            &["zimbra mail quota"],
            &["zimbra id"],
            &["zimbra mail host"],
        ],
        not_used: &["mail", "uid", "address"],
        instead: ADMINISTRATOR,
        refused: None,
    },
    Export {
        name: "MailEnable's list of mailboxes",
        titles: &[
            &["postoffice"],
            &["post office"],
            &["mailbox name", "redirect status"],
            &["mailbox", "redirect status"],
        ],
        not_used: &[],
        instead: SET_PASSWORDS,
        refused: None,
    },
    Export {
        name: "IceWarp's list of accounts",
        titles: &[&["u mailbox"], &["u name"], &["u password"], &["u alias"], &["u email"]],
        not_used: &[],
        instead: SET_PASSWORDS,
        refused: None,
    },
    Export {
        name: "hMailServer's list of accounts",
        titles: &[&["accountaddress"], &["accountpassword"]],
        not_used: &[],
        instead: SET_PASSWORDS,
        refused: None,
    },
    Export {
        name: "Zoho Mail's list of users",
        titles: &[
            &["zuid"],
            &["email address", "zoid"],
            &["mailbox address", "role"],
            &["email address", "storage", "role"],
            &["email id", "role"],
            &["mailbox address", "storage"],
        ],
        not_used: &[],
        instead: "use application-specific passwords",
        refused: None,
    },
    Export { name: "imapsync's list", titles: &[&["host1", "user1"]], not_used: &[], instead: MASTER, refused: None },
    Export {
        name: "Kerio Connect's list of users",
        titles: &[&["username", "full name", "mailbox size"], &["login name", "full name", "email addresses"]],
        not_used: &[],
        instead: "sign in with Kerio Connect's master password",
        refused: None,
    },
    Export {
        name: "DirectAdmin's list of e-mail accounts",
        titles: &[&["account", "domain", "usage", "quota"]],
        not_used: &[],
        instead: MASTER,
        refused: None,
    },
    Export {
        name: "a list of contacts",
        titles: &[&["e mail 1 value"], &["e mail 1 address"], &["email 1 value"], &["e mail 2 address"]],
        not_used: &[],
        instead: TOKENS,
        refused: Some("It holds people's contacts and not accounts of a mail server."),
    },
];

/// The list that imapsync reads, which is known by its form.
pub(super) fn imapsync() -> Option<&'static Export> {
    EXPORTS.iter().find(|export| export.name.starts_with("imapsync"))
}

/// The export that a header belongs to.
pub(super) fn by_titles(titles: &[String]) -> Option<&'static Export> {
    let titles: Vec<String> = titles.iter().map(|title| normal_form(title)).collect();
    let named = titles.iter().filter(|title| !title.is_empty()).count();
    EXPORTS.iter().find(|export| {
        export.titles.iter().any(|wanted| {
            // Forwarders have exactly these columns; a list that says more is not one.
            let enough = export.refused.is_none() || wanted.len() == named || export.name.contains("contacts");
            enough && wanted.iter().all(|wanted| titles.iter().any(|title| title == wanted))
        })
    })
}
