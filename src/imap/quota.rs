//! How much room a mailbox has (QUOTA, RFC 9208).

use super::token::{Piece, Token, Tokens};

/// The octets that are free below one quota root: `QUOTA "" (STORAGE 10 512)`, in units of 1,024 octets. None without such a limit.
pub(super) fn free_bytes(pieces: &[Piece]) -> Option<u64> {
    let mut tokens = Tokens::new(pieces);
    if !tokens.next()?.is("QUOTA") {
        return None;
    }
    let _root = tokens.next()?;
    if tokens.next()? != Token::Open {
        return None;
    }
    while let (Some(resource), Some(used), Some(limit)) = (tokens.next(), tokens.next(), tokens.next()) {
        if resource.is("STORAGE") {
            let (used, limit): (u64, u64) = (used.number()?, limit.number()?);
            return Some(limit.saturating_sub(used).saturating_mul(1024));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_free_is_read_whatever_else_is_beside_it() {
        let free = |line: &str| free_bytes(&[Piece::Text(line.as_bytes().to_vec())]);
        assert_eq!(free(r#"QUOTA "" (STORAGE 10 512)"#), Some(502 * 1024));
        assert_eq!(free(r#"QUOTA "User quota" (MESSAGE 5 10 STORAGE 600 512)"#), Some(0));
        assert_eq!(free("QUOTA root (STORAGE 1 18446744073709551615)"), Some(u64::MAX));
        for without in [r#"QUOTA "" ()"#, "QUOTA", "QUOTA x (STORAGE 1)", "QUOTAROOT INBOX \"\""] {
            assert_eq!(free(without), None, "{without}");
        }
    }
}
