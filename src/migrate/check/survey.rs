//! The survey of one account (`kimt check`, *Check accounts*): signs in on the source, counts, plans, and asks the directory for
//! the account's state. Changes nothing anywhere.

use super::foresight::Foresight;
use crate::domain::{Account, AccountId, Folder, FolderId, FolderPath, MessageHead, Note, Side, SpecialUse, Uid};
use crate::imap::{FolderStatus, ImapError, Listing, Reader};
use crate::ledger::Ledger;
use crate::migrate::context::RunContext;
use crate::migrate::context::losses::Losses;
use crate::migrate::context::retry::{Attempts, Ended, Task, Turn, Work};
use crate::migrate::folder::refused_folder;
use crate::migrate::groupware;
use crate::migrate::halt::{Halt, OnSide};
use crate::migrate::plan::duplicates::Elsewhere;
use crate::migrate::plan::{self, TargetNames, Way, Wishes};
use crate::migrate::reconcile::room;
use crate::migrate::scan::SCANNED_AT_ONCE;
use crate::migrate::target::directory::Room;
use crate::migrate::verdict::Verdict;
use crate::progress::{Counts, Event, Step, UserState};
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};

/// Seconds before each new attempt after a failure of the server; the user waits for the check.
const PAUSES: [u64; 3] = [1, 5, 15];
/// After this many lost connections at one folder, the folder is named and passed over.
const MOST_LOSSES: u32 = 2;

/// The survey of one account, over all its turns.
pub struct SurveyTask<'a> {
    attempts: Attempts,
    survey: Survey<'a>,
}

impl<'a> SurveyTask<'a> {
    /// A survey that has not begun yet.
    pub fn new(context: &'a RunContext, id: AccountId, account: &'a Account) -> Self {
        let survey = Survey {
            context,
            id,
            account,
            user_state: None,
            plan: None,
            refused: BTreeSet::new(),
            losses: Losses::default(),
            complete: true,
        };
        Self { attempts: Attempts::new(&PAUSES), survey }
    }
}

impl Task<Verdict> for SurveyTask<'_> {
    fn go_on(&mut self) -> Turn<Verdict> {
        let Self { attempts, survey } = self;
        let Survey { context, id, account, .. } = *survey;
        let turn = attempts.go_on(context, id, account, survey);
        turn.map(|ended| {
            Verdict::of_survey(match ended {
                Ended::Done(complete) => Ended::Done(groupware::survey(context, id, account) && complete),
                ended => ended,
            })
        })
    }

    fn leave(&mut self) -> Verdict {
        Verdict::of_survey(Ended::Stopped)
    }
}

struct Survey<'a> {
    context: &'a RunContext,
    id: AccountId,
    account: &'a Account,
    /// The account's state on the target, once asked.
    user_state: Option<UserState>,
    plan: Option<Plan>,
    /// Folders that the source refused to open; each is reported once.
    refused: BTreeSet<FolderId>,
    /// The folders at which the connection was lost. They come last, one by one.
    losses: Losses<usize>,
    /// Whether nothing was found that prevents the account's migration.
    complete: bool,
}

/// Where each folder goes; made once, so that ids stay the same.
struct Plan {
    source: Listing,
    ways: Vec<Way>,
    room: Room,
}

impl Work for Survey<'_> {
    type Done = bool;

    fn attempt(&mut self) -> Result<bool, Halt> {
        let (context, id, account) = (self.context, self.id, self.account);
        let user_state = match self.user_state {
            Some(user_state) => user_state,
            None => self.look_up(),
        };
        self.step(Step::SigningIn);
        let _place = context.permit(id, Side::Source)?;
        let connection = context.sign_in(id, Side::Source, account)?;
        let mut source = connection.session.into_reader();
        let plan = match self.plan.take() {
            Some(plan) => plan,
            None => self.plan(&mut source, user_state)?,
        };
        // What an earlier run copied needs no more space. A record that another run holds cannot be read.
        let ledger = Ledger::open_existing(&*context.store, &context.ledger_key(account)).ok().flatten();
        let mut needed = Counts::default();
        let begin = |ledger| Foresight::begin(ledger, &mut source, &plan.source.folders, context.profile);
        let foresight = ledger.as_ref().map(begin);
        let foresight = RefCell::new(foresight.transpose()?.flatten());
        let weigh = &mut |folder: &Folder, all| {
            let left = ledger.as_ref().map_or(Ok(all), |ledger| room::still_to_copy(ledger, folder, all));
            needed += left.unwrap_or(all);
        };
        let counted = self.count(&mut source, &plan, weigh, &foresight);
        let room = plan.room;
        self.plan = Some(plan);
        counted?;
        room::report_too_small(context, id, account, needed, room);
        if let Some(followed) = foresight.into_inner().map(Foresight::found).filter(|found| !found.is_empty()) {
            context.report(Event::ChangesFollowed { account: id, folder: None, followed });
        }
        source.logout();
        Ok(self.complete && self.refused.is_empty())
    }
}

