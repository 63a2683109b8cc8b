//! How the program says what a last pass brought.

use super::{count, counted};
use crate::progress::Followed;

/// What people did on the source since an earlier run, and what became of it; none when they did nothing.
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
