//! The rarely needed settings of one side: how people sign in, the client certificate, and the limits of connections.

use super::super::super::action::Action;
use super::super::super::theme::{self, palette};
use super::super::super::widgets::choice::choice;
use super::super::super::widgets::field::Field;
use super::super::super::widgets::{button, check, sign};
use crate::domain::{Secret, Side, read_rate};
use crate::migrate::{ClientCertificate, ConnectionLimits, MASTER_SEPARATOR, NameForm, SignInWay, TokenSource};
use crate::settings::{self, Way};
use egui::{Label, Ui};
use zeroize::Zeroizing;

/// At most this many connections to one server.
const MOST_CONNECTIONS: u32 = 1000;

const WAYS: [(Way, &str); 6] = [
    (Way::Own, "With their own passwords"),
    (Way::Master, "Master user"),
    (Way::Authorization, "Administrator on behalf of each person"),
    (Way::KerioMaster, "Kerio master password"),
    (Way::TokenFile, "Token from a file"),
    (Way::TokenCommand, "Token from a command"),
];

/// The rarely needed settings of one side, as filled in.
#[derive(Debug, Clone, Default)]
pub struct More {
    /// Whether it is shown.
    pub open: bool,
    /// The part that is remembered.
    pub kept: settings::More,
    /// The password of the master user or administrator, or Kerio Connect's master password; it is wiped with the page and never saved.
    pub password: Zeroizing<String>,
    /// The password of the client certificate's file; it is wiped with the page and never saved.
    pub certificate_password: Zeroizing<String>,
}

impl More {
    /// How people sign in.
    pub fn sign_in(&self) -> SignInWay {
        let (user, token) = (self.kept.master.trim().to_owned(), self.kept.token.trim().to_owned());
        let password = Secret::new(self.password.as_str());
        match self.kept.way {
            Way::Own => SignInWay::OwnPassword,
            Way::Master => SignInWay::MasterUser { user, password, separator: MASTER_SEPARATOR },
            Way::Authorization => SignInWay::Authorization { user, password },
            Way::KerioMaster => SignInWay::KerioMaster { password },
            Way::TokenFile => SignInWay::Token { source: TokenSource::File(token.into()) },
            Way::TokenCommand => SignInWay::Token { source: TokenSource::Command(token) },
        }
    }

    /// The client certificate and limits of the connections; a limit that cannot be read counts as none.
    pub fn connection_limits(&self) -> ConnectionLimits {
        let (max_rate, max_connections) = (self.rate().unwrap_or_default(), self.connections().unwrap_or_default());
        let file = self.kept.client_certificate.trim();
        let client_certificate = (!file.is_empty()).then(|| ClientCertificate {
            file: file.into(),
            password: Secret::new(self.certificate_password.as_str()),
        });
        ConnectionLimits { client_certificate, max_rate, max_connections }
    }

    /// Whether anything is wrong.
    pub fn is_wrong(&self) -> bool {
        let missing = [self.master_missing(), self.password_missing(), self.token_missing()];
        missing.contains(&true) || self.rate().is_err() || self.connections().is_err()
    }

    fn rate(&self) -> Result<Option<u64>, String> {
        let typed = self.kept.max_rate.trim();
        if typed.is_empty() { Ok(None) } else { read_rate(typed).map(Some).map_err(|mistyped| format!("{mistyped}.")) }
    }

    fn connections(&self) -> Result<Option<u32>, String> {
        let typed = self.kept.max_connections.trim();
        if typed.is_empty() {
            return Ok(None);
        }
        let number = typed.parse().ok().filter(|number| (1..=MOST_CONNECTIONS).contains(number));
        number.map(Some).ok_or_else(|| format!("'{typed}' is not a number from 1 to {MOST_CONNECTIONS}."))
    }

    fn master_missing(&self) -> bool {
        matches!(self.kept.way, Way::Master | Way::Authorization) && self.kept.master.trim().is_empty()
    }

