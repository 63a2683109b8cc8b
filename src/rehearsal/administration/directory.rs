//! Domains, users, and other owners of addresses, with their rules. The calls are in `domains` and `users`. A letter with a number refers
//! to docs/kerio-connect.md.

use super::behaviour::{Behaviour, LicenceRefusal};
use super::query::Record;
use super::refusal::Refusal;
use crate::domain::Secret;
use serde_json::{Value, json};

/// A mail domain: start from [`Domain::named`] and change the fields.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Domain {
    /// The server's id, assigned when the domain is added.
    pub id: String,
    /// The name.
    pub name: String,
    /// Other names of the same domain.
    pub aliases: Vec<String>,
    /// Whether it is the primary domain, where a bare login name suffices.
    pub primary: bool,
    /// Whether its users come from a directory service; then none can be created here.
    pub mapped: bool,
    /// The most users it may have.
    pub user_limit: Option<u32>,
    /// Whether passwords must be complex (D9).
    pub complex_passwords: bool,
    /// The shortest complex password, in characters.
    pub shortest_password: usize,
}

impl Domain {
    /// A domain without aliases, limits or rules.
    pub fn named(name: &str) -> Self {
        Self {
            id: String::new(),
            name: name.to_lowercase(),
            aliases: Vec::new(),
            primary: false,
            mapped: false,
            user_limit: None,
            complex_passwords: false,
            shortest_password: 8,
        }
    }

    /// Whether this is the domain's name or alias, in any case.
    pub(super) fn is_called(&self, name: &str) -> bool {
        self.names().any(|own| own.eq_ignore_ascii_case(name))
    }

    fn names(&self) -> impl Iterator<Item = &str> {
        std::iter::once(self.name.as_str()).chain(self.aliases.iter().map(String::as_str))
    }

    /// As `Domains.get` shows it.
    pub(super) fn record(&self) -> Record {
        let limit = self.user_limit.map_or(-1, i64::from);
        object(json!({
            "id": self.id, "name": self.name, "description": "", "isPrimary": self.primary, "aliasList": self.aliases,
            "userMaxCount": limit, "isDistributed": false, "passwordComplexityEnabled": self.complex_passwords,
            "passwordMinimumLength": self.shortest_password, "passwordExpirationEnabled": false, "passwordHistoryCount": 0,
            "service": { "isEnabled": self.mapped, "serviceType": "WindowsActiveDirectory", "hostname": "", "directoryName": "" },
            "outgoingMessageLimit": { "isActive": false, "limit": { "value": 0, "units": "MegaBytes" } },
        }))
    }
}

/// A user as the server stores it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// The server's id.
    pub id: String,
    /// The domain's id.
    pub domain_id: String,
    /// The part before the `@`.
    pub login_name: String,
    /// The password; no call returns it.
    pub password: Secret,
    /// All fields that `Users.get` returns.
    pub record: Record,
}

/// Other owners of an address, which no user can have then (B22).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owner {
    /// An alias of a user.
    Alias,
    /// A group of users.
    Group,
    /// A mailing list.
    MailingList,
}

impl Owner {
    /// Its name in `Server.findEntityByEmail`.
    pub(super) fn kind(self) -> &'static str {
        match self {
            Owner::Alias => "EntityAlias",
            Owner::Group => "EntityGroup",
            Owner::MailingList => "EntityMailingList",
        }
    }
}

/// A user who can sign in to IMAP from some moment on.
#[derive(Debug, Clone)]
pub(super) struct SignIn {
    pub(super) names: Vec<String>,
    pub(super) password: Secret,
}

/// All domains, users and owners of addresses.
#[derive(Default)]
pub(super) struct Directory {
    pub(super) domains: Vec<Domain>,
    pub(super) users: Vec<User>,
    owners: Vec<(String, String, Owner)>,
    made: u64,
}

impl Directory {
    fn next_id(&mut self) -> String {
        self.made += 1;
        format!("{:08x}-6b69-4d74-8000-{:012x}", 0x6b00_0000 + self.made, self.made * 0x1_0001)
    }

    /// The domain with this name or alias.
    pub(super) fn domain_called(&self, name: &str) -> Option<&Domain> {
        self.domains.iter().find(|domain| domain.is_called(name))
    }

