//! Why the administration did not do what was asked, and what kind of problem that is for a person.
//!
//! The codes of Kerio Connect are only partly known (docs/kerio-connect.md, A8, B31), so a refusal is judged by its code, its text, and the
//! state of the server afterwards. The caller judges, and chooses the variant.

use crate::domain::{
    Address, AdministrationFault, Cause, CertificateDetails, Explanation, Fingerprint, Note, OwnFile, Problem,
    ProblemKind, Side,
};
use crate::network::{HttpError, NetworkError};
use serde_json::Value;
use std::fmt;
use std::time::Duration;

/// A failure of the administration. Its `Display` is a clause for debug.log; [`KerioError::problem`] is what a person reads.
#[derive(Debug)]
pub enum KerioError {
    /// The connection could not be made or was lost.
    Network(NetworkError),
    /// A call did not end within its time limit.
    TooSlow(Duration),
    /// What answers is not the administration API.
    NotTheApi(AdministrationFault),
    /// The administrator's sign-in was refused; it is not tried again.
    SignInRefused(Refusal),
    /// The server does not accept the session, even after a new sign-in.
    NoSession(Refusal),
    /// A call was refused.
    Refused(Refusal),
    /// The user exists and is disabled; with its address on the server.
    UserDisabled(String),
    /// The domain could not be created.
    DomainNotCreated(Explanation),
    /// The user could not be created.
    UserNotCreated(Explanation),
    /// No seat is free.
    LicenceFull(Refusal),
    /// The address belongs to something that is not a user of that name.
    NameTaken(Explanation),
    /// The domain's users come from a directory service.
    DirectoryDomain(Explanation),
    /// The password does not fit the domain's rules.
    PasswordRule(Refusal),
    /// The user does not exist, and there is no password to create it with.
    PasswordMissing,
    /// There is no such service, or it has no listener.
    NoService(AdministrationFault),
    /// The service does not run; with its name.
    ServiceStopped(String),
    /// The port could not be set; everything is as before unless the fault says otherwise.
    PortNotChanged(AdministrationFault),
    /// The port could not be put back.
    PortNotRestored(AdministrationFault),
    /// The note of a changed port cannot be written, so the port was not changed.
    Note(std::io::Error),
}

impl fmt::Display for KerioError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            KerioError::PasswordMissing => Note::PasswordCreatesUser.fmt(formatter),
            error => error.explanation().fmt(formatter),
        }
    }
}

impl std::error::Error for KerioError {}

impl KerioError {
    /// The problem as the user meets it. `account` is the one that the call was made for, if any.
    pub fn problem(&self, account: Option<&Address>) -> Problem {
        let kind = match self {
            // A connection that fails in the middle of a run concerns this mailbox; trust concerns all.
            KerioError::Network(error) if account.is_some() && error.certificate().is_none() => {
                ProblemKind::ConnectionLost
            }
            KerioError::TooSlow(_) if account.is_some() => ProblemKind::ConnectionLost,
            KerioError::Network(error) => error.kind(),
            KerioError::TooSlow(_) => ProblemKind::Unreachable,
            KerioError::NotTheApi(_) => ProblemKind::WrongProtocol,
            KerioError::SignInRefused(_) => ProblemKind::AdministratorRefused,
            KerioError::NoSession(_) => ProblemKind::AdministratorRights,
            KerioError::Refused(refusal) if refusal.code == Refusal::NO_RIGHTS => ProblemKind::AdministratorRights,
            KerioError::Refused(refusal) if account.is_some() && refusal.code == Refusal::TIMED_OUT => {
                ProblemKind::ConnectionLost
            }
            KerioError::Refused(_) if account.is_some() => ProblemKind::UserNotCreated,
            KerioError::Refused(_) => ProblemKind::AdministrationFailed,
            KerioError::UserDisabled(_) => ProblemKind::AccountDisabled,
            KerioError::DomainNotCreated(_) => ProblemKind::DomainNotCreated,
            KerioError::UserNotCreated(_) => ProblemKind::UserNotCreated,
            KerioError::LicenceFull(_) => ProblemKind::LicenceFull,
            KerioError::NameTaken(_) => ProblemKind::NameTaken,
            KerioError::DirectoryDomain(_) => ProblemKind::DirectoryDomain,
            KerioError::PasswordRule(_) => ProblemKind::PasswordRule,
            KerioError::PasswordMissing => ProblemKind::PasswordMissing,
            KerioError::NoService(_) | KerioError::ServiceStopped(_) => ProblemKind::ServiceStopped,
            KerioError::PortNotChanged(_) => ProblemKind::PortNotChanged,
            KerioError::PortNotRestored(_) => ProblemKind::PortNotRestored,
            KerioError::Note(_) => ProblemKind::LocalFile,
        };
        let problem = Problem::new(kind).on(Side::Administration);
        let Explanation { words, cause, fault } = self.explanation();
        let problem = problem.saying(words).caused_by(cause).noting(fault.map(Note::Administration));
        let problem = match self {
            KerioError::Note(_) => problem.at_path(OwnFile::PortNote),
            KerioError::PasswordMissing => problem.noting(Note::PasswordCreatesUser),
            _ => problem,
        };
        match account {
            Some(account) => problem.for_account(account),
            None => problem,
        }
    }

