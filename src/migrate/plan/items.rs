//! Messages of the source that are on the target as events, tasks or contacts, and so are not copied as mail.
//!
//! - `groupware` notes a message here once everything in it was read back from the target as items. Every other message is mail.
//! - A message is identified by its folder, the folder's UIDVALIDITY and its UID. In a folder that was replaced, nothing is an item.

use crate::domain::{Uid, UidValidity};
use crate::migrate::heads::Heads;
use std::collections::{BTreeMap, BTreeSet};

/// The messages of a mailbox that are items, by wire name and UIDVALIDITY of their folders.
#[derive(Debug, Default)]
pub struct AsItems(BTreeMap<(Vec<u8>, UidValidity), BTreeSet<Uid>>);

impl AsItems {
    /// Notes that a message is on the target as an item.
    pub fn note(&mut self, wire_name: &[u8], uid_validity: UidValidity, uid: Uid) {
        self.0.entry((wire_name.to_vec(), uid_validity)).or_default().insert(uid);
    }

    /// Takes the items out of a folder's heads and returns them.
    pub fn sift(&self, wire_name: &[u8], uid_validity: UidValidity, heads: &mut Heads) -> BTreeSet<Uid> {
        let Some(items) = self.0.get(&(wire_name.to_vec(), uid_validity)) else { return BTreeSet::new() };
        let found = heads.all().iter().map(|head| head.uid).filter(|uid| items.contains(uid)).collect();
        heads.keep(|head| !items.contains(&head.uid));
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::MessageHead;

    #[test]
    fn only_what_was_noted_of_this_very_folder_is_taken_out() {
        let mut items = AsItems::default();
        items.note(b"Calendar", UidValidity(7), Uid(2));
        items.note(b"Calendar", UidValidity(7), Uid(9));
        let sift = |name: &[u8], uid_validity| {
            let mut heads = Heads::default();
            for uid in [Uid(1), Uid(2), Uid(3)] {
                heads.push(MessageHead {
                    uid,
                    size: 1,
                    flags: Vec::new(),
                    date: None,
                    permanent_id: None,
                    unused: None,
                });
            }
            heads.finish();
            let items = items.sift(name, UidValidity(uid_validity), &mut heads);
            (items, heads.all().len())
        };
        assert_eq!(sift(b"Calendar", 7), ([Uid(2)].into(), 2));
        assert_eq!(sift(b"Calendar", 8), ([].into(), 3));
        assert_eq!(sift(b"Other", 7), ([].into(), 3));
    }
}
