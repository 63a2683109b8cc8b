//! The rules: what a run left behind and said, held against what is known.

use super::{Identity, Known, Migrated, Model, Moment, Name, count, same_name, total};
use kimt::domain::Digest;
use kimt::progress::Verdict;
use kimt::rehearsal::{FolderSnapshot, MessageSnapshot, Snapshot};
use std::collections::{BTreeMap, BTreeSet};

impl Model {
    /// Judges a migration, and notes what came back.
    pub fn judge(&mut self, run: &Migrated<'_>, known: &mut Known) -> Result<(), String> {
        assert_same("the source", &run.before.source, &run.after.source)?;
        let before = Moment { source: run.before.source.clone(), target: self.with_new_names(run)? };
        let run = &Migrated { before: &before, ..*run };
        self.judge_kept(run)?;
        // What a run that was killed had left, and noted, it could not report.
        self.left_ever |= run.state.tally.followed.left > 0 || run.state.info.is_none();
        let complete = run.state.verdict() == Verdict::AllComplete;
        // What the target spoilt before anybody compared it cannot be told from what a target makes of a message, and is named.
        if run.smooth && !complete && self.damaged.is_empty() {
            return Err("nothing disturbed the run, and it is not complete".to_owned());
        }
        let ways = self.ways(run);
        let mut added = 0;
        for (name, there) in &run.after.target.folders {
            let mut sources: Vec<&Name> = ways.iter().filter(|(_, to)| *to == name).map(|(from, _)| from).collect();
            if run.state.info.is_none() {
                // With a record that is lost nothing is known of other names.
                let may_go = |from: &&Name| self.may_go(run, from).contains(name);
                let further: Vec<&Name> = ways.keys().filter(may_go).filter(|from| !sources.contains(from)).collect();
                sources.extend(further);
            }
            let old = run.before.target.folders.get(name).map_or(&[][..], |folder| &folder.messages);
            let old: BTreeSet<u32> = old.iter().map(|message| message.uid).collect();
            let new: Vec<&MessageSnapshot> =
                there.messages.iter().filter(|message| !old.contains(&message.uid)).collect();
            added += new.len();
            self.judge_new(run, name, &sources, &new)?;
        }
        let (copied, moved) = (run.state.tally.copied.messages, run.state.tally.followed.moved);
        if copied + moved > added as u64 || run.smooth && copied + moved != added as u64 {
            return Err(format!("{copied} messages were reported as copied and {moved} as moved, and {added} came"));
        }
        if complete {
            self.judge_complete(run, &ways)?;
        }
        self.judge_news(run, known, &ways, added)?;
        if complete {
            *known = Known { messages: Some(identities(&run.after.source)), interrupted: false };
        } else if run.repair {
            // The record is begun again, and was not finished.
            *known = Known::default();
        } else {
            known.interrupted();
        }
        self.forget_taken(&run.after.target);
        Ok(())
    }

    /// Rules 2 and 3, of one folder of the target.
    fn judge_new(
        &self,
        run: &Migrated<'_>,
        name: &Name,
        sources: &[&Name],
        new: &[&MessageSnapshot],
    ) -> Result<(), String> {
        let shown = String::from_utf8_lossy(name);
        let originals: Vec<&MessageSnapshot> = sources
            .iter()
            .filter_map(|name| run.before.source.folders.get(*name))
            .flat_map(|it| &it.messages)
            .collect();
        for message in new {
            let same = |original: &&&MessageSnapshot| {
                (&original.digest, &original.flags, &original.date) == (&message.digest, &message.flags, &message.date)
            };
            if !originals.iter().any(|original| same(&original)) {
                return Err(format!("'{shown}' got what no message of the source is: {message:?}"));
            }
        }
        let there = &run.after.target.folders[name];
        for digest in new.iter().map(|message| message.digest).collect::<BTreeSet<_>>() {
            let before = run.before.target.folders.get(name).map_or(0, |folder| count(folder, digest));
            let ever: usize = sources.iter().map(|source| Self::of(&self.ever, source, digest)).sum();
            let allowed = before.max(ever + Self::of(&self.own, name, digest));
            let now = count(there, digest);
            if now > allowed {
                return Err(format!("'{shown}' has {now} of {digest:?}, and {allowed} at most should be there"));
            }
        }
        Ok(())
    }

