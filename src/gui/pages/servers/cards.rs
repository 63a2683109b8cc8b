//! Draws page 1: what earlier runs left behind, the card of each server, and the consent to clear text.

use super::super::super::action::Action;
use super::super::super::theme::{self, palette};
use super::super::super::widgets::field::Field;
use super::super::super::widgets::sign::Mark;
use super::super::super::widgets::{button, check, strip};
use super::ServersPage;
use super::test::{Test, findings};
use crate::domain::{ProblemKind, Side};
use crate::settings::Settings;
use egui::{Label, Ui};

const SECURITY_NOTE: &str = "With SSL, the connection is encrypted from the start. Without it, encryption starts after the greeting (STARTTLS).";

const REPAIR_NOTE: &str = "Otherwise, messages that an earlier run copied and somebody has since deleted on the target stay deleted. This choice is not remembered.";

const DELETIONS_NOTE: &str = "Moves only copies that an earlier run made and nobody has changed since, and deletes nothing permanently. Otherwise, the copies stay and are counted. This choice is not remembered.";

const RUNNING: &str =
    "Earlier migrations appear here once it has ended. Until then, you cannot start anything in this window.";

fn heading(ui: &mut Ui, text: &str) {
    let text = theme::strong(text).size(15.0).color(palette(ui).ink);
    ui.add(Label::new(text).selectable(false));
}

impl ServersPage {
    pub(super) fn offers(&self, ui: &mut Ui, actions: &mut Vec<Action>) {
        if let Some(offer) = &self.restore {
            let rest = "An earlier run ended before it could put the port back. Fill in the administrator's name and password \
                        below, then put it back.";
            strip::strip(ui, Mark::Warning, &offer.sentence, rest, |ui| {
                let ready = !offer.working && self.servers().is_some();
                let label = if offer.working { "Putting it back…" } else { "Put the port back now" };
                let pressed = button::quiet(ui, label, ready).on_disabled_hover_text(
                    "Fill in Kerio Connect's address, the administrator and the password first.",
                );
                if pressed.clicked() {
                    actions.push(Action::RestorePort);
                }
            });
        }
        if let Some(problem) = &self.trouble {
            let is_running = problem.kind == ProblemKind::AlreadyRunning;
            let rest = if is_running { RUNNING } else { problem.advice() };
            let mark = if is_running { Mark::Note } else { Mark::Bad };
            if strip::strip(ui, mark, &problem.sentence(), rest, |ui| button::quiet(ui, "Look again", true).clicked()) {
                actions.push(Action::LookAgain);
            }
        }
        self.offer_migrations(ui, actions);
    }

    pub(super) fn source_card(&mut self, ui: &mut Ui, actions: &mut Vec<Action>) {
        heading(ui, "Source IMAP server");
        let wrong = self.source.address_wrong(self.wrong_shown);
        let calendars = self.groupware.clone();
        let mut changed = Field::new("source address", "IP address or DNS name")
            .hint("mail.example.com")
            .wrong(wrong.as_deref())
            .show(ui, &mut self.source.address)
            .changed();
        changed |= check::check(ui, &mut self.source.ssl, "Use SSL connection").changed();
        self.groupware.show(ui);
        findings(ui, &self.source_test, (Side::Source, "the source server"), self.source.starttls_refused, actions);
        if self.source_more.fold(ui, "More: port, sign-in, rules", "source") {
            let usual = self.source.usual_port().to_string();
            changed |= Field::new("source port", "Port")
                .hint(&usual)
                .width(96.0)
                .wrong(self.source.port_wrong().as_deref())
                .show(ui, &mut self.source.port)
                .changed();
            ui.add(Label::new(theme::small(SECURITY_NOTE).color(palette(ui).soft)).wrap());
            changed |= self.source_more.show_sign_in(ui, "source", true, self.wrong_shown);
            changed |= self.source_more.show_certificate(ui, Side::Source, actions);
            self.source_more.show_limits(ui, "source");
            self.groupware.show_addresses(ui);
            let wrong = self.selection().err();
            self.rules_form.show(ui, &mut self.rules, wrong.as_ref());
        }
        let calendars_changed = calendars != self.groupware;
        if changed || calendars_changed {
            self.forget_test(Side::Source);
        }
        if calendars_changed {
            self.forget_test(Side::Target);
        }
    }

