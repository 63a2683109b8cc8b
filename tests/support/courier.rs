//! A real Courier IMAP server (5.0), unpacked beside the system because its Debian package cannot be installed beside the others.
//!
//! Courier's programs for listening and signing in have the system's folders compiled in. A small front takes their place: it greets,
//! checks the password, and hands the connection to Courier's `imapd`, which speaks from then on, as `couriertcpd` and `imaplogin` do.

use super::process::{ServerUser, free_port, server_folder, unpacked};
use super::wire_value::values;
use std::fs;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// As Debian sets it up.
const CAPABILITIES: &str =
    "IMAP4rev1 UIDPLUS CHILDREN NAMESPACE THREAD=ORDEREDSUBJECT THREAD=REFERENCES SORT QUOTA IDLE ACL ACL2=UNION";

/// A running Courier without TLS.
pub struct Courier {
    pub port: u16,
    ended: Arc<AtomicBool>,
    front: Arc<Front>,
}

struct Front {
    user: ServerUser,
    folder: tempfile::TempDir,
}

impl Courier {
    pub fn start() -> Self {
        let folder = server_folder("courier");
        let user = ServerUser::find();
        unpacked("courier", folder.path());
        fs::create_dir(folder.path().join("mail")).unwrap();
        fs::create_dir(folder.path().join("passwords")).unwrap();
        user.own(folder.path());
        let port = free_port();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).unwrap();
        let (ended, front) = (Arc::new(AtomicBool::new(false)), Arc::new(Front { user, folder }));
        let (until, serving) = (ended.clone(), front.clone());
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if until.load(Ordering::Relaxed) {
                    return;
                }
                let front = serving.clone();
                std::thread::spawn(move || front.serve(stream));
            }
        });
        Self { port, ended, front }
    }

    /// Adds an account with an empty mail store.
    pub fn add_user(&self, name: &str, password: &str) {
        let path = self.front.folder.path();
        fs::write(path.join("passwords").join(name), password).unwrap();
        let made = self.front.command("usr/bin/maildirmake.courier").arg(path.join("mail").join(name)).status();
        assert!(made.unwrap().success());
    }
}

impl Drop for Courier {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::Relaxed);
        let _ = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port));
        // Threads that still hold the folder end with the test program, too late to remove it.
        let _ = fs::remove_dir_all(self.front.folder.path());
    }
}

impl Front {
    /// Speaks until someone has signed in. An error only ends the connection.
    fn serve(&self, mut stream: TcpStream) {
        let _ = write!(stream, "* OK [CAPABILITY {CAPABILITIES}] Courier-IMAP ready.\r\n");
        while let Some(line) = read_line(&mut stream) {
            let words: Vec<String> = values(&line, &[]).iter().map(super::wire_value::Value::word).collect();
            let [tag, command, rest @ ..] = words.as_slice() else { return };
            let answer = match (command.to_uppercase().as_str(), rest) {
                ("CAPABILITY", _) => format!("* CAPABILITY {CAPABILITIES}\r\n{tag} OK done\r\n"),
                ("LOGOUT", _) => format!("* BYE\r\n{tag} OK done\r\n"),
                ("LOGIN", [user, password]) if self.knows(user, password) => return self.hand_over(stream, tag, user),
                ("LOGIN", _) => format!("{tag} NO Login failed.\r\n"),
                _ => format!("{tag} BAD\r\n"),
            };
            if stream.write_all(answer.as_bytes()).is_err() {
                return;
            }
        }
    }

    fn knows(&self, user: &str, password: &str) -> bool {
        fs::read_to_string(self.folder.path().join("passwords").join(user)).is_ok_and(|known| known == password)
    }

    fn hand_over(&self, stream: TcpStream, tag: &str, user: &str) {
        let maildir = self.folder.path().join("mail").join(user);
        let log = fs::File::options().create(true).append(true).open(self.folder.path().join("log")).unwrap();
        let settings = [
            ("AUTHENTICATED", user),
            ("IMAPLOGINTAG", tag),
            ("IMAP_CAPABILITY", CAPABILITIES),
            ("IMAP_KEYWORDS", "1"),
            ("IMAP_ACL", "1"),
            ("IMAP_EMPTYTRASH", ""),
            // Its locks wait for a file alteration monitor that does not run here.
            ("IMAP_USELOCKS", "0"),
            ("IMAP_ULIMITD", "131072"),
            ("PROTOCOL", "IMAP"),
            ("TCPREMOTEIP", "127.0.0.1"),
            ("TCPREMOTEPORT", "1"),
            ("TCPLOCALIP", "127.0.0.1"),
            ("TCPLOCALPORT", "143"),
        ];
        let spawned = self
            .command("usr/bin/imapd")
            .arg(&maildir)
            .envs(settings)
            .env("MAILDIR", &maildir)
            .env("HOME", self.folder.path())
            .stdin(Stdio::from(OwnedFd::from(stream.try_clone().unwrap())))
            .stdout(Stdio::from(OwnedFd::from(stream)))
            .stderr(log)
            .spawn();
        spawned.unwrap().wait().unwrap();
    }

    fn command(&self, program: &str) -> Command {
        let root = self.folder.path().join("root");
        let mut command = Command::new(root.join(program));
        let folders = ["usr/lib", "usr/lib/courier-authlib", "usr/lib/x86_64-linux-gnu", "lib/x86_64-linux-gnu"];
        let libraries: Vec<PathBuf> = folders.iter().map(|folder| root.join(folder)).collect();
        command.env("LD_LIBRARY_PATH", std::env::join_paths(libraries).unwrap()).current_dir(Path::new("/"));
        self.user.run(&mut command);
        command
    }
}

/// Reads one line byte by byte, so that nothing meant for `imapd` is taken.
fn read_line(stream: &mut TcpStream) -> Option<Vec<u8>> {
    let mut line = Vec::new();
    let mut byte = [0];
    while stream.read_exact(&mut byte).is_ok() {
        match byte[0] {
            b'\n' => return Some(line),
            b'\r' => {}
            other => line.push(other),
        }
    }
    None
}
