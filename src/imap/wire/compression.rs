//! When a connection is compressed: COMPRESS=DEFLATE (RFC 4978), on connections to servers that are far away.
//!
//! Never before the sign-in: the length of compressed text reveals something of its content even through encryption (CRIME), so no password
//! or token is ever compressed. After the sign-in only messages travel, once each way, and nobody can have one sent again beside a guess.

use super::super::command::ReadOnly;
use super::super::error::ImapError;
use super::Wire;
use std::time::{Duration, Instant};

/// A server is far when a round trip takes at least this long. Compressing and inflating take 10 to 15 ms of processor time for each
/// megabyte, so they pay below some 500 Mbit/s. Networks within a building or data centre answer within 3 ms and are faster than that;
/// networks across a country, and subscribers' connections, take 10 ms or more and hardly ever are.
const FAR: Duration = Duration::from_millis(10);

impl Wire {
    /// Whether to ask for compression now: the server offers it, somebody has signed in, and the server is far. Answers yes only once.
    ///
    /// No command may be unanswered, because finding out may take a command of its own.
    pub(in crate::imap) fn compression_is_due(&mut self) -> Result<bool, ImapError> {
        let Some(sign_in) = self.signed_in_within.take() else { return Ok(false) };
        if !self.capabilities.has("COMPRESS=DEFLATE") {
            return Ok(false);
        }
        let round_trip = self.round_trip(sign_in)?;
        log::debug!(target: "imap", "a round trip takes {} ms at most", round_trip.as_millis());
        Ok(round_trip >= FAR)
    }

    /// Compresses the connection if that is due. A refusal does no harm: the connection stays as it is.
    pub(in crate::imap) fn compress_if_far(&mut self) -> Result<(), ImapError> {
        if self.compression_is_due()? {
            let tag = self.ask_to_compress()?;
            self.finish(tag, &mut |_| {})?;
        }
        Ok(())
    }

    /// Whether the server is known to be far.
    pub(in crate::imap) fn is_far(&self) -> bool {
        self.learned.shortest_round_trip().is_some_and(|shortest| shortest >= FAR)
    }

