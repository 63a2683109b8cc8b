//! Page 1: the source IMAP server and Kerio Connect, what a test of both found, and which certificates to trust.

use super::super::action::Action;
use super::super::theme::{self, palette};
use super::super::widgets::bar::{Bar, Choice};
use super::super::widgets::card::Pair;
use super::super::widgets::field::Field;
use super::super::widgets::sign::{self, Mark};
use super::super::widgets::{button, certificate, check, strip};
use super::forms::{Administrator, Line};
use crate::domain::{Fingerprint, ProblemKind, Secret, Side};
use crate::migrate::{
    AdministrationServer, Doubt, Finding, Lines, NameForm, Proxy, Servers, Sign, SignInWay, SourceServer, TargetKind,
    TargetServer,
};
use crate::settings::Settings;
use egui::{Key, KeyboardShortcut, Label, Modifiers, Ui};
use std::collections::BTreeMap;
use std::time::Duration;

/// F5, as in every program that looks again.
pub const TEST: KeyboardShortcut = KeyboardShortcut::new(Modifiers::NONE, Key::F5);

/// A test that takes longer than this is shown with what it waits for.
const SHOWN_AFTER: Duration = Duration::from_millis(300);

/// How a connection test of one server stands.
#[derive(Debug, Clone, Default, PartialEq)]
pub enum Test {
    /// Not done, or void because something was changed.
    #[default]
    NotDone,
    /// It goes on, for so long already.
    Running(Duration),
    /// What it found.
    Done(Vec<Finding>),
}

impl Test {
    fn is_good(&self) -> bool {
        matches!(self, Test::Done(findings) if findings.iter().all(|finding| finding.sign != Sign::Bad))
    }

    fn is_running(&self) -> bool {
        matches!(self, Test::Running(_))
    }
}

/// A port that an earlier run left changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RestoreOffer {
    /// What stands changed, in a sentence.
    pub sentence: String,
    /// Whether it is being put back now.
    pub working: bool,
}

/// The state of the page.
#[derive(Default)]
pub struct ServersPage {
    /// The server the mail is read from.
    pub source: Line,
    /// The server it is written to.
    pub target: Line,
    /// Kerio Connect's administrator.
    pub administrator: Administrator,
    /// The target is not Kerio Connect but any IMAP server whose accounts exist.
    pub other_imap: bool,
    /// Mailboxes at a time, as typed.
    pub jobs: String,
    /// The test of the source.
    pub source_test: Test,
    /// The test of the target.
    pub target_test: Test,
    /// Next was pressed and waits for the test.
    pub next: bool,
    /// A port to put back.
    pub restore: Option<RestoreOffer>,
    /// A run that was cut off: what is done, in a sentence.
    pub interrupted: Option<String>,
    /// Exactly this certificate is trusted for all three services: that of a rehearsal.
    pub pinned: Option<Fingerprint>,
    /// What is wrong is shown at a field once she wanted to go on.
    pub wrong_shown: bool,
    more: [bool; 2],
    compared: BTreeMap<(String, u16), bool>,
    revisions: [u64; 2],
    greeted: bool,
}

impl ServersPage {
    /// The number of mailboxes at a time: what is typed, or 4.
    pub fn jobs(&self) -> u32 {
        self.jobs.trim().parse().unwrap_or(4).clamp(1, Settings::MOST_JOBS)
    }

