//! Servers that say what is meant in another form than the standard's: it is read, and what cannot be is named.

use super::between::{Answer, Command, Fate, Tamper};
use super::stage::{ANN, Stage, kinds, message, problems};
use kimt::domain::ProblemKind;
use kimt::progress::RunKind;
use kimt::rehearsal::{NewMessage, Profile};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

/// A stage of which one end's answers go through `on_answer`.
fn saying(of_source: bool, on_answer: impl Fn(&Answer) -> Fate + Send + Sync + 'static) -> Stage {
    let mut stage = Stage::between(Profile::Rich, Profile::Rich).fill(6);
    let end = if of_source { &mut stage.source } else { &mut stage.target };
    end.tamper(Tamper::answers(on_answer));
    stage
}

/// Migrates twice and compares: everything arrives, once.
fn assert_arrives_once(stage: &Stage) {
    stage.assert_complete(&stage.migrate());
    let again = stage.migrate();
    stage.assert_complete(&again);
    assert_eq!(again.tally.copied.messages, 0);
    let compared = stage.run(RunKind::Verify);
    assert_eq!(kinds(&compared), [].into(), "{:#?}", problems(&compared));
}

#[test]
fn a_name_without_quotes_runs_to_the_end_of_its_line() {
    for of_source in [true, false] {
        let stage = saying(of_source, |answer| {
            let lists = answer.text.starts_with("* LIST ") || answer.text.starts_with("* LSUB ");
            let quoted = answer.text.split_once("\"/\" \"").and_then(|(_, name)| name.strip_suffix('"'));
            match quoted.filter(|_| lists) {
                Some(name) => answer.with(&format!("\"{name}\""), name),
                None => Fate::Pass,
            }
        });
        for (folder, seed) in [("Old", 1), ("Old Mail 2019", 2), ("Old Mail 2020", 3), ("Old Mail 2019/Two Words", 4)] {
            stage.source.store().create_folder(ANN, folder).unwrap();
            stage.source.store().add_generated(ANN, folder, 3, 600, seed).unwrap();
        }
        assert_arrives_once(&stage);
    }
}

#[test]
fn an_empty_folder_is_empty_where_the_server_refuses_to_say_so() {
    for of_source in [true, false] {
        for refusal in ["BAD UID FETCH invalid message set", "NO no matching messages"] {
            let mut stage = Stage::between(Profile::Rich, Profile::Rich).fill(6);
            stage.source.store().create_folder(ANN, "Empty").unwrap();
            let open = Mutex::new(std::collections::BTreeMap::new());
            let end = if of_source { &mut stage.source } else { &mut stage.target };
            end.tamper(Tamper::commands(move |command| {
                let mut open = open.lock().unwrap();
                match command.name.as_str() {
                    "EXAMINE" | "SELECT" => drop(open.insert(command.connection, command.text.contains("Empty"))),
                    "UID FETCH" if open.get(&command.connection) == Some(&true) => return command.answer(refusal),
                    _ => {}
                }
                Fate::Pass
            }));
            assert_arrives_once(&stage);
        }
    }
}

#[test]
fn a_folder_without_uidvalidity_is_asked_about_by_status_or_compared_in_each_run() {
    for of_source in [true, false] {
        for has_status in [true, false] {
            let stage = saying(of_source, move |answer| match &answer.text {
                text if text.contains("[UIDVALIDITY ") => Fate::Instead(Vec::new()),
                text if text.starts_with("* STATUS") && !has_status => {
                    let (before, after) = text.split_once("UIDVALIDITY ").unwrap();
                    let after = after.trim_start_matches(|letter: char| letter.is_ascii_digit());
                    Fate::Instead(format!("{before}X 1{after}\r\n").into_bytes())
                }
                _ => Fate::Pass,
            });
            stage.assert_complete(&stage.migrate());
            let again = stage.migrate();
            stage.assert_complete(&again);
            assert_eq!(again.tally.copied.messages, 0);
            let expected = if has_status { [].into() } else { [ProblemKind::HistoryUnknown].into() };
            assert_eq!(kinds(&again), expected, "{:#?}", problems(&again));
        }
    }
}

