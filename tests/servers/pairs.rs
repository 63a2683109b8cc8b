//! The hostile mailbox between different servers. What one of them cannot keep may change or be refused, but nothing may be missing
//! silently, and nothing may be there twice.

use crate::support::pair::{Kind, move_hostile};

fn nothing_is_lost_or_doubled(source: Kind, target: Kind) {
    let moved = move_hostile(source, target, source.largest().min(target.largest()));
    assert_eq!(moved.differences.doubled, Vec::<String>::new(), "{:#?}", moved.problems);
    assert_eq!(moved.unreported(), 0, "{:#?} {:#?}", moved.differences, moved.problems);
    for (lost, named) in &moved.missing {
        assert!(named.is_some(), "nobody named {lost:?}");
    }
}

#[test]
fn dovecot_to_cyrus() {
    nothing_is_lost_or_doubled(Kind::Dovecot, Kind::Cyrus);
}

#[test]
fn cyrus_to_dovecot() {
    nothing_is_lost_or_doubled(Kind::Cyrus, Kind::Dovecot);
}

#[test]
fn dovecot_to_courier() {
    nothing_is_lost_or_doubled(Kind::Dovecot, Kind::Courier);
}

#[test]
fn courier_to_dovecot() {
    nothing_is_lost_or_doubled(Kind::Courier, Kind::Dovecot);
}

#[test]
fn cyrus_to_courier() {
    nothing_is_lost_or_doubled(Kind::Cyrus, Kind::Courier);
}

#[test]
fn courier_to_cyrus() {
    nothing_is_lost_or_doubled(Kind::Courier, Kind::Cyrus);
}

#[test]
fn cyrus_to_cyrus() {
    nothing_is_lost_or_doubled(Kind::Cyrus, Kind::Cyrus);
}

#[test]
fn courier_to_courier() {
    nothing_is_lost_or_doubled(Kind::Courier, Kind::Courier);
}

#[test]
fn dovecot_to_pymap() {
    nothing_is_lost_or_doubled(Kind::Dovecot, Kind::Pymap);
}

#[test]
fn pymap_to_dovecot() {
    nothing_is_lost_or_doubled(Kind::Pymap, Kind::Dovecot);
}

#[test]
fn cyrus_to_pymap() {
    nothing_is_lost_or_doubled(Kind::Cyrus, Kind::Pymap);
}

#[test]
fn pymap_to_cyrus() {
    nothing_is_lost_or_doubled(Kind::Pymap, Kind::Cyrus);
}

#[test]
fn courier_to_pymap() {
    nothing_is_lost_or_doubled(Kind::Courier, Kind::Pymap);
}

#[test]
fn pymap_to_courier() {
    nothing_is_lost_or_doubled(Kind::Pymap, Kind::Courier);
}

#[test]
fn pymap_to_pymap() {
    nothing_is_lost_or_doubled(Kind::Pymap, Kind::Pymap);
}
