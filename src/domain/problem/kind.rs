//! The kinds of problem: how much each stops, whether the program tries again, and whether something is missing.
//!
//! Every answer is an exhaustive match, so that a new kind needs an answer to each.

use super::Problem;
use crate::domain::Side;
use serde::{Deserialize, Serialize};

/// How much a problem stops.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reach {
    /// One message; the rest of the folder continues.
    Message,
    /// One folder; the rest of the mailbox continues.
    Folder,
    /// One mailbox; the other accounts continue.
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
    /// A password would cross the network in clear text.
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
    /// The server signs the account in and then refuses to show its mailbox.
    AccessRefused,
    /// The server allows no more connections.
    TooManyConnections,
    /// The server asks us to wait.
    Throttled,
    /// The connection was lost, and new ones failed too.
    ConnectionLost,
    /// The server answered something that is not IMAP, or broke its rules.
    ServerMisbehaved,
    /// The target mailbox is full.
    OverQuota,
    /// The target mailbox may have too little room.
    QuotaTooSmall,
    /// The domain could not be created in Kerio Connect.
    DomainNotCreated,
    /// The user could not be created in Kerio Connect.
    UserNotCreated,
    /// The licence has no free seat.
    LicenceFull,
    /// The address is an alias, a group or a mailing list in Kerio Connect.
    NameTaken,
    /// Another account of the list would use the same mailbox on this side.
    MailboxShared,
    /// The domain's users come from a directory service.
    DirectoryDomain,
    /// The password in the CSV does not meet Kerio Connect's rules.
    PasswordRule,
    /// Another run is working on this mailbox.
    MailboxInUse,
    /// The target stores each message twice.
    StoresTwice,
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
    /// A folder of the source is not on the target.
    FolderMissing,
    /// A folder is subscribed to on the source and not on the target.
    SubscriptionMissing,
    /// Messages of the folder have a different date on the target.
    DateDiffers,
    /// Messages of the folder have different flags on the target.
    FlagsDiffer,
    /// The target has more copies of a message than the source.
    ExtraCopies,
    /// Somebody changed flags on the target since the message was copied.
    MarkedOnTarget,
    /// The message is in another folder of the target, to which somebody has moved it since the copy.
    MessageFiled,
    /// The message is in another folder of the target than it should be.
    MessageMisplaced,
    /// Messages were moved on the source, and what an earlier run copied is still in the old folder too.
    OldCopyStays,
    // The message.
    /// The source could not deliver the message.
    MessageUnreadable,
    /// The target refused the message.
    MessageRefused,
    /// The message is larger than the target accepts.
    MessageTooLarge,
    /// The source gave much less of the message than it had announced, or much more; what it gave was copied.
    SizeNotAsAnnounced,
    /// The message on the target differs from what was sent.
    MessageAltered,
    /// The target stored the message with changes that do not touch its content (line ends, added trace header).
    MessageNormalised,
    /// Another run copied the same message at the same time, or the target stored it long after its connection was lost.
    MessageDoubled,
    /// The target lists what may be the message, and does not deliver it.
    MessageUnproved,
    /// A message that should be on the target is not.
    MessageMissing,
    /// The message has a different date on the target.
    DateNotKept,
    /// The target does not keep some flags or keywords.
    KeywordsDropped,
    // Calendars, contacts and tasks.
    /// The calendars and contacts of an account cannot be reached.
    ItemsNotReached,
    /// The server refused the account's password for calendars and contacts.
    ItemsRefused,
    /// The source offers neither calendars nor contacts.
    ItemsNotOffered,
    /// The target sent an invitation for an event that was to invite nobody.
    InvitationSeen,
    /// Participants do not stay participants, because the target may send invitations.
    AttendeesListed,
    /// A calendar or an address book was not copied on purpose.
    CollectionLeftOut,
    /// A server did not list everything in a calendar or address book.
    CollectionNotWhole,
    /// The items of a calendar or address book went into the default one, with its name as their category.
    CollectionMerged,
    /// Items that an earlier run stored were deleted on the target, and stay so.
    ItemsDeletedThere,
    /// Items that an earlier run stored were lost on the target, and are stored again.
    ItemsStoredAgain,
    /// Messages that an earlier run copied as mail are on the target as items as well.
    ItemsMailedBefore,
    /// Items that others have on the target cannot be read there.
    ItemsUnreadThere,
    /// An event, task or contact could not be copied.
    ItemNotCopied,
    /// An event, task or contact was left out on purpose.
    ItemLeftOut,
    /// An event, task or contact was changed so that the target takes it.
    ItemAdapted,
    /// The target gives an event, task or contact back with another meaning.
    ItemAltered,
    /// Another item with the same identity is on the target, and was left alone.
    ItemDifferent,
    /// An event, task or contact that should be on the target is not.
    ItemMissing,
}

