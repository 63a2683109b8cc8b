//! Messages that a source shows in more than one folder, recognised by the permanent number that it gives each (Gmail's X-GM-MSGID).
//!
//! Gmail's labels are folders, and All Mail holds every message once more. Each label's folder is copied in full; from All Mail, only
//! messages that no other copied folder has. A message without a number is copied: better twice than not at all. A number that two
//! messages of one folder have is none.
//!
//! Mail that arrives during the scan may be in All Mail but not in a folder that was scanned before. So only messages that were in All Mail
//! before the first scan are considered; the rest is left to the next run.

use crate::domain::Uid;
use crate::migrate::heads::Heads;
use std::collections::HashSet;

/// The messages of the folders considered so far.
#[derive(Debug, Default)]
pub struct Elsewhere {
    /// Their permanent numbers.
    seen: HashSet<u64>,
    /// Numbers that more than one message of a folder has: they identify nothing.
    shared: HashSet<u64>,
    /// The UIDNEXT of All Mail before the first folder was scanned, if the source announces it.
    horizon: Option<Uid>,
}

impl Elsewhere {
    /// Notes the UIDNEXT of All Mail. Call it before the first folder is scanned.
    pub fn see_from(&mut self, uid_next: Option<Uid>) {
        if self.seen.is_empty() && self.horizon.is_none() {
            self.horizon = uid_next;
        }
    }

    /// Whether to copy a message. From a folder that is not the `rest`, every message is copied and remembered.
    pub fn takes(&mut self, permanent_id: Option<u64>, rest: bool) -> bool {
        match permanent_id {
            Some(id) if rest => !self.seen.contains(&id) || self.shared.contains(&id),
            Some(id) => {
                self.seen.insert(id);
                true
            }
            None => true,
        }
    }

    /// Keeps only the heads of a folder that are copied.
    pub fn sift(&mut self, heads: &mut Heads, rest: bool) {
        let ids = heads.take_permanent_ids();
        let mut here = HashSet::with_capacity(ids.len());
        self.shared.extend(ids.values().filter(|id| !here.insert(**id)));
        let horizon = self.horizon.filter(|_| rest);
        let is_late = |uid: Uid| horizon.is_some_and(|horizon| uid >= horizon);
        heads.keep(|head| !is_late(head.uid) && self.takes(ids.get(&head.uid).copied(), rest));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::MessageHead;

    #[test]
    fn of_the_rest_only_what_no_other_folder_has_is_taken() {
        let mut elsewhere = Elsewhere::default();
        assert!(elsewhere.takes(Some(7), false) && elsewhere.takes(Some(7), false));
        assert!(!elsewhere.takes(Some(7), true));
        assert!(elsewhere.takes(Some(8), true) && elsewhere.takes(None, true));
    }

    #[test]
    fn a_number_that_several_messages_have_says_nothing_of_any() {
        let folder = |ids: &[u64]| {
            let mut heads = Heads::default();
            for (uid, id) in (1..).zip(ids) {
                let head = MessageHead {
                    uid: Uid(uid),
                    size: 1,
                    flags: Vec::new(),
                    date: None,
                    permanent_id: None,
                    unused: None,
                };
                heads.push(MessageHead { permanent_id: Some(*id), ..head });
            }
            heads.finish();
            heads
        };
        for (folders, taken) in [([&[5, 6][..], &[5, 6, 7]], 1), ([&[5, 5], &[5, 6, 7]], 3), ([&[5, 6], &[5, 5, 7]], 3)]
        {
            let (mut elsewhere, mut all) = (Elsewhere::default(), folder(folders[1]));
            elsewhere.sift(&mut folder(folders[0]), false);
            elsewhere.sift(&mut all, true);
            assert_eq!(all.all().len(), taken, "{folders:?}");
        }
    }
}
