//! `kimt verify`: compares source and target message by message, without trusting any ledger, and changes nothing.
//!
//! Every message of both sides is read; they are matched one to one by content (see `likeness`). What the source has and the target has
//! not is named. What only the target has is its own business: mail that came since, or was there before. A line that is lost is opened
//! again, and the work goes on where it was.

use crate::domain::{Account, AccountId, Folder, FolderId, FolderPath, Note, Problem, ProblemKind, Side, Uid};
use crate::imap::{Envelope, ImapError, Reader};
use crate::ledger::Ledger;
use crate::migrate::content::likeness::{self, Shelf};
use crate::migrate::content::matching::heads_from;
use crate::migrate::content::{Alteration, Comparison};
use crate::migrate::context::RunContext;
use crate::migrate::context::retry::Retries;
use crate::migrate::folder::describe::{Names, describe};
use crate::migrate::halt::{Halt, OnSide};
use crate::migrate::heads::Heads;
use crate::migrate::plan::duplicates::Elsewhere;
use crate::migrate::plan::{self, TargetNames, Way, Wishes};
use crate::migrate::proof::LINE_ENDS;
use crate::migrate::request::Verify;
use crate::progress::{AccountEnd, Event, Step};
use std::collections::{BTreeMap, BTreeSet};

/// Seconds before each new try after a line was lost. Something read between two losses begins the row anew.
const PAUSES: [u64; 6] = [1, 5, 15, 60, 60, 120];

/// Verifies one account.
pub fn verify(context: &RunContext, id: AccountId, account: &Account) -> AccountEnd {
    let mut verification = Verification {
        context,
        id,
        account,
        differences: 0,
        elsewhere: Elsewhere::default(),
        names: Names::default(),
        plan: None,
        finished: 0,
        current: None,
    };
    match verification.run() {
        Ok(()) if verification.differences == 0 => AccountEnd::Complete,
        Ok(()) => AccountEnd::Incomplete,
        Err(halt) if context.control.stopping() && !matches!(halt, Halt::Problem(_)) => AccountEnd::Stopped,
        Err(halt) => match halt.problem(account) {
            Some(problem) => {
                context.report_problem(id, None, problem);
                AccountEnd::Failed
            }
            None => AccountEnd::Stopped,
        },
    }
}

struct Verification<'a> {
    context: &'a RunContext,
    id: AccountId,
    account: &'a Account,
    differences: u64,
    elsewhere: Elsewhere,
    names: Names,
    plan: Option<Plan>,
    /// So many folders are through.
    finished: usize,
    /// The folder after those, as far as it was read.
    current: Option<Current>,
}

/// Which folder is compared with which; made once, so that ids hold.
struct Plan {
    source: Vec<Folder>,
    /// Each with the target's folder by its wire name; none where there is no such folder.
    ways: Vec<(Way, Option<Vec<u8>>)>,
}

/// A folder that is being compared.
struct Current {
    here: Shelf,
    there: Shelf,
    /// Messages that the source counts and does not tell of.
    untold: u64,
}

/// What was done to a message, as a person is told.
fn words_of(alteration: Alteration) -> &'static str {
    match alteration {
        Alteration::Header => "its header was changed",
        Alteration::CarriageReturns => "carriage returns were deleted from it",
    }
}

