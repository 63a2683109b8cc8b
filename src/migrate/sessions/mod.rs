//! The connections of one attempt on a mailbox. Both sides connect at the same time, because each mailbox pays for every round trip.
//!
//! One order is kept: the source accepts the password before the user is looked up or created on the target, so that a user whose mail
//! cannot be read is not created.

pub mod follower;
pub mod second;

use crate::domain::{Account, AccountId, Side};
use crate::imap::{self, Listing, Reader, Session, Writer};
use crate::ledger::FolderRecord;
use crate::migrate::context::control::Registration;
use crate::migrate::context::permits::Permit;
use crate::migrate::context::{RunContext, SignedIn};
use crate::migrate::halt::{Halt, OnSide};
use crate::migrate::request::Verify;
use crate::migrate::sessions::follower::Follower;
use crate::migrate::sessions::second::SecondConnection;
use crate::migrate::target::directory::TargetUser;
use crate::progress::{Event, Step};
use std::collections::BTreeSet;
use std::time::Duration;

/// The connections of one attempt.
pub struct Sessions {
    pub source: Reader,
    pub target: Writer,
    /// The connection that reads back; none until something is copied.
    pub follower: Option<Follower>,
    has_asked_for_follower: bool,
    /// The connection for every other batch.
    pub second: SecondConnection,
    /// The wire names of the target's folders, so that none is created twice.
    pub existing: BTreeSet<Vec<u8>>,
    /// The wire names of the target's folders that can hold messages.
    pub selectable: BTreeSet<Vec<u8>>,
    /// The character between the parts of a name on the target.
    pub separator: Option<char>,
    _registrations: [Registration; 2],
    _places: [Permit; 2],
}

/// What both sides listed.
pub struct Listings {
    pub source: Listing,
    pub target: Listing,
}

/// The current wire name of a record's target folder.
pub fn target_name(target: &Writer, record: &FolderRecord) -> Vec<u8> {
    let name = record.target_path.as_ref().and_then(|path| target.wire_name(path).ok());
    name.unwrap_or_else(|| record.target_name.clone())
}

impl Sessions {
    /// Signs in on both sides and lists the folders. `user` is looked up or created if it is not known yet.
    pub fn open(
        context: &RunContext,
        id: AccountId,
        account: &Account,
        user: &mut Option<TargetUser>,
    ) -> Result<(Self, Listings), Halt> {
        context.report(Event::Stepped { account: id, step: Step::SigningIn });
        let places = [context.permit(id, Side::Source)?, context.permit(id, Side::Target)?];
        let (signed_in, source_signed_in) = crossbeam_channel::bounded(1);
        let (source, target) = std::thread::scope(|scope| {
            let source = scope.spawn(move || {
                let connection = context.sign_in(id, Side::Source, account)?;
                let _ = signed_in.send(());
                list(connection, Side::Source)
            });
            let greeted = imap::connect(&context.endpoint(id, Side::Target));
            // Fails if the source's thread ended without a sign-in; that thread's error is the one that counts.
            let may_continue =
                if context.profile.creates_users { source_signed_in.recv().map_err(|_| Halt::Held) } else { Ok(()) };
            let target = may_continue.and_then(|()| {
                let known = match user {
                    Some(user) => user.clone(),
                    None => ensure_user(context, id, account)?,
                };
                context.report(Event::Stepped { account: id, step: Step::SigningIn });
                let (connection, name) = context.sign_in_target(id, account, &known, greeted)?;
                // Every further connection uses the name that worked.
                *user = Some(TargetUser { created: false, sign_in_names: vec![name] });
                list(connection, Side::Target)
            });
            (source.join(), target)
        });
        let (source, source_registration, source_listing) = source.unwrap_or(Err(Halt::Held))?;
        let (target, target_registration, target_listing) = target?;
        let listed = target_listing.folders.iter();
        let existing = listed.clone().map(|folder| folder.wire_name.clone()).collect();
        let selectable = listed.filter(|folder| folder.selectable).map(|folder| folder.wire_name.clone()).collect();
        let sessions = Self {
            source,
            target: target.into_writer(),
            follower: None,
            has_asked_for_follower: false,
            second: SecondConnection::default(),
            existing,
            selectable,
            separator: target_listing.separator,
            _registrations: [source_registration, target_registration],
            _places: places,
        };
        Ok((sessions, Listings { source: source_listing, target: target_listing }))
    }

    /// Starts the connection that reads back, once. A mailbox without anything new does not need it, and with many such mailboxes the
    /// sign-ins take most of the time.
    pub fn start_follower(
        &mut self,
        context: &RunContext,
        id: AccountId,
        account: &Account,
        user: Option<&TargetUser>,
    ) {
        if !std::mem::replace(&mut self.has_asked_for_follower, true) {
            self.follower = start_follower(context, id, account, user);
        }
    }

    /// From now on, both sides wait this long for the next byte.
    pub fn wait_for_next_byte(&mut self, patience: Duration) -> Result<(), Halt> {
        self.source.wait_for_next_byte(patience).on(Side::Source)?;
        self.target.reader().wait_for_next_byte(patience).on(Side::Target)
    }

    /// Logs out on all connections.
    pub fn close(self) {
        drop(self.follower);
        self.second.close();
        self.source.logout();
        self.target.logout();
    }
}

fn list(connection: SignedIn, side: Side) -> Result<(Reader, Registration, Listing), Halt> {
    let mut reader = connection.session.into_reader();
    let listing = if side == Side::Target { reader.list_with_quota() } else { reader.list() };
    let listing = listing.on(side)?;
    Ok((reader, connection.registration, listing))
}

fn ensure_user(context: &RunContext, id: AccountId, account: &Account) -> Result<TargetUser, Halt> {
    context.report(Event::Stepped { account: id, step: Step::CreatingAccount });
    let mut domain_created = |domain: &str| context.report(Event::DomainCreated { domain: domain.to_owned() });
    let control = context.control.of(id);
    let user = context.directory.ensure(account, &|| control.stopping(), &mut domain_created)?;
    if user.created {
        context.report(Event::UserCreated { account: id });
    }
    Ok(user)
}

/// Starts the connection that reads back. Without it, or without a permit for it, the copying connection does that itself.
fn start_follower(
    context: &RunContext,
    id: AccountId,
    account: &Account,
    user: Option<&TargetUser>,
) -> Option<Follower> {
    if context.options.verify != Verify::Content {
        return None;
    }
    let open = further_connection(context, id, account, user)?;
    let connect = move || open().map(|(session, place)| (session.into_reader(), place));
    Follower::start(&account.address.to_string(), context.control.clone(), connect).ok()
}

/// Opens one more connection to the target, on any thread, under the name that has worked; none if the user's limit is reached.
pub fn further_connection(
    context: &RunContext,
    id: AccountId,
    account: &Account,
    user: Option<&TargetUser>,
) -> Option<impl FnOnce() -> Option<(Session, Permit)> + Send + 'static> {
    let name = user?.sign_in_names.first()?.clone();
    let place = context.target.permits.take_free()?;
    let endpoint = context.endpoint(id, Side::Target);
    let (credentials, owner) = (context.target.credentials.clone(), account.clone());
    Some(move || {
        let sign_in = credentials.sign_in(&owner, &name);
        let sign_in = sign_in.inspect_err(|problem| log::debug!("no further connection: {problem}")).ok()?;
        let session = imap::connect(&endpoint).and_then(|greeted| greeted.sign_in(&sign_in));
        let session = session.inspect_err(|error| log::debug!("no further connection: {error}"));
        session.ok().map(|session| (session, place))
    })
}
