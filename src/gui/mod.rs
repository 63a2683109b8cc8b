//! The window: the wizard an administrator uses, over the same engine and the same fold of events as the command line.
//!
//! `app` takes the news of background work, shows the page and carries out what the user asked for; `wizard` knows the order of
//! the pages; `pages` and `widgets` draw. Nothing ever waits on the window's thread. Knows nothing of sessions, calls or ledger rows.

pub mod action;
pub mod app;
pub mod fonts;
pub mod pages;
pub mod task;
pub mod theme;
pub mod widgets;
pub mod wizard;

use app::{App, Folders};
use eframe::{NativeOptions, Renderer};
use egui::ViewportBuilder;

const NAME: &str = "Kerio IMAP Migration Tool";

/// Opens the window and returns when it was closed. The error is a sentence for whoever started the program.
pub fn run(folders: Folders) -> Result<(), String> {
    let mut reasons = Vec::new();
    for renderer in [Renderer::Wgpu, Renderer::Glow] {
        match open(renderer, folders.clone()) {
            Ok(()) => return Ok(()),
            Err(reason) => reasons.push(reason),
        }
    }
    reasons.dedup();
    Err(format!(
        "The window cannot be opened: {}. Start the program on a computer with a screen, or use the command line: kimt --help.",
        reasons.join("; ")
    ))
}

/// One try. Some systems answer a missing screen or library with a panic inside of a crate; that is a reason like any other.
fn open(renderer: Renderer, folders: Folders) -> Result<(), String> {
    let options = NativeOptions { renderer, viewport: viewport(), centered: true, ..NativeOptions::default() };
    let opened = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        eframe::run_native(
            NAME,
            options,
            Box::new(|creation| {
                let context = &creation.egui_ctx;
                fonts::install(context);
                fonts::add_system_faces(context);
                theme::install(context);
                Ok(Box::new(App::new(context, folders)))
            }),
        )
    }));
    match opened {
        Ok(result) => result.map_err(|error| error.to_string()),
        Err(_) => Err("the system's graphics library failed".to_owned()),
    }
}

fn viewport() -> ViewportBuilder {
    ViewportBuilder::default()
        .with_title(NAME)
        .with_app_id("kimt")
        .with_inner_size([1000.0, 680.0])
        .with_min_inner_size([800.0, 560.0])
        .with_drag_and_drop(true)
}
