//! Files of the program's own that a problem names by what they are for, and not by their path.

use std::fmt;

/// A file or folder of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OwnFile {
    /// The ledger of a mailbox.
    Record,
    /// How far the accounts of the migration are, for the next start.
    Reached,
    /// The certificates that the user trusts.
    TrustedCertificates,
    /// The note of a port of Kerio Connect that is to be put back.
    PortNote,
    /// The folder below which the program keeps its own.
    HomeFolder,
}

impl fmt::Display for OwnFile {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            OwnFile::Record => "The record of the migration",
            OwnFile::Reached => "The record from which later runs know what is complete",
            OwnFile::TrustedCertificates => "The list of trusted certificates",
            OwnFile::PortNote => "The note of the port to be put back",
            OwnFile::HomeFolder => "The user's home folder",
        })
    }
}
