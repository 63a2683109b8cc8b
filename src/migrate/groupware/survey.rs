//! What an account has on the source: counted in a check, listed for a migration.

use super::origin::{ItemFiles, ItemFolders, Origin};
use super::places;
use super::reporter::ItemReporter;
use super::sides::{self, Failure};
use crate::dav::{Collection, DavError, Listed};
use crate::domain::{Account, AccountId, ItemNote, Note, Problem, ProblemKind, Side};
use crate::ledger::{ItemsAt, Ledger};
use crate::migrate::context::RunContext;
use crate::network::NetworkError;
use std::collections::{BTreeSet, VecDeque};

/// A collection of the source with its texts.
pub(super) struct Held {
    pub(super) collection: Collection,
    pub(super) items: Vec<Listed>,
    /// Whether the list is complete.
    pub(super) is_whole: bool,
}

/// Counts what an account has on the source; returns whether nothing was reported as missing.
pub fn survey(context: &RunContext, id: AccountId, account: &Account) -> bool {
    if context.groupware.is_none() {
        return true;
    }
    let mut reporter = ItemReporter::new(context, id, account);
    let looked = match open(&mut reporter, None) {
        Ok(Some(mut source)) => list(&mut reporter, &mut source).map(|held| {
            for held in held.iter().filter(|held| !held.is_whole) {
                let problem = reporter.of_collection(ProblemKind::CollectionNotWhole, Side::Source, &held.collection);
                reporter.problem(problem);
            }
        }),
        Ok(None) => Ok(()),
        Err(failure) => Err(failure),
    };
    if let Err(failure) = looked
        && !context.control.of(id).stopping()
        && let Some(problem) = failure.problem(account)
    {
        reporter.problem(problem);
    }
    !reporter.incomplete
}

/// Opens the source; none if it has neither calendars nor address books.
///
/// - Their absence is a notice, not a failure, unless the user demands them; and not even a notice if the record says that they were absent
///   before.
/// - If the record says that a server had them, its silence is a failure: another origin of items is not the same source.
pub(super) fn open(reporter: &mut ItemReporter<'_>, ledger: Option<&Ledger>) -> Result<Option<Origin>, Failure> {
    let Some(ends) = &reporter.context.groupware else { return Err(Failure::Off) };
    let earlier = match ledger {
        Some(ledger) => ledger.items_at()?,
        None => None,
    };
    let absent = |reporter: &mut ItemReporter<'_>, why: ItemNote| {
        if earlier == Some(ItemsAt::Nowhere) && ends.files.is_none() {
            log::debug!(target: "dav", "as before, the source has no items: {why:?}");
            return Ok(None);
        }
        let problem = Problem::new(ProblemKind::ItemsNotOffered).on(Side::Source);
        reporter.problem(problem.for_account(&reporter.account.address).noting(Note::Items(why)));
        Ok(None)
    };
    if let Some(directory) = &ends.files {
        return match ItemFiles::of(directory, &reporter.account.address).map_err(Failure::Files)? {
            Some(files) => Ok(Some(Origin::Files(files))),
            None => absent(reporter, ItemNote::NoFiles { path: directory.display().to_string() }),
        };
    }
    let folders = |reporter: &ItemReporter<'_>| {
        let opened = ItemFolders::open(reporter.context, reporter.id, reporter.account);
        opened.map_err(|halt| Failure::Mailbox(Box::new(halt)))
    };
    if ends.only_folders {
        return match folders(reporter)? {
            Some(folders) => Ok(Some(Origin::Folders(Box::new(folders)))),
            None => absent(reporter, ItemNote::NoFolder),
        };
    }
    let why = match ends.first_met.get() {
        Some(Err(why)) if earlier != Some(ItemsAt::Server) => why.clone(),
        _ => {
            let opened = sides::open_source(reporter.context, reporter.id, reporter.account);
            let error = match opened {
                Err(Failure::Dav(_, error)) if !ends.demanded && is_absent(&error) => error,
                other => {
                    // A server that refuses a password or is busy has answered, too.
                    if !matches!(&other, Err(Failure::Dav(_, DavError::Network(_)) | Failure::NoPassword(_))) {
                        let _ = ends.first_met.set(Ok(()));
                    }
                    return other.map(|source| Some(Origin::Server(Box::new(source))));
                }
            };
            if earlier == Some(ItemsAt::Server) {
                return Err(Failure::Dav(Side::Source, error));
            }
            if is_silent(&error) && ends.first_met.get_or_init(|| Err(error.fault())).is_ok() {
                return Err(Failure::Dav(Side::Source, error));
            }
            error.fault()
        }
    };
    // Folders come second: if a source has both, calendars of a server are the better ones.
    match folders(reporter)? {
        Some(folders) => Ok(Some(Origin::Folders(Box::new(folders)))),
        None => absent(reporter, ItemNote::Server(why)),
    }
}

/// Whether there is no such server: nothing answers, or something else does.
fn is_absent(error: &DavError) -> bool {
    matches!(error, DavError::NothingFound(_) | DavError::NotDav(_)) || is_silent(error)
}

/// Whether nothing answers at all, whatever the account.
fn is_silent(error: &DavError) -> bool {
    let DavError::Network(error) = error else { return false };
    matches!(error, NetworkError::Refused | NetworkError::TimedOut | NetworkError::NotConnected { .. })
}

/// Lists the migrated collections with their items, the default ones first, and reports the number of items. Every run lists everything:
/// that takes one request for each collection, and what a server says about a token (RFC 6578) proves nothing.
pub(super) fn list(reporter: &mut ItemReporter<'_>, source: &mut Origin) -> Result<Vec<Held>, Failure> {
    let (mut held, mut met) = (Vec::new(), BTreeSet::new());
    let (mut events, mut tasks, mut contacts) = (0, 0, 0);
    let (collections, is_all) = source.collections()?;
    if let Some(problem) = Failure::not_whole(Side::Source).problem(reporter.account).filter(|_| !is_all) {
        reporter.problem(problem);
    }
    let mut left: VecDeque<Collection> = places::in_order(collections).into();
    while let Some(collection) = left.pop_front() {
        if !met.insert(collection.href.clone()) {
            continue;
        }
        if let Some(why) = collection.left_out {
            let problem = reporter.of_collection(ProblemKind::CollectionLeftOut, Side::Source, &collection);
            reporter.problem(problem.noting(Note::Items(ItemNote::LeftOut(why))));
            continue;
        }
        reporter.names.insert(collection.href.canonical().to_owned(), collection.name.clone());
        let (items, is_whole) = source.items(&collection)?;
        left.extend(source.nested()?);
        let counts = source.count(&collection, &items)?;
        (events, tasks, contacts) = (events + counts.0, tasks + counts.1, contacts + counts.2);
        held.push(Held { collection, items, is_whole });
    }
    reporter.counted(events, tasks, contacts);
    Ok(held)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io;

    #[test]
    fn a_port_where_nothing_answers_has_no_calendars_and_a_server_that_fails_may_have_some() {
        let not_connected = NetworkError::NotConnected { why: io::Error::other("no route to host") };
        for silent in [NetworkError::Refused, NetworkError::TimedOut, not_connected] {
            assert!(is_absent(&DavError::Network(silent)));
        }
        assert!(is_absent(&DavError::NothingFound("x".to_owned())));
        let lost = DavError::Network(NetworkError::Lost(io::Error::other("reset")));
        for failing in [lost, DavError::SignInRefused { digest: false }, DavError::Busy { status: 503, wait: None }] {
            assert!(!is_absent(&failing), "{failing}");
        }
    }
}
