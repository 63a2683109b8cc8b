//! What is known about a failure of Kerio Connect's administration besides the server's own words: facts as data, and the one place where
//! they are said in English.

use super::Cause;
use super::foreign::Foreign;
use serde::{Deserialize, Serialize};
use std::fmt;

/// What went wrong. Its `Display` is a clause: no capital letter, no full stop.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "fault")]
pub enum AdministrationFault {
    // What answers is not the administration.
    /// It sends the caller elsewhere.
    Redirects {
        /// Where to.
        to: String,
    },
    /// It answers another request.
    OtherAnswer {
        /// The method that was called.
        method: String,
    },
    /// Its answer has no result.
    NoResult {
        /// The method that was called.
        method: String,
    },
    /// It signed in without a token.
    NoToken,
    /// It answers with HTML.
    WebPage,
    /// It answers with something other than JSON.
    NotJson,
    /// It answers with this HTTP status.
    Status {
        /// The status.
        status: u16,
    },
    /// Its answer is larger than any of the administration's.
    TooLong {
        /// The limit in bytes.
        most: u64,
    },
    /// It does not speak HTTP.
    NotHttp {
        /// The words of the HTTP library.
        why: String,
    },

    // Refusals.
    /// The server refused a call without giving a reason.
    NoWords {
        /// The method that was called.
        method: String,
        /// The server's code.
        code: i64,
    },
    /// The administrator has to give a second factor.
    SecondFactor,
    /// The server reports neither that a user was created nor that it was not.
    NoOutcome,
    /// The domain has as many users as it may have.
    DomainLimit,
    /// The server accepted a domain and does not list it.
    DomainNotListed {
        /// The domain.
        domain: String,
    },
    /// The domain's users come from a directory service, which does not have this one.
    NotInDirectory {
        /// The domain.
        domain: String,
    },
    /// The user is disabled.
    UserDisabled {
        /// The user's address there.
        user: String,
    },
    /// The address belongs to something else.
    AddressOf {
        /// What it is.
        owner: AddressOwner,
        /// Its name.
        name: String,
    },

    // Services and ports.
    /// There is no such service.
    NoServiceOnPort {
        /// Its usual port.
        port: u16,
    },
    /// The service existed and is gone.
    ServiceGone {
        /// The service.
        service: String,
    },
    /// The service does not run.
    ServiceStopped {
        /// The service.
        service: String,
    },
    /// The service listens on no port.
    NoListener {
        /// The service.
        service: String,
    },
    /// Another service has the port.
    PortOfService {
        /// The port.
        port: u16,
        /// That service.
        service: String,
    },
    /// Something else on the server has the port.
    PortAnswers {
        /// The port.
        port: u16,
    },
    /// An earlier change has to be undone first.
    EarlierChange {
        /// The service.
        service: String,
        /// The server.
        host: String,
        /// The port before.
        from: u16,
        /// The port since.
        to: u16,
    },
    /// The server did not take the listeners.
    ListenersNotTaken,
    /// Nothing answers on the port that was set.
    NothingAnswers {
        /// The port.
        port: u16,
    },
    /// Somebody else has changed the listeners, which were left as they are.
    ListenersChanged {
        /// The service.
        service: String,
    },
    /// The note of the old port cannot be read.
    PortNoteDamaged {
        /// The file.
        path: String,
        /// Why.
        why: String,
    },
    /// The old port is set and does not answer.
    OldPortSilent {
        /// The service.
        service: String,
        /// The old port.
        port: u16,
    },
    /// A change failed, and the old port is set again, or not.
    PortSetBack {
        /// Why it failed.
        why: Box<Explanation>,
        /// The old port.
        port: u16,
        /// Why it could not be set again, if so.
        undo: Option<Box<Explanation>>,
    },
}

/// What else may have an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AddressOwner {
    /// A user whose name is another.
    User,
    /// An alias.
    Alias,
    /// A group.
    Group,
    /// A mailing list.
    MailingList,
    /// A room or equipment.
    Resource,
    /// Something of a kind that this program does not know.
    Unknown,
}

/// Why something failed: the server's words, the cause of a failed connection, and what we know besides.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Explanation {
    /// The words of a server or of the system; empty if there are none.
    pub words: String,
    /// Why the connection failed, where that is the reason.
    pub cause: Option<Cause>,
    /// What we know.
    pub fault: Option<AdministrationFault>,
}

impl Foreign for Explanation {
    fn each_foreign(&mut self, each: &mut dyn FnMut(&mut String)) {
        each(&mut self.words);
        self.cause.iter_mut().for_each(|cause| cause.each_foreign(each));
        self.fault.iter_mut().for_each(|fault| fault.each_foreign(each));
    }
}

impl From<AdministrationFault> for Explanation {
    fn from(fault: AdministrationFault) -> Self {
        Self { fault: Some(fault), ..Self::default() }
    }
}

/// A clause.
impl fmt::Display for Explanation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = Some(self.words.trim_end_matches('.')).filter(|words| !words.is_empty()).map(str::to_owned);
        let cause = self.cause.as_ref().map(ToString::to_string);
        let fault = self.fault.as_ref().map(ToString::to_string);
        formatter.write_str(&words.into_iter().chain(cause).chain(fault).collect::<Vec<_>>().join("; "))
    }
}

