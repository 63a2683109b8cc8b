//! `kimt verify`: compares source and target message by message, without trusting any ledger, and changes nothing.
//!
//! Every message of both sides is read; they are matched one to one by content (see `comparison`). What the source has and the target has
//! not, or has otherwise, is named (see `differences`): messages, dates, flags, folders, subscriptions, and copies too many. What is missing
//! is looked for in the target's other folders (see `elsewhere`). Other mail that only the target has is its own business: it came since, or
//! was there before. The records of earlier runs, where there are any, only distinguish what people did on the target (see `earlier`). A connection that is lost is opened again, and the work continues where it was.

mod differences;
mod earlier;
mod elsewhere;
mod refusals;
pub mod task;

use crate::domain::{
    Account, Digest, Folder, FolderId, FolderPath, LeftOut, Note, Problem, ProblemKind, Side, Uid, UidValidity,
};
use crate::imap::{Envelope, ImapError, Reader};
use crate::ledger::Ledger;
use crate::migrate::content::comparison::Comparison;
use crate::migrate::content::matching::{self, Match, Matching, Scope, Shelf, match_messages, match_sizes};
use crate::migrate::context::RunContext;
use crate::migrate::context::losses::Losses;
use crate::migrate::context::reporter::Reporter;
use crate::migrate::context::retry::Work;
use crate::migrate::endpoints::DavEnds;
use crate::migrate::folder::describe::{Names, describe};
use crate::migrate::groupware::ItemsEnd;
use crate::migrate::halt::{Halt, OnSide};
use crate::migrate::heads::Heads;
use crate::migrate::plan::duplicates::Elsewhere;
use crate::migrate::plan::plain_name::{kept_name, plain_names};
use crate::migrate::plan::{self, TargetNames, Way, Wishes};
use crate::migrate::request::Verify;
use crate::migrate::verdict::FolderEvidence;
use crate::progress::{Event, Step};
use differences::{Differences, Known, NAMED};
use elsewhere::{Extra, Missing, Sought};
use std::collections::{BTreeMap, BTreeSet};

/// Seconds before each new try after a lost connection. Something read between two losses begins the row anew.
const PAUSES: [u64; 6] = [1, 5, 15, 60, 60, 120];

struct Verification<'a> {
    context: &'a RunContext,
    reporter: Reporter<'a>,
    account: &'a Account,
    /// What is known of the messages of each folder that is through; none where it could not be compared.
    evidence: Vec<Option<FolderEvidence>>,
    elsewhere: Elsewhere,
    /// What of the items is on the target, once they were compared.
    items: Option<ItemsEnd>,
    names: Names,
    plan: Option<Plan>,
    /// The folder after those, as far as it was read.
    current: Option<Current>,
    /// What is reported when all folders are through.
    sought: Sought,
    /// How often in a row the connection was lost when a folder was opened.
    losses: u32,
    /// Folders at which it was lost each time.
    given_up: BTreeSet<FolderId>,
    /// Folders that a server refused for good, not named yet.
    refusals: Vec<(FolderId, Side, ImapError)>,
    /// The sides that gave something of a folder with messages.
    gave: BTreeSet<Side>,
}

/// Which folder is compared with which; made once, so that ids hold.
struct Plan {
    source: Vec<Folder>,
    target: Vec<Folder>,
    /// What the source lists and is not compared.
    left_out: Vec<LeftOut>,
    /// Each with the target's folder; none where there is no such folder.
    ways: Vec<(Way, Option<Folder>)>,
    /// The record of earlier runs, if it is at hand.
    ledger: Option<Ledger>,
}

/// A folder that is being compared, with all that was read of it.
struct Current {
    here: Half,
    there: Half,
    /// Messages that the source counts and does not list.
    unlisted: u64,
    /// Messages that the target has as items.
    as_items: u64,
}

/// One side of it.
#[derive(Default)]
struct Half {
    /// None where there is no such folder.
    uid_validity: Option<UidValidity>,
    heads: Heads,
    shelf: Shelf,
    losses: Losses<Uid>,
}

