//! A problem: an error as the user meets it. What happened, how far it reaches, whether trying again helps, what to do.
//!
//! Window, report and command line all show the same [`Problem`] in the same shape. The technical chain goes to debug.log.

use super::printable;
use serde::{Deserialize, Serialize};
use std::fmt;

/// How much a problem stops.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reach {
    /// One message; the rest of the folder goes on.
    Message,
    /// One folder; the rest of the mailbox goes on.
    Folder,
    /// One mailbox; the other accounts go on.
    Mailbox,
    /// The whole run.
    Run,
}

/// Whether the program tries again by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Retry {
    /// At once, on a new connection, with back-off.
    Now,
    /// After a wait.
    Later,
    /// Not before a person has done something.
    Never,
}

/// Whether an account with this problem can still be complete.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Worth knowing; nothing is missing.
    Notice,
    /// Something is missing or did not happen.
    Error,
}

/// What kind of problem it is. Each kind has one reach, one retry, one severity and one advice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProblemKind {
    // The run.
    /// No connection: name not found, refused, no answer.
    Unreachable,
    /// The server's certificate cannot be verified and is not pinned.
    CertificateUnknown,
    /// The server shows another certificate than the pinned one.
    CertificateChanged,
    /// STARTTLS was asked for and is not offered, or text was injected before it.
    EncryptionRefused,
    /// A password would cross the network in clear.
    CleartextPassword,
    /// What answers is not the expected kind of server.
    WrongProtocol,
    /// Kerio Connect refused the administrator's name or password.
    AdministratorRefused,
    /// The administrator may not manage domains, users and services.
    AdministratorRights,
    /// An administration call failed in a way that stops the run.
    AdministrationFailed,
    /// The IMAP service does not run on Kerio Connect.
    ServiceStopped,
    /// The IMAP port could not be set.
    PortNotChanged,
    /// The IMAP port could not be put back.
    PortNotRestored,
    /// A file or folder of ours cannot be written or read.
    LocalFile,
    /// A file with certificates cannot be used.
    CertificateFile,
    /// Another copy of the program is running.
    AlreadyRunning,
    // The mailbox.
    /// The server refused the account's password.
    PasswordRefused,
    /// The account is locked, disabled or expired.
    AccountDisabled,
    /// The server does not let people sign in by password.
    SignInNotOffered,
    /// The server does not offer the chosen way to sign in for others.
    SignInWayNotOffered,
    /// The server refused the password of the master user or administrator who signs in for the account.
    MasterRefused,
    /// The server refused the account's token.
    TokenRefused,
    /// The token's file or command gave none.
    TokenNotObtained,
    /// The accounts file has no password where one is needed.
    PasswordMissing,
    /// We stopped signing in, because the server is about to block us (anti-hammering).
    SignInHeldBack,
    /// The server allows no more connections.
    TooManyConnections,
    /// The server asked to wait.
    Throttled,
    /// The line was lost and did not come back.
    ConnectionLost,
    /// The server answered something that is not IMAP, or broke its rules.
    ServerMisbehaved,
    /// The target mailbox is full.
    OverQuota,
    /// The target mailbox has less room than what is to be copied needs.
    QuotaTooSmall,
    /// The domain could not be created in Kerio Connect.
    DomainNotCreated,
    /// The user could not be created in Kerio Connect.
    UserNotCreated,
    /// The licence has no free seat.
    LicenceFull,
    /// The address is an alias, a group or a mailing list in Kerio Connect.
    NameTaken,
    /// The domain's users come from a directory service.
    DirectoryDomain,
    /// Kerio Connect's password rules refuse the CSV's password.
    PasswordRule,
    /// Another run is working on this mailbox.
    MailboxInUse,
    /// The program itself failed; the mailbox can be migrated again.
    Internal,
    // The folder.
    /// A folder of the source could not be read.
    FolderNotRead,
    /// A folder could not be created on the target.
    FolderNotCreated,
    /// The source folder was replaced by another while it was copied.
    FolderReplaced,
    /// A folder was not copied on purpose.
    FolderLeftOut,
    /// A folder goes under another name.
    FolderRenamed,
    /// The subscription could not be set.
    SubscriptionNotKept,
    /// The ledger does not know this folder's past; it was compared with the target by content.
    HistoryUnknown,
    // The message.
    /// The source could not deliver the message.
    MessageUnreadable,
    /// The target refused the message.
    MessageRefused,
    /// The message is larger than the target takes.
    MessageTooLarge,
    /// What stands on the target differs from what was sent.
    MessageAltered,
    /// The target stored the message with changes that do not touch its content (line ends, added trace header).
    MessageNormalised,
    /// Another run, from another computer, copied the same message at the same time, or the target stored it long after its line was lost.
    MessageDoubled,
    /// A message that should stand on the target does not.
    MessageMissing,
    /// The message has another date on the target than the one that was sent.
    DateNotKept,
    /// The target does not keep some flags or keywords.
    KeywordsDropped,
}

