//! APPEND, with one message or several (RFC 3502: all are stored, or none).

use super::super::store::{Content, NewMessage, StoreError, User};
use super::folders::refused;
use super::options::{DateRefusal, Keeping};
use super::parser::Argument;
use super::select::kept_flags;
use super::session::{Done, Reply, Session};
use chrono::{DateTime, FixedOffset};

/// Why a date was refused.
enum BadDate {
    Malformed,
    Refused,
}

impl Session {
    pub(super) fn append(&mut self, user: &User, arguments: &[Argument]) -> Done {
        let [folder, rest @ ..] = arguments else { return Ok(Reply::bad("APPEND has a folder and a message")) };
        let Some(folder) = folder.text() else { return Ok(Reply::bad("APPEND has a folder and a message")) };
        let mut messages = Vec::new();
        let mut rest = rest;
        while !rest.is_empty() {
            match self.read_message(&mut rest) {
                Ok(message) => messages.push(message),
                Err(reply) => return Ok(reply),
            }
        }
        if messages.is_empty() || messages.len() > 1 && !self.options.has("MULTIAPPEND") {
            return Ok(Reply::bad("APPEND has one message"));
        }
        Ok(self.store(user, folder, messages))
    }

    /// Takes `[(flags)] ["date"] literal` off the arguments.
    fn read_message(&self, rest: &mut &[Argument]) -> Result<NewMessage, Reply> {
        let malformed = || Reply::bad("APPEND has flags, a date and a literal");
        let mut flags = Vec::new();
        if let [list @ Argument::List(_), after @ ..] = rest {
            flags = list.flags().ok_or_else(malformed)?;
            *rest = after;
        }
        let mut date = chrono::Utc::now().fixed_offset();
        if let [Argument::Quoted(text), after @ ..] = rest {
            date = read_date(text, self.options.date_refusal).map_err(|bad| match bad {
                BadDate::Malformed => Reply::bad("That is no date"),
                BadDate::Refused => Reply::bad("Malformed date parameter"),
            })?;
            *rest = after;
        }
        if self.options.keeping == Keeping::WithoutDate {
            date = chrono::Utc::now().fixed_offset();
        }
        let [Argument::Literal(bytes), after @ ..] = rest else { return Err(malformed()) };
        *rest = after;
        let content = Content::bytes(self.options.keeping.stored(bytes));
        Ok(NewMessage { content, flags: kept_flags(&flags, &self.options), date })
    }

    fn store(&self, user: &User, folder: &[u8], messages: Vec<NewMessage>) -> Reply {
        let count = messages.len() as u32;
        let mut mailbox = user.mailbox();
        let uid_validity = match mailbox.selectable(folder) {
            Ok(found) => found.uid_validity,
            // RFC 9051, section 6.3.12: the client may want to create it.
            Err(_) => return Reply::no("[TRYCREATE] There is no such folder"),
        };
        // Kerio Connect moves messages that arrive with \Deleted to Deleted Items at once (docs/kerio-connect.md, D5).
        let (gone, kept): (Vec<NewMessage>, Vec<NewMessage>) = messages
            .into_iter()
            .partition(|message| self.options.kerio.is_some() && message.flags.iter().any(|flag| flag == "\\Deleted"));
        if !gone.is_empty() {
            let stored = mailbox
                .append(b"Deleted Items", gone)
                .and_then(|_| if kept.is_empty() { Ok(0) } else { mailbox.append(folder, kept) });
            return stored.map_or_else(over_quota, |_| Reply::ok("APPEND completed"));
        }
        match mailbox.append(folder, kept) {
            Ok(first) if self.options.has("UIDPLUS") && count > 1 => {
                Reply::ok(&format!("[APPENDUID {uid_validity} {first}:{}] APPEND completed", first + count - 1))
            }
            Ok(first) if self.options.has("UIDPLUS") => {
                Reply::ok(&format!("[APPENDUID {uid_validity} {first}] APPEND completed"))
            }
            Ok(_) => Reply::ok("APPEND completed"),
            Err(error) => over_quota(error),
        }
    }
}

fn over_quota(error: StoreError) -> Reply {
    match error {
        StoreError::OverQuota => Reply::no("[OVERQUOTA] The mailbox is full"),
        error => refused(error),
    }
}

/// Reads `dd-Mon-yyyy hh:mm:ss +zzzz`; a day below 10 has a leading zero or space (RFC 9051, `date-day-fixed`).
fn read_date(text: &[u8], refusal: DateRefusal) -> Result<DateTime<FixedOffset>, BadDate> {
    let is_refused = match refusal {
        DateRefusal::None => false,
        DateRefusal::SpacePadded => text.starts_with(b" "),
        DateRefusal::ZeroPadded => text.starts_with(b"0"),
        DateRefusal::All => true,
    };
    let text = std::str::from_utf8(text).map_err(|_| BadDate::Malformed)?;
    let has_form = text.len() == 26 && text.as_bytes().get(2) == Some(&b'-') && text.as_bytes().get(20) == Some(&b' ');
    let read = DateTime::parse_from_str(text.trim_start(), "%d-%b-%Y %H:%M:%S %z");
    match read {
        Ok(_) if is_refused => Err(BadDate::Refused),
        Ok(date) if has_form => Ok(date),
        _ => Err(BadDate::Malformed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_is_taken_in_the_form_of_the_rfc_only() {
        let read = |text: &str, refusal| read_date(text.as_bytes(), refusal).ok().map(|date| date.to_rfc3339());
        let expected = Some("2020-02-07T01:02:03+05:30".to_owned());
        assert_eq!(read(" 7-Feb-2020 01:02:03 +0530", DateRefusal::None), expected);
        assert_eq!(read("07-Feb-2020 01:02:03 +0530", DateRefusal::SpacePadded), expected);
        assert_eq!(read(" 7-Feb-2020 01:02:03 +0530", DateRefusal::SpacePadded), None);
        for bad in ["7-Feb-2020 01:02:03 +0530", "07-Feb-2020 01:02:03", "2020-02-07T01:02:03+05:30", ""] {
            assert_eq!(read(bad, DateRefusal::None), None, "{bad}");
        }
    }
}
