//! Folders that a server lists more than once.

use super::super::opened::status_key;
use super::Listed;
use std::collections::BTreeMap;

/// One line for each folder, in the server's order, and the names of folders that cannot be told apart.
///
/// - A line that says that the folder can be opened counts more than one that does not: servers list a parent for its children, or a
///   subscription, beside the folder itself.
/// - Some servers list a folder that can hold others once more, with a separator at the end.
/// - Two lines that differ and give one name may be two folders, of which only one can be opened.
pub(super) fn one_of_each_name(listed: Vec<Listed>) -> (Vec<Listed>, Vec<Vec<u8>>) {
    let mut ones: Vec<Listed> = Vec::with_capacity(listed.len());
    let (mut places, mut doubles) = (BTreeMap::new(), Vec::new());
    for mut folder in listed {
        let key = status_key(folder.without_separator().unwrap_or(&folder.wire_name));
        let Some(&place) = places.get(&key) else {
            places.insert(key, ones.len());
            ones.push(folder);
            continue;
        };
        let one: &mut Listed = &mut ones[place];
        let is_plainer = one.wire_name.len() > folder.wire_name.len();
        let has_same_name = status_key(&one.wire_name) == status_key(&folder.wire_name);
        match (one.is_selectable(), folder.is_selectable()) {
            (true, true) if is_plainer => *one = folder,
            (true, true) if has_same_name && one.written != folder.written => doubles.push(folder.wire_name),
            (false, true) => {
                // Its use, or that it is subscribed, may stand in the other line.
                folder.attributes.extend(one.attributes.drain(..).filter(|attribute| !says_not_there(attribute)));
                *one = folder;
            }
            _ => {}
        }
    }
    (ones, doubles)
}

fn says_not_there(attribute: &str) -> bool {
    ["\\Noselect", "\\NonExistent"].iter().any(|word| word.eq_ignore_ascii_case(attribute))
}
