//! Carries out what the user asks for: starts tasks, starts and controls runs, shows another page.

use super::super::action::{Action, Purpose, RunCommand};
use super::super::awake::Awake;
use super::super::memory;
use super::super::page::Page;
use super::super::pages::status::{Question, StatusPage};
use super::super::running::{Order, Running};
use super::super::tasks::Tasks;
use super::super::widgets::field::Field;
use super::continuing::Choosing;
use super::{App, CheckedFor};
use crate::accounts::Choice;
use crate::domain::list::Layout;
use crate::migrate::{AccountList, ConnectionLimits, MailServer, Options, Request, Servers};
use crate::progress::RunKind;
use egui::ViewportCommand;

/// Says when the log folder will exist.
const NOTHING_LOGGED: &str = "The first connection test, check or migration creates it.";

impl App {
    pub(super) fn carry_out(&mut self, action: Action) {
        match action {
            Action::Go(page) => self.wizard.page = page,
            Action::Test => {
                self.wizard.servers.next = false;
                self.test(true);
            }
            Action::TestRest => self.test(false),
            Action::Next if self.wizard.servers.ready() && self.wizard.servers.servers().is_some() => {
                self.show_accounts()
            }
            Action::Next => {
                self.wizard.servers.next = true;
                self.test(false);
            }
            Action::CancelTest => {
                self.wizard.servers.cancel_test();
                self.tasks.forget_tests();
            }
            Action::Trust(doubt) => self.task(|tasks| tasks.trust(*doubt)),
            Action::ChooseCertificate(side) => self.task(|tasks| tasks.pick_certificate(side)),
            Action::UseSsl(side, ssl) => {
                self.wizard.servers.use_ssl(side, ssl);
                self.test(false);
            }
            Action::RestorePort => self.restore_port(),
            Action::LookAgain => self.task(Tasks::look_for_leftovers),
            Action::ContinueMigration(name, purpose) => self.continue_migration(&name, purpose),
            Action::HideMigration(name) => self.hide_migration(name),
            Action::Choose(purpose) => self.wizard.accounts.choose_for(purpose),
            Action::Load => {
                let folder = self.settings.accounts_folder.clone();
                self.wizard.accounts.loading = true;
                self.layout = None;
                let columns = self.columns();
                self.task(|tasks| tasks.pick(folder.as_deref(), columns));
            }
            Action::LoadFile(path) => {
                self.wizard.accounts.loading = true;
                // The same file keeps the columns that were chosen for it.
                let is_same = self.wizard.accounts.file.as_ref() == Some(&path);
                self.layout = self.wizard.accounts.layout.clone().filter(|_| is_same);
                let columns = self.columns();
                self.task(|tasks| tasks.load(path, columns));
            }
            Action::ReadColumns(layout) => self.read_columns(layout),
            Action::SaveSample => self.task(Tasks::save_sample),
            Action::ShowFile => {
                if let Some(path) = self.wizard.accounts.file.clone() {
                    self.task(|tasks| tasks.open(path, ""));
                }
            }
            Action::Check => self.start(RunKind::Check),
            Action::Correct(key) => self.correct(&key),
            Action::UseCorrection(again) => self.use_correction(again),
            Action::TryAgain(key) => self.try_again(key),
            Action::SaveList => self.save_list(),
            Action::PlanStart => self.plan_start(),
            Action::CloseAnyway => {
                self.wizard.accounts.planned = None;
                self.context.send_viewport_cmd(ViewportCommand::Close);
            }
            Action::Start => self.start_purpose(),
            Action::StartAll(purpose) => self.start_all(purpose),
            Action::OpenReport if self.watches() => self.open_fleet_report(crate::report::REPORT_TEXT),
            Action::OpenReportPage if self.watches() => self.open_fleet_report(crate::report::REPORT_PAGE),
            Action::OpenReport => {
                let report = self.wizard.log_folder.join(crate::report::REPORT_TEXT);
                self.task(|tasks| tasks.open(report, ""));
            }
            Action::SaveCsv(text) => self.task(|tasks| tasks.save_csv(text)),
            Action::OpenReportPage => {
                let page = self.wizard.log_folder.join(crate::report::REPORT_PAGE);
                self.task(|tasks| tasks.open(page, ""));
            }
            Action::OpenLogFolder => {
                let folder = self.wizard.log_folder.clone();
                self.task(|tasks| tasks.open(folder, NOTHING_LOGGED));
            }
            Action::MigrateIncomplete => self.migrate_incomplete(),
            Action::MigrateFurther => {
                self.wizard.accounts.untick_complete();
                self.wizard.page = Page::Accounts;
            }
            Action::DoNotStart => {
                self.next = None;
                self.wizard.start_waits = false;
            }
            Action::ChooseOpen => {
                self.wizard.accounts.choose_for(Purpose::Migrate);
                self.wizard.page = Page::Accounts;
            }
            Action::ShowAllProblems => {
                self.know_accounts();
                self.wizard.accounts.show_problems();
                self.wizard.page = Page::Accounts;
            }
            Action::Close => self.context.send_viewport_cmd(ViewportCommand::Close),
            Action::TryDemo => self.task(Tasks::start_demo),
            Action::LeaveDemo => self.leave_demo(),
            Action::AskForFleet(shown) => self.ask_for_fleet(shown),
            Action::ChooseKeyFile => self.task(Tasks::pick_key),
            Action::WatchFleet(place) => self.watch_fleet(place),
            Action::LeaveFleet => self.leave_fleet(),
            Action::Help => self.task(Tasks::open_guide),
            Action::About(open) => self.wizard.about = open,
            Action::Theme(preference) => self.context.set_theme(preference),
            Action::AskStop => self.wizard.status.question = Some(Question::Stop),
            Action::KeepRunning => {
                self.wizard.status.question = None;
                self.closing = false;
            }
            Action::Run(command) if self.watches() => self.order_fleet(command),
            Action::Run(command) => self.command(command),
        }
        self.context.request_repaint();
    }

