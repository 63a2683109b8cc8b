//! What became of a mailbox: source and target compared folder by folder and message by message, as multisets of bytes.

use super::imap_client::{FolderContent, MailboxContent, Message, Path};
use std::collections::BTreeMap;

/// How a target differs from its source; each entry is one folder or message in words.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Differences {
    /// On the source and not on the target, in no form.
    pub lost: Vec<Lost>,
    /// More often on the target than on the source.
    pub doubled: Vec<String>,
    /// On the target with other bytes.
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
    pub bytes: usize,
    /// Its first words.
    pub start: String,
}

/// A message that arrived with other bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Altered {
    /// As [`describe`] has it.
    pub message: String,
    pub folder: Path,
    /// How many bytes were sent.
    pub sent: usize,
    /// How many there are now, and the first that is another.
    pub bytes: usize,
    pub at: usize,
    /// What was changed.
    pub how: &'static str,
}

/// Compares everything. `target_path` says where a folder of the source is expected; none for one that is not to be copied.
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
    let (sent, arrived) = (by_bytes(&source.messages), by_bytes(&target.messages));
    let (mut missing, mut surplus): (Vec<&Message>, Vec<&Message>) = (Vec::new(), Vec::new());
    for (bytes, messages) in &sent {
        let there = arrived.get(bytes).map_or(&[][..], Vec::as_slice);
        missing.extend(messages.iter().skip(there.len()));
        compare_marks(name, messages, there, differences);
    }
    for (bytes, messages) in &arrived {
        surplus.extend(messages.iter().skip(sent.get(bytes).map_or(0, Vec::len)));
    }
    // First those that are alike but for what servers are known to change, then those of which only the beginning is left.
    for kept in [likeness, beginning] {
        missing.retain(|message| {
            let Some(index) = surplus.iter().position(|other| kept(&other.bytes) == kept(&message.bytes)) else {
                return true;
            };
            let other = surplus.swap_remove(index);
            let at = message.bytes.iter().zip(&other.bytes).take_while(|(a, b)| a == b).count();
            differences.altered.push(Altered {
                message: describe(name, &message.bytes),
                folder: path.clone(),
                sent: message.bytes.len(),
                bytes: other.bytes.len(),
                at,
                how: how(&message.bytes, &other.bytes),
            });
            false
        });
    }
    differences.lost.extend(missing.into_iter().map(|message| lost(path, message)));
    differences.doubled.extend(surplus.into_iter().map(|message| describe(name, &message.bytes)));
}

/// Compares flags and dates of messages with equal bytes, each as a multiset.
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
        differences.flags.push(format!("{}: {before:?} became {after:?}", describe(name, &sent[0].bytes)));
    }
    let date = |message: &Message| moment(&message.date);
    let (before, after) = (sorted(sent, &date), sorted(arrived, &date));
    if before != after {
        differences.dates.push(format!("{}: {before:?} became {after:?}", describe(name, &sent[0].bytes)));
    }
}

/// A date as a moment: servers may give it in another zone.
fn moment(date: &str) -> String {
    let parsed = chrono::DateTime::parse_from_str(date.trim(), "%e-%b-%Y %H:%M:%S %z");
    parsed.map_or_else(|_| date.to_owned(), |moment| moment.to_utc().to_rfc3339())
}

fn by_bytes(messages: &[Message]) -> BTreeMap<&[u8], Vec<&Message>> {
    let mut map: BTreeMap<&[u8], Vec<&Message>> = BTreeMap::new();
    for message in messages {
        map.entry(&message.bytes).or_default().push(message);
    }
    map
}

/// What is left of a message when everything that servers are known to change is taken away.
pub fn likeness(bytes: &[u8]) -> Vec<u8> {
    bytes.iter().copied().filter(|byte| (b'!'..=b'~').contains(byte)).collect()
}

/// The first words of a message, without what servers are known to change.
fn beginning(bytes: &[u8]) -> Vec<u8> {
    likeness(&bytes[..bytes.len().min(60)])
}

/// What a server did to a message that is still recognisable.
fn how(sent: &[u8], arrived: &[u8]) -> &'static str {
    let without =
        |bytes: &[u8], gone: fn(u8) -> bool| bytes.iter().copied().filter(|it| !gone(*it)).collect::<Vec<_>>();
    let line_end = |byte| matches!(byte, b'\r' | b'\n');
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

fn start(bytes: &[u8]) -> String {
    String::from_utf8_lossy(&bytes[..bytes.len().min(80)]).into_owned()
}

fn lost(folder: &Path, message: &Message) -> Lost {
    Lost { folder: folder.clone(), bytes: message.bytes.len(), start: start(&message.bytes) }
}

impl Lost {
    /// As [`describe`] has it.
    pub fn message(&self) -> String {
        format!("{}: {} bytes {:?}", self.folder.join("/"), self.bytes, self.start)
    }
}

/// A message in words that do not depend on the server.
pub fn describe(folder: &str, bytes: &[u8]) -> String {
    format!("{folder}: {} bytes {:?}", bytes.len(), start(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mailbox(messages: &[(&str, &str)]) -> MailboxContent {
        let messages = messages.iter().map(|(text, flag)| Message {
            bytes: text.as_bytes().to_vec(),
            flags: [(*flag).to_owned()].into(),
            date: "01-Jan-2020 00:00:00 +0000".to_owned(),
        });
        let folder = FolderContent { messages: messages.collect(), ..FolderContent::default() };
        MailboxContent { folders: [(vec!["INBOX".to_owned()], folder)].into(), ..MailboxContent::default() }
    }

    #[test]
    fn each_kind_of_difference_is_distinguished() {
        let same = |path: &Path| Some(path.clone());
        let source = mailbox(&[("a", ""), ("b", ""), ("c\r\n", ""), ("d", "\\Seen")]);
        assert_eq!(compare(&source, &source, same), Differences::default());
        let found = compare(&source, &mailbox(&[("a", ""), ("a", ""), ("c\n", ""), ("d", "")]), same);
        let counts = [found.lost.len(), found.doubled.len(), found.altered.len(), found.flags.len(), found.dates.len()];
        assert_eq!(counts, [1, 1, 1, 1, 0], "{found:?}");
        assert_eq!(compare(&source, &MailboxContent::default(), same).folders.len(), 1);
    }
}
