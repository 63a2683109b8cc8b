//! The rules as a form: what to leave out, what to rename, and which messages to take. The form only edits the text of the rules, which
//! is what the program uses and keeps. The text can also be typed directly.
//!
//! - A line without a field here, such as a comment, stays in place. So does a line that cannot be read, and the form reports it.
//! - What is typed goes into the text at once, right or wrong, so that nothing is silently missing from the rules. Emptying a field removes
//!   its line.
//! - A text that was changed elsewhere is read again.

use super::super::super::theme::{self, palette};
use super::super::super::widgets::field::Field;
use super::super::super::widgets::{button, check};
use crate::domain::{WrongRule, capitalised};
use egui::{Label, TextEdit, Ui, vec2};

/// The name of the field for the text.
pub const RULES: &str = "rules";
const EXAMPLE: &str = "exclude Archive*\nrename Old Projects -> Projects\nsince 2020-01-01\nmax-size 50 MB";
const NOTE: &str = "One per line: include, exclude, rename, since, before, max-size, special-folders.";

/// A line of the rules.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Rule {
    Include(String),
    Exclude(String),
    Rename(String, String),
    Since(String),
    Before(String),
    MaxSize(String),
    /// `special-folders off`; without such a line they are on.
    SpecialFoldersOff,
    /// Anything else.
    Other(String),
}

impl Rule {
    fn read(line: &str) -> Self {
        let (word, rest) = line.trim().split_once(char::is_whitespace).unwrap_or((line.trim(), ""));
        let rest = rest.trim().to_owned();
        match word.to_ascii_lowercase().as_str() {
            "include" => Rule::Include(rest),
            "exclude" => Rule::Exclude(rest),
            "rename" => match rest.split_once("->") {
                Some((from, to)) => Rule::Rename(from.trim().to_owned(), to.trim().to_owned()),
                None => Rule::Other(line.to_owned()),
            },
            "since" => Rule::Since(rest),
            "before" => Rule::Before(rest),
            "max-size" => Rule::MaxSize(rest),
            "special-folders" if rest.eq_ignore_ascii_case("off") => Rule::SpecialFoldersOff,
            _ => Rule::Other(line.to_owned()),
        }
    }

    /// The line; none for a field that is empty.
    fn line(&self) -> Option<String> {
        let rule = |word: &str, rest: &str| {
            let rest = rest.trim();
            (!rest.is_empty()).then(|| format!("{word} {rest}"))
        };
        match self {
            Rule::Include(pattern) => rule("include", pattern),
            Rule::Exclude(pattern) => rule("exclude", pattern),
            Rule::Rename(from, to) if from.trim().is_empty() && to.trim().is_empty() => None,
            Rule::Rename(from, to) => Some(format!("rename {} -> {}", from.trim(), to.trim())),
            Rule::Since(day) => rule("since", day),
            Rule::Before(day) => rule("before", day),
            Rule::MaxSize(size) => rule("max-size", size),
            Rule::SpecialFoldersOff => Some("special-folders off".to_owned()),
            Rule::Other(line) => Some(line.clone()),
        }
    }
}

/// A kind of rule with one value, and how its field is labelled.
#[derive(Clone, Copy)]
struct Kind {
    name: &'static str,
    hint: &'static str,
    of: fn(&mut Rule) -> Option<&mut String>,
    new: fn(String) -> Rule,
}

macro_rules! of {
    ($variant:ident) => {
        |rule| if let Rule::$variant(text) = rule { Some(text) } else { None }
    };
}

const EXCLUDE: Kind = Kind { name: "Leave out folders", hint: "Archive*", of: of!(Exclude), new: Rule::Exclude };
const INCLUDE: Kind = Kind { name: "Take only folders", hint: "Projects*", of: of!(Include), new: Rule::Include };
const SINCE: Kind = Kind { name: "Only messages since", hint: "2020-01-31", of: of!(Since), new: Rule::Since };
const BEFORE: Kind = Kind { name: "Only messages before", hint: "2024-01-31", of: of!(Before), new: Rule::Before };
const MAX_SIZE: Kind = Kind { name: "Only messages up to", hint: "50 MB", of: of!(MaxSize), new: Rule::MaxSize };

/// The form.
#[derive(Debug, Default)]
pub struct RulesForm {
    rules: Vec<Rule>,
    /// The text as the form last read or wrote it.
    known: String,
    /// Whether the text is shown instead.
    as_text: bool,
}

impl RulesForm {
    /// Draws the form or the text. Only the text names the line of a wrong rule.
    pub fn show(&mut self, ui: &mut Ui, text: &mut String, wrong: Option<&WrongRule>) {
        ui.horizontal(|ui| {
            ui.spacing_mut().interact_size.y = 20.0;
            ui.label(theme::strong("Rules").color(palette(ui).ink));
            let turn = if self.as_text { "Edit as form" } else { "Edit as text" };
            if button::link(ui, turn).clicked() {
                self.as_text = !self.as_text;
            }
        });
        if self.as_text {
            let label = "Rules: what to leave out or rename";
            let wrong = wrong.map(WrongRule::to_string);
            Field::new(RULES, label).hint(EXAMPLE).rows(4).wrong(wrong.as_deref()).note(Some(NOTE)).show(ui, text);
            return;
        }
        if *text != self.known {
            self.rules = text.lines().map(Rule::read).collect();
            self.known.clone_from(text);
        }
        if self.fields(ui) {
            self.known = self.text();
            text.clone_from(&self.known);
        }
        if let Some(wrong) = wrong {
            ui.add(Label::new(theme::small(capitalised(&format!("{}.", wrong.fault))).color(palette(ui).error)).wrap());
        }
    }

