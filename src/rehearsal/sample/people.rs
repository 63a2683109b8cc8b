//! The owners of the sample mail: names in several languages, addresses that every server accepts, typical passwords.

use super::language::{LANGUAGES, Language};
use crate::domain::Secret;

/// A person with a mailbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// `user@domain.com`.
    pub address: String,
    /// The password.
    pub password: Secret,
    /// The full name, in its own script.
    pub full_name: String,
    pub(super) language: usize,
}

impl Person {
    pub(super) fn language(&self) -> &'static Language {
        &LANGUAGES[self.language % LANGUAGES.len()]
    }
}

/// The first `count` people, always the same, each with another address. They are spread over the domains in turn.
pub fn people(count: usize, domains: &[&str]) -> Vec<Person> {
    let person = |number: usize| {
        let language = number % LANGUAGES.len();
        let material = &LANGUAGES[language];
        let round = number / LANGUAGES.len();
        let (first, first_plain) = material.first_names[round % 4];
        let (last, last_plain) = material.last_names[(round + round / 4) % 4];
        let generation = round / 16 + 1;
        let mut local = format!("{first_plain}.{last_plain}");
        let mut full_name = if material.last_name_first { format!("{last}{first}") } else { format!("{first} {last}") };
        if generation > 1 {
            local.push_str(&generation.to_string());
            full_name.push_str(&format!(" {generation}"));
        }
        let domain = domains.get(number % domains.len().max(1)).copied().unwrap_or("example.com");
        Person { address: format!("{local}@{domain}"), password: password(number, last), full_name, language }
    };
    (0..count).map(person).collect()
}

/// Typical passwords of people and administrators; some trouble programs that read CSV files or speak IMAP carelessly.
fn password(number: usize, name: &str) -> Secret {
    let digits = 1000 + number * 37 % 9000;
    Secret::new(match number % 6 {
        0 => format!("Regen;bogen-{digits}"),
        1 => format!("correct horse {digits}"),
        2 => format!("Пароль-{digits}"),
        3 => format!("a\"quote\\and{digits}"),
        4 => format!("{name}#{digits}!Kx"),
        _ => format!("plain{digits}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Address;
    use std::collections::BTreeSet;

    #[test]
    fn a_thousand_people_have_a_thousand_addresses() {
        let people = people(1000, &["example.com", "example.net"]);
        let addresses: BTreeSet<String> =
            people.iter().map(|person| Address::parse(&person.address).unwrap().key()).collect();
        assert_eq!(addresses.len(), 1000);
        assert!(people.iter().all(|person| person.address.is_ascii() && !person.password.is_empty()));
    }
}
