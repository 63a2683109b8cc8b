//! Messages that a source shows in more than one folder, known by the number that it gives each (Gmail's X-GM-MSGID).
//!
//! Gmail's labels are folders, and All Mail holds every message once more. Each label's folder is copied as it is; of All Mail only
//! what no other copied folder has. A message without a number is copied: rather twice than not at all.

use crate::migrate::heads::Heads;
use std::collections::HashSet;

/// The messages of the folders that were looked at so far.
#[derive(Debug, Default)]
pub struct Elsewhere(HashSet<u64>);

impl Elsewhere {
    /// Whether a message is to be copied. Of a folder that is no `rest` every message is, and it is remembered.
    pub fn takes(&mut self, permanent_id: Option<u64>, rest: bool) -> bool {
        match permanent_id {
            Some(id) if rest => !self.0.contains(&id),
            Some(id) => {
                self.0.insert(id);
                true
            }
            None => true,
        }
    }

    /// Keeps of a folder's heads those that are to be copied.
    pub fn sift(&mut self, heads: &mut Heads, rest: bool) {
        let ids = heads.take_permanent_ids();
        heads.keep(|head| self.takes(ids.get(&head.uid).copied(), rest));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_the_rest_only_what_no_other_folder_has_is_taken() {
        let mut elsewhere = Elsewhere::default();
        assert!(elsewhere.takes(Some(7), false) && elsewhere.takes(Some(7), false));
        assert!(!elsewhere.takes(Some(7), true));
        assert!(elsewhere.takes(Some(8), true) && elsewhere.takes(None, true));
    }
}
