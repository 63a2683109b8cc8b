//! Sample mail from a seed: people of several languages, their folders, and messages like those in real mailboxes.
//!
//! The same arguments give the same bytes, and thousands of messages take only a moment. This module only makes data; [`fill`] puts it into
//! a store.

mod compose;
mod encoded;
mod language;
mod odd;
mod people;

pub use people::{Person, people};

use super::store::{Content, MailStore, NewMessage, StoreError};
use crate::domain::SpecialUse;
use chrono::{DateTime, Duration, FixedOffset};
use compose::{Body, Composer, Head};

/// A folder with its messages.
#[derive(Debug, Clone)]
pub struct SampleFolder {
    /// The parts of its name, outermost first.
    pub parts: Vec<String>,
    /// What it is for.
    pub special_use: Option<SpecialUse>,
    /// Whether its owner is subscribed to it.
    pub subscribed: bool,
    /// Its messages in order of arrival.
    pub messages: Vec<NewMessage>,
}

/// How much mail a person has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Amount {
    /// Messages in all folders together.
    pub messages: usize,
    /// The size of one large message in INBOX, in bytes; none means no such message.
    pub largest: Option<usize>,
    /// The same seed gives the same mail.
    pub seed: u64,
}

/// A folder before it is filled; its number of messages is proportional to `share`.
struct Plan {
    parts: Vec<&'static str>,
    special_use: Option<SpecialUse>,
    subscribed: bool,
    share: usize,
}

/// A person's folders and mail.
pub fn mailbox(person: &Person, amount: Amount) -> Vec<SampleFolder> {
    let plans = plans(person);
    let shares: usize = plans.iter().map(|plan| plan.share).sum();
    let mut composer = Composer::new(person, amount.seed);
    let mut left = amount.messages;
    let mut folders: Vec<SampleFolder> = Vec::with_capacity(plans.len());
    // Backwards, so that INBOX takes the remainder of rounding.
    for plan in plans.iter().rev() {
        let last = plan.parts == ["INBOX"];
        let count = if last { left } else { (amount.messages * plan.share / shares).min(left) };
        left -= count;
        folders.push(SampleFolder {
            parts: plan.parts.iter().map(|&part| part.to_owned()).collect(),
            special_use: plan.special_use,
            subscribed: plan.subscribed,
            messages: messages(&mut composer, person, plan, count, amount.largest),
        });
    }
    folders.reverse();
    folders
}

/// Puts folders and mail into a store, where the person must already have a mailbox.
pub fn fill(store: &MailStore, person: &Person, folders: Vec<SampleFolder>) -> Result<(), StoreError> {
    let separator = char::from(store.layout().separator);
    for folder in folders {
        let parts: Vec<String> = folder.parts.iter().map(|part| part.replace(separator, "-")).collect();
        let name = parts.join(&separator.to_string());
        match store.create_folder(&person.address, &name) {
            Ok(()) | Err(StoreError::FolderExists) => {}
            Err(error) => return Err(error),
        }
        if folder.special_use != Some(SpecialUse::Inbox) {
            store.set_special_use(&person.address, &name, folder.special_use)?;
        }
        store.set_subscribed(&person.address, &name, folder.subscribed)?;
        if !folder.messages.is_empty() {
            store.add_all(&person.address, &name, folder.messages)?;
        }
    }
    Ok(())
}

