//! How the window looks: one grid, one set of type sizes, and the colours of both modes.
//!
//! Promises a contrast of at least 4.5 to 1 for every text on its ground (WCAG 2.2, 1.4.3, level AA) and 3 to 1 for the outline of
//! controls (1.4.11). Colour is never the only sign; the signs are in `widgets::sign`.

use super::reading_order::displayed;
use egui::{Color32, CornerRadius, FontFamily, FontId, Margin, RichText, Stroke, TextStyle, Theme, Visuals, vec2};

/// The unit of every distance, in points.
pub const GRID: f32 = 4.0;
/// Height of fields and buttons.
pub const CONTROL: f32 = 32.0;
/// Height of a row of a table.
pub const ROW: f32 = 31.0;
/// From this width on, the search field above a table has its full width.
pub const WIDE_TABLE: f32 = 620.0;
/// Corner radius of fields and buttons.
pub const RADIUS: u8 = 7;
/// Corner radius of cards and strips.
pub const CARD_RADIUS: u8 = 10;

const BODY: (f32, f32) = (14.0, 20.0);
const SMALL: (f32, f32) = (12.5, 17.0);
const FIGURE: (f32, f32) = (17.0, 24.0);
const TITLE: (f32, f32) = (21.0, 28.0);

/// The colours of one mode.
#[derive(Debug, Clone, Copy)]
pub struct Palette {
    /// Behind everything.
    pub ground: Color32,
    /// Behind the steps at the left.
    pub side: Color32,
    /// Cards, tables and quiet buttons.
    pub card: Color32,
    /// Inside a field.
    pub field: Color32,
    /// Quiet buttons and rows under the pointer.
    pub hover: Color32,
    /// Dividing lines.
    pub line: Color32,
    /// The outline of controls.
    pub edge: Color32,
    /// Text.
    pub ink: Color32,
    /// Text that matters less.
    pub soft: Color32,
    /// The primary button, links, progress.
    pub accent: Color32,
    /// The primary button under the pointer.
    pub accent_hover: Color32,
    /// Text on the accent.
    pub on_accent: Color32,
    /// Behind a chosen item, and behind a note.
    pub accent_ground: Color32,
    /// All is well.
    pub good: Color32,
    /// Behind that sign.
    pub good_ground: Color32,
    /// Worth knowing.
    pub warning: Color32,
    /// Behind a warning.
    pub warning_ground: Color32,
    /// Something is wrong.
    pub error: Color32,
    /// Behind an error.
    pub error_ground: Color32,
    /// The empty part of a progress bar.
    pub track: Color32,
}

const fn rgb(hex: u32) -> Color32 {
    Color32::from_rgb((hex >> 16) as u8, (hex >> 8) as u8, hex as u8)
}

/// The light mode.
pub const LIGHT: Palette = Palette {
    ground: rgb(0xF6F7F9),
    side: rgb(0xECF0F4),
    card: rgb(0xFFFFFF),
    field: rgb(0xFBFCFD),
    hover: rgb(0xEEF2F6),
    line: rgb(0xDDE1E7),
    edge: rgb(0x848D99),
    ink: rgb(0x1B222C),
    soft: rgb(0x566170),
    accent: rgb(0x1B66C9),
    accent_hover: rgb(0x1555AB),
    on_accent: rgb(0xFFFFFF),
    accent_ground: rgb(0xE6F0FC),
    good: rgb(0x17713F),
    good_ground: rgb(0xE2F3E9),
    warning: rgb(0x8A5000),
    warning_ground: rgb(0xFFF2DB),
    error: rgb(0xB3261E),
    error_ground: rgb(0xFCE9E7),
    track: rgb(0xDDE3EB),
};

