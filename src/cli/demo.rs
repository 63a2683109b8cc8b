//! `kimt demo`: a whole migration between servers inside this program, through the same code as `migrate` and `verify`.
//!
//! Two judges look at the result: `verify`, and a comparison of the servers' own stores, which knows nothing of the engine.

use super::args::DemoArguments;
use super::exit_code::ExitStatus;
use super::progress::Voice;
use super::run::carry_out;
use super::signals::Signals;
use super::{Refusal, claim, request, terminal, window};
use crate::domain::{Problem, ProblemKind};
use crate::migrate::{
    AdministrationServer, DavAddress, Groupware, GroupwareMode, MailServer, Options, Request, Servers, TargetKind,
};
use crate::private_file::{self, TemporaryFolder};
use crate::progress::{RunKind, RunState};
use crate::rehearsal::demo::{Demo, DemoComparison, DemoItems, DemoOptions};
use crate::report::words;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Mailboxes at a time.
const JOBS: u32 = 4;

/// Starts the servers, migrates, verifies and reports the result.
pub(super) fn run(typed: DemoArguments) -> Result<ExitStatus, Refusal> {
    let folder = DemoFolder::make(typed.folder)?;
    let options = DemoOptions {
        folder: folder.path().to_owned(),
        accounts: typed.accounts as usize,
        messages: typed.messages as usize,
        rtt: Duration::from_millis(typed.rtt_ms),
        faults: typed.faults || typed.window,
        practice: typed.window,
    };
    let demo = Demo::start(&options)
        .map_err(|error| Refusal::could_not_start(&unusable("The servers of the demo").saying(error)))?;
    introduce(&demo, &folder);
    let state_folder = folder.path().join("state");
    if typed.window {
        return window::open_demo(&demo, state_folder, typed.log_dir);
    }
    let _instance = claim(&state_folder)?;
    let signals = Signals::catch();
    let voice = Voice::choose(false, false);
    let request = |kind| demo_request(kind, &demo, &state_folder);
    let logs = typed.log_dir.as_deref();

    let (migrated, migration) = carry_out(request(RunKind::Migrate)?, logs, voice, &signals, |_| {}, &|| false)?;
    if migration == ExitStatus::Stopped {
        return Ok(migration);
    }
    terminal::say("");
    demo.set_faults(false);
    let (verified, verification) = carry_out(request(RunKind::Verify)?, logs, voice, &signals, |_| {}, &|| false)?;
    if verification == ExitStatus::Stopped {
        return Ok(verification);
    }
    let (comparison, items) = (demo.compare(), demo.compare_items());
    conclude(&comparison, &items, &migrated, &verified);
    Ok(judged(&comparison, &items, typed.faults, [migration, verification]))
}

/// The demo's exit status. With faults, either run may be incomplete, but both must have started.
fn judged(comparison: &DemoComparison, items: &DemoItems, faults: bool, runs: [ExitStatus; 2]) -> ExitStatus {
    let as_planned =
        if faults { !runs.contains(&ExitStatus::CouldNotStart) } else { runs == [ExitStatus::Complete; 2] };
    if comparison.is_perfect() && items.is_perfect() && as_planned {
        ExitStatus::Complete
    } else {
        ExitStatus::Incomplete
    }
}

/// The request of a run between the demo's servers.
fn demo_request(kind: RunKind, demo: &Demo, state_folder: &Path) -> Result<Request, Refusal> {
    let file = request::accounts_file(demo.accounts_file(), None).map_err(Refusal::usage)?;
    let request::Chosen { accounts, bad_lines, .. } = request::chosen(file, &[]).map_err(Refusal::usage)?;
    let groupware = groupware(demo).map_err(Refusal::usage)?;
    let options = Options { jobs: JOBS, groupware, ..Options::in_folder(state_folder.to_owned()) };
    Ok(Request { bad_lines, ..Request::of(kind, servers(demo), accounts, options) })
}

fn groupware(demo: &Demo) -> Result<Groupware, String> {
    let (source, target) = demo.calendars();
    let parse = |address: &str| DavAddress::parse(address).map_err(|fault| fault.to_string());
    Ok(Groupware {
        mode: GroupwareMode::Dav,
        source_dav: Some(parse(&source)?),
        target_dav: Some(parse(&target)?),
        ..Groupware::default()
    })
}

fn servers(demo: &Demo) -> Servers {
    let fingerprint = Some(demo.fingerprint());
    let security = demo.security();
    let administration = AdministrationServer {
        address: demo.administration_address(),
        user: demo.administrator().to_owned(),
        password: demo.administrator_password(),
        fingerprint,
    };
    Servers::between(
        MailServer { fingerprint, ..MailServer::at(demo.source_address(), security) },
        MailServer { fingerprint, ..MailServer::at(demo.target_address(), security) },
        TargetKind::Kerio(administration),
    )
}

