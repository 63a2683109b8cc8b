//! report.html in a browser: names from outside stay text, the content security policy is in force, the page follows light and dark,
//! filters without a script, and prints. The browser is Chromium (`scripts/test` installs it).
//!
//! With `UPDATE_SNAPSHOTS=1` the pictures and the print are kept in `target/report-page` to be looked at.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use kimt::domain::list::{BadLine, LineFault};
use kimt::domain::{AccountId, FolderId, FolderPath, Mapping, PlannedFolder, Problem, ProblemKind, Side};
use kimt::progress::{
    AccountEnd, AccountInfo, AccountStage, Event, MigrationInfo, RunInfo, RunKind, RunState, Stages, Stamped, Verify,
};
use kimt::report;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const HOSTILE: &str = "\"><script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">";
const HEBREW: &str = "דואר נכנס";

/// A migration of twelve accounts, of which some need attention, with hostile names everywhere.
fn migration() -> RunState {
    let names = ["ann", "bob", "carl", "dora", "emil", "fay", "gus", "hana", "ivo", "jana", "karl", "lea"];
    let account = |(line, name): (u32, &&str)| AccountInfo {
        address: format!("{name}@company.example"),
        full_name: if line == 2 { HOSTILE.to_owned() } else { String::new() },
        line,
        target_address: None,
    };
    let info = RunInfo {
        kind: RunKind::Migrate,
        started: "2026-03-01T22:00:00+01:00".into(),
        source: "old.example".into(),
        target: "kerio.example".into(),
        jobs: 4,
        verify: Verify::Content,
        log_folder: "/logs".into(),
        accounts: (1..).zip(&names).map(account).collect(),
        bad_lines: vec![BadLine {
            line: 14,
            fault: LineFault::NoPassword { address: HOSTILE.to_owned(), is_unnamed: true },
        }],
        migration: Some(MigrationInfo {
            name: "Spring".into(),
            others: Stages { complete: 40, not_started: 8, ..Stages::default() },
            before: vec![AccountStage::NotStarted; names.len()],
            ..MigrationInfo::default()
        }),
    };
    let mut events = vec![Event::RunStarted(info)];
    for number in 0..11 {
        events.extend(one_account(number));
    }
    events.push(Event::RunFinished);
    let stamped = events.into_iter().enumerate().map(|(at, event)| Stamped { at: at as u64 * 1700, event });
    RunState::replay(&stamped.collect::<Vec<_>>())
}

fn one_account(number: u32) -> Vec<Event> {
    let account = AccountId(number);
    let mut events = vec![Event::AccountStarted { account }];
    if number % 5 == 3 {
        let problem = Problem::new(ProblemKind::PasswordRefused).on(Side::Source).for_account("one@company.example");
        events.push(Event::ProblemMet { account: Some(account), folder: None, problem });
        events.push(Event::AccountFinished { account, end: AccountEnd::Failed });
        return events;
    }
    let planned = |name: &str| PlannedFolder {
        source: FolderPath::new([name]),
        target: FolderPath::new([name]),
        mapping: Mapping::SameName,
    };
    let folders = ["INBOX", HOSTILE, HEBREW].map(planned).to_vec();
    events.push(Event::FoldersPlanned { account, folders, left_out: Vec::new() });
    for folder in [0, 1, 2].map(FolderId) {
        let messages = 400 + 173 * u64::from(number);
        let bytes = messages * 41_000;
        events.push(Event::FolderCounted { account, folder, messages, bytes: Some(bytes) });
        for _ in 0..4 {
            events.push(Event::MessagesCopied { account, folder, messages: messages / 4, bytes: bytes / 4 });
        }
        events.push(Event::MessagesChecked { account, folder, messages, bytes });
    }
    let refused = Problem::new(ProblemKind::MessageRefused).in_folder(HOSTILE).saying(HOSTILE);
    let end = if number == 6 { AccountEnd::Incomplete } else { AccountEnd::Complete };
    if number == 6 {
        events.push(Event::ProblemMet { account: Some(account), folder: Some(FolderId(1)), problem: refused });
    }
    events.push(Event::AccountFinished { account, end });
    events
}

/// The page of that migration in a folder.
fn written(folder: &Path) -> PathBuf {
    report::write_all(folder, &migration()).unwrap();
    folder.join(report::REPORT_PAGE)
}

