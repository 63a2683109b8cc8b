//! A message's bytes: kept in memory, or generated from a seed at every read.

use crate::domain::Digest;
use std::io;
use std::ops::Range;
use std::sync::Arc;

/// A message's content. Cloning it copies no bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// Kept in memory.
    Bytes(Arc<[u8]>),
    /// Generated on demand: millions of messages, or one of gigabytes, take no memory.
    Generated(Generated),
    /// A message that the server lists with this size but can no longer read.
    Damaged(u64),
}

/// A generated message: the same seed and size give the same bytes, another seed gives others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Generated {
    seed: u64,
    size: u64,
}

/// A line of a generated body, with its CRLF.
const LINE: usize = 78;
/// Bytes generated at once; whole lines.
const BLOCK: usize = LINE * 840;
const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

impl Generated {
    /// A message of this many bytes, but at least its header (about 250).
    pub fn new(seed: u64, size: u64) -> Self {
        let least = header(seed).len() as u64 + 2;
        Self { seed, size: size.max(least) }
    }

    fn read(&self, range: Range<u64>, each: &mut dyn FnMut(&[u8]) -> io::Result<()>) -> io::Result<()> {
        let header = header(self.seed);
        let body_start = header.len() as u64;
        if range.start < body_start {
            let end = range.end.min(body_start);
            each(&header[range.start as usize..end as usize])?;
        }
        let mut position = range.start.max(body_start);
        let mut block = Vec::with_capacity(BLOCK);
        while position < range.end {
            let number = (position - body_start) / BLOCK as u64;
            let block_start = body_start + number * BLOCK as u64;
            let to = (range.end - block_start).min(BLOCK as u64) as usize;
            self.fill(number, to, &mut block);
            // The message ends with CRLF, wherever its last line is cut.
            for (back, byte) in [(2, b'\r'), (1, b'\n')] {
                let place = (self.size - back).checked_sub(block_start).and_then(|place| usize::try_from(place).ok());
                if let Some(place) = place.and_then(|place| block.get_mut(place)) {
                    *place = byte;
                }
            }
            let from = (position - block_start) as usize;
            each(&block[from..to])?;
            position = block_start + to as u64;
        }
        Ok(())
    }

    /// Generates the lines of a block that contain its first `bytes` bytes.
    fn fill(&self, number: u64, bytes: usize, block: &mut Vec<u8>) {
        block.clear();
        let mut random = fastrand::Rng::with_seed(self.seed ^ number.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        while block.len() < bytes {
            let mut left = LINE - 2;
            while left > 0 {
                let mut bits = random.u64(..);
                let letters = left.min(10);
                for _ in 0..letters {
                    block.push(LETTERS[(bits & 63) as usize]);
                    bits >>= 6;
                }
                left -= letters;
            }
            block.extend_from_slice(b"\r\n");
        }
    }
}

fn header(seed: u64) -> Vec<u8> {
    format!(
        "From: Generator <generator@example.com>\r\nTo: Reader <reader@example.com>\r\nSubject: Generated message {seed:016x}\r\n\
         Date: Mon, 1 Jan 2024 12:00:00 +0000\r\nMessage-ID: <{seed:016x}@generated.example.com>\r\nMIME-Version: 1.0\r\n\
         Content-Type: text/plain; charset=us-ascii\r\n\r\n"
    )
    .into_bytes()
}

impl Content {
    /// Keeps these bytes.
    pub fn bytes(bytes: impl Into<Arc<[u8]>>) -> Self {
        Content::Bytes(bytes.into())
    }

    /// Generates them from a seed; see [`Generated::new`].
    pub fn generated(seed: u64, size: u64) -> Self {
        Content::Generated(Generated::new(seed, size))
    }

    /// Its size in bytes.
    pub fn size(&self) -> u64 {
        match self {
            Content::Bytes(bytes) => bytes.len() as u64,
            Content::Generated(generated) => generated.size,
            Content::Damaged(size) => *size,
        }
    }

    /// Passes a range of it to `each` in chunks; ignores what lies beyond the end.
    pub fn read(&self, range: Range<u64>, each: &mut dyn FnMut(&[u8]) -> io::Result<()>) -> io::Result<()> {
        let end = range.end.min(self.size());
        let start = range.start.min(end);
        match self {
            Content::Bytes(bytes) => each(&bytes[start as usize..end as usize]),
            Content::Generated(generated) => generated.read(start..end, each),
            Content::Damaged(_) => Err(io::Error::other("the message is damaged")),
        }
    }

    /// All of its bytes.
    pub fn to_vec(&self) -> Vec<u8> {
        let mut all = Vec::new();
        let _ = self.read(0..self.size(), &mut |chunk| {
            all.extend_from_slice(chunk);
            Ok(())
        });
        all
    }

    /// The BLAKE3 digest of its bytes.
    pub fn digest(&self) -> Digest {
        let mut hasher = blake3::Hasher::new();
        let _ = self.read(0..self.size(), &mut |chunk| {
            hasher.update(chunk);
            Ok(())
        });
        Digest(*hasher.finalize().as_bytes())
    }

    /// The header with the blank line that ends it, up to the first 256 KiB.
    pub(in crate::rehearsal) fn header(&self) -> Vec<u8> {
        let mut start = Vec::new();
        let _ = self.read(0..256 * 1024, &mut |chunk| {
            start.extend_from_slice(chunk);
            Ok(())
        });
        if start.starts_with(b"\r\n") {
            start.truncate(2);
        } else if let Some(end) = start.windows(4).position(|window| window == b"\r\n\r\n") {
            start.truncate(end + 4);
        }
        start
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_generated_message_is_the_same_however_it_is_read() {
        let content = Content::generated(7, 200_000);
        let whole = content.to_vec();
        assert_eq!(whole.len(), 200_000);
        assert!(whole.ends_with(b"\r\n") && whole.iter().filter(|byte| **byte == b'\r').count() > 2000);
        assert_eq!(content.digest(), Digest::of(&whole));
        let mut parts = Vec::new();
        for start in (0..200_000).step_by(777) {
            let mut take = |chunk: &[u8]| {
                parts.extend_from_slice(chunk);
                Ok(())
            };
            content.read(start..start + 777, &mut take).unwrap();
        }
        assert!(parts == whole);
        assert_ne!(Content::generated(8, 200_000).digest(), content.digest());
    }

    #[test]
    fn a_generated_message_has_at_least_a_header() {
        let content = Content::generated(1, 0);
        assert!(content.size() > 200 && content.to_vec().ends_with(b"\r\n\r\n\r\n"));
        assert!(content.header().ends_with(b"us-ascii\r\n\r\n"));
    }
}
