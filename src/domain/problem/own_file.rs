//! The program's own files that a problem names by their purpose and not by their path.

use std::fmt;

/// A file or folder of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OwnFile {
    /// The ledger of a mailbox.
    Record,
    /// The record of how far the accounts of the migration are, for the next start.
    Reached,
    /// The certificates that the user trusts.
    TrustedCertificates,
    /// The note of a changed port of Kerio Connect.
    PortNote,
    /// The folder below which the program keeps its own files.
    HomeFolder,
}

impl fmt::Display for OwnFile {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            OwnFile::Record => "The record of the migration",
            OwnFile::Reached => "The record that tells later runs what is complete",
            OwnFile::TrustedCertificates => "The list of trusted certificates",
            OwnFile::PortNote => "The note of the port to be put back",
            OwnFile::HomeFolder => "The user's home folder",
        })
    }
}
