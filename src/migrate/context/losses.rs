//! Counts how often a connection was lost at each of many things, such as the messages of a folder.

use std::collections::BTreeMap;

/// How often a connection was lost at each of many things, such as messages. One at which it is lost again and again is given up, so that
/// the rest can be finished. If it is lost at each of a few, and none was ever delivered, all are given up.
#[derive(Debug, Clone)]
pub struct Losses<K> {
    counts: BTreeMap<K, u32>,
    /// Whether any was delivered.
    delivered: bool,
}

/// If the connection is lost at this many, from different parts of a folder, it is lost at all.
const HOPELESS: usize = 4;
const DOUBTFUL: usize = 2;

impl<K> Default for Losses<K> {
    fn default() -> Self {
        Self { counts: BTreeMap::new(), delivered: false }
    }
}

impl<K: Ord> Losses<K> {
    /// Notes that the connection was lost at this. Returns how often that was.
    pub fn note(&mut self, at: K) -> u32 {
        let count = self.counts.entry(at).or_default();
        *count += 1;
        *count
    }

    /// How often the connection was lost at this.
    pub fn at(&self, this: &K) -> u32 {
        self.counts.get(this).copied().unwrap_or(0)
    }

    /// Where the connection was lost at least this often, and how often that was.
    pub fn given_up(&self, tries: u32) -> Vec<(K, u32)>
    where
        K: Copy,
    {
        self.counts.iter().filter(|(_, count)| **count >= tries).map(|(this, count)| (*this, *count)).collect()
    }

    /// Notes that some were delivered.
    pub fn note_delivered(&mut self) {
        self.delivered = true;
    }

    /// Whether it was lost at each of a few, and none was delivered.
    pub fn is_hopeless(&self) -> bool {
        !self.delivered && self.counts.len() >= HOPELESS
    }

    /// Whether it was lost at several, and none was delivered.
    pub fn is_doubtful(&self) -> bool {
        !self.delivered && self.counts.len() >= DOUBTFUL
    }

    /// After a loss before anything was delivered, moves what to try next to the front of `left`: the last, then one from the middle and
    /// one before that, so that a few attempts say something about all.
    pub fn probe_elsewhere(&self, left: &mut Vec<K>) {
        let place = match self.counts.len() {
            _ if self.delivered => return,
            1 => left.len().checked_sub(1),
            2 => Some(left.len() / 2),
            3 => Some(left.len() / 4),
            _ => return,
        };
        if let Some(place) = place.filter(|place| *place < left.len()) {
            let probe = left.remove(place);
            left.insert(0, probe);
        }
    }

    /// Whether it was never lost.
    pub fn is_empty(&self) -> bool {
        self.counts.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_few_losses_from_everywhere_say_something_about_all_unless_one_was_delivered() {
        let mut losses = Losses::default();
        let mut tried = Vec::new();
        for _ in 0..4 {
            let mut left: Vec<u32> = (1..=8).filter(|number| losses.at(number) == 0).collect();
            losses.probe_elsewhere(&mut left);
            assert!(!losses.is_hopeless());
            tried.push(left[0]);
            losses.note(left[0]);
        }
        assert_eq!(tried, [1, 8, 5, 3]);
        assert!(losses.is_hopeless());
        losses.note_delivered();
        assert!(!losses.is_hopeless());
    }
}
