//! The form that corrects one account: its password and its sign-in name on the source.
//!
//! - A correction holds in this window only; *Save a corrected list* writes it to a file.
//! - An empty password field keeps the password of the list.
//! - Enter uses the correction, and never presses the page's own primary button.

use super::super::widgets::field::Field;
use super::super::widgets::sign::Mark;
use super::super::widgets::{button, strip};
use crate::domain::{Account, Secret};
use egui::{Key, Ui};
use zeroize::Zeroizing;

/// The id of the field that is focused when the form opens.
pub const FIRST_FIELD: &str = "corrected password";

/// A correction that is being typed.
#[derive(Debug)]
pub struct Correction {
    /// The key of the account.
    pub key: String,
    address: String,
    /// The password as typed; an empty one keeps that of the list. It is wiped with the form.
    pub password: Zeroizing<String>,
    /// The sign-in name as typed; an empty one means the address.
    pub login: String,
}

/// What the user did with the form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// Use it in the next run.
    Use,
    /// Use it, and try the account again at once.
    TryAgain,
    /// Forget it.
    Cancel,
}

impl Correction {
    /// A form for this account.
    pub fn of(account: &Account) -> Self {
        Self {
            key: account.address.key(),
            address: account.address.to_string(),
            password: Zeroizing::default(),
            login: account.source_login.clone().unwrap_or_default(),
        }
    }

    /// Writes what was typed into the account.
    pub fn apply(&self, account: &mut Account) {
        if !self.password.is_empty() {
            account.password = Secret::new(self.password.as_str());
        }
        let login = self.login.trim();
        account.source_login = (!login.is_empty()).then(|| login.to_owned());
    }

    /// Draws the form. `at_once` says whether the account can be tried again now.
    pub fn show(&mut self, ui: &mut Ui, at_once: bool) -> Option<Answer> {
        let head = format!("Correct {}", self.address);
        let rest = "The correction applies in this window only, until you save a corrected list.";
        strip::strip(ui, Mark::Note, &head, rest, |ui| {
            let mut entered = false;
            ui.columns(2, |columns| {
                let [left, right] = columns else { return };
                let password = Field::new(FIRST_FIELD, "Password on the source").password().hint("as in the list");
                let login = Field::new("corrected login", "Sign-in name, if it is not the address").hint(&self.address);
                let fields = [password.show(left, &mut *self.password), login.show(right, &mut self.login)];
                let enter = left.input(|input| input.key_pressed(Key::Enter));
                entered = enter && fields.iter().any(|field| field.lost_focus() || field.has_focus());
            });
            let usual = if at_once { ("Try again with this", Answer::TryAgain) } else { ("Use it", Answer::Use) };
            ui.horizontal(|ui| {
                let mut answer = (button::quiet(ui, usual.0, true).clicked() || entered).then_some(usual.1);
                if at_once && button::quiet(ui, "Use it in the next run", true).clicked() {
                    answer = Some(Answer::Use);
                }
                if button::quiet(ui, "Cancel", true).clicked() {
                    answer = Some(Answer::Cancel);
                }
                answer
            })
            .inner
        })
    }
}
