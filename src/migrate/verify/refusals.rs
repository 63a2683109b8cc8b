//! Folders that could not be read for the comparison, because the connection was lost or a server refused. Each is named, unless a server
//! refuses all of them: the report then has one line.

use super::reading::Current;
use super::{Plan, Verification};
use crate::domain::{FolderId, Note, Problem, ProblemKind, Side};
use crate::imap::ImapError;
use crate::migrate::halt::{Halt, server_problem};
use crate::migrate::plan::Way;

impl Verification<'_> {
    /// Decides what to do about a folder that could not be opened or read on one side.
    pub(super) fn unread(
        &mut self,
        id: FolderId,
        side: Side,
        way: &Way,
        error: ImapError,
    ) -> Result<Option<Current>, Halt> {
        const TRIES: u32 = 3;
        if error.is_connection() {
            // A refusal for now concerns the folder itself if others were compared.
            let is_meant = error.is_pause() && self.evidence.iter().any(Option::is_some);
            self.losses += u32::from(error.is_loss() || is_meant);
            if self.losses >= TRIES && !self.context.control.of(self.reporter.account).stopping() {
                // It is named, and passed over on the next connection.
                self.losses = 0;
                self.given_up.insert(id);
                let problem = Problem::new(ProblemKind::FolderNotRead).on(side).in_folder(&way.planned.source);
                self.reporter.folder_problem(id, error.quoted_in(problem).noting(Note::LostWhileOpening));
            }
            return Err(Halt::Server { side, error });
        }
        self.refusals.push((id, side, error));
        Ok(None)
    }

    /// Names the folders that a server refused. If it delivered no message of any, and refused all in the same words, the refusal concerns
    /// the mailbox.
    pub(super) fn name_refusals(&mut self, plan: &Plan) {
        let mut refusals = std::mem::take(&mut self.refusals);
        if let [(_, side, first), _, ..] = refusals.as_slice() {
            let is_same = |(_, at, error): &(_, Side, ImapError)| at == side && error.says_the_same_as(first);
            if refusals.iter().all(is_same) && !self.gave.contains(side) {
                let (_, side, error) = refusals.swap_remove(0);
                self.reporter.incomplete = true;
                let problem = server_problem(side, &error.of_everything(), self.account);
                return self.context.report_problem(self.reporter.account, None, problem);
            }
        }
        for (id, side, error) in refusals {
            let planned = &plan.ways[id.index()].0.planned;
            let problem = Problem::new(ProblemKind::FolderNotRead).on(side).in_folder(&planned.source);
            self.reporter.folder_problem(id, error.quoted_in(problem));
        }
    }
}
