//! Page 1, *Servers*: the source IMAP server and Kerio Connect, the result of the connection test, and the certificates to trust.

mod cards;
mod filling_in;
mod forms;
mod groupware;
mod migrations;
mod more;
mod proxy;
mod rules;
mod test;

pub use forms::{Administrator, Connection};
pub use groupware::GroupwareForm;
pub use migrations::{LAST_PASS, MigrationOffer, VERIFY};
pub use more::More;
pub use proxy::ProxyForm;
pub use test::Test;

use super::super::action::Action;
use super::super::theme;
use super::super::widgets::bar::{Bar, Choice};
use super::super::widgets::card::Pair;
use super::super::widgets::certificate;
use super::super::widgets::field::Field;
use crate::domain::{Doubt, Finding, Fingerprint, Problem, ProblemKind, Secret, Selection, Side, WrongRule};
use crate::migrate::{AdministrationServer, MailServer, NameForm, Servers, TargetKind};
use crate::settings::Settings;
use egui::{Id, Key, KeyboardShortcut, Modifiers, Ui};
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

/// F5, as in every program that reloads.
pub const TEST: KeyboardShortcut = KeyboardShortcut::new(Modifiers::NONE, Key::F5);

/// A port that an earlier run left changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RestoreOffer {
    /// What is still changed, in a sentence.
    pub sentence: String,
    /// Whether it is being put back now.
    pub working: bool,
}

/// The state of the page.
#[derive(Default)]
pub struct ServersPage {
    /// The server to read mail from.
    pub source: Connection,
    /// The server to write mail to.
    pub target: Connection,
    /// Kerio Connect's administrator.
    pub administrator: Administrator,
    /// The target is another IMAP server, whose accounts exist already.
    pub other_imap: bool,
    /// Mailboxes at a time, as typed.
    pub jobs: String,
    /// The rarely needed settings of the source.
    pub source_more: More,
    /// The rarely needed settings of the target.
    pub target_more: More,
    /// What is left out or renamed, as lines of rules.
    pub rules: String,
    rules_form: rules::RulesForm,
    /// Copy again what an earlier run copied and the target no longer has. Holds until the program ends.
    pub repair: bool,
    /// Move messages deleted on the source since into the target's trash. Holds until the program ends.
    pub follow_deletions: bool,
    /// Accounts may share a mailbox on either side. Holds until the program ends.
    pub shared_mailboxes: bool,
    /// Calendars, contacts and tasks.
    pub groupware: GroupwareForm,
    /// The proxy for all servers.
    pub proxy: ProxyForm,
    /// The test of the source.
    pub source_test: Test,
    /// The test of the target.
    pub target_test: Test,
    /// Next was pressed and waits for the test.
    pub next: bool,
    /// A port to put back.
    pub restore: Option<RestoreOffer>,
    /// Why the window cannot know what earlier runs left behind.
    pub trouble: Option<Problem>,
    /// The migrations that can be continued, most recent first.
    pub migrations: Vec<MigrationOffer>,
    /// The certificate of a rehearsal, the only one trusted for all three services.
    pub pinned: Option<Fingerprint>,
    /// Whether fields show what is missing: once the user has tried to continue.
    pub wrong_shown: bool,
    compared: BTreeMap<(String, Fingerprint), bool>,
    /// The certificate that is asked about.
    asked: Option<Doubt>,
    revisions: [u64; 2],
    greeted: bool,
}

impl ServersPage {
    /// The number of mailboxes at a time, as typed or by default. The error is a sentence.
    pub fn jobs(&self) -> Result<u32, String> {
        let typed = self.jobs.trim();
        if typed.is_empty() {
            return Ok(Settings::default().jobs);
        }
        let number = typed.parse().ok().filter(|number| (1..=Settings::MOST_JOBS).contains(number));
        number.ok_or_else(|| format!("'{typed}' is not a number from 1 to {}.", Settings::MOST_JOBS))
    }

    /// What is left out or renamed.
    pub fn selection(&self) -> Result<Selection, WrongRule> {
        let mut selection = Selection::default();
        selection.read_rules(&self.rules).map(|()| selection)
    }

    /// Shows what is wrong at each field, and unfolds the hidden ones.
    pub fn show_wrong(&mut self) {
        self.wrong_shown = true;
        let source = self.source.port_wrong().is_some() || self.selection().is_err() || self.source_more.is_wrong();
        let source = source || self.groupware.read().is_err();
        let port = !self.other_imap && self.administrator.port_wrong().is_some();
        let target = port || self.jobs().is_err() || self.proxy.read().is_err() || self.target_more.is_wrong();
        self.source_more.open |= source;
        self.target_more.open |= target;
    }