    /// Why it failed, as far as that is known.
    pub(super) fn explanation(&self) -> Explanation {
        match self {
            KerioError::Network(error) => Explanation { cause: Some(error.cause()), ..Explanation::default() },
            KerioError::TooSlow(limit) => {
                let seconds = limit.as_secs_f32().ceil() as u64;
                Explanation { cause: Some(Cause::NoAnswerWithin { seconds }), ..Explanation::default() }
            }
            KerioError::NotTheApi(fault)
            | KerioError::NoService(fault)
            | KerioError::PortNotChanged(fault)
            | KerioError::PortNotRestored(fault) => fault.clone().into(),
            KerioError::SignInRefused(refusal) if refusal.wants_second_factor() => {
                refusal.explained_by(AdministrationFault::SecondFactor)
            }
            KerioError::SignInRefused(refusal)
            | KerioError::NoSession(refusal)
            | KerioError::Refused(refusal)
            | KerioError::LicenceFull(refusal)
            | KerioError::PasswordRule(refusal) => refusal.explanation(),
            KerioError::DomainNotCreated(why)
            | KerioError::UserNotCreated(why)
            | KerioError::NameTaken(why)
            | KerioError::DirectoryDomain(why) => why.clone(),
            KerioError::UserDisabled(user) => AdministrationFault::UserDisabled { user: user.clone() }.into(),
            KerioError::ServiceStopped(service) => {
                AdministrationFault::ServiceStopped { service: service.clone() }.into()
            }
            KerioError::PasswordMissing => Explanation::default(),
            KerioError::Note(error) => Explanation { words: error.to_string(), ..Explanation::default() },
        }
    }

    /// The certificate to decide on, and the fingerprint that was trusted before.
    pub fn certificate(&self) -> Option<(&CertificateDetails, Option<Fingerprint>)> {
        match self {
            KerioError::Network(error) => error.certificate(),
            _ => None,
        }
    }
}

impl From<HttpError> for KerioError {
    fn from(error: HttpError) -> Self {
        match error {
            HttpError::Network(error) => KerioError::Network(error),
            HttpError::TooSlow(limit) => KerioError::TooSlow(limit),
            HttpError::TooLong(most) => KerioError::NotTheApi(AdministrationFault::TooLong { most }),
            HttpError::NotHttp(why) => KerioError::NotTheApi(AdministrationFault::NotHttp { why }),
        }
    }
}

/// A refusal in the server's own words (A7, B30).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The method that was called.
    pub method: String,
    /// The server's code.
    pub code: i64,
    /// The message with its parameters put in.
    pub message: String,
    /// The message without them: a user's name must not decide what a refusal means.
    template: String,
}

impl Refusal {
    /// There is no session, or not the rights for one (A8).
    pub(super) const NO_SESSION: i64 = -32001;
    pub(super) const EXISTS: i64 = 1001;
    pub(super) const FORBIDDEN: i64 = 1003;
    pub(super) const NO_RIGHTS: i64 = 1004;
    /// The server itself waited too long for something.
    pub(super) const TIMED_OUT: i64 = -32002;