#[test]
fn a_uidvalidity_of_more_than_32_bits_holds_from_run_to_run() {
    for of_source in [true, false] {
        let stage = saying(of_source, |answer| match answer.text.split_once("UIDVALIDITY ") {
            Some((before, after)) => Fate::Instead(format!("{before}UIDVALIDITY 170000000{after}\r\n").into_bytes()),
            None => Fate::Pass,
        });
        assert_arrives_once(&stage);
    }
}

/// The date of a FETCH answer's INTERNALDATE, and what to say in its place.
fn redated(answer: &Answer, form: &dyn Fn(&str) -> String) -> Fate {
    let date = answer.text.split_once("INTERNALDATE \"").and_then(|(_, rest)| rest.split_once('"'));
    match date {
        Some((date, _)) => answer.with(&format!("\"{date}\""), &format!("\"{}\"", form(date))),
        None => Fate::Pass,
    }
}

#[test]
fn a_date_in_another_form_is_the_same_date() {
    let forms: [fn(&str) -> String; 4] = [
        |date| format!("{date} UTC"),
        |date| format!("Mon, {} (CET)", date.trim().replacen('-', " ", 2)),
        |date| date.to_uppercase(),
        |date| date.replace("+0000", "GMT"),
    ];
    for of_source in [true, false] {
        for form in forms {
            assert_arrives_once(&saying(of_source, move |answer| redated(answer, &form)));
        }
    }
}

#[test]
fn a_date_of_the_target_that_cannot_be_understood_costs_no_message() {
    let stage = saying(false, |answer| redated(answer, &|_| "some day in spring".to_owned()));
    for copied in [6, 0] {
        let state = stage.migrate();
        assert!(kinds(&state).is_subset(&[ProblemKind::DateNotKept].into()), "{:#?}", problems(&state));
        assert_eq!((state.tally.copied.messages, stage.target.mail().messages()), (copied, 6));
    }
}

#[test]
fn a_message_that_is_too_large_where_a_larger_one_was_taken_is_refused_for_another_reason() {
    let mut stage = Stage::between(Profile::Rich, Profile::Rich);
    for text in ["large ".repeat(200), "POISON".to_owned(), "last".to_owned()] {
        stage.source.store().add(ANN, "INBOX", message(&format!("Subject: 1\r\n\r\n{text}\r\n"))).unwrap();
    }
    stage.target.tamper(Tamper::commands(|command| {
        let is_poison = command.literals.iter().any(|literal| literal.windows(6).any(|part| part == b"POISON"));
        if is_poison { command.answer("NO [LIMIT] Message size limit reached") } else { Fate::Pass }
    }));
    stage.assert_but(&stage.migrate(), &[2], &[ProblemKind::MessageRefused]);
}

#[test]
fn where_a_date_cannot_be_understood_the_header_has_one_or_the_folder_says_so() {
    for (header, expected) in [("Date: Tue, 7 Jan 2020 01:02:03 +0100\r\n", None), ("", Some(ProblemKind::DateNotKept))]
    {
        let mut stage = Stage::between(Profile::Rich, Profile::Rich);
        let mail = message(&format!("Subject: 1\r\n{header}\r\ntext\r\n"));
        let date = "2020-01-07T01:02:03+01:00".parse().unwrap();
        stage.source.store().add(ANN, "INBOX", NewMessage { date, ..mail }).unwrap();
        stage.source.tamper(Tamper::answers(|answer| redated(answer, &|_| "some day in spring".to_owned())));
        let state = stage.migrate();
        assert_eq!(kinds(&state), expected.into_iter().collect(), "{:#?}", problems(&state));
        match expected {
            None => stage.assert_complete(&state),
            Some(_) => assert!(problems(&state)[0].contains("some day in spring"), "{:#?}", problems(&state)),
        }
    }
}