    fn text(&self) -> String {
        self.rules.iter().filter_map(Rule::line).collect::<Vec<_>>().join("\n")
    }

    /// Draws the fields; returns whether any was changed.
    fn fields(&mut self, ui: &mut Ui) -> bool {
        let mut changed = self.several(ui, EXCLUDE);
        if self.rules.iter().any(|rule| matches!(rule, Rule::Include(_))) {
            changed |= self.several(ui, INCLUDE);
        }
        note(ui, "* matches anything; / separates a folder from the one below it.");
        changed |= self.renames(ui);
        ui.columns(2, |columns| {
            let [left, right] = columns else { return };
            changed |= self.one(left, SINCE);
            changed |= self.one(right, BEFORE);
        });
        changed |= self.one(ui, MAX_SIZE);
        let mut on = !self.rules.contains(&Rule::SpecialFoldersOff);
        let special = "Sent mail, drafts, deleted mail and spam go into the target's folders for them";
        if check::check(ui, &mut on, special).changed() {
            self.rules.retain(|rule| *rule != Rule::SpecialFoldersOff);
            self.rules.extend((!on).then_some(Rule::SpecialFoldersOff));
            changed = true;
        }
        changed
    }

    /// The fields of a kind, and an empty one for the next.
    fn several(&mut self, ui: &mut Ui, kind: Kind) -> bool {
        label(ui, kind.name);
        let last = self.rules.iter_mut().rev().find_map(|rule| (kind.of)(rule).map(|text| text.is_empty()));
        if last != Some(true) {
            self.rules.push((kind.new)(String::new()));
        }
        let (mut changed, mut number) = (false, 0);
        for text in self.rules.iter_mut().filter_map(kind.of) {
            number += 1;
            let hint = if number == 1 { kind.hint } else { "another" };
            changed |= line(ui, &format!("{} {number}", kind.name), hint, text);
        }
        changed
    }

    /// The field of a kind of rule of which only the last counts.
    fn one(&mut self, ui: &mut Ui, kind: Kind) -> bool {
        if !self.rules.iter_mut().any(|rule| (kind.of)(rule).is_some()) {
            self.rules.push((kind.new)(String::new()));
        }
        let last = self.rules.iter_mut().rev().find_map(kind.of);
        last.is_some_and(|text| Field::new(kind.name, kind.name).hint(kind.hint).show(ui, text).changed())
    }

    /// A pair of fields for each renamed folder, and an empty pair for the next.
    fn renames(&mut self, ui: &mut Ui) -> bool {
        label(ui, "Rename folders, from and to");
        let is_empty = |rule: &Rule| match rule {
            Rule::Rename(from, to) => Some(from.is_empty() && to.is_empty()),
            _ => None,
        };
        if self.rules.iter().rev().find_map(is_empty) != Some(true) {
            self.rules.push(Rule::Rename(String::new(), String::new()));
        }
        let (mut changed, mut number) = (false, 0);
        for rule in &mut self.rules {
            let Rule::Rename(from, to) = rule else { continue };
            number += 1;
            let (from_hint, to_hint) = if number == 1 { ("Old Projects", "Projects/Before") } else { ("another", "") };
            ui.columns(2, |columns| {
                let [left, right] = columns else { return };
                changed |= line(left, &format!("Rename folder {number}"), from_hint, from);
                changed |= line(right, &format!("New name of folder {number}"), to_hint, to);
            });
        }
        changed
    }
}

fn label(ui: &mut Ui, text: &str) {
    ui.spacing_mut().item_spacing.y = 4.0;
    ui.add(Label::new(theme::small(text).color(palette(ui).soft)).selectable(false));
}

fn note(ui: &mut Ui, text: &str) {
    ui.add(Label::new(theme::small(text).color(palette(ui).soft)).wrap());
}

/// A field of one line without a label of its own; returns whether it was changed.
fn line(ui: &mut Ui, name: &str, hint: &str, text: &mut String) -> bool {
    let edit = TextEdit::singleline(text)
        .id(Field::focus_id(name))
        .hint_text(hint)
        .desired_width(f32::INFINITY)
        .min_size(vec2(0.0, theme::CONTROL))
        .margin(vec2(10.0, 5.0))
        .align(egui::Align2::LEFT_CENTER);
    ui.add(edit).accessible_name(name).changed()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rewritten(text: &str) -> String {
        RulesForm { rules: text.lines().map(Rule::read).collect(), ..RulesForm::default() }.text()
    }

    #[test]
    fn a_text_that_is_only_read_is_written_as_it_was() {
        let text = "# Only this year\n\ninclude Projects*\nexclude Archive*\nrename Old Projects -> Projects/Before\nsince 2026-01-01\n\
                    before 2027-01-01\nmax-size 50 MB\nspecial-folders off\nspecial-folders on\ntake everything\nrename without an arrow";
        assert_eq!(rewritten(text), text);
    }

    #[test]
    fn an_emptied_field_takes_its_line_away_and_a_half_filled_one_stays_to_be_named() {
        assert_eq!(rewritten("exclude \nsince 2026-01-01"), "since 2026-01-01");
        assert_eq!(rewritten("rename a ->"), "rename a -> ");
    }
}