impl Verification<'_> {
    fn run(&mut self) -> Result<(), Halt> {
        let mut retries = Retries::after(&PAUSES);
        loop {
            let before = self.settled();
            let Err(halt) = self.attempt() else { return Ok(()) };
            if self.context.control.stopping() {
                return Err(halt);
            }
            match retries.next(&halt, self.account, self.settled() > before) {
                Some((side, pause)) => self.context.wait_for(self.id, side, pause),
                None => return Err(halt),
            }
        }
    }

    /// Folders and messages that are through; an attempt that adds to them was worth its while.
    fn settled(&self) -> (usize, usize) {
        (self.finished, self.current.as_ref().map_or(0, |current| current.here.read() + current.there.read()))
    }

    fn attempt(&mut self) -> Result<(), Halt> {
        let context = self.context;
        self.step(Step::SigningIn);
        let _places = [context.place(Side::Source)?, context.place(Side::Target)?];
        let source = context.sign_in(self.id, Side::Source, self.account)?;
        let target = context.sign_in(self.id, Side::Target, self.account)?;
        let (mut source, mut target) = (source.session.into_reader(), target.session.into_reader());
        let plan = match self.plan.take() {
            Some(plan) => plan,
            None => self.plan(&mut source, &mut target)?,
        };
        let outcome = self.folders(&plan, &mut source, &mut target);
        self.plan = Some(plan);
        outcome?;
        source.logout();
        target.logout();
        Ok(())
    }

    fn plan(&mut self, source: &mut Reader, target: &mut Reader) -> Result<Plan, Halt> {
        let context = self.context;
        self.step(Step::Listing);
        let listed = source.list().on(Side::Source)?;
        let there = target.list().on(Side::Target)?;
        let names = TargetNames { folders: &there.folders, separator: there.separator, kerio: context.kerio };
        let earlier = self.earlier(&listed.folders, target);
        let permanent_ids = source.has_permanent_ids();
        let wishes = Wishes { selection: &context.selection, earlier: &earlier, permanent_ids };
        let (ways, mut left_out) = plan::plan(&listed.folders, &names, wishes);
        left_out.splice(0..0, listed.left_out);
        let folders = ways.iter().map(|way| way.planned.clone()).collect();
        context.report(Event::FoldersPlanned { account: self.id, folders, left_out });
        let stands: BTreeSet<&[u8]> = there.folders.iter().map(|folder| folder.wire_name.as_slice()).collect();
        let wire_name = |way: &Way| {
            let name = target.wire_name(&way.planned.target).ok()?;
            stands.contains(name.as_slice()).then_some(name)
        };
        let ways = ways.into_iter().map(|way| (wire_name(&way), way)).map(|(name, way)| (way, name)).collect();
        Ok(Plan { source: listed.folders, ways })
    }

    /// Where an earlier migration put the folders, if its ledger is at hand. The comparison itself trusts no ledger.
    fn earlier(&self, listed: &[Folder], target: &Reader) -> BTreeMap<Vec<u8>, FolderPath> {
        let key = self.context.ledger_key(self.account);
        match Ledger::open_existing(&*self.context.store, &key) {
            Ok(ledger) => ledger.map_or_else(BTreeMap::new, |ledger| ledger.places(listed, |name| target.path(name))),
            Err(error) => {
                log::debug!("{error}");
                BTreeMap::new()
            }
        }
    }

    fn folders(&mut self, plan: &Plan, source: &mut Reader, target: &mut Reader) -> Result<(), Halt> {
        while let Some((way, wire_name)) = plan.ways.get(self.finished) {
            if self.context.control.stopping() {
                return Err(Halt::Held);
            }
            self.context.control.wait_while_paused();
            let id = FolderId(self.finished as u32);
            self.step(Step::Checking(id));
            let listed = &plan.source[way.index];
            let mut lost = None;
            if let Some(mut current) = self.open(id, listed, way, wire_name.as_deref(), source, target)? {
                let by_size = self.context.options.verify != Verify::Content;
                let outcome = likeness::compare(&mut current.here, &mut current.there, by_size, source, target);
                let outcome = match outcome {
                    Ok(outcome) => outcome,
                    Err(halt) => {
                        self.current = Some(current);
                        return Err(halt);
                    }
                };
                let other_ends = outcome.normalised.iter().filter(|(_, how)| *how == Comparison::LineEnds);
                let altered = outcome.altered.iter().map(|(uid, _)| *uid).chain(other_ends.map(|(uid, _)| *uid));
                let uids = outcome.missing.iter().chain(&outcome.unreadable).copied().chain(altered);
                let (envelopes, line) = self.names.ask(source, (&listed.wire_name, current.here.uid_validity), uids);
                self.tell(id, way, &current, &outcome, &envelopes);
                lost = line;
            }
            self.finished += 1;
            self.current = None;
            if let Some(error) = lost {
                return Err(Halt::Server { side: Side::Source, error });
            }
        }
        Ok(())
    }

    /// Opens the folder on both sides. What an earlier attempt has read of it is kept, unless it is another folder by now.
    fn open(
        &mut self,
        id: FolderId,
        listed: &Folder,
        way: &Way,
        wire_name: Option<&[u8]>,
        source: &mut Reader,
        target: &mut Reader,
    ) -> Result<Option<Current>, Halt> {
        let status = match source.examine(&listed.wire_name) {
            Ok(status) => status,
            Err(error) => return self.unread(id, Side::Source, way, error),
        };
        let there = match wire_name.map(|wire_name| target.examine(wire_name)).transpose() {
            Ok(status) => status.map(|status| status.uid_validity),
            Err(error) => return self.unread(id, Side::Target, way, error),
        };
        if let Some(current) = self.current.take()
            && (current.here.uid_validity, current.there.uid_validity) == (Some(status.uid_validity), there)
        {
            return Ok(Some(current));
        }
        let mut wanted = heads_from(source, Uid(1)).on(Side::Source)?;
        let heads = if there.is_some() { heads_from(target, Uid(1)).on(Side::Target)? } else { Heads::default() };
        self.elsewhere.sift(&mut wanted, way.rest);
        let left_out = wanted.keep(|head| self.context.selection.takes_message(head.date, head.size));
        if left_out > 0 {
            self.context.report(Event::MessagesLeftOut { account: self.id, folder: id, messages: left_out });
        }
        let untold = status.messages.saturating_sub(wanted.read());
        let (messages, bytes) = (wanted.all().len() as u64 + untold, Some(wanted.bytes()));
        self.context.report(Event::FolderCounted { account: self.id, folder: id, messages, bytes });
        let here = Shelf::new(Some(status.uid_validity), wanted);
        Ok(Some(Current { here, there: Shelf::new(there, heads), untold }))
    }

    fn unread(&mut self, id: FolderId, side: Side, way: &Way, error: ImapError) -> Result<Option<Current>, Halt> {
        if error.is_connection() {
            return Err(Halt::Server { side, error });
        }
        let problem = error.quoted_in(Problem::new(ProblemKind::FolderNotRead).on(side).in_folder(&way.planned.source));
        self.difference(id, problem);
        Ok(None)
    }

    /// Tells how a folder compares.
    fn tell(
        &mut self,
        folder: FolderId,
        way: &Way,
        current: &Current,
        outcome: &likeness::Outcome,
        envelopes: &BTreeMap<Uid, Envelope>,
    ) {
        let about = |kind| Problem::new(kind).in_folder(&way.planned.source);
        let (account, heads) = (self.id, &current.here.heads);
        let about_message =
            |kind, uid: Uid| about(kind).about_message(describe(heads.get(uid), uid, envelopes.get(&uid)));
        let right = outcome.right.iter().copied().chain(outcome.normalised.iter().map(|(uid, _)| *uid));
        let (messages, bytes) = right
            .fold((0, 0), |(messages, bytes), uid| (messages + 1, bytes + heads.get(uid).map_or(0, |head| head.size)));
        if messages > 0 {
            self.context.report(Event::MessagesChecked { account, folder, messages, bytes });
        }
        if current.untold > 0 {
            let problem = about(ProblemKind::MessageUnreadable).counting(current.untold);
            self.difference(folder, problem.noting(Note::CountedNotListed));
        }
        let unread_there = Some(outcome.unread_there).filter(|count| *count > 0);
        let unread_there = unread_there.map(|messages| Note::TargetUnread { messages });
        for uid in &outcome.missing {
            let problem = about_message(ProblemKind::MessageMissing, *uid);
            self.difference(folder, problem.noting(unread_there.clone()));
        }
        for uid in &outcome.unreadable {
            self.difference(folder, about_message(ProblemKind::MessageUnreadable, *uid));
        }
        for (uid, alteration) in &outcome.altered {
            self.difference(folder, about_message(ProblemKind::MessageAltered, *uid).saying(words_of(*alteration)));
        }
        let named = outcome.normalised.iter().filter(|(_, comparison)| *comparison == Comparison::LineEnds);
        for (uid, _) in named.clone() {
            let problem = about_message(ProblemKind::MessageNormalised, *uid).saying(LINE_ENDS);
            self.context.report_problem(self.id, Some(folder), problem);
        }
        let normalised = outcome.normalised.len() - named.count();
        if normalised > 0 {
            let problem = about(ProblemKind::MessageNormalised).counting(normalised as u64);
            self.context.report_problem(self.id, Some(folder), problem);
        }
        let target_messages = Some(current.there.heads.all().len() as u64);
        self.context.report(Event::FolderFinished { account, folder, target_messages });
    }

    fn difference(&mut self, folder: FolderId, problem: Problem) {
        self.differences += 1;
        self.context.report_problem(self.id, Some(folder), problem);
    }

    fn step(&self, step: Step) {
        self.context.report(Event::Stepped { account: self.id, step });
    }
}
