//! What happened in so few words that they stand in a cell of a table; the sentence beside it has the names and the server's words.

use super::{Problem, ProblemKind};
use crate::domain::Side;

impl Problem {
    /// What happened, without a capital and a full stop: `the source refuses this password`.
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
            CertificateChanged => (true, "shows another certificate"),
            EncryptionRefused => (true, "offers no encryption"),
            CleartextPassword => (true, "would get passwords in clear text"),
            WrongProtocol => (true, "is another kind of server"),
            AdministratorRefused => (true, "refuses the administrator"),
            AdministratorRights => (true, "gives the administrator too few rights"),
            AdministrationFailed => (true, "failed at a request"),
            ServiceStopped => (true, "does not run its IMAP service"),
            PortNotChanged => (true, "did not change its IMAP port"),
            PortNotRestored => (true, "did not take the old port back"),
            PasswordRefused => (true, "refuses this password"),
            AccountDisabled => (true, "has locked the account"),
            SignInNotOffered => (true, "takes no password"),
            SignInWayNotOffered => (true, "does not offer this way to sign in"),
            MasterRefused => (true, "refuses the master user"),
            TokenRefused => (true, "refuses the token"),
            SignInHeldBack => (true, "was not asked: it would block us"),
            TooManyConnections => (true, "allows no more connections"),
            Throttled => (true, "asked to wait"),
            ServerMisbehaved => (true, "answers what is not IMAP"),
            ConnectionLost => (false, "the connection was lost"),
            LocalFile => (false, "a file cannot be used"),
            CertificateFile => (false, "a file with certificates cannot be used"),
            AlreadyRunning => (false, "another copy of this program is running"),
            TokenNotObtained => (false, "no token was obtained"),
            PasswordMissing => (false, "no password in the CSV file"),
            OverQuota => (false, "the mailbox is full"),
            QuotaTooSmall => (false, "the mailbox may have too little room"),
            DomainNotCreated => (false, "the domain could not be created"),
            UserNotCreated => (false, "the user could not be created"),
            LicenceFull => (false, "the licence has no free seat"),
            NameTaken => (false, "an alias, a group or a list, no user"),
            DirectoryDomain => (false, "users come from a directory service"),
            PasswordRule => (false, "the password rules refuse the password"),
            MailboxInUse => (false, "another run is migrating it"),
            FolderNotRead => (false, "a folder could not be read"),
            FolderNotCreated => (false, "a folder could not be created"),
            FolderReplaced => (false, "a folder was replaced meanwhile"),
            FolderLeftOut => (false, "a folder was not copied"),
            FolderRenamed => (false, "a folder has another name"),
            SubscriptionNotKept => (false, "a subscription was not kept"),
            HistoryUnknown => (false, "compared by content"),
            MessageUnreadable => (false, "the source cannot deliver it"),
            MessageRefused => (false, "the target refuses it"),
            MessageTooLarge => (false, "larger than the target takes"),
            MessageAltered => (false, "other content on the target"),
            MessageNormalised => (false, "other line ends on the target"),
            MessageDoubled => (false, "came to the target twice"),
            MessageMissing => (false, "not on the target"),
            DateNotKept => (false, "another date on the target"),
            KeywordsDropped => (false, "keywords were not kept"),
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
        assert_eq!(Problem::new(ProblemKind::MessageTooLarge).on(Side::Target).brief(), "larger than the target takes");
        assert_eq!(Problem::new(ProblemKind::ConnectionLost).brief(), "the connection was lost");
    }
}
