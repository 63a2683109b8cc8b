//! The room of a mailbox (QUOTA, RFC 9208).

use super::token::{Piece, Token, Tokens};

/// What is free below the quotas of a mailbox; none if there is no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct FreeRoom {
    /// Octets.
    pub bytes: Option<u64>,
    /// Messages.
    pub messages: Option<u64>,
}

impl FreeRoom {
    /// What is free below one quota root: `QUOTA "" (STORAGE 10 512 MESSAGE 5 2000)`, STORAGE in units of 1,024 octets. None for any other
    /// answer.
    pub(super) fn read(pieces: &[Piece]) -> Option<Self> {
        let mut tokens = Tokens::new(pieces);
        if !tokens.next()?.is("QUOTA") {
            return None;
        }
        let _root = tokens.next()?;
        if tokens.next()? != Token::Open {
            return None;
        }
        let mut free = Self::default();
        while let (Some(resource), Some(used), Some(limit)) = (tokens.next(), tokens.next(), tokens.next()) {
            let (Some(used), Some(limit)): (Option<u64>, Option<u64>) = (used.number(), limit.number()) else {
                continue;
            };
            let left = limit.saturating_sub(used);
            if resource.is("STORAGE") {
                free.bytes = Some(left.saturating_mul(1024));
            } else if resource.is("MESSAGE") {
                free.messages = Some(left);
            }
        }
        Some(free)
    }

    /// What is free below two roots: the smaller of each.
    pub(super) fn and(self, other: Self) -> Self {
        let less = |one: Option<u64>, other: Option<u64>| one.into_iter().chain(other).min();
        Self { bytes: less(self.bytes, other.bytes), messages: less(self.messages, other.messages) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Option<(Option<u64>, Option<u64>)> {
        FreeRoom::read(&[Piece::Text(line.as_bytes().to_vec())]).map(|free| (free.bytes, free.messages))
    }

    #[test]
    fn what_is_free_is_read_whatever_else_is_beside_it() {
        assert_eq!(read(r#"QUOTA "" (STORAGE 10 512)"#), Some((Some(502 * 1024), None)));
        assert_eq!(read(r#"QUOTA "User quota" (MESSAGE 5 10 STORAGE 600 512)"#), Some((Some(0), Some(5))));
        assert_eq!(read(r#"QUOTA "" (X-NUM NIL NIL MESSAGE 7 9)"#), Some((None, Some(2))));
        assert_eq!(read("QUOTA root (STORAGE 1 18446744073709551615)"), Some((Some(u64::MAX), None)));
        for without in [r#"QUOTA "" ()"#, "QUOTA x (STORAGE 1)"] {
            assert_eq!(read(without), Some((None, None)), "{without}");
        }
        for other in ["QUOTA", "QUOTAROOT INBOX \"\""] {
            assert_eq!(read(other), None, "{other}");
        }
    }

    #[test]
    fn of_two_roots_the_less_of_each_is_free() {
        let free = |bytes, messages| FreeRoom { bytes, messages };
        assert_eq!(free(Some(5), None).and(free(Some(3), Some(9))), free(Some(3), Some(9)));
        assert_eq!(free(None, Some(1)).and(free(None, Some(2))), free(None, Some(1)));
    }
}