impl Survey<'_> {
    fn step(&self, step: Step) {
        self.context.report(Event::Stepped { account: self.id, step });
    }

    fn look_up(&mut self) -> UserState {
        self.step(Step::CreatingAccount);
        let (user_state, problem) = self.context.directory.user_state(self.account);
        self.context.report(Event::AccountLookedUp { account: self.id, user_state });
        if let Some(problem) = problem {
            self.complete = false;
            self.context.report_problem(self.id, None, problem);
        }
        *self.user_state.insert(user_state)
    }

    fn plan(&self, source: &mut Reader, user_state: UserState) -> Result<Plan, Halt> {
        let context = self.context;
        self.step(Step::Listing);
        let listing = source.list().on(Side::Source)?;
        let (target, room) = target_folders(context, self.id, self.account, user_state)?;
        let names = TargetNames { folders: &target.folders, separator: target.separator, profile: context.profile };
        let permanent_ids = source.has_permanent_ids();
        let wishes = Wishes { selection: &context.selection, earlier: &BTreeMap::new(), permanent_ids };
        let (ways, mut left_out) = plan::plan(&listing.folders, &names, wishes);
        left_out.splice(0..0, listing.left_out.iter().cloned());
        let folders = ways.iter().map(|way| way.planned.clone()).collect();
        context.report(Event::FoldersPlanned { account: self.id, folders, left_out });
        Ok(Plan { source: listing, ways, room })
    }

    /// Counts the messages of all folders. `weigh` gets each message's size in bytes, `foresight` each message.
    fn count(
        &mut self,
        source: &mut Reader,
        plan: &Plan,
        weigh: &mut dyn FnMut(&Folder, Counts),
        foresight: &RefCell<Option<Foresight<'_>>>,
    ) -> Result<(), Halt> {
        let failed: RefCell<Option<Halt>> = RefCell::new(None);
        let note = |outcome: Result<(), Halt>| *failed.borrow_mut() = failed.take().or(outcome.err());
        let (context, id, ways) = (self.context, self.id, &plan.ways);
        let mut elsewhere = Elsewhere::default();
        // An empty folder shows nothing, because its messages are not requested.
        let (mut opened, mut gave): (u32, u32) = (0, 0);
        let (mut refused_for_now, mut refused_for_good) =
            (Vec::<(usize, ImapError)>::new(), Vec::<(usize, ImapError)>::new());
        let is_open = |at: &usize| self.losses.at(at) < MOST_LOSSES;
        let (suspects, others): (Vec<usize>, Vec<usize>) =
            (0..ways.len()).filter(is_open).partition(|at| self.losses.at(at) > 0);
        let at_once = if self.losses.is_empty() { SCANNED_AT_ONCE } else { 1 };
        for part in others.chunks(at_once).chain(suspects.chunks(1)) {
            if context.control.stopping() {
                return Err(Halt::Held);
            }
            let Some(first) = part.first() else { break };
            let folder = FolderId(*first as u32);
            if self.losses.at(first) > 0 {
                self.step(Step::OpeningLast(folder));
                source.wait_for_next_byte(context.options.patience.alone).on(Side::Source)?;
            } else {
                self.step(Step::Scanning(folder));
            }
            let folder = |index: usize| &plan.source.folders[ways[part[index]].index];
            let wire_names: Vec<&[u8]> = (0..part.len()).map(|index| folder(index).wire_name.as_slice()).collect();
            let counted = Cell::new((0, 0));
            let mut head = |index: usize, head: MessageHead| {
                let (messages, bytes) = counted.get();
                let taken = elsewhere.takes(head.permanent_id, ways[part[index]].rest)
                    && context.selection.takes_message(head.date, head.size);
                if let Some(foresight) = &mut *foresight.borrow_mut() {
                    note(foresight.head(ways[part[index]].index, &head, taken));
                }
                if !taken {
                    return;
                }
                counted.set((messages + 1, bytes + head.size));
            };
            let (refused, losses) = (&self.refused, &self.losses);
            let mut end = |index: usize, outcome: Result<FolderStatus, ImapError>| {
                let id_of_folder = FolderId(part[index] as u32);
                let (messages, bytes) = counted.take();
                if let Some(foresight) = &mut *foresight.borrow_mut() {
                    note(foresight.end(ways[part[index]].index, outcome.as_ref().ok()));
                }
                let status = match outcome {
                    Ok(status) => status,
                    Err(error) => {
                        if error.is_pause() && losses.at(&part[index]) + 1 < MOST_LOSSES {
                            refused_for_now.push((part[index], error));
                        } else if !refused.contains(&id_of_folder) {
                            refused_for_good.push((part[index], error));
                        }
                        return;
                    }
                };
                opened += 1;
                gave += u32::from(status.messages > 0);
                weigh(folder(index), Counts { messages, bytes });
                let bytes = Some(bytes);
                context.report(Event::FolderCounted { account: id, folder: id_of_folder, messages, bytes });
                context.report(Event::FolderFinished { account: id, folder: id_of_folder, target_messages: None });
            };
            let ended = Cell::new(0);
            let mut end_one = |index: usize, outcome| {
                ended.set(index + 1);
                end(index, outcome);
            };
            let scanned = source.scan(&wire_names, &|_| Uid(1), &mut head, &mut end_one);
            if let (Err(error), Some(&lost)) = (&scanned, part.get(ended.get())) {
                self.suspect(lost, &ways[lost], error);
            }
            scanned.on(Side::Source)?;
            if let Some(halt) = failed.take() {
                return Err(halt);
            }
        }
        let refused_before = !self.refused.is_empty() || !refused_for_now.is_empty();
        let is_of_all = gave == 0 && refused_for_good.len() > 1 && !refused_before;
        if is_of_all && refused_for_good.iter().all(|(_, error)| error.says_the_same_as(&refused_for_good[0].1)) {
            let (_, error) = refused_for_good.swap_remove(0);
            return Err(Halt::Server { side: Side::Source, error: error.of_everything() });
        }
        for (at, error) in refused_for_good {
            let folder = FolderId(at as u32);
            self.refused.insert(folder);
            context.report_problem(id, Some(folder), refused_folder(Side::Source, &ways[at].planned, &error));
        }
        // If other folders were opened, the refusal concerns the folders, not the server.
        if opened > 0 {
            refused_for_now.iter().for_each(|(at, _)| _ = self.losses.note(*at));
        }
        match refused_for_now.pop() {
            Some((_, error)) => Err(Halt::Server { side: Side::Source, error }),
            None => Ok(()),
        }
    }
}

