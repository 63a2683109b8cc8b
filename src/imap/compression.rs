//! When a line is compressed: COMPRESS=DEFLATE (RFC 4978) on lines that are far.
//!
//! Never before the sign-in. How long something is when it is compressed tells of its content, also to whoever sees only the encrypted line
//! (CRIME); so a password or token is never among what is compressed. What follows are messages, which travel once each way, and nobody can
//! have one sent again with a guess beside it.

use super::command::ReadOnly;
use super::error::ImapError;
use super::wire::Wire;
use std::time::{Duration, Instant};

/// A line whose round trip takes as long is far. Compressing and inflating take 10 to 15 ms of a processor for each megabyte, so they pay below
/// some 500 Mbit/s. Ways through a building or a data centre take less than 3 ms and are faster than that; ways across a country or
/// a subscriber's line take 10 ms and more and hardly ever are.
const FAR: Duration = Duration::from_millis(10);

/// Whether to ask for compression now: the server offers it, somebody is signed in, the line is far. Says yes once. No command may be under
/// way, as one more may be needed to know.
pub(super) fn is_due(wire: &mut Wire) -> Result<bool, ImapError> {
    let Some(sign_in) = wire.signed_in_within.take() else { return Ok(false) };
    if !wire.capabilities.has("COMPRESS=DEFLATE") {
        return Ok(false);
    }
    let round_trip = round_trip(wire, sign_in)?;
    log::debug!(target: "imap", "a round trip takes {} ms at most", round_trip.as_millis());
    Ok(round_trip >= FAR)
}

/// Compresses the line if that is due. A refusal does no harm: the line stays as it is.
pub(super) fn compress_if_far(wire: &mut Wire) -> Result<(), ImapError> {
    if is_due(wire)? {
        let tag = wire.ask_to_compress()?;
        wire.finish(tag, &mut |_| {})?;
    }
    Ok(())
}

/// Whether the server is known to be far.
pub(super) fn is_far(wire: &Wire) -> bool {
    wire.distance.shortest().is_some_and(|shortest| shortest >= FAR)
}

/// How long the way to the server and back takes, at most.
fn round_trip(wire: &mut Wire, sign_in: Duration) -> Result<Duration, ImapError> {
    // A sign-in that takes long may only mean a server that thinks long about a password, and tells nothing.
    if sign_in < FAR {
        wire.distance.note(sign_in);
    }
    if let Some(shortest) = wire.distance.shortest() {
        return Ok(shortest);
    }
    let asked = Instant::now();
    wire.run(&ReadOnly::Noop.command(), &mut |_| {})?;
    let took = asked.elapsed();
    wire.distance.note(took);
    Ok(took)
}

#[cfg(test)]
mod tests {
    use super::super::capabilities::Capabilities;
    use super::super::deflate::Deflate;
    use super::super::transport::Transport;
    use super::super::wire::{Answer, NoLiterals};
    use super::*;
    use crate::network::Stream;
    use std::io::{BufRead, BufReader, Write};
    use std::net::{TcpListener, TcpStream};
    use std::thread::JoinHandle;

    /// The server's end of a line.
    struct Server {
        reader: BufReader<TcpStream>,
        commands: Vec<String>,
    }

    impl Server {
        /// Reads a command in clear and answers; `K` stands for its tag.
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

