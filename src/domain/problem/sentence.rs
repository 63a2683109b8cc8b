//! What happened, in one sentence, with the names and the server's words; the same in window, report and command line.
//!
//! A sentence begins with whoever acted, and says what happened and to whom. What to do about it is said in `advice`.

use super::{Problem, ProblemKind};
use crate::domain::Side;

impl Problem {
    /// What happened, in one sentence.
    pub fn sentence(&self) -> String {
        let what = self.what();
        match self.details() {
            details if details.is_empty() => format!("{what}."),
            details => format!("{what}: {}", ended(&details)),
        }
    }

    /// The sentence without its details and without a full stop.
    fn what(&self) -> String {
        use ProblemKind::*;
        let subject = &self.subject;
        let side = subject.side.map_or_else(|| "server".to_owned(), |side| side.to_string());
        let server = match &subject.server {
            Some(server) => format!("The {side} {server}"),
            None => format!("The {side}"),
        };
        let account = subject.account.as_deref().unwrap_or("this account");
        // What a server does to all accounts is not said of a single one.
        let every = subject.account.as_deref().unwrap_or("every account");
        let folder = match &subject.folder {
            Some(folder) => format!("The folder '{folder}'"),
            None => "A folder".to_owned(),
        };
        let path = subject.path.as_deref().unwrap_or("A file");
        let message = capitalised(&self.messages());
        let is_one = self.is_one_message();
        let (is, has, them, copied) = match is_one {
            true => ("is", "has", "it", "it was copied"),
            false => ("are", "have", "them", "they were copied"),
        };
        match self.kind {
            Unreachable => format!("{server} cannot be reached"),
            CertificateUnknown => format!("{server} shows a certificate that this computer does not trust"),
            CertificateChanged => format!("{server} shows a different certificate from the one you trusted"),
            EncryptionRefused => {
                format!("{server} does not offer to encrypt the connection after its greeting (STARTTLS)")
            }
            CleartextPassword => format!("{server} would receive passwords in clear text over the network"),
            WrongProtocol => match subject.side {
                Some(Side::Administration) => format!("{server} does not answer as Kerio Connect does"),
                _ => format!("{server} does not answer as a mail server does"),
            },
            AdministratorRefused => format!("{server} refused the administrator's name or password"),
            AdministratorRights => {
                format!("{server} does not let this administrator manage domains, users and services")
            }
            AdministrationFailed => format!("{server} failed to carry out a request"),
            ServiceStopped => format!("{server} reports that its IMAP service is not running"),
            PortNotChanged => format!("{server} did not change the port of its IMAP service"),
            PortNotRestored => format!("{server} did not restore the old port of its IMAP service"),
            LocalFile => format!("{path} cannot be used"),
            CertificateFile => "A certificate file cannot be used".to_owned(),
            AlreadyRunning => "Another copy of this program is running".to_owned(),
            PasswordRefused => format!("{server} refused the password of {account}"),
            AccountDisabled => format!("{server} has locked or disabled {account}"),
            SignInNotOffered => format!("{server} does not let {account} sign in with a password"),
            SignInWayNotOffered => format!("{server} does not offer {account} the chosen way to sign in"),
            MasterRefused => format!("{server} refused the master user's sign-in for {account}"),
            TokenRefused => format!("{server} refused the token for {account}"),
            TokenNotObtained => format!("No token could be obtained for {account}"),
            PasswordMissing => format!("The CSV file has no password for {account}"),
            SignInHeldBack => format!(
                "The {side} was not asked to sign in {account}, because one more refused password could block this computer"
            ),
            AccessRefused => format!("{server} refuses access to the mailbox of {account}"),
            TooManyConnections => format!("{server} allows no more connections for {every}"),
            Throttled => format!("{server} asked this program to pause its work on {every}"),
            ConnectionLost => format!("The connection to the {side} was lost during the work on {every}"),
            ServerMisbehaved => format!("{server} answered {account} with something that is not IMAP"),
            OverQuota => format!("The mailbox of {account} on the target is full"),
            QuotaTooSmall => format!("The mailbox of {account} on the target may be too small"),
            DomainNotCreated => format!("The domain of {account} could not be created"),
            UserNotCreated => format!("The user {account} could not be created"),
            LicenceFull => format!("The user {account} could not be created, because the licence has no free seat"),
            MailboxShared => format!("{account} would use the same mailbox as another account on the {side}"),
            NameTaken => format!("{account} is an alias, a group or a mailing list in Kerio Connect, not a user"),
            DirectoryDomain => format!(
                "{account} cannot be created here, because the users of its domain come from a directory service"
            ),
            PasswordRule => format!("The password of {account} does not meet Kerio Connect's password rules"),
            MailboxInUse => format!("Another run, on this or another computer, is migrating {account} now"),
            StoresTwice => format!("The target stores messages twice: {} {is} there twice", self.messages()),
            Internal => format!("This program failed during the work on {account}"),
            FolderNotRead => format!("{folder} could not be read"),
            FolderNotCreated => format!("{folder} could not be created"),
            FolderReplaced => format!("{folder} was replaced on the source while it was being copied"),
            FolderLeftOut => format!("{folder} was not copied"),
            FolderRenamed => format!("{folder} has a different name on the target"),
            SubscriptionNotKept => format!("{folder} could not be subscribed to on the target"),
            HistoryUnknown if subject.folder.is_none() => format!(
                "All folders of {account} were compared with the target by content, because there is no usable record of an earlier run"
            ),
            HistoryUnknown => format!(
                "{folder} was compared with the target by content, because there is no record of an earlier run"
            ),
            FolderMissing => format!("{folder} is not on the target"),
            SubscriptionMissing => format!("{folder} is subscribed to on the source and not on the target"),
            DateDiffers => format!("{message} {has} a different date on the target than on the source"),
            FlagsDiffer => format!("{message} {has} different flags on the target than on the source"),
            ExtraCopies if subject.message.is_some() => {
                let copies = if self.count == 1 { "copy" } else { "copies" };
                format!("{message} has {} more {copies} on the target than on the source", self.count)
            }
            ExtraCopies => format!("{message} {has} more copies on the target than on the source"),
            MarkedOnTarget => {
                format!(
                    "{message} {has} different flags on the target, because somebody has changed them there since {copied}"
                )
            }
            MessageFiled => {
                format!(
                    "{message} {is} in another folder on the target, because somebody has moved {them} there since {copied}"
                )
            }
            MessageMisplaced => format!("{message} {is} in another folder on the target than on the source"),
            OldCopyStays => {
                format!(
                    "{message} {has} been moved on the source since {copied}, and {is} in both folders on the target"
                )
            }
            MessageUnreadable => format!("{message} could not be read from the source"),
            MessageRefused => format!("The target refused {}", self.messages()),
            MessageTooLarge => format!("{message} {is} larger than the target accepts"),
            SizeNotAsAnnounced => {
                let sizes = if is_one { "a size far from the one" } else { "sizes far from those" };
                format!("The source delivered {} with {sizes} that it announced", self.messages())
            }
            MessageAltered => format!("{message} {is} on the target with different content"),
            MessageDoubled => format!(
                "{message} {is} on the target twice, because another run copied {them} at the same time, or the target \
                 stored {them} after a connection was lost, or stores messages twice"
            ),
            MessageNormalised => {
                format!("The target stored {} with different line endings or an added header", self.messages())
            }
            MessageUnproved => {
                let may_be = if is_one { "a message that may be this one" } else { "messages that may be these" };
                format!(
                    "{message} could not be verified, because the target lists {may_be} but does not deliver {them}"
                )
            }
            MessageMissing => format!("{message} {is} not on the target"),
            DateNotKept => format!("{message} {has} a different date on the target"),
            KeywordsDropped => format!("{message} lost flags or keywords that the target does not keep"),
            ItemsNotReached => format!("The calendars and contacts of {account} on the {side} cannot be reached"),
            ItemsRefused => format!("{server} refused the password of {account} for calendars and contacts"),
            ItemsNotOffered => format!("No calendars or contacts were found for {account} on the {side}"),
            InvitationSeen => format!(
                "{server} invites people although events are stored without participants, so the calendars and contacts of \
                 {account} are left as they are"
            ),
            AttendeesListed => format!(
                "{server} may send invitations, so the participants in the events of {account} are listed in their descriptions"
            ),
            CollectionLeftOut => format!("'{}' was not copied", self.collection()),
            CollectionNotWhole => format!("{server} did not list everything in '{}'", self.collection()),
            CollectionMerged => format!(
                "The items of '{0}' are in the default calendar or address book on the target, with the category '{0}'",
                self.collection()
            ),
            ItemsDeletedThere => {
                let (items, were, are) = self.items("was", "were");
                format!(
                    "{items} of '{}' {were} deleted on the target since an earlier run, and {are} not stored again",
                    self.collection()
                )
            }
            ItemsStoredAgain => {
                let (items, _, are) = self.items("was", "were");
                format!(
                    "{items} of '{}' that an earlier run stored {are} no longer on the target, and nothing shows that somebody deleted them; what the source still has is stored again",
                    self.collection()
                )
            }
            ItemsMailedBefore => {
                let (items, _, are) = self.items("was", "were");
                format!("{items} of '{}' {are} also on the target as mail, from an earlier run", self.collection())
            }
            ItemsUnreadThere => {
                let (items, ..) = self.items("was", "were");
                format!("{items} of '{}' on the target cannot be read there", self.collection())
            }
            ItemNotCopied => format!("{} was not copied", self.item()),
            ItemLeftOut => format!("{} was left out", self.item()),
            ItemAdapted => format!("{} was adapted", self.item()),
            ItemAltered => format!("{} is on the target, but differs there", self.item()),
            ItemDifferent => format!("{} was left alone, because the target has it with other content", self.item()),
            ItemMissing => format!("{} is not on the target", self.item()),
        }
    }

