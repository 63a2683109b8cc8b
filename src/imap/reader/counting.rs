//! Counts messages that a folder holds and does not list, by their numbers in the folder: mail that comes or goes meanwhile hides none.

use super::super::token::{Piece, Tokens};

/// Larger numbers are not followed.
const LARGEST_NUMBER: usize = 1 << 24;

/// Which of the messages that a folder held when it was opened are listed.
pub(super) struct Counting {
    /// How many of them it still holds.
    held: usize,
    /// By its number now, whether a message is listed.
    listed: Vec<bool>,
    /// How many were listed and are gone since.
    listed_and_gone: u64,
    /// How many heads were read.
    pub(super) heads: u64,
}

impl Counting {
    pub(super) fn of(messages: u64) -> Self {
        let held = usize::try_from(messages).unwrap_or(usize::MAX).min(LARGEST_NUMBER);
        Self { held, listed: Vec::new(), listed_and_gone: 0, heads: 0 }
    }

    /// Takes in that a message is gone, or the answer that completes the `head` of one. What comes later has a larger number than all that
    /// were there.
    pub(super) fn take(&mut self, pieces: &[Piece], is_head: bool) {
        self.heads += u64::from(is_head);
        let mut tokens = Tokens::new(pieces);
        let number: Option<usize> = tokens.next().and_then(|token| token.number());
        let Some(at) = number.and_then(|number| number.checked_sub(1)).filter(|at| *at < LARGEST_NUMBER) else {
            return;
        };
        let Some(word) = tokens.next() else { return };
        if word.is("EXPUNGE") {
            self.held -= usize::from(at < self.held);
            if at < self.listed.len() {
                self.listed_and_gone += u64::from(self.listed.remove(at));
            }
        } else if is_head {
            if self.listed.len() <= at {
                self.listed.resize(at + 1, false);
            }
            self.listed[at] = true;
        }
    }

    /// How many are not listed; none where the numbers do not fit the heads.
    pub(super) fn unlisted(&self) -> u64 {
        let listed = |messages: &[bool]| messages.iter().filter(|listed| **listed).count();
        if listed(&self.listed) as u64 + self.listed_and_gone != self.heads {
            return 0;
        }
        (self.held - listed(&self.listed[..self.held.min(self.listed.len())])) as u64
    }
}
