//! Files as a source: `DIR/ann@example.com/calendar/*.ics`, `…/tasks/*.ics`, `…/contacts/*.vcf`, as exported by Google, Microsoft 365,
//! Outlook and others.
//!
//! - A folder inside one of the three is a further calendar or address book of that name.
//! - Folder names are case-insensitive. Files with extensions other than ics, ical, ifb, vcf and vcard are left out and named.
//! - A file is identified by its place, size and modification time; it may hold any number of items.
//! - [`decoded_text`] recognizes a file's encoding.
//! - Only regular files up to a size limit are opened.

use super::Text;
use crate::dav::{Collection, CollectionKind, Href, Listed};
use crate::domain::{Address, CollectionLeftOut, ItemFault};
use crate::items::{Unusable, decoded_text};
use crate::migrate::groupware::sides::UnreadableFolder;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

/// The largest file that is read, in bytes.
const LARGEST_FILE: u64 = 256 << 20;
/// The folders of one person, with what they contain.
const FOLDERS: [(&str, CollectionKind); 3] = [
    ("calendar", CollectionKind::Calendar),
    ("tasks", CollectionKind::Calendar),
    ("contacts", CollectionKind::AddressBook),
];

/// The files of one person.
pub(crate) struct ItemFiles {
    root: PathBuf,
    /// The listed files, by collection.
    files: BTreeMap<Href, Vec<(Listed, PathBuf)>>,
}

impl ItemFiles {
    /// The folder of an address, if there is one.
    pub(in crate::migrate::groupware) fn of(
        directory: &Path,
        address: &Address,
    ) -> Result<Option<Self>, UnreadableFolder> {
        let found = entries(directory)?
            .into_iter()
            .find(|entry| entry.path.is_dir() && entry.name.eq_ignore_ascii_case(&address.to_string()));
        Ok(found.map(|entry| Self { root: entry.path, files: BTreeMap::new() }))
    }

    /// The calendars and address books, and what is left out.
    pub(super) fn collections(&mut self) -> Result<Vec<Collection>, UnreadableFolder> {
        let mut collections = Vec::new();
        for entry in entries(&self.root)? {
            let known = FOLDERS.iter().find(|(name, _)| entry.name.eq_ignore_ascii_case(name));
            let Some((name, kind)) = known.filter(|_| entry.path.is_dir()) else {
                collections.push(unknown(&entry));
                continue;
            };
            let href = Href::of_path(&format!("/files/{name}/"));
            self.add(&entry, href.clone(), name, *kind, &mut collections)?;
            for below in entries(&entry.path)?.iter().filter(|below| below.path.is_dir()) {
                let href = href.child(&encoded(&below.name)).folder();
                self.add(below, href, &below.name, *kind, &mut collections)?;
            }
        }
        Ok(collections)
    }

    fn add(
        &mut self,
        folder: &Entry,
        href: Href,
        name: &str,
        kind: CollectionKind,
        collections: &mut Vec<Collection>,
    ) -> Result<(), UnreadableFolder> {
        let mut listed = Vec::new();
        for file in entries(&folder.path)?.into_iter().filter(|file| !file.path.is_dir()) {
            let end = file.name.rsplit_once('.').map(|(_, end)| end.to_ascii_lowercase());
            let Some(metadata) = fs::metadata(&file.path).ok().filter(fs::Metadata::is_file) else { continue };
            if !matches!(end.as_deref(), Some("ics" | "ical" | "ifb" | "vcf" | "vcard")) {
                collections.push(unknown(&file));
                continue;
            }
            let changed = metadata.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
            let etag = changed.map(|changed| format!("{}-{}", metadata.len(), changed.as_nanos()));
            let href = href.child(&encoded(&file.name));
            listed.push((Listed { href, etag: etag.unwrap_or_default(), size: Some(metadata.len()) }, file.path));
        }
        let is_calendar = kind == CollectionKind::Calendar;
        let is_tasks = href.canonical().starts_with("/files/tasks/");
        collections.push(Collection {
            href: href.clone(),
            name: if name == "calendar" || name == "tasks" || name == "contacts" {
                capital(name)
            } else {
                name.to_owned()
            },
            kind,
            events: is_calendar && !is_tasks,
            tasks: is_calendar,
            is_default: false,
            left_out: None,
            sync_token: None,
        });
        self.files.insert(href, listed);
        Ok(())
    }

