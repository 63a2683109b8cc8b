//! Mail domains (docs/kerio-connect.md, B14, B15): found by name or alias, created when missing.
//!
//! Promises that a domain is created once, however many workers ask for it at the same time, and that none is changed.

use super::error::{KerioError, Refusal};
use super::query::{self, Query};
use super::rpc::{list, refused_item, text};
use super::session::Session;
use crate::domain::AdministrationFault;
use serde_json::{Value, json};
use std::sync::{Mutex, PoisonError};

/// A domain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Domain {
    pub(super) id: String,
    /// The name as the server writes it.
    pub(super) name: String,
    /// Users of the primary domain may sign in without it.
    pub(super) primary: bool,
    /// Whether its users come from a directory service.
    pub(super) directory: bool,
    /// The fewest characters a password must have; none if passwords have no rules.
    pub(super) password_length: Option<u64>,
    aliases: Vec<String>,
}

impl Domain {
    fn read(value: &Value) -> Self {
        let flag = |pointer: &str| value.pointer(pointer).and_then(Value::as_bool).unwrap_or_default();
        let length = value.get("passwordMinimumLength").and_then(Value::as_u64).unwrap_or_default();
        Self {
            id: text(value, "id"),
            name: text(value, "name"),
            primary: flag("/isPrimary"),
            directory: flag("/service/isEnabled"),
            password_length: flag("/passwordComplexityEnabled").then_some(length),
            aliases: list(value, "aliasList").iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        }
    }

    /// Whether mail to that domain, in ASCII and lower case, is mail to this one.
    fn is_called(&self, name: &str) -> bool {
        std::iter::once(&self.name).chain(&self.aliases).any(|own| ascii(own) == name)
    }
}

/// The form in which two spellings of a domain are equal.
fn ascii(name: &str) -> String {
    let name = name.trim().trim_end_matches('.');
    idna::domain_to_ascii(name).unwrap_or_else(|_| name.to_lowercase())
}

/// The domains, once they are known.
#[derive(Default)]
pub(super) struct Domains {
    known: Mutex<Option<Vec<Domain>>>,
    /// Held while one is created.
    creating: Mutex<()>,
}

impl Domains {
    /// All domains, requested once.
    pub(super) fn all(&self, session: &Session) -> Result<Vec<Domain>, KerioError> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner).clone();
        known.map_or_else(|| self.ask(session), Ok)
    }

    /// The domain with that name or alias (ASCII, lower case).
    pub(super) fn find(&self, session: &Session, name: &str) -> Result<Option<Domain>, KerioError> {
        Ok(self.all(session)?.into_iter().find(|domain| domain.is_called(name)))
    }

    /// The domain with that name or alias. Creates it if there is none, and passes its name to `created`.
    pub(super) fn ensure(
        &self,
        session: &Session,
        name: &str,
        created: &mut dyn FnMut(&str),
    ) -> Result<Domain, KerioError> {
        if let Some(domain) = self.find(session, name)? {
            return Ok(domain);
        }
        let _creating = self.creating.lock().unwrap_or_else(PoisonError::into_inner);
        // Another worker or an administrator may have created it by now.
        let look = || Ok::<_, KerioError>(self.ask(session)?.into_iter().find(|domain| domain.is_called(name)));
        if let Some(domain) = look()? {
            return Ok(domain);
        }
        let outcome = create(session, name);
        match (look(), outcome) {
            (Ok(Some(domain)), outcome) => {
                if !matches!(&outcome, Err(KerioError::Refused(refusal)) if refusal.code == Refusal::EXISTS) {
                    created(&domain.name);
                }
                Ok(domain)
            }
            (_, Err(KerioError::Refused(refusal)))
                if ![Refusal::NO_RIGHTS, Refusal::TIMED_OUT].contains(&refusal.code) =>
            {
                Err(KerioError::DomainNotCreated(refusal.explanation()))
            }
            (_, Err(error)) | (Err(error), Ok(())) => Err(error),
            (Ok(None), Ok(())) => Err(KerioError::DomainNotCreated(
                AdministrationFault::DomainNotListed { domain: name.to_owned() }.into(),
            )),
        }
    }

    fn ask(&self, session: &Session) -> Result<Vec<Domain>, KerioError> {
        let domains: Vec<Domain> =
            query::all(session, "Domains.get", Query::default())?.iter().map(Domain::read).collect();
        *self.known.lock().unwrap_or_else(PoisonError::into_inner) = Some(domains.clone());
        Ok(domains)
    }
}

fn create(session: &Session, name: &str) -> Result<(), KerioError> {
    const METHOD: &str = "Domains.create";
    refused_item(METHOD, &session.call(METHOD, json!({"domains": [{"name": name}]}))?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_domain_answers_to_its_name_and_aliases_in_every_spelling() {
        let domain = Domain::read(&json!({"id": "1", "name": "Example.COM", "aliasList": ["BÜCHER.example", 7]}));
        assert!(domain.is_called("example.com"));
        assert!(domain.is_called("xn--bcher-kva.example"));
        assert!(!domain.is_called("other.example"));
        assert!(!domain.directory && !domain.primary && domain.password_length.is_none());
    }
}
