//! What a person can do about each kind of problem.

use super::{Problem, ProblemKind};

impl Problem {
    /// What to do, in one imperative sentence; empty for a notice that asks for nothing.
    pub fn advice(&self) -> &'static str {
        use ProblemKind::*;
        match self.kind {
            Unreachable => "Check the address, the port and the firewall between this computer and the server.",
            CertificateUnknown => {
                "Compare the fingerprint with the server's own, then trust it (in the window, or with the fingerprint option)."
            }
            CertificateChanged => {
                "Find out why it changed before going on; nothing was sent. If the change is yours, trust the new fingerprint."
            }
            EncryptionRefused => "Switch STARTTLS on at the server, or use SSL on port 993.",
            CleartextPassword => "Use SSL, or allow passwords in clear text explicitly if the network is yours alone.",
            WrongProtocol => "Check that the port belongs to the right service.",
            AdministratorRefused => {
                "Correct the administrator's name and password; outside the primary domain the name is user@domain."
            }
            AdministratorRights => "Sign in as an administrator with full rights, such as the primary administrator.",
            AdministrationFailed => {
                "Read the server's words above and the debug log; then run again, nothing is copied twice."
            }
            ServiceStopped => "Start the IMAP service in Kerio Connect under Configuration, Services.",
            PortNotChanged => "Choose a port that no other service uses, or leave the port out.",
            PortNotRestored => {
                "Set the port back in Kerio Connect under Configuration, Services, or start this program again and let it do so."
            }
            CertificateFile => "Name the right file, and type the password that protects it again.",
            LocalFile => "Check the disk space and the rights on it, then run again.",
            AlreadyRunning => "Use the running one, or end it first.",
            PasswordRefused => "Correct the password in the CSV file and migrate this mailbox again.",
            AccountDisabled => "Enable or unlock the account on the server and migrate this mailbox again.",
            SignInNotOffered => {
                "Use SSL; if it is used already, the account needs an app password, or IMAP must be switched on for it."
            }
            SignInWayNotOffered => "Switch it on at the server, or choose another way to sign in.",
            MasterRefused => {
                "Correct the master user's name and password, make sure that it may open this mailbox, and migrate this mailbox again."
            }
            TokenRefused => {
                "See that the token is made for this server, this person and the right to use IMAP; then migrate this mailbox again."
            }
            TokenNotObtained => "Run the command by hand, or look at the file; then migrate this mailbox again.",
            PasswordMissing => "Write the password into the CSV file, or create the user on the server first.",
            SignInHeldBack => "Correct the refused passwords, wait five minutes and migrate this mailbox again.",
            TooManyConnections => "Migrate fewer mailboxes at a time, or raise the server's limit.",
            Throttled => "Migrate this mailbox again later; what is copied stays.",
            ConnectionLost => "Migrate this mailbox again; it goes on where it stopped.",
            ServerMisbehaved => "Migrate this mailbox again; if it repeats, send the debug log to support.",
            MessageDoubled => "Let only one computer migrate a mailbox; the user can delete what is there twice.",
            OverQuota => "Raise the quota of this user on the target and migrate this mailbox again.",
            QuotaTooSmall => {
                "Raise the quota of this user soon; what does not fit is not copied, and the report names it."
            }
            DomainNotCreated | UserNotCreated => {
                "Create it in Kerio Connect by hand, or remove what is in the way, and migrate this mailbox again."
            }
            LicenceFull => "Extend the licence or remove users that are not needed, and migrate this mailbox again.",
            NameTaken => "Rename the alias, group or list in Kerio Connect, or leave this account out.",
            DirectoryDomain => {
                "Activate the user from the directory in Kerio Connect first, then migrate this mailbox again."
            }
            PasswordRule => "Give this user a password that fits the rules, or create the user in Kerio Connect first.",
            MailboxInUse => {
                "Wait until the other run has ended, then migrate this mailbox again: what stands there is not copied twice."
            }
            Internal => "Migrate this mailbox again; if it repeats, send the debug log to support.",
            FolderNotRead => "Open the folder in a mail program on the source; then migrate this mailbox again.",
            FolderNotCreated => {
                "Create the folder on the target by hand, or rename it on the source, and migrate this mailbox again."
            }
            FolderReplaced => "Migrate this mailbox again; the folder is then compared by content.",
            FolderLeftOut | FolderRenamed | SubscriptionNotKept | HistoryUnknown | MessageNormalised | DateNotKept
            | KeywordsDropped => "",
            MessageUnreadable => {
                "Open the message in a mail program on the source; if it opens there, migrate this mailbox again."
            }
            MessageRefused => "Save the message as a file from the source; the target does not take it as it is.",
            MessageTooLarge => {
                "Raise the size limit of the target and migrate this mailbox again, or save the message as a file."
            }
            MessageAltered => "Compare the message on both servers before the source is switched off.",
            MessageMissing => {
                "Migrate this mailbox again; if the message was on the target before, with 'Copy again what was deleted' under More (--repair)."
            }
        }
    }
}