    /// Whether somebody signs in for others and the password is missing.
    pub fn password_missing(&self) -> bool {
        matches!(self.kept.way, Way::Master | Way::Authorization | Way::KerioMaster) && self.password.is_empty()
    }

    fn token_missing(&self) -> bool {
        matches!(self.kept.way, Way::TokenFile | Way::TokenCommand) && self.kept.token.trim().is_empty()
    }

    /// The link that opens and closes it; `text` is its label while closed. Returns whether it is open.
    pub fn fold(&mut self, ui: &mut Ui, text: &str, side: &str) -> bool {
        let label = if self.open { "Less" } else { text };
        ui.add_space(2.0);
        let response = ui.horizontal(|ui| {
            ui.spacing_mut().item_spacing.x = 6.0;
            let (rect, _) = ui.allocate_exact_size(egui::vec2(10.0, 17.0), egui::Sense::hover());
            sign::turn(ui, rect, self.open);
            let link = button::soft_link(ui, label);
            link.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, format!("{label} ({side})")));
            link
        });
        if response.inner.clicked() {
            self.open = !self.open;
        }
        self.open
    }

    /// The fields for signing in on the `side`, including the form of the names if `names`. Returns whether anything changed.
    pub fn show_sign_in(&mut self, ui: &mut Ui, side: &str, names: bool, missing_shown: bool) -> bool {
        let id = |name: &str| format!("{side} {name}");
        let label = format!("How people sign in on the {side}");
        let mut changed = choice(ui, &id("sign-in"), &label, &WAYS, &mut self.kept.way);
        let note = match self.kept.way {
            Way::Own => None,
            Way::Master => Some("As in Dovecot: ann@example.com*master, with the master user's password."),
            Way::Authorization => Some("Cyrus, Zimbra, Exchange on your own servers."),
            Way::KerioMaster => Some("Kerio Connect, Advanced Options, Master Authentication."),
            Way::TokenFile | Way::TokenCommand => Some("Gmail, Microsoft 365."),
        };
        if let Some(note) = note {
            ui.add(Label::new(theme::small(note).color(palette(ui).soft)).wrap());
        }
        let needed = |missing: bool, what: &'static str| Some(what).filter(|_| missing && missing_shown);
        let who = match self.kept.way {
            Way::Master => Some("Master user"),
            Way::Authorization => Some("Administrator"),
            _ => None,
        };
        if let Some(who) = who {
            let missing = needed(self.master_missing(), "Type the name of the user who signs in for others.");
            changed |= Field::new(&id("master"), &format!("{who} on the {side}"))
                .wrong(missing)
                .show(ui, &mut self.kept.master)
                .changed();
        }
        if who.is_some() || self.kept.way == Way::KerioMaster {
            let label = who.map_or_else(
                || format!("Master password on the {side}"),
                |who| format!("{who}'s password on the {side}"),
            );
            let missing = needed(self.password_missing(), "Type the password; it is not remembered.");
            changed |= Field::new(&id("master password"), &label)
                .password()
                .wrong(missing)
                .show(ui, &mut *self.password)
                .changed();
        }
        changed |= match self.kept.way {
            Way::TokenFile => {
                let missing = needed(self.token_missing(), "Type the name of the file.");
                Field::new(&id("token"), &format!("File with the token for the {side}"))
                    .hint("/run/tokens/{address}")
                    .wrong(missing)
                    .note(Some("{address} is replaced by the person's address."))
                    .show(ui, &mut self.kept.token)
                    .changed()
            }
            Way::TokenCommand => {
                let missing = needed(self.token_missing(), "Type the command.");
                Field::new(&id("token"), &format!("Command that prints a token for the {side}"))
                    .hint("gmail-token key.json")
                    .wrong(missing)
                    .note(Some("It takes the person's address as its last argument, and runs without a shell."))
                    .show(ui, &mut self.kept.token)
                    .changed()
            }
            _ => false,
        };
        if names {
            let mut local = self.kept.name_form == NameForm::LocalPart;
            let text = format!("Sign in with the part before @ on the {side}");
            if check::check(ui, &mut local, &text).changed() {
                self.kept.name_form = if local { NameForm::LocalPart } else { NameForm::Address };
                changed = true;
            }
        }
        changed
    }

    /// The fields for that side's client certificate. Returns whether anything changed.
    pub fn show_certificate(&mut self, ui: &mut Ui, side: Side, actions: &mut Vec<Action>) -> bool {
        let id = |name: &str| format!("{side:?} {name}");
        let whose = if side == Side::Source { "source" } else { "target" };
        let mut changed = Field::new(&id("certificate"), &format!("Client certificate for the {whose}"))
            .hint("only if the server asks for one")
            .show(ui, &mut self.kept.client_certificate)
            .changed();
        let choose = button::link(ui, "Choose a file (.p12, .pfx)");
        choose.widget_info(|| {
            egui::WidgetInfo::labeled(egui::Role::Button, true, format!("Choose a file for the {whose}"))
        });
        if choose.clicked() {
            actions.push(Action::ChooseCertificate(side));
        }
        if !self.kept.client_certificate.trim().is_empty() {
            changed |= Field::new(&id("certificate password"), &format!("Password of the {whose}'s certificate file"))
                .password()
                .note(Some("It is not remembered."))
                .show(ui, &mut *self.certificate_password)
                .changed();
        }
        changed
    }

    /// The fields for the limits of the connections.
    pub fn show_limits(&mut self, ui: &mut Ui, side: &str) {
        ui.columns(2, |columns| {
            let [rate, connections] = columns else { return };
            Field::new(&format!("{side} rate"), &format!("Speed limit on the {side}"))
                .hint("no limit")
                .wrong(self.rate().err().as_deref())
                .note(Some("Such as 5 MB/s or 20 Mbit/s."))
                .show(rate, &mut self.kept.max_rate);
            Field::new(&format!("{side} connections"), &format!("Maximum connections to the {side}"))
                .hint("no limit")
                .wrong(self.connections().err().as_deref())
                .show(connections, &mut self.kept.max_connections);
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn more(way: Way) -> More {
        let kept = settings::More { way, ..settings::More::default() };
        More { kept, ..More::default() }
    }

    #[test]
    fn each_way_says_what_it_lacks_and_no_more() {
        assert!(!more(Way::Own).is_wrong());
        for (way, _) in &WAYS[1..] {
            assert!(more(*way).is_wrong(), "{way:?}");
        }
        let mut master = more(Way::Master);
        master.kept.master = " boss ".into();
        assert!(master.is_wrong());
        master.password = String::from("geheim").into();
        assert!(!master.is_wrong());
        let password = Secret::new("geheim");
        assert_eq!(master.sign_in(), SignInWay::MasterUser { user: "boss".into(), password, separator: '*' });
        let mut token = more(Way::TokenCommand);
        token.kept.token = "give-token".into();
        let source = TokenSource::Command("give-token".into());
        assert_eq!((token.is_wrong(), token.sign_in()), (false, SignInWay::Token { source }));
    }

    #[test]
    fn limits_that_cannot_be_read_are_wrong_and_never_another_limit() {
        let mut more = more(Way::Own);
        assert_eq!(more.connection_limits(), ConnectionLimits::default());
        more.kept.max_rate = "5 MB/s".into();
        more.kept.max_connections = "3".into();
        assert_eq!(
            (more.connection_limits().max_rate, more.connection_limits().max_connections),
            (Some(5_000_000), Some(3))
        );
        for wrong in ["0", "1001", "-1", "many"] {
            more.kept.max_connections = wrong.into();
            assert!(more.is_wrong(), "{wrong}");
        }
    }
}
