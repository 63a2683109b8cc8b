//! The fonts of the window: Inter for Latin, Cyrillic and Greek, with figures of equal width; the system's own for other scripts.
//!
//! - The window opens without waiting for fonts of the system: a background thread reads them, and the text is redrawn when one arrives.
//! - Text in a script without a font appears as boxes, never as wrong letters.

use super::theme;
use egui::epaint::text::{FontInsert, FontPriority, InsertFontFamily};
use egui::{Context, FontData, FontDefinitions, FontFamily};
use std::path::Path;
use std::sync::Arc;

const REGULAR: &[u8] = include_bytes!("../../assets/fonts/Inter-Regular.ttf");
const SEMIBOLD: &[u8] = include_bytes!("../../assets/fonts/Inter-SemiBold.ttf");

/// Where systems keep a face for a script, the best first; the number is the face in a collection. One per script is enough.
const SYSTEM_FACES: &[(&str, &[(&str, u32)])] = &[
    (
        "cjk",
        &[
            ("C:\\Windows\\Fonts\\msyh.ttc", 0),
            ("C:\\Windows\\Fonts\\YuGothM.ttc", 0),
            ("C:\\Windows\\Fonts\\meiryo.ttc", 0),
            ("/System/Library/Fonts/PingFang.ttc", 0),
            ("/System/Library/Fonts/Hiragino Sans GB.ttc", 0),
            ("/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc", 0),
            ("/usr/share/fonts/noto-cjk/NotoSansCJK-Regular.ttc", 0),
            ("/usr/share/fonts/google-noto-cjk/NotoSansCJK-Regular.ttc", 0),
            ("/usr/share/fonts/google-noto-sans-cjk-fonts/NotoSansCJK-Regular.ttc", 0),
            ("/usr/share/fonts/truetype/wqy/wqy-microhei.ttc", 0),
            ("/usr/share/fonts/truetype/droid/DroidSansFallbackFull.ttf", 0),
        ],
    ),
    (
        "korean",
        &[
            ("C:\\Windows\\Fonts\\malgun.ttf", 0),
            ("/System/Library/Fonts/AppleSDGothicNeo.ttc", 0),
            ("/usr/share/fonts/truetype/nanum/NanumGothic.ttf", 0),
        ],
    ),
    (
        "arabic and hebrew",
        &[
            ("C:\\Windows\\Fonts\\segoeui.ttf", 0),
            ("/System/Library/Fonts/Supplemental/Arial Unicode.ttf", 0),
            ("/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf", 0),
            ("/usr/share/fonts/TTF/DejaVuSans.ttf", 0),
            ("/usr/share/fonts/dejavu-sans-fonts/DejaVuSans.ttf", 0),
        ],
    ),
    (
        "thai",
        &[
            ("C:\\Windows\\Fonts\\LeelawUI.ttf", 0),
            ("/System/Library/Fonts/Supplemental/Thonburi.ttc", 0),
            ("/usr/share/fonts/truetype/noto/NotoSansThai-Regular.ttf", 0),
        ],
    ),
    (
        "devanagari",
        &[
            ("C:\\Windows\\Fonts\\Nirmala.ttc", 0),
            ("C:\\Windows\\Fonts\\Nirmala.ttf", 0),
            ("/System/Library/Fonts/Kohinoor.ttc", 0),
            ("/usr/share/fonts/truetype/noto/NotoSansDevanagari-Regular.ttf", 0),
        ],
    ),
];

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

/// Looks for the system's faces in the background and adds what is there.
pub fn add_system_faces(context: &Context) {
    let context = context.clone();
    let looking = std::thread::Builder::new().name("fonts".to_owned()).spawn(move || {
        for (script, candidates) in SYSTEM_FACES {
            let found = candidates.iter().find(|(path, _)| Path::new(path).is_file());
            let Some((path, face)) = found else { continue };
            match std::fs::read(path) {
                Ok(bytes) => context.add_font(insertion(script, bytes, *face)),
                Err(error) => log::debug!("the font {path} cannot be read: {error}"),
            }
        }
        context.request_repaint();
    });
    if let Err(error) = looking {
        log::debug!("no thread for the system's fonts: {error}");
    }
}

fn insertion(script: &str, bytes: Vec<u8>, face: u32) -> FontInsert {
    let mut data = FontData::from_owned(bytes);
    data.index = face;
    let families = [FontFamily::Proportional, FontFamily::Monospace, theme::semibold()]
        .map(|family| InsertFontFamily { family, priority: FontPriority::Lowest })
        .to_vec();
    FontInsert { name: script.to_owned(), data, families }
}