    /// Where a folder's messages may go in a run that could not report it: to its own name, below any name that a folder above it has on the
    /// target, or had; with a number where another folder's messages already go.
    fn may_go(&self, run: &Migrated<'_>, from: &Name) -> BTreeSet<Name> {
        let mut names = BTreeSet::from([same_name(run, from)]);
        let parts = from.iter().enumerate().filter(|(_, byte)| **byte == run.source_separator).map(|(at, _)| at);
        for at in parts.chain([from.len()]) {
            let (above, below) = (from[..at].to_vec(), same_name(run, &from[at..].to_vec()));
            let known = self.ways.get(&above).into_iter().chain(self.former_ways.get(&above).into_iter().flatten());
            names.extend(known.map(|above| [&above[..], &below].concat()));
        }
        let numbered: Vec<Name> = names.iter().map(|name| [&name[..], b" (2)"].concat()).collect();
        names.extend(numbered);
        names
    }

    /// Whether its owner may have put a message into another folder of the target; a move is a copy and a deletion.
    fn may_be_elsewhere(&self, digest: Digest) -> bool {
        self.left_ever || self.own.keys().any(|(_, own)| *own == digest)
    }

    /// Whether the target has as many of a content as the source, wherever, or its owner has taken them away.
    fn is_somewhere(&self, run: &Migrated<'_>, digest: Digest) -> bool {
        let taken: usize = self.taken.iter().filter(|((_, taken), _)| *taken == digest).map(|(_, count)| count).sum();
        total(&run.after.target, digest) + taken >= total(&run.before.source, digest)
    }

    /// Rule 1: what was on the target is there, and has its flags. But what was moved or flagged on the source since, and by nobody on the
    /// target, is moved or flagged there.
    fn judge_kept(&self, run: &Migrated<'_>) -> Result<(), String> {
        let (before, after) = (&run.before.target, &run.after.target);
        let (mut moved, mut flagged) = (0, 0);
        // A name that holds no messages may become a folder.
        for (name, folder) in before.folders.iter().filter(|(_, folder)| folder.selectable) {
            let shown = String::from_utf8_lossy(name);
            let now = after.folders.get(name).filter(|now| now.uid_validity == folder.uid_validity);
            let Some(now) = now else { return Err(format!("'{shown}' of the target is gone")) };
            for message in &folder.messages {
                match now.messages.iter().find(|now| now.uid == message.uid) {
                    Some(now) if now == message => {}
                    // A target without MOVE was left by it in the middle: the copy is made, and this one still to be taken away.
                    Some(now) if !run.smooth && is_leaving(now) && !is_leaving(message) => {}
                    Some(now) if (now.digest, now.date) == (message.digest, message.date) => {
                        flagged += 1;
                        if self.touched.contains(&(name.clone(), message.uid)) {
                            return Err(format!(
                                "'{shown}': what its owner has flagged was flagged: {message:?} {now:?}"
                            ));
                        }
                        let is_theirs = |it: &MessageSnapshot| (it.digest, &it.flags) == (now.digest, &now.flags);
                        if !run.before.source.folders.values().flat_map(|it| &it.messages).any(is_theirs) {
                            return Err(format!("'{shown}' has flags that the source has not: {now:?}"));
                        }
                    }
                    Some(now) => return Err(format!("'{shown}' holds another message: {message:?} {now:?}")),
                    None if is_leaving(message) && total(after, message.digest) > 0 => {}
                    None => {
                        moved += 1;
                        if self.touched.contains(&(name.clone(), message.uid)) {
                            return Err(format!("'{shown}': what its owner has flagged was moved: {message:?}"));
                        }
                        if total(after, message.digest) < total(before, message.digest) {
                            return Err(format!("'{shown}' of the target lost {message:?}"));
                        }
                    }
                }
            }
        }
        let followed = run.state.tally.followed;
        // What was moved may have got other flags as well.
        let is_as_reported = moved == followed.moved && (flagged..=flagged + moved).contains(&followed.flags);
        if run.smooth && !is_as_reported && self.damaged.is_empty() {
            return Err(format!("{moved} were moved and {flagged} flagged, and reported was {followed:?}"));
        }
        Ok(())
    }

