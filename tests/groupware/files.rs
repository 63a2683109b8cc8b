//! Files as a source: exports of other programs, in folders by address.

use crate::standin::{ALL, Pair};
use crate::{account, outcome, said, sample};
use kimt::domain::ProblemKind;
use kimt::migrate::{Groupware, GroupwareMode};
use kimt::progress::{RunKind, Verdict};
use std::fs;
use std::path::Path;

/// Everything of the sample in the fewest files: a calendar with all events, one with all tasks, one with all cards.
fn export(directory: &Path) {
    let put = |path: &str, text: &str| {
        let path = directory.join("ANN@example.com").join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    let merged = |texts: Vec<(String, String)>| {
        let inside = |text: &str| {
            let begin = text.find("PRODID:-//test//EN\r\n").unwrap() + 20;
            text[begin..].trim_end_matches("END:VCALENDAR\r\n").replace(sample::BERLIN, "")
        };
        let all: String = texts.iter().map(|(_, text)| inside(text)).collect();
        sample::calendar(&all)
    };
    put("calendar/export.ics", &merged(sample::events()));
    put("Tasks/tasks.ics", &merged(sample::tasks()));
    put("contacts/contacts.vcf", &sample::cards().iter().map(|(_, text)| text.as_str()).collect::<String>());
}

fn of_files(pair: &mut Pair, directory: &Path) {
    pair.office.groupware = Groupware {
        mode: GroupwareMode::Files,
        source_dav: None,
        files: Some(directory.to_owned()),
        ..pair.office.groupware.clone()
    };
}

#[test]
fn exported_files_arrive_as_items_once_and_a_second_run_stores_nothing() {
    let directory = tempfile::tempdir().unwrap();
    export(directory.path());
    let mut pair = Pair::start();
    of_files(&mut pair, directory.path());
    let checked = pair.office.run(RunKind::Check);
    assert_eq!((checked.items.events, checked.items.tasks, checked.items.contacts), (5, 2, 2), "{:?}", said(&checked));
    let first = pair.office.run(RunKind::Migrate);
    assert_eq!(outcome(&first), [ALL, 0, 0, 0, 0, 0], "{:#?}", said(&first));
    assert_eq!(first.verdict(), Verdict::AllComplete);
    let mut folders: Vec<String> = pair.target.items(account().0).into_iter().map(|(folder, _)| folder).collect();
    folders.sort();
    assert_eq!(folders, [vec!["Calendar"; 5], vec!["Contacts"; 2], vec!["Tasks"; 2]].concat());
    assert_eq!(pair.target.outbox(), []);
    let puts = pair.puts();
    let second = pair.office.run(RunKind::Migrate);
    assert_eq!((outcome(&second), pair.puts()), ([0, ALL, 0, 0, 0, 0], puts), "{:#?}", said(&second));
    let verified = pair.office.run(RunKind::Verify);
    assert_eq!(outcome(&verified), [0, ALL, 0, 0, 0, 0], "{:#?}", said(&verified));
    assert_eq!(pair.source.requests(), [], "a server was asked although files were given");
}

#[test]
fn a_file_that_is_none_and_a_broken_one_are_named_and_the_rest_arrives() {
    let directory = tempfile::tempdir().unwrap();
    export(directory.path());
    let own = directory.path().join("ANN@example.com");
    fs::write(own.join("calendar/broken.ics"), "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\n").unwrap();
    fs::write(own.join("contacts/list.csv"), "name;number").unwrap();
    fs::create_dir(own.join("calendar/Team B\u{fc}ro")).unwrap();
    let team = sample::calendar(&sample::event("team@example.com", "DTSTART:20240101T100000Z\r\nSUMMARY:T\r\n"));
    fs::write(own.join("calendar/Team B\u{fc}ro/t.ics"), team).unwrap();
    let mut pair = Pair::start();
    of_files(&mut pair, directory.path());
    let run = pair.office.run(RunKind::Migrate);
    assert_eq!(outcome(&run), [ALL + 1, 0, 0, 0, 0, 1], "{:#?}", said(&run));
    let said = said(&run).join("\n");
    assert!(said.contains("list.csv") && said.contains("broken.ics") && said.contains("has no end"), "{said}");
    assert!(pair.target.items(account().0).iter().any(|(folder, _)| folder == "Team B\u{fc}ro"));
}

#[test]
fn a_person_without_files_is_a_notice() {
    let directory = tempfile::tempdir().unwrap();
    let mut pair = Pair::start();
    of_files(&mut pair, directory.path());
    let run = pair.office.run(RunKind::Migrate);
    assert_eq!(run.verdict(), Verdict::AllComplete, "{:#?}", said(&run));
    assert_eq!(crate::embedded::stage::kinds(&run), [ProblemKind::ItemsNotOffered].into());
}

#[test]
fn what_was_not_taken_of_a_file_with_many_items_is_tried_again_and_never_forgotten() {
    let directory = tempfile::tempdir().unwrap();
    export(directory.path());
    let mut pair = Pair::start();
    of_files(&mut pair, directory.path());
    pair.target.change(|it| it.refuses_uids = vec!["day@example.com"]);
    for (copied, there) in [(ALL - 1, 0), (0, ALL - 1)] {
        let run = pair.office.run(RunKind::Migrate);
        assert_eq!(outcome(&run), [copied, there, 0, 0, 0, 1], "{:#?}", said(&run));
        assert_eq!(run.verdict(), Verdict::SomeIncomplete);
    }
    pair.target.change(|it| it.refuses_uids = Vec::new());
    let puts = pair.puts();
    let run = pair.office.run(RunKind::Migrate);
    assert_eq!((outcome(&run), pair.puts()), ([1, ALL - 1, 0, 0, 0, 0], puts + 1), "{:#?}", said(&run));
    assert_eq!(run.verdict(), Verdict::AllComplete);
}

#[test]
fn two_items_of_one_text_that_share_a_uid_are_both_accounted_for() {
    let directory = tempfile::tempdir().unwrap();
    export(directory.path());
    let card = |name: &str| format!("BEGIN:VCARD\r\nVERSION:3.0\r\nUID:same@example.com\r\nFN:{name}\r\nEND:VCARD\r\n");
    let own = directory.path().join("ANN@example.com/contacts");
    fs::write(own.join("same.vcf"), card("One") + &card("Other")).unwrap();
    let mut pair = Pair::start();
    of_files(&mut pair, directory.path());
    let run = pair.office.run(RunKind::Migrate);
    assert_eq!(outcome(&run), [ALL + 1, 0, 1, 0, 0, 0], "{:#?}", said(&run));
    assert_eq!(run.verdict(), Verdict::SomeIncomplete);
}
