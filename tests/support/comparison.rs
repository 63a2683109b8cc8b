//! What became of a mailbox: source and target compared folder by folder and message by message, as multisets of octets.

use super::imap_client::{FolderContent, MailboxContent, Message, Path};
use std::collections::BTreeMap;

/// How a target differs from its source; each entry is one folder or message in words.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Differences {
    /// On the source and not on the target, in no form.
    pub lost: Vec<Lost>,
    /// More often on the target than on the source.
    pub doubled: Vec<String>,
    /// On the target with other octets.
    pub altered: Vec<Altered>,
    pub flags: Vec<String>,
    pub dates: Vec<String>,
    /// Folders missing on the target.
    pub folders: Vec<String>,
    pub subscriptions: Vec<String>,
}

/// A message that did not arrive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lost {
    pub folder: Path,
    pub octets: usize,
    /// Its first words.
    pub start: String,
}

/// A message that arrived with other octets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Altered {
    /// As [`describe`] has it.
    pub message: String,
    pub folder: Path,
    /// How many octets were sent.
    pub sent: usize,
    /// How many there are now, and the first that is another.
    pub octets: usize,
    pub at: usize,
    /// What was changed.
    pub how: &'static str,
}

/// Compares everything. `target_path` tells where a folder of the source is expected; none for one that is not to be copied.
pub fn compare(
    source: &MailboxContent,
    target: &MailboxContent,
    target_path: impl Fn(&Path) -> Option<Path>,
) -> Differences {
    let mut differences = Differences::default();
    for (path, folder) in &source.folders {
        let Some(expected) = target_path(path) else { continue };
        match target.folders.get(&expected) {
            Some(arrived) => compare_folder(path, folder, arrived, &mut differences),
            None => {
                differences.folders.push(format!("{path:?} is not on the target as {expected:?}"));
                differences.lost.extend(folder.messages.iter().map(|message| lost(path, message)));
            }
        }
        if source.subscribed.contains(path) != target.subscribed.contains(&expected) {
            differences.subscriptions.push(format!("{path:?}"));
        }
    }
    differences
}

fn compare_folder(path: &Path, source: &FolderContent, target: &FolderContent, differences: &mut Differences) {
    let name = &path.join("/");
    let (sent, arrived) = (by_octets(&source.messages), by_octets(&target.messages));
    let (mut missing, mut surplus): (Vec<&Message>, Vec<&Message>) = (Vec::new(), Vec::new());
    for (octets, messages) in &sent {
        let there = arrived.get(octets).map_or(&[][..], Vec::as_slice);
        missing.extend(messages.iter().skip(there.len()));
        compare_marks(name, messages, there, differences);
    }
    for (octets, messages) in &arrived {
        surplus.extend(messages.iter().skip(sent.get(octets).map_or(0, Vec::len)));
    }
    // First those that are alike but for what servers are known to change, then those of which only the beginning is left.
    for kept in [likeness, beginning] {
        missing.retain(|message| {
            let Some(index) = surplus.iter().position(|other| kept(&other.octets) == kept(&message.octets)) else {
                return true;
            };
            let other = surplus.swap_remove(index);
            let at = message.octets.iter().zip(&other.octets).take_while(|(a, b)| a == b).count();
            differences.altered.push(Altered {
                message: describe(name, &message.octets),
                folder: path.clone(),
                sent: message.octets.len(),
                octets: other.octets.len(),
                at,
                how: how(&message.octets, &other.octets),
            });
            false
        });
    }
    differences.lost.extend(missing.into_iter().map(|message| lost(path, message)));
    differences.doubled.extend(surplus.into_iter().map(|message| describe(name, &message.octets)));
}

