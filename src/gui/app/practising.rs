//! The demo in place of the user's own migration, and the way back.

use super::super::folders::Folders;
use super::super::practice::Practice;
use super::App;
use crate::rehearsal::demo::Demo;
use crate::rehearsal::sample::Person;
use egui::ViewportCommand;

impl App {
    /// Fills in the wizard for the servers of a rehearsal.
    pub fn rehearse(&mut self, demo: &Demo) {
        let page = &mut self.wizard.servers;
        page.source.address = demo.source_address().to_string();
        page.target.address = demo.target_address().to_string();
        page.administrator.name = demo.administrator().to_owned();
        page.administrator.password = demo.administrator_password().reveal().to_owned().into();
        page.administrator.port = demo.administration_address().port.map_or_else(String::new, |port| port.to_string());
        page.groupware.rehearse(demo.calendars());
        page.pinned = (!demo.is_practice()).then(|| demo.fingerprint());
        self.wizard.demo = true;
        let refused = |person: &&Person| demo.refused_account() == Some(person.address.as_str());
        let refused = demo.people().iter().find(refused).filter(|_| demo.is_practice());
        self.wizard.right_password = refused.map(|person| person.password.reveal().to_owned());
        let loading = self.tasks.load(demo.accounts_file().to_owned(), Default::default());
        self.report(loading);
    }

    /// Remembers the user's own migration, and shows the demo in its place.
    pub(super) fn begin_demo(&mut self, practice: Practice) {
        if self.running.is_some() {
            return;
        }
        self.remember();
        let folders = Folders { state: practice.state_folder(), logs: self.folders.logs.clone() };
        let mut app = Self::new(&self.context, folders, None);
        app.rehearse(&practice.demo);
        app.own = Some((self.folders.clone(), self.settings_folder.clone()));
        app.practice = Some(practice);
        app.fitted = true;
        *self = app;
    }

    /// Returns from the demo to page 1 of the user's own migration.
    pub(super) fn leave_demo(&mut self) {
        if self.running.is_some() {
            return;
        }
        let Some((folders, settings)) = self.own.take() else {
            self.context.send_viewport_cmd(ViewportCommand::Close);
            return;
        };
        let ending = self.practice.take();
        *self = Self { fitted: true, ..Self::new(&self.context, folders, settings) };
        // Its servers may take a moment to end.
        let _ = std::thread::Builder::new().name("demo ends".to_owned()).spawn(move || drop(ending));
    }
}
