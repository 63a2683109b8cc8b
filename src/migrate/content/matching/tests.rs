use super::*;
use crate::domain::MessageHead;
use crate::migrate::content::comparison::Alteration;
use crate::migrate::content::reading::Measure;
use crate::migrate::heads::Heads;

/// Messages with UIDs from 1, each with its content and its internal date in days.
fn folder(messages: &[(&str, i64)]) -> (Vec<Head>, Readings<Summary>) {
    let mut heads = Heads::default();
    for (index, (content, day)) in messages.iter().enumerate() {
        let date = DateTime::from_timestamp(day * 86_400, 0).map(|date| date.fixed_offset());
        let (uid, size) = (Uid(index as u32 + 1), content.len() as u64);
        heads.push(MessageHead { uid, size, flags: Vec::new(), date, permanent_id: None, unused: None });
    }
    heads.finish();
    let summary = |content: &str| {
        let mut summariser = Summariser::default();
        summariser.update(content.as_bytes());
        summariser.finish()
    };
    let read = messages.iter().enumerate().map(|(index, (content, _))| (Uid(index as u32 + 1), summary(content)));
    (heads.all().to_vec(), read.collect())
}

/// The pairs, by the UIDs on the source.
fn matched(source: &[(&str, i64)], target: &[(&str, i64)]) -> Vec<(u32, u32, Comparison)> {
    let ((wanted, here), (there, stored)) = (folder(source), folder(target));
    let mut left = Left { wanted, there, pairs: Vec::new() };
    let digest = |readings: &Readings<Summary>, uid| readings.get(uid).map(|summary| summary.digest);
    left.pair_by(Comparison::Equal, |uid| digest(&here, uid), |uid| digest(&stored, uid));
    left.pair_alike(&here, &stored);
    let mut pairs: Vec<_> = left.pairs.iter().map(|pair| (pair.uid.0, pair.target_uid.0, pair.comparison)).collect();
    pairs.sort_unstable();
    pairs
}

const PLAIN: &str = "From: a\r\nSubject: s\r\nDate: 1\r\n\r\nhello\r\n";

#[test]
fn of_two_equal_messages_and_one_copy_one_is_there_and_one_is_not() {
    assert_eq!(matched(&[(PLAIN, 1), (PLAIN, 2)], &[(PLAIN, 2)]), [(2, 1, Comparison::Equal)]);
}

#[test]
fn among_equal_copies_the_one_with_the_same_date_comes_first_and_the_order_after_it() {
    let found = matched(&[(PLAIN, 1), (PLAIN, 2), (PLAIN, 3)], &[(PLAIN, 9), (PLAIN, 1), (PLAIN, 8)]);
    assert_eq!(found, [(1, 2, Comparison::Equal), (2, 1, Comparison::Equal), (3, 3, Comparison::Equal)]);
}

#[test]
fn no_message_takes_the_better_copy_of_another() {
    // A message to oneself, as sent and as received; the target drops the final line ending.
    let received = format!("Received: by mx\r\n{PLAIN}");
    let (sent_there, received_there) = (PLAIN.trim_end(), received.trim_end());
    let found = matched(&[(PLAIN, 1), (&received, 1)], &[(received_there, 1), (sent_there, 1)]);
    assert_eq!(found, [(1, 2, Comparison::FinalLineEnd), (2, 1, Comparison::FinalLineEnd)]);
}

#[test]
fn a_target_that_adds_a_line_to_each_message_has_each_of_them_once() {
    let received = format!("Received: by mx\r\n{PLAIN}");
    let (first, second) = (format!("X-Sieve: 1\r\n{PLAIN}"), format!("X-Sieve: 1\r\n{received}"));
    let found = matched(&[(PLAIN, 1), (&received, 2)], &[(&second, 7), (&first, 7)]);
    assert_eq!(found, [(1, 2, Comparison::HeaderAdded), (2, 1, Comparison::HeaderAdded)]);
}

#[test]
fn a_changed_header_is_distinguished_from_another_message_with_the_same_body() {
    let other = PLAIN.replace("Date: 1", "Date: 2");
    let changed = PLAIN.replace("Subject: s", "Subject: X");
    assert_eq!(
        matched(&[(PLAIN, 1), (&other, 2)], &[(&changed, 1)]),
        [(1, 1, Comparison::Altered(Alteration::Header))]
    );
    assert_eq!(matched(&[(PLAIN, 1)], &[(&other, 1)]), []);
}

#[test]
fn where_every_date_was_kept_only_messages_with_the_same_date_are_worth_a_second_look() {
    let left = |pairs: Vec<Pair>| {
        let (wanted, _) = folder(&[(PLAIN, 1), (PLAIN, 5)]);
        let (there, _) = folder(&[(PLAIN, 2), (PLAIN, 5)]);
        Left { wanted, there, pairs }
    };
    let found = |same_date| Pair { uid: Uid(9), target_uid: Uid(9), comparison: Comparison::Equal, same_date };
    let worth = |pairs, scope| worth_a_summary(&left(pairs), scope).0.len();
    assert_eq!(worth(Vec::new(), Scope::Folder), 2, "nothing is known of dates");
    assert_eq!(worth(vec![found(true), found(false)], Scope::Folder), 2);
    assert_eq!(worth(vec![found(true)], Scope::Folder), 1);
    assert_eq!(worth(Vec::new(), Scope::Strangers), 1);
    assert_eq!(worth(vec![found(true)], Scope::All), 2);
}
