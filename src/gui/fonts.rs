//! The fonts of the window: Inter for Latin, Cyrillic and Greek, with figures of equal width; the system's own for other scripts.
//!
//! - The window opens without waiting for the system's fonts: a background thread reads them, and the window redraws when they arrive.
//! - Text in a script without a font appears as boxes, never as wrong letters.

use super::theme;
use egui::epaint::text::{FontInsert, FontPriority, InsertFontFamily};
use egui::{Context, FontData, FontDefinitions, FontFamily};
use fontdb::{Database, FaceInfo, ID, Stretch, Style, Weight};
use skrifa::{FontRef, MetadataProvider};
use std::sync::Arc;

const REGULAR: &[u8] = include_bytes!("../../assets/fonts/Inter-Regular.ttf");
const SEMIBOLD: &[u8] = include_bytes!("../../assets/fonts/Inter-SemiBold.ttf");

/// A script that Inter lacks: one of its letters, and families that draw it well on some system, best first. Failing these, any family
/// with that letter will do.
struct Script {
    name: &'static str,
    letter: char,
    families: &'static [&'static str],
}

const SCRIPTS: [Script; 14] = [
    script("arabic", 'م', &["Segoe UI", "Geeza Pro", "Noto Naskh Arabic", "Noto Sans Arabic", "DejaVu Sans"]),
    script("hebrew", 'א', &["Segoe UI", "Arial Hebrew", "Noto Sans Hebrew", "DejaVu Sans"]),
    script("han", '漢', &["Microsoft YaHei", "Yu Gothic", "PingFang SC", "Noto Sans CJK SC", "WenQuanYi Micro Hei"]),
    script("kana", 'あ', &["Yu Gothic", "Meiryo", "Hiragino Sans", "Noto Sans CJK JP"]),
    script("hangul", '한', &["Malgun Gothic", "Apple SD Gothic Neo", "Noto Sans CJK KR", "NanumGothic"]),
    script("thai", 'ก', &["Leelawadee UI", "Thonburi", "Noto Sans Thai"]),
    script("devanagari", 'क', &["Nirmala UI", "Kohinoor Devanagari", "Noto Sans Devanagari"]),
    script("bengali", 'ক', &["Nirmala UI", "Kohinoor Bangla", "Noto Sans Bengali"]),
    script("tamil", 'க', &["Nirmala UI", "Tamil Sangam MN", "Noto Sans Tamil"]),
    script("telugu", 'క', &["Nirmala UI", "Kohinoor Telugu", "Noto Sans Telugu"]),
    script("gujarati", 'ક', &["Nirmala UI", "Kohinoor Gujarati", "Noto Sans Gujarati"]),
    script("georgian", 'ა', &["Segoe UI", "Helvetica", "Noto Sans Georgian", "DejaVu Sans"]),
    script("armenian", 'ա', &["Segoe UI", "Mshtakan", "Noto Sans Armenian", "DejaVu Sans"]),
    script("ethiopic", 'አ', &["Nyala", "Ebrima", "Kefa", "Noto Sans Ethiopic"]),
];

const fn script(name: &'static str, letter: char, families: &'static [&'static str]) -> Script {
    Script { name, letter, families }
}

/// A larger face is not used, because the window keeps every face in memory.
const LARGEST: usize = 64 * 1024 * 1024;

/// Installs the program's own faces.
pub fn install(context: &Context) {
    let mut fonts = FontDefinitions::default();
    for (name, bytes) in [("inter", REGULAR), ("inter semibold", SEMIBOLD)] {
        fonts.font_data.insert(name.to_owned(), Arc::new(FontData::from_static(bytes)));
    }
    let fallbacks = fonts.families.get(&FontFamily::Proportional).cloned().unwrap_or_default();
    let with = |first: &str| std::iter::once(first.to_owned()).chain(fallbacks.iter().cloned()).collect::<Vec<_>>();
    fonts.families.insert(FontFamily::Proportional, with("inter"));
    fonts.families.insert(theme::semibold(), with("inter semibold"));
    context.set_fonts(fonts);
}

/// Looks for the system's faces in the background and adds one for each script that has none yet.
pub fn add_system_faces(context: &Context) {
    let context = context.clone();
    let looking = std::thread::Builder::new().name("fonts".to_owned()).spawn(move || {
        for (name, bytes, index) in system_faces() {
            context.add_font(insertion(name, bytes, index));
        }
        context.request_repaint();
    });
    if let Err(error) = looking {
        log::debug!("no thread for the system's fonts: {error}");
    }
}

/// The faces to add: the script, the file, and the number of the face in it.
fn system_faces() -> Vec<(&'static str, Vec<u8>, u32)> {
    let mut system = Database::new();
    system.load_system_fonts();
    let (mut chosen, mut faces) = (Vec::new(), Vec::new());
    for script in &SCRIPTS {
        if chosen.iter().any(|face| has_letter(&system, *face, script.letter)) {
            continue;
        }
        let Some(face) = face_for(&system, script) else { continue };
        let small = |bytes: &[u8], index| (bytes.len() <= LARGEST).then(|| (script.name, bytes.to_vec(), index));
        if let Some(copied) = system.with_face_data(face, small).flatten() {
            chosen.push(face);
            faces.push(copied);
        }
    }
    faces
}

/// The system's face for a script: upright, of a known family if there is one, nearest to the regular weight and width.
fn face_for(system: &Database, script: &Script) -> Option<ID> {
    let distance = |face: &FaceInfo| {
        let family = script.families.iter().position(|known| face.families.iter().any(|(name, _)| name == known));
        let width = face.stretch.to_number().abs_diff(Stretch::Normal.to_number());
        (family.unwrap_or(script.families.len()), face.monospaced, face.weight.0.abs_diff(Weight::NORMAL.0), width)
    };
    let mut faces: Vec<&FaceInfo> = system.faces().filter(|face| face.style == Style::Normal).collect();
    faces.sort_by_key(|face| distance(face));
    faces.into_iter().map(|face| face.id).find(|face| has_letter(system, *face, script.letter))
}

fn has_letter(system: &Database, face: ID, letter: char) -> bool {
    let has =
        |bytes: &[u8], index| FontRef::from_index(bytes, index).is_ok_and(|font| font.charmap().map(letter).is_some());
    system.with_face_data(face, has).unwrap_or(false)
}

fn insertion(script: &str, bytes: Vec<u8>, face: u32) -> FontInsert {
    let mut data = FontData::from_owned(bytes);
    data.index = face;
    let families = [FontFamily::Proportional, FontFamily::Monospace, theme::semibold()]
        .map(|family| InsertFontFamily { family, priority: FontPriority::Lowest })
        .to_vec();
    FontInsert { name: script.to_owned(), data, families }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_face_is_chosen_for_what_it_has_whatever_it_is_called() {
        let mut faces = Database::new();
        faces.load_font_data(SEMIBOLD.to_vec());
        faces.load_font_data(REGULAR.to_vec());
        let chosen = face_for(&faces, &script("latin", 'a', &["No such family"])).unwrap();
        assert_eq!(faces.face(chosen).unwrap().weight, Weight::NORMAL);
        assert_eq!(face_for(&faces, &SCRIPTS[1]), None, "Inter has no Hebrew");
    }

    #[test]
    fn each_face_of_this_system_has_its_script() {
        for (name, bytes, index) in system_faces() {
            let letter = SCRIPTS.iter().find(|script| script.name == name).unwrap().letter;
            assert!(FontRef::from_index(&bytes, index).unwrap().charmap().map(letter).is_some(), "{name}");
        }
    }
}
