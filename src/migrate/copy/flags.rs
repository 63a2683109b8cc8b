//! Which flags and keywords of a message the target's folder can keep, and which of them are sent.

use crate::domain::Uid;
use crate::imap::OpenFolder;
use crate::migrate::folder::flags_lost::FlagsLost;
use crate::migrate::heads::Heads;
use crate::migrate::target::profile::Profile;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// The flags that one target folder keeps (PERMANENTFLAGS, RFC 9051, section 7.1).
pub struct FlagFilter {
    permanent: Vec<String>,
    new_keywords_allowed: bool,
    /// Whether the target shows a message that arrives with \Deleted.
    keep_deleted: bool,
}

impl FlagFilter {
    /// The filter of an open folder.
    pub fn new(folder: &OpenFolder, profile: &Profile) -> Self {
        Self {
            permanent: folder.permanent_flags.clone(),
            // A server that lists no flags says nothing about them: RFC 9051 lets a client assume that all are kept.
            new_keywords_allowed: folder.new_keywords_allowed || folder.permanent_flags.is_empty(),
            keep_deleted: profile.keeps_deleted,
        }
    }

    /// The filter of a folder that was not opened, so that its flags are unknown.
    pub fn unknown(profile: &Profile) -> Self {
        Self { permanent: Vec::new(), new_keywords_allowed: true, keep_deleted: profile.keeps_deleted }
    }

    /// Those of these flags that the folder keeps, in the target's own spelling.
    pub fn kept_of(&self, flags: &[String]) -> Vec<String> {
        self.split(flags, false).0
    }

    /// The flags to send, without keywords if `bare`, and the first that is left out.
    fn split<'f>(&self, flags: &'f [String], bare: bool) -> (Vec<String>, Option<&'f str>) {
        let mut lost = None;
        let mut kept = Vec::with_capacity(flags.len());
        for flag in flags {
            match self.kept(flag).filter(|_| !bare || flag.starts_with('\\')) {
                Some(flag) => kept.push(flag),
                None => lost = lost.or(Some(flag.as_str())),
            }
        }
        (kept, lost)
    }

    /// The flag in the target's own spelling.
    fn kept(&self, flag: &str) -> Option<String> {
        if flag.eq_ignore_ascii_case("\\Deleted") && !self.keep_deleted {
            return None;
        }
        let listed = self.permanent.iter().find(|known| known.eq_ignore_ascii_case(flag));
        match listed {
            Some(known) => Some(known.clone()),
            None if !self.new_keywords_allowed => None,
            None if flag.starts_with('\\') => standard(flag),
            None => Some(flag.to_owned()),
        }
    }
}

/// The flags that a refused message is sent without; always its keywords.
#[derive(Debug, Default)]
struct Spared {
    without: Vec<String>,
    with_empty_list: bool,
}

/// The flags that the messages of a folder are sent with, and which messages lose some of theirs.
pub struct SentFlags {
    filter: FlagFilter,
    spared: BTreeMap<Uid, Spared>,
    lost: Mutex<FlagsLost>,
}

impl SentFlags {
    /// The flags for an open folder of the target.
    pub fn new(folder: &OpenFolder, profile: &Profile) -> Self {
        Self { filter: FlagFilter::new(folder, profile), spared: BTreeMap::new(), lost: Mutex::default() }
    }

    /// The flags to send for a message.
    pub fn of(&self, heads: &Heads, uid: Uid) -> Vec<String> {
        let (kept, lost) = self.kept_and_lost(heads, uid);
        if let Some(lost) = lost {
            self.lost.lock().unwrap_or_else(PoisonError::into_inner).note(uid, lost);
        }
        kept
    }

    /// The same flags, sorted; for the record, so that nothing is noted as lost.
    pub fn sorted(&self, heads: &Heads, uid: Uid) -> Vec<String> {
        let (mut kept, _) = self.kept_and_lost(heads, uid);
        kept.sort_unstable();
        kept
    }

