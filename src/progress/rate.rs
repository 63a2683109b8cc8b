//! The rate of a run over time: one sample per second for the plot, and the pace that the time left is estimated from.

/// Bytes and messages in each second of the run.
#[derive(Debug, Clone, Default)]
pub struct Rate {
    /// Bytes that arrived in each second since the start.
    seconds: Vec<u64>,
    messages: Vec<u32>,
}

impl Rate {
    /// The pace is the mean of this many past seconds: long enough that one large message does not make it jump.
    const WINDOW: usize = 30;

    /// Counts what arrived at `at` milliseconds.
    pub(super) fn add(&mut self, at: u64, messages: u64, bytes: u64) {
        let second = usize::try_from(at / 1000).unwrap_or(usize::MAX).min(Self::LONGEST);
        if self.seconds.len() <= second {
            self.seconds.resize(second + 1, 0);
            self.messages.resize(second + 1, 0);
        }
        self.seconds[second] += bytes;
        self.messages[second] = self.messages[second].saturating_add(u32::try_from(messages).unwrap_or(u32::MAX));
    }

    /// At most a week of samples. In a longer run everything later counts to the last second, so that memory stays bounded.
    const LONGEST: usize = 7 * 24 * 3600;

    /// Bytes per second over the last half minute before `now` milliseconds.
    pub fn bytes_per_second(&self, now: u64) -> f64 {
        Self::mean(&self.seconds, now, |&bytes| bytes as f64)
    }

    /// Messages per second over the last half minute before `now` milliseconds.
    pub fn messages_per_second(&self, now: u64) -> f64 {
        Self::mean(&self.messages, now, |&messages| f64::from(messages))
    }

    /// Bytes in each of the last `count` whole seconds before `now` milliseconds, oldest first; for the plot.
    pub fn last_seconds(&self, now: u64, count: usize) -> Vec<u64> {
        let end = (now / 1000) as usize;
        let start = end.saturating_sub(count);
        (start..end).map(|second| self.seconds.get(second).copied().unwrap_or(0)).collect()
    }

    fn mean<T>(samples: &[T], now: u64, value: impl Fn(&T) -> f64) -> f64 {
        let end = now as f64 / 1000.0;
        let first = (end as usize).saturating_sub(Self::WINDOW);
        let span = (end - first as f64).max(0.5);
        samples.iter().skip(first).map(value).sum::<f64>() / span
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pace_is_that_of_the_last_half_minute() {
        let mut rate = Rate::default();
        rate.add(500, 1, 1_000_000);
        for second in 60..90 {
            rate.add(second * 1000, 2, 100);
        }
        assert_eq!(rate.bytes_per_second(90_000).round(), 100.0);
        assert_eq!(rate.messages_per_second(90_000).round(), 2.0);
        assert_eq!(rate.last_seconds(62_000, 3), vec![0, 100, 100]);
    }
}
