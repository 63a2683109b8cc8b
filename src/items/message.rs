//! Items in messages of mail: calendar objects and cards as parts, whatever they are called and however they are encoded.
//!
//! - Mail that carries an invitation is never an event: a part with a method is one, and so is any message with `METHOD` in its calendar.
//! - The parser promises not to panic. Were it to break its word, the message would have no parts.

use super::calendar::uids;
use super::encoding::decoded_text;
use mail_parser::{MessageParser, MimeHeaders};

/// A part of a message that may hold items.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ItemPart {
    /// Its media type in small letters, such as `text/calendar`.
    pub media_type: String,
    /// What it says.
    pub text: String,
}

/// A message as far as it is about items.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ItemMessage {
    /// Its parts that may hold items.
    pub parts: Vec<ItemPart>,
    /// What Kolab says that it is, such as `application/x-vnd.kolab.event`.
    pub kolab_type: Option<String>,
    /// When it says that it was written, in seconds since 1970.
    pub date: Option<i64>,
}

impl ItemMessage {
    /// Reads a message.
    pub fn read(message: &[u8]) -> Self {
        std::panic::catch_unwind(|| Self::parse(message)).unwrap_or_default()
    }

    fn parse(message: &[u8]) -> Self {
        let Some(message) = MessageParser::default().parse(message) else { return Self::default() };
        let kolab_type = message.header_raw("X-Kolab-Type").map(|value| value.trim().to_ascii_lowercase());
        let date = message.date().map(mail_parser::DateTime::to_timestamp);
        let mut parts = Vec::new();
        for part in &message.parts {
            let Some(kind) = part.content_type() else { continue };
            let media_type = format!("{}/{}", kind.ctype(), kind.subtype().unwrap_or_default()).to_ascii_lowercase();
            if is_about_items(&media_type) {
                let text = match part.text_contents() {
                    Some(text) => text.to_owned(),
                    None => decoded_text(part.contents().to_vec()),
                };
                parts.push(ItemPart { media_type, text });
            }
        }
        Self { parts, kolab_type, date }
    }

    /// The UIDs of the events that it invites to, or tells about.
    pub fn told_uids(&self) -> Vec<String> {
        self.parts.iter().flat_map(|part| uids(&part.text)).map(|(_, uid)| uid).collect()
    }
}

fn is_about_items(media_type: &str) -> bool {
    matches!(
        media_type,
        "text/calendar"
            | "application/ics"
            | "text/vcard"
            | "text/x-vcard"
            | "text/directory"
            | "application/calendar+xml"
            | "application/vcard+xml"
    ) || media_type.starts_with("application/x-vnd.kolab.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_invitation_names_its_event_in_any_encoding() {
        let calendar =
            "BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nBEGIN:VEVENT\r\nUID:a@b\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";
        let encoded = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, calendar);
        for (encoding, body) in [("7bit", calendar), ("base64", &encoded)] {
            let text = format!(
                "Date: Tue, 7 Jan 2020 01:02:03 +0000\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\nContent-Type: text/plain\r\n\r\nHello\r\n--x\r\nContent-Type: text/calendar; method=REQUEST; charset=utf-8\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n{body}\r\n--x--\r\n"
            );
            let message = ItemMessage::read(text.as_bytes());
            assert_eq!(
                (message.told_uids(), message.date),
                (vec!["a@b".to_owned()], Some(1_578_358_923)),
                "{encoding}"
            );
        }
        assert_eq!(ItemMessage::read(b"Subject: x\r\n\r\ntext"), ItemMessage::default());
    }
}