    fn kept_and_lost<'h>(&self, heads: &'h Heads, uid: Uid) -> (Vec<String>, Option<&'h str>) {
        let all = heads.get(uid).map(|head| heads.flags(head)).unwrap_or_default();
        let spared = self.spared.get(&uid);
        let (mut kept, mut lost) = self.filter.split(all, spared.is_some());
        if let Some(Spared { without, .. }) = spared {
            let spares = |flag: &String| without.iter().any(|spared| spared.eq_ignore_ascii_case(flag));
            lost = lost.or(all.iter().find(|flag| spares(flag)).map(String::as_str));
            kept.retain(|flag| !spares(flag));
        }
        (kept, lost.or(heads.unused_flag(uid)))
    }

    /// Sends a refused message with fewer flags from now on: without the flag that the server's `words` name (Yahoo refuses every message
    /// with \Deleted), without keywords (Cyrus refuses the 128th, Dovecot a long one), without any, and at last with an empty list, which
    /// some servers want. False if nothing is left to try.
    pub fn spare(&mut self, heads: &Heads, uid: Uid, words: &str, about_flags: bool) -> bool {
        let sent = self.of(heads, uid);
        let words = words.to_lowercase();
        let named = |flag: &&String| words.contains(flag.trim_start_matches('\\').to_lowercase().as_str());
        let named = sent.iter().find(|flag| about_flags && named(flag)).cloned();
        let has_keywords = sent.iter().any(|flag| !flag.starts_with('\\'));
        let is_new = !self.spared.contains_key(&uid);
        let spared = self.spared.entry(uid).or_default();
        match named {
            Some(flag) => spared.without.push(flag),
            None if has_keywords && is_new => {}
            None if about_flags && !sent.is_empty() => spared.without.extend(sent),
            None if about_flags && !spared.with_empty_list => spared.with_empty_list = true,
            None => return false,
        }
        true
    }

    /// Whether the message is sent with an empty list of flags.
    pub fn has_empty_list(&self, uid: Uid) -> bool {
        self.spared.get(&uid).is_some_and(|spared| spared.with_empty_list)
    }

    /// Takes the flags that were left out.
    pub fn take_lost(&mut self) -> FlagsLost {
        std::mem::take(self.lost.get_mut().unwrap_or_else(PoisonError::into_inner))
    }
}

/// A system flag in the spelling of RFC 9051; some servers accept no other. None for any other, which is the source's own.
fn standard(flag: &str) -> Option<String> {
    ["\\Seen", "\\Answered", "\\Flagged", "\\Deleted", "\\Draft"]
        .into_iter()
        .find(|known| known.eq_ignore_ascii_case(flag))
        .map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::UidValidity;
    use crate::imap::FolderStatus;

    fn filter(permanent: &[&str], new_keywords_allowed: bool, kerio: bool) -> FlagFilter {
        let status = FolderStatus { uid_validity: UidValidity(1), uid_next: None, messages: 0, highest_modseq: None };
        let permanent_flags = permanent.iter().map(|flag| flag.to_string()).collect();
        FlagFilter::new(
            &OpenFolder { status, permanent_flags, new_keywords_allowed },
            if kerio { Profile::kerio() } else { Profile::imap() },
        )
    }

    fn split(filter: &FlagFilter, flags: &[&str], bare: bool) -> (Vec<String>, Option<String>) {
        let flags: Vec<String> = flags.iter().map(|flag| flag.to_string()).collect();
        let (kept, lost) = filter.split(&flags, bare);
        (kept, lost.map(str::to_owned))
    }

    #[test]
    fn a_keyword_the_target_does_not_list_is_dropped_and_reported() {
        let kerio = filter(&["\\Seen", "\\Deleted", "$Forwarded"], false, true);
        let flags = ["\\SEEN", "$forwarded", "invoice", "\\Deleted"];
        let (kept, lost) = split(&kerio, &flags, false);
        assert_eq!((kept, lost), (vec!["\\Seen".to_owned(), "$Forwarded".to_owned()], Some("invoice".to_owned())));
        let (kept, lost) = split(&kerio, &flags, true);
        assert_eq!((kept, lost), (vec!["\\Seen".to_owned()], Some("$forwarded".to_owned())));
    }

    #[test]
    fn a_target_that_takes_new_keywords_gets_them_all() {
        let dovecot = filter(&["\\Seen"], true, false);
        assert_eq!(split(&dovecot, &["\\seen", "invoice", "\\deleted"], false).1, None);
        assert_eq!(split(&filter(&[], false, false), &["\\Seen", "x"], false).1, None);
    }
}
