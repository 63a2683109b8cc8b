//! The open record of one mailbox: its folders in memory, and every change written through to the store.

use super::head::Head;
use super::messages::{Messages, Operation, block};
use super::store::{Durable, ItemRow, Rows, Store, Write};
use super::{History, LedgerError, MailboxKey};
use crate::domain::{RecordFault, Uid};
use std::cell::{OnceCell, RefCell};
use std::collections::{BTreeMap, BTreeSet};

/// The open record of one mailbox. Nobody else can open it until this is dropped.
pub struct Ledger {
    rows: RefCell<Box<dyn Rows>>,
    folders: BTreeMap<i64, Folder>,
    /// The next folder's number. None is used twice while the record is open, so that a store may write several steps as one.
    next: i64,
}

struct Folder {
    head: Head,
    /// Read on first use.
    messages: OnceCell<Messages>,
}

impl Ledger {
    /// Opens or creates the record of a mailbox, and holds it.
    pub fn open(store: &dyn Store, key: &MailboxKey) -> Result<(Self, History), LedgerError> {
        let opened = store.open(key)?;
        let mut folders = BTreeMap::new();
        for row in &opened.heads {
            let head = Head::read(row).map_err(LedgerError::new)?;
            folders.insert(row.folder, Folder { head, messages: OnceCell::new() });
        }
        let next = folders.keys().next_back().map_or(1, |last| last.saturating_add(1));
        Ok((Self { rows: RefCell::new(opened.rows), folders, next }, opened.history))
    }

    /// Opens the record of a mailbox only if it exists.
    pub fn open_existing(store: &dyn Store, key: &MailboxKey) -> Result<Option<Self>, LedgerError> {
        if !store.has(key)? {
            return Ok(None);
        }
        Self::open(store, key).map(|(ledger, _)| Some(ledger))
    }

    pub(super) fn heads(&self) -> impl Iterator<Item = (i64, &Head)> {
        self.folders.iter().map(|(id, folder)| (*id, &folder.head))
    }

    pub(super) fn head(&self, id: i64) -> Result<&Head, LedgerError> {
        self.get(id).map(|folder| &folder.head)
    }

    fn get(&self, id: i64) -> Result<&Folder, LedgerError> {
        self.folders.get(&id).ok_or_else(|| forgotten(id))
    }

    fn get_mut(&mut self, id: i64) -> Result<&mut Folder, LedgerError> {
        self.folders.get_mut(&id).ok_or_else(|| forgotten(id))
    }

    /// A folder's messages, read on first use. A damaged folder is forgotten at once, so that the next attempt compares it by content.
    pub(super) fn messages(&self, id: i64) -> Result<&Messages, LedgerError> {
        let folder = self.get(id)?;
        if let Some(messages) = folder.messages.get() {
            return Ok(messages);
        }
        let mut rows = self.rows.borrow_mut();
        let blocks = rows.blocks(id)?;
        match Messages::read(id, &blocks, &folder.head.sums) {
            Ok(messages) => Ok(folder.messages.get_or_init(|| messages)),
            Err(why) => {
                rows.write(&Write { forgotten: vec![id], ..Write::default() }, Durable::AtOnce)?;
                Err(LedgerError::new(why))
            }
        }
    }

    /// Adds a new folder in place of `before`, of which only the messages `left` are kept, if there are any.
    pub(super) fn begin(&mut self, before: Option<i64>, left: &[Uid], head: Head) -> Result<i64, LedgerError> {
        let id = self.next;
        self.next = id.saturating_add(1);
        let mut write = Write { heads: vec![head.row(id).map_err(unwritable)?], ..Write::default() };
        let mut kept = Vec::new();
        match before {
            Some(before) if !left.is_empty() => {
                kept.push((before, self.head(before)?.clone()));
                if let Err(error) = self.keep_some(before, left, &mut write) {
                    self.put_back(kept);
                    return Err(error);
                }
            }
            _ => write.forgotten.extend(before),
        }
        self.write(&write, Durable::Soon).inspect_err(|_| self.put_back(kept))?;
        write.forgotten.iter().for_each(|before| drop(self.folders.remove(before)));
        let messages = OnceCell::from(Messages::default());
        self.folders.insert(id, Folder { head, messages });
        Ok(id)
    }

    /// Turns a folder's record into a former one that keeps only these messages.
    fn keep_some(&mut self, id: i64, left: &[Uid], write: &mut Write) -> Result<(), LedgerError> {
        let left: BTreeSet<&Uid> = left.iter().collect();
        let all = self.messages(id)?.all().iter().map(|message| message.uid);
        let others = all.filter(|uid| !left.contains(uid)).collect();
        let folder = self.get_mut(id)?;
        (folder.head.is_former, folder.head.is_made) = (true, false);
        (folder.head.complete, folder.head.renaming) = (None, None);
        folder.take(id, vec![Operation::Forgotten(others)], write).map_err(unwritable)
    }