/// Runs Chromium without a window and returns what it prints.
fn chromium(page: &Path, arguments: &[&str]) -> String {
    let profile = tempfile::tempdir().unwrap();
    let output = Command::new("chromium")
        .args(["--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-first-run"])
        .arg(format!("--user-data-dir={}", profile.path().display()))
        .args(arguments)
        .arg(format!("file://{}", page.display()))
        .output()
        .expect("chromium is missing: scripts/test installs it");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// A picture of the page in light or dark, and the colour of its first pixel.
fn picture(page: &Path, to: &Path, dark: bool) -> String {
    let scheme = format!("--blink-settings=preferredColorScheme={}", if dark { 0 } else { 1 });
    let _ = fs::remove_file(to);
    chromium(page, &[&scheme, "--window-size=1100,2200", &format!("--screenshot={}", to.display())]);
    let pixel = ["-format", "%[hex:p{2,2}]", "info:"];
    let colour = Command::new("convert").arg(to).args(pixel).output().expect("ImageMagick is missing");
    String::from_utf8(colour.stdout).unwrap().to_lowercase()
}

/// Where pictures go: into a folder that is kept, if somebody wants to look at them.
fn pictures(temporary: &Path) -> PathBuf {
    if std::env::var_os("UPDATE_SNAPSHOTS").is_none() {
        return temporary.to_owned();
    }
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("../report-page");
    fs::create_dir_all(&folder).unwrap();
    folder.canonicalize().unwrap()
}

#[test]
fn a_name_with_a_script_in_it_is_shown_as_text_and_does_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let dom = chromium(&written(folder.path()), &["--dump-dom"]);
    assert!(dom.contains("<title>Migration report</title>"), "{dom}");
    assert_eq!((dom.matches("<script>").count(), dom.matches("<img").count()), (1, 0), "{dom}");
    assert!(dom.contains("&lt;script&gt;document.title='owned'&lt;/script&gt;"), "{dom}");
    assert!(dom.contains(&format!("<bdi>{HEBREW}</bdi>")), "{dom}");
    // The page's own script ran: its hash is the one that the policy allows.
    assert!(dom.contains("type=\"search\""), "{dom}");
}

#[test]
fn the_policy_keeps_a_foreign_script_and_a_foreign_style_from_working() {
    let folder = tempfile::tempdir().unwrap();
    let page = written(folder.path());
    let attack = "<script>document.title='owned'</script><style>body{background:#ff0000!important}</style></main>";
    let attacked = fs::read_to_string(&page).unwrap().replace("</main>", attack);
    assert!(attacked.contains("owned'</script><style>"));
    fs::write(&page, attacked).unwrap();
    let dom = chromium(&page, &["--dump-dom"]);
    assert!(dom.contains("<title>Migration report</title>"), "{dom}");
    assert_eq!(picture(&page, &folder.path().join("attacked.png"), false), "f6f7f9");
}

#[test]
fn the_page_follows_light_and_dark_and_prints() {
    let folder = tempfile::tempdir().unwrap();
    let (page, pictures) = (written(folder.path()), pictures(folder.path()));
    assert_eq!(picture(&page, &pictures.join("light.png"), false), "f6f7f9");
    assert_eq!(picture(&page, &pictures.join("dark.png"), true), "15191f");
    let print = pictures.join("print.pdf");
    chromium(&page, &["--no-pdf-header-footer", &format!("--print-to-pdf={}", print.display())]);
    let bytes = fs::read(&print).unwrap();
    assert!(bytes.starts_with(b"%PDF-") && bytes.len() > 10_000, "{}", bytes.len());
}

#[test]
fn without_a_script_the_filters_work_and_the_page_says_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let page = written(folder.path());
    // As a browser without scripts has it, with the filter for what needs attention chosen.
    let text = fs::read_to_string(&page).unwrap();
    let script = text.find("<script>").unwrap();
    let plain = text[..script].replace("id=\"show-all\" checked", "id=\"show-all\"");
    let plain = plain.replace("id=\"show-need\"", "id=\"show-need\" checked");
    assert!(plain.contains("id=\"show-need\" checked") && !plain.contains("id=\"show-all\" checked"));
    fs::write(&page, plain).unwrap();
    let pictures = pictures(folder.path());
    let (filtered, all) = (pictures.join("filtered.pdf"), pictures.join("all.pdf"));
    chromium(&page, &["--no-pdf-header-footer", &format!("--print-to-pdf={}", filtered.display())]);
    fs::write(&page, &text[..script]).unwrap();
    chromium(&page, &["--no-pdf-header-footer", &format!("--print-to-pdf={}", all.display())]);
    let size = |path: &Path| fs::metadata(path).unwrap().len();
    assert!(size(&filtered) < size(&all), "{} is not less than {}", size(&filtered), size(&all));
}
