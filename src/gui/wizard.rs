//! The wizard: the order of the pages, the way between them, and the frame around them.
//!
//! Promises that showing it does no work and waits for nothing: what the user asks for comes back as [`Action`]s. Everything a page
//! shows is plain state, so that a test can build any of it and look at it.

use super::action::Action;
use super::page::Page;
use super::pages::account_list::filter_id;
use super::pages::accounts::{AccountsPage, Showing};
use super::pages::correction::{Answer, Correction};
use super::pages::fleet::FleetPage;
use super::pages::result::ResultPage;
use super::pages::servers::{ServersPage, rules_id};
use super::pages::status::StatusPage;
use super::practice;
use super::theme::{self, palette};
use super::widgets::bar::Bar;
use super::widgets::{button, card, steps};
use crate::progress::RunKind;
use crate::report::words;
use egui::{Id, Key, Label, Modal, Rect, ScrollArea, Stroke, Ui, UiBuilder, vec2};
use std::path::PathBuf;

/// The state of the window.
#[derive(Default)]
pub struct Wizard {
    /// The page shown.
    pub page: Page,
    /// Page 1.
    pub servers: ServersPage,
    /// Page 2.
    pub accounts: AccountsPage,
    /// Page 3, and the run that page 4 shows.
    pub status: StatusPage,
    /// Page 4.
    pub result: ResultPage,
    /// The fleet that is watched, and the form that asks for one.
    pub fleet: FleetPage,
    /// The form that corrects an account, if it is open.
    pub correction: Option<Correction>,
    /// Whether the box about the program is open.
    pub about: bool,
    /// Where the logs are.
    pub log_folder: PathBuf,
    /// The servers are those of the demo.
    pub demo: bool,
    /// In the demo, the right password of the account whose password in the list is wrong.
    pub right_password: Option<String>,
    /// What failed, until the user dismisses it.
    pub notice: Option<String>,
    /// What succeeded, until the user dismisses it.
    pub good_news: Option<String>,
    /// A requested run waits for the last one, which was stopped, to end.
    pub start_waits: bool,
}

/// Room at the right for the ring around a focused control, and for the scroll bar.
const RING: f32 = 2.0;
/// Height of the bar below the page.
const BAR: f32 = 57.0;

impl Wizard {
    /// Draws the window and returns what the user asked for.
    pub fn show(&mut self, ui: &mut Ui) -> Vec<Action> {
        let mut actions = Vec::new();
        let whole = ui.max_rect();
        ui.painter().rect_filled(whole, 0, palette(ui).ground);
        // Decided before a field can take the key.
        let enter = !self.about
            && self.correction.is_none()
            && self.fleet.form.is_none()
            && !self.accounts.is_planning()
            && enter_is_free(ui);
        let (side, rest) = whole.split_left_right_at_x(whole.left() + steps::width(whole.width()));
        let (page, bar) = rest.split_top_bottom_at_y(rest.bottom() - BAR);
        place(ui, side, "steps", |ui| steps::show(ui, &self.steps(), &mut actions));
        let margin = if page.width() >= 700.0 { 28.0 } else { 18.0 };
        let page = page.shrink2(vec2(margin, 0.0)).with_max_x(page.right() - margin - RING);
        place(ui, page, "page", |ui| self.show_page(ui, &mut actions));
        ui.painter().hline(bar.x_range(), bar.top() + 0.5, Stroke::new(1.0, palette(ui).line));
        // As wide as the page above it.
        let bar = bar.shrink2(vec2(margin, 0.0)).with_max_x(bar.right() - margin - RING);
        place(ui, bar, "bar", |ui| self.bar().show(ui, enter, &mut actions));
        if ui.input_mut(|input| input.consume_key(egui::Modifiers::NONE, Key::F1)) {
            actions.push(Action::Help);
        }
        if self.about {
            about(ui, &self.log_folder, &mut actions);
        } else if ui.input_mut(|input| input.consume_key(egui::Modifiers::NONE, Key::Escape)) {
            self.escape(&mut actions);
        }
        actions
    }

