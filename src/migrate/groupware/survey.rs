//! What an account has on the source: counted for a check, listed for a migration.

use super::places;
use super::reporter::ItemReporter;
use super::sides::{self, DavFailure, OnDavSide};
use crate::dav::{Collection, CollectionKind, DavError, Listed, Source};
use crate::domain::{Account, AccountId, ProblemKind, Side};
use crate::migrate::context::RunContext;

/// A collection of the source with what is in it.
pub(super) struct Held {
    pub(super) collection: Collection,
    pub(super) items: Vec<Listed>,
    /// Whether the server listed all of it.
    pub(super) whole: bool,
}

/// Counts what an account has on the source, and says whether that went well.
pub fn survey(context: &RunContext, id: AccountId, account: &Account) -> bool {
    if context.groupware.is_none() {
        return true;
    }
    let mut reporter = ItemReporter::new(context, id, account);
    let looked = match open(&mut reporter) {
        Ok(Some(mut source)) => list(&mut reporter, &mut source).map(|held| {
            for held in held.iter().filter(|held| !held.whole) {
                let problem = reporter.of_collection(ProblemKind::CollectionNotWhole, Side::Source, &held.collection);
                reporter.problem(problem);
            }
        }),
        Ok(None) => Ok(()),
        Err(failure) => Err(failure),
    };
    if let Err(failure) = looked
        && !context.control.stopping()
        && let Some(problem) = failure.problem(account)
    {
        reporter.problem(problem);
    }
    !reporter.incomplete
}

/// Signs in on the source. None where it has neither calendars nor address books, which is worth a notice and no failure when nobody
/// named its address.
pub(super) fn open(reporter: &mut ItemReporter<'_>) -> Result<Option<Source>, DavFailure> {
    let demanded = reporter.context.groupware.as_ref().is_some_and(|ends| ends.demanded);
    match sides::open_source(reporter.context, reporter.account) {
        Err(DavFailure::Dav(side, error)) if !demanded && is_absent(&error) => {
            let problem = crate::domain::Problem::new(ProblemKind::ItemsNotOffered).on(side);
            reporter.problem(problem.for_account(&reporter.account.address).saying(error));
            Ok(None)
        }
        other => other.map(Some),
    }
}

/// Whether a server does not have what was looked for: nothing listens, or something else does.
fn is_absent(error: &DavError) -> bool {
    match error {
        DavError::NothingFound(_) | DavError::NotDav(_) => true,
        DavError::Network(error) => matches!(error, crate::network::NetworkError::Refused),
        _ => false,
    }
}

/// Lists the collections that are migrated, the default ones first, with what is in them, and reports how many items that is.
pub(super) fn list(reporter: &mut ItemReporter<'_>, source: &mut Source) -> Result<Vec<Held>, DavFailure> {
    let mut held = Vec::new();
    let (mut events, mut tasks, mut contacts) = (0, 0, 0);
    for collection in places::in_order(source.collections().on(Side::Source)?) {
        if let Some(why) = collection.left_out {
            let problem = reporter.of_collection(ProblemKind::CollectionLeftOut, Side::Source, &collection);
            reporter.problem(problem.saying(why));
            continue;
        }
        reporter.names.insert(collection.href.canonical().to_owned(), collection.name.clone());
        let (items, whole) = source.items(&collection).on(Side::Source)?;
        let count = items.len() as u64;
        match collection.kind {
            CollectionKind::AddressBook => contacts += count,
            CollectionKind::Calendar if !collection.tasks => events += count,
            CollectionKind::Calendar if !collection.events => tasks += count,
            CollectionKind::Calendar => {
                let of_these =
                    if count == 0 { 0 } else { source.count_tasks(&collection).on(Side::Source)?.min(count) };
                tasks += of_these;
                events += count - of_these;
            }
        }
        held.push(Held { collection, items, whole });
    }
    reporter.counted(events, tasks, contacts);
    Ok(held)
}
