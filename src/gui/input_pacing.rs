//! Paces keys that arrive faster than the window draws.
//!
//! egui moves the focus at most once per frame, and gives all text of a frame to one field. When frames are slow, a Tab and the password
//! after it arrive in one frame, and the password would appear in the previous field. So every Tab gets a frame of its own, and the text
//! after it waits for the next.

use egui::{Event, Key};
use std::collections::VecDeque;

/// Events that wait for their frame.
#[derive(Default)]
pub struct InputPacing {
    waiting: VecDeque<Event>,
}

impl InputPacing {
    /// Keeps the events that may share this frame; the others wait.
    pub fn pace(&mut self, events: &mut Vec<Event>) {
        self.waiting.extend(events.drain(..));
        while let Some(event) = self.waiting.pop_front() {
            let moves = matches!(event, Event::Key { key: Key::Tab, pressed: true, .. });
            if moves && !events.is_empty() {
                self.waiting.push_front(event);
                break;
            }
            events.push(event);
            if moves {
                break;
            }
        }
    }

    /// Whether events wait for the next frame.
    pub fn waits(&self) -> bool {
        !self.waiting.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use egui::Modifiers;

    fn tab() -> Event {
        Event::Key { key: Key::Tab, physical_key: None, pressed: true, repeat: false, modifiers: Modifiers::NONE }
    }

    #[test]
    fn a_tab_has_a_frame_of_its_own_and_what_follows_keeps_its_order() {
        let text = |text: &str| Event::Text(text.to_owned());
        let mut pacing = InputPacing::default();
        let mut events = vec![text("ad"), text("min"), tab(), tab(), text("secret")];
        let mut frames = Vec::new();
        loop {
            pacing.pace(&mut events);
            frames.push(std::mem::take(&mut events));
            if !pacing.waits() {
                break;
            }
            // Later events come after all that wait.
            events = if frames.len() == 1 { vec![text("!")] } else { Vec::new() };
        }
        let wanted = [vec![text("ad"), text("min")], vec![tab()], vec![tab()], vec![text("secret"), text("!")]];
        assert_eq!(frames, wanted);
    }
}
