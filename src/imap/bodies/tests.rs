//! Bodies from a scripted connection: what the sink gets from odd answers, and what is requested again.

use super::super::reader::OpenFolderFeed;
use super::super::scripted::scripted;
use super::*;
use crate::domain::UidValidity;

/// Writes down what it gets.
#[derive(Default)]
struct Noted {
    lines: Vec<String>,
    octets: usize,
}

impl Noted {
    fn says(&mut self, line: String) -> Result<(), SinkClosed> {
        self.lines.push(line);
        Ok(())
    }
}

impl BodySink for Noted {
    fn begin(&mut self, uid: Uid, octets: u64) -> Result<(), SinkClosed> {
        self.octets = 0;
        self.says(format!("{} of {octets}", uid.0))
    }

    fn chunk(&mut self, octets: &[u8]) -> Result<(), SinkClosed> {
        self.octets += octets.len();
        Ok(())
    }

    fn end(&mut self) -> Result<(), SinkClosed> {
        let last = self.lines.pop().unwrap_or_default();
        self.says(format!("{last}: {}", self.octets))
    }

    fn unreadable(&mut self, uid: Uid, words: &str) -> Result<(), SinkClosed> {
        self.says(format!("{} unreadable: {words}", uid.0))
    }

    fn absent(&mut self, uid: Uid) -> Result<(), SinkClosed> {
        self.says(format!("{} absent", uid.0))
    }
}

/// Requests messages with one command if possible; the server answers with `answers` and hangs up.
fn read_from(answers: &str, uids: &[u32]) -> (Vec<String>, Result<(), ImapError>) {
    let mut wire = scripted(answers.as_bytes()).unwrap();
    let folder = Arc::new(FolderToRead { number: 0, wire_name: b"INBOX".to_vec(), uid_validity: UidValidity(1) });
    let mut batches = std::iter::once(uids.iter().copied().map(Uid).collect());
    let mut feed = OpenFolderFeed { folder: folder.clone(), batches: &mut batches };
    let mut noted = Noted::default();
    let end = read(&mut wire, &mut Some(folder), &mut feed, &mut noted);
    (noted.lines, end)
}

/// What the sink gets from a connection that has enough to say.
fn noted(answers: &str, uids: &[u32]) -> Vec<String> {
    let (lines, end) = read_from(answers, uids);
    end.unwrap();
    lines
}

#[test]
fn scattered_uids_that_make_a_long_command_are_asked_for_with_two() {
    let scattered: Vec<u32> = (0..2000).map(|number| 10_001 + 2 * number).collect();
    assert!(matches!(read_from("K1 OK\r\n", &scattered), (_, Err(ImapError::Closed))));
    assert_eq!(noted("K1 OK\r\nK2 OK\r\n", &scattered).len(), 2000);
}

#[test]
fn a_body_that_is_nil_is_no_message_that_went_away() {
    assert_eq!(noted("* 1 FETCH (UID 4 BODY[] NIL)\r\nK1 OK\r\n", &[4]), ["4 unreadable: the server answered NIL"]);
}

#[test]
fn of_many_messages_that_are_refused_together_only_the_one_at_fault_is_named() {
    let answers = "K1 NO together\r\n\
        * 1 FETCH (UID 1 BODY[] {1}\r\na)\r\nK2 OK\r\n\
        K3 NO together\r\n\
        K4 NO broken\r\n\
        * 3 FETCH (UID 3 BODY[] {3}\r\nccc)\r\nK5 OK\r\n";
    assert_eq!(noted(answers, &[1, 2, 3]), ["1 of 1: 1", "2 unreadable: broken", "3 of 3: 3"]);
}

#[test]
fn a_message_refused_because_it_was_deleted_is_absent() {
    assert_eq!(noted("K1 NO [EXPUNGEISSUED] gone\r\n", &[4]), ["4 absent"]);
}

#[test]
fn a_request_to_wait_is_no_fault_of_a_message() {
    let (lines, end) = read_from("K1 NO [UNAVAILABLE] later\r\n", &[4]);
    assert!(lines.is_empty() && matches!(end, Err(ImapError::Refused { .. })), "{lines:?} {end:?}");
}

#[test]
fn a_small_body_that_comes_before_its_uid_is_kept_and_a_large_one_asked_for_again_alone() {
    let early = |octets: usize| format!("* 1 FETCH (BODY[] {{{octets}}}\r\n{} UID 1)\r\n", "x".repeat(octets));
    let later = "* 2 FETCH (UID 2 BODY[] {1}\r\nb)\r\nK1 OK\r\n";
    assert_eq!(noted(&format!("{}{later}", early(9)), &[1, 2]), ["1 of 9: 9", "2 of 1: 1"]);

    let large = (1 << 20) + 1;
    assert!(matches!(read_from(&format!("{}{later}", early(large)), &[1, 2]), (_, Err(ImapError::Closed))));
    let alone = format!("{}{later}{}K2 OK\r\n", early(large), early(large));
    assert_eq!(noted(&alone, &[1, 2]), ["2 of 1: 1", &format!("1 of {large}: {large}")]);
}