    /// The servers as filled in, or none when a field says what is wrong.
    pub fn servers(&self) -> Option<Servers> {
        if self.source.wrong().is_some() || self.target.wrong().is_some() {
            return None;
        }
        if !self.other_imap && (self.administrator.name_wrong().is_some() || self.administrator.port_wrong().is_some())
        {
            return None;
        }
        let (source, target) = (self.source.parsed()?, self.target.parsed()?);
        let mut administration = target.clone();
        administration.port = Some(self.administrator.port().unwrap_or(4040));
        let kind = if self.other_imap {
            TargetKind::Imap
        } else {
            TargetKind::Kerio(AdministrationServer {
                address: administration,
                user: self.administrator.name.trim().to_owned(),
                password: Secret::new(self.administrator.password.as_str()),
                fingerprint: self.pinned,
            })
        };
        let proxy = Proxy::from_environment().inspect_err(|error| log::warn!("no proxy is used: {error}"));
        let proxy = proxy.unwrap_or_default();
        Some(Servers {
            source: SourceServer {
                address: source,
                security: self.source.security(),
                fingerprint: self.pinned,
                sign_in: SignInWay::default(),
                name: NameForm::default(),
                lines: Lines::default(),
            },
            target: TargetServer {
                address: target,
                security: self.target.security(),
                fingerprint: self.pinned,
                kind,
                sign_in: SignInWay::default(),
                name: NameForm::default(),
                lines: Lines::default(),
            },
            authority_files: Vec::new(),
            cleartext_passwords_allowed: self.source.clear_agreed() || self.target.clear_agreed(),
            proxy,
        })
    }