/// Typical folders: special ones, a few projects, a deep one, an empty one, an unsubscribed one, and one whose name has another meaning on
/// the other server.
fn plans(person: &Person) -> Vec<Plan> {
    let language = person.language();
    let [sent, drafts, trash, junk, archive] = language.special_folders;
    let [projects, first, second, papers, empty, newsletters] = language.own_folders;
    let plan = |parts: &[&'static str], special_use: Option<SpecialUse>, subscribed: bool, share: usize| Plan {
        parts: parts.to_vec(),
        special_use,
        subscribed,
        share,
    };
    vec![
        plan(&["INBOX"], Some(SpecialUse::Inbox), true, 36),
        plan(&[sent], Some(SpecialUse::Sent), true, 18),
        plan(&[drafts], Some(SpecialUse::Drafts), true, 1),
        plan(&[trash], Some(SpecialUse::Trash), true, 4),
        plan(&[junk], Some(SpecialUse::Junk), true, 4),
        plan(&[archive], Some(SpecialUse::Archive), true, 2),
        plan(&[archive, "2019"], None, true, 5),
        plan(&[archive, "2020"], None, true, 5),
        plan(&[archive, "2021"], None, false, 5),
        plan(&[projects], None, true, 1),
        plan(&[projects, first], None, true, 6),
        plan(&[projects, first, second], None, true, 3),
        plan(&[projects, first, second, "a", "b", "c", papers], None, true, 1),
        plan(&[papers], None, true, 3),
        plan(&[empty], None, true, 0),
        plan(&[newsletters], None, false, 5),
        plan(&["Notes"], None, true, 1),
        plan(&["2018/2019 ~ *%"], None, true, 1),
    ]
}

fn messages(
    composer: &mut Composer<'_>,
    person: &Person,
    plan: &Plan,
    count: usize,
    largest: Option<usize>,
) -> Vec<NewMessage> {
    let offset = FixedOffset::east_opt(person.language().hours * 3600);
    let start = DateTime::UNIX_EPOCH.with_timezone(&offset.unwrap_or_else(|| chrono::Offset::fix(&chrono::Utc)));
    // From 2 March 2012 to the autumn of 2024.
    let date = |place: usize| {
        start + Duration::days(15_401) + Duration::seconds(place as i64 * 397_000_000 / count.max(1) as i64)
    };
    let mut messages = Vec::with_capacity(count);
    if plan.special_use == Some(SpecialUse::Inbox) && count > 4 * odd::COUNT {
        let head = |composer: &mut Composer<'_>| new_head(composer, false, date(0));
        for bytes in odd::messages(composer, head) {
            messages.push(stored(bytes, vec!["\\Seen".to_owned()], date(messages.len())));
        }
    }
    if let (Some(bytes), Some(SpecialUse::Inbox), true) = (largest, plan.special_use, count > messages.len()) {
        let head = new_head(composer, false, date(0));
        messages.push(stored(composer.message(&head, Body::Attachment(bytes)), vec!["\\Seen".to_owned()], date(0)));
    }
    let sent = matches!(plan.special_use, Some(SpecialUse::Sent | SpecialUse::Drafts));
    let mut thread: Option<Head> = None;
    while messages.len() < count {
        let place = messages.len();
        let jitter = Duration::seconds(composer.random().i64(0..30_000));
        let head = match thread.take() {
            Some(before) => reply(composer, before, sent, date(place) + jitter),
            None => new_head(composer, sent, date(place) + jitter),
        };
        let body = body(composer);
        let bytes = composer.message(&head, body);
        let flags = flags(composer, plan.special_use, place * 10 < count * 9);
        let arrived = head.date + Duration::seconds(composer.random().i64(1..90));
        messages.push(stored(bytes, flags, arrived));
        if head.references.len() < 8 && composer.random().u8(..5) < 2 {
            thread = Some(head);
        }
    }
    messages
}

fn stored(bytes: Vec<u8>, flags: Vec<String>, date: DateTime<FixedOffset>) -> NewMessage {
    NewMessage { content: Content::bytes(bytes), flags, date }
}

fn new_head(composer: &mut Composer<'_>, sent: bool, date: DateTime<FixedOffset>) -> Head {
    Head { sent, subject: composer.subject(), message_id: Some(composer.message_id()), references: Vec::new(), date }
}

fn reply(composer: &mut Composer<'_>, before: Head, sent: bool, date: DateTime<FixedOffset>) -> Head {
    let mut references = before.references;
    references.extend(before.message_id);
    let subject = if before.subject.starts_with("Re: ") { before.subject } else { format!("Re: {}", before.subject) };
    Head { sent, subject, message_id: Some(composer.message_id()), references, date }
}