/// What a problem is about; the parts that are known.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Subject {
    /// The side it happened on, in words of its [`super::Side`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub side: Option<super::Side>,
    /// The server, as typed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server: Option<String>,
    /// The account's address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// The folder's name as shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub folder: Option<String>,
    /// The message, recognisable to a person: UID, date, size, subject as far as known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// The file or folder of ours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
}

/// An error as the user meets it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// What kind it is.
    pub kind: ProblemKind,
    /// What it is about.
    pub subject: Subject,
    /// How many messages it concerns; 1 for most.
    pub count: u64,
    /// The server's own words or the system's, made printable; empty when there are none.
    pub words: String,
}

impl Problem {
    /// A problem of `kind`; add what is known with the `on_…`, `about_…` and `saying` methods.
    pub fn new(kind: ProblemKind) -> Self {
        Self { kind, subject: Subject::default(), count: 1, words: String::new() }
    }

    /// Names the side.
    pub fn on(mut self, side: super::Side) -> Self {
        self.subject.side = Some(side);
        self
    }

    /// Names the server.
    pub fn at_server(mut self, server: impl fmt::Display) -> Self {
        self.subject.server = Some(readable(&server.to_string()));
        self
    }

    /// Names the account.
    pub fn for_account(mut self, account: impl fmt::Display) -> Self {
        self.subject.account = Some(readable(&account.to_string()));
        self
    }

    /// Names the folder.
    pub fn in_folder(mut self, folder: impl fmt::Display) -> Self {
        self.subject.folder = Some(readable(&folder.to_string()));
        self
    }

    /// Names the message.
    pub fn about_message(mut self, message: impl fmt::Display) -> Self {
        self.subject.message = Some(readable(&message.to_string()));
        self
    }

    /// Names a file or folder of ours.
    pub fn at_path(mut self, path: impl fmt::Display) -> Self {
        self.subject.path = Some(path.to_string());
        self
    }

    /// Says how many messages it concerns.
    pub fn counting(mut self, count: u64) -> Self {
        self.count = count;
        self
    }

    /// Adds the server's or system's own words. Control characters and direction marks are replaced.
    pub fn saying(mut self, words: impl fmt::Display) -> Self {
        self.words = readable(&words.to_string());
        self
    }

    /// How much it stops.
    pub fn reach(&self) -> Reach {
        use ProblemKind::*;
        match self.kind {
            Unreachable | CertificateUnknown | CertificateChanged | EncryptionRefused | CleartextPassword
            | WrongProtocol | AdministratorRefused | AdministratorRights | AdministrationFailed | ServiceStopped
            | PortNotChanged | PortNotRestored | LocalFile | CertificateFile | AlreadyRunning => Reach::Run,
            PasswordRefused | AccountDisabled | SignInNotOffered | SignInWayNotOffered | MasterRefused
            | TokenRefused | TokenNotObtained | PasswordMissing | SignInHeldBack | TooManyConnections | Throttled
            | ConnectionLost | ServerMisbehaved | OverQuota | QuotaTooSmall | DomainNotCreated | UserNotCreated
            | LicenceFull | NameTaken | DirectoryDomain | PasswordRule | MailboxInUse | Internal => Reach::Mailbox,
            FolderNotRead | FolderNotCreated | FolderReplaced | FolderLeftOut | FolderRenamed | SubscriptionNotKept
            | HistoryUnknown => Reach::Folder,
            MessageUnreadable | MessageRefused | MessageTooLarge | MessageAltered | MessageNormalised
            | MessageDoubled | MessageMissing | DateNotKept | KeywordsDropped => Reach::Message,
        }
    }

