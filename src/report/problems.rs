//! Problems grouped by kind, so that a person reads a thousand alike once.

use crate::domain::{Problem, ProblemKind, Severity, printable};

/// Problems of one kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProblemGroup {
    /// The kind.
    pub kind: ProblemKind,
    /// Whether something is missing because of them.
    pub severity: Severity,
    /// What happened: printable sentences, none twice, at most [`ProblemGroup::SENTENCES`].
    pub sentences: Vec<String>,
    /// How many further problems there are.
    pub more: u64,
    /// What to do about all of them; may be empty.
    pub advice: &'static str,
}

impl ProblemGroup {
    /// At most this many sentences of one kind; report.json has them all.
    pub const SENTENCES: usize = 20;
}

/// Groups problems by kind: errors first, then in the order in which each kind was first met.
pub fn group_problems<'a>(problems: impl IntoIterator<Item = &'a Problem>) -> Vec<ProblemGroup> {
    let mut groups: Vec<ProblemGroup> = Vec::new();
    for problem in problems {
        let place = groups.iter().position(|group| group.kind == problem.kind).unwrap_or_else(|| {
            groups.push(ProblemGroup {
                kind: problem.kind,
                severity: problem.severity(),
                sentences: Vec::new(),
                more: 0,
                advice: problem.advice(),
            });
            groups.len() - 1
        });
        let group = &mut groups[place];
        if group.sentences.len() == ProblemGroup::SENTENCES {
            group.more += 1;
            continue;
        }
        let sentence = printable(&problem.sentence());
        if !group.sentences.contains(&sentence) {
            group.sentences.push(sentence);
        }
    }
    groups.sort_by_key(|group| std::cmp::Reverse(group.severity));
    groups
}
