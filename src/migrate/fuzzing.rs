//! Entry points for fuzzing what compares messages; see [`crate::fuzz`].

use crate::migrate::content::comparison::{Comparison, Summariser, Summary};
use crate::migrate::content::reading::Measure;

/// The summary of a message does not depend on how it is cut into chunks, and other line ends are no other
/// content.
pub fn contents(octets: &[u8]) {
    let whole = summary(octets, octets.len().max(1));
    for size in [1, 2, 7] {
        assert_eq!(summary(octets, size), whole);
    }
    assert_eq!(whole.compare(&whole), Comparison::Equal);
    let line_feeds = String::from_utf8_lossy(octets).replace("\r\n", "\n").replace('\r', "\n");
    if std::str::from_utf8(octets).is_ok() {
        assert!(whole.compare(&summary(line_feeds.as_bytes(), 3)) <= Comparison::LineEnds);
    }
    let traced = [b"X-Trace: t\r\n", octets].concat();
    assert_ne!(whole.compare(&summary(&traced, 64)), Comparison::Equal);
}

fn summary(octets: &[u8], size: usize) -> Summary {
    let mut summariser = Summariser::default();
    octets.chunks(size).for_each(|chunk| summariser.update(chunk));
    summariser.finish()
}
