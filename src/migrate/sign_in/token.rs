//! Tokens from a file, or from a command that the administrator gives.
//!
//! Promises that a command is started without a shell, that no address can become an option of it or a path elsewhere, that none of
//! this program's own passwords is in its environment, that it cannot hold a run up for long, and that nothing it writes is
//! logged or shown.

use crate::domain::Secret;
use crate::migrate::request::TokenSource;
use crate::migrate::sign_in::environment::typed_command;
use std::io::{self, Read};
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};
use zeroize::Zeroizing;

/// A command that has printed no token by then has failed.
const PATIENCE: Duration = Duration::from_secs(30);

/// At most this many bytes of a token are read.
const LONGEST: usize = 64 * 1024;

/// The placeholder for the address in a file's name.
const ADDRESS: &str = "{address}";

/// Obtains the token for an address. The error says why there is none.
pub fn obtain(source: &TokenSource, address: &str) -> Result<Secret, String> {
    match source {
        TokenSource::File(path) => from_file(path, address),
        TokenSource::Command(line) => from_command(line, address, PATIENCE),
    }
}

fn from_file(path: &Path, address: &str) -> Result<Secret, String> {
    let text = path.to_str().ok_or("the name of the token file is not valid UTF-8")?;
    if text.contains(ADDRESS) && address.contains(['/', '\\', ':', '\0']) {
        return Err("this address cannot be part of a file name".to_owned());
    }
    let path = text.replace(ADDRESS, address);
    let opened = std::fs::File::open(&path).and_then(|mut file| first_line(&mut file));
    token(&opened.map_err(|error| format!("the file {path} cannot be read: {error}"))?)
        .map_err(|what| format!("the first line of the file {path} {what}"))
}

fn from_command(line: &str, address: &str, patience: Duration) -> Result<Secret, String> {
    if address.starts_with('-') {
        return Err("a command would read this address as an option".to_owned());
    }
    let (program, mut command) = typed_command(line)?;
    command.arg(address).stdout(Stdio::piped()).stderr(Stdio::null());
    log::debug!("asking the command {program} for a token of {address}");
    let mut child = command.spawn().map_err(|error| format!("the command {program} cannot be started: {error}"))?;
    let deadline = Instant::now() + patience;
    let output = read_ahead(&mut child).map_err(|error| format!("the command {program} cannot be read: {error}"))?;
    let too_slow = || format!("the command {program} took longer than {} seconds", patience.as_secs());
    let line = match output.recv_timeout(patience) {
        Ok(line) => line.map_err(|error| format!("the command {program} cannot be read: {error}"))?,
        Err(_) => {
            end(&mut child);
            return Err(too_slow());
        }
    };
    let status = loop {
        match child.try_wait() {
            Ok(Some(status)) => break status,
            Ok(None) if Instant::now() < deadline => std::thread::sleep(Duration::from_millis(10)),
            Ok(None) | Err(_) => {
                end(&mut child);
                return Err(too_slow());
            }
        }
    };
    if !status.success() {
        return Err(format!("the command {program} failed ({status})"));
    }
    token(&line).map_err(|what| format!("the first line of the output of the command {program} {what}"))
}

/// Reads the first line on a thread of its own, and on to the end, so that the command never blocks on its output.
///
/// Nothing waits for the thread: a process that the command has started may keep its output open.
fn read_ahead(child: &mut Child) -> io::Result<crossbeam_channel::Receiver<io::Result<Zeroizing<Vec<u8>>>>> {
    let mut output = child.stdout.take().ok_or(io::ErrorKind::BrokenPipe)?;
    let (sender, receiver) = crossbeam_channel::bounded(1);
    std::thread::Builder::new().name("token".to_owned()).spawn(move || {
        let _ = sender.send(first_line(&mut output));
        let _ = io::copy(&mut output, &mut io::sink());
    })?;
    Ok(receiver)
}

fn end(child: &mut Child) {
    let _ = child.kill();
    let _ = child.wait();
}

