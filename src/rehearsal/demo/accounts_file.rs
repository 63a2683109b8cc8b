//! Writes the demo's accounts file: `user@domain.com;password;Full Name`, readable only by its owner.

use crate::rehearsal::sample::Person;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

/// Writes one line per person; the password of `refused` is wrong.
pub(super) fn write(path: &Path, people: &[Person], refused: Option<&str>) -> io::Result<()> {
    let mut text = String::new();
    for person in people {
        let wrong = refused == Some(person.address.as_str());
        let password = if wrong { "no-longer-valid" } else { person.password.reveal() };
        text.push_str(&format!("{};{};{}\r\n", person.address, field(password), field(&person.full_name)));
    }
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    // A new file, because an existing one would keep its rights.
    if path.exists() {
        std::fs::remove_file(path)?;
    }
    create(path)?.write_all(text.as_bytes())
}

fn create(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Quoted if necessary.
fn field(text: &str) -> String {
    if text.contains([';', '"', ' ', '#']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rehearsal::sample::people;

    #[test]
    fn the_accounts_file_is_quoted_and_for_its_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("demo/accounts.csv");
        let people = people(4, &["example.com"]);
        for _ in 0..2 {
            write(&path, &people, Some(&people[1].address)).unwrap();
        }
        let text = std::fs::read_to_string(&path).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], "juergen.weissmueller@example.com;\"Regen;bogen-1000\";\"Jürgen Weißmüller\"");
        assert!(lines[1].contains(";no-longer-valid;") && lines[3].contains("\"a\"\"quote\\and1111\""));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        }
    }
}
