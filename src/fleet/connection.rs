//! Connects to the database and classifies its errors.

use super::address::DatabaseAddress;
use crate::domain::{DatabaseFault, RecordFault};
use crate::ledger::LedgerError;
use crate::network;
use postgres::error::SqlState;
use postgres::{Client, NoTls};
use postgres_native_tls::MakeTlsConnector;

/// Connects and signs in.
pub(super) fn connect(address: &DatabaseAddress) -> Result<Client, LedgerError> {
    let connected = if address.encrypted {
        let connector = network::verifying_connector()
            .map_err(|error| refused(address, DatabaseFault::NoEncryption { why: error.to_string() }))?;
        address.config.connect(MakeTlsConnector::new(connector))
    } else {
        address.config.connect(NoTls)
    };
    connected.map_err(|error| explain(address, error))
}

/// Whether the connection is lost, so that a new one may help.
pub(super) fn is_loss(client: &Client, error: &postgres::Error) -> bool {
    let ended =
        [SqlState::ADMIN_SHUTDOWN, SqlState::CRASH_SHUTDOWN, SqlState::CANNOT_CONNECT_NOW, SqlState::DATABASE_DROPPED];
    match error.code() {
        // Connection poolers report lost connections in class 08, too.
        Some(code) => ended.contains(code) || code.code().starts_with("08"),
        None => client.is_closed() || error.is_closed(),
    }
}

/// Whether repeating the statement may succeed: it collided with another transaction.
pub(super) fn is_collision(error: &postgres::Error) -> bool {
    let collisions = [SqlState::T_R_DEADLOCK_DETECTED, SqlState::T_R_SERIALIZATION_FAILURE];
    error.code().is_some_and(|code| collisions.contains(code))
}

/// An error that names the database's address.
pub(super) fn refused(address: &DatabaseAddress, why: DatabaseFault) -> LedgerError {
    LedgerError::new(RecordFault::Database { address: address.to_string(), why })
}

/// Classifies an error of the driver.
pub(super) fn explain(address: &DatabaseAddress, error: postgres::Error) -> LedgerError {
    let is = |codes: &[SqlState]| error.code().is_some_and(|code| codes.contains(code));
    let why = if is(&[SqlState::INVALID_PASSWORD, SqlState::INVALID_AUTHORIZATION_SPECIFICATION]) {
        DatabaseFault::SignInRefused
    } else if is(&[SqlState::INVALID_CATALOG_NAME]) {
        DatabaseFault::Missing
    } else if is(&[SqlState::READ_ONLY_SQL_TRANSACTION]) {
        DatabaseFault::Standby
    } else if is(&[SqlState::DISK_FULL, SqlState::OUT_OF_MEMORY]) {
        DatabaseFault::Full
    } else if is(&[SqlState::INSUFFICIENT_PRIVILEGE]) {
        DatabaseFault::NoRights
    } else if is(&[SqlState::TOO_MANY_CONNECTIONS, SqlState::CANNOT_CONNECT_NOW]) {
        DatabaseFault::Busy
    } else if is(&[SqlState::ADMIN_SHUTDOWN, SqlState::CRASH_SHUTDOWN]) {
        DatabaseFault::Ended
    } else if error.code().is_some() {
        // The server's message says what it refused; the driver's only that it did.
        let words = error.as_db_error().map_or_else(|| root(&error), |refusal| refusal.message().to_owned());
        DatabaseFault::Refused { words }
    } else if root(&error) == "password missing" {
        DatabaseFault::PasswordMissing
    } else {
        DatabaseFault::Unreachable { why: root(&error) }
    };
    refused(address, why).because(error)
}

/// The innermost cause, which is the most specific.
fn root(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(next) = cause.source() {
        cause = next;
    }
    cause.to_string()
}