impl Foreign for AdministrationFault {
    fn each_foreign(&mut self, each: &mut dyn FnMut(&mut String)) {
        match self {
            Self::Redirects { to: text }
            | Self::NotHttp { why: text }
            | Self::DomainNotListed { domain: text }
            | Self::NotInDirectory { domain: text }
            | Self::UserDisabled { user: text }
            | Self::AddressOf { name: text, .. }
            | Self::ServiceGone { service: text }
            | Self::ServiceStopped { service: text }
            | Self::NoListener { service: text }
            | Self::PortOfService { service: text, .. }
            | Self::ListenersChanged { service: text }
            | Self::OldPortSilent { service: text, .. } => each(text),
            Self::PortNoteDamaged { path, why } => {
                each(path);
                each(why);
            }
            Self::EarlierChange { service, host, .. } => {
                each(service);
                each(host);
            }
            Self::PortSetBack { why, undo, .. } => {
                why.each_foreign(each);
                undo.iter_mut().for_each(|undo| undo.each_foreign(each));
            }
            // The names of methods are ours.
            Self::OtherAnswer { .. } | Self::NoResult { .. } | Self::NoWords { .. } => {}
            Self::NoToken
            | Self::WebPage
            | Self::NotJson
            | Self::Status { .. }
            | Self::TooLong { .. }
            | Self::SecondFactor
            | Self::NoOutcome
            | Self::DomainLimit
            | Self::NoServiceOnPort { .. }
            | Self::PortAnswers { .. }
            | Self::ListenersNotTaken
            | Self::NothingAnswers { .. } => {}
        }
    }
}

impl fmt::Display for AdministrationFault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Redirects { to } => write!(formatter, "it redirects to {to}, which this program does not follow"),
            Self::OtherAnswer { method } => write!(formatter, "its answer to {method} belongs to another request"),
            Self::NoResult { method } => write!(formatter, "its answer to {method} has no result"),
            Self::NoToken => formatter.write_str("its answer to the sign-in has no token"),
            Self::WebPage => formatter.write_str("it answers with a web page"),
            Self::NotJson => formatter.write_str("its answer is not JSON"),
            Self::Status { status } => write!(formatter, "it answers with HTTP status {status}"),
            Self::TooLong { most } => write!(formatter, "its answer is larger than {} MB", most >> 20),
            Self::NotHttp { why } => write!(formatter, "it does not speak HTTP as it should ({why})"),
            Self::NoWords { method, code } => {
                write!(formatter, "Kerio Connect gives no reason (error {code} of {method})")
            }
            Self::SecondFactor => {
                formatter.write_str("this program cannot give a second factor: use the built-in administrator")
            }
            Self::NoOutcome => formatter.write_str("the server reports neither success nor failure"),
            Self::DomainLimit => formatter.write_str("the domain's own limit of users is reached"),
            Self::DomainNotListed { domain } => {
                write!(formatter, "the server accepted the domain {domain} but does not list it")
            }
            Self::NotInDirectory { domain } => {
                write!(formatter, "{domain} is mapped to a directory service and has no such user")
            }
            Self::UserDisabled { user } => write!(formatter, "the user {user} is disabled"),
            Self::AddressOf { owner, name } => match owner {
                AddressOwner::User => write!(formatter, "it is another address of the user {name}"),
                AddressOwner::Alias => write!(formatter, "it is the alias {name}"),
                AddressOwner::Group => write!(formatter, "it is the address of the group {name}"),
                AddressOwner::MailingList => write!(formatter, "it is the mailing list {name}"),
                AddressOwner::Resource => write!(formatter, "it is the resource {name}"),
                AddressOwner::Unknown => write!(formatter, "it belongs to {name}"),
            },
            Self::NoServiceOnPort { port } => {
                write!(formatter, "no service with the default port {port} is listed")
            }
            Self::ServiceGone { service } => write!(formatter, "the service {service} is no longer listed"),
            Self::ServiceStopped { service } => write!(formatter, "the service {service} is stopped"),
            Self::NoListener { service } => write!(formatter, "the service {service} has no listener"),
            Self::PortOfService { port, service } => {
                write!(formatter, "port {port} is used by the service {service}")
            }
            Self::PortAnswers { port } => {
                write!(formatter, "another program on the server answers on port {port}")
            }
            Self::EarlierChange { service, host, from, to } => write!(
                formatter,
                "an earlier change has to be undone first: the port of the service {service} on {host} was set from {from} to {to} and \
                 not put back yet"
            ),
            Self::ListenersNotTaken => formatter.write_str("the server did not take the listeners"),
            Self::NothingAnswers { port } => write!(formatter, "nothing answers on port {port}"),
            Self::ListenersChanged { service } => write!(
                formatter,
                "somebody else has changed the listeners of the service {service} meanwhile; they were left as they are"
            ),
            Self::PortNoteDamaged { path, why } => {
                write!(formatter, "an earlier run has changed a port, and its note {path} cannot be read: {why}")
            }
            Self::OldPortSilent { service, port } => {
                write!(formatter, "the service {service} is set to port {port} but does not answer there")
            }
            Self::PortSetBack { why, port, undo: None } => {
                write!(formatter, "{why}; the old port {port} is set again")
            }
            Self::PortSetBack { why, port, undo: Some(undo) } => {
                write!(formatter, "{why}; and the old port {port} could not be set again: {undo}")
            }
        }
    }
}
