//! Users (docs/kerio-connect.md, B17, B18, B22): found, or created with the password and full name of the CSV.
//!
//! Promises that an existing user is left exactly as it is, and that a refused creation is explained: the codes are uncertain, so the
//! server's text counts as well, and what can be seen on the server afterwards counts most.

use super::administration::Administration;
use super::domains::Domain;
use super::error::{KerioError, Refusal};
use super::query::{self, Query};
use super::rpc::{list, refused_item, text};
use crate::domain::{Account, Address, AddressOwner, AdministrationFault};
use crate::progress::UserState;
use serde_json::{Value, json};

/// A user of Kerio Connect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// Whether it was created just now.
    pub created: bool,
    /// The names to sign in to IMAP with, best first (D10).
    pub sign_in_names: Vec<String>,
}

/// The limits of a mailbox; none if it has no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct MailboxLimits {
    /// In bytes.
    pub bytes: Option<MailboxLimit>,
    /// In items; every message is one.
    pub items: Option<MailboxLimit>,
}

/// How much a mailbox may hold, and holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MailboxLimit {
    /// The limit.
    pub most: u64,
    /// What the mailbox holds; none if the server does not say.
    pub used: Option<u64>,
}

/// A user as the server lists it.
struct Listed {
    login_name: String,
    enabled: bool,
}

impl Administration {
    /// The name of the domain with this name or alias; none if there is no such domain, or it cannot be asked for.
    pub fn domain_name(&self, called: &str) -> Option<String> {
        Some(self.domains.find(&self.session, called).ok()??.name)
    }

    /// The state of an account; changes nothing. An error says why it cannot be migrated.
    pub fn user_state(&self, address: &Address) -> Result<UserState, KerioError> {
        let Some(domain) = self.domains.find(&self.session, address.domain())? else {
            return Ok(UserState::DomainWillBeCreated);
        };
        match self.find_user(&domain, address.local())? {
            Some(user) => usable(&user, &domain).map(|()| UserState::Exists),
            None => self.may_be_created(&domain, address).map(|()| UserState::WillBeCreated),
        }
    }

    /// Whether the user of that account cannot be created, because its password breaks the documented rules of its domain (D9). What is
    /// not known breaks none.
    pub fn breaks_password_rules(&self, account: &Account) -> bool {
        let domain = self.domains.find(&self.session, account.target().domain());
        domain.is_ok_and(|domain| domain.is_some_and(|domain| breaks_rules(&domain, account)))
    }

    /// How much the mailbox of an existing user may hold, and holds; none if that cannot be asked. Changes nothing (B17).
    pub fn mailbox_limits(&self, address: &Address) -> Option<MailboxLimits> {
        let domain = self.domains.find(&self.session, address.domain()).ok()??;
        let user = |fields| {
            let equals = Some(("loginName", address.local()));
            let query = Query { fields, equals, domain: Some(&domain.id) };
            let users = query::all(&self.session, "Users.get", query).ok()?;
            users.into_iter().find(|user| text(user, "loginName").eq_ignore_ascii_case(address.local()))
        };
        let limits = user(&["id", "loginName", "diskSizeLimit", "consumedSize", "itemLimit"])?;
        let limit = |name| limits.get(name).and_then(active);
        let size = limit("diskSizeLimit").and_then(bytes);
        let items = limit("itemLimit").and_then(Value::as_u64);
        // Requested alone, because some versions may not know this field.
        let consumed = items.and_then(|_| user(&["id", "loginName", "consumedItems"])?.get("consumedItems")?.as_u64());
        Some(MailboxLimits {
            bytes: size.map(|most| MailboxLimit { most, used: limits.get("consumedSize").and_then(bytes) }),
            items: items.map(|most| MailboxLimit { most, used: consumed }),
        })
    }

    /// Finds the user of the account's address on the target, or creates it and, if need be, its domain, whose name
    /// `domain_created` gets.
    pub fn ensure_user(&self, account: &Account, domain_created: &mut dyn FnMut(&str)) -> Result<User, KerioError> {
        let address = account.target();
        if account.password.is_empty() && !matches!(self.user_state(address), Ok(UserState::Exists) | Err(_)) {
            return Err(KerioError::PasswordMissing);
        }
        let domain = self.domains.ensure(&self.session, address.domain(), domain_created)?;
        if let Some(user) = self.find_user(&domain, address.local())? {
            usable(&user, &domain)?;
            return Ok(User { created: false, sign_in_names: sign_in_names(&domain, &user.login_name, address) });
        }
        self.may_be_created(&domain, address)?;
        let refused = self.create_user(&domain, account).err();
        if let Some(error) = refused {
            return self.explain(&domain, account, error);
        }
        Ok(User { created: true, sign_in_names: sign_in_names(&domain, address.local(), address) })
    }

