//! Which flags and keywords of a message the target's folder can keep.

use crate::imap::OpenFolder;

/// What one target folder keeps (PERMANENTFLAGS, RFC 9051, section 7.1).
pub(super) struct FlagFilter {
    permanent: Vec<String>,
    new_keywords_allowed: bool,
    /// Kerio Connect hides a message that arrives with \Deleted.
    keep_deleted: bool,
}

impl FlagFilter {
    /// The filter of an open folder.
    pub(super) fn new(folder: &OpenFolder, kerio: bool) -> Self {
        Self {
            permanent: folder.permanent_flags.clone(),
            // A server that lists nothing says nothing: RFC 9051 lets a client assume that all flags are kept.
            new_keywords_allowed: folder.new_keywords_allowed || folder.permanent_flags.is_empty(),
            keep_deleted: !kerio,
        }
    }

    /// The flags to send, and how many are left behind.
    pub(super) fn split(&self, flags: &[String]) -> (Vec<String>, usize) {
        let kept: Vec<String> = flags.iter().filter_map(|flag| self.kept(flag)).collect();
        let dropped = flags.len() - kept.len();
        (kept, dropped)
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

/// A system flag in the spelling of RFC 9051; some servers accept no other. Unknown ones are the source's own.
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
        let status = FolderStatus { uid_validity: UidValidity(1), uid_next: None, messages: 0 };
        let permanent_flags = permanent.iter().map(|flag| flag.to_string()).collect();
        FlagFilter::new(&OpenFolder { status, permanent_flags, new_keywords_allowed }, kerio)
    }

    fn split(filter: &FlagFilter, flags: &[&str]) -> (Vec<String>, usize) {
        filter.split(&flags.iter().map(|flag| flag.to_string()).collect::<Vec<_>>())
    }

    #[test]
    fn a_keyword_the_target_does_not_list_is_dropped_and_counted() {
        let kerio = filter(&["\\Seen", "\\Deleted", "$Forwarded"], false, true);
        let (kept, dropped) = split(&kerio, &["\\SEEN", "$forwarded", "invoice", "\\Deleted"]);
        assert_eq!((kept, dropped), (vec!["\\Seen".to_owned(), "$Forwarded".to_owned()], 2));
    }

    #[test]
    fn a_target_that_takes_new_keywords_gets_them_all() {
        let dovecot = filter(&["\\Seen"], true, false);
        assert_eq!(split(&dovecot, &["\\seen", "invoice", "\\deleted"]).1, 0);
        assert_eq!(split(&filter(&[], false, false), &["\\Seen", "x"]).1, 0);
    }
}
