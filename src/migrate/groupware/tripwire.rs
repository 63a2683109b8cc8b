//! The tripwire: should a target send invitations although what is stored has no participants, that is seen before it can do much harm.
//!
//! 1. Of the first ten events of a run that had participants whose own mailboxes are migrated too, each is stored alone, and one after
//!    the other, whichever account it is of. Before the first one the UIDNEXT of the participants' INBOXes on the target is noted.
//! 2. After the first and after the tenth, and when an account ends in between, what came to these INBOXes since is read. A message of
//!    today that is about one of the events is an invitation.
//! 3. One invitation ends all work on items of the run. Mail continues.
//!
//! Mail that the migration itself brings into an INBOX is no sign, though it may hold the same event: it was written before. A
//! participant whose mailbox cannot be looked into proves nothing, and holds nothing up.

use super::sides::Failure;
use crate::domain::{Account, AccountId, Address, Side, Uid};
use crate::imap::{BodySink, Reader, SinkClosed};
use crate::items::ItemMessage;
use crate::migrate::context::RunContext;
use crate::migrate::context::invitations::Watched;
use crate::migrate::halt::Halt;
use crate::progress::UserState;
use std::sync::MutexGuard;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Events that are watched.
const WATCHED: usize = 10;
/// Mailboxes that are looked into at most.
const MOST_INBOXES: usize = 10;
/// How long before now a message may say that it was written and still be taken for one of today: clocks differ.
const TODAY: i64 = 3600;
/// How long mail may need from one mailbox of the target to the other.
const DELIVERY: Duration = Duration::from_secs(2);
/// The largest message that is looked into, in bytes, and how many of an INBOX.
const LARGEST: u64 = 4 << 20;
const MOST_MESSAGES: usize = 200;

/// Stops where an invitation was seen.
pub(super) fn ask(context: &RunContext) -> Result<(), Failure> {
    context.invitations.seen().map_or(Ok(()), |seen| Err(Failure::InvitationSeen(seen.to_owned())))
}

/// Those of the participants whose mailboxes this run migrates, but for the owner of the event.
pub(super) fn migrated<'c>(context: &'c RunContext, owner: &Account, participants: &[String]) -> Vec<&'c Account> {
    let is_one = |account: &&Account| {
        let is_named = |address: &Address| participants.iter().any(|it| it.eq_ignore_ascii_case(&address.key()));
        account.target() != owner.target() && (is_named(&account.address) || is_named(account.target()))
    };
    context.accounts.iter().filter(is_one).collect()
}

/// The watch over an event that is to be stored next.
pub(super) struct Watch<'c>(MutexGuard<'c, Watched>);

/// Takes the watch for an event; none where enough was seen, or nobody can be looked at.
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
        note_inbox(context, id, person, &mut watched);
    }
    if people.iter().all(|person| !watched.inboxes.contains_key(person.target())) {
        return Ok(None);
    }
    watched.uids.insert(uid.to_owned());
    Ok(Some(Watch(watched)))
}

impl Watch<'_> {
    /// Looks into the INBOXes where it is time to.
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

/// Looks into the INBOXes at the end of an account, if anything was stored since they were looked into last.
pub(super) fn look_at_end(context: &RunContext, id: AccountId) -> Result<(), Failure> {
    let mut watched = context.invitations.watched();
    ask(context)?;
    if watched.looked_at < watched.uids.len() { look(context, id, &mut watched) } else { Ok(()) }
}

fn look(context: &RunContext, id: AccountId, watched: &mut Watched) -> Result<(), Failure> {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO).as_secs() as i64 - TODAY;
    for (address, next) in watched.inboxes.clone() {
        let Some(person) = context.accounts.iter().find(|account| *account.target() == address) else { continue };
        let found = with_inbox(context, id, person, &mut |reader| invitation(reader, next, since, watched));
        match found {
            Ok(Some(uid)) => {
                let seen = format!("{address} got one for the event with the UID {uid}");
                context.invitations.note_seen(seen);
                return ask(context);
            }
            Ok(None) => {}
            Err(halt) => log::debug!(target: "dav", "the INBOX of {address} was not looked into: {halt:?}"),
        }
    }
    watched.looked_at = watched.uids.len();
    Ok(())
}

