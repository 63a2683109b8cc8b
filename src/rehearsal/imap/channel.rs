//! One connection's bytes: buffered both ways, encrypted and compressed at the client's request, disturbed at a test's.
//!
//! Answers are gathered and sent when the server must wait for the next command, so that pipelined commands cost one write.

use super::super::certificate::{ServerCertificate, TlsStream};
use super::super::faults::{Action, Moment};
use super::shared::Presence;
use flate2::write::DeflateDecoder;
use flate2::{Compress, Compression, FlushCompress};
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};

/// Gathered bytes are sent at this number at the latest.
const GATHERED: usize = 64 * 1024;

enum Stream {
    Plain(TcpStream),
    Tls(Box<TlsStream>),
}

impl Stream {
    fn tcp(&self) -> &TcpStream {
        match self {
            Stream::Plain(tcp) => tcp,
            Stream::Tls(tls) => &tls.sock,
        }
    }

    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        match self {
            Stream::Plain(tcp) => tcp.read(bytes),
            Stream::Tls(tls) => tls.read(bytes),
        }
    }

    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Stream::Plain(tcp) => tcp.write_all(bytes),
            Stream::Tls(tls) => {
                tls.write_all(bytes)?;
                tls.flush()
            }
        }
    }
}

struct Deflate {
    inward: DeflateDecoder<Vec<u8>>,
    outward: Compress,
}

/// A connection.
pub(super) struct Channel {
    stream: Option<Stream>,
    presence: Presence,
    /// Bytes read; those before `used` are used up.
    input: Vec<u8>,
    used: usize,
    output: Vec<u8>,
    deflate: Option<Box<Deflate>>,
    trickling: bool,
    /// Nobody hears the answers any more.
    is_mute: bool,
}

impl Channel {
    pub(super) fn new(tcp: TcpStream, presence: Presence) -> Self {
        Self {
            stream: Some(Stream::Plain(tcp)),
            presence,
            input: Vec::new(),
            used: 0,
            output: Vec::with_capacity(GATHERED),
            deflate: None,
            trickling: false,
            is_mute: false,
        }
    }

    pub(super) fn presence(&mut self) -> &mut Presence {
        &mut self.presence
    }

    pub(super) fn is_encrypted(&self) -> bool {
        matches!(self.stream, Some(Stream::Tls(_)))
    }

    pub(super) fn is_compressed(&self) -> bool {
        self.deflate.is_some()
    }

    /// Encrypts from here on. Discards what the client sent in clear before (RFC 9051, section 6.2.1).
    pub(super) fn encrypt(&mut self, certificate: &ServerCertificate) -> io::Result<()> {
        self.flush()?;
        self.forget_input();
        let Some(Stream::Plain(tcp)) = self.stream.take() else { return Err(gone()) };
        let tls = certificate.accept(tcp)?;
        self.stream = Some(Stream::Tls(Box::new(tls)));
        Ok(())
    }

    /// Compresses from here on (RFC 4978).
    pub(super) fn compress(&mut self) -> io::Result<()> {
        self.flush()?;
        let rest = self.input.split_off(self.used);
        self.forget_input();
        let inward = DeflateDecoder::new(Vec::new());
        let outward = Compress::new(Compression::fast(), false);
        let deflate = Deflate { inward, outward };
        self.deflate = Some(Box::new(deflate));
        self.take_in(&rest)
    }

    fn forget_input(&mut self) {
        self.input.clear();
        self.used = 0;
    }