/// The dark mode.
pub const DARK: Palette = Palette {
    ground: rgb(0x15191F),
    side: rgb(0x11151A),
    card: rgb(0x1C2129),
    field: rgb(0x171B22),
    hover: rgb(0x272E38),
    line: rgb(0x313945),
    edge: rgb(0x717C8B),
    ink: rgb(0xE8ECF2),
    soft: rgb(0xA4AFBD),
    accent: rgb(0x6BACF6),
    accent_hover: rgb(0x8ABEF9),
    on_accent: rgb(0x0C1B2E),
    accent_ground: rgb(0x1A2C43),
    good: rgb(0x6CCB94),
    good_ground: rgb(0x153022),
    warning: rgb(0xE7B45A),
    warning_ground: rgb(0x30270F),
    error: rgb(0xF58F86),
    error_ground: rgb(0x3A1D1C),
    track: rgb(0x333C48),
};

/// The colours of the window's current mode.
pub fn palette(ui: &egui::Ui) -> &'static Palette {
    if ui.visuals().dark_mode { &DARK } else { &LIGHT }
}

/// Gives both modes their look. The window follows the system's mode until the user chooses one.
pub fn install(context: &egui::Context) {
    // If the system has no preference, the window is light.
    context.options_mut(|options| options.fallback_theme = Theme::Light);
    for (theme, palette) in [(Theme::Light, &LIGHT), (Theme::Dark, &DARK)] {
        context.style_mut_of(theme, |style| {
            style.visuals = visuals(theme, palette);
            style.text_styles = text_styles();
            style.spacing.item_spacing = vec2(2.0 * GRID, 2.0 * GRID);
            style.spacing.button_padding = vec2(14.0, 5.0);
            style.spacing.interact_size = vec2(CONTROL, CONTROL);
            style.spacing.icon_width = 18.0;
            style.spacing.menu_margin = Margin::same(6);
            style.spacing.tooltip_width = 420.0;
            style.interaction.tooltip_delay = 0.4;
            style.interaction.selectable_labels = true;
            style.animation_time = 0.1;
        });
    }
}

fn text_styles() -> std::collections::BTreeMap<TextStyle, FontId> {
    [
        (TextStyle::Small, FontId::proportional(SMALL.0)),
        (TextStyle::Body, FontId::proportional(BODY.0)),
        (TextStyle::Button, FontId::proportional(BODY.0)),
        (TextStyle::Heading, FontId::new(TITLE.0, semibold())),
        (TextStyle::Monospace, FontId::monospace(SMALL.0)),
    ]
    .into()
}

/// The face for titles, names of cards and the primary button.
pub fn semibold() -> FontFamily {
    FontFamily::Name("semibold".into())
}

fn visuals(theme: Theme, palette: &Palette) -> Visuals {
    let mut visuals = theme.default_visuals();
    visuals.panel_fill = palette.ground;
    visuals.window_fill = palette.card;
    visuals.window_stroke = Stroke::new(1.0, palette.line);
    visuals.window_corner_radius = CornerRadius::same(CARD_RADIUS);
    visuals.menu_corner_radius = CornerRadius::same(RADIUS);
    visuals.extreme_bg_color = palette.field;
    visuals.text_edit_bg_color = Some(palette.field);
    visuals.faint_bg_color = palette.hover;
    visuals.hyperlink_color = palette.accent;
    visuals.weak_text_color = Some(palette.soft);
    visuals.warn_fg_color = palette.warning;
    visuals.error_fg_color = palette.error;
    visuals.selection.bg_fill = palette.accent_ground;
    visuals.selection.stroke = Stroke::new(1.5, palette.accent);
    visuals.text_cursor.stroke = Stroke::new(1.5, palette.accent);
    // Without a graphics card, blinking would cost an idle window a seventh of a processor.
    visuals.text_cursor.blink = false;
    visuals.disabled_alpha = 0.55;
    let widgets = &mut visuals.widgets;
    let all = [
        (&mut widgets.noninteractive, palette.card, palette.line),
        (&mut widgets.inactive, palette.card, palette.edge),
        (&mut widgets.hovered, palette.hover, palette.edge),
        (&mut widgets.active, palette.hover, palette.accent),
        (&mut widgets.open, palette.hover, palette.edge),
    ];
    for (widget, fill, stroke) in all {
        widget.bg_fill = fill;
        widget.weak_bg_fill = fill;
        widget.bg_stroke = Stroke::new(1.0, stroke);
        widget.fg_stroke = Stroke::new(1.5, palette.ink);
        widget.corner_radius = CornerRadius::same(RADIUS);
        widget.expansion = 0.0;
    }
    visuals
}

