//! Why the window did not open, in a sentence: the reasons that crates give, without their paths, and what to do.
//!
//! The sentence is printed, and shown in a dialog if there is no terminal. Some crates panic when a library is missing; that counts as a
//! reason like any other, and is not printed separately. [`super::run`] makes the attempts.

use rfd::{MessageDialog, MessageLevel};
use std::any::Any;
use std::io::{IsTerminal, stderr};
use std::panic::{set_hook, take_hook};
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether the window is opening.
static OPENING: AtomicBool = AtomicBool::new(false);

/// The packages of the libraries that the window loads at run time. Every desktop has them; a bare server may not.
const LIBRARIES: &str = "If a library is missing: on Debian and Ubuntu, install libx11-6 libx11-xcb1 libxcursor1 libxi6 libxrender1 \
    libxkbcommon-x11-0 libgl1; on Fedora and related systems, libX11 libX11-xcb libXcursor libXi libXrender libxkbcommon-x11 mesa-libGL mesa-dri-drivers.";

/// A longer reason is the inner state of a crate, not a sentence.
const REASON_LIMIT: usize = 200;

/// Whether a Linux session names a display. Other systems have one, or give a reason themselves.
pub(super) fn display_is_named() -> bool {
    cfg!(not(target_os = "linux"))
        || ["DISPLAY", "WAYLAND_DISPLAY", "WAYLAND_SOCKET"]
            .iter()
            .any(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty()))
}

/// The sentence for the user, from the reason of each attempt.
pub(super) fn sentence(reasons: &[String], display_is_named: bool) -> String {
    if !display_is_named {
        return "The window cannot be opened: there is no display here (neither DISPLAY nor WAYLAND_DISPLAY is set). \
            Start the program in a desktop session, or use the command line: kimt --help."
            .to_owned();
    }
    let mut said: Vec<String> = Vec::new();
    // winit makes one event loop per process: after an early failure, a second attempt only says that it is the second.
    for reason in reasons.iter().filter(|reason| !reason.contains("EventLoop can't be recreated")) {
        let reason = plain(reason);
        if !said.contains(&reason) {
            said.push(reason);
        }
    }
    let libraries = if cfg!(target_os = "linux") { LIBRARIES } else { "An old graphics driver is a frequent cause." };
    format!(
        "The window cannot be opened: {}. {libraries} The command line works without a window: kimt --help.",
        said.join("; ")
    )
}

/// Keeps panics from being printed until [`opening_ended`].
pub(super) fn opening() {
    OPENING.store(true, Ordering::Relaxed);
    let before = take_hook();
    set_hook(Box::new(move |panic| {
        if !OPENING.load(Ordering::Relaxed) {
            before(panic);
        }
    }));
}

/// Lets panics be printed again.
pub(super) fn opening_ended() {
    OPENING.store(false, Ordering::Relaxed);
}

/// The words of a panic.
pub(super) fn of_panic(payload: &(dyn Any + Send)) -> String {
    let said = payload.downcast_ref::<String>().map(String::as_str).or_else(|| payload.downcast_ref().copied());
    said.unwrap_or("the system's graphics library failed").to_owned()
}

/// Shows the sentence in a dialog if the program was started by a click. Waits until the user closes it.
pub(super) fn show(sentence: &str) {
    if display_is_named() && !stderr().is_terminal() {
        MessageDialog::new().set_level(MessageLevel::Error).set_title(super::NAME).set_description(sentence).show();
    }
}

/// A crate's error without its place in the source, cut to the length of a sentence.
fn plain(reason: &str) -> String {
    let words =
        reason.split_once(".rs:").and_then(|(_, rest)| rest.split_once(": ")).map_or(reason, |(_, words)| words);
    let end = words.find(['{', '\n']).unwrap_or(words.len());
    let short: String = words[..end].chars().take(REASON_LIMIT).collect();
    short.trim_end_matches([' ', '.', ':']).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NO_XLIB: &str = "winit EventLoopError: os error at /build/winit-0.30.13/src/platform_impl/linux/mod.rs:788: Failed \
        to load one of xlib's shared libraries";
    const NO_CONFIG: &str = "Found no glutin configs matching the template: ConfigTemplate { color_buffer_type: Rgb { r_size: 8 } }. Error: x";

    fn sentence_of(reasons: &[&str]) -> String {
        let reasons: Vec<String> = reasons.iter().map(|&reason| reason.to_owned()).collect();
        sentence(&reasons, true)
    }

    #[test]
    fn without_a_display_the_sentence_says_so_and_names_the_command_line() {
        let said = sentence(&[NO_XLIB.to_owned()], false);
        assert!(said.contains("no display") && said.contains("kimt --help") && !said.contains("xlib"), "{said}");
    }

    #[test]
    fn a_missing_library_is_reported_without_paths_of_the_builder() {
        let said = sentence_of(&[NO_XLIB, "winit EventLoopError: EventLoop can't be recreated"]);
        assert!(
            said.starts_with("The window cannot be opened: Failed to load one of xlib's shared libraries. "),
            "{said}"
        );
        assert!(!said.contains("/build") && !said.contains("recreated"), "{said}");
    }

    #[test]
    fn the_inner_state_of_a_crate_is_left_out_and_nothing_is_said_twice() {
        let said = sentence_of(&[NO_CONFIG, NO_CONFIG]);
        assert_eq!(
            said.matches("Found no glutin configs matching the template: ConfigTemplate. ").count(),
            1,
            "{said}"
        );
    }

    #[test]
    fn a_panic_of_a_crate_is_reported_in_its_own_words() {
        let payload: Box<dyn Any + Send> = Box::new("Library libxkbcommon-x11.so could not be loaded.");
        let said = sentence(&[of_panic(payload.as_ref())], true);
        assert!(
            said.starts_with("The window cannot be opened: Library libxkbcommon-x11.so could not be loaded. "),
            "{said}"
        );
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn on_linux_the_packages_are_named() {
        assert!(sentence_of(&[NO_XLIB]).contains("libxkbcommon-x11-0"));
    }
}
