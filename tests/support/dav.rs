//! Real CalDAV and CardDAV servers, a client that shares nothing with the program, and a reader of items in Python that does neither.

use super::process::{ProcessGroup, ServerUser, free_port, server_folder, unpacked, wait_until_up};
use base64::Engine as _;
use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Command, Stdio};

/// A running server with accounts for everybody who asks.
pub struct DavServer {
    pub port: u16,
    _process: ProcessGroup,
    folder: tempfile::TempDir,
}

impl DavServer {
    /// Radicale, which makes whatever collection is asked for and schedules nothing.
    pub fn radicale(users: &[&str], password: &str) -> Self {
        let folder = server_folder("radicale");
        let users: String = users.iter().map(|user| format!("{user}:{password}\n")).collect();
        fs::write(folder.path().join("users"), users).unwrap();
        let port = free_port();
        let path = folder.path().display();
        let config = format!(
            "[server]\nhosts = 127.0.0.1:{port}\nmax_connections = 40\n[auth]\ntype = htpasswd\nhtpasswd_filename = {path}/users\n\
             htpasswd_encryption = plain\ndelay = 0\n[storage]\nfilesystem_folder = {path}/data\n[rights]\ntype = owner_only\n"
        );
        fs::write(folder.path().join("config"), config).unwrap();
        let config = folder.path().join("config").display().to_string();
        Self::python(folder, port, &["-m", "radicale", "--config", &config])
    }

    /// Xandikos, which keeps everything in git and has one user without a password.
    pub fn xandikos(user: &str) -> Self {
        let folder = server_folder("xandikos");
        let port = free_port();
        let data = folder.path().join("data").display().to_string();
        let principal = format!("/{user}/");
        let arguments = [
            "-m",
            "xandikos",
            "serve",
            "-d",
            &data,
            "-l",
            "127.0.0.1",
            "-p",
            &port.to_string(),
            "--defaults",
            "--autocreate",
            "--current-user-principal",
            &principal,
        ];
        Self::python(folder, port, &arguments)
    }

    fn python(folder: tempfile::TempDir, port: u16, arguments: &[&str]) -> Self {
        unpacked("dav-servers", folder.path());
        let user = ServerUser::find();
        user.own(folder.path());
        let output = folder.path().join("output");
        let library = folder.path().join("root").display().to_string();
        let home = folder.path().display().to_string();
        let environment = [("PYTHONPATH", library.as_str()), ("HOME", &home), ("PYTHONDONTWRITEBYTECODE", "1")];
        let process = ProcessGroup::start(&user, Path::new("/usr/bin/python3"), arguments, &environment, &output);
        wait_until_up(port, &[output]);
        Self { port, _process: process, folder }
    }

    /// How many items Radicale keeps.
    pub fn stored_items(&self) -> usize {
        fn count(folder: &Path) -> usize {
            let entries = fs::read_dir(folder).into_iter().flatten().flatten();
            entries
                .map(|entry| match entry.path() {
                    path if path.is_dir() && entry.file_name() != ".Radicale.cache" => count(&path),
                    path => usize::from(path.extension().is_some_and(|end| end == "ics" || end == "vcf")),
                })
                .sum()
        }
        count(&self.folder.path().join("data"))
    }

    /// What the server wrote.
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("output")).unwrap_or_default()
    }
}

/// A client of one account that shares no code with the program.
pub struct DavClient {
    pub port: u16,
    pub user: String,
    pub password: String,
}

impl DavClient {
    pub fn new(port: u16, user: &str, password: &str) -> Self {
        Self { port, user: user.to_owned(), password: password.to_owned() }
    }

    /// Sends a request and returns the status and the body.
    pub fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> (u16, String) {
        let pair = format!("{}:{}", self.user, self.password);
        let pair = base64::engine::general_purpose::STANDARD.encode(pair);
        let mut head = format!(
            "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nAuthorization: Basic {pair}\r\nConnection: close\r\nContent-Length: {}\r\n",
            self.port,
            body.len()
        );
        for (name, value) in headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        stream.write_all(format!("{head}\r\n{body}").as_bytes()).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        let answer = String::from_utf8_lossy(&answer).into_owned();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
        let status = head.split_whitespace().nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
        (status, body.to_owned())
    }

    pub fn put(&self, path: &str, content_type: &str, body: &str) {
        let (status, answer) = self.send("PUT", path, &[("Content-Type", content_type)], body);
        assert!((200..300).contains(&status), "PUT {path}: {status} {answer}");
    }

    pub fn make_calendar(&self, path: &str, name: &str, component: &str) {
        let body = format!(
            r#"<C:mkcalendar xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"><D:set><D:prop><D:displayname>{name}</D:displayname><C:supported-calendar-component-set><C:comp name="{component}"/></C:supported-calendar-component-set></D:prop></D:set></C:mkcalendar>"#
        );
        let (status, answer) = self.send("MKCALENDAR", path, &[("Content-Type", "application/xml")], &body);
        assert!((200..300).contains(&status), "MKCALENDAR {path}: {status} {answer}");
    }

    pub fn make_address_book(&self, path: &str, name: &str) {
        let body = format!(
            r#"<D:mkcol xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:carddav"><D:set><D:prop><D:resourcetype><D:collection/><C:addressbook/></D:resourcetype><D:displayname>{name}</D:displayname></D:prop></D:set></D:mkcol>"#
        );
        let (status, answer) = self.send("MKCOL", path, &[("Content-Type", "application/xml")], &body);
        assert!((200..300).contains(&status), "MKCOL {path}: {status} {answer}");
    }
}

/// What an account holds, as Python's `icalendar` and `vobject` read it: a line an item, sorted. `home` is a path below which all
/// collections are.
pub fn items(port: u16, user: &str, password: &str, homes: &[&str]) -> Vec<String> {
    let homes = homes.iter().map(|home| (*home).to_owned()).collect();
    items_of(port, &[(user.to_owned(), password.to_owned(), homes)]).into_iter().map(|(_, line)| line).collect()
}

/// The same of several accounts, each with its password and homes; every line with whose it is.
pub fn items_of(port: u16, accounts: &[(String, String, Vec<String>)]) -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut reader = Command::new("/usr/bin/python3")
        .arg(root.join("tests/support/items.py"))
        .arg(format!("http://127.0.0.1:{port}"))
        .env("PYTHONPATH", root.join("target/test-servers/dav-servers"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    reader.stdin.take().unwrap().write_all(serde_json::to_string(accounts).unwrap().as_bytes()).unwrap();
    let output = reader.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let said = String::from_utf8(output.stdout).unwrap();
    let mut lines: Vec<(String, String)> = said
        .lines()
        .map(|line| line.split_once('\t').unwrap())
        .map(|(user, line)| (user.to_owned(), line.to_owned()))
        .collect();
    lines.sort();
    lines
}
