//! The program behind the window: takes the news of background work, shows the page, and carries out what the user asks for.
//!
//! Promises that the window's thread never waits: servers, files, dialogs and runs have threads of their own.

mod continuing;
mod correcting;
mod planning;
mod practising;
mod requests;
#[cfg(test)]
mod tests;
mod watching;

use super::awake::Awake;
use super::folders::Folders;
use super::input_pacing::InputPacing;
use super::memory;
use super::notification::{self, Notifications, Reason};
use super::page::Page;
use super::pages::status::{Question, StatusPage};
use super::practice::Practice;
use super::running::{FRAME, Running};
use super::tasks::Tasks;
use super::widgets::field::Field;
use super::wizard::Wizard;
use crate::domain::list::Layout;
use crate::domain::{Account, Selection};
use crate::migrate::{Groupware, MailServer, RestoredPort, TargetKind};
use crate::migration::Migration;
use crate::progress::RunKind;
use crate::report::words;
use crate::settings::Settings;
use continuing::Choosing;
use egui::{Context, UserAttentionType, ViewportCommand};
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;
use watching::FleetWatch;

/// What a check or a migration depends on besides the accounts. When it changes, earlier results no longer hold.
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
    /// The folder of the settings; none in a rehearsal.
    settings_folder: Option<PathBuf>,
    settings: Settings,
    tasks: Tasks,
    running: Option<Running>,
    /// The accounts of the run on pages 3 and 4.
    migrated: Vec<Account>,
    /// The servers and rules of the check on page 2.
    checked: Option<CheckedFor>,
    /// The columns that were chosen for the file that is being read.
    layout: Option<Layout>,
    /// Whether the accounts were loaded for a source where people sign in with their own passwords.
    passwords_required: bool,
    /// The migrations that were begun, the one that was worked on last first.
    migrations: Vec<Migration>,
    /// The names of those that are not offered any more.
    hidden: BTreeSet<String>,
    /// The name of the one that the user wanted to continue.
    continued: Option<String>,
    /// What is chosen once the file is loaded.
    choose: Option<Choosing>,
    /// The keys of the accounts to try again once the current run has ended.
    again: BTreeSet<String>,
    /// Starts as soon as the current run has ended.
    next: Option<RunKind>,
    fleet: FleetWatch,
    awake: Option<Awake>,
    notifications: Notifications,
    pacing: InputPacing,
    title: String,
    closing: bool,
    /// The demo that is shown, and the folders to come back to.
    practice: Option<Practice>,
    own: Option<(Folders, Option<PathBuf>)>,
    /// The window was made to fit on its screen.
    fitted: bool,
}

impl App {
    /// The application at its start, filled in with what it remembers.
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

    fn take_run(&mut self) {
        let Some(running) = &mut self.running else { return };
        let kind = running.kind;
        let (accounts, status) = (&mut self.wizard.accounts, &mut self.wizard.status);
        let begun = running.news(|event| match kind {
            RunKind::Check => accounts.apply(event),
            _ => status.apply(event),
        });
        if let Err(problem) = begun {
            self.forget_run();
            self.could_not_begin(kind, problem.to_string());
            return;
        }
        if kind != RunKind::Check {
            status.now = running.now().max(status.state.now);
            status.silence = running.longest_silence().filter(|silence| silence.silent >= SILENCE);
            status.awake = self.awake.as_ref().is_some_and(Awake::is_held);
        }
        if let Some(folder) = running.log_folder() {
            self.wizard.log_folder = folder.to_owned();
        }
        if running.has_more() {
            self.context.request_repaint();
        } else {
            // Clocks and waits count down even when nothing happens.
            self.context.request_repaint_after(if kind != RunKind::Check { FRAME * 5 } else { FRAME * 2 });
        }
        let is_over = running.is_over();
        self.ask_for_attention();
        let Some(running) = &self.running else { return };
        if is_over {
            self.end(kind);
        } else if running.is_overdue() && kind != RunKind::Check && self.wizard.status.is_running() {
            self.wizard.status.give_up_waiting();
            self.show_end();
        }
    }

    /// Notifies a person who does not look at the window that the run needs attention.
    fn ask_for_attention(&mut self) {
        if let Some((reason, text)) = self.wizard.status.needs_a_person() {
            self.notify(reason, || text);
        }
    }

    fn notify(&mut self, reason: Reason, text: impl FnOnce() -> String) {
        let in_front = self.context.input(|input| {
            let viewport = input.viewport();
            viewport.focused != Some(false) && viewport.minimized != Some(true)
        });
        if self.notifications.is_due(reason, in_front) {
            notification::show(text());
        }
    }

    fn could_not_begin(&mut self, kind: RunKind, sentence: String) {
        self.awake = None;
        self.wizard.notice = Some(sentence);
        if kind == RunKind::Check {
            self.wizard.accounts.drop_check();
        } else {
            self.wizard.status = StatusPage::default();
            self.wizard.page = Page::Accounts;
        }
    }

