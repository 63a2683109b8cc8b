//! report.json: the facts of report.txt for programs. Names are stable; fields may be added, none is removed.
//!
//! Control characters and direction marks in texts are replaced, as in report.txt.

use super::words;
use crate::domain::{BadLine, LeftOut, Mapping, Problem, ProblemKind, Reach, Severity, Side, printable};
use crate::progress::{
    AccountStage, AccountState, FolderState, ItemTally, RunInfo, RunKind, RunState, Tally, UserState, Verify,
};
use serde::Serialize;
use std::collections::BTreeMap;
use std::io;
use std::path::Path;

/// The file's content.
pub(super) fn report(state: &RunState) -> io::Result<Vec<u8>> {
    // On one line: indented, the report of thousands of mailboxes would be twice as large.
    Ok(serde_json::to_vec(&Report::of(state))?)
}

#[derive(Serialize)]
struct Report<'a> {
    format: u32,
    version: &'static str,
    verdict: &'static str,
    verdict_text: String,
    comparison_text: String,
    run: Option<Run<'a>>,
    seconds: f64,
    finished: bool,
    products: BTreeMap<Side, String>,
    port_changes: Vec<PortChange<'a>>,
    domains_created: Vec<String>,
    totals: Totals,
    items: ItemTally,
    problems: Vec<ProblemReport<'a>>,
    bad_lines: Vec<BadLineReport>,
    accounts: Vec<AccountReport<'a>>,
    migration: Option<MigrationReport>,
}

/// The migration over all runs.
#[derive(Serialize)]
struct MigrationReport {
    name: String,
    accounts: u32,
    complete: u32,
    complete_in_this_run: u32,
    need_attention: u32,
    begun: u32,
    not_started: u32,
}

#[derive(Serialize)]
struct Run<'a> {
    kind: RunKind,
    started: &'a str,
    source: String,
    target: String,
    jobs: u32,
    verify: Verify,
    log_folder: &'a Path,
}

#[derive(Serialize)]
struct PortChange<'a> {
    service: &'a str,
    before: u16,
    meanwhile: u16,
    restored: bool,
}

#[derive(Serialize)]
struct BadLineReport {
    line: u32,
    what: String,
}

#[derive(Serialize)]
struct Totals {
    source_messages: u64,
    source_bytes: u64,
    copied_messages: u64,
    copied_bytes: u64,
    already_there_messages: u64,
    already_there_bytes: u64,
    checked_messages: u64,
    compared_before_messages: u64,
    left_out_messages: u64,
    vanished_messages: u64,
    failed_messages: u64,
    flags_followed_messages: u64,
    moved_messages: u64,
    renamed_folders: u64,
    foreseen_new_messages: u64,
    deleted_on_source_messages: u64,
    deletions_followed_messages: u64,
    left_as_changed_messages: u64,
}

#[derive(Serialize)]
struct AccountReport<'a> {
    address: String,
    target_address: String,
    full_name: String,
    line: u32,
    status: &'static str,
    status_text: String,
    stage: Option<AccountStage>,
    stage_before: Option<AccountStage>,
    #[serde(rename = "standing")]
    user_state: Option<UserState>,
    user_created: bool,
    seconds: Option<f64>,
    totals: Totals,
    items: ItemTally,
    folders: Vec<FolderReport<'a>>,
    left_out: Vec<LeftOut>,
    problems: Vec<ProblemReport<'a>>,
    problems_not_kept: u64,
}

#[derive(Serialize)]
struct FolderReport<'a> {
    source: Vec<String>,
    target: Vec<String>,
    mapping: &'a Mapping,
    finished: bool,
    target_messages: Option<u64>,
    totals: Totals,
}

/// A problem with its sentence.
#[derive(Serialize)]
struct ProblemReport<'a> {
    kind: ProblemKind,
    severity: Severity,
    reach: Reach,
    messages: u64,
    folder: Option<&'a str>,
    sentence: String,
    advice: &'static str,
}