    /// The files of a collection.
    pub(super) fn items(&self, collection: &Href) -> Vec<Listed> {
        self.files.get(collection).into_iter().flatten().map(|(listed, _)| listed.clone()).collect()
    }

    /// Reads files one by one, until `each` returns false.
    pub(super) fn fetch(&self, listed: &[Listed], each: &mut dyn FnMut(&Listed, Result<Text, Unusable>) -> bool) {
        let paths: BTreeMap<&Href, &PathBuf> =
            self.files.values().flatten().map(|(listed, path)| (&listed.href, path)).collect();
        for listed in listed {
            let Some(path) = paths.get(&listed.href) else { continue };
            let text = read(path, listed.size.unwrap_or_default()).map_err(Unusable::unnamed);
            let read = text.map(|text| Text { version: listed.etag.clone(), text, has_more: false });
            if !each(listed, read) {
                break;
            }
        }
    }
}

fn read(path: &Path, size: u64) -> Result<String, ItemFault> {
    if size > LARGEST_FILE {
        return Err(ItemFault::TooLarge { most: LARGEST_FILE });
    }
    fs::read(path).map(decoded_text).map_err(|error| ItemFault::NotDelivered { words: error.to_string() })
}

struct Entry {
    name: String,
    path: PathBuf,
}

/// The entries of a folder except hidden ones, ordered by name.
fn entries(folder: &Path) -> Result<Vec<Entry>, UnreadableFolder> {
    let failed = |why: std::io::Error| UnreadableFolder { path: folder.to_owned(), why };
    let mut entries = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if !name.starts_with('.') {
            entries.push(Entry { name, path: entry.path() });
        }
    }
    entries.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(entries)
}

fn unknown(entry: &Entry) -> Collection {
    let why = if entry.path.is_dir() { CollectionLeftOut::OtherFolder } else { CollectionLeftOut::OtherFile };
    Collection {
        href: Href::of_path(&format!("/files/{}", encoded(&entry.name))),
        name: entry.name.clone(),
        kind: CollectionKind::Calendar,
        events: false,
        tasks: false,
        is_default: false,
        left_out: Some(why),
        sync_token: None,
    }
}

/// A file's name as a segment of an href.
fn encoded(name: &str) -> String {
    name.replace('%', "%25").replace('?', "%3F").replace('#', "%23").replace('\\', "%5C")
}

fn capital(name: &str) -> String {
    name[..1].to_ascii_uppercase() + &name[1..]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folders_of_a_person_are_collections_and_each_file_is_one_text() {
        let directory = tempfile::tempdir().unwrap();
        let put = |path: &str, bytes: &[u8]| {
            let path = directory.path().join("Ann@Example.com").join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
        };
        put("Calendar/100% a?b#c.ICS", b"\xff\xfeB\0E\0G\0");
        put("Calendar/Team B\u{fc}ro/x.ics", b"x");
        put("contacts/a.vcf", b"J\xf6rg");
        put("contacts/readme.txt", b"");
        put("notes.txt", b"");
        let address = Address::parse("ann@example.com").unwrap();
        let mut files = ItemFiles::of(directory.path(), &address).unwrap().unwrap();
        let collections = files.collections().unwrap();
        let taken: Vec<&str> =
            collections.iter().filter(|it| it.left_out.is_none()).map(|it| it.name.as_str()).collect();
        assert_eq!(taken, ["Calendar", "Team B\u{fc}ro", "Contacts"]);
        assert_eq!(collections.iter().filter(|it| it.left_out.is_some()).count(), 2);
        let mut texts = Vec::new();
        for collection in &collections {
            let listed = files.items(&collection.href);
            assert!(listed.iter().all(|it| !it.etag.is_empty()));
            files.fetch(&listed, &mut |_, fetched| {
                texts.push(fetched.unwrap().text);
                true
            });
        }
        assert_eq!(texts, ["BEG", "x", "J\u{f6}rg"]);
        assert!(ItemFiles::of(directory.path(), &Address::parse("ben@example.com").unwrap()).unwrap().is_none());
        assert!(ItemFiles::of(&directory.path().join("nowhere"), &address).is_err());
    }
}