impl Survey<'_> {
    /// Notes the folder at which the connection was lost; after too many losses it is named and passed over.
    fn suspect(&mut self, at: usize, way: &Way, error: &ImapError) {
        if !error.is_loss() || self.context.control.stopping() {
            return;
        }
        let id = FolderId(at as u32);
        if self.losses.note(at) >= MOST_LOSSES && self.refused.insert(id) {
            let problem = refused_folder(Side::Source, &way.planned, error).noting(Note::LostWhileOpening);
            self.context.report_problem(self.id, Some(id), problem);
        }
    }
}

/// The target's folders and its free space; for Kerio Connect, the folders that it creates for each user.
fn target_folders(
    context: &RunContext,
    id: AccountId,
    account: &Account,
    user_state: UserState,
) -> Result<(Listing, Room), Halt> {
    let own = context.profile.own_folders;
    if !own.is_empty() {
        // Never try an existing user's password: a refusal could lock the account before the migration.
        let folder = |(name, special_use): &(&str, SpecialUse)| Folder {
            wire_name: name.as_bytes().to_vec(),
            path: FolderPath::new([*name]),
            special_use: Some(*special_use),
            selectable: true,
            subscribed: true,
        };
        let folders = own.iter().map(folder).collect();
        let exists = user_state == UserState::Exists;
        let room = if exists { context.directory.room(account) } else { Room::default() };
        return Ok((Listing { folders, separator: Some('/'), ..Listing::default() }, room));
    }
    if user_state == UserState::Cannot {
        return Ok((Listing::default(), Room::default()));
    }
    let _place = context.permit(id, Side::Target)?;
    let connection = context.sign_in(id, Side::Target, account)?;
    let mut target = connection.session.into_reader();
    let listing = target.list_with_quota().on(Side::Target)?;
    target.logout();
    let room = listing.free.into();
    Ok((listing, room))
}
