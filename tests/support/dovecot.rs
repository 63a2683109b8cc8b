//! A real Dovecot (2.3) on free loopback ports with a temporary folder of its own.

use super::certificate::TestCertificate;
use super::process::{ProcessGroup, ServerUser, free_port, installed, server_folder, wait_until_up};
use std::fs;
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How Dovecot keeps mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Storage {
    /// Maildir++: folders beside each other, `.` in the file system.
    MaildirPlusPlus,
    /// Maildir with folders below each other.
    MaildirFs,
    Sdbox,
    Mdbox,
}

impl Storage {
    fn location(self, mail: &str) -> String {
        match self {
            Storage::MaildirPlusPlus => format!("maildir:{mail}"),
            Storage::MaildirFs => format!("maildir:{mail}:LAYOUT=fs"),
            Storage::Sdbox => format!("sdbox:{mail}"),
            Storage::Mdbox => format!("mdbox:{mail}"),
        }
    }
}

/// How one Dovecot is set up.
#[derive(Debug, Clone)]
pub struct DovecotSettings {
    pub storage: Storage,
    pub separator: char,
    /// The prefix of the names of a user's own folders.
    pub prefix: &'static str,
    /// Capabilities not offered after sign-in.
    pub without: Vec<&'static str>,
    pub connections_per_user: u32,
    /// Offers COMPRESS=DEFLATE.
    pub compression: bool,
    /// Folders that are there from the start, with their special use.
    pub special_folders: Vec<(&'static str, &'static str)>,
    /// Further lines of the configuration.
    pub further: String,
}

impl Default for DovecotSettings {
    fn default() -> Self {
        Self {
            storage: Storage::MaildirPlusPlus,
            separator: '/',
            prefix: "",
            without: Vec::new(),
            connections_per_user: 50,
            compression: false,
            special_folders: Vec::new(),
            further: String::new(),
        }
    }
}

/// What Dovecot 2.3 offers after sign-in, but for what it needs other settings for.
const CAPABILITIES: &str = "IMAP4rev1 SASL-IR LOGIN-REFERRALS ID ENABLE IDLE SORT SORT=DISPLAY THREAD=REFERENCES THREAD=REFS \
    THREAD=ORDEREDSUBJECT MULTIAPPEND URL-PARTIAL CATENATE UNSELECT CHILDREN NAMESPACE UIDPLUS LIST-EXTENDED I18NLEVEL=1 CONDSTORE \
    QRESYNC ESEARCH ESORT SEARCHRES WITHIN CONTEXT=SEARCH LIST-STATUS BINARY MOVE SNIPPET=FUZZY PREVIEW=FUZZY PREVIEW STATUS=SIZE \
    SAVEDATE LITERAL+ NOTIFY SPECIAL-USE";

/// A running Dovecot.
pub struct Dovecot {
    /// Clear greeting and STARTTLS.
    pub port: u16,
    /// TLS from the first byte.
    pub tls_port: u16,
    pub certificate: TestCertificate,
    user: ServerUser,
    // Before the folder, which must outlive the processes.
    process: Option<ProcessGroup>,
    folder: tempfile::TempDir,
}

impl Dovecot {
    pub fn start(settings: &DovecotSettings) -> Self {
        let folder = server_folder("dovecot");
        let certificate = TestCertificate::new();
        let user = ServerUser::find();
        let (port, tls_port) = (free_port(), free_port());
        let path = folder.path();
        for name in ["run", "state", "mail", "raw", "users"] {
            fs::create_dir(path.join(name)).unwrap();
        }
        fs::write(path.join("certificate.pem"), &certificate.certificate).unwrap();
        fs::write(path.join("key.pem"), &certificate.key).unwrap();
        fs::write(path.join("dovecot.conf"), configuration(settings, path, &user, port, tls_port)).unwrap();
        user.own(path);
        let mut dovecot = Self { port, tls_port, certificate, user, process: None, folder };
        dovecot.restart();
        dovecot
    }

    /// Ends every process of it at once, as a power cut would.
    pub fn kill(&mut self) {
        self.process = None;
    }

    /// Starts it again on the same ports with the same mail.
    pub fn restart(&mut self) {
        self.process = None;
        // Its processes may outlive their end for a moment; that one of them still listens must not pass for the new start.
        while [self.port, self.tls_port].iter().any(|port| TcpStream::connect(("127.0.0.1", *port)).is_ok()) {
            std::thread::sleep(Duration::from_millis(10));
        }
        // Left behind by SIGKILL; where nobody collects the dead process, Dovecot takes it for alive.
        let _ = fs::remove_file(self.path().join("run/master.pid"));
        let configuration = self.path().join("dovecot.conf");
        let program = installed(&["/usr/sbin/dovecot", "/usr/local/sbin/dovecot", "/opt/homebrew/sbin/dovecot"]);
        let output = self.path().join("output");
        let arguments = ["-F", "-c", configuration.to_str().unwrap()];
        self.process = Some(ProcessGroup::start(&self.user, &program, &arguments, &[], &output));
        wait_until_up(self.port, &[output, self.log_file()]);
    }