    /// Marks both tests as begun; returns the numbers by which their results will be known.
    pub fn begin_test(&mut self) -> [u64; 2] {
        self.source_test = Test::Running(Duration::ZERO);
        self.target_test = Test::Running(Duration::ZERO);
        self.revisions = self.revisions.map(|revision| revision + 1);
        self.revisions
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

    /// Takes the findings of a test, unless it is void by now. Returns whether it was taken.
    pub fn take(&mut self, side: Side, revision: u64, findings: Vec<Finding>) -> bool {
        let index = usize::from(side != Side::Source);
        if self.revisions[index] != revision {
            return false;
        }
        let refused = findings.iter().any(|finding| {
            finding.problem.as_ref().is_some_and(|problem| problem.kind == ProblemKind::EncryptionRefused)
        });
        let (line, test) = match index {
            0 => (&mut self.source, &mut self.source_test),
            _ => (&mut self.target, &mut self.target_test),
        };
        line.starttls_refused |= refused && !line.ssl;
        *test = Test::Done(findings);
        true
    }

    /// Tells how long the running tests have been going on.
    pub fn running_for(&mut self, elapsed: Duration) {
        for test in [&mut self.source_test, &mut self.target_test] {
            if test.is_running() {
                *test = Test::Running(elapsed);
            }
        }
    }

    /// Whether a test goes on.
    pub fn testing(&self) -> bool {
        self.source_test.is_running() || self.target_test.is_running()
    }

    /// Whether both servers were tested as they stand here, and can serve.
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
            Choice::new(label, Action::Test).key(TEST).tip("Look at both servers; nothing is changed")
        };
        let tip = if self.ready() { "Choose the accounts" } else { "Tests the connection first" };
        let note = if self.next && self.testing() { "Goes on as soon as both servers answer well." } else { "" };
        Bar {
            left: vec![look],
            note: note.to_owned(),
            right: Vec::new(),
            primary: Some(Choice::new("Next", Action::Next).enabled(!(self.next && self.testing())).tip(tip)),
        }
    }

    /// Draws the page.
    pub fn show(&mut self, ui: &mut Ui, actions: &mut Vec<Action>) {
        if !std::mem::replace(&mut self.greeted, true) && self.source.address.is_empty() {
            ui.memory_mut(|memory| memory.request_focus(Field::focus_id("source address")));
        }
        self.offers(ui, actions);
        for doubt in self.doubts() {
            let compared = self.compared.entry((doubt.host.clone(), doubt.port)).or_default();
            if certificate::panel(ui, &doubt, compared) {
                actions.push(Action::Trust(Box::new(doubt)));
            }
        }
        self.clear_text(ui, actions);
        let mut pair = Pair::begin(ui);
        pair.card(ui, |ui| self.source_card(ui));
        pair.card(ui, |ui| self.target_card(ui));
        pair.end(ui);
        ui.add_space(theme::GRID);
    }

    fn offers(&self, ui: &mut Ui, actions: &mut Vec<Action>) {
        if let Some(offer) = &self.restore {
            let rest = "An earlier run ended before it could put the port back. The administrator's name and password are \
                        needed for it: fill them in below.";
            strip::strip(ui, Mark::Warning, &offer.sentence, rest, |ui| {
                let ready = !offer.working && !self.administrator.password.is_empty() && self.servers().is_some();
                let label = if offer.working { "Putting it back…" } else { "Put the port back now" };
                let pressed = button::quiet(ui, label, ready).on_disabled_hover_text(
                    "Fill in Kerio Connect's address, the administrator and the password first.",
                );
                if pressed.clicked() {
                    actions.push(Action::RestorePort);
                }
            });
        }
        if let Some(run) = &self.interrupted {
            let rest = "It goes on where it stopped; nothing is copied twice.";
            strip::strip(ui, Mark::Note, run, rest, |ui| {
                ui.horizontal(|ui| {
                    if button::quiet(ui, "Continue it", true).clicked() {
                        actions.push(Action::ContinueRun);
                    }
                    if button::quiet(ui, "Not now", true).clicked() {
                        actions.push(Action::ForgetRun);
                    }
                });
            });
        }
    }

    fn source_card(&mut self, ui: &mut Ui) {
        heading(ui, "Source IMAP server");
        let wrong = self.source.address_wrong(self.wrong_shown);
        let mut changed = Field::new("source address", "IP address or DNS name")
            .hint("mail.example.com")
            .wrong(wrong.as_deref())
            .show(ui, &mut self.source.address)
            .changed();
        changed |= check::check(ui, &mut self.source.ssl, "Use SSL connection").changed();
        findings(ui, &self.source_test, "the source server", self.source.starttls_refused);
        if more(ui, &mut self.more[0], "More: port", "source") {
            let usual = self.source.usual_port().to_string();
            changed |= Field::new("source port", "Port")
                .hint(&usual)
                .width(96.0)
                .wrong(self.source.port_wrong().as_deref())
                .show(ui, &mut self.source.port)
                .changed();
            ui.add(Label::new(theme::small(SECURITY_NOTE).color(palette(ui).soft)).wrap());
        }
        if changed {
            self.source.forget();
            self.source_test = Test::NotDone;
            self.revisions[0] += 1;
            self.next = false;
        }
    }

    fn target_card(&mut self, ui: &mut Ui) {
        heading(ui, if self.other_imap { "Target IMAP server" } else { "Kerio Connect" });
        let wrong = self.target.address_wrong(self.wrong_shown);
        let note = self.port_note();
        let label = if self.other_imap { "IP address or DNS name" } else { "IP address or DNS name (and port)" };
        let mut changed = Field::new("target address", label)
            .hint("connect.example.com")
            .wrong(wrong.as_deref())
            .note(note.as_deref())
            .show(ui, &mut self.target.address)
            .changed();
        if !self.other_imap {
            let wrong = self.administrator.name_wrong().filter(|_| self.wrong_shown);
            changed |= Field::new("administrator", "Administrator's name")
                .hint("Admin")
                .wrong(wrong)
                .show(ui, &mut self.administrator.name)
                .changed();
            changed |=
                Field::new("password", "Password").password().show(ui, &mut *self.administrator.password).changed();
        }
        changed |= check::check(ui, &mut self.target.ssl, "Use SSL connection ").changed();
        findings(ui, &self.target_test, "Kerio Connect", self.target.starttls_refused);
        if more(ui, &mut self.more[1], "More: ports, mailboxes at a time", "target") {
            if !self.other_imap {
                changed |= Field::new("administration port", "Administration port")
                    .hint("4040")
                    .width(96.0)
                    .wrong(self.administrator.port_wrong().as_deref())
                    .show(ui, &mut self.administrator.port)
                    .changed();
            }
            Field::new("jobs", "Mailboxes at a time (1 to 64)").hint("4").width(96.0).show(ui, &mut self.jobs);
            let other = "The target is another IMAP server, whose accounts exist already";
            changed |= check::check(ui, &mut self.other_imap, other).changed();
        }
        if changed {
            self.target.forget();
            self.target_test = Test::NotDone;
            self.revisions[1] += 1;
            self.next = false;
        }
    }

    /// What a port behind Kerio Connect's address will do.
    fn port_note(&self) -> Option<String> {
        let port = self.target.parsed()?.port.filter(|_| !self.other_imap)?;
        let (service, usual) = if self.target.ssl { ("secure IMAP service", 993) } else { ("IMAP service", 143) };
        (port != usual).then(|| {
            format!(
                "Kerio Connect's {service} will be set to port {port} while migrating, and back to {usual} afterwards."
            )
        })
    }

    /// Asks to agree where a server offers no encryption at all.
    fn clear_text(&mut self, ui: &mut Ui, actions: &mut Vec<Action>) {
        for (index, line) in [&mut self.source, &mut self.target].into_iter().enumerate() {
            if !line.must_agree() {
                continue;
            }
            let head = format!("{} offers no encryption (STARTTLS).", line.address.trim());
            let rest = "Without it, all passwords and all mail cross the network in clear text, and anybody on the way can \
                        read them. Use SSL if the server has it.";
            let agreed = strip::strip(ui, Mark::Warning, &head, rest, |ui| {
                let text = if index == 0 {
                    "I agree: send passwords to the source in clear text"
                } else {
                    "I agree: send passwords to the target in clear text"
                };
                check::check(ui, &mut line.agreed, text).changed()
            });
            if agreed && line.agreed {
                actions.push(Action::Test);
            } else if agreed {
                let test = if index == 0 { &mut self.source_test } else { &mut self.target_test };
                *test = Test::NotDone;
            }
        }
    }

    fn doubts(&self) -> Vec<Doubt> {
        let mut doubts: Vec<Doubt> = Vec::new();
        for test in [&self.source_test, &self.target_test] {
            let Test::Done(findings) = test else { continue };
            for doubt in findings.iter().filter_map(|finding| finding.certificate.as_ref()) {
                if !doubts.contains(doubt) {
                    doubts.push(doubt.clone());
                }
            }
        }
        doubts
    }
}

