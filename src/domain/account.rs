//! An account: one row of the CSV, and the address that names it.

use super::Secret;
use serde::{Deserialize, Serialize};
use std::fmt;
use unicode_normalization::UnicodeNormalization;

/// Position of an account in the run, from 0 in the order of the CSV.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct AccountId(pub u32);

impl AccountId {
    /// The index into a list that holds one entry per account.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// A mail address. Its domain is in lower case, an international one in its ASCII form (IDNA).
///
/// The local part keeps its case; two addresses that differ only in case are the same account (see [`Address::key`]).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Address {
    local: String,
    domain: String,
}

/// Why a text is not a mail address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum AddressError {
    /// There is no `@`.
    #[error("it has no @")]
    NoAt,
    /// There is nothing before the `@`.
    #[error("it has nothing before the @")]
    NoLocalPart,
    /// The part after the `@` is not a domain name.
    #[error("the part after the @ is not a domain name")]
    BadDomain,
    /// The part before the `@` has a space or a control character.
    #[error("it has a space or a control character")]
    BadCharacter,
}

impl Address {
    /// Reads `user@domain`, without the spaces around it.
    pub fn parse(text: &str) -> Result<Self, AddressError> {
        let text = text.trim();
        let (local, domain) = text.rsplit_once('@').ok_or(AddressError::NoAt)?;
        if local.is_empty() {
            return Err(AddressError::NoLocalPart);
        }
        if local.chars().any(|c| c.is_control() || c.is_whitespace()) {
            return Err(AddressError::BadCharacter);
        }
        let domain = idna::domain_to_ascii_strict(domain).map_err(|_| AddressError::BadDomain)?;
        if domain.is_empty() || domain.starts_with('.') || domain.contains("..") {
            return Err(AddressError::BadDomain);
        }
        Ok(Self { local: local.to_owned(), domain: domain.trim_end_matches('.').to_owned() })
    }

    /// The part before the `@`, as it was written.
    pub fn local(&self) -> &str {
        &self.local
    }

    /// The domain in lower case ASCII.
    pub fn domain(&self) -> &str {
        &self.domain
    }

    /// The form in which two spellings of one address are equal: all in lower case.
    pub fn key(&self) -> String {
        format!("{}@{}", self.local.to_lowercase(), self.domain)
    }

    /// The same for addresses whose mailboxes may be one: see [`comparable_name`].
    pub fn comparable(&self) -> String {
        format!("{}@{}", folded(&self.local), self.domain)
    }
}

impl fmt::Display for Address {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}@{}", self.local, self.domain)
    }
}

/// A name to sign in with, or of a mailbox, in the form in which two spellings of it are equal on a server that is generous: without
/// regard to case, to the ways in which Unicode writes one character, and to the dot at the end of a domain. Only to compare: what is
/// stored under an address has [`Address::key`].
pub fn comparable_name(name: &str) -> String {
    let name = name.trim();
    let undotted = if name.contains('@') { name.trim_end_matches('.') } else { name };
    Address::parse(undotted).map_or_else(|_| folded(undotted), |address| address.comparable())
}

/// Without regard to case, also where a letter becomes two (`ß`), and in one of the forms of Unicode.
fn folded(text: &str) -> String {
    let text: String = text.nfkc().collect();
    text.to_lowercase().to_uppercase().to_lowercase().nfkc().collect()
}

/// One usable row of the CSV.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// Its line in the CSV, from 1.
    pub line: u32,
    /// The mail address, and the name to sign in with on both sides unless the line gives others.
    pub address: Address,
    /// The password on the source, and of a user created in Kerio Connect; empty if the CSV gives none.
    pub password: Secret,
    /// The person's name; empty if the CSV gives none.
    pub full_name: String,
    /// The name to sign in with on the source, if different.
    pub source_login: Option<String>,
    /// The address on the target, if different.
    pub target_address: Option<Address>,
}

/// Who an account is: its row of the CSV without the password.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountNames {
    /// The mail address.
    pub address: Address,
    /// The person's name; empty if the CSV gives none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub full_name: String,
    /// The name to sign in with on the source, if different.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_login: Option<String>,
    /// The address on the target, if different.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target_address: Option<Address>,
}

impl From<&Account> for AccountNames {
    fn from(account: &Account) -> Self {
        Self {
            address: account.address.clone(),
            full_name: account.full_name.clone(),
            source_login: account.source_login.clone(),
            target_address: account.target_address.clone(),
        }
    }
}

impl AccountNames {
    /// The account with this number in its list, from 1, for servers where nobody signs in with their own password.
    pub fn without_password(self, line: u32) -> Account {
        let Self { address, full_name, source_login, target_address } = self;
        Account { line, address, password: Secret::new(""), full_name, source_login, target_address }
    }
}

/// Which form of an address is the name to sign in with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NameForm {
    /// The whole address.
    #[default]
    Address,
    /// The part before the `@`.
    LocalPart,
}

impl NameForm {
    fn of(self, address: &Address) -> String {
        match self {
            NameForm::Address => address.to_string(),
            NameForm::LocalPart => address.local().to_owned(),
        }
    }
}

impl Account {
    /// An account with nothing but an address and a password.
    pub fn new(line: u32, address: Address, password: Secret) -> Self {
        Self { line, address, password, full_name: String::new(), source_login: None, target_address: None }
    }

    /// The name to sign in with on the source: the one in the CSV, or else the address in this form.
    pub fn source_name(&self, form: NameForm) -> String {
        self.source_login.clone().unwrap_or_else(|| form.of(&self.address))
    }

    /// The address on the target.
    pub fn target(&self) -> &Address {
        self.target_address.as_ref().unwrap_or(&self.address)
    }

    /// The name to sign in with on the target: the address there in this form.
    pub fn target_name(&self, form: NameForm) -> String {
        form.of(self.target())
    }

    /// The address on the target, if it differs from the one on the source.
    pub fn moves_to(&self) -> Option<&Address> {
        self.target_address.as_ref().filter(|target| target.key() != self.address.key())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_domain_is_compared_in_its_ascii_form() {
        let address = Address::parse(" Ann.Müller@BÜCHER.example ").unwrap();
        assert_eq!(address.domain(), "xn--bcher-kva.example");
        assert_eq!(address.local(), "Ann.Müller");
        assert_eq!(address.key(), "ann.müller@xn--bcher-kva.example");
    }

    #[test]
    fn spellings_of_one_name_are_equal_and_different_names_are_not() {
        for (one, other) in [
            ("J\u{d6}RG@a.example", "jo\u{308}rg@a.example"),
            ("\u{ff21}nn", "ann"),
            ("stra\u{df}e", "STRASSE"),
            (" ann@a.example.", "Ann@A.example"),
            ("ann@B\u{dc}CHER.example", "ann@xn--bcher-kva.example"),
        ] {
            assert_eq!(comparable_name(one), comparable_name(other));
        }
        for (one, other) in [("ann", "anna"), ("jorg", "j\u{f6}rg"), ("ann@a.example", "ann"), ("ann.b", "annb")] {
            assert_ne!(comparable_name(one), comparable_name(other));
        }
    }

    #[test]
    fn what_is_no_address_is_named() {
        assert_eq!(Address::parse("ann"), Err(AddressError::NoAt));
        assert_eq!(Address::parse("@example.com"), Err(AddressError::NoLocalPart));
        assert_eq!(Address::parse("a b@example.com"), Err(AddressError::BadCharacter));
        for bad in ["ann@", "ann@exa mple.com", "ann@.example.com", "ann@a..b"] {
            assert_eq!(Address::parse(bad), Err(AddressError::BadDomain), "{bad}");
        }
    }
}