/// The first line without its line ending. The buffer is never enlarged, because growing would leave copies of the token in memory.
fn first_line(input: &mut impl Read) -> io::Result<Zeroizing<Vec<u8>>> {
    let mut line = Zeroizing::new(vec![0; LONGEST]);
    let mut length = 0;
    while length < LONGEST && !line[..length].contains(&b'\n') {
        match input.read(&mut line[length..])? {
            0 => break,
            read => length += read,
        }
    }
    let end = line[..length].iter().position(|byte| *byte == b'\n').unwrap_or(length);
    line.truncate(end);
    Ok(line)
}

/// Checks a line as a token. It must not contain anything that ends a field of a sign-in.
fn token(line: &[u8]) -> Result<Secret, &'static str> {
    let token = line.trim_ascii();
    if token.is_empty() {
        return Err("is empty");
    }
    match std::str::from_utf8(token) {
        Ok(text) if text.bytes().all(|byte| byte.is_ascii_graphic()) => Ok(Secret::new(text)),
        _ => Err("is not a token"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_named_after_the_address_and_never_lies_elsewhere() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("ann@example.com.token"), "ya29.x\r\nsecond\n").unwrap();
        let source = TokenSource::File(folder.path().join("{address}.token"));
        assert_eq!(obtain(&source, "ann@example.com"), Ok(Secret::new("ya29.x")));
        assert!(obtain(&source, "bob@example.com").unwrap_err().contains("bob@example.com.token cannot be read"));
        assert!(obtain(&source, "../../ann@example.com").unwrap_err().contains("cannot be part of a file name"));
    }

    #[test]
    fn of_what_never_ends_no_more_is_read_than_the_longest_token_has() {
        let mut endless = std::io::repeat(b'x');
        assert_eq!(first_line(&mut endless).unwrap().len(), LONGEST);
    }

    #[test]
    fn what_is_no_token_is_not_sent_and_not_repeated() {
        assert_eq!(token(b"  \t"), Err("is empty"));
        for bad in [&b"two words"[..], b"a\x01auth=Bearer b", b"\xff\xfe", "tök".as_bytes()] {
            assert_eq!(token(bad), Err("is not a token"));
        }
    }

    #[cfg(unix)]
    mod commands {
        use super::*;
        use std::os::unix::fs::PermissionsExt;

        fn script(folder: &Path, text: &str) -> String {
            let path = folder.join("give token");
            std::fs::write(&path, format!("#!/bin/sh\n{text}\n")).unwrap();
            std::fs::set_permissions(&path, PermissionsExt::from_mode(0o700)).unwrap();
            format!("'{}' --user", path.display())
        }

        #[test]
        fn a_command_gets_the_address_last_and_its_first_line_is_the_token() {
            let folder = tempfile::tempdir().unwrap();
            let line = script(folder.path(), "echo \"$1-$2\"; head -c 300000 /dev/zero");
            let address = "$(id)@example.com";
            assert_eq!(from_command(&line, address, PATIENCE), Ok(Secret::new("--user-$(id)@example.com")));
            assert!(from_command(&line, "-x@example.com", PATIENCE).unwrap_err().contains("option"));
        }

        #[test]
        fn a_command_that_fails_or_is_slow_gives_no_token() {
            let folder = tempfile::tempdir().unwrap();
            let failed = from_command(&script(folder.path(), "echo geheim; exit 3"), "a@b.example", PATIENCE);
            let words = failed.unwrap_err();
            assert!(words.contains("exit status: 3") && !words.contains("geheim"), "{words}");
            let started = Instant::now();
            let slow = script(folder.path(), "sleep 20 & sleep 20");
            let words = from_command(&slow, "a@b.example", Duration::from_millis(300)).unwrap_err();
            assert!(words.contains("took longer") && started.elapsed() < Duration::from_secs(10), "{words}");
            assert!(from_command("/no/such/program", "a@b.example", PATIENCE).unwrap_err().contains("started"));
        }
    }
}
