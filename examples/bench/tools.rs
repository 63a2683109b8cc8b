//! The tools that are measured: the floor, this program, and the rivals that are installed.

use super::floor;
use super::measure::{self, Measurement};
use super::stage::{PASSWORD, Stage};
use std::path::{Path, PathBuf};
use std::process::Command;

/// A tool.
pub enum Tool {
    Floor,
    Kimt { program: PathBuf, how: How },
    Mbsync,
    Imapcopy,
    Imapsync(PathBuf),
}

/// How this program copies.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum How {
    Size,
    Content,
    /// With content, and without a worker that could lend a second connection to the target. Only measured when it is asked for.
    OneConnection,
}

impl Tool {
    /// All that are installed, or of them those that are wanted.
    pub fn installed(kimt: &Path, imapsync: Option<&Path>, wanted: &[String]) -> Vec<Self> {
        let found = |name: &str| Command::new(name).arg("--version").output().is_ok();
        let kimt = |how| Tool::Kimt { program: kimt.to_owned(), how };
        let mut tools = vec![Tool::Floor, kimt(How::Size), kimt(How::Content), kimt(How::OneConnection)];
        if found("mbsync") {
            tools.push(Tool::Mbsync);
        }
        if found("imapcopy") {
            tools.push(Tool::Imapcopy);
        }
        tools.extend(imapsync.map(|script| Tool::Imapsync(script.to_owned())));
        tools.retain(|tool| match tool {
            Tool::Kimt { how: How::OneConnection, .. } => wanted.contains(&tool.name()),
            _ => wanted.is_empty() || wanted.contains(&tool.name()),
        });
        tools
    }

    pub fn name(&self) -> String {
        match self {
            Tool::Floor => "floor".to_owned(),
            Tool::Kimt { how: How::Size, .. } => "kimt-size".to_owned(),
            Tool::Kimt { how: How::Content, .. } => "kimt-content".to_owned(),
            Tool::Kimt { how: How::OneConnection, .. } => "kimt-one-connection".to_owned(),
            Tool::Mbsync => "mbsync".to_owned(),
            Tool::Imapcopy => "imapcopy".to_owned(),
            Tool::Imapsync(_) => "imapsync".to_owned(),
        }
    }

    pub fn is_ours(&self) -> bool {
        matches!(self, Tool::Kimt { .. })
    }

    /// Copies everything once.
    pub fn copy(&self, stage: &Stage) -> Measurement {
        match self {
            Tool::Floor => floor::copy(stage),
            Tool::Kimt { program, how } => measure::run(&mut kimt(stage, program, *how)),
            Tool::Mbsync => in_turn(stage, mbsync),
            Tool::Imapcopy => in_turn(stage, imapcopy),
            Tool::Imapsync(script) => in_turn(stage, |stage, address| imapsync(stage, address, script)),
        }
    }
}

fn kimt(stage: &Stage, program: &Path, how: How) -> Command {
    let mut command = Command::new(program);
    command
        .args([
            "migrate",
            "--target-kind",
            "imap",
            "--quiet",
            "--source-security",
            "plain",
            "--target-security",
            "plain",
        ])
        .args(["--source", &format!("127.0.0.1:{}", stage.source_port())])
        .args(["--target", &format!("127.0.0.1:{}", stage.target_port())])
        .arg("--accounts")
        .arg(stage.path().join("accounts.csv"))
        .arg("--state-dir")
        .arg(stage.path().join("memory/kimt"))
        .arg("--log-dir")
        .arg(stage.path().join("log"))
        .args(["--jobs", if how == How::OneConnection { "1" } else { "4" }])
        .args(["--verify", if how == How::Size { "size" } else { "content" }]);
    command
}

/// A rival copies one mailbox; four of them run at a time.
fn in_turn(stage: &Stage, command: impl Fn(&Stage, &str) -> Command + Sync) -> Measurement {
    let addresses: Vec<String> = stage.addresses().collect();
    let begun = std::time::Instant::now();
    let mut all = Vec::new();
    for together in addresses.chunks(4) {
        all.extend(std::thread::scope(|scope| {
            let command = &command;
            let running: Vec<_> = together
                .iter()
                .map(|address| scope.spawn(move || measure::run(&mut command(stage, address))))
                .collect();
            running.into_iter().filter_map(|thread| thread.join().ok()).collect::<Vec<_>>()
        }));
    }
    Measurement {
        seconds: begun.elapsed().as_secs_f64(),
        processor: all.iter().map(|one| one.processor).sum(),
        memory: all.iter().filter_map(|one| one.memory).max(),
    }
}

fn mbsync(stage: &Stage, address: &str) -> Command {
    let memory = stage.path().join("memory").join(format!("mbsync-{address}"));
    std::fs::create_dir_all(&memory).expect("a folder for mbsync");
    let store = |name: &str, port: u16| {
        format!(
            "IMAPAccount {name}\nHost 127.0.0.1\nPort {port}\nUser {address}\nPass {PASSWORD}\nSSLType None\nAuthMechs LOGIN\n\n\
             IMAPStore {name}\nAccount {name}\n\n"
        )
    };
    let configuration = format!(
        "{}{}Channel all\nFar :source:\nNear :target:\nPatterns *\nCreate Near\nSync Pull\nCopyArrivalDate yes\nSyncState {}/\n",
        store("source", stage.source_port()),
        store("target", stage.target_port()),
        memory.display()
    );
    let file = memory.join("mbsyncrc");
    std::fs::write(&file, configuration).expect("a configuration for mbsync");
    let mut command = Command::new("mbsync");
    command.arg("-c").arg(file).arg("-q").arg("all");
    command
}

fn imapcopy(stage: &Stage, address: &str) -> Command {
    let folder = stage.path().join("memory").join(format!("imapcopy-{address}"));
    std::fs::create_dir_all(&folder).expect("a folder for imapcopy");
    let configuration = format!(
        "MailServer 127.0.0.1\nSourcePort {}\nDestServer 127.0.0.1\nDestPort {}\nCopy \"{address}\" \"{PASSWORD}\" \"{address}\" \"{PASSWORD}\"\n",
        stage.source_port(),
        stage.target_port()
    );
    std::fs::write(folder.join("ImapCopy.cfg"), configuration).expect("a configuration for imapcopy");
    let mut command = Command::new("imapcopy");
    command.current_dir(folder);
    command
}

fn imapsync(stage: &Stage, address: &str, script: &Path) -> Command {
    let mut command = Command::new("perl");
    command.arg(script).current_dir(stage.path());
    for (side, port) in [("1", stage.source_port()), ("2", stage.target_port())] {
        command
            .args([format!("--host{side}"), "127.0.0.1".to_owned(), format!("--port{side}"), port.to_string()])
            .args([format!("--user{side}"), address.to_owned(), format!("--password{side}"), PASSWORD.to_owned()])
            .args([format!("--nossl{side}"), format!("--notls{side}")]);
    }
    command.args(["--nolog", "--noreleasecheck", "--useuid", "--usecache", "--nofoldersizes", "--addheader"]);
    command.arg("--tmpdir").arg(stage.path().join("memory"));
    command
}
