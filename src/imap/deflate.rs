//! Raw DEFLATE in both directions of a connection (RFC 1951, RFC 4978).
//!
//! Promises that the other end can at once read everything given to [`Deflate::write_all`], and that what arrives is inflated into the
//! caller's buffer and nowhere else: however well something is compressed, it takes no more memory. Damage is an error, and so is
//! compression that ends before the connection does. `wire/compression` decides when to compress.

use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};
use std::io::{self, Read, Write};

/// Octets that are read from a connection at once.
const ARRIVING: usize = 64 * 1024;
/// Octets that are compressed at once.
const PIECE: usize = 32 * 1024;
/// flate2's engine forgets to flush when it finds too little room for a block (85,196 octets): there is always enough.
const LEAVING: usize = 128 * 1024;

/// The state of both directions.
pub(super) struct Deflate {
    inflater: Decompress,
    deflater: Compress,
    /// What has arrived; from `start` to `end` it is not inflated yet.
    arriving: Vec<u8>,
    start: usize,
    end: usize,
    /// Whether the inflater may hold more than there was room for.
    is_full: bool,
    /// Why nothing more can be inflated.
    over: Option<&'static str>,
    leaving: Box<[u8]>,
}

impl Deflate {
    /// Begins with octets that have arrived already.
    pub(super) fn new(arrived: &[u8]) -> Self {
        let mut arriving = arrived.to_vec();
        arriving.resize(arrived.len().max(ARRIVING), 0);
        Self {
            inflater: Decompress::new(false),
            deflater: Compress::new(Compression::fast(), false),
            arriving,
            start: 0,
            end: arrived.len(),
            is_full: false,
            over: None,
            leaving: vec![0; LEAVING].into_boxed_slice(),
        }
    }

    /// Reads and inflates; waits until there is something. 0 only at the end of the connection.
    pub(super) fn read(&mut self, stream: &mut impl Read, room: &mut [u8]) -> io::Result<usize> {
        loop {
            let inflated = self.inflate(room)?;
            if inflated > 0 || room.is_empty() {
                return Ok(inflated);
            }
            (self.start, self.end) = (0, 0);
            self.end = stream.read(&mut self.arriving)?;
            if self.end == 0 {
                return Ok(0);
            }
        }
    }

    /// Inflates what has arrived, without waiting. 0 if there is nothing.
    pub(super) fn inflate(&mut self, room: &mut [u8]) -> io::Result<usize> {
        if let Some(why) = self.over {
            return Err(io::Error::new(io::ErrorKind::InvalidData, why));
        }
        while !room.is_empty() && (self.start < self.end || self.is_full) {
            let (used, inflated) = (self.inflater.total_in(), self.inflater.total_out());
            let arrived = &self.arriving[self.start..self.end];
            let status = self.inflater.decompress(arrived, room, FlushDecompress::None);
            let used = (self.inflater.total_in() - used) as usize;
            let inflated = (self.inflater.total_out() - inflated) as usize;
            self.start += used;
            self.is_full = inflated == room.len();
            self.over = match status {
                Ok(Status::StreamEnd) => Some("the server ended the compression and not the connection"),
                Ok(_) if used + inflated > 0 || self.start == self.end => None,
                Ok(_) | Err(_) => Some("what the server compressed is damaged"),
            };
            if inflated > 0 {
                return Ok(inflated);
            }
            if self.over.is_some() {
                return self.inflate(room);
            }
        }
        Ok(0)
    }

    /// Compresses and sends everything, flushed so that the other end can read all of it.
    pub(super) fn write_all(&mut self, stream: &mut impl Write, octets: &[u8]) -> io::Result<()> {
        for piece in octets.chunks(PIECE) {
            let (used, deflated) = (self.deflater.total_in(), self.deflater.total_out());
            self.deflater.compress(piece, &mut self.leaving, FlushCompress::Sync).map_err(io::Error::other)?;
            let used = (self.deflater.total_in() - used) as usize;
            let deflated = (self.deflater.total_out() - deflated) as usize;
            // Without room left there may be more to send.
            if used < piece.len() || deflated == self.leaving.len() {
                return Err(io::Error::other("what was to be sent could not be compressed"));
            }
            stream.write_all(&self.leaving[..deflated])?;
        }
        stream.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A connection from which at most this many octets come at once.
    struct Arriving<'a>(&'a [u8], usize);

