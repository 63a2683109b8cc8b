//! Sends the events of one account to the recorder, and remembers those that the account's own worker needs.

use super::RunContext;
use crate::domain::{AccountId, FolderId, LeftOut, Note, Problem, ProblemKind, Severity, Side};
use crate::progress::{Event, Step};

/// Reports what happens to one account.
pub struct Reporter<'a> {
    context: &'a RunContext,
    /// The account of these events.
    pub account: AccountId,
    /// How many messages were found to be correct on the target, by any comparison.
    pub checked: u64,
    /// Whether something is missing and was named.
    pub incomplete: bool,
}

impl<'a> Reporter<'a> {
    /// A reporter for an account about which nothing has been reported yet.
    pub fn new(context: &'a RunContext, account: AccountId) -> Self {
        Self { context, account, checked: 0, incomplete: false }
    }

    /// Reports an event.
    pub fn report(&self, event: Event) {
        self.context.report(event);
    }

    /// Reports what the worker is doing.
    pub fn step(&self, step: Step) {
        self.report(Event::Stepped { account: self.account, step });
    }

    /// Reports how many messages of a folder should be on the target in the end, and their size in bytes, if known.
    pub fn counted(&self, folder: FolderId, messages: u64, bytes: Option<u64>) {
        self.report(Event::FolderCounted { account: self.account, folder, messages, bytes });
    }

    /// Reports messages that were compared on the target and are correct, with their size in bytes.
    pub fn checked(&mut self, folder: FolderId, messages: u64, bytes: u64) {
        if messages > 0 {
            self.checked += messages;
            self.report(Event::MessagesChecked { account: self.account, folder, messages, bytes });
        }
    }

    /// Reports folders that the source lists but that are not copied, if that leaves something missing.
    pub fn losses_of_list(&mut self, left_out: &[LeftOut]) {
        for LeftOut { folder, reason } in left_out.iter().filter(|left_out| left_out.reason.is_loss()) {
            let problem = Problem::new(ProblemKind::FolderNotRead).on(Side::Source).in_folder(folder);
            self.incomplete = true;
            self.context.report_problem(self.account, None, problem.noting(Note::LeftOut { reason: *reason }));
        }
    }

    /// Reports a problem of one folder. If it leaves something missing, the account cannot be complete.
    pub fn folder_problem(&mut self, folder: FolderId, problem: Problem) {
        if problem.severity() == Severity::Error {
            self.incomplete = true;
        }
        self.context.report_problem(self.account, Some(folder), problem);
    }
}