fn note_inbox(context: &RunContext, id: AccountId, person: &Account, watched: &mut Watched) {
    let address = person.target();
    let is_known = watched.inboxes.contains_key(address) || watched.closed.contains(address);
    if is_known || watched.inboxes.len() >= MOST_INBOXES {
        return;
    }
    let exists = context.directory.user_state(person).0 == UserState::Exists;
    let next =
        if exists { with_inbox(context, id, person, &mut |reader| Ok(next_uid(reader))) } else { Err(Halt::Held) };
    match next {
        Ok(next) => {
            watched.inboxes.insert(address.clone(), next);
        }
        Err(halt) => {
            log::debug!(target: "dav", "the INBOX of {address} cannot be looked into: {halt:?}");
            watched.closed.insert(address.clone());
        }
    }
}

/// Does something with a person's INBOX on the target, which is opened for reading.
fn with_inbox<T>(
    context: &RunContext,
    id: AccountId,
    person: &Account,
    work: &mut dyn FnMut(&mut Reader) -> Result<T, crate::imap::ImapError>,
) -> Result<T, Halt> {
    use crate::migrate::halt::OnSide;
    let _place = context.permit(Side::Target)?;
    let mut reader = context.sign_in(id, Side::Target, person)?.session.into_reader();
    let done = work(&mut reader).on(Side::Target)?;
    reader.logout();
    Ok(done)
}

/// The UID after the last message, also where the server does not announce it.
fn next_uid(reader: &mut Reader) -> Uid {
    let announced = reader.examine(b"INBOX").ok().and_then(|status| status.uid_next);
    announced.unwrap_or_else(|| {
        let mut last = 0;
        let _ = reader.heads(Uid(1), None, &mut |head| last = last.max(head.uid.0));
        Uid(last.saturating_add(1))
    })
}

/// The first event that a new message is about.
fn invitation(
    reader: &mut Reader,
    next: Uid,
    since: i64,
    watched: &Watched,
) -> Result<Option<String>, crate::imap::ImapError> {
    reader.examine(b"INBOX")?;
    let mut uids = Vec::new();
    reader.heads(next, None, &mut |head| {
        if head.size <= LARGEST {
            uids.push(head.uid);
        }
    })?;
    uids.sort_unstable_by(|one, other| other.cmp(one));
    uids.truncate(MOST_MESSAGES);
    let mut whole = Whole { watched, since, message: Vec::new(), found: None };
    reader.bodies(&mut uids.chunks(10).map(<[Uid]>::to_vec), &mut whole)?;
    Ok(whole.found)
}

/// Looks into each message that arrives.
struct Whole<'w> {
    watched: &'w Watched,
    since: i64,
    message: Vec<u8>,
    found: Option<String>,
}

impl BodySink for Whole<'_> {
    fn begin(&mut self, _uid: Uid, _bytes: u64) -> Result<(), SinkClosed> {
        self.message.clear();
        Ok(())
    }

    fn chunk(&mut self, bytes: &[u8]) -> Result<(), SinkClosed> {
        if self.message.len() as u64 <= LARGEST {
            self.message.extend_from_slice(bytes);
        }
        Ok(())
    }

    fn end(&mut self) -> Result<(), SinkClosed> {
        let message = ItemMessage::read(&self.message);
        // Who leaves the date out has just written it.
        if message.date.is_none_or(|date| date >= self.since) {
            let announced = message.announced_uids().into_iter().find(|uid| self.watched.uids.contains(uid));
            self.found = self.found.take().or(announced);
        }
        Ok(())
    }

    fn unreadable(&mut self, _uid: Uid, _words: &str) -> Result<(), SinkClosed> {
        Ok(())
    }

    fn absent(&mut self, _uid: Uid) -> Result<(), SinkClosed> {
        Ok(())
    }

    fn batch_end(&mut self) -> Result<(), SinkClosed> {
        Ok(())
    }
}
