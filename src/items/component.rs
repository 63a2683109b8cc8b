//! Components (RFC 5545, section 3.6): `BEGIN`, lines, further components, `END`. A vCard has the same form.
//!
//! A broken component spoils no other in the same text: it gets a fault, and the rest is read.
//!
//! - A component without an end ends with its parent, or where a component begins that cannot be nested in it: a calendar or card is in
//!   nothing else, an event only in a calendar. The exception is vCard 2.1's nested person (AGENT).
//! - An end that matches nothing open is a fault of the innermost open component, or else a broken component by itself.

use super::line::{Line, add_category, unfold};
use crate::domain::TextFault;

/// The deepest nesting that is read; honest objects nest four deep.
const DEEPEST: usize = 8;
/// At most this many lines of a text are read.
const MOST_LINES: usize = 2_000_000;

/// A component.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Component {
    /// Its name in upper case, such as `VEVENT`.
    pub(super) name: String,
    /// Its lines in their order.
    pub(super) lines: Vec<Line>,
    /// Its nested components.
    pub(super) parts: Vec<Component>,
    /// How many lines could not be read.
    pub(super) unreadable: usize,
    /// The fault of its beginning or end.
    pub(super) fault: Option<TextFault>,
}

impl Component {
    pub(super) fn new(name: &str) -> Self {
        Self { name: name.to_owned(), lines: Vec::new(), parts: Vec::new(), unreadable: 0, fault: None }
    }

    /// The first line of that name.
    pub(super) fn line(&self, name: &str) -> Option<&Line> {
        self.lines.iter().find(|line| line.name == name)
    }

    /// The text of the first line of that name; none when it is empty.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        self.line(name).map(|line| line.text().trim().to_owned()).filter(|text| !text.is_empty())
    }

    /// Adds a category, unless it has it.
    pub(super) fn add_category(&mut self, category: &str) {
        add_category(&mut self.lines, category);
    }

    /// Its approximate size in bytes.
    pub(super) fn size(&self) -> usize {
        let lines: usize = self.lines.iter().map(|line| line.value.len() + 40).sum();
        lines + self.parts.iter().map(Component::size).sum::<usize>()
    }

    /// The first fault of it or of a nested component.
    pub(super) fn broken(&self) -> Option<&TextFault> {
        self.fault.as_ref().or_else(|| self.parts.iter().find_map(Component::broken))
    }

    /// Whether it or a nested component has a fault.
    pub(super) fn is_broken(&self) -> bool {
        self.broken().is_some()
    }

    pub(super) fn write(&self, text: &mut String) {
        text.push_str(&format!("BEGIN:{}\r\n", self.name));
        self.lines.iter().for_each(|line| line.write(text));
        self.parts.iter().for_each(|part| part.write(text));
        text.push_str(&format!("END:{}\r\n", self.name));
    }
}

/// The outermost components of a text; anything between them is ignored. An error means that nothing of the text can be read.
pub(super) fn read(text: &str) -> Result<Vec<Component>, TextFault> {
    let mut whole = Vec::new();
    let mut open: Vec<Component> = Vec::new();
    for (read, written) in unfold(text).enumerate() {
        if read >= MOST_LINES {
            return Err(TextFault::TooManyLines);
        }
        let Some(line) = Line::parse(written) else {
            if let Some(component) = open.last_mut() {
                component.unreadable += 1;
            }
            continue;
        };
        match line.name.as_str() {
            "BEGIN" => {
                let name = component_name(&line.value);
                let is_agent = |it: &Component| it.lines.last().is_some_and(|line| line.name == "AGENT");
                let rank = rank(&name).filter(|_| !open.last().is_some_and(is_agent));
                while rank.is_some_and(|rank| open.len() > rank) {
                    close_without_end(&mut open, &mut whole);
                }
                if open.len() >= DEEPEST {
                    return Err(TextFault::TooDeep);
                }
                open.push(Component::new(&name));
            }
            "END" => end(&component_name(&line.value), &mut open, &mut whole),
            _ => {
                if let Some(component) = open.last_mut() {
                    component.lines.push(line);
                }
            }
        }
    }
    while !open.is_empty() {
        close_without_end(&mut open, &mut whole);
    }
    Ok(whole)
}