    fn find_user(&self, domain: &Domain, name: &str) -> Result<Option<Listed>, KerioError> {
        // Whether the server ignores case is not known.
        let lower = name.to_lowercase();
        let spellings = if lower == name { vec![name] } else { vec![name, lower.as_str()] };
        for spelling in spellings {
            if let Some(user) = self.listed(domain, Some(("loginName", spelling)), name)? {
                return Ok(Some(user));
            }
        }
        Ok(None)
    }

    /// The user with that name among the results of a query.
    fn listed(&self, domain: &Domain, equals: Option<(&str, &str)>, name: &str) -> Result<Option<Listed>, KerioError> {
        let query = Query { fields: &["id", "loginName", "isEnabled"], equals, domain: Some(&domain.id) };
        let users = query::all(&self.session, "Users.get", query)?;
        let found = users.iter().find(|user| text(user, "loginName").to_lowercase() == name.to_lowercase());
        Ok(found.map(|user| Listed {
            login_name: text(user, "loginName"),
            enabled: user.get("isEnabled").and_then(Value::as_bool).unwrap_or(true),
        }))
    }

    /// Finds what would prevent the creation of a user who does not exist.
    fn may_be_created(&self, domain: &Domain, address: &Address) -> Result<(), KerioError> {
        if domain.directory {
            let fault = AdministrationFault::NotInDirectory { domain: domain.name.clone() };
            return Err(KerioError::DirectoryDomain(fault.into()));
        }
        let params = json!({
            "addresses": [address.local()],
            "updatedEntity": {"kind": "EntityUser", "id": ""},
            "domainId": domain.id,
        });
        let result = match self.session.call("Server.findEntityByEmail", params) {
            Ok(result) => result,
            // The method may be missing; then the creation itself shows it.
            Err(KerioError::Refused(_) | KerioError::NotTheApi(_)) => return Ok(()),
            Err(error) => return Err(error),
        };
        // A pattern such as *@domain catches all mail and keeps nobody from being created.
        let is_pattern = |entity: &Value| entity.get("isPattern").and_then(Value::as_bool).unwrap_or_default();
        match list(&result, "entities").iter().find(|entity| !is_pattern(entity)) {
            Some(entity) => Err(KerioError::NameTaken(owner(entity).into())),
            None => Ok(()),
        }
    }

    fn create_user(&self, domain: &Domain, account: &Account) -> Result<(), KerioError> {
        const METHOD: &str = "Users.create";
        let mut user = json!({
            "domainId": domain.id,
            "loginName": account.target().local(),
            "password": account.password.reveal(),
            "isEnabled": true,
        });
        if !account.full_name.is_empty() {
            user["fullName"] = json!(account.full_name);
        }
        let result = self.session.call(METHOD, json!({"users": [user]}))?;
        refused_item(METHOD, &result)?;
        if list(&result, "result").is_empty() && self.find_user(domain, account.target().local())?.is_none() {
            return Err(KerioError::UserNotCreated(AdministrationFault::NoOutcome.into()));
        }
        Ok(())
    }

    /// Why a creation failed; or the user after all, when the server has it now.
    fn explain(&self, domain: &Domain, account: &Account, error: KerioError) -> Result<User, KerioError> {
        let address = account.target();
        let exists = matches!(&error, KerioError::Refused(refusal) if refusal.code == Refusal::EXISTS);
        // When the name is said to exist, the whole list is read: the query may compare in its own way.
        let found =
            if exists { self.listed(domain, None, address.local()) } else { self.find_user(domain, address.local()) };
        if let Ok(Some(user)) = found {
            usable(&user, domain)?;
            let sign_in_names = sign_in_names(domain, &user.login_name, address);
            return Ok(User { created: !exists, sign_in_names });
        }
        let KerioError::Refused(refusal) = error else { return Err(error) };
        Err(self.judge(domain, account, refusal))
    }

