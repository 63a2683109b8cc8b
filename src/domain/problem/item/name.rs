//! What a person recognises an event, a task or a contact by.

use super::super::foreign::Foreign;
use serde::{Deserialize, Serialize};
use std::fmt;

/// At most this many characters of a title are kept.
const LONGEST: usize = 80;

/// What an item is called, as far as it says so.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ItemName {
    /// Its summary, or a contact's name; empty if it has none.
    pub title: String,
    /// Its day as `2012-03-02`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub day: Option<String>,
    /// The name of the file or resource that it is in, for an item without a title.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub file: String,
}

impl ItemName {
    /// A title without a day.
    pub fn titled(title: &str) -> Self {
        Self { title: title.trim().chars().take(LONGEST).collect(), ..Self::default() }
    }

    /// The same with a day as iCalendar has it, such as `20120302T090000Z`; anything else is not a day.
    pub fn on_day(self, written: Option<&str>) -> Self {
        let day = written.map(str::trim).and_then(|it| it.get(..8));
        let day = day.filter(|day| day.bytes().all(|byte| byte.is_ascii_digit()));
        Self { day: day.map(|day| format!("{}-{}-{}", &day[..4], &day[4..6], &day[6..])), ..self }
    }

    /// Whether nothing is known that a person would recognise.
    pub fn is_empty(&self) -> bool {
        self.title.is_empty() && self.day.is_none() && self.file.is_empty()
    }
}

impl Foreign for ItemName {
    fn each_foreign(&mut self, each: &mut dyn FnMut(&mut String)) {
        each(&mut self.title);
        each(&mut self.file);
    }
}

/// What follows the word "event", "task" or "contact".
impl fmt::Display for ItemName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.title.as_str(), &self.day) {
            ("", Some(day)) => write!(formatter, "without a title of {day}"),
            ("", None) if self.file.is_empty() => formatter.write_str("without a name"),
            ("", None) => formatter.write_str(&self.file),
            (title, Some(day)) => write!(formatter, "'{title}' of {day}"),
            (title, None) => write!(formatter, "'{title}'"),
        }
    }
}
