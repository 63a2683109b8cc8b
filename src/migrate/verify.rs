//! `kimt verify`: compares source and target message by message, without trusting any ledger, and changes nothing.
//!
//! Every message of both sides is read; they are matched one to one by content. What the source has and the target has not is named.
//! What only the target has is its own business: mail that came since, or was there before.

use super::content::{Comparison, Read, SizeAndDigest, read_each};
use super::context::RunContext;
use super::elsewhere::Elsewhere;
use super::halt::{Halt, OnSide, server_problem};
use super::heads::{Head, Heads};
use super::planner::{self, TargetNames, Way, Wishes};
use super::reconcile::{heads_from, summaries};
use super::refused::describe;
use super::request::Verify;
use crate::domain::{Account, AccountId, Digest, Folder, FolderId, Problem, ProblemKind, Side, Uid};
use crate::imap::{ImapError, Reader};
use crate::ledger::{Ledger, NamePair};
use crate::progress::{AccountEnd, Event, Step};
use std::collections::{BTreeMap, HashMap};

/// Verifies one account.
pub(super) fn verify(context: &RunContext, id: AccountId, account: &Account) -> AccountEnd {
    let mut verification = Verification { context, id, differences: 0, elsewhere: Elsewhere::default() };
    match verification.run(account) {
        Ok(()) if verification.differences == 0 => AccountEnd::Complete,
        Ok(()) => AccountEnd::Incomplete,
        Err(Halt::Server { side, error }) => {
            context.tell_problem(id, None, server_problem(side, &error, account));
            AccountEnd::Failed
        }
        Err(halt) => match halt.problem(account) {
            Some(problem) => {
                context.tell_problem(id, None, problem);
                AccountEnd::Failed
            }
            None => AccountEnd::Stopped,
        },
    }
}

struct Verification<'a> {
    context: &'a RunContext,
    id: AccountId,
    differences: u64,
    elsewhere: Elsewhere,
}

/// What identifies a message when only sizes are compared, or contents.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Likeness {
    Size(u64),
    Content(Digest),
}