impl<'a> Report<'a> {
    fn of(state: &'a RunState) -> Self {
        let restored = state.ports_restored.iter().map(|change| (change, true));
        let in_force = state.port_changed.iter().map(|change| (change, false));
        let port_changes = restored
            .chain(in_force)
            .map(|((service, before, meanwhile), restored)| PortChange {
                service,
                before: *before,
                meanwhile: *meanwhile,
                restored,
            })
            .collect();
        let bad_line = |bad: &BadLine| BadLineReport { line: bad.line, what: printable(&bad.what()) };
        Self {
            format: 1,
            version: env!("CARGO_PKG_VERSION"),
            verdict: words::verdict_code(state.verdict()),
            verdict_text: words::verdict(state),
            comparison_text: words::comparison(state),
            run: state.info.as_ref().map(Run::of),
            seconds: state.now as f64 / 1000.0,
            finished: state.finished,
            products: state.products.iter().map(|(side, product)| (*side, printable(product))).collect(),
            port_changes,
            domains_created: state.domains_created.iter().map(|domain| printable(domain)).collect(),
            totals: Totals::of(&state.tally),
            items: state.items,
            problems: state.problems.iter().map(ProblemReport::of).collect(),
            bad_lines: state.info.iter().flat_map(|info| &info.bad_lines).map(bad_line).collect(),
            accounts: state.accounts.iter().enumerate().map(|it| AccountReport::of(state, it)).collect(),
            migration: MigrationReport::of(state),
        }
    }
}

impl<'a> Run<'a> {
    fn of(info: &'a RunInfo) -> Self {
        Self {
            kind: info.kind,
            started: &info.started,
            source: printable(&info.source),
            target: printable(&info.target),
            jobs: info.jobs,
            verify: info.verify,
            log_folder: &info.log_folder,
        }
    }
}

impl MigrationReport {
    fn of(state: &RunState) -> Option<Self> {
        let (whole, info) = state.whole().zip(state.info.as_ref()?.migration.as_ref())?;
        Some(Self {
            name: printable(&info.name),
            accounts: whole.stages.all(),
            complete: whole.stages.complete,
            complete_in_this_run: whole.complete_now,
            need_attention: whole.stages.need_attention,
            begun: whole.stages.begun,
            not_started: whole.stages.not_started,
        })
    }
}

impl Totals {
    fn of(tally: &Tally) -> Self {
        Self {
            source_messages: tally.expected.messages,
            source_bytes: tally.expected.bytes,
            copied_messages: tally.copied.messages,
            copied_bytes: tally.copied.bytes,
            already_there_messages: tally.found.messages,
            already_there_bytes: tally.found.bytes,
            checked_messages: tally.checked.messages,
            compared_before_messages: tally.compared_before,
            left_out_messages: tally.left_out,
            vanished_messages: tally.vanished,
            failed_messages: tally.failed,
            flags_followed_messages: tally.followed.flags,
            moved_messages: tally.followed.moved,
            renamed_folders: tally.followed.renamed,
            foreseen_new_messages: tally.followed.new,
            deleted_on_source_messages: tally.followed.deleted,
            deletions_followed_messages: tally.followed.taken_away,
            left_as_changed_messages: tally.followed.left,
        }
    }
}

impl<'a> AccountReport<'a> {
    fn of(state: &RunState, (index, account): (usize, &'a AccountState)) -> Self {
        let until = account.ended_at.unwrap_or(state.now);
        let before = state.stage_before(index);
        let left_out = |left: &LeftOut| LeftOut { folder: printable(&left.folder), reason: left.reason };
        Self {
            address: printable(&account.info.address),
            target_address: printable(account.info.target_address.as_ref().unwrap_or(&account.info.address)),
            full_name: printable(&account.info.full_name),
            line: account.info.line,
            status: words::account_status_code(account),
            status_text: words::account_status(state, account, state.now),
            stage: state.stage(index),
            stage_before: before,
            user_state: account.user_state,
            user_created: account.created,
            seconds: account.started_at.map(|since| until.saturating_sub(since) as f64 / 1000.0),
            totals: Totals::of(&account.tally),
            items: account.items,
            folders: account.folders.iter().map(FolderReport::of).collect(),
            left_out: account.left_out.iter().map(left_out).collect(),
            problems: account.problems.iter().map(|(_, problem)| ProblemReport::of(problem)).collect(),
            problems_not_kept: account.problems_not_kept,
        }
    }
}

impl<'a> FolderReport<'a> {
    fn of(folder: &'a FolderState) -> Self {
        let parts = |path: &crate::domain::FolderPath| path.parts().iter().map(|part| printable(part)).collect();
        Self {
            source: parts(&folder.source),
            target: parts(&folder.target),
            mapping: &folder.mapping,
            finished: folder.finished,
            target_messages: folder.target_messages,
            totals: Totals::of(&folder.tally),
        }
    }
}

impl<'a> ProblemReport<'a> {
    fn of(problem: &'a Problem) -> Self {
        Self {
            kind: problem.kind,
            severity: problem.severity(),
            reach: problem.reach(),
            messages: problem.count,
            folder: problem.subject.folder.as_deref(),
            sentence: printable(&problem.sentence()),
            advice: problem.advice(),
        }
    }
}
