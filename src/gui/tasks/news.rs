//! The results of tasks; the page hears each once.

use super::super::files::Picked;
use super::super::pages::servers::ServersPage;
use super::super::practice::Practice;
use super::super::task::{Progress, Task};
use super::{Leftovers, Tasks};
use crate::accounts::AccountsFile;
use crate::domain::{Doubt, Finding, Problem, ProblemKind, Side};
use crate::migrate::RestoredPort;
use crate::migration::Migration;
use std::path::PathBuf;
use std::time::Duration;

/// The result of a task.
pub enum News {
    /// The tasks' log is in this folder.
    Logged(PathBuf),
    /// A certificate is trusted from now on.
    Trusted(Box<Doubt>),
    /// A client certificate was chosen for this side.
    CertificateChosen(Side, PathBuf),
    /// A fleet's key file was chosen.
    KeyFileChosen(PathBuf),
    /// The demo's servers are running.
    DemoStarted(Box<Practice>),
    /// A sentence about a failure.
    Failed(String),
    /// The system has no file dialog.
    NoDialog,
    /// No file of accounts was chosen.
    NotChosen,
    /// A sentence saying why the file of accounts cannot be read.
    NotRead(String),
    /// A file was chosen and is being read.
    Loading,
    /// A file of accounts was read.
    Loaded(PathBuf, Box<AccountsFile>),
    /// The corrected list was saved in this file.
    ListSaved(PathBuf),
    /// The leftovers of earlier runs.
    Leftovers(Box<Leftovers>),
    /// The migrations after a run.
    Migrations(Vec<Migration>),
    /// The port is back: the service, and where it listens.
    PortRestored(RestoredPort),
}

/// Takes the result of an ended task out of its slot.
fn ended<T: Send + 'static>(slot: &mut Option<Task<T>>) -> Option<Result<T, String>> {
    let result = match slot.as_ref()?.poll() {
        Progress::Working => return None,
        Progress::Done(done) => Ok(done),
        Progress::Lost => Err(Problem::new(ProblemKind::Internal).to_string()),
    };
    *slot = None;
    Some(result)
}

impl Tasks {
    /// The news since the last call. Test findings go directly to the page.
    pub fn news(&mut self, servers: &mut ServersPage) -> Vec<News> {
        self.take_tests(servers);
        let mut news = Vec::new();
        match self.log.news() {
            Some(Ok(folder)) => news.push(News::Logged(folder)),
            Some(Err(sentence)) => news.push(News::Failed(sentence)),
            None => {}
        }
        if let Some(result) = ended(&mut self.trusting) {
            news.push(plain(result).map_or_else(News::Failed, News::Trusted));
        }
        if let Some(result) = ended(&mut self.restoring) {
            let restored = result.and_then(|restored| restored);
            if let (Err(_), Some(offer)) = (&restored, &mut servers.restore) {
                offer.working = false;
            }
            news.push(restored.map_or_else(News::Failed, News::PortRestored));
        }
        if let Some(Ok(leftovers)) = ended(&mut self.looking) {
            news.push(News::Leftovers(Box::new(leftovers)));
        }
        if let Some(Ok(migrations)) = ended(&mut self.reading) {
            news.push(News::Migrations(migrations));
        }
        if let Some(started) = ended(&mut self.starting_demo) {
            news.push(started.and_then(|started| started).map_or_else(News::Failed, News::DemoStarted));
        }
        if let Some(Ok(Err(sentence)) | Err(sentence)) = ended(&mut self.opening) {
            news.push(News::Failed(sentence));
        }
        match ended(&mut self.picking_key) {
            Some(Ok(Picked::File(path))) => news.push(News::KeyFileChosen(path)),
            Some(Ok(Picked::NoDialog) | Err(_)) => {
                let sentence = "This system has no dialog to choose a file. Type the path of the key file.";
                news.push(News::Failed(sentence.to_owned()));
            }
            Some(Ok(Picked::Cancelled)) | None => {}
        }
        self.take_certificate(&mut news);
        self.take_files(&mut news);
        news
    }

    fn take_certificate(&mut self, news: &mut Vec<News>) {
        let Some((side, task)) = self.picking_certificate.take() else { return };
        match task.poll() {
            Progress::Working => self.picking_certificate = Some((side, task)),
            Progress::Done(Picked::File(path)) => news.push(News::CertificateChosen(side, path)),
            Progress::Done(Picked::Cancelled) => {}
            Progress::Done(Picked::NoDialog) | Progress::Lost => news.push(News::NoDialog),
        }
    }

    fn take_files(&mut self, news: &mut Vec<News>) {
        match ended(&mut self.picking) {
            None => {}
            Some(Ok(Picked::File(path))) => {
                news.push(News::Loading);
                let columns = std::mem::take(&mut self.columns);
                if let Err(error) = self.load(path, columns) {
                    news.push(News::Failed(error.to_string()));
                }
            }
            Some(Ok(Picked::Cancelled)) => news.push(News::NotChosen),
            Some(Ok(Picked::NoDialog) | Err(_)) => news.push(News::NoDialog),
        }
        match ended(&mut self.loading) {
            None => {}
            Some(Ok(Ok((path, file)))) => news.push(News::Loaded(path, file)),
            Some(Ok(Err(problem))) => news.push(News::NotRead(problem.to_string())),
            Some(Err(sentence)) => news.push(News::NotRead(sentence)),
        }
        match ended(&mut self.saving_list) {
            Some(Ok(Err(sentence)) | Err(sentence)) => news.push(News::Failed(sentence)),
            Some(Ok(Ok(Picked::File(path)))) => news.push(News::ListSaved(path)),
            Some(Ok(Ok(Picked::Cancelled | Picked::NoDialog))) | None => {}
        }
        match ended(&mut self.saving) {
            Some(Ok(Err(sentence)) | Err(sentence)) => news.push(News::Failed(sentence)),
            Some(Ok(Ok(Picked::NoDialog))) => news.push(News::Failed(
                "This system has no dialog to save a file. Each line of the file reads user@domain.com;password;Full Name."
                    .to_owned(),
            )),
            Some(Ok(Ok(_))) | None => {}
        }
    }

    fn take_tests(&mut self, page: &mut ServersPage) {
        self.tests.retain(|(side, revision, task)| {
            let findings = match task.poll() {
                Progress::Working => {
                    page.running_for(task.elapsed());
                    return true;
                }
                Progress::Done(findings) => findings,
                Progress::Lost => vec![Finding::of(Problem::new(ProblemKind::Internal))],
            };
            page.take(*side, *revision, findings);
            false
        });
        if page.testing() {
            self.context.request_repaint_after(Duration::from_millis(250));
        }
    }
}

/// Flattens a task's two kinds of failure into one.
fn plain<T>(result: Result<Result<T, Problem>, String>) -> Result<T, String> {
    result?.map_err(|problem| problem.to_string())
}
