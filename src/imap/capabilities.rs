//! What a server says it can do (CAPABILITY, RFC 9051, section 7.2.2). Never taken over STARTTLS or a sign-in: asked again, or told anew.

use super::response::Status;
use std::collections::BTreeSet;

/// The capabilities of one session, in upper case.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Capabilities(BTreeSet<String>);

impl Capabilities {
    /// Reads the words after `CAPABILITY`.
    pub(super) fn parse(words: &str) -> Self {
        Self(words.split_ascii_whitespace().take(500).map(str::to_ascii_uppercase).collect())
    }

    /// What a status answer tells in its response code, which spares a round trip for asking (RFC 9051, section 7.1).
    pub(super) fn told(status: &Status) -> Option<Self> {
        status.code_argument("CAPABILITY").map(Self::parse).filter(|told| !told.is_empty())
    }

    /// Whether nothing is known.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether the server has it, in any case of letters.
    pub fn has(&self, capability: &str) -> bool {
        self.0.contains(&capability.to_ascii_uppercase())
    }

    /// The largest message the server takes, if it says (RFC 7889).
    pub fn append_limit(&self) -> Option<u64> {
        self.0.iter().find_map(|word| word.strip_prefix("APPENDLIMIT=")?.parse().ok())
    }

    /// The largest literal that may be sent without waiting (RFC 7888).
    pub(super) fn longest_free_literal(&self) -> Option<u64> {
        if self.has("LITERAL+") {
            Some(u64::MAX)
        } else if self.has("LITERAL-") {
            Some(4096)
        } else {
            None
        }
    }
}
