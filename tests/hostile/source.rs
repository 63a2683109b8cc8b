//! Sources that say what they should not.

use super::between::{Answer, Fate, Tamper};
use super::stage::{ANN, Stage, kinds, problems};
use kimt::domain::ProblemKind;
use kimt::progress::{RunKind, Verdict};
use kimt::rehearsal::Profile;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// A source of six messages whose answers go through `on_answer`.
fn saying(on_answer: impl Fn(&Answer) -> Fate + Send + Sync + 'static) -> Stage {
    let mut stage = Stage::between(Profile::Rich, Profile::Rich).fill(6);
    stage.source.tamper(Tamper::answers(on_answer));
    stage
}

/// The same, each line `times` times.
fn first_times(times: usize, lie: impl Fn(&Answer) -> Fate + Send + Sync + 'static) -> impl Fn(&Answer) -> Fate {
    let given = AtomicUsize::new(0);
    move |answer| match lie(answer) {
        Fate::Pass => Fate::Pass,
        fate if given.fetch_add(1, Ordering::SeqCst) < times => fate,
        _ => Fate::Pass,
    }
}

fn announces_body(answer: &Answer, uid: u32) -> bool {
    answer.fetches(uid) && answer.text.contains("BODY[]")
}

/// The line with another number of bytes announced.
fn announcing(answer: &Answer, bytes: &str) -> Fate {
    let announced = answer.text.rsplit_once('{').unwrap().1.to_owned();
    answer.with(&format!("{{{announced}"), &format!("{{{bytes}}}"))
}

#[test]
fn lines_that_nobody_knows_are_passed_over() {
    let nested = "(".repeat(10_000);
    let mut garbage: Vec<Vec<u8>> = [
        "* XYZZY".to_owned(),
        "* ".to_owned(),
        "*".to_owned(),
        String::new(),
        "* 99999999999999999999 EXISTS".to_owned(),
        "* -1 FETCH (UID 1 FLAGS () RFC822.SIZE 1)".to_owned(),
        "* 1 FETCH UID 1 FLAGS".to_owned(),
        "* 1 FETCH (UID 4294967296 RFC822.SIZE 5 FLAGS ())".to_owned(),
        "* 1 FETCH (UID 0 RFC822.SIZE 5 FLAGS ())".to_owned(),
        "* 1 FETCH (UID 3 FLAGS (\\Seen))".to_owned(),
        format!("* 1 FETCH (X {nested}"),
        format!("* NAMESPACE {nested}"),
        format!("* STATUS {nested}"),
        "* SEARCH 1 2 3".to_owned(),
        "* NO something is odd".to_owned(),
        "* BAD [X] something is odder {7}".to_owned(),
        "* 1 FETCH (X {3}\r\nabc)".to_owned(),
    ]
    .into_iter()
    .map(String::into_bytes)
    .collect();
    garbage.push(b"* \xff\xfe\x00\x01 \x80".to_vec());
    let garbage = garbage.join(&b"\r\n"[..]);
    let stage = saying(move |answer| {
        // The greeting must be a greeting, and the end of an answer its end; else it may be anything.
        let greets = answer.text.starts_with("* OK") && answer.text.contains("ready");
        if greets || answer.text == ")" { Fate::Pass } else { answer.after(&[&garbage[..], b"\r\n"].concat()) }
    });
    stage.assert_complete(&stage.migrate());
}

#[test]
fn an_answer_to_list_that_cannot_be_read_costs_no_message_and_is_reported_as_a_loss() {
    for odd in [format!("* LIST {} \"/\" x", "(".repeat(10_000)), "* LIST (\"unended".into(), "* LIST () \"/\"".into()]
    {
        let stage = saying(move |answer| {
            let greets = answer.text.starts_with("* OK") && answer.text.contains("ready");
            let odd = format!("{odd}\r\n");
            if greets || answer.text == ")" { Fate::Pass } else { answer.after(odd.as_bytes()) }
        });
        let state = stage.migrate();
        assert_eq!((state.verdict(), stage.target.mail().messages()), (Verdict::SomeIncomplete, 6));
        assert_eq!(kinds(&state), [ProblemKind::FolderNotRead].into(), "{:?}", problems(&state));
    }
}

#[test]
fn answers_in_another_order_are_matched_by_what_they_say() {
    let stage = saying(|answer| if answer.fetches(1) || answer.fetches(2) { Fate::Hold } else { Fate::Pass });
    stage.assert_complete(&stage.migrate());
}

#[test]
fn a_message_announced_twice_is_one_message() {
    let stage = saying(|answer| {
        let twice = [answer.text.as_bytes(), b"\r\n"].concat();
        let whole = answer.text.starts_with("* ") && !answer.text.ends_with('}');
        if whole && !answer.text.contains(" EXISTS") { answer.after(&twice) } else { Fate::Pass }
    });
    stage.assert_complete(&stage.migrate());
}