/// A stage with one message that has these flags, and a target that meets each command with `on_command`.
fn flagged(flags: &[&str], on_command: impl Fn(&Command) -> Fate + Send + Sync + 'static) -> Stage {
    let mut stage = Stage::between(Profile::Rich, Profile::Rich).fill(2);
    let flags = flags.iter().map(|flag| flag.to_string()).collect();
    let mail = NewMessage { flags, ..message("Subject: 1\r\n\r\ntext\r\n") };
    stage.source.store().add(ANN, "INBOX", mail).unwrap();
    stage.target.tamper(Tamper::commands(on_command));
    stage
}

#[test]
fn a_message_that_is_refused_for_a_flag_arrives_without_that_flag() {
    for (words, has_seen) in
        [("NO [CANNOT] APPEND Contains Deleted flag", true), ("BAD flags are not allowed here", false)]
    {
        let stage = flagged(&["\\Seen", "\\Deleted"], move |command| {
            let refused = command.name == "APPEND" && command.text.contains(if has_seen { "\\Deleted" } else { "(" });
            if refused { command.answer(words) } else { Fate::Pass }
        });
        let state = stage.migrate();
        assert_eq!(kinds(&state), [ProblemKind::KeywordsDropped].into(), "{:#?}", problems(&state));
        assert_eq!(stage.target.mail().messages(), 3);
    }
}

#[test]
fn a_target_that_wants_a_list_of_flags_gets_an_empty_one() {
    let stage = flagged(&[], |command| {
        let refused = command.name == "APPEND" && !command.text.contains('(');
        if refused { command.answer("BAD missing flag list") } else { Fate::Pass }
    });
    stage.assert_complete(&stage.migrate());
}

#[test]
fn a_folder_that_is_not_made_under_its_name_gets_a_name_that_holds() {
    let mut stage = Stage::between(Profile::Rich, Profile::Rich).fill(2);
    stage.source.store().create_folder(ANN, "Reports ").unwrap();
    stage.source.store().add_generated(ANN, "Reports ", 3, 600, 5).unwrap();
    stage.target.tamper(Tamper::commands(|command| {
        // It says that it did, and made nothing of that name.
        let trims = command.name == "CREATE" && command.text.ends_with("Reports \"");
        if trims { command.answer("OK CREATE completed") } else { Fate::Pass }
    }));
    for copied in [5, 0] {
        let state = stage.migrate();
        assert_eq!((kinds(&state), state.tally.copied.messages), ([].into(), copied), "{:#?}", problems(&state));
        assert_eq!(stage.target.mail().messages(), 5);
    }
}

#[test]
fn a_folder_that_is_made_under_a_trimmed_name_goes_there_unless_another_folder_has_that_name() {
    let mut stage = Stage::between(Profile::Rich, Profile::Rich).fill(2);
    for (folder, seed) in [("Reports ", 5), ("Twin", 6), ("Twin ", 7), ("Deep", 8), ("Deep/ Below", 9)] {
        stage.source.store().create_folder(ANN, folder).unwrap();
        stage.source.store().add_generated(ANN, folder, 3, 600, seed).unwrap();
    }
    let server = stage.target.server.clone();
    stage.target.tamper(Tamper::commands(move |command| {
        let name = command.text.split_once('"').map_or("", |(_, name)| name.trim_end_matches('"'));
        let trimmed = name.split('/').map(str::trim).collect::<Vec<_>>().join("/");
        if command.name != "CREATE" || trimmed == name {
            return Fate::Pass;
        }
        match server.store().create_folder(ANN, &trimmed) {
            Ok(()) => command.answer("OK CREATE completed"),
            Err(_) => command.answer("NO Mailbox exists"),
        }
    }));
    let elsewhere = tempfile::tempdir().unwrap();
    let here = stage.folder.path().to_owned();
    // Once more with the record, and without it.
    for (copied, folder) in [(17, here.as_path()), (0, here.as_path()), (0, elsewhere.path())] {
        let state = stage.run_in(RunKind::Migrate, folder);
        assert_eq!(state.tally.copied.messages, copied, "{:#?}", problems(&state));
        assert!(kinds(&state).is_subset(&[ProblemKind::HistoryUnknown].into()), "{:#?}", problems(&state));
        let there = stage.target.mail();
        let names: Vec<String> = there.folders.keys().map(|name| String::from_utf8_lossy(name).into_owned()).collect();
        let empty: Vec<&String> = names.iter().filter(|name| there.folder(name).unwrap().messages.is_empty()).collect();
        assert_eq!((there.messages(), names.len(), empty.len()), (17, 6, 0), "{names:?}");
        assert!(["Reports", "Twin", "Deep/Below"].iter().all(|name| names.contains(&name.to_string())), "{names:?}");
    }
    let last = tempfile::tempdir().unwrap();
    for folder in [here.as_path(), last.path()] {
        let compared = stage.run_in(RunKind::Verify, folder);
        assert_eq!(kinds(&compared), [].into(), "{:#?}", problems(&compared));
    }
}

