//! The tripwire: notices early if a target sends invitations although stored events have no participants.
//!
//! 1. The first ten events of a run that had participants whose mailboxes are migrated too are stored alone, one after the other, across
//!    all accounts. Before the first, the program notes what the participants have on the target: the UIDNEXT of INBOX, of the spam folder
//!    and of calendar folders, and over CalDAV the objects in the calendars and in the scheduling inbox.
//! 2. After the first and the tenth, and at the end of each account in between, it reads what is new there. A recent message about one of
//!    the events is an invitation, and so is a calendar object with its UID and participants.
//! 3. An event that comes back from the target with participants, though stored without, counts as an invitation, too.
//! 4. One invitation ends all work on items of the run. Mail continues.
//!
//! What the migration itself stores is no sign, though it may contain the same event: its mail was written earlier, and its events have no
//! participants. If it keeps participants, it does not look into calendars. A participant whose mailbox cannot be read proves nothing, and
//! delays nothing.

use super::messages;
use super::places;
use super::sides::{self, Failure};
use crate::dav::Href;
use crate::domain::{Account, AccountId, Address, Folder, Invitation, ItemName, Side, SpecialUse, Uid};
use crate::imap::{ImapError, Reader};
use crate::items::{ItemMessage, invited_uids};
use crate::migrate::context::RunContext;
use crate::migrate::context::invitations::{Before, Watched};
use crate::migrate::halt::{Halt, OnSide};
use crate::progress::UserState;
use std::collections::BTreeSet;
use std::sync::MutexGuard;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The number of watched events.
const WATCHED: usize = 10;
/// At most this many participants are watched.
const MOST_PEOPLE: usize = 10;
/// At most this many folders of a person are watched.
const MOST_FOLDERS: usize = 8;
/// At most this many new calendar objects of a person are read.
const MOST_OBJECTS: usize = 200;
/// The greatest age of a recent message, in seconds by its own date. Generous, because clocks differ.
const TODAY: i64 = 3600;
/// How long mail may take from one mailbox of the target to another.
const DELIVERY: Duration = Duration::from_secs(2);
/// The largest new message that is read, in bytes, and how many of a folder are read at most.
const LARGEST: u64 = 4 << 20;
const MOST_MESSAGES: usize = 200;

/// Fails if an invitation was seen.
pub(super) fn ask(context: &RunContext) -> Result<(), Failure> {
    context.invitations.seen().map_or(Ok(()), |seen| Err(Failure::InvitationSeen(seen.clone())))
}

/// The participants whose mailboxes this run migrates, except the event's owner.
pub(super) fn migrated<'c>(context: &'c RunContext, owner: &Account, participants: &[String]) -> Vec<&'c Account> {
    let is_one = |account: &&Account| {
        let is_named = |address: &Address| participants.iter().any(|it| it.eq_ignore_ascii_case(&address.key()));
        account.target() != owner.target() && (is_named(&account.address) || is_named(account.target()))
    };
    context.accounts.iter().filter(is_one).collect()
}

/// Notes an event that has participants on the target though it was stored without: any change of it may invite them.
pub(super) fn note_put_back(context: &RunContext, owner: &Account, name: &ItemName, participants: &[String]) {
    let is_owner =
        |address: &str| [&owner.address, owner.target()].iter().any(|own| own.key().eq_ignore_ascii_case(address));
    if let Some(other) = participants.iter().find(|address| !is_owner(address)) {
        let (participant, event) = (other.clone(), Box::new(name.clone()));
        context.invitations.note_seen(Invitation::PutBack { participant, event });
    }
}

/// The watch over the event that is stored next.
pub(super) struct Watch<'c>(MutexGuard<'c, Watched>);

/// Takes the watch for an event; none if enough events were watched, or no participant can be.
pub(super) fn watch<'c>(
    context: &'c RunContext,
    id: AccountId,
    people: &[&Account],
    uid: &str,
) -> Result<Option<Watch<'c>>, Failure> {
    ask(context)?;
    let mut watched = context.invitations.watched();
    ask(context)?;
    if watched.uids.len() >= WATCHED && watched.looked_at >= WATCHED {
        return Ok(None);
    }
    for person in people {
        note(context, id, person, &mut watched);
    }
    if people.iter().all(|person| !watched.people.contains_key(person.target())) {
        return Ok(None);
    }
    watched.uids.insert(uid.to_owned());
    Ok(Some(Watch(watched)))
}

impl Watch<'_> {
    /// Checks the participants after the first and after the last watched event.
    pub(super) fn look_if_due(&mut self, context: &RunContext, id: AccountId) -> Result<(), Failure> {
        let (stored, looked_at) = (self.0.uids.len(), self.0.looked_at);
        if looked_at == 0 || (stored >= WATCHED && looked_at < WATCHED) {
            context.control.wait(context.options.patience.quiet.min(DELIVERY));
            look(context, id, &mut self.0)
        } else {
            Ok(())
        }
    }
}

/// Checks the participants at the end of an account, if anything was stored since the last check.
pub(super) fn look_at_end(context: &RunContext, id: AccountId) -> Result<(), Failure> {
    let mut watched = context.invitations.watched();
    ask(context)?;
    if watched.looked_at < watched.uids.len() { look(context, id, &mut watched) } else { Ok(()) }
}

fn look(context: &RunContext, id: AccountId, watched: &mut Watched) -> Result<(), Failure> {
    for (address, before) in watched.people.clone() {
        let Some(person) = context.accounts.iter().find(|account| *account.target() == address) else { continue };
        let in_mail = with_mailbox(context, id, person, &mut |reader| invitation(reader, &before, watched));
        let in_mail = in_mail.unwrap_or_else(|halt| {
            log::debug!(target: "dav", "the mailbox of {address} was not checked: {halt:?}");
            None
        });
        let found = in_mail.or_else(|| object(context, id, person, &before, watched));
        if let Some(uid) = found {
            context.invitations.note_seen(Invitation::Received { participant: address.to_string(), uid });
            return ask(context);
        }
    }
    watched.looked_at = watched.uids.len();
    Ok(())
}