const SECURITY_NOTE: &str =
    "With SSL the line is encrypted from the start. Without it, it is encrypted after the greeting (STARTTLS).";

fn heading(ui: &mut Ui, text: &str) {
    let text = theme::strong(text).size(15.0).color(palette(ui).ink);
    ui.add(Label::new(text).selectable(false));
}

/// A line that opens to what is rarely needed. Returns whether it is open.
fn more(ui: &mut Ui, open: &mut bool, text: &str, of: &str) -> bool {
    let label = if *open { "Less" } else { text };
    ui.add_space(2.0);
    let response = ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = 6.0;
        let (rect, _) = ui.allocate_exact_size(egui::vec2(10.0, 17.0), egui::Sense::hover());
        sign::turn(ui, rect, *open);
        let link = button::soft_link(ui, label);
        link.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, format!("{label} ({of})")));
        link
    });
    if response.inner.clicked() {
        *open = !*open;
    }
    *open
}

fn findings(ui: &mut Ui, test: &Test, whom: &str, starttls_refused: bool) {
    ui.spacing_mut().item_spacing.y = 6.0;
    match test {
        Test::NotDone => {}
        Test::Running(elapsed) if *elapsed < SHOWN_AFTER => {}
        Test::Running(elapsed) => {
            sign::line(ui, Mark::Busy, &format!("Waiting for {whom}, {} s", elapsed.as_secs()));
        }
        Test::Done(findings) => {
            for finding in findings {
                let refused =
                    finding.problem.as_ref().is_some_and(|problem| problem.kind == ProblemKind::EncryptionRefused);
                let mark = match finding.sign {
                    Sign::Good => Mark::Good,
                    Sign::Warning => Mark::Warning,
                    Sign::Bad => Mark::Bad,
                };
                sign::line(ui, mark, &finding.text);
                let Some(problem) = &finding.problem else { continue };
                let told_below = finding.certificate.is_some() || (refused && starttls_refused);
                if !told_below {
                    ui.horizontal_top(|ui| {
                        ui.add_space(24.0);
                        ui.add(Label::new(theme::small(problem.advice()).color(palette(ui).soft)).wrap());
                    });
                }
            }
        }
    }
    ui.spacing_mut().item_spacing.y = 8.0;
}
