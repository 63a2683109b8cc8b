//! Records of format 1: a row for each message, and folders known by their wire names alone.

use super::super::head::{Head, Place, Snapshot};
use super::super::message::{Message, State};
use super::super::messages::{Messages, Operation, block};
use super::unusable::Failure;
use crate::domain::{Digest, RecordDamage, Uid, UidValidity};
use rusqlite::{Row, Transaction, params};

/// Writes everything into today's `tables`, within the open transaction.
pub(super) fn carry_over(transaction: &Transaction<'_>, tables: &str) -> Result<(), Failure> {
    transaction.execute_batch(&format!(
        "ALTER TABLE mailbox RENAME TO mailbox_1; ALTER TABLE folder RENAME TO folder_1; {tables}
         INSERT INTO mailbox SELECT source, target, address FROM mailbox_1; DROP TABLE mailbox_1;"
    ))?;
    let mut folders = transaction.prepare(
        "SELECT id, source_name, target_name, source_uid_validity, target_uid_validity, complete_uid_next,
         complete_messages FROM folder_1",
    )?;
    let folders = folders.query_map([], head)?.collect::<rusqlite::Result<Vec<_>>>()?;
    for (folder, mut head) in folders {
        let messages = messages(transaction, folder)?;
        let mut known = Messages::default();
        known.apply(Operation::Put(messages), &mut head.sums);
        for operations in known.whole_blocks() {
            let block = block(folder, &operations, &mut head.sums).map_err(unreadable)?;
            transaction.execute(
                "INSERT INTO block (folder, number, content, checksum) VALUES (?1, ?2, ?3, ?4)",
                params![block.folder, block.number, block.content, block.checksum],
            )?;
        }
        let row = head.row(folder).map_err(unreadable)?;
        transaction.execute(
            "INSERT INTO folder (id, head, checksum) VALUES (?1, ?2, ?3)",
            params![row.folder, row.content, row.checksum],
        )?;
    }
    transaction.execute_batch("DROP TABLE message; DROP TABLE folder_1;")?;
    Ok(())
}

fn unreadable(error: impl std::fmt::Display) -> Failure {
    Failure::Content(RecordDamage::Unreadable { why: error.to_string() })
}

fn head(row: &Row<'_>) -> rusqlite::Result<(i64, Head)> {
    let place = |wire_name, uid_validity| Place { wire_name, path: None, uid_validity: UidValidity(uid_validity) };
    let mut head = Head::new(place(row.get(1)?, row.get(3)?), place(row.get(2)?, row.get(4)?));
    let (uid_next, messages): (Option<u32>, Option<i64>) = (row.get(5)?, row.get(6)?);
    head.complete =
        uid_next.zip(messages).map(|(next, messages)| Snapshot { uid_next: Uid(next), messages: messages as u64 });
    Ok((row.get(0)?, head))
}

fn messages(transaction: &Transaction<'_>, folder: i64) -> rusqlite::Result<Vec<Message>> {
    let mut statement = transaction.prepare_cached(
        "SELECT uid, state, size, floor, digest, target_uid FROM message WHERE folder = ?1 ORDER BY uid",
    )?;
    let rows = statement.query_map([folder], |row| {
        let state = match row.get(1)? {
            0_i64 => State::Intended,
            1 => State::Done,
            _ => State::Checked,
        };
        Ok(Message {
            uid: Uid(row.get(0)?),
            state,
            size: row.get::<_, i64>(2)? as u64,
            claimed: None,
            floor: row.get(3)?,
            digest: row.get::<_, Option<[u8; 32]>>(4)?.map(Digest),
            target_uid: row.get::<_, Option<u32>>(5)?.map(Uid),
            stored: None,
            flags: None,
        })
    })?;
    rows.collect()
}
