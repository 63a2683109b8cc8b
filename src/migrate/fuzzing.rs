//! Fuzzing entry points for the comparison of messages; see [`crate::fuzz`].

use crate::migrate::content::comparison::{Comparison, Summariser, Summary};
use crate::migrate::content::reading::Measure;

/// The summary of a message does not depend on how it is cut into chunks, and different line endings do not make different content.
pub fn contents(bytes: &[u8]) {
    let whole = summary(bytes, bytes.len().max(1));
    for size in [1, 2, 7] {
        assert_eq!(summary(bytes, size), whole);
    }
    assert_eq!(whole.compare(&whole), Comparison::Equal);
    let line_feeds = String::from_utf8_lossy(bytes).replace("\r\n", "\n").replace('\r', "\n");
    if std::str::from_utf8(bytes).is_ok() {
        assert!(whole.compare(&summary(line_feeds.as_bytes(), 3)) <= Comparison::LineEnds);
    }
    let traced = [b"X-Trace: t\r\n", bytes].concat();
    assert_ne!(whole.compare(&summary(&traced, 64)), Comparison::Equal);
}

fn summary(bytes: &[u8], size: usize) -> Summary {
    let mut summariser = Summariser::default();
    bytes.chunks(size).for_each(|chunk| summariser.update(chunk));
    summariser.finish()
}
