//! A PostgreSQL of a test's own: unprivileged, on a socket, gone when the last test that uses it is over, or the test's process.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, Weak};
use std::time::{Duration, Instant};

/// A running PostgreSQL.
pub struct Postgres {
    folder: tempfile::TempDir,
    server: Mutex<Option<Child>>,
}

impl Postgres {
    /// The one that the tests running now share; each makes a database of its own in it.
    pub fn shared() -> Arc<Self> {
        static SHARED: Mutex<Weak<Postgres>> = Mutex::new(Weak::new());
        let mut shared = SHARED.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(running) = shared.upgrade() {
            return running;
        }
        let started = Arc::new(Self::start());
        *shared = Arc::downgrade(&started);
        started
    }

    /// One that a test may stop.
    pub fn start() -> Self {
        let folder = tempfile::Builder::new().prefix("kimt-pg").tempdir_in("/tmp").unwrap();
        if is_root() {
            assert!(Command::new("chown").arg("postgres").arg(folder.path()).status().unwrap().success());
        }
        let data = folder.path().join("data");
        let made = unprivileged(&program("initdb"))
            .args(["--no-sync", "--auth=trust", "--username=kimt", "--encoding=UTF8", "--locale=C", "-D"])
            .arg(&data)
            .current_dir(folder.path())
            .output()
            .unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let server = Self { folder, server: Mutex::default() };
        server.run();
        server
    }

    /// A standby of this one, which follows it. Until it is promoted it takes no changes.
    pub fn standby(&self) -> Self {
        let folder = tempfile::Builder::new().prefix("kimt-pg").tempdir_in("/tmp").unwrap();
        if is_root() {
            assert!(Command::new("chown").arg("postgres").arg(folder.path()).status().unwrap().success());
        }
        let copied = unprivileged(&program("pg_basebackup"))
            .args(["--no-sync", "--write-recovery-conf", "--checkpoint=fast", "--username=kimt", "--pgdata"])
            .arg(folder.path().join("data"))
            .arg("--host")
            .arg(self.folder.path())
            .current_dir(folder.path())
            .output()
            .unwrap();
        assert!(copied.status.success(), "{}", String::from_utf8_lossy(&copied.stderr));
        let standby = Self { folder, server: Mutex::default() };
        standby.run();
        standby
    }

    /// The folder of its socket.
    pub fn socket(&self) -> &Path {
        self.folder.path()
    }

    /// Starts it, also after [`Postgres::crash`].
    pub fn run(&self) {
        // It ends when its input does: whatever becomes of the test's process, nothing is left behind.
        let script = r#""$0" -D "$1" -k "$2" -c listen_addresses= -c fsync=off -c max_connections=60 & read -r how || how=QUIT; kill "-$how" $!; wait"#;
        let mut command = unprivileged(Path::new("/bin/sh"));
        command
            .args(["-c", script])
            .arg(program("postgres"))
            .arg(self.folder.path().join("data"))
            .arg(self.folder.path());
        command.current_dir(self.folder.path()).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        *self.server.lock().unwrap() = Some(command.spawn().unwrap());
        let until = Instant::now() + Duration::from_secs(60);
        while self.try_connect("postgres").is_err() {
            assert!(Instant::now() < until, "it does not start");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Ends it at once, as `pg_ctl stop -m immediate` does.
    pub fn crash(&self) {
        self.end("QUIT");
    }

    fn end(&self, how: &str) {
        if let Some(mut server) = self.server.lock().unwrap().take() {
            let _ = writeln!(server.stdin.take().unwrap(), "{how}");
            let _ = server.wait();
        }
    }

    /// The address of a new database.
    pub fn database(&self) -> String {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let name = format!("test_{}", NUMBER.fetch_add(1, Ordering::Relaxed));
        self.connect("postgres").batch_execute(&format!("CREATE DATABASE {name}")).unwrap();
        self.address(&name)
    }

    /// A connection to the database with this name or address.
    pub fn connect(&self, database: &str) -> postgres::Client {
        self.try_connect(database).unwrap()
    }

    fn try_connect(&self, database: &str) -> Result<postgres::Client, postgres::Error> {
        let address = if database.contains('/') { database.to_owned() } else { self.address(database) };
        postgres::Client::connect(&address, postgres::NoTls)
    }

    /// All that is in a database, as its own dump program writes it.
    pub fn dump(&self, address: &str) -> String {
        let dumped = unprivileged(&program("pg_dump")).arg(address).current_dir(self.folder.path()).output().unwrap();
        assert!(dumped.status.success(), "{}", String::from_utf8_lossy(&dumped.stderr));
        String::from_utf8_lossy(&dumped.stdout).into_owned()
    }

    fn address(&self, database: &str) -> String {
        let folder = self.folder.path().display().to_string().replace('/', "%2F");
        format!("postgres://kimt@{folder}/{database}")
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.end("QUIT");
    }
}

fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output().unwrap();
    id.stdout == b"0\n"
}

fn unprivileged(program: &Path) -> Command {
    if !is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("runuser");
    command.args(["-u", "postgres", "--"]).arg(program);
    command
}

/// A program of the newest PostgreSQL that Debian has installed.
fn program(name: &str) -> PathBuf {
    let versions = std::fs::read_dir("/usr/lib/postgresql").expect("PostgreSQL is missing: scripts/test --servers");
    let programs = versions.flatten().map(|version| version.path().join("bin").join(name));
    programs.filter(|program| program.exists()).max().expect("PostgreSQL is missing: scripts/test --servers")
}