    /// Passes a command to the run under way.
    fn command(&mut self, command: RunCommand) {
        if matches!(command, RunCommand::Stop | RunCommand::StopAndClose) {
            self.wizard.status.question = None;
            self.closing = command == RunCommand::StopAndClose;
        }
        let Some(running) = &mut self.running else { return };
        match command {
            RunCommand::Pause => running.pause(),
            RunCommand::Continue => running.resume(),
            RunCommand::Skip(account) => running.skip(account),
            RunCommand::TakeUp(account) => running.take_up(account),
            RunCommand::TryNow => running.try_now(),
            RunCommand::Stop | RunCommand::StopAndClose => running.stop(),
        }
    }

    /// How the columns of the next file are read.
    fn columns(&self) -> Choice {
        Choice { layout: self.layout.clone(), remembered: memory::columns(&self.settings) }
    }

    /// Reads the loaded file again with these columns, and remembers them for files with the same header.
    fn read_columns(&mut self, layout: Layout) {
        let page = &mut self.wizard.accounts;
        let Some(path) = page.file.clone() else { return };
        if let Some(key) = page.header_key() {
            self.settings.remember_columns(key, layout.to_string());
            self.remember();
        }
        self.wizard.accounts.layout = Some(layout);
        self.carry_out(Action::LoadFile(path));
    }

    pub(super) fn task(&mut self, run: impl FnOnce(&mut Tasks) -> std::io::Result<()>) {
        let begun = run(&mut self.tasks);
        self.report(begun);
    }

    /// Shows a notice if a task could not start because the system gave it no thread.
    pub(super) fn report(&mut self, begun: std::io::Result<()>) {
        if let Err(error) = begun {
            self.wizard.notice = Some(format!("The system is short of threads: {error}. Close other programs."));
        }
    }

    /// Tests both servers, or only those that are not ready yet.
    pub(super) fn test(&mut self, both: bool) {
        let Some(servers) = self.wizard.servers.servers() else {
            self.show_wrong();
            self.wizard.servers.next = false;
            return;
        };
        self.remember();
        let tests = self.wizard.servers.begin_tests(both);
        let groupware = self.wizard.servers.groupware.read().unwrap_or_default();
        self.task(|tasks| tasks.test(&servers, &groupware, &tests));
    }

    /// Shows what is wrong on page 1, and focuses the first field that lacks something.
    fn show_wrong(&mut self) {
        self.wizard.servers.show_wrong();
        if let Some(field) = self.wizard.servers.first_missing() {
            self.context.memory_mut(|memory| memory.request_focus(Field::focus_id(field)));
        }
    }

    fn restore_port(&mut self) {
        let Some(servers) = self.wizard.servers.servers() else { return };
        self.wizard.good_news = None;
        if let Some(offer) = &mut self.wizard.servers.restore {
            offer.working = true;
        }
        self.task(|tasks| tasks.restore_port(servers));
    }

