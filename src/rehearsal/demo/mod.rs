//! The demo on loopback: a source with sample mail, calendars and contacts, a Kerio Connect stand-in, and everything to fill in the forms.
//!
//! Nothing leaves this computer, and the same options give the same mail. [`Demo::compare`] judges by the stores themselves, with code that
//! the engine does not know.

mod accounts_file;
mod calendars;
mod comparison;
mod far_mail;
mod faults;

pub use calendars::DemoItems;
pub use comparison::DemoComparison;

use super::administration::{AdministrationStandIn, StandInOptions};
use super::sample::{self, Amount, Person};
use super::{
    ImapOptions, ImapServer, ImapService, Layout, Link, LinkOptions, MailService, MailStore, Profile, Snapshot,
};
use crate::domain::{Fingerprint, Secret, Security, ServerAddress};
use calendars::Calendars;
use far_mail::FarMail;
use faults::FriendlyFaults;
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// The target has the second domain from the start; the first must be created.
const DOMAINS: [&str; 2] = ["nordwind.example", "example.com"];
/// With faults, one message exceeds the target's limit.
const LARGEST: usize = 20_000_000;
/// The target's limit with faults, in bytes.
const LIMIT_WITH_FAULTS: u64 = 16_000_000;

/// The demo's options.
#[derive(Debug, Clone)]
pub struct DemoOptions {
    /// The folder for the accounts file.
    pub folder: PathBuf,
    /// The number of mailboxes.
    pub accounts: usize,
    /// The number of messages in all mailboxes together.
    pub messages: usize,
    /// Added to every round trip to a mail server.
    pub rtt: Duration,
    /// Whether to include faults: a cut connection now and then, a slow answer, a wrong password, a message that is too large.
    pub faults: bool,
    /// Whether somebody practises in the window: the link to the source is slow, and the certificates are not trusted beforehand.
    pub practice: bool,
}

/// The source's rate for practice: slow enough to watch, fast enough not to bore.
const PRACTICE_BITS_PER_SECOND: u64 = 24_000_000;
const PRACTICE_ROUND_TRIP: Duration = Duration::from_millis(20);

impl DemoOptions {
    /// Five mailboxes with three thousand messages, near servers, no faults.
    pub fn new(folder: &Path) -> Self {
        Self {
            folder: folder.to_owned(),
            accounts: 5,
            messages: 3000,
            rtt: Duration::ZERO,
            faults: false,
            practice: false,
        }
    }

    /// The demo for practice: eight mailboxes, a slow link, and all faults.
    pub fn practice(folder: &Path) -> Self {
        Self { accounts: 8, faults: true, practice: true, ..Self::new(folder) }
    }
}

/// Running servers. Dropping it ends them and discards all mail; the accounts file stays.
pub struct Demo {
    administration: AdministrationStandIn,
    source_link: Option<Link>,
    source: ImapServer,
    target: Arc<ImapServer>,
    source_port: u16,
    calendars: Calendars,
    accounts_file: PathBuf,
    people: Vec<Person>,
    /// The account whose password in the file is wrong.
    refused: Option<String>,
    faults: Arc<FriendlyFaults>,
    practice: bool,
    before: BTreeMap<String, (Snapshot, Snapshot)>,
}

impl Demo {
    /// Creates the mail, starts both servers and writes the accounts file.
    pub fn start(options: &DemoOptions) -> io::Result<Self> {
        let people = sample::people(options.accounts, &DOMAINS);
        let faults = Arc::new(FriendlyFaults::new(options.faults));
        let source = start_source(&people, options)?;
        source.set_faults(Some(faults.clone()));
        let own_port = source.listen(ImapService::SecureImap, 0)?;
        let link = LinkOptions { round_trip: options.rtt, ..LinkOptions::default() };
        let source_link = source_link(own_port, options)?;
        let source_port = source_link.as_ref().map_or(own_port, Link::port);

        let mut target_options = ImapOptions::kerio(Profile::Rich);
        if options.faults {
            target_options.append_limit = LIMIT_WITH_FAULTS;
        }
        let target = Arc::new(ImapServer::start(MailStore::new(Layout::KERIO), target_options)?);
        let mail: Arc<dyn MailService> =
            if options.rtt.is_zero() { target.clone() } else { Arc::new(FarMail::new(target.clone(), link)) };
        let administration = AdministrationStandIn::start(mail, StandInOptions::usual()?)?;
        if let Some(person) = people.get(1) {
            settle(&administration, target.store(), person)?;
        }

        let refused = people.last().filter(|_| options.faults && people.len() > 2).map(|person| person.address.clone());
        let accounts_file = options.folder.join("accounts.csv");
        accounts_file::write(&accounts_file, &people, refused.as_deref())?;
        let calendars = Calendars::start(&people)?;
        let mut before = BTreeMap::new();
        for person in &people {
            let there = target.store().snapshot(&person.address).unwrap_or_default();
            before.insert(person.address.clone(), (source.store().snapshot(&person.address)?, there));
        }
        Ok(Self {
            administration,
            source_link,
            source,
            target,
            source_port,
            calendars,
            accounts_file,
            people,
            refused,
            faults,
            practice: options.practice,
            before,
        })
    }

    /// The source's address with its port.
    pub fn source_address(&self) -> ServerAddress {
        loopback(Some(self.source_port))
    }

