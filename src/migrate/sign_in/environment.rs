//! Programs that the user named: parses a typed command, and withholds our passwords from its environment.

use std::ffi::{OsStr, OsString};
use std::process::{Command, Stdio};

/// The environment variables that hold our passwords; see [`withhold_passwords`].
pub fn password_variables() -> Vec<OsString> {
    std::env::vars_os().map(|(name, _)| name).filter(|name| holds_password(name)).collect()
}

/// Removes the variables that hold our passwords from a command's environment: all named `KIMT_…_PASSWORD`.
pub fn withhold_passwords(command: &mut Command) {
    for name in password_variables() {
        command.env_remove(name);
    }
}

/// The program of a typed command, and the command: its words unchanged, without a shell and without our passwords. It has no input, and
/// only its error output is shown. The error is the end of a sentence.
pub fn typed_command(line: &str) -> Result<(String, Command), String> {
    let words = split_words(line)?;
    let Some((program, arguments)) = words.split_first() else { return Err("the command is empty".to_owned()) };
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::inherit());
    withhold_passwords(&mut command);
    without_window(&mut command);
    Ok((program.clone(), command))
}

#[cfg(windows)]
fn without_window(command: &mut Command) {
    use std::os::windows::process::CommandExt;
    const CREATE_NO_WINDOW: u32 = 0x0800_0000;
    command.creation_flags(CREATE_NO_WINDOW);
}

#[cfg(not(windows))]
fn without_window(_command: &mut Command) {}

/// Splits a command line into words at spaces; single or double quotes keep spaces. A backslash is an ordinary character, as in Windows
/// paths.
fn split_words(line: &str) -> Result<Vec<String>, String> {
    let (mut words, mut word, mut quote) = (Vec::new(), None::<String>, None);
    for letter in line.chars() {
        match quote {
            Some(open) if letter == open => quote = None,
            None if matches!(letter, '"' | '\'') => {
                quote = Some(letter);
                word.get_or_insert_default();
            }
            None if letter.is_whitespace() => words.extend(word.take()),
            _ => word.get_or_insert_default().push(letter),
        }
    }
    if quote.is_some() {
        return Err("a quote in the command is not closed".to_owned());
    }
    words.extend(word);
    Ok(words)
}

/// Ignores case, as Windows does.
fn holds_password(name: &OsStr) -> bool {
    let name = name.to_string_lossy().to_ascii_uppercase();
    name.starts_with("KIMT_") && name.ends_with("_PASSWORD")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_line_is_split_as_it_reads() {
        let words = split_words(r#" "C:\Program Files\t.exe"  --scope 'a b' --empty "" x"y z""#).unwrap();
        assert_eq!(words, [r"C:\Program Files\t.exe", "--scope", "a b", "--empty", "", "xy z"]);
        assert!(split_words("token 'open").is_err());
    }

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
