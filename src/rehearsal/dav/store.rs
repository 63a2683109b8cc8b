//! What the stand-in keeps: accounts, collections, items, and the invitations that it would have sent.

use crate::domain::Secret;
use std::collections::{BTreeMap, BTreeSet};

/// The switches. The [`Default`] server is Kerio Connect as far as it is known.
#[derive(Debug, Clone)]
pub struct DavBehaviour {
    /// Whether storing an item with participants invites them.
    pub schedules: bool,
    /// Whether the server obeys `If-None-Match`.
    pub heeds_conditions: bool,
    /// Whether the server stores an item under another name than requested.
    pub renames: bool,
    /// Whether a stored item gets another UID.
    pub changes_uids: bool,
    /// Properties that are lost in storing.
    pub drops: Vec<&'static str>,
    /// Whether MKCALENDAR creates a calendar.
    pub makes_calendars: bool,
    /// Whether the answer to MKCALENDAR contains a refusal although the calendar was created.
    pub complains: bool,
    /// Whether all collections are listed; otherwise tasks and contacts are missing, and a status marks the list as truncated.
    pub lists_all_collections: bool,
    /// The most items of a collection that are listed.
    pub lists_at_most: usize,
    /// Whether a truncated listing continues in pages (RFC 6578).
    pub gives_pages: bool,
    /// The most items that one request for many gets; the answer does not mention the others.
    pub delivers_at_most: usize,
    /// Whether a request for many is answered in Latin-1, although the answer declares UTF-8.
    pub mixes_encodings: bool,
    /// UIDs that are refused, as if another collection held them.
    pub refuses_uids: Vec<&'static str>,
    /// The size of the largest item that is stored, in bytes.
    pub stores_at_most: usize,
    /// Whether answers declare entities in a document type.
    pub declares_entities: bool,
    /// The address written in front of hrefs, such as that of a server behind a proxy; usually empty.
    pub names_itself: &'static str,
    /// The target to which all requests are redirected.
    pub redirects_to: Option<String>,
    /// Whether collections have sync tokens (RFC 6578).
    pub gives_tokens: bool,
    /// Whether the token stays the same from now on, whatever changes.
    pub tokens_lie: bool,
    /// Whether address books can be searched.
    pub searches_cards: bool,
    /// Whether a participant reappears from a property that preserves it.
    pub puts_back: bool,
    /// The algorithm of Digest, if only Digest is accepted.
    pub wants_digest: Option<&'static str>,
    /// Whether only an app password is accepted, which nobody has.
    pub wants_app_passwords: bool,
    /// Whether the server offers CalDAV and CardDAV at all.
    pub offers_dav: bool,
}

impl Default for DavBehaviour {
    fn default() -> Self {
        Self {
            schedules: true,
            heeds_conditions: true,
            renames: false,
            changes_uids: false,
            drops: Vec::new(),
            makes_calendars: true,
            complains: false,
            lists_all_collections: true,
            lists_at_most: usize::MAX,
            gives_pages: false,
            delivers_at_most: usize::MAX,
            mixes_encodings: false,
            refuses_uids: Vec::new(),
            stores_at_most: usize::MAX,
            declares_entities: false,
            names_itself: "",
            redirects_to: None,
            gives_tokens: false,
            tokens_lie: false,
            searches_cards: true,
            puts_back: false,
            wants_digest: None,
            wants_app_passwords: false,
            offers_dav: true,
        }
    }
}

/// An invitation that was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invitation {
    /// The sender.
    pub from: String,
    /// The recipient, as written in the item.
    pub to: String,
}

/// A collection.
#[derive(Debug, Clone)]
pub(super) struct Folder {
    pub(super) name: String,
    /// What it may contain: `VEVENT`, `VTODO` or `VCARD`; empty for a mail folder.
    pub(super) component: &'static str,
    /// The owner, if it is somebody else's.
    pub(super) owner: Option<String>,
}

/// An item.
#[derive(Debug, Clone)]
pub(super) struct Item {
    pub(super) etag: u64,
    pub(super) text: String,
}

#[derive(Default)]
pub(super) struct Store {
    pub(super) behaviour: DavBehaviour,
    passwords: BTreeMap<String, Secret>,
    pub(super) folders: BTreeMap<String, Folder>,
    pub(super) resources: BTreeMap<String, Item>,
    pub(super) outbox: Vec<Invitation>,
    pub(super) requests: Vec<(String, String)>,
    /// What was stored or deleted, with the store's number at that time.
    changes: Vec<(u64, String)>,
    next: u64,
    /// The number at which a lying token stays.
    stays_at: Option<u64>,
}