    /// The target's address; its port comes from the administration.
    pub fn target_address(&self) -> ServerAddress {
        loopback(None)
    }

    /// The administration's address with its port.
    pub fn administration_address(&self) -> ServerAddress {
        loopback(Some(self.administration.port()))
    }

    /// How clients connect to source and target.
    pub fn security(&self) -> Security {
        Security::Tls
    }

    /// The fingerprint of the self-signed certificate that source, target and administration show.
    pub fn fingerprint(&self) -> Fingerprint {
        self.source.fingerprint()
    }

    /// Whether it is for practice; then the user also decides about the certificate.
    pub fn is_practice(&self) -> bool {
        self.practice
    }

    /// The administrator's name.
    pub fn administrator(&self) -> &'static str {
        "admin"
    }

    /// The administrator's password.
    pub fn administrator_password(&self) -> Secret {
        Secret::new("administrator")
    }

    /// The addresses of the source's and the target's calendars and contacts.
    pub fn calendars(&self) -> (String, String) {
        self.calendars.addresses()
    }

    /// Compares the calendars and contacts on both servers.
    pub fn compare_items(&self) -> DemoItems {
        self.calendars.compare(&self.people, self.refused.as_deref())
    }

    /// The accounts file.
    pub fn accounts_file(&self) -> &Path {
        &self.accounts_file
    }

    /// The owners of the mailboxes, in the order of the accounts file.
    pub fn people(&self) -> &[Person] {
        &self.people
    }

    /// The account whose password in the accounts file is wrong, if there are faults.
    pub fn refused_account(&self) -> Option<&str> {
        self.refused.as_deref()
    }

    /// Turns cut connections and slow answers on or off. The wrong password and the large message stay.
    pub fn set_faults(&self, on: bool) {
        self.faults.set(on);
    }

    /// The number of connections cut and answers delayed so far.
    pub fn faults_met(&self) -> u64 {
        self.faults.met()
    }

    /// The source server.
    pub fn source(&self) -> &ImapServer {
        &self.source
    }

    /// The target's IMAP server.
    pub fn target(&self) -> &ImapServer {
        &self.target
    }

    /// The link to the source, if there is one.
    pub fn source_link(&self) -> Option<&Link> {
        self.source_link.as_ref()
    }

    /// The target's administration.
    pub fn administration(&self) -> &AdministrationStandIn {
        &self.administration
    }

    /// Compares every mailbox on both servers, message by message. Messages that a fault keeps from arriving are not expected.
    pub fn compare(&self) -> DemoComparison {
        let limit = self.target.options().append_limit;
        let mut all = DemoComparison::default();
        for (address, (source_before, target_before)) in &self.before {
            let source = self.source.store().snapshot(address).unwrap_or_default();
            let touched = !self.source.store().changes_seen(address).unwrap_or_default().is_empty();
            all.source_changed |= touched || source != *source_before;
            let target = self.target.store().snapshot(address).unwrap_or_default();
            let wanted = if self.refused.as_ref() == Some(address) { Snapshot::default() } else { source };
            all.add(comparison::compare(&wanted, limit, target_before, &target));
        }
        all
    }
}

/// The link to the source: none, one with the requested delay, or a slow one.
fn source_link(port: u16, options: &DemoOptions) -> io::Result<Option<Link>> {
    let (round_trip, bits_per_second) = match options.practice {
        true => (options.rtt.max(PRACTICE_ROUND_TRIP), Some(PRACTICE_BITS_PER_SECOND)),
        false if options.rtt.is_zero() => return Ok(None),
        false => (options.rtt, None),
    };
    Link::start(port, LinkOptions { round_trip, bits_per_second, ..LinkOptions::default() }).map(Some)
}

fn loopback(port: Option<u16>) -> ServerAddress {
    ServerAddress { host: "127.0.0.1".to_owned(), port }
}

/// The source: like Dovecot, with `.` as the separator.
fn start_source(people: &[Person], options: &DemoOptions) -> io::Result<ImapServer> {
    let store = MailStore::new(Layout::DOT);
    let weights: usize = (0..people.len()).map(weight).sum();
    let mut left = options.messages;
    for (number, person) in people.iter().enumerate() {
        store.create_user(&[&person.address], person.password.reveal())?;
        let last = number + 1 == people.len();
        let messages = if last { left } else { options.messages * weight(number) / weights };
        left -= messages;
        let largest = (number == 0).then_some(LARGEST);
        let mail = sample::mailbox(person, Amount { messages, largest, seed: number as u64 + 1 });
        sample::fill(&store, person, mail)?;
    }
    let greeting = Some("Dovecot ready.".to_owned());
    ImapServer::start(store, ImapOptions { greeting, ..ImapOptions::new(Profile::Rich) })
}

/// The relative size of a mailbox.
fn weight(number: usize) -> usize {
    5 - number % 5
}

/// Gives a person an account on the target, with other mail in it.
fn settle(administration: &AdministrationStandIn, store: &MailStore, person: &Person) -> io::Result<()> {
    administration.add_user(&person.address, &person.password, &person.full_name)?;
    let mail = sample::mailbox(person, Amount { messages: 60, largest: None, seed: 4040 });
    for (folder, name) in mail.into_iter().zip(["INBOX", "Sent Items"]) {
        store.add_all(&person.address, name, folder.messages)?;
    }
    Ok(())
}
