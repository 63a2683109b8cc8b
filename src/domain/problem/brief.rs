//! What happened, short enough for a table's cell; the sentence beside it has the names and the server's words.

use super::{Problem, ProblemKind};
use crate::domain::Side;

impl Problem {
    /// What happened, without a capital letter or a full stop: `the source refuses this password`.
    pub fn brief(&self) -> String {
        use ProblemKind::*;
        let side = match self.subject.side {
            Some(Side::Source) => "the source",
            Some(Side::Target) => "the target",
            Some(Side::Administration) => "Kerio Connect",
            None => "the server",
        };
        let (by_side, what) = match self.kind {
            Unreachable => (true, "cannot be reached"),
            CertificateUnknown => (true, "shows an unknown certificate"),
            CertificateChanged => (true, "shows a different certificate"),
            EncryptionRefused => (true, "offers no encryption"),
            CleartextPassword => (true, "would receive passwords in clear text"),
            WrongProtocol => (true, "is the wrong kind of server"),
            AdministratorRefused => (true, "refuses the administrator"),
            AdministratorRights => (true, "gives this administrator too few rights"),
            AdministrationFailed => (true, "failed to carry out a request"),
            ServiceStopped => (true, "is not running its IMAP service"),
            PortNotChanged => (true, "did not change its IMAP port"),
            PortNotRestored => (true, "did not restore its old IMAP port"),
            PasswordRefused => (true, "refuses this password"),
            AccountDisabled => (true, "has locked the account"),
            SignInNotOffered => (true, "allows no sign-in with a password"),
            SignInWayNotOffered => (true, "does not offer this sign-in"),
            MasterRefused => (true, "refuses the master user"),
            TokenRefused => (true, "refuses the token"),
            SignInHeldBack => (true, "was not asked, as it could block us"),
            AccessRefused => (true, "refuses access to the mailbox"),
            TooManyConnections => (true, "allows no more connections"),
            Throttled => (true, "asked to wait"),
            ServerMisbehaved => (true, "sent an answer that is not IMAP"),
            ConnectionLost => (false, "the connection was lost"),
            LocalFile => (false, "a file cannot be used"),
            CertificateFile => (false, "a certificate file cannot be used"),
            AlreadyRunning => (false, "another copy of this program is running"),
            TokenNotObtained => (false, "no token could be obtained"),
            PasswordMissing => (false, "no password in the CSV file"),
            OverQuota => (false, "the mailbox is full"),
            QuotaTooSmall => (false, "the mailbox may be too small"),
            DomainNotCreated => (false, "the domain could not be created"),
            UserNotCreated => (false, "the user could not be created"),
            LicenceFull => (false, "the licence has no free seat"),
            MailboxShared => (false, "the same mailbox as another account"),
            NameTaken => (false, "an alias, a group or a list, not a user"),
            DirectoryDomain => (false, "users come from a directory service"),
            PasswordRule => (false, "the password does not meet the rules"),
            MailboxInUse => (false, "another run is migrating it"),
            StoresTwice => (false, "the target stores messages twice"),
            FolderNotRead => (false, "a folder could not be read"),
            FolderNotCreated => (false, "a folder could not be created"),
            FolderReplaced => (false, "a folder was replaced during copying"),
            FolderLeftOut => (false, "a folder was not copied"),
            FolderRenamed => (false, "a folder has a different name"),
            SubscriptionNotKept => (false, "a subscription was not kept"),
            HistoryUnknown => (false, "compared by content"),
            FolderMissing => (false, "the folder is not on the target"),
            SubscriptionMissing => (false, "not subscribed to on the target"),
            DateDiffers => (false, "a different date on the target"),
            FlagsDiffer => (false, "different flags on the target"),
            ExtraCopies => (false, "more copies on the target"),
            MarkedOnTarget => (false, "flags changed on the target since"),
            MessageFiled => (false, "filed in another folder since"),
            MessageMisplaced => (false, "in another folder on the target"),
            OldCopyStays => (false, "moved on the source, still in the old folder too"),
            MessageUnreadable => (false, "could not be read from the source"),
            MessageRefused => (false, "the target refuses it"),
            MessageTooLarge => (false, "larger than the target accepts"),
            SizeNotAsAnnounced => (false, "another size than the source announced"),
            MessageAltered => (false, "different content on the target"),
            MessageNormalised => (false, "different line endings on the target"),
            MessageDoubled => (false, "on the target twice"),
            MessageUnproved => (false, "the target lists it but does not deliver it"),
            MessageMissing => (false, "not on the target"),
            DateNotKept => (false, "a different date on the target"),
            KeywordsDropped => (false, "flags or keywords were lost"),
            ItemsNotReached => (false, "calendars cannot be reached"),
            ItemsRefused => (false, "calendars need another password"),
            ItemsNotOffered => (false, "the source has no calendars"),
            InvitationSeen => (true, "sends invitations"),
            AttendeesListed => (false, "participants are listed"),
            CollectionLeftOut => (false, "a calendar was not copied"),
            CollectionNotWhole => (false, "a calendar was not listed whole"),
            CollectionMerged => (false, "a calendar went into another"),
            ItemsDeletedThere => (false, "items were deleted on the target"),
            ItemsStoredAgain => (false, "items were lost and stored again"),
            ItemsMailedBefore => (false, "items that are there as mail too"),
            ItemsUnreadThere => (false, "items of the target that cannot be read"),
            ItemNotCopied => (false, "an item was not copied"),
            ItemLeftOut => (false, "an item was left out"),
            ItemAdapted => (false, "an item was adapted"),
            ItemAltered => (false, "an item was altered"),
            ItemDifferent => (false, "another item is there"),
            ItemMissing => (false, "an item is not on the target"),
            Internal => (false, "the program failed"),
        };
        if by_side { format!("{side} {what}") } else { what.to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_in_brief_names_the_side_and_nothing_a_server_says() {
        let problem = Problem::new(ProblemKind::PasswordRefused).on(Side::Source).saying("LOGIN failed");
        assert_eq!(problem.brief(), "the source refuses this password");
        assert_eq!(
            Problem::new(ProblemKind::MessageTooLarge).on(Side::Target).brief(),
            "larger than the target accepts"
        );
        assert_eq!(Problem::new(ProblemKind::ConnectionLost).brief(), "the connection was lost");
    }
}