fn component_name(written: &str) -> String {
    let name = written.trim().chars().filter(|it| it.is_ascii_alphanumeric() || *it == '-').take(40);
    name.collect::<String>().to_ascii_uppercase()
}

/// The depth of a component, where it is fixed.
fn rank(name: &str) -> Option<usize> {
    match name {
        "VCALENDAR" | "VCARD" => Some(0),
        "VEVENT" | "VTODO" | "VJOURNAL" | "VFREEBUSY" | "VTIMEZONE" => Some(1),
        _ => None,
    }
}

/// Ends the component of this name and everything still open in it.
fn end(name: &str, open: &mut Vec<Component>, whole: &mut Vec<Component>) {
    if open.iter().any(|it| it.name == name) {
        while open.last().is_some_and(|it| it.name != name) {
            close_without_end(open, whole);
        }
        return close(open, whole);
    }
    match open.last_mut() {
        Some(component) => {
            let (component_name, end) = (component.name.clone(), name.to_owned());
            component.fault = Some(TextFault::OtherEnd { component: component_name, end });
        }
        None => whole.push(Component { fault: Some(TextFault::EndWithoutBegin), ..Component::new(name) }),
    }
}

fn close_without_end(open: &mut Vec<Component>, whole: &mut Vec<Component>) {
    if let Some(component) = open.last_mut() {
        let name = component.name.clone();
        // Only the innermost component is blamed for a missing end.
        if !component.parts.iter().any(Component::is_broken) {
            component.fault.get_or_insert(TextFault::NoEnd { component: name });
        }
    }
    close(open, whole);
}

fn close(open: &mut Vec<Component>, whole: &mut Vec<Component>) {
    if let Some(component) = open.pop() {
        match open.last_mut() {
            Some(parent) => parent.parts.push(component),
            None => whole.push(component),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_broken_component_spoils_no_other() {
        let of = |text: &str| {
            let all = read(text).unwrap();
            let outer = |it: &Component| [(it.name.clone(), it.fault.is_some())];
            let inner =
                |it: &Component| it.parts.iter().map(|it| (it.name.clone(), it.is_broken())).collect::<Vec<_>>();
            all.iter().flat_map(|it| inner(it).into_iter().chain(outer(it))).collect::<Vec<_>>()
        };
        let named =
            |all: &[(&str, bool)]| all.iter().map(|(name, broken)| ((*name).to_owned(), *broken)).collect::<Vec<_>>();
        assert_eq!(
            of(
                "BEGIN:VCALENDAR\nBEGIN:VEVENT\nEND:VEVENT\nBEGIN:VEVENT\nUID:b\nBEGIN:VEVENT\nEND:VEVENT\nEND:VCALENDAR"
            ),
            named(&[("VEVENT", false), ("VEVENT", true), ("VEVENT", false), ("VCALENDAR", false)])
        );
        assert_eq!(
            of("BEGIN:VCALENDAR\nBEGIN:VEVENT\nEND:VEVENT\nBEGIN:VEVENT\nUID:cut"),
            named(&[("VEVENT", false), ("VEVENT", true), ("VCALENDAR", false)])
        );
        assert_eq!(
            of("BEGIN:VCALENDAR\nBEGIN:VEVENT\nBEGIN:VALARM\nBEGIN:VTODO\nEND:VTODO\nBEGIN:VCALENDAR\nEND:VCALENDAR"),
            named(&[("VEVENT", true), ("VTODO", false), ("VCALENDAR", false), ("VCALENDAR", false)]),
            "the alarm has no end"
        );
        assert_eq!(of("BEGIN:VCARD\nFN:A\nBEGIN:VCARD\nFN:B\nEND:VCARD"), named(&[("VCARD", true), ("VCARD", false)]));
        assert_eq!(of("BEGIN:VCARD\nAGENT:\nBEGIN:VCARD\nEND:VCARD\nEND:VCARD"), named(&[("VCARD", false); 2]));
        assert_eq!(of("BEGIN:VCALENDAR\nEND:VEVENT\nEND:VCALENDAR"), named(&[("VCALENDAR", true)]));
        assert_eq!(of("END:VEVENT\nBEGIN:VCARD\nEND:VCARD"), named(&[("VEVENT", true), ("VCARD", false)]));
    }
}
