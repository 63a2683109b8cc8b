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

    /// The mean rate in bytes per second over each of at most `count` equal parts of the run until `now` milliseconds, with the length
    /// of a part in seconds.
    pub fn over_time(&self, now: u64, count: usize) -> (Vec<f64>, u64) {
        let seconds = usize::try_from(now.div_ceil(1000)).unwrap_or(usize::MAX).clamp(1, Self::LONGEST);
        let part = seconds.div_ceil(count.max(1));
        let mean = |index: usize| {
            let until = ((index + 1) * part).min(seconds);
            let sum: u64 = (index * part..until).filter_map(|second| self.seconds.get(second)).sum();
            sum as f64 / (until - index * part) as f64
        };
        ((0..seconds.div_ceil(part)).map(mean).collect(), part as u64)
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

    #[test]
    fn the_rate_over_the_whole_run_has_at_most_as_many_parts_as_asked_for() {
        let mut rate = Rate::default();
        rate.add(0, 1, 600);
        rate.add(9_000, 1, 300);
        assert_eq!(rate.over_time(9_500, 5), (vec![300.0, 0.0, 0.0, 0.0, 150.0], 2));
        // The last part is shorter, and nothing arrived in most.
        assert_eq!(rate.over_time(9_500, 3), (vec![150.0, 0.0, 150.0], 4));
        assert_eq!(Rate::default().over_time(0, 100), (vec![0.0], 1));
    }
}