    pub(super) fn forget(&mut self, id: i64) -> Result<(), LedgerError> {
        self.write(&Write { forgotten: vec![id], ..Write::default() }, Durable::AtOnce)?;
        self.folders.remove(&id);
        Ok(())
    }

    /// Takes in steps of several folders. If the store refuses them, the folders stay as they were.
    pub(super) fn take(&mut self, steps: Vec<(i64, Vec<Operation>)>, durable: Durable) -> Result<(), LedgerError> {
        let (mut write, mut before) = (Write::default(), Vec::with_capacity(steps.len()));
        for (id, operations) in steps {
            self.messages(id)?;
            let folder = self.get_mut(id)?;
            before.push((id, folder.head.clone()));
            let taken = folder.take(id, operations, &mut write);
            if let Err(error) = taken {
                self.put_back(before);
                return Err(unwritable(error));
            }
        }
        if before.is_empty() {
            return Ok(());
        }
        self.write(&write, durable).inspect_err(|_| self.put_back(before))
    }

    /// Changes what is known about a folder as a whole, and compacts its blocks once there are many.
    pub(super) fn change_head(&mut self, id: i64, change: impl FnOnce(&mut Head)) -> Result<(), LedgerError> {
        let folder = self.get_mut(id)?;
        let before = vec![(id, folder.head.clone())];
        change(&mut folder.head);
        let mut write = Write::default();
        let written = folder.compact(id, &mut write).and_then(|()| folder.write_head(id, &mut write));
        let written = written.map_err(unwritable).and_then(|()| self.write(&write, Durable::Soon));
        written.inspect_err(|_| self.put_back(before))
    }

    /// Changes what is known about several folders as a whole, in one step that a power cut cannot undo.
    pub(super) fn change_heads(
        &mut self,
        ids: &[i64],
        mut change: impl FnMut(i64, &mut Head),
    ) -> Result<(), LedgerError> {
        let (mut write, mut changed) = (Write::default(), Vec::with_capacity(ids.len()));
        for id in ids {
            let mut head = self.head(*id)?.clone();
            change(*id, &mut head);
            write.heads.push(head.row(*id).map_err(unwritable)?);
            changed.push((*id, head));
        }
        self.write(&write, Durable::AtOnce)?;
        for (id, head) in changed {
            self.get_mut(id)?.head = head;
        }
        Ok(())
    }

    /// Drops a folder's messages from memory until the next question about them.
    pub(super) fn put_away(&mut self, id: i64) {
        if let Some(folder) = self.folders.get_mut(&id) {
            folder.messages = OnceCell::new();
        }
    }

    pub(super) fn item_rows(&self, collection: &str) -> Result<Vec<ItemRow>, LedgerError> {
        self.rows.borrow().items(collection)
    }

    pub(super) fn write(&self, write: &Write, durable: Durable) -> Result<(), LedgerError> {
        self.rows.borrow_mut().write(write, durable)
    }

    fn put_back(&mut self, before: Vec<(i64, Head)>) {
        for (id, head) in before {
            self.folders.insert(id, Folder { head, messages: OnceCell::new() });
        }
    }
}

impl Folder {
    fn take(&mut self, id: i64, operations: Vec<Operation>, write: &mut Write) -> Result<(), Unwritable> {
        write.blocks.push(block(id, &operations, &mut self.head.sums)?);
        if let Some(messages) = self.messages.get_mut() {
            operations.into_iter().for_each(|operation| messages.apply(operation, &mut self.head.sums));
        }
        self.write_head(id, write)
    }

    fn write_head(&self, id: i64, write: &mut Write) -> Result<(), Unwritable> {
        write.heads.push(self.head.row(id)?);
        Ok(())
    }

    fn compact(&mut self, id: i64, write: &mut Write) -> Result<(), Unwritable> {
        let Some(messages) = self.messages.get() else { return Ok(()) };
        let sums = &mut self.head.sums;
        if messages.are_worth_compacting(sums.blocks) {
            (sums.blocks, sums.last_checksum) = (0, 0);
            write.cleared.push(id);
            for operations in messages.whole_blocks() {
                write.blocks.push(block(id, &operations, sums)?);
            }
        }
        Ok(())
    }
}

type Unwritable = Box<dyn std::error::Error + Send + Sync>;

fn unwritable(error: impl Into<Unwritable>) -> LedgerError {
    let error = error.into();
    LedgerError::new(RecordFault::Unwritable { why: error.to_string() }).because(error)
}

fn forgotten(id: i64) -> LedgerError {
    LedgerError::new(RecordFault::FolderForgotten { folder: id })
}