#[test]
fn a_change_of_flags_announced_meanwhile_takes_neither_size_nor_date_from_a_message() {
    let stage = saying(|answer| {
        if answer.fetches(6) && answer.text.contains("RFC822.SIZE") {
            Fate::Instead(format!("{}\r\n* 2 FETCH (UID 2 FLAGS ())\r\n", answer.text).into_bytes())
        } else {
            Fate::Pass
        }
    });
    stage.assert_complete(&stage.migrate());
}

#[test]
fn a_message_that_the_source_counts_and_does_not_list_is_no_silent_loss() {
    let stage = saying(|answer| {
        let hidden = answer.fetches(4) && answer.text.contains("RFC822.SIZE");
        if hidden { Fate::Instead(Vec::new()) } else { Fate::Pass }
    });
    let state = stage.migrate();
    stage.assert_but(&state, &[4], &[ProblemKind::MessageUnreadable]);
}

#[test]
fn a_message_whose_uid_makes_no_sense_is_no_silent_loss() {
    let stage = saying(|answer| {
        if answer.fetches(4) && answer.text.contains("RFC822.SIZE") {
            answer.with("UID 4", "UID 4294967296")
        } else {
            Fate::Pass
        }
    });
    stage.assert_but(&stage.migrate(), &[4], &[ProblemKind::MessageUnreadable]);
}

#[test]
fn flags_that_make_no_sense_cost_no_message() {
    let stage = saying(|answer| {
        if answer.fetches(4) && answer.text.contains("FLAGS ()") {
            answer.with("FLAGS ()", "FLAGS NIL")
        } else {
            Fate::Pass
        }
    });
    stage.assert_complete(&stage.migrate());
}

#[test]
fn a_message_without_a_date_arrives_and_that_is_reported() {
    let stage = saying(|answer| match answer.text.split_once("INTERNALDATE \"") {
        Some((_, rest)) if answer.fetches(2) => {
            let date = rest.split_once('"').unwrap().0;
            answer.with(&format!("\"{date}\""), "NIL")
        }
        _ => Fate::Pass,
    });
    let state = stage.migrate();
    assert_eq!(state.verdict(), Verdict::AllComplete, "{:?}", problems(&state));
    assert_eq!(stage.target.mail().messages(), 6);
    assert_eq!(problems(&state).len(), 1);
    assert!(problems(&state)[0].starts_with("DateNotKept"), "{:?}", problems(&state));
}

#[test]
fn a_size_that_lies_costs_no_message_and_doubles_none() {
    for size in ["0", "1", "4294967295", "99999999999999999999", "NIL"] {
        let stage = saying(move |answer| match answer.text.split_once("RFC822.SIZE ") {
            Some((_, rest)) if answer.text.contains(" FETCH (") => {
                let real = rest.split([' ', ')']).next().unwrap();
                answer.with(&format!("RFC822.SIZE {real}"), &format!("RFC822.SIZE {size}"))
            }
            _ => Fate::Pass,
        });
        let state = stage.migrate();
        // A server that offers APPENDLIMIT is not sent what is said to be larger.
        if size.len() < 10 {
            stage.assert_complete(&state);
            stage.assert_complete(&stage.migrate());
        } else {
            assert!(state.tally.failed == 6 || stage.target.mail().messages() == 6, "{size}: {:?}", problems(&state));
        }
    }
}

#[test]
fn a_literal_shorter_than_the_message_once_is_read_again() {
    let stage =
        saying(first_times(1, |answer| if announces_body(answer, 3) { announcing(answer, "100") } else { Fate::Pass }));
    stage.assert_complete(&stage.migrate());
}

#[test]
fn a_message_whose_literal_is_always_shorter_is_named_and_never_stored_cut_off() {
    let stage = saying(|answer| if announces_body(answer, 3) { announcing(answer, "100") } else { Fate::Pass });
    stage.assert_but(&stage.migrate(), &[3], &[ProblemKind::MessageUnreadable]);
}

#[test]
fn a_message_whose_literal_is_always_longer_is_named_and_never_stored_with_what_is_no_part_of_it() {
    let mut stage = saying(|answer| if announces_body(answer, 3) { announcing(answer, "605") } else { Fate::Pass });
    stage.patience.limits.read = std::time::Duration::from_millis(300);
    stage.assert_but(&stage.migrate(), &[3], &[ProblemKind::MessageUnreadable]);
}

#[test]
fn a_literal_of_gigabytes_that_ends_early_costs_that_message_only() {
    for bytes in ["4294967296", "4000000000", "18446744073709551615"] {
        let stage = saying(move |answer| {
            if announces_body(answer, 3) {
                let line = answer.text.rsplit_once('{').unwrap().0.to_owned();
                return Fate::Stream(Box::new(move |client| {
                    use std::io::Write;
                    write!(client, "{line}{{{bytes}}}\r\nSubject: x\r\n")?;
                    client.shutdown(std::net::Shutdown::Both)
                }));
            }
            Fate::Pass
        });
        let state = stage.migrate();
        stage.assert_but(&state, &[3], &[ProblemKind::MessageUnreadable]);
    }
}

