//! `kimt verify`: compares source and target message by message, without trusting any record, and changes nothing.
//!
//! 1. `reading` reads every message of a folder on both sides and matches them one to one by content.
//! 2. `differences` finds what is missing on the target or differs there, and `reporting` reports it: messages, dates, flags, folders,
//!    subscriptions, and extra copies.
//! 3. `elsewhere` looks for missing messages in the target's other folders.
//!
//! Edge cases:
//! - Other mail that only the target has is ignored: it has come since, or was there before.
//! - The records of earlier runs, if there are any, only show what people did on the target (`earlier`).
//! - After a lost connection the work continues without starting again.

mod differences;
mod earlier;
mod elsewhere;
mod reading;
mod refusals;
mod reporting;
pub mod task;

use crate::domain::{Account, Folder, FolderId, FolderPath, LeftOut, Mapping, Side};
use crate::imap::{ImapError, Listing, Reader};
use crate::ledger::Ledger;
use crate::migrate::context::RunContext;
use crate::migrate::context::reporter::Reporter;
use crate::migrate::context::retry::Work;
use crate::migrate::endpoints::DavEnds;
use crate::migrate::folder::describe::Names;
use crate::migrate::groupware::ItemsEnd;
use crate::migrate::halt::{Halt, OnSide};
use crate::migrate::plan::duplicates::Elsewhere;
use crate::migrate::plan::plain_name::{kept_name, plain_names};
use crate::migrate::plan::{self, TargetNames, Way, Wishes};
use crate::migrate::request::Verify;
use crate::migrate::verdict::FolderEvidence;
use crate::progress::{Event, Step};
use differences::Differences;
use elsewhere::Sought;
use reading::Current;
use std::collections::{BTreeMap, BTreeSet};

/// Seconds before each new attempt after a lost connection. An attempt that read something starts the series again.
const PAUSES: [u64; 6] = [1, 5, 15, 60, 60, 120];

struct Verification<'a> {
    context: &'a RunContext,
    reporter: Reporter<'a>,
    account: &'a Account,
    /// The evidence about the messages of each finished folder; none for a folder that could not be compared.
    evidence: Vec<Option<FolderEvidence>>,
    elsewhere: Elsewhere,
    /// Which items are on the target, once they have been compared.
    items: Option<ItemsEnd>,
    names: Names,
    plan: Option<Plan>,
    /// The folder that is being read.
    current: Option<Current>,
    /// What is reported once all folders are finished.
    sought: Sought,
    /// How often in a row the connection was lost while a folder was opened.
    losses: u32,
    /// Folders at which it was lost each time, and which are not opened again.
    given_up: BTreeSet<FolderId>,
    /// Folders that a server refused for good, not named yet.
    refusals: Vec<(FolderId, Side, ImapError)>,
    /// The sides that delivered something from a folder with messages.
    gave: BTreeSet<Side>,
}

/// Which folders are compared with each other; made once, so that ids stay the same.
struct Plan {
    source: Vec<Folder>,
    target: Vec<Folder>,
    /// Folders that the source lists but that are not compared.
    left_out: Vec<LeftOut>,
    /// The planned folders, each with the target's folder if there is one.
    ways: Vec<(Way, Option<Folder>)>,
    /// The record of earlier runs, if it can be read.
    ledger: Option<Ledger>,
}

impl Work for Verification<'_> {
    type Done = ();

    /// The number of finished folders and messages.
    fn progress(&self) -> u64 {
        let read = self.current.as_ref().map_or(0, |current| current.here.shelf.len() + current.there.shelf.len());
        ((self.evidence.len() as u64) << 32) + read as u64
    }

    fn attempt(&mut self) -> Result<(), Halt> {
        let context = self.context;
        if context.groupware.as_ref().is_some_and(DavEnds::may_read_folders) {
            // A message that is on the target as an item is not missing as mail.
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
        let (mut ways, mut left_out) = plan::plan(&listed.folders, &names, wishes);
        left_out.splice(0..0, listed.left_out);
        let places = find_folders(&mut ways, &there, target);
        let folders = ways.iter().map(|way| way.planned.clone()).collect();
        self.reporter.report(Event::FoldersPlanned {
            account: self.reporter.account,
            folders,
            left_out: left_out.clone(),
        });
        self.reporter.losses_of_list(&left_out);
        let ways = ways.into_iter().zip(places).collect();
        Ok(Plan { source: listed.folders, target: there.folders, left_out, ways, ledger })
    }

    /// The record of earlier runs: where they put the folders; it helps to tell what people did since. The comparison trusts no record.
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
}

/// The target's folder for each way, if it has one. A way whose folder has another name there gets that name, so that the report names the
/// folder that was compared.
fn find_folders(ways: &mut [Way], there: &Listing, target: &Reader) -> Vec<Option<Folder>> {
    let mut wanted: BTreeSet<FolderPath> = ways.iter().map(|way| way.planned.target.clone()).collect();
    let mut find = |way: &mut Way| {
        // A migration uses the first of these names that the target keeps.
        let plain = plain_names(&way.planned.target, there.separator);
        let mut names = std::iter::once(&way.planned.target).chain(&plain).map(|path| target.wire_name(path));
        let named = names.find_map(|name| {
            let name = name.ok()?;
            there.folders.iter().find(|folder| folder.wire_name == name)
        });
        // Otherwise the name under which the target created the first.
        let kept = || {
            let listed = there.folders.iter().filter(|folder| folder.selectable).map(|folder| &folder.path);
            let kept = kept_name(&way.planned.target, listed, |path| wanted.contains(path))?;
            there.folders.iter().find(|folder| folder.path == *kept)
        };
        let found = named.or_else(kept)?.clone();
        if found.path != way.planned.target {
            way.planned.target = found.path.clone();
            way.planned.mapping = Mapping::Adapted;
            wanted.insert(found.path.clone());
        }
        Some(found)
    };
    ways.iter_mut().map(&mut find).collect()
}