#[test]
fn a_body_without_a_uid_is_the_requested_one_only_if_no_better_comes() {
    let nameless = |octets: usize| format!("* 1 FETCH (BODY[] {{{octets}}}\r\n{})\r\n", "x".repeat(octets));
    for octets in [3, 2 << 20] {
        let proper = format!("{}* 2 FETCH (UID 2 BODY[] {{1}}\r\nb)\r\nK1 OK\r\n", nameless(octets));
        assert_eq!(noted(&proper, &[2]), ["2 of 1: 1"]);
        let two = format!("{}{}K1 OK\r\n", nameless(octets), nameless(octets + 1));
        assert_eq!(noted(&two, &[2]), ["2 unreadable: the server does not say which message it gives"]);
    }
    assert_eq!(noted(&format!("{}K1 OK\r\n", nameless(3)), &[2]), ["2 of 3: 3"]);
    let large = nameless(2 << 20);
    assert_eq!(noted(&format!("{large}K1 OK\r\n{large}K2 OK\r\n"), &[2]), ["2 of 2097152: 2097152"]);
}

#[test]
fn a_body_behind_flags_of_any_kind_is_whole_and_one_that_was_cut_is_none() {
    let octets = 3 << 20;
    let body = "x".repeat(octets);
    for flags in ["todo[x", "a\"b c"] {
        let answers = format!("* 1 FETCH (UID 1 FLAGS ({flags}) BODY[] {{{octets}}}\r\n{body})\r\nK1 OK\r\n");
        assert_eq!(noted(&answers, &[1]), [format!("1 of {octets}: {octets}")]);
    }
    let many = "flag ".repeat(100_000);
    for answer in [
        format!("UID 1 BODY[] \"{body}\")"),
        "BODY[] \"abc UID 1".to_owned(),
        format!("UID 1 X-ODD [x BODY[] {{{octets}}}\r\n{body})"),
        format!("UID 1 FLAGS ({many}) BODY[] {{{octets}}}\r\n{body})"),
    ] {
        let lines = noted(&format!("* 1 FETCH ({answer}\r\nK1 OK\r\n"), &[1]);
        assert!(lines.len() == 1 && !lines[0].contains(" of "), "{lines:?}");
        assert!(lines[0].contains("unreadable") || answer.starts_with("BODY"), "{lines:?}");
    }
}

#[test]
fn a_part_of_a_message_is_no_message() {
    let part = "* 1 FETCH (UID 1 BODY[]<0> {3}\r\nabc)\r\n";
    let sized = |size: u64| format!("{part}K1 OK\r\n* 1 FETCH (UID 1 RFC822.SIZE {size})\r\nK2 OK\r\n{part}K3 OK\r\n");
    assert_eq!(noted(&sized(3), &[1]), ["1 of 3: 3"]);
    assert_eq!(noted(&sized(4), &[1]), ["1 unreadable: the server gives only the beginning of the message"]);
    assert_eq!(noted(&format!("{part}K1 OK\r\nK2 OK\r\n{part}K3 OK\r\n"), &[1]), ["1 of 3: 3"]);
    for early in ["* 1 FETCH (BODY[]<0> {3}\r\nabc UID 1)\r\n", "* 1 FETCH (UID 1 BODY[]<0> \"abc\")\r\n"] {
        let lines = noted(&sized(4).replace(part, early), &[1]);
        assert_eq!(lines, ["1 unreadable: the server gives only the beginning of the message"]);
    }
}

#[test]
fn a_message_that_is_delivered_twice_or_that_nobody_asked_for_is_passed_over() {
    let message = |uid: u32| format!("* {uid} FETCH (UID {uid} BODY[] {{1}}\r\na)\r\n");
    let answers = format!("{}{}{}K1 OK\r\n", message(9), message(1), message(1));
    assert_eq!(noted(&answers, &[1]), ["1 of 1: 1"]);
}

/// A batch of messages that may be new.
struct Recent(Option<BodyBatch>);

impl BodyFeed for Recent {
    fn next(&mut self, _idle: bool) -> Option<BodyBatch> {
        self.0.take()
    }
}

#[test]
fn a_folder_is_opened_anew_for_messages_that_may_have_come_since() {
    let folder = Arc::new(FolderToRead { number: 0, wire_name: b"INBOX".to_vec(), uid_validity: UidValidity(1) });
    let read_recent = |answers: &str| {
        let batch = BodyBatch { folder: folder.clone(), uids: vec![Uid(1)], bytes: 1, recent: true };
        let (mut wire, mut noted) = (scripted(answers.as_bytes()).unwrap(), Noted::default());
        read(&mut wire, &mut Some(folder.clone()), &mut Recent(Some(batch)), &mut noted).map(|()| noted.lines)
    };
    let message = "* 1 FETCH (UID 1 BODY[] {1}\r\na)\r\n";
    let opened = "* OK [UIDVALIDITY 1] x\r\nK1 OK\r\n";
    assert_eq!(read_recent(&format!("{opened}{message}K2 OK\r\n")).unwrap(), ["1 of 1: 1"]);
    assert!(read_recent(&format!("{message}K1 OK\r\n")).is_err(), "K1 is the answer to EXAMINE");
}

