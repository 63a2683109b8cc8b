//! A real Cyrus IMAP server (3.6), unpacked beside the system because its Debian package cannot be installed beside the others.

use super::process::{ProcessGroup, ServerUser, free_port, server_folder, unpacked, wait_until_up};
use std::fs;
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};

/// Who may sign in for others, once added.
pub const MASTER: &str = "boss@example.com";

/// A running Cyrus without TLS.
pub struct Cyrus {
    pub port: u16,
    /// Where CalDAV and CardDAV are.
    pub dav_port: u16,
    user: ServerUser,
    // Before the folder, which must outlive the processes.
    _process: ProcessGroup,
    folder: tempfile::TempDir,
}

impl Cyrus {
    pub fn start() -> Self {
        Self::start_without("")
    }

    /// One that does not offer these capabilities, which are separated by spaces.
    pub fn start_without(capabilities: &str) -> Self {
        let folder = server_folder("cyrus");
        let user = ServerUser::find();
        let (port, dav_port) = (free_port(), free_port());
        let path = folder.path();
        unpacked("cyrus", path);
        // What speaks DAV is a package of its own; its files belong beside the others.
        let more = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/test-servers/cyrus-dav/.");
        assert!(more.exists(), "{} is missing: run scripts/test, which unpacks it", more.display());
        assert!(Command::new("cp").arg("-r").arg(&more).arg(path.join("root")).status().unwrap().success());
        for name in ["conf/proc", "conf/db", "conf/socket", "conf/log", "spool", "sieve", "lock"] {
            fs::create_dir_all(path.join(name)).unwrap();
        }
        fs::write(path.join("imapd.conf"), settings(path, &user, capabilities)).unwrap();
        fs::write(path.join("cyrus.conf"), services(path, port, dav_port)).unwrap();
        // The database of passwords must be there before the server starts.
        add_password(path, "nobody@example.com", "unused");
        user.own(path);
        let of = |name: &str| path.join(name).to_str().unwrap().to_owned();
        let arguments = ["-D", "-C", &of("imapd.conf"), "-M", &of("cyrus.conf"), "-p", &of("master.pid")];
        let libraries = libraries(path);
        let environment = [("LD_LIBRARY_PATH", libraries.as_str())];
        let master = path.join("root/usr/lib/cyrus/bin/master");
        let output = path.join("output");
        let process = ProcessGroup::start(&user, &master, &arguments, &environment, &output);
        wait_until_up(port, std::slice::from_ref(&output));
        wait_until_up(dav_port, &[output]);
        Self { port, dav_port, user, _process: process, folder }
    }

    /// Adds an account and signs it in once, so that its mailbox and with it its calendars are made.
    pub fn add_user_with_mailbox(&self, name: &str, password: &str) {
        self.add_user(name, password);
        let mut stream = std::net::TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        stream.write_all(format!("a LOGIN {name} {password}\r\nb LOGOUT\r\n").as_bytes()).unwrap();
        let mut said = String::new();
        stream.read_to_string(&mut said).unwrap();
        assert!(said.contains("a OK"), "{said}");
    }

    /// Sends commands of an account, each with its tag, and returns the answers.
    pub fn say(&self, name: &str, password: &str, commands: &str) -> String {
        let mut stream = std::net::TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        stream.write_all(format!("a LOGIN {name} {password}\r\n{commands}z LOGOUT\r\n").as_bytes()).unwrap();
        let mut said = String::new();
        stream.read_to_string(&mut said).unwrap();
        said
    }

    /// Adds an account; its INBOX is made at the first sign-in.
    pub fn add_user(&self, name: &str, password: &str) {
        add_password(self.folder.path(), name, password);
        self.user.own(&self.folder.path().join("sasldb2"));
    }
}

fn libraries(path: &Path) -> String {
    let root = path.join("root");
    format!(
        "{0}/usr/lib/x86_64-linux-gnu:{0}/lib/x86_64-linux-gnu:{0}/usr/lib/aarch64-linux-gnu:{0}/lib/aarch64-linux-gnu",
        root.display()
    )
}

fn add_password(path: &Path, name: &str, password: &str) {
    let (local, domain) = name.split_once('@').unwrap();
    let mut program = Command::new(path.join("root/usr/sbin/saslpasswd2"))
        .args(["-p", "-c", "-u", domain, "-f"])
        .arg(path.join("sasldb2"))
        .arg(local)
        .env("LD_LIBRARY_PATH", libraries(path))
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    program.stdin.take().unwrap().write_all(password.as_bytes()).unwrap();
    assert!(program.wait().unwrap().success());
}

fn settings(path: &Path, user: &ServerUser, without: &str) -> String {
    let path = path.display();
    let suppress = if without.is_empty() { String::new() } else { format!("suppress_capabilities: {without}") };
    format!(
        "configdirectory: {path}/conf
defaultpartition: default
partition-default: {path}/spool
sievedir: {path}/sieve
mboxname_lockpath: {path}/lock
proc_path: {path}/conf/proc
admins: cyrus
proxyservers: {MASTER}
cyrus_user: {user}
cyrus_group: {group}
servername: localhost
defaultdomain: localhost
virtdomains: userid
altnamespace: yes
unixhierarchysep: yes
allowplaintext: yes
sasl_pwcheck_method: auxprop
sasl_auxprop_plugin: sasldb
sasl_sasldb_path: {path}/sasldb2
sasl_mech_list: PLAIN LOGIN
autocreate_quota: 0
autocreate_post: yes
httpmodules: caldav carddav
httpallowcompress: no
calendar_user_address_set: example.com
annotation_allow_undefined: yes
{suppress}
",
        user = user.name,
        group = user.group,
    )
}

fn services(path: &Path, port: u16, dav_port: u16) -> String {
    let path = path.display();
    let programs = format!("{path}/root/usr/lib/cyrus/bin");
    format!(
        "START {{
 recover cmd=\"{programs}/ctl_cyrusdb -C {path}/imapd.conf -r\"
}}
SERVICES {{
 imap cmd=\"{programs}/imapd -C {path}/imapd.conf -U 30\" listen=\"127.0.0.1:{port}\" prefork=0 maxchild=100
 http cmd=\"{programs}/httpd -C {path}/imapd.conf -U 30\" listen=\"127.0.0.1:{dav_port}\" prefork=0 maxchild=50
}}
"
    )
}
