use super::*;
use crate::domain::{AccountId, Address, FolderId, FolderPath, Mapping, PlannedFolder, ProblemKind};
use crate::progress::{AccountEnd, AccountInfo, Event, RunInfo, RunState, Stamped};
use std::path::Path;

const SERVERS: (&str, &str) = ("old.example", "new.example");

fn list(numbers: impl IntoIterator<Item = u32>) -> Vec<AccountNames> {
    let names = |number| AccountNames {
        address: Address::parse(&format!("User{number}@example.com")).unwrap(),
        full_name: String::new(),
        source_login: None,
        target_address: None,
    };
    numbers.into_iter().map(names).collect()
}

fn key(number: u32) -> String {
    format!("user{number}@example.com")
}

/// A run on these accounts of the list `0..listed`, each with the end that is given; returns its last state.
fn run(folder: &Path, kind: RunKind, listed: u32, ends: &[(u32, Option<AccountEnd>)]) -> RunState {
    let store = || Files::in_folder(folder);
    let mut migration = Migration::find(&store(), None, SERVERS).unwrap();
    migration.take_list(Some("/list.csv".into()), list(0..listed));
    let keys = ends.iter().map(|(number, _)| key(*number)).collect();
    let (mut keeper, info) = Keeper::begin(migration, Box::new(store()), kind, keys);
    let account = |number: &u32| AccountInfo {
        address: format!("User{number}@example.com"),
        full_name: String::new(),
        line: number + 1,
        target_address: None,
    };
    let info = RunInfo {
        kind,
        started: String::new(),
        source: SERVERS.0.into(),
        target: SERVERS.1.into(),
        jobs: 1,
        verify: Default::default(),
        log_folder: "/logs".into(),
        accounts: ends.iter().map(|(number, _)| account(number)).collect(),
        bad_lines: Vec::new(),
        migration: Some(info),
    };
    let mut events = vec![Event::RunStarted(info)];
    for (id, (_, end)) in ends.iter().enumerate() {
        let account = AccountId(id as u32);
        let inbox = FolderPath::new(["INBOX"]);
        let planned = PlannedFolder { source: inbox.clone(), target: inbox, mapping: Mapping::SameName };
        events.push(Event::AccountStarted { account });
        events.push(Event::FoldersPlanned { account, folders: vec![planned], left_out: Vec::new() });
        if kind == RunKind::Migrate && *end != Some(AccountEnd::Failed) {
            events.push(Event::MessagesCopied { account, folder: FolderId(0), messages: 1, bytes: 9 });
        }
        if *end == Some(AccountEnd::Failed) {
            let problem = Problem::new(ProblemKind::PasswordRefused);
            events.push(Event::ProblemMet { account: Some(account), folder: None, problem });
        }
        events.extend(end.map(|end| Event::AccountFinished { account, end }));
    }
    if ends.iter().all(|(_, end)| end.is_some()) {
        events.push(Event::RunFinished);
    }
    let mut state = RunState::default();
    for event in events {
        let stamped = Stamped { at: 0, event };
        state.apply(&stamped);
        if keeper.noted(&stamped, &state) {
            keeper.write().unwrap();
        }
    }
    state
}

fn kept(folder: &Path) -> Migration {
    Files::in_folder(folder).all().unwrap().remove(0)
}