#[test]
fn a_path_that_is_too_long_is_shortened_until_the_target_takes_it() {
    for most in [80, 40] {
        let mut stage = Stage::between(Profile::Rich, Profile::Rich).fill(2);
        let long = format!("Projects/{}/Mail", "Alpha project ".repeat(6).trim());
        for (folder, seed) in [(long.as_str(), 1), ("Projects/Alpha", 2)] {
            stage.source.store().create_folder(ANN, folder).unwrap();
            stage.source.store().add_generated(ANN, folder, 3, 600, seed).unwrap();
        }
        stage.target.tamper(Tamper::commands(move |command| {
            let name = command.text.split_once('"').map_or("", |(_, name)| name.trim_end_matches('"'));
            let refused = command.name == "CREATE" && name.len() > most;
            if refused { command.answer("NO [CANNOT] Folder name is not allowed. (Failure)") } else { Fate::Pass }
        }));
        for copied in [8, 0] {
            let state = stage.migrate();
            assert_eq!((kinds(&state), state.tally.copied.messages), ([].into(), copied), "{:#?}", problems(&state));
            assert_eq!(stage.target.mail().messages(), 8);
        }
    }
}

#[test]
fn flags_that_the_source_does_not_give_are_named_and_change_nothing_on_the_target() {
    let is_silent = Arc::new(AtomicBool::new(false));
    let silent = is_silent.clone();
    let stage = saying(true, move |answer| {
        let flags =
            answer.text.split_once("FLAGS (").and_then(|(before, rest)| Some((before, rest.split_once(") ")?.1)));
        match flags.filter(|_| answer.text.contains(" FETCH (") && silent.load(Ordering::SeqCst)) {
            Some((before, after)) => Fate::Instead(format!("{before}{after}\r\n").into_bytes()),
            None => Fate::Pass,
        }
    });
    for uid in 1..=6 {
        stage.source.store().set_flags(ANN, "INBOX", uid, &["\\Seen"]).unwrap();
    }
    stage.assert_complete(&stage.migrate());
    is_silent.store(true, Ordering::SeqCst);
    stage.source.store().add(ANN, "INBOX", message("Subject: 7\r\n\r\ntext\r\n")).unwrap();
    for copied in [1, 0] {
        let state = stage.migrate();
        assert_eq!(state.tally.copied.messages, copied);
        let lost = [ProblemKind::KeywordsDropped].into_iter().filter(|_| copied > 0).collect();
        assert_eq!(kinds(&state), lost, "{:#?}", problems(&state));
        let there = stage.target.mail();
        let seen = there.folder("INBOX").unwrap().messages.iter().filter(|message| message.flags.contains("\\Seen"));
        assert_eq!((seen.count(), there.messages()), (6, 7));
    }
}