    /// Adds bytes to those gathered.
    pub(super) fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.output.extend_from_slice(bytes);
        if self.output.len() >= GATHERED { self.flush() } else { Ok(()) }
    }

    /// Sends the gathered bytes; a disturbance may interrupt.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        if self.output.is_empty() {
            return Ok(());
        }
        match self.presence.ask(Moment::Sending { bytes: self.output.len() }) {
            Action::LoseAnswers => {
                self.output.clear();
                self.disturb(Action::LoseAnswers)
            }
            Action::Cut => {
                self.output.truncate(self.output.len() / 2);
                self.send()?;
                Err(self.cut())
            }
            Action::Answer(_) | Action::Proceed => self.send(),
            Action::Inject(mut bytes) => {
                bytes.append(&mut self.output);
                self.output = bytes;
                self.send()
            }
            action => {
                self.disturb(action)?;
                self.send()
            }
        }
    }

    /// Carries out what a hook wants at a step, except answers, which the session gives.
    pub(super) fn disturb(&mut self, action: Action) -> io::Result<()> {
        match action {
            Action::Proceed | Action::Answer(_) => Ok(()),
            Action::Cut => {
                self.send()?;
                Err(self.cut())
            }
            Action::LoseAnswers => {
                self.send()?;
                self.is_mute = true;
                let stream = self.stream.as_ref().ok_or_else(gone)?;
                stream.tcp().shutdown(Shutdown::Write)
            }
            Action::Bye(text) => {
                self.output.extend_from_slice(format!("* BYE {text}\r\n").as_bytes());
                self.send()?;
                Err(self.cut())
            }
            Action::Delay(duration) => {
                self.send()?;
                self.presence.wait(duration)
            }
            Action::Inject(bytes) => {
                self.output.extend_from_slice(&bytes);
                Ok(())
            }
            Action::Trickle => {
                self.trickling = true;
                Ok(())
            }
            Action::Silence => {
                let mut nothing = vec![0; 4096];
                let stream = self.stream.as_mut().ok_or_else(gone)?;
                while stream.read(&mut nothing)? > 0 {}
                Err(gone())
            }
        }
    }

    /// Asks the hook at a step and carries out its action; returns the answer, if that is the action.
    pub(super) fn step(&mut self, moment: Moment<'_>) -> io::Result<Option<String>> {
        match self.presence.ask(moment) {
            Action::Proceed => Ok(None),
            Action::Answer(answer) => Ok(Some(answer)),
            action => self.disturb(action).map(|()| None),
        }
    }

    fn cut(&mut self) -> io::Error {
        if let Some(stream) = &self.stream {
            let _ = stream.tcp().shutdown(Shutdown::Both);
        }
        gone()
    }

    fn send(&mut self) -> io::Result<()> {
        if self.is_mute {
            self.output.clear();
            return Ok(());
        }
        let stream = self.stream.as_mut().ok_or_else(gone)?;
        let packed = match &mut self.deflate {
            Some(deflate) => pack(&mut deflate.outward, &self.output)?,
            None => std::mem::take(&mut self.output),
        };
        if self.trickling {
            packed.chunks(1).try_for_each(|byte| stream.write_all(byte))?;
        } else {
            stream.write_all(&packed)?;
        }
        if self.deflate.is_none() {
            // Reuses the buffer's memory.
            self.output = packed;
        }
        self.output.clear();
        Ok(())
    }

    /// Unused input, never empty. Sends the gathered bytes before it waits. The end of the connection is an error.
    fn fill(&mut self) -> io::Result<&[u8]> {
        while self.used == self.input.len() {
            self.forget_input();
            self.flush()?;
            let mut read = [0; 16 * 1024];
            let length = self.stream.as_mut().ok_or_else(gone)?.read(&mut read)?;
            if length == 0 {
                return Err(gone());
            }
            self.take_in(&read[..length])?;
        }
        Ok(&self.input[self.used..])
    }

    fn take_in(&mut self, bytes: &[u8]) -> io::Result<()> {
        match &mut self.deflate {
            Some(deflate) => {
                deflate.inward.write_all(bytes)?;
                deflate.inward.flush()?;
                self.input.append(deflate.inward.get_mut());
                Ok(())
            }
            None => {
                self.input.extend_from_slice(bytes);
                Ok(())
            }
        }
    }

    /// Reads a line without its end. Skips one longer than `longest` and returns none.
    pub(super) fn read_line(&mut self, longest: usize) -> io::Result<Option<Vec<u8>>> {
        let mut line = Vec::new();
        let mut too_long = false;
        loop {
            let ready = self.fill()?;
            let end = ready.iter().position(|byte| *byte == b'\n');
            let taken = end.map_or(ready.len(), |end| end + 1);
            too_long |= line.len() + taken > longest + 2;
            if !too_long {
                line.extend_from_slice(&ready[..taken]);
            }
            self.used += taken;
            if end.is_some() {
                break;
            }
        }
        while line.last().is_some_and(|byte| matches!(byte, b'\r' | b'\n')) {
            line.pop();
        }
        Ok((!too_long).then_some(line))
    }

    /// Reads exactly this many bytes, and keeps only the first `kept`.
    pub(super) fn read_bytes(&mut self, bytes: u64, kept: u64) -> io::Result<Vec<u8>> {
        let mut read = Vec::with_capacity(bytes.min(kept).min(1 << 20) as usize);
        let mut left = bytes;
        while left > 0 {
            let ready = self.fill()?;
            let length = (ready.len() as u64).min(left) as usize;
            let wanted = (kept - (read.len() as u64).min(kept)).min(length as u64) as usize;
            read.extend_from_slice(&ready[..wanted]);
            self.used += length;
            left -= length as u64;
        }
        Ok(read)
    }
}

fn gone() -> io::Error {
    io::ErrorKind::UnexpectedEof.into()
}

/// Compresses everything and flushes, so that the client can read all of it.
fn pack(deflate: &mut Compress, bytes: &[u8]) -> io::Result<Vec<u8>> {
    // flate2's engine forgets to flush when it has too little room for a block (85,196 bytes); this is always enough.
    let mut packed = Vec::with_capacity(bytes.len() + bytes.len() / 8 + 128 * 1024);
    let before = deflate.total_in();
    deflate.compress_vec(bytes, &mut packed, FlushCompress::Sync).map_err(io::Error::other)?;
    let is_whole = deflate.total_in() - before == bytes.len() as u64;
    if is_whole { Ok(packed) } else { Err(io::Error::other("the answer could not be compressed")) }
}