#[test]
fn a_source_that_hangs_up_at_one_message_loses_only_that_one() {
    let stage = saying(|answer| if announces_body(answer, 3) { Fate::Close } else { Fate::Pass });
    stage.assert_but(&stage.migrate(), &[3], &[ProblemKind::MessageUnreadable]);
}

#[test]
fn a_source_that_falls_silent_at_one_message_loses_only_that_one() {
    let mut stage = saying(|answer| if announces_body(answer, 3) { Fate::Silence } else { Fate::Pass });
    stage.patience.limits.read = std::time::Duration::from_millis(300);
    stage.assert_but(&stage.migrate(), &[3], &[ProblemKind::MessageUnreadable]);
}

#[test]
fn a_folder_without_a_record_is_compared_past_a_message_that_costs_the_connection() {
    let mut stage = Stage::between(Profile::Rich, Profile::Rich).fill(6);
    stage.assert_complete(&stage.migrate());
    std::fs::remove_dir_all(stage.folder.path().join("state")).unwrap();
    stage.source.store().add_generated(ANN, "INBOX", 2, 700, 99).unwrap();
    stage.source.tamper(Tamper::answers(|answer| if announces_body(answer, 3) { Fate::Close } else { Fate::Pass }));
    let state = stage.migrate();
    assert_eq!(state.verdict(), Verdict::SomeIncomplete, "{:#?}", problems(&state));
    assert_eq!(
        kinds(&state),
        [ProblemKind::HistoryUnknown, ProblemKind::MessageUnreadable].into(),
        "{:#?}",
        problems(&state)
    );
    assert_eq!((state.tally.found.messages, state.tally.copied.messages, state.tally.failed), (5, 2, 1));
    assert!(
        stage.target.mail().folder("INBOX").unwrap().contents()
            == stage.source.mail().folder("INBOX").unwrap().contents()
    );
}

/// Servers that cannot read one message, found by a comparison after everything arrived.
#[test]
fn a_comparison_continues_past_a_message_that_costs_the_connection_on_either_side() {
    for (of_source, silent) in [(true, false), (true, true), (false, false), (false, true)] {
        let mut stage = Stage::between(Profile::Rich, Profile::Rich).fill(6);
        stage.assert_complete(&stage.migrate());
        let end = if of_source { &mut stage.source } else { &mut stage.target };
        end.tamper(Tamper::answers(move |answer| match announces_body(answer, 3) {
            true if silent => Fate::Silence,
            true => Fate::Close,
            false => Fate::Pass,
        }));
        stage.patience.limits.read = std::time::Duration::from_millis(300);
        let state = stage.run(RunKind::Verify);
        assert_eq!(state.verdict(), Verdict::SomeIncomplete, "{:#?}", problems(&state));
        let kind = if of_source { ProblemKind::MessageUnreadable } else { ProblemKind::MessageUnproved };
        let reported = &state.accounts[0].problems;
        assert_eq!(
            reported.iter().map(|(_, problem)| problem.kind).collect::<Vec<_>>(),
            [kind],
            "{:#?}",
            problems(&state)
        );
        assert_eq!(state.tally.checked.messages, 5);
    }
}

#[test]
fn a_message_deleted_while_the_folder_is_copied_is_no_error() {
    let mut stage = Stage::between(Profile::Rich, Profile::Rich).fill(6);
    let (user, deleted) = (stage.source.server.store().clone(), AtomicBool::new(false));
    stage.source.tamper(Tamper::commands(move |command| {
        if command.reads_bodies() && !deleted.swap(true, Ordering::SeqCst) {
            user.delete_message(super::stage::ANN, "INBOX", 2).unwrap();
            user.add_generated(super::stage::ANN, "INBOX", 1, 700, 77).unwrap();
        }
        Fate::Pass
    }));
    let state = stage.migrate();
    assert_eq!((state.verdict(), state.tally.vanished), (Verdict::AllComplete, 1), "{:?}", problems(&state));
    assert_eq!(stage.target.mail().messages(), 5);
    stage.assert_complete(&stage.migrate());
}

#[test]
fn a_body_in_the_answer_of_another_message_is_not_believed() {
    let confused = Arc::new(AtomicBool::new(false));
    let stage = saying(move |answer| {
        if announces_body(answer, 3) {
            confused.store(true, Ordering::SeqCst);
            return answer.with("UID 3", "UID 300");
        }
        Fate::Pass
    });
    stage.assert_but(&stage.migrate(), &[3], &[ProblemKind::MessageUnreadable]);
}
