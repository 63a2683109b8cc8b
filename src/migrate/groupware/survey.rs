//! What an account has on the source: counted for a check, listed for a migration.

use super::origin::{ItemFiles, ItemFolders, Origin};
use super::places;
use super::reporter::ItemReporter;
use super::sides::{self, Failure};
use crate::dav::{Collection, DavError, Listed};
use crate::domain::{Account, AccountId, Problem, ProblemKind, Side};
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

/// Opens the source. None where it has neither calendars nor address books, which is worth a notice and no failure when nobody said that
/// they are there.
pub(super) fn open(reporter: &mut ItemReporter<'_>) -> Result<Option<Origin>, Failure> {
    let Some(ends) = &reporter.context.groupware else { return Err(Failure::Off) };
    let absent = |reporter: &mut ItemReporter<'_>, why: String| {
        let problem = Problem::new(ProblemKind::ItemsNotOffered).on(Side::Source);
        reporter.problem(problem.for_account(&reporter.account.address).saying(why));
        Ok(None)
    };
    if let Some(directory) = &ends.files {
        return match ItemFiles::of(directory, &reporter.account.address).map_err(Failure::Files)? {
            Some(files) => Ok(Some(Origin::Files(files))),
            None => absent(reporter, format!("{} has no folder of that name", directory.display())),
        };
    }
    let folders = |reporter: &ItemReporter<'_>| {
        let opened = ItemFolders::open(reporter.context, reporter.id, reporter.account);
        opened.map_err(|halt| Failure::Mailbox(Box::new(halt)))
    };
    if ends.only_folders {
        return match folders(reporter)? {
            Some(folders) => Ok(Some(Origin::Folders(Box::new(folders)))),
            None => absent(reporter, "no folder of the mailbox holds such".to_owned()),
        };
    }
    match sides::open_source(reporter.context, reporter.account) {
        // Where a server has both, what it gives as calendars is the better of the two.
        Err(Failure::Dav(_, error)) if !ends.demanded && is_absent(&error) => match folders(reporter)? {
            Some(folders) => Ok(Some(Origin::Folders(Box::new(folders)))),
            None => absent(reporter, error.to_string()),
        },
        other => other.map(|source| Some(Origin::Server(Box::new(source)))),
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
pub(super) fn list(reporter: &mut ItemReporter<'_>, source: &mut Origin) -> Result<Vec<Held>, Failure> {
    let mut held = Vec::new();
    let (mut events, mut tasks, mut contacts) = (0, 0, 0);
    for collection in places::in_order(source.collections()?) {
        if let Some(why) = collection.left_out {
            let problem = reporter.of_collection(ProblemKind::CollectionLeftOut, Side::Source, &collection);
            reporter.problem(problem.saying(why));
            continue;
        }
        reporter.names.insert(collection.href.canonical().to_owned(), collection.name.clone());
        let (items, whole) = source.items(&collection)?;
        let counts = source.count(&collection, &items)?;
        (events, tasks, contacts) = (events + counts.0, tasks + counts.1, contacts + counts.2);
        held.push(Held { collection, items, whole });
    }
    reporter.counted(events, tasks, contacts);
    Ok(held)
}
