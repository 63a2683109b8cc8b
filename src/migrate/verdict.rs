//! The verdict on an account: the only place where an account becomes complete.
//!
//! Promises that the verdict follows from counts and states alone. An account is complete only if
//!
//! - every folder that the user's rules take is finished,
//! - in each of them every message of the source is on the target, as mail or as an item, or was deleted on the source meanwhile,
//! - the same is true of every text that its calendars and address books list,
//! - nothing that the source lists was left out except by a rule, or for a reason that loses nothing,
//! - and no problem says that something is missing.
//!
//! What cannot be proved is incomplete. A [`Verdict`] can only be made here, so that no other code can call an account complete.

use super::context::retry::Ended;
use crate::domain::LeftOut;
use crate::progress::AccountEnd;

/// How an account ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verdict(AccountEnd);

/// The evidence about a folder's messages at its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct FolderEvidence {
    /// Messages on the source, as far as the user's rules take them, including those that it counts but does not list.
    pub on_source: u64,
    /// Of these, on the target: copied, or found there, and not known as missing or altered.
    pub on_target: u64,
    /// Of these, on the target as events, tasks or contacts, each read back.
    pub as_items: u64,
    /// Of these, deleted on the source meanwhile.
    pub vanished: u64,
}

/// The evidence about an account's calendars and address books at their end. It counts the texts that the source lists: objects of a
/// server, messages or files, each of which holds one item or several.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ItemEvidence {
    /// Texts on the source.
    pub on_source: u64,
    /// Of these, those of which everything is on the target and means the same, was deleted there, or is left out on purpose.
    pub accounted: u64,
    /// Of these, deleted on the source meanwhile.
    pub vanished: u64,
}

impl ItemEvidence {
    /// Whether every text is accounted for.
    pub fn is_whole(&self) -> bool {
        self.on_source == self.accounted + self.vanished
    }
}

impl FolderEvidence {
    /// Messages without evidence that they are on the target.
    pub fn unaccounted(&self) -> u64 {
        self.on_source.saturating_sub(self.on_target + self.as_items + self.vanished)
    }

    /// Whether every message is accounted for.
    pub fn is_whole(&self) -> bool {
        self.on_source == self.on_target + self.as_items + self.vanished
    }
}

/// The evidence about an account at its end.
pub struct Evidence<'e> {
    /// One for each folder of the plan; none for a folder that is not finished.
    pub folders: &'e [Option<FolderEvidence>],
    /// Its items; none if they are not migrated, or if it is unknown what the source has.
    pub items: Option<ItemEvidence>,
    /// Folders that the source lists but that are not in the plan.
    pub left_out: &'e [LeftOut],
    /// Whether a problem was reported that leaves something missing.
    pub has_failed: bool,
}

impl Evidence<'_> {
    fn is_whole(&self) -> bool {
        !self.has_failed
            && self.folders.iter().all(|folder| folder.is_some_and(|evidence| evidence.is_whole()))
            && self.items.is_none_or(|items| items.is_whole())
            && !self.left_out.iter().any(|left_out| left_out.reason.is_loss())
    }
}

impl Verdict {
    /// The verdict after the attempts; `has_settled` says whether anything of the account is settled.
    pub fn of(ended: Ended<()>, evidence: &Evidence<'_>, has_settled: bool) -> Self {
        Self(match ended {
            Ended::Done(()) if evidence.is_whole() => AccountEnd::Complete,
            Ended::Done(()) => AccountEnd::Incomplete,
            Ended::Stopped => AccountEnd::Stopped,
            Ended::Failed if has_settled => AccountEnd::Incomplete,
            Ended::Failed => AccountEnd::Failed,
        })
    }

    /// The verdict on an account that was only checked: whether nothing prevents its migration.
    pub fn of_survey(ended: Ended<bool>) -> Self {
        Self(match ended {
            Ended::Done(true) => AccountEnd::Complete,
            Ended::Done(false) => AccountEnd::Incomplete,
            Ended::Stopped => AccountEnd::Stopped,
            Ended::Failed => AccountEnd::Failed,
        })
    }

    /// The verdict on an account that was refused, or during whose work this program failed.
    pub fn of_no_attempt() -> Self {
        Self(AccountEnd::Failed)
    }

    /// The verdict for events.
    pub fn end(self) -> AccountEnd {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::LeftOutReason;

    const WHOLE: Option<FolderEvidence> = Some(FolderEvidence { on_source: 4, on_target: 2, as_items: 1, vanished: 1 });

    fn end(folders: &[Option<FolderEvidence>], left_out: Option<LeftOutReason>, has_failed: bool) -> AccountEnd {
        let left_out = left_out.map(|reason| LeftOut { folder: "x".to_owned(), reason });
        let evidence = Evidence { folders, items: None, left_out: left_out.as_slice(), has_failed };
        Verdict::of(Ended::Done(()), &evidence, true).end()
    }

    #[test]
    fn an_account_is_complete_only_where_every_message_of_every_folder_is_accounted_for() {
        assert_eq!(end(&[WHOLE, WHOLE], None, false), AccountEnd::Complete);
        assert_eq!(end(&[], None, false), AccountEnd::Complete);
        assert_eq!(end(&[WHOLE, None], None, false), AccountEnd::Incomplete, "a folder came to no end");
        for (on_target, as_items, vanished) in [(2, 0, 0), (0, 0, 2), (3, 0, 1), (1, 1, 0), (1, 2, 1)] {
            let folder = Some(FolderEvidence { on_source: 3, on_target, as_items, vanished });
            assert_eq!(end(&[WHOLE, folder], None, false), AccountEnd::Incomplete);
        }
        assert_eq!(end(&[WHOLE], None, true), AccountEnd::Incomplete, "a problem says that something is missing");
    }

    #[test]
    fn an_account_is_complete_only_where_every_text_with_items_is_accounted_for() {
        let end = |on_source, accounted, vanished| {
            let items = Some(ItemEvidence { on_source, accounted, vanished });
            let evidence = Evidence { folders: &[WHOLE], items, left_out: &[], has_failed: false };
            Verdict::of(Ended::Done(()), &evidence, true).end()
        };
        assert_eq!(end(3, 2, 1), AccountEnd::Complete);
        for (accounted, vanished) in [(2, 0), (0, 0), (3, 1)] {
            assert_eq!(end(3, accounted, vanished), AccountEnd::Incomplete);
        }
    }

    #[test]
    fn what_is_left_out_is_a_loss_unless_a_rule_or_its_owner_says_otherwise() {
        for reason in [LeftOutReason::ByRule, LeftOutReason::Shared, LeftOutReason::OtherUser, LeftOutReason::Virtual] {
            assert_eq!(end(&[WHOLE], Some(reason), false), AccountEnd::Complete, "{reason:?}");
        }
        for reason in
            [LeftOutReason::Unnameable, LeftOutReason::Unclear, LeftOutReason::ListedTwice, LeftOutReason::NotListed]
        {
            assert_eq!(end(&[WHOLE], Some(reason), false), AccountEnd::Incomplete, "{reason:?}");
        }
    }
}
