//! How two messages compare.

use super::*;

fn summary(bytes: &[u8]) -> Summary {
    // One byte at a time, so that nothing depends on chunk borders.
    let mut summariser = Summariser::default();
    bytes.chunks(1).for_each(|chunk| summariser.update(chunk));
    let small = summariser.finish();
    let mut summariser = Summariser::default();
    summariser.update(bytes);
    assert_eq!(small, summariser.finish());
    small
}

fn compared(sent: &[u8], stored: &[u8]) -> Comparison {
    summary(sent).compare(&summary(stored))
}

#[test]
fn only_the_same_bytes_are_equal() {
    for (sent, stored, expected) in [
        (&b"A: 1\r\n\r\nx\r\n"[..], &b"A: 1\r\n\r\nx\r\n"[..], Comparison::Equal),
        (b"", b"", Comparison::Equal),
        (b"A: 1\r\n\r\nx\r\n", b"A: 1\r\n\r\ny\r\n", Comparison::Different),
        (b"A: 1\r\n\r\nx\r\n", b"A: 1\r\n\r\nx\r\n\r\nmore", Comparison::Different),
    ] {
        assert_eq!(compared(sent, stored), expected, "{sent:?} {stored:?}");
    }
}

#[test]
fn line_ends_and_a_final_newline_are_no_content() {
    assert_eq!(compared(b"A: 1\n\nx\ny", b"A: 1\r\n\r\nx\r\ny\r\n"), Comparison::LineEnds);
    assert_eq!(compared(b"A: 1\n\nx\ny", b"A: 1\r\n\r\nxy\r\n"), Comparison::Different);
    assert_eq!(compared(b"A: 1\n\nx\n\ny", b"A: 1\n\nx\ny"), Comparison::Different);
    assert_eq!(compared(b"A: 1\r\n\r\nx\ry\rz\r\n", b"A: 1\r\n\r\nx\r\ny\r\nz\r\n"), Comparison::LineEnds);
}

#[test]
fn a_change_of_the_last_line_end_alone_is_distinguished_from_others() {
    for stored in [&b"A: 1\r\n\r\nx"[..], b"A: 1\r\n\r\nx\n", b"A: 1\r\n\r\nx\r\n\r\n"] {
        assert_eq!(compared(b"A: 1\r\n\r\nx\r\n", stored), Comparison::FinalLineEnd, "{stored:?}");
    }
    assert_eq!(compared(b"A: 1\r\n\r\nx\r\n", b"A: 1\r\n\r\nx\r\n\r\n\r\n"), Comparison::LineEnds);
    assert_eq!(compared(b"A: 1\r\n\r\nx\r\n", b"A: 1\n\r\nx"), Comparison::LineEnds);
}

#[test]
fn a_deleted_carriage_return_is_damage_unless_a_line_end_is_in_its_place() {
    let altered = Comparison::Altered(Alteration::CarriageReturns);
    for (sent, stored) in [
        // A bounce whose lines end with CR became one line; a binary part lost bytes.
        (&b"A: 1\r\n\r\nx\ry\rz\r\n"[..], &b"A: 1\r\n\r\nxyz\r\n"[..]),
        (b"A: 1\r\n\r\n\x89PNG\r\r\n\x1a\n", b"A: 1\r\n\r\n\x89PNG\r\n\x1a\n"),
        (b"A: 1\r\n\r\nx\r\r\ny\r\n", b"A: 1\n\nx\ny\n"),
    ] {
        assert_eq!(compared(sent, stored), altered, "{sent:?}");
        assert!(!altered.is_harmless());
    }
}

#[test]
fn an_added_trace_field_is_distinguished_from_one_that_changes_what_a_person_sees() {
    let sent = b"From: a\r\nSubject: 1\r\n\r\nx\r\n";
    for added in ["X-Trace: t", "RECEIVED: from x\r\n by y", "Return-Path: <>", "Authentication-Results: x; spf=pass"] {
        for stored in [
            format!("{added}\r\nFrom: a\r\nSubject: 1\r\n\r\nx\r\n"),
            format!("From: a\r\n{added}\r\nSubject: 1\r\n\r\nx\r\n"),
            format!("From: a\r\nSubject: 1\r\n{added}\r\n\r\nx\r\n"),
        ] {
            assert_eq!(compared(sent, stored.as_bytes()), Comparison::HeaderAdded, "{stored}");
        }
    }
    for forged in [
        "From: b\r\nFrom: a\r\nSubject: 1\r\n\r\nx\r\n",
        "From: a\r\nSubject: 1\r\nSubject: 2\r\n\r\nx\r\n",
        "From: a\r\nSubject: 1\r\nContent-Type: text/html\r\n\r\nx\r\n",
        "From: a\r\nSubject: 1\r\n and more\r\n\r\nx\r\n",
        "From: a\r\nSubject: 1\r\nDate: now\r\n\r\nx\r\n",
        "X: t\r\nFrom: a\r\nSubject: 1\r\n\r\nx\r\n",
        "From: a\r\nSubject: 2\r\n\r\nx\r\n",
        "Subject: 1\r\nFrom: a\r\n\r\nx\r\n",
        "From: a\r\n\r\nx\r\n",
    ] {
        assert_eq!(compared(sent, forged.as_bytes()), Comparison::Altered(Alteration::Header), "{forged}");
    }
    assert_eq!(compared(sent, b"From: b\r\nSubject: 2\r\n\r\nx\r\n"), Comparison::Different);
    assert_eq!(compared(b"\r\nx", b"\r\ny"), Comparison::Different);
}

#[test]
fn a_message_with_a_changed_header_is_the_same_one_only_where_its_identity_stays() {
    let sent = b"Message-ID: <1@a>\r\nDate: 1\r\nSubject: gr\xfc\xdfe\r\n\r\nx\r\n";
    let folded = b"Message-ID:\r\n <1@a>\r\nDate: 1\r\nSubject: grXXe\r\n\r\nx\r\n";
    assert_eq!(
        compared(sent, b"Message-ID: <1@a>\r\nDate: 1\r\nSubject: X\r\n\r\nx"),
        Comparison::Altered(Alteration::Header)
    );
    assert_eq!(
        compared(sent, b"Message-ID: <2@a>\r\nDate: 1\r\nSubject: gr\xfc\xdfe\r\n\r\nx\r\n"),
        Comparison::Different
    );
    assert_eq!(summary(sent).header.message_id, summary(folded).header.message_id);
    let (dated, other) = (b"Date: 1\r\nA: 1\r\nB: 2\r\n\r\nx", b"Date: 2\r\nA: 1\r\nB: 2\r\n\r\nx");
    assert_eq!(compared(dated, other), Comparison::Different);
}

#[test]
fn every_field_counts_however_many_there_are() {
    let many = |last: &str| {
        let mut text = "A: 1\r\n".repeat(Header::MOST + 10);
        text.push_str(&format!("Subject: {last}\r\n\r\nx\r\n"));
        text.into_bytes()
    };
    let (sent, stored) = (many("one"), many("two"));
    let of = |bytes: &[u8]| {
        let mut summariser = Summariser::default();
        summariser.update(bytes);
        summariser.finish()
    };
    assert_eq!(of(&sent).compare(&of(&stored)), Comparison::Altered(Alteration::Header));
    assert_eq!(of(&sent).compare(&of(&sent)), Comparison::Equal);
}