    /// Starts it again with other settings on the same ports with the same mail.
    pub fn restart_with(&mut self, settings: &DovecotSettings) {
        let configuration = configuration(settings, self.path(), &self.user, self.port, self.tls_port);
        fs::write(self.path().join("dovecot.conf"), configuration).unwrap();
        self.user.own(&self.path().join("dovecot.conf"));
        self.restart();
    }

    /// Adds an account.
    pub fn add_user(&self, name: &str, password: &str) {
        self.add_names(&[name.to_owned()], password);
    }

    /// Adds an account with several sign-in names and one mail store.
    pub fn add_names(&self, names: &[String], password: &str) {
        let home = self.path().join("mail").join(&names[0]);
        for name in names {
            // One file for each name: Dovecot looks only once a second whether a file has changed.
            let line =
                format!("{name}:{{PLAIN}}{password}:{}:{}::{}::\n", self.user.uid, self.user.gid, home.display());
            fs::write(self.path().join("users").join(name), line).unwrap();
        }
    }

    /// Empties a user's mail store, as if it had never had any mail.
    pub fn forget_mail_of(&self, name: &str) {
        let home = self.path().join("mail").join(name);
        if home.exists() {
            fs::remove_dir_all(home).unwrap();
        }
    }

    /// The log with one line for each sign-in.
    pub fn log(&self) -> String {
        fs::read_to_string(self.log_file()).unwrap_or_default()
    }

    /// The commands that clients sent, each with its first word in upper case; literals and answers are left out.
    pub fn commands(&self) -> Vec<String> {
        let mut files: Vec<PathBuf> = walk(&self.path().join("raw"));
        files.retain(|file| file.extension().is_some_and(|extension| extension == "in"));
        files.sort();
        let texts = files.iter().map(|file| String::from_utf8_lossy(&fs::read(file).unwrap()).into_owned());
        texts.flat_map(|text| text.lines().map(str::to_owned).collect::<Vec<_>>()).collect()
    }

    /// Makes the folder in which Dovecot writes what this user's clients send.
    pub fn record_commands_of(&self, name: &str) {
        fs::create_dir_all(self.path().join("raw").join(name)).unwrap();
        self.user.own(&self.path().join("raw"));
    }

    /// Every file of a user's mail store with its content, except for the index and log files that Dovecot keeps for itself.
    pub fn mail_files(&self, name: &str) -> Vec<(PathBuf, Vec<u8>)> {
        let mut files = walk(&self.path().join("mail").join(name));
        files.retain(|file| !file.file_name().unwrap().to_string_lossy().starts_with("dovecot"));
        files.sort();
        files.into_iter().map(|file| (file.clone(), fs::read(file).unwrap())).collect()
    }

    fn log_file(&self) -> PathBuf {
        self.path().join("log")
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }
}

fn walk(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let entries: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    entries.into_iter().flat_map(|path| if path.is_dir() { walk(&path) } else { vec![path] }).collect()
}

fn configuration(settings: &DovecotSettings, path: &Path, user: &ServerUser, port: u16, tls_port: u16) -> String {
    let path = path.display();
    let capabilities: Vec<&str> =
        CAPABILITIES.split(' ').filter(|name| !name.is_empty() && !settings.without.contains(name)).collect();
    let (plugins, imap_plugins, compress) =
        if settings.compression { ("zlib", "zlib imap_zlib", " COMPRESS=DEFLATE") } else { ("", "", "") };
    let special: String = settings
        .special_folders
        .iter()
        .map(|(name, special_use)| {
            format!("mailbox \"{name}\" {{\n auto = subscribe\n special_use = {special_use}\n}}\n")
        })
        .collect();
    format!(
        r#"
protocols = imap
base_dir = {path}/run
state_dir = {path}/state
log_path = {path}/log
default_internal_user = {user}
default_internal_group = {group}
default_login_user = {user}
first_valid_uid = 1
first_valid_gid = 1
ssl = yes
ssl_cert = <{path}/certificate.pem
ssl_key = <{path}/key.pem
disable_plaintext_auth = no
auth_mechanisms = plain login
auth_username_chars =
auth_failure_delay = 0
mail_fsync = never
mail_plugins = {plugins}
mailbox_list_index = yes
mail_location = {location}
mail_max_userip_connections = {connections}
passdb {{
 driver = passwd-file
 args = scheme=PLAIN username_format=%u {path}/users/%u
}}
userdb {{
 driver = passwd-file
 args = username_format=%u {path}/users/%u
}}
namespace inbox {{
 inbox = yes
 separator = {separator}
 prefix = {prefix}
 {special}
}}
protocol imap {{
 mail_plugins = {imap_plugins}
 rawlog_dir = {path}/raw/%u
 imap_capability = {capabilities}{compress}
}}
service anvil {{
 chroot =
}}
service imap-login {{
 chroot =
 service_count = 0
 inet_listener imap {{
  address = 127.0.0.1
  port = {port}
 }}
 inet_listener imaps {{
  address = 127.0.0.1
  port = {tls_port}
  ssl = yes
 }}
}}
service imap {{
 process_limit = 300
 client_limit = 1
}}
{further}
"#,
        user = user.name,
        group = user.group,
        location = settings.storage.location("%h/mail"),
        connections = settings.connections_per_user,
        separator = settings.separator,
        prefix = settings.prefix,
        capabilities = capabilities.join(" "),
        further = settings.further,
    )
}
