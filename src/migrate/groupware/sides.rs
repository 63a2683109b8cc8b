//! Signs in to the DAV servers of one account.

use crate::dav::{DavError, DavLogin, DavServer, Source, Target};
use crate::domain::{
    Account, AccountId, Invitation, ItemNote, ItemServerFault, Note, Problem, ProblemKind, Secret, Side,
};
use crate::migrate::context::RunContext;
use crate::migrate::endpoints::DavEnd;
use crate::migrate::halt::{Halt, record_problem};
use crate::network::HttpServer;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// The time limit of a request: long enough for a large item over a slow connection, and for a server that compiles a long list.
const LIMIT: Duration = Duration::from_secs(300);

/// Signs in to the source.
pub(super) fn open_source(context: &RunContext, id: AccountId, account: &Account) -> Result<Source, Failure> {
    let Some(ends) = &context.groupware else { return Err(Failure::Off) };
    let name = context.source.credentials.name(account);
    let login = login(account, name, Side::Source)?;
    let server = server(context, id, &ends.source)?;
    Source::open(server, &login).map_err(|error| Failure::Dav(Side::Source, error))
}

/// Signs in to the target, under the name that its mail server accepted, if known.
pub(super) fn open_target(
    context: &RunContext,
    id: AccountId,
    account: &Account,
    name: Option<&str>,
) -> Result<Target, Failure> {
    let Some(ends) = &context.groupware else { return Err(Failure::Off) };
    let name = name.map_or_else(|| context.target.credentials.name(account), str::to_owned);
    let login = login(account, name, Side::Target)?;
    let server = server(context, id, &ends.target)?;
    Target::open(server, &login).map_err(|error| Failure::Dav(Side::Target, error))
}

fn login(account: &Account, user: String, side: Side) -> Result<DavLogin, Failure> {
    let password: Secret = account.password.clone();
    if password.is_empty() { Err(Failure::NoPassword(side)) } else { Ok(DavLogin { user, password }) }
}

/// The server, with connections that *Stop now* or skipping the account cuts.
fn server(context: &RunContext, id: AccountId, end: &DavEnd) -> Result<DavServer, Failure> {
    if !end.address.encrypted && !end.cleartext_allowed {
        return Err(Failure::Dav(end.side, DavError::Cleartext(end.address.to_string())));
    }
    let watch = context.control.watch(end.side, Some(id), LIMIT);
    let server = HttpServer { watch: Some(watch), ..end.server.clone() };
    Ok(DavServer { address: end.address.clone(), server, limit: LIMIT, pause: pause(context, id) })
}

fn pause(context: &RunContext, id: AccountId) -> Arc<dyn Fn(Duration) -> bool + Send + Sync> {
    let control = context.control.of(id);
    Arc::new(move |duration| {
        control.wait(duration);
        !control.stopping()
    })
}

/// Why the items of an account cannot be worked on.
#[derive(Debug)]
pub(super) enum Failure {
    /// Items are not part of the run, or the user stops it.
    Off,
    /// The accounts file has no password; over DAV, nobody can sign in on behalf of others.
    NoPassword(Side),
    /// A server failed us.
    Dav(Side, DavError),
    /// The mailbox of the source, whose folders hold the items, failed us.
    Mailbox(Box<Halt>),
    /// A folder with files of the source cannot be read.
    Files(UnreadableFolder),
    /// The target has sent an invitation for an event that invites nobody, or may do so.
    InvitationSeen(Invitation),
    /// Our own record cannot be written.
    Ledger(crate::ledger::LedgerError),
}

impl Failure {
    /// A server's list is incomplete.
    pub(super) fn not_whole(side: Side) -> Self {
        Failure::Dav(side, DavError::NotDav(ItemServerFault::NotWhole))
    }

    /// The problem for the user; none if there is nothing to report.
    pub(super) fn problem(&self, account: &Account) -> Option<Problem> {
        let of = |kind: ProblemKind, side: Side| Problem::new(kind).on(side).for_account(&account.address);
        match self {
            Failure::Off => None,
            Failure::NoPassword(side) => {
                Some(of(ProblemKind::ItemsNotReached, *side).noting(Note::Items(ItemNote::NoPassword)))
            }
            Failure::Dav(side, error @ DavError::SignInRefused { .. }) => {
                Some(of(ProblemKind::ItemsRefused, *side).noting(server_note(error)))
            }
            Failure::Dav(side, DavError::Network(error)) => {
                Some(of(ProblemKind::ItemsNotReached, *side).caused_by(error.cause()))
            }
            Failure::Dav(side, error) => Some(of(ProblemKind::ItemsNotReached, *side).noting(server_note(error))),
            Failure::Mailbox(halt) => {
                let note = ItemNote::Mailbox { problem: Box::new(halt.problem(account)?) };
                Some(of(ProblemKind::ItemsNotReached, Side::Source).noting(Note::Items(note)))
            }
            Failure::Files(UnreadableFolder { path, why }) => {
                let note = ItemNote::FilesUnreadable { path: path.display().to_string(), why: why.to_string() };
                Some(of(ProblemKind::ItemsNotReached, Side::Source).noting(Note::Items(note)))
            }
            Failure::InvitationSeen(sign) => {
                let note = Note::Items(ItemNote::Invited(sign.clone()));
                Some(of(ProblemKind::InvitationSeen, Side::Target).noting(note))
            }
            Failure::Ledger(error) => Some(record_problem(error)),
        }
    }

    /// Whether a new connection may help.
    pub(super) fn is_loss(&self) -> bool {
        match self {
            Failure::Dav(_, error) => error.is_loss(),
            Failure::Mailbox(halt) => matches!(&**halt, Halt::Server { error, .. } if error.is_loss()),
            _ => false,
        }
    }
}

/// A folder with files that cannot be read.
#[derive(Debug)]
pub(super) struct UnreadableFolder {
    pub(super) path: PathBuf,
    pub(super) why: io::Error,
}

/// A server's fault as a problem's note.
pub(super) fn server_note(error: &DavError) -> Note {
    Note::Items(ItemNote::Server(error.fault()))
}

impl From<crate::ledger::LedgerError> for Failure {
    fn from(error: crate::ledger::LedgerError) -> Self {
        Failure::Ledger(error)
    }
}

/// Adds the side to a server's error.
pub(super) trait OnDavSide<T> {
    /// Marks an error as one of this side.
    fn on(self, side: Side) -> Result<T, Failure>;
}

impl<T> OnDavSide<T> for Result<T, DavError> {
    fn on(self, side: Side) -> Result<T, Failure> {
        self.map_err(|error| Failure::Dav(side, error))
    }
}
