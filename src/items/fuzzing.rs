//! Fuzzing entry points for reading and writing items; see [`crate::fuzz`].

use super::{Attendees, Differences, ItemMessage, Uninvited, split_calendar, split_cards};

/// Any iCalendar: the written object invites nobody, and reads back with the same meaning.
pub fn calendars(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    for item in split_calendar(&text, "seed").into_iter().flatten() {
        let sent = Uninvited::from(item, Attendees::Listed);
        let text = sent.text();
        for line in text.split(['\r', '\n', '\u{85}', '\u{2028}', '\u{2029}', '\u{b}', '\u{c}']) {
            let line = line.trim_start().to_ascii_uppercase();
            assert!(
                !["ATTENDEE", "ORGANIZER", "METHOD"]
                    .iter()
                    .any(|name| { line.strip_prefix(name).is_some_and(|rest| rest.starts_with([':', ';'])) })
            );
        }
        let again = split_calendar(&text, "seed");
        let Some(Ok(again)) = again.first() else { panic!("what was written cannot be read") };
        assert_eq!(sent.condensed().differences(again), Differences::new());
    }
}

/// Any message, with calendar objects, cards or Kolab's XML: its item invites nobody, and reads back with the same meaning.
pub fn item_messages(bytes: &[u8]) {
    let Ok(item) = ItemMessage::read(bytes).take_item() else { return };
    if item.is_contact { cards(item.text.as_bytes()) } else { calendars(item.text.as_bytes()) }
}

/// Any vCard: the written card reads back with the same meaning.
pub fn cards(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    for (card, _) in split_cards(&text, "seed").into_iter().flatten() {
        let again = split_cards(&card.text(), "seed");
        let Some(Ok((again, _))) = again.first() else { panic!("what was written cannot be read") };
        assert_eq!(card.differences(again), Differences::new());
    }
}
