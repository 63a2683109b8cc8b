//! The columns of a table of accounts: what each holds, and how wide that makes it.

use super::super::super::theme::body;
use super::super::super::widgets::table::Column;
use super::listed::Listed;
use crate::report::words::count;
use egui::{TextStyle, TextWrapMode, Ui, WidgetText};

/// Addresses get up to this width first; beyond it, only what is left over.
const USUAL_ADDRESS: f32 = 300.0;
/// Names ask for up to this width; beyond it, they get only what is left over.
const USUAL_NAME: f32 = 200.0;
/// At most one text in this many may be wider than the usual width of its column.
const ONE_IN: usize = 12;
/// At most this many texts of each length are laid out to measure them.
const MEASURED: usize = 8;
/// Texts with up to this many letters fewer than the longest are measured too.
const NEAR: usize = 4;
/// From this many letters on, all texts count as equally long.
const LONGEST: usize = 200;
/// Space around a text, and allowance for texts that are wider than their number of letters suggests.
const AROUND: f32 = 18.0;

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Field {
    /// Whether the account is chosen.
    Tick,
    /// Its sign, and the triangle that opens it.
    Sign,
    /// Its address.
    Address,
    /// The person's name.
    Name,
    /// The computer that works on it.
    Machine,
    /// How far it is, or why it is not complete.
    State,
    /// How far it is, as a bar.
    Bar,
    /// Its messages: "n of m", or those on the source if the target has its own column.
    Messages,
    /// Its messages on the target.
    Target,
    /// Their size.
    Size,
    /// Its events.
    Events,
    /// Its contacts.
    Contacts,
    /// Its tasks.
    Tasks,
}

/// The columns of a table.
#[derive(Debug)]
pub struct Columns {
    /// What each holds.
    pub fields: Vec<Field>,
    /// Its head and its width.
    pub list: Vec<Column>,
}

impl Columns {
    /// Makes a table's columns from these.
    pub fn of(columns: impl IntoIterator<Item = (Field, Column)>) -> Self {
        let (fields, list) = columns.into_iter().unzip();
        Self { fields, list }
    }

    /// The position of a column.
    pub fn place(&self, field: Field) -> Option<usize> {
        self.fields.iter().position(|known| *known == field)
    }

    /// The position of the addresses, where details begin.
    pub fn first(&self) -> usize {
        self.place(Field::Address).unwrap_or_default()
    }

    /// The position of the states.
    pub fn state(&self) -> usize {
        self.place(Field::State).unwrap_or_default()
    }

    /// The last column before the numbers.
    pub fn text_end(&self) -> usize {
        self.place(Field::Bar).unwrap_or_else(|| self.state())
    }

    /// The position of the last column.
    pub fn last(&self) -> usize {
        self.list.len().saturating_sub(1)
    }
}

/// The widths of the addresses and names, measured once for each list.
#[derive(Debug, Default, Clone, Copy)]
pub struct Measured {
    of: usize,
    /// The width of nearly all addresses, and that of the widest.
    address: (f32, f32),
    name: (f32, f32),
}

impl Measured {
    /// Measures again if the length of the list has changed.
    pub fn update(&mut self, ui: &Ui, listed: &dyn Listed) {
        let count = listed.count();
        if count == self.of {
            return;
        }
        *self = Self {
            of: count,
            address: widths(ui, (0..count).map(|index| listed.address(index))),
            name: widths(ui, (0..count).map(|index| listed.full_name(index))),
        };
    }

    /// The column of the addresses.
    pub fn address(&self, title: &'static str) -> (Field, Column) {
        let (usual, widest) = self.address;
        let widths = (120.0, usual.clamp(80.0, USUAL_ADDRESS), widest.max(80.0));
        (Field::Address, Column::content(title, widths, 0).sorts())
    }

    /// The column of the names, which is left out when others need the room.
    pub fn name(&self) -> (Field, Column) {
        let (usual, widest) = self.name;
        (Field::Name, Column::content("Full name", (0.0, usual.min(USUAL_NAME), widest), 2).sorts())
    }
}

/// The column of the states, which usually needs this many points and takes what others leave. Its words change too often to measure.
pub fn state(title: &'static str, usual: f32) -> (Field, Column) {
    (Field::State, Column::content(title, (150.0, usual, f32::INFINITY), 1).sorts())
}

/// The usual width of a state in a table this wide: enough for one line if there is room, else for two, so that a long address fits.
pub fn usual_state(table: f32) -> f32 {
    if table >= 900.0 { 410.0 } else { 300.0 }
}

/// The column of the computers, where there are several.
pub fn machine(listed: &dyn Listed) -> Option<(Field, Column)> {
    listed.has_machines().then(|| (Field::Machine, Column::fixed("Machine", 108.0).sorts()))
}

/// The column of how many messages of how many an account has, wide enough for the largest account.
pub fn of_all(listed: &dyn Listed) -> (Field, Column) {
    // "24,541 of 40,902", and each further letter, of which there are two.
    const USUAL: (u64, f32) = (99_999, 138.0);
    const LETTER: f32 = 8.0;
    let most = (0..listed.count()).filter_map(|index| listed.figures(index)).map(|figures| figures.all).max();
    let letters = |number: u64| count(number).len();
    let further = letters(most.unwrap_or_default()).saturating_sub(letters(USUAL.0));
    number(Field::Messages, "Messages", USUAL.1 + 2.0 * LETTER * further as f32)
}

/// A column of numbers.
pub fn number(field: Field, title: &'static str, width: f32) -> (Field, Column) {
    (field, Column::fixed(title, width).right().sorts())
}

/// The width that fits nearly all of these texts, and that of the widest, found among some of those with the most letters.
fn widths<'a>(ui: &Ui, texts: impl Iterator<Item = &'a str>) -> (f32, f32) {
    let (mut lengths, mut some) = ([0_usize; LONGEST + 1], vec![Vec::new(); LONGEST + 1]);
    for text in texts {
        let letters = text.chars().count().min(LONGEST);
        lengths[letters] += 1;
        if lengths[letters] <= MEASURED {
            some[letters].push(text);
        }
    }
    let mut longer = lengths.iter().sum::<usize>() / ONE_IN;
    let usual = (0..=LONGEST).rev().find(|&length| {
        let found = lengths[length] > longer;
        longer -= lengths[length].min(longer);
        found
    });
    let longest = (0..=LONGEST).rev().find(|&length| lengths[length] > 0);
    let width = |text: &&str| {
        let text = WidgetText::from(body(*text).size(13.5));
        text.into_galley(ui, Some(TextWrapMode::Extend), f32::INFINITY, TextStyle::Body).size().x
    };
    // A text with fewer letters may still be wider.
    let of = |length: Option<usize>| {
        let near = length.map_or(0..0, |length| length.saturating_sub(NEAR)..length + 1);
        some[near].iter().flatten().map(width).fold(0.0, f32::max) + AROUND
    };
    (of(usual), of(longest))
}