    /// A line to a server that behaves so; its commands are the thread's result.
    fn line(behave: impl FnOnce(&mut Server) + Send + 'static) -> (Wire, JoinHandle<Vec<String>>) {
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
    fn a_near_line_is_left_as_it_is_whatever_the_sign_in_took() {
        let commands = |connection: Option<u64>, sign_in| {
            let (mut wire, server) = line(|server| {
                let mut line = String::new();
                while server.reader.read_line(&mut line).unwrap() > 0 {
                    let (tag, command) = line.trim_end().split_once(' ').unwrap();
                    server.commands.push(command.to_owned());
                    let answer = format!("{tag} OK done\r\n");
                    server.say(answer.as_bytes());
                    line.clear();
                }
            });
            connection.into_iter().for_each(|ms| wire.distance.note(Duration::from_millis(ms)));
            wire.signed_in_within = Some(Duration::from_millis(sign_in));
            compress_if_far(&mut wire).unwrap();
            drop(wire);
            server.join().unwrap()
        };
        for (connection, sign_in) in [(Some(1), 300), (None, 2), (Some(40), 2)] {
            assert_eq!(commands(connection, sign_in), [""; 0]);
        }
        // On a busy machine the one question may take long, but not each time.
        assert!((0..20).any(|_| commands(None, 300) == ["NOOP"]));
    }

    #[test]
    fn a_far_line_is_compressed_and_what_follows_the_answer_at_once_is_understood() {
        for (connection, asks) in [(Some(50), false), (None, true)] {
            let (mut wire, server) = line(move |server| {
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
            connection.into_iter().for_each(|ms| wire.distance.note(Duration::from_millis(ms)));
            wire.signed_in_within = Some(Duration::from_millis(60));
            compress_if_far(&mut wire).unwrap();
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
        let (mut wire, server) = line(|server| {
            server.answer(NO_TIME, b"OK done\r\n");
            server.answer(NO_TIME, b"NO not now\r\n");
            server.answer(NO_TIME, b"OK done\r\n");
        });
        wire.distance.note(FAR_AWAY);
        compress_if_far(&mut wire).unwrap();
        wire.run_ok(&ReadOnly::Capability.command(), &mut |_| {}).unwrap();
        wire.signed_in_within = Some(FAR_AWAY);
        compress_if_far(&mut wire).unwrap();
        compress_if_far(&mut wire).unwrap();
        wire.run_ok(&ReadOnly::Noop.command(), &mut |_| {}).unwrap();
        assert_eq!(server.join().unwrap(), ["CAPABILITY", "COMPRESS DEFLATE", "NOOP"]);
    }

    #[test]
    fn it_is_asked_behind_the_folders_and_counts_from_its_own_answer_on() {
        let (mut wire, server) = line(|server| {
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
        let (listing, _) = super::super::list::list(&mut wire, false).unwrap();
        assert!(listing.folders.len() == 1 && listing.folders[0].subscribed, "{listing:?}");
        assert_eq!(server.join().unwrap(), ["NOOP", "LIST \"\" \"*\"", "LSUB \"\" \"*\"", "COMPRESS DEFLATE"]);
    }

    #[test]
    fn a_server_that_refuses_goes_on_in_clear() {
        for refusal in ["NO [COMPRESSIONACTIVE] not again\r\n", "BAD what?\r\n"] {
            let (mut wire, server) = line(move |server| {
                server.answer(NO_TIME, refusal.as_bytes());
                server.answer(NO_TIME, b"OK done\r\n");
            });
            wire.distance.note(FAR_AWAY);
            wire.signed_in_within = Some(FAR_AWAY);
            compress_if_far(&mut wire).unwrap();
            wire.run_ok(&ReadOnly::Noop.command(), &mut |_| {}).unwrap();
            assert_eq!(server.join().unwrap(), ["COMPRESS DEFLATE", "NOOP"]);
        }
    }

    #[test]
    fn a_server_that_does_not_offer_it_is_not_asked() {
        let (mut wire, server) = line(|server| server.answer(NO_TIME, b"OK done\r\n"));
        wire.capabilities = Capabilities::parse("IMAP4rev1");
        wire.distance.note(FAR_AWAY);
        wire.signed_in_within = Some(FAR_AWAY);
        compress_if_far(&mut wire).unwrap();
        wire.run_ok(&ReadOnly::Noop.command(), &mut |_| {}).unwrap();
        assert_eq!(server.join().unwrap(), ["NOOP"]);
    }

    /// A compressed line to a server that says these octets behind its OK, and then closes the line or waits.
    fn compressed(said: Vec<u8>, closes: bool) -> Wire {
        let (mut wire, _) = line(move |server| {
            server.answer(NO_TIME, b"OK now\r\n");
            server.say(&said);
            if !closes {
                let _ = server.reader.read_line(&mut String::new());
            }
        });
        wire.distance.note(FAR_AWAY);
        wire.signed_in_within = Some(FAR_AWAY);
        compress_if_far(&mut wire).unwrap();
        wire
    }

    #[test]
    fn what_is_no_compression_any_more_is_a_lost_line_and_never_silence() {
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
        // Each block stands for itself, so that it can be said again and again.
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
