//! What the packages ship beside the program: completions for shells, man pages, and the guide as a web page.
//!
//! All are made from the command line's own description and the documents inside the program, so that they cannot differ from it.

use super::args::{Arguments, CompletionsArguments, DocumentsArguments};
use super::exit_code::ExitStatus;
use super::{Refusal, terminal};
use crate::domain::{Problem, ProblemKind};
use crate::guide;
use clap::CommandFactory;
use clap_complete::Shell;
use std::fs;
use std::io::{self, Write};
use std::path::Path;

/// The file of the guide.
const GUIDE: &str = "guide.html";

/// `kimt completions`: prints the completions for one shell.
pub(super) fn completions(typed: CompletionsArguments) -> ExitStatus {
    let mut text = Vec::new();
    clap_complete::generate(typed.shell, &mut Arguments::command(), "kimt", &mut text);
    // A closed pipe is not a failure.
    let _ = io::stdout().lock().write_all(&text);
    ExitStatus::Complete
}

/// `kimt documents`: writes all of them into a folder.
pub(super) fn write(typed: &DocumentsArguments) -> Result<ExitStatus, Refusal> {
    match write_into(&typed.folder) {
        Ok(()) => Ok(ExitStatus::Complete),
        Err(error) => {
            let problem = Problem::new(ProblemKind::LocalFile).at_path(typed.folder.display()).saying(error);
            Err(Refusal::could_not_start(&problem))
        }
    }
}

fn write_into(folder: &Path) -> io::Result<()> {
    let (pages, completions) = (folder.join("man"), folder.join("completions"));
    fs::create_dir_all(&pages)?;
    fs::create_dir_all(&completions)?;
    for shell in [Shell::Bash, Shell::Zsh, Shell::Fish, Shell::PowerShell] {
        clap_complete::generate_to(shell, &mut Arguments::command(), "kimt", &completions)?;
    }
    clap_mangen::generate_to(Arguments::command(), &pages)?;
    fs::write(folder.join(GUIDE), guide::page())?;
    terminal::say(format!("Written into {}.", folder.display()));
    Ok(())
}
