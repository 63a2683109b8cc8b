//! What to do about each kind of problem.

use super::{FleetFault, Note, Problem, ProblemKind, RecordFault};

impl Problem {
    /// What to do, as an order; empty for a notice that asks for nothing.
    pub fn advice(&self) -> &'static str {
        use ProblemKind::*;
        match self.kind {
            Unreachable => "Check the address, the port, and any firewall between this computer and the server.",
            CertificateUnknown => {
                "Compare the fingerprint with the server's own. If they match, trust the certificate, in the window or with the \
                 fingerprint option."
            }
            CertificateChanged => {
                "Nothing was sent. Find out why the certificate changed. If you changed it, trust the new fingerprint."
            }
            EncryptionRefused => "Use SSL on port 993, or enable STARTTLS on the server.",
            CleartextPassword => "Use SSL, or allow passwords in clear text if nobody else can listen on this network.",
            WrongProtocol => "Check that this port belongs to the right service.",
            AdministratorRefused => {
                "Correct the administrator's name and password. Outside the primary domain the name is user@domain."
            }
            AdministratorRights => "Sign in as an administrator with full rights, such as the primary administrator.",
            AdministrationFailed => {
                "Read the server's words above and the debug log, then start again. Nothing is copied twice."
            }
            ServiceStopped => "Start the IMAP service in Kerio Connect under Configuration, Services.",
            PortNotChanged => "Choose a port that no other service uses, or enter no port.",
            PortNotRestored if self.has_damaged_port_note() => {
                "Look at the port of the IMAP service in Kerio Connect under Configuration, Services, correct it, and delete the file. \
                 Until then no port is changed."
            }
            PortNotRestored => {
                "Start this program again and let it restore the port, or set the port in Kerio Connect under Configuration, \
                 Services."
            }
            CertificateFile => "Choose the right file and enter its password again.",
            LocalFile => match self.note.as_deref() {
                Some(Note::Record(RecordFault::Fleet { why: FleetFault::Altered { .. } })) => {
                    "Find out who changed the database, and create the fleet again. Nothing is copied twice."
                }
                Some(Note::Record(RecordFault::Database { .. } | RecordFault::Fleet { .. })) => {
                    "Correct what the reason names, then start again. Nothing is copied twice."
                }
                Some(Note::RecordSetAside { .. }) => {
                    "Put the file back from a backup, or go on without it: nothing is copied twice, but the rules of that migration have to \
                     be entered again."
                }
                _ => "Check the free disk space and the access rights, then start again.",
            },
            AlreadyRunning => "Use the copy that is running, or close it first.",
            PasswordRefused => "Correct the password in the CSV file and migrate this mailbox again.",
            AccountDisabled => "Enable or unlock the account on the server and migrate this mailbox again.",
            SignInNotOffered => {
                "Use SSL. If you use it already, the account needs an app password, or IMAP must be switched on for it."
            }
            SignInWayNotOffered => "Switch it on at the server, or choose another way to sign in.",
            MasterRefused => {
                "Correct the master user's name and password, make sure that it may open this mailbox, and migrate this mailbox \
                 again."
            }
            TokenRefused => {
                "Make sure that the token is for this server and this person and allows IMAP, then migrate this mailbox again."
            }
            TokenNotObtained => "Run the command by hand, or check the file, then migrate this mailbox again.",
            PasswordMissing => "Add the password to the CSV file, or create the user on the server first.",
            SignInHeldBack => "Correct the refused passwords, wait five minutes and migrate this mailbox again.",
            AccessRefused => {
                "Do what the server says, such as enabling IMAP for this account, then migrate this mailbox again."
            }
            TooManyConnections => "Migrate fewer mailboxes at a time, or raise the server's limit.",
            Throttled => "Migrate this mailbox again later. What was copied stays.",
            ConnectionLost => "Migrate this mailbox again; it continues where it stopped.",
            ServerMisbehaved | Internal => {
                "Migrate this mailbox again. If it happens again, send the debug log to support."
            }
            MessageDoubled => "Let only one computer migrate a mailbox. The user can delete the second copies.",
            OverQuota => "Raise this user's quota on the target and migrate this mailbox again.",
            QuotaTooSmall => {
                "Raise this user's quota before the mailbox is full. The report names every message that does not fit."
            }
            DomainNotCreated | UserNotCreated => {
                "Create it in Kerio Connect by hand, or remove what is in the way, and migrate this mailbox again."
            }
            LicenceFull => "Extend the licence or remove users you do not need, and migrate this mailbox again.",
            MailboxShared => {
                "Give each line a mailbox of its own. If the lines mean one mailbox on purpose, allow shared mailboxes, in the window \
                 or with --allow-shared-mailboxes."
            }
            NameTaken => "Rename the alias, group or list in Kerio Connect, or leave this account out.",
            DirectoryDomain => {
                "Activate the user from the directory in Kerio Connect, then migrate this mailbox again."
            }
            PasswordRule => {
                "Give this user a password that meets the rules, or create the user in Kerio Connect first."
            }
            MailboxInUse => {
                "Wait until the other run has ended, then migrate this mailbox again. Nothing is copied twice."
            }
            StoresTwice => {
                "Nothing more was sent to this mailbox. Find out what stores messages again, such as a filter or a proxy in the target or in \
                 front of it, then migrate this mailbox again. The user can delete the second copies."
            }
            FolderNotRead => "Open the folder in a mail program on the source, then migrate this mailbox again.",
            FolderNotCreated => {
                "Create the folder on the target by hand, or rename it on the source, and migrate this mailbox again."
            }
            FolderReplaced => "Migrate this mailbox again; the folder is then compared by content.",
            FolderLeftOut | FolderRenamed | SubscriptionNotKept | HistoryUnknown | MessageNormalised | DateNotKept
            | KeywordsDropped | ItemsNotOffered | AttendeesListed | CollectionLeftOut | CollectionMerged
            | ItemsStoredAgain | ItemLeftOut | ItemAdapted | MarkedOnTarget | MessageFiled => "",
            ItemsDeletedThere => "To store them again, migrate this mailbox with --repair.",
            ItemsUnreadThere => {
                "Items of the source may be among them. If the target accepts the same item twice, such an item is now there twice: look for it, and delete what cannot be read."
            }
            ItemsMailedBefore => "The users can delete the mail; this program deletes nothing.",
            ItemsNotReached => {
                "Check that calendars are reachable there, or give their address (--source-dav, --target-dav); then migrate this mailbox again. Its mail is not affected."
            }
            InvitationSeen => {
                "Tell the participant that the invitation can be ignored, and switch off what makes the server send it, before calendars are migrated again. Mail is not affected."
            }
            ItemsRefused => {
                "The account needs an app password for calendars, or they must be switched on for it; then migrate this mailbox again. Its mail is not affected."
            }
            CollectionNotWhole => {
                "Migrate this mailbox again; if this happens again, export the calendar or address book on the server."
            }
            ItemNotCopied => {
                "Open it on the source and save it again, or enter it on the target by hand; then migrate this mailbox again."
            }
            ItemAltered => "Compare the two before the source is switched off.",
            ItemDifferent => "Decide which of the two is right; this program changes nothing that is on the target.",
            ItemMissing => {
                "Migrate this mailbox again; if it was on the target before, with 'Copy deleted or missing messages again' under More (--repair)."
            }
            FolderMissing | SubscriptionMissing => {
                "Migrate this mailbox again: this creates the folder and subscribes to it."
            }
            DateDiffers | FlagsDiffer => {
                "Migrate this mailbox again: this brings flags that people have changed on the source since. Otherwise decide whether the difference matters."
            }
            MessageMisplaced => {
                "Migrate this mailbox again: this moves what people have moved on the source since. Otherwise decide whether it belongs there."
            }
            OldCopyStays => "The user can delete the copies in the old folder.",
            ExtraCopies => "Delete the extra copies on the target. This program deletes nothing there.",
            MessageUnreadable => {
                "Open the message in a mail program on the source. If it opens there, migrate this mailbox again."
            }
            MessageRefused => "Save the message from the source as a file; the target does not accept it as it is.",
            MessageTooLarge => {
                "Raise the target's size limit and migrate this mailbox again, or save the message as a file."
            }
            SizeNotAsAnnounced => {
                "Open the message on the source. If more of it shows there than on the target, save it there as a file."
            }
            MessageAltered => "Compare the message on both servers before you switch off the source.",
            MessageUnproved => {
                "Migrate this mailbox again once the target delivers all its messages. Until then nothing is copied in their place."
            }
            MessageMissing => {
                "Migrate this mailbox again. If somebody deleted the message on the target, choose 'Copy deleted or missing messages \
                 again' under More (--repair)."
            }
        }
    }
}
