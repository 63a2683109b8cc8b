//! From the typed command line to the request of a run: everything that takes more than one option, or a file, to judge.
//!
//! Every error is a sentence for the administrator that names the option; none holds a password.

use super::password::{self, ADMINISTRATOR_VARIABLE, PasswordRequest};
use super::servers::{AdministratorArguments, Kind, Protection, ServersArguments};
use super::sign_in::{Form, Typed};
use super::terminal;
use crate::accounts::{self, AccountsFile, Choice};
use crate::domain::list::{Layout, Warning};
use crate::domain::{Account, Address, BadLine, Security, ServerAddress};
use crate::migrate::{AdministrationServer, MailServer, Servers, TargetKind};
use crate::progress::RunKind;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Both servers. Asks for the administrator's password where one is needed.
pub(super) fn servers(typed: ServersArguments) -> Result<Servers, String> {
    let allowed = typed.allow_cleartext_passwords;
    let source_address = typed.source.ok_or("--source is missing: the server to read mail from.")?;
    let target_address = typed.target.ok_or("--target is missing: the server to write mail to.")?;
    let source_security = typed.source_security.unwrap_or_default();
    let target_security = typed.target_security.unwrap_or_default();
    let kind = typed.target_kind.unwrap_or_default();
    may_be_plain("--source-security", source_security, &source_address, allowed)?;
    may_be_plain("--target-security", target_security, &target_address, allowed)?;
    readable(&typed.ca_file)?;
    let (source, target) = (Typed::from(typed.source_sign_in), Typed::from(typed.target_sign_in));
    if kind == Kind::Kerio && target.form == Form::Local {
        return Err("With --target-kind kerio, Kerio Connect knows the names; leave out --target-name-form.".to_owned());
    }
    let (proxy, source_connections, target_connections) = typed.connections.read()?;
    let (source_way, target_way) = (source.way()?, target.way()?);
    let target_kind = match kind {
        Kind::Kerio => {
            let usual = ServerAddress { host: target_address.host.clone(), port: None };
            TargetKind::Kerio(administration(typed.administrator, usual)?)
        }
        Kind::Imap => {
            if typed.administrator.admin_user.is_some() || typed.administrator.admin_url.is_some() {
                terminal::complain(
                    "With --target-kind imap, the options of Kerio Connect's administration have no effect.",
                );
            }
            TargetKind::Imap
        }
    };
    Ok(Servers {
        source: MailServer {
            address: source_address,
            security: source_security.into(),
            fingerprint: typed.source_fingerprint,
            sign_in: source_way,
            name: source.form.into(),
            connections: source_connections,
        },
        target: MailServer {
            address: target_address,
            security: target_security.into(),
            fingerprint: typed.target_fingerprint,
            sign_in: target_way,
            name: target.form.into(),
            connections: target_connections,
        },
        target_kind,
        authority_files: typed.ca_file,
        cleartext_passwords_allowed: allowed,
        proxy,
    })
}

/// Kerio Connect's administration, at the `usual` address if none was typed.
pub(super) fn administration(
    typed: AdministratorArguments,
    usual: ServerAddress,
) -> Result<AdministrationServer, String> {
    let address = match &typed.admin_url {
        Some(text) => administration_url(text).map_err(|error| format!("--admin-url: {error}"))?,
        None => usual,
    };
    let user = typed.admin_user.filter(|user| !user.trim().is_empty()).ok_or(
        "The administrator's name is missing. Give --admin-user, or --target-kind imap if the target is not Kerio Connect.",
    )?;
    let password = password::find(&PasswordRequest {
        file: typed.admin_password_file.as_deref(),
        variable: ADMINISTRATOR_VARIABLE,
        whose: &format!("Kerio Connect administrator {user}"),
        option: "--admin-password-file",
    })?;
    Ok(AdministrationServer { address, user, password, fingerprint: typed.admin_fingerprint })
}

fn may_be_plain(option: &str, security: Protection, server: &ServerAddress, allowed: bool) -> Result<(), String> {
    if Security::from(security) == Security::Plain && !server.is_loopback() && !allowed {
        return Err(format!(
            "With {option} plain, all passwords cross the network to {} in clear text. Use tls or starttls, or agree with \
             --allow-cleartext-passwords.",
            server.host
        ));
    }
    Ok(())
}

