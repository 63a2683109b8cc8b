//! Writes a list of accounts, so that reading it gives the same accounts again.

use crate::domain::Account;
use zeroize::Zeroizing;

/// The first line, in words that [`super::titles`] knows.
const HEADER: &str = "Email;Login;Password;Full Name;Target\r\n";

/// The list with its passwords as a CSV file in UTF-8, with a first line that names the columns.
///
/// Every field is in quotes, so that no separator, quote or `#` in a password means anything.
pub fn write(accounts: &[Account]) -> Zeroizing<String> {
    let longest = accounts.iter().map(|account| account.password.reveal().len() * 2 + 400).sum::<usize>();
    // Allocated once: a text that grows leaves copies of passwords behind.
    let mut text = Zeroizing::new(String::with_capacity(HEADER.len() + longest));
    text.push_str(HEADER);
    for account in accounts {
        let target = account.target_address.as_ref().map(ToString::to_string);
        let fields = [
            account.address.to_string().as_str(),
            account.source_login.as_deref().unwrap_or_default(),
            account.password.reveal(),
            &account.full_name,
            target.as_deref().unwrap_or_default(),
        ]
        .map(|field| Zeroizing::new(field.replace('"', "\"\"")));
        for (index, field) in fields.iter().enumerate() {
            text.push_str(if index == 0 { "\"" } else { ";\"" });
            text.push_str(field);
            text.push('"');
        }
        text.push_str("\r\n");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Address, Secret};

    #[test]
    fn what_is_written_is_read_back_as_it_was() {
        let address = |text: &str| Address::parse(text).unwrap();
        let passwords = ["plain", " with spaces ", "a;b\"c", "#hash", "=1+1", "päss wörd", "\"quoted\"", "tab\tinside"];
        let mut accounts: Vec<Account> = (2..)
            .zip(passwords)
            .map(|(line, password)| Account {
                full_name: format!("Number {line}"),
                ..Account::new(line, address(&format!("user{line}@example.com")), Secret::new(password))
            })
            .collect();
        accounts[1].source_login = Some("second".to_owned());
        accounts[2].target_address = Some(address("third@new.example"));
        let read = super::super::read(write(&accounts).as_bytes());
        assert_eq!((read.accounts, read.bad_lines), (accounts, Vec::new()));
    }
}