    pub(super) fn show_accounts(&mut self) {
        self.wizard.accounts.other_imap = self.wizard.servers.other_imap;
        self.wizard.page = Page::Accounts;
        self.forget_old_check();
        // Whether a line without a password can be used depends on how people sign in.
        let required = self.wizard.servers.source_more.sign_in().needs_own_passwords();
        if let Some(path) = self.wizard.accounts.file.clone().filter(|_| required != self.passwords_required) {
            self.choose.get_or_insert(Choosing::For(self.wizard.accounts.purpose));
            self.carry_out(Action::LoadFile(path));
        }
        let may_be_recorded = self.needs_no_passwords() && self.continued_migration().is_some();
        if self.wizard.accounts.is_recorded() && !may_be_recorded {
            let file = self.continued_migration().and_then(|migration| migration.accounts_file.clone());
            self.wizard.accounts.unload(file);
        } else if !self.wizard.accounts.loading {
            self.take_record(None);
        }
        // Another window or command may have worked on the migration since.
        self.task(Tasks::read_migrations);
        self.wizard.accounts.free_seats = self.wizard.servers.target_test.free_seats();
        self.know_accounts();
        let limit = |server: &MailServer| server.connections.max_rate;
        self.wizard.accounts.most_pace = self
            .wizard
            .servers
            .servers()
            .and_then(|servers| [limit(&servers.source), limit(&servers.target)].into_iter().flatten().min());
    }

    /// The results of a check hold only for its servers and rules.
    fn forget_old_check(&mut self) {
        if !self.wizard.accounts.has_check() || self.checked == self.checked_for() {
            return;
        }
        self.wizard.accounts.forget_check();
        if let Some(running) = self.running.as_mut().filter(|running| running.kind == RunKind::Check) {
            running.stop();
        }
    }

    /// The servers and rules of a check that starts now.
    pub(super) fn checked_for(&self) -> Option<CheckedFor> {
        let page = &self.wizard.servers;
        let servers = page.servers()?;
        // Limits do not change what a check finds.
        let unlimited = |server: MailServer| MailServer {
            connections: ConnectionLimits { max_rate: None, max_connections: None, ..server.connections },
            ..server
        };
        let Servers { source, target, target_kind, .. } = servers;
        let (source, target) = (unlimited(source), unlimited(target));
        let groupware = page.groupware.read().ok()?;
        Some(CheckedFor { source, target, target_kind, selection: page.selection().ok()?, groupware })
    }

    pub(super) fn start(&mut self, kind: RunKind) {
        if let Some(running) = &self.running {
            // A check ends in a moment, but a run that was stopped may wait for a server.
            self.wizard.start_waits = running.kind != RunKind::Check;
            self.next = Some(kind);
            return;
        }
        self.wizard.start_waits = false;
        self.wizard.accounts.planned = None;
        let filled_in = &self.wizard.servers;
        let (Some(servers), Ok(selection), Ok(jobs), Ok(groupware)) =
            (filled_in.servers(), filled_in.selection(), filled_in.jobs(), filled_in.groupware.read())
        else {
            self.wizard.page = Page::Servers;
            self.show_wrong();
            return;
        };
        let migration = self.migration().map(|it| it.name.clone());
        let page = &mut self.wizard.accounts;
        let accounts = page.chosen();
        let request = Request {
            known_bytes: page.known_sizes().into_iter().map(|counts| Some(counts?.bytes)).collect(),
            not_chosen: page.not_chosen(),
            bad_lines: page.bad_lines().to_vec(),
            selection,
            list: AccountList { migration, ..page.list() },
            ..Request::of(
                kind,
                servers,
                accounts.clone(),
                Options {
                    jobs,
                    groupware,
                    repair: kind == RunKind::Migrate && self.wizard.servers.repair,
                    follow_deletions: kind == RunKind::Migrate && self.wizard.servers.follow_deletions,
                    shared_mailboxes: self.wizard.servers.shared_mailboxes,
                    ..Options::in_folder(self.folders.state.clone())
                },
            )
        };
        let order = Order { request, logs: self.folders.chosen_logs() };
        match Running::begin(order, &self.context) {
            Ok(running) => {
                self.tasks.log.run_begins();
                self.running = Some(running);
            }
            Err(error) => return self.report(Err(error)),
        }
        if kind == RunKind::Check {
            self.wizard.accounts.begin_check();
            self.checked = self.checked_for();
            return;
        }
        self.notifications.begin();
        self.wizard.status = StatusPage::begin(self.wizard.accounts.known_sizes());
        self.wizard.status.asked = Some(kind);
        self.wizard.result = Default::default();
        self.wizard.page = Page::Status;
        self.migrated = accounts;
        let wake = self.context.clone();
        self.awake = Awake::ask(move || wake.request_repaint());
        self.remember();
    }
}
