//! The strip that says what each column of the list holds. When open, it shows the first lines and lets the user choose the meanings.

use super::super::super::action::Action;
use super::super::super::theme::{self, palette};
use super::super::super::widgets::choice::choice;
use super::super::super::widgets::sign::Mark;
use super::super::super::widgets::{button, strip};
use crate::accounts::{Cell, MOST_COLUMNS, Preview};
use crate::domain::list::{Columns, Layout, Meaning};
use egui::{Label, ScrollArea, Ui};

/// The width of a column, in points.
const WIDTH: f32 = 148.0;

/// A password is shown as at most this many dots, followed by its length.
const MOST_DOTS: usize = 10;

/// What the columns hold, and the meanings the user chose instead.
#[derive(Default)]
pub struct ColumnsStrip {
    columns: Columns,
    preview: Preview,
    chosen: Vec<Meaning>,
    /// Whether no line can be used with the present columns.
    refused: bool,
    /// Whether the user opened or closed it, if so.
    open: Option<bool>,
}

impl ColumnsStrip {
    /// The columns of a list; `refused` if no line of it can be used.
    pub fn new(columns: Columns, preview: Preview, refused: bool) -> Self {
        let chosen = columns.columns.iter().map(|column| column.meaning).collect();
        Self { columns, preview, chosen, refused, open: None }
    }

    /// The key that identifies the header, if there is one.
    pub fn header_key(&self) -> Option<String> {
        self.columns.key.clone()
    }

    /// Draws the strip, if the list has columns. Meanings can be changed only while `free`: nothing else is under way.
    pub fn show(&mut self, ui: &mut Ui, free: bool, actions: &mut Vec<Action>) {
        if self.columns.columns.is_empty() {
            return;
        }
        let open = self.open.unwrap_or(self.refused);
        let mark = if self.refused { Mark::Warning } else { Mark::Note };
        let turn = if open { "Hide columns" } else { "Choose columns" };
        let (head, not_used) = (self.columns.used(), self.columns.not_used());
        let pressed = strip::line(ui, mark, &head, &[turn], |ui| {
            if let Some(names) = not_used {
                let text = theme::small(format!("Not used: {names}")).color(palette(ui).ink);
                ui.add(Label::new(text).wrap());
            }
            if open {
                self.table(ui);
                self.ask(ui, free, actions);
            }
        });
        if pressed.is_some() {
            self.open = Some(!open);
        }
    }

    /// Each column with its meaning and its first fields.
    fn table(&mut self, ui: &mut Ui) {
        let meanings = Meaning::ALL.map(|meaning| (meaning, meaning.label()));
        ScrollArea::horizontal().auto_shrink([false, true]).id_salt("columns of the list").show(ui, |ui| {
            ui.horizontal_top(|ui| {
                ui.spacing_mut().item_spacing.x = 12.0;
                for (index, chosen) in self.chosen.iter_mut().enumerate().take(MOST_COLUMNS) {
                    let untitled = self.columns.columns[index].title.trim().is_empty();
                    let label = if untitled { format!("Column {}", index + 1) } else { self.columns.name(index) };
                    ui.vertical(|ui| {
                        ui.set_width(WIDTH);
                        ui.spacing_mut().item_spacing.y = 4.0;
                        choice(ui, &format!("meaning of column {index}"), &label, &meanings, chosen);
                        for (_, cells) in &self.preview {
                            let text = cells.get(index).map_or_else(String::new, shown);
                            let colours = palette(ui);
                            let colour = if *chosen == Meaning::NotUsed { colours.soft } else { colours.ink };
                            ui.add(
                                Label::new(
                                    theme::small(if text.is_empty() { " ".to_owned() } else { text }).color(colour),
                                )
                                .truncate(),
                            );
                        }
                    });
                }
            });
        });
    }

    /// What is wrong with the choice, or the button that reads the list with it.
    fn ask(&self, ui: &mut Ui, free: bool, actions: &mut Vec<Action>) {
        let unchanged = self.columns.columns.iter().map(|column| column.meaning).eq(self.chosen.iter().copied());
        ui.add_space(4.0);
        ui.horizontal(|ui| {
            let layout = Layout::new(self.chosen.clone());
            let can = free && !unchanged && layout.is_ok();
            let pressed = button::quiet(ui, "Read the list with these columns", can).clicked();
            match layout {
                Ok(layout) if pressed => actions.push(Action::ReadColumns(layout)),
                Err(what) if !unchanged => {
                    ui.add(Label::new(theme::small(what.to_string()).color(palette(ui).ink)).wrap());
                }
                _ => {}
            }
        });
    }
}

/// A field as text; a password appears as dots and its length.
fn shown(cell: &Cell) -> String {
    match cell {
        Cell::Text(text) => text.clone(),
        Cell::Hidden(0) => String::new(),
        Cell::Hidden(length) => format!("{} ({length})", "•".repeat((*length).min(MOST_DOTS))),
    }
}
