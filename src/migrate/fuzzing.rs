//! Entry points for fuzzing what compares messages; see [`crate::fuzz`].

use crate::migrate::content::{Comparison, Measure, Summariser, Summary};

/// The summary of a message does not depend on how it is cut into chunks, and other line ends are no other content.
pub fn contents(octets: &[u8]) {
    let whole = summary(octets, octets.len().max(1));
    for size in [1, 2, 7] {
        assert_eq!(summary(octets, size), whole);
    }
    assert_eq!(whole.compare(&whole), Comparison::Equal);
    let bare: Vec<u8> = octets.iter().copied().filter(|octet| *octet != b'\r').collect();
    assert_ne!(whole.compare(&summary(&bare, 3)), Comparison::Different);
    let traced = [b"X-Trace: t\r\n", octets].concat();
    let compared = whole.compare(&summary(&traced, 64));
    assert_ne!(compared, Comparison::Equal);
}

fn summary(octets: &[u8], size: usize) -> Summary {
    let mut summariser = Summariser::default();
    octets.chunks(size).for_each(|chunk| summariser.update(chunk));
    summariser.finish()
}
