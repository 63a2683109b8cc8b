//! Tests of the results of the window's tasks.

use super::super::pages::servers::ServersPage;
use super::leftovers::BETWEEN_CLAIMS;
use super::*;
use crate::domain::{ProblemKind, Security, ServerAddress};
use crate::migrate::{MailServer, TargetKind};
use crate::migration::{self, Migrations};
use std::time::Duration;

/// A state folder with both notes of an interrupted run.
fn left_behind() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state");
    std::fs::create_dir(&state).unwrap();
    let port = r#"{"host":"kerio.example","administration_port":4040,"service":"IMAP","from":143,"to":8143,
                   "service_id":"keriodb://service/6","listeners":[]}"#;
    std::fs::write(state.join("port-kerio.example-4040.json"), port).unwrap();
    let migration = Migration { name: "old to new".to_owned(), ..Migration::default() };
    migration::Files::in_folder(&state).keep(&migration).unwrap();
    (folder, state)
}

/// The result of putting the port back with servers that the note does not name.
fn restored(state: &Path) -> News {
    let here = ServerAddress { host: "127.0.0.1".to_owned(), port: None };
    let servers = Servers::between(
        MailServer::at(here.clone(), Security::Tls),
        MailServer::at(here, Security::Tls),
        TargetKind::Imap,
    );
    let folders = Folders { state: state.to_owned(), logs: state.to_owned() };
    let mut tasks = Tasks::new(&Context::default(), folders);
    tasks.restore_port(servers).unwrap();
    loop {
        // The task's log may be reported before the task ends.
        let mut news = tasks.news(&mut ServersPage::default()).into_iter();
        if let Some(news) = news.find(|news| !matches!(news, News::Logged(_))) {
            return news;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn the_notes_of_a_running_program_are_not_offered() {
    let (_folder, state) = left_behind();
    let other = Instance::claim(&state).unwrap();
    let busy = leftovers(&state);
    assert_eq!((busy.port, busy.migrations.len()), (None, 0));
    assert_eq!(busy.trouble.map(|problem| problem.kind), Some(ProblemKind::AlreadyRunning));
    drop(other);
    let Leftovers { port, migrations, trouble } = leftovers(&state);
    assert_eq!(trouble, None);
    assert!(port.is_some_and(|port| port.sentence.contains("port 8143 instead of 143")) && migrations.len() == 1);
}

#[test]
fn another_window_that_opens_at_the_same_moment_is_waited_for() {
    let (_folder, state) = left_behind();
    let other = Instance::claim(&state).unwrap();
    let opening = std::thread::spawn(move || {
        std::thread::sleep(BETWEEN_CLAIMS / 2);
        drop(other);
    });
    assert_eq!(leftovers(&state).migrations.len(), 1);
    opening.join().unwrap();
}

#[test]
fn a_state_folder_that_cannot_be_used_is_said() {
    let (folder, _) = left_behind();
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    assert_eq!(leftovers(&file).trouble.map(|problem| problem.kind), Some(ProblemKind::LocalFile));
}

#[test]
fn a_port_is_not_put_back_under_a_running_program() {
    let (_folder, state) = left_behind();
    let _other = Instance::claim(&state).unwrap();
    assert!(matches!(restored(&state), News::Failed(sentence) if sentence.contains("Another copy of this program")));
}

#[test]
fn a_port_of_another_server_is_not_reported_as_put_back() {
    let (_folder, state) = left_behind();
    assert!(matches!(restored(&state), News::Failed(sentence) if sentence == OTHER_SERVER));
}
