//! What identifies a message to a person: date, sender, subject, size, UID.

use super::foreign::Foreign;
use crate::domain::numbers;
use chrono::{DateTime, FixedOffset};
use serde::{Deserialize, Serialize};
use std::fmt;

/// The facts that name a message to a person, as far as known. `Display` follows "the message".
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, from = "Recorded")]
pub struct MessageName {
    /// Its UID in its folder on the source.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uid: Option<u32>,
    /// Its size in bytes, as the server claims.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    /// Its INTERNALDATE.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub date: Option<DateTime<FixedOffset>>,
    /// Its sender; empty if unknown.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub sender: String,
    /// Its subject; empty if unknown.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub subject: String,
    /// The whole name in the words of an earlier version that recorded no facts; empty otherwise.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub recorded: String,
}

/// The two forms in which a name was ever recorded.
#[derive(Deserialize)]
#[serde(untagged)]
enum Recorded {
    Text(String),
    Facts {
        uid: Option<u32>,
        size: Option<u64>,
        date: Option<DateTime<FixedOffset>>,
        #[serde(default)]
        sender: String,
        #[serde(default)]
        subject: String,
        #[serde(default)]
        recorded: String,
    },
}

impl From<Recorded> for MessageName {
    fn from(recorded: Recorded) -> Self {
        match recorded {
            Recorded::Text(recorded) => Self { recorded, ..Self::default() },
            Recorded::Facts { uid, size, date, sender, subject, recorded } => {
                Self { uid, size, date, sender, subject, recorded }
            }
        }
    }
}

impl Foreign for MessageName {
    fn each_foreign(&mut self, each: &mut dyn FnMut(&mut String)) {
        [&mut self.sender, &mut self.subject, &mut self.recorded].into_iter().for_each(each);
    }
}

impl fmt::Display for MessageName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.recorded.is_empty() {
            return formatter.write_str(&self.recorded);
        }
        let date = match (self.date, self.size) {
            (Some(date), _) => Some(date.format("of %Y-%m-%d %H:%M").to_string()),
            // A server that gives the size gives the date too, if there is one.
            (None, Some(_)) => Some("without a date".to_owned()),
            (None, None) => None,
        };
        let sender = Some(format!("from {}", self.sender)).filter(|_| !self.sender.is_empty());
        let first = date.into_iter().chain(sender).collect::<Vec<_>>().join(" ");
        let subject = Some(format!("'{}'", self.subject)).filter(|_| !self.subject.is_empty());
        let name =
            Some(first).filter(|first| !first.is_empty()).into_iter().chain(subject).collect::<Vec<_>>().join(", ");
        let size = self.size.map(numbers::size);
        match (self.uid, size, name.is_empty()) {
            (Some(uid), None, true) => write!(formatter, "with UID {uid}"),
            (Some(uid), None, false) => write!(formatter, "{name} (UID {uid})"),
            (Some(uid), Some(size), _) => write!(formatter, "{name} ({size}, UID {uid})"),
            (None, Some(size), _) => write!(formatter, "{name} ({size})"),
            (None, None, _) => formatter.write_str(&name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(size: Option<u64>, date: &str, sender: &str, subject: &str) -> MessageName {
        MessageName {
            uid: Some(1),
            size,
            date: DateTime::parse_from_rfc3339(date).ok(),
            sender: sender.into(),
            subject: subject.into(),
            ..MessageName::default()
        }
    }

    #[test]
    fn a_message_is_named_by_whatever_is_known_of_it() {
        let (size, date) = (Some(20_001_162), "2012-03-02T01:00:00+00:00");
        let said = |size, date, sender, subject| name(size, date, sender, subject).to_string();
        assert_eq!(said(size, date, "", ""), "of 2012-03-02 01:00 (20.0 MB, UID 1)");
        assert_eq!(said(size, date, "Ann", "Plans"), "of 2012-03-02 01:00 from Ann, 'Plans' (20.0 MB, UID 1)");
        assert_eq!(said(size, "", "", "Plans"), "without a date, 'Plans' (20.0 MB, UID 1)");
        assert_eq!(said(None, "", "Ann", ""), "from Ann (UID 1)");
        assert_eq!(said(None, "", "", ""), "with UID 1");
    }

    #[test]
    fn a_name_survives_its_way_through_json_and_one_of_an_earlier_version_is_said_as_it_was() {
        let facts = name(Some(5), "2012-03-02T01:00:00+02:00", "Ann", "");
        let json = serde_json::to_string(&facts).unwrap();
        assert_eq!(json, r#"{"uid":1,"size":5,"date":"2012-03-02T01:00:00+02:00","sender":"Ann"}"#);
        assert_eq!(serde_json::from_str::<MessageName>(&json).unwrap(), facts);
        let earlier: MessageName = serde_json::from_str(r#""of 2012-03-02 01:00 (20.0 MB, UID 1)""#).unwrap();
        assert_eq!(earlier.to_string(), "of 2012-03-02 01:00 (20.0 MB, UID 1)");
    }
}
