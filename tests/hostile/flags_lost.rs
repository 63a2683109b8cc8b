//! Targets that refuse or drop flags: the messages arrive, and what they lost is reported.

use super::between::{Answer, Fate, Tamper};
use super::stage::{ANN, kinds, message, problems};
use super::target::{appends, stage_of_singles};
use kimt::domain::ProblemKind;
use kimt::migrate::Verify;
use kimt::progress::Verdict;
use kimt::rehearsal::NewMessage;
use std::sync::atomic::{AtomicUsize, Ordering};

#[test]
fn flags_that_the_target_drops_without_a_word_are_reported() {
    let mut stage = stage_of_singles(|_| Fate::Pass);
    let flagged = NewMessage { flags: vec!["\\Seen".into(), "$Work".into()], ..message("Subject: 7\r\n\r\ntext\r\n") };
    stage.source.store().add(ANN, "INBOX", flagged).unwrap();
    let dropping = |answer: &Answer| {
        if answer.text.contains("\\Seen") && answer.text.contains(" FETCH (") {
            answer.with("\\Seen", "")
        } else {
            Fate::Pass
        }
    };
    stage.target.tamper(Tamper::answers(dropping).offering("IMAP4rev1 LITERAL+ UIDPLUS"));
    let state = stage.migrate();
    assert_eq!(state.verdict(), Verdict::AllComplete, "{:?}", problems(&state));
    assert_eq!(kinds(&state).into_iter().collect::<Vec<_>>(), [ProblemKind::KeywordsDropped]);
    assert!(problems(&state)[0].contains("\\Seen"), "{:?}", problems(&state));
}

#[test]
fn keywords_left_behind_before_a_connection_was_lost_are_reported_with_those_after_it() {
    let taken = AtomicUsize::new(0);
    let mut stage = stage_of_singles(move |command| {
        if appends(command) && command.text.contains("$Work") {
            return command.answer("NO keyword too long");
        }
        // Six without a keyword, and three of those that had one.
        if appends(command) && taken.fetch_add(1, Ordering::SeqCst) == 9 { Fate::Close } else { Fate::Pass }
    });
    for number in 7..=12 {
        let text = format!("Subject: {number}\r\n\r\ntext\r\n");
        let flagged = NewMessage { flags: vec!["$Work".into()], ..message(&text) };
        stage.source.store().add(ANN, "INBOX", flagged).unwrap();
    }
    // A comparison of what is there would hide that the run forgot.
    stage.verify = Verify::None;
    let state = stage.migrate();
    assert_eq!(state.verdict(), Verdict::AllComplete, "{:?}", problems(&state));
    let reported = [
        "KeywordsDropped: 6 messages in 'INBOX' lost flags or keywords that the target does not keep: for example $Work.",
    ];
    assert_eq!((stage.target.mail().messages(), problems(&state)), (12, reported.map(str::to_owned).to_vec()));
}

#[test]
fn keywords_left_behind_in_a_folder_that_came_to_no_end_are_reported() {
    let taken = AtomicUsize::new(0);
    let stage = stage_of_singles(move |command| {
        if appends(command) && command.text.contains("$Work") {
            return command.answer("NO keyword too long");
        }
        let is_full = appends(command) && taken.fetch_add(1, Ordering::SeqCst) >= 8;
        if is_full { command.answer("NO [OVERQUOTA] full") } else { Fate::Pass }
    });
    for number in 7..=9 {
        let text = format!("Subject: {number}\r\n\r\ntext\r\n");
        let flagged = NewMessage { flags: vec!["$Work".into()], ..message(&text) };
        stage.source.store().add(ANN, "INBOX", flagged).unwrap();
    }
    let state = stage.migrate();
    assert_eq!(stage.target.mail().messages(), 8);
    assert_eq!(kinds(&state), [ProblemKind::OverQuota, ProblemKind::KeywordsDropped].into(), "{:?}", problems(&state));
}
