//! The survey of one account (`kimt check`, *Check accounts*): signs in on the source, counts, plans, and asks the directory how the
//! account stands. Changes nothing anywhere.

use super::context::RunContext;
use super::folder::read_heads;
use super::halt::{Halt, OnSide};
use super::planner::{self, TargetNames};
use crate::domain::{Account, AccountId, Folder, FolderId, FolderPath, Problem, Side, SpecialUse};
use crate::imap::Reader;
use crate::progress::{AccountEnd, Event, Standing, Step};

/// Surveys one account.
pub(super) fn survey(context: &RunContext, id: AccountId, account: &Account) -> AccountEnd {
    match look(context, id, account) {
        Ok(complete) => {
            if complete {
                AccountEnd::Complete
            } else {
                AccountEnd::Incomplete
            }
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

fn look(context: &RunContext, id: AccountId, account: &Account) -> Result<bool, Halt> {
    let step = |step| context.tell(Event::Stepped { account: id, step });
    step(Step::CreatingAccount);
    let (standing, problem) = context.directory.standing(account);
    context.tell(Event::AccountLookedUp { account: id, standing });
    let mut complete = problem.is_none();
    if let Some(problem) = problem {
        context.tell_problem(id, None, problem);
    }
    step(Step::SigningIn);
    let line = context.sign_in(id, Side::Source, &account.address.to_string(), account)?;
    let mut source = line.session.into_reader();
    step(Step::Listing);
    let listing = source.list().on(Side::Source)?;
    let target = target_folders(context, id, account, standing)?;
    let names = TargetNames { folders: &target.0, separator: target.1, kerio: context.kerio };
    let (ways, mut left_out) = planner::plan(&listing.folders, &names);
    left_out.splice(0..0, listing.left_out);
    let folders = ways.iter().map(|way| way.planned.clone()).collect();
    context.tell(Event::FoldersPlanned { account: id, folders, left_out });
    for (position, way) in ways.iter().enumerate() {
        if context.control.stopping() {
            return Err(Halt::Held);
        }
        complete &= count(context, id, &mut source, FolderId(position as u32), &listing.folders[way.index])?;
    }
    source.logout();
    Ok(complete)
}

/// Counts one folder; whether that went well.
fn count(
    context: &RunContext,
    id: AccountId,
    source: &mut Reader,
    folder: FolderId,
    listed: &Folder,
) -> Result<bool, Halt> {
    context.tell(Event::Stepped { account: id, step: Step::Scanning(folder) });
    match read_heads(source, listed) {
        Ok(heads) => {
            let (messages, bytes) = (heads.all().len() as u64, Some(heads.octets()));
            context.tell(Event::FolderCounted { account: id, folder, messages, bytes });
            context.tell(Event::FolderFinished { account: id, folder, target_messages: None });
            Ok(true)
        }
        Err(error) if error.is_connection() => Err(Halt::Server { side: Side::Source, error }),
        Err(error) => {
            let problem = Problem::new(crate::domain::ProblemKind::FolderNotRead)
                .on(Side::Source)
                .in_folder(&listed.path)
                .saying(error.words());
            context.tell_problem(id, Some(folder), problem);
            Ok(false)
        }
    }
}

/// The target's folders as they are, or for a user that does not exist yet, as Kerio Connect will make them.
fn target_folders(
    context: &RunContext,
    id: AccountId,
    account: &Account,
    standing: Standing,
) -> Result<(Vec<Folder>, Option<char>), Halt> {
    if context.kerio {
        // An existing user's password is not ours to try: a refusal could lock the account before the migration.
        let of = |name: &str, special_use| Folder {
            wire_name: name.as_bytes().to_vec(),
            path: FolderPath::new([name]),
            special_use: Some(special_use),
            selectable: true,
            subscribed: true,
        };
        let own = [
            ("INBOX", SpecialUse::Inbox),
            ("Sent Items", SpecialUse::Sent),
            ("Drafts", SpecialUse::Drafts),
            ("Deleted Items", SpecialUse::Trash),
            ("Junk E-mail", SpecialUse::Junk),
        ];
        return Ok((own.map(|(name, special_use)| of(name, special_use)).to_vec(), Some('/')));
    }
    if standing == Standing::Cannot {
        return Ok((Vec::new(), None));
    }
    let line = context.sign_in(id, Side::Target, &account.address.to_string(), account)?;
    let mut target = line.session.into_reader();
    let listing = target.list().on(Side::Target)?;
    target.logout();
    Ok((listing.folders, listing.separator))
}
