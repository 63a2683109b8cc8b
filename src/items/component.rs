//! Components (RFC 5545, section 3.6): `BEGIN`, lines, further components, `END`. A vCard has the same form.

use super::line::{Line, add_category, unfold};
use crate::domain::TextFault;

/// The deepest an honest object nests is four.
const DEEPEST: usize = 8;
/// Lines of one text at most.
const MOST_LINES: usize = 2_000_000;

/// A component.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Component {
    /// Its name in capitals, such as `VEVENT`.
    pub(super) name: String,
    /// Its lines in their order.
    pub(super) lines: Vec<Line>,
    /// The components in it.
    pub(super) parts: Vec<Component>,
    /// How many lines could not be read.
    pub(super) unreadable: usize,
}

impl Component {
    pub(super) fn new(name: &str) -> Self {
        Self { name: name.to_owned(), lines: Vec::new(), parts: Vec::new(), unreadable: 0 }
    }

    /// The first line of that name.
    pub(super) fn line(&self, name: &str) -> Option<&Line> {
        self.lines.iter().find(|line| line.name == name)
    }

    /// The text of the first line of that name; none when it is empty.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        self.line(name).map(|line| line.text().trim().to_owned()).filter(|text| !text.is_empty())
    }

    /// Adds a category, unless it is there.
    pub(super) fn add_category(&mut self, category: &str) {
        add_category(&mut self.lines, category);
    }

    /// About how many bytes it has.
    pub(super) fn size(&self) -> usize {
        let lines: usize = self.lines.iter().map(|line| line.value.len() + 40).sum();
        lines + self.parts.iter().map(Component::size).sum::<usize>()
    }

    pub(super) fn write(&self, text: &mut String) {
        text.push_str(&format!("BEGIN:{}\r\n", self.name));
        self.lines.iter().for_each(|line| line.write(text));
        self.parts.iter().for_each(|part| part.write(text));
        text.push_str(&format!("END:{}\r\n", self.name));
    }
}

/// The outermost components of a text. What is between them counts for nothing. The error says what is wrong.
pub(super) fn read(text: &str) -> Result<Vec<Component>, TextFault> {
    let mut whole = Vec::new();
    let mut open: Vec<Component> = Vec::new();
    let (mut lines, mut read) = (unfold(text).peekable(), 0);
    while let Some(mut written) = lines.next() {
        read += 1;
        if read > MOST_LINES {
            return Err(TextFault::TooManyLines);
        }
        // Quoted-printable of vCard 2.1 continues after a `=` at the end of a line.
        let head = written.split(':').next().unwrap_or_default().to_ascii_uppercase();
        let is_printable = head.contains("QUOTED-PRINTABLE");
        while is_printable && written.ends_with('=') && lines.peek().is_some() {
            written.pop();
            written.push_str(&lines.next().unwrap_or_default());
        }
        let Some(line) = Line::parse(written) else {
            if let Some(component) = open.last_mut() {
                component.unreadable += 1;
            }
            continue;
        };
        match line.name.as_str() {
            "BEGIN" => {
                if open.len() >= DEEPEST {
                    return Err(TextFault::TooDeep);
                }
                let name: String =
                    line.value.trim().chars().filter(|it| it.is_ascii_alphanumeric() || *it == '-').collect();
                open.push(Component::new(&name.to_ascii_uppercase()));
            }
            "END" => {
                let Some(component) = open.pop() else { return Err(TextFault::EndWithoutBegin) };
                if !line.value.trim().eq_ignore_ascii_case(&component.name) {
                    let end = line.value.trim().chars().take(40).collect();
                    return Err(TextFault::OtherEnd { component: component.name, end });
                }
                match open.last_mut() {
                    Some(parent) => parent.parts.push(component),
                    None => whole.push(component),
                }
            }
            _ => {
                if let Some(component) = open.last_mut() {
                    component.lines.push(line);
                }
            }
        }
    }
    match open.last() {
        Some(component) => Err(TextFault::NoEnd { component: component.name.clone() }),
        None => Ok(whole),
    }
}