    /// Rule 4.
    fn judge_complete(&self, run: &Migrated<'_>, ways: &BTreeMap<Name, Name>) -> Result<(), String> {
        for (name, folder) in &run.before.source.folders {
            let shown = String::from_utf8_lossy(name);
            let Some(to) = ways.get(name) else {
                if folder.selectable && !folder.messages.is_empty() {
                    return Err(format!("complete, and '{shown}' was passed over"));
                }
                continue;
            };
            let there = run.after.target.folders.get(to);
            for digest in folder.messages.iter().map(|message| message.digest).collect::<BTreeSet<_>>() {
                let wanted = count(folder, digest).saturating_sub(Self::of(&self.taken, to, digest));
                let found = there.map_or(0, |there| count(there, digest));
                // One that its owner has moved, deleted or flagged on the target stays there whatever became of it on the source.
                if found < wanted && !(self.may_be_elsewhere(digest) && self.is_somewhere(run, digest)) {
                    return Err(format!("complete, and of '{shown}' {found} of {wanted} {digest:?} are there"));
                }
            }
        }
        let tally = run.state.tally;
        let settled = tally.found.messages + tally.copied.messages + tally.vanished;
        if tally.failed > 0 || settled != tally.expected.messages {
            return Err(format!("complete, and its numbers are {tally:?}"));
        }
        Ok(())
    }

    /// Rules 5 and 6: exactly what is new on the source came.
    fn judge_news(
        &self,
        run: &Migrated<'_>,
        known: &Known,
        ways: &BTreeMap<Name, Name>,
        added: usize,
    ) -> Result<(), String> {
        // What the target spoilt is sent again when a run happens to look at it.
        let holds = !run.repair && self.damaged.is_empty();
        let Some(messages) = known.messages.as_ref().filter(|_| holds) else { return Ok(()) };
        // A folder that is not on the target is copied whole.
        let exists = |name: &Name| ways.get(name).is_some_and(|to| run.before.target.folders.contains_key(to));
        if !run.before.source.folders.keys().all(exists) {
            return Ok(());
        }
        let now = identities(&run.before.source);
        let new: Vec<&Identity> = now.difference(messages).collect();
        let mut by_content: BTreeMap<(&Name, Digest), usize> = BTreeMap::new();
        for (name, _, uid) in &new {
            let message = run.before.source.folders[name].messages.iter().find(|message| message.uid == *uid);
            *by_content.entry((name, message.expect("it is in the folder").digest)).or_default() += 1;
        }
        // What the owner has put there herself need not come, nor what was taken out of the folder and put back.
        let lacking = |((name, digest), new): (&(&Name, Digest), &usize)| {
            let there = ways.get(*name).and_then(|to| Some((to, run.before.target.folders.get(to)?)));
            let Some((to, there)) = there else { return 0 };
            let lacking = count(&run.before.source.folders[*name], *digest).saturating_sub(count(there, *digest));
            if Self::of(&self.own, to, *digest) > 0 { 0 } else { lacking.min(*new) }
        };
        // What she did on the target to a message that was moved on the source is left, and the message does not come.
        let left = run.state.tally.followed.left as usize;
        let least = by_content.iter().map(lacking).sum::<usize>().saturating_sub(left);
        let new = new.len();
        if added > new || run.smooth && !known.interrupted && added < least {
            return Err(format!("{new} messages are new on the source, and {added} came to the target"));
        }
        Ok(())
    }