#[test]
fn three_evenings_are_one_migration_whose_verdict_is_of_the_whole_each_time() {
    let folder = tempfile::tempdir().unwrap();
    let (complete, failed) = (Some(AccountEnd::Complete), Some(AccountEnd::Failed));
    let first = run(folder.path(), RunKind::Migrate, 5, &[(0, complete), (1, failed)]).whole().unwrap();
    assert_eq!((first.stages.complete, first.stages.need_attention, first.stages.not_started), (1, 1, 3));
    // The second evening ends by a power cut in the middle of the third account.
    let second = run(folder.path(), RunKind::Migrate, 5, &[(1, complete), (2, complete), (3, None)]).whole().unwrap();
    assert_eq!((second.stages.complete, second.complete_now, second.stages.begun), (3, 2, 1));
    let found = kept(folder.path());
    assert!(found.is_open() && found.runs.len() == 2 && found.runs[1].ended.is_none());
    assert_eq!(found.accounts[&key(3)].stage, AccountStage::Begun);
    assert_eq!(found.accounts[&key(1)].problem, None);
    let third = run(folder.path(), RunKind::Migrate, 5, &[(3, complete), (4, complete)]).whole().unwrap();
    assert_eq!((third.stages.complete, third.stages.all(), third.complete_now), (5, 5, 2));
    run(folder.path(), RunKind::Verify, 5, &[(0, complete)]);
    let found = kept(folder.path());
    assert!(
        !found.is_open() && found.accounts[&key(0)].verified.is_some() && found.accounts[&key(1)].verified.is_none()
    );
}

#[test]
fn an_account_in_which_a_comparison_finds_something_missing_is_open_again_until_it_is_copied() {
    let folder = tempfile::tempdir().unwrap();
    let complete = Some(AccountEnd::Complete);
    run(folder.path(), RunKind::Migrate, 2, &[(0, complete), (1, complete)]);
    let compared = run(folder.path(), RunKind::Verify, 2, &[(0, complete), (1, Some(AccountEnd::Incomplete))]);
    assert_eq!((compared.verified(), compared.whole().unwrap().stages.complete), (Some(1), 1));
    let found = kept(folder.path());
    assert_eq!((found.is_open(), found.accounts[&key(1)].stage), (true, AccountStage::NeedsAttention));
    // One that could not be compared stays what it was.
    run(folder.path(), RunKind::Verify, 2, &[(0, Some(AccountEnd::Failed))]);
    assert_eq!(kept(folder.path()).accounts[&key(0)].stage, AccountStage::Complete);
    run(folder.path(), RunKind::Migrate, 2, &[(1, complete)]);
    assert!(!kept(folder.path()).is_open());
}

#[test]
fn an_account_is_begun_once_something_of_it_was_copied_even_when_the_power_fails_then() {
    let folder = tempfile::tempdir().unwrap();
    let failed = run(folder.path(), RunKind::Migrate, 2, &[(0, Some(AccountEnd::Stopped)), (1, None)]);
    assert_eq!(failed.whole().unwrap().stages.begun, 2);
    let nothing = run(folder.path(), RunKind::Verify, 2, &[(0, None)]);
    assert_eq!(nothing.whole().unwrap().stages.begun, 2, "a comparison begins nothing");
    assert_eq!(kept(folder.path()).stages().begun, 2);
}

#[test]
fn an_account_that_was_corrected_in_the_list_is_not_open_for_ever() {
    let folder = tempfile::tempdir().unwrap();
    run(folder.path(), RunKind::Migrate, 2, &[(0, Some(AccountEnd::Complete)), (1, Some(AccountEnd::Failed))]);
    let mut migration = kept(folder.path());
    let corrected = || list([0, 7]);
    migration.take_list(Some("/list.csv".into()), corrected());
    assert_eq!(migration.accounts.keys().cloned().collect::<Vec<_>>(), [key(0), key(7)]);
    // Another file is another group of people.
    let mut migration = kept(folder.path());
    migration.take_list(Some("/second.csv".into()), corrected());
    assert_eq!(migration.accounts.len(), 3);
}

#[test]
fn a_name_belongs_to_its_two_servers() {
    let folder = tempfile::tempdir().unwrap();
    run(folder.path(), RunKind::Migrate, 1, &[(0, Some(AccountEnd::Complete))]);
    let store = Files::in_folder(folder.path());
    let name = kept(folder.path()).name;
    assert_eq!(name, "old.example to new.example");
    let wrong = Migration::find(&store, Some(&name), ("other.example", "new.example")).unwrap_err();
    assert_eq!(wrong.source, "old.example");
    assert_eq!(Migration::find(&store, Some("Spring"), SERVERS).unwrap().name, "Spring");
    let file = std::fs::read_dir(folder.path().join("migrations")).unwrap().next().unwrap().unwrap().path();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    }
}