    /// The domain with this id.
    pub(super) fn domain(&self, id: &str) -> Result<&Domain, Refusal> {
        self.domains.iter().find(|domain| domain.id == id).ok_or_else(|| Refusal::no_such("Domain"))
    }

    /// Adds a domain and returns its id.
    pub(super) fn add_domain(&mut self, mut domain: Domain) -> Result<String, Refusal> {
        let plausible = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-');
        if domain.name.is_empty() || !domain.name.chars().all(plausible) {
            return Err(Refusal::new(1000, "The domain name %1 is not valid.").about(&[&domain.name]));
        }
        if let Some(taken) = domain.names().find(|name| self.domain_called(name).is_some()) {
            return Err(Refusal::new(1001, "Domain %1 already exists.").about(&[taken]));
        }
        domain.id = format!("keriodb://domain/{}", self.next_id());
        let id = domain.id.clone();
        self.domains.push(domain);
        Ok(id)
    }

    /// Gives an address to something other than a user.
    pub(super) fn add_owner(&mut self, domain_id: &str, local: &str, owner: Owner) {
        self.owners.push((domain_id.to_owned(), local.to_owned(), owner));
    }

    /// Who owns the address: kind and name.
    pub(super) fn owner_of(&self, domain_id: &str, local: &str) -> Option<(&'static str, &str)> {
        let own = |text: &str| text.to_lowercase() == local.to_lowercase();
        let user = self.users.iter().filter(|user| user.domain_id == domain_id).find(|user| {
            let extra = user.record.get("emailAddresses").and_then(Value::as_array);
            own(&user.login_name) || extra.into_iter().flatten().filter_map(Value::as_str).any(own)
        });
        let other = || self.owners.iter().find(|(domain, name, _)| domain == domain_id && own(name));
        user.map(|user| ("EntityUser", user.login_name.as_str()))
            .or_else(|| other().map(|(_, name, owner)| (owner.kind(), name.as_str())))
    }

    /// Users that take a seat.
    pub(super) fn seats_taken(&self) -> usize {
        self.users.iter().filter(|user| is_enabled(&user.record)).count()
    }

    /// Users of one domain that take a seat.
    pub(super) fn seats_taken_in(&self, domain_id: &str) -> usize {
        self.users.iter().filter(|user| user.domain_id == domain_id && is_enabled(&user.record)).count()
    }

    /// Adds a user with the fields given to `Users.create`, without checking any rule; see [`Directory::admit`].
    pub(super) fn add_user(
        &mut self,
        domain_id: &str,
        login_name: &str,
        password: Secret,
        given: &Value,
    ) -> (String, SignIn) {
        let domain_guid = domain_id.rsplit('/').next().unwrap_or_default().to_owned();
        let id = format!("keriodb://user/{domain_guid}/{}", self.next_id());
        let mut record = object(json!({
            "id": id, "domainId": domain_id, "loginName": login_name, "fullName": "", "description": "", "isEnabled": true,
            "itemSource": "DSInternalSource", "authType": "UInternalAuth", "isPasswordReversible": false,
            "allowPasswordChange": true, "hasDefaultSpamRule": true, "publishInGal": true, "emailAddresses": [], "userGroups": [],
            "role": { "userRole": "UserRole", "publicFolderRight": false, "archiveFolderRight": false },
            "effectiveRole": { "userRole": "UserRole", "publicFolderRight": false, "archiveFolderRight": false },
            "itemLimit": { "isActive": false, "limit": 0 },
            "diskSizeLimit": { "isActive": false, "limit": { "value": 0, "units": "MegaBytes" } },
        }));
        change(&mut record, given);
        let sign_in = SignIn { names: self.sign_in_names(domain_id, login_name), password: password.clone() };
        let (domain_id, login_name) = (domain_id.to_owned(), login_name.to_owned());
        self.users.push(User { id: id.clone(), domain_id, login_name, password, record });
        (id, sign_in)
    }

    /// The names with which a user signs in to IMAP (D10), the full address first.
    fn sign_in_names(&self, domain_id: &str, login_name: &str) -> Vec<String> {
        let Ok(domain) = self.domain(domain_id) else { return Vec::new() };
        let mut names: Vec<String> = domain.names().map(|name| format!("{login_name}@{name}")).collect();
        if domain.primary {
            names.push(login_name.to_owned());
        }
        names
    }