/// A store's state at one moment.
pub struct Snapshot {
    folders: BTreeMap<String, Folder>,
    resources: BTreeMap<String, Item>,
    changes: Vec<(u64, String)>,
    next: u64,
}

/// The component of the scheduling inbox, which looks like a calendar.
pub(super) const INBOX: &str = "INBOX";

/// An account's homes for calendars and for contacts.
pub(super) fn homes(address: &str) -> (String, String) {
    let (local, domain) = address.split_once('@').unwrap_or((address, "localhost"));
    (format!("/full-calendars/{domain}/{local}/"), format!("/contacts/{domain}/{local}/"))
}

fn owns(address: &str, path: &str) -> bool {
    let (calendars, contacts) = homes(address);
    path.starts_with(&calendars) || path.starts_with(&contacts)
}

/// The outcome of storing an item.
pub(super) enum Put {
    Stored(u64),
    Exists,
    NoFolder,
    UidTaken,
    TooLarge,
}

impl Store {
    pub(super) fn create_user(&mut self, address: &str, password: &Secret) {
        self.passwords.insert(address.to_owned(), password.clone());
        let (calendars, contacts) = homes(address);
        for (path, name, component) in [
            (format!("{calendars}INBOX/"), "INBOX", ""),
            (format!("{calendars}schedule-inbox/"), "Inbox", INBOX),
            (format!("{calendars}calendar/"), "Calendar", "VEVENT"),
            (format!("{calendars}tasks/"), "Tasks", "VTODO"),
            (format!("{contacts}addressbook/"), "Contacts", "VCARD"),
        ] {
            self.folders.insert(path, Folder { name: name.to_owned(), component, owner: None });
        }
    }

    pub(super) fn may_sign_in(&self, name: &str, password: &str) -> bool {
        let known = self.passwords.get(name).is_some_and(|own| own.reveal() == password);
        known && !self.behaviour.wants_app_passwords
    }

    /// The password of an account.
    pub(super) fn password(&self, name: &str) -> Option<&Secret> {
        self.passwords.get(name).filter(|_| !self.behaviour.wants_app_passwords)
    }

    pub(super) fn add(&mut self, address: &str, collection: &str, name: &str, text: &str) {
        let (calendars, _) = homes(address);
        let known = |(path, folder): (&String, &Folder)| {
            (folder.name == collection && folder.component != INBOX && self.owns(address, path)).then(|| path.clone())
        };
        let path = self
            .folders
            .iter()
            .find_map(known)
            .unwrap_or_else(|| format!("{calendars}{}/", collection.to_lowercase().replace(' ', "-")));
        self.folders.entry(path.clone()).or_insert_with(|| Folder {
            name: collection.to_owned(),
            component: "VEVENT",
            owner: None,
        });
        let etag = self.tag();
        self.keep(format!("{path}{name}"), etag, text.to_owned());
    }

    /// Marks a collection of an account as another owner's.
    pub(super) fn share(&mut self, address: &str, collection: &str, owner: &str) {
        let own = self.folders.iter_mut().filter(|(path, folder)| owns(address, path) && folder.name == collection);
        own.for_each(|(_, folder)| folder.owner = Some(owner.to_owned()));
    }

    pub(super) fn deliver(&mut self, address: &str, collection: &str, name: &str, text: &str) {
        if collection != "Inbox" {
            return self.add(address, collection, name, text);
        }
        let etag = self.tag();
        let path = format!("{}schedule-inbox/{name}", homes(address).0);
        self.keep(path, etag, text.to_owned());
    }

    pub(super) fn delete(&mut self, address: &str, words: &str) -> bool {
        let before = self.resources.len();
        let gone = |path: &String, item: &Item| item.text.contains(words) && owns(address, path);
        let gone: Vec<String> =
            self.resources.iter().filter(|(path, item)| gone(path, item)).map(|(path, _)| path.clone()).collect();
        for path in gone {
            self.resources.remove(&path);
            let at = self.tag();
            self.changes.push((at, path));
        }
        self.resources.len() < before
    }

    pub(super) fn items(&self, address: &str) -> Vec<(String, String)> {
        let own = self.resources.iter().filter(|(path, _)| self.owns(address, path));
        let folder = |path: &str| {
            let end = path.rfind('/').map_or(0, |at| at + 1);
            self.folders.get(&path[..end]).map_or_else(String::new, |folder| folder.name.clone())
        };
        own.map(|(path, item)| (folder(path), item.text.clone())).collect()
    }

