//! What happened, in one sentence, with the names and the server's words; the same in window, report and command line.

use super::{Problem, ProblemKind};

impl Problem {
    /// What happened, in one sentence.
    pub fn sentence(&self) -> String {
        use ProblemKind::*;
        let subject = &self.subject;
        let side = subject.side.map_or_else(|| "server".to_owned(), |side| side.to_string());
        let server = match &subject.server {
            Some(server) => format!("The {side} {server}"),
            None => format!("The {side}"),
        };
        let account = subject.account.as_deref().unwrap_or("this account");
        let folder = subject.folder.as_deref().unwrap_or("(unnamed)");
        let message = match &subject.message {
            Some(message) => format!("The message {message} in '{folder}'"),
            None if self.count == 1 => format!("A message in '{folder}'"),
            None => format!("{} messages in '{folder}'", self.count),
        };
        let path = subject.path.as_deref().unwrap_or("a file");
        let what = match self.kind {
            Unreachable => format!("{server} cannot be reached"),
            CertificateUnknown => format!("{server} shows a certificate that this computer does not trust"),
            CertificateChanged => format!("{server} shows another certificate than the one that was trusted"),
            EncryptionRefused => format!("{server} does not offer encryption with STARTTLS"),
            CleartextPassword => format!("{server} would get passwords in clear text over the network"),
            WrongProtocol => format!("{server} does not answer as such a server should"),
            AdministratorRefused => format!("{server} refused the administrator's name or password"),
            AdministratorRights => {
                format!("{server} does not let this administrator manage domains, users and services")
            }
            AdministrationFailed => format!("{server} could not carry out a request"),
            ServiceStopped => format!("{server} does not run its IMAP service"),
            PortNotChanged => format!("{server} did not change the port of its IMAP service"),
            PortNotRestored => format!("{server} did not take back the old port of its IMAP service"),
            LocalFile => format!("{path} cannot be used"),
            CertificateFile => "A file with certificates cannot be used".to_owned(),
            AlreadyRunning => "Another copy of this program is running".to_owned(),
            PasswordRefused => format!("{server} refused the password of {account}"),
            AccountDisabled => format!("{server} has locked or disabled {account}"),
            SignInNotOffered => format!("{server} does not let {account} sign in with a password"),
            SignInWayNotOffered => format!("{server} does not offer the chosen way to sign in for {account}"),
            MasterRefused => format!("{server} refused the master user's sign-in for {account}"),
            TokenRefused => format!("{server} refused the token for {account}"),
            TokenNotObtained => format!("No token was obtained for {account}"),
            PasswordMissing => format!("{account} has no password in the CSV file"),
            SignInHeldBack => format!(
                "{account} was not tried on the {side}: it refused several sign-ins in a row and would block this computer"
            ),
            TooManyConnections => format!("{server} allows no more connections for {account}"),
            Throttled => format!("{server} asked to wait with {account}"),
            ConnectionLost => format!("The connection to the {side} was lost while migrating {account}"),
            ServerMisbehaved => format!("{server} answered {account} with something that is not IMAP"),
            OverQuota => format!("The mailbox of {account} on the target is full"),
            QuotaTooSmall => format!("The mailbox of {account} on the target may have too little room"),
            DomainNotCreated => format!("The domain of {account} could not be created"),
            UserNotCreated => format!("The user {account} could not be created"),
            LicenceFull => format!("The user {account} could not be created: the licence has no free seat"),
            NameTaken => format!("{account} is an alias, a group or a mailing list in Kerio Connect and not a user"),
            DirectoryDomain => {
                format!("The users of the domain of {account} come from a directory service and cannot be created here")
            }
            PasswordRule => format!("Kerio Connect's password rules refuse the password of {account}"),
            MailboxInUse => format!("Another run, here or on another computer, is migrating {account} at this moment"),
            Internal => format!("The program failed while migrating {account}"),
            FolderNotRead => format!("The folder '{folder}' could not be read"),
            FolderNotCreated => format!("The folder '{folder}' could not be created"),
            FolderReplaced => format!("The folder '{folder}' was replaced on the source while it was copied"),
            FolderLeftOut => format!("The folder '{folder}' was not copied"),
            FolderRenamed => format!("The folder '{folder}' has another name on the target"),
            SubscriptionNotKept => format!("The folder '{folder}' could not be subscribed"),
            HistoryUnknown => format!(
                "The folder '{folder}' was compared with the target by content, because there is no record of an earlier run"
            ),
            MessageUnreadable => format!("{message} could not be read from the source"),
            MessageRefused => format!("{message} was refused by the target"),
            MessageTooLarge => format!("{message} is larger than the target accepts"),
            MessageAltered => format!("{message} stands on the target with other content than was sent"),
            MessageDoubled => format!(
                "{message} came to the target twice: another run copied them at the same time, or the target stored late what it had of a lost connection"
            ),
            MessageNormalised => format!("{message} was stored by the target with other line ends or an added header"),
            MessageMissing => format!("{message} is not on the target"),
            DateNotKept if self.count == 1 => format!("{message} has another date on the target"),
            DateNotKept => format!("{message} have another date on the target"),
            KeywordsDropped => format!("{message} lost flags or keywords that the target does not keep"),
        };
        if self.words.is_empty() { format!("{what}.") } else { format!("{what}: {}", ended(&self.words)) }
    }
}

/// The text with a full stop at its end, unless it ends a sentence already.
fn ended(text: &str) -> String {
    if text.ends_with(['.', '!', '?', '…']) { text.to_owned() } else { format!("{text}.") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Side;

    #[test]
    fn what_any_target_may_meet_is_not_blamed_on_kerio_connect() {
        for kind in [ProblemKind::OverQuota, ProblemKind::QuotaTooSmall, ProblemKind::MessageTooLarge] {
            let problem = Problem::new(kind).on(Side::Target).to_string();
            assert!(problem.contains("target") && !problem.contains("Kerio"), "{problem}");
        }
    }

    /// Whoever searches the guide for the words of a report finds them.
    #[test]
    fn the_guides_table_of_problems_has_the_words_of_the_report() {
        use ProblemKind::*;
        let kinds = [
            Unreachable,
            CertificateUnknown,
            CertificateChanged,
            PortNotRestored,
            PasswordRefused,
            SignInNotOffered,
            SignInHeldBack,
            PasswordMissing,
            LicenceFull,
            NameTaken,
            PasswordRule,
            DirectoryDomain,
            OverQuota,
            MailboxInUse,
            ConnectionLost,
            FolderNotCreated,
            MessageTooLarge,
            MessageRefused,
            MessageUnreadable,
        ];
        let guide = include_str!("../../../docs/guide.md");
        let (_, table) = guide.split_once("| the report says |").unwrap();
        let rows: Vec<&str> = table.lines().skip(2).map_while(|line| line.split('|').nth(1)).collect();
        assert_eq!(rows.len(), kinds.len());
        for (row, kind) in rows.into_iter().zip(kinds) {
            let problem = Problem::new(kind).on(Side::Source).for_account("ann@example.com").in_folder("Sent");
            let sentence = problem.sentence();
            let mut rest = sentence.as_str();
            for part in row.split('…').map(str::trim) {
                rest = rest.split_once(part).unwrap_or_else(|| panic!("'{row}' is not in '{sentence}'")).1;
            }
        }
    }
}