    /// The id of the first field that lacks something.
    pub fn first_missing(&self) -> Option<&'static str> {
        let kerio = !self.other_imap;
        [
            (self.source.address_wrong(true).is_some(), "source address"),
            (self.source_more.password_missing(), "source master password"),
            (self.target.address_wrong(true).is_some(), "target address"),
            (kerio && self.administrator.name_wrong().is_some(), "administrator"),
            (kerio && self.administrator.password_wrong().is_some(), "password"),
            (self.target_more.password_missing(), "target master password"),
        ]
        .into_iter()
        .find_map(|(missing, field)| missing.then_some(field))
    }

    /// Whether no server is named yet.
    pub fn is_blank(&self) -> bool {
        self.source.address.trim().is_empty() && self.target.address.trim().is_empty()
    }

    /// The servers as filled in; none if anything is wrong.
    pub fn servers(&self) -> Option<Servers> {
        if self.source.wrong().is_some() || self.target.wrong().is_some() {
            return None;
        }
        if !self.other_imap && self.administrator.is_wrong() || self.jobs().is_err() {
            return None;
        }
        if self.source_more.is_wrong()
            || self.target_more.is_wrong()
            || self.selection().is_err()
            || self.groupware.read().is_err()
        {
            return None;
        }
        let proxy = self.proxy.read().ok()?;
        let (source, target) = (self.source.parsed()?, self.target.parsed()?);
        let mut administration = target.clone();
        administration.port = Some(self.administrator.port().unwrap_or(Administrator::USUAL_PORT));
        let target_kind = if self.other_imap {
            TargetKind::Imap
        } else {
            TargetKind::Kerio(AdministrationServer {
                address: administration,
                user: self.administrator.name.trim().to_owned(),
                password: Secret::new(self.administrator.password.as_str()),
                fingerprint: self.pinned,
            })
        };
        // Kerio Connect's directory knows the names.
        let target_name = if self.other_imap { self.target_more.kept.name_form } else { NameForm::Address };
        Some(Servers {
            source: MailServer {
                address: source,
                security: self.source.security(),
                fingerprint: self.pinned,
                sign_in: self.source_more.sign_in(),
                name: self.source_more.kept.name_form,
                connections: self.source_more.connection_limits(),
            },
            target: MailServer {
                address: target,
                security: self.target.security(),
                fingerprint: self.pinned,
                sign_in: self.target_more.sign_in(),
                name: target_name,
                connections: self.target_more.connection_limits(),
            },
            target_kind,
            authority_files: Vec::new(),
            cleartext_passwords_allowed: self.source.clear_agreed() || self.target.clear_agreed(),
            proxy,
        })
    }

    /// Marks the tests as started: both, or only those of servers that are not ready. Returns each side with the number that its results
    /// carry.
    pub fn begin_tests(&mut self, both: bool) -> Vec<(Side, u64)> {
        let tests = [(Side::Source, &mut self.source_test), (Side::Target, &mut self.target_test)];
        let mut begun = Vec::new();
        for ((side, test), revision) in tests.into_iter().zip(&mut self.revisions) {
            if both || !test.is_good() && !test.is_running() {
                *test = Test::Running(Duration::ZERO);
                *revision += 1;
                begun.push((side, *revision));
            }
        }
        begun
    }

    /// Stops waiting for the tests.
    pub fn cancel_test(&mut self) {
        self.next = false;
        for (test, revision) in [&mut self.source_test, &mut self.target_test].into_iter().zip(&mut self.revisions) {
            if test.is_running() {
                *test = Test::NotDone;
                *revision += 1;
            }
        }
    }

    /// Discards the test of a side, because something was changed there.
    fn forget_test(&mut self, side: Side) {
        let (connection, test, revision) = match side {
            Side::Source => (&mut self.source, &mut self.source_test, &mut self.revisions[0]),
            _ => (&mut self.target, &mut self.target_test, &mut self.revisions[1]),
        };
        connection.forget();
        *test = Test::NotDone;
        *revision += 1;
        self.next = false;
    }

    /// Takes the findings of a test, unless it was discarded meanwhile. Returns whether they were taken.
    pub fn take(&mut self, side: Side, revision: u64, findings: Vec<Finding>) -> bool {
        let index = usize::from(side != Side::Source);
        if self.revisions[index] != revision {
            return false;
        }
        let refused = findings
            .iter()
            .any(|finding| finding.problem().is_some_and(|problem| problem.kind == ProblemKind::EncryptionRefused));
        let (connection, test) = match index {
            0 => (&mut self.source, &mut self.source_test),
            _ => (&mut self.target, &mut self.target_test),
        };
        connection.starttls_refused |= refused && !connection.ssl;
        *test = Test::Done(findings);
        true
    }

    /// Sets whether that side's connection uses SSL.
    pub fn use_ssl(&mut self, side: Side, ssl: bool) {
        let connection = if side == Side::Source { &mut self.source } else { &mut self.target };
        connection.ssl = ssl;
        self.forget_test(side);
    }

    /// Notes how long the tests have been running.
    pub fn running_for(&mut self, elapsed: Duration) {
        for test in [&mut self.source_test, &mut self.target_test] {
            if test.is_running() {
                *test = Test::Running(elapsed);
            }
        }
    }

    /// Whether a test is running.
    pub fn testing(&self) -> bool {
        self.source_test.is_running() || self.target_test.is_running()
    }

    /// Whether both servers were tested as filled in, and are ready.
    pub fn ready(&self) -> bool {
        self.source_test.is_good() && self.target_test.is_good()
    }

    /// The bar below the page.
    pub fn bar(&self) -> Bar {
        let look = if self.testing() {
            Choice::new("Cancel", Action::CancelTest).tip("Stop waiting for the servers")
        } else {
            let again = self.source_test != Test::NotDone || self.target_test != Test::NotDone;
            let label = if again { "Test again" } else { "Test connection" };
            Choice::new(label, Action::Test).key(TEST).tip("Connect to both servers; changes nothing")
        };
        let tip = if self.ready() { "Choose the accounts" } else { "Tests the connection first" };
        let note = match (self.next, self.testing()) {
            (true, true) => "Continues as soon as both servers are ready.",
            (true, false) => "Continues once you have decided.",
            (false, _) => "",
        };
        Bar {
            left: vec![look],
            note: note.to_owned(),
            right: Vec::new(),
            primary: Some(Choice::new("Next", Action::Next).enabled(!(self.next && self.testing())).tip(tip)),
        }
    }

    /// Draws the page.
    pub fn show(&mut self, ui: &mut Ui, actions: &mut Vec<Action>) {
        if !std::mem::replace(&mut self.greeted, true)
            && let Some(field) = self.first_missing()
        {
            ui.memory_mut(|memory| memory.request_focus(Field::focus_id(field)));
        }
        self.offers(ui, actions);
        self.certificates(ui, actions);
        self.clear_text(ui, actions);
        let mut pair = Pair::begin(ui);
        pair.card(ui, |ui| self.source_card(ui, actions));
        pair.card(ui, |ui| self.target_card(ui, actions));
        pair.end(ui);
        ui.add_space(theme::GRID);
    }

    /// Asks about one certificate after another.
    fn certificates(&mut self, ui: &mut Ui, actions: &mut Vec<Action>) {
        let mut doubts = self.doubts();
        if doubts.is_empty() {
            self.asked = None;
            return;
        }
        let others = doubts.len() - 1;
        let doubt = doubts.swap_remove(0);
        let top = ui.cursor().min;
        let compared = self.compared.entry((doubt.host.clone(), doubt.details.fingerprint)).or_default();
        let is_kerio = doubt.side == Side::Administration || doubt.side == Side::Target && !self.other_imap;
        let trusted = certificate::panel(ui, &doubt, others, is_kerio, compared);
        if self.asked.as_ref() != Some(&doubt) {
            // The page may still be scrolled down to the last field.
            ui.scroll_to_rect(egui::Rect::from_min_size(top, egui::Vec2::ZERO), Some(egui::Align::TOP));
            self.asked = Some(doubt.clone());
        }
        if trusted {
            actions.push(Action::Trust(Box::new(doubt)));
        }
    }

    /// The certificates to decide on; one certificate at several ports of a host is one decision.
    pub fn doubts(&self) -> Vec<Doubt> {
        let mut doubts: Vec<Doubt> = Vec::new();
        for doubt in self.source_test.doubts().chain(self.target_test.doubts()) {
            if !doubts.iter().any(|known| known.is_same(doubt)) {
                doubts.push(doubt.clone());
            }
        }
        doubts
    }

    /// Discards the tests that waited for this certificate, which is trusted now.
    pub fn settle(&mut self, trusted: &Doubt) {
        for side in [Side::Source, Side::Target] {
            let test = if side == Side::Source { &mut self.source_test } else { &mut self.target_test };
            if test.doubts().any(|doubt| doubt.is_same(trusted)) {
                *test = Test::NotDone;
            }
        }
    }

    /// Whether the page waits for the user to trust a certificate or agree to clear text.
    pub fn must_decide(&self) -> bool {
        let asks = |connection: &Connection| connection.must_agree() && !connection.agreed;
        asks(&self.source) || asks(&self.target) || !self.doubts().is_empty()
    }

    /// Takes the file of a client certificate.
    pub fn take_certificate(&mut self, side: Side, path: &Path) {
        let more = if side == Side::Source { &mut self.source_more } else { &mut self.target_more };
        more.kept.client_certificate = path.display().to_string();
        self.forget_test(side);
    }
}

/// The id of the rules field, where Enter starts a new line.
pub fn rules_id() -> Id {
    Field::focus_id(rules::RULES)
}