    /// Whether this user may be created now. The inner refusal concerns the user, the outer one the whole call.
    pub(super) fn admit(
        &self,
        domain_id: &str,
        login_name: &str,
        password: &str,
        full_name: &str,
        behaviour: &Behaviour,
    ) -> Result<Result<(), Refusal>, Refusal> {
        let domain = match self.domain(domain_id) {
            Ok(domain) => domain,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | '+');
        if login_name.is_empty() || !login_name.chars().all(plain) {
            return Ok(Err(Refusal::new(1000, "Login name %1 contains forbidden characters.").about(&[login_name])));
        }
        if self.owner_of(domain_id, login_name).is_some() {
            return Ok(Err(Refusal::new(1001, "%1 already exists in domain %2.").about(&[login_name, &domain.name])));
        }
        if domain.mapped {
            return Ok(Err(
                Refusal::new(1000, "Users of domain %1 are managed in its directory service.").about(&[&domain.name])
            ));
        }
        if domain.complex_passwords && !is_complex(password, domain, login_name, full_name) {
            let shortest = domain.shortest_password.to_string();
            let text =
                "Password of user %1 does not meet the complexity requirements (at least %2 characters of 3 kinds).";
            return Ok(Err(Refusal::new(1000, text).about(&[login_name, &shortest])));
        }
        if domain.user_limit.is_some_and(|limit| self.seats_taken_in(domain_id) >= limit as usize) {
            let text = "The maximum number of users in domain %1 has been reached.";
            return Ok(Err(Refusal::new(behaviour.domain_limit_code, text).about(&[&domain.name])));
        }
        if behaviour.licence_users.is_some_and(|limit| self.seats_taken() >= limit as usize) {
            let limit = behaviour.licence_users.unwrap_or_default().to_string();
            let refusal =
                Refusal::new(1003, "The number of users in the license (%1) has been exceeded.").about(&[&limit]);
            return match behaviour.licence_refusal {
                LicenceRefusal::PerUser => Ok(Err(refusal)),
                LicenceRefusal::WholeCall => Err(refusal),
            };
        }
        Ok(Ok(()))
    }
}

/// Copies those members of `given` that the record has, except identity and password.
pub(super) fn change(record: &mut Record, given: &Value) {
    for (name, value) in given.as_object().into_iter().flatten() {
        if record.contains_key(name) && !matches!(name.as_str(), "id" | "domainId" | "loginName" | "effectiveRole") {
            record.insert(name.clone(), value.clone());
        }
    }
}

fn is_enabled(record: &Record) -> bool {
    record.get("isEnabled").and_then(Value::as_bool).unwrap_or(true)
}

/// Whether the password is long enough, has three kinds of characters and contains no name (D9).
fn is_complex(password: &str, domain: &Domain, login_name: &str, full_name: &str) -> bool {
    let lower = password.to_lowercase();
    let kinds = [
        password.chars().any(char::is_lowercase),
        password.chars().any(char::is_uppercase),
        password.chars().any(|c| c.is_ascii_digit()),
        password.chars().any(|c| !c.is_alphanumeric()),
    ];
    let label = domain.name.split('.').next().unwrap_or_default();
    let names = full_name.split_whitespace().filter(|part| part.chars().count() > 2).chain([login_name, label]);
    password.chars().count() >= domain.shortest_password
        && kinds.iter().filter(|&&present| present).count() >= 3
        && !names.filter(|name| !name.is_empty()).any(|name| lower.contains(&name.to_lowercase()))
}

fn object(value: Value) -> Record {
    match value {
        Value::Object(record) => record,
        _ => Record::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_complex_password_has_three_kinds_and_no_name_in_it() {
        let domain = Domain::named("example.com");
        let complex = |password: &str| is_complex(password, &domain, "ann", "Li Wu Karlsson");
        assert!(complex("Blue7kite"));
        assert!(complex("liWu-2024"));
        for weak in ["Blue7ki", "blue7kite", "Ann7kite!", "Example-77", "Karlsson-7"] {
            assert!(!complex(weak), "{weak}");
        }
    }

    #[test]
    fn an_alias_of_a_domain_is_taken_like_its_name() {
        let mut directory = Directory::default();
        let mut first = Domain::named("example.com");
        first.aliases.push("example.net".to_owned());
        directory.add_domain(first).unwrap();
        assert!(directory.add_domain(Domain::named("EXAMPLE.net")).is_err());
        assert!(directory.add_domain(Domain::named("example.org")).is_ok());
    }
}
