//! The program behind the window: takes news from background work, shows the page, and carries out the user's requests.
//!
//! The window's thread never waits: servers, files, dialogs and runs have their own threads.

mod continuing;
mod correcting;
mod planning;
mod practising;
mod requests;
mod run;
#[cfg(test)]
mod tests;
mod watching;
mod window;

use super::awake::Awake;
use super::folders::Folders;
use super::input_pacing::InputPacing;
use super::memory;
use super::notification::Notifications;
use super::page::Page;
use super::practice::Practice;
use super::running::Running;
use super::tasks::Tasks;
use super::widgets::field::Field;
use super::wizard::Wizard;
use crate::domain::list::Layout;
use crate::domain::{Account, Selection};
use crate::migrate::{Groupware, MailServer, RestoredPort, TargetKind};
use crate::migration::Migration;
use crate::progress::RunKind;
use crate::settings::Settings;
use continuing::Choosing;
use egui::Context;
use std::collections::BTreeSet;
use std::path::PathBuf;
use watching::FleetWatch;

/// What a check or migration depends on besides the accounts. If it changes, earlier results are void.
#[derive(PartialEq)]
struct CheckedFor {
    source: MailServer,
    target: MailServer,
    target_kind: TargetKind,
    selection: Selection,
    groupware: Groupware,
}

/// The application.
pub struct App {
    /// What is shown.
    pub wizard: Wizard,
    context: Context,
    folders: Folders,
    /// The folder for the settings; none in a rehearsal.
    settings_folder: Option<PathBuf>,
    settings: Settings,
    tasks: Tasks,
    running: Option<Running>,
    /// The accounts of the run on pages 3 and 4.
    migrated: Vec<Account>,
    /// The servers and rules of the last check on page 2.
    checked: Option<CheckedFor>,
    /// The columns chosen for the file being read.
    layout: Option<Layout>,
    /// Whether the accounts were loaded for a source where people sign in with their own passwords.
    passwords_required: bool,
    /// The recorded migrations, most recently used first.
    migrations: Vec<Migration>,
    /// The names of migrations no longer offered.
    hidden: BTreeSet<String>,
    /// The name of the migration that the user wants to continue.
    continued: Option<String>,
    /// What to select once the file is loaded.
    choose: Option<Choosing>,
    /// The keys of the accounts to try again after the current run.
    again: BTreeSet<String>,
    /// The run to start as soon as the current one has ended.
    next: Option<RunKind>,
    fleet: FleetWatch,
    awake: Option<Awake>,
    notifications: Notifications,
    pacing: InputPacing,
    title: String,
    closing: bool,
    /// The demo on show, and the folders to return to.
    practice: Option<Practice>,
    own: Option<(Folders, Option<PathBuf>)>,
    /// Whether the window has been fitted to its screen.
    fitted: bool,
}

impl App {
    /// The application at start, filled in from the settings.
    pub fn new(context: &Context, folders: Folders, settings_folder: Option<PathBuf>) -> Self {
        let settings = settings_folder.as_deref().map_or_else(Settings::default, Settings::load);
        let mut wizard = Wizard { log_folder: folders.logs.clone(), ..Wizard::default() };
        memory::recall(&settings, &mut wizard.servers);
        memory::dress(&settings, context);
        let mut app = Self {
            wizard,
            context: context.clone(),
            folders: folders.clone(),
            settings_folder,
            settings,
            tasks: Tasks::new(context, folders),
            running: None,
            migrated: Vec::new(),
            checked: None,
            layout: None,
            passwords_required: true,
            migrations: Vec::new(),
            hidden: BTreeSet::new(),
            continued: None,
            choose: None,
            again: BTreeSet::new(),
            next: None,
            fleet: FleetWatch::default(),
            awake: None,
            notifications: Notifications::default(),
            pacing: InputPacing::default(),
            title: String::new(),
            closing: false,
            practice: None,
            own: None,
            fitted: false,
        };
        let looking = app.tasks.look_for_leftovers();
        app.report(looking);
        app
    }