    /// The message or messages it is about, inside a sentence: `the message of 2012-03-02 01:00 in 'Sent'`, `3 messages in 'Sent'`.
    fn messages(&self) -> String {
        let folder = self.subject.folder.as_deref().unwrap_or("(unnamed)");
        match &self.subject.message {
            Some(message) => format!("the message {message} in '{folder}'"),
            None if self.is_one_message() => format!("a message in '{folder}'"),
            None => format!("{} messages in '{folder}'", self.count),
        }
    }

    /// How many items it is about, at the beginning of a sentence, with the verb in the past as given and in the present.
    fn items<'w>(&self, was: &'w str, were: &'w str) -> (String, &'w str, &'static str) {
        match self.count {
            0 | 1 => ("1 item".to_owned(), was, "is"),
            count => (format!("{count} items"), were, "are"),
        }
    }

    fn collection(&self) -> &str {
        self.subject.folder.as_deref().unwrap_or("(unnamed)")
    }

    /// The item it is about, at the beginning of a sentence: `The event 'Plan' of 2012-03-02 in 'Calendar'`.
    fn item(&self) -> String {
        let item = match self.subject.item.as_deref() {
            Some((kind, name)) => format!("The {kind} {name}"),
            None => "An item".to_owned(),
        };
        format!("{item} in '{}'", self.collection())
    }

    pub(super) fn is_one_message(&self) -> bool {
        self.subject.message.is_some() || self.count == 1
    }
}

/// The text with a capital letter at its beginning.
pub fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
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