    fn forget_run(&mut self) {
        let had_log = self.running.take().is_some_and(|running| running.log_folder().is_some());
        self.tasks.log.run_ended(had_log);
        let reading = self.tasks.read_migrations();
        self.report(reading);
    }

    fn end(&mut self, kind: RunKind) {
        self.forget_run();
        if kind == RunKind::Check {
            if let Some(next) = self.next.take() {
                self.start(next);
            }
            return;
        }
        self.awake = None;
        self.wizard.status.question = None;
        self.wizard.status.silence = None;
        self.show_end();
        match self.next.take() {
            Some(next) => self.start(next),
            None if self.wizard.status.state.stop_requested => self.again.clear(),
            None => self.try_again_now(),
        }
    }

    /// Shows the result of a run that has ended, or that is no longer waited for.
    fn show_end(&mut self) {
        // The users that were to be created exist now.
        self.wizard.accounts.drop_check();
        self.wizard.accounts.pace = self.wizard.status.mean_pace().or(self.wizard.accounts.pace);
        if self.wizard.page == Page::Status {
            self.wizard.page = Page::Result;
        }
        self.context.send_viewport_cmd(ViewportCommand::RequestUserAttention(UserAttentionType::Informational));
        let verdict = words::verdict(&self.wizard.status.state);
        self.notify(Reason::Ended, || verdict);
        if self.closing {
            self.context.send_viewport_cmd(ViewportCommand::Close);
        }
    }

    /// Closing the window during a migration asks first; a check is just stopped.
    fn answer_close(&mut self) {
        if !self.context.input(|input| input.viewport().close_requested()) {
            return;
        }
        match &mut self.running {
            Some(running) if running.kind != RunKind::Check => {
                self.context.send_viewport_cmd(ViewportCommand::CancelClose);
                self.wizard.page = Page::Status;
                if !self.closing {
                    self.wizard.status.question = Some(Question::Close);
                }
            }
            Some(running) => running.stop(),
            None => self.ask_about_plan(),
        }
    }

    /// Makes a new window fit on its screen, once the screen is known: with the title and the system's bars around it.
    fn fit_screen(&mut self) {
        const AROUND: egui::Vec2 = egui::vec2(8.0, 72.0);
        if self.fitted {
            return;
        }
        let (screen, inner) = self.context.input(|input| (input.viewport().monitor_size, input.viewport().inner_rect));
        let (Some(screen), Some(inner)) = (screen, inner) else { return };
        self.fitted = true;
        let fitting = inner.size().min(screen - AROUND).max(super::SMALLEST.into());
        if fitting != inner.size() {
            self.context.send_viewport_cmd(ViewportCommand::InnerSize(fitting));
            let left = ((screen.x - fitting.x) / 2.0).max(0.0);
            self.context.send_viewport_cmd(ViewportCommand::OuterPosition(egui::pos2(left, 0.0)));
        }
    }

    fn show_title(&mut self) {
        let name = if self.wizard.demo { DEMO_NAME } else { super::NAME };
        let title = match self.wizard.status.in_title() {
            Some(state) => format!("{state} – {name}"),
            None => name.to_owned(),
        };
        if self.title != title {
            self.context.send_viewport_cmd(ViewportCommand::Title(title.clone()));
            self.title = title;
        }
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

/// The window's name while it shows the demo.
const DEMO_NAME: &str = "Demo of the Kerio IMAP Migration Tool";

/// A server that has been silent for this long is shown.
const SILENCE: Duration = Duration::from_secs(15);

/// A run that ends with the program has this long to settle what is in flight, write the report and put the port back.
const FAREWELL: Duration = Duration::from_secs(20);

impl eframe::App for App {
    fn logic(&mut self, context: &Context, _frame: &mut eframe::Frame) {
        // A hidden window still hears its run, or the news would pile up.
        if context.input(|input| input.viewport().minimized == Some(true)) {
            self.take_news();
            self.show_title();
        }
    }

    fn raw_input_hook(&mut self, _context: &Context, input: &mut egui::RawInput) {
        self.pacing.pace(&mut input.events);
    }

    fn ui(&mut self, ui: &mut egui::Ui, _frame: &mut eframe::Frame) {
        self.frame(ui);
        // Requested here and not in the hook: the frame answers requests from before it.
        if self.pacing.waits() {
            self.context.request_repaint();
        }
    }

    fn on_exit(&mut self, _gl: Option<&eframe::glow::Context>) {
        // The system closes the program without asking (macOS: Quit in the Dock, logging out).
        if let Some(running) = &mut self.running {
            running.stop_and_wait(FAREWELL);
        }
        memory::remember(&mut self.settings, &self.wizard.servers, &self.context);
        if let Some(folder) = &self.settings_folder {
            save(&self.settings, folder);
        }
    }
}
