//! A PostgreSQL of a test's own: unprivileged, on a socket, gone when the last test that uses it is over, or the test's process; and a line to
//! it that can be cut.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
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

/// A line to a PostgreSQL over TCP, which a test cuts, and on which it counts round trips.
pub struct Line {
    port: u16,
    state: Arc<LineState>,
}

#[derive(Default)]
struct LineState {
    /// The far ends of the connections that are open.
    open: Mutex<Vec<UnixStream>>,
    /// The next statement meets a reset.
    resets: AtomicBool,
    /// Whether the last bytes came from the database, and how often somebody spoke after it.
    answered: AtomicBool,
    round_trips: AtomicU32,
}

impl Line {
    /// A line to it.
    pub fn to(postgres: &Postgres) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let (state, socket) = (Arc::new(LineState::default()), postgres.socket().join(".s.PGSQL.5432"));
        let of_connections = state.clone();
        std::thread::spawn(move || {
            for near in listener.incoming().map_while(Result::ok) {
                if let Ok(far) = UnixStream::connect(&socket) {
                    of_connections.open.lock().unwrap().push(far.try_clone().unwrap());
                    LineState::connect(&of_connections, near, far);
                }
            }
        });
        Self { port, state }
    }

    /// The address of a database at the other end; `database` is its address by the socket.
    pub fn address(&self, database: &str) -> String {
        let name = database.rsplit('/').next().unwrap();
        format!("postgres://kimt@127.0.0.1:{}/{name}", self.port)
    }

    /// Ends all connections, as a program does.
    pub fn cut(&self) {
        for far in self.state.open.lock().unwrap().drain(..) {
            let _ = far.shutdown(Shutdown::Both);
        }
    }

    /// Resets the connection on which the next statement is sent, as a firewall does.
    pub fn reset(&self) {
        self.state.resets.store(true, Ordering::SeqCst);
    }

    /// How many times somebody asked and waited.
    pub fn round_trips(&self) -> u32 {
        self.state.round_trips.load(Ordering::SeqCst)
    }
}

impl LineState {
    fn connect(state: &Arc<Self>, mut near: TcpStream, mut far: UnixStream) {
        let is_reset = Arc::new(AtomicBool::new(false));
        let (mut back, mut answers) = (near.try_clone().unwrap(), far.try_clone().unwrap());
        let (here, resetting) = (state.clone(), is_reset.clone());
        std::thread::spawn(move || {
            let mut bytes = [0; 65536];
            while let Ok(read @ 1..) = answers.read(&mut bytes) {
                here.answered.store(true, Ordering::SeqCst);
                if back.write_all(&bytes[..read]).is_err() {
                    break;
                }
            }
            if !resetting.load(Ordering::SeqCst) {
                let _ = back.shutdown(Shutdown::Both);
            }
        });
        let here = state.clone();
        std::thread::spawn(move || {
            let mut bytes = [0; 65536];
            while let Ok(1..) = near.peek(&mut bytes) {
                if here.resets.swap(false, Ordering::SeqCst) {
                    // To close what was not read is a reset.
                    is_reset.store(true, Ordering::SeqCst);
                    break;
                }
                let Ok(read) = near.read(&mut bytes) else { break };
                if here.answered.swap(false, Ordering::SeqCst) {
                    here.round_trips.fetch_add(1, Ordering::SeqCst);
                }
                if far.write_all(&bytes[..read]).is_err() {
                    break;
                }
            }
            let _ = far.shutdown(Shutdown::Both);
        });
    }
}