    /// The longest that a round trip to the server can take.
    fn round_trip(&mut self, sign_in: Duration) -> Result<Duration, ImapError> {
        // A slow sign-in says nothing: the server may be slow at checking passwords.
        if sign_in < FAR {
            self.learned.note_round_trip(sign_in);
        }
        if let Some(shortest) = self.learned.shortest_round_trip() {
            return Ok(shortest);
        }
        let asked = Instant::now();
        self.run(&ReadOnly::Noop.command(), &mut |_| {})?;
        let took = asked.elapsed();
        self.learned.note_round_trip(took);
        Ok(took)
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::capabilities::Capabilities;
    use super::super::super::deflate::Deflate;
    use super::super::super::list;
    use super::super::super::transport::Transport;
    use super::super::{Answer, NoLiterals};
    use super::*;
    use crate::network::Stream;
    use std::io::{BufRead, BufReader, Write};
    use std::net::{TcpListener, TcpStream};
    use std::thread::JoinHandle;

    /// The server's end of a connection.
    struct Server {
        reader: BufReader<TcpStream>,
        commands: Vec<String>,
    }

    impl Server {
        /// Reads a command in clear and answers; `K` is replaced by its tag.
        fn answer(&mut self, after: Duration, answer: &[u8]) {
            let mut line = String::new();
            self.reader.read_line(&mut line).unwrap();
            let (tag, command) = line.trim_end().split_once(' ').unwrap();
            self.commands.push(command.to_owned());
            std::thread::sleep(after);
            let octets = [tag.as_bytes(), b" ", answer].concat();
            self.reader.get_mut().write_all(&octets).unwrap();
        }

        fn say(&mut self, octets: &[u8]) {
            self.reader.get_mut().write_all(octets).unwrap();
        }
    }

    /// A connection to a server that behaves as wanted; the thread returns the commands it got.
    fn connection(behave: impl FnOnce(&mut Server) + Send + 'static) -> (Wire, JoinHandle<Vec<String>>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let near = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        near.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        let server = std::thread::spawn(move || {
            let mut server = Server { reader: BufReader::new(listener.accept().unwrap().0), commands: Vec::new() };
            behave(&mut server);
            server.commands
        });
        let mut wire = Wire::new(Transport::new(Stream::plain(near)));
        wire.capabilities = Capabilities::parse("IMAP4rev1 COMPRESS=DEFLATE");
        (wire, server)
    }

    fn deflated(octets: &[u8]) -> Vec<u8> {
        let mut line = Vec::new();
        Deflate::new(&[]).write_all(&mut line, octets).unwrap();
        line
    }

    const FAR_AWAY: Duration = Duration::from_millis(15);
    const NO_TIME: Duration = Duration::ZERO;

    #[test]
    fn a_connection_to_a_near_server_is_left_as_it_is_whatever_the_sign_in_took() {
        let commands = |known: Option<u64>, sign_in| {
            let (mut wire, server) = connection(|server| {
                let mut line = String::new();
                while server.reader.read_line(&mut line).unwrap() > 0 {
                    let (tag, command) = line.trim_end().split_once(' ').unwrap();
                    server.commands.push(command.to_owned());
                    let answer = format!("{tag} OK done\r\n");
                    server.say(answer.as_bytes());
                    line.clear();
                }
            });
            known.into_iter().for_each(|ms| wire.learned.note_round_trip(Duration::from_millis(ms)));
            wire.signed_in_within = Some(Duration::from_millis(sign_in));
            wire.compress_if_far().unwrap();
            drop(wire);
            server.join().unwrap()
        };
        for (known, sign_in) in [(Some(1), 300), (None, 2), (Some(40), 2)] {
            assert_eq!(commands(known, sign_in), [""; 0]);
        }
        // On a busy machine the one question may take long, but not each time.
        assert!((0..20).any(|_| commands(None, 300) == ["NOOP"]));
    }

    #[test]
    fn a_connection_to_a_far_server_is_compressed_and_what_follows_the_answer_at_once_is_understood() {
        for (known, asks) in [(Some(50), false), (None, true)] {
            let (mut wire, server) = connection(move |server| {
                if asks {
                    server.answer(FAR_AWAY, b"OK done\r\n");
                }
                let behind = [b"OK now\r\n", &deflated(b"* 3 EXISTS\r\n* 1 RECENT\r\n")[..]].concat();
                server.answer(NO_TIME, &behind);
                let mut room = [0; 100];
                let mut deflate = Deflate::new(&[]);
                let read = deflate.read(&mut server.reader, &mut room).unwrap();
                server.commands.push(String::from_utf8_lossy(&room[..read]).into_owned());
            });
            known.into_iter().for_each(|ms| wire.learned.note_round_trip(Duration::from_millis(ms)));
            wire.signed_in_within = Some(Duration::from_millis(60));
            wire.compress_if_far().unwrap();
            for _ in 0..2 {
                assert!(matches!(wire.next_answer(&mut NoLiterals), Ok(Answer::Untagged(_))));
            }
            wire.send(&ReadOnly::Noop.command()).unwrap();
            wire.flush().unwrap();
            let commands = server.join().unwrap();
            assert_eq!(commands.first().is_some_and(|first| first == "NOOP"), asks);
            assert_eq!(commands[commands.len() - 2], "COMPRESS DEFLATE");
            assert!(commands.last().unwrap().ends_with(" NOOP\r\n"), "{commands:?}");
        }
    }

    #[test]
    fn nobody_is_asked_before_the_sign_in_and_nobody_twice() {
        let (mut wire, server) = connection(|server| {
            server.answer(NO_TIME, b"OK done\r\n");
            server.answer(NO_TIME, b"NO not now\r\n");
            server.answer(NO_TIME, b"OK done\r\n");
        });
        wire.learned.note_round_trip(FAR_AWAY);
        wire.compress_if_far().unwrap();
        wire.run_ok(&ReadOnly::Capability.command(), &mut |_| {}).unwrap();
        wire.signed_in_within = Some(FAR_AWAY);
        wire.compress_if_far().unwrap();
        wire.compress_if_far().unwrap();
        wire.run_ok(&ReadOnly::Noop.command(), &mut |_| {}).unwrap();
        assert_eq!(server.join().unwrap(), ["CAPABILITY", "COMPRESS DEFLATE", "NOOP"]);
    }

    #[test]
    fn it_is_asked_behind_the_folders_and_counts_from_its_own_answer_on() {
        let (mut wire, server) = connection(|server| {
            server.answer(FAR_AWAY, b"OK done\r\n");
            let mut tags = Vec::new();
            while tags.len() < 3 {
                let mut line = String::new();
                server.reader.read_line(&mut line).unwrap();
                let (tag, command) = line.trim_end().split_once(' ').unwrap();
                tags.push(tag.to_owned());
                server.commands.push(command.to_owned());
            }
            let [list, lsub, compress] = &tags[..] else { panic!("{tags:?}") };
            server.say(format!("* LIST () \"/\" a\r\n{list} OK\r\n{compress} OK\r\n").as_bytes());
            server.say(&deflated(format!("* LSUB () \"/\" a\r\n{lsub} OK\r\n").as_bytes()));
        });
        wire.signed_in_within = Some(FAR_AWAY);
        let (listing, _) = list::list(&mut wire, false).unwrap();
        assert!(listing.folders.len() == 1 && listing.folders[0].subscribed, "{listing:?}");
        assert_eq!(server.join().unwrap(), ["NOOP", "LIST \"\" \"*\"", "LSUB \"\" \"*\"", "COMPRESS DEFLATE"]);
    }

    #[test]
    fn a_server_that_refuses_continues_in_clear() {
        for refusal in ["NO [COMPRESSIONACTIVE] not again\r\n", "BAD what?\r\n"] {
            let (mut wire, server) = connection(move |server| {
                server.answer(NO_TIME, refusal.as_bytes());
                server.answer(NO_TIME, b"OK done\r\n");
            });
            wire.learned.note_round_trip(FAR_AWAY);
            wire.signed_in_within = Some(FAR_AWAY);
            wire.compress_if_far().unwrap();
            wire.run_ok(&ReadOnly::Noop.command(), &mut |_| {}).unwrap();
            assert_eq!(server.join().unwrap(), ["COMPRESS DEFLATE", "NOOP"]);
        }
    }

    #[test]
    fn a_server_that_does_not_offer_it_is_not_asked() {
        let (mut wire, server) = connection(|server| server.answer(NO_TIME, b"OK done\r\n"));
        wire.capabilities = Capabilities::parse("IMAP4rev1");
        wire.learned.note_round_trip(FAR_AWAY);
        wire.signed_in_within = Some(FAR_AWAY);
        wire.compress_if_far().unwrap();
        wire.run_ok(&ReadOnly::Noop.command(), &mut |_| {}).unwrap();
        assert_eq!(server.join().unwrap(), ["NOOP"]);
    }

    /// A compressed connection to a server that sends these octets after its OK, and then closes the connection or waits.
    fn compressed(said: Vec<u8>, closes: bool) -> Wire {
        let (mut wire, _) = connection(move |server| {
            server.answer(NO_TIME, b"OK now\r\n");
            server.say(&said);
            if !closes {
                let _ = server.reader.read_line(&mut String::new());
            }
        });
        wire.learned.note_round_trip(FAR_AWAY);
        wire.signed_in_within = Some(FAR_AWAY);
        wire.compress_if_far().unwrap();
        wire
    }

    #[test]
    fn what_is_no_compression_any_more_is_a_lost_connection_and_never_silence() {
        let mut ended = Vec::with_capacity(100);
        let mut deflater = flate2::Compress::new(flate2::Compression::fast(), false);
        deflater.compress_vec(b"* 1 EXISTS\r\n", &mut ended, flate2::FlushCompress::Finish).unwrap();
        let whole = deflated(b"* 1 EXISTS\r\n");
        for (said, before) in [
            (b"* 1 EXISTS\r\n".repeat(9), 0),
            (ended, 1),
            ([&whole[..], b"\xff\xff\xff"].concat(), 1),
            (whole[..whole.len() / 2].to_vec(), 0),
            (whole, 1),
        ] {
            let mut wire = compressed(said, true);
            let answers = std::iter::from_fn(|| wire.next_answer(&mut NoLiterals).ok()).count();
            assert_eq!(answers, before);
            let error = wire.next_answer(&mut NoLiterals).unwrap_err();
            assert_eq!(error.kind(), crate::domain::ProblemKind::ConnectionLost, "{error:?}");
        }
    }

    #[test]
    fn what_waits_in_the_compression_has_arrived() {
        // More than the read buffer holds, in far fewer octets.
        let lines = b"* 1 EXISTS\r\n".repeat(20_000);
        let mut wire = compressed(deflated(&lines), false);
        for number in 1..=20_000 {
            assert!(matches!(wire.next_answer(&mut NoLiterals), Ok(Answer::Untagged(_))));
            // All of it came at once.
            assert_eq!(wire.has_arrived().unwrap(), number < 20_000);
        }
    }

    #[test]
    fn a_line_that_inflates_without_end_is_kept_as_far_as_any_other() {
        let zeros = vec![0; 1 << 20];
        // Each block is complete in itself, so that it can be sent again and again.
        let mut block = vec![0; 256 * 1024];
        let mut deflater = flate2::Compress::new(flate2::Compression::fast(), false);
        deflater.compress(&zeros, &mut block, flate2::FlushCompress::Full).unwrap();
        block.truncate(deflater.total_out() as usize);
        let said = [&deflated(b"* 1 ")[..], &block.repeat(64), &deflated(b"\r\n* 2 EXISTS\r\n")].concat();
        assert!(said.len() < 1 << 20, "{}", said.len());
        let mut wire = compressed(said, false);
        let kept = |answer| match answer {
            Ok(Answer::Untagged(pieces)) => format!("{pieces:?}").len(),
            other => panic!("{other:?}"),
        };
        // A piece's zeros are shown as `0, `.
        let long = kept(wire.next_answer(&mut NoLiterals));
        assert!((200_000..2_000_000).contains(&long), "{long}");
        assert!(kept(wire.next_answer(&mut NoLiterals)) < 200);
    }
}