/// Checks that files can be read, before anything is sent anywhere.
pub(super) fn readable(files: &[PathBuf]) -> Result<(), String> {
    files.iter().try_for_each(|file| match std::fs::File::open(file) {
        Ok(_) => Ok(()),
        Err(error) => Err(format!("--ca-file: {} cannot be read: {error}.", file.display())),
    })
}

/// Reads `https://HOST[:PORT]`, as copied from a browser too; the scheme may be left out. The error is a sentence.
fn administration_url(text: &str) -> Result<ServerAddress, String> {
    let text = text.trim();
    let rest = match text.split_once("://") {
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("https") => rest,
        Some(_) => return Err("Kerio Connect's administration is reached over https only.".to_owned()),
        None => text,
    };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if authority.contains('@') {
        return Err("Leave the name and password out of the address; give the name with --admin-user.".to_owned());
    }
    ServerAddress::parse(authority)
}

/// Reads the accounts file, or standard input for `-`, with its columns as they were typed.
pub(super) fn accounts_file(path: &Path, columns: Option<Layout>) -> Result<AccountsFile, String> {
    let choice = Choice { layout: columns, ..Choice::default() };
    let loaded = if path.as_os_str() == "-" {
        accounts::read_from(std::io::stdin().lock(), "on standard input", &choice)
    } else {
        accounts::load_as(path, &choice)
    };
    loaded.map_err(|error| super::sentence(&error))
}

/// How the file was understood, and what may be wrong in it: the meaning of its columns, if it has a header or in a check; notes; and
/// warnings about the lines of the chosen accounts.
pub(super) fn understood(file: &AccountsFile, kind: RunKind, only: &[String]) -> Vec<String> {
    let mut said = Vec::new();
    let columns = &file.columns;
    if !columns.columns.is_empty() && (kind == RunKind::Check || columns.header_line.is_some()) {
        said.push(format!("{}.", columns.summary()));
    }
    said.extend(file.notes.iter().map(ToString::to_string));
    let wanted: Vec<String> = only.iter().filter_map(|text| Some(Address::parse(text).ok()?.key())).collect();
    let wanted_lines: Vec<u32> = match only {
        [] => Vec::new(),
        _ => {
            let accounts = file.accounts.iter().filter(|account| wanted.contains(&account.address.key()));
            accounts.map(|account| account.line).collect()
        }
    };
    let concerns = |warning: &&Warning| only.is_empty() || warning.lines.iter().any(|line| wanted_lines.contains(line));
    let warnings = file.warnings.iter().filter(concerns);
    said.extend(warnings.map(Warning::to_string));
    said
}

/// What `--only` makes of a list.
#[derive(Debug)]
pub(super) struct Chosen {
    /// The chosen accounts.
    pub accounts: Vec<Account>,
    /// The other usable lines.
    pub not_chosen: Vec<Account>,
    /// The bad lines that concern the chosen accounts.
    pub bad_lines: Vec<BadLine>,
}

/// The chosen accounts, and the bad lines that concern them.
pub(super) fn chosen(file: AccountsFile, only: &[String]) -> Result<Chosen, String> {
    if only.is_empty() {
        if file.accounts.is_empty() {
            return Err(nothing_usable(&file.bad_lines));
        }
        return Ok(Chosen { accounts: file.accounts, not_chosen: Vec::new(), bad_lines: file.bad_lines });
    }
    let mut wanted = BTreeMap::new();
    for text in only {
        let address =
            Address::parse(text).map_err(|error| format!("--only: '{text}' is not a mail address: {error}."))?;
        wanted.insert(address.key(), address);
    }
    let (accounts, not_chosen): (Vec<Account>, Vec<Account>) =
        file.accounts.into_iter().partition(|account| wanted.contains_key(&account.address.key()));
    let bad_lines: Vec<BadLine> =
        file.bad_lines.into_iter().filter(|line| wanted.keys().any(|key| is_about(line, key))).collect();
    for account in &accounts {
        wanted.remove(&account.address.key());
    }
    match wanted.into_iter().next() {
        None => Ok(Chosen { accounts, not_chosen, bad_lines }),
        Some((key, address)) => Err(match bad_lines.iter().find(|line| is_about(line, &key)) {
            Some(line) => {
                format!("--only: {address} is on a line that cannot be used. Line {}: {}", line.line, line.what())
            }
            None => format!("--only: {address} is not in the accounts file."),
        }),
    }
}