impl ProblemKind {
    /// Whether it is about calendars, contacts or tasks.
    pub fn is_about_items(self) -> bool {
        self >= ProblemKind::ItemsNotReached
    }
}

impl Problem {
    /// Whether another password or sign-in name of the account in the list may fix it. A password that only the target refuses is not fixed
    /// like that, because the source gets the same one.
    pub fn is_mended_in_the_list(&self) -> bool {
        use ProblemKind::*;
        match self.kind {
            PasswordMissing => true,
            PasswordRefused | ItemsRefused => self.subject.side != Some(Side::Target),
            _ => false,
        }
    }

    /// How much it stops.
    pub fn reach(&self) -> Reach {
        use ProblemKind::*;
        match self.kind {
            Unreachable | CertificateUnknown | CertificateChanged | EncryptionRefused | CleartextPassword
            | WrongProtocol | AdministratorRefused | AdministratorRights | AdministrationFailed | ServiceStopped
            | PortNotChanged | PortNotRestored | LocalFile | CertificateFile | AlreadyRunning => Reach::Run,
            PasswordRefused | AccountDisabled | SignInNotOffered | SignInWayNotOffered | MasterRefused
            | TokenRefused | TokenNotObtained | PasswordMissing | SignInHeldBack | AccessRefused
            | TooManyConnections | Throttled | ConnectionLost | ServerMisbehaved | OverQuota | QuotaTooSmall
            | DomainNotCreated | UserNotCreated | LicenceFull | NameTaken | MailboxShared | DirectoryDomain
            | PasswordRule | MailboxInUse | StoresTwice | Internal => Reach::Mailbox,
            FolderNotRead | FolderNotCreated | FolderReplaced | FolderLeftOut | FolderRenamed | SubscriptionNotKept
            | HistoryUnknown | FolderMissing | SubscriptionMissing | DateDiffers | FlagsDiffer | ExtraCopies
            | MarkedOnTarget | MessageFiled | MessageMisplaced | OldCopyStays | ItemsNotReached | ItemsRefused
            | ItemsNotOffered | InvitationSeen | AttendeesListed | CollectionLeftOut | CollectionNotWhole
            | CollectionMerged | ItemsDeletedThere | ItemsStoredAgain | ItemsMailedBefore | ItemsUnreadThere => {
                Reach::Folder
            }
            MessageUnreadable | MessageRefused | MessageTooLarge | SizeNotAsAnnounced | MessageAltered
            | MessageNormalised | MessageDoubled | MessageUnproved | MessageMissing | DateNotKept | KeywordsDropped
            | ItemNotCopied | ItemLeftOut | ItemAdapted | ItemAltered | ItemDifferent | ItemMissing => Reach::Message,
        }
    }

