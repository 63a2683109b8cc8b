//! The folder commands: LIST and its variants, CREATE, DELETE, RENAME, SUBSCRIBE, STATUS, NAMESPACE, quota.

use super::super::store::{Folder, Mailbox, StoreError, User};
use super::options::ImapOptions;
use super::parser::Argument;
use super::session::{Done, Reply, Session};
use crate::domain::SpecialUse;

/// A parsed LIST or LSUB.
#[derive(Debug, Default)]
struct ListRequest {
    patterns: Vec<Vec<u8>>,
    /// LSUB, or LIST (SUBSCRIBED).
    only_subscribed: bool,
    /// LIST (SPECIAL-USE).
    only_special: bool,
    returns_subscribed: bool,
    /// RETURN (STATUS (…)).
    status: Vec<String>,
}

impl Session {
    pub(super) fn execute_on_folders(&mut self, user: &User, name: &str, arguments: &[Argument]) -> Done {
        let names: Vec<&[u8]> = arguments.iter().filter_map(Argument::text).collect();
        match (name, names.as_slice()) {
            ("NAMESPACE", []) if self.options.has("NAMESPACE") => {
                let separator = char::from(user.mailbox().layout().separator);
                let prefix = self.options.personal_prefix.clone();
                let shared = if self.options.kerio.is_some() { r#"(("Public Folders/" "/"))"# } else { "NIL" };
                self.untagged(&format!(r#"NAMESPACE (("{prefix}" "{separator}")) NIL {shared}"#))?;
                Ok(Reply::ok("done"))
            }
            ("LIST" | "LSUB", _) => match list_request(name, arguments, &self.options) {
                Some(request) => self.list(user, name, &request),
                None => Ok(Reply::bad("That is no list of folders")),
            },
            ("CREATE", [folder]) => Ok(changed(user.mailbox().create(folder))),
            ("CREATE", [folder, ..]) if self.options.has("SPECIAL-USE") => Ok(changed(user.mailbox().create(folder))),
            ("DELETE", [folder]) => Ok(changed(user.mailbox().delete(folder))),
            ("RENAME", [from, to]) => Ok(changed(user.mailbox().rename(from, to))),
            ("SUBSCRIBE" | "UNSUBSCRIBE", [folder]) => {
                user.mailbox().subscribe(folder, name == "SUBSCRIBE");
                Ok(Reply::ok("done"))
            }
            ("STATUS", [folder]) => {
                let items: Vec<String> =
                    arguments.iter().skip(1).flat_map(Argument::items).map(Argument::word).collect();
                let line = user.mailbox().selectable(folder).map(|folder| status(folder, &items, &self.options));
                match line {
                    Ok(Some(line)) => {
                        self.put_line(&[b"* STATUS ", &string(folder), b" ", line.as_bytes()])?;
                        Ok(Reply::ok("done"))
                    }
                    Ok(None) => Ok(Reply::bad("That cannot be asked with STATUS")),
                    Err(error) => Ok(refused(error)),
                }
            }
            ("GETQUOTAROOT" | "GETQUOTA", [folder]) if self.options.has("QUOTA") => {
                let (used, quota) = user.mailbox().quota();
                if name == "GETQUOTAROOT" {
                    self.put_line(&[b"* QUOTAROOT ", &string(folder), b" \"\""])?;
                }
                let resources = quota.map(|quota| format!("STORAGE {} {}", used.div_ceil(1024), quota / 1024));
                self.untagged(&format!("QUOTA \"\" ({})", resources.unwrap_or_default()))?;
                Ok(Reply::ok("done"))
            }
            _ => Ok(Reply::bad("Unknown command or wrong arguments")),
        }
    }

    pub(super) fn put_line(&mut self, parts: &[&[u8]]) -> std::io::Result<()> {
        parts.iter().try_for_each(|part| self.channel.put(part))?;
        self.channel.put(b"\r\n")
    }

    fn list(&mut self, user: &User, command: &str, request: &ListRequest) -> Done {
        let separator = user.mailbox().layout().separator;
        if request.patterns.iter().all(Vec::is_empty) {
            self.untagged(&format!("{command} (\\Noselect) \"{}\" \"\"", char::from(separator)))?;
            return Ok(Reply::ok("done"));
        }
        let wanted = |name: &[u8]| request.patterns.iter().any(|pattern| matches(pattern, name, separator));
        let mut lines: Vec<Vec<u8>> = Vec::new();
        {
            let mailbox = user.mailbox();
            let mut add = |attributes: &[String], name: &[u8]| {
                let head = format!("* {command} ({}) \"{}\" ", attributes.join(" "), char::from(separator));
                lines.push([head.as_bytes(), &string(name), b"\r\n"].concat());
            };
            for folder in mailbox.folders().filter(|folder| wanted(&folder.name)) {
                if request.only_subscribed && !mailbox.is_subscribed(&folder.name)
                    || request.only_special && folder.special_use.is_none()
                {
                    continue;
                }
                add(&self.attributes(&mailbox, folder, request), &folder.name);
            }
            if request.only_subscribed {
                for name in mailbox.subscribed().filter(|name| wanted(name) && mailbox.folder(name).is_err()) {
                    let attribute = if command == "LSUB" { "\\Noselect" } else { "\\NonExistent \\Subscribed" };
                    add(&[attribute.to_owned()], name);
                }
            }
            for folder in mailbox.folders().filter(|folder| folder.selectable && wanted(&folder.name)) {
                if let (false, Some(line)) = (request.status.is_empty(), status(folder, &request.status, &self.options))
                {
                    lines
                        .push([b"* STATUS ", string(&folder.name).as_slice(), b" ", line.as_bytes(), b"\r\n"].concat());
                }
            }
        }
        lines.iter().try_for_each(|line| self.channel.put(line))?;
        Ok(Reply::ok("done"))
    }

    fn attributes(&self, mailbox: &Mailbox, folder: &Folder, request: &ListRequest) -> Vec<String> {
        let mut attributes = Vec::new();
        if !folder.selectable {
            attributes.push("\\Noselect");
        }
        // Kerio Connect shows no such attributes (docs/kerio-connect.md, D2).
        if self.options.has("CHILDREN") && self.options.kerio.is_none() {
            let children = mailbox.has_children(&folder.name);
            attributes.push(if children { "\\HasChildren" } else { "\\HasNoChildren" });
        }
        if self.options.has("SPECIAL-USE") || self.options.kerio.is_some() {
            attributes.extend(folder.special_use.and_then(|special_use| attribute(special_use, &self.options)));
        }
        if request.returns_subscribed && mailbox.is_subscribed(&folder.name) {
            attributes.push("\\Subscribed");
        }
        attributes.into_iter().map(str::to_owned).collect()
    }
}

fn changed(result: Result<(), StoreError>) -> Reply {
    result.map_or_else(refused, |()| Reply::ok("done"))
}

/// A refusal by the store, with a response code of RFC 5530.
pub(super) fn refused(error: StoreError) -> Reply {
    let code = match error {
        StoreError::FolderExists | StoreError::UserExists => "ALREADYEXISTS",
        StoreError::NoSuchFolder | StoreError::NoSuchUser => "NONEXISTENT",
        StoreError::BadName | StoreError::Kept => "CANNOT",
        StoreError::OverQuota => "OVERQUOTA",
    };
    Reply::no(&format!("[{code}] Not done: {error}"))
}

fn list_request(command: &str, arguments: &[Argument], options: &ImapOptions) -> Option<ListRequest> {
    let mut request = ListRequest { only_subscribed: command == "LSUB", ..ListRequest::default() };
    let (selection, rest) = match arguments {
        [Argument::List(selection), rest @ ..] if command == "LIST" => (selection.as_slice(), rest),
        rest => (&[][..], rest),
    };
    for option in selection {
        match option.word().as_str() {
            "SUBSCRIBED" if options.has("LIST-EXTENDED") => {
                (request.only_subscribed, request.returns_subscribed) = (true, true);
            }
            "SPECIAL-USE" if options.has("SPECIAL-USE") || options.kerio.is_some() => request.only_special = true,
            "REMOTE" | "RECURSIVEMATCH" if options.has("LIST-EXTENDED") => {}
            _ => return None,
        }
    }
    let [reference, patterns, rest @ ..] = rest else { return None };
    let reference = reference.text()?;
    let patterns: Option<Vec<&[u8]>> = patterns.items().iter().map(Argument::text).collect();
    request.patterns = patterns?.into_iter().map(|pattern| [reference, pattern].concat()).collect();
    match rest {
        [] => {}
        [word, Argument::List(returns)] if word.word() == "RETURN" => read_returns(returns, options, &mut request)?,
        _ => return None,
    }
    Some(request)
}

fn read_returns(returns: &[Argument], options: &ImapOptions, request: &mut ListRequest) -> Option<()> {
    let mut returns = returns.iter();
    while let Some(option) = returns.next() {
        match option.word().as_str() {
            "SPECIAL-USE" if options.has("SPECIAL-USE") => {}
            "SUBSCRIBED" if options.has("LIST-EXTENDED") => request.returns_subscribed = true,
            "CHILDREN" if options.has("LIST-EXTENDED") => {}
            "STATUS" if options.has("LIST-STATUS") => {
                request.status = returns.next()?.items().iter().map(Argument::word).collect();
            }
            _ => return None,
        }
    }
    Some(())
}

/// `(MESSAGES 3 UIDNEXT 4)`; none if a requested item is not offered.
fn status(folder: &Folder, items: &[String], options: &ImapOptions) -> Option<String> {
    let value = |item: &String| {
        let value = match item.as_str() {
            "MESSAGES" => folder.messages.len() as u64,
            "RECENT" => 0,
            "UIDNEXT" => u64::from(folder.uid_next),
            "UIDVALIDITY" => u64::from(folder.uid_validity),
            "UNSEEN" => {
                folder.messages.iter().filter(|message| !message.flags.iter().any(|flag| flag == "\\Seen")).count()
                    as u64
            }
            "HIGHESTMODSEQ" if options.has("CONDSTORE") => folder.modseq,
            "SIZE" if options.has("STATUS=SIZE") => folder.bytes,
            _ => return None,
        };
        Some(format!("{item} {value}"))
    };
    let values: Option<Vec<String>> = items.iter().map(value).collect();
    values.filter(|values| !values.is_empty()).map(|values| format!("({})", values.join(" ")))
}

fn attribute(special_use: SpecialUse, options: &ImapOptions) -> Option<&'static str> {
    Some(match special_use {
        SpecialUse::Inbox => return options.kerio.is_some().then_some("\\Inbox"),
        SpecialUse::Sent => "\\Sent",
        SpecialUse::Drafts => "\\Drafts",
        SpecialUse::Trash => "\\Trash",
        SpecialUse::Junk => "\\Junk",
        SpecialUse::Archive => "\\Archive",
        SpecialUse::All => "\\All",
        SpecialUse::Flagged => "\\Flagged",
        SpecialUse::Important => "\\Important",
    })
}

/// A quoted name, or a literal where quoting is impossible.
pub(super) fn string(text: &[u8]) -> Vec<u8> {
    if text.iter().any(|byte| !(b' '..=b'~').contains(byte)) {
        return [format!("{{{}}}\r\n", text.len()).as_bytes(), text].concat();
    }
    let mut quoted = vec![b'"'];
    for byte in text {
        if matches!(byte, b'"' | b'\\') {
            quoted.push(b'\\');
        }
        quoted.push(*byte);
    }
    quoted.push(b'"');
    quoted
}

/// Whether a name matches a pattern: `*` matches anything, `%` anything without a separator, and INBOX matches in any case.
fn matches(pattern: &[u8], name: &[u8], separator: u8) -> bool {
    if pattern.eq_ignore_ascii_case(b"INBOX") {
        return name.eq_ignore_ascii_case(b"INBOX");
    }
    // `reached[n]` says whether the pattern so far can match the first n bytes of the name. Takes at most pattern times name steps.
    let mut reached = vec![false; name.len() + 1];
    reached[0] = true;
    for byte in pattern {
        match byte {
            b'*' | b'%' => {
                for end in 0..name.len() {
                    reached[end + 1] |= reached[end] && (*byte == b'*' || name[end] != separator);
                }
            }
            byte => {
                for end in (0..name.len()).rev() {
                    reached[end + 1] = reached[end] && name[end] == *byte;
                }
                reached[0] = false;
            }
        }
    }
    reached[name.len()]
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn a_percent_stops_at_the_separator_and_a_star_does_not() {
        for (pattern, name, expected) in [
            ("*", "a/b/c", true),
            ("%", "a/b", false),
            ("%", "ab", true),
            ("a/%", "a/b", true),
            ("a/%", "a/b/c", false),
            ("a/*c", "a/b/c", true),
            ("inbox", "INBOX", true),
            ("%/b", "a/b", true),
            ("a", "ab", false),
            ("**********************x", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", false),
        ] {
            assert_eq!(matches(pattern.as_bytes(), name.as_bytes(), b'/'), expected, "{pattern} {name}");
        }
    }
}
