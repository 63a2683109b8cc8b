//! How the program says what a last pass brought.

use super::{count, counted};
use crate::progress::{Followed, RunKind};

/// What people did on the source since an earlier run, and what became of it; none if they did nothing.
/// `Since an earlier run: 12 messages got new flags, 3 were moved, 212 were deleted on the source and are still on the target.`
pub fn followed(followed: &Followed) -> Option<String> {
    let parts = [
        (followed.flags, "got new flags", "got new flags"),
        (followed.moved, "was moved", "were moved"),
        (
            followed.deleted,
            "was deleted on the source and is still on the target",
            "were deleted on the source and are still on the target",
        ),
        (
            followed.taken_away,
            "was deleted on the source and is in the trash on the target",
            "were deleted on the source and are in the trash on the target",
        ),
        (followed.left, "stays as somebody left it on the target", "stay as somebody left them on the target"),
    ];
    let said = parts.iter().filter(|(messages, ..)| *messages > 0).zip(0..);
    let mut said: Vec<String> = said
        .map(|((messages, one, many), place)| {
            let what = if *messages == 1 { one } else { many };
            let messages = if place == 0 { counted(*messages, "message") } else { count(*messages) };
            format!("{messages} {what}")
        })
        .collect();
    let renamed = if followed.renamed == 1 { "was renamed" } else { "were renamed" };
    if followed.renamed > 0 {
        said.push(format!("{} {renamed}", counted(followed.renamed, "folder")));
    }
    (!said.is_empty()).then(|| format!("Since an earlier run: {}.", said.join(", ")))
}

/// What a last pass would bring, as a check foresees it; none if it foresees nothing.
/// `A last pass would copy 34 new messages, set new flags for 12, move 3 and rename 1 folder. 5 messages were deleted on the source.`
pub fn foreseen(found: &Followed) -> Option<String> {
    let parts = [
        (found.new, format!("copy {}", counted(found.new, "new message"))),
        (found.flags, format!("set new flags for {}", counted(found.flags, "message"))),
        (found.moved, format!("move {}", counted(found.moved, "message"))),
        (found.renamed, format!("rename {}", counted(found.renamed, "folder"))),
    ];
    let said: Vec<String> = parts.into_iter().filter(|(number, _)| *number > 0).map(|(_, said)| said).collect();
    let would = match said.split_last() {
        None => String::new(),
        Some((only, [])) => format!("A last pass would {only}."),
        Some((last, others)) => format!("A last pass would {} and {last}.", others.join(", ")),
    };
    let were = if found.deleted == 1 { "was" } else { "were" };
    let deleted = match found.deleted {
        0 => String::new(),
        number => format!("{} {were} deleted on the source since an earlier run.", counted(number, "message")),
    };
    let sentences: Vec<String> = [would, deleted].into_iter().filter(|sentence| !sentence.is_empty()).collect();
    (!sentences.is_empty()).then(|| sentences.join(" "))
}

/// What a run says of a last pass: a check foresees it, any other has made it.
pub fn last_pass(kind: RunKind, followed_in_it: &Followed) -> Option<String> {
    if kind == RunKind::Check { foreseen(followed_in_it) } else { followed(followed_in_it) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_check_says_what_a_last_pass_would_do_and_a_migration_what_it_did() {
        let found = Followed { new: 34, flags: 12, moved: 1, renamed: 2, deleted: 1, ..Followed::default() };
        assert_eq!(
            foreseen(&found).unwrap(),
            "A last pass would copy 34 new messages, set new flags for 12 messages, move 1 message and rename 2 folders. \
             1 message was deleted on the source since an earlier run."
        );
        assert_eq!(
            foreseen(&Followed { moved: 3, ..Followed::default() }).unwrap(),
            "A last pass would move 3 messages."
        );
        assert_eq!(foreseen(&Followed::default()), None);
        let made = Followed { flags: 1, renamed: 1, ..Followed::default() };
        assert_eq!(followed(&made).unwrap(), "Since an earlier run: 1 message got new flags, 1 folder was renamed.");
    }
}
