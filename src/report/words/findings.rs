//! How the program says what a test of the connection found: one line each, without a full stop where it is not a sentence.

use crate::domain::{
    Alert, Finding, Fingerprint, Found, PortSpeaks, Security, Service, SignInKind, foreign_without_secrets, printable,
};
use std::borrow::Cow;

/// The line that says a finding. Passwords are taken out of the words of others, and only there: a password may be a word of ours.
pub fn finding(finding: &Finding) -> String {
    let text = match &finding.found {
        Found::Problem(problem) => return printable(&problem.sentence()),
        // A product's name keeps its capital letter.
        Found::Product(product) => return named(finding.service, printable(&foreign(product))),
        Found::Alert(alert) => return printable(&self::alert(alert)),
        Found::Known(note) => return printable(&format!("Known about this server: {note}")),
        Found::PortNotRestored { service, host, from, to } => {
            return printable(&format!(
                "From an earlier run: the port of the service {service} on {host} was set from {from} to {to} and is not \
                 restored yet"
            ));
        }
        Found::FullRights { role } => format!("Signed in with full rights ({})", foreign(role)),
        Found::Seats { allowed: None, .. } => "Licence without a user limit".to_owned(),
        Found::Seats { used, allowed: Some(allowed) } => {
            format!("{} licence seats free ({used} of {allowed} used)", allowed.saturating_sub(*used))
        }
        Found::ImapService { port, wanted: Some(wanted) } if wanted != port => format!(
            "The IMAP service runs on port {port}; during the migration it is set to {wanted}, and back to {port} afterwards"
        ),
        Found::ImapService { port, .. } => format!("The IMAP service runs on port {port}"),
        Found::Port { host, port, speaks } => {
            let what = match speaks {
                PortSpeaks::Ssl => "speaks SSL. Tick Use SSL connection.",
                PortSpeaks::Text => "does not speak SSL. Untick Use SSL connection.",
                PortSpeaks::Nothing => "accepts connections but does not answer.",
            };
            format!("Port {port} of {host} {what}")
        }
        Found::Reached { port, milliseconds } => format!("Reached on port {port}, {milliseconds} ms"),
        Found::Trusted(only) => trusted(*only),
        Found::NotEncrypted => "The connection is not encrypted".to_owned(),
        Found::Calendars { at } => format!("Calendars and contacts answer at {}", foreign(at)),
        Found::NoCalendars { at, why, may_read_folders } => {
            let why = why.as_ref().map_or_else(String::new, |why| format!(" ({why})"));
            let then = if *may_read_folders {
                "the mailboxes' folders will be searched for them"
            } else {
                "give the address of the calendar server under More, or leave calendars and contacts out"
            };
            format!("No calendar server answers at {}{why}; {then}", foreign(at))
        }
        Found::SignInOffered(kind) => format!("Offers the sign-in {}", with(*kind)),
        Found::SignInNotOffered { chosen, instead, security } => {
            format!("Does not offer the sign-in {}. {}", with(*chosen), choose(instead, *security))
        }
        Found::SignInUnknown { chosen, words } => {
            format!("It is unknown whether the server offers the sign-in {}: {}", with(*chosen), foreign(words))
        }
    };
    let text = printable(&text);
    match finding.service {
        Service::Only => text,
        service => named(service, uncapitalised(&text)),
    }
}

/// The words of others, without any password.
fn foreign(text: &str) -> Cow<'_, str> {
    foreign_without_secrets(text)
}

fn named(service: Service, text: String) -> String {
    match service {
        Service::Only => text,
        Service::Administration => format!("Administration: {text}"),
        Service::Imap => format!("IMAP: {text}"),
    }
}

fn uncapitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}

/// Why the certificate is trusted, with as much of a fingerprint as a person compares at a glance.
fn trusted(only: Option<Fingerprint>) -> String {
    match only {
        Some(fingerprint) => {
            let start: String = fingerprint.to_string().chars().take(23).collect();
            format!("Certificate trusted by its fingerprint {start}…")
        }
        None => "Certificate verified by this computer".to_owned(),
    }
}

fn with(kind: SignInKind) -> &'static str {
    match kind {
        SignInKind::OwnPassword => "with passwords",
        SignInKind::MasterUser => "with a master user's password",
        SignInKind::Authorization => "on behalf of others (PLAIN)",
        SignInKind::Token => "with tokens (OAUTHBEARER, XOAUTH2)",
        SignInKind::KerioMaster => "with Kerio Connect's master password",
    }
}

/// What to choose in place of a sign-in that is not offered.
fn choose(instead: &[SignInKind], security: Security) -> String {
    let ways: Vec<&str> = instead
        .iter()
        .map(|kind| match kind {
            SignInKind::OwnPassword | SignInKind::MasterUser => "people's own passwords or a master user",
            SignInKind::Authorization => "an administrator on behalf of each",
            SignInKind::Token => "tokens",
            SignInKind::KerioMaster => "Kerio Connect's master password",
        })
        .collect();
    match (ways.is_empty(), security) {
        (false, _) => format!("Under 'How people sign in' choose what it offers: {}.", ways.join(", or ")),
        (true, Security::Plain) => "It allows nobody to sign in over an unencrypted connection: use SSL.".to_owned(),
        (true, _) => "It offers none that this program knows: make sure that IMAP with passwords is switched on there."
            .to_owned(),
    }
}

fn alert(alert: &Alert) -> String {
    match alert {
        Alert::LicenceExpired => {
            "The licence has expired; Kerio Connect may refuse every sign-in to its mail services".to_owned()
        }
        Alert::TooManyUsers => "There are more users than the licence allows".to_owned(),
        Alert::SubscriptionExpired => "The subscription has expired; mail can still be migrated".to_owned(),
        Alert::DiskNearlyFull { value } if value.is_empty() => "The server's disk is nearly full".to_owned(),
        Alert::DiskNearlyFull { value } => format!("The server's disk is nearly full ({})", foreign(value)),
        Alert::Other { name, value } => {
            format!("Kerio Connect warns: {} {}", foreign(name), foreign(value)).trim_end().to_owned()
        }
    }
}
