//! Server processes of a test: started in a process group of their own, and gone with the test, however it ends.
//!
//! A shell leads the group and reads from a pipe that only the test holds. When the pipe closes, because the test dropped it, panicked
//! or was killed, the shell kills the whole group. As root everything runs as `nobody`, because mail servers refuse to run as root.

use std::fs::File;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, Instant};

const UNTIL_UP: Duration = Duration::from_secs(20);

/// The user that servers run as.
pub struct ServerUser {
    pub name: String,
    pub group: String,
    pub uid: u32,
    pub gid: u32,
    /// Whether the test is root and has to become this user first.
    pub change: bool,
}

impl ServerUser {
    pub fn find() -> Self {
        let root = id(&["-u"]) == "0";
        let of = |option: &str| if root { id(&[option, "nobody"]) } else { id(&[option]) };
        let names = |option: &str| if root { id(&["-n", option, "nobody"]) } else { id(&["-n", option]) };
        Self {
            name: names("-u"),
            group: names("-g"),
            uid: of("-u").parse().unwrap(),
            gid: of("-g").parse().unwrap(),
            change: root,
        }
    }

    /// Makes the command run as this user.
    pub fn run(&self, command: &mut Command) {
        if self.change {
            command.uid(self.uid).gid(self.gid);
        }
    }

    /// Gives a folder and all below it to this user.
    pub fn own(&self, folder: &Path) {
        if self.change {
            let owner = format!("{}:{}", self.uid, self.gid);
            assert!(Command::new("chown").arg("-R").arg(owner).arg(folder).status().unwrap().success());
        }
    }
}

fn id(options: &[&str]) -> String {
    let output = Command::new("id").args(options).output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// A temporary folder that [`ServerUser`] can enter, whatever the umask; removed on drop.
pub fn server_folder(name: &str) -> tempfile::TempDir {
    let folder = tempfile::Builder::new().prefix(&format!("kimt-{name}-")).tempdir().unwrap();
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    assert!(folder.path().metadata().unwrap().is_dir() && folder.path().metadata().unwrap().mode() & 0o5 == 0o5);
    folder
}

/// A program with its children; dropping it kills them all with SIGKILL.
pub struct ProcessGroup {
    leader: Child,
}

impl ProcessGroup {
    /// Starts a program whose output goes to `log`.
    pub fn start(
        user: &ServerUser,
        program: &Path,
        arguments: &[&str],
        environment: &[(&str, &str)],
        log: &Path,
    ) -> Self {
        assert!(
            program.exists(),
            "{} is missing: run scripts/test, which installs what the tests need",
            program.display()
        );
        let output = File::options().create(true).append(true).open(log).unwrap();
        let mut command = Command::new("/bin/sh");
        command
            .args(["-c", r#""$@" & read ended; kill -KILL 0"#, "sh"])
            .arg(program)
            .args(arguments)
            .envs(environment.iter().copied())
            .current_dir("/")
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(output.try_clone().unwrap())
            .stderr(output);
        user.run(&mut command);
        Self { leader: command.spawn().unwrap() }
    }
}

impl Drop for ProcessGroup {
    fn drop(&mut self) {
        drop(self.leader.stdin.take());
        let _ = self.leader.wait();
    }
}

/// A loopback port that nobody uses, below those that the system gives to outgoing connections.
pub fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    const FIRST: u16 = 12_000;
    const COUNT: u16 = 18_000;
    let offset = (std::process::id() % 300) as u16 * 60;
    loop {
        let port = FIRST + (offset.wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed))) % COUNT;
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return port;
        }
    }
}

/// Waits until a port is listened on; shows what the server wrote when that never happens.
pub fn wait_until_up(port: u16, logs: &[PathBuf]) {
    let begun = Instant::now();
    while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
        if begun.elapsed() > UNTIL_UP {
            let log: String = logs.iter().map(|log| std::fs::read_to_string(log).unwrap_or_default()).collect();
            panic!("nothing listens on port {port} after {UNTIL_UP:?}; the server wrote:\n{log}");
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// The first of these programs that is installed.
pub fn installed(places: &[&str]) -> PathBuf {
    let found = places.iter().map(PathBuf::from).find(|place| place.exists());
    found.unwrap_or_else(|| {
        panic!("none of {places:?} is installed: run scripts/test, which installs what the tests need")
    })
}

/// Copies a server that `scripts/test` unpacked into `root` of a folder: the checkout may be where [`ServerUser`] cannot enter.
pub fn unpacked(name: &str, folder: &Path) {
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/test-servers").join(name);
    assert!(from.exists(), "{} is missing: run scripts/test, which unpacks it", from.display());
    assert!(Command::new("cp").arg("-r").arg(&from).arg(folder.join("root")).status().unwrap().success());
}