/// Compares flags and dates of messages with equal octets, each as a multiset.
fn compare_marks(name: &str, sent: &[&Message], arrived: &[&Message], differences: &mut Differences) {
    if sent.len() != arrived.len() {
        return;
    }
    let sorted = |messages: &[&Message], of: &dyn Fn(&Message) -> String| {
        let mut texts: Vec<String> = messages.iter().map(|message| of(message)).collect();
        texts.sort();
        texts
    };
    let flags = |message: &Message| message.flags.iter().map(|flag| flag.to_lowercase()).collect::<Vec<_>>().join(" ");
    let (before, after) = (sorted(sent, &flags), sorted(arrived, &flags));
    if before != after {
        differences.flags.push(format!("{}: {before:?} became {after:?}", describe(name, &sent[0].octets)));
    }
    let date = |message: &Message| moment(&message.date);
    let (before, after) = (sorted(sent, &date), sorted(arrived, &date));
    if before != after {
        differences.dates.push(format!("{}: {before:?} became {after:?}", describe(name, &sent[0].octets)));
    }
}

/// A date as a moment: servers may tell it in another zone.
fn moment(date: &str) -> String {
    let parsed = chrono::DateTime::parse_from_str(date.trim(), "%e-%b-%Y %H:%M:%S %z");
    parsed.map_or_else(|_| date.to_owned(), |moment| moment.to_utc().to_rfc3339())
}

fn by_octets(messages: &[Message]) -> BTreeMap<&[u8], Vec<&Message>> {
    let mut map: BTreeMap<&[u8], Vec<&Message>> = BTreeMap::new();
    for message in messages {
        map.entry(&message.octets).or_default().push(message);
    }
    map
}

/// What is left of a message when everything that servers are known to change is taken away.
pub fn likeness(octets: &[u8]) -> Vec<u8> {
    octets.iter().copied().filter(|octet| (b'!'..=b'~').contains(octet)).collect()
}

/// The first words of a message, without what servers are known to change.
fn beginning(octets: &[u8]) -> Vec<u8> {
    likeness(&octets[..octets.len().min(60)])
}

/// What a server did to a message that is still recognisable.
fn how(sent: &[u8], arrived: &[u8]) -> &'static str {
    let without =
        |octets: &[u8], gone: fn(u8) -> bool| octets.iter().copied().filter(|it| !gone(*it)).collect::<Vec<_>>();
    let line_end = |octet| matches!(octet, b'\r' | b'\n');
    if without(sent, line_end) == without(arrived, line_end) {
        "line ends"
    } else if likeness(sent) == likeness(arrived) {
        "control or 8-bit characters"
    } else if likeness(sent).starts_with(&likeness(arrived)) {
        "the end is missing"
    } else {
        "other text"
    }
}

fn start(octets: &[u8]) -> String {
    String::from_utf8_lossy(&octets[..octets.len().min(80)]).into_owned()
}

fn lost(folder: &Path, message: &Message) -> Lost {
    Lost { folder: folder.clone(), octets: message.octets.len(), start: start(&message.octets) }
}

impl Lost {
    /// As [`describe`] has it.
    pub fn message(&self) -> String {
        format!("{}: {} octets {:?}", self.folder.join("/"), self.octets, self.start)
    }
}

/// A message in words that do not depend on the server.
pub fn describe(folder: &str, octets: &[u8]) -> String {
    format!("{folder}: {} octets {:?}", octets.len(), start(octets))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mailbox(messages: &[(&str, &str)]) -> MailboxContent {
        let messages = messages.iter().map(|(text, flag)| Message {
            octets: text.as_bytes().to_vec(),
            flags: [(*flag).to_owned()].into(),
            date: "01-Jan-2020 00:00:00 +0000".to_owned(),
        });
        let folder = FolderContent { messages: messages.collect(), ..FolderContent::default() };
        MailboxContent { folders: [(vec!["INBOX".to_owned()], folder)].into(), ..MailboxContent::default() }
    }

    #[test]
    fn each_kind_of_difference_is_told_apart() {
        let same = |path: &Path| Some(path.clone());
        let source = mailbox(&[("a", ""), ("b", ""), ("c\r\n", ""), ("d", "\\Seen")]);
        assert_eq!(compare(&source, &source, same), Differences::default());
        let found = compare(&source, &mailbox(&[("a", ""), ("a", ""), ("c\n", ""), ("d", "")]), same);
        let counts = [found.lost.len(), found.doubled.len(), found.altered.len(), found.flags.len(), found.dates.len()];
        assert_eq!(counts, [1, 1, 1, 1, 0], "{found:?}");
        assert_eq!(compare(&source, &MailboxContent::default(), same).folders.len(), 1);
    }
}
