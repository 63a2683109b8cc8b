//! Tells the program which commit it was built from, and gives its Windows binary an icon, a version and a manifest.
//!
//! A source tree without git (an unpacked archive) builds too: the commit then comes from `KIMT_COMMIT`, or is "unknown".
//! The Windows resource wants the MinGW tool `windres`; other targets want nothing.

use std::env;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::Command;

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=KIMT_COMMIT");
    let commit = env::var("KIMT_COMMIT")
        .ok()
        .or_else(|| git(&["rev-parse", "--short=12", "HEAD"]))
        .unwrap_or_else(|| "unknown".to_owned());
    println!("cargo::rustc-env=KIMT_COMMIT={commit}");
    // The reference log grows with every commit and checkout. A path that is not there would mean "build again, always".
    if let Some(log) = git(&["rev-parse", "--git-path", "logs/HEAD"]).map(PathBuf::from).filter(|log| log.exists()) {
        println!("cargo::rerun-if-changed={}", log.display());
    }
    if env::var("CARGO_CFG_TARGET_OS")? == "windows" && env::var("CARGO_CFG_TARGET_ENV")? == "gnu" {
        windows_resource()?;
    }
    Ok(())
}

/// The first line that git answers, or nothing where there is no git or no repository of our own: an archive that was unpacked
/// inside of another project must not take that one's commit.
fn git(arguments: &[&str]) -> Option<String> {
    if !Path::new(".git").exists() {
        return None;
    }
    let output = Command::new("git").args(arguments).output().ok()?;
    let answer = String::from_utf8(output.stdout).ok()?.trim().to_owned();
    (output.status.success() && !answer.is_empty()).then_some(answer)
}

/// Who publishes the packages, from Cargo.toml.
fn publisher() -> Result<String, Box<dyn Error>> {
    println!("cargo::rerun-if-changed=Cargo.toml");
    let manifest = std::fs::read_to_string("Cargo.toml")?;
    let line = manifest.lines().find_map(|line| line.strip_prefix("publisher = "));
    Ok(line.ok_or("Cargo.toml names no publisher")?.trim_matches('"').to_owned())
}

/// Compiles packaging/windows/kimt.rc and links it into the binary.
fn windows_resource() -> Result<(), Box<dyn Error>> {
    for input in ["kimt.rc", "kimt.exe.manifest"] {
        println!("cargo::rerun-if-changed=packaging/windows/{input}");
    }
    println!("cargo::rerun-if-changed=assets/icon.ico");
    let made = PathBuf::from(env::var("OUT_DIR")?);
    let object = made.join("resource.o");
    // In a file of its own: what quotes mean in an argument of windres depends on the system.
    std::fs::write(made.join("publisher.h"), format!("#define PUBLISHER {:?}\n", publisher()?))?;
    let tool = if cfg!(windows) {
        "windres".to_owned()
    } else {
        format!("{}-w64-mingw32-windres", env::var("CARGO_CFG_TARGET_ARCH")?)
    };
    let version = ["MAJOR", "MINOR", "PATCH"].map(|part| {
        let number = env::var(format!("CARGO_PKG_VERSION_{part}")).unwrap_or_default();
        format!("-D{part}={number}")
    });
    let status = Command::new(&tool)
        .args(version)
        .arg("--include-dir")
        .arg(&made)
        .args(["--output-format=coff", "packaging/windows/kimt.rc"])
        .arg(&object)
        .status()
        .map_err(|error| format!("{tool}, which comes with the MinGW compiler, could not be started: {error}"))?;
    if !status.success() {
        return Err(format!("{tool} refused packaging/windows/kimt.rc").into());
    }
    println!("cargo::rustc-link-arg-bins={}", object.display());
    Ok(())
}