    impl Read for Arriving<'_> {
        fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
            let length = self.1.min(room.len());
            self.0.read(&mut room[..length])
        }
    }

    fn deflated(octets: &[u8]) -> Vec<u8> {
        let mut stream = Vec::new();
        Deflate::new(&[]).write_all(&mut stream, octets).unwrap();
        stream
    }

    /// Everything that can be read into buffers of that size, and the error that ended it.
    fn read_all(stream: &mut impl Read, room: usize) -> (Vec<u8>, Option<io::Error>) {
        let (mut deflate, mut read, mut room) = (Deflate::new(&[]), Vec::new(), vec![0; room]);
        loop {
            match deflate.read(stream, &mut room) {
                Ok(0) => return (read, None),
                Ok(octets) => read.extend_from_slice(&room[..octets]),
                Err(error) => return (read, Some(error)),
            }
        }
    }

    fn mixed(octets: usize) -> Vec<u8> {
        let mut random = fastrand::Rng::with_seed(7);
        let mut mixed = Vec::new();
        while mixed.len() < octets {
            mixed.extend((0..random.usize(..50_000)).map(|_| random.u8(..)));
            mixed.extend(std::iter::repeat_n(random.u8(..), random.usize(..50_000)));
            mixed.extend(b"The same words again and again. ".repeat(random.usize(..1000)));
        }
        mixed
    }

    #[test]
    fn what_is_sent_is_what_arrives_however_it_is_cut() {
        let octets = mixed(300_000);
        let stream = deflated(&octets);
        assert!(stream.len() < octets.len());
        for (at_once, room) in [(1, 64 * 1024), (usize::MAX, 1), (usize::MAX, 64 * 1024), (1000, 1000), (77, 40_000)] {
            let (read, error) = read_all(&mut Arriving(&stream, at_once), room);
            assert!(error.is_none() && read == octets, "{at_once} {room}");
        }
    }

    #[test]
    fn every_write_can_be_read_at_once_and_whole() {
        let (mut sender, mut receiver) = (Deflate::new(&[]), Deflate::new(&[]));
        let octets = mixed(2_000_000);
        let mut room = vec![0; 64 * 1024];
        let sizes = [1, 2, 100, 31_000, 32_768, 65_536, 85_196, 85_197, 131_072, 300_000];
        let mut start = 0;
        for size in sizes.into_iter().cycle() {
            let piece = &octets[start..(start + size).min(octets.len())];
            start += piece.len();
            let mut stream = Vec::new();
            sender.write_all(&mut stream, piece).unwrap();
            let (mut arriving, mut read) = (&stream[..], Vec::new());
            while read.len() < piece.len() {
                let length = receiver.read(&mut arriving, &mut room).unwrap();
                assert!(length > 0, "{} of {} octets", read.len(), piece.len());
                read.extend_from_slice(&room[..length]);
            }
            assert!(read == piece && receiver.inflate(&mut room).unwrap() == 0);
            if start == octets.len() {
                break;
            }
        }
    }

    #[test]
    fn what_has_arrived_is_inflated_without_waiting_until_nothing_is_left() {
        let stream = deflated(b"* 1 EXISTS\r\n* 2 EXISTS\r\n");
        let mut deflate = Deflate::new(&stream);
        let mut room = [0; 12];
        assert_eq!((deflate.inflate(&mut room).unwrap(), &room[..10]), (12, &b"* 1 EXISTS"[..]));
        assert_eq!((deflate.inflate(&mut room).unwrap(), &room[..10]), (12, &b"* 2 EXISTS"[..]));
        // What is left is the mark of the flush: it is nothing to read.
        assert_eq!(deflate.inflate(&mut room).unwrap(), 0);
        assert_eq!(deflate.read(&mut io::empty(), &mut room).unwrap(), 0);
    }

    #[test]
    fn damage_is_an_error_and_stays_one() {
        let octets = mixed(100_000);
        let stream = deflated(&octets);
        for place in (0..stream.len()).step_by(stream.len() / 50) {
            let mut stream = stream.clone();
            stream[place] ^= 0x55;
            let (read, error) = read_all(&mut &stream[..], 4096);
            assert!(error.is_none_or(|error| error.kind() == io::ErrorKind::InvalidData));
            assert!(read != octets);
        }
        let mut deflate = Deflate::new(b"\xff\xff");
        for _ in 0..3 {
            let error = deflate.read(&mut io::empty(), &mut [0; 1000]).unwrap_err();
            assert!(error.to_string().contains("damaged"));
        }
    }

    #[test]
    fn the_end_of_the_compression_is_an_error_after_what_came_before_it() {
        let mut stream = Vec::with_capacity(100);
        let mut deflater = Compress::new(Compression::fast(), false);
        deflater.compress_vec(b"* BYE\r\n", &mut stream, FlushCompress::Finish).unwrap();
        for rest in [&b""[..], b"* more\r\n"] {
            let whole = [&stream[..], rest].concat();
            let (read, error) = read_all(&mut &whole[..], 4096);
            assert_eq!(read, b"* BYE\r\n");
            assert!(error.unwrap().to_string().contains("ended the compression"));
        }
    }

    #[test]
    fn a_connection_that_ends_in_the_middle_has_ended() {
        let octets = mixed(50_000);
        let stream = deflated(&octets);
        let (read, error) = read_all(&mut &stream[..stream.len() / 2], 4096);
        assert!(error.is_none() && read.len() < octets.len() && octets.starts_with(&read));
    }
}