    fn show_page(&mut self, ui: &mut Ui, actions: &mut Vec<Action>) {
        ui.add_space(24.0);
        let (title, line) = self.title();
        ui.spacing_mut().item_spacing.y = 4.0;
        ui.add(Label::new(theme::title(title).color(palette(ui).ink)));
        if !line.is_empty() {
            ui.add(Label::new(theme::body(line).color(palette(ui).soft)).wrap());
        }
        ui.add_space(8.0);
        ui.spacing_mut().item_spacing.y = 12.0;
        // As wide as the page below them. Without a strip, no space is taken.
        let room = ui.available_rect_before_wrap();
        let mut above = ui.new_child(UiBuilder::new().id_salt("strips").max_rect(room.with_max_x(room.right() - RING)));
        self.show_strips(&mut above, actions);
        if above.min_rect().height() > 0.0 {
            ui.advance_cursor_after_rect(above.min_rect());
        }
        match self.page {
            Page::Servers => scrolled(ui, 0.0, |ui| {
                self.fleet.show_form(ui, actions);
                self.servers.show(ui, actions);
                self.fleet.show_link(ui, actions);
            }),
            Page::Accounts => scrolled(ui, 260.0, |ui| self.accounts.show(ui, actions)),
            Page::Status => scrolled(ui, 320.0, |ui| self.status.show(ui, actions)),
            Page::Result => scrolled(ui, 340.0, |ui| self.result.show(ui, &self.status.state, actions)),
        }
    }

    /// The strips above the page that concern the whole window.
    fn show_strips(&mut self, ui: &mut Ui, actions: &mut Vec<Action>) {
        self.show_demo(ui, actions);
        if let Some(notice) = self.notice.clone() {
            let put_away = super::widgets::strip::strip(ui, super::widgets::sign::Mark::Bad, &notice, "", |ui| {
                button::link(ui, "Dismiss").clicked()
            });
            if put_away {
                self.notice = None;
            }
        }
        if let Some(news) = &self.good_news
            && super::widgets::strip::line(ui, super::widgets::sign::Mark::Good, news, &["Dismiss"], |_| ()).is_some()
        {
            self.good_news = None;
        }
        if self.start_waits {
            let head = "The run that you stopped is still ending. The new one starts as soon as it has ended.";
            if super::widgets::strip::line(ui, super::widgets::sign::Mark::Clock, head, &["Do not start"], |_| ())
                .is_some()
            {
                actions.push(Action::DoNotStart);
            }
        }
        self.show_corrections(ui, actions);
        if self.page > Page::Accounts {
            self.fleet.show_machines(ui);
        }
    }

    /// Says on every page that this is the demo, or offers it if nothing is filled in yet.
    fn show_demo(&self, ui: &mut Ui, actions: &mut Vec<Action>) {
        use super::widgets::{sign::Mark, strip};
        if self.demo {
            let links: &[&str] = if self.status.is_running() { &[] } else { &["Leave the demo"] };
            let hint = theme::small(practice::hint(self.page, self.right_password.as_deref())).color(palette(ui).ink);
            let below = |ui: &mut Ui| drop(ui.add(Label::new(hint).wrap()));
            if strip::line(ui, Mark::Note, practice::HEAD, links, below).is_some() {
                actions.push(Action::LeaveDemo);
            }
        } else if self.page == Page::Servers && self.servers.is_blank() && self.servers.migrations.is_empty() {
            let head = "No servers at hand?";
            if strip::line(ui, Mark::Note, head, &["Try it without servers"], |_| ()).is_some() {
                actions.push(Action::TryDemo);
            }
        }
    }

    /// The form that corrects an account, and how many are corrected in this window only.
    fn show_corrections(&mut self, ui: &mut Ui, actions: &mut Vec<Action>) {
        let at_once = self.page == Page::Result;
        match self.correction.as_mut().and_then(|form| form.show(ui, at_once)) {
            Some(Answer::Cancel) => self.correction = None,
            Some(answer) => actions.push(Action::UseCorrection(answer == Answer::TryAgain)),
            None => {}
        }
        let head = match self.accounts.corrected() {
            0 => return,
            1 => "1 account is corrected in this window only.".to_owned(),
            many => format!("{} accounts are corrected in this window only.", words::count(many)),
        };
        let links: &[&str] = match self.page {
            Page::Accounts => &["Save a corrected list", "Show them"],
            Page::Result => &["Save a corrected list"],
            Page::Servers | Page::Status => return,
        };
        match super::widgets::strip::line(ui, super::widgets::sign::Mark::Note, &head, links, |_| ()) {
            Some(0) => actions.push(Action::SaveList),
            Some(_) => self.accounts.showing = Showing::Corrected,
            None => {}
        }
    }

    fn title(&self) -> (&'static str, String) {
        let compares = self.status.kind() == RunKind::Verify;
        match self.page {
            Page::Servers => {
                ("Servers", "Where the mail is, and where it moves to. The source is only read.".to_owned())
            }
            Page::Accounts => ("Choose Accounts For Migration", self.accounts.subtitle()),
            Page::Status => {
                let line = match &self.fleet.watched {
                    Some(fleet) => fleet.subtitle(&self.status.state),
                    None => self.status.subtitle(),
                };
                (if compares { "Comparison Status" } else { "Migration Status" }, line)
            }
            Page::Result => {
                let title = if compares { "Comparison Result" } else { "Migration Result" };
                (title, ResultPage::subtitle(&self.status.state))
            }
        }
    }

