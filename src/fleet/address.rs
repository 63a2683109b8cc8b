//! Where the database is, as an administrator gives it: `postgres://user@host:port/database`, or with a folder of sockets as the host.
//!
//! - The address never holds a password, because other users of the machine could see it. The password comes from the environment
//!   variable `PGPASSWORD` or from a password file (`PGPASSFILE`, or `.pgpass` in the home folder), as for PostgreSQL's own programs.
//! - Over a network the connection is encrypted and the server's certificate is checked. Only a socket or loopback may be in clear text.

use crate::domain::DatabaseAddressFault;
use crate::private_file;
use postgres::Config;
use postgres::config::{Host, SslMode};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The longest wait for a connection attempt.
const CONNECT: Duration = Duration::from_secs(10);
/// The longest wait until sent bytes are acknowledged: shorter than a lease, so that a lost network is noticed in time.
const ACKNOWLEDGED: Duration = Duration::from_secs(15);
const PORT: u16 = 5432;

/// The address of a database.
#[derive(Clone)]
pub struct DatabaseAddress {
    pub(super) config: Config,
    pub(super) encrypted: bool,
    shown: String,
}

impl DatabaseAddress {
    /// Parses an address as typed. An address with a password or with several hosts is refused.
    pub fn parse(text: &str) -> Result<Self, DatabaseAddressFault> {
        if !text.starts_with("postgres://") && !text.starts_with("postgresql://") {
            return Err(DatabaseAddressFault::Scheme);
        }
        let unreadable = |error: postgres::Error| DatabaseAddressFault::Unreadable(error.to_string());
        let mut config: Config = text.parse().map_err(unreadable)?;
        if config.get_password().is_some() {
            return Err(DatabaseAddressFault::HasPassword);
        }
        let [host] = config.get_hosts() else {
            return Err(DatabaseAddressFault::Hosts);
        };
        let (name, encrypted) = match host {
            Host::Tcp(name) => (name.clone(), !is_loopback(name)),
            #[cfg(unix)]
            Host::Unix(folder) => (folder.display().to_string(), false),
        };
        let port = config.get_ports().first().copied().unwrap_or(PORT);
        let user = config.get_user().unwrap_or_default().to_owned();
        let database = config.get_dbname().unwrap_or(&user).to_owned();
        let shown = format!("{user}@{name}:{port}/{database}");
        config.ssl_mode(if encrypted { SslMode::Require } else { SslMode::Disable });
        config.application_name("kimt").connect_timeout(CONNECT).tcp_user_timeout(ACKNOWLEDGED);
        config.keepalives_idle(ACKNOWLEDGED);
        Ok(Self { config, encrypted, shown })
    }

    /// Adds the password from `PGPASSWORD` or the password file, if either has one. A file that others can read is an error.
    pub fn with_password(mut self) -> Result<Self, DatabaseAddressFault> {
        if let Ok(password) = std::env::var("PGPASSWORD") {
            self.config.password(password);
            return Ok(self);
        }
        let file = std::env::var_os("PGPASSFILE").map(PathBuf::from);
        let file = file.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".pgpass")));
        let Some(file) = file.filter(|file| file.exists()) else { return Ok(self) };
        let text = read_private(&file)?;
        if let Some(password) = find_password(&text, &self.fields()) {
            self.config.password(password);
        }
        Ok(self)
    }

    fn fields(&self) -> [String; 4] {
        let host = match self.config.get_hosts() {
            [Host::Tcp(name)] => name.clone(),
            _ => "localhost".to_owned(),
        };
        let port = self.config.get_ports().first().copied().unwrap_or(PORT);
        let user = self.config.get_user().unwrap_or_default();
        [host, port.to_string(), self.config.get_dbname().unwrap_or(user).to_owned(), user.to_owned()]
    }
}

impl std::fmt::Display for DatabaseAddress {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.shown)
    }
}

impl std::fmt::Debug for DatabaseAddress {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "DatabaseAddress({})", self.shown)
    }
}

fn is_loopback(host: &str) -> bool {
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

fn read_private(file: &Path) -> Result<String, DatabaseAddressFault> {
    let path = || file.display().to_string();
    let named = |error: std::io::Error| DatabaseAddressFault::PasswordFile { path: path(), why: error.to_string() };
    let opened = std::fs::File::open(file).map_err(named)?;
    if private_file::is_open_to_others(&opened) {
        return Err(DatabaseAddressFault::PasswordFileOpen { path: path() });
    }
    std::io::read_to_string(opened).map_err(named)
}

/// The password of the first line that matches host, port, database and user (PostgreSQL's manual, "The Password File").
fn find_password(text: &str, place: &[String; 4]) -> Option<String> {
    text.lines().filter(|line| !line.starts_with('#')).find_map(|line| {
        let mut fields = split(line);
        let password = (fields.len() == 5).then(|| fields.pop())??;
        let fits = fields.iter().zip(place).all(|(field, place)| field == "*" || field == place);
        fits.then_some(password)
    })
}

/// Splits at colons; a backslash escapes the next character.
fn split(line: &str) -> Vec<String> {
    let mut fields = vec![String::new()];
    let mut letters = line.chars();
    while let Some(letter) = letters.next() {
        match (letter, fields.last_mut()) {
            (':', _) => fields.push(String::new()),
            ('\\', Some(field)) => field.extend(letters.next()),
            (letter, Some(field)) => field.push(letter),
            (_, None) => {}
        }
    }
    fields
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_shown_without_secrets_and_one_with_a_password_is_refused() {
        let address = DatabaseAddress::parse("postgres://kimt@db.example.com/mail").unwrap();
        assert_eq!((address.to_string().as_str(), address.encrypted), ("kimt@db.example.com:5432/mail", true));
        for plain in [
            "postgres://kimt@localhost/mail",
            "postgres://kimt@127.0.0.1:5433/mail",
            "postgres://kimt@%2Ftmp%2Fdb/mail",
        ] {
            assert!(!DatabaseAddress::parse(plain).unwrap().encrypted, "{plain}");
        }
        for wrong in
            ["", "mysql://x/y", "postgres://kimt:secret@db/mail", "postgres://a,b/mail", "postgres://", "/tmp/ledger"]
        {
            let refused = DatabaseAddress::parse(wrong).unwrap_err().to_string();
            assert!(!refused.contains("secret"), "{refused}");
        }
    }

    #[test]
    fn a_password_file_is_read_as_postgresql_reads_it() {
        let place = ["db", "5432", "mail", "kimt"].map(str::to_owned);
        let found = |text: &str| find_password(text, &place);
        assert_eq!(
            found("# db:5432:mail:kimt:no\nother:*:*:*:no\ndb:*:mail:kimt:a\\:b\\\\c\n*:*:*:*:later").unwrap(),
            "a:b\\c"
        );
        assert_eq!(found("db:5433:mail:kimt:no\nshort:line"), None);
    }
}
