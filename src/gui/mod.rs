//! The window: a wizard over the same engine and the same fold of events as the command line.
//!
//! `app` takes the news of background work, shows the page and carries out what the user asks for; `wizard` knows the order of the pages;
//! `pages` and `widgets` draw. The window's thread never waits. The module knows no sessions, RPCs or rows of the ledger.

pub mod action;
pub mod app;
mod awake;
mod files;
pub mod fleet;
mod folders;
pub mod fonts;
mod input_pacing;
mod memory;
mod notification;
mod own_log;
pub mod page;
pub mod pages;
mod practice;
mod reading_order;
mod running;
mod startup_error;
pub mod task;
mod tasks;
pub mod theme;
pub mod widgets;
pub mod wizard;

use crate::rehearsal::demo::Demo;
use crate::settings::{self, Settings};
use app::App;
use eframe::{NativeOptions, Renderer};
use egui::ViewportBuilder;
use fleet::{FleetPlace, Fleets};
pub use folders::Folders;
use std::path::PathBuf;
use std::sync::Arc;

/// The smallest window, in points: it fits a screen of 1366 by 768 pixels at 150 %, with the title bar and the system's bars.
const SMALLEST: [f32; 2] = [680.0, 420.0];

const NAME: &str = "Kerio IMAP Migration Tool";

/// Opens the window, showing the fleet to `watch` if there is one, and returns when it is closed. The error is a sentence for the user.
pub fn run(folders: Folders, fleets: Arc<dyn Fleets>, watch: Option<FleetPlace>) -> Result<(), String> {
    let settings = settings::folders().ok().map(|own| own.settings);
    show(&Start { folders, settings, demo: None, fleets: Some(fleets), watch })
}

/// Opens the window filled in for the servers of a rehearsal, and remembers nothing.
pub fn run_demo(demo: &Demo, folders: Folders) -> Result<(), String> {
    show(&Start { folders, settings: None, demo: Some(demo), fleets: None, watch: None })
}

struct Start<'a> {
    folders: Folders,
    settings: Option<PathBuf>,
    demo: Option<&'a Demo>,
    fleets: Option<Arc<dyn Fleets>>,
    watch: Option<FleetPlace>,
}

fn show(start: &Start<'_>) -> Result<(), String> {
    let mut reasons = Vec::new();
    startup_error::opening();
    for renderer in [Renderer::Wgpu, Renderer::Glow] {
        match open(renderer, start) {
            Ok(()) => return Ok(()),
            Err(reason) => reasons.push(reason),
        }
    }
    startup_error::opening_ended();
    let sentence = startup_error::sentence(&reasons, startup_error::display_is_named());
    startup_error::show(&sentence);
    Err(sentence)
}

/// Makes one attempt. On some systems a missing display or library makes a crate panic, which counts as a reason like any other.
fn open(renderer: Renderer, start: &Start<'_>) -> Result<(), String> {
    let size = start.settings.as_deref().and_then(|folder| Settings::load(folder).window_size);
    let options = NativeOptions {
        renderer,
        viewport: viewport(size),
        centered: true,
        event_loop_builder: event_loop(),
        ..NativeOptions::default()
    };
    let opened = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        eframe::run_native(
            NAME,
            options,
            Box::new(|creation| {
                let context = &creation.egui_ctx;
                startup_error::opening_ended();
                fonts::install(context);
                fonts::add_system_faces(context);
                theme::install(context);
                let mut app = App::new(context, start.folders.clone(), start.settings.clone());
                if let Some(demo) = start.demo {
                    app.rehearse(demo);
                }
                if let Some(fleets) = &start.fleets {
                    app.offer_fleets(fleets.clone());
                }
                if let Some(place) = &start.watch {
                    app.watch_fleet(place.clone());
                }
                Ok(Box::new(app))
            }),
        )
    }));
    match opened {
        Ok(result) => result.map_err(|error| error.to_string()),
        Err(payload) => Err(startup_error::of_panic(payload.as_ref())),
    }
}

/// On macOS, Quit in winit's menu ends the process without closing the window, and nobody is asked about a migration under way. Without
/// that menu, Command-Q closes the window.
#[cfg(target_os = "macos")]
fn event_loop() -> Option<eframe::EventLoopBuilderHook> {
    use winit::platform::macos::EventLoopBuilderExtMacOS;
    Some(Box::new(|builder| {
        builder.with_default_menu(false);
    }))
}

#[cfg(not(target_os = "macos"))]
fn event_loop() -> Option<eframe::EventLoopBuilderHook> {
    None
}

fn viewport(size: Option<(f32, f32)>) -> ViewportBuilder {
    let builder = match eframe::icon_data::from_png_bytes(include_bytes!("../../assets/icon.png")) {
        Ok(icon) => ViewportBuilder::default().with_icon(icon),
        Err(_) => ViewportBuilder::default(),
    };
    builder
        .with_title(NAME)
        .with_app_id("kimt")
        .with_inner_size(size.unwrap_or((1000.0, 700.0)))
        .with_min_inner_size(SMALLEST)
        .with_drag_and_drop(true)
}