    fn judge(&self, domain: &Domain, account: &Account, refusal: Refusal) -> KerioError {
        let limit = || self.user_limit(&domain.id).ok();
        match refusal.code {
            Refusal::NO_RIGHTS | Refusal::TIMED_OUT => KerioError::Refused(refusal),
            Refusal::EXISTS => KerioError::NameTaken(refusal.explanation()),
            _ if refusal.mentions(&["password"]) => KerioError::PasswordRule(refusal),
            _ if refusal.mentions(&["license", "licence", "user count"]) => KerioError::LicenceFull(refusal),
            _ if refusal.mentions(&["directory service", "ldap", "active directory"]) => {
                KerioError::DirectoryDomain(refusal.explanation())
            }
            // The text says nothing, perhaps because it is in the server's own language: look at what would explain it.
            _ => match limit() {
                Some(limit) if limit.seats.are_full() && limit.of_domain => {
                    KerioError::UserNotCreated(refusal.explained_by(AdministrationFault::DomainLimit))
                }
                Some(limit) if limit.seats.are_full() => KerioError::LicenceFull(refusal),
                None if refusal.code == Refusal::FORBIDDEN => KerioError::LicenceFull(refusal),
                _ if breaks_rules(domain, account) => KerioError::PasswordRule(refusal),
                _ => KerioError::UserNotCreated(refusal.explanation()),
            },
        }
    }
}

fn usable(user: &Listed, domain: &Domain) -> Result<(), KerioError> {
    if user.enabled { Ok(()) } else { Err(KerioError::UserDisabled(format!("{}@{}", user.login_name, domain.name))) }
}

/// What a limit is, if it is active: `{isActive, limit}`.
fn active(limit: &Value) -> Option<&Value> {
    limit.get("limit").filter(|_| limit.get("isActive").and_then(Value::as_bool) == Some(true))
}

/// The bytes of a size: `{value, units}`.
fn bytes(size: &Value) -> Option<u64> {
    let unit = match text(size, "units").as_str() {
        "Bytes" => 1,
        "KiloBytes" => 1 << 10,
        "MegaBytes" => 1 << 20,
        "GigaBytes" => 1 << 30,
        "TeraBytes" => 1 << 40,
        _ => return None,
    };
    size.get("value")?.as_u64()?.checked_mul(unit)
}

fn owner(entity: &Value) -> AdministrationFault {
    let owner = match text(entity, "kind").as_str() {
        "EntityUser" => AddressOwner::User,
        "EntityAlias" => AddressOwner::Alias,
        "EntityGroup" => AddressOwner::Group,
        "EntityMailingList" => AddressOwner::MailingList,
        "EntityResource" => AddressOwner::Resource,
        _ => AddressOwner::Unknown,
    };
    AdministrationFault::AddressOf { owner, name: text(entity, "name") }
}

/// The names to sign in with. Outside the primary domain the full name is needed; a user of an alias lives in the real domain.
fn sign_in_names(domain: &Domain, login_name: &str, address: &Address) -> Vec<String> {
    let mut names = vec![format!("{login_name}@{}", domain.name)];
    if domain.primary {
        names.push(login_name.to_owned());
    }
    let typed = address.to_string();
    if !names.iter().any(|name| name.to_lowercase() == typed.to_lowercase()) {
        names.push(typed);
    }
    names
}

/// Whether a password breaks the documented rules of a domain (D9).
fn breaks_rules(domain: &Domain, account: &Account) -> bool {
    let Some(least) = domain.password_length else { return false };
    let password = account.password.reveal();
    let classes: [fn(char) -> bool; 4] =
        [char::is_lowercase, char::is_uppercase, |c| c.is_numeric(), |c| !c.is_alphanumeric()];
    let used = classes.iter().filter(|class| password.chars().any(class)).count();
    let lower = password.to_lowercase();
    let mut forbidden = vec![account.target().local().to_lowercase(), account.target().domain().to_owned()];
    forbidden.extend(account.full_name.to_lowercase().split_whitespace().map(str::to_owned));
    (password.chars().count() as u64) < least.max(8)
        || used < 3
        || forbidden.iter().any(|word| word.chars().count() > 2 && lower.contains(word.as_str()))
}
