//! Reading nothing but flags: of whole folders, or of the messages whose flags changed since a HIGHESTMODSEQ (CONDSTORE, RFC 7162).
//!
//! Promises the flags as the server reports them, without \Recent, which belongs to a session. A flag that could end a command of ours is
//! left out, as everywhere.

use super::command::ReadOnly;
use super::error::ImapError;
use super::fetch::Fetched;
use super::opened::{FolderStatus, Opened};
use super::reader::Reader;
use super::response::Condition;
use crate::domain::Uid;

/// A folder whose flags are to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FlagsRequest<'a> {
    /// Its wire name.
    pub wire_name: &'a [u8],
    /// Asks only for what changed since this HIGHESTMODSEQ.
    pub changed_since: Option<u64>,
}

impl Reader {
    /// Opens folders one after another and reads flags, sending questions ahead of the answers. `each` gets a message's flags with the
    /// folder's index in `wanted`; then `end` gets the folder's status, or why its flags could not be read. An `Err` means that the
    /// connection is lost.
    pub fn flags(
        &mut self,
        wanted: &[FlagsRequest<'_>],
        each: &mut dyn FnMut(usize, Uid, Vec<String>),
        end: &mut dyn FnMut(usize, Result<FolderStatus, ImapError>),
    ) -> Result<(), ImapError> {
        self.open = None;
        let names: Vec<&[u8]> = wanted.iter().map(|wanted| wanted.wire_name).collect();
        let counts_changes = self.wire.capabilities.has("CONDSTORE");
        let mut index = 0;
        for group in self.groups(&names) {
            let mut tags = Vec::new();
            for (wire_name, place) in group.iter().zip(index..) {
                let changed_since = wanted[place].changed_since.filter(|_| counts_changes);
                let examine = ReadOnly::Examine { wire_name: wire_name.to_vec() };
                let fetch = ReadOnly::FetchFlags { changed_since };
                tags.push((self.wire.send(&examine.command())?, self.wire.send(&fetch.command())?));
            }
            for (examine, fetch) in tags {
                let mut opened = Opened::default();
                let examined = self.wire.finish(examine, &mut |pieces| opened.take(pieces))?;
                let is_open = examined.condition == Condition::Ok;
                // After a refusal another folder may still be open: its flags were not requested.
                let fetched = self.wire.finish(fetch, &mut |pieces| {
                    let found = Fetched::parse(pieces).filter(|_| is_open);
                    if let Some((uid, flags)) = found.and_then(Fetched::flags) {
                        each(index, uid, flags);
                    }
                })?;
                let refused = |command, status| ImapError::Refused { command, status };
                end(
                    index,
                    match (examined.condition, fetched.condition) {
                        (Condition::Ok, Condition::Ok) => Ok(opened.status(self.wire.learned.passing_validity())),
                        (Condition::Ok, _) => Err(refused("UID FETCH", fetched)),
                        _ => Err(refused("EXAMINE", examined)),
                    },
                );
                index += 1;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::scripted::scripted;
    use super::*;

    #[test]
    fn flags_belong_to_the_folder_that_was_opened_and_recent_is_none() {
        let answers = "* 2 EXISTS\r\n* OK [UIDVALIDITY 1] x\r\n* OK [HIGHESTMODSEQ 90] x\r\nK1 OK\r\n\
                       * 1 FETCH (UID 5 FLAGS (\\Seen \\Recent) MODSEQ (90))\r\n* 2 FETCH (FLAGS (\\Flagged))\r\nK2 OK\r\n\
                       K3 NO no access\r\n* 1 FETCH (UID 5 FLAGS ())\r\nK4 OK\r\n";
        let mut reader = Reader::new(scripted(answers.as_bytes()).unwrap());
        let (mut found, mut ends) = (Vec::new(), Vec::new());
        let wanted = [b"a", b"b"].map(|wire_name| FlagsRequest { wire_name, changed_since: None });
        let mut each = |folder, uid: Uid, flags| found.push((folder, uid.0, flags));
        reader.flags(&wanted, &mut each, &mut |_, status| ends.push(status.ok())).unwrap();
        assert_eq!(found, [(0, 5, vec!["\\Seen".to_owned()])]);
        assert_eq!((ends[0].and_then(|status| status.highest_modseq), ends[1]), (Some(90), None));
    }
}
