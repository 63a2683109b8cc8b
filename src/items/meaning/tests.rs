//! Which calendar objects mean the same.

use super::*;
use crate::items::{Attendees, Uninvited, split_calendar};

fn item(lines: &str) -> CalendarItem {
    let text = format!(
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nUID:a\r\n{lines}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
    );
    split_calendar(&text, "").remove(0).unwrap()
}

fn differ(one: &str, other: &str) -> Differences {
    Uninvited::from(item(one), Attendees::Listed).condensed().differences(&item(other))
}

#[test]
fn what_a_server_may_write_differently_is_no_difference() {
    let same = [
        ("DTSTART:20240101T090000Z\r\nDTEND:20240101T100000Z", "DTSTART:20240101T090000Z\r\nDURATION:PT1H"),
        ("DTSTART;TZID=Europe/Berlin:20240701T090000", "DTSTART:20240701T070000Z"),
        ("DTSTART;VALUE=DATE:20240701", "DTSTART;VALUE=DATE:20240701\r\nDTEND;VALUE=DATE:20240702"),
        (
            "DTSTART:20240101T090000Z\r\nSUMMARY:a\\, b",
            "DTSTART:20240101T090000Z\r\nSUMMARY:a, b\r\nSEQUENCE:4\r\nX-FOO:1\r\nCLASS:PUBLIC",
        ),
        (
            "DTSTART:20240101T090000Z\r\nRRULE:FREQ=WEEKLY;BYDAY=MO,WE;INTERVAL=1",
            "DTSTART:20240101T090000Z\r\nRRULE:BYDAY=WE,MO;FREQ=WEEKLY;WKST=MO",
        ),
        (
            "DTSTART:20240101T090000Z\r\nRRULE:FREQ=WEEKLY;COUNT=3",
            "DTSTART:20240101T090000Z\r\nRRULE:FREQ=WEEKLY;UNTIL=20240115T090000Z",
        ),
        (
            "DTSTART;TZID=Europe/Berlin:20240101T090000\r\nRRULE:FREQ=WEEKLY",
            "DTSTART;TZID=W. Europe Standard Time:20240101T090000\r\nRRULE:FREQ=WEEKLY",
        ),
        ("DTSTART:20240101T090000Z\r\nCATEGORIES:a,b", "DTSTART:20240101T090000Z\r\nCATEGORIES:b\r\nCATEGORIES:a"),
        (
            "DTSTART:20240101T090000Z\r\nEXDATE:20240102T090000Z,20240103T090000Z",
            "DTSTART:20240101T090000Z\r\nEXDATE:20240103T090000Z\r\nEXDATE:20240102T090000Z",
        ),
    ];
    for (one, other) in same {
        assert_eq!(differ(one, other), Differences::new(), "{one} | {other}");
    }
}

#[test]
fn what_means_something_else_is_named() {
    let other = [
        ("DTSTART:20240101T090000Z", "DTSTART:20240101T100000Z", "DTSTART"),
        ("DTSTART;TZID=Europe/Berlin:20240701T090000", "DTSTART:20240701T080000Z", "DTSTART"),
        ("DTSTART:20240701T090000", "DTSTART:20240701T090000Z", "DTSTART"),
        ("DTSTART;VALUE=DATE:20240701", "DTSTART:20240701T000000Z", "DTSTART"),
        ("DTSTART:20240101T090000Z\r\nSUMMARY:a", "DTSTART:20240101T090000Z", "SUMMARY"),
        (
            "DTSTART:20240101T090000Z\r\nRRULE:FREQ=WEEKLY",
            "DTSTART:20240101T090000Z\r\nRRULE:FREQ=WEEKLY;COUNT=500",
            "RRULE",
        ),
        (
            "DTSTART;TZID=Europe/Berlin:20240101T090000\r\nRRULE:FREQ=WEEKLY",
            "DTSTART:20240101T080000Z\r\nRRULE:FREQ=WEEKLY",
            "RRULE",
        ),
        ("DTSTART:20240101T090000Z\r\nRRULE:FREQ=WEEKLY", "DTSTART:20240101T090000Z", "RRULE"),
        (
            "DTSTART:20240101T090000Z\r\nATTACH;ENCODING=BASE64;VALUE=BINARY:AAAA",
            "DTSTART:20240101T090000Z\r\nATTACH;ENCODING=BASE64;VALUE=BINARY:AAAB",
            "ATTACH",
        ),
        (
            "DTSTART:20240101T090000Z\r\nBEGIN:VALARM\r\nACTION:DISPLAY\r\nTRIGGER:-PT5M\r\nEND:VALARM",
            "DTSTART:20240101T090000Z\r\nBEGIN:VALARM\r\nACTION:DISPLAY\r\nTRIGGER:-PT6M\r\nEND:VALARM",
            "VALARM",
        ),
        ("DTSTART:20240101T090000Z", "DTSTART:20240101T090000Z\r\nATTENDEE:mailto:bob@example.com", "ATTENDEE"),
    ];
    for (one, other, name) in other {
        let expected = Difference::Property { name: name.to_owned() };
        assert!(differ(one, other).contains(&expected), "{one} | {other}: {:?}", differ(one, other));
    }
}

#[test]
fn an_exception_that_only_one_of_them_has_is_a_difference() {
    let series = "DTSTART:20240101T090000Z\r\nRRULE:FREQ=DAILY;COUNT=5";
    let moved = "END:VEVENT\r\nBEGIN:VEVENT\r\nUID:a\r\nRECURRENCE-ID:20240102T090000Z\r\nDTSTART:20240102T110000Z";
    let with_exception = format!("{series}\r\n{moved}");
    assert_eq!(differ(series, &with_exception), [Difference::Exception]);
    assert_eq!(differ(&with_exception, series), [Difference::Exception]);
    assert_eq!(differ(&with_exception, &with_exception), Differences::new());
}