    fn bar(&self) -> Bar {
        match self.page {
            Page::Servers => self.servers.bar(),
            Page::Accounts => self.accounts.bar(),
            Page::Status => self.status.bar(),
            Page::Result => ResultPage::bar(&self.status.state),
        }
    }

    fn steps(&self) -> Vec<steps::Step> {
        Page::ALL
            .into_iter()
            .map(|page| {
                let state = match page.cmp(&self.page) {
                    std::cmp::Ordering::Less => steps::StepState::Done,
                    std::cmp::Ordering::Equal => steps::StepState::Here,
                    std::cmp::Ordering::Greater => steps::StepState::Ahead,
                };
                steps::Step { page, state, open: self.may_go(page) }
            })
            .collect()
    }

    /// Whether a step can be opened: back to what was filled in, but never during a run; forward only to a run that exists.
    fn may_go(&self, page: Page) -> bool {
        let ran = self.status.state.info.is_some();
        page != self.page
            && !self.status.is_running()
            // The servers of a fleet are those of its machines.
            && (self.fleet.watched.is_none() || page > Page::Accounts)
            && match page {
                Page::Servers | Page::Accounts => page < self.page,
                Page::Status | Page::Result => ran && self.page > Page::Accounts,
            }
    }

    /// Esc closes what is on top.
    fn escape(&mut self, actions: &mut Vec<Action>) {
        if self.notice.take().is_some() || self.correction.take().is_some() || self.fleet.form.take().is_some() {
            return;
        }
        match self.page {
            Page::Servers if self.servers.testing() => actions.push(Action::CancelTest),
            Page::Status if self.status.escape() => actions.push(Action::KeepRunning),
            Page::Result => {
                self.result.escape();
            }
            _ => {}
        }
    }
}

/// Whether Enter was pressed and is free for the primary button. A focused button or link takes it first, and so do fields in which it
/// means something else.
fn enter_is_free(ui: &Ui) -> bool {
    let focused = ui.memory(|memory| memory.focused());
    let in_text = focused == Some(filter_id()) || focused == Some(rules_id());
    let elsewhere = focused.is_some() && !ui.ctx().text_edit_focused() || in_text;
    !elsewhere && ui.input(|input| input.key_pressed(Key::Enter))
}

fn place(ui: &mut Ui, rect: Rect, salt: &str, content: impl FnOnce(&mut Ui)) {
    let mut child = ui.new_child(UiBuilder::new().id_salt(salt).max_rect(rect));
    child.shrink_clip_rect(rect.expand(4.0));
    content(&mut child);
}

/// A page at least `least` high, which scrolls in a lower window.
fn scrolled(ui: &mut Ui, least: f32, content: impl FnOnce(&mut Ui)) {
    let page = ui.available_rect_before_wrap();
    // The ring around a focused field may extend past the page's edge without being cut.
    place(ui, page.with_max_x(page.right() + RING), "scrolled", |ui| {
        ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
            ui.set_width(page.width());
            if least > 0.0 {
                ui.set_max_height((page.height() - 14.0).max(least));
            }
            content(ui);
        });
    });
}

fn about(ui: &Ui, log_folder: &std::path::Path, actions: &mut Vec<Action>) {
    let modal = Modal::new(Id::unique("about")).frame(card::frame(ui).inner_margin(24)).show(ui.ctx(), |ui| {
        ui.set_width(420.0);
        ui.spacing_mut().item_spacing.y = 8.0;
        let colours = palette(ui);
        ui.label(theme::title("Kerio IMAP Migration Tool").color(colours.ink));
        let version = concat!("Version ", env!("CARGO_PKG_VERSION"), " (", env!("KIMT_COMMIT"), ")");
        ui.label(theme::body(version).color(colours.soft));
        for text in [
            "Moves mailboxes from any IMAP server into Kerio Connect, byte for byte, and proves that they arrived."
                .to_owned(),
            "MIT licence. THIRD-PARTY-NOTICES, which comes with the program, lists the licences of its parts."
                .to_owned(),
            format!("The logs of each run are in {}.", log_folder.display()),
        ] {
            ui.add(Label::new(theme::body(text).color(colours.ink)).wrap());
        }
        ui.add_space(8.0);
        ui.horizontal(|ui| {
            if button::primary(ui, "Close", true).clicked() {
                actions.push(Action::About(false));
            }
            if button::quiet(ui, "Open log folder", true).clicked() {
                actions.push(Action::OpenLogFolder);
            }
        });
    });
    let closed = ui.input(|input| input.key_pressed(Key::Enter) || input.key_pressed(Key::Escape));
    if modal.should_close() || closed {
        actions.push(Action::About(false));
    }
}