    /// Whether the program tries again by itself.
    pub fn retry(&self) -> Retry {
        use ProblemKind::*;
        match self.kind {
            Unreachable | ConnectionLost | ServerMisbehaved | AccessRefused => Retry::Now,
            TooManyConnections | Throttled => Retry::Later,
            CertificateUnknown | CertificateChanged | EncryptionRefused | CleartextPassword | WrongProtocol
            | AdministratorRefused | AdministratorRights | AdministrationFailed | ServiceStopped | PortNotChanged
            | PortNotRestored | LocalFile | CertificateFile | AlreadyRunning | PasswordRefused | AccountDisabled
            | SignInNotOffered | SignInWayNotOffered | MasterRefused | TokenRefused | TokenNotObtained
            | PasswordMissing | SignInHeldBack | OverQuota | QuotaTooSmall | DomainNotCreated | UserNotCreated
            | LicenceFull | NameTaken | MailboxShared | DirectoryDomain | PasswordRule | MailboxInUse | StoresTwice
            | Internal | FolderNotRead | FolderNotCreated | FolderReplaced | FolderLeftOut | FolderRenamed
            | SubscriptionNotKept | HistoryUnknown | FolderMissing | SubscriptionMissing | DateDiffers
            | FlagsDiffer | ExtraCopies | MarkedOnTarget | MessageFiled | MessageMisplaced | OldCopyStays
            | MessageUnreadable | MessageRefused | MessageTooLarge | SizeNotAsAnnounced | MessageAltered
            | MessageNormalised | MessageDoubled | MessageUnproved | MessageMissing | DateNotKept | KeywordsDropped
            | ItemsNotReached | ItemsRefused | ItemsNotOffered | InvitationSeen | AttendeesListed
            | CollectionLeftOut | CollectionNotWhole | CollectionMerged | ItemsDeletedThere | ItemsStoredAgain
            | ItemsMailedBefore | ItemsUnreadThere | ItemNotCopied | ItemLeftOut | ItemAdapted | ItemAltered
            | ItemDifferent | ItemMissing => Retry::Never,
        }
    }

    /// Whether something is missing because of it.
    pub fn severity(&self) -> Severity {
        use ProblemKind::*;
        match self.kind {
            FolderLeftOut | FolderRenamed | SubscriptionNotKept | HistoryUnknown | SizeNotAsAnnounced
            | MessageNormalised | MessageDoubled | DateNotKept | KeywordsDropped | QuotaTooSmall | MarkedOnTarget
            | MessageFiled | OldCopyStays | ItemsNotOffered | AttendeesListed | CollectionLeftOut
            | CollectionMerged | ItemsDeletedThere | ItemsStoredAgain | ItemsMailedBefore | ItemsUnreadThere
            | ItemLeftOut | ItemAdapted => Severity::Notice,
            Unreachable | CertificateUnknown | CertificateChanged | EncryptionRefused | CleartextPassword
            | WrongProtocol | AdministratorRefused | AdministratorRights | AdministrationFailed | ServiceStopped
            | PortNotChanged | PortNotRestored | LocalFile | CertificateFile | AlreadyRunning | PasswordRefused
            | AccountDisabled | SignInNotOffered | SignInWayNotOffered | MasterRefused | TokenRefused
            | TokenNotObtained | PasswordMissing | SignInHeldBack | AccessRefused | TooManyConnections | Throttled
            | ConnectionLost | ServerMisbehaved | OverQuota | DomainNotCreated | UserNotCreated | LicenceFull
            | NameTaken | MailboxShared | DirectoryDomain | PasswordRule | MailboxInUse | StoresTwice | Internal
            | FolderNotRead | FolderNotCreated | FolderReplaced | MessageUnreadable | MessageRefused
            | MessageTooLarge | MessageAltered | MessageUnproved | MessageMissing | FolderMissing
            | SubscriptionMissing | DateDiffers | FlagsDiffer | ExtraCopies | MessageMisplaced | ItemsNotReached
            | ItemsRefused | InvitationSeen | CollectionNotWhole | ItemNotCopied | ItemAltered | ItemDifferent
            | ItemMissing => Severity::Error,
        }
    }
}