fn nothing_usable(bad_lines: &[BadLine]) -> String {
    const SHOWN: usize = 10;
    let mut text =
        "No line of the accounts file can be used. A line reads: user@domain.com;password;Full Name".to_owned();
    for line in bad_lines.iter().take(SHOWN) {
        text.push_str(&format!("\n  Line {}: {}", line.line, line.what()));
    }
    if bad_lines.len() > SHOWN {
        text.push_str(&format!("\n  … and {} more.", bad_lines.len() - SHOWN));
    }
    text
}

/// Whether a line is that of an address, by [`Address::key`].
fn is_about(line: &BadLine, key: &str) -> bool {
    line.fault.address().is_some_and(|address| address.to_lowercase() == key)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Secret;

    #[test]
    fn an_administration_address_may_be_copied_from_a_browser() {
        let read = |text| administration_url(text).map(|address| (address.host, address.port));
        assert_eq!(read("https://kerio.example:4041/admin/"), Ok(("kerio.example".into(), Some(4041))));
        assert_eq!(read("HTTPS://[::1]:4040"), Ok(("::1".into(), Some(4040))));
        assert_eq!(read("kerio.example"), Ok(("kerio.example".into(), None)));
        assert!(read("http://kerio.example").is_err());
    }

    #[test]
    fn a_password_in_the_administrations_address_is_refused_and_not_repeated() {
        let error = administration_url("https://admin:geheim@kerio.example").unwrap_err();
        assert!(!error.contains("geheim"));
    }

    #[test]
    fn plain_needs_consent_except_to_this_computer() {
        let plain = |host: &str, allowed| {
            let server = ServerAddress::parse(host).unwrap();
            may_be_plain("--source-security", Protection::Plain, &server, allowed).is_ok()
        };
        assert!(plain("127.0.0.1:143", false) && plain("localhost", false) && plain("[::1]:143", false));
        assert!(!plain("mail.example", false) && !plain("10.0.0.1", false));
        assert!(plain("mail.example", true));
    }

    fn file() -> AccountsFile {
        let list = b"ann@example.com;pw-1;Ann\nbob@example.com;pw-2;Bob\nthis is no account\n\
            joann@example.com;\neve@example.com;\nAnn@Example.com;pw-3\n";
        let mut file = accounts::read(list);
        file.require_passwords();
        file
    }

    #[test]
    fn only_chooses_in_any_spelling_and_leaves_out_bad_lines_of_others() {
        let Chosen { accounts, not_chosen, bad_lines } = chosen(file(), &["Bob@Example.COM".to_owned()]).unwrap();
        assert_eq!(accounts.len(), 1);
        assert_eq!(not_chosen.iter().map(|account| account.line).collect::<Vec<_>>(), vec![1]);
        assert_eq!(accounts[0].password, Secret::new("pw-2"));
        assert_eq!(bad_lines, vec![]);
        let Chosen { bad_lines, .. } = chosen(file(), &["ann@example.com".to_owned()]).unwrap();
        assert_eq!(bad_lines.iter().map(|line| line.line).collect::<Vec<_>>(), vec![6]);
    }

    #[test]
    fn a_missing_only_address_is_an_error_that_names_it() {
        assert!(chosen(file(), &["carl@example.com".to_owned()]).unwrap_err().contains("carl@example.com"));
        assert!(chosen(file(), &["eve@example.com".to_owned()]).unwrap_err().contains("Line 5"));
        assert!(chosen(file(), &["carl".to_owned()]).is_err());
    }

    #[test]
    fn a_file_without_a_usable_line_says_what_is_wrong_with_its_lines() {
        let error = chosen(accounts::read(b"nonsense\n"), &[]).unwrap_err();
        assert!(error.contains("Line 1"), "{error}");
    }
}
