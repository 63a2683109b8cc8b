//! The hostile mailbox moved from one real server to another, and what became of it.

use super::comparison::{Differences, Lost, compare, describe, likeness};
use super::corpus::{self, Corpus, Largest};
use super::courier::Courier;
use super::cyrus::Cyrus;
use super::dovecot::{Dovecot, DovecotSettings, Storage};
use super::imap_client::{ImapClient, MailboxContent, NotTaken, Path};
use super::pymap::Pymap;
use super::run::{Migration, Place, problems};
use kimt::domain::{PlannedFolder, Problem, ProblemKind};
use kimt::report::words;
use std::collections::BTreeMap;
use std::fmt;

const ANN: (&str, &str) = ("ann@example.com", "secret");

/// The servers that can be paired.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    Dovecot,
    Cyrus,
    Courier,
    Pymap,
}

impl Kind {
    pub const ALL: [Kind; 4] = [Kind::Dovecot, Kind::Cyrus, Kind::Courier, Kind::Pymap];

    fn start(self) -> Server {
        match self {
            Kind::Dovecot => {
                let settings = DovecotSettings { storage: Storage::Sdbox, ..DovecotSettings::default() };
                let dovecot = Dovecot::start(&settings);
                dovecot.add_user(ANN.0, ANN.1);
                Server::Dovecot(dovecot)
            }
            Kind::Cyrus => {
                let cyrus = Cyrus::start();
                cyrus.add_user(ANN.0, ANN.1);
                Server::Cyrus(cyrus)
            }
            Kind::Courier => {
                let courier = Courier::start();
                courier.add_user(ANN.0, ANN.1);
                Server::Courier(courier)
            }
            Kind::Pymap => Server::Pymap(Pymap::start(ANN.0, ANN.1)),
        }
    }
}

impl Kind {
    /// What the tests fill it with: reading is slow on some.
    pub fn largest(self) -> Largest {
        if self == Kind::Pymap { Largest::Tiny } else { Largest::Small }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{self:?}")
    }
}

/// A running one.
enum Server {
    Dovecot(Dovecot),
    Cyrus(Cyrus),
    Courier(Courier),
    Pymap(Pymap),
}

impl Server {
    fn port(&self) -> u16 {
        match self {
            Server::Dovecot(server) => server.port,
            Server::Cyrus(server) => server.port,
            Server::Courier(server) => server.port,
            Server::Pymap(server) => server.port,
        }
    }

    fn client(&self) -> ImapClient {
        ImapClient::sign_in(self.port(), ANN.0, ANN.1)
    }
}

/// What became of the hostile mailbox between two servers.
pub struct Moved {
    pub source: Kind,
    pub target: Kind,
    /// What the source itself did not take when it was filled.
    pub not_taken: Vec<NotTaken>,
    /// Messages that were on the source in folders that were to be copied.
    pub messages: usize,
    pub folders: Vec<PlannedFolder>,
    pub differences: Differences,
    /// What is missing, each with the problem that names it; none for what nobody named.
    pub missing: Vec<(Lost, Option<Problem>)>,
    /// Every problem and notice of the run.
    pub problems: Vec<Problem>,
    /// What is special about each message, by how [`describe`] describes it.
    pub special: BTreeMap<String, String>,
}

impl Moved {
    /// What is special about the message that a difference begins with.
    pub fn special(&self, difference: &str) -> &str {
        let known = self.special.iter().filter(|(message, _)| difference.starts_with(message.as_str()));
        known.max_by_key(|(message, _)| message.len()).map_or("a message", |(_, what)| what)
    }

    /// How many messages are not as they were sent and no problem or notice of the run says so.
    pub fn unreported(&self) -> usize {
        let reported = |kinds: &[ProblemKind]| -> usize {
            let of_kind = self.problems.iter().filter(|problem| kinds.contains(&problem.kind));
            of_kind.map(|problem| problem.count as usize).sum()
        };
        let missing = self.missing.iter().filter(|(_, named)| named.is_none()).count();
        let altered = [ProblemKind::MessageAltered, ProblemKind::MessageNormalised];
        missing
            + self.differences.altered.len().saturating_sub(reported(&altered))
            + self.differences.flags.len().saturating_sub(reported(&[ProblemKind::KeywordsDropped]))
            + self.differences.dates.len().saturating_sub(reported(&[ProblemKind::DateNotKept]))
    }
}

