//! The password of an administrator or master user: from a file, from the environment, or typed on a terminal; never an argument.
//!
//! The variable stays in this process's environment, because safe code cannot remove it. Commands that print tokens start without it.

use super::terminal;
use crate::domain::Secret;
use std::ffi::OsString;
use std::path::Path;

/// The environment variable of the administrator's password.
pub(super) const ADMINISTRATOR_VARIABLE: &str = "KIMT_ADMIN_PASSWORD";

/// At most this many bytes of a password file are read.
const LONGEST: u64 = 64 * 1024;

/// A password to find.
pub(super) struct PasswordRequest<'a> {
    /// The file given for it.
    pub(super) file: Option<&'a Path>,
    /// The environment variable that may hold it.
    pub(super) variable: &'static str,
    /// Whose it is, after "of the": `administrator admin`.
    pub(super) whose: &'a str,
    /// The option that names a file.
    pub(super) option: &'a str,
}

/// Finds the password. The error is a sentence for the administrator.
pub(super) fn find(request: &PasswordRequest<'_>) -> Result<Secret, String> {
    find_in(request, std::env::var_os(request.variable), || ask(request))
}

fn find_in(
    request: &PasswordRequest<'_>,
    variable: Option<OsString>,
    ask: impl FnOnce() -> Result<Secret, String>,
) -> Result<Secret, String> {
    if let Some(file) = request.file {
        return read(file);
    }
    match variable.filter(|value| !value.is_empty()) {
        Some(value) => value
            .into_string()
            .map(Secret::new)
            .map_err(|_| format!("The password in {} is not valid UTF-8.", request.variable)),
        None => ask(),
    }
}

/// The first line of a file, without its line end and byte order mark.
fn read(file: &Path) -> Result<Secret, String> {
    use std::io::Read;
    let failed = |error: std::io::Error| format!("The password file {} cannot be read: {error}.", file.display());
    let opened = std::fs::File::open(file).map_err(failed)?;
    if readable_by_everybody(&opened) {
        terminal::complain(format!(
            "Warning: everybody on this computer can read the password file {}. Make it readable by you alone (chmod 600).",
            file.display()
        ));
    }
    let mut bytes = zeroize::Zeroizing::new(Vec::new());
    opened.take(LONGEST).read_to_end(&mut bytes).map_err(failed)?;
    let text = std::str::from_utf8(&bytes)
        .map_err(|_| format!("The password file {} is not valid UTF-8.", file.display()))?
        .trim_start_matches('\u{feff}');
    let line = text.split('\n').next().unwrap_or_default().trim_end_matches('\r');
    if line.is_empty() {
        return Err(format!("The first line of the password file {} is empty.", file.display()));
    }
    Ok(Secret::new(line))
}

#[cfg(unix)]
fn readable_by_everybody(file: &std::fs::File) -> bool {
    use std::os::unix::fs::PermissionsExt;
    file.metadata().is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o004 != 0)
}

/// Windows keeps permissions in access lists, which the standard library does not show.
#[cfg(not(unix))]
fn readable_by_everybody(_file: &std::fs::File) -> bool {
    false
}

fn ask(request: &PasswordRequest<'_>) -> Result<Secret, String> {
    let PasswordRequest { whose, variable, option, .. } = request;
    let missing = || format!("The password of the {whose} is missing. Set {variable} or give {option}.");
    if !terminal::somebody_is_there() {
        return Err(missing());
    }
    match rpassword::prompt_password(format!("Password of the {whose}: ")) {
        Ok(password) if !password.is_empty() => Ok(Secret::new(password)),
        _ => Err(missing()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(file: Option<&Path>) -> PasswordRequest<'_> {
        PasswordRequest {
            file,
            variable: ADMINISTRATOR_VARIABLE,
            whose: "administrator admin",
            option: "--admin-password-file",
        }
    }

    fn nobody() -> Result<Secret, String> {
        Err("asked".to_owned())
    }

    #[test]
    fn the_first_line_of_the_file_is_the_password_with_all_its_spaces() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("password");
        std::fs::write(&file, "\u{feff} pass word \r\nsecond line").unwrap();
        let variable = Some(OsString::from("other"));
        assert_eq!(find_in(&request(Some(&file)), variable, nobody), Ok(Secret::new(" pass word ")));
    }

    #[test]
    fn an_empty_file_and_a_missing_one_are_reported() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("password");
        assert!(find_in(&request(Some(&file)), None, nobody).unwrap_err().contains("cannot be read"));
        std::fs::write(&file, "\nsecond").unwrap();
        assert!(find_in(&request(Some(&file)), None, nobody).unwrap_err().contains("empty"));
    }

    #[test]
    fn the_environment_takes_precedence_over_asking_and_an_empty_variable_counts_as_none() {
        assert_eq!(find_in(&request(None), Some("secret".into()), nobody), Ok(Secret::new("secret")));
        assert_eq!(find_in(&request(None), Some("".into()), nobody), Err("asked".to_owned()));
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_everybody_can_read_is_noticed() {
        use std::os::unix::fs::PermissionsExt;
        let file = tempfile::NamedTempFile::new().unwrap();
        for (mode, open) in [(0o600, false), (0o640, false), (0o644, true)] {
            std::fs::set_permissions(file.path(), PermissionsExt::from_mode(mode)).unwrap();
            assert_eq!(readable_by_everybody(file.as_file()), open, "{mode:o}");
        }
    }
}