#[test]
fn a_record_that_was_damaged_anywhere_is_noticed_kept_and_not_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    run(folder.path(), RunKind::Migrate, 1, &[(0, Some(AccountEnd::Complete))]);
    let store = Files::in_folder(folder.path());
    let record = kept(folder.path());
    let file = std::fs::read_dir(folder.path().join("migrations")).unwrap().next().unwrap().unwrap().path();
    let whole = std::fs::read(&file).unwrap();
    for at in 0..whole.len() {
        let mut text = whole.clone();
        text[at] ^= 1;
        std::fs::write(&file, &text).unwrap();
        // Only the name of the checksum may differ, and then the record is as it was.
        let all = store.all().unwrap();
        assert!(all.is_empty() || (at < 14 && all == [record.clone()]), "byte {at}");
    }
    std::fs::write(&file, &whole[..whole.len() / 2]).unwrap();
    assert!(store.all().unwrap().is_empty() && store.damaged_of("Spring").is_none());
    assert_eq!(store.damaged_of(&record.name), Some(file.clone()));
    let aside = store.set_damaged_aside();
    assert_eq!((aside.len(), &aside[0].path), (1, &file.with_extension("unusable")));
    assert_eq!(std::fs::read(&aside[0].path).unwrap(), whole[..whole.len() / 2]);
    assert_eq!(store.damaged_of(&record.name), Some(file.with_extension("unusable")));
    // That of an earlier version has no checksum.
    std::fs::write(&file, serde_json::to_vec(&record).unwrap()).unwrap();
    assert_eq!(store.all().unwrap(), [record]);
}

#[test]
fn a_check_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    run(folder.path(), RunKind::Check, 1, &[(0, Some(AccountEnd::Complete))]);
    assert!(Files::in_folder(folder.path()).all().unwrap().is_empty());
}

#[test]
fn accounts_are_taken_from_the_record_only_where_it_knows_of_each_where_it_goes() {
    let mut migration = Migration::default();
    assert_eq!(migration.recorded_accounts(), None, "there is none");
    let mut listed = list([1, 2]);
    listed[1].source_login = Some("two".to_owned());
    listed[1].target_address = Some(Address::parse("two@new.example").unwrap());
    migration.take_list(None, listed.clone());
    let kept: Migration = serde_json::from_str(&serde_json::to_string(&migration).unwrap()).unwrap();
    let accounts = kept.recorded_accounts().unwrap();
    assert_eq!(accounts.iter().map(AccountNames::from).collect::<Vec<_>>(), listed);
    assert!(accounts.iter().all(|account| account.password.is_empty()));
    // A record of an earlier version has only the addresses.
    migration.accounts.get_mut(&key(1)).unwrap().names = None;
    assert_eq!(migration.recorded_accounts(), None);
}

#[test]
fn a_server_is_known_again_whether_or_not_its_usual_port_is_typed() {
    let between = |source: &str, target: &str| Migration {
        name: format!("{source} to {target}"),
        source: source.to_owned(),
        target: target.to_owned(),
        ..Migration::default()
    };
    let known = between("old.example", "10.1.0.5");
    for (source, target, same) in [
        ("OLD.example", "10.1.0.5", true),
        ("old.example:993", "10.1.0.5:8143", true),
        ("old.example:143", "10.1.0.5", true),
        ("old.example:1993", "10.1.0.5", false),
        ("old.example", "10.1.0.6", false),
        ("older.example", "10.1.0.5", false),
    ] {
        assert_eq!(known.is_between(source, target), same, "{source} to {target}");
    }
    assert!(!between("127.0.0.1:1001", "127.0.0.1:1002").is_between("127.0.0.1:1001", "127.0.0.1:1003"));
    // One that was typed in exactly this way comes first.
    let all = [between("old.example:993", "10.1.0.5"), known];
    assert_eq!(Migration::last_between(&all, SERVERS), None);
    let name = |source| Migration::last_between(&all, (source, "10.1.0.5")).unwrap().source.as_str();
    assert_eq!((name("old.example"), name("old.example:143")), ("old.example", "old.example"));
}