    pub(super) fn owns(&self, address: &str, path: &str) -> bool {
        owns(address, path)
    }

    /// Stores an item and, if the server schedules, invites its participants.
    pub(super) fn put(&mut self, address: &str, path: &str, text: &str, only_new: bool) -> Put {
        let at = path.rfind('/').map_or(0, |at| at + 1);
        if !self.folders.contains_key(&path[..at]) {
            return Put::NoFolder;
        }
        if only_new && self.behaviour.heeds_conditions && self.resources.contains_key(path) {
            return Put::Exists;
        }
        if text.len() > self.behaviour.stores_at_most {
            return Put::TooLarge;
        }
        if self.behaviour.refuses_uids.iter().any(|uid| text.contains(&format!("\r\nUID:{uid}\r\n"))) {
            return Put::UidTaken;
        }
        let etag = self.tag();
        let mut kept: Vec<String> = Vec::new();
        let mut dropping = false;
        for line in text.split("\r\n") {
            // A folded line shares the fate of the line that it continues.
            if !line.starts_with([' ', '\t']) {
                dropping = self
                    .behaviour
                    .drops
                    .iter()
                    .any(|name| line.strip_prefix(name).is_some_and(|rest| rest.starts_with([':', ';'])));
            }
            if dropping {
                continue;
            }
            match line.strip_prefix("UID:").filter(|_| self.behaviour.changes_uids) {
                Some(_) => kept.push(format!("UID:kerio-{etag}")),
                None => kept.push(line.to_owned()),
            }
            if self.behaviour.puts_back && line.starts_with("X-KIMT-ATTENDEE:") {
                kept.push("ATTENDEE:mailto:ben@example.com".to_owned());
            }
        }
        if self.folders.get(&path[..at]).is_some_and(|folder| folder.component == INBOX) {
            self.outbox.push(Invitation { from: address.to_owned(), to: "whoever is named in it".to_owned() });
        }
        if self.behaviour.schedules {
            let unfolded = text.replace("\r\n ", "");
            let people = unfolded.lines().filter(|line| line.to_ascii_uppercase().starts_with("ATTENDEE"));
            let sent = people.map(|line| Invitation { from: address.to_owned(), to: line.to_owned() });
            self.outbox.extend(sent);
            // Such an alarm is mail, too.
            let alarms = unfolded.lines().filter(|line| line.eq_ignore_ascii_case("ACTION:EMAIL"));
            self.outbox.extend(alarms.map(|line| Invitation { from: address.to_owned(), to: line.to_owned() }));
        }
        let path = if self.behaviour.renames { format!("{}{etag}.eml", &path[..at]) } else { path.to_owned() };
        self.keep(path, etag, kept.join("\r\n"));
        Put::Stored(etag)
    }

    fn keep(&mut self, path: String, etag: u64, text: String) {
        self.changes.push((etag, path.clone()));
        self.resources.insert(path, Item { etag, text });
    }

    pub(super) fn behave(&mut self, change: impl FnOnce(&mut DavBehaviour)) {
        change(&mut self.behaviour);
        self.stays_at = self.behaviour.tokens_lie.then(|| self.number());
    }

    /// The number from which tokens are made.
    pub(super) fn number(&self) -> u64 {
        self.stays_at.unwrap_or(self.next)
    }

    /// What was stored or deleted since this number; none if restoring an earlier state lost the number.
    pub(super) fn changed_since(&self, number: u64) -> Option<BTreeSet<&str>> {
        let now = self.number();
        let is_since = |at: u64| at > number && at <= now;
        (number <= now)
            .then(|| self.changes.iter().filter(|(at, _)| is_since(*at)).map(|(_, path)| path.as_str()).collect())
    }

    pub(super) fn snapshot(&self) -> Snapshot {
        let Self { folders, resources, changes, next, .. } = self;
        Snapshot { folders: folders.clone(), resources: resources.clone(), changes: changes.clone(), next: *next }
    }

    pub(super) fn restore(&mut self, snapshot: Snapshot) {
        let Snapshot { folders, resources, changes, next } = snapshot;
        (self.folders, self.resources, self.changes, self.next) = (folders, resources, changes, next);
    }

    fn tag(&mut self) -> u64 {
        self.next += 1;
        self.next
    }
}