fn sized(text: impl Into<String>, style: (f32, f32)) -> RichText {
    as_is(displayed(&text.into()), style)
}

fn as_is(text: impl Into<String>, (size, line): (f32, f32)) -> RichText {
    RichText::new(text).size(size).line_height(Some(line))
}

/// Running text.
pub fn body(text: impl Into<String>) -> RichText {
    sized(text, BODY)
}

/// Running text to break into lines, not to show: Arabic and Hebrew stay in logical order.
pub fn unturned(text: impl Into<String>) -> RichText {
    as_is(text, BODY)
}

/// Semibold running text.
pub fn strong(text: impl Into<String>) -> RichText {
    sized(text, BODY).family(semibold())
}

/// Labels of fields, notes, heads of tables.
pub fn small(text: impl Into<String>) -> RichText {
    sized(text, SMALL)
}

/// A large figure of the status page.
pub fn figure(text: impl Into<String>) -> RichText {
    sized(text, FIGURE).family(semibold())
}

/// The title of a page.
pub fn title(text: impl Into<String>) -> RichText {
    sized(text, TITLE).family(semibold())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// WCAG 2.2, relative luminance and contrast ratio.
    fn contrast(one: Color32, other: Color32) -> f64 {
        let luminance = |colour: Color32| {
            let linear = |channel: u8| {
                let value = f64::from(channel) / 255.0;
                if value <= 0.040_45 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
            };
            0.2126 * linear(colour.r()) + 0.7152 * linear(colour.g()) + 0.0722 * linear(colour.b())
        };
        let (one, other) = (luminance(one), luminance(other));
        (one.max(other) + 0.05) / (one.min(other) + 0.05)
    }

    #[test]
    fn every_text_can_be_read_on_every_ground_below_it() {
        for palette in [&LIGHT, &DARK] {
            let plain = [palette.ground, palette.side, palette.card, palette.field, palette.hover];
            let tinted = [palette.accent_ground, palette.warning_ground, palette.error_ground];
            for ground in plain.into_iter().chain(tinted) {
                for text in [palette.ink, palette.soft] {
                    assert!(contrast(text, ground) >= 4.5, "{text:?} on {ground:?}: {}", contrast(text, ground));
                }
            }
            for ground in plain.into_iter().chain([palette.accent_ground]) {
                let signs = [palette.accent, palette.good, palette.warning, palette.error];
                for text in signs {
                    assert!(contrast(text, ground) >= 4.5, "{text:?} on {ground:?}: {}", contrast(text, ground));
                }
            }
            for (text, ground) in [
                (palette.on_accent, palette.accent),
                (palette.on_accent, palette.accent_hover),
                (palette.warning, palette.warning_ground),
                (palette.error, palette.error_ground),
                (palette.accent, palette.warning_ground),
                (palette.accent, palette.error_ground),
            ] {
                assert!(contrast(text, ground) >= 4.5, "{text:?} on {ground:?}: {}", contrast(text, ground));
            }
        }
    }

    #[test]
    fn what_can_be_pressed_has_an_outline_that_can_be_seen() {
        for palette in [&LIGHT, &DARK] {
            for ground in [palette.ground, palette.card, palette.field] {
                assert!(contrast(palette.edge, ground) >= 3.0, "{}", contrast(palette.edge, ground));
                assert!(contrast(palette.accent, ground) >= 3.0);
            }
        }
    }
}