    /// Whether the program tries again by itself.
    pub fn retry(&self) -> Retry {
        use ProblemKind::*;
        match self.kind {
            Unreachable | ConnectionLost | ServerMisbehaved => Retry::Now,
            TooManyConnections | Throttled => Retry::Later,
            CertificateUnknown | CertificateChanged | EncryptionRefused | CleartextPassword | WrongProtocol
            | AdministratorRefused | AdministratorRights | AdministrationFailed | ServiceStopped | PortNotChanged
            | PortNotRestored | LocalFile | CertificateFile | AlreadyRunning | PasswordRefused | AccountDisabled
            | SignInNotOffered | SignInWayNotOffered | MasterRefused | TokenRefused | TokenNotObtained
            | PasswordMissing | SignInHeldBack | OverQuota | QuotaTooSmall | DomainNotCreated | UserNotCreated
            | LicenceFull | NameTaken | DirectoryDomain | PasswordRule | MailboxInUse | Internal | FolderNotRead
            | FolderNotCreated | FolderReplaced | FolderLeftOut | FolderRenamed | SubscriptionNotKept
            | HistoryUnknown | MessageUnreadable | MessageRefused | MessageTooLarge | MessageAltered
            | MessageNormalised | MessageDoubled | MessageMissing | DateNotKept | KeywordsDropped => Retry::Never,
        }
    }

    /// Whether something is missing because of it.
    pub fn severity(&self) -> Severity {
        use ProblemKind::*;
        match self.kind {
            FolderLeftOut | FolderRenamed | SubscriptionNotKept | HistoryUnknown | MessageNormalised
            | MessageDoubled | DateNotKept | KeywordsDropped | QuotaTooSmall => Severity::Notice,
            Unreachable | CertificateUnknown | CertificateChanged | EncryptionRefused | CleartextPassword
            | WrongProtocol | AdministratorRefused | AdministratorRights | AdministrationFailed | ServiceStopped
            | PortNotChanged | PortNotRestored | LocalFile | CertificateFile | AlreadyRunning | PasswordRefused
            | AccountDisabled | SignInNotOffered | SignInWayNotOffered | MasterRefused | TokenRefused
            | TokenNotObtained | PasswordMissing | SignInHeldBack | TooManyConnections | Throttled | ConnectionLost
            | ServerMisbehaved | OverQuota | DomainNotCreated | UserNotCreated | LicenceFull | NameTaken
            | DirectoryDomain | PasswordRule | MailboxInUse | Internal | FolderNotRead | FolderNotCreated
            | FolderReplaced | MessageUnreadable | MessageRefused | MessageTooLarge | MessageAltered
            | MessageMissing => Severity::Error,
        }
    }

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

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.sentence())?;
        match self.advice() {
            "" => Ok(()),
            advice => write!(formatter, " {advice}"),
        }
    }
}

/// The text made printable, trimmed and no longer than a person reads.
fn readable(text: &str) -> String {
    const LONGEST: usize = 400;
    let text = text.trim();
    let mut clean = printable(&text.chars().take(LONGEST).collect::<String>());
    if text.chars().nth(LONGEST).is_some() {
        clean.push('…');
    }
    clean
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
    fn a_refused_password_reads_as_an_administrator_would_say_it() {
        let problem = Problem::new(ProblemKind::PasswordRefused).on(Side::Source).for_account("ann@example.com");
        assert_eq!(
            problem.to_string(),
            "The source server refused the password of ann@example.com. Correct the password in the CSV file and migrate this mailbox again."
        );
    }

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
        let guide = include_str!("../../docs/guide.md");
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

    #[test]
    fn a_servers_words_cannot_forge_a_line() {
        let problem =
            Problem::new(ProblemKind::MessageRefused).in_folder("a\nb\u{202e}c").saying("no\r\nVerdict: all complete");
        assert!(!problem.to_string().contains(['\n', '\r', '\u{202e}']));
    }
}
