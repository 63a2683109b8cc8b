//! The program behind the window: takes the news of background work, shows the page, and carries out what the user asked for.
//!
//! Promises that the window's thread never waits: servers, files, dialogs and runs have threads of their own.

use super::action::Action;
use super::task::{Progress, Task};
use super::wizard::{Page, Wizard};
use crate::domain::{Problem, Side};
use crate::migrate::{self, Doubt, Finding, Servers};
use egui::Context;
use std::path::PathBuf;
use std::time::Duration;

/// The folders the window works with.
#[derive(Debug, Clone)]
pub struct Folders {
    /// Ledger, known certificates, settings.
    pub state: PathBuf,
    /// Where each run makes its log folder.
    pub logs: PathBuf,
}

/// The application.
pub struct App {
    /// What is shown.
    pub wizard: Wizard,
    context: Context,
    folders: Folders,
    tests: Vec<(Side, u64, Task<Vec<Finding>>)>,
    trusting: Option<Task<Result<(), Problem>>>,
}

impl App {
    /// The application with an empty wizard.
    pub fn new(context: &Context, folders: Folders) -> Self {
        let wizard = Wizard { log_folder: folders.logs.clone(), ..Wizard::default() };
        Self { wizard, context: context.clone(), folders, tests: Vec::new(), trusting: None }
    }

    /// One frame: news, page, actions.
    pub fn frame(&mut self, ui: &mut egui::Ui) {
        self.take_news();
        for action in self.wizard.show(ui) {
            self.carry_out(action);
        }
    }

    fn take_news(&mut self) {
        self.take_tests();
        match self.trusting.as_ref().map(Task::poll) {
            None | Some(Progress::Working) => {}
            Some(Progress::Done(Ok(()))) => {
                self.trusting = None;
                self.test();
            }
            Some(Progress::Done(Err(problem))) => {
                self.trusting = None;
                self.wizard.notice = Some(problem.to_string());
            }
            Some(Progress::Lost) => self.trusting = None,
        }
    }

    fn take_tests(&mut self) {
        let servers = &mut self.wizard.servers;
        self.tests.retain(|(side, revision, task)| match task.poll() {
            Progress::Working => {
                servers.running_for(task.elapsed());
                true
            }
            Progress::Done(findings) => {
                servers.take(*side, *revision, findings);
                false
            }
            Progress::Lost => {
                let problem = Problem::new(crate::domain::ProblemKind::Internal);
                servers.take(*side, *revision, vec![Finding::of(problem)]);
                false
            }
        });
        if servers.testing() {
            self.context.request_repaint_after(Duration::from_millis(250));
        } else if std::mem::take(&mut servers.next) && servers.ready() {
            self.wizard.page = Page::Accounts;
        }
    }

    fn carry_out(&mut self, action: Action) {
        match action {
            Action::Go(page) => self.wizard.page = page,
            Action::Test => self.test(),
            Action::Next => self.next(),
            Action::CancelTest => {
                self.wizard.servers.cancel_test();
                self.tests.clear();
            }
            Action::Trust(doubt) => self.trust(*doubt),
            Action::About(open) => self.wizard.about = open,
            Action::Theme(preference) => self.context.set_theme(preference),
            _ => {}
        }
        self.context.request_repaint();
    }

    fn next(&mut self) {
        if self.wizard.servers.ready() {
            self.wizard.page = Page::Accounts;
            return;
        }
        self.wizard.servers.next = true;
        self.test();
    }

    fn test(&mut self) {
        let Some(servers) = self.wizard.servers.servers() else {
            self.wizard.servers.wrong_shown = true;
            self.wizard.servers.next = false;
            return;
        };
        let revisions = self.wizard.servers.begin_test();
        self.tests.clear();
        type Test = fn(&Servers, &std::path::Path) -> Vec<Finding>;
        let both: [(Side, Test); 2] = [(Side::Source, migrate::test_source), (Side::Target, migrate::test_target)];
        for ((side, test), revision) in both.into_iter().zip(revisions) {
            let (servers, state) = (servers.clone(), self.folders.state.clone());
            if let Some(task) = self.begin("connection test", move || test(&servers, &state)) {
                self.tests.push((side, revision, task));
            }
        }
    }

    fn trust(&mut self, doubt: Doubt) {
        let state = self.folders.state.clone();
        self.trusting = self.begin("trust", move || migrate::trust(&state, &doubt));
    }

    /// Starts work in the background; where the system gives no thread, says so.
    fn begin<T: Send + 'static>(&mut self, name: &str, work: impl FnOnce() -> T + Send + 'static) -> Option<Task<T>> {
        let context = self.context.clone();
        match Task::start(name, move || context.request_repaint(), work) {
            Ok(task) => Some(task),
            Err(error) => {
                self.wizard.notice =
                    Some(format!("The system gives the program no further thread ({error}). Close other programs."));
                None
            }
        }
    }
}

impl eframe::App for App {
    fn ui(&mut self, ui: &mut egui::Ui, _frame: &mut eframe::Frame) {
        self.frame(ui);
    }
}
