//! Reaching the database, and what its errors mean.

use super::address::DatabaseAddress;
use crate::ledger::{LedgerError, LedgerErrorKind};
use crate::network;
use postgres::error::SqlState;
use postgres::{Client, NoTls};
use postgres_native_tls::MakeTlsConnector;

/// Connects and signs in.
pub(super) fn connect(address: &DatabaseAddress) -> Result<Client, LedgerError> {
    let connected = if address.encrypted {
        let connector = network::verifying_connector()
            .map_err(|error| LedgerError::new(LedgerErrorKind::Refused, format!("the database {address}: {error}")))?;
        address.config.connect(MakeTlsConnector::new(connector))
    } else {
        address.config.connect(NoTls)
    };
    connected.map_err(|error| explain(address, error))
}

/// Whether the connection is gone, and another one may help.
pub(super) fn is_loss(client: &Client, error: &postgres::Error) -> bool {
    let ended =
        [SqlState::ADMIN_SHUTDOWN, SqlState::CRASH_SHUTDOWN, SqlState::CANNOT_CONNECT_NOW, SqlState::DATABASE_DROPPED];
    client.is_closed() || error.is_closed() || error.code().is_some_and(|code| ended.contains(code))
}

/// The error in an administrator's words.
pub(super) fn explain(address: &DatabaseAddress, error: postgres::Error) -> LedgerError {
    let said = |kind, words: &str| LedgerError::new(kind, format!("the database {address} {words}"));
    let (refused, unreachable) = (LedgerErrorKind::Refused, LedgerErrorKind::Unreachable);
    let explained = match error.code() {
        Some(code) if [SqlState::INVALID_PASSWORD, SqlState::INVALID_AUTHORIZATION_SPECIFICATION].contains(code) => {
            said(refused, "refused the name or the password")
        }
        Some(code) if *code == SqlState::INVALID_CATALOG_NAME => {
            said(refused, "does not exist; create it with createdb")
        }
        Some(code) if *code == SqlState::READ_ONLY_SQL_TRANSACTION => {
            said(refused, "is a standby that takes no changes; give the address of the primary")
        }
        Some(code) if [SqlState::DISK_FULL, SqlState::OUT_OF_MEMORY].contains(code) => {
            said(refused, "has no room left on its disk")
        }
        Some(code) if *code == SqlState::INSUFFICIENT_PRIVILEGE => {
            said(refused, "gives this user no rights; the user needs to own the database")
        }
        Some(code) if [SqlState::TOO_MANY_CONNECTIONS, SqlState::CANNOT_CONNECT_NOW].contains(code) => {
            said(unreachable, "takes no more connections now")
        }
        Some(code) if [SqlState::ADMIN_SHUTDOWN, SqlState::CRASH_SHUTDOWN].contains(code) => {
            said(unreachable, "has ended the connection")
        }
        // The server's own words name what it refused; the crate's say only that it did.
        Some(_) => {
            let words = error.as_db_error().map_or_else(|| root(&error), |refusal| refusal.message().to_owned());
            said(refused, &format!("refused: {words}"))
        }
        None if root(&error) == "password missing" => {
            said(refused, "asks for a password; put it into PGPASSWORD or a password file (PGPASSFILE)")
        }
        None => said(unreachable, &format!("cannot be reached: {}", root(&error))),
    };
    explained.because(error)
}

/// The innermost cause, which says most.
fn root(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(next) = cause.source() {
        cause = next;
    }
    cause.to_string()
}