    /// One frame: news, page, actions.
    pub fn frame(&mut self, ui: &mut egui::Ui) {
        self.take_news();
        for action in self.wizard.show(ui) {
            self.carry_out(action);
        }
        self.answer_close();
        self.show_title();
        self.fit_screen();
    }

    fn take_news(&mut self) {
        self.take_run();
        self.take_fleet();
        self.start_planned();
        for news in self.tasks.news(&mut self.wizard.servers) {
            self.take_task(news);
        }
        let servers = &mut self.wizard.servers;
        if servers.next && !servers.testing() && !servers.must_decide() {
            servers.next = false;
            if servers.ready() {
                self.show_accounts();
            }
        }
    }

    fn take_task(&mut self, news: super::tasks::News) {
        use super::tasks::News;
        match news {
            News::Logged(folder) => self.wizard.log_folder = folder,
            News::Trusted(doubt) => {
                self.wizard.servers.settle(&doubt);
                if self.wizard.servers.doubts().is_empty() {
                    self.test(false);
                }
            }
            News::CertificateChosen(side, path) => self.wizard.servers.take_certificate(side, &path),
            News::DemoStarted(practice) => self.begin_demo(*practice),
            News::Failed(sentence) => self.wizard.notice = Some(sentence),
            News::NoDialog => {
                self.wizard.accounts.loading = false;
                self.wizard.accounts.typed.get_or_insert_default();
                if self.wizard.page == Page::Servers {
                    let sentence = "This system has no dialog to choose a file. Type the name of the file.";
                    self.wizard.notice = Some(sentence.to_owned());
                } else if self.wizard.accounts.is_loaded() {
                    let sentence = "This system has no dialog to choose a file. Drop the file on the window.";
                    self.wizard.notice = Some(sentence.to_owned());
                }
                self.context.memory_mut(|memory| memory.request_focus(Field::focus_id("file name")));
            }
            News::NotChosen => self.list_not_taken(None),
            News::NotRead(sentence) => self.list_not_taken(Some(sentence)),
            News::Loading => self.wizard.accounts.loading = true,
            News::Loaded(path, file) => self.take_accounts(path, *file),
            News::Leftovers(leftovers) => {
                self.wizard.servers.restore = leftovers.port;
                self.wizard.servers.trouble = leftovers.trouble;
                self.take_migrations(leftovers.migrations);
            }
            News::Migrations(migrations) => self.take_migrations(migrations),
            News::KeyFileChosen(path) => self.take_key_file(&path),
            News::ListSaved(path) => self.list_saved(path),
            News::PortRestored(RestoredPort { service, port }) => {
                self.wizard.servers.restore = None;
                self.wizard.status.state.port_changed = None;
                self.wizard.good_news = Some(format!("Kerio Connect's {service} service is back on port {port}."));
            }
        }
    }

    fn take_accounts(&mut self, path: PathBuf, mut file: crate::accounts::AccountsFile) {
        self.passwords_required = self.wizard.servers.source_more.sign_in().needs_own_passwords();
        if self.passwords_required {
            file.require_passwords();
        }
        self.settings.accounts_folder = path.parent().map(PathBuf::from);
        let accounts = &mut self.wizard.accounts;
        accounts.other_imap = self.wizard.servers.other_imap;
        accounts.take(path, file);
        accounts.layout = self.layout.take();
        self.choose_loaded();
    }

    fn remember(&mut self) {
        memory::remember(&mut self.settings, &self.wizard.servers, &self.context);
        let Some(folder) = self.settings_folder.clone() else { return };
        let settings = self.settings.clone();
        let saving = std::thread::Builder::new().name("settings".to_owned()).spawn(move || save(&settings, &folder));
        if let Err(error) = saving {
            log::warn!("no thread to save the settings: {error}");
        }
    }
}

fn save(settings: &Settings, folder: &std::path::Path) {
    if let Err(error) = settings.save(folder) {
        log::warn!("the settings could not be saved: {error}");
    }
}
