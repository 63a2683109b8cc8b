//! The rate of a run over time: one sample per second for the plot, and the pace for the estimate of the time left.
//!
//! The pace counts working time only, without the user's pauses.

/// Bytes and messages in each second of the run.
#[derive(Debug, Clone, Default)]
pub struct Rate {
    /// Bytes that arrived in each second since the start.
    seconds: Vec<u64>,
    messages: Vec<u32>,
    /// The pauses, from and to in milliseconds of the run, oldest first.
    pauses: Vec<(u64, u64)>,
    paused_at: Option<u64>,
}

impl Rate {
    /// The pace is the mean over this many last milliseconds of work: long enough that one large message does not make it jump.
    const WINDOW: u64 = 30_000;

    /// Pauses the run at `at` milliseconds.
    pub(super) fn pause(&mut self, at: u64) {
        self.paused_at.get_or_insert(at);
    }

    /// Continues the run at `at` milliseconds.
    pub(super) fn resume(&mut self, at: u64) {
        self.pauses.extend(self.paused_at.take().map(|from| (from, at.max(from))));
    }

    /// Milliseconds of work before `now`: the time without the pauses.
    pub fn worked(&self, now: u64) -> u64 {
        let open = self.paused_at.map_or(0, |from| now.saturating_sub(from));
        let closed: u64 = self.pauses.iter().map(|(from, to)| to - from).sum();
        now.saturating_sub(open + closed)
    }

    /// The moment from which at most [`Self::WINDOW`] of work was done until `now`, and the milliseconds of that work.
    fn window(&self, now: u64) -> (u64, u64) {
        let (mut end, mut room) = (self.paused_at.map_or(now, |at| at.min(now)), Self::WINDOW);
        for (from, to) in self.pauses.iter().rev() {
            let after = end.saturating_sub(*to);
            if after >= room {
                break;
            }
            room -= after;
            end = *from;
        }
        (end.saturating_sub(room), Self::WINDOW - room + room.min(end))
    }

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

    /// At most a week of samples is kept. In a longer run everything later counts to the last second, so that memory stays bounded.
    const LONGEST: usize = 7 * 24 * 3600;

    /// Bytes per second over the last half minute of work before `now` milliseconds.
    pub fn bytes_per_second(&self, now: u64) -> f64 {
        self.mean(&self.seconds, now, |&bytes| bytes as f64)
    }

    /// Messages per second over the last half minute of work before `now` milliseconds.
    pub fn messages_per_second(&self, now: u64) -> f64 {
        self.mean(&self.messages, now, |&messages| f64::from(messages))
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

    fn mean<T>(&self, samples: &[T], now: u64, value: impl Fn(&T) -> f64) -> f64 {
        let (first, worked) = self.window(now);
        // A second that is partly inside counts in full, and so does its time.
        let worked = (worked + first % 1000) as f64 / 1000.0;
        samples.iter().skip((first / 1000) as usize).map(value).sum::<f64>() / worked.max(0.5)
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
        // The last part is shorter, and in most seconds nothing arrived.
        assert_eq!(rate.over_time(9_500, 3), (vec![150.0, 0.0, 150.0], 4));
        assert_eq!(Rate::default().over_time(0, 100), (vec![0.0], 1));
    }

    #[test]
    fn a_pause_does_not_lower_the_pace() {
        let mut rate = Rate::default();
        (0..40).for_each(|second| rate.add(second * 1000, 1, 100));
        rate.pause(40_000);
        assert_eq!((rate.bytes_per_second(90_000).round(), rate.worked(90_000)), (100.0, 40_000));
        rate.resume(100_000);
        (100..110).for_each(|second| rate.add(second * 1000, 1, 400));
        // Ten seconds at 400, and twenty at 100 before the pause.
        assert_eq!((rate.bytes_per_second(110_000).round(), rate.worked(110_000)), (200.0, 50_000));
    }
}
