//! A real pymap (0.36), an IMAP server in Python from PyPI, unpacked by `scripts/test`.
//!
//! It has UIDPLUS, LITERAL+ and MULTIAPPEND and makes message and folder from parts of its own; it has no NAMESPACE and no SPECIAL-USE.

use super::process::{ProcessGroup, ServerUser, free_port, installed, server_folder, unpacked, wait_until_up};

/// A running pymap without TLS, with one account and its mail in memory.
pub struct Pymap {
    pub port: u16,
    // Before the folder, which must outlive the processes.
    _process: ProcessGroup,
    _folder: tempfile::TempDir,
}

impl Pymap {
    pub fn start(user: &str, password: &str) -> Self {
        let folder = server_folder("pymap");
        let port = free_port();
        let path = folder.path();
        unpacked("pymap", path);
        // The one that the packages were installed for.
        let python = installed(&["/usr/bin/python3"]);
        let (packages, program) = (path.join("root"), path.join("root/bin/pymap"));
        let (packages, program) = (packages.to_str().unwrap(), program.to_str().unwrap());
        let port_text = port.to_string();
        let listen = [program, "--no-tls", "--host", "127.0.0.1", "--port", &port_text];
        let arguments = [&listen[..], &["dict", "--demo-user", user, "--demo-password", password]].concat();
        let environment = [("PYTHONPATH", packages), ("PYTHONDONTWRITEBYTECODE", "1")];
        let output = path.join("output");
        let process = ProcessGroup::start(&ServerUser::find(), &python, &arguments, &environment, &output);
        wait_until_up(port, &[output]);
        Self { port, _process: process, _folder: folder }
    }
}