fn introduce(demo: &Demo, folder: &DemoFolder) {
    let kept = if matches!(folder, DemoFolder::Temporary(_)) { " (while the demo runs)" } else { "" };
    terminal::say("Started on this computer:");
    terminal::say(format!("  Source          an IMAP server with sample mail, {}", demo.source_address()));
    terminal::say(format!("  Target          a stand-in for Kerio Connect, {}", demo.target_address()));
    terminal::say(format!("  Administration  https://{}", demo.administration_address()));
    let (source, target) = demo.calendars();
    terminal::say(format!("  Calendars       {source} and {target}"));
    terminal::say(format!("  Accounts file   {}{kept}", demo.accounts_file().display()));
    terminal::say("");
}

fn conclude(comparison: &DemoComparison, items: &DemoItems, migrated: &RunState, verified: &RunState) {
    let DemoComparison { expected, lost, doubled, altered, source_changed } = *comparison;
    let source = if source_changed { "the source has changed" } else { "the source is unchanged" };
    terminal::say("");
    terminal::say(format!(
        "Demo: {} compared in the servers' own stores: {lost} lost, {doubled} duplicated, {altered} altered; {source}.",
        words::counted(expected as u64, "message"),
    ));
    let DemoItems { expected, lost, doubled, invitations } = *items;
    terminal::say(format!(
        "Calendars and contacts: {} compared: {lost} lost, {doubled} duplicated; {}.",
        words::counted(expected as u64, "item"),
        if invitations == 0 {
            "nobody was invited".to_owned()
        } else {
            words::counted(invitations as u64, "invitation")
        },
    ));
    terminal::say(format!("Migrated in {}, verified in {}.", words::took(migrated.now), words::took(verified.now)));
}

/// Where the accounts file and the ledger are.
enum DemoFolder {
    /// As typed.
    Kept(PathBuf),
    /// Deleted with the demo.
    Temporary(TemporaryFolder),
}

impl DemoFolder {
    fn make(typed: Option<PathBuf>) -> Result<Self, Refusal> {
        let refused =
            |error: std::io::Error, path: &Path| Refusal::could_not_start(&unusable(path.display()).saying(error));
        match typed {
            Some(path) => {
                private_file::create_folder(&path).map_err(|error| refused(error, &path))?;
                Ok(Self::Kept(path))
            }
            None => {
                let folder = TemporaryFolder::make("kimt-demo");
                folder.map(Self::Temporary).map_err(|error| refused(error, &std::env::temp_dir()))
            }
        }
    }

    fn path(&self) -> &Path {
        match self {
            Self::Kept(path) => path,
            Self::Temporary(folder) => folder.path(),
        }
    }
}

fn unusable(what: impl std::fmt::Display) -> Problem {
    Problem::new(ProblemKind::LocalFile).at_path(what)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_demo_ends_with_0_only_when_the_stores_and_both_runs_say_that_all_is_well() {
        let well = [ExitStatus::Complete; 2];
        let perfect = DemoComparison { expected: 9, ..DemoComparison::default() };
        let (lost, doubled) = (DemoComparison { lost: 1, ..perfect }, DemoComparison { doubled: 1, ..perfect });
        let (altered, changed) =
            (DemoComparison { altered: 1, ..perfect }, DemoComparison { source_changed: true, ..perfect });
        let items = DemoItems { expected: 9, ..DemoItems::default() };
        for harm in
            [DemoItems { lost: 1, ..items }, DemoItems { doubled: 1, ..items }, DemoItems { invitations: 1, ..items }]
        {
            assert_eq!(judged(&perfect, &harm, false, well), ExitStatus::Incomplete, "{harm:?}");
        }
        for faults in [false, true] {
            assert_eq!(judged(&perfect, &items, faults, well), ExitStatus::Complete);
            for harm in [lost, doubled, altered, changed] {
                assert_eq!(judged(&harm, &items, faults, well), ExitStatus::Incomplete, "{harm:?}");
            }
            for run in [ExitStatus::Incomplete, ExitStatus::Differs, ExitStatus::CouldNotStart] {
                let expected = if faults && run != ExitStatus::CouldNotStart {
                    ExitStatus::Complete
                } else {
                    ExitStatus::Incomplete
                };
                assert_eq!(judged(&perfect, &items, faults, [run, ExitStatus::Complete]), expected, "{run:?}");
                assert_eq!(judged(&perfect, &items, faults, [ExitStatus::Complete, run]), expected, "{run:?}");
            }
        }
    }
}