/// Notes what a participant has before anything is stored.
fn note(context: &RunContext, id: AccountId, person: &Account, watched: &mut Watched) {
    let address = person.target();
    let is_known = watched.people.contains_key(address) || watched.closed.contains(address);
    if is_known || watched.people.len() >= MOST_PEOPLE {
        return;
    }
    let exists = context.directory.user_state(person).0 == UserState::Exists;
    let folders = if exists {
        with_mailbox(context, id, person, &mut |reader| folders(reader, keeps(context)))
    } else {
        Err(Halt::Held)
    };
    match folders {
        Ok(folders) => {
            watched.people.insert(address.clone(), Before { folders, objects: objects(context, id, person) });
        }
        Err(halt) => {
            log::debug!(target: "dav", "the mailbox of {address} cannot be read: {halt:?}");
            watched.closed.insert(address.clone());
        }
    }
}

/// Runs `work` on a participant's mailbox on the target, which is only read.
fn with_mailbox<T>(
    context: &RunContext,
    id: AccountId,
    person: &Account,
    work: &mut dyn FnMut(&mut Reader) -> Result<T, ImapError>,
) -> Result<T, Halt> {
    let _place = context.permit(id, Side::Target)?;
    let mut reader = context.sign_in(id, Side::Target, person)?.session.into_reader();
    let done = work(&mut reader).on(Side::Target)?;
    reader.logout();
    Ok(done)
}

/// Whether events keep their participants: then a participant's own copy looks like an invitation.
fn keeps(context: &RunContext) -> bool {
    context.groupware.as_ref().is_some_and(|ends| ends.keep_attendees)
}

/// The folders that may receive invitations, each with its next UID: INBOX, spam, and unless `only_mail` folders of items.
fn folders(reader: &mut Reader, only_mail: bool) -> Result<Vec<(Vec<u8>, Uid)>, ImapError> {
    let may_get = |folder: &&Folder| {
        let is_mail = folder.path.is_inbox() || folder.special_use == Some(SpecialUse::Junk);
        folder.selectable && (is_mail || (!only_mail && places::is_item_name(folder.path.name())))
    };
    let mut listed = reader.list()?.folders;
    listed.sort_by_key(|folder| !folder.path.is_inbox());
    let mut found = Vec::new();
    for folder in listed.iter().filter(may_get).take(MOST_FOLDERS) {
        match reader.examine(&folder.wire_name) {
            Ok(status) => found.push((folder.wire_name.clone(), next_uid(reader, status.uid_next)?)),
            Err(error) if error.is_connection() => return Err(error),
            Err(error) => log::debug!(target: "dav", "{} cannot be read: {error}", folder.path),
        }
    }
    Ok(found)
}

/// The UID after the last message, even if the server does not announce it.
fn next_uid(reader: &mut Reader, announced: Option<Uid>) -> Result<Uid, ImapError> {
    if let Some(next) = announced {
        return Ok(next);
    }
    let mut last = 0;
    reader.heads(Uid(1), None, &mut |head| last = last.max(head.uid.0))?;
    Ok(Uid(last.saturating_add(1)))
}

/// The first watched event that a new, recent message is about.
fn invitation(reader: &mut Reader, before: &Before, watched: &Watched) -> Result<Option<String>, ImapError> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO).as_secs() as i64;
    let is_of_today = |date: Option<i64>| date.is_none_or(|date| date >= now - TODAY);
    let mut found = None;
    for (wire_name, next) in &before.folders {
        reader.examine(wire_name)?;
        let mut uids = Vec::new();
        reader.heads(*next, None, &mut |head| {
            if head.uid >= *next && head.size <= LARGEST {
                uids.push(head.uid);
            }
        })?;
        uids.sort_unstable_by(|one, other| other.cmp(one));
        uids.truncate(MOST_MESSAGES);
        let is_inbox = wire_name.eq_ignore_ascii_case(b"INBOX");
        let mut each = |_, message: Result<Vec<u8>, String>| {
            let message = ItemMessage::read(&message.unwrap_or_default());
            // A message without a date counts as recent.
            if found.is_none() && is_of_today(message.date) {
                // A calendar folder may hold the person's own copy of the event, which invites nobody.
                let uids = if is_inbox { message.announced_uids() } else { message.invited_uids() };
                found = uids.into_iter().find(|uid| watched.uids.contains(uid));
            }
            true
        };
        messages::read(reader, &uids, LARGEST, &mut each)?;
    }
    Ok(found)
}

/// A person's calendar objects; none if they cannot be read, or if events keep their participants.
fn objects(context: &RunContext, id: AccountId, person: &Account) -> Option<BTreeSet<Href>> {
    if keeps(context) {
        return None;
    }
    let objects = sides::open_target(context, id, person, None).ok()?.reader().objects();
    objects.inspect_err(|error| log::debug!(target: "dav", "calendars cannot be read: {error}")).ok()
}

/// The first watched event of which the person has a new object that a server made from an invitation.
fn object(context: &RunContext, id: AccountId, person: &Account, before: &Before, watched: &Watched) -> Option<String> {
    let known = before.objects.as_ref()?;
    let mut target = sides::open_target(context, id, person, None).ok()?;
    let now = target.reader().objects().ok()?;
    now.difference(known).take(MOST_OBJECTS).find_map(|href| {
        let text = target.reader().get(href).ok()?.text;
        invited_uids(&text).into_iter().find(|uid| watched.uids.contains(uid))
    })
}