    pub(super) fn new(method: &str, code: i64, message: &str) -> Self {
        Self { method: method.to_owned(), code, message: message.to_owned(), template: message.to_owned() }
    }

    /// Reads an error object, of a whole call or of one item.
    pub(super) fn read(method: &str, error: &Value) -> Self {
        let code = error.get("code").and_then(Value::as_i64).unwrap_or_default();
        let template = error.get("message").and_then(Value::as_str).unwrap_or_default();
        let parameters = error.get("messageParameters").or_else(|| error.pointer("/data/messageParameters"));
        let parameters = parameters.and_then(|parameters| parameters.get("positionalParameters"));
        let parameters: Vec<&str> =
            parameters.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
        Self { message: fill(template, &parameters), ..Self::new(method, code, template) }
    }

    /// Whether the server's text, apart from its parameters, has one of the words.
    pub(super) fn mentions(&self, words: &[&str]) -> bool {
        let text = self.template.to_lowercase();
        words.iter().any(|word| text.contains(word))
    }

    /// Whether the server asks for a second factor (A10).
    fn wants_second_factor(&self) -> bool {
        self.mentions(&["two-factor", "2-factor", "two factor", "2-step", "two-step", "2fa", "verification code"])
    }

    /// The server's words; or that it has none.
    pub(super) fn explanation(&self) -> Explanation {
        let Self { method, code, .. } = self;
        match self.message.trim().trim_end_matches('.') {
            "" => AdministrationFault::NoWords { method: method.clone(), code: *code }.into(),
            message => Explanation {
                words: format!("{message} (Kerio Connect's error {code} of {method})"),
                ..Explanation::default()
            },
        }
    }

    /// The server's words, and what we know besides.
    pub(super) fn explained_by(&self, fault: AdministrationFault) -> Explanation {
        Explanation { fault: Some(fault), ..self.explanation() }
    }
}

/// Puts the parameters into a message: `%1` is the first. One pass, so that a parameter's own `%` means nothing; the longest number that
/// has a parameter counts, so that `%10` is not `%1` and a zero.
fn fill(template: &str, parameters: &[&str]) -> String {
    let mut filled = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('%') {
        filled.push_str(before);
        let digits = after.bytes().take_while(u8::is_ascii_digit).count();
        let found = (1..=digits).rev().find_map(|length| {
            let number = after.get(..length)?.parse::<usize>().ok()?;
            Some((parameters.get(number.checked_sub(1)?)?, after.get(length..)?))
        });
        match found {
            Some((parameter, left)) => {
                filled.push_str(parameter);
                rest = left;
            }
            None => {
                filled.push('%');
                rest = after;
            }
        }
    }
    filled + rest
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_message_gets_its_parameters_wherever_they_are() {
        let ten: Vec<String> = (1..=10).map(|number| format!("p{number}")).collect();
        let ten: Vec<&str> = ten.iter().map(String::as_str).collect();
        assert_eq!(fill("%10 and %1, 100% of %2", &ten), "p10 and p1, 100% of p2");
        assert_eq!(fill("%1 %2 %", &["%2"]), "%2 %2 %");
        assert_eq!(fill("%10", &["a"]), "a0");
        let parameters = json!({"positionalParameters": ["ann"], "plurality": 1});
        let item = json!({"code": 1001, "message": "User %1 exists.", "messageParameters": parameters});
        let whole = json!({"code": 1001, "message": "User %1 exists.", "data": {"messageParameters": parameters}});
        for error in [item, whole] {
            assert_eq!(
                Refusal::read("Users.create", &error).explanation().to_string(),
                "User ann exists (Kerio Connect's error 1001 of Users.create)"
            );
        }
    }

    #[test]
    fn a_users_name_does_not_decide_what_a_refusal_means() {
        let parameters = json!({"positionalParameters": ["password.reset"], "plurality": 1});
        let error = json!({"code": 1000, "message": "Cannot add %1.", "messageParameters": parameters});
        assert!(!Refusal::read("Users.create", &error).mentions(&["password"]));
    }

    #[test]
    fn an_empty_error_still_says_something() {
        assert_eq!(
            Refusal::read("Users.create", &json!({})).explanation().to_string(),
            "Kerio Connect gives no reason (error 0 of Users.create)"
        );
    }
}
