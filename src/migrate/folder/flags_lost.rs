//! Messages that were copied without some of their flags: how many, and one flag as an example.

use crate::domain::Uid;
use std::collections::BTreeSet;

/// The messages of a folder that lost flags.
#[derive(Debug, Default)]
pub struct FlagsLost {
    uids: BTreeSet<Uid>,
    /// One of the flags.
    example: Option<String>,
}

impl FlagsLost {
    /// Notes a message that lost a flag.
    pub fn note(&mut self, uid: Uid, flag: &str) {
        self.uids.insert(uid);
        self.example.get_or_insert_with(|| flag.to_owned());
    }

    /// Takes others in.
    pub fn join(&mut self, others: Self) {
        self.uids.extend(others.uids);
        self.example = self.example.take().or(others.example);
    }

    /// How many messages lost flags.
    pub fn count(&self) -> u64 {
        self.uids.len() as u64
    }

    /// One of the flags; none when no message lost any.
    pub fn example(&self) -> Option<&str> {
        self.example.as_deref()
    }
}