fn body(uid: u32) -> String {
    format!("* {uid} FETCH (UID {uid} BODY[] {{1}}\r\na)\r\n")
}

#[test]
fn a_message_that_is_refused_in_words_that_ask_to_wait_is_asked_for_once_more_and_last() {
    let wait = "NO [UNAVAILABLE] Please try again later";
    // 2 of 1 to 4: the batch, then the first and the last of what is left, and the rest.
    let answers = format!("{}K1 {wait}\r\nK2 {wait}\r\n{}K3 OK\r\n{}K4 OK\r\nK5 {wait}\r\n", body(1), body(4), body(3));
    let unreadable = "2 unreadable: Please try again later";
    assert_eq!(noted(&answers, &[1, 2, 3, 4]), ["1 of 1: 1", "4 of 1: 1", "3 of 1: 1", unreadable]);
    // It may be there by then.
    let answers = answers.replace(&format!("K5 {wait}\r\n"), &format!("{}K5 OK\r\n", body(2)));
    assert_eq!(noted(&answers, &[1, 2, 3, 4]).last().unwrap(), "2 of 1: 1");
}

#[test]
fn a_server_that_gives_nothing_for_now_is_asked_little_and_no_message_is_blamed() {
    for (words, questions) in [
        ("NO [OVERQUOTA] Account exceeded command or bandwidth limits. (Failure)", 1),
        ("NO [UNAVAILABLE] Server busy", 4),
        ("NO [SERVERBUG] Internal error occurred", 4),
    ] {
        // One is delivered, then requested once more without success.
        let answers: String = (1..=questions).map(|number| format!("K{number} {words}\r\n")).collect();
        let (lines, end) = read_from(&format!("{}{answers}", body(1)), &[1, 2, 3, 4, 5, 6, 7, 8]);
        assert_eq!(lines, ["1 of 1: 1"], "{words}");
        assert_eq!(end.unwrap_err().kind(), crate::domain::ProblemKind::Throttled, "{words}");
    }
    // Words that nobody knows: by the pattern.
    let refusals: String = (1..=10).map(|number| format!("K{number} NO you have had your share\r\n")).collect();
    let (lines, end) = read_from(&format!("{}{refusals}", body(1)), &[1, 2, 3, 4, 5, 6, 7, 8]);
    assert!(lines == ["1 of 1: 1"] && matches!(end, Err(ImapError::Unwilling { .. })), "{lines:?} {end:?}");
}

#[test]
fn messages_refused_in_a_row_are_at_fault_where_the_server_gives_others() {
    // 2 and 3 and 4 of 1 to 4, each alone, and 1 once more.
    let answers = format!(
        "{}K1 NO broken\r\nK2 NO broken\r\nK3 NO broken\r\nK4 NO broken\r\nK5 NO broken\r\n{}K6 OK\r\n",
        body(1),
        body(1)
    );
    let unreadable = ["2 unreadable: broken", "3 unreadable: broken", "4 unreadable: broken"];
    assert_eq!(noted(&answers, &[1, 2, 3, 4])[1..], unreadable);
}

#[test]
fn where_answers_end_with_a_blank_line_the_sizes_are_asked_for_and_prove_the_end() {
    let read_loose = |size: u64| {
        let answers = format!(
            "* 1 FETCH (UID 1 RFC822.SIZE {size} FLAGS ())\r\nK1 OK\r\n\
             * 1 FETCH (UID 1 BODY[] {{3}}\r\nabc\r\n)\r\nK2 OK\r\n"
        );
        let mut wire = scripted(answers.as_bytes()).unwrap();
        let broken = "* 1 FETCH (UID 1 BODY[] {3}\r\nabc\r\n)\r\nK1 OK\r\n";
        let mut other = scripted(broken.as_bytes()).unwrap();
        other.learned = wire.learned.clone();
        for wire in [&mut other, &mut wire] {
            let folder = Arc::new(FolderToRead { number: 0, wire_name: vec![b'a'], uid_validity: UidValidity(1) });
            let mut batches = std::iter::once(vec![Uid(1)]);
            let mut feed = OpenFolderFeed { folder: folder.clone(), batches: &mut batches };
            let mut noted = Noted::default();
            if read(wire, &mut Some(folder), &mut feed, &mut noted).is_ok() {
                return noted.lines;
            }
        }
        Vec::new()
    };
    assert_eq!(read_loose(3), ["1 of 3: 3"]);
    // The blank line is the message's own.
    assert_eq!(read_loose(5), [""; 0]);
}
