//! Counts how often a connection was lost at each of many items, such as the messages of a folder.

use std::collections::BTreeMap;

/// How often a connection was lost at each of many items, such as messages. An item at which it is lost again and again is given up, so
/// that the rest can be finished. If it is lost at each of a few, and none was ever delivered, all are given up.
#[derive(Debug, Clone)]
pub struct Losses<K> {
    counts: BTreeMap<K, u32>,
    /// Whether any was delivered.
    delivered: bool,
}

/// After losses at this many, from different parts of a folder, and with none delivered, all are given up.
const HOPELESS: usize = 4;
const DOUBTFUL: usize = 2;

impl<K> Default for Losses<K> {
    fn default() -> Self {
        Self { counts: BTreeMap::new(), delivered: false }
    }
}

impl<K: Ord> Losses<K> {
    /// Notes a loss at this item, and returns the number of losses there.
    pub fn note(&mut self, at: K) -> u32 {
        let count = self.counts.entry(at).or_default();
        *count += 1;
        *count
    }

    /// The number of losses at this item.
    pub fn at(&self, this: &K) -> u32 {
        self.counts.get(this).copied().unwrap_or(0)
    }

    /// The items with at least this many losses, and their numbers of losses.
    pub fn given_up(&self, tries: u32) -> Vec<(K, u32)>
    where
        K: Copy,
    {
        self.counts.iter().filter(|(_, count)| **count >= tries).map(|(this, count)| (*this, *count)).collect()
    }

    /// Notes that at least one was delivered.
    pub fn note_delivered(&mut self) {
        self.delivered = true;
    }

    /// Whether the connection was lost at each of a few, and none was delivered.
    pub fn is_hopeless(&self) -> bool {
        !self.delivered && self.counts.len() >= HOPELESS
    }

    /// Whether the connection was lost at several, and none was delivered.
    pub fn is_doubtful(&self) -> bool {
        !self.delivered && self.counts.len() >= DOUBTFUL
    }

    /// After a loss before anything was delivered, moves the item to try next to the front of `left`: the last, then one from the middle,
    /// then one before that, so that a few attempts are representative.
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

    /// Whether there was no loss.
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
