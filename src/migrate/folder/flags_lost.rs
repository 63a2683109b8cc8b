//! Messages that were sent without some of their flags, and one flag as an example. Only the end shows whether they were stored.

use crate::domain::Uid;
use std::collections::BTreeMap;

/// The messages of a folder that lost flags.
#[derive(Debug, Default)]
pub struct FlagsLost {
    /// Each with the index in `flags` of one of its lost flags.
    messages: BTreeMap<Uid, usize>,
    /// The flags that were lost, each once.
    flags: Vec<String>,
}

impl FlagsLost {
    /// Notes a message that lost a flag.
    pub fn note(&mut self, uid: Uid, flag: &str) {
        let place = self.flags.iter().position(|known| known == flag).unwrap_or_else(|| {
            self.flags.push(flag.to_owned());
            self.flags.len() - 1
        });
        self.messages.entry(uid).or_insert(place);
    }

    /// Adds those of another list.
    pub fn join(&mut self, others: Self) {
        for (uid, place) in others.messages {
            if let Some(flag) = others.flags.get(place) {
                self.note(uid, flag);
            }
        }
    }

    /// How many of the `stored` messages lost flags, and one of these flags; none if no message did.
    pub fn of_stored(&self, stored: impl Fn(Uid) -> bool) -> Option<(u64, &str)> {
        let mut lost = self.messages.iter().filter(|(uid, _)| stored(**uid));
        let (_, place) = lost.next()?;
        let example = self.flags.get(*place)?;
        Some((1 + lost.count() as u64, example))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_that_was_refused_has_lost_no_flags() {
        let (mut lost, mut more) = (FlagsLost::default(), FlagsLost::default());
        lost.note(Uid(1), "$a");
        lost.note(Uid(1), "$b");
        more.note(Uid(2), "$c");
        more.note(Uid(3), "$a");
        lost.join(more);
        assert_eq!(lost.of_stored(|_| true), Some((3, "$a")));
        assert_eq!(lost.of_stored(|uid| uid == Uid(2)), Some((1, "$c")));
        assert_eq!(lost.of_stored(|_| false), None);
    }
}