    /// Rule 8, after the last run of a history without anything that a record takes harm of.
    pub fn judge_flags(&self, at_the_end: &Moment) -> Result<(), String> {
        let is_anyones = |digest: &Digest| {
            self.own.keys().chain(self.taken.keys()).any(|(_, theirs)| theirs == digest)
                || total(&at_the_end.source, *digest) != 1
                // A target that cannot move messages keeps the old copy as it was.
                || total(&at_the_end.target, *digest) != 1
        };
        for (name, folder) in &at_the_end.target.folders {
            for message in folder.messages.iter().filter(|it| !is_anyones(&it.digest)) {
                let source = at_the_end.source.folders.values().flat_map(|it| &it.messages);
                let original = source.into_iter().find(|it| it.digest == message.digest);
                let is_touched = self.touched.contains(&(name.clone(), message.uid));
                if original.is_some_and(|it| it.flags != message.flags) && !is_touched {
                    let shown = String::from_utf8_lossy(name);
                    return Err(format!("'{shown}' has {message:?}, and the source {original:?}"));
                }
            }
        }
        Ok(())
    }

    /// Judges what `verify` said of both mailboxes.
    pub fn judge_comparison(&mut self, run: &Migrated<'_>) -> Result<(), String> {
        assert_same("the source", &run.before.source, &run.after.source)?;
        assert_same("the target", &run.before.target, &run.after.target)?;
        let ways = self.ways(run);
        let complete = run.state.verdict() == Verdict::AllComplete;
        let mut equal = run.before.source.folders.len() == run.before.target.folders.len();
        for (name, folder) in &run.before.source.folders {
            let there = ways.get(name).and_then(|to| run.before.target.folders.get(to));
            equal &= there.is_some_and(|there| there.contents() == folder.contents());
            equal &= there.is_some_and(|there| there.subscribed == folder.subscribed);
        }
        if equal && !complete && run.keeps_dates {
            return Err("both sides are equal, and the comparison found a difference".to_owned());
        }
        if complete {
            self.judge_found(run, &ways)?;
        }
        Ok(())
    }

    /// What a comparison calls complete is there.
    fn judge_found(&self, run: &Migrated<'_>, ways: &BTreeMap<Name, Name>) -> Result<(), String> {
        for (name, folder) in &run.before.source.folders {
            let there = ways.get(name).and_then(|to| run.before.target.folders.get(to));
            for digest in folder.messages.iter().map(|message| message.digest).collect::<BTreeSet<_>>() {
                let spoilt = ways.get(name).map_or(0, |to| Self::of(&self.damaged, to, digest));
                let taken = ways.get(name).map_or(0, |to| Self::of(&self.taken, to, digest)).saturating_sub(spoilt);
                let (wanted, found) = (count(folder, digest), there.map_or(0, |there| count(there, digest)));
                if found + taken < wanted && !(self.may_be_elsewhere(digest) && self.is_somewhere(run, digest)) {
                    let shown = String::from_utf8_lossy(name);
                    return Err(format!(
                        "compared as complete, and of '{shown}' {found} of {wanted} {digest:?} are there"
                    ));
                }
            }
        }
        Ok(())
    }
}

fn identities(source: &Snapshot) -> BTreeSet<Identity> {
    let of_folder = |(name, folder): (&Name, &FolderSnapshot)| -> Vec<Identity> {
        folder.messages.iter().map(|message| (name.clone(), folder.uid_validity, message.uid)).collect()
    };
    source.folders.iter().flat_map(of_folder).collect()
}

/// Whether a message is marked as one that is about to be taken away; nobody else does that in a history.
fn is_leaving(message: &MessageSnapshot) -> bool {
    message.flags.contains("\\Deleted")
}

fn assert_same(what: &str, before: &Snapshot, after: &Snapshot) -> Result<(), String> {
    if before == after { Ok(()) } else { Err(format!("{what} was changed")) }
}