/// Mostly short texts, some HTML, few files, very few large ones.
fn body(composer: &mut Composer<'_>) -> Body {
    let random = composer.random();
    match random.u16(..1000) {
        0..640 => Body::Text(random.usize(1..40)),
        640..950 => Body::Alternative(random.usize(10..90)),
        950..995 => Body::Attachment(random.usize(20_000..400_000)),
        _ => Body::Attachment(random.usize(1_000_000..4_000_000)),
    }
}

fn flags(composer: &mut Composer<'_>, special_use: Option<SpecialUse>, old: bool) -> Vec<String> {
    let random = composer.random();
    let mut chance = |percent: u8| random.u8(..100) < percent;
    let mut flags = Vec::new();
    let wanted = [
        ("\\Seen", chance(if old { 95 } else { 30 })),
        ("\\Answered", chance(15)),
        ("\\Flagged", chance(4)),
        ("\\Draft", special_use == Some(SpecialUse::Drafts)),
        ("\\Deleted", special_use == Some(SpecialUse::Trash) && chance(20)),
        ("$Forwarded", chance(5)),
        ("$Junk", special_use == Some(SpecialUse::Junk)),
        ("$Label1", chance(3)),
    ];
    flags.extend(wanted.iter().filter(|(_, present)| *present).map(|(flag, _)| (*flag).to_owned()));
    flags
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::{BTreeMap, BTreeSet};

    fn sample(messages: usize, largest: Option<usize>) -> Vec<SampleFolder> {
        mailbox(&people(1, &["example.com"])[0], Amount { messages, largest, seed: 7 })
    }

    #[test]
    fn a_mailbox_has_exactly_the_messages_asked_for_and_always_the_same() {
        for count in [0, 1, 17, 40, 1000] {
            assert_eq!(sample(count, None).iter().map(|folder| folder.messages.len()).sum::<usize>(), count);
        }
        let bytes = |folders: Vec<SampleFolder>| {
            folders.into_iter().flat_map(|folder| folder.messages).map(|m| m.content.to_vec()).collect::<Vec<_>>()
        };
        assert!(bytes(sample(200, Some(5_000_000))) == bytes(sample(200, Some(5_000_000))));
    }

    #[test]
    fn a_mailbox_is_as_varied_as_real_ones() {
        let folders = sample(600, Some(5_000_000));
        let uses: BTreeSet<_> = folders.iter().filter_map(|folder| folder.special_use).collect();
        assert!(uses.contains(&SpecialUse::Sent) && uses.contains(&SpecialUse::Trash));
        assert!(folders.iter().any(|folder| folder.messages.is_empty()) && folders.iter().any(|f| !f.subscribed));
        assert!(folders.iter().any(|folder| folder.parts.len() > 6));
        let messages: Vec<&NewMessage> = folders.iter().flat_map(|folder| &folder.messages).collect();
        let sizes: Vec<u64> = messages.iter().map(|message| message.content.size()).collect();
        assert!(
            sizes.iter().any(|&size| size > 4_900_000) && sizes.iter().filter(|&&size| size < 20_000).count() > 400
        );
        let mut by_bytes: BTreeMap<Vec<u8>, usize> = BTreeMap::new();
        for message in &messages {
            let bytes = message.content.to_vec();
            assert!(!bytes.contains(&0) && bytes.ends_with(b"\r\n"));
            *by_bytes.entry(bytes).or_default() += 1;
        }
        assert_eq!(by_bytes.values().filter(|&&count| count == 2).count(), 1);
        assert_eq!(by_bytes.values().max(), Some(&2));
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        for wanted in ["References: <", "=?UTF-8?B?", "multipart/mixed", "multipart/alternative"] {
            assert!(by_bytes.keys().any(|bytes| text(bytes).contains(wanted)), "{wanted}");
        }
        assert!(messages.iter().any(|message| message.flags.iter().any(|flag| flag == "$Forwarded")));
        let years: BTreeSet<String> = messages.iter().map(|message| message.date.format("%Y").to_string()).collect();
        assert!(years.len() > 10, "{years:?}");
    }
}
