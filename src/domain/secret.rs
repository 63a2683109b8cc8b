//! A password that cannot be printed.
//!
//! Promises: `Debug` shows no character of it; there is no `Display`; it is serialised only within [`while_sealing`], and an error anywhere
//! else; comparison does not stop at the first difference; its memory is wiped when it is dropped.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::cell::Cell;
use std::fmt;
use zeroize::Zeroizing;

thread_local! {
    static SEALING: Cell<bool> = const { Cell::new(false) };
}

/// Lets `work`, on this thread, serialise secrets: its result must be encrypted as a whole before anybody else sees it.
pub fn while_sealing<T>(work: impl FnOnce() -> T) -> T {
    struct Sealing(bool);
    impl Drop for Sealing {
        fn drop(&mut self) {
            SEALING.set(self.0);
        }
    }
    let _before = Sealing(SEALING.replace(true));
    work()
}

/// A password, token or other secret. Read it only where it is sent.
#[derive(Clone, Default)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes ownership of the text; the caller keeps no copy.
    pub fn new(text: impl Into<String>) -> Self {
        Self(Zeroizing::new(text.into()))
    }

    /// The secret itself, for the one place that sends it.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// Whether there is no secret at all.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Secret(…)")
    }
}

impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        let (left, right) = (self.0.as_bytes(), other.0.as_bytes());
        left.len() == right.len() && left.iter().zip(right).fold(0, |seen, (a, b)| seen | (a ^ b)) == 0
    }
}

impl Eq for Secret {}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if !SEALING.get() {
            return Err(serde::ser::Error::custom("a secret is written only where the whole is sealed"));
        }
        serializer.serialize_str(self.reveal())
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::new)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_written_only_where_it_is_sealed() {
        let secret = Secret::new("hunter2");
        assert!(serde_json::to_string(&secret).is_err());
        let written = while_sealing(|| serde_json::to_string(&secret)).unwrap();
        assert_eq!(serde_json::from_str::<Secret>(&written).unwrap(), secret);
        let _ = std::panic::catch_unwind(|| while_sealing(|| panic!("in the middle")));
        assert!(serde_json::to_string(&[secret]).is_err());
    }

    #[test]
    fn a_secret_does_not_show_itself() {
        let secret = Secret::new("hunter2");
        assert!(!format!("{secret:?} {:?}", Some(&secret)).contains("hunter2"));
        assert_eq!(secret, Secret::new("hunter2"));
        assert_ne!(secret, Secret::new("hunter3"));
    }
}
