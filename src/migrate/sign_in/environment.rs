//! This program's environment, and what of it the programs that it starts must not get: the passwords.

use std::ffi::{OsStr, OsString};
use std::process::Command;

/// The variables of this program's environment that hold passwords of ours; see [`withhold_passwords`].
pub fn password_variables() -> Vec<OsString> {
    std::env::vars_os().map(|(name, _)| name).filter(|name| holds_password(name)).collect()
}

/// Starts a command without the variables that hold passwords of ours: all whose names are `KIMT_…_PASSWORD`.
pub fn withhold_passwords(command: &mut Command) {
    for name in password_variables() {
        command.env_remove(name);
    }
}

/// Windows ignores case in such names.
fn holds_password(name: &OsStr) -> bool {
    let name = name.to_string_lossy().to_ascii_uppercase();
    name.starts_with("KIMT_") && name.ends_with("_PASSWORD")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_password_of_ours_is_known_by_its_name() {
        for name in ["KIMT_ADMIN_PASSWORD", "KIMT_PROXY_PASSWORD", "kimt_target_certificate_password"] {
            assert!(holds_password(OsStr::new(name)), "{name}");
        }
        for name in ["PATH", "KIMT_LOG", "PGPASSWORD", "SOME_PASSWORD", "KIMT_PASSWORD_FILE"] {
            assert!(!holds_password(OsStr::new(name)), "{name}");
        }
    }
}
