//! Fills in page 1 for a migration that continues: its servers, and how its last run reached them.
//!
//! - A password typed for another server or administrator is forgotten: it would go to a server that it is not meant for.
//! - Any change discards the test of that side.

use super::{Administrator, Connection, GroupwareForm, More, ServersPage};
use crate::domain::{GroupwareMode, Security, ServerAddress, Side, SignInKind};
use crate::migration::{AdministrationSettings, ServerSettings, SideSettings};
use crate::settings::Way;

impl ServersPage {
    /// Fills in the servers as they were typed for the migration, where they differ.
    pub fn fill_in(&mut self, source: &str, target: &str) {
        for (side, typed) in [(Side::Source, source), (Side::Target, target)] {
            let (connection, more) = self.side(side);
            if connection.typed().is_some_and(|now| now.eq_ignore_ascii_case(typed)) {
                continue;
            }
            (connection.address, connection.port) = (typed.to_owned(), String::new());
            more.password.clear();
            if side == Side::Target {
                self.administrator.password.clear();
            }
            self.forget_test(side);
        }
    }

    /// Fills in how the last run reached the servers.
    pub fn fill_in_settings(&mut self, settings: &ServerSettings) {
        for (side, of_side) in [(Side::Source, &settings.source), (Side::Target, &settings.target)] {
            let (connection, more) = self.side(side);
            if reach(connection, more, of_side) {
                self.forget_test(side);
            }
        }
        let mut target_changed = set(&mut self.other_imap, settings.administration.is_none());
        if let Some(administration) = &settings.administration {
            target_changed |= self.fill_in_administration(administration);
        }
        if target_changed {
            self.forget_test(Side::Target);
        }
        let groupware = &settings.groupware;
        let form = GroupwareForm {
            // Only the command line takes calendars from files.
            on: !matches!(groupware.mode, GroupwareMode::Off | GroupwareMode::Files),
            source: groupware.source_dav.clone(),
            target: groupware.target_dav.clone(),
        };
        if set(&mut self.groupware, form) {
            self.forget_test(Side::Source);
            self.forget_test(Side::Target);
        }
    }

    fn fill_in_administration(&mut self, settings: &AdministrationSettings) -> bool {
        let usual = |port: Option<u16>| port.unwrap_or(Administrator::USUAL_PORT);
        let port = usual(ServerAddress::parse(&settings.address).ok().and_then(|address| address.port));
        let moved = usual(self.administrator.port()) != port;
        if moved {
            self.administrator.port = if port == Administrator::USUAL_PORT { String::new() } else { port.to_string() };
        }
        let renamed = self.administrator.name.trim() != settings.user;
        if renamed {
            self.administrator.name.clone_from(&settings.user);
            self.administrator.password.clear();
        }
        renamed || moved
    }

    fn side(&mut self, side: Side) -> (&mut Connection, &mut More) {
        match side {
            Side::Source => (&mut self.source, &mut self.source_more),
            Side::Target | Side::Administration => (&mut self.target, &mut self.target_more),
        }
    }
}

/// Fills in how one server was reached. Returns whether anything changed.
fn reach(connection: &mut Connection, more: &mut More, settings: &SideSettings) -> bool {
    // Clear text needs new consent.
    let changed = set(&mut connection.ssl, settings.security == Security::Tls);
    let way = match (settings.sign_in, more.kept.way) {
        (SignInKind::OwnPassword, _) => Way::Own,
        (SignInKind::MasterUser, _) => Way::Master,
        (SignInKind::Authorization, _) => Way::Authorization,
        (SignInKind::KerioMaster, _) => Way::KerioMaster,
        // Where tokens come from is not recorded.
        (SignInKind::Token, Way::TokenCommand) => Way::TokenCommand,
        (SignInKind::Token, _) => Way::TokenFile,
    };
    let other_way = set(&mut more.kept.way, way);
    let has_master = matches!(way, Way::Master | Way::Authorization);
    let other_master = has_master && set(&mut more.kept.master, settings.master.clone());
    if other_way || other_master {
        more.password.clear();
    }
    set(&mut more.kept.name_form, settings.name_form) || changed || other_way || other_master
}

/// Sets a value. Returns whether it changed.
fn set<T: PartialEq>(place: &mut T, value: T) -> bool {
    let changed = *place != value;
    *place = value;
    changed
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::NameForm;
    use crate::migration::GroupwareSettings;

    #[test]
    fn what_a_run_did_is_filled_in_again() {
        let settings = ServerSettings {
            source: SideSettings {
                security: Security::StartTls,
                sign_in: SignInKind::MasterUser,
                master: "boss".to_owned(),
                name_form: NameForm::LocalPart,
            },
            target: SideSettings::default(),
            administration: Some(AdministrationSettings {
                address: "kerio.example:4041".to_owned(),
                user: "Admin".to_owned(),
            }),
            groupware: GroupwareSettings {
                mode: GroupwareMode::Auto,
                source_dav: "https://cloud.example/dav/".to_owned(),
                ..GroupwareSettings::default()
            },
        };
        let mut page = ServersPage { other_imap: true, ..ServersPage::default() };
        page.fill_in("old.example", "kerio.example");
        page.fill_in_settings(&settings);
        assert_eq!((page.source.ssl, page.target.ssl, page.other_imap), (false, true, false));
        assert_eq!((page.source_more.kept.way, page.source_more.kept.master.as_str()), (Way::Master, "boss"));
        assert_eq!(page.source_more.kept.name_form, NameForm::LocalPart);
        assert_eq!((page.administrator.name.as_str(), page.administrator.port()), ("Admin", Some(4041)));
        assert!(page.groupware.on && page.groupware.source.contains("cloud.example"));
    }

    #[test]
    fn a_password_goes_to_no_server_that_it_was_not_typed_for() {
        let mut page = ServersPage::default();
        let fill_passwords = |page: &mut ServersPage| {
            page.administrator.password = String::from("hunter2").into();
            page.source_more.password = String::from("hunter2").into();
            page.target_more.password = String::from("hunter2").into();
        };
        let empty = |page: &ServersPage| {
            let passwords = [&page.source_more.password, &page.target_more.password, &page.administrator.password];
            passwords.map(|password| password.is_empty())
        };
        page.fill_in("old.example", "kerio.example");
        fill_passwords(&mut page);
        page.fill_in("OLD.example", "kerio.example");
        assert_eq!(empty(&page), [false; 3]);
        page.fill_in("other.example", "kerio.example");
        assert_eq!(empty(&page), [true, false, false]);
        page.fill_in("other.example", "branch.example");
        assert_eq!(empty(&page), [true; 3]);
        let administration = Some(AdministrationSettings { address: String::new(), user: "Admin".to_owned() });
        let mut settings = ServerSettings { administration, ..ServerSettings::default() };
        page.fill_in_settings(&settings);
        fill_passwords(&mut page);
        page.fill_in_settings(&settings);
        assert_eq!(empty(&page), [false; 3]);
        settings.administration = Some(AdministrationSettings { address: String::new(), user: "Boss".to_owned() });
        (settings.source.sign_in, settings.source.master) = (SignInKind::Authorization, "root".to_owned());
        page.fill_in_settings(&settings);
        assert_eq!(empty(&page), [true, false, true]);
    }
}