impl Verification<'_> {
    fn run(&mut self, account: &Account) -> Result<(), Halt> {
        let context = self.context;
        self.step(Step::SigningIn);
        let _places = [context.place(Side::Source)?, context.place(Side::Target)?];
        let source = context.sign_in(self.id, Side::Source, account)?;
        let target = context.sign_in(self.id, Side::Target, account)?;
        let (mut source, mut target) = (source.session.into_reader(), target.session.into_reader());
        self.step(Step::Listing);
        let listed = source.list().on(Side::Source)?;
        let there = target.list().on(Side::Target)?;
        let names = TargetNames { folders: &there.folders, separator: there.separator, kerio: context.kerio };
        let earlier = self.earlier(account).into_iter().map(|(source, there)| (source, target.path(&there))).collect();
        let permanent_ids = source.has_permanent_ids();
        let wishes = Wishes { selection: &context.selection, earlier: &earlier, permanent_ids };
        let (ways, mut left_out) = planner::plan(&listed.folders, &names, wishes);
        left_out.splice(0..0, listed.left_out);
        let folders = ways.iter().map(|way| way.planned.clone()).collect();
        context.tell(Event::FoldersPlanned { account: self.id, folders, left_out });
        for (position, way) in ways.iter().enumerate() {
            if context.control.stopping() {
                return Err(Halt::Held);
            }
            context.control.wait_while_paused();
            let folder = FolderId(position as u32);
            let wire_name = target.wire_name(&way.planned.target).ok();
            let wire_name = wire_name.filter(|name| there.folders.iter().any(|folder| folder.wire_name == *name));
            self.folder(folder, &listed.folders[way.index], way, wire_name, &mut source, &mut target)?;
        }
        source.logout();
        target.logout();
        Ok(())
    }

    /// Where an earlier migration put the folders, if its ledger is at hand. The comparison itself trusts no ledger.
    fn earlier(&self, account: &Account) -> Vec<NamePair> {
        let key = self.context.ledger_key(account);
        let ledger = Ledger::open_existing(&self.context.options.state_folder, &key);
        let names = ledger.and_then(|ledger| ledger.map_or(Ok(Vec::new()), |ledger| ledger.target_names()));
        names.inspect_err(|error| log::debug!("{error}")).unwrap_or_default()
    }

    fn folder(
        &mut self,
        id: FolderId,
        listed: &Folder,
        way: &Way,
        wire_name: Option<Vec<u8>>,
        source: &mut Reader,
        target: &mut Reader,
    ) -> Result<(), Halt> {
        self.step(Step::Checking(id));
        let status = match source.examine(&listed.wire_name) {
            Ok(status) => status,
            Err(error) => return self.unread(id, Side::Source, way, error),
        };
        let mut wanted = heads_from(source, Uid(1)).on(Side::Source)?;
        self.elsewhere.sift(&mut wanted, way.rest);
        let left_out = wanted.keep(|head| self.context.selection.takes_message(head.date, head.size));
        self.tell_left_out(id, left_out);
        let untold = status.messages.saturating_sub(wanted.read());
        if untold > 0 {
            let problem = Problem::new(ProblemKind::MessageUnreadable).in_folder(&way.planned.source).counting(untold);
            self.difference(id, problem.saying("the server counts them and does not list them"));
        }
        let (messages, bytes) = (wanted.all().len() as u64 + untold, Some(wanted.octets()));
        self.context.tell(Event::FolderCounted { account: self.id, folder: id, messages, bytes });
        let there = match wire_name {
            None => Heads::default(),
            Some(wire_name) => match target.examine(&wire_name) {
                Ok(_) => heads_from(target, Uid(1)).on(Side::Target)?,
                Err(error) => return self.unread(id, Side::Target, way, error),
            },
        };
        let (missing, strangers) = self.match_all(id, &wanted, &there, source, target)?;
        self.look_closer(id, way, &wanted, &missing, &strangers, source, target)?;
        let target_messages = Some(there.all().len() as u64);
        self.context.tell(Event::FolderFinished { account: self.id, folder: id, target_messages });
        Ok(())
    }

    fn unread(&mut self, id: FolderId, side: Side, way: &Way, error: ImapError) -> Result<(), Halt> {
        if error.is_connection() {
            return Err(Halt::Server { side, error });
        }
        let problem =
            Problem::new(ProblemKind::FolderNotRead).on(side).in_folder(&way.planned.source).saying(error.words());
        self.difference(id, problem);
        Ok(())
    }

    /// Matches the two folders one to one; returns what is left on either side.
    fn match_all(
        &self,
        id: FolderId,
        wanted: &Heads,
        there: &Heads,
        source: &mut Reader,
        target: &mut Reader,
    ) -> Result<(Vec<Uid>, Vec<Uid>), Halt> {
        let by_size = self.context.options.verify != Verify::Content;
        // Both servers are read at once: each is idle while the other answers.
        let (here, there) = std::thread::scope(|scope| {
            let reading = scope.spawn(|| likenesses(target, there, by_size));
            let here = likenesses(source, wanted, by_size);
            (here, reading.join())
        });
        let there = there.unwrap_or(Err(ImapError::Abandoned)).on(Side::Target)?;
        let here = here.on(Side::Source)?;
        let mut free: HashMap<Likeness, Vec<Uid>> = HashMap::new();
        for (uid, likeness) in there {
            free.entry(likeness).or_default().push(uid);
        }
        let (mut right, mut bytes) = (0, 0);
        let mut missing = Vec::new();
        for head in wanted.all() {
            match here.get(&head.uid).and_then(|likeness| free.get_mut(likeness)).and_then(Vec::pop) {
                Some(_) => {
                    right += 1;
                    bytes += head.size;
                }
                None => missing.push(head.uid),
            }
        }
        self.tell_right(id, right, bytes);
        Ok((missing, free.into_values().flatten().collect()))
    }

    /// Compares what is left for changes that servers make without touching the content, and names the rest.
    #[expect(clippy::too_many_arguments, reason = "both folders and both connections are needed at once")]
    fn look_closer(
        &mut self,
        id: FolderId,
        way: &Way,
        wanted: &Heads,
        missing: &[Uid],
        strangers: &[Uid],
        source: &mut Reader,
        target: &mut Reader,
    ) -> Result<(), Halt> {
        if missing.is_empty() {
            return Ok(());
        }
        let sent = summaries(source, missing).on(Side::Source)?;
        let mut stored: BTreeMap<Uid, _> =
            if strangers.is_empty() { BTreeMap::new() } else { summaries(target, strangers).on(Side::Target)? };
        let (mut normalised, mut bytes) = (0, 0);
        for uid in missing {
            let alike = sent.get(uid).and_then(|sent| {
                stored.iter().find(|(_, stored)| sent.compare(stored) != Comparison::Different).map(|(uid, _)| *uid)
            });
            match alike {
                Some(target_uid) => {
                    stored.remove(&target_uid);
                    normalised += 1;
                    bytes += wanted.get(*uid).map_or(0, |head: &Head| head.size);
                }
                None => {
                    let kind = if sent.contains_key(uid) {
                        ProblemKind::MessageMissing
                    } else {
                        ProblemKind::MessageUnreadable
                    };
                    let name = describe(wanted.get(*uid), *uid);
                    self.difference(id, Problem::new(kind).in_folder(&way.planned.source).about_message(name));
                }
            }
        }
        if normalised > 0 {
            self.tell_right(id, normalised, bytes);
            let problem = Problem::new(ProblemKind::MessageNormalised).in_folder(&way.planned.source);
            self.context.tell_problem(self.id, Some(id), problem.counting(normalised));
        }
        Ok(())
    }

    fn tell_left_out(&self, folder: FolderId, messages: u64) {
        if messages > 0 {
            self.context.tell(Event::MessagesLeftOut { account: self.id, folder, messages });
        }
    }

    fn tell_right(&self, folder: FolderId, messages: u64, bytes: u64) {
        if messages > 0 {
            self.context.tell(Event::MessagesChecked { account: self.id, folder, messages, bytes });
        }
    }

    fn difference(&mut self, folder: FolderId, problem: Problem) {
        self.differences += 1;
        self.context.tell_problem(self.id, Some(folder), problem);
    }

    fn step(&self, step: Step) {
        self.context.tell(Event::Stepped { account: self.id, step });
    }
}

/// By what each message of the open folder is known.
fn likenesses(reader: &mut Reader, heads: &Heads, by_size: bool) -> Result<BTreeMap<Uid, Likeness>, ImapError> {
    if by_size {
        return Ok(heads.all().iter().map(|head| (head.uid, Likeness::Size(head.size))).collect());
    }
    let uids: Vec<Uid> = heads.all().iter().map(|head| head.uid).collect();
    let mut found = BTreeMap::new();
    read_each::<SizeAndDigest>(reader, &uids, &mut |uid, read| {
        if let Read::Content((_, digest)) = read {
            found.insert(uid, Likeness::Content(digest));
        }
    })?;
    Ok(found)
}