/// Migrates the hostile mailbox, and once more, which must change nothing. The source must stay as it was.
pub fn move_hostile(source: Kind, target: Kind, largest: Largest) -> Moved {
    let (from, to) = (source.start(), target.start());
    let corpus = corpus::hostile(largest);
    let not_taken = from.client().fill(&corpus);
    assert!(not_taken.len() < corpus.message_count() / 2, "the source took too little: {not_taken:#?}");
    let mut migration = Migration::new(Place::plain(from.port()), Place::plain(to.port()), &[ANN]);
    // Over two connections to the target, where it takes batches.
    migration.second_connection_from = 0;
    // Dovecot gives another date before 1970 the first time than ever after.
    from.client().read_all();
    let (before, state) = (from.client().read_all(), migration.run());
    let changed = compare(&before, &from.client().read_all(), |path| Some(path.clone()));
    assert_eq!(changed, Differences::default(), "the source changed");
    let account = &state.accounts[0];
    let planned: BTreeMap<Path, Path> =
        account.folders.iter().map(|folder| (folder.source.0.clone(), folder.target.0.clone())).collect();
    for (path, folder) in &before.folders {
        let shown = if path == &[""] { "(no name)".to_owned() } else { path.join("/") };
        let named = account.left_out.iter().any(|left_out| left_out.folder == shown);
        assert!(planned.contains_key(path) || named || folder.messages.is_empty(), "{path:?} is not planned");
    }
    let differences = compare(&before, &to.client().read_all(), |path| planned.get(path).cloned());
    let again = migration.run();
    assert_eq!(again.tally.copied.messages, 0, "the second run copied something again: {:#?}", problems(&again));
    let later = compare(&before, &to.client().read_all(), |path| planned.get(path).cloned());
    assert_eq!(later, differences, "the second run changed something");
    let reported: Vec<Problem> = account.problems.iter().map(|(_, problem)| problem.clone()).collect();
    let folders = account.folders.iter();
    Moved {
        source,
        target,
        not_taken,
        messages: before
            .folders
            .iter()
            .filter(|(path, _)| planned.contains_key(*path))
            .map(|(_, it)| it.messages.len())
            .sum(),
        folders: folders
            .map(|it| PlannedFolder { source: it.source.clone(), target: it.target.clone(), mapping: it.mapping })
            .collect(),
        missing: differences
            .lost
            .iter()
            .map(|lost| (lost.clone(), naming(&lost.folder, lost.bytes, &reported).cloned()))
            .collect(),
        problems: reported,
        special: special(&corpus, &before),
        differences,
    }
}

/// The problem that names a message, known by its folder and size.
pub fn naming<'a>(folder: &Path, bytes: usize, problems: &'a [Problem]) -> Option<&'a Problem> {
    problems.iter().find(|problem| {
        let same_folder = problem.subject.folder.as_ref() == Some(&folder.join("/"));
        let size = problem.subject.message.as_ref().and_then(|message| message.size);
        same_folder && size.map(words::size) == Some(words::size(bytes as u64))
    })
}

fn special(corpus: &Corpus, source: &MailboxContent) -> BTreeMap<String, String> {
    let what: BTreeMap<Vec<u8>, &str> = corpus
        .folders
        .iter()
        .flat_map(|folder| &folder.messages)
        .map(|message| (likeness(&message.bytes), message.what.as_str()))
        .collect();
    let mut special = BTreeMap::new();
    for (path, folder) in &source.folders {
        for message in &folder.messages {
            if let Some(what) = what.get(&likeness(&message.bytes)) {
                special.insert(describe(&path.join("/"), &message.bytes), (*what).to_owned());
            }
        }
    }
    special
}
