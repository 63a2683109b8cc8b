//! The options about calendars, contacts and tasks.

use super::remembered::Taken;
use crate::migrate::{DavAddress, Groupware, GroupwareMode};
use crate::migration::GroupwareSettings;
use clap::{Args, ValueEnum};
use std::path::PathBuf;

#[derive(Debug, Args)]
#[command(next_help_heading = "Calendars and contacts")]
pub(super) struct GroupwareArguments {
    /// Whether calendars, contacts and tasks are migrated too, by CalDAV and CardDAV [default: off]
    ///
    /// auto uses CalDAV and CardDAV where the source has them, otherwise folders of the mailbox that hold items (Kolab, Kerio Connect and
    /// others), and says where there is nothing; dav and imap use only one of the two; files takes the files of --items. Each person signs in
    /// with the password from the CSV file on both sides. Nobody is invited: see --attendees.
    #[arg(long, value_enum, value_name = "HOW")]
    groupware: Option<Mode>,
    /// The source's CalDAV and CardDAV server (default: found at the source's host, by HTTPS)
    #[arg(long, value_name = "URL", value_parser = DavAddress::parse)]
    source_dav: Option<DavAddress>,
    /// The target's CalDAV and CardDAV server (default: found at the target's host, by HTTPS)
    #[arg(long, value_name = "URL", value_parser = DavAddress::parse)]
    target_dav: Option<DavAddress>,
    /// A directory of files to migrate instead of the source's items
    ///
    /// DIR/ann@example.com/calendar/*.ics, DIR/ann@example.com/tasks/*.ics and DIR/ann@example.com/contacts/*.vcf, as Google,
    /// Microsoft 365 and others export them. A folder below one of these becomes a further calendar of its name. Needs --groupware files.
    #[arg(long, value_name = "DIR")]
    items: Option<PathBuf>,
    /// What happens to the participants of events: listed in the description, or kept [default: listed]
    ///
    /// Many servers send an invitation to every participant of an event that is stored. 'listed' therefore writes them into the
    /// description. 'keep' keeps them where the target shows that it sends nothing; elsewhere they are listed all the same.
    #[arg(long, value_enum, value_name = "HOW")]
    attendees: Option<Participants>,
}

impl GroupwareArguments {
    /// Takes what was not typed from the last run; nothing if --groupware was typed.
    pub(super) fn take_from(&mut self, settings: &GroupwareSettings, taken: &mut Taken) {
        if self.groupware.is_some() {
            return;
        }
        taken.choice("groupware", &mut self.groupware, settings.mode.into());
        if settings.mode == GroupwareMode::Off {
            return;
        }
        let dav = |address: &str| DavAddress::parse(address).ok().filter(|_| !address.is_empty());
        taken.value("source-dav", &mut self.source_dav, dav(&settings.source_dav), &settings.source_dav);
        taken.value("target-dav", &mut self.target_dav, dav(&settings.target_dav), &settings.target_dav);
        let files = settings.files.as_ref().map(|files| files.display().to_string()).unwrap_or_default();
        taken.value("items", &mut self.items, settings.files.clone(), &files);
        let attendees = if settings.keep_attendees { Participants::Keep } else { Participants::Listed };
        taken.choice("attendees", &mut self.attendees, attendees);
    }
}

/// Where items come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
enum Mode {
    #[default]
    Off,
    Auto,
    Dav,
    Imap,
    Files,
}

impl From<GroupwareMode> for Mode {
    fn from(mode: GroupwareMode) -> Self {
        match mode {
            GroupwareMode::Off => Mode::Off,
            GroupwareMode::Auto => Mode::Auto,
            GroupwareMode::Dav => Mode::Dav,
            GroupwareMode::Imap => Mode::Imap,
            GroupwareMode::Files => Mode::Files,
        }
    }
}

/// What becomes of participants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
enum Participants {
    #[default]
    Listed,
    Keep,
}

/// What was chosen; the error is a sentence.
pub(super) fn read(typed: GroupwareArguments, cleartext_allowed: bool) -> Result<Groupware, String> {
    let mode = match typed.groupware.unwrap_or_default() {
        Mode::Off => GroupwareMode::Off,
        Mode::Auto => GroupwareMode::Auto,
        Mode::Dav => GroupwareMode::Dav,
        Mode::Imap => GroupwareMode::Imap,
        Mode::Files => GroupwareMode::Files,
    };
    match (mode == GroupwareMode::Files, &typed.items) {
        (true, None) => return Err("--groupware files needs the directory of the files: --items DIR.".to_owned()),
        (false, Some(_)) => return Err("--items needs --groupware files.".to_owned()),
        (true, Some(directory)) if !directory.is_dir() => {
            return Err(format!("{} cannot be read as a directory.", directory.display()));
        }
        (true, Some(_)) if typed.source_dav.is_some() => {
            return Err(
                "--items and --source-dav cannot be used together: the items come from files or from a server."
                    .to_owned(),
            );
        }
        _ => {}
    }
    let addresses = [("--source-dav", &typed.source_dav), ("--target-dav", &typed.target_dav)];
    for (option, address) in addresses.into_iter().filter_map(|(option, address)| Some((option, address.as_ref()?))) {
        if mode == GroupwareMode::Off {
            return Err(format!("{option} needs --groupware auto or --groupware dav."));
        }
        let host = crate::domain::ServerAddress { host: address.host.clone(), port: None };
        if !address.encrypted && !host.is_loopback() && !cleartext_allowed {
            return Err(format!(
                "With {option} all passwords would cross the network to {} in clear text. Use https, or agree with \
                 --allow-cleartext-passwords.",
                address.host
            ));
        }
    }
    Ok(Groupware {
        mode,
        source_dav: typed.source_dav,
        target_dav: typed.target_dav,
        files: typed.items,
        keep_attendees: typed.attendees == Some(Participants::Keep),
    })
}