    pub(super) fn target_card(&mut self, ui: &mut Ui, actions: &mut Vec<Action>) {
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
            let wrong = self.administrator.password_wrong().filter(|_| self.wrong_shown);
            changed |= Field::new("password", "Password")
                .password()
                .wrong(wrong)
                .show(ui, &mut *self.administrator.password)
                .changed();
        }
        changed |= check::check(ui, &mut self.target.ssl, "Use SSL connection ").changed();
        let whom = if self.other_imap { "the target server" } else { "Kerio Connect" };
        findings(ui, &self.target_test, (Side::Target, whom), self.target.starttls_refused, actions);
        if self.target_more.fold(ui, "More: ports, sign-in, limits", "target") {
            ui.columns(2, |columns| {
                let [left, right] = columns else { return };
                let (wrong, range) = (self.jobs().err(), format!("From 1 to {}.", Settings::MOST_JOBS));
                let jobs =
                    Field::new("jobs", "Mailboxes at a time").hint("4").wrong(wrong.as_deref()).note(Some(&range));
                if self.other_imap {
                    jobs.show(left, &mut self.jobs);
                    return;
                }
                changed |= Field::new("administration port", "Administration port")
                    .hint("4040")
                    .wrong(self.administrator.port_wrong().as_deref())
                    .show(left, &mut self.administrator.port)
                    .changed();
                jobs.show(right, &mut self.jobs);
            });
            let other = "The target is another IMAP server, whose accounts exist already";
            changed |= check::check(ui, &mut self.other_imap, other).changed();
            changed |= self.target_more.show_sign_in(ui, "target", self.other_imap, self.wrong_shown);
            changed |= self.target_more.show_certificate(ui, Side::Target, actions);
            self.target_more.show_limits(ui, "target");
            check::check(ui, &mut self.repair, "Copy deleted or missing messages again");
            ui.add(Label::new(theme::small(REPAIR_NOTE).color(palette(ui).soft)).wrap());
            check::check(
                ui,
                &mut self.follow_deletions,
                "Last pass: put what was deleted on the source into the trash",
            );
            ui.add(Label::new(theme::small(DELETIONS_NOTE).color(palette(ui).soft)).wrap());
            check::check(ui, &mut self.shared_mailboxes, "Two accounts may lead to the same mailbox");
            if self.proxy.show(ui) {
                self.forget_test(Side::Source);
                changed = true;
            }
        }
        if changed {
            self.forget_test(Side::Target);
        }
    }

    /// What a port in Kerio Connect's address means.
    fn port_note(&self) -> Option<String> {
        let port = self.target.parsed()?.port.filter(|_| !self.other_imap)?;
        let (service, usual) = if self.target.ssl { ("secure IMAP service", 993) } else { ("IMAP service", 143) };
        (port != usual).then(|| {
            format!(
                "Kerio Connect's {service} will be set to port {port} while migrating, and back to {usual} afterwards."
            )
        })
    }

    /// Asks for consent where a server offers no encryption at all.
    pub(super) fn clear_text(&mut self, ui: &mut Ui, actions: &mut Vec<Action>) {
        for (index, connection) in [&mut self.source, &mut self.target].into_iter().enumerate() {
            if !connection.must_agree() {
                continue;
            }
            let head = format!("{} offers no encryption.", connection.address.trim());
            let rest = "It does not switch to encryption after its greeting (STARTTLS). Passwords and mail would cross the \
                        network in clear text, and anybody on the way could read them. Use SSL if the server supports it.";
            let agreed = strip::strip(ui, Mark::Warning, &head, rest, |ui| {
                let text = if index == 0 {
                    "I agree: send passwords to the source in clear text"
                } else {
                    "I agree: send passwords to the target in clear text"
                };
                check::check(ui, &mut connection.agreed, text).changed()
            });
            if agreed && connection.agreed {
                actions.push(Action::TestRest);
            } else if agreed {
                let test = if index == 0 { &mut self.source_test } else { &mut self.target_test };
                *test = Test::NotDone;
            }
        }
    }
}
