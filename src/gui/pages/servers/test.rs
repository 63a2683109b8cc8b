//! The connection test of one server: its state, and its findings on the card.

use super::super::super::action::Action;
use super::super::super::theme::{self, palette};
use super::super::super::widgets::button;
use super::super::super::widgets::sign::{self, Mark};
use crate::domain::{Doubt, Finding, Found, ProblemKind, Side, Sign};
use crate::report::words;
use egui::{Label, Ui};
use std::time::Duration;

/// After this long, a test shows what it waits for.
const SHOWN_AFTER: Duration = Duration::from_millis(300);

/// The state of a connection test of one server.
#[derive(Debug, Clone, Default, PartialEq)]
pub enum Test {
    /// Not done, or discarded because something was changed.
    #[default]
    NotDone,
    /// Running, for this long.
    Running(Duration),
    /// Done, with its findings.
    Done(Vec<Finding>),
}

impl Test {
    /// Whether the server is ready.
    pub fn is_good(&self) -> bool {
        matches!(self, Test::Done(findings) if findings.iter().all(|finding| finding.sign() != Sign::Bad))
    }

    /// The certificates it could not trust.
    pub fn doubts(&self) -> impl Iterator<Item = &Doubt> {
        let findings = if let Test::Done(findings) = self { findings.as_slice() } else { &[] };
        findings.iter().filter_map(|finding| finding.certificate.as_ref())
    }

    /// The free seats of the licence, where it has a limit and the test found it.
    pub fn free_seats(&self) -> Option<u64> {
        let findings = if let Test::Done(findings) = self { findings.as_slice() } else { &[] };
        findings.iter().find_map(|finding| match finding.found {
            Found::Seats { used, allowed: Some(allowed) } => Some(u64::from(allowed.saturating_sub(used))),
            _ => None,
        })
    }

    /// Whether it is running.
    pub fn is_running(&self) -> bool {
        matches!(self, Test::Running(_))
    }
}

/// Draws the findings of a test of `whom`, below its fields.
pub fn findings(
    ui: &mut Ui,
    test: &Test,
    (side, whom): (Side, &str),
    starttls_refused: bool,
    actions: &mut Vec<Action>,
) {
    let between = std::mem::replace(&mut ui.spacing_mut().item_spacing.y, 6.0);
    match test {
        Test::NotDone => {}
        Test::Running(elapsed) if *elapsed < SHOWN_AFTER => {}
        Test::Running(elapsed) => {
            sign::line(ui, Mark::Busy, &format!("Waiting for {whom}, {} s", elapsed.as_secs()));
        }
        Test::Done(findings) => {
            for finding in findings {
                let refused = finding.problem().is_some_and(|problem| problem.kind == ProblemKind::EncryptionRefused);
                let mark = match finding.sign() {
                    Sign::Good => Mark::Good,
                    Sign::Warning => Mark::Warning,
                    Sign::Bad => Mark::Bad,
                };
                sign::line(ui, mark, &words::finding(finding));
                if let Some(ssl) = finding.use_ssl() {
                    let label = if ssl { "Use SSL and test again" } else { "Test again without SSL" };
                    if button::quiet(ui, label, true).clicked() {
                        actions.push(Action::UseSsl(side, ssl));
                    }
                    continue;
                }
                let Some(problem) = finding.problem() else { continue };
                let shown_below = finding.certificate.is_some() || (refused && starttls_refused);
                if !shown_below {
                    ui.horizontal_top(|ui| {
                        ui.add_space(24.0);
                        ui.add(Label::new(theme::small(problem.advice()).color(palette(ui).soft)).wrap());
                    });
                }
            }
        }
    }
    ui.spacing_mut().item_spacing.y = between;
}