impl Half {
    fn side<'a>(&'a mut self, reader: &'a mut Reader) -> matching::Side<'a> {
        matching::Side { reader, heads: self.heads.all(), shelf: &mut self.shelf, losses: &mut self.losses }
    }
}

impl Work for Verification<'_> {
    type Done = ();

    /// Folders and messages that are through.
    fn progress(&self) -> u64 {
        let read = self.current.as_ref().map_or(0, |current| current.here.shelf.len() + current.there.shelf.len());
        ((self.evidence.len() as u64) << 32) + read as u64
    }

    fn attempt(&mut self) -> Result<(), Halt> {
        let context = self.context;
        if context.groupware.as_ref().is_some_and(DavEnds::may_read_folders) {
            // What is an item there is not missing as mail.
            self.compare_items();
        }
        self.reporter.step(Step::SigningIn);
        let _permits = [
            context.permit(self.reporter.account, Side::Source)?,
            context.permit(self.reporter.account, Side::Target)?,
        ];
        let source = context.sign_in(self.reporter.account, Side::Source, self.account)?;
        let target = context.sign_in(self.reporter.account, Side::Target, self.account)?;
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
}

impl Verification<'_> {
    fn plan(&mut self, source: &mut Reader, target: &mut Reader) -> Result<Plan, Halt> {
        let context = self.context;
        self.reporter.step(Step::Listing);
        let listed = source.list().on(Side::Source)?;
        let there = target.list().on(Side::Target)?;
        let names = TargetNames { folders: &there.folders, separator: there.separator, profile: context.profile };
        let ledger = self.ledger();
        let places = |ledger: &Ledger| ledger.places(&listed.folders, |name| target.path(name));
        let earlier = ledger.as_ref().map_or_else(BTreeMap::new, places);
        let permanent_ids = source.has_permanent_ids();
        let wishes = Wishes { selection: &context.selection, earlier: &earlier, permanent_ids };
        let (ways, mut left_out) = plan::plan(&listed.folders, &names, wishes);
        left_out.splice(0..0, listed.left_out);
        let folders = ways.iter().map(|way| way.planned.clone()).collect();
        self.reporter.report(Event::FoldersPlanned {
            account: self.reporter.account,
            folders,
            left_out: left_out.clone(),
        });
        self.reporter.losses_of_list(&left_out);
        let folder_there = |way: &Way| {
            // A migration takes the first of these names that the target keeps.
            let plain = plain_names(&way.planned.target, there.separator);
            let mut names = std::iter::once(&way.planned.target).chain(&plain).map(|path| target.wire_name(path));
            let named = names.find_map(|name| {
                let name = name.ok()?;
                there.folders.iter().find(|folder| folder.wire_name == name)
            });
            // Or the one that the target made of the first.
            let kept = || {
                let listed = there.folders.iter().filter(|folder| folder.selectable).map(|folder| &folder.path);
                let is_anothers = |path: &FolderPath| ways.iter().any(|way| way.planned.target == *path);
                let kept = kept_name(&way.planned.target, listed, is_anothers)?;
                there.folders.iter().find(|folder| folder.path == *kept)
            };
            named.or_else(kept).cloned()
        };
        let places: Vec<_> = ways.iter().map(folder_there).collect();
        let ways = ways.into_iter().zip(places).collect();
        Ok(Plan { source: listed.folders, target: there.folders, left_out, ways, ledger })
    }

    /// The record of earlier runs: where they put the folders, and what people did there since. The comparison itself trusts no record.
    fn ledger(&self) -> Option<Ledger> {
        let opened = Ledger::open_existing(&*self.context.store, &self.context.ledger_key(self.account));
        opened.inspect_err(|error| log::debug!("{error}")).ok().flatten()
    }

    fn folders(&mut self, plan: &Plan, source: &mut Reader, target: &mut Reader) -> Result<(), Halt> {
        if let Some((rest, _)) = plan.ways.iter().find(|(way, _)| way.rest) {
            let status = source.status(&plan.source[rest.index].wire_name);
            self.elsewhere.see_from(status.ok().and_then(|status| status.uid_next));
        }
        while let Some((way, there)) = plan.ways.get(self.evidence.len()) {
            let control = self.context.control.of(self.reporter.account);
            control.wait_while_paused();
            if control.stopping() {
                return Err(Halt::Held);
            }
            let id = FolderId(self.evidence.len() as u32);
            self.reporter.step(Step::Checking(id));
            let listed = &plan.source[way.index];
            let (mut lost, mut evidence) = (None, None);
            let wire_name = there.as_ref().filter(|there| there.selectable).map(|there| there.wire_name.as_slice());
            if let Some(mut current) = self.open(id, listed, way, wire_name, source, target)? {
                let matching = match self.compare(&mut current, source, target) {
                    Ok(matching) => matching,
                    Err(halt) => {
                        self.current = Some(current);
                        return Err(halt);
                    }
                };
                let known = self.known(plan, listed, &current);
                let by_content = self.context.options.verify == Verify::Content;
                let outcome = Differences::new(&current, matching, by_content, &known);
                let is_empty = current.here.heads.all().is_empty() && current.unlisted == 0;
                self.report_folder(id, way, (listed, is_empty), there.as_ref());
                let folder = (listed.wire_name.as_slice(), current.here.uid_validity);
                let (envelopes, error) = self.names.ask(source, folder, outcome.named());
                self.report(id, way, &current, &outcome, &envelopes);
                self.seek(id, way, (listed, wire_name), &current, &outcome, &envelopes);
                if let Some(there) = wire_name.filter(|_| !outcome.missing.is_empty()) {
                    let copies = earlier::earlier_copies(plan, there, &current, &outcome);
                    self.sought.earlier.insert(there.to_vec(), copies);
                }
                lost = error;
                let Current { unlisted, as_items, .. } = current;
                let on_source = current.here.heads.all().len() as u64 + unlisted + as_items;
                evidence = Some(FolderEvidence { on_source, on_target: outcome.right.0, as_items, vanished: 0 });
            }
            self.evidence.push(evidence);
            self.current = None;
            if let Some(error) = lost {
                return Err(Halt::Server { side: Side::Source, error });
            }
        }
        self.name_refusals(plan);
        self.settle_sought(plan, source, target)
    }

    /// Notes what is to be looked for in other folders before it is reported. What sizes alone show is reported as it is.
    fn seek(
        &mut self,
        folder: FolderId,
        way: &Way,
        (listed, target): (&Folder, Option<&[u8]>),
        current: &Current,
        outcome: &Differences,
        envelopes: &BTreeMap<Uid, Envelope>,
    ) {
        let (heads, shelf) = (&current.here.heads, &current.here.shelf);
        let problem = |kind, uid: Uid| {
            let name = describe(heads.get(uid), uid, envelopes.get(&uid));
            Problem::new(kind).in_folder(&way.planned.source).about_message(name)
        };
        let unread = Some(outcome.unreadable_there).filter(|count| *count > 0);
        let unread = unread.map(|messages| Note::TargetUnread { messages });
        for (uid, known) in &outcome.missing {
            let note = if known.was_checked { Some(Note::TakenSince) } else { unread.clone() };
            self.sought.missing.push(Missing {
                folder,
                source: listed.wire_name.clone(),
                target: target.map(<[u8]>::to_vec),
                uid: *uid,
                size: heads.get(*uid).map_or(0, |head| head.size),
                date: heads.get(*uid).and_then(|head| head.date),
                digest: shelf.digest(*uid),
                was_copied: known.was_copied,
                problem: problem(ProblemKind::MessageMissing, *uid).noting(note),
            });
        }
        let Some(target) = target else { return };
        let digests = outcome
            .extra
            .iter()
            .map(|(uid, more)| (*uid, *more, shelf.digest(*uid).unwrap_or_else(|| Digest::of(b""))));
        self.sought.extra.extend(digests.map(|(uid, copies, digest)| Extra {
            folder,
            target: target.to_vec(),
            digest,
            copies,
            problem: problem(ProblemKind::ExtraCopies, uid),
        }));
        self.sought.left.insert(target.to_vec(), outcome.left_there.clone());
    }

    /// Matches the messages of both sides, by content or by size alone.
    fn compare(&self, current: &mut Current, source: &mut Reader, target: &mut Reader) -> Result<Matching, Halt> {
        let Current { here, there, .. } = current;
        if self.context.options.verify == Verify::Content {
            return match_messages(here.side(source), there.side(target), Scope::All);
        }
        let pairs = match_sizes(here.heads.all(), there.heads.all()).into_iter();
        let equal = |(uid, target_uid)| Match {
            uid,
            target_uid,
            size: 0,
            digest: Digest::of(b""),
            comparison: Comparison::Equal,
        };
        Ok(Matching { pairs: pairs.map(equal).collect(), ..Matching::default() })
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
        if self.given_up.contains(&id) {
            return Ok(None);
        }
        if self.losses > 0 {
            self.reporter.step(Step::OpeningLast(id));
            source.wait_for_next_byte(self.context.options.patience.alone).on(Side::Source)?;
            target.wait_for_next_byte(self.context.options.patience.alone).on(Side::Target)?;
        }
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
            self.losses = 0;
            return Ok(Some(current));
        }
        let mut wanted = match Heads::read_from(source, Uid(1)) {
            Ok(heads) => heads,
            Err(error) => return self.unread(id, Side::Source, way, error),
        };
        let heads = match there.map(|_| Heads::read_from(target, Uid(1))).transpose() {
            Ok(heads) => heads.unwrap_or_default(),
            Err(error) => return self.unread(id, Side::Target, way, error),
        };
        self.losses = 0;
        self.gave.extend((!wanted.all().is_empty()).then_some(Side::Source));
        self.gave.extend((!heads.all().is_empty()).then_some(Side::Target));
        self.elsewhere.sift(&mut wanted, way.rest);
        let as_items = self.items.as_ref().map(|items| &items.as_items);
        let as_items = as_items.map(|it| it.sift(&listed.wire_name, status.uid_validity, &mut wanted));
        let as_items = as_items.map_or(0, |items| items.len() as u64);
        let left_out = wanted.keep(|head| self.context.selection.takes_message(head.date, head.size));
        if left_out > 0 {
            self.reporter.report(Event::MessagesLeftOut {
                account: self.reporter.account,
                folder: id,
                messages: left_out,
            });
        }
        let unlisted = status.messages.saturating_sub(wanted.read());
        let (messages, bytes) = (wanted.all().len() as u64 + unlisted, Some(wanted.bytes()));
        self.reporter.counted(id, messages, bytes);
        let half = |uid_validity, heads| Half { uid_validity, heads, ..Half::default() };
        Ok(Some(Current {
            here: half(Some(status.uid_validity), wanted),
            there: half(there, heads),
            unlisted,
            as_items,
        }))
    }

    /// Reports how a folder compares.
    fn report(
        &mut self,
        folder: FolderId,
        way: &Way,
        current: &Current,
        outcome: &Differences,
        envelopes: &BTreeMap<Uid, Envelope>,
    ) {
        let about = |kind| Problem::new(kind).in_folder(&way.planned.source);
        let (account, heads) = (self.reporter.account, &current.here.heads);
        let about_message =
            |kind, uid: Uid| about(kind).about_message(describe(heads.get(uid), uid, envelopes.get(&uid)));
        let (messages, bytes) = outcome.right;
        self.reporter.checked(folder, messages, bytes);
        if current.unlisted > 0 {
            let problem = about(ProblemKind::MessageUnreadable).counting(current.unlisted);
            self.reporter.folder_problem(folder, problem.noting(Note::CountedNotListed));
        }
        for uid in &outcome.unproved {
            self.reporter.folder_problem(folder, about_message(ProblemKind::MessageUnproved, *uid));
        }
        for uid in &outcome.unreadable {
            self.reporter.folder_problem(folder, about_message(ProblemKind::MessageUnreadable, *uid));
        }
        for (uid, comparison) in &outcome.altered {
            self.reporter
                .folder_problem(folder, about_message(ProblemKind::MessageAltered, *uid).noting(comparison.note()));
        }
        for (uid, comparison) in &outcome.changed {
            let problem = about_message(ProblemKind::MessageNormalised, *uid).noting(comparison.note());
            self.reporter.folder_problem(folder, problem);
        }
        if outcome.final_line_ends > 0 {
            let problem = about(ProblemKind::MessageNormalised).counting(outcome.final_line_ends);
            let problem = problem.noting(Comparison::FinalLineEnd.note());
            self.reporter.folder_problem(folder, problem);
        }
        self.report_marks(folder, outcome, about, about_message);
        let target_messages = Some(current.there.heads.all().len() as u64);
        self.reporter.report(Event::FolderFinished { account, folder, target_messages });
    }

    /// What the record knows of a folder that is the same on both sides still.
    fn known(&self, plan: &Plan, listed: &Folder, current: &Current) -> Known {
        let validities = current.here.uid_validity.zip(current.there.uid_validity);
        let known = Known::nothing(self.context.profile.keeps_deleted);
        let Some((ledger, (here, there))) = plan.ledger.as_ref().zip(validities) else { return known };
        match ledger.folder(listed) {
            Some(record) => known.by_record(ledger, &record, here, there),
            None => known,
        }
    }

    /// Reports what is missing of the folder itself. Of one that holds messages, these are reported.
    fn report_folder(&mut self, id: FolderId, way: &Way, (listed, is_empty): (&Folder, bool), there: Option<&Folder>) {
        let about = |kind| Problem::new(kind).in_folder(&way.planned.source);
        match there.filter(|there| there.selectable) {
            None if is_empty => self.reporter.folder_problem(id, about(ProblemKind::FolderMissing)),
            Some(there) if listed.subscribed && !there.subscribed => {
                self.reporter.folder_problem(id, about(ProblemKind::SubscriptionMissing));
            }
            _ => {}
        }
    }

    /// Reports how messages that are there differ in all but their content, and what their owner did.
    fn report_marks(
        &mut self,
        folder: FolderId,
        outcome: &Differences,
        about: impl Fn(ProblemKind) -> Problem,
        about_message: impl Fn(ProblemKind, Uid) -> Problem,
    ) {
        let Differences { dates, flags, marked, unlike_announced, .. } = outcome;
        let dates = dates.iter().map(|(uid, sent, stored)| {
            let note = Note::DateBecame { sent: *sent, stored: *stored };
            about_message(ProblemKind::DateDiffers, *uid).noting(note)
        });
        let flags = flags.iter().map(|(uid, source, target)| {
            let note = Note::FlagsAre { source: source.clone(), target: target.clone() };
            about_message(ProblemKind::FlagsDiffer, *uid).noting(note)
        });
        let marked = marked.iter().map(|uid| about_message(ProblemKind::MarkedOnTarget, *uid));
        let sizes = unlike_announced.iter().map(|(uid, announced, given)| {
            let note = Note::AnnouncedAndGiven { announced: *announced, given: *given };
            about_message(ProblemKind::SizeNotAsAnnounced, *uid).noting(note)
        });
        let kinds: [Box<dyn Iterator<Item = Problem>>; 4] =
            [Box::new(dates), Box::new(flags), Box::new(marked), Box::new(sizes)];
        for mut problems in kinds {
            for problem in problems.by_ref().take(NAMED) {
                self.reporter.folder_problem(folder, problem);
            }
            let counted =
                problems.map(|problem| (problem.kind, 1)).reduce(|(kind, count), (_, one)| (kind, count + one));
            if let Some((kind, count)) = counted {
                self.reporter.folder_problem(folder, about(kind).counting(count));
            }
        }
    }
}
