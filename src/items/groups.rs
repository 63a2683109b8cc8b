//! Groups of contacts, which neither vCard 3.0 nor Kerio Connect has: each becomes a category of its members.
//!
//! - A group is a card of kind `group` (RFC 6350, section 6.1.4); version 3.0 uses Apple's equivalent properties.
//! - A member is named by its UID, as `urn:uuid:` or bare. Members given only by mail address have no card and are not found.

use super::component;
use std::collections::{BTreeSet, HashMap};

/// The groups of the contacts in an address book.
#[derive(Debug, Default)]
pub struct ContactGroups {
    /// The groups of each member, by normalized UID.
    of_member: HashMap<String, BTreeSet<String>>,
    names: BTreeSet<String>,
}

impl ContactGroups {
    /// Notes the groups in a text of cards.
    pub fn take(&mut self, text: &str) {
        for card in component::read(text).unwrap_or_default() {
            let Some(name) = card.text("FN").filter(|_| is_group(&card)) else { continue };
            self.names.insert(name.clone());
            let members =
                card.lines.iter().filter(|line| line.name == "MEMBER" || line.name == "X-ADDRESSBOOKSERVER-MEMBER");
            for member in members {
                self.of_member.entry(plain_uid(&member.value)).or_default().insert(name.clone());
            }
        }
    }

    /// The names of the groups that a contact is in.
    pub fn of(&self, uid: &str) -> impl Iterator<Item = &str> {
        self.of_member.get(&plain_uid(uid)).into_iter().flatten().map(String::as_str)
    }

    /// Whether the members of a group of that name are known.
    pub fn has(&self, name: &str) -> bool {
        self.names.contains(name)
    }
}

/// Whether a card is a group.
pub(super) fn is_group(card: &component::Component) -> bool {
    let kinds = ["KIND", "X-ADDRESSBOOKSERVER-KIND"];
    kinds.iter().any(|name| card.text(name).is_some_and(|kind| kind.eq_ignore_ascii_case("group")))
}

/// A UID without prefix, in lower case.
fn plain_uid(uid: &str) -> String {
    let uid = uid.trim().to_lowercase();
    uid.strip_prefix("urn:uuid:").or_else(|| uid.strip_prefix("uid:")).unwrap_or(&uid).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_member_has_the_names_of_its_groups() {
        let mut groups = ContactGroups::default();
        groups.take("BEGIN:VCARD\nVERSION:4.0\nKIND:group\nUID:g\nFN:Board\nMEMBER:urn:uuid:A-1\nMEMBER:mailto:x@y.z\nEND:VCARD");
        groups.take("BEGIN:VCARD\nVERSION:3.0\nX-ADDRESSBOOKSERVER-KIND:group\nFN:Choir\nX-ADDRESSBOOKSERVER-MEMBER:urn:uuid:a-1\nEND:VCARD");
        groups.take("BEGIN:VCARD\nFN:Nobody\nMEMBER:a-1\nEND:VCARD");
        groups.take("nonsense");
        assert_eq!(groups.of("a-1").collect::<Vec<_>>(), ["Board", "Choir"]);
        assert_eq!(groups.of("urn:uuid:a-1").count(), 2);
        assert_eq!(groups.of("b").count(), 0);
        assert!(groups.has("Board") && !groups.has("Nobody"));
    }
}
